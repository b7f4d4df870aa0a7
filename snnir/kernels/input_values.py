# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the inputs of a layer may hold, which decides how kernels can read them."""

from __future__ import annotations

from enum import Enum, auto

from xdsl.dialects.builtin import IntegerType, i1
from xdsl.ir import Block, SSAValue

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import element_count, int_values, shape_of
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.layers.activity_attributes import INPUT_COUNTS, floats_of, rate_of


class InputValues(Enum):
    """What the active inputs of a layer may hold."""

    SPIKES = auto()
    """1."""
    COUNTS = auto()
    """Small positive integers, mostly 1."""
    SIGNED = auto()
    """Any value of a byte."""


def values_of(value: SSAValue) -> InputValues:
    """What the elements of a `qsnn` value that are not zero may be."""
    if element_type_of(value.type) == i1:
        return InputValues.SPIKES
    return InputValues.SIGNED if is_signed(value) else InputValues.COUNTS


def is_signed(value: SSAValue) -> bool:
    """Whether a value is computed from a frame of signed values without neurons in between."""
    if element_type_of(value.type) == i1:
        return False
    owner = value.owner
    if isinstance(owner, Block):
        return network_of_frame(owner).input.data in REAL_KINDS
    return any(is_signed(operand) for operand in owner.operands)


def has_least_byte(value: SSAValue) -> bool:
    """Whether an element may be -128: not in frames, their maxima, spikes and numbers of them."""
    if element_type_of(value.type) == i1 or isinstance(owner := value.owner, Block):
        return False
    if isinstance(owner, qsnn.SumPool2dOp) and is_signed(owner.input):
        return True
    if isinstance(owner, qsnn.ReshapeOp | qsnn.MaxPool2dOp | qsnn.SumPool2dOp):
        return has_least_byte(owner.input)
    return True


def largest_of(value: SSAValue) -> int:
    """Magnitude that no element exceeds.

    That of frames, their maxima, spikes and numbers of them; of other values that of their type.
    """
    type = element_type_of(value.type)
    assert isinstance(type, IntegerType)
    if type == i1:
        return 1
    most = 1 << type.width.data - 1
    if isinstance(owner := value.owner, Block):
        return min(network_of_frame(owner).input_maximum.value.data, most)
    if isinstance(owner, qsnn.ReshapeOp | qsnn.MaxPool2dOp):
        return min(largest_of(owner.input), most)
    if isinstance(owner, qsnn.SumPool2dOp):
        return min(largest_of(owner.input) * element_count(int_values(owner.kernel)), most)
    return most


def network_of_frame(frame: Block) -> qsnn.NetworkOp:
    """The network that a block is the body of."""
    network = frame.parent_op()
    assert isinstance(network, qsnn.NetworkOp)
    return network


def active_share(value: SSAValue, default: float) -> float:
    """Share of the elements of a value that are active in a mean step.

    As it was measured, where it was; of the elements of a frame of real values all, else `default`.
    """
    while isinstance(owner := value.owner, qsnn.ReshapeOp | qsnn.ReadOp):
        if isinstance(owner, qsnn.ReshapeOp):
            value = owner.input
        elif (write := owner.declaration.write) is not None:
            value = write.value
        else:
            return 0.0
    if not isinstance(owner, Block):
        rate = rate_of(owner)
        return default if rate is None else rate
    counts = floats_of(network_of_frame(owner), INPUT_COUNTS)
    if counts is not None:
        return float(counts[1]) / element_count(shape_of(value.type))
    return 1.0 if is_signed(value) else default
