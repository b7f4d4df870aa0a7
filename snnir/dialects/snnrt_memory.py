# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memory of the `snnrt` dialect. Re-exported by `snnir.dialects.snnrt`."""

from collections.abc import Mapping, Sequence
from enum import auto
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    MemRefType,
    StringAttr,
    i64,
)
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, ParametrizedAttribute, SpacedOpaqueSyntaxAttribute, SSAValue
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
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    buffer_bytes,
    buffer_element,
    buffer_operand,
    buffer_shape,
)
from snnir.dialects.layer_shapes import element_count

COPY_ALIGNMENT = 8
"""Alignment of a copy of a constant in an arena, in bytes."""


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


@irdl_attr_definition
class ArenaAttr(ParametrizedAttribute):
    """`#snnrt.arena<"DTCMRAM", bytes 120000, state 2400>`: one of several blocks of memory of the
    caller, for a memory of the target; states lie in its first `state` bytes.

    Constraint: (C1) `state` is between 0 and `bytes`.
    """

    name = "snnrt.arena"

    memory: StringAttr
    bytes: IntegerAttr[I64]
    state: IntegerAttr[I64]

    @staticmethod
    def make(memory: str, bytes: int, state: int) -> "ArenaAttr":
        """The attribute for an arena of so many bytes. Raises `VerifyException` for C1."""
        return ArenaAttr(StringAttr(memory), IntegerAttr(bytes, i64), IntegerAttr(state, i64))

    def verify(self) -> None:
        bytes, state = self.bytes.value.data, self.state.value.data
        if not 0 <= state <= bytes:  # C1
            raise VerifyException(f"an arena of {bytes} bytes cannot hold {state} of state")

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.memory)
            bytes, state = self.bytes.value.data, self.state.value.data
            printer.print_string(f", bytes {bytes}, state {state}")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            memory = StringAttr(parser.parse_str_literal())
            parser.parse_characters(",")
            parser.parse_characters("bytes")
            bytes = parser.parse_integer(allow_boolean=False)
            parser.parse_characters(",")
            parser.parse_characters("state")
            state = parser.parse_integer(allow_boolean=False)
        return memory, IntegerAttr(bytes, i64), IntegerAttr(state, i64)


@irdl_op_definition
class BufferOp(IRDLOperation):
    """Memory in an arena of the caller, at `offset` bytes once memory is planned.

    Where it is planned for a target, `memory` names the memory that holds the arena.

    A state is zero at the start of a sequence, unless `initial` holds a row, the last axis of the
    buffer, that is then repeated.

    (C1) The alignment is a power of two, and the offset a multiple of it; (C2) only a state has
    `initial`, of its element type and the size of its last axis.
    """

    name = "snnrt.buffer"

    sym_name = prop_def(StringAttr)
    region = prop_def(RegionAttr)
    alignment = prop_def(IntegerAttr, default_value=IntegerAttr(4, i64))
    memory = opt_prop_def(StringAttr)
    offset = opt_prop_def(IntegerAttr)
    initial = opt_prop_def(DenseIntOrFPElementsAttr)
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
        if self.initial is not None:
            self._verify_initial(self.initial)

    def _verify_initial(self, row: DenseIntOrFPElementsAttr) -> None:
        type = MemRefType(row.get_element_type(), row.get_shape())
        wanted = MemRefType(buffer_element(self.result.type), buffer_shape(self.result.type)[-1:])
        if type != wanted or self.region.data is not Region.STATE:  # C2
            raise VerifyException(f"initial {row.type} is not a row of a state {self.result.type}")


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """A constant array, in `memory` of the target, usually flash, once memory is planned.

    With an `offset`, it is copied there, in the arena that lies in `memory`, when a network is
    initialised. (C1) The value has the buffer's shape; (C2) the offset is a multiple of 8.
    """

    name = "snnrt.constant"

    sym_name = prop_def(StringAttr)
    value = prop_def(DenseIntOrFPElementsAttr)
    memory = opt_prop_def(StringAttr)
    offset = opt_prop_def(IntegerAttr)
    result = result_def(BUFFER)

    irdl_options = (ParsePropInAttrDict(),)
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
        if self.offset is not None and self.offset.value.data % COPY_ALIGNMENT:  # C2
            raise VerifyException(
                f"offset {self.offset.value.data} is not a multiple of {COPY_ALIGNMENT}"
            )


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
class FillZeroOp(KernelOpBase):
    """`snnrt_fill_zero`."""

    name = "snnrt.fill_zero"
    WRITES: ClassVar[tuple[str, ...]] = ("buffer",)

    buffer = buffer_operand()

    def __init__(self, buffer: SSAValue):
        super().__init__(operands=[buffer])


def verify_arenas(
    arenas: Sequence[ArenaAttr],
    sums: tuple[IntegerAttr | None, IntegerAttr | None],
    placed: Sequence[BufferOp | ConstantOp],
) -> None:
    """Verify the arenas of a network that has several.

    Args:
        sums: bytes of all arenas, and those of state.
        placed: buffers of the network, and constants that are copied.

    Raises:
        VerifyException: they are no such arenas, or a buffer or copy does not lie in its one.
    """
    by_memory = {arena.memory.data: arena for arena in arenas}
    if not 2 <= len(arenas) == len(by_memory):
        names = ", ".join(arena.memory.data for arena in arenas)
        raise VerifyException(f"expected two or more arenas of different memories, got [{names}]")
    parts = [[arena.bytes for arena in arenas], [arena.state for arena in arenas]]
    for what, given, found in zip(("arena", "state"), sums, parts, strict=True):
        total = sum(bytes.value.data for bytes in found)
        if given is None or given.value.data != total:
            raise VerifyException(f"{what}_bytes must be {total}, the sum over all arenas")
    for op in placed:
        _verify_place(op, by_memory)


def _verify_place(op: BufferOp | ConstantOp, arenas: Mapping[str, ArenaAttr]) -> None:
    arena = None if op.memory is None else arenas.get(op.memory.data)
    kind = str(op.region.data) if isinstance(op, BufferOp) else "constant"
    name = f"'{op.sym_name.data}'"
    if arena is None or op.offset is None:
        raise VerifyException(f"buffer {name} lies in none of the arenas {', '.join(arenas)}")
    begin, state = op.offset.value.data, arena.state.value.data
    end = begin + buffer_bytes(op.result.type)
    first, last = (0, state)
    if kind != Region.STATE:
        first, last = state, arena.bytes.value.data
    if not first <= begin <= end <= last:
        raise VerifyException(
            f"buffer {name} takes bytes {begin} to {end} of the arena in {arena.memory.data}, "
            f"where {kind} memory reaches from {first} to {last}"
        )
