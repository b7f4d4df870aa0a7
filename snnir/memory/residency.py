# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which buffer lies where and when, and which layer's constants take how much flash."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from snnir.dialects import snnrt
from snnir.memory.lifetimes import buffers_of, layer_labels, lifetimes, value_bytes
from snnir.memory.limits import constant_layers

MEMORY = "memory"
"""Attribute of a buffer or constant: the name of the memory of the target that holds it."""

ALWAYS = "always"


@dataclass(frozen=True)
class BufferRow:
    """A buffer in the arena.

    Attributes:
        memory: of the target; None if memory was planned without one.
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


@dataclass(frozen=True)
class ConstantRow:
    """The constants of one layer."""

    layer: str
    bytes: int
    memory: str | None
    constants: tuple[str, ...]


@dataclass(frozen=True)
class Residency:
    """Where a planned network lies in memory; buffers are in order of their offsets."""

    buffers: tuple[BufferRow, ...]
    constants: tuple[ConstantRow, ...]


def residency(network: snnrt.NetworkOp) -> Residency:
    """The residency of a network whose memory is planned."""
    labels = layer_labels(network)
    rows = [
        _buffer_row(buffer, ALWAYS, ALWAYS) for buffer in buffers_of(network, snnrt.Region.STATE)
    ]
    for life in lifetimes(network):
        used = life.last >= 0
        first, last = (labels[life.first], labels[life.last]) if used else (None, None)
        rows.append(_buffer_row(life.buffer, first, last))
    rows.sort(key=lambda row: (row.kind != str(snnrt.Region.STATE), row.offset))
    return Residency(tuple(rows), _constant_rows(network))


def _buffer_row(buffer: snnrt.BufferOp, first: str | None, last: str | None) -> BufferRow:
    assert buffer.offset is not None
    return BufferRow(
        buffer.sym_name.data,
        value_bytes(buffer.result),
        _memory(buffer),
        str(buffer.region.data),
        first,
        last,
        buffer.offset.value.data,
    )


def _constant_rows(network: snnrt.NetworkOp) -> tuple[ConstantRow, ...]:
    layers: dict[str, list[snnrt.ConstantOp]] = {}
    for op, layer in constant_layers(network).items():
        layers.setdefault(layer, []).append(op)
    return tuple(
        ConstantRow(
            layer,
            sum(value_bytes(op.result) for op in ops),
            _memory(ops[0]),
            tuple(op.sym_name.data for op in ops),
        )
        for layer, ops in layers.items()
    )


def _memory(op: Operation) -> str | None:
    attribute = op.attributes.get(MEMORY)
    return attribute.data if isinstance(attribute, StringAttr) else None
