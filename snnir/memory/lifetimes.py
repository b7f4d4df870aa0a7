# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""When the buffers of a `snnrt.network` hold something, and which may take over another's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_bytes
from snnir.dialects.network import LAYER

INPUT, READOUT = "input", "readout"
"""Names for the calls before the first layer and after the last one."""


@dataclass
class Lifetime:
    """A transient buffer with the calls, by position in the block and inclusive, that need it.

    A buffer that no call touches has `first` above `last`.
    """

    buffer: snnrt.BufferOp
    bytes: int
    first: int
    last: int


def value_bytes(value: SSAValue) -> int:
    """Size of a buffer or constant in bytes; elements below 8 bits take a byte."""
    return buffer_bytes(value.type)


def root_buffer(value: SSAValue) -> snnrt.BufferOp | None:
    """The buffer that a value is or is a view of; None for constants and the frame."""
    while isinstance(owner := value.owner, snnrt.ViewOp):
        value = owner.source
    return owner if isinstance(owner, snnrt.BufferOp) else None


def buffers_of(network: snnrt.NetworkOp, region: snnrt.Region) -> list[snnrt.BufferOp]:
    """The buffers of one region in their order."""
    buffers = (op for op in network.body.block.ops if isinstance(op, snnrt.BufferOp))
    return [buffer for buffer in buffers if buffer.region.data is region]


def lifetimes(network: snnrt.NetworkOp) -> list[Lifetime]:
    """The transient buffers in their order."""
    found: dict[snnrt.BufferOp | None, Lifetime] = {
        buffer: Lifetime(buffer, value_bytes(buffer.result), 0, -1)
        for buffer in buffers_of(network, snnrt.Region.TRANSIENT)
    }
    for index, op in enumerate(network.body.block.ops):
        if not isinstance(op, KernelOpBase | snnrt.OutputOp):
            continue
        for operand in op.operands:
            lifetime = found.get(root_buffer(operand))
            if lifetime is None:
                continue
            if lifetime.last < 0:
                lifetime.first = index
            lifetime.last = index
    return list(found.values())


def in_place_groups(
    network: snnrt.NetworkOp, lives: Sequence[Lifetime]
) -> list[tuple[Lifetime, ...]]:
    """Transient buffers, those together that take the same place one after the other.

    A buffer takes over the place of another one where a call makes it out of that one, nothing
    needs that one any more, and the C function of the call allows it (`KernelOpBase.in_place`).
    """
    by_buffer: dict[snnrt.BufferOp | None, Lifetime] = {life.buffer: life for life in lives}
    successor: dict[snnrt.BufferOp, snnrt.BufferOp] = {}
    taken: set[snnrt.BufferOp] = set()
    for index, op in enumerate(network.body.block.ops):
        if not isinstance(op, KernelOpBase):
            continue
        for read, written in op.in_place():
            old = by_buffer.get(root_buffer(getattr(op, read)))
            new = by_buffer.get(root_buffer(getattr(op, written)))
            if old is None or new is None or old.buffer in successor or new.buffer in taken:
                continue
            dies = old.last == index == new.first and new.bytes <= old.bytes
            if dies and _reads_only_in_pairs(op, old.buffer, written):
                successor[old.buffer] = new.buffer
                taken.add(new.buffer)
    groups = []
    for life in lives:
        if life.buffer in taken:
            continue
        group = [life]
        while (following := successor.get(group[-1].buffer)) is not None:
            group.append(by_buffer[following])
        groups.append(tuple(group))
    return groups


def _reads_only_in_pairs(op: KernelOpBase, buffer: snnrt.BufferOp, written: str) -> bool:
    """Whether each operand that reads the buffer may be where `written` is."""
    readers = [
        name
        for name in (*op.READS, *op.UPDATES)
        if (value := getattr(op, name)) is not None and root_buffer(value) is buffer
    ]
    return all((name, written) in op.in_place() for name in readers)


def layer_labels(network: snnrt.NetworkOp) -> list[str]:
    """Of each operation in the block the layer that it works for.

    Calls without a layer prepare the next one; the first call reads the input, and calls after the
    last layer belong to the readout.
    """
    label, labels = READOUT, list[str]()
    for op in reversed(list(network.body.block.ops)):
        label = _own_layer(op) or label
        labels.append(label)
    return labels[::-1]


def _own_layer(op: Operation) -> str | None:
    if isinstance(op, snnrt.FrameToHWCOp | snnrt.ValuesToHWCOp):
        return INPUT
    layer = op.attributes.get(LAYER)
    return layer.data if isinstance(layer, StringAttr) else None
