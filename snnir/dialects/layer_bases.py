# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers whose shapes mean the same at every level; the dialects add names and element types."""

from abc import ABC
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from xdsl.dialects.builtin import (
    I64,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    base,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.layer_shapes import (
    broadcasts_to,
    element_count,
    int_array,
    int_values,
    shape_of,
    spatial_output,
)

Value = SSAValue | Operation
TENSOR = base(TensorType)


def element_type_of(type: Attribute) -> Attribute:
    """Element type of a tensor type."""
    assert isinstance(type, TensorType)
    return type.get_element_type()


def expect_elements(what: str, type: Attribute, *allowed: Attribute) -> None:
    """Verify an element type."""
    if (actual := element_type_of(type)) not in allowed:
        names = " or ".join(map(str, allowed))
        raise VerifyException(f"{what} has element type {actual}, expected {names}")


def expect_result_shape(op: Operation, expected: Sequence[int]) -> None:
    """Verify the shape of an operation's first result."""
    if (actual := shape_of(op.results[0].type)) != tuple(expected):
        raise VerifyException(f"result shape {actual} should be {tuple(expected)}")


def _expect_bias(bias: SSAValue | None, outputs: int) -> None:
    if bias is not None and shape_of(bias.type) != (outputs,):
        raise VerifyException(
            f"bias has shape {shape_of(bias.type)}, expected ({outputs},) for {outputs} outputs"
        )


class LinearBase(IRDLOperation, ABC):
    """`y = W x + b`.

    Constraints:
      * (C1) the input has rank 1, the weight rank 2;
      * (C2) the input has as many features as the weight has columns;
      * (C3) the result has as many features as the weight has rows, and so has the bias.
    """

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    result = result_def(TENSOR)

    traits = traits_def(Pure())
    assembly_format = (
        "$input `,` $weight (`,` $bias^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self, input: Value, weight: Value, bias: Value | None = None, *, element_type: Attribute
    ):
        outputs = shape_of(SSAValue.get(weight).type)[0]
        super().__init__(
            operands=[input, weight, bias], result_types=[TensorType(element_type, [outputs])]
        )

    def verify_(self) -> None:
        inputs, weight = shape_of(self.input.type), shape_of(self.weight.type)
        if len(inputs) != 1 or len(weight) != 2:  # C1
            raise VerifyException(
                f"input must have rank 1 and weight rank 2, got {inputs} and {weight}"
            )
        if inputs[0] != weight[1]:  # C2
            raise VerifyException(
                f"input features ({inputs[0]}) do not match weight columns ({weight[1]})"
            )
        _expect_bias(self.bias, weight[0])  # C3
        expect_result_shape(self, (weight[0],))


class ConvolutionBase(IRDLOperation, ABC):
    """A convolution over `SPATIAL_AXES` axes, as `torch.nn.Conv1d` and `Conv2d`.

    The weight is `(outputs, inputs / groups, *kernel)`.

    Constraints:
      * (C1) ranks of input and weight;
      * (C2) `groups` divides input and output channels, and the weight has inputs / groups columns;
      * (C3) stride, padding and dilation have one value per axis and the kernel fits;
      * (C4) the bias has one value per output channel;
      * (C5) the result has the shape that C3 gives.
    """

    SPATIAL_AXES: ClassVar[int]

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    groups = prop_def(IntegerAttr[I64], default_value=IntegerAttr(1, i64))
    result = result_def(TENSOR)

    if TYPE_CHECKING:
        stride: DenseArrayBase[I64]
        padding: DenseArrayBase[I64]
        dilation: DenseArrayBase[I64]

    traits = traits_def(Pure())
    assembly_format = (
        "$input `,` $weight (`,` $bias^)? (`stride` $stride^)? (`padding` $padding^)? "
        "(`dilation` $dilation^)? (`groups` $groups^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: Value,
        weight: Value,
        bias: Value | None,
        *,
        stride: Sequence[int],
        padding: Sequence[int],
        dilation: Sequence[int],
        groups: int,
        element_type: Attribute,
    ):
        weight_shape = shape_of(SSAValue.get(weight).type)
        spatial = shape_of(SSAValue.get(input).type)[1:]
        result = spatial_output(spatial, weight_shape[2:], stride, padding, dilation)
        super().__init__(
            operands=[input, weight, bias],
            properties={
                "stride": int_array(stride),
                "padding": int_array(padding),
                "dilation": int_array(dilation),
                "groups": IntegerAttr(groups, i64),
            },
            result_types=[TensorType(element_type, (weight_shape[0], *result))],
        )

    def verify_(self) -> None:
        inputs, weight = shape_of(self.input.type), shape_of(self.weight.type)
        rank = self.SPATIAL_AXES + 1
        if len(inputs) != rank or len(weight) != rank + 1:  # C1
            raise VerifyException(
                f"input must have rank {rank} and weight rank {rank + 1}, got {inputs}, {weight}"
            )
        groups = self.groups.value.data
        if groups < 1 or inputs[0] % groups or weight[0] % groups:  # C2
            raise VerifyException(
                f"groups ({groups}) must divide {inputs[0]} input and {weight[0]} output channels"
            )
        if weight[1] * groups != inputs[0]:
            raise VerifyException(
                f"weight has {weight[1]} input channels per group, expected {inputs[0] // groups} "
                f"({inputs[0]} channels in {groups} groups)"
            )
        spatial = spatial_output(  # C3
            inputs[1:], weight[2:], int_values(self.stride), int_values(self.padding),
            int_values(self.dilation),
        )  # fmt: skip
        _expect_bias(self.bias, weight[0])  # C4
        expect_result_shape(self, (weight[0], *spatial))  # C5


class Pool2dBase(IRDLOperation, ABC):
    """A pooling layer over `(channels, height, width)`, sizes rounded down as in PyTorch.

    Constraints:
      * (C1) the input has rank 3;
      * (C2) kernel, stride and padding have two values and the kernel fits;
      * (C3) the padding is at most half the kernel (PyTorch's rule, so no window is all padding);
      * (C4) the result has the shape that C2 gives.
    """

    input = operand_def(TENSOR)
    kernel = prop_def(DenseArrayBase.constr(i64))
    stride = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64), default_value=int_array([0, 0]))
    result = result_def(TENSOR)

    traits = traits_def(Pure())
    assembly_format = (
        "$input `kernel` $kernel `stride` $stride (`padding` $padding^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: Value,
        kernel: Sequence[int],
        stride: Sequence[int] | None = None,
        padding: Sequence[int] = (0, 0),
        *,
        element_type: Attribute | None = None,
        **properties: Attribute,
    ):
        """The stride is the kernel and the result has the element type of the input by default."""
        type = SSAValue.get(input).type
        channels, *spatial = shape_of(type)
        stride = stride or kernel
        shape = (channels, *spatial_output(spatial, kernel, stride, padding))
        super().__init__(
            operands=[input],
            properties={
                "kernel": int_array(kernel),
                "stride": int_array(stride),
                "padding": int_array(padding),
                **properties,
            },
            result_types=[TensorType(element_type or element_type_of(type), shape)],
        )

    def verify_(self) -> None:
        inputs = shape_of(self.input.type)
        if len(inputs) != 3:  # C1
            raise VerifyException(f"input must have rank 3, got shape {inputs}")
        kernel, padding = int_values(self.kernel), int_values(self.padding)
        spatial = spatial_output(inputs[1:], kernel, int_values(self.stride), padding)  # C2
        if any(2 * pad > size for pad, size in zip(padding, kernel, strict=True)):  # C3
            raise VerifyException(f"padding {padding} exceeds half of kernel {kernel}")
        expect_result_shape(self, (inputs[0], *spatial))  # C4


class ReshapeBase(IRDLOperation, ABC):
    """The same elements, in row-major order, under another shape.

    Constraints: (C1) equal element counts; (C2) equal element types.
    """

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    traits = traits_def(Pure())
    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: Value, shape: Sequence[int]):
        element_type = element_type_of(SSAValue.get(input).type)
        super().__init__(operands=[input], result_types=[TensorType(element_type, shape)])

    def verify_(self) -> None:
        source, target = self.input.type, self.result.type
        if element_count(shape_of(source)) != element_count(shape_of(target)):  # C1
            raise VerifyException(f"{source} and {target} have different numbers of elements")
        if element_type_of(source) != element_type_of(target):  # C2
            raise VerifyException(f"{source} and {target} have different element types")


class AddBase(IRDLOperation, ABC):
    """`y = a + b`, element by element.

    Constraint: (C1) all shapes are equal.
    """

    if TYPE_CHECKING:
        lhs: SSAValue
        rhs: SSAValue

    traits = traits_def(Pure())
    assembly_format = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)"

    def __init__(self, lhs: Value, rhs: Value, element_type: Attribute):
        shape = shape_of(SSAValue.get(lhs).type)
        super().__init__(operands=[lhs, rhs], result_types=[TensorType(element_type, shape)])

    def verify_(self) -> None:
        shape = shape_of(self.lhs.type)
        if (other := shape_of(self.rhs.type)) != shape:  # C1
            raise VerifyException(f"operands have shapes {shape} and {other}")
        expect_result_shape(self, shape)


class ScaleBase(IRDLOperation, ABC):
    """`y = factor * x`.

    Constraints: (C1) the factor is a scalar or broadcasts to the input; (C2) equal shapes.
    """

    if TYPE_CHECKING:
        input: SSAValue

    traits = traits_def(Pure())
    assembly_format = "$input `by` $factor attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: Value, factor: Attribute, element_type: Attribute):
        shape = shape_of(SSAValue.get(input).type)
        super().__init__(
            operands=[input],
            properties={"factor": factor},
            result_types=[TensorType(element_type, shape)],
        )

    def verify_(self) -> None:
        shape = shape_of(self.input.type)
        factor = self.properties["factor"]
        if isinstance(factor, DenseIntOrFPElementsAttr):  # C1
            if not broadcasts_to(extent := shape_of(factor.type), shape):
                raise VerifyException(f"factor of shape {extent} does not broadcast to {shape}")
        expect_result_shape(self, shape)  # C2


class ConcatBase(IRDLOperation, ABC):
    """Concatenation along axis 0 (channels or features).

    Constraints: (C1) at least one operand; (C2) equal element types; (C3) equal sizes of the other
    axes; (C4) the result's axis 0 is the sum.
    """

    inputs = var_operand_def(TENSOR)
    result = result_def(TENSOR)

    traits = traits_def(Pure())
    assembly_format = "$inputs attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[Value]):
        values = [SSAValue.get(value) for value in inputs]
        shapes = [shape_of(value.type) for value in values]
        shape = (sum(shape[0] for shape in shapes), *shapes[0][1:])
        super().__init__(
            operands=[values], result_types=[TensorType(element_type_of(values[0].type), shape)]
        )

    def verify_(self) -> None:
        if not self.inputs:  # C1
            raise VerifyException("needs at least one operand")
        for value in self.inputs:  # C2
            expect_elements("operand", value.type, element_type_of(self.result.type))
        shapes = [shape_of(value.type) for value in self.inputs]
        if len({shape[1:] for shape in shapes}) != 1:  # C3
            raise VerifyException(f"operands {shapes} differ beyond axis 0")
        expect_result_shape(self, (sum(shape[0] for shape in shapes), *shapes[0][1:]))  # C4
