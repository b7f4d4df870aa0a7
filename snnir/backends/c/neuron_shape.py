# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The constants that tell neuron kernels shape and dynamics of a layer."""

from typing import TypeAlias

from xdsl.ir import SSAValue

from snnir.backends.c.syntax import c_bool, size_of, struct_definition
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.qsnn import Overflow, Rounding
from snnir.dialects.snnrt_steps import Integrator
from snnir.kernels.lif_kinds import has_leaks_to_recall, has_narrow_thresholds


def parameter_extent(parameter: SSAValue | None, layer: SSAValue) -> str:
    """How many values a parameter has, as the kernels name it."""
    count = 1 if parameter is None else size_of(parameter)
    if count == 1:
        return "SNNRT_EXTENT_LAYER"
    channels = buffer_shape(layer.type)[-1]
    return f"SNNRT_EXTENT_{'CHANNEL' if count == channels else 'NEURON'}"


LeakyNeurons: TypeAlias = (
    snnrt.LIFOp | snnrt.LIFMultiStepOp | snnrt.SynapticMultiStepOp | snnrt.LIOp | Integrator
)


def lif_shape(name: str, op: LeakyNeurons) -> str:
    """The constant `<name>_shape` of a call of leaky neurons or integrators."""
    channels = buffer_shape(op.membrane.type)[-1]
    fields: dict[str, int | str] = {
        "positions": size_of(op.membrane) // channels,
        "channels": channels,
    }
    spiking = None if isinstance(op, snnrt.LIOp | Integrator) else op
    if spiking is not None:
        fields["reset"] = f"SNNRT_RESET_{spiking.reset.data.upper()}"
        fields["timing"] = f"SNNRT_RESET_{spiking.reset_timing.data.upper()}"
        fields["compare"] = f"SNNRT_COMPARE_{spiking.compare.data.upper()}"
    fields["current_shift"] = op.shift.value.data
    fields["round_leak"] = c_bool(op.rounding.data is Rounding.NEAREST)
    fields["saturate"] = c_bool(op.overflow.data is Overflow.SATURATE)
    fields["leak_extent"] = parameter_extent(op.leak, op.membrane)
    threshold = None if spiking is None else spiking.threshold
    fields["threshold_extent"] = parameter_extent(threshold, op.membrane)
    fields["bias_extent"] = parameter_extent(op.bias, op.membrane)
    if spiking is not None:
        fields["narrow_thresholds"] = c_bool(has_narrow_thresholds(spiking))
    return struct_definition(f"{name}_shape", "snnrt_lif_shape", fields)


def alpha_shape(name: str, op: snnrt.AlphaOp | snnrt.AlphaMultiStepOp) -> str:
    """The constant `<name>_shape` of a call of neurons with an alpha-shaped synapse."""
    channels = buffer_shape(op.membrane.type)[-1]
    fields: dict[str, int | str] = {
        "positions": size_of(op.membrane) // channels,
        "channels": channels,
        "reset": f"SNNRT_RESET_{op.reset.data.upper()}",
        "compare": f"SNNRT_COMPARE_{op.compare.data.upper()}",
        "current_shift": op.shift.value.data,
        "round_leak": c_bool(op.rounding.data is Rounding.NEAREST),
        "saturate": c_bool(op.overflow.data is Overflow.SATURATE),
    }
    for parameter in op.PARAMETERS:
        value = getattr(op, parameter)
        fields[f"{parameter}_extent"] = parameter_extent(value, op.membrane)
    if op.recall is not None:
        fields["recall_leaks"] = c_bool(has_leaks_to_recall(op))
    return struct_definition(f"{name}_shape", "snnrt_alpha_shape", fields)
