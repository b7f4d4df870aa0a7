# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers of the `snn` dialect: everything that has no state. Re-exported by `snnir.dialects.snn`.

Tensors hold one sample at one time step: `(channels, height, width)` or `(features,)`. Spikes are
`i1`, everything else is `f32`; an `i1` operand counts as 0.0 and 1.0.
"""

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    BoolAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    TensorType,
    f32,
    i1,
    i64,
)
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParamAttrConstraint,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.layer_bases import (
    AddBase,
    ConcatBase,
    ConvolutionBase,
    LinearBase,
    Pool2dBase,
    ReshapeBase,
    ScaleBase,
    Value,
    element_type_of,
    expect_elements,
    expect_result_shape,
)
from snnir.dialects.layer_shapes import element_count, int_array, shape_of

VALUE = TensorType.constr(f32) | TensorType.constr(i1)
"""Real values or spikes."""
REAL = TensorType.constr(f32)
PARAMETER = FloatAttr.constr(f32) | ParamAttrConstraint(DenseIntOrFPElementsAttr, (REAL, AnyAttr()))
"""One real value, or a tensor of them."""


def real_tensor(shape: Sequence[int]) -> TensorType:
    """`tensor<…xf32>`."""
    return TensorType(f32, shape)


def spike_tensor(shape: Sequence[int]) -> TensorType:
    """`tensor<…xi1>`."""
    return TensorType(i1, shape)


def verify_layer_elements(op: Operation, result: Attribute = f32) -> None:
    """Operand 0 is real or spikes, weights and biases are real, the result is as given."""
    first, *rest = op.operand_types
    expect_elements("input", first, f32, i1)
    for type in rest:
        expect_elements("weight or bias", type, f32)
    expect_elements("result", op.results[0].type, result)


@irdl_op_definition
class WeightOp(IRDLOperation, HasFolderInterface):
    """A constant: weights, biases, batch-norm statistics.

    ```mlir
    %w = snn.weight dense<"0x…"> : tensor<12x2x5x5xf32>
    ```
    """

    name = "snn.weight"

    _T: ClassVar = VarConstraint("T", REAL)
    value = prop_def(ParamAttrConstraint(DenseIntOrFPElementsAttr, (_T, AnyAttr())))
    result = result_def(_T)

    traits = traits_def(ConstantLike(), Pure())
    assembly_format = "$value attr-dict"

    def __init__(self, value: DenseIntOrFPElementsAttr):
        super().__init__(properties={"value": value}, result_types=[value.type])

    def fold(self) -> tuple[Attribute]:
        return (self.value,)


@irdl_op_definition
class LinearOp(LinearBase):
    """`y = W x + b`, as `torch.nn.Linear`. Constraints of `LinearBase`."""

    name = "snn.linear"

    def __init__(self, input: Value, weight: Value, bias: Value | None = None):
        super().__init__(input, weight, bias, element_type=f32)

    def verify_(self) -> None:
        super().verify_()
        verify_layer_elements(self)


class RealConvolutionBase(ConvolutionBase, ABC):
    """A convolution with real weights and results. Constraints of `ConvolutionBase`."""

    def __init__(
        self,
        input: Value,
        weight: Value,
        bias: Value | None = None,
        *,
        stride: Sequence[int] | None = None,
        padding: Sequence[int] | None = None,
        dilation: Sequence[int] | None = None,
        groups: int = 1,
    ):
        """Stride and dilation are 1 and padding 0 along each axis by default."""
        ones, zeros = (1,) * self.SPATIAL_AXES, (0,) * self.SPATIAL_AXES
        super().__init__(
            input, weight, bias, stride=stride or ones, padding=padding or zeros,
            dilation=dilation or ones, groups=groups, element_type=f32,
        )  # fmt: skip

    def verify_(self) -> None:
        super().verify_()
        verify_layer_elements(self)


@irdl_op_definition
class Conv1dOp(RealConvolutionBase):
    """One-dimensional convolution of `(channels, length)`. Constraints of `ConvolutionBase`."""

    name = "snn.conv1d"
    SPATIAL_AXES: ClassVar[int] = 1

    stride = prop_def(DenseArrayBase.constr(i64), default_value=int_array([1]))
    padding = prop_def(DenseArrayBase.constr(i64), default_value=int_array([0]))
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=int_array([1]))


@irdl_op_definition
class Conv2dOp(RealConvolutionBase):
    """Two-dimensional convolution of `(channels, height, width)`; see `ConvolutionBase`."""

    name = "snn.conv2d"
    SPATIAL_AXES: ClassVar[int] = 2

    stride = prop_def(DenseArrayBase.constr(i64), default_value=int_array([1, 1]))
    padding = prop_def(DenseArrayBase.constr(i64), default_value=int_array([0, 0]))
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=int_array([1, 1]))


@irdl_op_definition
class MaxPool2dOp(Pool2dBase):
    """Maximum over each window; padded positions never win. On spikes the result is spikes (or)."""

    name = "snn.max_pool2d"

    def verify_(self) -> None:
        super().verify_()
        verify_layer_elements(self, result=element_type_of(self.input.type))


@irdl_op_definition
class AvgPool2dOp(Pool2dBase):
    """Mean over each window. Padded zeros count unless `count_include_pad = false`."""

    name = "snn.avg_pool2d"

    count_include_pad = prop_def(BoolAttr, default_value=BoolAttr.from_bool(True))
    assembly_format = (
        "$input `kernel` $kernel `stride` $stride (`padding` $padding^)? "
        "(`count_include_pad` $count_include_pad^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: Value,
        kernel: Sequence[int],
        stride: Sequence[int] | None = None,
        padding: Sequence[int] = (0, 0),
        *,
        count_include_pad: bool = True,
    ):
        super().__init__(
            input, kernel, stride, padding, element_type=f32,
            count_include_pad=BoolAttr.from_bool(count_include_pad),
        )  # fmt: skip

    def verify_(self) -> None:
        super().verify_()
        verify_layer_elements(self)


@irdl_op_definition
class SumPool2dOp(Pool2dBase):
    """Sum over each window."""

    name = "snn.sum_pool2d"

    def __init__(
        self,
        input: Value,
        kernel: Sequence[int],
        stride: Sequence[int] | None = None,
        padding: Sequence[int] = (0, 0),
    ):
        super().__init__(input, kernel, stride, padding, element_type=f32)

    def verify_(self) -> None:
        super().verify_()
        verify_layer_elements(self)


@irdl_op_definition
class ReshapeOp(ReshapeBase):
    """Another shape for the same elements, as `torch.Tensor.reshape` per sample."""

    name = "snn.reshape"

    def verify_(self) -> None:
        super().verify_()
        verify_layer_elements(self, result=element_type_of(self.input.type))


@irdl_op_definition
class FlattenOp(ReshapeBase):
    """All elements in one row, as `torch.nn.Flatten` per sample. (C3) the result has rank 1."""

    name = "snn.flatten"

    def __init__(self, input: Value):
        super().__init__(input, [element_count(shape_of(SSAValue.get(input).type))])

    def verify_(self) -> None:
        super().verify_()
        verify_layer_elements(self, result=element_type_of(self.input.type))
        if len(shape_of(self.result.type)) != 1:  # C3
            raise VerifyException(f"the result must have rank 1, got {self.result.type}")


@irdl_op_definition
class BatchNormOp(IRDLOperation):
    """Batch normalisation in inference: `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.

    Constraints: (C1) all four parameters have one value per channel (axis 0 of the input);
    (C2) the result has the input's shape; (C3) `epsilon` is positive.
    """

    name = "snn.batch_norm"

    input = operand_def(VALUE)
    mean = operand_def(REAL)
    variance = operand_def(REAL)
    gamma = operand_def(REAL)
    beta = operand_def(REAL)
    epsilon = prop_def(FloatAttr)
    result = result_def(REAL)

    traits = traits_def(Pure())
    assembly_format = (
        "$input `,` $mean `,` $variance `,` $gamma `,` $beta `epsilon` $epsilon attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self, input: Value, mean: Value, variance: Value, gamma: Value, beta: Value, epsilon: float
    ):
        shape = shape_of(SSAValue.get(input).type)
        super().__init__(
            operands=[input, mean, variance, gamma, beta],
            properties={"epsilon": FloatAttr(epsilon, 64)},
            result_types=[real_tensor(shape)],
        )

    def verify_(self) -> None:
        shape = shape_of(self.input.type)
        for name in ("mean", "variance", "gamma", "beta"):  # C1
            if (actual := shape_of(getattr(self, name).type)) != shape[:1]:
                raise VerifyException(f"{name} has shape {actual}, expected {shape[:1]}")
        expect_result_shape(self, shape)  # C2
        if self.epsilon.value.data <= 0:  # C3
            raise VerifyException(f"epsilon must be positive, got {self.epsilon.value.data}")


@irdl_op_definition
class ScaleOp(ScaleBase):
    """`y = factor * x`; also graded spikes, which are spikes times a factor.

    Constraints: (C1) the factor is a scalar or broadcasts to the input; (C2) equal shapes.
    """

    name = "snn.scale"

    input = operand_def(VALUE)
    factor = prop_def(PARAMETER)
    result = result_def(REAL)

    def __init__(self, input: Value, factor: FloatAttr | DenseIntOrFPElementsAttr):
        super().__init__(input, factor, element_type=f32)


@irdl_op_definition
class AddOp(AddBase):
    """`y = a + b`, element by element (residual connections). (C1) all shapes are equal."""

    name = "snn.add"

    lhs = operand_def(VALUE)
    rhs = operand_def(VALUE)
    result = result_def(REAL)

    def __init__(self, lhs: Value, rhs: Value):
        super().__init__(lhs, rhs, element_type=f32)


@irdl_op_definition
class ConcatOp(ConcatBase):
    """Concatenation along axis 0 (channels or features).

    Constraints: (C1) at least one operand; (C2) equal element types; (C3) equal sizes of the other
    axes; (C4) the result's axis 0 is the sum.
    """

    name = "snn.concat"

    inputs = var_operand_def(VALUE)
    result = result_def(VALUE)
