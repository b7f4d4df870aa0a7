# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Registers: what a network keeps from one step to the next beside the states of its neurons.

They mean the same at every level; the dialects add names and the types of what is held.
"""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import (
    FlatSymbolRefAttrConstr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, prop_def, traits_def
from xdsl.traits import SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.layer_bases import Value
from snnir.dialects.network import enclosing_network


class RegisterBase(IRDLOperation, ABC):
    """Holds a value from one step to the next, zero at the start of a sequence.

    Constraints: (C1) at most one operation writes it; (C2) no other register has its name.
    """

    sym_name = prop_def(SymbolNameConstraint())
    if TYPE_CHECKING:
        type: Attribute

    traits = traits_def(SymbolOpInterface())
    assembly_format = "$sym_name attr-dict `:` $type"

    def __init__(self, name: str, type: Attribute):
        super().__init__(properties={"sym_name": StringAttr(name), "type": type})

    def verify_(self) -> None:
        if len(self._writes) > 1:  # C1
            raise VerifyException(f"@{self.sym_name.data} is written more than once")
        if first_register(self, self.sym_name.data) is not self:  # C2
            raise VerifyException(f"@{self.sym_name.data} is the name of another register, too")

    @property
    def write(self) -> WriteBase | None:
        """The operation that sets the value for the next step; None where it stays zero."""
        return next(iter(self._writes), None)

    @property
    def reads(self) -> list[ReadBase]:
        """The operations that read it, in program order."""
        return [op for op in self._accesses() if isinstance(op, ReadBase)]

    @property
    def _writes(self) -> list[WriteBase]:
        return [op for op in self._accesses() if isinstance(op, WriteBase)]

    def _accesses(self) -> list[AccessBase]:
        network, name = enclosing_network(self), self.sym_name.data
        return [
            op
            for op in (network.body.block.ops if network is not None else ())
            if isinstance(op, AccessBase) and op.register.string_value() == name
        ]


class AccessBase(IRDLOperation, ABC):
    """Reads or writes a register."""

    register = prop_def(FlatSymbolRefAttrConstr)

    @property
    def declaration(self) -> RegisterBase:
        """The register.

        Raises:
            VerifyException: the network has none of this name.
        """
        name = self.register.string_value()
        if (found := first_register(self, name)) is not None:
            return found
        level = self.name.partition(".")[0]
        raise VerifyException(f"no '{level}.register @{name}' in this network")

    def _verify_type(self, type: Attribute) -> None:
        if (declared := self.declaration.type) != type:
            name = self.register.string_value()
            raise VerifyException(f"@{name} holds {declared}, not {type}")


def first_register(op: Operation, name: str) -> RegisterBase | None:
    """The first register of this name in the network of an operation."""
    network = enclosing_network(op)
    registers = (
        each
        for each in (network.body.block.ops if network is not None else ())
        if isinstance(each, RegisterBase) and each.sym_name.data == name
    )
    return next(registers, None)


class ReadBase(AccessBase, ABC):
    """The value that a register held at the end of the previous step.

    Constraints: (C1) the register exists; (C2) it holds the result's type.
    """

    if TYPE_CHECKING:
        result: SSAValue

    assembly_format = "$register attr-dict `:` type($result)"

    def __init__(self, register: str, type: Attribute):
        super().__init__(properties={"register": SymbolRefAttr(register)}, result_types=[type])

    def verify_(self) -> None:
        self._verify_type(self.result.type)


class WriteBase(AccessBase, ABC):
    """Sets the value that a register holds for the next step.

    Constraints: (C1) the register exists; (C2) it holds the operand's type.
    """

    if TYPE_CHECKING:
        value: SSAValue

    assembly_format = "$register `,` $value attr-dict `:` type($value)"

    def __init__(self, register: str, value: Value):
        super().__init__(operands=[value], properties={"register": SymbolRefAttr(register)})

    def verify_(self) -> None:
        self._verify_type(self.value.type)
