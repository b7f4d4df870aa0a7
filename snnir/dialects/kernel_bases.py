# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the exit dialects `snnrt` and `cmsis_nn` share: one operation is one C call on buffers.

Buffers are memrefs. Activations are `(height, width, channels)` or `(features,)`, channels fastest
(HWC); spikes are bytes. An operation says which operands it reads and writes, so that memory can be
planned without knowing the kernels.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FixedBitwidthType,
    MemRefType,
    UnitAttr,
    i32,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    base,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.layer_shapes import element_count, int_array, int_values, spatial_output

BUFFER = base(MemRefType)


def buffer_operand():
    """An operand that is a buffer."""
    return operand_def(BUFFER)


def buffer_shape(type: Attribute) -> tuple[int, ...]:
    """Static shape of a buffer."""
    assert isinstance(type, MemRefType)
    return tuple(type.get_shape())


def buffer_element(type: Attribute) -> Attribute:
    """Element type of a buffer."""
    assert isinstance(type, MemRefType)
    return type.get_element_type()


def buffer_bytes(type: Attribute) -> int:
    """Size of a buffer in bytes; elements below 8 bits take a byte.

    Raises:
        VerifyException: its elements have no size.
    """
    element = buffer_element(type)
    if not isinstance(element, FixedBitwidthType):
        raise VerifyException(f"elements of {type} have no size")
    return element_count(buffer_shape(type)) * max(element.bitwidth, 8) // 8


class KernelOpBase(IRDLOperation, ABC):
    """One call of a C function.

    A call that is marked `once` runs in the first step of a sequence only; what it writes lasts, or
    is needed by other such calls alone (`kernels-hoist-static-input`).

    Constraint (C1): buffers that the operation relates have the shapes that the call needs; each
    operation lists its own.
    """

    once = opt_prop_def(UnitAttr)

    READS: ClassVar[tuple[str, ...]] = ()
    """Names of the operands that are read."""
    WRITES: ClassVar[tuple[str, ...]] = ()
    """Names of the operands that are overwritten as a whole, without having been read."""
    UPDATES: ClassVar[tuple[str, ...]] = ()
    """Names of the operands that are read and written."""
    TAKES_STEP: ClassVar[bool] = False
    """Whether the call depends on the number of the step within the sequence."""

    @property
    def period(self) -> int | None:
        """The call runs in every so-manieth step from the first one on; None for in every step."""
        return None

    def runs_in(self, step: int) -> bool:
        """Whether a step of a sequence, counted from 0, makes the call."""
        if self.once is not None:
            return step == 0
        return step % (self.period or 1) == 0

    def runs_in_steps(self, steps: int) -> int:
        """In how many of the first `steps` steps of a sequence the call is made."""
        return min(steps, 1) if self.once is not None else -(-steps // (self.period or 1))

    def in_place(self) -> tuple[tuple[str, str], ...]:
        """Pairs of operands, one of `READS` and one of `WRITES`, that may start at one address.

        The C function must allow it: its comment says so, neither pointer is `restrict`, and each
        element is read before the output reaches it.
        """
        return ()

    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "operands attr-dict `:` type(operands)"

    def buffers(self, names: tuple[str, ...]) -> list[SSAValue]:
        """The operands of the given names; absent optional ones are left out."""
        values = [getattr(self, name) for name in names]
        return [value for value in values if value is not None]


class ListingCallBase(KernelOpBase, ABC):
    """A call that makes a list and returns how many entries it has."""

    count = result_def(i32)

    @property
    @abstractmethod
    def listed(self) -> SSAValue:
        """The buffer that the entries are listed in."""


def expect_same_shape(a: SSAValue, b: SSAValue) -> None:
    """Verify that two buffers have the same shape."""
    if (left := buffer_shape(a.type)) != (right := buffer_shape(b.type)):
        raise VerifyException(f"buffers have shapes {left} and {right}, expected the same")


def expect_buffer(what: str, value: SSAValue, *elements: Attribute) -> None:
    """Verify the element type of a buffer."""
    if (actual := buffer_element(value.type)) not in elements:
        names = " or ".join(map(str, elements))
        raise VerifyException(f"{what} has element type {actual}, expected {names}")


def expect_rank(what: str, value: SSAValue, rank: int) -> None:
    """Verify the number of axes of a buffer."""
    if len(shape := buffer_shape(value.type)) != rank:
        raise VerifyException(f"{what} must have rank {rank}, got shape {shape}")


class Pool2dCallBase(KernelOpBase, ABC):
    """A pooling of `(height, width, channels)`, sizes rounded down.

    (C1) `output` has the size that kernel, stride and padding give.
    """

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
        expect_rank("input", self.input, 3)
        *size, channels = buffer_shape(self.input.type)
        windows = (int_values(self.kernel), int_values(self.stride), int_values(self.padding))
        expected = (*spatial_output(size, *windows), channels)
        if (actual := buffer_shape(self.output.type)) != expected:  # C1
            raise VerifyException(f"output has shape {actual}, expected {expected}")
