# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write the reference of dialects and passes from their definitions and docstrings.

    python docs/generate.py FOLDER

FOLDER gets `dialect-<name>.md` for every dialect and `passes.md`; a test or a reader can compare
them with what the code says today.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from xdsl.ir import Dialect, Operation
from xdsl.irdl import AttrConstraint, IRDLOperation, OptionalDef, VariadicDef
from xdsl.passes import ModulePass

from snnir.support.pass_base import option_infos
from snnir.universe import DIALECTS, PASSES


def _documentation(described: object) -> str:
    return inspect.getdoc(described) or "Not described."


def _constraint(definition: Any) -> str:
    """Return the names of the attributes or types that the definition of one part admits."""
    constraint = getattr(definition, "constr", None)
    # Operands and results hold a constraint of a range around that of one element.
    while not isinstance(constraint, AttrConstraint):
        inner = getattr(constraint, "constr", None) or getattr(constraint, "constraint", None)
        if inner is None:
            return "any"
        constraint = inner
    bases = constraint.get_bases() or set()
    return ", ".join(sorted(f"`{getattr(b, 'name', b.__name__)}`" for b in bases)) or "any"


def _multiplicity(definition: Any) -> str:
    if isinstance(definition, OptionalDef):
        return "optional"
    return "any number" if isinstance(definition, VariadicDef) else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table with `head` and `rows`, or nothing when there are no rows."""
    lines = list(rows)
    if not lines:
        return
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in lines:
        # A bar would end the cell, also within code.
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def _operation(operation: type[Operation]) -> Iterator[str]:
    yield f"## `{operation.name}`\n\n{_documentation(operation)}\n"
    if not issubclass(operation, IRDLOperation):
        return
    definition = operation.get_irdl_definition()
    if definition.assembly_format is not None:
        yield f"```\n{definition.assembly_format}\n```\n"
    kinds: dict[str, Sequence[tuple[str, Any]]] = {
        "Operand": definition.operands,
        "Result": definition.results,
        "Region": definition.regions,
        "Property": list(definition.properties.items()),
    }
    for kind, parts in kinds.items():
        rows = [(f"`{name}`", _constraint(part), _multiplicity(part)) for name, part in parts]
        yield from _table((kind, "Constraint", ""), rows)


def dialect_page(dialect: Dialect) -> str:
    """Return the page of `dialect` as Markdown: its attributes and types, then its operations."""
    lines = [f"# Dialect `{dialect.name}`\n"]
    rows = [(f"`{a.name}`", _documentation(a).split("\n\n")[0]) for a in dialect.attributes]
    lines += _table(("Attribute or type", "What it is"), rows)
    for operation in dialect.operations:
        lines += _operation(operation)
    return "\n".join(lines)


def passes_page(passes: dict[str, type[ModulePass]]) -> str:
    """Return the page of all `passes` as Markdown, with what their modules and classes say."""
    lines = ["# Passes\n"]
    for name, pass_class in sorted(passes.items()):
        module = sys.modules[pass_class.__module__]
        lines += [f"## `{name}`\n", _documentation(pass_class) + "\n"]
        lines += [_documentation(module) + "\n"]
        rows = [
            (
                f"`{o.name}`",
                f"`{o.type}`",
                "required" if o.default is None else f"`{o.default}`",
                o.help,
            )
            for o in option_infos(pass_class)
        ]
        lines += _table(("Option", "Type", "Default", "What it does"), rows)
    return "\n".join(lines)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: generate.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, factory in DIALECTS.items():
        (folder / f"dialect-{name}.md").write_text(dialect_page(factory()), encoding="utf-8")
    passes = {name: factory() for name, factory in PASSES.items()}
    (folder / "passes.md").write_text(passes_page(passes), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
