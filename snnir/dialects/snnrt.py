# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `snnrt` dialect: the project's own C99 kernel library, one operation for each function.

A `snnrt.network` holds buffers, constants and the calls of one time step in order, also those of
`cmsis_nn`. The headers in `snnir/backends/snnrt/include/snnrt` define each function.
"""

from collections.abc import Sequence
from enum import auto
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    MemRefType,
    StringAttr,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.dialects.utils import AbstractYieldOperation, EnumAttribute
from xdsl.ir import Attribute, Dialect, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import HasParent, IsolatedFromAbove, IsTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    buffer_element,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
    expect_same_shape,
)
from snnir.dialects.layer_shapes import element_count, int_array, int_values, spatial_output
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.qsnn import OverflowAttr, RoundingAttr
from snnir.dialects.snn_attributes import CompareAttr, ResetAttr, ResetTimingAttr


class Region(StrEnum):
    """How long a buffer holds its contents."""

    STATE = auto()
    """From one step to the next; zero at the start of a sequence."""
    TRANSIENT = auto()
    """Within one step, from the first write to the last use."""


@irdl_attr_definition
class RegionAttr(EnumAttribute[Region], SpacedOpaqueSyntaxAttribute):
    """`#snnrt<region state>`."""

    name = "snnrt.region"


@irdl_op_definition
class NetworkOp(NetworkOpBase):
    """The calls of one time step.

    Constraints: those of `NetworkOpBase`; (C6) the frame is `i8`; (C7) `input_maximum` is between 1
    and 127.

    The frame is what a caller passes: channels first, `ui8`-like bytes for counts and spikes.
    `arena_bytes` is set by `kernels-plan-memory`.
    """

    name = "snnrt.network"
    OUTPUT_NAME: ClassVar[str] = "snnrt.output"

    input_maximum = prop_def(IntegerAttr)
    input_scale = opt_prop_def(FloatAttr)
    arena_bytes = opt_prop_def(IntegerAttr)
    state_bytes = opt_prop_def(IntegerAttr)

    traits = traits_def(SymbolOpInterface(), IsolatedFromAbove())

    def verify_(self) -> None:
        super().verify_()
        expect_buffer("the frame", self.frame, i8)  # C6
        maximum = self.input_maximum.value.data
        if not 1 <= maximum <= 127:  # C7
            raise VerifyException(f"input_maximum must be between 1 and 127, got {maximum}")


@irdl_op_definition
class OutputOp(AbstractYieldOperation[Attribute]):
    """Ends the step. Operands: the output values, then the scores that the readout accumulates."""

    name = "snnrt.output"

    traits = traits_def(IsTerminator(), HasParent(NetworkOp))


@irdl_op_definition
class BufferOp(IRDLOperation):
    """Memory in the caller's arena, at `offset` bytes once memory is planned.

    (C1) The alignment is a power of two, and the offset a multiple of it.
    """

    name = "snnrt.buffer"

    sym_name = prop_def(StringAttr)
    region = prop_def(RegionAttr)
    alignment = prop_def(IntegerAttr, default_value=IntegerAttr(4, i64))
    offset = opt_prop_def(IntegerAttr)
    result = result_def(BUFFER)

    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$sym_name $region attr-dict `:` type($result)"

    def __init__(self, name: str, region: Region, type: MemRefType, alignment: int = 4):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "region": RegionAttr(region),
                "alignment": IntegerAttr(alignment, i64),
            },
            result_types=[type],
        )
        self.result.name_hint = name

    def verify_(self) -> None:
        alignment = self.alignment.value.data
        if alignment < 1 or alignment & (alignment - 1):  # C1
            raise VerifyException(f"alignment must be a power of two, got {alignment}")
        if self.offset is not None and self.offset.value.data % alignment:
            raise VerifyException(
                f"offset {self.offset.value.data} is not a multiple of the alignment {alignment}"
            )


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """A constant array, in flash on the target. (C1) The value has the buffer's shape."""

    name = "snnrt.constant"

    sym_name = prop_def(StringAttr)
    value = prop_def(DenseIntOrFPElementsAttr)
    result = result_def(BUFFER)

    assembly_format = "$sym_name $value attr-dict `:` type($result)"

    def __init__(self, name: str, value: DenseIntOrFPElementsAttr):
        type = MemRefType(value.get_element_type(), value.get_shape())
        super().__init__(
            properties={"sym_name": StringAttr(name), "value": value}, result_types=[type]
        )
        self.result.name_hint = name

    def verify_(self) -> None:
        if tuple(self.value.get_shape()) != buffer_shape(self.result.type):  # C1
            raise VerifyException(f"{self.value.type} does not fill {self.result.type}")


@irdl_op_definition
class ViewOp(IRDLOperation):
    """The same memory under another shape; no call. (C1) equal element counts and types."""

    name = "snnrt.view"

    source = operand_def(BUFFER)
    result = result_def(BUFFER)

    assembly_format = "$source attr-dict `:` type($source) `to` type($result)"

    def __init__(self, source: SSAValue, shape: Sequence[int]):
        type = MemRefType(buffer_element(source.type), shape)
        super().__init__(operands=[source], result_types=[type])

    def verify_(self) -> None:
        source, target = self.source.type, self.result.type
        same_count = element_count(buffer_shape(source)) == element_count(buffer_shape(target))
        if not same_count or buffer_element(source) != buffer_element(target):  # C1
            raise VerifyException(f"{source} and {target} are not the same memory")


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
    """`snnrt_values_to_hwc_s8`: signed values from channels-first to HWC."""

    name = "snnrt.values_to_hwc"
    READS: ClassVar[tuple[str, ...]] = ("frame",)
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    frame = buffer_operand()
    output = buffer_operand()

    def __init__(self, frame: SSAValue, output: SSAValue):
        super().__init__(operands=[frame, output])


@irdl_op_definition
class SpikeListOp(KernelOpBase):
    """`snnrt_spike_list`: flat indices of the nonzero bytes; returns how many.

    (C1) The list has room for every value, and 16 bits hold every index.
    """

    name = "snnrt.spike_list"
    READS: ClassVar[tuple[str, ...]] = ("values",)
    WRITES: ClassVar[tuple[str, ...]] = ("list",)

    values = buffer_operand()
    list = buffer_operand()
    count = result_def(i32)

    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(self, values: SSAValue, list: SSAValue):
        super().__init__(operands=[values, list], result_types=[i32])

    def verify_(self) -> None:
        expect_buffer("values", self.values, i8)
        expect_buffer("list", self.list, i16)
        values = element_count(buffer_shape(self.values.type))
        room = element_count(buffer_shape(self.list.type))
        if room < values or values > 1 << 16:  # C1
            raise VerifyException(f"a list of {room} does not hold {values} indices of 16 bits")


@irdl_op_definition
class FillZeroOp(KernelOpBase):
    """`snnrt_fill_zero`."""

    name = "snnrt.fill_zero"
    WRITES: ClassVar[tuple[str, ...]] = ("buffer",)

    buffer = buffer_operand()

    def __init__(self, buffer: SSAValue):
        super().__init__(operands=[buffer])


def verify_convolution(op: "Conv2dScatterOp | Conv2dScatterValuesOp") -> None:
    """Weights are `(inputs, kernel_height, kernel_width, outputs / groups)`."""
    expect_rank("weights", op.weights, 4)
    expect_rank("current", op.current, 3)
    channels, *kernel, columns = buffer_shape(op.weights.type)
    height, width, outputs = buffer_shape(op.current.type)
    groups = op.groups.value.data
    if columns * groups != outputs or channels % groups:
        raise VerifyException(
            f"weights for {channels} inputs and {columns} outputs in each of {groups} groups do "
            f"not fit {outputs} outputs"
        )
    input = int_values(op.input_size)
    expected = spatial_output(
        input, kernel, int_values(op.stride), int_values(op.padding), int_values(op.dilation)
    )
    if expected != (height, width):
        raise VerifyException(f"current has size {(height, width)}, expected {expected}")


@irdl_op_definition
class Conv2dScatterOp(KernelOpBase):
    """`snnrt_conv2d_scatter_{s16,s32}`: adds the kernels of all active inputs to `current`."""

    name = "snnrt.conv2d_scatter"
    READS: ClassVar[tuple[str, ...]] = ("list", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    weights = buffer_operand()
    current = buffer_operand()
    input_size = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64))
    dilation = prop_def(DenseArrayBase.constr(i64))
    groups = prop_def(IntegerAttr[I64])

    def __init__(
        self,
        list: SSAValue,
        count: SSAValue,
        weights: SSAValue,
        current: SSAValue,
        shape: dict[str, Attribute],
    ):
        super().__init__(operands=[list, count, weights, current], properties=shape)

    def verify_(self) -> None:
        verify_convolution(self)


@irdl_op_definition
class Conv2dScatterValuesOp(KernelOpBase):
    """`snnrt_conv2d_scatter_values_{s16,s32}`: as `conv2d_scatter`, times the input's value."""

    name = "snnrt.conv2d_scatter_values"
    READS: ClassVar[tuple[str, ...]] = ("list", "values", "weights")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    list = buffer_operand()
    count = operand_def(i32)
    values = buffer_operand()
    weights = buffer_operand()
    current = buffer_operand()
    input_size = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64))
    dilation = prop_def(DenseArrayBase.constr(i64))
    groups = prop_def(IntegerAttr[I64])

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

    def verify_(self) -> None:
        verify_convolution(self)


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
class MaxPool2dOp(KernelOpBase):
    """`snnrt_max_pool2d_{s8,s16,s32}`."""

    name = "snnrt.max_pool2d"
    READS: ClassVar[tuple[str, ...]] = ("input",)
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    input = buffer_operand()
    output = buffer_operand()
    kernel = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64), default_value=int_array([0, 0]))

    def __init__(self, input: SSAValue, output: SSAValue, windows: dict[str, Attribute]):
        super().__init__(operands=[input, output], properties=windows)

    def verify_(self) -> None:
        expect_buffer("output", self.output, buffer_element(self.input.type))
        verify_windows(self)


@irdl_op_definition
class SumPool2dOp(KernelOpBase):
    """`snnrt_sum_pool2d_{s8_s8,s8_s16,s16_s16,s16_s32,s32_s32}`."""

    name = "snnrt.sum_pool2d"
    READS: ClassVar[tuple[str, ...]] = ("input",)
    WRITES: ClassVar[tuple[str, ...]] = ("output",)

    input = buffer_operand()
    output = buffer_operand()
    kernel = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64), default_value=int_array([0, 0]))

    def __init__(self, input: SSAValue, output: SSAValue, windows: dict[str, Attribute]):
        super().__init__(operands=[input, output], properties=windows)

    def verify_(self) -> None:
        verify_windows(self)


def verify_windows(op: "MaxPool2dOp | SumPool2dOp") -> None:
    """The output has the size that kernel, stride and padding give."""
    expect_rank("input", op.input, 3)
    *size, channels = buffer_shape(op.input.type)
    windows = (int_values(op.kernel), int_values(op.stride), int_values(op.padding))
    expected = (*spatial_output(size, *windows), channels)
    if (actual := buffer_shape(op.output.type)) != expected:
        raise VerifyException(f"output has shape {actual}, expected {expected}")


@irdl_op_definition
class LIFOp(KernelOpBase):
    """`snnrt_lif_{state}_{current}`: the update of `qsnn.lif`.

    Parameters are arrays of 1, `channels` or all elements. (C1) `membrane`, `current` and `spikes`
    have the same shape; (C2) each parameter has one of the three extents.
    """

    name = "snnrt.lif"
    READS: ClassVar[tuple[str, ...]] = ("current", "leak", "threshold", "bias")
    WRITES: ClassVar[tuple[str, ...]] = ("spikes",)
    UPDATES: ClassVar[tuple[str, ...]] = ("membrane",)

    membrane = buffer_operand()
    current = buffer_operand()
    spikes = buffer_operand()
    leak = buffer_operand()
    threshold = buffer_operand()
    bias = opt_operand_def(BUFFER)
    reset = prop_def(ResetAttr)
    reset_timing = prop_def(ResetTimingAttr)
    compare = prop_def(CompareAttr)
    shift = prop_def(IntegerAttr)
    overflow = prop_def(OverflowAttr)
    rounding = prop_def(RoundingAttr)

    def __init__(
        self,
        membrane: SSAValue,
        current: SSAValue,
        spikes: SSAValue,
        leak: SSAValue,
        threshold: SSAValue,
        bias: SSAValue | None,
        dynamics: dict[str, Attribute],
    ):
        super().__init__(
            operands=[membrane, current, spikes, leak, threshold, bias], properties=dynamics
        )

    def verify_(self) -> None:
        expect_same_shape(self.membrane, self.current)  # C1
        expect_same_shape(self.membrane, self.spikes)
        verify_extents(self.membrane, self.leak, self.threshold, self.bias)  # C2


@irdl_op_definition
class LIOp(KernelOpBase):
    """`snnrt_li_{state}_{current}`: the update of `qsnn.li`. Constraints of `snnrt.lif`."""

    name = "snnrt.li"
    READS: ClassVar[tuple[str, ...]] = ("current", "leak", "bias")
    UPDATES: ClassVar[tuple[str, ...]] = ("membrane",)

    membrane = buffer_operand()
    current = buffer_operand()
    leak = buffer_operand()
    bias = opt_operand_def(BUFFER)
    shift = prop_def(IntegerAttr)
    overflow = prop_def(OverflowAttr)
    rounding = prop_def(RoundingAttr)

    def __init__(
        self,
        membrane: SSAValue,
        current: SSAValue,
        leak: SSAValue,
        bias: SSAValue | None,
        dynamics: dict[str, Attribute],
    ):
        super().__init__(operands=[membrane, current, leak, bias], properties=dynamics)

    def verify_(self) -> None:
        expect_same_shape(self.membrane, self.current)
        verify_extents(self.membrane, self.leak, self.bias)


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


@irdl_op_definition
class CountSpikesOp(KernelOpBase):
    """`snnrt_count_spikes`: `scores += spikes`."""

    name = "snnrt.count_spikes"
    READS: ClassVar[tuple[str, ...]] = ("values",)
    UPDATES: ClassVar[tuple[str, ...]] = ("scores",)

    values = buffer_operand()
    scores = buffer_operand()

    def __init__(self, values: SSAValue, scores: SSAValue):
        super().__init__(operands=[values, scores])


@irdl_op_definition
class FirstSpikeOp(KernelOpBase):
    """`snnrt_first_spike`: the step after which a neuron has spiked, counted from 1; 0 before."""

    name = "snnrt.first_spike"
    READS: ClassVar[tuple[str, ...]] = ("values",)
    UPDATES: ClassVar[tuple[str, ...]] = ("scores",)

    values = buffer_operand()
    scores = buffer_operand()

    def __init__(self, values: SSAValue, scores: SSAValue):
        super().__init__(operands=[values, scores])


@irdl_op_definition
class ReadMembraneOp(KernelOpBase):
    """`snnrt_membrane_{last,max,sum}_{s16,s32}`: accumulates a membrane into the scores."""

    name = "snnrt.read_membrane"
    READS: ClassVar[tuple[str, ...]] = ("values",)
    UPDATES: ClassVar[tuple[str, ...]] = ("scores",)

    values = buffer_operand()
    scores = buffer_operand()
    reduction = prop_def(StringAttr)

    def __init__(self, values: SSAValue, scores: SSAValue, reduction: str):
        super().__init__(operands=[values, scores], properties={"reduction": StringAttr(reduction)})

    def verify_(self) -> None:
        if self.reduction.data not in ("last", "max", "sum"):
            raise VerifyException(f"reduction must be last, max or sum, not {self.reduction.data}")


SNNRT = Dialect(
    "snnrt",
    [
        NetworkOp, OutputOp, BufferOp, ConstantOp, ViewOp, FrameToHWCOp, ValuesToHWCOp, SpikeListOp,
        FillZeroOp, Conv2dScatterOp, Conv2dScatterValuesOp, LinearScatterOp, LinearScatterValuesOp,
        MaxPool2dOp, SumPool2dOp, LIFOp, LIOp, AddOp, ScaleOp, ConcatChannelsOp, WidenOp, Im2ColOp,
        CountSpikesOp, FirstSpikeOp, ReadMembraneOp,
    ],
    [RegionAttr],
)  # fmt: skip
