# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `qsnn` dialect: the network in integers, exact, with every width and rounding spelled out.

A linear layer on spikes needs no requantisation: with weights `q * s` the current in units of `s`
is an integer sum, and the scale disappears into threshold and bias of the neuron that receives it.
Only `qsnn.lif` and `qsnn.li` round, in their leak. Tensors are `(channels, height, width)` or
`(features,)`; spikes are `i1`, counts and quantised inputs `i8`, currents `i16` or `i32`.
"""

from abc import ABC
from collections.abc import Sequence
from enum import auto
from typing import ClassVar

from xdsl.dialect_interfaces.constant_materialization import ConstantMaterializationInterface
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
from xdsl.dialects.utils import AbstractYieldOperation, EnumAttribute
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Dialect, Operation, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParamAttrConstraint,
    ParsePropInAttrDict,
    VarConstraint,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import (
    ConstantLike,
    HasParent,
    IsolatedFromAbove,
    IsTerminator,
    Pure,
    SymbolOpInterface,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from snnir.dialects.layer_bases import (
    TENSOR,
    ConvolutionBase,
    LinearBase,
    Pool2dBase,
    ReshapeBase,
    Value,
    element_type_of,
    expect_elements,
    expect_result_shape,
)
from snnir.dialects.layer_shapes import broadcasts_to, int_array, shape_of
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import (
    Compare,
    CompareAttr,
    Reset,
    ResetAttr,
    ResetTiming,
    ResetTimingAttr,
)

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


class Overflow(StrEnum):
    """Why a membrane always fits its type."""

    PROVEN = auto()
    """Range analysis proved it for every input that the network's `input_maximum` admits."""
    SATURATE = auto()
    """The update clamps to the range of the type."""


class Rounding(StrEnum):
    """How the leak rounds `U * leak / 2**15` to an integer."""

    NEAREST = auto()
    """`(U * leak + 2**14) >> 15`: to nearest, halves up."""
    FLOOR = auto()
    """`(U * leak) >> 15`."""


@irdl_attr_definition
class OverflowAttr(EnumAttribute[Overflow], SpacedOpaqueSyntaxAttribute):
    """`#qsnn<overflow proven>`."""

    name = "qsnn.overflow"


@irdl_attr_definition
class RoundingAttr(EnumAttribute[Rounding], SpacedOpaqueSyntaxAttribute):
    """`#qsnn<rounding nearest>`."""

    name = "qsnn.rounding"


@irdl_op_definition
class NetworkOp(NetworkOpBase):
    """A network in integers.

    `input_maximum` is the largest value that an element of the frame may have; the smallest is 0
    for counts and spikes and `-input_maximum` for quantised real values, whose unit is
    `input_scale`. Generated code checks it.

    Constraints: those of `NetworkOpBase`; (C6) the frame is `i1` or `i8`; (C7) `input_maximum` is
    between 1 and 127, and 1 for `i1`.
    """

    name = "qsnn.network"
    OUTPUT_NAME: ClassVar[str] = "qsnn.output"

    input_maximum = prop_def(IntegerAttr)
    input_scale = opt_prop_def(FloatAttr)

    traits = traits_def(SymbolOpInterface(), IsolatedFromAbove())

    def verify_(self) -> None:
        super().verify_()
        expect_elements("the frame", self.frame.type, i1, i8)  # C6
        maximum = self.input_maximum.value.data
        limit = 1 if element_type_of(self.frame.type) == i1 else 127
        if not 1 <= maximum <= limit:  # C7
            raise VerifyException(f"input_maximum must be between 1 and {limit}, got {maximum}")


@irdl_op_definition
class OutputOp(AbstractYieldOperation[Attribute]):
    """Ends the step; the readout of the network looks at the first operand."""

    name = "qsnn.output"

    traits = traits_def(IsTerminator(), HasParent(NetworkOp))


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


def _verify_layer(op: LinearBase | ConvolutionBase) -> None:
    """Inputs are spikes or bytes, weights at most bytes, sums are exact in `i16` or `i32`."""
    expect_elements("input", op.input.type, i1, i8)
    expect_elements("weight", op.weight.type, IntegerType(2), IntegerType(4), i8)
    if op.bias is not None:
        expect_elements("bias", op.bias.type, i32)
    expect_elements("result", op.result.type, i16, i32)


@irdl_op_definition
class LinearOp(LinearBase):
    """`y = W x + b`, an exact sum. Constraints of `LinearBase`."""

    name = "qsnn.linear"

    def verify_(self) -> None:
        super().verify_()
        _verify_layer(self)


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

    def __init__(
        self,
        input: Value,
        kernel: Sequence[int],
        stride: Sequence[int] | None = None,
        padding: Sequence[int] = (0, 0),
    ):
        element_type = element_type_of(SSAValue.get(input).type)
        super().__init__(input, kernel, stride, padding, element_type=element_type)

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
class AddOp(IRDLOperation):
    """`y = a + b` of values in the same unit, exact. (C1) all shapes are equal."""

    name = "qsnn.add"

    lhs = operand_def(INTEGERS)
    rhs = operand_def(INTEGERS)
    result = result_def(INTEGERS)

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


@irdl_op_definition
class ScaleOp(IRDLOperation):
    """`y = factor * x` with integer factors: brings a value to the unit of another one, exactly.

    Constraints: (C1) the factor is a scalar or broadcasts to the input; (C2) equal shapes.
    """

    name = "qsnn.scale"

    input = operand_def(INTEGERS)
    factor = prop_def(PARAMETER)
    result = result_def(INTEGERS)

    traits = traits_def(Pure())
    assembly_format = "$input `by` $factor attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: Value, factor: Parameter, element_type: Attribute):
        shape = shape_of(SSAValue.get(input).type)
        super().__init__(
            operands=[input],
            properties={"factor": factor},
            result_types=[TensorType(element_type, shape)],
        )

    def verify_(self) -> None:
        shape = shape_of(self.input.type)
        if isinstance(self.factor, DenseIntOrFPElementsAttr):  # C1
            if not broadcasts_to(factor := shape_of(self.factor.type), shape):
                raise VerifyException(f"factor of shape {factor} does not broadcast to {shape}")
        expect_result_shape(self, shape)  # C2


@irdl_op_definition
class ConcatOp(IRDLOperation):
    """Concatenation along axis 0 of values in the same unit. Constraints of `snn.concat`."""

    name = "qsnn.concat"

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
        if not self.inputs:
            raise VerifyException("needs at least one operand")
        element_type = element_type_of(self.result.type)
        for value in self.inputs:
            expect_elements("operand", value.type, element_type)
        shapes = [shape_of(value.type) for value in self.inputs]
        if len({shape[1:] for shape in shapes}) != 1:
            raise VerifyException(f"operands {shapes} differ beyond axis 0")
        expect_result_shape(self, (sum(shape[0] for shape in shapes), *shapes[0][1:]))


class NeuronBase(IRDLOperation, ABC):
    """An integer neuron layer with state `U`, zero at the start of a sequence.

    With input `I`: `x = I * 2**shift + bias`, and the leak is
    `leak(U) = (U * leak + 2**14) >> 15` (`rounding nearest`) or `(U * leak) >> 15` (`floor`).
    One unit of the membrane has the real value `unit`, for reports.

    Constraints:
      * (C1) the membrane is `i16` or `i32`;
      * (C2) parameters are scalars or broadcast to the layer's shape;
      * (C3) every leak factor is between 0 and 2**15;
      * (C4) `shift` is between 0 and 16;
      * (C5) all results have the layer's shape.
    """

    PARAMETER_NAMES: ClassVar[tuple[str, ...]]

    current = operand_def(INTEGERS)
    leak = prop_def(PARAMETER)
    bias = opt_prop_def(PARAMETER)
    shift = prop_def(IntegerAttr, default_value=IntegerAttr(0, i32))
    overflow = prop_def(OverflowAttr)
    rounding = prop_def(RoundingAttr)
    unit = opt_prop_def(REAL_PARAMETER)

    irdl_options = (ParsePropInAttrDict(),)

    def verify_(self) -> None:
        shape = shape_of(self.current.type)
        expect_elements("membrane", self.results[-1].type, i16, i32)  # C1
        for name in self.PARAMETER_NAMES:  # C2
            value = self.properties.get(name)
            if isinstance(value, DenseIntOrFPElementsAttr):
                if not broadcasts_to(extent := shape_of(value.type), shape):
                    raise VerifyException(
                        f"{name} of shape {extent} does not broadcast to the layer's shape {shape}"
                    )
        leak = self.leak
        leaks = (leak.value.data,) if isinstance(leak, IntegerAttr) else leak.get_values()
        if not all(isinstance(leak, int) and 0 <= leak <= LEAK_ONE for leak in leaks):  # C3
            raise VerifyException(f"leak factors must be between 0 and {LEAK_ONE}")
        if not 0 <= self.shift.value.data <= 16:  # C4
            raise VerifyException(f"shift must be between 0 and 16, got {self.shift.value.data}")
        for result in self.results:  # C5
            if (actual := shape_of(result.type)) != shape:
                raise VerifyException(f"result shape {actual} should be {shape}")

    @staticmethod
    def arithmetic(
        leak: Parameter,
        bias: Parameter | None,
        shift: int,
        overflow: Overflow,
        rounding: Rounding,
        unit: Attribute | None,
    ) -> dict[str, Attribute | None]:
        """The properties that all integer neurons have."""
        return {
            "leak": leak,
            "bias": bias,
            "shift": IntegerAttr(shift, i32),
            "overflow": OverflowAttr(overflow),
            "rounding": RoundingAttr(rounding),
            "unit": unit,
        }


@irdl_op_definition
class LIFOp(NeuronBase):
    """Integer leaky integrate-and-fire; `reset`, `reset_timing` and `compare` as in `snn.lif`.

    The value before and after an immediate reset is clamped where `overflow` is `saturate`.

    ```mlir
    %spikes, %membrane = qsnn.lif %current leak 16384 : i32 threshold dense<…> : tensor<12x1x1xi32>
        reset subtract delayed compare gt overflow proven rounding nearest {shift = 4 : i32}
        : (tensor<12x15x15xi16>) -> (tensor<12x15x15xi1>, tensor<12x15x15xi16>)
    ```
    """

    name = "qsnn.lif"
    PARAMETER_NAMES: ClassVar[tuple[str, ...]] = ("leak", "threshold", "bias", "unit")

    threshold = prop_def(PARAMETER)
    reset = prop_def(ResetAttr)
    reset_timing = prop_def(ResetTimingAttr)
    compare = prop_def(CompareAttr)
    spikes = result_def(TensorType.constr(i1))
    membrane = result_def(INTEGERS)

    assembly_format = (
        "$current `leak` $leak `threshold` $threshold (`bias` $bias^)? "
        "`reset` $reset $reset_timing `compare` $compare `overflow` $overflow "
        "`rounding` $rounding attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        current: Value,
        leak: Parameter,
        threshold: Parameter,
        bias: Parameter | None = None,
        *,
        membrane_type: Attribute,
        shift: int = 0,
        reset: Reset = Reset.SUBTRACT,
        reset_timing: ResetTiming = ResetTiming.DELAYED,
        compare: Compare = Compare.GT,
        overflow: Overflow = Overflow.SATURATE,
        rounding: Rounding = Rounding.NEAREST,
        unit: Attribute | None = None,
    ):
        shape = shape_of(SSAValue.get(current).type)
        super().__init__(
            operands=[current],
            properties={
                "threshold": threshold,
                "reset": ResetAttr(reset),
                "reset_timing": ResetTimingAttr(reset_timing),
                "compare": CompareAttr(compare),
                **self.arithmetic(leak, bias, shift, overflow, rounding, unit),
            },
            result_types=[TensorType(i1, shape), TensorType(membrane_type, shape)],
        )


@irdl_op_definition
class LIOp(NeuronBase):
    """Integer leaky integrator without spikes: `U = leak(U) + x`."""

    name = "qsnn.li"
    PARAMETER_NAMES: ClassVar[tuple[str, ...]] = ("leak", "bias", "unit")

    membrane = result_def(INTEGERS)

    assembly_format = (
        "$current `leak` $leak (`bias` $bias^)? `overflow` $overflow `rounding` $rounding "
        "attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        current: Value,
        leak: Parameter,
        bias: Parameter | None = None,
        *,
        membrane_type: Attribute,
        shift: int = 0,
        overflow: Overflow = Overflow.SATURATE,
        rounding: Rounding = Rounding.NEAREST,
        unit: Attribute | None = None,
    ):
        shape = shape_of(SSAValue.get(current).type)
        super().__init__(
            operands=[current],
            properties=self.arithmetic(leak, bias, shift, overflow, rounding, unit),
            result_types=[TensorType(membrane_type, shape)],
        )


class QSNNConstantMaterialization(ConstantMaterializationInterface):
    """Lets folders build `qsnn.weight`."""

    def materialize_constant(self, value: Attribute, type: Attribute) -> Operation | None:
        return WeightOp(value) if isinstance(value, DenseIntOrFPElementsAttr) else None


QSNN = Dialect(
    "qsnn",
    [
        NetworkOp, OutputOp, WeightOp, LinearOp, Conv2dOp, MaxPool2dOp, SumPool2dOp, ReshapeOp,
        AddOp, ScaleOp, ConcatOp, LIFOp, LIOp,
    ],
    [OverflowAttr, RoundingAttr],
    [QSNNConstantMaterialization()],
)  # fmt: skip
