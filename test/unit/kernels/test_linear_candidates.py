# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which kernels a fully connected layer can have, and which one it gets."""

from __future__ import annotations

import numpy as np
import pytest

from snnir.kernels.compressed_weights import block_rows, pack_rows, sparse_rows
from snnir.kernels.gathered_weights import gather_rows
from snnir.kernels.linear_candidates import Candidate, InputValues, best, linear_candidates

INPUTS, OUTPUTS = 200, 64
RNG = np.random.default_rng(0)


def rows_with(low: int, high: int, kept: float = 1.0, block: int = 1) -> np.ndarray:
    """Random weights, of which blocks of outputs are zero."""
    rows = RNG.integers(low, high, (INPUTS, OUTPUTS), endpoint=True)
    blocks = RNG.random((INPUTS, OUTPUTS // block)) < kept
    return np.where(np.repeat(blocks, block, axis=1), rows, 0).astype(np.int8)


def found(
    rows: np.ndarray,
    values: InputValues = InputValues.SPIKES,
    narrow: bool = True,
    largest: int = 127,
) -> list[Candidate]:
    return list(linear_candidates(rows, values, narrow, largest))


@pytest.mark.parametrize(
    ("rows", "name", "bits"),
    [
        (rows_with(-127, 127), "dense", 8),
        (rows_with(-8, 7), "packed", 4),
        (rows_with(-1, 1), "packed", 2),
        (rows_with(-127, 127, kept=0.03), "sparse", 8),
        (rows_with(1, 127, kept=0.03, block=4), "blocks", 8),
    ],
    ids=["bytes", "four bits", "ternary", "sparse", "blocks"],
)
def test_the_best_storage(rows, name, bits) -> None:
    chosen = best(found(rows), INPUTS / 10)
    assert (chosen.name, chosen.bits) == (name, bits)


def test_signed_inputs_are_not_added_to_packed_sums() -> None:
    rows = rows_with(-8, 7)
    assert best(found(rows, InputValues.SIGNED), INPUTS / 10).name == "gather"


def test_large_values_leave_few_rows_for_lanes() -> None:
    rows = rows_with(-127, 127)
    for largest, name in ((127, "dense"), (4, "gather")):
        wide = found(rows, InputValues.SIGNED, narrow=False, largest=largest)
        assert best(wide, INPUTS / 10).name == name


@pytest.mark.parametrize(
    ("outputs", "values", "narrow", "name"),
    [
        (10, InputValues.COUNTS, True, "gather"),
        (10, InputValues.COUNTS, False, "gather"),
        (64, InputValues.COUNTS, True, "packed"),
        (10, InputValues.SPIKES, True, "gather"),
        (33, InputValues.SPIKES, True, "packed"),
    ],
)
def test_few_outputs_of_counts_are_gathered_from_four_bits(outputs, values, narrow, name) -> None:
    rows = np.tile(rows_with(-8, 7), (3, 1))[:, :outputs]
    chosen = best(found(rows, values, narrow, largest=4), len(rows) / 4)
    assert chosen.name == name
    if name == "packed" or values is InputValues.COUNTS:
        assert chosen.bits == 4


@pytest.mark.parametrize("outputs", [10, 12, 33])
def test_few_and_odd_outputs_are_gathered(outputs) -> None:
    rows = rows_with(-127, 127)[:, :outputs]
    assert best(found(rows), INPUTS / 10).name == "gather"


def test_bytes_are_those_of_the_arrays() -> None:
    rows = rows_with(-1, 1, kept=0.3, block=4)
    sparse, blocks = sparse_rows(rows, 256), block_rows(rows)
    bytes_of = {(c.name, c.bits): c.flash_bytes for c in found(rows)}
    assert bytes_of == {
        ("dense", 8): rows.nbytes,
        ("packed", 4): pack_rows(rows, 4).nbytes,
        ("packed", 2): pack_rows(rows, 2).nbytes,
        ("sparse", 8): sparse.starts.nbytes + sparse.entries.nbytes,
        ("blocks", 8): blocks.starts.nbytes + blocks.blocks.nbytes + blocks.weights.nbytes,
        ("gather", 8): gather_rows(rows, counted=False).nbytes,
    }


def test_what_a_kernel_cannot_store_is_no_candidate() -> None:
    rows = RNG.integers(-128, 127, (20, 10)).astype(np.int8)
    assert {c.name for c in found(rows)} == {"dense", "sparse", "gather"}
    for values in (InputValues.SPIKES, InputValues.COUNTS):
        assert "gather" in {c.name for c in found(rows, values, narrow=False)}
    rows[0, :2] = -128
    assert {c.name for c in found(rows, InputValues.COUNTS)} == {"dense", "sparse"}
