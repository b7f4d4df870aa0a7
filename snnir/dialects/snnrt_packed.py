# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Event-driven convolutions of the `snnrt` dialect with weights of 4 or 2 bits.

Re-exported by `snnir.dialects.snnrt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import BUFFER, buffer_operand, buffer_shape, expect_buffer
from snnir.dialects.snnrt_compressed import PACKED_WEIGHTS, packed_words
from snnir.dialects.snnrt_layers import ConvolutionScatterBase


@irdl_op_definition
class Conv2dScatterPackedOp(ConvolutionScatterBase):
    """`snnrt_conv2d_scatter_packed{4,2}[_values]_{s16,s32}`: weights of 4 or 2 bits.

    (C1) as for `conv2d_scatter`, with the outputs of a group in as many `i32` words as they need;
    (C2) `bits` is 4 or 2.
    """

    name = "snnrt.conv2d_scatter_packed"
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
        properties: dict[str, Attribute],
        bits: int,
    ):
        super().__init__(
            operands=[*active, weights, current, values],
            properties={**properties, "bits": IntegerAttr(bits, i64)},
        )

    def group_outputs(self) -> int:
        """See the base class."""
        return buffer_shape(self.current.type)[-1] // self.groups.value.data

    def verify_(self) -> None:
        bits = self.bits.value.data
        if bits not in PACKED_WEIGHTS:  # C2
            raise VerifyException(f"bits must be 4 or 2, got {bits}")
        expect_buffer("weights", self.weights, i32)
        super().verify_()
        words = packed_words(self.group_outputs(), bits)
        if buffer_shape(self.weights.type)[-1] != words:  # C1
            raise VerifyException(
                f"{self.group_outputs()} weights of {bits} bits need {words} words at each "
                f"position, got {self.weights.type}"
            )
