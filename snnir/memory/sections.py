# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Items to pack, and the moments at which they compete for memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


def align(offset: int, alignment: int) -> int:
    """The smallest multiple of `alignment` from `offset` on."""
    return (offset + alignment - 1) // alignment * alignment


@dataclass(frozen=True)
class Part:
    """`bytes` that are held from time `first` to time `last`, inclusive."""

    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class PackingItem:
    """Memory with one offset. Parts that follow one another may differ in size."""

    parts: tuple[Part, ...]
    alignment: int = 1

    @cached_property
    def bytes(self) -> int:
        """The largest size at any time."""
        return max(part.bytes for part in self.parts)

    def bytes_at(self, time: int) -> int:
        """The size at a time; 0 if nothing is held."""
        held = [part.bytes for part in self.parts if part.first <= time <= part.last]
        return max(held, default=0)


class Sections:
    """The moments at which sets of items are live, without those that others cover.

    Nothing needs more memory at a moment than at the last moment before it when something was
    added, so only those moments are kept, and of neighbours only the one that needs as much or
    more of every item. What an item holds it holds in consecutive sections.

    Attributes:
        items: what is packed.
        count: number of sections.
        spans: of each item the sections in which it is live, as begin and end.
        sizes: of each item its bytes in each section of its span.
        rounded: the same, rounded up to the section's granularity.
        demand: of each section the sum of sizes.
        rounded_demand: of each section the sum of rounded sizes.
    """

    def __init__(self, items: Sequence[PackingItem]):
        self.items = items
        columns = _essential(
            [
                [item.bytes_at(time) for item in items]
                for time in sorted({part.first for item in items for part in item.parts})
            ]
        )
        self.count = len(columns)
        live = [[s for s, column in enumerate(columns) if column[i]] for i in range(len(items))]
        self.spans = [(s[0], s[-1] + 1) if s else (0, 0) for s in live]
        self.sizes = [[columns[s][i] for s in range(*self.spans[i])] for i in range(len(items))]
        self.demand = [sum(column) for column in columns]
        alignments = [
            [item.alignment for item, size in zip(items, column, strict=True) if size]
            for column in columns
        ]
        self._granularity = [min(found) for found in alignments]
        self.rounded = [
            [align(columns[s][i], self._granularity[s]) for s in range(*self.spans[i])]
            for i in range(len(items))
        ]
        self.rounded_demand = [
            sum(align(size, granularity) for size in column)
            for column, granularity in zip(columns, self._granularity, strict=True)
        ]
        # The highest item of a section need not be rounded.
        self._slack = [
            max(align(size, granularity) - size for size in column)
            for column, granularity in zip(columns, self._granularity, strict=True)
        ]

    def is_live(self, index: int) -> bool:
        """Whether an item ever holds anything."""
        return self.spans[index][1] > 0

    def lower_bound(self) -> int:
        """A height that no packing is below."""
        dead = max((item.bytes for item in self.items), default=0)
        return max(self.least_height([0] * self.count, self.rounded_demand, 0), dead)

    def least_height(self, floor: Sequence[int], remaining: Sequence[int], last: int) -> int:
        """A bound for what remains, above `floor` in each section and not below `last`."""
        least = 0
        for section in range(self.count):
            ground = floor[section]
            if remaining[section]:
                granularity = self._granularity[section]
                ground = align(max(ground, last), granularity)
                ground += remaining[section] - self._slack[section]
            least = max(least, ground)
        return least

    def height(self, offsets: Sequence[int]) -> int:
        """End of the highest item."""
        ends = (offset + item.bytes for offset, item in zip(offsets, self.items, strict=True))
        return max(ends, default=0)

    def _shared(self, index: int, other: int) -> range:
        (begin, end), (other_begin, other_end) = self.spans[index], self.spans[other]
        return range(max(begin, other_begin), min(end, other_end))

    def conflict(self, index: int, other: int) -> bool:
        """Whether two items are ever live together."""
        return len(self._shared(index, other)) > 0

    def overlap(self, index: int, offset: int, other: int, other_offset: int) -> bool:
        """Whether two items at these offsets ever hold the same byte."""
        begin, other_begin = self.spans[index][0], self.spans[other][0]
        return any(
            offset < other_offset + self.sizes[other][section - other_begin]
            and other_offset < offset + self.sizes[index][section - begin]
            for section in self._shared(index, other)
        )

    def above(self, index: int, other: int, other_offset: int) -> int:
        """The lowest offset of an item that is above another one whenever both are live."""
        begin = self.spans[other][0]
        top = max(self.sizes[other][section - begin] for section in self._shared(index, other))
        return align(other_offset + top, self.items[index].alignment)

    def previous_twins(self) -> list[int | None]:
        """Of each item the one before it that is exactly alike, if any."""
        seen: dict[tuple[object, ...], int] = {}
        twins: list[int | None] = []
        for index, item in enumerate(self.items):
            shape = (self.spans[index], tuple(self.sizes[index]), item.alignment)
            twins.append(seen.get(shape))
            seen[shape] = index
        return twins


def _essential(columns: list[list[int]]) -> list[list[int]]:
    """The columns without those that a neighbour covers in every item."""
    kept: list[list[int]] = []
    for column in columns:
        while kept and _covers(column, kept[-1]):
            kept.pop()
        if any(column) and not (kept and _covers(kept[-1], column)):
            kept.append(column)
    return kept


def _covers(larger: list[int], smaller: list[int]) -> bool:
    return all(a >= b for a, b in zip(larger, smaller, strict=True))
