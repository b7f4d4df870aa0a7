# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which buffers go to which memory, where no memory has room for all of them.

The fastest memory takes what is read and written most for its size: the set of largest traffic that
fits, whose lifetimes may overlap or not (a temporal knapsack problem, Bartlett, Frisch, Hamadi,
Miguel, Tarim and Unsworth, "The temporal knapsack problem and its solution", CPAIOR 2005). The next
memory takes what is left in the same way. A greedy order by traffic per byte comes first; a branch
and bound, which counts nodes, looks for something better. Its bound is the best that fits at one
moment if buffers could be cut into pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snnir.memory.sections import PackingItem, Sections

NODE_LIMIT = 20_000
"""Nodes of the search tree: some tenths of a second for fifty units."""

ITEM_LIMIT = 400
"""Units beyond which only the greedy order is tried."""

PACKING_NODES = 200
"""Nodes that trying to pack a set counts for."""

Height = Callable[[Sequence[int]], int]
"""Bytes of an arena for units, by index."""


@dataclass(frozen=True)
class Unit:
    """Buffers that share one place, or a state.

    Attributes:
        item: their sizes and lifetimes; a state lives all the time.
        traffic: bytes that a mean step reads and writes there.
    """

    item: PackingItem
    traffic: float

    @property
    def density(self) -> float:
        """How often a step touches each byte."""
        return self.traffic / max(self.item.bytes, 1)


@dataclass(frozen=True)
class Part:
    """What one memory holds.

    Attributes:
        units: by index.
        traffic: of all of them.
        bound: no other set that fits has more; None for what is left over.
    """

    units: tuple[int, ...]
    traffic: float
    bound: float | None = None


@dataclass(frozen=True)
class Split:
    """Parts for the first memories in order; some may be empty.

    Attributes:
        missing: bytes by which the last part is larger than its memory; 0 if all fits.
    """

    parts: tuple[Part, ...]
    missing: int


def split(units: Sequence[Unit], rooms: Sequence[int], height: Height) -> Split:
    """Distribute units over memories, the fastest first.

    Where the hottest set leaves more than the other memories hold, sets of many bytes are tried
    instead; if none works, the closest one is returned.

    Args:
        rooms: bytes of each memory, at least one.
        height: of an arena for any of the units.
    """
    values = [
        [unit.traffic for unit in units],
        [float(unit.item.bytes) for unit in units],
        [float(sum(p.bytes * (p.last - p.first + 1) for p in unit.item.parts)) for unit in units],
    ]
    found: list[Split] = []
    for value in values:
        found.append(_split_by(value, units, rooms, height))
        if not found[-1].missing:
            return found[-1]
    return min(found, key=lambda each: each.missing)


def _split_by(
    values: Sequence[float], units: Sequence[Unit], rooms: Sequence[int], height: Height
) -> Split:
    """As `split`, with the sets of largest value."""
    rest = list(range(len(units)))
    parts: list[Part] = []
    for room in rooms[:-1]:
        if height(rest) <= room:
            break
        parts.append(select(units, rest, values, room, height))
        rest = [i for i in rest if i not in parts[-1].units]
    traffic = sum(units[i].traffic for i in rest)
    missing = max(height(rest) - rooms[len(parts)], 0)
    return Split((*parts, Part(tuple(rest), traffic)), missing)


def select(
    units: Sequence[Unit],
    candidates: Sequence[int],
    values: Sequence[float],
    room: int,
    height: Height,
) -> Part:
    """Those candidates of largest value together for which an arena has at most `room` bytes.

    The bound of the result is one of traffic if that is what the values are.

    Args:
        candidates: units, by index.
        values: of all units.
    """
    items = [units[i].item for i in candidates]
    search = _Search(
        items,
        [values[i] for i in candidates],
        room,
        lambda chosen: height([candidates[i] for i in chosen]),
    )
    search.run()
    chosen = tuple(sorted(candidates[i] for i in search.best))
    return Part(chosen, sum(units[i].traffic for i in chosen), search.bound)


class _Search:
    """Depth-first branch and bound: items by value per byte, each taken or left.

    A set that holds too much at some moment is out; one of larger value than the best is packed to
    see whether it fits.

    Attributes:
        best: the best set so far.
        bound: no set that fits has a larger value.
    """

    def __init__(
        self, items: Sequence[PackingItem], values: Sequence[float], room: int, height: Height
    ):
        self.values, self.room, self.height = values, room, height
        self.sections = Sections(items)
        self.order = sorted(
            range(len(items)), key=lambda i: (-values[i] / max(items[i].bytes, 1), i)
        )
        self._load = [0] * self.sections.count
        self._nodes = 0
        self._rejected = 0.0
        self.best: list[int] = []
        self._value = 0.0
        by_section = [self._by_density(section) for section in range(self.sections.count)]
        bounds = [self._least_upper(each, 0.0, room, self.order) for each in by_section]
        self.bound = min(bounds, default=0.0)
        if bounds:
            self._critical = bounds.index(self.bound)
            self._ranked = by_section[self._critical]

    def run(self) -> None:
        """Search until all is seen, the bound is reached or the nodes are spent."""
        self._take_greedily()
        if not self.sections.count or len(self.order) > ITEM_LIMIT:
            return
        self._descend(0, [], 0.0)
        if self._nodes < NODE_LIMIT:
            self.bound = min(self.bound, max(self._value, self._rejected))

    def _take_greedily(self) -> None:
        """Take items in order as far as they fit, many at a time: packing takes longest."""
        pending, size = self.order, len(self.order)
        while pending:
            added = self._within_load(pending[:size])
            if self.height([*self.best, *added]) <= self.room:
                self.best += added
                pending, size = pending[size:], 2 * size
            else:
                for index in added:
                    self._add(index, -1)
                pending, size = (pending, size // 2) if size > 1 else (pending[1:], 1)
        self._value = sum(self.values[index] for index in self.best)
        for index in self.best:
            self._add(index, -1)

    def _within_load(self, indices: Sequence[int]) -> list[int]:
        """Those that can be added one after the other without too much at any moment."""
        added = []
        for index in indices:
            if self._add(index, 1):
                added.append(index)
            else:
                self._add(index, -1)
        return added

    def _by_density(self, section: int) -> list[tuple[int, int]]:
        """Units that are live in a section and their bytes there, by value per byte."""
        live = [
            (i, self.sections.rounded[i][section - begin])
            for i, (begin, end) in enumerate(self.sections.spans)
            if begin <= section < end
        ]
        return sorted(live, key=lambda each: -self.values[each[0]] / each[1])

    def _least_upper(
        self, ranked: Sequence[tuple[int, int]], value: float, room: int, remaining: Sequence[int]
    ) -> float:
        """Value of what is chosen, of all that is not live in a section, and of what fits there."""
        open_units = set(remaining)
        value += sum(self.values[i] for i in remaining)
        for index, bytes in ranked:
            if index not in open_units:
                continue
            taken = min(bytes, room)
            value -= self.values[index] * (1 - taken / bytes)
            room -= taken
        return value

    def _descend(self, depth: int, chosen: list[int], value: float) -> None:
        if self._nodes >= NODE_LIMIT or self._value >= self.bound:
            return
        self._nodes += 1
        if value > self._value:
            self._keep(chosen, value)
        remaining = self.order[depth:]
        room = self.room - self._load[self._critical]
        if not remaining or self._least_upper(self._ranked, value, room, remaining) <= self._value:
            return
        index = remaining[0]
        if self._add(index, 1):
            self._descend(depth + 1, [*chosen, index], value + self.values[index])
        self._add(index, -1)
        self._descend(depth + 1, chosen, value)

    def _add(self, index: int, sign: int) -> bool:
        """Change the load of the sections in which a unit lives; whether it fits everywhere."""
        begin, end = self.sections.spans[index]
        for section in range(begin, end):
            self._load[section] += sign * self.sections.rounded[index][section - begin]
        return all(load <= self.room for load in self._load[begin:end])

    def _keep(self, chosen: list[int], value: float) -> None:
        """Keep a better set if it can be packed."""
        self._nodes += PACKING_NODES
        if self.height(chosen) <= self.room:
            self.best, self._value = chosen, value
        else:
            self._rejected = max(self._rejected, value)
