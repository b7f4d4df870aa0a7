# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `cmsis_nn` dialect: Arm's CMSIS-NN, one operation for each function that the compiler calls.

Operands are the buffers of the C call, attributes its dimension, quantisation and layer parameters.
Currents come out exact: requantisation is the identity (multiplier `2**30`, shift 1, offsets 0),
and the compiler has proven that no sum leaves the 8, 16 or 32 bits of the result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, i8, i16, i32, i64
from xdsl.ir import Attribute, Dialect, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    KernelOpBase,
    Pool2dCallBase,
    buffer_element,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
)
from snnir.dialects.layer_shapes import element_count, int_values, spatial_output

IDENTITY_MULTIPLIER = 1 << 30
IDENTITY_SHIFT = 1
"""Requantisation parameters with which CMSIS-NN returns the accumulator unchanged."""


def convolve_scratch_bytes(kernel: tuple[int, int], channels: int) -> int:
    """Scratch of `arm_convolve_wrapper_s16` and `_s4`, DSP build: two columns of 16-bit values.

    What their `_get_buffer_size` return, or more: the library's v5 needs none for 16-bit inputs
    from 512 columns on, none for some 4-bit kernels of one element; later versions always do.
    """
    return 4 * element_count(kernel) * channels


def avgpool_scratch_bytes(channels: int) -> int:
    """Scratch of `arm_avgpool_s8` and `_s16`, DSP build: a 32-bit sum for each channel."""
    return 4 * channels


def nibble_bytes(weights: int) -> int:
    """Bytes of weights of 4 bits: two in each."""
    return (weights + 1) // 2


class ConvolveWrapperBase(KernelOpBase, ABC):
    """A convolution of the library, by its wrapper function.

    `multipliers` and `shifts` have one value per output. (C1) element types; (C2) shapes; (C3) the
    scratch buffer is large enough.
    """

    READS: ClassVar[tuple[str, ...]] = ("input", "filter", "multipliers", "shifts")
    WRITES: ClassVar[tuple[str, ...]] = ("scratch", "output")
    ELEMENT: ClassVar[Attribute]
    """Element type of input and output."""

    input = buffer_operand()
    filter = buffer_operand()
    multipliers = buffer_operand()
    shifts = buffer_operand()
    scratch = buffer_operand()
    output = buffer_operand()
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64))
    dilation = prop_def(DenseArrayBase.constr(i64))

    def __init__(
        self,
        input: SSAValue,
        filter: SSAValue,
        multipliers: SSAValue,
        shifts: SSAValue,
        scratch: SSAValue,
        output: SSAValue,
        windows: dict[str, Attribute],
    ):
        super().__init__(
            operands=[input, filter, multipliers, shifts, scratch, output], properties=windows
        )

    @property
    @abstractmethod
    def kernel_size(self) -> tuple[int, int]:
        """Height and width of the kernel."""

    @abstractmethod
    def filter_fits(self, outputs: int, channels: int) -> bool:
        """Whether the filter has the size for these numbers of outputs and inputs."""

    def verify_(self) -> None:
        for what, value, element in (  # C1
            ("input", self.input, self.ELEMENT), ("filter", self.filter, i8),
            ("output", self.output, self.ELEMENT),
            ("multipliers", self.multipliers, i32), ("shifts", self.shifts, i32),
        ):  # fmt: skip
            expect_buffer(what, value, element)
        expect_rank("input", self.input, 3)  # C2
        self.expect_filter_rank()
        height, width, channels = buffer_shape(self.input.type)
        outputs = element_count(buffer_shape(self.multipliers.type))
        size = spatial_output(
            (height, width), self.kernel_size, int_values(self.stride), int_values(self.padding),
            int_values(self.dilation),
        )  # fmt: skip
        fits = self.filter_fits(outputs, channels)
        if not fits or buffer_shape(self.output.type) != (*size, outputs):
            raise VerifyException(
                f"filter {self.filter.type} does not lead from {self.input.type} "
                f"to {self.output.type}"
            )
        needed = convolve_scratch_bytes(self.kernel_size, channels)
        if element_count(buffer_shape(self.scratch.type)) < needed:  # C3
            raise VerifyException(f"scratch {self.scratch.type} is smaller than {needed} bytes")

    @abstractmethod
    def expect_filter_rank(self) -> None:
        """Verify the rank of the filter."""


@irdl_op_definition
class ConvolveWrapperS16Op(ConvolveWrapperBase):
    """`arm_convolve_wrapper_s16`: 16-bit inputs, 8-bit weights, 16-bit currents.

    `filter` is `(outputs, kernel_height, kernel_width, inputs)`.
    """

    name = "cmsis_nn.convolve_wrapper_s16"
    ELEMENT: ClassVar[Attribute] = i16

    @property
    def kernel_size(self) -> tuple[int, int]:
        _, height, width, _ = buffer_shape(self.filter.type)
        return height, width

    def filter_fits(self, outputs: int, channels: int) -> bool:
        shape = buffer_shape(self.filter.type)
        return (shape[0], shape[-1]) == (outputs, channels)

    def expect_filter_rank(self) -> None:
        expect_rank("filter", self.filter, 4)


@irdl_op_definition
class ConvolveWrapperS4Op(ConvolveWrapperBase):
    """`arm_convolve_wrapper_s4`: 8-bit inputs, 4-bit weights, sums that fit 8 bits.

    `filter` holds two weights in a byte, the first in the low half, in the order `(outputs,
    kernel_height, kernel_width, inputs)`; `kernel` is height and width.
    """

    name = "cmsis_nn.convolve_wrapper_s4"
    ELEMENT: ClassVar[Attribute] = i8

    kernel = prop_def(DenseArrayBase.constr(i64))

    @property
    def kernel_size(self) -> tuple[int, int]:
        height, width = int_values(self.kernel)
        return height, width

    def filter_fits(self, outputs: int, channels: int) -> bool:
        weights = outputs * element_count(self.kernel_size) * channels
        return buffer_shape(self.filter.type) == (nibble_bytes(weights),)

    def expect_filter_rank(self) -> None:
        expect_rank("filter", self.filter, 1)


@irdl_op_definition
class VecMatMulResultAccS8Op(KernelOpBase):
    """`arm_nn_vec_mat_mul_result_acc_s8`: `output += filter input`, 16-bit currents, saturating.

    `filter` is `(outputs, inputs)`, `bias` 32-bit zeros (the function needs one).
    """

    name = "cmsis_nn.vec_mat_mul_result_acc_s8"
    READS: ClassVar[tuple[str, ...]] = ("input", "filter", "bias")
    UPDATES: ClassVar[tuple[str, ...]] = ("output",)

    input = buffer_operand()
    filter = buffer_operand()
    bias = buffer_operand()
    output = buffer_operand()

    def __init__(self, input: SSAValue, filter: SSAValue, bias: SSAValue, output: SSAValue):
        super().__init__(operands=[input, filter, bias, output])

    def verify_(self) -> None:
        expect_buffer("input", self.input, i8)
        expect_buffer("filter", self.filter, i8)
        expect_buffer("output", self.output, i16)
        expect_rank("filter", self.filter, 2)
        rows, columns = buffer_shape(self.filter.type)
        if (columns,) != buffer_shape(self.input.type) or (rows,) != buffer_shape(self.output.type):
            raise VerifyException(
                f"filter {self.filter.type} does not lead from {self.input.type} "
                f"to {self.output.type}"
            )


@irdl_op_definition
class MatMultNtTS8S32Op(KernelOpBase):
    """`arm_nn_mat_mult_nt_t_s8_s32`: `output += input filter^T`, 32-bit currents.

    `input` is `(rows, columns)` or `(columns,)`, `filter` `(outputs, columns)`.
    """

    name = "cmsis_nn.mat_mult_nt_t_s8_s32"
    READS: ClassVar[tuple[str, ...]] = ("input", "filter")
    UPDATES: ClassVar[tuple[str, ...]] = ("output",)

    input = buffer_operand()
    filter = buffer_operand()
    output = buffer_operand()

    def __init__(self, input: SSAValue, filter: SSAValue, output: SSAValue):
        super().__init__(operands=[input, filter, output])

    def verify_(self) -> None:
        expect_buffer("input", self.input, i8)
        expect_buffer("filter", self.filter, i8)
        expect_buffer("output", self.output, i32)
        expect_rank("filter", self.filter, 2)
        *rows, columns = buffer_shape(self.input.type)
        outputs, filter_columns = buffer_shape(self.filter.type)
        size = element_count(buffer_shape(self.output.type))
        if columns != filter_columns or element_count(rows) * outputs != size:
            raise VerifyException(
                f"filter {self.filter.type} does not lead from {self.input.type} "
                f"to {self.output.type}"
            )


@irdl_op_definition
class FullyConnectedS4Op(KernelOpBase):
    """`arm_fully_connected_s4`: 8-bit inputs, 4-bit weights, sums that fit 8 bits.

    `filter` holds two weights in a byte, the first in the low half, in the order `(outputs,
    inputs)`.
    """

    name = "cmsis_nn.fully_connected_s4"
    READS: ClassVar[tuple[str, ...]] = ("input", "filter")
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    input = buffer_operand()
    filter = buffer_operand()
    output = buffer_operand()

    def __init__(self, input: SSAValue, filter: SSAValue, output: SSAValue):
        super().__init__(operands=[input, filter, output])

    def verify_(self) -> None:
        for what, value in (("input", self.input), ("filter", self.filter)):
            expect_buffer(what, value, i8)
            expect_rank(what, value, 1)
        expect_buffer("output", self.output, i8)
        expect_rank("output", self.output, 1)
        (columns,), (rows,) = buffer_shape(self.input.type), buffer_shape(self.output.type)
        if buffer_shape(self.filter.type) != (nibble_bytes(rows * columns),):
            raise VerifyException(
                f"filter {self.filter.type} does not lead from {self.input.type} "
                f"to {self.output.type}"
            )


@irdl_op_definition
class MaxPoolOp(Pool2dCallBase):
    """`arm_max_pool_s8` or `arm_max_pool_s16`, by the element type of the buffers."""

    name = "cmsis_nn.max_pool"

    def verify_(self) -> None:
        expect_buffer("input", self.input, i8, i16)
        expect_buffer("output", self.output, buffer_element(self.input.type))
        super().verify_()


@irdl_op_definition
class AvgPoolOp(Pool2dCallBase):
    """`arm_avgpool_s8` or `arm_avgpool_s16`: means of what of each window lies inside.

    They are rounded half away from zero: exact where every sum is a multiple of the number of
    elements. (C1) element types; (C2) shapes; (C3) the scratch buffer is large enough.
    """

    name = "cmsis_nn.avgpool"
    WRITES: ClassVar[tuple[str, ...]] = ("scratch", "output")

    # All three, for the order of the call.
    input = buffer_operand()
    scratch = buffer_operand()
    output = buffer_operand()

    def __init__(
        self, input: SSAValue, scratch: SSAValue, output: SSAValue, windows: dict[str, Attribute]
    ):
        KernelOpBase.__init__(self, operands=[input, scratch, output], properties=windows)

    def verify_(self) -> None:
        expect_buffer("input", self.input, i8, i16)  # C1
        expect_buffer("output", self.output, buffer_element(self.input.type))
        super().verify_()  # C2
        needed = avgpool_scratch_bytes(buffer_shape(self.input.type)[-1])
        if element_count(buffer_shape(self.scratch.type)) < needed:  # C3
            raise VerifyException(f"scratch {self.scratch.type} is smaller than {needed} bytes")


CMSISNN = Dialect(
    "cmsis_nn",
    [
        ConvolveWrapperS16Op, ConvolveWrapperS4Op, VecMatMulResultAccS8Op, MatMultNtTS8S32Op,
        FullyConnectedS4Op, MaxPoolOp, AvgPoolOp,
    ],
    [],
)  # fmt: skip
