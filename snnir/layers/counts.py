# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The size of a network: parameters, neurons, and the multiplications of a dense execution."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import Operation

from snnir.dialects import snn
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.snn_neurons import NeuronBase
from snnir.layers.affine import AFFINE_OPS


@dataclass(frozen=True)
class Counts:
    """Sizes of one network.

    Attributes:
        parameters: elements of all constants: weights, biases, batch-norm statistics.
        macs: multiply-accumulates of all linear layers and convolutions at one step, if nothing is
            skipped; positions in the padding count.
        neurons: neurons of all layers.
    """

    parameters: int
    macs: int
    neurons: int


def macs_of(op: Operation) -> int:
    """Dense multiply-accumulates of one operation at one step; 0 for other operations."""
    if not isinstance(op, AFFINE_OPS):
        return 0
    inputs_per_output = element_count(shape_of(op.weight.type)[1:])
    return element_count(shape_of(op.result.type)) * inputs_per_output


def count_network(network: snn.NetworkOp) -> Counts:
    """The sizes of a network at the `snn` level."""
    ops = list(network.body.block.ops)
    return Counts(
        parameters=sum(
            element_count(shape_of(op.result.type)) for op in ops if isinstance(op, snn.WeightOp)
        ),
        macs=sum(map(macs_of, ops)),
        neurons=sum(
            element_count(shape_of(op.results[0].type)) for op in ops if isinstance(op, NeuronBase)
        ),
    )
