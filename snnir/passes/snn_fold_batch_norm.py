# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Folds batch normalisation into the linear layer or convolution before it.

`gamma * (W x + b - mean) / sqrt(variance + epsilon) + beta` is again of the form `W' x + b'`, the
same function but for float32 rounding. Left alone, with a remark: a batch normalisation whose input
is not such a layer, or whose layer has other users. What is left can still be quantised where
`gamma` is positive.
"""

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from snnir.dialects import snn
from snnir.layers.affine import (
    AFFINE_OPS,
    bias_of,
    constant,
    erase_if_unused,
    norm_factor,
    rebuild,
)
from snnir.layers.weight_grid import lost_grid
from snnir.support.pass_base import SNNPass


@dataclass(frozen=True)
class FoldBatchNorm(RewritePattern):
    """`batch_norm(layer(x))` becomes `layer'(x)`."""

    owner: "SNNFoldBatchNormPass"

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: snn.BatchNormOp, rewriter: PatternRewriter, /) -> None:
        layer = op.input.owner
        if not isinstance(layer, AFFINE_OPS) or not op.input.has_one_use():
            return
        mean, beta = constant(op.mean, op), constant(op.beta, op)
        factor = norm_factor(op)
        weight = constant(layer.weight, layer)
        new = rebuild(
            layer,
            rewriter,
            input=layer.input,
            weight=weight * factor.reshape(-1, *[1] * (weight.ndim - 1)),
            bias=(bias_of(layer, len(weight)) - mean) * factor + beta,
        )
        lost = lost_grid(layer.weight)
        constants = {value.owner for value in (op.mean, op.variance, op.gamma, op.beta)}
        rewriter.replace(op, [], new.results)
        erase_if_unused(rewriter, layer)
        for weight_op in constants:
            if isinstance(weight_op, snn.WeightOp) and not weight_op.result.uses:
                rewriter.erase(weight_op)
        self.owner.statistics.add("batch normalisations folded")
        self.owner.remark(new, f"absorbed the batch normalisation of {len(factor)} channels{lost}")


@dataclass(frozen=True)
class SNNFoldBatchNormPass(SNNPass):
    """Fold batch normalisation into the layer before it.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks("snn-fold-batch-norm")
    snn.conv2d: absorbed the batch normalisation of 5 channels
    """

    name: ClassVar[str] = "snn-fold-batch-norm"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        self.rewrite(op, FoldBatchNorm(self))
        for left in op.walk():
            if isinstance(left, snn.BatchNormOp):
                self.remark(left, "kept: its input is not a linear layer or convolution of its own")
