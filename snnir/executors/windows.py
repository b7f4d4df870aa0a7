# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The windows that convolution and pooling look at, for the numpy interpreters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.layer_shapes import window_extent


def windows(
    values: NDArray,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int] | None = None,
    fill: float = 0,
) -> NDArray:
    """All windows over the spatial axes of (channels, *spatial), padded with `fill` at both ends.

    Returns:
        (channels, *outputs, *kernel), a read-only view.
    """
    dilation = dilation or [1] * len(kernel)
    padded = np.pad(values, [(0, 0), *((size, size) for size in padding)], constant_values=fill)
    extents = tuple(window_extent(*axis) for axis in zip(kernel, dilation, strict=True))
    axes = tuple(range(1, values.ndim))
    every = np.lib.stride_tricks.sliding_window_view(padded, extents, axes)
    steps = [slice(None), *(slice(None, None, step) for step in (*stride, *dilation))]
    return every[tuple(steps)]


def convolve(
    values: NDArray,
    weight: NDArray,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> NDArray:
    """Convolution of (channels, *spatial) with (outputs, channels / groups, *kernel).

    Returns:
        (outputs, *spatial outputs) of the operands' common type, from one matrix product for each
        group.
    """
    axes = values.ndim - 1
    patches = windows(values, weight.shape[2:], stride, padding, dilation)
    results = []
    kernel_axes = (0, *range(1 + axes, 1 + 2 * axes))
    for patch, kernels in zip(np.split(patches, groups), np.split(weight, groups), strict=True):
        results.append(np.tensordot(kernels, patch, axes=(range(1, 2 + axes), kernel_axes)))
    return np.concatenate(results)
