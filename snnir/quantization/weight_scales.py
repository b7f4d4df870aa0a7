# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scales of weights: of each channel by its largest, and in one unit where currents are fed back.

A recurrent layer adds two currents at every step, that of its input and that of its own spikes.
Their weights are two parts of one matrix, and get scales by channel as such, so that the sum needs
no factors. Where one part is much smaller, the other's scale is a multiple of its own, and one
factor brings both to the finer unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i1, i8, i16
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import shape_of
from snnir.layers.affine import AFFINE_OPS, AffineOp, constant, groups_of, scale_columns
from snnir.layers.compressible import LINEAR_OPS
from snnir.layers.weight_grid import grid_of
from snnir.quantization.context import QuantizationContext
from snnir.quantization.register_rules import is_feedback, spike_factor
from snnir.quantization.values import QuantizedValue, smallest_extent
from snnir.support.diagnostics import error_at

FINE_BITS = 8
"""Bits of a weight from which on a part may lose two of them to save a factor, else one."""

NEARLY = 1e-6
"""Relative difference of scales that float32 weights do not tell apart."""


def input_scale(op: AffineOp, input: QuantizedValue) -> NDArray[np.float64]:
    """Scale per input channel or feature, to be multiplied into the weights.

    Raises:
        SNNError: the input does not fit the bits that the layer reads, has an offset, or its unit
            differs within a channel.
    """
    type, is_current = element_type_of(input.value.type), _has_weights(op.input)
    # Only fully connected layers read sums of 16 bits.
    bits = 16 if isinstance(op, snn.LinearOp) else 8
    if type not in (i1, i8) and not is_current and (type != i16 or bits < 16):
        low, high = input.range
        raise error_at(
            op, f"reads sums of spikes or counts between {low} and {high}, which do not fit {bits} "
            f"bits; pool windows of at most {(1 << bits - 1) - 1:,} spikes, or put a neuron between"
        )  # fmt: skip
    if type not in (i1, i8) and is_current:
        raise error_at(
            op, f"takes spikes, counts or quantised inputs, but its input is a current of type "
            f"{input.value.type}; put a neuron between the two layers"
        )  # fmt: skip
    if input.offset.any():
        raise error_at(op, "its input has an offset; run snn-fold-batch-norm first")
    scale = smallest_extent(input.scale, input.shape)
    if scale.ndim and scale.size != input.shape[0]:
        raise error_at(op, "its input has a different unit at every position")
    return np.broadcast_to(scale.reshape(-1), input.shape[:1])


def _has_weights(value: SSAValue) -> bool:
    """Whether a value depends on weights of layers behind the last neuron or the input."""
    owner = value.owner
    if isinstance(owner, AFFINE_OPS):
        return True
    if not isinstance(owner, LINEAR_OPS):
        return False
    return any(map(_has_weights, owner.operands))


def scaled_weight(op: AffineOp, scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights of a layer, each times the unit of the input channel that it reads."""
    return scale_columns(constant(op.weight, op), scale, groups_of(op))


def channel_scales(
    context: QuantizationContext, op: AffineOp, weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Real value of one unit of the weights of each output channel, float64 (channels,).

    Args:
        weight: as `scaled_weight` gives it.
    """
    own = _own_scales(context, op, weight)
    for other in feedback_partners(op):
        found = _partner_scales(context, other)
        if found is not None:
            limit = 4.0 if context.options.weight_bits >= FINE_BITS else 2.0
            own = _beside(own, *found, limit)
    largest = (1 << context.options.weight_bits - 1) - 1
    return np.where(own > 0, own, 1.0 / largest)


def _own_scales(
    context: QuantizationContext, op: AffineOp, weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scales that give the largest weight the largest integer; 0 for a channel of zeros."""
    magnitude = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
    if op in context.uniform_scale:
        magnitude = np.full_like(magnitude, magnitude.max())
    return magnitude / ((1 << context.options.weight_bits - 1) - 1)


def feedback_partners(op: AffineOp) -> list[AffineOp]:
    """The other layers whose currents are added to that of `op`, if one of them reads feedback."""
    value: SSAValue = op.result
    while len(users := [use.operation for use in value.uses]) == 1:
        if not isinstance(users[0], snn.AddOp):
            break
        value = users[0].result
    layers: list[AffineOp] = []
    pending: list[SSAValue] = [value]
    while pending:
        owner = pending.pop().owner
        if isinstance(owner, AFFINE_OPS):
            layers.append(owner)
        elif isinstance(owner, snn.AddOp):
            pending += [owner.rhs, owner.lhs]
    if not any(is_feedback(layer.input) for layer in layers):
        return []
    return [layer for layer in layers if layer is not op]


def _partner_scales(
    context: QuantizationContext, op: AffineOp
) -> tuple[NDArray[np.float64], bool] | None:
    """Scales of another layer and whether they are final; None while nothing is known."""
    channels = shape_of(op.weight.type)[0]
    if (done := context.values.get(op.result)) is not None:
        return np.broadcast_to(done.scale.reshape(-1), (channels,)), True
    if (known := context.values.get(op.input)) is not None:
        scale = input_scale(op, known)
    elif isinstance(read := op.input.owner, snn.ReadOp):
        write = read.declaration.write
        factor = np.ones(()) if write is None else spike_factor(write.value)
        if factor is None or factor.size not in (1, shape_of(op.input.type)[0]):
            return None
        scale = np.broadcast_to(factor.reshape(-1), shape_of(op.input.type)[:1])
    else:
        return None
    source = op.weight.owner
    if isinstance(source, snn.WeightOp) and (grid := grid_of(source)) is not None:
        return grid.scale * scale[0], True
    return _own_scales(context, op, scaled_weight(op, scale)), False


def _beside(
    own: NDArray[np.float64], other: NDArray[np.float64], is_final: bool, limit: float
) -> NDArray[np.float64]:
    """Scales not below `own` of which the larger is a multiple of the other's, or equal to it.

    Args:
        other: that of another layer; 0 where all scales suit it.
        is_final: whether the other one stays as it is, even if it is the smaller one.
        limit: multiples below it are not worth a multiplication.
    """
    own = np.where(own > 0, own, other)
    other = np.where(other > 0, other, own)
    safe_own, safe_other = np.where(own > 0, own, 1.0), np.where(own > 0, other, 1.0)
    parts = np.floor(safe_other / safe_own * (1 + NEARLY))
    smaller = safe_other / np.where(parts >= limit, parts, 1)
    larger = np.ceil(safe_own / safe_other * (1 - NEARLY)) * safe_other if is_final else safe_own
    joint = np.where(safe_own > safe_other * (1 + NEARLY), larger, smaller)
    return np.where(own > 0, joint, 0.0)
