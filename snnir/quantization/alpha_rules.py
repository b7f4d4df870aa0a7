# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How neurons with an alpha-shaped synapse become integers.

Both currents and the membrane count in one unit, that of the input over `2**shift`, and the gain
`tau` of the membrane disappears into what that is compared with: `tau * (e + i)` is above the
threshold where `e + i` is above `threshold / tau`. Neurons of negative `tau`, whose `alpha` is
below `beta`, count with the opposite sign, so that their threshold stays an upper one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i16, i32

from snnir.dialects import qsnn, snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import Reset
from snnir.quantization.alpha_range import AlphaDynamics, AlphaRanges, alpha_ranges
from snnir.quantization.context import QuantizationContext
from snnir.quantization.membrane_range import Interval
from snnir.quantization.membranes import (
    LARGEST_THRESHOLD,
    SATURATED_THRESHOLDS,
    candidates,
    leak_factors,
    neuron_input,
    parameter_array,
    whole,
)
from snnir.quantization.values import (
    QuantizedValue,
    fits,
    integer_parameter,
    real_parameter,
    smallest_extent,
    smallest_type,
    spikes,
    type_bounds,
)
from snnir.support.diagnostics import error_at

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class AlphaNeurons:
    """A layer in real numbers, with its input in integers, of the sign that its `tau` asks for.

    Attributes:
        gain: the magnitude of `tau`.
        sign: 1 or -1, that of `tau`.
    """

    op: snn.AlphaOp
    input: QuantizedValue
    rounding: qsnn.Rounding
    threshold: Reals
    gain: Reals
    sign: Reals

    @property
    def leaks(self) -> tuple[Integers, Integers]:
        """Integer factors of both currents."""
        shape = shape_of(self.op.current.type)
        alpha, beta = (
            leak_factors(parameter_array(value, shape)) for value in (self.op.alpha, self.op.beta)
        )
        return alpha, beta

    @property
    def fraction_bits(self) -> int:
        """Bits that keep what leaks round away within half a unit of the input at the membrane.

        A current stays up to `0.5 / (1 - leak)` units from where it belongs, and `tau` multiplies
        that.
        """
        slowness = sum(
            np.where(leak < qsnn.LEAK_ONE, qsnn.LEAK_ONE / np.maximum(qsnn.LEAK_ONE - leak, 1), 0)
            for leak in self.leaks
        )
        return int(np.ceil(np.log2(np.maximum(self.gain * slowness, 1).max())))


@dataclass(frozen=True)
class AlphaFormat:
    """Unit `scale / 2**shift` and width of the states, with the parameters in it."""

    shift: int
    element_type: IntegerType
    overflow: qsnn.Overflow
    threshold: Integers
    bias: Integers
    dynamics: AlphaDynamics
    ranges: AlphaRanges


def _gain(op: snn.AlphaOp) -> Reals:
    """`tau`."""
    shape = shape_of(op.current.type)
    with np.errstate(divide="ignore"):
        alpha, beta = (np.log(parameter_array(value, shape)) for value in (op.alpha, op.beta))
    gain = smallest_extent(alpha / (beta - alpha) + 1, shape)
    if (gain == 0).any():
        raise error_at(
            op, "has a beta of 1, so that tau is 0 and the membrane never moves; give it a beta "
            "below alpha"
        )  # fmt: skip
    return gain


def _signed(
    context: QuantizationContext, op: snn.AlphaOp, input: QuantizedValue, sign: Reals
) -> QuantizedValue:
    """The input with the sign of `tau`."""
    if (sign > 0).all():
        return input
    factor = sign.astype(np.int64)
    bounds = input.full(input.low) * factor, input.full(input.high) * factor
    low, high = np.minimum(*bounds), np.maximum(*bounds)
    # No kernel scales to bytes.
    if (type := smallest_type(low, high, (i16, i32))) is None:
        raise error_at(op, f"inputs between {low.min()} and {high.max()} do not fit 32 bits")
    scale = context.builder.insert(qsnn.ScaleOp(input.value, integer_parameter(factor), type))
    scale.location = op.location
    shape = input.shape
    return QuantizedValue(
        scale.result, input.scale, smallest_extent(input.offset * sign, shape),
        smallest_extent(low, shape), smallest_extent(high, shape),
    )  # fmt: skip


def _saturated(type: IntegerType, *thresholds: Integers) -> AlphaRanges | None:
    """The whole type for all states, if it holds some thresholds."""
    for threshold in thresholds:
        needed = SATURATED_THRESHOLDS * np.abs(threshold)
        if not fits(-needed, needed, type):
            return None
    low, high = type_bounds(type)
    full: Interval = (np.full((), low, np.int64), np.full((), high, np.int64))
    return AlphaRanges(full, full, full)


def _format(
    neurons: AlphaNeurons, overflow: qsnn.Overflow, type: IntegerType, shift: int
) -> AlphaFormat | None:
    """The states in units of `scale / 2**shift`, or None if they do not fit."""
    input, shape = neurons.input, neurons.input.shape
    unit = input.scale / (1 << shift)
    threshold = np.minimum(whole(neurons.threshold / (neurons.gain * unit)), LARGEST_THRESHOLD)
    bias = whole(input.offset / unit)
    # A current that makes a membrane reach its threshold is about as large as this.
    of_current = smallest_extent(whole(neurons.sign * neurons.threshold / unit), shape)
    decrement, recall = of_current, smallest_extent(_recall(neurons), shape)
    if neurons.op.reset.data is not Reset.SUBTRACT:
        decrement = recall = np.zeros((), np.int64)
    dynamics = AlphaDynamics(*neurons.leaks, neurons.rounding, decrement, recall)
    if not all(fits(array, array, i32) for array in (threshold, dynamics.decrement)):
        return None
    if overflow is qsnn.Overflow.SATURATE:
        ranges = _saturated(type, threshold, of_current)
    else:
        low, high = ((bound << shift) + bias for bound in (input.low, input.high))
        ranges = alpha_ranges((low, high), dynamics, limit=-type_bounds(type)[0])
        if ranges is None or not fits(*ranges.states, type):
            return None
        reachable = ranges.membrane[1] >= LARGEST_THRESHOLD
        if (reachable & (threshold == LARGEST_THRESHOLD)).any():
            return None
    if ranges is None:
        return None
    threshold, bias = (smallest_extent(array, shape) for array in (threshold, bias))
    return AlphaFormat(shift, type, overflow, threshold, bias, dynamics, ranges)


def _recall(neurons: AlphaNeurons) -> Integers:
    """`1 / tau` as a factor, of what the old current adds to a membrane that spiked."""
    return whole(neurons.sign * qsnn.LEAK_ONE / neurons.gain)


def _choose_format(context: QuantizationContext, neurons: AlphaNeurons) -> AlphaFormat:
    """The first way of `state` that works, at the finest unit.

    Ways that are proven come first, those of enough fraction bits before all others.

    Raises:
        SNNError: none does.
    """
    most, steps = context.options.maximum_shift, context.sum_steps.get(neurons.op, 1)
    ways = candidates(context)
    proven = [way for way in ways if way[0] is qsnn.Overflow.PROVEN]
    finest = [(*way, neurons.fraction_bits) for way in proven]
    for overflow, element_type, least, extra in (*finest, *((*way, 0) for way in (*proven, *ways))):
        for shift in range(most, min(least + extra, most) - 1, -1):
            chosen = _format(neurons, overflow, element_type, shift)
            if chosen is None:
                continue
            low, high = chosen.ranges.membrane
            if fits(low * steps, high * steps, i32):
                return chosen
    raise error_at(
        neurons.op, f"no format of its states of state={context.options.state} holds this layer; "
        "allow state=auto or a smaller minimum-shift"
    )  # fmt: skip


def _neurons(context: QuantizationContext, op: snn.AlphaOp) -> AlphaNeurons:
    gain = _gain(op)
    sign = np.sign(gain)
    input = _signed(context, op, neuron_input(context, op), sign)
    threshold = parameter_array(op.threshold, shape_of(op.current.type))
    neurons = AlphaNeurons(op, input, context.options.rounding, threshold, np.abs(gain), sign)
    if op.reset.data is Reset.SUBTRACT and (np.abs(_recall(neurons)) > qsnn.RECALL_LIMIT).any():
        raise error_at(
            op, "has a tau whose reciprocal, which reset subtract needs, does not fit; give it a "
            "beta below alpha, or reset zero"
        )  # fmt: skip
    return neurons


def quantize_alpha(context: QuantizationContext, op: snn.AlphaOp) -> list[QuantizedValue]:
    """`qsnn.alpha`: leaks, thresholds and what resets take away in units of its states."""
    neurons = _neurons(context, op)
    chosen, input, shape = _choose_format(context, neurons), neurons.input, neurons.input.shape
    unit = input.scale / (1 << chosen.shift)
    subtracts = op.reset.data is Reset.SUBTRACT
    try:
        bias = integer_parameter(chosen.bias) if chosen.bias.any() else None
    except OverflowError:
        raise error_at(op, "a bias does not fit 32 bits in units of the membrane") from None
    dynamics = chosen.dynamics
    alpha = qsnn.AlphaOp(
        input.value,
        integer_parameter(dynamics.excitatory_leak),
        integer_parameter(dynamics.inhibitory_leak),
        integer_parameter(chosen.threshold),
        bias,
        integer_parameter(dynamics.decrement) if subtracts else None,
        integer_parameter(dynamics.recall) if subtracts else None,
        membrane_type=chosen.element_type,
        shift=chosen.shift,
        reset=op.reset.data,
        compare=op.compare.data,
        overflow=chosen.overflow,
        rounding=neurons.rounding,
        unit=real_parameter(smallest_extent(neurons.gain * unit, shape)),
    )
    context.insert(alpha, op)
    _remark(context, op, chosen)
    none, ranges = np.zeros(()), chosen.ranges
    signed = smallest_extent(neurons.sign * unit, shape)
    return [
        spikes(alpha.spikes),
        QuantizedValue(alpha.excitatory, signed, none, *ranges.excitatory),
        QuantizedValue(alpha.inhibitory, signed, none, *ranges.inhibitory),
        QuantizedValue(
            alpha.membrane, smallest_extent(neurons.gain * unit, shape), none, *ranges.membrane
        ),
    ]


def _remark(context: QuantizationContext, op: snn.AlphaOp, chosen: AlphaFormat) -> None:
    bounds = chosen.ranges.states
    low, high = int(bounds[0].min()), int(bounds[1].max())
    context.remark(
        op,
        f"currents and membrane {chosen.element_type} {chosen.overflow.value}, in [{low}, {high}], "
        f"{chosen.shift} fraction bits",
        type=str(chosen.element_type), overflow=chosen.overflow.value, low=low, high=high,
        shift=chosen.shift,
    )  # fmt: skip
