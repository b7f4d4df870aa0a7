# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of CMSIS-NN for each layer, where they give the exact integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i8, i16
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import cmsis_nn, qsnn, snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import element_count, int_array, int_values, shape_of
from snnir.kernels import nibbles
from snnir.kernels.context import KernelContext, layer_label, stored_type, windows_of
from snnir.kernels.dot_rules import lower_linear_counts
from snnir.kernels.layer_rules import (
    Rule,
    lower_conv2d_event,
    lower_max_pool2d,
    lower_sum_pool2d,
)
from snnir.kernels.weights import LayerOp, layer_weights
from snnir.quantization.integer_ranges import NetworkRanges
from snnir.quantization.values import type_bounds

_WINDOWS = ("stride", "padding", "dilation")
_POOL_WINDOWS = ("kernel", "stride", "padding")


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
    needed = cmsis_nn.convolve_scratch_bytes((height, width), channels)
    context.call(
        cmsis_nn.ConvolveWrapperS16Op(
            wide,
            context.constant(f"{label}_weights", filter),
            *_identity(context, label, outputs),
            context.buffer(f"{label}_scratch", [needed], i8),
            current,
            windows_of(op, *_WINDOWS),
        ),
        op,
    )


def _identity(context: KernelContext, label: str, outputs: int) -> tuple[SSAValue, SSAValue]:
    """Multipliers and shifts of a convolution that returns its sums."""
    multipliers = np.full(outputs, cmsis_nn.IDENTITY_MULTIPLIER, np.int32)
    shifts = np.full(outputs, cmsis_nn.IDENTITY_SHIFT, np.int32)
    return (
        context.constant(f"{label}_multipliers", multipliers),
        context.constant(f"{label}_shifts", shifts),
    )


def _convolve_s32(context: KernelContext, op: qsnn.Conv2dOp, filter: NDArray[np.int8]) -> None:
    label, input = layer_label(op, "conv2d"), context[op.input].buffer
    outputs, height, width, channels = filter.shape
    positions = element_count(shape_of(op.result.type)[1:])
    columns = context.buffer(f"{label}_columns", [positions, height * width * channels], i8)
    windows = windows_of(op, *_WINDOWS)
    context.call(snnrt.Im2ColOp(input, columns, {"kernel": int_array([height, width]), **windows}))
    current = context.sums(op.result, f"{label}_current")
    weights = context.constant(f"{label}_weights", filter.reshape(outputs, -1))
    context.call(cmsis_nn.MatMultNtTS8S32Op(columns, weights, current), op)


def lower_linear_cmsis(context: KernelContext, op: qsnn.LinearOp) -> None:
    """A matrix-vector product that CMSIS-NN adds to a cleared 16- or 32-bit current."""
    if element_type_of(op.input.type) == i16:
        context.remark(op, "CMSIS-NN multiplies bytes, its inputs have 16 bits; uses our kernel")
        lower_linear_counts(context, op)
        return
    input, label = context[op.input], layer_label(op, "linear")
    current = context.sums(op.result, f"{label}_current")
    rows = np.ascontiguousarray(context.linear_rows(op))
    weights = context.constant(f"{label}_weights", rows)
    if buffer_element(current.type) == i16:
        bias = context.constant(f"{label}_bias", np.zeros(len(rows), np.int32))
        context.call(cmsis_nn.VecMatMulResultAccS8Op(input.buffer, weights, bias, current), op)
    else:
        context.call(cmsis_nn.MatMultNtTS8S32Op(input.buffer, weights, current), op)


def s4_obstacle(op: LayerOp, ranges: NetworkRanges) -> str | None:
    """Why a layer cannot be computed with the library's weights of 4 bits, or None.

    Its functions for them clamp their results to 8 bits, so no input may bring a sum beyond.
    """
    weights = layer_weights(op)
    if weights.size and (weights.min() < nibbles.LOWEST or weights.max() > nibbles.HIGHEST):
        return "its weights need more than 4 bits"
    if element_type_of(op.input.type) == i16:
        return "its inputs have 16 bits"
    if isinstance(op, qsnn.Conv2dOp) and op.groups.value.data != 1:
        return "CMSIS-NN has no grouped convolutions"
    if element_type_of(op.result.type) != i16:
        return "its currents have 32 bits"
    low, high = _bounds(op.result, ranges)
    if not _fits_type(low, high, i8):
        return f"its sums reach {low} to {high}, and CMSIS-NN returns 8 bits with weights of 4"
    return None


def _bounds(value: SSAValue, ranges: NetworkRanges) -> tuple[int, int]:
    low, high = ranges.full(value)
    return int(low.min()), int(high.max())


def _fits_type(low: int, high: int, type: Attribute) -> bool:
    smallest, largest = type_bounds(type)
    return smallest <= low and high <= largest


def _lacks_s4(context: KernelContext, op: LayerOp) -> bool:
    if (reason := s4_obstacle(op, context.ranges)) is not None:
        context.remark(op, f"{reason}; uses cmsis")
    return reason is not None


def lower_linear_cmsis_s4(context: KernelContext, op: qsnn.LinearOp) -> None:
    """`arm_fully_connected_s4`, whose bytes are widened to currents."""
    if _lacks_s4(context, op):
        lower_linear_cmsis(context, op)
        return
    input, label = context[op.input], layer_label(op, "linear")
    rows = context.linear_rows(op)
    weights = context.constant(f"{label}_weights", nibbles.pack_nibbles(rows))
    sums = context.buffer(f"{label}_sums", [len(rows)], i8)
    context.call(cmsis_nn.FullyConnectedS4Op(input.buffer, weights, sums), op)
    context.call(snnrt.WidenOp(sums, context.define(op.result, f"{label}_current")))


def lower_conv2d_cmsis_s4(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """`arm_convolve_wrapper_s4`, whose bytes are widened to currents."""
    if _lacks_s4(context, op):
        lower_conv2d_cmsis(context, op)
        return
    label, input = layer_label(op, "conv2d"), context[op.input].buffer
    filter = layer_weights(op).transpose(0, 2, 3, 1)
    outputs, height, width, channels = filter.shape
    current = context.define(op.result, f"{label}_current")
    sums = context.buffer(f"{label}_sums", buffer_shape(current.type), i8)
    needed = cmsis_nn.convolve_scratch_bytes((height, width), channels)
    context.call(
        cmsis_nn.ConvolveWrapperS4Op(
            input,
            context.constant(f"{label}_weights", nibbles.pack_nibbles(filter)),
            *_identity(context, label, outputs),
            context.buffer(f"{label}_scratch", [needed], i8),
            sums,
            {"kernel": int_array([height, width]), **windows_of(op, *_WINDOWS)},
        ),
        op,
    )
    context.call(snnrt.WidenOp(sums, current))


def lower_max_pool2d_cmsis(context: KernelContext, op: qsnn.MaxPool2dOp) -> None:
    """`arm_max_pool_s8` or `_s16`; our kernel for 32-bit currents."""
    input = context[op.input].buffer
    if stored_type(input) not in (i8, i16):
        lower_max_pool2d(context, op)
        return
    output = context.define(op.result, f"{layer_label(op, 'max_pool2d')}_output")
    context.call(cmsis_nn.MaxPoolOp(input, output, windows_of(op, *_POOL_WINDOWS)), op)


def average_obstacle(op: qsnn.SumPool2dOp, ranges: NetworkRanges) -> str | None:
    """Why sums over windows cannot be averages of scaled values, or None.

    The average of values that are all multiples of the number of elements is an integer.
    """
    if any(int_values(op.padding)):
        return "CMSIS-NN averages over what lies inside of a padded window"
    type = element_type_of(op.result.type)
    if type not in (i8, i16):
        return "its sums have 32 bits"
    low, high = _bounds(op.input, ranges)
    size = element_count(int_values(op.kernel))
    if not _fits_type(low * size, high * size, type):
        return f"{low} to {high} times the {size} elements of a window do not fit {type}"
    return None


def lower_sum_pool2d_cmsis(context: KernelContext, op: qsnn.SumPool2dOp) -> None:
    """`arm_avgpool_s8` or `_s16` of values times the number of elements of a window."""
    if (reason := average_obstacle(op, context.ranges)) is not None:
        context.remark(op, f"{reason}; uses our kernel")
        lower_sum_pool2d(context, op)
        return
    label, input = layer_label(op, "sum_pool2d"), context[op.input].buffer
    output = context.define(op.result, f"{label}_output")
    scaled = _times_window(context, op, stored_type(output))
    channels = buffer_shape(input.type)[-1]
    scratch = context.buffer(f"{label}_scratch", [cmsis_nn.avgpool_scratch_bytes(channels)], i8)
    context.call(cmsis_nn.AvgPoolOp(scaled, scratch, output, windows_of(op, *_POOL_WINDOWS)), op)


def _times_window(context: KernelContext, op: qsnn.SumPool2dOp, type: Attribute) -> SSAValue:
    """The input of a pooling, times the number of elements of a window."""
    label, input = layer_label(op, "sum_pool2d"), context[op.input].buffer
    size = element_count(int_values(op.kernel))
    if size == 1 and stored_type(input) == type:
        return input
    factor = context.constant(f"{label}_factor", np.array([size], np.int32))
    scaled = context.buffer(f"{label}_scaled", buffer_shape(input.type), type)
    context.call(snnrt.ScaleOp(input, factor, scaled))
    return scaled


CMSIS_RULES: dict[type[Operation], Rule] = {
    qsnn.Conv2dOp: lower_conv2d_cmsis,
    qsnn.LinearOp: lower_linear_cmsis,
    qsnn.MaxPool2dOp: lower_max_pool2d_cmsis,
    qsnn.SumPool2dOp: lower_sum_pool2d_cmsis,
}
CMSIS_S4_RULES: dict[type[Operation], Rule] = {
    **CMSIS_RULES,
    qsnn.Conv2dOp: lower_conv2d_cmsis_s4,
    qsnn.LinearOp: lower_linear_cmsis_s4,
}
