# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory layout of the weights of `dot_rows.h`, and which layers can have it.

`rows` are the weights by output, int8 (outputs, rows of a kernel, values of a row); those of a
fully connected layer have one row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.snnrt_dot import QUAD_VALUES, dot_quads
from snnir.kernels.c_constants import c_constant

TILE_OUTPUTS = c_constant("dot_rows.h", "DOT_ROWS")
"""Outputs whose sums are held together."""

LARGEST_VALUE = 127
"""Of a byte: values of -128 have no pair of 16 bits."""

SUM_LIMIT = 1 << 23
"""Sums must be smaller: they are held times 256."""


def _quads(rows: NDArray[np.int8]) -> NDArray[np.int64]:
    """Rows filled up with zeros, (outputs, quads, values)."""
    outputs, kernel_rows, values = rows.shape
    filled = np.zeros((outputs, kernel_rows, QUAD_VALUES * dot_quads(values)), np.int64)
    filled[..., :values] = rows
    return filled.reshape(outputs, -1, QUAD_VALUES)


def can_dot(rows: NDArray[np.int8]) -> bool:
    """Whether pairs of weights are numbers of 16 bits, and all sums can be held."""
    quads = _quads(rows)
    numbers = 256 * quads[..., 0::2] + quads[..., 1::2]
    sums = np.abs(quads).sum(axis=(1, 2)) * LARGEST_VALUE
    return bool((numbers >= np.iinfo(np.int16).min).all() and (sums < SUM_LIMIT).all())


def dot_weights(rows: NDArray[np.int8]) -> NDArray[np.int32]:
    """Words of the weights: by tile of outputs, then by word of a row, then by output.

    Raises:
        ValueError: the weights cannot be stored.
    """
    if not can_dot(rows):
        raise ValueError("a pair of weights or a sum is too large")
    quads = _quads(rows)
    numbers = (256 * quads[..., 0::2] + quads[..., 1::2]).astype("<i2")
    words = np.ascontiguousarray(numbers).view("<i4")[..., 0]
    tiles = [
        words[first : first + TILE_OUTPUTS].T.reshape(-1)
        for first in range(0, len(words), TILE_OUTPUTS)
    ]
    return np.concatenate(tiles).astype(np.int32)


def weights_of_dot(words: NDArray, outputs: int) -> NDArray[np.int64]:
    """The weights, (outputs, values of all filled rows), of what `dot_weights` made."""
    quads = len(words) // outputs
    by_output, begin = [], 0
    for first in range(0, outputs, TILE_OUTPUTS):
        width = min(TILE_OUTPUTS, outputs - first)
        tile = words[begin : begin + quads * width].reshape(quads, width)
        by_output.append(tile.T)
        begin += quads * width
    stored = np.ascontiguousarray(np.concatenate(by_output).astype("<i4"))
    numbers = stored.view("<i2").astype(np.int64)
    second = numbers.astype(np.int8).astype(np.int64)
    return np.stack([(numbers - second) >> 8, second], axis=-1).reshape(outputs, -1)
