# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How neurons become integers: unit and width of the membrane, thresholds, biases and leaks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, StringAttr, i16, i32
from xdsl.ir import Operation, SSAValue

from snnir.dialects import qsnn, snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER
from snnir.quantization.alpha_rules import quantize_alpha
from snnir.quantization.context import QuantizationContext
from snnir.quantization.membrane_range import Interval, NeuronDynamics, membrane_range
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
    spikes,
    type_bounds,
)
from snnir.support.diagnostics import error_at

SYNAPSE = "{}.synapse"
"""Name of the integrator that holds the synaptic current of a layer, from the layer's name."""


@dataclass(frozen=True)
class MembraneFormat:
    """Unit `scale / 2**shift`, width and justification of a membrane, with the parameters in it."""

    shift: int
    element_type: IntegerType
    overflow: qsnn.Overflow
    dynamics: NeuronDynamics
    bias: NDArray[np.int64]
    range: Interval


@dataclass(frozen=True)
class Membrane:
    """What is needed to express a membrane at any shift."""

    input: QuantizedValue
    dynamics: NeuronDynamics
    threshold: NDArray[np.float64] | None

    def at(self, shift: int) -> tuple[NeuronDynamics, NDArray[np.int64], Interval]:
        """Integer dynamics, bias and range of the input `x`, for the unit `scale / 2**shift`."""
        shape, unit = self.input.shape, self.input.scale / (1 << shift)
        bias = smallest_extent(whole(self.input.offset / unit), shape)
        dynamics = self.dynamics
        if self.threshold is not None:
            threshold = np.minimum(whole(self.threshold / unit), LARGEST_THRESHOLD)
            dynamics = replace(dynamics, threshold=smallest_extent(threshold, shape))
        low, high = ((bound << shift) + bias for bound in (self.input.low, self.input.high))
        return dynamics, bias, (low, high)


def _proven(membrane: Membrane, shift: int, element_type: IntegerType) -> MembraneFormat | None:
    dynamics, bias, current = membrane.at(shift)
    if dynamics.threshold is not None and not fits(dynamics.threshold, dynamics.threshold, i32):
        return None
    found = membrane_range(current, dynamics, limit=-type_bounds(element_type)[0])
    if found is None or not fits(*found, element_type):
        return None
    if dynamics.threshold is not None and _may_reach_largest(found, dynamics.threshold):
        return None
    return MembraneFormat(shift, element_type, qsnn.Overflow.PROVEN, dynamics, bias, found)


def _may_reach_largest(found: Interval, threshold: NDArray[np.int64]) -> bool:
    """Whether a neuron might fire that has the threshold that stands for larger ones."""
    return bool(((found[1] >= LARGEST_THRESHOLD) & (threshold == LARGEST_THRESHOLD)).any())


def _saturating(membrane: Membrane, shift: int, element_type: IntegerType) -> MembraneFormat | None:
    dynamics, bias, current = membrane.at(shift)
    low, high = type_bounds(element_type)
    if dynamics.threshold is not None:
        needed = SATURATED_THRESHOLDS * np.abs(dynamics.threshold)
        if not fits(-needed, needed, element_type):
            return None
    # The sum that is clamped is formed in 32 bits for i16 and in 64 bits for i32.
    wide = 31 if element_type == i16 else 62
    if max(-int(current[0].min()), int(current[1].max())) >= 1 << wide - 1:
        return None
    full = (np.full((), low, np.int64), np.full((), high, np.int64))
    return MembraneFormat(shift, element_type, qsnn.Overflow.SATURATE, dynamics, bias, full)


_METHODS: dict[qsnn.Overflow, Callable[..., MembraneFormat | None]] = {
    qsnn.Overflow.PROVEN: _proven,
    qsnn.Overflow.SATURATE: _saturating,
}


def choose_format(
    context: QuantizationContext, op: Operation, membrane: Membrane
) -> MembraneFormat:
    """The first way of `state` that works, at the largest shift (the finest unit) that it allows.

    Raises:
        SNNError: none does.
    """
    for overflow, element_type, least in candidates(context):
        for shift in range(context.options.maximum_shift, least - 1, -1):
            chosen = _METHODS[overflow](membrane, shift, element_type)
            if chosen is not None and _sum_fits(context, op, chosen):
                return chosen
    _refuse_threshold(op, membrane)
    raise error_at(
        op, f"no membrane format of state={context.options.state} holds this layer; "
        "allow state=auto or a smaller minimum-shift"
    )  # fmt: skip


def _refuse_threshold(op: Operation, membrane: Membrane) -> None:
    """Raises `SNNError` if a threshold is to blame: too large even in the largest unit."""
    if membrane.threshold is None:
        return
    threshold, unit = np.broadcast_arrays(membrane.threshold, membrane.input.scale)
    if (wrong := np.abs(threshold) > LARGEST_THRESHOLD * unit).any():
        raise error_at(
            op, f"a threshold of {threshold[wrong].flat[0]:g} does not fit 32 bits in units of the "
            f"membrane, {unit[wrong].flat[0]:g}, and nothing keeps the membrane away from it; "
            "give the neuron a threshold that it can reach, or a beta below 1"
        )  # fmt: skip


def _sum_fits(context: QuantizationContext, op: Operation, chosen: MembraneFormat) -> bool:
    """Whether the sum of a membrane over all steps fits 32 bits, where the readout needs it."""
    steps = context.sum_steps.get(op, 1)
    return fits(chosen.range[0] * steps, chosen.range[1] * steps, i32)


def _remark(
    context: QuantizationContext, op: Operation, chosen: MembraneFormat, what: str = "membrane"
) -> None:
    low, high = int(chosen.range[0].min()), int(chosen.range[1].max())
    context.remark(
        op,
        f"{what} {chosen.element_type} {chosen.overflow.value}, in [{low}, {high}], "
        f"{chosen.shift} fraction bits",
        type=str(chosen.element_type), overflow=chosen.overflow.value, low=low, high=high,
        shift=chosen.shift,
    )  # fmt: skip


def _arithmetic(op: Operation, input: QuantizedValue, chosen: MembraneFormat) -> dict[str, Any]:
    """The arguments that the constructors of all integer neurons share."""
    unit = smallest_extent(input.scale / (1 << chosen.shift), input.shape)
    try:
        bias = None if not chosen.bias.any() else integer_parameter(chosen.bias)
    except OverflowError:
        raise error_at(op, "a bias does not fit 32 bits in units of the membrane") from None
    return {
        "leak": integer_parameter(chosen.dynamics.leak),
        "bias": bias,
        "membrane_type": chosen.element_type,
        "shift": chosen.shift,
        "overflow": chosen.overflow,
        "rounding": chosen.dynamics.rounding,
        "unit": real_parameter(unit),
    }


def _membrane_value(
    value: SSAValue, input: QuantizedValue, chosen: MembraneFormat
) -> QuantizedValue:
    return QuantizedValue(value, input.scale / (1 << chosen.shift), np.zeros(()), *chosen.range)


def _spiking_dynamics(
    context: QuantizationContext, op: snn.LIFOp | snn.SynapticOp
) -> NeuronDynamics:
    """Leak and reset of the membrane; the threshold follows from its unit."""
    leak = leak_factors(parameter_array(op.beta, shape_of(op.current.type)))
    return NeuronDynamics(
        leak, context.options.rounding, None,
        op.reset.data, op.reset_timing.data, op.compare.data,
    )  # fmt: skip


def _lif(
    op: snn.LIFOp | snn.SynapticOp, input: QuantizedValue, chosen: MembraneFormat
) -> qsnn.LIFOp:
    assert chosen.dynamics.threshold is not None
    return qsnn.LIFOp(
        input.value,
        threshold=integer_parameter(chosen.dynamics.threshold),
        reset=op.reset.data,
        reset_timing=op.reset_timing.data,
        compare=op.compare.data,
        **_arithmetic(op, input, chosen),
    )


def quantize_lif(context: QuantizationContext, op: snn.LIFOp) -> list[QuantizedValue]:
    """`qsnn.lif`: threshold, bias and leak in units of the membrane."""
    input, shape = neuron_input(context, op), shape_of(op.current.type)
    threshold = parameter_array(op.threshold, shape)
    membrane = Membrane(input, _spiking_dynamics(context, op), threshold)
    chosen = choose_format(context, op, membrane)
    lif = _lif(op, input, chosen)
    context.insert(lif, op)
    _remark(context, op, chosen)
    return [spikes(lif.spikes), _membrane_value(lif.membrane, input, chosen)]


def quantize_li(context: QuantizationContext, op: snn.LIOp) -> list[QuantizedValue]:
    """`qsnn.li`."""
    input = neuron_input(context, op)
    dynamics = NeuronDynamics(
        leak_factors(parameter_array(op.beta, input.shape)), context.options.rounding, None
    )
    chosen = choose_format(context, op, Membrane(input, dynamics, None))
    li = qsnn.LIOp(
        input.value,
        **_arithmetic(op, input, chosen),
    )
    context.insert(li, op)
    _remark(context, op, chosen)
    return [_membrane_value(li.membrane, input, chosen)]


def _synapse_bits(leak: NDArray[np.int64]) -> int:
    """`log2(1 / (1 - alpha))`, rounded up, of the slowest current that leaks."""
    slowest = int(leak[leak < qsnn.LEAK_ONE].max(initial=0))
    return ((qsnn.LEAK_ONE - 1) // (qsnn.LEAK_ONE - slowest)).bit_length()


def _choose_formats(
    context: QuantizationContext,
    op: snn.SynapticOp,
    synapse: Membrane,
    dynamics: NeuronDynamics,
) -> tuple[MembraneFormat, MembraneFormat]:
    """Formats of the synaptic current and of the membrane, which count in one unit.

    As `choose_format` does, with more fraction bits where that is possible: a leak that rounds
    holds the current up to `0.5 / (1 - alpha)` units from where it belongs, and the membrane sums
    that. The bits keep it within half a unit of the input, as the membrane of a LIF neuron has it.

    Raises:
        SNNError: no two formats of `state` work.
    """
    most, fraction = context.options.maximum_shift, _synapse_bits(synapse.dynamics.leak)
    pairs = tuple(product(candidates(context), repeat=2))
    for extra in (fraction, 0):
        for (outer, outer_type, least), (inner, inner_type, inner_least) in pairs:
            fewest = min(max(least, inner_least) + extra, most)
            for shift in range(most, fewest - 1, -1):
                current = _METHODS[outer](synapse, shift, outer_type)
                if current is None or not _sum_fits(context, op, current):
                    continue
                input = _membrane_value(synapse.input.value, synapse.input, current)
                chosen = _METHODS[inner](
                    Membrane(input, dynamics, synapse.threshold), 0, inner_type
                )
                if chosen is not None and _sum_fits(context, op, chosen):
                    return current, chosen
    raise error_at(
        op, f"no membrane formats of state={context.options.state} hold this layer; "
        "allow state=auto or a smaller minimum-shift"
    )  # fmt: skip


def quantize_synaptic(context: QuantizationContext, op: snn.SynapticOp) -> list[QuantizedValue]:
    """`qsnn.li` for the synaptic current and `qsnn.lif`, which gets the current of every step.

    The reset leaves the current alone, so these are two neurons in series.
    """
    input, shape = neuron_input(context, op), shape_of(op.current.type)
    leak = leak_factors(parameter_array(op.alpha, shape))
    synapse = Membrane(
        input,
        NeuronDynamics(leak, context.options.rounding, None),
        parameter_array(op.threshold, shape),
    )
    current, chosen = _choose_formats(context, op, synapse, _spiking_dynamics(context, op))
    li = context.builder.insert(qsnn.LIOp(input.value, **_arithmetic(op, input, current)))
    li.location = op.location
    if isinstance(name := op.attributes.get(LAYER), StringAttr):
        li.attributes[LAYER] = StringAttr(SYNAPSE.format(name.data))
    li.membrane.name_hint = op.synaptic_current.name_hint
    _remark(context, op, current, "synaptic current")
    drive = _membrane_value(li.membrane, input, current)
    lif = _lif(op, drive, chosen)
    context.insert(lif, op)
    lif.membrane.name_hint = op.membrane.name_hint
    _remark(context, op, chosen)
    return [spikes(lif.spikes), drive, _membrane_value(lif.membrane, drive, chosen)]


NEURON_RULES: dict[type[Operation], Callable[..., list[QuantizedValue]]] = {
    snn.LIFOp: quantize_lif,
    snn.LIOp: quantize_li,
    snn.SynapticOp: quantize_synaptic,
    snn.AlphaOp: quantize_alpha,
}
