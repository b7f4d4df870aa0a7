# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The dialects, passes, targets and pipelines that a tool knows, with those from plug-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from xdsl.context import Context
from xdsl.ir import Dialect
from xdsl.passes import ModulePass
from xdsl.universe import Universe
from xdsl.utils.target import Target

from snnir.support.atomic import PathLike
from snnir.support.diagnostics import SNNError
from snnir.support.pass_base import PassPipeline, mistake_in
from snnir.support.pipeline import PipelineError, is_name, parse_pass_specs
from snnir.support.python_file import assigned_at, defined_at, import_file, importable, raised_at
from snnir.support.xdsl_compat import fresh_builtin


@dataclass
class Registry:
    """Names with the functions that import what they stand for."""

    dialects: dict[str, Callable[[], Dialect]] = field(default_factory=dict)
    passes: dict[str, Callable[[], type[ModulePass]]] = field(default_factory=dict)
    targets: dict[str, Callable[[], type[Target]]] = field(default_factory=dict)
    pipelines: dict[str, Callable[[], type[PassPipeline] | str]] = field(default_factory=dict)

    @staticmethod
    def from_universe(universe: Universe) -> Registry:
        """Return a registry of everything in an xDSL universe."""
        return Registry(
            dict(universe.all_dialects), dict(universe.all_passes), dict(universe.all_targets)
        )

    def make_context(self, *, allow_unregistered: bool = False) -> Context:
        """Return a new context that knows all dialects, with the builtin one loaded."""
        context = Context(allow_unregistered=allow_unregistered)
        context.register_dialect("builtin", fresh_builtin)
        context.load_registered_dialect("builtin")
        for name, factory in self.dialects.items():
            if name != "builtin":
                context.register_dialect(name, factory)
        return context

    def copy(self) -> Registry:
        """Return a registry of the same names, to which others can be added."""
        return Registry(
            dict(self.dialects), dict(self.passes), dict(self.targets), dict(self.pipelines)
        )

    def add_plugin(self, path: PathLike) -> None:
        """Run the Python file `path` and add what it defines.

        The file may define the dictionaries `SNN_DIALECTS`, `SNN_PASSES`, `SNN_TARGETS` and
        `SNN_PIPELINES`, from names to dialects, pass classes, target classes and pipelines (texts
        or classes derived from `PassPipeline`), or to functions without arguments that return
        these. It may import modules that lie beside it.

        Raises:
            SNNError: the file is missing, raises, defines none of these, a name that exists
                already, a class that is no pass, or a text that is no pipeline; located in the
                file.
        """
        file = Path(path)
        plugin = _run_file(file)
        known: tuple[dict[str, Callable[[], Any]], ...] = (
            self.dialects, self.passes, self.targets, self.pipelines,
        )  # fmt: skip
        given = [getattr(plugin, table.variable, None) for table in _TABLES]
        for table, added, names in zip(_TABLES, given, known, strict=True):
            if added is not None:
                _add_all(names, added, table, file)
        if given == [None] * len(_TABLES):
            raise SNNError(
                f"the plug-in '{file}' defines nothing: name what it adds in SNN_PASSES, "
                "SNN_DIALECTS, SNN_PIPELINES or SNN_TARGETS"
            )


class _Table(NamedTuple):
    """A variable of a plug-in: its values are subclasses of `base`, `objects`, or functions."""

    variable: str
    kind: str
    base: type | None
    objects: type | None


_TABLES = (
    _Table("SNN_DIALECTS", "dialect", None, Dialect),
    _Table("SNN_PASSES", "pass", ModulePass, None),
    _Table("SNN_TARGETS", "target", Target, None),
    _Table("SNN_PIPELINES", "pipeline", PassPipeline, str),
)


def _add_all(known: dict[str, Callable[[], Any]], added: Any, table: _Table, path: Path) -> None:
    def refuse(problem: str) -> NoReturn:
        raise SNNError(f"the plug-in {problem}", assigned_at(table.variable, path))

    if not isinstance(added, Mapping):
        refuse(f"needs a dictionary from names as {table.variable}, not {type(added).__name__}")
    for name, value in added.items():
        if name in known:
            refuse(f"defines the {table.kind} '{name}', which exists already; rename it")
        if not (isinstance(name, str) and is_name(name)):
            refuse(
                f"has the name {name!r} in {table.variable}; letters, digits, -, _ and . make it"
            )
        if not _is_of(value, table):
            refuse(f"has no {table.kind} under '{name}' in {table.variable}, but {value!r}")
        if isinstance(value, type) and issubclass(value, ModulePass):
            if mistake := mistake_in(value):
                where = defined_at(value, path) or assigned_at(table.variable, path)
                raise SNNError(f"the plug-in's pass '{value.__name__}' {mistake}", where)
        if isinstance(value, str):
            try:
                parse_pass_specs(value)
            except PipelineError as error:
                refuse(f"has a wrong text as the pipeline '{name}', {_place(error)}")
        if isinstance(value, type | Dialect) and (own := getattr(value, "name", name)) != name:
            refuse(
                f"has the {table.kind} '{own}' under '{name}' in {table.variable}; both names have "
                "to be equal"
            )
        known[name] = _as_factory(value)


def _place(error: PipelineError) -> str:
    column = error.location[2] if error.location is not None else 1
    return f"column {column}: {error.message}"


def _is_of(value: Any, table: _Table) -> bool:
    if isinstance(value, type):
        return table.base is not None and issubclass(value, table.base)
    return callable(value) or (table.objects is not None and isinstance(value, table.objects))


def _as_factory(value: Any) -> Callable[[], Any]:
    """Return a factory as it is, and wrap what a factory would return."""
    if isinstance(value, type | Dialect | str):
        return lambda: value
    return value


def _run_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise SNNError(f"cannot load the plug-in '{path}': there is no such file")
    with importable(path.resolve().parent):
        try:
            return import_file(path)
        except SNNError:
            raise
        except (Exception, SystemExit) as error:  # Other people's code may raise anything.
            problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise SNNError(
                f"the plug-in raised {problem}; run with --debug for the traceback",
                raised_at(error, path),
            ) from error
