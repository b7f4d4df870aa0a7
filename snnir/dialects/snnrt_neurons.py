# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neurons and readouts of the `snnrt` dialect. Re-exported by `snnir.dialects.snnrt`."""

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    IntegerAttr,
    StringAttr,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    opt_operand_def,
    prop_def,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    buffer_operand,
    expect_same_shape,
)
from snnir.dialects.qsnn import OverflowAttr, RoundingAttr
from snnir.dialects.snnrt_layers import verify_extents
from snnir.dialects.snnrt_neuron_bases import AlphaCallBase, LIFCallBase, alpha_format


@irdl_op_definition
class LIFOp(LIFCallBase):
    """`snnrt_lif_{state}_{current}`: the update of `qsnn.lif`.

    Parameters are arrays of 1, `channels` or all elements. (C1) `membrane`, `current` and `spikes`
    have the same shape; (C2) each parameter has one of the three extents.
    """

    name = "snnrt.lif"
    PARAMETERS: ClassVar[tuple[str, ...]] = ("leak", "threshold", "bias")
    READS: ClassVar[tuple[str, ...]] = ("current", *PARAMETERS)
    WRITES: ClassVar[tuple[str, ...]] = ("spikes",)
    UPDATES: ClassVar[tuple[str, ...]] = ("membrane",)

    membrane = buffer_operand()
    current = buffer_operand()
    spikes = buffer_operand()
    leak = buffer_operand()
    threshold = buffer_operand()
    bias = opt_operand_def(BUFFER)
    overflow = prop_def(OverflowAttr)

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
    PARAMETERS: ClassVar[tuple[str, ...]] = ("leak", "bias")
    READS: ClassVar[tuple[str, ...]] = ("current", *PARAMETERS)
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


@irdl_op_definition
class AlphaOp(AlphaCallBase):
    """`snnrt_alpha_{state}_{current}`: the update of `qsnn.alpha`.

    (C1) the states, `current` and `spikes` have the same shape; (C2) each parameter has one of the
    three extents of `snnrt.lif`.
    """

    name = "snnrt.alpha"
    WRITES: ClassVar[tuple[str, ...]] = ("spikes",)

    excitatory = buffer_operand()
    inhibitory = buffer_operand()
    membrane = buffer_operand()
    current = buffer_operand()
    spikes = buffer_operand()
    excitatory_leak = buffer_operand()
    inhibitory_leak = buffer_operand()
    threshold = buffer_operand()
    bias = opt_operand_def(BUFFER)
    decrement = opt_operand_def(BUFFER)
    recall = opt_operand_def(BUFFER)

    assembly_format = alpha_format("spikes")

    def __init__(
        self,
        states: Sequence[SSAValue],
        current: SSAValue,
        spikes: SSAValue,
        parameters: Sequence[SSAValue | None],
        dynamics: dict[str, Attribute],
    ):
        """States and parameters in the order of the operands."""
        super().__init__(operands=[*states, current, spikes, *parameters], properties=dynamics)

    def verify_(self) -> None:
        for buffer in (self.inhibitory, self.membrane, self.current, self.spikes):  # C1
            expect_same_shape(self.excitatory, buffer)
        verify_extents(self.membrane, *self.buffers(self.PARAMETERS))  # C2


class ReadoutBase(KernelOpBase, ABC):
    """Accumulates the output of a step into the scores, one for each output neuron."""

    READS: ClassVar[tuple[str, ...]] = ("values",)
    UPDATES: ClassVar[tuple[str, ...]] = ("scores",)

    values = buffer_operand()
    scores = buffer_operand()

    def __init__(self, values: SSAValue, scores: SSAValue, **properties: Attribute):
        super().__init__(operands=[values, scores], properties=properties)


@irdl_op_definition
class CountSpikesOp(ReadoutBase):
    """`snnrt_count_spikes`: `scores += spikes`."""

    name = "snnrt.count_spikes"


@irdl_op_definition
class FirstSpikeOp(ReadoutBase):
    """`snnrt_first_spike`: the step after which a neuron has spiked, counted from 1; 0 before."""

    name = "snnrt.first_spike"
    TAKES_STEP: ClassVar[bool] = True


@irdl_op_definition
class ReadMembraneOp(ReadoutBase):
    """`snnrt_membrane_{last,max,sum}_{s16,s32}`: accumulates a membrane into the scores."""

    name = "snnrt.read_membrane"
    TAKES_STEP: ClassVar[bool] = True
    reduction = prop_def(StringAttr)

    def __init__(self, values: SSAValue, scores: SSAValue, reduction: str):
        super().__init__(values, scores, reduction=StringAttr(reduction))

    def verify_(self) -> None:
        if self.reduction.data not in ("last", "max", "sum"):
            raise VerifyException(f"reduction must be last, max or sum, not {self.reduction.data}")
