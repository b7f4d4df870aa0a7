# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fully connected layers of the `snnrt` dialect that are computed output by output.

Re-exported by `snnir.dialects.snnrt`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i16, i32, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, opt_prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    buffer_element,
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


PACKED_OUTPUTS = 8
"""Outputs whose weights of 4 bits are one word."""


class LinearGatherBase(KernelOpBase, ABC):
    """Sets `current` to the sum of the listed rows, times the `values` of their inputs if any.

    (C1) `current` is `i16` or `i32`, of rank 1; (C2) `weights` are `i32` words of rank 1, for each
    input as many as the outputs need; (C3) `lane_rows` is positive, and there where values make
    sums of 32 bits, and only there: 16 bits hold the sum of so many products.
    """

    READS: ClassVar[tuple[str, ...]] = ("list", "values", "weights")
    WRITES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    weights = buffer_operand()
    current = buffer_operand()
    values = opt_operand_def(BUFFER)
    lane_rows = opt_prop_def(IntegerAttr)

    def __init__(
        self,
        active: Sequence[SSAValue],
        values: SSAValue | None,
        weights: SSAValue,
        current: SSAValue,
        lane_rows: int | None = None,
    ):
        super().__init__(
            operands=[*active, weights, current, values],
            properties={"lane_rows": None if lane_rows is None else IntegerAttr(lane_rows, i64)},
        )

    @abstractmethod
    def words(self) -> int:
        """Words for the weights of one input."""

    def inputs(self) -> int:
        """Inputs of the layer."""
        (words,) = buffer_shape(self.weights.type)
        return words // self.words()

    def verify_(self) -> None:
        expect_buffer("current", self.current, i16, i32)  # C1
        expect_rank("current", self.current, 1)
        expect_buffer("weights", self.weights, i32)  # C2
        expect_rank("weights", self.weights, 1)
        (words,), (outputs,) = buffer_shape(self.weights.type), buffer_shape(self.current.type)
        if words % self.words():
            raise VerifyException(
                f"{outputs} outputs need {self.words()} words for each input, got {words} words"
            )
        wide = self.values is not None and buffer_element(self.current.type) == i32
        if wide != (self.lane_rows is not None):  # C3
            raise VerifyException(
                "lane_rows belongs to values with sums of 32 bits, and only there"
            )
        if self.lane_rows is not None and self.lane_rows.value.data < 1:
            raise VerifyException(f"lane_rows must be positive, got {self.lane_rows.value.data}")


@irdl_op_definition
class LinearGatherOp(LinearGatherBase):
    """`snnrt_linear_gather[_values]_{current}`: weights of 8 bits.

    Constraints of `LinearGatherBase`; a word has the weights of four outputs.
    """

    name = "snnrt.linear_gather"

    def words(self) -> int:
        """See the base class."""
        return quads_of(buffer_shape(self.current.type)[0])


@irdl_op_definition
class LinearGatherPackedOp(LinearGatherBase):
    """`snnrt_linear_gather_packed4_values_{current}`: weights of 4 bits.

    Constraints of `LinearGatherBase`; a word has the weights of eight outputs; (C4) there are
    values.
    """

    name = "snnrt.linear_gather_packed"

    def words(self) -> int:
        """See the base class."""
        return -(-buffer_shape(self.current.type)[0] // PACKED_OUTPUTS)

    def verify_(self) -> None:
        super().verify_()
        if self.values is None:  # C4
            raise VerifyException("weights of 4 bits are gathered for values only")
