# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which buffer lies where and when, and which layer's constants take how much flash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.ir import SSAValue

from snnir.costs.traffic import traffic
from snnir.dialects import snnrt
from snnir.memory.lifetimes import buffers_of, layer_labels, lifetimes, value_bytes
from snnir.memory.limits import constant_layers

ALWAYS = "always"


@dataclass(frozen=True)
class BufferRow:
    """A buffer in an arena.

    Attributes:
        memory: of the target that holds the arena; None if memory was planned without one.
        traffic: bytes that a mean step reads and writes there (`snnir.costs.traffic`), by which
            memories are chosen where one does not hold all.
        kind: `state` or `transient`.
        first, last: layers at which it is live; `always` for states, None for an unused buffer.
        offset: in the arena, in bytes.
    """

    buffer: str
    bytes: int
    memory: str | None
    kind: str
    first: str | None
    last: str | None
    offset: int
    traffic: float


@dataclass(frozen=True)
class ArenaRow:
    """An arena: what it takes, and what a mean step reads and writes in it."""

    memory: str | None
    bytes: int
    state_bytes: int
    traffic: float


@dataclass(frozen=True)
class ConstantRow:
    """The constants of one layer in one memory; `copied` ones are in flash, too.

    `traffic` is what a mean step reads of them, in bytes.
    """

    layer: str
    bytes: int
    memory: str | None
    constants: tuple[str, ...]
    traffic: float
    copied: bool = False


@dataclass(frozen=True)
class Residency:
    """Where a planned network lies in memory; buffers are in order of arenas and offsets."""

    arenas: tuple[ArenaRow, ...]
    buffers: tuple[BufferRow, ...]
    constants: tuple[ConstantRow, ...]


def residency(network: snnrt.NetworkOp) -> Residency:
    """The residency of a network whose memory is planned."""
    labels, moved = layer_labels(network), traffic(network)
    spans = {buffer: (ALWAYS, ALWAYS) for buffer in buffers_of(network, snnrt.Region.STATE)}
    rows = [_buffer_row(buffer, span, moved[buffer.result]) for buffer, span in spans.items()]
    for life in lifetimes(network):
        used = life.last >= 0
        span = (labels[life.first], labels[life.last]) if used else (None, None)
        rows.append(_buffer_row(life.buffer, span, moved[life.buffer.result]))
    arenas = _arena_rows(network, rows)
    places = [arena.memory for arena in arenas]
    rows.sort(
        key=lambda row: (
            places.index(row.memory), row.kind != str(snnrt.Region.STATE), row.offset
        )
    )  # fmt: skip
    return Residency(arenas, tuple(rows), _constant_rows(network, moved))


def _arena_rows(network: snnrt.NetworkOp, buffers: Sequence[BufferRow]) -> tuple[ArenaRow, ...]:
    if network.arenas is not None:
        return tuple(
            ArenaRow(
                arena.memory.data,
                arena.bytes.value.data,
                arena.state.value.data,
                sum(row.traffic for row in buffers if row.memory == arena.memory.data),
            )
            for arena in network.arenas
        )
    assert network.arena_bytes is not None
    assert network.state_bytes is not None
    sizes = network.arena_bytes.value.data, network.state_bytes.value.data
    memory = buffers[0].memory if buffers else None
    return (ArenaRow(memory, *sizes, sum(row.traffic for row in buffers)),)


def _buffer_row(
    buffer: snnrt.BufferOp, span: tuple[str | None, str | None], traffic: float
) -> BufferRow:
    assert buffer.offset is not None
    return BufferRow(
        buffer.sym_name.data,
        value_bytes(buffer.result),
        _memory(buffer),
        str(buffer.region.data),
        *span,
        buffer.offset.value.data,
        traffic,
    )


def _constant_rows(
    network: snnrt.NetworkOp, moved: Mapping[SSAValue, float]
) -> tuple[ConstantRow, ...]:
    groups: dict[tuple[str, str | None, bool], list[snnrt.ConstantOp]] = {}
    for op, layer in constant_layers(network).items():
        groups.setdefault((layer, _memory(op), op.offset is not None), []).append(op)
    return tuple(
        ConstantRow(
            layer,
            sum(value_bytes(op.result) for op in ops),
            memory,
            tuple(op.sym_name.data for op in ops),
            sum(moved[op.result] for op in ops),
            copied,
        )
        for (layer, memory, copied), ops in groups.items()
    )


def _memory(op: snnrt.BufferOp | snnrt.ConstantOp) -> str | None:
    return None if op.memory is None else op.memory.data
