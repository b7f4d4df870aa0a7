# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights in tiles of outputs hold the weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnir.kernels.gathered_weights import can_gather, gather_rows, rows_of_gather


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


def test_pairs_of_weights_that_are_no_number_of_two_bytes() -> None:
    rows = np.array([[0, -128, -1, 5], [-128, -127, -1, -128]], np.int8)
    assert can_gather(rows[:1], counted=True)
    assert not can_gather(rows, counted=True)
    with pytest.raises(ValueError, match="a weight of -128 follows a negative one"):
        gather_rows(rows, counted=True)
    np.testing.assert_array_equal(rows_of_gather(gather_rows(rows, False), 4, False), rows)
