# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory layout of the weights of convolutions that are not zero; see `conv2d_scatter_sparse.h`.

The functions take `kernels`, int8 (inputs, height, width, outputs): what an input is multiplied
with, as it reaches the outputs of its group.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import int_values
from snnir.kernels.compressed_weights import BLOCK, MAXIMUM_START, PLACES, kept_blocks


@dataclass(frozen=True)
class ElementOrder:
    """The order in which the elements of a kernel are stored, class by class.

    Attributes:
        rows, columns: of the element at each place.
        distances: of each place, how far the current that it reaches lies behind the one that the
            first element of its class reaches.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    distances: tuple[int, ...]


def element_order(
    kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int],
    current: Sequence[int],
) -> ElementOrder:  # fmt: skip
    """The order of the elements of kernels of a height and width.

    Args:
        stride, dilation: of rows and columns.
        current: height, width and channels of the currents.
    """
    _, width, channels = current
    divisors = [math.gcd(*axis) for axis in zip(stride, dilation, strict=True)]
    steps = [d // divisor for d, divisor in zip(dilation, divisors, strict=True)]
    rows, columns = (
        [range(size)[phase :: s // divisor][::-1] for phase in range(s // divisor)]
        for size, s, divisor in zip(kernel, stride, divisors, strict=True)
    )
    places = [
        (row, column, (i * steps[0] * width + j * steps[1]) * channels)
        for row_class in rows
        for column_class in columns
        for i, row in enumerate(row_class)
        for j, column in enumerate(column_class)
    ]
    return ElementOrder(*map(tuple, zip(*places, strict=True)))


def order_of_call(op: snnrt.SparseConvolutionBase) -> ElementOrder:
    """The order of the elements of the kernels of a call."""
    stride, dilation = int_values(op.stride), int_values(op.dilation)
    return element_order(op.kernel_shape()[1:], stride, dilation, buffer_shape(op.current.type))


@dataclass(frozen=True, eq=False)
class SparseKernels:
    """Kernels by input and place of the element.

    Attributes:
        starts: uint16 (inputs * height * width + 1,).
        distances: uint16 (weights,), at least one.
        weights: int8 (weights,), or int32 (blocks,) with 4 bytes each in the order n, n+2, n+1,
            n+3.
    """

    starts: NDArray[np.uint16]
    distances: NDArray[np.uint16]
    weights: NDArray[np.int8] | NDArray[np.int32]


def can_be_sparse(kernels: NDArray[np.int8], order: ElementOrder, block: int = 1) -> bool:
    """Whether 16 bits number the blocks that are not zero and the currents that they reach."""
    if kernels.shape[-1] % block:
        return False
    farthest = max(order.distances) + kernels.shape[-1] - 1
    return max(farthest, int(kept_blocks(kernels, block).sum())) <= MAXIMUM_START


def sparse_kernels(kernels: NDArray[np.int8], order: ElementOrder, block: int = 1) -> SparseKernels:
    """The blocks that are not zero, if `can_be_sparse`."""
    placed = kernels[:, list(order.rows), list(order.columns)]
    kept = kept_blocks(placed, block)
    _, places, blocks = np.nonzero(kept)
    counts = np.count_nonzero(kept, axis=-1).reshape(-1)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint16)
    distances = (np.array(order.distances)[places] + block * blocks).astype(np.uint16)
    if not distances.size:
        # C has no empty arrays.
        kept, distances = np.ones_like(kept[:1, :1, :1]), np.zeros(1, np.uint16)
        placed = np.zeros((1, 1, block), np.int8)
    quads = placed.reshape(*kept.shape, block)[kept]
    weights = quads[:, 0] if block == 1 else quads[:, list(PLACES)].copy().view("<i4")[:, 0]
    return SparseKernels(starts, distances, weights)


def kernels_of_sparse(
    sparse: SparseKernels, shape: tuple[int, int, int, int], order: ElementOrder
) -> NDArray[np.int64]:
    """The kernels of a shape that `sparse_kernels` made."""
    counts = np.diff(sparse.starts.astype(np.int64)).astype(np.int64)
    places = np.repeat(np.arange(len(counts)), counts)
    of_place = np.tile(order.distances, shape[0])[places]
    placed = np.zeros((len(counts), shape[-1]), np.int64)
    outputs = sparse.distances[: len(places)].astype(np.int64) - of_place
    stored = sparse.weights[: len(places)]
    if stored.dtype == np.int8:
        placed[places, outputs] = stored
    else:
        quads = stored.astype("<i4").view(np.int8).reshape(-1, BLOCK)[:, list(PLACES)]
        placed[places[:, None], outputs[:, None] + np.arange(BLOCK)] = quads
    kernels = np.zeros(shape, np.int64)
    kernels[:, list(order.rows), list(order.columns)] = placed.reshape(shape[0], -1, shape[-1])
    return kernels
