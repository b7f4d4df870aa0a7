# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers of the `snnrt` dialect: input, spike lists, scatters, pooling, arithmetic.

Re-exported by `snnir.dialects.snnrt`.
"""

from abc import ABC
from typing import TYPE_CHECKING, ClassVar

from xdsl.dialects.builtin import (
    I64,
    DenseArrayBase,
    IntegerAttr,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    prop_def,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    KernelOpBase,
    ListingCallBase,
    Pool2dCallBase,
    buffer_element,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
    expect_same_shape,
)
from snnir.dialects.layer_shapes import element_count, int_values, spatial_output


@irdl_op_definition
class FrameToHWCOp(KernelOpBase):
    """`snnrt_frame_to_hwc_u8`: counts or spikes to channels-last; fails above `maximum`."""

    name = "snnrt.frame_to_hwc"
    READS: ClassVar[tuple[str, ...]] = ("frame",)
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    frame = buffer_operand()
    output = buffer_operand()
    maximum = prop_def(IntegerAttr)

    def __init__(self, frame: SSAValue, output: SSAValue, maximum: int):
        super().__init__(
            operands=[frame, output], properties={"maximum": IntegerAttr(maximum, i64)}
        )


@irdl_op_definition
class ValuesToHWCOp(KernelOpBase):
    """`snnrt_values_to_hwc_s8`: signed values to channels-last; fails beyond `maximum`."""

    name = "snnrt.values_to_hwc"
    READS: ClassVar[tuple[str, ...]] = ("frame",)
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    frame = buffer_operand()
    output = buffer_operand()
    maximum = prop_def(IntegerAttr)

    def __init__(self, frame: SSAValue, output: SSAValue, maximum: int):
        super().__init__(
            operands=[frame, output], properties={"maximum": IntegerAttr(maximum, i64)}
        )


@irdl_op_definition
class SpikeListOp(ListingCallBase):
    """`snnrt_spike_list`: flat indices of the nonzero bytes; returns how many.

    (C1) The list has room for every value, and 16 bits hold every index.
    """

    name = "snnrt.spike_list"
    READS: ClassVar[tuple[str, ...]] = ("values",)
    WRITES: ClassVar[tuple[str, ...]] = ("list",)

    values = buffer_operand()
    list = buffer_operand()

    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(self, values: SSAValue, list: SSAValue):
        super().__init__(operands=[values, list], result_types=[i32])

    @property
    def listed(self) -> SSAValue:
        """See the base class."""
        return self.list

    def verify_(self) -> None:
        expect_buffer("values", self.values, i8)
        expect_buffer("list", self.list, i16)
        values = element_count(buffer_shape(self.values.type))
        room = element_count(buffer_shape(self.list.type))
        if room < values or values > 1 << 16:  # C1
            raise VerifyException(f"a list of {room} does not hold {values} indices of 16 bits")


class ConvolutionScatterBase(KernelOpBase, ABC):
    """Parameters of a convolution whose inputs come as a list.

    (C1) The weights are `(inputs, kernel_height, kernel_width, outputs / groups)`, and `current`
    has the size that they give.
    """

    input_size = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64))
    dilation = prop_def(DenseArrayBase.constr(i64))
    groups = prop_def(IntegerAttr[I64])

    if TYPE_CHECKING:
        weights: SSAValue
        current: SSAValue

    def group_outputs(self) -> int:
        """Output channels of a group, as the weights have them."""
        return buffer_shape(self.weights.type)[-1]

    def kernel_shape(self) -> tuple[int, int, int]:
        """Input channels, height and width of the kernels, as the weights have them."""
        channels, height, width, _ = buffer_shape(self.weights.type)
        return channels, height, width

    def verify_weights(self) -> None:
        """Verify that the weights have a shape that they are read by."""
        expect_rank("weights", self.weights, 4)

    def verify_(self) -> None:
        self.verify_weights()
        expect_rank("current", self.current, 3)
        channels, *kernel = self.kernel_shape()
        columns = self.group_outputs()
        height, width, outputs = buffer_shape(self.current.type)
        groups = self.groups.value.data
        if columns * groups != outputs or channels % groups:
            raise VerifyException(
                f"weights for {channels} inputs and {columns} outputs in each of {groups} groups "
                f"do not fit {outputs} outputs"
            )
        input = int_values(self.input_size)
        expected = spatial_output(
            input,
            kernel,
            int_values(self.stride),
            int_values(self.padding),
            int_values(self.dilation),
        )
        if expected != (height, width):
            raise VerifyException(f"current has size {(height, width)}, expected {expected}")


@irdl_op_definition
class Conv2dScatterOp(ConvolutionScatterBase):
    """`snnrt_conv2d_scatter_{s16,s32}`: adds the kernels of all active inputs to `current`."""

    name = "snnrt.conv2d_scatter"
    READS: ClassVar[tuple[str, ...]] = ("list", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    weights = buffer_operand()
    current = buffer_operand()

    def __init__(
        self,
        list: SSAValue,
        count: SSAValue,
        weights: SSAValue,
        current: SSAValue,
        shape: dict[str, Attribute],
    ):
        super().__init__(operands=[list, count, weights, current], properties=shape)


@irdl_op_definition
class Conv2dScatterValuesOp(ConvolutionScatterBase):
    """`snnrt_conv2d_scatter_values_{s16,s32}`: as `conv2d_scatter`, times the input's value."""

    name = "snnrt.conv2d_scatter_values"
    READS: ClassVar[tuple[str, ...]] = ("list", "values", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    values = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()

    def __init__(
        self,
        list: SSAValue,
        count: SSAValue,
        values: SSAValue,
        weights: SSAValue,
        current: SSAValue,
        shape: dict[str, Attribute],
    ):
        super().__init__(operands=[list, count, values, weights, current], properties=shape)


def _verify_linear(weights: SSAValue, current: SSAValue) -> None:
    """Weights are `(inputs, outputs)`."""
    if buffer_shape(weights.type)[1:] != buffer_shape(current.type):
        raise VerifyException(f"weights {weights.type} do not fit the current {current.type}")


@irdl_op_definition
class LinearScatterOp(KernelOpBase):
    """`snnrt_linear_scatter_{s16,s32}`: adds the weight rows of all active inputs to `current`."""

    name = "snnrt.linear_scatter"
    READS: ClassVar[tuple[str, ...]] = ("list", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    weights = buffer_operand()
    current = buffer_operand()

    def __init__(self, list: SSAValue, count: SSAValue, weights: SSAValue, current: SSAValue):
        super().__init__(operands=[list, count, weights, current])

    def verify_(self) -> None:
        _verify_linear(self.weights, self.current)


@irdl_op_definition
class LinearScatterValuesOp(KernelOpBase):
    """`snnrt_linear_scatter_values_{s16,s32}`: as `linear_scatter`, times the input's value."""

    name = "snnrt.linear_scatter_values"
    READS: ClassVar[tuple[str, ...]] = ("list", "values", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    values = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()

    def __init__(
        self,
        list: SSAValue,
        count: SSAValue,
        values: SSAValue,
        weights: SSAValue,
        current: SSAValue,
    ):
        super().__init__(operands=[list, count, values, weights, current])

    def verify_(self) -> None:
        _verify_linear(self.weights, self.current)


@irdl_op_definition
class MaxPool2dOp(Pool2dCallBase):
    """`snnrt_max_pool2d_{s8,s16,s32}`."""

    name = "snnrt.max_pool2d"

    def in_place(self) -> tuple[tuple[str, str], ...]:
        return pool_in_place(self)

    def verify_(self) -> None:
        expect_buffer("output", self.output, buffer_element(self.input.type))
        super().verify_()


@irdl_op_definition
class SumPool2dOp(Pool2dCallBase):
    """`snnrt_sum_pool2d_{s8_s8,s8_s16,s16_s16,s16_s32,s32_s32}`."""

    name = "snnrt.sum_pool2d"

    def in_place(self) -> tuple[tuple[str, str], ...]:
        return pool_in_place(self)


def same_type_in_place(op: "Pool2dCallBase | ScaleOp") -> tuple[tuple[str, str], ...]:
    """See `KernelOpBase.in_place`: element by element, so between elements of one size only."""
    is_same = buffer_element(op.input.type) == buffer_element(op.output.type)
    return (("input", "output"),) if is_same else ()


def pool_in_place(op: Pool2dCallBase) -> tuple[tuple[str, str], ...]:
    """See `KernelOpBase.in_place`: without padding no window begins before its output."""
    return () if any(int_values(op.padding)) else same_type_in_place(op)


def verify_extents(layer: SSAValue, *parameters: SSAValue | None) -> None:
    """Each parameter has 1, `channels` or all elements of the layer."""
    shape = buffer_shape(layer.type)
    allowed = {1, shape[-1], element_count(shape)}
    for parameter in parameters:
        if parameter is None:
            continue
        if (count := element_count(buffer_shape(parameter.type))) not in allowed:
            raise VerifyException(f"a parameter has {count} elements, expected one of {allowed}")


@irdl_op_definition
class AddOp(KernelOpBase):
    """`snnrt_add_{s8,s16,s32}`."""

    name = "snnrt.add"
    READS: ClassVar[tuple[str, ...]] = ("lhs", "rhs")
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    lhs = buffer_operand()
    rhs = buffer_operand()
    output = buffer_operand()

    def __init__(self, lhs: SSAValue, rhs: SSAValue, output: SSAValue):
        super().__init__(operands=[lhs, rhs, output])

    def in_place(self) -> tuple[tuple[str, str], ...]:
        return (("lhs", "output"), ("rhs", "output"))

    def verify_(self) -> None:
        expect_same_shape(self.lhs, self.output)
        expect_same_shape(self.rhs, self.output)
        for operand in (self.lhs, self.rhs):
            expect_buffer("operand", operand, buffer_element(self.output.type))


@irdl_op_definition
class ScaleOp(KernelOpBase):
    """`snnrt_scale_{from}_{to}`: times integer factors of 1, `channels` or all elements."""

    name = "snnrt.scale"
    READS: ClassVar[tuple[str, ...]] = ("input", "factor")
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    input = buffer_operand()
    factor = buffer_operand()
    output = buffer_operand()

    def __init__(self, input: SSAValue, factor: SSAValue, output: SSAValue):
        super().__init__(operands=[input, factor, output])

    def in_place(self) -> tuple[tuple[str, str], ...]:
        return same_type_in_place(self)

    def verify_(self) -> None:
        expect_same_shape(self.input, self.output)
        verify_extents(self.output, self.factor)


@irdl_op_definition
class ConcatChannelsOp(KernelOpBase):
    """`snnrt_concat_channels_{s8,s16,s32}` of two buffers."""

    name = "snnrt.concat_channels"
    READS: ClassVar[tuple[str, ...]] = ("lhs", "rhs")
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    lhs = buffer_operand()
    rhs = buffer_operand()
    output = buffer_operand()

    def __init__(self, lhs: SSAValue, rhs: SSAValue, output: SSAValue):
        super().__init__(operands=[lhs, rhs, output])

    def verify_(self) -> None:
        *positions, left = buffer_shape(self.lhs.type)
        *_, right = buffer_shape(self.rhs.type)
        if (actual := buffer_shape(self.output.type)) != (*positions, left + right):
            raise VerifyException(f"output has shape {actual}, expected {left + right} channels")


@irdl_op_definition
class WidenOp(KernelOpBase):
    """`snnrt_widen_s8_s16`: bytes as 16-bit values, for CMSIS-NN's s16 functions."""

    name = "snnrt.widen"
    READS: ClassVar[tuple[str, ...]] = ("input",)
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    input = buffer_operand()
    output = buffer_operand()

    def __init__(self, input: SSAValue, output: SSAValue):
        super().__init__(operands=[input, output])

    def verify_(self) -> None:
        expect_same_shape(self.input, self.output)
        expect_buffer("input", self.input, i8)
        expect_buffer("output", self.output, i16)


@irdl_op_definition
class Im2ColOp(KernelOpBase):
    """`snnrt_im2col_image_s8`: the patch of each output position as a row, for CMSIS-NN matmuls.

    (C1) `columns` is `(output positions, kernel_height * kernel_width * channels)`.
    """

    name = "snnrt.im2col"
    READS: ClassVar[tuple[str, ...]] = ("input",)
    WRITES: ClassVar[tuple[str, ...]] = ("columns",)

    input = buffer_operand()
    columns = buffer_operand()
    kernel = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64))
    dilation = prop_def(DenseArrayBase.constr(i64))

    def __init__(self, input: SSAValue, columns: SSAValue, windows: dict[str, Attribute]):
        super().__init__(operands=[input, columns], properties=windows)

    def verify_(self) -> None:
        expect_rank("input", self.input, 3)
        *size, channels = buffer_shape(self.input.type)
        kernel = int_values(self.kernel)
        positions = spatial_output(
            size, kernel, int_values(self.stride), int_values(self.padding),
            int_values(self.dilation),
        )  # fmt: skip
        expected = (element_count(positions), element_count(kernel) * channels)
        if (actual := buffer_shape(self.columns.type)) != expected:  # C1
            raise VerifyException(f"columns have shape {actual}, expected {expected}")
