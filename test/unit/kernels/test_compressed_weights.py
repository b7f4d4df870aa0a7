# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every storage of weights holds the weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnir.kernels.compressed_weights import (
    MAXIMUM_START,
    WEIGHT_RANGES,
    block_rows,
    kept_blocks,
    pack_rows,
    panel_outputs_of,
    rows_of_blocks,
    rows_of_sparse,
    sparse_rows,
    unpack_rows,
)


def random_rows(seed: int, low: int, high: int, outputs_multiple: int = 1) -> np.ndarray:
    """Weights of a random shape, of which a random share is zero."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    inputs, outputs = int(rng.integers(1, 30)), int(rng.integers(1, 60)) * outputs_multiple
    rows = rng.integers(low, high, (inputs, outputs), endpoint=True)
    kept = rng.random((inputs, outputs)) < rng.choice([0.0, 0.05, 0.5, 1.0])
    return np.where(kept, rows, 0).astype(np.int8)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32), st.sampled_from([4, 2]))
def test_packed_rows(seed, bits) -> None:
    rows = random_rows(seed, *WEIGHT_RANGES[bits])
    words = pack_rows(rows, bits)
    assert words.shape == (len(rows), -(-rows.shape[1] * bits // 32))
    np.testing.assert_array_equal(unpack_rows(words, bits, rows.shape[1]), rows)


@pytest.mark.parametrize(("bits", "weight"), [(4, 8), (4, -9), (2, 2), (2, -2)])
def test_weights_that_need_more_bits_are_refused(bits, weight) -> None:
    with pytest.raises(ValueError, match=f"weights of {bits} bits must lie between"):
        pack_rows(np.array([[0, weight]], np.int8), bits)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32), st.sampled_from([1, 7, 16, 256]))
def test_sparse_rows(seed, panel) -> None:
    rows = random_rows(seed, -128, 127)
    sparse = sparse_rows(rows, panel)
    assert sparse.starts[:, -1].sum() == np.count_nonzero(rows)
    np.testing.assert_array_equal(rows_of_sparse(sparse, rows.shape[1]), rows)


def test_panels_shrink_until_16_bits_count_their_entries() -> None:
    rows = np.ones((300, 400), np.int8)
    panel = panel_outputs_of(rows)
    assert panel == 128
    assert sparse_rows(rows, panel).starts[0, -1] == 300 * 128 <= MAXIMUM_START
    assert panel_outputs_of(np.eye(300, dtype=np.int8)) == 256
    assert panel_outputs_of(np.ones((MAXIMUM_START + 1, 1), np.int8)) is None


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32))
def test_block_rows(seed) -> None:
    rows = random_rows(seed, -128, 127, outputs_multiple=4)
    sparse = block_rows(rows)
    assert sparse.starts[-1] == kept_blocks(rows).sum()
    np.testing.assert_array_equal(rows_of_blocks(sparse, rows.shape[1]), rows)
