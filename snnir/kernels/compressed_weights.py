# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory layout of compressed weights of fully connected layers, as the C headers define them.

All functions take `rows`, int8 (inputs, outputs): the weights of one input lie in a row. The
functions back to rows are what the executor in Python reads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int8]

BLOCK = 4
"""Consecutive outputs of a block of a block-sparse layer."""
PANEL = 256
"""Most outputs of a panel of a sparse layer: numbers of outputs are bytes."""
MAXIMUM_START = 0xFFFF
"""Positions in the entries of a panel, and in the list of blocks, are 16-bit numbers."""
MAXIMUM_BLOCK_OUTPUTS = 256 * BLOCK

WEIGHT_RANGES = {4: (-8, 7), 2: (-1, 1)}
"""Smallest and largest weight of each packed width in bits."""

_OFFSETS = {4: 8, 2: 1}
_FIELDS = {4: (0, 4), 2: (0, 4, 2, 6)}
"""Lowest bit, in its byte, of each group of four outputs of a word."""
PLACES = (0, 2, 1, 3)
"""Output of each byte of a word among four consecutive ones."""


def packed_shifts(bits: int) -> NDArray[np.uint32]:
    """Lowest bit of each weight of a word, in the order of the outputs."""
    return np.array(
        [field + 8 * PLACES.index(place) for field in _FIELDS[bits] for place in range(4)],
        np.uint32,
    )


def pack_rows(rows: Rows, bits: int) -> NDArray[np.int32]:
    """Words of 8 weights of 4 bits or 16 weights of 2 bits, (inputs, words); see `packed4_rows.h`.

    Raises:
        ValueError: a weight does not fit.
    """
    low, high = WEIGHT_RANGES[bits]
    if rows.size and not (low <= rows.min() and rows.max() <= high):
        raise ValueError(f"weights of {bits} bits must lie between {low} and {high}")
    inputs, outputs = rows.shape
    shifts = packed_shifts(bits)
    words = -(-outputs // len(shifts))
    fields = np.zeros((inputs, words * len(shifts)), np.uint32)
    fields[:, :outputs] = rows.astype(np.int32) + _OFFSETS[bits]
    shifted = fields.reshape(inputs, words, -1) << shifts
    return np.bitwise_or.reduce(shifted, axis=-1).astype(np.uint32).view(np.int32)


def unpack_rows(words: NDArray, bits: int, outputs: int) -> NDArray[np.int64]:
    """The rows, (inputs, outputs), of words that `pack_rows` made."""
    unsigned = np.asarray(words, np.int64).astype(np.uint32)
    fields = unsigned[..., None] >> packed_shifts(bits) & np.uint32((1 << bits) - 1)
    rows = fields.astype(np.int64) - _OFFSETS[bits]
    return rows.reshape(len(unsigned), -1)[:, :outputs]


def pack_last(weights: NDArray, bits: int) -> NDArray[np.int32]:
    """As `pack_rows`, for weights of any rank: the last axis is packed."""
    rows = weights.reshape(-1, weights.shape[-1]).astype(np.int8)
    return pack_rows(rows, bits).reshape(*weights.shape[:-1], -1)


def unpack_last(words: NDArray, bits: int, outputs: int) -> NDArray[np.int64]:
    """The weights, with `outputs` along the last axis, of words that `pack_last` made."""
    rows = unpack_rows(words.reshape(-1, words.shape[-1]), bits, outputs)
    return rows.reshape(*words.shape[:-1], outputs)


def fewest_bits(weights: NDArray, least: int) -> int:
    """Bits of a stored weight: 2, 4 or 8, at least `least`, that all of these fit."""
    for bits, (low, high) in sorted(WEIGHT_RANGES.items()):
        if bits >= least and (not weights.size or (low <= weights.min() and weights.max() <= high)):
            return bits
    return 8


@dataclass(frozen=True, eq=False)
class SparseWeights:
    """Weights by input, in panels of outputs; see `linear_scatter_sparse.h`.

    Attributes:
        starts: uint16 (panels, inputs + 1).
        entries: uint16 (weights,), at least one.
        panel_outputs: outputs of each panel but the last.
    """

    starts: NDArray[np.uint16]
    entries: NDArray[np.uint16]
    panel_outputs: int


def panel_outputs_of(rows: Rows) -> int | None:
    """The largest panels whose entries can be counted with 16 bits, or None if there are none."""
    kept = (rows != 0).sum(axis=0)
    panel = PANEL
    while panel >= 1:
        sums = np.add.reduceat(kept, np.arange(0, len(kept), panel))
        if sums.max() <= MAXIMUM_START:
            return panel
        panel //= 2
    return None


def sparse_rows(rows: Rows, panel_outputs: int) -> SparseWeights:
    """The weights that are not zero, input by input in each panel."""
    starts, entries = [], []
    for first in range(0, rows.shape[1], panel_outputs):
        panel = rows[:, first : first + panel_outputs]
        inputs, outputs = np.nonzero(panel)
        weights = panel[inputs, outputs].view(np.uint8).astype(np.uint16)
        entries.append(outputs.astype(np.uint16) | weights << 8)
        counts = np.bincount(inputs, minlength=len(rows))
        starts.append(np.concatenate([[0], np.cumsum(counts)]).astype(np.uint16))
    joined = np.concatenate(entries)
    # C has no empty arrays.
    stored = joined if joined.size else np.zeros(1, np.uint16)
    return SparseWeights(np.stack(starts), stored, panel_outputs)


def rows_of_sparse(sparse: SparseWeights, outputs: int) -> NDArray[np.int64]:
    """The rows, (inputs, outputs), of what `sparse_rows` made."""
    panels, ends = sparse.starts.shape
    rows = np.zeros((ends - 1, outputs), np.int64)
    base = 0
    for panel in range(panels):
        counts = np.diff(sparse.starts[panel].astype(np.int64))
        inputs = np.repeat(np.arange(ends - 1), counts)
        entries = sparse.entries[base : base + len(inputs)]
        numbers = (entries & 0xFF).astype(np.int64) + panel * sparse.panel_outputs
        rows[inputs, numbers] = entries.view(np.int16) >> 8
        base += len(inputs)
    return rows


@dataclass(frozen=True, eq=False)
class BlockWeights:
    """Blocks of 4 outputs by input; see `linear_scatter_blocks.h`.

    Attributes:
        starts: uint16 (inputs + 1,).
        blocks: uint8 (blocks,), at least one.
        weights: int32 (blocks,), 4 bytes each in the order n, n+2, n+1, n+3.
    """

    starts: NDArray[np.uint16]
    blocks: NDArray[np.uint8]
    weights: NDArray[np.int32]


def kept_blocks(rows: Rows, block: int = BLOCK) -> NDArray[np.bool_]:
    """Which blocks have a weight that is not zero, the last axis a block for each.

    Args:
        rows: weights, the outputs along the last axis; their number is a multiple of `block`.
        block: consecutive outputs of a block.
    """
    return np.any(rows.reshape(*rows.shape[:-1], -1, block) != 0, axis=-1)


def block_rows(rows: Rows) -> BlockWeights:
    """The blocks that are not zero, input by input."""
    kept = kept_blocks(rows)
    inputs, blocks = np.nonzero(kept)
    quads = rows.reshape(len(rows), -1, BLOCK)[inputs, blocks][:, list(PLACES)]
    counts = np.bincount(inputs, minlength=len(rows))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint16)
    if not blocks.size:
        # C has no empty arrays.
        return BlockWeights(starts, np.zeros(1, np.uint8), np.zeros(1, np.int32))
    words = np.ascontiguousarray(quads).view("<i4").reshape(-1)
    return BlockWeights(starts, blocks.astype(np.uint8), words.astype(np.int32))


def rows_of_blocks(sparse: BlockWeights, outputs: int) -> NDArray[np.int64]:
    """The rows, (inputs, outputs), of what `block_rows` made."""
    positions = sparse.starts.astype(np.int64)
    counts = positions[1:] - positions[:-1]
    inputs = np.repeat(np.arange(len(sparse.starts) - 1), counts)
    rows = np.zeros((len(sparse.starts) - 1, outputs // BLOCK, BLOCK), np.int64)
    stored = sparse.weights.astype("<i4").view(np.int8).reshape(-1, BLOCK)[: len(inputs)]
    rows[inputs, sparse.blocks[: len(inputs)].astype(np.int64)] = stored[:, list(PLACES)]
    return rows.reshape(len(rows), outputs)
