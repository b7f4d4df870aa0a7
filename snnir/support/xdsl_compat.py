# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Contexts and rewrites of xDSL; `xdsl_parsing` and `xdsl_printing` read and write its text.

xDSL 0.74.0 has one store of `dense_resource` data for all contexts, refuses to load a dialect
twice, and drops source locations in rewrites. What is here corrects that. These three modules alone
touch private or unstable parts of xDSL; check them first when its version changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.context import Context
from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.builtin import (
    Builtin,
    LocationAttr,
    UnknownLoc,
)
from xdsl.ir import Dialect, Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriterListener


def ensure_dialect(context: Context, name: str) -> None:
    """Load a registered dialect, unless it is: xDSL refuses to load one twice."""
    if all(dialect.name != name for dialect in context.loaded_dialects):
        context.load_registered_dialect(name)


def fresh_builtin() -> Dialect:
    """Return a copy of the builtin dialect with its own store of `dense_resource` data.

    xDSL's own dialect object is shared by all contexts: the second module of a process that uses a
    resource key again silently loses its data.
    """
    return Dialect(
        "builtin",
        list(Builtin.operations),
        list(Builtin.attributes),
        [OpAsmDialectInterface()],
    )


class LocationPropagator(PatternRewriterListener):
    """A rewrite listener that gives new ops without a location that of the op they replace."""

    def __init__(self) -> None:
        super().__init__(
            operation_insertion_handler=[self._inserted],
            operation_replacement_handler=[self._replaced],
        )
        self._without_location: list[Operation] = []

    def assign(self, location: LocationAttr) -> None:
        """Give `location` to the ops that were inserted since the last assignment."""
        for op in self._without_location:
            set_missing_locations(op, location)
        self._without_location.clear()

    def _inserted(self, op: Operation) -> None:
        self._without_location.append(op)

    def _replaced(self, op: Operation, results: Sequence[SSAValue | None]) -> None:
        self.assign(op.location)


def set_missing_locations(op: Operation, location: LocationAttr) -> None:
    """Give `location` to `op` and the ops inside it, as far as they have none."""
    for inner in op.walk():
        if isinstance(inner.location, UnknownLoc):
            inner.location = location
