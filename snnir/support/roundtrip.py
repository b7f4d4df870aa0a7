# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The check that a module survives printing and parsing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from snnir.support.diagnostics import SNNError, error_at, operation_name
from snnir.support.xdsl_parsing import parse_module
from snnir.support.xdsl_printing import module_to_text


def verify_roundtrip(
    module: ModuleOp, make_context: Callable[[], Context], context: Context | None = None
) -> None:
    """Print `module` in the custom and in the generic format, parse both, and compare.

    `make_context` gives a fresh context for each parse; `context` holds the data of the module's
    `dense_resource` attributes, if it has any.

    Raises an `SNNError` that names the first op that came back different.
    """
    for generic in (False, True):
        text_format = "generic" if generic else "custom"
        text = module_to_text(module, generic, context=context)
        try:
            reparsed = parse_module(make_context(), text, f"<printed in {text_format} format>")
        except SNNError as error:
            raise SNNError(f"the printed module does not parse back: {error}") from error
        if not module.is_structurally_equivalent(reparsed):
            raise _difference_error(module, reparsed, text_format)


def _difference_error(module: ModuleOp, reparsed: ModuleOp, text_format: str) -> SNNError:
    problem = f"changed in a round trip through the {text_format} format"
    for before, after in zip_longest(module.walk(), reparsed.walk()):
        if before is None:
            break
        if after is None or not _same_without_regions(before, after):
            return error_at(before, f"{problem}{_changed_part(before, after)}")
    return SNNError(f"the module {problem}")


def _same_without_regions(before: Operation, after: Operation) -> bool:
    return (
        before.name == after.name
        and before.properties == after.properties
        and before.attributes == after.attributes
        and before.result_types == after.result_types
        and [operand.type for operand in before.operands]
        == [operand.type for operand in after.operands]
    )


def _changed_part(before: Operation, after: Operation | None) -> str:
    if after is None:
        return ": it is missing"
    if before.name != after.name:
        return f": it came back as '{operation_name(after)}'"
    for old, new in (
        (before.properties, after.properties),
        (before.attributes, after.attributes),
    ):
        for name in old.keys() | new.keys():
            if old.get(name) != new.get(name):
                return f": '{name}' differs"
    return ": its types differ"
