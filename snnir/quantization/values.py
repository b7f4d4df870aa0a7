# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known about an integer value: the real number it stands for, and its range."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    f32,
    i1,
    i8,
    i16,
    i32,
)
from xdsl.ir import Attribute, SSAValue

from snnir.dialects.layer_shapes import shape_of
from snnir.support.arrays import dense_from_array


@dataclass(frozen=True)
class QuantizedValue:
    """An integer tensor `q` that stands for `scale * q + offset`, with `low <= q <= high`.

    The four arrays broadcast to the tensor's shape. An offset is a bias that waits for the next
    neuron, where it costs nothing; it commutes with pooling.

    `window_sum`, if known, bounds the sum of all elements that one output of a linear layer or
    convolution reads.
    """

    value: SSAValue
    scale: NDArray[np.float64]
    offset: NDArray[np.float64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    window_sum: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor."""
        return shape_of(self.value.type)

    def full(self, array: NDArray) -> NDArray:
        """One of the four arrays, broadcast to the tensor's shape."""
        return np.broadcast_to(array, self.shape)

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest value of the tensor."""
        return int(self.low.min()), int(self.high.max())


def spikes(value: SSAValue) -> QuantizedValue:
    """Spikes: 0 or 1, in units of one."""
    zero = np.zeros((), np.int64)
    return QuantizedValue(value, np.ones(()), np.zeros(()), zero, zero + 1)


def smallest_extent(array: NDArray, shape: tuple[int, ...]) -> NDArray:
    """`array`, broadcastable to `shape`, as a scalar, per channel or per neuron: the smallest."""
    full = np.broadcast_to(array, shape)
    if (full == full.flat[0]).all():
        return full.reshape(-1)[0].reshape(())
    if len(shape) > 1:
        channels = full.reshape(shape[0], -1)[:, 0].reshape(-1, *[1] * (len(shape) - 1))
        if (full == channels).all():
            return channels
    return np.ascontiguousarray(full)


def integer_parameter(array: NDArray) -> IntegerAttr | DenseIntOrFPElementsAttr:
    """An `i32` attribute for an integer array: scalar or dense.

    Raises:
        OverflowError: a value does not fit 32 bits.
    """
    if array.size and (array.min() < -(2**31) or array.max() >= 2**31):
        raise OverflowError
    if array.ndim == 0:
        return IntegerAttr(int(array), i32)
    return dense_from_array(array.astype(np.int32))


def real_parameter(array: NDArray) -> FloatAttr | DenseIntOrFPElementsAttr:
    """An `f32` attribute for a real array: scalar or dense."""
    if array.ndim == 0:
        return FloatAttr(float(array), f32)
    return dense_from_array(array.astype(np.float32))


def type_bounds(element_type: Attribute) -> tuple[int, int]:
    """Smallest and largest value of an integer type; `i1` holds 0 and 1."""
    assert isinstance(element_type, IntegerType)
    if element_type == i1:
        return 0, 1
    bits = element_type.width.data
    return -(1 << bits - 1), (1 << bits - 1) - 1


def fits(low: NDArray, high: NDArray, element_type: Attribute) -> bool:
    """Whether a range lies within an integer type."""
    smallest, largest = type_bounds(element_type)
    return bool(low.min() >= smallest and high.max() <= largest)


def smallest_type(
    low: NDArray, high: NDArray, candidates: tuple[IntegerType, ...] = (i8, i16, i32)
) -> IntegerType | None:
    """The first of `candidates` that holds the range."""
    return next((type for type in candidates if fits(low, high, type)), None)
