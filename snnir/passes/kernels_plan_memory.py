# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives every buffer of a `snnrt.network` its place in the caller's memory.

All buffers lie in one arena. States come first and are never shared; they are set together at the
start of a sequence. Transient buffers live from the first call that touches them to the last, and
share memory so that the arena is smallest (`snnir.memory.packing`). Where the C function of a call
allows it, its output takes the place of an input that is not needed any more.

With `target`, the arena goes to the fastest memory of the target, constants go to flash, and each
buffer and constant names its `memory`. Where that memory has no room for the whole arena, there is
one for each of several memories: the fastest takes those buffers that fit together with the most
traffic, the bytes that a mean step reads and writes, the next one does so with the others, and so
on (`snnir.memory.splitting`, `snnir.costs.traffic`). Remarks tell how much of the traffic each
memory serves, and how far that may be from the most possible. `memory-limits` says how many bytes
of a memory arenas may take where programs need the rest; 0 keeps them out of it.

With `copy-constants`, weights and tables are copied, once, to room that is left in the memory of
the first arena: those of most traffic that fit. They stay in flash, too.
"""

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, ModuleOp, StringAttr, i64

from snnir.backends.targets import get_target
from snnir.costs.limits import Limits
from snnir.costs.signals import ASSUMED_INPUT_RATE, ASSUMED_RATE
from snnir.costs.traffic import traffic
from snnir.dialects import snnrt
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.layers.activity_attributes import INPUT_COUNTS
from snnir.memory.limits import arena_shortage, check_arena, check_constants
from snnir.memory.plan import Plan, PlannedArena, one_arena, several_arenas, with_copies
from snnir.memory.regions import Memory, MemoryMap
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.support.pass_base import SNNPass, option

ROUNDING = 0.0005
"""Share of the traffic that is shown as 0.0 % or 0.1 %."""


@dataclass(frozen=True)
class KernelsPlanMemoryPass(SNNPass):
    """Place buffers in arenas."""

    name: ClassVar[str] = "kernels-plan-memory"

    ram_limit: int | None = option(None, "most bytes of all arenas")
    flash_limit: int | None = option(None, "most bytes that constants may take")
    target: str | None = option(None, "target whose memories hold arenas and constants")
    memory_limits: tuple[str, ...] = option(
        (), "most bytes of memories of the target that arenas may take, as NAME:BYTES"
    )
    copy_constants: bool = option(
        False, "copy weights and tables to what is left of the memory of the first arena"
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snnrt.NetworkOp)]:
            self._plan(network)

    def _plan(self, network: snnrt.NetworkOp) -> None:
        name, memory_map = self._memories()
        plan = self._arenas(network, name, memory_map)
        flash = check_constants(network, self.flash_limit, name, memory_map)
        if self.copy_constants and memory_map is not None:
            plan = self._with_copies(network, plan, memory_map)
        for op in network.body.block.ops:
            if isinstance(op, snnrt.ConstantOp):
                _place(op, flash, None)
        _write(network, plan)
        self._report(network, plan)

    def _memories(self) -> tuple[str, MemoryMap | None]:
        """Name of the target and its memories."""
        of_a_target = self.memory_limits or self.copy_constants
        if self.target is None:
            if of_a_target:
                raise SNNError("memory-limits and copy-constants need a target; name one")
            return "", None
        description = get_target(self.target)
        if description.memory_map is None:
            if of_a_target:
                raise SNNError(f"'{description.name}' has no memories to limit or to copy to")
            return description.name, None
        return description.name, description.memory_map.limited(self.memory_limits)

    def _with_copies(self, network: snnrt.NetworkOp, plan: Plan, memory_map: MemoryMap) -> Plan:
        """The plan with copies of constants in what is left."""
        first, moved = plan.arenas[0], traffic(network)
        assert first.memory is not None
        most = memory_map.room(first.memory) - first.bytes
        # The limit may be one of the whole program: copies leave room for its stack.
        if (limit := Limits(self.ram_limit).arena_bytes) is not None:
            most = min(most, limit - plan.bytes)
        copied = with_copies(network, plan, most, moved)
        arena = copied.arenas[0]
        constants = [op for op in network.body.block.ops if isinstance(op, snnrt.ConstantOp)]
        served, total = (sum(moved[op.result] for op in ops) for ops in (arena.copies, constants))
        self.statistics.add("bytes of copied constants", arena.copied_bytes)
        self.remark(
            network, f"{len(arena.copies)} constants are copied to {first.memory.name}, "
            f"{arena.copied_bytes} bytes, with {served / max(total, 1):.1%} of what a mean step "
            "reads of constants",
            copies=len(arena.copies), copied_bytes=arena.copied_bytes,
        )  # fmt: skip
        return copied

    def _arenas(self, network: snnrt.NetworkOp, target: str, memory_map: MemoryMap | None) -> Plan:
        """The arenas. Raises `SNNError` where they fit no memory or are above the limit."""
        whole = one_arena(network, memory_map)
        check_arena(network, whole.bytes, self.ram_limit)
        memory = whole.arenas[0].memory
        if memory_map is None or memory == memory_map.arena_memories[0]:
            return whole
        self._say_what_is_assumed(network)
        plan = several_arenas(network, memory_map, traffic(network))
        above = self.ram_limit is not None and plan.bytes > self.ram_limit
        if memory is not None and (plan.missing or above):
            # Buffers of different arenas do not share memory, which may take too much.
            return whole
        if plan.missing:
            last = plan.arenas[-1].memory
            assert last is not None
            raise arena_shortage(network, plan, target, memory_map.room(last))
        check_arena(network, plan.bytes, self.ram_limit)
        return plan

    def _say_what_is_assumed(self, network: snnrt.NetworkOp) -> None:
        if network.input.data not in REAL_KINDS and INPUT_COUNTS not in network.attributes:
            self.remark(
                network,
                f"no activity was measured; memories are chosen as if {ASSUMED_INPUT_RATE:.0%} of "
                f"the input and {ASSUMED_RATE:.0%} of the neurons were active "
                "(snn-measure-activity)",
            )

    def _report(self, network: snnrt.NetworkOp, plan: Plan) -> None:
        layouts = [arena.layout for arena in plan.arenas]
        unshared = sum(layout.unshared for layout in layouts)
        buffers = sum(layout.bytes for layout in layouts)
        self.statistics.add("arenas", len(layouts))
        self.statistics.add("arena bytes", plan.bytes)
        self.statistics.add("bytes saved by sharing", plan.state_bytes + unshared - buffers)
        for layout in layouts:
            self.statistics.add("buffers written in place", layout.in_place)
            self.statistics.add("packing nodes", layout.packing.nodes)
            self.statistics.add("packing gap bytes", layout.packing.gap)
        total = sum(arena.traffic or 0 for arena in plan.arenas)
        for arena in plan.arenas:
            self._report_arena(network, arena, total if len(plan.arenas) > 1 else None)

    def _report_arena(
        self, network: snnrt.NetworkOp, arena: PlannedArena, total: float | None
    ) -> None:
        layout = arena.layout
        packing, bytes, state = layout.packing, layout.bytes, layout.state_bytes
        proof = "the least possible"
        if not packing.is_optimal:
            proof = f"at most {packing.gap} above the least possible"
        where, served = "", ""
        if total is not None and arena.memory is not None:
            where, served = f" in {arena.memory.name}", f"; {_served(arena, total)}"
        self.remark(
            network,
            f"arena of {bytes} bytes{where}: {state} of state, {bytes - state} shared by "
            f"{layout.unshared} bytes of transient buffers, {proof}{served}",
            arena_bytes=bytes, state_bytes=state, transient_bytes=layout.unshared,
            in_place=layout.in_place, lower_bound=packing.lower_bound, gap=packing.gap,
            nodes=packing.nodes, **({} if total is None else {"traffic": arena.traffic}),
        )  # fmt: skip


def _served(arena: PlannedArena, total: float) -> str:
    """How much of the traffic goes to an arena, and how much could."""
    assert arena.traffic is not None
    share = arena.traffic / max(total, 1)
    text = f"{arena.traffic:,.0f} bytes of traffic in a mean step, {share:.1%} of all"
    if arena.bound is None:
        return text
    if arena.bound - arena.traffic < ROUNDING * total:
        return f"{text}, the most possible"
    return f"{text}, of at most {arena.bound / max(total, 1):.1%}"


def _write(network: snnrt.NetworkOp, plan: Plan) -> None:
    """Write a plan into the operations."""
    network.properties["state_bytes"] = IntegerAttr(plan.state_bytes, i64)
    network.properties["arena_bytes"] = IntegerAttr(plan.bytes, i64)
    network.properties.pop("arenas", None)
    several = []
    for arena in plan.arenas:
        for buffer, offset in arena.layout.offsets.items():
            _place(buffer, arena.memory, offset)
        for constant, offset in arena.copies.items():
            _place(constant, arena.memory, offset)
        if arena.memory is not None:
            state = arena.layout.state_bytes
            several.append(snnrt.ArenaAttr.make(arena.memory.name, arena.bytes, state))
    if len(several) > 1:
        network.properties["arenas"] = ArrayAttr(several)


def _place(
    op: snnrt.BufferOp | snnrt.ConstantOp, memory: Memory | None, offset: int | None
) -> None:
    """Write memory and offset, in this order, and no others."""
    for name in ("memory", "offset"):
        op.properties.pop(name, None)
    if memory is not None:
        op.properties["memory"] = StringAttr(memory.name)
    if offset is not None:
        op.properties["offset"] = IntegerAttr(offset, i64)


def arena_bytes(
    ctx: Context,
    network: snnrt.NetworkOp,
    limit: int | None = None,
    target: str | None = None,
    memory_limits: tuple[str, ...] = (),
) -> int | None:
    """Plan a network that is in no module; bytes of its arenas. None
    if they are above the limit or do not fit into the memories of the target."""
    planner = KernelsPlanMemoryPass(limit, target=target, memory_limits=memory_limits)
    try:
        with DiagnosticEngine():
            planner.apply(ctx, ModuleOp([network]))
    except SNNError:
        return None
    assert network.arena_bytes is not None
    return network.arena_bytes.value.data
