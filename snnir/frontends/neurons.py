# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Converters of snnTorch 1.0.0 neurons: one small function for each class.

Each converter returns the spikes and then the states after the step, in snnTorch's order. The
equations that are matched here are those of the installed source, not of its documentation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import snntorch
from torch import nn
from xdsl.dialects.builtin import TensorType, f32, i1
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import Reset, ResetTiming
from snnir.frontends.conversion import LayerContext, LayerReport
from snnir.frontends.errors import Unsupported

NeuronConverter = Callable[[LayerContext], Sequence[SSAValue]]

NEURONS: dict[type[nn.Module], NeuronConverter] = {}
"""Converters by exact class: a subclass may compute something else."""

REFUSED: dict[str, tuple[str, ...]] = {
    "SLSTM": ("has gates with sigmoid and tanh", "use snntorch.RLeaky or snntorch.Synaptic"),
    "SConv2dLSTM": ("has gates with sigmoid and tanh", "use snntorch.RLeaky or snntorch.Synaptic"),
    "LeakyParallel": ("processes a whole sequence at once", "use snntorch.Leaky"),
    "StateLeaky": ("processes a whole sequence at once", "use snntorch.Leaky"),
    "LinearLeaky": ("processes a whole sequence at once", "use Linear and snntorch.Leaky"),
    "AssociativeLeaky": ("processes a whole sequence at once", "use snntorch.Leaky"),
    "DeltaLeaky": ("fires on changes of its membrane, which snn has no neuron for",),
}
"""Reasons for refusing, by class name."""

_STATE_FUNCTIONS = ("_base_sub", "_base_zero", "_base_int")
"""Names of the update functions, by the value of `reset_mechanism_val`."""


def neuron(cls: type[nn.Module]) -> Callable[[NeuronConverter], NeuronConverter]:
    """Register a converter for a neuron class."""

    def register(converter: NeuronConverter) -> NeuronConverter:
        NEURONS[cls] = converter
        return converter

    return register


def refused_neurons(module: nn.Module) -> list[LayerReport]:
    """A report on each neuron in the module whose class or options are not supported."""
    reports: list[LayerReport] = []
    for path, child in module.named_modules():
        if isinstance(child, (snntorch.SpikingNeuron, snntorch.LeakyParallel)):
            kind = type(child).__name__
            try:
                converter_for_neuron(child)
            except Unsupported as unsupported:
                reports.append(LayerReport(path or kind, kind, False, unsupported.reason))
    return reports


def converter_for_neuron(module: Any) -> NeuronConverter:
    """The converter of a neuron.

    Raises:
        Unsupported: there is none for this class, or an option of the neuron is not supported.
    """
    cls = type(module)
    if cls not in NEURONS:
        base = next((known.__name__ for known in NEURONS if issubclass(cls, known)), None)
        default = (
            ("is not a supported neuron",)
            if base is None
            else (f"is a subclass of {base} and may compute something else", f"use {base} itself")
        )
        raise Unsupported(*REFUSED.get(cls.__name__, default))
    if module.inhibition:
        raise Unsupported(
            "inhibition=True lets only one neuron of the layer fire, which is not supported",
            "train with inhibition=False",
        )
    if module.state_quant:
        raise Unsupported(
            "state_quant rounds the membrane in a way that is not supported",
            "train without it and let snnir quantize",
        )
    if cls is snntorch.RSynaptic and not module.reset_delay:
        raise Unsupported(
            "reset_delay=False does not work in this class in snnTorch 1.0.0",
            "use reset_delay=True",
        )
    return NEURONS[cls]


def read_reset(module: Any, zero: Reset) -> Reset:
    """The reset that the neuron really computes; `zero` is what its "zero" means.

    Raises:
        Unsupported: the update function and `reset_mechanism_val` disagree, as after loading a
            checkpoint of a neuron with another reset.
    """
    name = module.state_function.__name__
    value = int(module.reset_mechanism_val)
    if _STATE_FUNCTIONS[value] != name:
        mechanisms = list(snntorch.SpikingNeuron.reset_dict)
        built = mechanisms[_STATE_FUNCTIONS.index(name)]
        raise Unsupported(
            f"was built with reset_mechanism='{built}', but reset_mechanism_val says "
            f"'{mechanisms[value]}', so snnTorch mixes the two",
            f"build the neuron with reset_mechanism='{mechanisms[value]}'",
        )
    return {"_base_sub": Reset.SUBTRACT, "_base_zero": zero, "_base_int": Reset.NONE}[name]


def read_timing(module: Any) -> ResetTiming:
    """When the reset is seen in the membrane."""
    return ResetTiming.DELAYED if module.reset_delay else ResetTiming.IMMEDIATE


def read_parameters(context: LayerContext, shape: Sequence[int]) -> dict[str, snn.Parameter]:
    """Decays, clamped to 0…1 as snnTorch does in `forward`, and threshold."""
    module = context.module
    decays = {
        name: getattr(module, name).detach() for name in ("alpha", "beta") if hasattr(module, name)
    }
    return {
        **{
            name: context.parameter(tensor.clamp(0, 1), name, shape)
            for name, tensor in decays.items()
        },
        "threshold": context.parameter(module.threshold, "threshold", shape),
    }


def grade(context: LayerContext, spikes: SSAValue) -> SSAValue:
    """The spikes times the neuron's `graded_spikes_factor`, or the spikes if that is one."""
    factor = context.module.graded_spikes_factor.detach()
    if bool((factor == 1).all()):
        return spikes
    if bool((factor == 0).any()):
        raise Unsupported("graded_spikes_factor is zero, so no spike ever leaves the neuron")
    attribute = context.parameter(factor, "graded_spikes_factor", shape_of(spikes.type))
    graded = context.insert(snn.ScaleOp(spikes, attribute))
    context.conversion.graded.add(graded)
    return graded


def insert_lif(
    context: LayerContext,
    current: SSAValue,
    parameters: Mapping[str, snn.Parameter],
    reset: Reset,
    timing: ResetTiming,
) -> list[SSAValue]:
    """A LIF neuron; its spikes, graded, and its membrane."""
    op = snn.LIFOp(
        current, parameters["beta"], parameters["threshold"], reset=reset, reset_timing=timing
    )
    context.insert(op)
    return [grade(context, op.spikes), op.membrane]


@neuron(snntorch.Leaky)
def convert_leaky(context: LayerContext) -> Sequence[SSAValue]:
    """`Leaky`; its "zero" keeps the input of the step."""
    current = context.input()
    parameters = read_parameters(context, shape_of(current.type))
    reset = read_reset(context.module, Reset.ZERO_BEFORE)
    return insert_lif(context, current, parameters, reset, read_timing(context.module))


@neuron(snntorch.Lapicque)
def convert_lapicque(context: LayerContext) -> Sequence[SSAValue]:
    """`Lapicque` is a LIF neuron of decay `1 - T / (R C)`, with a gain before it.

    snnTorch evaluates the gain as `x * R * (1 / (R * C)) * T`: three factors, in this order, give
    the same bits.
    """
    module, current = context.module, context.input()
    shape = shape_of(current.type)
    decay = 1 - (module.time_step / (module.R * module.C))
    parameters = {
        "beta": context.parameter(decay, "the decay 1 - time_step / (R * C)", shape),
        "threshold": context.parameter(module.threshold, "threshold", shape),
    }
    for name, factor in (
        ("R", module.R), ("1 / (R * C)", 1 / (module.R * module.C)), ("time_step", module.time_step)
    ):  # fmt: skip
        if not bool((factor == 1).all()):
            current = context.insert(snn.ScaleOp(current, context.parameter(factor, name, shape)))
    reset = read_reset(module, Reset.ZERO_AFTER)
    return insert_lif(context, current, parameters, reset, ResetTiming.DELAYED)


@neuron(snntorch.Synaptic)
def convert_synaptic(context: LayerContext) -> Sequence[SSAValue]:
    """`Synaptic`; its "zero" clears the membrane after the input is added, not the current."""
    current = context.input()
    reset = read_reset(context.module, Reset.ZERO_AFTER)
    return _insert_synaptic(context, current, reset, read_timing(context.module))


def _insert_synaptic(
    context: LayerContext, current: SSAValue, reset: Reset, timing: ResetTiming
) -> list[SSAValue]:
    p = read_parameters(context, shape_of(current.type))
    op = snn.SynapticOp(
        current, p["alpha"], p["beta"], p["threshold"], reset=reset, reset_timing=timing
    )
    context.insert(op)
    return [grade(context, op.spikes), op.synaptic_current, op.membrane]


@neuron(snntorch.Alpha)
def convert_alpha(context: LayerContext) -> Sequence[SSAValue]:
    """`Alpha`, whose reset is always delayed."""
    current = context.input()
    p = read_parameters(context, shape_of(current.type))
    reset = read_reset(context.module, Reset.ZERO_AFTER)
    op = snn.AlphaOp(current, p["alpha"], p["beta"], p["threshold"], reset=reset)
    context.insert(op)
    return [grade(context, op.spikes), op.excitatory, op.inhibitory, op.membrane]


@neuron(snntorch.RLeaky)
def convert_rleaky(context: LayerContext) -> Sequence[SSAValue]:
    """`RLeaky` is a LIF neuron whose spikes of the step before are fed back through a layer.

    snnTorch adds `(beta * U + x) + feedback`, here `beta * U + (x + feedback)`: the last bit of
    the membrane may differ.
    """
    current, write = _with_feedback(context)
    parameters = read_parameters(context, shape_of(current.type))
    reset = read_reset(context.module, Reset.ZERO_AFTER)
    results = insert_lif(context, current, parameters, reset, read_timing(context.module))
    write(results[0])
    return results


@neuron(snntorch.RSynaptic)
def convert_rsynaptic(context: LayerContext) -> Sequence[SSAValue]:
    """`RSynaptic`, whose reset is always delayed; sums as in `RLeaky`."""
    current, write = _with_feedback(context)
    reset = read_reset(context.module, Reset.ZERO_AFTER)
    results = _insert_synaptic(context, current, reset, ResetTiming.DELAYED)
    write(results[0])
    return results


def _with_feedback(context: LayerContext) -> tuple[SSAValue, Callable[[SSAValue], None]]:
    """The input plus the feedback, and a function that writes the spikes for the next step."""
    current = context.input()
    shape = shape_of(current.type)
    graded = not bool((context.module.graded_spikes_factor == 1).all())
    conversion = context.conversion
    type = TensorType(f32 if graded else i1, shape)
    spikes = conversion.add_register(f"{context.layer}.spikes", type, context.layer)
    feedback = _convert_feedback(context, spikes)

    def write(value: SSAValue) -> None:
        conversion.write_register(spikes, value, context.layer)

    return context.insert(snn.AddOp(current, feedback)), write


def _convert_feedback(context: LayerContext, spikes: SSAValue) -> SSAValue:
    """The layer from a recurrent neuron's spikes to its input."""
    module, recurrent = context.module, context.module.recurrent
    if not module.all_to_all:
        factor = context.parameter(recurrent.V, "V", shape_of(spikes.type))
        return context.insert(snn.ScaleOp(spikes, factor))
    weight = context.weight(recurrent.weight, "recurrent.weight")
    bias = context.weight(recurrent.bias, "recurrent.bias")
    assert weight is not None
    if isinstance(recurrent, nn.Linear):
        return context.insert(snn.LinearOp(spikes, weight, bias))
    return context.insert(snn.Conv2dOp(spikes, weight, bias, padding=recurrent.padding))
