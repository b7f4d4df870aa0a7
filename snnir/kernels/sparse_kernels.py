# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory layout of the weights of convolutions that are not zero; see `conv2d_scatter_sparse.h`.

The functions take `kernels`, int8 (inputs, height, width, outputs): what an input is multiplied
with, as it reaches the outputs of its group.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import int_values


@dataclass(frozen=True)
class ColumnOrder:
    """The order in which the columns of a kernel are stored, class by class.

    Attributes:
        columns: the column at each place.
        offsets: of each place, the distance of the current that it reaches from the one that the
            first column of its panel reaches.
    """

    columns: tuple[int, ...]
    offsets: tuple[int, ...]


def column_order(
    width: int, outputs: int, stride: int, dilation: int, panel_columns: int
) -> ColumnOrder:
    """The order of the columns of kernels of this width.

    Args:
        outputs: all output channels.
        stride: of the columns, as `dilation`.
        panel_columns: columns of a panel.
    """
    divisor = math.gcd(stride, dilation)
    classes = [range(width)[phase :: stride // divisor][::-1] for phase in range(stride // divisor)]
    step = dilation // divisor * outputs
    numbers = [number for columns in classes for number in range(len(columns))]
    return ColumnOrder(
        tuple(column for columns in classes for column in columns),
        tuple(number % panel_columns * step for number in numbers),
    )


def order_of_call(op: snnrt.Conv2dScatterSparseOp) -> ColumnOrder:
    """The order of the columns of the kernels of a call."""
    stride, dilation = int_values(op.stride)[1], int_values(op.dilation)[1]
    outputs, panel = buffer_shape(op.current.type)[-1], op.panel_columns.value.data
    return column_order(op.kernel_shape()[2], outputs, stride, dilation, panel)


@dataclass(frozen=True, eq=False)
class SparseKernels:
    """Kernels by input, row and place of the column.

    Attributes:
        starts: uint16 (inputs * height * width + 1,).
        entries: uint16 (weights,), at least one.
    """

    starts: NDArray[np.uint16]
    entries: NDArray[np.uint16]


def sparse_kernels(kernels: NDArray[np.int8], order: ColumnOrder) -> SparseKernels:
    """The weights that are not zero, at most `MAXIMUM_START`."""
    placed = kernels[:, :, list(order.columns)]
    *_, places, outputs = np.nonzero(placed)
    distances = np.array(order.offsets)[places] + outputs
    weights = placed[placed != 0].view(np.uint8).astype(np.uint16)
    counts = np.count_nonzero(placed, axis=-1).reshape(-1)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint16)
    entries = distances.astype(np.uint16) | weights << 8
    # C has no empty arrays.
    return SparseKernels(starts, entries if entries.size else np.zeros(1, np.uint16))


def kernels_of_sparse(
    sparse: SparseKernels, shape: tuple[int, int, int, int], order: ColumnOrder
) -> NDArray[np.int64]:
    """The kernels of a shape that `sparse_kernels` made."""
    counts = np.diff(sparse.starts.astype(np.int64)).astype(np.int64)
    rows = np.repeat(np.arange(len(counts)), counts)
    entries = sparse.entries[: len(rows)]
    placed = np.zeros((len(counts), shape[-1]), np.int64)
    offsets = np.tile(order.offsets, len(counts) // len(order.offsets))
    placed[rows, (entries & 0xFF).astype(np.int64) - offsets[rows]] = entries.view(np.int16) >> 8
    kernels = np.zeros(shape, np.int64)
    kernels[:, :, list(order.columns)] = placed.reshape(shape)
    return kernels
