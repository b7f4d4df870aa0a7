# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A plug-in with a dialect of one operation, and the pass that turns it into `snn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, ModuleOp, TensorType, f32
from xdsl.ir import Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.utils.exceptions import VerifyException

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.support.pass_base import SNNPass, option

if TYPE_CHECKING:
    from snnir.executors.torch_program import Evaluate, TorchBuilder


@irdl_op_definition
class GainOp(IRDLOperation):
    """`y = gain * x`. (C1) the result has the input's shape."""

    name = "mine.gain"

    input = operand_def(TensorType.constr(f32))
    gain = prop_def(FloatAttr.constr(f32))
    result = result_def(TensorType.constr(f32))

    assembly_format = "$input `by` $gain attr-dict `:` functional-type(operands, results)"

    def verify_(self) -> None:
        if (shape := shape_of(self.input.type)) != shape_of(self.result.type):  # C1
            raise VerifyException(f"result shape {shape_of(self.result.type)} should be {shape}")

    def torch_function(self, builder: TorchBuilder) -> Evaluate:
        """Prepared once for a network: constants are tensors on the executor's device."""
        gain = builder.constant(self.gain)
        return lambda value: gain * value


@dataclass(frozen=True)
class ExpandGain(RewritePattern):
    """`mine.gain` becomes `snn.scale`."""

    owner: MineExpandPass

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: GainOp, rewriter: PatternRewriter, /) -> None:
        scale = snn.ScaleOp(op.input, FloatAttr(op.gain.value.data * self.owner.factor, f32))
        scale.location = op.location
        rewriter.replace(op, scale)
        self.owner.statistics.add("gains expanded")
        self.owner.remark(scale, "expanded a gain")


@dataclass(frozen=True)
class MineExpandPass(SNNPass):
    """Turn gains into scales."""

    name: ClassVar[str] = "mine-expand"

    factor: float = option(1.0, "what every gain is multiplied by")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        self.rewrite(op, ExpandGain(self))


SNN_DIALECTS = {"mine": Dialect("mine", [GainOp])}
SNN_PASSES = {MineExpandPass.name: MineExpandPass}
