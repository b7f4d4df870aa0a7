# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The fastest memory gets the buffers of most traffic that fit, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnir.memory import splitting
from snnir.memory.packing import pack
from snnir.memory.sections import PackingItem, Part
from snnir.memory.splitting import Unit, select, split

Height = Callable[[Sequence[int]], int]


def unit(bytes: int, first: int, last: int, traffic: float) -> Unit:
    return Unit(PackingItem((Part(bytes, first, last),), 1), traffic)


def height_of(units: Sequence[Unit]) -> Height:
    return lambda chosen: pack([units[i].item for i in chosen]).height


def traffic_of(units: Sequence[Unit]) -> list[float]:
    return [each.traffic for each in units]


@st.composite
def unit_lists(draw, most: int = 8) -> list[Unit]:
    count = draw(st.integers(1, most))
    made = []
    for _ in range(count):
        first = draw(st.integers(0, 5))
        last = draw(st.integers(first, 6))
        made.append(unit(draw(st.integers(1, 20)), first, last, draw(st.integers(0, 50))))
    return made


@settings(deadline=None, max_examples=200)
@given(unit_lists(7), st.integers(0, 50))
def test_the_best_of_all_sets_is_selected(units: list[Unit], room: int) -> None:
    height = height_of(units)
    every = range(len(units))
    sets = [chosen for n in range(len(units) + 1) for chosen in combinations(every, n)]
    best = max(sum(units[i].traffic for i in chosen) for chosen in sets if height(chosen) <= room)
    part = select(units, every, traffic_of(units), room, height)
    assert height(part.units) <= room
    assert part.traffic == pytest.approx(best)
    assert part.bound == pytest.approx(best)


@settings(deadline=None, max_examples=200)
@given(unit_lists(), st.lists(st.integers(0, 40), min_size=1, max_size=3))
def test_every_unit_goes_somewhere(units: list[Unit], rooms: list[int]) -> None:
    height = height_of(units)
    found = split(units, rooms, height)
    placed = [i for part in found.parts for i in part.units]
    assert sorted(placed) == list(range(len(units)))
    heights = [height(part.units) for part in found.parts]
    fits = [taken <= room for taken, room in zip(heights, rooms, strict=False)]
    assert all(fits[:-1])
    assert fits[-1] == (found.missing == 0)


def test_memory_is_used_by_several_that_are_not_live_together() -> None:
    """One that is touched often is worth less than two that share its place."""
    units = [unit(10, 0, 9, 50), unit(10, 0, 4, 30), unit(10, 5, 9, 30)]
    found = split(units, [10, 100], height_of(units))
    assert found.parts[0].units == (1, 2)
    assert (found.parts[0].traffic, found.parts[0].bound) == (60, 60)


def test_the_best_set_by_density_is_not_the_best() -> None:
    """The densest unit keeps two others out."""
    units = [unit(6, 0, 0, 12), unit(5, 0, 0, 8), unit(5, 0, 0, 8)]
    assert select(units, range(3), traffic_of(units), 10, height_of(units)).units == (1, 2)


def test_much_is_cold_only_as_far_as_slow_memory_holds_it() -> None:
    units = [unit(4, 0, 0, 100), unit(10, 0, 0, 1), unit(10, 0, 0, 1)]
    assert split(units, [10, 20], height_of(units)).parts[0].units == (0,)
    assert split(units, [10, 14], height_of(units)).parts[0].units != (0,)
    assert split(units, [10, 14], height_of(units)).missing == 0
    assert split(units, [10, 13], height_of(units)).missing == 1


def test_a_search_that_is_cut_short_keeps_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    units = [unit(6, 0, 0, 12), unit(5, 0, 0, 8), unit(5, 0, 0, 8)]
    monkeypatch.setattr(splitting, "NODE_LIMIT", 1)
    part = select(units, range(3), traffic_of(units), 10, height_of(units))
    assert part.units == (0,)
    # All of the first one and four fifths of another one.
    assert part.bound == pytest.approx(12 + 0.8 * 8)


def test_nothing_fits_nowhere() -> None:
    units = [unit(5, 0, 0, 1)]
    assert split(units, [0, 5], height_of(units)).parts[0].units == ()
    assert split([], [0, 5], height_of([])).missing == 0


def test_many_units_are_packed_a_few_times() -> None:
    """Packing takes longest by far."""
    units = [unit(10 + i % 7, i, i + 2, 100 + i % 11) for i in range(100)]
    units += [unit(20, 0, 200, 10 + i) for i in range(20)]
    packed = []

    def height(chosen: Sequence[int]) -> int:
        packed.append(len(chosen))
        return height_of(units)(chosen)

    assert select(units, range(120), traffic_of(units), 200, height).units
    assert len(packed) < 30
