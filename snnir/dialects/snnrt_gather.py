# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fully connected layers of the `snnrt` dialect that are computed output by output.

Re-exported by `snnir.dialects.snnrt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import i16, i32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
)

QUAD_OUTPUTS = 4
"""Outputs whose weights are one word."""


def quads_of(outputs: int) -> int:
    """Words for the weights of one input."""
    return -(-outputs // QUAD_OUTPUTS)


@irdl_op_definition
class LinearGatherOp(KernelOpBase):
    """`snnrt_linear_gather[_values]_{current}`: sets `current` to the sum of the listed rows.

    Times the `values` of their inputs where the call has any. (C1) `current` is `i16` or, without
    values, `i32`, of rank 1; (C2) `weights` are `i32` words of rank 1, for each input one for every
    four outputs or what is left of them.
    """

    name = "snnrt.linear_gather"
    READS: ClassVar[tuple[str, ...]] = ("list", "values", "weights")
    WRITES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    weights = buffer_operand()
    current = buffer_operand()
    values = opt_operand_def(BUFFER)

    def __init__(
        self,
        active: Sequence[SSAValue],
        values: SSAValue | None,
        weights: SSAValue,
        current: SSAValue,
    ):
        super().__init__(operands=[*active, weights, current, values])

    def inputs(self) -> int:
        """Inputs of the layer."""
        (words,), (outputs,) = buffer_shape(self.weights.type), buffer_shape(self.current.type)
        return words // quads_of(outputs)

    def verify_(self) -> None:
        widths = (i16, i32) if self.values is None else (i16,)
        expect_buffer("current", self.current, *widths)  # C1
        expect_rank("current", self.current, 1)
        expect_buffer("weights", self.weights, i32)  # C2
        expect_rank("weights", self.weights, 1)
        (words,), (outputs,) = buffer_shape(self.weights.type), buffer_shape(self.current.type)
        if words % quads_of(outputs):
            raise VerifyException(
                f"{outputs} outputs need {quads_of(outputs)} words for each input, got "
                f"{words} words"
            )
