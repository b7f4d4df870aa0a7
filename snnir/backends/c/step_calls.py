# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C of calls that compute several steps at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xdsl.ir import Operation, SSAValue

from snnir.backends.c.call_text import CallText
from snnir.backends.c.network import CNetwork
from snnir.backends.c.neuron_shape import lif_shape
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
    network: CNetwork, op: snnrt.BitsToBytesOp | snnrt.LIFMultiStepOp, bytes: str
) -> str:
    """The call that writes the spikes of a step as bytes to the array `bytes`."""
    shape = (
        op.spikes_shape if isinstance(op, snnrt.LIFMultiStepOp) else buffer_shape(op.spikes.type)
    )
    bits = _bits_of_step(network, op.bits)
    return call("snnrt_bits_to_bytes", bits, element_count(shape), bytes)


STEP_CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    snnrt.LIFMultiStepOp: lif_multi_step,
    snnrt.ListBitsOp: list_bits,
    snnrt.BitsToBytesOp: bits_to_bytes,
}
