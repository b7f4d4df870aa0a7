# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Printing the IR between passes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnir.support.atomic import atomic_write
from snnir.support.diagnostics import SNNError
from snnir.support.pipeline import PassInstrumentation
from snnir.support.xdsl_printing import print_module


@dataclass(frozen=True)
class PassSelection:
    """A choice of passes by name."""

    names: frozenset[str] = frozenset()
    all: bool = False

    def __contains__(self, pass_: ModulePass) -> bool:
        return self.all or pass_.name in self.names

    def __bool__(self) -> bool:
        return self.all or bool(self.names)


@dataclass(frozen=True)
class PrintOptions:
    """How the IR is printed."""

    generic: bool = False
    locations: bool = False
    elide: int | None = None

    def print(self, module: ModuleOp, stream: IO[str], context: Context | None = None) -> None:
        """Print `module`, and the `dense_resource` data that `context` holds, to `stream`."""
        print_module(
            module, stream, self.generic, self.elide, locations=self.locations, context=context
        )


class IRPrinting(PassInstrumentation):
    """Prints the module before or after the selected passes.

    The output goes to `stream`, each dump under a header line, or to one file per dump in the
    folder `tree_directory`: `0_first-pass.mlir`, `1_second-pass.mlir`, ...
    With `only_changes`, a dump after a pass that changed nothing is left out.
    """

    def __init__(
        self,
        stream: IO[str],
        *,
        before: PassSelection,
        after: PassSelection,
        only_changes: bool = False,
        on_failure: bool = False,
        tree_directory: Path | None = None,
        options: PrintOptions | None = None,
    ):
        self._stream = stream
        self._before = before
        self._after = after
        self._only_changes = only_changes
        self._on_failure = on_failure
        self._tree_directory = tree_directory
        self._options = options or PrintOptions()
        self._module_before: ModuleOp | None = None
        self._dumps = 0

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        if pass_ in self._before:
            self._dump("Before", pass_, module)
        if self._only_changes and pass_ in self._after:
            self._module_before = module.clone()

    def after_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        if pass_ in self._after and self._changed(module):
            self._dump("After", pass_, module)

    def after_pass_failed(self, pass_: ModulePass, module: ModuleOp) -> None:
        if self._on_failure or pass_ in self._after:
            # Printing invalid IR in the custom format may fail.
            self._dump("After Failure of", pass_, module, replace(self._options, generic=True))

    def _changed(self, module: ModuleOp) -> bool:
        before = self._module_before
        return before is None or not before.is_structurally_equivalent(module)

    def _dump(
        self, when: str, pass_: ModulePass, module: ModuleOp, options: PrintOptions | None = None
    ) -> None:
        options = options or self._options
        title = f"IR Dump {when} {type(pass_).__name__} ({pass_.name})"
        if self._tree_directory is None:
            _dump_to(self._stream, title, module, options)
            return
        suffix = "" if when == "After" else "_" + re.sub(r"\W+", "-", when.lower())
        path = self._tree_directory / f"{self._dumps}_{pass_.name}{suffix}.mlir"
        self._dumps += 1
        _make_folder(self._tree_directory)
        with atomic_write(path) as stream:
            _dump_to(stream, title, module, options)


def _dump_to(stream: IO[str], title: str, module: ModuleOp, options: PrintOptions) -> None:
    stream.write(f"// -----// {title} //----- //\n")
    options.print(module, stream)
    stream.write("\n")


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SNNError(f"cannot create the folder '{path}': {error.strerror}") from error
