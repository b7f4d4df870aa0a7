# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Offsets for items with lifetimes such that the memory that holds them all is smallest.

This is dynamic storage allocation (Garey and Johnson, problem SR2), which is NP-hard in the strong
sense. Several greedy orders come first, which mostly reach the lower bound, the largest sum of
sizes that are live at once. Where they do not, a branch and bound in the manner of MiniMalloc
(Moffitt, "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated Machine Learning",
ASPLOS 2023) looks for something better: it places items in order of their offsets, each as low as
the items below let it. It counts nodes, not seconds, so that results are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snnir.memory.sections import PackingItem, Sections, align

NODE_LIMIT = 40_000
"""Nodes of the search tree, over all orders: about half a second for fifty items."""

ITEM_LIMIT = 400
"""Items beyond which only greedy orders are tried."""

Key = Callable[[int], tuple[int, ...]]


@dataclass(frozen=True)
class Packing:
    """Offsets of items, in their order.

    Attributes:
        offsets: in bytes, each a multiple of the item's alignment.
        height: bytes from 0 to the end of the highest item.
        lower_bound: no packing is lower, once heights are rounded up to the granularity.
        nodes: nodes of the search tree that were visited; 0 if a greedy order was optimal.
        exhausted: whether the search ran to its end, which proves the height optimal.
    """

    offsets: tuple[int, ...]
    height: int
    lower_bound: int
    nodes: int
    exhausted: bool

    @property
    def is_optimal(self) -> bool:
        """Whether no lower packing exists."""
        return self.exhausted or self.height <= self.lower_bound

    @property
    def gap(self) -> int:
        """Bytes that an unknown better packing might save at most."""
        return 0 if self.is_optimal else self.height - self.lower_bound


def pack(
    items: Sequence[PackingItem], granularity: int = 1, node_limit: int = NODE_LIMIT
) -> Packing:
    """Place items so that those that are live together do not overlap.

    Args:
        granularity: bytes below which a difference in height is worth nothing.
        node_limit: nodes of the search tree; the best packing found until then is returned.
    """
    sections = Sections(items)
    bound = align(sections.lower_bound(), granularity)
    keys = _orders(sections)
    best = min((_greedy(sections, key) for key in keys), key=sections.height)
    nodes, exhausted = 0, False
    for number, key in enumerate(keys if len(items) <= ITEM_LIMIT else []):
        if sections.height(best) <= bound or exhausted:
            break
        budget = (node_limit - nodes) // (len(keys) - number)
        search = _Search(sections, key, sections.height(best), granularity, budget)
        search.run()
        nodes += search.nodes
        best = search.offsets or best
        exhausted = search.is_exhausted
    height = sections.height(best)
    return Packing(tuple(best), height, bound, nodes, exhausted)


def _orders(sections: Sections) -> list[Key]:
    """In which order to prefer items: large, large for long, early, crowded."""
    items = sections.items
    crowd = [max(sections.demand[begin:end], default=0) for begin, end in sections.spans]
    length = [end - begin for begin, end in sections.spans]
    return [
        lambda i: (-items[i].bytes, sections.spans[i][0], i),
        lambda i: (-items[i].bytes * length[i], i),
        lambda i: (-length[i], -items[i].bytes, i),
        lambda i: (-crowd[i], -items[i].bytes, i),
        lambda i: (sections.spans[i][0], -items[i].bytes, i),
    ]


def _greedy(sections: Sections, key: Key) -> list[int]:
    """Offsets when each item in turn takes the lowest place that is free."""
    offsets = [0] * len(sections.items)
    placed: list[int] = []
    for index in sorted(filter(sections.is_live, range(len(offsets))), key=key):
        rivals = [other for other in placed if sections.conflict(index, other)]
        places = sorted({0} | {sections.above(index, other, offsets[other]) for other in rivals})
        offsets[index] = next(
            place for place in places
            if not any(sections.overlap(index, place, i, offsets[i]) for i in rivals)
        )  # fmt: skip
        placed.append(index)
    return offsets


class _Search:
    """Depth-first branch and bound over items in order of their offsets.

    Push the items of a packing down, as long as that goes: each then rests on the ground or on
    items below it, so that the order of offsets tells the packing. The next item is therefore one
    whose lowest free offset is not below that of the item before. If it would leave a hole in which
    a later item fits, that one belongs into the hole. Of items with the same offset and of
    identical items, one order is enough.

    Attributes:
        offsets: the best packing, or none if no better one than `height` at the start was found.
        nodes: nodes that were visited; `budget` or more if the search was cut short.
    """

    def __init__(self, sections: Sections, key: Key, height: int, granularity: int, budget: int):
        self.sections, self.granularity, self.budget = sections, granularity, budget
        self._enough = self._rounded(sections.lower_bound())
        self._height = self._rounded(height)
        self.nodes = 0
        self.offsets: list[int] | None = None
        self._rank = {i: rank for rank, i in enumerate(sorted(range(len(sections.items)), key=key))}
        self._twin = sections.previous_twins()
        self._floor = [0] * sections.count
        self._remaining = list(sections.rounded_demand)
        self._placed: dict[int, int] = {}

    def run(self) -> None:
        """Search until all is seen, the bound is reached or the budget is spent."""
        self._descend(
            [i for i in range(len(self.sections.items)) if self.sections.is_live(i)], 0, -1
        )

    @property
    def is_exhausted(self) -> bool:
        """Whether everything was seen that might be better than the best packing."""
        return self.nodes < self.budget

    @property
    def _is_over(self) -> bool:
        return self.nodes >= self.budget or self._height <= self._enough

    def _rounded(self, height: int) -> int:
        return align(height, self.granularity)

    def _descend(self, remaining: list[int], last: int, last_rank: int) -> None:
        if not remaining:
            self._keep()
            return
        for offset, rank, index in self._candidates(remaining, last, last_rank):
            if self._is_over:
                return
            self.nodes += 1
            saved = self._place(index, offset)
            least = self.sections.least_height(self._floor, self._remaining, offset)
            if self._rounded(least) < self._height:
                self._descend([i for i in remaining if i != index], offset, rank)
            self._remove(index, saved)

    def _keep(self) -> None:
        offsets = [self._placed.get(i, 0) for i in range(len(self.sections.items))]
        height = self._rounded(self.sections.height(offsets))
        if height < self._height:
            self._height, self.offsets = height, offsets

    def _candidates(
        self, remaining: list[int], last: int, last_rank: int
    ) -> list[tuple[int, int, int]]:
        """Offset, rank and index of the items that may come next, the most promising first."""
        items, spans = self.sections.items, self.sections.spans
        lowest = [align(max(self._floor[slice(*spans[i])]), items[i].alignment) for i in remaining]
        hole = min(low + items[i].bytes for low, i in zip(lowest, remaining, strict=True))
        found = []
        for index, offset in zip(remaining, lowest, strict=True):
            rank, twin = self._rank[index], self._twin[index]
            follows = (offset, rank) > (last, last_rank)
            if follows and offset < hole and (twin is None or twin in self._placed):
                found.append((offset, rank, index))
        return sorted(found)

    def _place(self, index: int, offset: int) -> list[int]:
        begin, end = self.sections.spans[index]
        saved = self._floor[begin:end]
        rounded = self.sections.rounded[index]
        for number, section in enumerate(range(begin, end)):
            self._floor[section] = offset + self.sections.sizes[index][number]
            self._remaining[section] -= rounded[number]
        self._placed[index] = offset
        return saved

    def _remove(self, index: int, saved: list[int]) -> None:
        begin, end = self.sections.spans[index]
        self._floor[begin:end] = saved
        for number, section in enumerate(range(begin, end)):
            self._remaining[section] += self.sections.rounded[index][number]
        del self._placed[index]
