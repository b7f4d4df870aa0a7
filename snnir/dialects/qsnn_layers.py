# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers of the `qsnn` dialect: everything without state. Re-exported by `snnir.dialects.qsnn`."""

from typing import ClassVar

from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    TensorType,
    f32,
    i1,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParamAttrConstraint,
    ParsePropInAttrDict,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import (
    ConstantLike,
    Pure,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.layer_bases import (
    AddBase,
    ConcatBase,
    ConvolutionBase,
    LinearBase,
    Pool2dBase,
    ReshapeBase,
    ScaleBase,
    element_type_of,
    expect_elements,
)
from snnir.dialects.layer_shapes import int_array

INTEGERS = TensorType.constr(base(IntegerType))
PARAMETER = IntegerAttr.constr(i32) | ParamAttrConstraint(
    DenseIntOrFPElementsAttr, (TensorType.constr(i32), AnyAttr())
)
"""One integer, or a tensor of them that broadcasts to the layer's shape."""
REAL_PARAMETER = FloatAttr.constr(f32) | ParamAttrConstraint(
    DenseIntOrFPElementsAttr, (TensorType.constr(f32), AnyAttr())
)
Parameter = IntegerAttr | DenseIntOrFPElementsAttr

LEAK_ONE = 1 << 15
"""The leak factor that stands for 1.0."""


@irdl_op_definition
class WeightOp(IRDLOperation, HasFolderInterface):
    """An integer constant. `scale` is the real value of one unit, for reports.

    (C1) The elements are signed integers of 2, 4, 8, 16 or 32 bits and within that range.
    """

    name = "qsnn.weight"

    _T: ClassVar = VarConstraint("T", INTEGERS)
    value = prop_def(ParamAttrConstraint(DenseIntOrFPElementsAttr, (_T, AnyAttr())))
    scale = opt_prop_def(REAL_PARAMETER)
    result = result_def(_T)

    traits = traits_def(ConstantLike(), Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$value attr-dict"

    def __init__(self, value: DenseIntOrFPElementsAttr, scale: Attribute | None = None):
        super().__init__(properties={"value": value, "scale": scale}, result_types=[value.type])

    def fold(self) -> tuple[Attribute]:
        return (self.value,)

    def verify_(self) -> None:
        element_type = element_type_of(self.result.type)
        assert isinstance(element_type, IntegerType)
        if (bits := element_type.width.data) not in (2, 4, 8, 16, 32):  # C1
            raise VerifyException(f"weights have 2, 4, 8, 16 or 32 bits, not {bits}")
        if bits < 8 and not all(
            -(1 << bits - 1) <= (byte ^ 0x80) - 0x80 < 1 << bits - 1 for byte in set(self._bytes())
        ):
            raise VerifyException(f"a value does not fit {bits} bits")

    def _bytes(self) -> bytes:
        return self.value.data.data


def _verify_layer(op: LinearBase | ConvolutionBase, *inputs: IntegerType) -> None:
    """Inputs are spikes, bytes or of other types, weights at most bytes, sums are exact in `i16` or
    `i32`.
    """
    expect_elements("input", op.input.type, i1, i8, *inputs)
    expect_elements("weight", op.weight.type, IntegerType(2), IntegerType(4), i8)
    if op.bias is not None:
        expect_elements("bias", op.bias.type, i32)
    expect_elements("result", op.result.type, i16, i32)


@irdl_op_definition
class LinearOp(LinearBase):
    """`y = W x + b`, an exact sum; `x` are spikes, bytes or numbers of 16 bits.

    Constraints of `LinearBase`.
    """

    name = "qsnn.linear"

    def verify_(self) -> None:
        super().verify_()
        _verify_layer(self, i16)


@irdl_op_definition
class Conv2dOp(ConvolutionBase):
    """Two-dimensional convolution, an exact sum. Constraints of `ConvolutionBase`."""

    name = "qsnn.conv2d"
    SPATIAL_AXES: ClassVar[int] = 2

    stride = prop_def(DenseArrayBase.constr(i64), default_value=int_array([1, 1]))
    padding = prop_def(DenseArrayBase.constr(i64), default_value=int_array([0, 0]))
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=int_array([1, 1]))

    def verify_(self) -> None:
        super().verify_()
        _verify_layer(self)


@irdl_op_definition
class MaxPool2dOp(Pool2dBase):
    """Maximum over each window; padded positions never win."""

    name = "qsnn.max_pool2d"

    def verify_(self) -> None:
        super().verify_()
        expect_elements("result", self.result.type, element_type_of(self.input.type))


@irdl_op_definition
class SumPool2dOp(Pool2dBase):
    """Exact sum over each window; a mean is a sum in smaller units."""

    name = "qsnn.sum_pool2d"

    def verify_(self) -> None:
        super().verify_()
        expect_elements("result", self.result.type, i8, i16, i32)


@irdl_op_definition
class ReshapeOp(ReshapeBase):
    """The same elements, row-major, under another shape."""

    name = "qsnn.reshape"


@irdl_op_definition
class AddOp(AddBase):
    """`y = a + b` of values in the same unit, exact. (C1) all shapes are equal."""

    name = "qsnn.add"

    lhs = operand_def(INTEGERS)
    rhs = operand_def(INTEGERS)
    result = result_def(INTEGERS)


@irdl_op_definition
class ScaleOp(ScaleBase):
    """`y = factor * x` with integer factors: brings a value to the unit of another one, exactly.

    Constraints: (C1) the factor is a scalar or broadcasts to the input; (C2) equal shapes.
    """

    name = "qsnn.scale"

    input = operand_def(INTEGERS)
    factor = prop_def(PARAMETER)
    result = result_def(INTEGERS)


@irdl_op_definition
class ConcatOp(ConcatBase):
    """Concatenation along axis 0 of values in the same unit. Constraints of `snn.concat`."""

    name = "qsnn.concat"
