# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A plug-in with small passes that behave well and badly, for the tests of snn-opt."""

from dataclasses import dataclass
from typing import IO, Literal

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32
from xdsl.dialects.test import TestOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.utils.target import Target

from snnir.support.diagnostics import emit_warning, error_at
from snnir.support.pass_base import SNNPass, option


@dataclass(frozen=True)
class MarkPass(SNNPass):
    """Mark every test op with a number."""

    name = "test-mark"

    value: int = option(1, "the number to write")
    scale: float = option(1.0, "a factor for the number")
    mode: Literal["all", "none"] = option("all", "which ops to mark")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in op.walk():
            if not isinstance(inner, TestOp):
                continue
            if self.mode == "none":
                self.remark(inner, "left alone")
                continue
            number = int(self.value * self.scale)
            inner.attributes["mark"] = IntegerAttr(number, i32)
            self.statistics.add("ops marked")
            self.remark(inner, f"marked with {number}", value=number)


class MarkedForever(RewritePattern):
    """Counts up without end."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TestOp, rewriter: PatternRewriter, /) -> None:
        op.attributes["mark"] = IntegerAttr(1, i32)
        rewriter.notify_op_modified(op)


@dataclass(frozen=True)
class LoopPass(SNNPass):
    """Apply a pattern that never stops."""

    name = "test-loop"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        self.rewrite(op, MarkedForever())


@dataclass(frozen=True)
class FailPass(SNNPass):
    """Warn about every test op and fail at the first."""

    name = "test-fail"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in op.walk():
            if isinstance(inner, TestOp):
                emit_warning(inner, "is not liked")
                raise error_at(inner, "cannot be handled")


@dataclass(frozen=True)
class CrashPass(SNNPass):
    """Raise an exception that is a defect of the pass."""

    name = "test-crash"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise TypeError("a bug in the pass")


@dataclass(frozen=True)
class BreakPass(SNNPass):
    """Leave invalid IR behind: additions without operands."""

    name = "test-break"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in op.walk():
            if inner.name == "arith.addi":
                inner.operands = []


@dataclass(frozen=True)
class NamesTarget(Target):
    """Print the names of all ops."""

    name = "test-names"

    prefix: str = ""

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        for op in module.walk():
            output.write(f"{self.prefix}{op.name}\n")


SNN_PASSES = {cls.name: cls for cls in (MarkPass, LoopPass, FailPass, CrashPass, BreakPass)}
SNN_TARGETS = {"test-names": lambda: NamesTarget}
SNN_PIPELINES = {"test-mark-twice": "test-mark{value=1},test-mark{value=2}"}
