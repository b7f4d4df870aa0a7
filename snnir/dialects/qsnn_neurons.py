# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neurons and feedback of the `qsnn` dialect. Re-exported by `snnir.dialects.qsnn`."""

from abc import ABC
from enum import auto
from typing import TYPE_CHECKING, ClassVar

from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    TensorType,
    i1,
    i16,
    i32,
)
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, OpResult, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from snnir.dialects.layer_bases import (
    Value,
    element_type_of,
    expect_elements,
)
from snnir.dialects.layer_shapes import broadcasts_to, shape_of
from snnir.dialects.qsnn_layers import INTEGERS, LEAK_ONE, PARAMETER, REAL_PARAMETER, Parameter
from snnir.dialects.registers import ReadBase, RegisterBase, WriteBase
from snnir.dialects.snn_attributes import (
    Compare,
    CompareAttr,
    Reset,
    ResetAttr,
    ResetTiming,
    ResetTimingAttr,
)


class Overflow(StrEnum):
    """Why a membrane always fits its type."""

    PROVEN = auto()
    """Range analysis proved it for every input that `input_maximum` and `input_density` admit."""
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
    LEAK_NAMES: ClassVar[tuple[str, ...]] = ("leak",)

    current = operand_def(INTEGERS)
    bias = opt_prop_def(PARAMETER)
    shift = prop_def(IntegerAttr, default_value=IntegerAttr(0, i32))
    overflow = prop_def(OverflowAttr)
    rounding = prop_def(RoundingAttr)
    unit = opt_prop_def(REAL_PARAMETER)

    irdl_options = (ParsePropInAttrDict(),)

    if TYPE_CHECKING:
        membrane: OpResult[TensorType]

    @property
    def states(self) -> tuple[OpResult, ...]:
        """What is kept from one step to the next, the membrane last."""
        return tuple(r for r in self.results if element_type_of(r.type) != i1)

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
        leaks = [leak for name in self.LEAK_NAMES for leak in _values(self.properties[name])]
        if not all(0 <= leak <= LEAK_ONE for leak in leaks):  # C3
            raise VerifyException(f"leak factors must be between 0 and {LEAK_ONE}")
        if not 0 <= self.shift.value.data <= 16:  # C4
            raise VerifyException(f"shift must be between 0 and 16, got {self.shift.value.data}")
        for result in self.results:  # C5
            if (actual := shape_of(result.type)) != shape:
                raise VerifyException(f"result shape {actual} should be {shape}")

    @staticmethod
    def arithmetic(
        bias: Parameter | None,
        shift: int,
        overflow: Overflow,
        rounding: Rounding,
        unit: Attribute | None,
    ) -> dict[str, Attribute | None]:
        """The properties that all integer neurons have."""
        return {
            "bias": bias,
            "shift": IntegerAttr(shift, i32),
            "overflow": OverflowAttr(overflow),
            "rounding": RoundingAttr(rounding),
            "unit": unit,
        }


def _values(parameter: Attribute) -> tuple[int, ...]:
    """All values of an integer parameter."""
    if isinstance(parameter, IntegerAttr):
        return (parameter.value.data,)
    assert isinstance(parameter, DenseIntOrFPElementsAttr)
    return tuple(int(value) for value in parameter.get_values())


class SpikingNeuronBase(NeuronBase, ABC):
    """An integer neuron layer with a threshold and a reset."""

    threshold = prop_def(PARAMETER)
    reset = prop_def(ResetAttr)
    compare = prop_def(CompareAttr)

    if TYPE_CHECKING:
        spikes: OpResult[TensorType]


@irdl_op_definition
class LIFOp(SpikingNeuronBase):
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

    leak = prop_def(PARAMETER)
    reset_timing = prop_def(ResetTimingAttr)
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
                "leak": leak,
                "threshold": threshold,
                "reset": ResetAttr(reset),
                "reset_timing": ResetTimingAttr(reset_timing),
                "compare": CompareAttr(compare),
                **self.arithmetic(bias, shift, overflow, rounding, unit),
            },
            result_types=[TensorType(i1, shape), TensorType(membrane_type, shape)],
        )


@irdl_op_definition
class LIOp(NeuronBase):
    """Integer leaky integrator without spikes: `U = leak(U) + x`."""

    name = "qsnn.li"
    PARAMETER_NAMES: ClassVar[tuple[str, ...]] = ("leak", "bias", "unit")

    leak = prop_def(PARAMETER)
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
            properties={
                "leak": leak,
                **self.arithmetic(bias, shift, overflow, rounding, unit),
            },
            result_types=[TensorType(membrane_type, shape)],
        )


RECALL_LIMIT = 1 << 20
"""Magnitude up to which the product of a state and a `recall` factor is exact in float64, too."""


@irdl_op_definition
class AlphaOp(SpikingNeuronBase):
    """Integer neuron with an alpha-shaped synapse: `snn.alpha`, with `tau` in the threshold.

    With `x` as in the other neurons, `leak` with either factor, and the old `R = H(U - threshold)`:
    `e1 = leak(e) + x`, `i1 = leak(i) - x`, `V = e1 + i1`. What is stored is `e1`, `i1` and `V`
    (`reset none`); 0 for all three where `R` (`zero_after`); or `e1 - decrement * R`, 0 instead of
    `i1` where `R`, and `V + leak(i) * R` with the old `i` and the factor `recall` (`subtract`).
    Spikes are `H(U - threshold)` of the new `U`. With `overflow saturate`, `e1`, `i1`, `U` and the
    stored `e` are each clamped.

    Constraints, besides those of all neurons:
      * (C6) the reset is one of these three;
      * (C7) `decrement` and `recall` are there if, and only if, the reset is `subtract`;
      * (C8) `recall` is at most 2**20 in magnitude;
      * (C9) all three states have one type.

    ```mlir
    %spikes, %e, %i, %u = qsnn.alpha %current leaks 29491 : i32, 26214 : i32 threshold 541 : i32
        reset zero_after compare gt overflow proven rounding nearest {shift = 5 : i32}
        : (tensor<8xi16>) -> (tensor<8xi1>, tensor<8xi32>, tensor<8xi32>, tensor<8xi32>)
    ```
    """

    name = "qsnn.alpha"
    PARAMETER_NAMES: ClassVar[tuple[str, ...]] = (
        "excitatory_leak", "inhibitory_leak", "threshold", "bias", "decrement", "recall", "unit",
    )  # fmt: skip
    LEAK_NAMES: ClassVar[tuple[str, ...]] = ("excitatory_leak", "inhibitory_leak")

    excitatory_leak = prop_def(PARAMETER)
    inhibitory_leak = prop_def(PARAMETER)
    decrement = opt_prop_def(PARAMETER)
    recall = opt_prop_def(PARAMETER)
    spikes = result_def(TensorType.constr(i1))
    excitatory = result_def(INTEGERS)
    inhibitory = result_def(INTEGERS)
    membrane = result_def(INTEGERS)

    assembly_format = (
        "$current `leaks` $excitatory_leak `,` $inhibitory_leak `threshold` $threshold "
        "(`bias` $bias^)? `reset` $reset (`decrement` $decrement^)? (`recall` $recall^)? "
        "`compare` $compare `overflow` $overflow "
        "`rounding` $rounding attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        current: Value,
        excitatory_leak: Parameter,
        inhibitory_leak: Parameter,
        threshold: Parameter,
        bias: Parameter | None = None,
        decrement: Parameter | None = None,
        recall: Parameter | None = None,
        *,
        membrane_type: Attribute,
        shift: int = 0,
        reset: Reset = Reset.ZERO_AFTER,
        compare: Compare = Compare.GT,
        overflow: Overflow = Overflow.SATURATE,
        rounding: Rounding = Rounding.NEAREST,
        unit: Attribute | None = None,
    ):
        shape = shape_of(SSAValue.get(current).type)
        super().__init__(
            operands=[current],
            properties={
                "excitatory_leak": excitatory_leak,
                "inhibitory_leak": inhibitory_leak,
                "threshold": threshold,
                "decrement": decrement,
                "recall": recall,
                "reset": ResetAttr(reset),
                "compare": CompareAttr(compare),
                **self.arithmetic(bias, shift, overflow, rounding, unit),
            },
            result_types=[TensorType(i1, shape), *[TensorType(membrane_type, shape)] * 3],
        )

    def verify_(self) -> None:
        super().verify_()
        if (reset := self.reset.data) not in (Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER):  # C6
            raise VerifyException(f"reset must be none, subtract or zero_after, not {reset}")
        for name in ("decrement", "recall"):  # C7
            if (self.properties.get(name) is not None) != (reset is Reset.SUBTRACT):
                raise VerifyException(f"{name} belongs to reset subtract, and only there")
        recalled = () if self.recall is None else _values(self.recall)
        if any(abs(factor) > RECALL_LIMIT for factor in recalled):  # C8
            raise VerifyException(f"recall factors must be at most {RECALL_LIMIT} in magnitude")
        for result in (self.excitatory, self.inhibitory):  # C9
            if result.type != self.membrane.type:
                raise VerifyException(
                    f"states must have one type, got {result.type} and {self.membrane.type}"
                )


@irdl_op_definition
class RegisterOp(RegisterBase):
    """Holds spikes from one step to the next, none at the start of a sequence.

    ```mlir
    qsnn.register @r : tensor<4xi1>
    ```

    Constraint of `RegisterBase`.
    """

    name = "qsnn.register"

    type = prop_def(TensorType.constr(i1))


@irdl_op_definition
class ReadOp(ReadBase):
    """The spikes that a register held at the end of the previous step.

    Constraints: (C1) the register exists; (C2) it holds the result's type.
    """

    name = "qsnn.read"

    result = result_def(TensorType.constr(i1))


@irdl_op_definition
class WriteOp(WriteBase):
    """Sets the spikes that a register holds for the next step.

    Constraints: (C1) the register exists; (C2) it holds the operand's type.
    """

    name = "qsnn.write"

    value = operand_def(TensorType.constr(i1))
