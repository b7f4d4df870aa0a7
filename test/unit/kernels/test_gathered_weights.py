# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights in tiles of outputs hold the weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnir.kernels.gathered_weights import (
    can_gather,
    gather_rows,
    lane_rows,
    packed_gather_rows,
    rows_of_gather,
    rows_of_packed_gather,
)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32), st.booleans())
def test_gathered_rows(seed, counted) -> None:
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    inputs, outputs = (int(rng.integers(1, most)) for most in (30, 60))
    lowest = -127 if counted else -128
    rows = rng.integers(lowest, 127, (inputs, outputs), endpoint=True).astype(np.int8)
    words = gather_rows(rows, counted)
    assert words.shape == (inputs * -(-outputs // 4),)
    np.testing.assert_array_equal(rows_of_gather(words, outputs, counted), rows)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32))
def test_packed_gathered_rows(seed) -> None:
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    inputs, outputs = (int(rng.integers(1, most)) for most in (30, 60))
    rows = rng.integers(-8, 7, (inputs, outputs), endpoint=True).astype(np.int8)
    words = packed_gather_rows(rows)
    assert words.shape == (inputs * -(-outputs // 8),)
    np.testing.assert_array_equal(rows_of_packed_gather(words, outputs), rows)


def test_weights_of_more_than_four_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="weights of 4 bits must lie between -8 and 7"):
        packed_gather_rows(np.array([[8]], np.int8))


def test_lanes_hold_as_many_products_as_can_be() -> None:
    rows = np.array([[3, -100]], np.int8)
    assert lane_rows(rows, 4) == 81
    assert 81 * 400 <= np.iinfo(np.int16).max < 82 * 400
    assert lane_rows(rows, 400) == 0


def test_pairs_of_weights_that_are_no_number_of_two_bytes() -> None:
    rows = np.array([[0, -128, -1, 5], [-128, -127, -1, -128]], np.int8)
    assert can_gather(rows[:1], counted=True)
    assert not can_gather(rows, counted=True)
    with pytest.raises(ValueError, match="a weight of -128 follows a negative one"):
        gather_rows(rows, counted=True)
    np.testing.assert_array_equal(rows_of_gather(gather_rows(rows, False), 4, False), rows)
