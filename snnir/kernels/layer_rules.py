# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for each layer: `event` (spike lists and our kernels) or `cmsis` (CMSIS-NN)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i8, i16
from xdsl.ir import Attribute, Operation

from snnir.dialects import cmsis_nn, qsnn, snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import element_count, int_array, shape_of
from snnir.kernels.context import BufferedValue, KernelContext, layer_label, stored_type
from snnir.kernels.layout import buffer_shape_of, channels_last
from snnir.kernels.linear_rules import lower_linear_cmsis, lower_linear_event
from snnir.kernels.weights import layer_weights, scatter_weights
from snnir.support.diagnostics import error_at


def _windows(op: Operation, *names: str) -> dict[str, Attribute]:
    return {name: op.properties[name] for name in names}


def lower_conv2d_event(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """Clear the current, then add the kernel of every active input."""
    input, label = context[op.input], layer_label(op, "conv2d")
    listed, count = context.spike_list(input.buffer, op)
    current = context.define(op.result, f"{label}_current")
    context.call(snnrt.FillZeroOp(current))
    kernels = _by_input_channel(layer_weights(op), op.groups.value.data)
    weights = context.constant(f"{label}_weights", scatter_weights(kernels, current))
    shape = {
        "input_size": int_array(shape_of(op.input.type)[1:]),
        **_windows(op, "stride", "padding", "dilation", "groups"),
    }
    if input.binary:
        call: Operation = snnrt.Conv2dScatterOp(listed, count, weights, current, shape)
    else:
        values = input.buffer
        call = snnrt.Conv2dScatterValuesOp(listed, count, values, weights, current, shape)
    context.call(call, op)


def _by_input_channel(weights: NDArray[np.int8], groups: int) -> NDArray[np.int8]:
    """`(outputs, inputs / groups, h, w)` to `(inputs, h, w, outputs / groups)`, columns reversed.

    The outputs that an input reaches in a row then lie in memory like the weights that reach them.
    """
    outputs, columns, height, width = weights.shape
    grouped = weights.reshape(groups, outputs // groups, columns, height, width)
    return (
        grouped[..., ::-1]
        .transpose(0, 2, 3, 4, 1)
        .reshape(groups * columns, height, width, outputs // groups)
    )


def lower_conv2d_cmsis(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """`arm_convolve_wrapper_s16`, or patches and a matrix product for 32-bit currents."""
    if op.groups.value.data != 1:
        context.remark(op, "no CMSIS-NN kernel for grouped convolutions of spikes; uses event")
        lower_conv2d_event(context, op)
        return
    filter = np.ascontiguousarray(layer_weights(op).transpose(0, 2, 3, 1))
    if element_type_of(op.result.type) == i16:
        _convolve_s16(context, op, filter)
    else:
        _convolve_s32(context, op, filter)


def _convolve_s16(context: KernelContext, op: qsnn.Conv2dOp, filter: NDArray[np.int8]) -> None:
    label, input = layer_label(op, "conv2d"), context[op.input].buffer
    outputs, height, width, channels = filter.shape
    wide = context.buffer(f"{label}_input", buffer_shape(input.type), i16)
    context.call(snnrt.WidenOp(input, wide))
    current = context.define(op.result, f"{label}_current")
    needed = cmsis_nn.convolve_s16_scratch_bytes((height, width), channels)
    context.call(
        cmsis_nn.ConvolveWrapperS16Op(
            wide,
            context.constant(f"{label}_weights", filter),
            context.constant(
                f"{label}_multipliers", np.full(outputs, cmsis_nn.IDENTITY_MULTIPLIER, np.int32)
            ),
            context.constant(
                f"{label}_shifts", np.full(outputs, cmsis_nn.IDENTITY_SHIFT, np.int32)
            ),
            context.buffer(f"{label}_scratch", [needed], i8),
            current,
            _windows(op, "stride", "padding", "dilation"),
        ),
        op,
    )


def _convolve_s32(context: KernelContext, op: qsnn.Conv2dOp, filter: NDArray[np.int8]) -> None:
    label, input = layer_label(op, "conv2d"), context[op.input].buffer
    outputs, height, width, channels = filter.shape
    positions = element_count(shape_of(op.result.type)[1:])
    columns = context.buffer(f"{label}_columns", [positions, height * width * channels], i8)
    windows = _windows(op, "stride", "padding", "dilation")
    context.call(snnrt.Im2ColOp(input, columns, {"kernel": int_array([height, width]), **windows}))
    current = context.define(op.result, f"{label}_current")
    context.call(snnrt.FillZeroOp(current))
    weights = context.constant(f"{label}_weights", filter.reshape(outputs, -1))
    context.call(cmsis_nn.MatMultNtTS8S32Op(columns, weights, current), op)


def lower_max_pool2d(context: KernelContext, op: qsnn.MaxPool2dOp) -> None:
    """Our kernel, or CMSIS-NN's for bytes and 16-bit currents."""
    input = context[op.input].buffer
    output = context.define(op.result, f"{layer_label(op, 'max_pool2d')}_output")
    windows = _windows(op, "kernel", "stride", "padding")
    cmsis = context.choice(op) == "cmsis" and stored_type(input) in (i8, i16)
    pool = cmsis_nn.MaxPoolOp if cmsis else snnrt.MaxPool2dOp
    context.call(pool(input, output, windows), op)


def lower_sum_pool2d(context: KernelContext, op: qsnn.SumPool2dOp) -> None:
    """Our kernel: CMSIS-NN only has averages, which round."""
    input = context[op.input].buffer
    output = context.define(op.result, f"{layer_label(op, 'sum_pool2d')}_output")
    context.call(snnrt.SumPool2dOp(input, output, _windows(op, "kernel", "stride", "padding")), op)


def lower_reshape(context: KernelContext, op: qsnn.ReshapeOp) -> None:
    """No call: the same buffer under another shape, where the layout allows it."""
    input, shape = context[op.input], shape_of(op.result.type)
    if len(shape) > 1 and not np.array_equal(input.order, channels_last(shape)):
        raise error_at(
            op, f"a reshape to {shape} would move data in channels-last memory; only flatten and "
            "reshapes that keep that order are supported"
        )  # fmt: skip
    buffer = context.view(input.buffer, buffer_shape_of(shape))
    context.bind(op.result, buffer, input.order)


def lower_add(context: KernelContext, op: qsnn.AddOp) -> None:
    """`snnrt.add`; both operands have the result's type by construction."""
    lhs, rhs = context[op.lhs], context[op.rhs]
    _expect_same_order(op, lhs, rhs)
    output = context.define(op.result, f"{layer_label(op, 'add')}_output", lhs.order)
    context.call(snnrt.AddOp(lhs.buffer, rhs.buffer, output), op)


def _expect_same_order(op: Operation, lhs: BufferedValue, rhs: BufferedValue) -> None:
    if not np.array_equal(lhs.order, rhs.order):
        raise error_at(op, "its operands lie in memory in different orders (flattened or not)")


def lower_scale(context: KernelContext, op: qsnn.ScaleOp) -> None:
    """`snnrt.scale`."""
    input, label = context[op.input], layer_label(op, "scale")
    shape = shape_of(op.result.type)
    factor = context.parameter(f"{label}_factor", op.factor, shape, input.order)
    output = context.define(op.result, f"{label}_output", input.order)
    context.call(snnrt.ScaleOp(input.buffer, factor, output), op)


def lower_concat(context: KernelContext, op: qsnn.ConcatOp) -> None:
    """`snnrt.concat_channels`, two operands at a time."""
    label = layer_label(op, "concat")
    values = [context[value] for value in op.inputs]
    joined, order = values[0].buffer, values[0].order
    for value in values[1:]:
        *positions, left = buffer_shape(joined.type)
        *_, right = buffer_shape(value.buffer.type)
        output = context.buffer(f"{label}_output", (*positions, left + right), stored_type(joined))
        context.call(snnrt.ConcatChannelsOp(joined, value.buffer, output), op)
        size, rows = len(order), element_count(positions)
        order = np.concatenate(
            [order.reshape(rows, -1), size + value.order.reshape(rows, -1)], axis=1
        ).reshape(-1)
        joined = output
    context.bind(op.result, joined, order)


Rule = Callable[[KernelContext, Any], None]

EVENT_RULES: dict[type[Operation], Rule] = {
    qsnn.Conv2dOp: lower_conv2d_event,
    qsnn.LinearOp: lower_linear_event,
}
CMSIS_RULES: dict[type[Operation], Rule] = {
    qsnn.Conv2dOp: lower_conv2d_cmsis,
    qsnn.LinearOp: lower_linear_cmsis,
}
COMMON_RULES: dict[type[Operation], Rule] = {
    qsnn.MaxPool2dOp: lower_max_pool2d,
    qsnn.SumPool2dOp: lower_sum_pool2d,
    qsnn.ReshapeOp: lower_reshape,
    qsnn.AddOp: lower_add,
    qsnn.ScaleOp: lower_scale,
    qsnn.ConcatOp: lower_concat,
}
