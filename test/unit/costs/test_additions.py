# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How often kernels are added, and where, by where spikes lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from xdsl.dialects.builtin import i8
from xdsl.utils.test_value import create_ssa_value

from snnir.costs.additions import (
    ASSUMED_MAGNITUDE,
    additions_along,
    magnitudes_beyond,
    multiplied_share,
    odd_share,
    repetitions,
)
from snnir.costs.features_lanes import chunks
from snnir.costs.signals import Signal

# Four rows with a position each in every step; the two in the middle have 3 of the 8 spikes each.
MAP = Signal(
    64, 8.0, 8.0, 4.0, np.full(4, 0.25), np.full(4, 0.25),
    active_rows=np.array([1, 3, 3, 1]) / 8, active_columns=np.full(4, 0.25),
)  # fmt: skip


def test_pairs_lie_where_positions_have_more_than_one_spike() -> None:
    """Of 8 kernels 4 are added alone, one a row; the pairs are all in the middle."""
    pairs, ones = additions_along(MAP, 0, groups=1000, additions=8 / 4, ones=4 / 4)
    assert pairs is not None
    assert pairs == pytest.approx([0, 0.5, 0.5, 0], abs=2e-3)
    assert ones == pytest.approx(np.full(4, 0.25))


def test_tables_add_less_often_than_there_are_spikes() -> None:
    """Two groups of channels hold three spikes at most twice."""
    few, _ = additions_along(MAP, 0, groups=2, additions=1.5, ones=0.0)
    many, _ = additions_along(MAP, 0, groups=1000, additions=1.5, ones=0.0)
    assert few is not None
    assert many is not None
    # 1, 3, 3 and 1 spikes: 2 * (1 - 1/2^k) groups of two.
    assert few == pytest.approx(np.array([1, 1.75, 1.75, 1]) / 5.5)
    assert many == pytest.approx(np.array([1, 3, 3, 1]) / 8, abs=1e-3)


def test_where_nothing_was_measured_kernels_are_added_at_all_positions_alike() -> None:
    signal = replace(MAP, active_rows=None)
    pairs, ones = additions_along(signal, 0, groups=8, additions=2.0, ones=1.0)
    assert pairs is ones is signal.rows


def test_the_share_of_odd_numbers_is_the_measured_one() -> None:
    measured = replace(MAP, together=np.array([0.5, 0.3, 0.2]))
    assert odd_share(measured, 8.0, 4.0) == pytest.approx(0.7)
    # Runs of groups are not positions.
    assert odd_share(measured, 8.0, 6.0) != pytest.approx(0.7)
    assert odd_share(MAP, 4.0, 4.0) == 1.0


@pytest.mark.parametrize(
    ("elements", "pairs", "triples"),
    [(1, 1, 1), (4, 1, 1), (5, 2, 1), (6, 2, 1), (8, 2, 1), (9, 3, 2), (10, 3, 2), (13, 4, 2)],
)
def test_transfers_of_rows(elements: int, pairs: int, triples: int) -> None:
    """Four words at a time, but six as twice three; eight doubles at a time."""
    assert chunks(elements, "pairs") == pairs
    assert chunks(elements, "triples") == triples


def test_measured_values_are_added_so_often_or_multiplied() -> None:
    """Two inputs of 1, one of 2, three of 4 and two of other values, -9 and 30."""
    signal = replace(MAP, values=np.array([2.0, 1.0, 0.0, 3.0]), magnitudes=39.0, real=True)
    assert repetitions(signal, 4) == pytest.approx((2 + 2 + 12, 2))
    assert repetitions(signal, 3) == pytest.approx((2 + 2, 5))
    assert magnitudes_beyond(signal, 4) == pytest.approx(39)
    assert magnitudes_beyond(signal, 3) == pytest.approx(12 + 39)


def test_counts_that_were_not_measured_fall_off() -> None:
    """Half of 8 inputs count 1, a quarter 2, and so on: 16 in all."""
    signal = replace(MAP, total=16.0)
    added, others = repetitions(signal, 3)
    assert (added, others) == pytest.approx((4 + 2 * 2 + 3 * 1, 1))
    assert magnitudes_beyond(signal, 3) == pytest.approx(16 - added)


def test_real_values_that_were_not_measured_are_large() -> None:
    signal = replace(MAP, real=True)
    assert repetitions(signal, 4) == (0, 8)
    assert magnitudes_beyond(signal, 4) == pytest.approx(8 * ASSUMED_MAGNITUDE)


def test_the_share_that_is_multiplied_is_that_of_other_values() -> None:
    """Of eight active elements two are neither 1 nor 2; without values all count once."""
    values = np.array([4.0, 2.0, 0.0, 1.0])
    signal = replace(MAP, values=values, magnitudes=7.0)
    holder = create_ssa_value(i8)
    assert multiplied_share(holder, signal, 2) == pytest.approx(2 / 8)
    assert multiplied_share(None, signal, 2) == 0
