# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs Python files of the user: modules to import, and plug-ins."""

from __future__ import annotations

import ast
import hashlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from snnir.support.diagnostics import SNNError, SourceLocation


def import_file(path: Path) -> ModuleType:
    """Execute a Python file as a module of a private name, which no installed package can have.

    Raises:
        SNNError: the name does not end in `.py`.
        Exception: whatever the file raises.
    """
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    name = f"_snnir_user_{digest}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SNNError(f"'{path}' is not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # Dataclasses and pickling look their module up.
    spec.loader.exec_module(module)
    return module


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let a file import its neighbours, as when Python runs it as a program."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextmanager
def as_program(path: Path) -> Iterator[None]:
    """Run a file that is somebody's script: without arguments, and with its output apart.

    Training scripts parse `sys.argv` and print what they do; standard output is for reports.
    """
    arguments, sys.argv = sys.argv, [str(path)]
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.argv = arguments


def raised_at(error: BaseException, path: Path) -> SourceLocation:
    """Return where in a file an exception was raised, or what the file called raised it."""
    if isinstance(error, SyntaxError) and error.filename and _is_same(error.filename, path):
        return str(path), error.lineno or 1, error.offset or 1
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _is_same(frame.filename, path):
            return str(path), frame.lineno or 1, (frame.colno or 0) + 1
    return str(path), 1, 1


def assigned_at(name: str, path: Path) -> SourceLocation:
    """Return where a file that can be parsed assigns to a global variable."""
    for statement in ast.parse(path.read_bytes()).body:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return str(path), statement.lineno, statement.col_offset + 1
    return str(path), 1, 1


def defined_at(cls: type, path: Path) -> SourceLocation | None:
    """Return where a file that can be parsed defines a class; None for a class of another file."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            return str(path), node.lineno, node.col_offset + 1
    return None


def _is_same(filename: str, path: Path) -> bool:
    return Path(filename).absolute() == path.absolute()
