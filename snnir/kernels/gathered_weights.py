# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory layout of the weights of `linear_gather.h`.

`rows` are the weights by input, int8 (inputs, outputs). With `counted` inputs the weights of two
neighbouring outputs are one number, which a value multiplies as a whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.snnrt_gather import QUAD_OUTPUTS, quads_of
from snnir.kernels.c_constants import c_constant
from snnir.kernels.compressed_weights import Rows
from snnir.kernels.layout import interleave_outputs

TILE_QUADS = {
    False: c_constant("linear_gather.h", "GATHER_QUADS"),
    True: c_constant("linear_gather.h", "GATHER_VALUE_QUADS"),
}
"""Words of a row of a tile, by whether inputs are counted."""

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
