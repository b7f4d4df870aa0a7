# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of the `snnrt` dialect that compute several time steps of neurons at once.

Re-exported by `snnir.dialects.snnrt`.
"""

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from xdsl.dialects.builtin import I64, IntegerAttr, StringAttr, i8, i16, i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    ParsePropInAttrDict,
    irdl_op_definition,
    opt_operand_def,
    prop_def,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    ListingCallBase,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
    expect_same_shape,
)
from snnir.dialects.layer_shapes import element_count
from snnir.dialects.qsnn import OverflowAttr, RoundingAttr
from snnir.dialects.snnrt_layers import verify_extents
from snnir.dialects.snnrt_neuron_bases import (
    AlphaCallBase,
    PackedLIFBase,
    PackedNeuronsBase,
    alpha_format,
)

MOST_STEPS = 16
"""Steps that one call can compute (`SNNRT_HISTORY_STEPS`)."""

BITS_OF_WORD = 32


def step_words(elements: int) -> int:
    """Words that hold a bit for each element."""
    return -(-elements // BITS_OF_WORD)


class MultiStepBase(PackedNeuronsBase, ABC):
    """Several steps of neurons whose currents stay the same.

    Runs in every `period`-th step, and leaves the spikes of that one and of those that follow as
    rows of `bits`, of which bit `i` of word `w` is that of neuron `32 w + i` of the buffer. States
    are those after the last of these steps.

    (C1) The states and `current` have the same shape; (C2) `bits` are `(period, words)` of i32, of
    at most 16 steps, and have a bit for each neuron; (C3) each parameter has one of the three
    extents of `snnrt.lif`.
    """

    PARAMETERS: ClassVar[tuple[str, ...]]
    """Names of the operands that hold one value, or some for each channel or neuron."""
    WRITES: ClassVar[tuple[str, ...]] = ("bits",)

    if TYPE_CHECKING:
        membrane: SSAValue
        current: SSAValue
        bits: SSAValue

    def __init__(
        self,
        states: Sequence[SSAValue],
        current: SSAValue,
        bits: SSAValue,
        parameters: Sequence[SSAValue | None],
        dynamics: dict[str, Attribute],
    ):
        """States and parameters in the order of the operands."""
        super().__init__(operands=[*states, current, bits, *parameters], properties=dynamics)

    @property
    def period(self) -> int:
        """Steps that a call computes."""
        return buffer_shape(self.bits.type)[0]

    @property
    def spikes_shape(self) -> tuple[int, ...]:
        """See the base class."""
        return buffer_shape(self.membrane.type)

    def verify_(self) -> None:
        for state in self.buffers(self.UPDATES):  # C1
            expect_same_shape(state, self.current)
        expect_rank("bits", self.bits, 2)  # C2
        expect_buffer("bits", self.bits, i32)
        steps, words = buffer_shape(self.bits.type)
        neurons = element_count(self.spikes_shape)
        if not 1 <= steps <= MOST_STEPS or words != step_words(neurons):
            raise VerifyException(
                f"bits have shape {steps} x {words}, expected at most {MOST_STEPS} steps of "
                f"{step_words(neurons)} words for {neurons} neurons"
            )
        verify_extents(self.membrane, *self.buffers(self.PARAMETERS))  # C3


@irdl_op_definition
class LIFMultiStepOp(PackedLIFBase, MultiStepBase):
    """`snnrt_lif_steps_{state}_{current}`: several steps of `snnrt.lif` with the same currents.

    Constraints of `MultiStepBase`.
    """

    name = "snnrt.lif_multi_step"
    PARAMETERS: ClassVar[tuple[str, ...]] = ("leak", "threshold", "bias")
    READS: ClassVar[tuple[str, ...]] = ("current", *PARAMETERS)
    UPDATES: ClassVar[tuple[str, ...]] = ("membrane",)

    membrane = buffer_operand()
    current = buffer_operand()
    bits = buffer_operand()
    leak = buffer_operand()
    threshold = buffer_operand()
    bias = opt_operand_def(BUFFER)
    overflow = prop_def(OverflowAttr)


@irdl_op_definition
class AlphaMultiStepOp(AlphaCallBase, MultiStepBase):
    """`snnrt_alpha_steps_{state}_{current}`: several steps of `snnrt.alpha` with the same currents.

    Constraints of `MultiStepBase`.
    """

    name = "snnrt.alpha_multi_step"

    excitatory = buffer_operand()
    inhibitory = buffer_operand()
    membrane = buffer_operand()
    current = buffer_operand()
    bits = buffer_operand()
    excitatory_leak = buffer_operand()
    inhibitory_leak = buffer_operand()
    threshold = buffer_operand()
    bias = opt_operand_def(BUFFER)
    decrement = opt_operand_def(BUFFER)
    recall = opt_operand_def(BUFFER)

    assembly_format = alpha_format("bits")


@dataclass(frozen=True)
class Integrator:
    """The integrators that a call computes beside other neurons: what `snnrt.li` has."""

    membrane: SSAValue
    leak: SSAValue
    bias: SSAValue | None
    shift: IntegerAttr
    overflow: OverflowAttr
    rounding: RoundingAttr


@irdl_op_definition
class SynapticMultiStepOp(PackedLIFBase, MultiStepBase):
    """`snnrt_synaptic_steps_{synapse}_{state}_{current}`: several steps of a `snnrt.li` with the
    same currents and of the `snnrt.lif` that reads what it holds.

    Constraints of `MultiStepBase`.
    """

    name = "snnrt.synaptic_multi_step"
    PARAMETERS: ClassVar[tuple[str, ...]] = (
        "synapse_leak", "synapse_bias", "leak", "threshold", "bias",
    )  # fmt: skip
    READS: ClassVar[tuple[str, ...]] = ("current", *PARAMETERS)
    UPDATES: ClassVar[tuple[str, ...]] = ("synapse", "membrane")

    synapse = buffer_operand()
    membrane = buffer_operand()
    current = buffer_operand()
    bits = buffer_operand()
    synapse_leak = buffer_operand()
    synapse_bias = opt_operand_def(BUFFER)
    leak = buffer_operand()
    threshold = buffer_operand()
    bias = opt_operand_def(BUFFER)
    synapse_layer = prop_def(StringAttr)
    synapse_shift = prop_def(IntegerAttr)
    synapse_overflow = prop_def(OverflowAttr)
    synapse_rounding = prop_def(RoundingAttr)
    overflow = prop_def(OverflowAttr)

    irdl_options = (ParsePropInAttrDict(), AttrSizedOperandSegments(as_property=True))  # type: ignore[assignment]
    assembly_format = (
        "$synapse `,` $membrane `,` $current `,` $bits "
        "`synapse` $synapse_leak (`bias` $synapse_bias^)? "
        "`neurons` $leak `,` $threshold (`bias` $bias^)? attr-dict `:` "
        "type($synapse) `,` type($membrane) `,` type($current) `,` type($bits) "
        "`synapse` type($synapse_leak) (`bias` type($synapse_bias)^)? "
        "`neurons` type($leak) `,` type($threshold) (`bias` type($bias)^)?"
    )

    @property
    def integrator(self) -> Integrator:
        """What holds the synaptic current."""
        return Integrator(
            self.synapse, self.synapse_leak, self.synapse_bias, self.synapse_shift,
            self.synapse_overflow, self.synapse_rounding,
        )  # fmt: skip

    @property
    def hidden_layers(self) -> tuple[str, ...]:
        """See the base class."""
        return (self.synapse_layer.data,)


@irdl_op_definition
class ListBitsOp(ListingCallBase):
    """`snnrt_list_bits`: flat indices of the spikes of the step in `bits`; returns how many.

    (C1) The list has room for all `elements`, and 16 bits hold every index; (C2) rows of `bits`
    have a bit for each element.
    """

    name = "snnrt.list_bits"
    READS: ClassVar[tuple[str, ...]] = ("bits",)
    WRITES: ClassVar[tuple[str, ...]] = ("list",)
    TAKES_STEP: ClassVar[bool] = True

    bits = buffer_operand()
    list = buffer_operand()
    elements = prop_def(IntegerAttr[I64])

    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(self, bits: SSAValue, list: SSAValue, elements: int):
        super().__init__(
            operands=[bits, list],
            properties={"elements": IntegerAttr(elements, i64)},
            result_types=[i32],
        )

    @property
    def listed(self) -> SSAValue:
        """See the base class."""
        return self.list

    def verify_(self) -> None:
        elements = self.elements.value.data
        expect_buffer("list", self.list, i16)
        room = element_count(buffer_shape(self.list.type))
        if room < elements or elements > 1 << 16:  # C1
            raise VerifyException(f"a list of {room} does not hold {elements} indices of 16 bits")
        verify_step_bits(self.bits, elements)  # C2


@irdl_op_definition
class BitsToBytesOp(KernelOpBase):
    """`snnrt_bits_to_bytes`: the spikes of the step in `bits` as bytes.

    (C1) Rows of `bits` have a bit for each element of `spikes`.
    """

    name = "snnrt.bits_to_bytes"
    READS: ClassVar[tuple[str, ...]] = ("bits",)
    WRITES: ClassVar[tuple[str, ...]] = ("spikes",)
    TAKES_STEP: ClassVar[bool] = True

    bits = buffer_operand()
    spikes = buffer_operand()

    def __init__(self, bits: SSAValue, spikes: SSAValue):
        super().__init__(operands=[bits, spikes])

    def verify_(self) -> None:
        expect_buffer("spikes", self.spikes, i8)
        verify_step_bits(self.bits, element_count(buffer_shape(self.spikes.type)))  # C1


def verify_step_bits(bits: SSAValue, elements: int) -> None:
    """Verify that a buffer is `(steps, words)` with a bit for each element."""
    expect_rank("bits", bits, 2)
    expect_buffer("bits", bits, i32)
    if (words := buffer_shape(bits.type)[1]) != step_words(elements):
        raise VerifyException(f"bits have rows of {words} words, which do not hold {elements} bits")
