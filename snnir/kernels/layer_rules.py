# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of our kernels for layers without weights, and the rules of all.

Those of CMSIS-NN are in `cmsis_rules`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.ir import Operation

from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.kernels.context import BufferedValue, KernelContext, layer_label, stored_type, windows_of
from snnir.kernels.conv2d_rules import lower_conv2d_event
from snnir.kernels.layout import buffer_shape_of, channels_last
from snnir.kernels.linear_rules import lower_linear_event
from snnir.kernels.mask_rules import lower_max_pool2d_masks, pools_masks
from snnir.support.diagnostics import error_at


def lower_max_pool2d(context: KernelContext, op: qsnn.MaxPool2dOp) -> None:
    """`snnrt.max_pool2d`, or of spikes that are listed as masks `snnrt.max_pool_masks`."""
    if op.input in context.masks and pools_masks(context, op):
        lower_max_pool2d_masks(context, op)
        return
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
