# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The energy proxy of arXiv 2104.12528: operations times energy per operation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.layers.affine import AFFINE_OPS, AffineOp
from snnir.layers.counts import macs_of
from snnir.support.arrays import array_from_dense

MAC_PICOJOULE, AC_PICOJOULE = 4.6, 0.9
"""Energy of a float32 multiply-accumulate and of an accumulate in 45 nm (Horowitz, ISSCC 2014)."""


def microjoules(row: dict[str, Any], operations: str = "operations") -> float:
    """Operations of one inference times energy per operation: a proxy, memory is not in it.

    Spiking networks have accumulates, and `input_macs` if they get real values, of which products
    are made once; ordinary ones have multiply-accumulates.

    Args:
        operations: the key of the accumulates.
    """
    if operations in row:
        products = row.get("input_macs", 0.0) * MAC_PICOJOULE
        return (row[operations] * AC_PICOJOULE + products) * 1e-6
    return row["macs"] * MAC_PICOJOULE * 1e-6


def affine_layers(network: snn.NetworkOp) -> list[Any]:
    """Convolutions and the fully connected layer, in order."""
    return [op for op in network.body.block.ops if isinstance(op, AFFINE_OPS)]


def products(network: snn.NetworkOp) -> list[float]:
    """Multiply-accumulates of each layer with weights that are not zero, at one step."""
    return [macs_of(op) * density(op) for op in affine_layers(network)]


def density(op: AffineOp) -> float:
    """The part of a layer's weights that are not zero."""
    owner = op.weight.owner
    assert isinstance(owner, snn.WeightOp)
    return float(np.mean(array_from_dense(owner.value) != 0))


def accumulates(network: snn.NetworkOp, rates: Sequence[float]) -> float:
    """Accumulates of an inference of a network that gets the image itself.

    Those of spikes: rate of the layer that feeds, times steps, times multiply-accumulates with
    weights that are not zero; and those of biases.

    Args:
        rates: of the neurons of each layer but the last.
    """
    steps = network.timesteps.value.data
    fed = zip(rates, products(network)[1:], strict=True)
    return steps * sum(rate * each for rate, each in fed) + bias_additions(network)


def bias_additions(network: snn.NetworkOp) -> int:
    """Accumulates of biases: in the first layer once, as its products, in the others at each
    step."""
    layers, steps = affine_layers(network), network.timesteps.value.data
    outputs = [0 if op.bias is None else math.prod(shape_of(op.result.type)) for op in layers]
    return outputs[0] + steps * sum(outputs[1:])
