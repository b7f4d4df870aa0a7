# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packings are valid, and as low as the lowest of all."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnir.memory.packing import pack
from snnir.memory.sections import PackingItem, Part, Sections, align

ALIGNMENTS = (1, 2, 4, 8)


@st.composite
def items(draw, largest_bytes: int = 12, last_time: int = 7) -> PackingItem:
    """An item of one part, or of two that follow one another with a common moment."""
    first = draw(st.integers(0, last_time))
    last = draw(st.integers(first, last_time))
    size = st.integers(1, largest_bytes)
    parts = [Part(draw(size), first, last)]
    if draw(st.booleans()):
        parts.append(Part(draw(size), last, draw(st.integers(last, last_time + 1))))
    return PackingItem(tuple(parts), draw(st.sampled_from(ALIGNMENTS)))


def held(item: PackingItem, offset: int, time: int) -> range:
    """The bytes that an item holds at a time."""
    return range(offset, offset + item.bytes_at(time))


def is_valid(found: list[PackingItem], offsets: tuple[int, ...]) -> bool:
    """Whether no byte is held twice at any time, and all offsets are aligned."""
    times = {part.last for item in found for part in item.parts}
    times |= {part.first for item in found for part in item.parts}
    if any(offset % item.alignment for item, offset in zip(found, offsets, strict=True)):
        return False
    for time in times:
        ranges = [held(*pair, time) for pair in zip(found, offsets, strict=True)]
        ranges = sorted((r for r in ranges if len(r)), key=lambda r: r.start)
        if any(low.stop > high.start for low, high in pairwise(ranges)):
            return False
    return True


def lowest_by_order(found: list[PackingItem]) -> int:
    """The least height over all orders in which items are put on top of one another."""
    sections, heights = Sections(found), []
    for order in permutations(range(len(found))):
        offsets = [0] * len(found)
        for rank, index in enumerate(order):
            below = [other for other in order[:rank] if sections.conflict(index, other)]
            tops = [sections.above(index, other, offsets[other]) for other in below]
            offsets[index] = align(max(tops, default=0), found[index].alignment)
        heights.append(sections.height(offsets))
    return min(heights)


def lowest_by_offset(found: list[PackingItem], limit: int) -> int:
    """The least height over all offsets below a limit, which knows nothing of orders."""
    places = [range(0, limit, item.alignment) for item in found]
    valid = (offsets for offsets in product(*places) if is_valid(found, offsets))
    return min(Sections(found).height(offsets) for offsets in valid)


@settings(deadline=None, max_examples=300, print_blob=True)
@given(st.lists(items(), min_size=1, max_size=6))
def test_small_instances_are_optimal(found) -> None:
    packing = pack(found)
    assert is_valid(found, packing.offsets)
    assert packing.is_optimal
    assert packing.lower_bound <= packing.height == lowest_by_order(found)


@settings(deadline=None, max_examples=60, print_blob=True)
@given(st.lists(items(largest_bytes=4, last_time=3), min_size=1, max_size=3))
def test_tiny_instances_are_optimal_over_all_offsets(found) -> None:
    packing = pack(found)
    assert packing.height == lowest_by_offset(found, packing.height + 1)


@settings(deadline=None, max_examples=100, print_blob=True)
@given(st.lists(items(), min_size=1, max_size=6), st.sampled_from(ALIGNMENTS))
def test_rounded_heights_are_optimal(found, granularity) -> None:
    packing = pack(found, granularity)
    assert is_valid(found, packing.offsets)
    assert packing.is_optimal
    assert align(packing.height, granularity) == align(lowest_by_order(found), granularity)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [50, 120])
def test_large_instances_are_near_the_bound(count, seed) -> None:
    """Within 2 percent of a height that no packing is below; most reach it."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        first = int(rng.integers(0, count))
        last = min(count, first + int(rng.integers(0, count // 4)))
        found.append(PackingItem((Part(int(rng.integers(1, 1000)), first, last),), 4))
    packing = pack(found)
    assert is_valid(found, packing.offsets), f"seed {seed}"
    assert packing.height <= 1.02 * packing.lower_bound, f"seed {seed}"
    assert pack(found) == packing, f"seed {seed}"


def hard_items() -> list[PackingItem]:
    """Items that every greedy order packs worse than the search does."""
    rng = np.random.default_rng(18)
    found = []
    for _ in range(12):
        first = int(rng.integers(0, 12))
        last = min(12, first + int(rng.integers(0, 6)))
        found.append(PackingItem((Part(int(rng.integers(1, 30)), first, last),)))
    return found


def test_the_search_beats_greedy_orders() -> None:
    greedy, searched = pack(hard_items(), node_limit=0), pack(hard_items())
    assert greedy.nodes == 0
    assert searched.nodes > 0
    assert searched.height < greedy.height
    assert searched.is_optimal
    assert searched.gap == 0


def test_a_search_that_is_cut_short_tells_its_gap() -> None:
    packing = pack(hard_items(), node_limit=0)
    assert not packing.is_optimal
    assert packing.gap == packing.height - packing.lower_bound > 0


def test_the_highest_item_needs_no_rounding() -> None:
    found = [PackingItem((Part(5, 0, 1),), 4), PackingItem((Part(3, 1, 2),), 4)]
    packing = pack(found)
    assert (packing.height, packing.lower_bound) == (9, 9)


def test_items_that_are_never_live_fit() -> None:
    packing = pack([PackingItem((Part(40, 0, -1),)), PackingItem((Part(8, 0, 3),))])
    assert packing.offsets == (0, 0)
    assert packing.height == 40


def test_nothing_takes_no_memory() -> None:
    assert pack([]).height == 0
