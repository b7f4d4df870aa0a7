# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls that compute several steps at once, as `snnrt/lif_multi_step.h`, `alpha_multi_step.h`,
`synaptic_multi_step.h` and `step_bits.h` do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.executors.lif_update import alpha_update, li_update, lif_update

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call


def lif_multi_step(op: snnrt.LIFMultiStepOp, call: Call) -> None:
    current, membrane = call.read(op.current), call.read(op.membrane)
    found = []
    for _ in range(op.period):
        spikes, membrane = lif_update(op, call, membrane, current)
        found.append(spikes)
    call.write(op.membrane, membrane)
    _write_bits(op, call, found)


def alpha_multi_step(op: snnrt.AlphaMultiStepOp, call: Call) -> None:
    current = call.read(op.current)
    states = [call.read(getattr(op, name)) for name in op.UPDATES]
    found = []
    for _ in range(op.period):
        spikes, states = alpha_update(op, call, states, current)
        found.append(spikes)
    for name, values in zip(op.UPDATES, states, strict=True):
        call.write(getattr(op, name), values)
    _write_bits(op, call, found)


def synaptic_multi_step(op: snnrt.SynapticMultiStepOp, call: Call) -> None:
    current = call.read(op.current)
    synapse, membrane = call.read(op.synapse), call.read(op.membrane)
    found = []
    for _ in range(op.period):
        synapse = li_update(op, call, op.integrator, synapse, current)
        spikes, membrane = lif_update(op, call, membrane, synapse)
        found.append(spikes)
    call.write(op.synapse, synapse)
    call.write(op.membrane, membrane)
    _write_bits(op, call, found)


def _write_bits(op: snnrt.MultiStepBase, call: Call, spikes: Sequence[NDArray[np.bool_]]) -> None:
    """Write the spikes of all steps of a call."""
    rows = np.zeros((op.period, buffer_shape(op.bits.type)[1] * 4), np.uint8)
    for row, fired in zip(rows, spikes, strict=True):
        packed = np.packbits(fired.reshape(-1), bitorder="little")
        row[: len(packed)] = packed
    call.write(op.bits, rows.view("<i4"))


def step_spikes(bits: NDArray[np.int64], step: int, elements: int) -> NDArray[np.bool_]:
    """The spikes of a step, (elements,), out of `bits`, (steps, words)."""
    row = bits[step % len(bits)].astype("<i4").view(np.uint8)
    return np.unpackbits(row, count=elements, bitorder="little") != 0


def list_bits(op: snnrt.ListBitsOp, call: Call) -> None:
    spikes = step_spikes(call.read(op.bits), call.step, op.elements.value.data)
    call.write_list(op.list, op.count, np.flatnonzero(spikes))


def bits_to_bytes(op: snnrt.BitsToBytesOp, call: Call) -> None:
    shape = buffer_shape(op.spikes.type)
    spikes = step_spikes(call.read(op.bits), call.step, element_count(shape))
    call.write(op.spikes, spikes.astype(np.int64).reshape(shape))


STEP_KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    snnrt.LIFMultiStepOp: lif_multi_step,
    snnrt.AlphaMultiStepOp: alpha_multi_step,
    snnrt.SynapticMultiStepOp: synaptic_multi_step,
    snnrt.ListBitsOp: list_bits,
    snnrt.BitsToBytesOp: bits_to_bytes,
}
