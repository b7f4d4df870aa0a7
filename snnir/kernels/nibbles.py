# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights of 4 bits as CMSIS-NN stores them: two in a byte, the first in the low half."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.layer_shapes import element_count

LOWEST, HIGHEST = -8, 7


def pack_nibbles(weights: NDArray) -> NDArray[np.int8]:
    """Bytes of all weights in their order in memory, int8 (bytes,).

    Raises:
        ValueError: a weight does not fit 4 bits.
    """
    flat = np.asarray(weights, np.int64).reshape(-1)
    if flat.size and not (flat.min() >= LOWEST and flat.max() <= HIGHEST):
        raise ValueError(f"weights of 4 bits must lie between {LOWEST} and {HIGHEST}")
    low, high = np.append(flat, np.zeros(flat.size % 2, np.int64)).reshape(-1, 2).T & 15
    return (low | high << 4).astype(np.uint8).view(np.int8)


def unpack_nibbles(stored: NDArray, shape: Sequence[int]) -> NDArray[np.int64]:
    """The weights, of a shape, of bytes that `pack_nibbles` made."""
    unsigned = np.asarray(stored, np.int64) & 255
    halves = np.stack([unsigned & 15, unsigned >> 4], axis=-1).reshape(-1)
    return ((halves ^ 8) - 8)[: element_count(shape)].reshape(shape)
