# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Event-driven layers of the `snnrt` dialect with weights of 4 or 2 bits.

Re-exported by `snnir.dialects.snnrt`.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
)
from snnir.dialects.snnrt_layers import ConvolutionScatterBase

PACKED_WEIGHTS = {4: 8, 2: 16}
"""How many weights of each width in bits a word holds."""


def packed_words(weights: int, bits: int) -> int:
    """Words that hold this many weights of `bits` bits."""
    return -(-weights // PACKED_WEIGHTS[bits])


class PackedScatterBase(KernelOpBase, ABC):
    """Adds the packed weights of the listed inputs to `current`, times their `values` if any.

    Constraints: (C1) `bits` is 4 or 2; (C2) `weights` are `i32` words, as many on their last axis
    as the outputs that an input reaches need.
    """

    READS: ClassVar[tuple[str, ...]] = ("list", "values", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    weights = buffer_operand()
    current = buffer_operand()
    values = opt_operand_def(BUFFER)
    bits = prop_def(IntegerAttr)

    def __init__(
        self,
        active: Sequence[SSAValue],
        values: SSAValue | None,
        weights: SSAValue,
        current: SSAValue,
        bits: int,
        properties: Mapping[str, Attribute] | None = None,
    ):
        """`active`: list and count; `properties`: of the layer."""
        super().__init__(
            operands=[*active, weights, current, values],
            properties={**(properties or {}), "bits": IntegerAttr(bits, i64)},
        )

    def verify_words(self, outputs: int, place: str) -> None:
        """Verify C1 and C2 for so many outputs at each `place`."""
        bits = self.bits.value.data
        if bits not in PACKED_WEIGHTS:  # C1
            raise VerifyException(f"bits must be 4 or 2, got {bits}")
        expect_buffer("weights", self.weights, i32)
        words = packed_words(outputs, bits)
        if buffer_shape(self.weights.type)[-1] != words:  # C2
            raise VerifyException(
                f"{outputs} weights of {bits} bits need {words} words {place}, got "
                f"{self.weights.type}"
            )


@irdl_op_definition
class LinearScatterPackedOp(PackedScatterBase):
    """`snnrt_linear_scatter_packed{4,2}[_values]_{s16,s32}`: weights of 4 or 2 bits.

    (C1) `bits` is 4 or 2; (C2) `weights` are `i32` words, as many for each input as the outputs of
    `current` need.
    """

    name = "snnrt.linear_scatter_packed"

    def verify_(self) -> None:
        expect_rank("weights", self.weights, 2)
        (outputs,) = buffer_shape(self.current.type)
        self.verify_words(outputs, "for each input")


@irdl_op_definition
class Conv2dScatterPackedOp(PackedScatterBase, ConvolutionScatterBase):
    """`snnrt_conv2d_scatter_packed{4,2}[_values]_{s16,s32}`: weights of 4 or 2 bits.

    (C1) `bits` is 4 or 2; (C2) `weights` are `i32` words, as many at each position as the outputs
    of a group need; (C3) all else is as for `conv2d_scatter`.
    """

    name = "snnrt.conv2d_scatter_packed"

    def group_outputs(self) -> int:
        """See the base class."""
        return buffer_shape(self.current.type)[-1] // self.groups.value.data

    def verify_(self) -> None:
        super().verify_()  # C3
        self.verify_words(self.group_outputs(), "at each position")
