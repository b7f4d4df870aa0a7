# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory layout: logical tensors are channels-first, buffers are channels-last (HWC)."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Element = TypeVar("Element", bound=np.generic)

Order = NDArray[np.int64]
"""For each element of a buffer, the row-major index of that element in the logical tensor."""


def buffer_shape_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """`(C, H, W)` becomes `(H, W, C)`, `(C, L)` becomes `(L, C)`, `(N,)` stays."""
    return (*shape[1:], shape[0])


def logical_shape_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The inverse of `buffer_shape_of`: `(H, W, C)` becomes `(C, H, W)`."""
    return (shape[-1], *shape[:-1])


def channels_last(shape: tuple[int, ...]) -> Order:
    """The order of a buffer that holds a logical tensor of this shape channels-last."""
    indices = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    return np.moveaxis(indices, 0, -1).reshape(-1)


def to_logical(buffer: NDArray, order: Order, shape: tuple[int, ...]) -> NDArray:
    """The logical tensor that a buffer holds; zero where it holds nothing."""
    logical = np.zeros(int(np.prod(shape)), buffer.dtype)
    logical[order] = buffer.reshape(-1)
    return logical.reshape(shape)


def interleave_outputs(weights: NDArray[Element]) -> NDArray[Element]:
    """Store every four outputs (last axis) as `n, n+2, n+1, n+3`, as the 16-bit kernels want them.

    `SXTAB16` extends bytes 0 and 2 of a word, and with a rotation bytes 1 and 3: so the sums of
    neighbouring outputs come out in natural order.
    """
    result = weights.copy()
    complete = weights.shape[-1] // 4 * 4
    for first, second in ((1, 2), (2, 1)):
        result[..., first:complete:4] = weights[..., second:complete:4]
    return result


def to_logical_batch(buffers: NDArray, order: Order, shape: tuple[int, ...]) -> NDArray:
    """The logical tensors that buffers `(…, elements)` hold: `(…, *shape)`; as `to_logical`."""
    logical = np.zeros((*buffers.shape[:-1], int(np.prod(shape))), buffers.dtype)
    logical[..., order] = buffers
    return logical.reshape(*buffers.shape[:-1], *shape)
