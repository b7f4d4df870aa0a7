# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write the reference of dialects, passes and pipelines from their definitions and docstrings.

    python docs/generate.py FOLDER

FOLDER gets `dialect-<name>.md` for every dialect, `passes.md` and `pipelines.md`; a test compares
`docs/reference/` with what the code says today.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, Dialect, Operation
from xdsl.irdl import AttrConstraint, IRDLOperation, OptionalDef, VariadicDef
from xdsl.passes import ModulePass

from snnir.support.pass_base import PassPipeline, option_infos
from snnir.support.pipeline import parse_pass_specs, spec_to_text
from snnir.universe import DIALECTS, PASSES, PIPELINES

NOTICE = "<!-- Written by docs/generate.py from the code; change that and run `make docs`. -->\n"


def _documentation(described: object) -> str:
    return inspect.getdoc(described) or "Not described."


def _bases(operation: type[Operation]) -> Iterator[str]:
    """Yield what the base classes say that the documentation of `operation` refers to."""
    documented = [_documentation(operation)]
    for base in operation.__mro__[1:]:
        if f"`{base.__name__}`" in " ".join(documented) and base.__module__.startswith("snnir."):
            documented.append(_documentation(base))
            yield f"`{base.__name__}`: {_documentation(base)}\n"


def _enumeration(attribute: type[Attribute]) -> Iterator[str]:
    """Yield a table of the values of an attribute that is an enumeration."""
    if not issubclass(attribute, EnumAttribute):
        return
    yield f"## `{attribute.name}`\n\n{_documentation(attribute)}\n"
    yield f"{_documentation(attribute.enum_type)}\n"
    texts = _documented_members(attribute.enum_type)
    rows = [(f"`{member.value}`", texts.get(member.name, "")) for member in attribute.enum_type]
    yield from _table(("Value", "What it means"), rows)


def _documented_members(enumeration: type[Enum]) -> dict[str, str]:
    """Return the strings that follow the members of an enumeration; Python itself drops them."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(enumeration))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for member, text in zip(definition.body, definition.body[1:], strict=False):
        match member, text:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                found[name] = inspect.cleandoc(words)
    return found


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


def _remarks(operation: type[Operation], name: str, definition: Any) -> str:
    """Return how often a part of an operation occurs, its default, and what a call does to it."""
    remarks = []
    if (default := getattr(definition, "default_value", None)) is not None:
        remarks.append(f"default `{default}`")
    elif isinstance(definition, OptionalDef):
        remarks.append("optional")
    elif isinstance(definition, VariadicDef):
        remarks.append("any number")
    for access in ("READS", "WRITES", "UPDATES"):
        if name in getattr(operation, access, ()):
            remarks.append({"READS": "read", "WRITES": "written", "UPDATES": "updated"}[access])
    return ", ".join(remarks)


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
    yield from _bases(operation)
    if not issubclass(operation, IRDLOperation):
        return
    definition = operation.get_irdl_definition()
    if definition.assembly_format is not None:
        yield f"```\n{definition.assembly_format}\n```\n"
    kinds: dict[str, Sequence[tuple[str, Any]]] = {
        "Operand": definition.operands,
        "Result": definition.results,
        "Property": list(definition.properties.items()),
    }
    for kind, parts in kinds.items():
        rows = [
            (f"`{name}`", _constraint(part), _remarks(operation, name, part))
            for name, part in parts
        ]
        yield from _table((kind, "Constraint", ""), rows)


def dialect_page(dialect: Dialect) -> str:
    """Return the page of `dialect` as Markdown: its module, its attributes, its operations."""
    module = import_module(f"snnir.dialects.{dialect.name}")
    lines = [f"# Dialect `{dialect.name}`\n", NOTICE, _documentation(module) + "\n"]
    rows = [
        (f"`{a.name}`", _documentation(a).split("\n\n")[0])
        for a in dialect.attributes
        if not issubclass(a, EnumAttribute)
    ]
    lines += _table(("Attribute or type", "What it is"), rows)
    for attribute in dialect.attributes:
        lines += _enumeration(attribute)
    for operation in dialect.operations:
        lines += _operation(operation)
    return "\n".join(lines)


def _options(described: type[Any]) -> Iterator[str]:
    """Yield a table of the options of a pass or pipeline."""
    rows = [
        (
            f"`{o.name}`",
            f"`{o.type}`",
            "required" if o.default is None else f"`{o.default}`",
            o.help,
        )
        for o in option_infos(described)
    ]
    yield from _table(("Option", "Type", "Default", "What it does"), rows)


def _fenced_doctests(text: str) -> str:
    """Return a docstring with its doctests as blocks of code."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(f"```python\n{p}\n```" if p.startswith(">>> ") else p for p in paragraphs)


def passes_page(passes: dict[str, type[ModulePass]]) -> str:
    """Return the page of all `passes` as Markdown, with what their modules and classes say."""
    lines = ["# Passes\n", NOTICE]
    for name, pass_class in sorted(passes.items()):
        module = sys.modules[pass_class.__module__]
        summary, *rest = _fenced_doctests(_documentation(pass_class)).split("\n\n")
        lines += [f"## `{name}`\n", summary + "\n", _documentation(module) + "\n"]
        lines += [paragraph + "\n" for paragraph in rest]
        lines += _options(pass_class)
    return "\n".join(lines)


def pipelines_page(pipelines: dict[str, type[PassPipeline]]) -> str:
    """Return the page of all `pipelines` as Markdown, with the passes that they stand for."""
    lines = ["# Pipelines\n", NOTICE]
    for name, pipeline in sorted(pipelines.items()):
        module = sys.modules[pipeline.__module__]
        lines += [f"## `{name}`\n", _documentation(pipeline) + "\n"]
        lines += [_documentation(module) + "\n", *_options(pipeline)]
        for example in pipeline.EXAMPLES:
            (spec,) = parse_pass_specs(example)
            elements = pipeline.from_spec(spec).elements()
            expansion = ",\n  ".join(spec_to_text(element) for element in elements)
            lines += [f"`{example}` stands for\n", f"```\n  {expansion}\n```\n"]
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
    classes = {name: factory() for name, factory in PIPELINES.items()}
    pipelines = {name: cls for name, cls in classes.items() if not isinstance(cls, str)}
    (folder / "pipelines.md").write_text(pipelines_page(pipelines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
