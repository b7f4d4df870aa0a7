# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives every buffer of a `snnrt.network` its place in the caller's arena.

States come first and are never shared; they are set together at the start of a sequence. Transient
buffers live from the first call that touches them to the last, and share memory so that the arena
is smallest (`snnir.memory.packing`). Where the C function of a call allows it, its output takes the
place of an input that is not needed any more.

With `target`, the arena goes to the fastest memory of the target that has room for it, constants
go to flash, and each buffer and constant says so in its attribute `memory`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr, i64

from snnir.backends.targets import get_target
from snnir.dialects import snnrt
from snnir.memory.lifetimes import Lifetime, buffers_of, in_place_groups, lifetimes, value_bytes
from snnir.memory.limits import check_arena, check_constants
from snnir.memory.packing import Packing, pack
from snnir.memory.residency import MEMORY
from snnir.memory.sections import PackingItem, Part, align
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.support.pass_base import SNNPass, option

ARENA_ALIGNMENT = 8
"""Alignment of the arena that the caller provides, in bytes."""


@dataclass(frozen=True)
class KernelsPlanMemoryPass(SNNPass):
    """Place buffers in the arena."""

    name: ClassVar[str] = "kernels-plan-memory"

    ram_limit: int | None = option(None, "largest arena allowed, in bytes")
    flash_limit: int | None = option(None, "most bytes that constants may take")
    target: str | None = option(None, "target whose memories hold arena and constants")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snnrt.NetworkOp)]:
            self._plan(network)

    def _plan(self, network: snnrt.NetworkOp) -> None:
        state_bytes = _place_states(buffers_of(network, snnrt.Region.STATE))
        lives = lifetimes(network)
        groups, packing = _pack_transients(network, lives)
        base = align(state_bytes, max((_alignment(group) for group in groups), default=1))
        for group, offset in zip(groups, packing.offsets, strict=True):
            for life in group:
                _set_offset(life.buffer, base + offset)
        arena_bytes = align(base + packing.height if groups else state_bytes, ARENA_ALIGNMENT)
        network.properties["state_bytes"] = IntegerAttr(state_bytes, i64)
        network.properties["arena_bytes"] = IntegerAttr(arena_bytes, i64)
        self._report(network, sum(life.bytes for life in lives), groups, packing)
        self._choose_memories(network)

    def _report(
        self,
        network: snnrt.NetworkOp,
        unshared: int,
        groups: Sequence[tuple[Lifetime, ...]],
        packing: Packing,
    ) -> None:
        assert network.arena_bytes is not None
        assert network.state_bytes is not None
        arena, state = network.arena_bytes.value.data, network.state_bytes.value.data
        in_place = sum(len(group) - 1 for group in groups)
        self.statistics.add("arena bytes", arena)
        self.statistics.add("bytes saved by sharing", state + unshared - arena)
        self.statistics.add("buffers written in place", in_place)
        self.statistics.add("packing nodes", packing.nodes)
        self.statistics.add("packing gap bytes", packing.gap)
        proof = "the least possible"
        if not packing.is_optimal:
            proof = f"at most {packing.gap} above the least possible"
        self.remark(
            network,
            f"arena of {arena} bytes: {state} of state, {arena - state} shared by {unshared} bytes "
            f"of transient buffers, {proof}",
            arena_bytes=arena, state_bytes=state, transient_bytes=unshared, in_place=in_place,
            lower_bound=packing.lower_bound, gap=packing.gap, nodes=packing.nodes,
        )  # fmt: skip

    def _choose_memories(self, network: snnrt.NetworkOp) -> None:
        description = None if self.target is None else get_target(self.target)
        memory_map = None if description is None else description.memory_map
        name = "" if description is None else description.name
        arena = check_arena(network, self.ram_limit, name, memory_map)
        flash = check_constants(network, self.flash_limit, name, memory_map)
        for op in network.body.block.ops:
            if not isinstance(op, snnrt.BufferOp | snnrt.ConstantOp):
                continue
            op.attributes.pop(MEMORY, None)
            memory = arena if isinstance(op, snnrt.BufferOp) else flash
            if memory is not None:
                op.attributes[MEMORY] = StringAttr(memory.name)


def arena_bytes(
    ctx: Context,
    network: snnrt.NetworkOp,
    limit: int | None = None,
    target: str | None = None,
) -> int | None:
    """Plan a network that is in no module; bytes of its arena. None
    if it is above the limit or fits into no memory of the target."""
    try:
        with DiagnosticEngine():
            KernelsPlanMemoryPass(ram_limit=limit, target=target).apply(ctx, ModuleOp([network]))
    except SNNError:
        return None
    assert network.arena_bytes is not None
    return network.arena_bytes.value.data


def _set_offset(buffer: snnrt.BufferOp, offset: int) -> None:
    buffer.properties["offset"] = IntegerAttr(offset, i64)


def _place_states(states: Sequence[snnrt.BufferOp]) -> int:
    """Place states in a row; returns the end, which is a multiple of the arena's alignment."""
    end = 0
    for buffer in states:
        offset = align(end, buffer.alignment.value.data)
        _set_offset(buffer, offset)
        end = offset + value_bytes(buffer.result)
    return align(end, ARENA_ALIGNMENT)


def _alignment(group: Sequence[Lifetime]) -> int:
    return max(life.buffer.alignment.value.data for life in group)


def _pack_transients(
    network: snnrt.NetworkOp, lives: Sequence[Lifetime]
) -> tuple[list[tuple[Lifetime, ...]], Packing]:
    """Groups of buffers that share one offset, and the offsets."""
    groups = in_place_groups(network, lives)
    packing = _pack(groups)
    if packing.height > packing.lower_bound and len(groups) < len(lives):
        # One offset for two buffers is also a constraint, which may cost more than it saves.
        apart: list[tuple[Lifetime, ...]] = [(life,) for life in lives]
        if (freely := _pack(apart)).height < packing.height:
            return apart, freely
    return groups, packing


def _pack(groups: Sequence[tuple[Lifetime, ...]]) -> Packing:
    items = [
        PackingItem(
            tuple(Part(life.bytes, life.first, life.last) for life in group), _alignment(group)
        )
        for group in groups
    ]
    return pack(items, granularity=ARENA_ALIGNMENT)
