# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of our kernels for each layer; those of CMSIS-NN are in `cmsis_rules`."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count, int_array, shape_of
from snnir.kernels.compressed_weights import pack_last
from snnir.kernels.context import BufferedValue, KernelContext, layer_label, stored_type, windows_of
from snnir.kernels.dot_rules import dot_rows_of, lower_conv2d_dot
from snnir.kernels.input_values import active_share
from snnir.kernels.layout import buffer_shape_of, channels_last
from snnir.kernels.linear_candidates import DEFAULT_RATE
from snnir.kernels.linear_rules import lower_linear_event
from snnir.kernels.mask_rules import lower_conv2d_masks, wants_masks
from snnir.kernels.weights import layer_weights, scatter_weights
from snnir.support.diagnostics import error_at

DENSE_SHARE = 0.3
"""Share of active inputs from which on a convolution multiplies all of them, unless told else."""


def lower_conv2d_event(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """Clear the current and add what active inputs select, or multiply all inputs."""
    wanted = context.choice(op)
    if wants_masks(context, op):
        lower_conv2d_masks(context, op)
        return
    if wanted == "masks":
        context.remark(op, "it cannot read spikes as masks; uses scatter")
    if wanted == "dot" or (
        wanted == "event" and active_share(op.input, DEFAULT_RATE) >= DENSE_SHARE
    ):
        if dot_rows_of(op) is not None:
            lower_conv2d_dot(context, op)
            return
        if wanted == "dot":
            context.remark(op, "its inputs cannot be multiplied in pairs; uses event")
    input, label = context[op.input], layer_label(op, "conv2d")
    listed, count = context.spike_list(input.buffer, op)
    current = context.sums(op.result, f"{label}_current")
    kernels = _by_input_channel(layer_weights(op), op.groups.value.data)
    bits = context.stored_bits(op, kernels)
    stored = scatter_weights(kernels, current) if bits == 8 else pack_last(kernels, bits)
    weights = context.constant(f"{label}_weights", stored)
    shape = {
        "input_size": int_array(shape_of(op.input.type)[1:]),
        **windows_of(op, "stride", "padding", "dilation", "groups"),
    }
    if bits != 8:
        values = None if input.binary else input.buffer
        call: Operation = snnrt.Conv2dScatterPackedOp(
            [listed, count], values, weights, current, bits, shape
        )
    elif input.binary:
        call = snnrt.Conv2dScatterOp(listed, count, weights, current, shape)
    else:
        call = snnrt.Conv2dScatterValuesOp(listed, count, input.buffer, weights, current, shape)
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


def lower_max_pool2d(context: KernelContext, op: qsnn.MaxPool2dOp) -> None:
    """`snnrt.max_pool2d`."""
    input = context[op.input].buffer
    output = context.define(op.result, f"{layer_label(op, 'max_pool2d')}_output")
    windows = windows_of(op, "kernel", "stride", "padding")
    context.call(snnrt.MaxPool2dOp(input, output, windows), op)


def lower_sum_pool2d(context: KernelContext, op: qsnn.SumPool2dOp) -> None:
    """`snnrt.sum_pool2d`."""
    input = context[op.input].buffer
    output = context.define(op.result, f"{layer_label(op, 'sum_pool2d')}_output")
    windows = windows_of(op, "kernel", "stride", "padding")
    context.call(snnrt.SumPool2dOp(input, output, windows), op)


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
    """`snnrt.add`; both operands have the result's type by construction.

    No call where one operand was added to the other already.
    """
    lhs, rhs = context[op.lhs], context[op.rhs]
    if lhs.buffer is rhs.buffer and {op.lhs, op.rhs} & context.added_to.keys():
        context.bind(op.result, lhs.buffer, lhs.order)
        return
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
COMMON_RULES: dict[type[Operation], Rule] = {
    qsnn.MaxPool2dOp: lower_max_pool2d,
    qsnn.SumPool2dOp: lower_sum_pool2d,
    qsnn.ReshapeOp: lower_reshape,
    qsnn.AddOp: lower_add,
    qsnn.ScaleOp: lower_scale,
    qsnn.ConcatOp: lower_concat,
}
