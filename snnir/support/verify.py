# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Verification that knows which op failed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xdsl.ir import Attribute, Operation
from xdsl.irdl import AttrConstraint, IRDLOperation, OpDef, VerificationContext
from xdsl.traits import NoTerminator, SymbolTable
from xdsl.utils.exceptions import VerifyException

from snnir.support.diagnostics import error_at, location_of


def verify_module(module: Operation) -> None:
    """Verify `module`, or any other op, with all ops inside it.

    Raises an `SNNError` located at the op that does not verify.
    """
    for op in module.walk():
        verify_op(op)


def verify_op(op: Operation) -> None:
    """Verify `op` alone, without the ops in its regions.

    Raises an `SNNError` located at `op`.
    """
    try:
        _verify_symbols(op)
        op.verify(verify_nested_ops=False)
        _verify_terminators(op)
    except VerifyException as error:
        message = str(error)
        if isinstance(op, IRDLOperation):
            given = op.properties | op.attributes
            message = describe_violation(message, op.get_irdl_definition(), given)
        raise error_at(op, message) from error


def describe_violation(message: str, definition: OpDef, given: Mapping[str, Attribute]) -> str:
    """Name the attribute that a message of xDSL is about, and say what is expected of it.

    Args:
        message: what the verification of an op raised.
        definition: of the op.
        given: its properties and attributes.
    """
    for name, declared in (definition.properties | definition.attributes).items():
        if name in given and _violation(declared.constr, given[name]) == message:
            return f"attribute '{name}': {_reworded(message, declared.constr)}"
    return _reworded(message)


def _violation(constraint: AttrConstraint, attribute: Attribute) -> str | None:
    try:
        constraint.verify(attribute, VerificationContext())
    except VerifyException as error:
        return str(error)
    return None


_PLACE = r"(.* does not verify:\s*)?"


def _reworded(message: str, constraint: AttrConstraint | None = None) -> str:
    """What is expected, then what is there, behind the operand or result that xDSL names."""
    rest = re.DOTALL
    if match := re.fullmatch(_PLACE + r"Expected attribute (.*) but got (.*)", message, rest):
        return f"{match[1] or ''}expected {match[2]}, got {match[3]}"
    if match := re.fullmatch(_PLACE + r"(.*) should be of base attribute (.*)", message, rest):
        return f"{match[1] or ''}expected {match[3]}, got {match[2]}"
    if match := re.fullmatch(r"Unexpected attribute (.*)", message, rest):
        bases = constraint.get_bases() if constraint is not None else None
        expected = " or ".join(sorted(base.name for base in bases or ())) or "another attribute"
        return f"expected {expected}, got {match[1]}"
    return message


def _verify_symbols(op: Operation) -> None:
    """Check that the symbols in `op` have different names.

    xDSL checks this, too, but blames `op`, which for the module of a file has no place.
    """
    if not op.has_trait(SymbolTable) or len(op.regions) != 1:
        return
    first: dict[Attribute, Operation] = {}
    for inner in op.regions[0].ops if len(op.regions[0].blocks) == 1 else ():
        name = inner.get_attr_or_prop("sym_name")
        if name is not None and first.setdefault(name, inner) is not inner:
            place = location_of(first[name])
            where = f" in line {place[1]}" if place is not None else ""
            raise error_at(inner, f"has the name {name}, as another operation{where}")


def _verify_terminators(op: Operation) -> None:
    """Check that no region consists of one empty block that needs a terminator.

    xDSL checks this only when it verifies the blocks of an op together with all ops in them.
    """
    if op.has_trait(NoTerminator):
        return
    for region in op.regions:
        if len(region.blocks) == 1 and region.blocks[0].is_empty:
            raise VerifyException("contains an empty block that needs a terminator")
