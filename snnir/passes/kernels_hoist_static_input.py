# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Computes what only depends on a static input once in a sequence.

A network whose input is `static_values` gets the same frame at every step, so whatever is computed
from frame and constants alone, usually the currents of the first layer, which is the widest and the
only one with real values, is the same at every step. The pass marks these calls `once`: they run in
the first step after a reset, which is then the only one that reads the frame. Buffers that other
calls read become states, so that they last to the end of the sequence; the arena grows by what they
no longer share.

A call is hoisted if it touches no state and everything else that it reads or writes is the frame, a
constant, or written by hoisted calls only; a list of active inputs, if only hoisted calls use its
length. Neurons never are: they have states. Networks of other inputs are left alone.

Nothing is hoisted where the arena would go above `ram-limit` or would not fit into the memories of
`target`, and with `keep-arena` where it would grow by more than 2 % of arena and constants
together; a remark says so. Memory must not be planned yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr

from snnir.costs.goals import NEARLY_SMALLEST
from snnir.costs.model import constant_bytes
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.dialects.snn_attributes import InputKind
from snnir.memory.lifetimes import root_buffer, value_bytes
from snnir.passes.kernels_plan_memory import arena_bytes
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option


@dataclass(frozen=True)
class KernelsHoistStaticInputPass(SNNPass):
    """Compute what only depends on a static input in the first step."""

    name: ClassVar[str] = "kernels-hoist-static-input"

    keep_arena: bool = option(False, "hoist only if the arena hardly grows: 2 % of all bytes")
    ram_limit: int | None = option(None, "hoist only if arenas have at most so many bytes")
    target: str | None = option(None, "hoist only if the memories of this target hold the arenas")
    memory_limits: tuple[str, ...] = option(
        (), "most bytes of these memories that arenas may take, as NAME:BYTES"
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snnrt.NetworkOp)]:
            if network.input.data is InputKind.STATIC_VALUES:
                self._hoist_where_it_fits(ctx, network)

    def _hoist_where_it_fits(self, ctx: Context, network: snnrt.NetworkOp) -> None:
        if network.arena_bytes is not None:
            raise error_at(network, "memory is planned already; hoist before kernels-plan-memory")
        calls = static_calls(network)
        if not calls:
            return
        limit = self.ram_limit
        if self.keep_arena:
            least = arena_bytes(ctx, network.clone())
            assert least is not None, "without limits, memory can always be planned"
            # As much as the smallest kernels may give up for faster ones.
            least += int((NEARLY_SMALLEST - 1) * (least + constant_bytes(network)))
            limit = least if limit is None else min(limit, least)
        after = network.clone()
        hoist(after, static_calls(after))
        arena = arena_bytes(ctx, after, limit, self.target, self.memory_limits)
        if arena is None:
            self.remark(
                network, f"{len(calls)} calls could run once in a sequence, but then the arena "
                "would be too large",
            )  # fmt: skip
            return
        kept = hoist(network, calls)
        self.statistics.add("calls hoisted", len(calls))
        self.remark(
            network,
            f"{len(calls)} of {len(_calls(network))} calls run once in a sequence; "
            f"{sum(value_bytes(buffer.result) for buffer in kept)} bytes that they write are kept "
            "from step to step",
            calls=len(calls), arena_bytes=arena,
        )  # fmt: skip


def _calls(network: snnrt.NetworkOp) -> list[KernelOpBase]:
    return [op for op in network.body.block.ops if isinstance(op, KernelOpBase)]


def static_calls(network: snnrt.NetworkOp) -> list[KernelOpBase]:
    """The calls whose results are the same at every step if the frame is, in their order."""
    calls = _calls(network)
    writers: dict[snnrt.BufferOp, set[KernelOpBase]] = {}
    for op in calls:
        for buffer in _roots(op, (*op.WRITES, *op.UPDATES)):
            writers.setdefault(buffer, set()).add(op)
    static = set(calls)
    while varying := {op for op in static if not _is_static(op, static, writers)}:
        static -= varying
    return [op for op in calls if op in static]


def _is_static(
    op: KernelOpBase, static: set[KernelOpBase], writers: dict[snnrt.BufferOp, set[KernelOpBase]]
) -> bool:
    """Whether a call depends on static ones only, and only they take part in what it leaves."""
    touched = _roots(op, (*op.READS, *op.WRITES, *op.UPDATES))
    if any(buffer.region.data is snnrt.Region.STATE for buffer in touched):
        return False
    if not all(writers.get(buffer, set()) <= static for buffer in touched):
        return False
    counted = {value.owner for value in op.operands if isinstance(value.owner, KernelOpBase)}
    users = {use.operation for result in op.results for use in result.uses}
    return counted | users <= static


def hoist(network: snnrt.NetworkOp, calls: list[KernelOpBase]) -> list[snnrt.BufferOp]:
    """Mark calls as `once`; returns the buffers that become states."""
    hoisted = set(calls)
    others = [op for op in _calls(network) if op not in hoisted]
    needed = {buffer for op in others for buffer in _roots(op, op.READS)}
    kept = dict.fromkeys(
        buffer
        for op in calls
        for buffer in _roots(op, (*op.WRITES, *op.UPDATES))
        if buffer in needed
    )
    for op in calls:
        op.properties["once"] = UnitAttr()
    for buffer in kept:
        buffer.properties["region"] = snnrt.RegionAttr(snnrt.Region.STATE)
    return list(kept)


def _roots(op: KernelOpBase, names: tuple[str, ...]) -> list[snnrt.BufferOp]:
    """The buffers behind operands, without constants and the frame."""
    found = [root_buffer(value) for value in op.buffers(names)]
    return [buffer for buffer in found if buffer is not None]
