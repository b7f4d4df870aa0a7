# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives every buffer of a `snnrt.network` its place in the caller's arena.

States come first and are never shared; they are cleared together at the start of a sequence.
Transient buffers live from the first call that touches them to the last, and two whose lives do not
overlap may share memory: the largest are placed first, each at the lowest offset that is free.
"""

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp, i64
from xdsl.ir import SSAValue

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option

ARENA_ALIGNMENT = 8
"""Alignment of the arena that the caller provides, in bytes."""


@dataclass
class Placement:
    """A buffer with the interval of calls, inclusive, in which it holds something."""

    buffer: snnrt.BufferOp
    bytes: int
    first: int
    last: int
    offset: int = 0

    def conflicts(self, other: "Placement") -> bool:
        """Whether both hold something at the same time."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class KernelsPlanMemoryPass(SNNPass):
    """Place buffers in the arena."""

    name: ClassVar[str] = "kernels-plan-memory"

    limit: int | None = option(None, "largest arena allowed, in bytes")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snnrt.NetworkOp)]:
            self._plan(network)

    def _plan(self, network: snnrt.NetworkOp) -> None:
        buffers = [op for op in network.body.block.ops if isinstance(op, snnrt.BufferOp)]
        state_bytes = _place_states([b for b in buffers if b.region.data is snnrt.Region.STATE])
        transients = _lifetimes(network)
        arena_bytes = _place_transients(transients, state_bytes)
        network.properties["state_bytes"] = IntegerAttr(state_bytes, i64)
        network.properties["arena_bytes"] = IntegerAttr(arena_bytes, i64)
        unshared = sum(placement.bytes for placement in transients)
        self.statistics.add("arena bytes", arena_bytes)
        self.statistics.add("bytes saved by sharing", state_bytes + unshared - arena_bytes)
        self.remark(
            network,
            f"arena of {arena_bytes} bytes: {state_bytes} of state, "
            f"{arena_bytes - state_bytes} shared by {unshared} bytes of transient buffers",
            arena_bytes=arena_bytes, state_bytes=state_bytes, transient_bytes=unshared,
        )  # fmt: skip
        if self.limit is not None and arena_bytes > self.limit:
            largest = sorted(buffers, key=buffer_bytes, reverse=True)[:3]
            blame = ", ".join(f"{b.sym_name.data} ({buffer_bytes(b)})" for b in largest)
            raise error_at(
                network,
                f"the arena takes {arena_bytes} bytes, {arena_bytes - self.limit} too many; "
                f"largest buffers: {blame}",
            )


def buffer_bytes(buffer: snnrt.BufferOp) -> int:
    """Size of a buffer in bytes."""
    element = buffer_element(buffer.result.type)
    assert isinstance(element, IntegerType)
    return element_count(buffer_shape(buffer.result.type)) * element.width.data // 8


def align(offset: int, alignment: int) -> int:
    """The smallest multiple of `alignment` from `offset` on."""
    return (offset + alignment - 1) // alignment * alignment


def _set_offset(buffer: snnrt.BufferOp, offset: int) -> None:
    buffer.properties["offset"] = IntegerAttr(offset, i64)


def _place_states(states: list[snnrt.BufferOp]) -> int:
    end = 0
    for buffer in states:
        offset = align(end, buffer.alignment.value.data)
        _set_offset(buffer, offset)
        end = offset + buffer_bytes(buffer)
    return align(end, ARENA_ALIGNMENT)


def root_buffer(value: SSAValue) -> snnrt.BufferOp | None:
    """The buffer that a value is or is a view of; None for constants and the frame."""
    while isinstance(owner := value.owner, snnrt.ViewOp):
        value = owner.source
    return owner if isinstance(owner, snnrt.BufferOp) else None


def _lifetimes(network: snnrt.NetworkOp) -> list[Placement]:
    """Transient buffers with the calls that touch them, in order of the first.

    One that no call touches is never live, but has a place like all others.
    """
    placements: dict[snnrt.BufferOp, Placement] = {}
    unused: list[Placement] = []
    for index, op in enumerate(network.body.block.ops):
        if isinstance(op, snnrt.BufferOp) and not op.result.uses:
            if op.region.data is snnrt.Region.TRANSIENT:
                unused.append(Placement(op, buffer_bytes(op), 0, -1))
        if not isinstance(op, KernelOpBase | snnrt.OutputOp):
            continue
        for operand in op.operands:
            buffer = root_buffer(operand)
            if buffer is None or buffer.region.data is snnrt.Region.STATE:
                continue
            if buffer not in placements:
                placements[buffer] = Placement(buffer, buffer_bytes(buffer), index, index)
            placements[buffer].last = index
    return [*placements.values(), *unused]


def _place_transients(placements: list[Placement], start: int) -> int:
    """Place the largest first, each at the lowest free offset; returns the end of the arena."""
    placed: list[Placement] = []
    end = start
    for placement in sorted(placements, key=lambda p: (-p.bytes, p.first)):
        placement.offset = _lowest_free(placement, placed, start)
        _set_offset(placement.buffer, placement.offset)
        placed.append(placement)
        end = max(end, placement.offset + placement.bytes)
    return align(end, ARENA_ALIGNMENT)


def _lowest_free(placement: Placement, placed: list[Placement], start: int) -> int:
    alignment = placement.buffer.alignment.value.data
    offset = align(start, alignment)
    for other in sorted(filter(placement.conflicts, placed), key=lambda p: p.offset):
        if offset + placement.bytes <= other.offset:
            break
        offset = max(offset, align(other.offset + other.bytes, alignment))
    return offset
