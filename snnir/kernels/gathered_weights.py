# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory layout of the weights of `linear_gather.h`, `linear_gather_packed4.h` and
`linear_counts.h`.

`rows` are the weights by input, int8 (inputs, outputs). With `counted` inputs the weights of two
neighbouring outputs are one number, which a value multiplies as a whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.snnrt_gather import PACKED_OUTPUTS, QUAD_OUTPUTS, quads_of
from snnir.kernels.c_constants import c_constant
from snnir.kernels.compressed_weights import WEIGHT_RANGES, Rows
from snnir.kernels.layout import interleave_outputs

TILE_QUADS = {
    False: c_constant("linear_gather.h", "GATHER_QUADS"),
    True: c_constant("linear_gather.h", "GATHER_VALUE_QUADS"),
}
"""Words of a row of a tile, by whether inputs are counted."""

_LANE_LIMIT = np.iinfo(np.int16).max

_SMALLEST = np.iinfo(np.int8).min


def gather_tiles(outputs: int, counted: bool) -> tuple[int, int]:
    """How many whole tiles a layer has, and the words of the rows of what is left."""
    return divmod(quads_of(outputs), TILE_QUADS[counted])


def can_gather(rows: Rows, counted: bool) -> bool:
    """Whether the weights can be stored.

    Of two that are one number the second is stored less one if the first is negative.
    """
    first, second = rows[:, 0 : rows.shape[1] // 2 * 2 : 2], rows[:, 1::2]
    return not counted or not ((first < 0) & (second == _SMALLEST)).any()


def gather_rows(rows: Rows, counted: bool) -> NDArray[np.int32]:
    """Words of the weights: by tile, then input.

    Raises:
        ValueError: the weights cannot be stored.
    """
    if not can_gather(rows, counted):
        raise ValueError(f"a weight of {_SMALLEST} follows a negative one")
    inputs, outputs = rows.shape
    quads, whole = quads_of(outputs), TILE_QUADS[counted]
    padded = np.zeros((inputs, quads * QUAD_OUTPUTS), np.int8)
    padded[:, :outputs] = rows
    if counted:
        padded[:, 1::2] -= padded[:, 0::2] < 0
    words = interleave_outputs(padded).view("<i4")
    tiles = [words[:, first : first + whole].reshape(-1) for first in range(0, quads, whole)]
    return np.concatenate(tiles).astype(np.int32)


def rows_of_gather(words: NDArray, outputs: int, counted: bool) -> NDArray[np.int64]:
    """The rows, (inputs, outputs), of what `gather_rows` made."""
    quads, whole = quads_of(outputs), TILE_QUADS[counted]
    inputs = len(words) // quads
    stored = np.asarray(words, np.int64).astype("<i4")
    tiles, begin = [], 0
    for first in range(0, quads, whole):
        width = min(whole, quads - first)
        tiles.append(stored[begin : begin + inputs * width].reshape(inputs, width))
        begin += inputs * width
    padded = np.ascontiguousarray(np.concatenate(tiles, axis=1)).view(np.int8)
    # The order of the bytes is its own inverse.
    rows = interleave_outputs(padded).astype(np.int64)
    if counted:
        rows[:, 1::2] += rows[:, 0::2] < 0
    return rows[:, :outputs]


def lane_rows(rows: Rows, largest: int) -> int:
    """How many products of a value and a weight 16 bits hold in any order, 0 for none.

    Args:
        largest: magnitude of the largest value.
    """
    weight = int(np.abs(rows.astype(np.int64)).max(initial=1))
    return _LANE_LIMIT // (weight * largest)


_SHIFTS = np.array([0, 16, 4, 20, 8, 24, 12, 28], np.uint32)
"""Where the weights of a word begin, by output."""

_OFFSET = -WEIGHT_RANGES[4][0]


def can_gather_packed(rows: Rows) -> bool:
    """Whether the weights have 4 bits."""
    low, high = WEIGHT_RANGES[4]
    return not rows.size or bool(low <= rows.min() and rows.max() <= high)


def packed_gather_rows(rows: Rows) -> NDArray[np.int32]:
    """Words of 8 weights of 4 bits: by outputs, then input.

    Raises:
        ValueError: a weight does not fit.
    """
    if not can_gather_packed(rows):
        raise ValueError("weights of 4 bits must lie between -8 and 7")
    inputs, outputs = rows.shape
    words = -(-outputs // PACKED_OUTPUTS)
    fields = np.zeros((inputs, words * PACKED_OUTPUTS), np.uint32)
    fields[:, :outputs] = rows.astype(np.int32) + _OFFSET
    shifted = fields.reshape(inputs, words, PACKED_OUTPUTS) << _SHIFTS
    stored = np.bitwise_or.reduce(shifted, axis=-1).astype(np.uint32)
    return np.ascontiguousarray(stored.T).reshape(-1).view(np.int32)


def rows_of_packed_gather(words: NDArray, outputs: int) -> NDArray[np.int64]:
    """The rows, (inputs, outputs), of what `packed_gather_rows` made."""
    unsigned = np.asarray(words, np.int64).astype(np.uint32)
    stored = unsigned.reshape(-(-outputs // PACKED_OUTPUTS), -1).T
    fields = stored[..., None] >> _SHIFTS & np.uint32(0xF)
    return (fields.astype(np.int64) - _OFFSET).reshape(len(stored), -1)[:, :outputs]


def counts_rows(rows: Rows) -> NDArray[np.int32]:
    """Words of four weights for `linear_counts.h`: by outputs, then input."""
    inputs, outputs = rows.shape
    padded = np.zeros((inputs, quads_of(outputs) * QUAD_OUTPUTS), np.int8)
    padded[:, :outputs] = rows
    words = interleave_outputs(padded).view("<i4")
    return np.ascontiguousarray(words.T).reshape(-1).astype(np.int32)


def rows_of_counts(words: NDArray, outputs: int) -> NDArray[np.int64]:
    """The rows, (inputs, outputs), of what `counts_rows` made."""
    stored = np.asarray(words, np.int64).astype("<i4").reshape(quads_of(outputs), -1)
    padded = np.ascontiguousarray(stored.T).view(np.int8)
    # The order of the bytes is its own inverse.
    return interleave_outputs(padded).astype(np.int64)[:, :outputs]
