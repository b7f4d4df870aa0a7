# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights as numbers of 16 bits hold the weights; layers whose sums are too large are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnir.kernels.dot_weights import can_dot, dot_weights, weights_of_dot


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32))
def test_words_hold_the_weights(seed) -> None:
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    outputs, rows, values = (int(rng.integers(1, most)) for most in (14, 4, 12))
    weights = rng.integers(-127, 127, (outputs, rows, values), endpoint=True).astype(np.int8)
    words = dot_weights(weights)
    filled = np.pad(weights, [(0, 0), (0, 0), (0, -values % 4)])
    assert words.shape == (filled.size // 4,)
    np.testing.assert_array_equal(weights_of_dot(words, outputs), filled.reshape(outputs, -1))


def test_weights_that_make_no_number_of_16_bits() -> None:
    fits, too_low = (np.array([[[-128, second, 0, 0]]], np.int8) for second in (0, -1))
    assert can_dot(fits)
    assert not can_dot(too_low)
    with pytest.raises(ValueError, match="a pair of weights or a sum is too large"):
        dot_weights(too_low)


def test_sums_that_do_not_fit_24_bits() -> None:
    # 520 products of 127 and 127 are below 2^23, 521 are not.
    assert can_dot(np.full((1, 1, 520), 127, np.int8))
    assert not can_dot(np.full((1, 1, 521), 127, np.int8))
