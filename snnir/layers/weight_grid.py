# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Discardable attributes of `snn.weight` that say on which integer grid the weights lie.

Passes that quantise weights write them: `weight = scale * q` exactly in float32, with integers `q`
of `bits` bits. `convert-snn-to-qsnn` reads the integers off and rounds nothing. A pass that changes
the weights in any other way builds a `snn.weight` without them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, i64

from snnir.dialects import snn
from snnir.support.arrays import array_from_dense, dense_from_array

SCALE = "scale"
"""The scale of each output channel, `dense<…> : tensor<channels x f32>`."""
BITS = "bits"
"""The number of bits of the integers, `i64`."""


@dataclass(frozen=True, eq=False)
class WeightGrid:
    """Scale of each output channel, float64 (channels,), and bits of the integers."""

    scale: NDArray[np.float64]
    bits: int


def write_grid(weight: snn.WeightOp, grid: WeightGrid) -> None:
    """Record the grid of a constant; the scales as float32."""
    weight.attributes[SCALE] = dense_from_array(grid.scale.astype(np.float32))
    weight.attributes[BITS] = IntegerAttr(grid.bits, i64)


def grid_of(weight: snn.WeightOp) -> WeightGrid | None:
    """The recorded grid of a constant, or None."""
    scale, bits = weight.attributes.get(SCALE), weight.attributes.get(BITS)
    if not isinstance(scale, DenseIntOrFPElementsAttr) or not isinstance(bits, IntegerAttr):
        return None
    return WeightGrid(array_from_dense(scale).astype(np.float64), bits.value.data)


def integers_on(grid: WeightGrid, weight: NDArray) -> NDArray[np.int64] | None:
    """The integers `q` with `float32(scale * q) == weight`, or None where there are none.

    Args:
        weight: float32 values, (channels, …).
    """
    if grid.scale.shape != weight.shape[:1] or not (grid.scale > 0).all():
        return None
    scale = grid.scale.reshape(-1, *[1] * (weight.ndim - 1))
    integers = np.rint(weight / scale)
    limit = 1 << grid.bits - 1
    exact = np.array_equal((integers * scale).astype(np.float32), weight.astype(np.float32))
    inside = integers.size == 0 or (-limit <= integers.min() and integers.max() < limit)
    return integers.astype(np.int64) if exact and inside else None
