# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers of the form `W x + b`: linear layers and convolutions with constant weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter

from snnir.dialects import snn
from snnir.dialects.layer_bases import ConvolutionBase, LinearBase
from snnir.dialects.layer_shapes import int_values
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import error_at

AffineOp = snn.LinearOp | snn.Conv1dOp | snn.Conv2dOp
AFFINE_OPS = (snn.LinearOp, snn.Conv1dOp, snn.Conv2dOp)


def constant(value: SSAValue, user: Operation) -> NDArray[np.float64]:
    """The constant that `value` is, in float64.

    Raises:
        SNNError: it is not a `snn.weight`.
    """
    if not isinstance(owner := value.owner, snn.WeightOp):
        raise error_at(user, "needs constant weights; fold the operation that computes them")
    return array_from_dense(owner.value).astype(np.float64)


def norm_factor(op: snn.BatchNormOp) -> NDArray[np.float64]:
    """What a batch normalisation multiplies each channel by: `gamma / sqrt(variance + epsilon)`.

    Raises:
        SNNError: a parameter is not constant, or the root is not that of a positive number.
    """
    radicand = constant(op.variance, op) + op.epsilon.value.data
    if not (radicand > 0).all():
        wrong = radicand[~(radicand > 0)][0]
        raise error_at(op, f"variance + epsilon must be positive in all channels, got {wrong:g}")
    return constant(op.gamma, op) / np.sqrt(radicand)


def bias_of(op: AffineOp, outputs: int) -> NDArray[np.float64]:
    """The bias of a layer, zeros where it has none."""
    return np.zeros(outputs) if op.bias is None else constant(op.bias, op)


def factor_values(factor: FloatAttr | DenseIntOrFPElementsAttr) -> NDArray[np.float64]:
    """The factor of a `snn.scale`."""
    if isinstance(factor, FloatAttr):
        return np.asarray(factor.value.data, np.float64)
    return array_from_dense(factor).astype(np.float64)


def per_channel(factor: NDArray[np.float64], shape: Sequence[int]) -> NDArray[np.float64] | None:
    """A factor that broadcasts to `shape` as one value per channel; None where it varies more."""
    full = np.broadcast_to(factor, shape).reshape(shape[0], -1)
    first = full[:, 0]
    return np.array(first) if (full == first[:, None]).all() else None


def scale_columns(
    weight: NDArray[np.float64], factor: NDArray[np.float64], groups: int
) -> NDArray[np.float64]:
    """Multiply the weights that read input channel `c` by `factor[c]`."""
    columns = weight.shape[1]
    per_output = factor.reshape(groups, columns).repeat(len(weight) // groups, axis=0)
    return weight * per_output.reshape(*weight.shape[:2], *[1] * (weight.ndim - 2))


def groups_of(op: LinearBase | ConvolutionBase) -> int:
    """Number of groups; 1 for a linear layer."""
    return 1 if isinstance(op, LinearBase) else op.groups.value.data


def rebuild(
    op: AffineOp,
    rewriter: PatternRewriter,
    *,
    input: SSAValue,
    weight: NDArray[np.float64],
    bias: NDArray[np.float64] | None,
) -> Operation:
    """Insert, before the matched operation, a layer like `op` with other input, weight and bias.

    Weights are rounded to float32. The new layer has the name and location of `op`.
    """
    arrays = [weight] if bias is None else [weight, bias]
    weights = [snn.WeightOp(dense_from_array(array.astype(np.float32))) for array in arrays]
    operands = [input, *(w.result for w in weights)]
    if isinstance(op, snn.LinearOp):
        layer: Operation = snn.LinearOp(*operands)
    else:
        layer = type(op)(
            *operands,
            stride=int_values(op.stride),
            padding=int_values(op.padding),
            dilation=int_values(op.dilation),
            groups=groups_of(op),
        )
    layer.attributes.update(op.attributes)
    for new in (*weights, layer):
        new.location = op.location
    layer.results[0].name_hint = op.result.name_hint
    rewriter.insert((*weights, layer))
    return layer


def erase_if_unused(rewriter: PatternRewriter, *ops: Operation) -> None:
    """Erase operations whose results have no uses, in order, and then their constant operands."""
    for op in ops:
        if any(result.uses for result in op.results):
            continue
        sources = [operand.owner for operand in op.operands]
        rewriter.erase(op)
        for source in sources:
            if isinstance(source, snn.WeightOp) and not source.result.uses:
                rewriter.erase(source)
