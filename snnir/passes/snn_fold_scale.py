# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Folds `snn.scale` into the linear layer or convolution before or behind it.

A factor for the whole layer or per channel multiplies the rows of the layer before it, or the
columns of the layers behind it: the same function but for float32 rounding. Graded spikes cost
nothing afterwards. Left alone, with a remark: factors that vary within a channel, and scales that
meet no such layer.
"""

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.layers.affine import (
    AFFINE_OPS,
    AffineOp,
    bias_of,
    constant,
    erase_if_unused,
    factor_values,
    groups_of,
    per_channel,
    rebuild,
    scale_columns,
)
from snnir.layers.weight_grid import lost_grid
from snnir.support.pass_base import SNNPass


@dataclass(frozen=True)
class FoldScaleIntoProducer(RewritePattern):
    """`scale(layer(x))` becomes `layer'(x)`, with scaled rows and bias."""

    owner: "SNNFoldScalePass"

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: snn.ScaleOp, rewriter: PatternRewriter, /) -> None:
        layer = op.input.owner
        factor = per_channel(factor_values(op.factor), shape_of(op.input.type))
        if not isinstance(layer, AFFINE_OPS) or not op.input.has_one_use() or factor is None:
            return
        weight = constant(layer.weight, layer)
        bias = None if layer.bias is None else bias_of(layer, len(weight)) * factor
        rows = factor.reshape(-1, *[1] * (weight.ndim - 1))
        new = rebuild(layer, rewriter, input=layer.input, weight=weight * rows, bias=bias)
        lost = lost_grid(layer.weight)
        rewriter.replace(op, [], new.results)
        erase_if_unused(rewriter, layer)
        self.owner.folded(new, lost)


def _scaled_input(value: SSAValue) -> snn.ScaleOp | None:
    return owner if isinstance(owner := value.owner, snn.ScaleOp) else None


@dataclass(frozen=True)
class FoldScaleIntoConsumer(RewritePattern):
    """`layer(scale(x))` becomes `layer'(x)`, with scaled columns."""

    owner: "SNNFoldScalePass"

    @op_type_rewrite_pattern
    def match_and_rewrite(
        self, op: snn.LinearOp | snn.Conv1dOp | snn.Conv2dOp, rewriter: PatternRewriter, /
    ) -> None:
        if (scale := _scaled_input(op.input)) is None:
            return
        factor = per_channel(factor_values(scale.factor), shape_of(scale.input.type))
        if factor is None:
            return
        new = self._fold(op, scale, factor, rewriter)
        lost = lost_grid(op.weight)
        weights = [value.owner for value in (op.weight, op.bias) if value is not None]
        rewriter.replace(op, [], new.results)
        for weight_op in weights:
            if isinstance(weight_op, snn.WeightOp) and not weight_op.result.uses:
                rewriter.erase(weight_op)
        erase_if_unused(rewriter, scale)
        self.owner.folded(new, lost)

    @staticmethod
    def _fold(op: AffineOp, scale: snn.ScaleOp, factor, rewriter: PatternRewriter):
        weight = scale_columns(constant(op.weight, op), factor, groups_of(op))
        bias = None if op.bias is None else constant(op.bias, op)
        return rebuild(op, rewriter, input=scale.input, weight=weight, bias=bias)


@dataclass(frozen=True)
class SNNFoldScalePass(SNNPass):
    """Fold scales and graded spikes into the layers around them.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks("snn-fold-scale")
    snn.linear: absorbed a scale
    """

    name: ClassVar[str] = "snn-fold-scale"

    def folded(self, layer, lost: str) -> None:
        """Count and report a scale that went into `layer`, and the grid that it lost."""
        self.statistics.add("scales folded")
        self.remark(layer, f"absorbed a scale{lost}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        self.rewrite(op, FoldScaleIntoProducer(self), FoldScaleIntoConsumer(self))
        for left in op.walk():
            if isinstance(left, snn.ScaleOp):
                self.remark(left, "kept: no linear layer or convolution takes its factor")
