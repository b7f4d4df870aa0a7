# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers of the `snnrt` dialect that store weights other than zero alone.

All add the weights of the listed inputs to `current`, times their `values` where the call has any.
16-bit indices and starts are unsigned, which the dialect has no type for. Re-exported by
`snnir.dialects.snnrt`.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, i8, i16, i32, i64
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
    expect_same_shape,
)
from snnir.dialects.layer_shapes import int_values
from snnir.dialects.snnrt_layers import ConvolutionScatterBase

MAXIMUM_PANEL = 256
"""Most outputs of a panel of sparse weights."""

BLOCK_OUTPUTS = 4
"""Consecutive outputs of a block of block-sparse weights."""

MAXIMUM_BLOCKS = 256
"""Most blocks of outputs of a layer with block-sparse weights."""


@irdl_op_definition
class LinearScatterSparseOp(KernelOpBase):
    """`snnrt_linear_scatter_sparse[_values]_{s16,s32}`: the weights that are not zero, by input.

    (C1) `panel_outputs` is between 1 and 256; (C2) `starts` are `i16`, `(panels, inputs + 1)`, for
    as many panels as the outputs of `current` need; (C3) `entries` are `i16`, of rank 1.
    """

    name = "snnrt.linear_scatter_sparse"
    READS: ClassVar[tuple[str, ...]] = ("list", "values", "starts", "entries")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    starts = buffer_operand()
    entries = buffer_operand()
    current = buffer_operand()
    values = opt_operand_def(BUFFER)
    panel_outputs = prop_def(IntegerAttr)

    def __init__(
        self,
        active: Sequence[SSAValue],
        values: SSAValue | None,
        weights: Sequence[SSAValue],
        current: SSAValue,
        panel_outputs: int,
    ):
        properties: dict[str, Attribute] = {"panel_outputs": IntegerAttr(panel_outputs, i64)}
        super().__init__(operands=[*active, *weights, current, values], properties=properties)

    def verify_(self) -> None:
        panel = self.panel_outputs.value.data
        if not 1 <= panel <= MAXIMUM_PANEL:  # C1
            raise VerifyException(
                f"panel_outputs must be between 1 and {MAXIMUM_PANEL}, got {panel}"
            )
        for name, value, rank in (("starts", self.starts, 2), ("entries", self.entries, 1)):
            expect_buffer(name, value, i16)  # C2, C3
            expect_rank(name, value, rank)
        (outputs,) = buffer_shape(self.current.type)
        panels = -(-outputs // panel)
        if buffer_shape(self.starts.type)[0] != panels:  # C2
            raise VerifyException(
                f"{outputs} outputs in panels of {panel} need starts of {panels} panels, got "
                f"{self.starts.type}"
            )


@irdl_op_definition
class LinearScatterBlocksOp(KernelOpBase):
    """`snnrt_linear_scatter_blocks[_values]_{s16,s32}`: blocks of 4 outputs of one input.

    (C1) `current` has a multiple of 4 outputs, at most 1024; (C2) `starts` are `i16` of rank 1;
    (C3) `blocks` are `i8` and `weights` `i32`, as many of one as of the other.
    """

    name = "snnrt.linear_scatter_blocks"
    READS: ClassVar[tuple[str, ...]] = ("list", "values", "starts", "blocks", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    starts = buffer_operand()
    blocks = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()
    values = opt_operand_def(BUFFER)

    def __init__(
        self,
        active: Sequence[SSAValue],
        values: SSAValue | None,
        weights: Sequence[SSAValue],
        current: SSAValue,
    ):
        super().__init__(operands=[*active, *weights, current, values])

    def verify_(self) -> None:
        (outputs,) = buffer_shape(self.current.type)
        if outputs % BLOCK_OUTPUTS or outputs > BLOCK_OUTPUTS * MAXIMUM_BLOCKS:  # C1
            raise VerifyException(
                f"outputs must be a multiple of {BLOCK_OUTPUTS} and at most "
                f"{BLOCK_OUTPUTS * MAXIMUM_BLOCKS}, got {outputs}"
            )
        expect_buffer("starts", self.starts, i16)  # C2
        expect_rank("starts", self.starts, 1)
        expect_buffer("blocks", self.blocks, i8)  # C3
        expect_buffer("weights", self.weights, i32)
        if buffer_shape(self.blocks.type) != buffer_shape(self.weights.type):
            raise VerifyException(
                f"blocks {self.blocks.type} and weights {self.weights.type} differ in number"
            )


class SparseConvolutionBase(ConvolutionScatterBase, ABC):
    """Convolutions whose kernels are listed by input and element of the kernel.

    (C1) `starts` are `i16` of rank 1, one for each element of the `kernel` of each input and one
    more; (C2) `distances` are `i16` and `weights` `WEIGHT` of rank 1, as many of one as of the
    other; (C3) all else is as for `conv2d_scatter`.
    """

    READS: ClassVar[tuple[str, ...]] = ("list", "values", "starts", "distances", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)
    WEIGHT: ClassVar[IntegerType]

    list = buffer_operand()
    count = operand_def(i32)
    starts = buffer_operand()
    distances = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()
    values = opt_operand_def(BUFFER)
    kernel = prop_def(DenseArrayBase.constr(i64))

    def __init__(
        self,
        active: Sequence[SSAValue],
        values: SSAValue | None,
        weights: Sequence[SSAValue],
        current: SSAValue,
        shape: Mapping[str, Attribute],
    ):
        """`active`: list and count; `weights`: with starts and distances; `shape`: properties."""
        super().__init__(operands=[*active, *weights, current, values], properties={**shape})

    def group_outputs(self) -> int:
        """See the base class."""
        return buffer_shape(self.current.type)[-1] // self.groups.value.data

    def kernel_shape(self) -> tuple[int, int, int]:
        """See the base class."""
        height, width = int_values(self.kernel)
        return (buffer_shape(self.starts.type)[0] - 1) // (height * width), height, width

    def verify_weights(self) -> None:
        """Verify C1 and C2."""
        stored = (("starts", i16), ("distances", i16), ("weights", self.WEIGHT))
        for name, element in stored:
            expect_buffer(name, getattr(self, name), element)
            expect_rank(name, getattr(self, name), 1)
        (starts,) = buffer_shape(self.starts.type)
        kernel = int_values(self.kernel)
        if len(kernel) != 2 or min(kernel) < 1:
            raise VerifyException(f"kernel must be a height and a width, got {list(kernel)}")
        if (starts - 1) % (kernel[0] * kernel[1]):  # C1
            raise VerifyException(
                f"{starts} starts are not one more than the elements of kernels of "
                f"{kernel[0]}x{kernel[1]}"
            )
        expect_same_shape(self.distances, self.weights)  # C2


@irdl_op_definition
class Conv2dScatterSparseOp(SparseConvolutionBase):
    """`snnrt_conv2d_scatter_sparse[_values]_{s16,s32}`: the weights that are not zero, by input.

    Constraints of `SparseConvolutionBase`.
    """

    name = "snnrt.conv2d_scatter_sparse"
    WEIGHT: ClassVar[IntegerType] = i8


@irdl_op_definition
class Conv2dScatterBlocksOp(SparseConvolutionBase):
    """`snnrt_conv2d_scatter_blocks[_values]_{s16,s32}`: blocks of 4 outputs of one input.

    Constraints of `SparseConvolutionBase`; (C4) the outputs of a group are a multiple of 4.
    """

    name = "snnrt.conv2d_scatter_blocks"
    WEIGHT: ClassVar[IntegerType] = i32

    def verify_weights(self) -> None:
        """Verify C1, C2 and C4."""
        super().verify_weights()
        if self.group_outputs() % BLOCK_OUTPUTS:  # C4
            raise VerifyException(
                f"outputs of a group must be a multiple of {BLOCK_OUTPUTS}, got "
                f"{self.group_outputs()}"
            )
