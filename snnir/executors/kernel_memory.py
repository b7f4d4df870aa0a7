# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The memory of a network of kernels: an arena of bytes in which every access is checked.

Every byte has an owner, the buffer that was last written there. A buffer whose bytes do not all
belong to it was never written in this step, or was overwritten by one that shares its memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, f64, i1
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import error_at

POISON = 0xA5
"""What transient memory holds at the start of a step."""

ALIGNMENT = 8
NOBODY = -1


@dataclass(frozen=True)
class Slot:
    """The bytes `begin` to `end` of all arenas, which a buffer or a copied constant occupies."""

    buffer: snnrt.BufferOp | snnrt.ConstantOp
    begin: int
    end: int

    @property
    def is_state(self) -> bool:
        """Whether it keeps its contents from one step to the next."""
        return (
            isinstance(self.buffer, snnrt.ConstantOp)
            or self.buffer.region.data is snnrt.Region.STATE
        )

    @property
    def name(self) -> str:
        """Name of the buffer."""
        return self.buffer.sym_name.data


class KernelMemory:
    """Buffers in arenas, constants, and the frame of the caller.

    Buffers lie at the offsets that `kernels-plan-memory` gave them, or each in memory of its own if
    there are none.

    Raises:
        SNNError: only some buffers have an offset, or one does not lie within the arena.
    """

    def __init__(self, network: snnrt.NetworkOp):
        self._network = network
        self._slots = _slots(network)
        self._index: dict[SSAValue, int] = {
            slot.buffer.result: index for index, slot in enumerate(self._slots)
        }
        size = max((slot.end for slot in self._slots), default=0)
        if network.arena_bytes is not None and size > network.arena_bytes.value.data:
            raise error_at(
                network, f"buffers reach byte {size} of an arena of "
                f"{network.arena_bytes.value.data}"
            )  # fmt: skip
        self._bytes = np.zeros(size, np.uint8)
        self._owner = np.zeros(size, np.int32)
        self._frame: NDArray = np.zeros(0, np.int8)

    def start_sequence(self) -> None:
        """Forget everything; states have their initial values."""
        self._bytes[:] = POISON
        self._owner[:] = NOBODY
        for index, slot in enumerate(self._slots):
            if slot.is_state:
                self._bytes[slot.begin : slot.end] = _initial_bytes(slot)
                self._owner[slot.begin : slot.end] = index

    def start_step(self, frame: NDArray) -> None:
        """Take the caller's frame and poison what no state owns."""
        self._frame = frame
        states = [i for i, slot in enumerate(self._slots) if slot.is_state]
        transient = ~np.isin(self._owner, states)
        self._bytes[transient] = POISON
        self._owner[transient] = NOBODY

    def read(self, op: Operation, value: SSAValue, dtype: np.dtype | None = None) -> NDArray:
        """A copy of a buffer, constant or frame in its own shape, as int64.

        Args:
            op: who reads, for messages.
            dtype: how to read the bytes, where that is not the element type.

        Raises:
            SNNError: the buffer was not written, or overwritten since.
        """
        root, shape = root_value(value), buffer_shape(value.type)
        if root is self._network.frame:
            return self._frame.astype(np.int64).reshape(shape)
        if isinstance(owner := root.owner, snnrt.ConstantOp) and root not in self._index:
            return array_from_dense(owner.value).astype(np.int64).reshape(shape)
        self.expect_intact(op, value)
        slot = self._slots[self._index[root]]
        stored = self._bytes[slot.begin : slot.end].view(dtype or element_dtype(value.type))
        return stored.astype(np.int64).reshape(shape)

    def write(self, op: Operation, value: SSAValue, values: NDArray) -> None:
        """Fill a buffer.

        Args:
            op: who writes, for messages.

        Raises:
            SNNError: a value does not fit the element type.
        """
        expect_fit(op, value, values)
        index = self._index[root_value(value)]
        slot = self._slots[index]
        stored = np.ascontiguousarray(values, element_dtype(value.type)).reshape(-1)
        self._bytes[slot.begin : slot.end] = stored.view(np.uint8)
        self._owner[slot.begin : slot.end] = index

    def clobber(self, value: SSAValue) -> None:
        """Fill a buffer with rubbish, as a call does that uses it as scratch memory."""
        index = self._index[root_value(value)]
        slot = self._slots[index]
        self._bytes[slot.begin : slot.end] = POISON
        self._owner[slot.begin : slot.end] = index

    def is_same_place(self, value: SSAValue, other: SSAValue) -> bool:
        """Whether two different buffers start at one address."""
        roots = root_value(value), root_value(other)
        indices = [self._index[root] for root in roots if root in self._index]
        if len(indices) < 2 or indices[0] == indices[1]:
            return False
        return self._slots[indices[0]].begin == self._slots[indices[1]].begin

    def expect_intact(self, op: Operation, value: SSAValue) -> None:
        """Check that all bytes of a buffer belong to it; constants and the frame always do.

        Raises:
            SNNError: some do not.
        """
        if (index := self._index.get(root_value(value))) is None:
            return
        slot = self._slots[index]
        owners = self._owner[slot.begin : slot.end]
        if (owners == index).all():
            return
        other = int(owners[owners != index][0])
        reason = "was not written"
        if other != NOBODY:
            reason = f"'{self._slots[other].name}' overwrote it"
        raise error_at(op, f"needs the buffer '{slot.name}', but {reason} in this step")


def _initial_bytes(slot: Slot) -> NDArray[np.uint8]:
    """A state at the start of a sequence: zeros, or copies of its initial row; or a constant."""
    if isinstance(slot.buffer, snnrt.ConstantOp):
        values = array_from_dense(slot.buffer.value).reshape(-1)
        return np.ascontiguousarray(values, element_dtype(slot.buffer.result.type)).view(np.uint8)
    size, initial = slot.end - slot.begin, slot.buffer.initial
    if initial is None:
        return np.zeros(size, np.uint8)
    row = array_from_dense(initial).astype(element_dtype(slot.buffer.result.type))
    return np.tile(row.view(np.uint8), size // row.nbytes)


def root_value(value: SSAValue) -> SSAValue:
    """The buffer, constant or frame that a value is or is a view of."""
    while isinstance(owner := value.owner, snnrt.ViewOp):
        value = owner.source
    return value


def element_dtype(type: Attribute) -> np.dtype:
    """numpy type of the elements of a buffer."""
    element = buffer_element(type)
    if element == f64:
        return np.dtype("<f8")
    assert isinstance(element, IntegerType), element
    assert element != i1, "spikes are stored as bytes"
    return np.dtype(f"<i{element.width.data // 8}")


def expect_fit(op: Operation, value: SSAValue, values: NDArray) -> None:
    """Check that values fit the element type of a buffer.

    Raises:
        SNNError: one does not.
    """
    if buffer_element(value.type) == f64:
        return
    limits = np.iinfo(element_dtype(value.type))
    outside = (values < limits.min) | (values > limits.max)
    if outside.any():
        raise error_at(
            op, f"computes {values[outside][0]} for '{value.name_hint}', which does not fit "
            f"{buffer_element(value.type)}"
        )  # fmt: skip


def _slots(network: snnrt.NetworkOp) -> list[Slot]:
    """Where buffers and copies lie, those of several arenas one arena behind the other."""
    buffers = [op for op in network.body.block.ops if isinstance(op, snnrt.BufferOp)]
    planned = [op for op in buffers if op.offset is not None]
    if planned and len(planned) != len(buffers):
        raise error_at(network, "only some of its buffers have an offset; run kernels-plan-memory")
    starts = _arena_starts(network)
    slots, end = list[Slot](), 0
    for op in network.placed:
        size = element_count(buffer_shape(op.result.type))
        size *= element_dtype(op.result.type).itemsize
        begin = end if op.offset is None else op.offset.value.data
        if network.arenas is not None and op.memory is not None:
            begin += starts[op.memory.data]
        slots.append(Slot(op, begin, begin + size))
        end = (begin + size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    return slots


def _arena_starts(network: snnrt.NetworkOp) -> dict[str, int]:
    """Of each of several arenas the bytes before it."""
    starts, end = dict[str, int](), 0
    for arena in network.arenas or ():
        starts[arena.memory.data] = end
        end += arena.bytes.value.data
    return starts
