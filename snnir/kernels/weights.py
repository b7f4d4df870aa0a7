# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constant weights of layers, for the rules that choose kernels."""

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i16
from xdsl.ir import SSAValue

from snnir.dialects import qsnn
from snnir.dialects.kernel_bases import buffer_element
from snnir.kernels.layout import interleave_outputs
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import error_at

LayerOp = qsnn.LinearOp | qsnn.Conv2dOp


def layer_weights(op: LayerOp) -> NDArray[np.int8]:
    """The weights of a layer, outputs first.

    Raises:
        SNNError: they are not constant, or the layer has a bias.
    """
    if not isinstance(owner := op.weight.owner, qsnn.WeightOp):
        raise error_at(op, "needs constant weights")
    if op.bias is not None:
        raise error_at(op, "has a bias; biases belong to the neuron that follows")
    return array_from_dense(owner.value).astype(np.int8)


def scatter_weights(weights: NDArray[np.int8], current: SSAValue) -> NDArray[np.int8]:
    """Weights with the outputs last, in the order that the kernel for this current wants."""
    return interleave_outputs(weights) if buffer_element(current.type) == i16 else weights
