# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls that compute several steps at once, as `snnrt/lif_multi_step.h` and `step_bits.h` do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.executors.lif_update import lif_update

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call


def lif_multi_step(op: snnrt.LIFMultiStepOp, call: Call) -> None:
    current, membrane = call.read(op.current), call.read(op.membrane)
    rows = np.zeros((op.period, buffer_shape(op.bits.type)[1] * 4), np.uint8)
    for row in rows:
        spikes, membrane = lif_update(op, call, membrane, current)
        packed = np.packbits(spikes.reshape(-1), bitorder="little")
        row[: len(packed)] = packed
    call.write(op.membrane, membrane)
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
    snnrt.ListBitsOp: list_bits,
    snnrt.BitsToBytesOp: bits_to_bytes,
}
