# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for layers whose inputs are real values, most of which are not zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import BoolAttr, i1, i8, i16, i32
from xdsl.ir import Attribute, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import int_array, int_values, shape_of
from snnir.dialects.snnrt_dot import dot_quads, strip_row_bytes
from snnir.kernels.context import KernelContext, layer_label, windows_of
from snnir.kernels.dot_weights import can_dot, dot_weights
from snnir.kernels.gathered_weights import counts_rows
from snnir.kernels.input_values import has_least_byte
from snnir.kernels.weights import layer_weights
from snnir.kernels.windows import Pool, is_window_pool, only_user


def dot_rows_of(op: qsnn.LinearOp | qsnn.Conv2dOp) -> NDArray[np.int8] | None:
    """The weights of a layer for `dot_weights`, or None if its inputs cannot be multiplied so.

    The inputs of a fully connected layer are in their logical order.
    """
    if element_type_of(op.input.type) != i8 or has_least_byte(op.input):
        return None
    weights = layer_weights(op)
    if isinstance(op, qsnn.LinearOp):
        rows = weights[:, np.newaxis]
    elif op.groups.value.data != 1 or int_values(op.dilation)[1] != 1:
        return None
    else:
        outputs, _, height, _ = weights.shape
        rows = np.ascontiguousarray(weights.transpose(0, 2, 3, 1)).reshape(outputs, height, -1)
    return rows if can_dot(rows) else None


def lower_linear_dot(context: KernelContext, op: qsnn.LinearOp) -> None:
    """`snnrt.linear_dot`; the layer must have `dot_rows_of`."""
    input, label = context[op.input], layer_label(op, "linear")
    rows = context.linear_rows(op)[:, np.newaxis]
    weights = context.constant(f"{label}_weights", dot_weights(rows))
    current = context.define(op.result, f"{label}_current")
    pairs = context.buffer(f"{label}_pairs", [2 * dot_quads(rows.shape[-1])], i32)
    context.call(snnrt.LinearDotOp(input.buffer, pairs, weights, current), op)


def lower_linear_counts(context: KernelContext, op: qsnn.LinearOp) -> None:
    """`snnrt.linear_counts`, for inputs of 16 bits."""
    input, label = context[op.input], layer_label(op, "linear")
    rows = np.ascontiguousarray(context.linear_rows(op).T)
    weights = context.constant(f"{label}_weights", counts_rows(rows))
    current = context.define(op.result, f"{label}_current")
    context.call(snnrt.LinearCountsOp(input.buffer, weights, current), op)


def lower_conv2d_dot(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """`snnrt.conv2d_dot`, with the pooling behind it if there is one; the layer must have
    `dot_rows_of`.
    """
    pool = _pool_behind(context, op)
    if pool is None:
        current = context.define(op.result, f"{layer_label(op, 'conv2d')}_current")
        operands, windows = _dot_operands(context, op, current)
        context.call(snnrt.Conv2dDotOp(operands, windows), op)
        return
    output = context.define(pool.result, f"{layer_label(pool, 'pool2d')}_output")
    (height, width), channels = int_values(pool.kernel), shape_of(op.result.type)[0]
    size = (height, buffer_shape(output.type)[1] * width, channels)
    name = f"{layer_label(op, 'conv2d')}_current"
    current = context.buffer(name, size, element_type_of(op.result.type))
    context.fused.add(pool)
    operands, windows = _dot_operands(context, op, current)
    windows["window"] = pool.kernel
    windows["sum"] = BoolAttr(isinstance(pool, qsnn.SumPool2dOp), i1)
    context.call(snnrt.Conv2dDotPool2dOp([*operands, output], windows), op)


def _dot_operands(
    context: KernelContext, op: qsnn.Conv2dOp, current: SSAValue
) -> tuple[list[SSAValue], dict[str, Attribute]]:
    """Values, strip, pairs, weights and current of a call, and the properties of its windows."""
    values, label = context[op.input].buffer, layer_label(op, "conv2d")
    rows = dot_rows_of(op)
    assert rows is not None
    weights = context.constant(f"{label}_weights", dot_weights(rows))
    _, taps, row = rows.shape
    channels, columns = buffer_shape(values.type)[-1], buffer_shape(current.type)[1]
    stride = int_values(op.stride)[1]
    pairs = context.buffer(f"{label}_pairs", [2 * taps * dot_quads(row)], i32)
    room = taps * strip_row_bytes(columns, row // channels, stride, channels)
    strip = context.buffer(f"{label}_strip", [room], i8)
    windows: dict[str, Attribute] = {
        "kernel": int_array(shape_of(op.weight.type)[2:]),
        **windows_of(op, "stride", "padding", "dilation"),
    }
    return [values, strip, pairs, weights, current], windows


def _pool_behind(context: KernelContext, op: qsnn.Conv2dOp) -> Pool | None:
    """The pooling that alone reads a convolution, if it needs no currents but those of a row of
    windows at a time, and if nothing else computes it.
    """
    user = only_user(op.result)
    if not is_window_pool(user) or any(user is block.pool for block in context.maps.values()):
        return None
    types = element_type_of(op.result.type), element_type_of(user.result.type)
    is_sum = isinstance(user, qsnn.SumPool2dOp)
    return user if types[0] == types[1] or (is_sum and types == (i16, i32)) else None
