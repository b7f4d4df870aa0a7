# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors, warnings and remarks with source locations.

Errors are exceptions: `raise error_at(op, "...")`. Warnings, notes and remarks are emitted to the
`DiagnosticEngine` that is active, or to standard error (remarks: nowhere) when none is.
The text of every diagnostic is a single line, `file:line:col: severity: message`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import IO, Any, Self

from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    NameLoc,
    UnregisteredOp,
)
from xdsl.ir import Attribute, Operation

SourceLocation = tuple[str, int, int]
"""A file name, a line and a column; line and column start at 1."""

MAX_MESSAGE_LENGTH = 600
"""Longer messages are cut in the middle: they hold a printed constant that nobody can read."""

program_name: ContextVar[str] = ContextVar("program_name", default="snnir")
"""The program that runs, which diagnostics without a place begin with."""


class Severity(Enum):
    """How serious a diagnostic is."""

    ERROR = "error"
    WARNING = "warning"
    REMARK = "remark"
    NOTE = "note"


@dataclass(frozen=True)
class Diagnostic:
    """One message to the user, on one line."""

    severity: Severity
    message: str
    location: SourceLocation | None = None

    def __str__(self) -> str:
        where = ":".join(map(str, self.location)) if self.location else program_name.get()
        return f"{where}: {self.severity.value}: {_shorten(self.message)}"


@dataclass(frozen=True)
class Remark(Diagnostic):
    """What a pass did or refused to do to one op, with the numbers behind it."""

    pass_name: str = ""
    op_name: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        return f"{super().__str__()} [{self.pass_name}]"

    def to_json(self) -> str:
        """Return the remark as one line of JSON."""
        file, line, column = self.location or (None, None, None)
        record = {
            "pass": self.pass_name,
            "op": self.op_name,
            "message": self.message,
            "file": file,
            "line": line,
            "column": column,
            "metrics": dict(self.metrics),
        }
        return json.dumps(record, default=_plain_number)


class SNNError(Exception):
    """An error that the user can act on; `str()` is the one line to show."""

    message: str
    location: SourceLocation | None

    def __init__(self, message: str, location: SourceLocation | None = None):
        super().__init__(message, location)
        self.message = one_line(message)
        self.location = location

    @property
    def diagnostic(self) -> Diagnostic:
        """The error as a `Diagnostic`."""
        return Diagnostic(Severity.ERROR, self.message, self.location)

    def __str__(self) -> str:
        return str(self.diagnostic)


class DiagnosticEngine:
    """Collects the diagnostics that are emitted while it is active.

    Use it as a context manager; engines nest, and the innermost one gets the diagnostics.
    `handler` is called with each diagnostic as it is emitted, for instance to print it.
    """

    diagnostics: list[Diagnostic]

    def __init__(self, handler: Callable[[Diagnostic], None] | None = None):
        self.diagnostics = []
        self._handler = handler
        self._tokens: list[Token[DiagnosticEngine | None]] = []

    @property
    def remarks(self) -> list[Remark]:
        """The remarks among the collected diagnostics, in order."""
        return [d for d in self.diagnostics if isinstance(d, Remark)]

    def emit(self, diagnostic: Diagnostic) -> None:
        """Collect a diagnostic and hand it to the handler."""
        self.diagnostics.append(diagnostic)
        if self._handler is not None:
            self._handler(diagnostic)

    def write_remarks(self, stream: IO[str]) -> None:
        """Write the collected remarks to `stream`, one JSON object per line."""
        for remark in self.remarks:
            stream.write(remark.to_json() + "\n")

    def __enter__(self) -> Self:
        self._tokens.append(_active_engine.set(self))
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _active_engine.reset(self._tokens.pop())


_active_engine: ContextVar[DiagnosticEngine | None] = ContextVar("active_engine", default=None)


def emit(diagnostic: Diagnostic) -> None:
    """Emit a diagnostic to the active engine, or to standard error when there is none."""
    engine = _active_engine.get()
    if engine is not None:
        engine.emit(diagnostic)
    elif diagnostic.severity is not Severity.REMARK:
        print(diagnostic, file=sys.stderr)


def error_at(op: Operation, message: str) -> SNNError:
    """Return the error `'dialect.op' op message`, located at `op`; the caller raises it."""
    return SNNError(_message_about(op, message), location_of(op))


def emit_warning(op: Operation, message: str) -> None:
    """Warn about `op`."""
    emit(Diagnostic(Severity.WARNING, _message_about(op, message), location_of(op)))


def emit_note(op: Operation, message: str) -> None:
    """Add a note about `op` to the diagnostic emitted before."""
    emit(Diagnostic(Severity.NOTE, _message_about(op, message), location_of(op)))


def emit_remark(op: Operation, pass_name: str, message: str, **metrics: Any) -> None:
    """Report what the pass `pass_name` did to `op`, or why it left it alone.

    `metrics` are the numbers behind the message; they go to the remarks file.
    """
    emit(
        Remark(
            Severity.REMARK,
            _message_about(op, message),
            location_of(op),
            pass_name,
            operation_name(op),
            metrics,
        )
    )


def operation_name(op: Operation) -> str:
    """Return the full name of `op`, also when its dialect is not registered."""
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name


def source_location(location: Attribute) -> SourceLocation | None:
    """Return the file, line and column that a location attribute names, if it names any.

    A named location stands for the location in it, a fused one for its first known part, and a
    call site for the callee.
    """
    match location:
        case FileLineColLoc():
            return location.filename.data, location.line.data, location.column.data
        case NameLoc():
            return source_location(location.location)
        case CallSiteLoc():
            return source_location(location.callee)
        case FusedLoc(locations=ArrayAttr(data=parts)):
            known = filter(None, map(source_location, parts))
            return next(known, None)
        case _:
            return None


def location_of(op: Operation) -> SourceLocation | None:
    """Return the location of `op`, or else of the closest enclosing op that has one."""
    current: Operation | None = op
    while current is not None:
        if (location := source_location(current.location)) is not None:
            return location
        current = current.parent_op()
    return None


def one_line(message: str) -> str:
    """Put a message that may have several lines on one."""
    return re.sub(r"\s*\n\s*", " ", message.strip())


def _shorten(message: str) -> str:
    message = one_line(message)
    if len(message) <= MAX_MESSAGE_LENGTH:
        return message
    half = (MAX_MESSAGE_LENGTH - 5) // 2
    return f"{message[:half]} ... {message[-half:]}"


def _message_about(op: Operation, message: str) -> str:
    return f"'{operation_name(op)}' op {one_line(message)}"


def _plain_number(value: Any) -> Any:
    """Turn a numpy scalar or array into something that JSON knows, without importing numpy."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
