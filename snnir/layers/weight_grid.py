# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Discardable attributes of `snn.weight` that say on which integer grid the weights lie.

Passes that quantise weights write them: `weight = scale * q` exactly in float32, with integers `q`
of `bits` bits. `convert-snn-to-qsnn` reads the integers off and rounds nothing. A pass that changes
the weights in any other way builds a `snn.weight` without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, i64
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.network import NetworkOpBase
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import error_at

SCALE = "scale"
"""The scale of each output channel, `dense<…> : tensor<channels x f32>`."""
BITS = "bits"
"""The number of bits of the integers, `i64`."""
LEAST_BITS, MOST_BITS = 2, 8
"""Of the integers."""


@dataclass(frozen=True, eq=False)
class WeightGrid:
    """Scale of each output channel, float64 (channels,), and bits of the integers."""

    scale: NDArray[np.float64]
    bits: int


def bits_of_layers(
    network: NetworkOpBase, layers: int, bits: int, layer_bits: Sequence[int]
) -> list[int]:
    """Bits of the weights of each layer, by the options `bits` and `layer-bits` of a pass.

    Args:
        layer_bits: one value for each of the `layers`, instead of `bits`; or nothing.

    Raises:
        SNNError: a value is not 2 to 8, or their number is another one.
    """
    given = ", ".join(map(str, layer_bits))
    if layer_bits and len(layer_bits) != layers:
        raise error_at(
            network,
            f"option layer-bits: {layers} values are needed, one for each layer, got {given}",
        )
    found = list(layer_bits) or [bits] * layers
    if not all(LEAST_BITS <= each <= MOST_BITS for each in found):
        option, value = ("layer-bits", given) if layer_bits else ("bits", bits)
        raise error_at(network, f"option {option} must be {LEAST_BITS} to {MOST_BITS}, got {value}")
    return found


def write_grid(weight: snn.WeightOp, grid: WeightGrid) -> None:
    """Record the grid of a constant; the scales as float32."""
    weight.attributes[SCALE] = dense_from_array(grid.scale.astype(np.float32))
    weight.attributes[BITS] = IntegerAttr(grid.bits, i64)


def erase_grid(weight: snn.WeightOp) -> None:
    """Forget the grid of a constant that no longer lies on it."""
    for name in (SCALE, BITS):
        weight.attributes.pop(name, None)


def grid_of(weight: snn.WeightOp) -> WeightGrid | None:
    """The recorded grid of a constant, or None."""
    scale, bits = weight.attributes.get(SCALE), weight.attributes.get(BITS)
    if not isinstance(scale, DenseIntOrFPElementsAttr) or not isinstance(bits, IntegerAttr):
        return None
    return WeightGrid(array_from_dense(scale).astype(np.float64), bits.value.data)


def lost_grid(weight: SSAValue) -> str:
    """The end of a remark on a layer whose `weight` changed: what is lost, or an empty text."""
    owner = weight.owner
    grid = grid_of(owner) if isinstance(owner, snn.WeightOp) else None
    return "" if grid is None else f"; off the {grid.bits}-bit grid now, quantise again"


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
