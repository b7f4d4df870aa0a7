# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The dialects, passes, targets and pipelines that a tool knows, with those from plug-ins."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from xdsl.context import Context
from xdsl.ir import Dialect
from xdsl.passes import ModulePass
from xdsl.universe import Universe
from xdsl.utils.target import Target

from snnir.support.diagnostics import SNNError
from snnir.support.pass_base import PassPipeline
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

    def add_plugin(self, path: str) -> None:
        """Run the Python file `path` and add what it defines.

        The file may define the dictionaries `SNN_DIALECTS`, `SNN_PASSES`, `SNN_TARGETS` and
        `SNN_PIPELINES`, from names to dialects, pass classes, target classes and pipelines (texts
        or classes derived from `PassPipeline`), or to functions without arguments that return
        these.

        Raises `SNNError` when the file is missing or defines a name that exists already, and
        whatever running the file raises.
        """
        plugin = _run_file(path)
        for kind, known in (
            ("dialect", self.dialects),
            ("pass", self.passes),
            ("target", self.targets),
            ("pipeline", self.pipelines),
        ):
            variable = f"SNN_{kind.upper()}{'ES' if kind == 'pass' else 'S'}"
            _add_all(known, getattr(plugin, variable, {}), kind, path)


def _add_all(
    known: dict[str, Callable[[], Any]], added: Mapping[str, Any], kind: str, path: str
) -> None:
    for name, value in added.items():
        if name in known:
            raise SNNError(
                f"the plug-in '{path}' defines the {kind} '{name}', which exists already"
            )
        known[name] = _as_factory(value)


def _as_factory(value: Any) -> Callable[[], Any]:
    """Return a factory as it is, and wrap what a factory would return."""
    if isinstance(value, type | Dialect | str):
        return lambda: value
    return value


def _run_file(path: str) -> ModuleType:
    name = f"snnir_plugin_{Path(path).stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not Path(path).is_file():
        raise SNNError(f"cannot load the plug-in '{path}': it is no Python file")
    module = module_from_spec(spec)
    # Data classes look up their module by name.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
