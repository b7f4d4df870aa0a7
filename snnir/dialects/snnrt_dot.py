# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers of the `snnrt` dialect that multiply all their inputs, for values that are seldom zero.

Re-exported by `snnir.dialects.snnrt`.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from xdsl.dialects.builtin import BoolAttr, DenseArrayBase, i8, i16, i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    KernelOpBase,
    buffer_element,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
)
from snnir.dialects.layer_shapes import int_values, spatial_output
from snnir.dialects.snnrt_gather import quads_of

QUAD_VALUES = 4
"""Values whose weights are one word."""


def dot_quads(values: int) -> int:
    """Words for the weights of so many values in a row."""
    return -(-values // QUAD_VALUES)


class DotOpBase(KernelOpBase, ABC):
    """A layer that sets `current` to the products of all `values` with the weights of each output.

    (C1) Element types; (C2) the weights are one word for each four values in a row and output, and
    `pairs` are two words for each four values.
    """

    if TYPE_CHECKING:
        values: SSAValue
        pairs: SSAValue
        weights: SSAValue
        current: SSAValue

    def quads(self) -> int:
        """Words of the weights of one output."""
        raise NotImplementedError

    def verify_(self) -> None:
        expect_buffer("values", self.values, i8)  # C1
        expect_buffer("weights", self.weights, i32)
        expect_buffer("current", self.current, i16, i32)
        expect_buffer("pairs", self.pairs, i32)
        outputs = buffer_shape(self.current.type)[-1]
        needed = {"weights": self.quads() * outputs, "pairs": 2 * self.quads()}
        for name, words in needed.items():  # C2
            if (shape := buffer_shape(getattr(self, name).type)) != (words,):
                raise VerifyException(f"{name} have shape {shape}, expected ({words},)")


@irdl_op_definition
class LinearDotOp(DotOpBase):
    """`snnrt_linear_dot_{s16,s32}`. (C3) `current` has rank 1."""

    name = "snnrt.linear_dot"
    READS: ClassVar[tuple[str, ...]] = ("values", "weights")
    WRITES: ClassVar[tuple[str, ...]] = ("pairs", "current")

    values = buffer_operand()
    pairs = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()

    def __init__(self, values: SSAValue, pairs: SSAValue, weights: SSAValue, current: SSAValue):
        super().__init__(operands=[values, pairs, weights, current])

    def quads(self) -> int:
        (inputs,) = buffer_shape(self.values.type)
        return dot_quads(inputs)

    def verify_(self) -> None:
        expect_rank("values", self.values, 1)
        expect_rank("current", self.current, 1)  # C3
        super().verify_()


@irdl_op_definition
class LinearCountsOp(KernelOpBase):
    """`snnrt_linear_counts_{s16,s32}`: sets `current` to the products of `values` of 16 bits.

    (C1) Element types; (C2) `values` and `current` have rank 1, and the weights are one word for
    each input and four outputs.
    """

    name = "snnrt.linear_counts"
    READS: ClassVar[tuple[str, ...]] = ("values", "weights")
    WRITES: ClassVar[tuple[str, ...]] = ("current",)

    values = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()

    def __init__(self, values: SSAValue, weights: SSAValue, current: SSAValue):
        super().__init__(operands=[values, weights, current])

    def verify_(self) -> None:
        expect_buffer("values", self.values, i16)  # C1
        expect_buffer("weights", self.weights, i32)
        expect_buffer("current", self.current, i16, i32)
        expect_rank("values", self.values, 1)  # C2
        expect_rank("current", self.current, 1)
        (inputs,), (outputs,) = buffer_shape(self.values.type), buffer_shape(self.current.type)
        words = inputs * quads_of(outputs)
        if (shape := buffer_shape(self.weights.type)) != (words,):
            raise VerifyException(f"weights have shape {shape}, expected ({words},)")


class Conv2dDotBase(DotOpBase, ABC):
    """A convolution of one group. Only properties: operands would come before all others."""

    kernel = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64))
    dilation = prop_def(DenseArrayBase.constr(i64))

    if TYPE_CHECKING:
        strip: SSAValue

    def __init__(self, operands: Sequence[SSAValue], properties: dict[str, Attribute]):
        super().__init__(operands=[*operands], properties=properties)

    def quads(self) -> int:
        height, width = int_values(self.kernel)
        return height * dot_quads(width * buffer_shape(self.values.type)[-1])


@irdl_op_definition
class Conv2dDotOp(Conv2dDotBase):
    """`snnrt_conv2d_dot_{s16,s32}`: of one group, rows of the kernel without gaps.

    (C3) `values` and `current` are `(height, width, channels)`, and `current` has the size that
    kernel, stride, padding and dilation give; (C4) the dilation along a row is 1; (C5) `strip` has
    room for the rows that a row of outputs reads.
    """

    name = "snnrt.conv2d_dot"
    READS: ClassVar[tuple[str, ...]] = ("values", "weights")
    WRITES: ClassVar[tuple[str, ...]] = ("strip", "pairs", "current")

    values = buffer_operand()
    strip = buffer_operand()
    pairs = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()

    def verify_(self) -> None:
        expect_rank("values", self.values, 3)  # C3
        expect_rank("current", self.current, 3)
        super().verify_()
        height, width, _ = buffer_shape(self.current.type)
        _verify_convolution(self, (height, width), exact=True)


@irdl_op_definition
class Conv2dDotPool2dOp(Conv2dDotBase):
    """`snnrt_conv2d_dot_{max,sum}_pool2d_*`: as `snnrt.conv2d_dot`, and a pooling of its currents,
    of which only those of a row of windows exist at a time.

    (C3) `values`, `current` and `output` are `(height, width, channels)`, with `current` of as many
    rows as a window and as many columns as all windows of a row, which the convolution must give;
    (C4) the dilation along a row is 1; (C5) `strip` has room for the rows that a row of currents
    reads; (C6) maxima have the type of `current`, sums at least its width.
    """

    name = "snnrt.conv2d_dot_pool2d"
    READS: ClassVar[tuple[str, ...]] = ("values", "weights")
    WRITES: ClassVar[tuple[str, ...]] = ("strip", "pairs", "current", "output")

    values = buffer_operand()
    strip = buffer_operand()
    pairs = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()
    output = buffer_operand()
    window = prop_def(DenseArrayBase.constr(i64))
    sum = prop_def(BoolAttr)

    def verify_(self) -> None:
        for name in ("values", "current", "output"):  # C3
            expect_rank(name, getattr(self, name), 3)
        super().verify_()
        rows, columns, channels = buffer_shape(self.current.type)
        height, width, pooled = buffer_shape(self.output.type)
        window = int_values(self.window)
        if (rows, columns, channels) != (window[0], width * window[1], pooled):
            raise VerifyException(
                f"current of type {self.current.type} does not fit windows of {window} to "
                f"{self.output.type}"
            )
        _verify_convolution(self, (height * window[0], columns), exact=False)
        narrow = buffer_element(self.current.type) == i16
        expect_buffer(
            "output",
            self.output,
            *(
                (i16, i32)
                if narrow and self.sum.value.data
                else (buffer_element(self.current.type),)
            ),
        )  # C6


def _verify_convolution(op: Conv2dDotBase, computed: tuple[int, int], *, exact: bool) -> None:
    """Verify that the convolution gives `computed` rows and columns, or at least these, and that
    its strip has room (C3 to C5).
    """
    *size, channels = buffer_shape(op.values.type)
    kernel, stride, padding, dilation = (
        int_values(each) for each in (op.kernel, op.stride, op.padding, op.dilation)
    )
    given = spatial_output(size, kernel, stride, padding, dilation)
    fits = all(a <= b for a, b in zip(computed, given, strict=True))
    if not fits or (exact and given != computed):
        raise VerifyException(f"current has size {computed}, expected {given}")
    if dilation[1] != 1:
        raise VerifyException(f"the dilation along a row must be 1, got {dilation[1]}")
    expect_buffer("strip", op.strip, i8)
    room = kernel[0] * strip_row_bytes(computed[1], kernel[1], stride[1], channels)
    if (shape := buffer_shape(op.strip.type)) != (room,):
        raise VerifyException(f"strip has shape {shape}, expected ({room},)")


def strip_row_bytes(outputs: int, taps: int, stride: int, channels: int) -> int:
    """Bytes of a row of the strip, for `outputs` positions: see `conv2d_dot.h`."""
    return (outputs - 1) * stride * channels + QUAD_VALUES * dot_quads(taps * channels)
