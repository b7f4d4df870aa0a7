# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The offsets of buffers in an arena.

States come first and are never shared. Transient buffers share what is behind them
(`snnir.memory.packing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snnir.dialects import snnrt
from snnir.memory.lifetimes import Lifetime, in_place_groups, value_bytes
from snnir.memory.packing import NODE_LIMIT, Packing, pack
from snnir.memory.sections import PackingItem, Part, align

ARENA_ALIGNMENT = 8
"""Alignment of an arena that the caller provides, in bytes."""


@dataclass(frozen=True)
class Layout:
    """Where buffers lie in an arena.

    Attributes:
        offsets: of each buffer, in bytes.
        state_bytes: from its start to the end of the states.
        bytes: of the arena.
        unshared: bytes of the transient buffers without sharing.
        in_place: buffers that take the place of an input of the call that makes them.
        packing: of the transient buffers.
    """

    offsets: dict[snnrt.BufferOp, int]
    state_bytes: int
    bytes: int
    unshared: int
    in_place: int
    packing: Packing


def lay_out(
    network: snnrt.NetworkOp,
    states: Sequence[snnrt.BufferOp],
    lives: Sequence[Lifetime],
    node_limit: int = NODE_LIMIT,
) -> Layout:
    """Place some states and transient buffers of a network in an arena as small as is found.

    Args:
        node_limit: of the search, see `pack`.
    """
    offsets, state_bytes = _place_states(states)
    groups, packing = _pack_transients(network, lives, node_limit)
    base = align(state_bytes, max(map(alignment, groups), default=1))
    for group, offset in zip(groups, packing.offsets, strict=True):
        offsets |= {life.buffer: base + offset for life in group}
    return Layout(
        offsets,
        state_bytes,
        align(base + packing.height if groups else state_bytes, ARENA_ALIGNMENT),
        sum(life.bytes for life in lives),
        sum(len(group) - 1 for group in groups),
        packing,
    )


def _place_states(states: Sequence[snnrt.BufferOp]) -> tuple[dict[snnrt.BufferOp, int], int]:
    """States in a row, and their end, which is a multiple of the arena's alignment."""
    offsets: dict[snnrt.BufferOp, int] = {}
    end = 0
    for buffer in states:
        offsets[buffer] = align(end, buffer.alignment.value.data)
        end = offsets[buffer] + value_bytes(buffer.result)
    return offsets, align(end, ARENA_ALIGNMENT)


def alignment(group: Sequence[Lifetime]) -> int:
    """What suits all buffers that share one offset."""
    return max(life.buffer.alignment.value.data for life in group)


def _pack_transients(
    network: snnrt.NetworkOp, lives: Sequence[Lifetime], node_limit: int
) -> tuple[list[tuple[Lifetime, ...]], Packing]:
    """Groups of buffers that share one offset, and the offsets."""
    groups = in_place_groups(network, lives)
    packing = _pack(groups, node_limit)
    if packing.height > packing.lower_bound and len(groups) < len(lives):
        # One offset for two buffers is also a constraint, which may cost more than it saves.
        apart: list[tuple[Lifetime, ...]] = [(life,) for life in lives]
        if (freely := _pack(apart, node_limit)).height < packing.height:
            return apart, freely
    return groups, packing


def _pack(groups: Sequence[tuple[Lifetime, ...]], node_limit: int) -> Packing:
    return pack([item_of(group) for group in groups], ARENA_ALIGNMENT, node_limit)


def item_of(group: Sequence[Lifetime]) -> PackingItem:
    """Buffers that share one offset, to pack."""
    parts = tuple(Part(life.bytes, life.first, life.last) for life in group)
    return PackingItem(parts, alignment(group))
