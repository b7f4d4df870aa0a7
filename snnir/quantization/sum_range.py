# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Range of the sums that a linear layer or convolution forms."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def sum_range(
    weight: Integers, low: Integers, high: Integers, total: int | None = None
) -> tuple[Integers, Integers]:
    """Range of every partial sum `sum(w * x)` per output, in any order of summation.

    Zero counts as a possible input (padding, no spike).

    Args:
        weight: (outputs, inputs, ...).
        low, high: range of the inputs; they broadcast to `weight`.
        total: largest sum of all inputs of an output; used where no input is negative.

    Returns:
        smallest and largest sums, (outputs,).
    """
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    if total is not None and not low.any():
        return -_largest_sum(-weight, high, total), _largest_sum(weight, high, total)
    products = np.stack([weight * low, weight * high])
    axes = tuple(range(1, weight.ndim))
    return products.min(axis=0).sum(axis=axes), products.max(axis=0).sum(axis=axes)


def _largest_sum(weight: Integers, high: Integers, total: int) -> Integers:
    """Largest `sum(w * x)` per output with `0 <= x <= high` and `sum(x) <= total`.

    A knapsack whose items have equal weight: taking the largest coefficients first is optimal.
    """
    coefficients = np.maximum(weight, 0).reshape(len(weight), -1)
    most = np.broadcast_to(high, weight.shape).reshape(coefficients.shape)
    order = np.argsort(-coefficients, axis=1, kind="stable")
    coefficients = np.take_along_axis(coefficients, order, axis=1)
    most = np.take_along_axis(most, order, axis=1)
    before = np.cumsum(most, axis=1) - most
    taken = np.clip(total - before, 0, most)
    return (coefficients * taken).sum(axis=1)
