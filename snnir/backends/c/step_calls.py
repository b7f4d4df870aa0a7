# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C of calls that compute several steps at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xdsl.ir import Operation, SSAValue

from snnir.backends.c.call_text import CallText
from snnir.backends.c.network import CNetwork
from snnir.backends.c.neuron_shape import alpha_shape, lif_shape
from snnir.backends.c.syntax import call, suffix
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count


def lif_multi_step(network: CNetwork, op: snnrt.LIFMultiStepOp, name: str) -> CallText:
    bias = "NULL" if op.bias is None else network.pointer(op.bias)
    update = call(
        f"snnrt_lif_steps_{suffix(op.membrane)}_{suffix(op.current)}",
        *map(network.pointer, (op.membrane, op.current)), network.unsigned_pointer(op.bits),
        network.pointer(op.leak), network.pointer(op.threshold), bias, op.period,
        f"&{name}_shape",
    )  # fmt: skip
    return CallText([update], [lif_shape(name, op)])


def alpha_multi_step(network: CNetwork, op: snnrt.AlphaMultiStepOp, name: str) -> CallText:
    parameters = (getattr(op, parameter) for parameter in op.PARAMETERS)
    update = call(
        f"snnrt_alpha_steps_{suffix(op.membrane)}_{suffix(op.current)}",
        *(network.pointer(getattr(op, state)) for state in op.UPDATES),
        network.pointer(op.current), network.unsigned_pointer(op.bits),
        *("NULL" if value is None else network.pointer(value) for value in parameters),
        op.period, f"&{name}_shape",
    )  # fmt: skip
    return CallText([update], [alpha_shape(name, op)])


def synaptic_multi_step(network: CNetwork, op: snnrt.SynapticMultiStepOp, name: str) -> CallText:
    parameters = (getattr(op, parameter) for parameter in op.PARAMETERS)
    update = call(
        f"snnrt_synaptic_steps_{suffix(op.synapse)}_{suffix(op.membrane)}_{suffix(op.current)}",
        *map(network.pointer, (op.synapse, op.membrane, op.current)),
        network.unsigned_pointer(op.bits),
        *("NULL" if value is None else network.pointer(value) for value in parameters),
        op.period, f"&{name}_synapse_shape", f"&{name}_shape",
    )  # fmt: skip
    synapse = lif_shape(f"{name}_synapse", op.integrator)
    return CallText([update], [synapse, lif_shape(name, op)])


def _bits_of_step(network: CNetwork, bits: SSAValue) -> str:
    """The bits of the step that the variable `step` names."""
    steps, words = buffer_shape(bits.type)
    return f"{network.unsigned_pointer(bits, const=True)} + step % {steps} * {words}"


def list_bits(network: CNetwork, op: snnrt.ListBitsOp, name: str) -> CallText:
    listed = call(
        "return snnrt_list_bits", _bits_of_step(network, op.bits), op.elements.value.data,
        network.unsigned_pointer(op.list),
    )  # fmt: skip
    return CallText([listed])


def bits_to_bytes(network: CNetwork, op: snnrt.BitsToBytesOp, name: str) -> CallText:
    return CallText([expand_bits(network, op, network.pointer(op.spikes))])


def expand_bits(
    network: CNetwork, op: snnrt.BitsToBytesOp | snnrt.MultiStepBase, bytes: str
) -> str:
    """The call that writes the spikes of a step as bytes to the array `bytes`."""
    shape = op.spikes_shape if isinstance(op, snnrt.MultiStepBase) else buffer_shape(op.spikes.type)
    bits = _bits_of_step(network, op.bits)
    return call("snnrt_bits_to_bytes", bits, element_count(shape), bytes)


STEP_CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    snnrt.LIFMultiStepOp: lif_multi_step,
    snnrt.AlphaMultiStepOp: alpha_multi_step,
    snnrt.SynapticMultiStepOp: synaptic_multi_step,
    snnrt.ListBitsOp: list_bits,
    snnrt.BitsToBytesOp: bits_to_bytes,
}
