# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How each layer without state becomes integers. One function per operation, see `LAYER_RULES`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i1, i8, i16, i32
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn, snn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.layers.affine import (
    AFFINE_OPS,
    AffineOp,
    constant,
    factor_values,
    groups_of,
    norm_factor,
)
from snnir.layers.compressible import LINEAR_OPS
from snnir.layers.weight_grid import grid_of, integers_on
from snnir.quantization.context import QuantizationContext
from snnir.quantization.register_rules import is_feedback
from snnir.quantization.sum_range import sum_range
from snnir.quantization.values import (
    QuantizedValue,
    integer_parameter,
    real_parameter,
    smallest_extent,
    smallest_type,
)
from snnir.quantization.weight_scales import channel_scales, input_scale, scaled_weight
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import error_at

MAX_FACTOR = 128
"""Largest factor that `add` puts on the operand with the smaller unit."""


def quantize_weight(
    context: QuantizationContext,
    op: AffineOp,
    weight: NDArray[np.float64],
    units: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Integers, scale per output channel and bits: `(q, scale, bits)` with `weight ~ q * scale`.

    Symmetric round-to-nearest, or what a pass that quantised the layer recorded (`weight_grid`).
    Where the readout compares membranes of different channels, one scale serves them all.

    Args:
        weight: the weights of `op`, each times the unit of the input channel that it reads.
        units: of the input channels, see `input_scale`.
    """
    if (recorded := _recorded_integers(context, op, units)) is not None:
        return recorded
    scale = channel_scales(context, op, weight)
    column = scale.reshape(-1, *[1] * (weight.ndim - 1))
    return np.rint(weight / column).astype(np.int64), scale, context.options.weight_bits


def _recorded_integers(
    context: QuantizationContext, op: AffineOp, units: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], int] | None:
    """The integers that a layer was quantised to before, or None where it was not."""
    source = op.weight.owner
    if not isinstance(source, snn.WeightOp) or (grid := grid_of(source)) is None:
        return None
    if (integers := integers_on(grid, array_from_dense(source.value))) is None:
        raise error_at(op, f"its weights are not on the {grid.bits}-bit grid recorded with them")
    uniform_input = (units == units[0]).all() and units[0] > 0
    uniform_output = op not in context.uniform_scale or (grid.scale == grid.scale[0]).all()
    if not uniform_input or not uniform_output:
        which = "the units of its inputs" if not uniform_input else "the readout's comparison"
        context.remark(op, f"quantised again: {which} does not fit the recorded grid")
        return None
    return integers, grid.scale * units[0], grid.bits


def _accumulator_type(
    op: Operation, low: NDArray[np.int64], high: NDArray[np.int64]
) -> IntegerType:
    if (chosen := smallest_type(low, high, (i16, i32))) is None:
        raise error_at(op, f"sums between {low.min()} and {high.max()} do not fit 32 bits")
    return chosen


def _weight_op(
    context: QuantizationContext, q: NDArray[np.int64], scale: NDArray[np.float64], bits: int
) -> qsnn.WeightOp:
    stored = IntegerType(next(width for width in (2, 4, 8) if bits <= width))
    unit = real_parameter(smallest_extent(scale, scale.shape))
    return context.builder.insert(qsnn.WeightOp(dense_from_array(q, stored), unit))


def _affine(
    context: QuantizationContext,
    op: AffineOp,
    input: QuantizedValue,
    build: Callable[[SSAValue, IntegerType], Operation],
) -> QuantizedValue:
    """The common part of linear and convolution: quantise, bound, build, keep the bias."""
    units = input_scale(op, input)
    q, scale, bits = quantize_weight(context, op, scaled_weight(op, units), units)
    columns = (1, -1, *[1] * (q.ndim - 2))
    low, high = (
        _per_channel(input.full(bound), reduce).reshape(columns)
        for bound, reduce in ((input.low, np.min), (input.high, np.max))
    )
    if groups_of(op) > 1:
        low, high = low.min().reshape(()), high.max().reshape(())
    sum_low, sum_high = sum_range(q, low, high, input.window_sum)
    element_type = _accumulator_type(op, sum_low, sum_high)
    built = build(_weight_op(context, q, scale, bits).result, element_type)
    result = context.insert(built, op)
    trailing = [1] * (len(shape_of(op.result.type)) - 1)
    bias = np.zeros(len(q)) if op.bias is None else constant(op.bias, op)
    context.remark(
        op,
        f"{bits}-bit weights, sums in [{sum_low.min()}, {sum_high.max()}] "
        f"as {element_type}",
        weight_bits=bits, sum_low=int(sum_low.min()),
        sum_high=int(sum_high.max()), parameters=int(q.size), zeros=int((q == 0).sum()),
    )  # fmt: skip
    return QuantizedValue(
        result,
        scale.reshape(-1, *trailing),
        bias.reshape(-1, *trailing),
        sum_low.reshape(-1, *trailing),
        sum_high.reshape(-1, *trailing),
    )


def _per_channel(array: NDArray, reduce: Callable[..., NDArray]) -> NDArray:
    return reduce(array.reshape(array.shape[0], -1), axis=1)


def quantize_linear(context: QuantizationContext, op: snn.LinearOp) -> QuantizedValue:
    """`qsnn.linear`; the input's scale goes into the weights, the bias waits for the neuron."""
    input = context[op.input]
    return _affine(
        context, op, input,
        lambda w, type: qsnn.LinearOp(input.value, w, element_type=type),
    )  # fmt: skip


def quantize_conv2d(context: QuantizationContext, op: snn.Conv2dOp) -> QuantizedValue:
    """`qsnn.conv2d`, as `quantize_linear`."""
    input, groups = context[op.input], op.groups.value.data
    return _affine(
        context, op, input,
        lambda w, type: qsnn.Conv2dOp(
            input.value, w, None, stride=int_values(op.stride), padding=int_values(op.padding),
            dilation=int_values(op.dilation), groups=groups, element_type=type,
        ),
    )  # fmt: skip


def quantize_conv1d(context: QuantizationContext, op: snn.Conv1dOp) -> QuantizedValue:
    """A convolution of height 1: `(channels, length)` becomes `(channels, 1, length)` and back."""
    input, groups = context[op.input], op.groups.value.data
    channels, length = input.shape
    rows = context.builder.insert(qsnn.ReshapeOp(input.value, (channels, 1, length)))

    def build(w: SSAValue, type: IntegerType) -> Operation:
        outputs, columns, kernel = shape_of(w.type)
        flat = w.owner
        assert isinstance(flat, qsnn.WeightOp)
        tall = qsnn.WeightOp(
            dense_from_array(
                array_from_dense(flat.value).reshape(outputs, columns, 1, kernel),
                element_type_of(w.type),
            ),
            flat.scale,
        )
        context.builder.insert(tall)
        flat.detach()
        flat.erase()
        convolution = context.builder.insert(
            qsnn.Conv2dOp(
                rows.result,
                tall.result,
                None,
                stride=(1, *int_values(op.stride)),
                padding=(0, *int_values(op.padding)),
                dilation=(1, *int_values(op.dilation)),
                groups=groups,
                element_type=type,
            )
        )
        return qsnn.ReshapeOp(convolution.result, shape_of(op.result.type))

    return _affine(context, op, input, build)


def quantize_max_pool2d(context: QuantizationContext, op: snn.MaxPool2dOp) -> QuantizedValue:
    """`qsnn.max_pool2d`; scale and offset must be the same within each window."""
    input = context[op.input]
    scale = smallest_extent(input.scale, input.shape)
    offset = smallest_extent(input.offset, input.shape)
    if max(scale.size, offset.size) > input.shape[0] or (scale <= 0).any():
        raise error_at(op, "the maximum is taken over values in different or negative units")
    pooled = qsnn.MaxPool2dOp(
        input.value, int_values(op.kernel), int_values(op.stride), int_values(op.padding)
    )
    result = context.insert(pooled, op)
    low = _keep_channels(input.full(input.low), np.min)
    high = _keep_channels(input.full(input.high), np.max)
    return QuantizedValue(result, scale, offset, low, high)


def _keep_channels(array: NDArray, reduce: Callable[..., NDArray]) -> NDArray:
    return _per_channel(array, reduce).reshape(-1, 1, 1)


def _pool_sum(array: NDArray, op: snn.AvgPool2dOp | snn.SumPool2dOp) -> NDArray:
    """Sum of an array of the input's shape over each window of `op`, with zeros as padding."""
    kernel, stride, padding = (int_values(a) for a in (op.kernel, op.stride, op.padding))
    padded = np.pad(array, [(0, 0), *((pad, pad) for pad in padding)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1]].sum(axis=(-2, -1))


SUM_TYPES: dict[Attribute, tuple[IntegerType, ...]] = {
    i1: (i8, i16), i8: (i8, i16), i16: (i16, i32), i32: (i32,),
}  # fmt: skip
"""Result types of a sum over a window, by the type of the input: those that kernels have."""


def _quantize_sum(
    context: QuantizationContext,
    op: snn.AvgPool2dOp | snn.SumPool2dOp,
    divisor: NDArray[np.float64],
) -> QuantizedValue:
    input = context[op.input]
    scale = smallest_extent(input.scale, input.shape)
    if scale.size > input.shape[0]:
        raise error_at(op, "sums over values in different units")
    size = int(np.prod(int_values(op.kernel)))
    low = np.minimum(_keep_channels(input.full(input.low), np.min), 0) * size
    high = np.maximum(_keep_channels(input.full(input.high), np.max), 0) * size
    source = element_type_of(input.value.type)
    wider = SUM_TYPES[source]
    if (type := smallest_type(low, high, wider)) is None:
        raise error_at(op, f"sums between {low.min()} and {high.max()} do not fit {wider[-1]}")
    pooled = qsnn.SumPool2dOp(
        input.value, int_values(op.kernel), int_values(op.stride), int_values(op.padding),
        element_type=type,
    )  # fmt: skip
    result = context.insert(pooled, op)
    offset = _pool_sum(np.asarray(input.full(input.offset), np.float64), op) / divisor
    shape = shape_of(op.result.type)
    return QuantizedValue(
        result, smallest_extent(scale / divisor, shape), smallest_extent(offset, shape), low, high
    )


def quantize_avg_pool2d(context: QuantizationContext, op: snn.AvgPool2dOp) -> QuantizedValue:
    """A sum in smaller units; without padding in the count the unit depends on the position."""
    divisor = np.full((1, 1, 1), float(np.prod(int_values(op.kernel))))
    if not op.count_include_pad.value.data:
        divisor = _pool_sum(np.ones(shape_of(op.input.type)), op)
    return _quantize_sum(context, op, divisor)


def quantize_sum_pool2d(context: QuantizationContext, op: snn.SumPool2dOp) -> QuantizedValue:
    """`qsnn.sum_pool2d`."""
    return _quantize_sum(context, op, np.ones((1, 1, 1)))


def quantize_reshape(
    context: QuantizationContext, op: snn.ReshapeOp | snn.FlattenOp
) -> QuantizedValue:
    """`qsnn.reshape`."""
    input, shape = context[op.input], shape_of(op.result.type)
    result = context.insert(qsnn.ReshapeOp(input.value, shape), op)
    scale, offset, low, high = (
        smallest_extent(np.ascontiguousarray(input.full(array)).reshape(shape), shape)
        for array in (input.scale, input.offset, input.low, input.high)
    )
    return QuantizedValue(result, scale, offset, low, high, input.window_sum)


def quantize_scale(context: QuantizationContext, op: snn.ScaleOp) -> QuantizedValue:
    """Another unit for the same integers: no operation at all."""
    input = context[op.input]
    factor = factor_values(op.factor)
    return QuantizedValue(
        input.value, input.scale * factor, input.offset * factor, input.low, input.high,
        input.window_sum,
    )  # fmt: skip


def quantize_batch_norm(context: QuantizationContext, op: snn.BatchNormOp) -> QuantizedValue:
    """Another unit and offset per channel: no operation at all."""
    input = context[op.input]
    trailing = [1] * (len(input.shape) - 1)
    mean, beta, factor = (
        values.reshape(-1, *trailing)
        for values in (constant(op.mean, op), constant(op.beta, op), norm_factor(op))
    )
    return QuantizedValue(
        input.value, input.scale * factor, (input.offset - mean) * factor + beta,
        input.low, input.high,
    )  # fmt: skip


def _common_unit(
    op: snn.AddOp, lhs: QuantizedValue, rhs: QuantizedValue
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Integer factors that bring two values to one unit, and that unit.

    The operand with the smaller unit gets an exact factor, the smallest power of two up to
    `MAX_FACTOR` with which the other one's is off by less than one part in 512.
    """
    a, b = np.broadcast_arrays(lhs.full(lhs.scale), rhs.full(rhs.scale))
    if (a <= 0).any() or (b <= 0).any():
        raise error_at(op, "adds values in units that are not positive")
    small, ratio = np.minimum(a, b), np.maximum(a, b) / np.minimum(a, b)
    factor = MAX_FACTOR
    for candidate in (1 << n for n in range(8)):
        if (np.abs(np.rint(ratio * candidate) / (ratio * candidate) - 1) < 1 / 512).all():
            factor = candidate
            break
    large = np.rint(ratio * factor).astype(np.int64)
    fixed = np.full_like(large, factor)
    return np.where(a <= b, fixed, large), np.where(b < a, fixed, large), small / factor


SPIKE_STEPS = 64
"""Least multiple of the unit of a sum that the largest of its graded spikes should be."""


def _spikes_in_unit(
    op: snn.AddOp, spikes: QuantizedValue, other: QuantizedValue, is_current: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """As `_common_unit` for spikes that are fed back one to one: factors of any sign.

    They are one more column of the weights that made the other operand, and so rounded to the unit
    of these; of other operands to a finer one where it is too coarse for them.
    """
    if (other.scale <= 0).any():
        raise error_at(op, "adds spikes to values in a unit that is not positive")
    multiples = spikes.full(spikes.scale) / other.full(other.scale)
    finer, largest = 1, float(np.abs(multiples).max())
    while not is_current and finer < MAX_FACTOR and 0 < largest * finer < SPIKE_STEPS:
        finer *= 2
    factor = np.rint(multiples * finer).astype(np.int64)
    return factor, np.full_like(factor, finer), other.full(other.scale) / finer


def _is_current(value: SSAValue) -> bool:
    """Whether a value is the sum of a layer's weights, perhaps pooled, normalised or added."""
    while isinstance(owner := value.owner, LINEAR_OPS):
        value = owner.operands[0]
    return isinstance(owner, AFFINE_OPS)


def _sum_unit(
    op: snn.AddOp, lhs: QuantizedValue, rhs: QuantizedValue
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Integer factors for both operands of a sum, and its unit."""
    fed = is_feedback(op.lhs), is_feedback(op.rhs)
    if fed == (False, True):
        factor, other, unit = _spikes_in_unit(op, rhs, lhs, _is_current(op.lhs))
        return other, factor, unit
    if fed == (True, False):
        return _spikes_in_unit(op, lhs, rhs, _is_current(op.rhs))
    return _common_unit(op, lhs, rhs)


def quantize_add(context: QuantizationContext, op: snn.AddOp) -> QuantizedValue:
    """`qsnn.add` in a common unit; `qsnn.scale` brings the operands there."""
    lhs, rhs = context[op.lhs], context[op.rhs]
    shape = shape_of(op.result.type)
    lhs_factor, rhs_factor, unit = _sum_unit(op, lhs, rhs)
    bounds = [
        (np.asarray(v.full(v.low) * f), np.asarray(v.full(v.high) * f))
        for v, f in ((lhs, lhs_factor), (rhs, rhs_factor))
    ]
    ranges = [(np.minimum(*both), np.maximum(*both)) for both in bounds]
    low, high = ranges[0][0] + ranges[1][0], ranges[0][1] + ranges[1][1]
    lows = np.stack([low, *(r[0] for r in ranges)])
    highs = np.stack([high, *(r[1] for r in ranges)])
    # No kernel scales to bytes.
    bytes_fit = all(
        (factor == 1).all() and element_type_of(v.value.type) in (i1, i8)
        for v, factor in ((lhs, lhs_factor), (rhs, rhs_factor))
    )
    if (type := smallest_type(lows, highs, (i8, i16, i32) if bytes_fit else (i16, i32))) is None:
        raise error_at(op, f"sums between {low.min()} and {high.max()} do not fit 32 bits")
    operands = [
        _rescale(context, value, smallest_extent(factor, shape), type)
        for value, factor in ((lhs, lhs_factor), (rhs, rhs_factor))
    ]
    result = context.insert(qsnn.AddOp(operands[0], operands[1], type), op)
    offset = lhs.full(lhs.offset) + rhs.full(rhs.offset)
    return QuantizedValue(
        result, smallest_extent(unit, shape), smallest_extent(offset, shape), low, high
    )


def _rescale(
    context: QuantizationContext, value: QuantizedValue, factor: NDArray, type: IntegerType
) -> SSAValue:
    source = element_type_of(value.value.type)
    if (factor == 1).all() and (source == type or (source == i1 and type == i8)):
        return value.value
    scale = qsnn.ScaleOp(value.value, integer_parameter(factor), type)
    return context.builder.insert(scale).result


def quantize_concat(context: QuantizationContext, op: snn.ConcatOp) -> QuantizedValue:
    """`qsnn.concat` in the widest type; each channel keeps its own unit."""
    values = [context[value] for value in op.inputs]
    types = {element_type_of(value.value.type) for value in values}
    inputs = [value.value for value in values]
    if len(types) > 1:
        # Spikes and bytes, too: no kernel scales to bytes.
        widest = i32 if i32 in types else i16
        inputs = [_rescale(context, value, np.array(1), widest) for value in values]
    result = context.insert(qsnn.ConcatOp(inputs), op)
    shape = shape_of(op.result.type)
    scale, offset, low, high = (
        smallest_extent(np.concatenate([v.full(getattr(v, name)) for v in values]), shape)
        for name in ("scale", "offset", "low", "high")
    )
    return QuantizedValue(result, scale, offset, low, high)


LAYER_RULES: dict[type[Operation], Callable[..., QuantizedValue]] = {
    snn.LinearOp: quantize_linear,
    snn.Conv1dOp: quantize_conv1d,
    snn.Conv2dOp: quantize_conv2d,
    snn.MaxPool2dOp: quantize_max_pool2d,
    snn.AvgPool2dOp: quantize_avg_pool2d,
    snn.SumPool2dOp: quantize_sum_pool2d,
    snn.ReshapeOp: quantize_reshape,
    snn.FlattenOp: quantize_reshape,
    snn.ScaleOp: quantize_scale,
    snn.BatchNormOp: quantize_batch_norm,
    snn.AddOp: quantize_add,
    snn.ConcatOp: quantize_concat,
}
