# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The arenas of a network: one, or one for each of several memories of a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from xdsl.ir import SSAValue

from snnir.dialects import snnrt
from snnir.dialects.snnrt_memory import COPY_ALIGNMENT
from snnir.memory.layout import Layout, item_of, lay_out
from snnir.memory.lifetimes import buffers_of, in_place_groups, lifetimes, value_bytes
from snnir.memory.regions import Memory, MemoryMap
from snnir.memory.sections import PackingItem, Part, align
from snnir.memory.splitting import Part as MemoryPart
from snnir.memory.splitting import Unit, select, split

TRIAL_WORK = 10_000
"""Buffers times nodes of the search when buffers are only tried together."""


@dataclass(frozen=True)
class PlannedArena:
    """An arena.

    Attributes:
        memory: that holds it; None without a target, or where none has room.
        layout: of its buffers.
        traffic: bytes that a mean step reads and writes in it; None where it is the only one.
        bound: no other buffers that fit would have more traffic; None for what is left over.
        copies: offsets of constants that are copied to its end.
    """

    memory: Memory | None
    layout: Layout
    traffic: float | None = None
    bound: float | None = None
    copies: Mapping[snnrt.ConstantOp, int] = field(default_factory=dict[snnrt.ConstantOp, int])

    @property
    def copied_bytes(self) -> int:
        """What the copies take."""
        return sum(map(_copied_bytes, self.copies))

    @property
    def bytes(self) -> int:
        """Of buffers and copies."""
        return self.layout.bytes + self.copied_bytes


@dataclass(frozen=True)
class Plan:
    """The arenas of a network, the fastest memory first.

    Attributes:
        missing: bytes by which the last arena is larger than the room of its memory.
    """

    arenas: tuple[PlannedArena, ...]
    missing: int = 0

    @property
    def bytes(self) -> int:
        """Of all arenas."""
        return sum(arena.bytes for arena in self.arenas)

    @property
    def state_bytes(self) -> int:
        """Of all arenas."""
        return sum(arena.layout.state_bytes for arena in self.arenas)


def one_arena(network: snnrt.NetworkOp, memory_map: MemoryMap | None = None) -> Plan:
    """All buffers in one arena, in the fastest memory with room for it, if there is any."""
    layout = lay_out(network, buffers_of(network, snnrt.Region.STATE), lifetimes(network))
    memory = None if memory_map is None else memory_map.arena_memory(layout.bytes)
    return Plan((PlannedArena(memory, layout),))


def several_arenas(
    network: snnrt.NetworkOp, memory_map: MemoryMap, traffic: Mapping[SSAValue, float]
) -> Plan:
    """Buffers with most traffic for their size in the fastest memory, and so on.

    Args:
        traffic: bytes of each buffer that a step reads and writes.
    """
    lives, states = lifetimes(network), buffers_of(network, snnrt.Region.STATE)
    groups = in_place_groups(network, lives)
    end = len(list(network.body.block.ops))
    units = [
        *(Unit(_state_item(state, end), traffic[state.result]) for state in states),
        *(Unit(item_of(group), sum(traffic[life.buffer.result] for life in group))
          for group in groups),
    ]  # fmt: skip

    def laid_out(chosen: Sequence[int], **options: int) -> Layout:
        kept = [states[i] for i in sorted(chosen) if i < len(states)]
        shared = {
            life.buffer for i in chosen if i >= len(states) for life in groups[i - len(states)]
        }
        return lay_out(network, kept, [life for life in lives if life.buffer in shared], **options)

    def height(chosen: Sequence[int]) -> int:
        return laid_out(chosen, node_limit=TRIAL_WORK // max(len(chosen), 1)).bytes

    *_, slowest = everywhere = memory_map.arena_memories
    memories = [memory for memory in everywhere if memory_map.room(memory) > 0] or [slowest]
    found = split(units, [memory_map.room(memory) for memory in memories], height)
    arenas = [
        _planned(part, memory, laid_out(part.units))
        for memory, part in zip(memories, found.parts, strict=False)
        if part.units
    ]
    last = arenas[-1]
    assert last.memory is not None
    return Plan(tuple(arenas), max(last.layout.bytes - memory_map.room(last.memory), 0))


COPIED_OPERANDS = (
    "weights", "kernels", "tables", "filter", "starts", "entries", "distances", "blocks",
)  # fmt: skip
"""Operands whose constants may be copied: weights and tables. Compilers build parameters of neurons
into the code."""


def with_copies(
    network: snnrt.NetworkOp, plan: Plan, most: int, traffic: Mapping[SSAValue, float]
) -> Plan:
    """Copy the constants that a step reads most to the first arena.

    Args:
        most: bytes that copies may take.
        traffic: bytes of each constant that a step reads.
    """
    constants = [op for op in network.body.block.ops if isinstance(op, snnrt.ConstantOp)]
    constants = [op for op in constants if traffic[op.result] > 0 and _may_be_copied(op)]
    units = [
        Unit(PackingItem((Part(_copied_bytes(op), 0, 0),), COPY_ALIGNMENT), traffic[op.result])
        for op in constants
    ]
    chosen = select(
        units,
        range(len(units)),
        [unit.traffic for unit in units],
        most,
        lambda indices: sum(units[i].item.bytes for i in indices),
    )
    first, *others = plan.arenas
    copies, end = dict[snnrt.ConstantOp, int](), first.layout.bytes
    for op in (constants[i] for i in chosen.units):
        copies[op] = end
        end += _copied_bytes(op)
    return replace(plan, arenas=(replace(first, copies=copies), *others))


def _may_be_copied(op: snnrt.ConstantOp) -> bool:
    return any(
        getattr(use.operation, name, None) is op.result
        for use in op.result.uses
        for name in COPIED_OPERANDS
    )


def _copied_bytes(op: snnrt.ConstantOp) -> int:
    return align(value_bytes(op.result), COPY_ALIGNMENT)


def _planned(part: MemoryPart, memory: Memory, layout: Layout) -> PlannedArena:
    return PlannedArena(memory, layout, part.traffic, part.bound)


def _state_item(state: snnrt.BufferOp, end: int) -> PackingItem:
    part = Part(value_bytes(state.result), 0, end)
    return PackingItem((part,), state.alignment.value.data)
