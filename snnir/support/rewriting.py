# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Applying rewrite patterns with locations kept and with a limit on the number of rewrites."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import LocationAttr, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriterListener,
    PatternRewriteWalker,
    RewritePattern,
)

from snnir.support.diagnostics import error_at
from snnir.support.xdsl_compat import LocationPropagator

MIN_REWRITES = 10_000
REWRITES_PER_OP = 100


def apply_patterns(
    module: ModuleOp,
    patterns: Sequence[RewritePattern],
    *,
    recursive: bool = True,
    reverse: bool = False,
    max_rewrites: int | None = None,
) -> bool:
    """Apply `patterns` to every op of `module` and return whether the module changed.

    With `recursive`, rewritten and new ops are visited until no pattern applies; without it every
    op is visited once. With `reverse`, users are visited before definitions. Dead ops stay.
    New ops get the location of the op that the pattern matched.

    Raises `SNNError` when more than `max_rewrites` changes were made (by default a generous
    multiple of the number of ops), and whatever a pattern raises.
    """
    if max_rewrites is None:
        max_rewrites = max(MIN_REWRITES, REWRITES_PER_OP * sum(1 for _ in module.walk()))
    applier = _Applier(patterns, max_rewrites)
    walker = PatternRewriteWalker(
        applier,
        apply_recursively=recursive,
        walk_reverse=reverse,
        listener=applier.listener,
    )
    try:
        return walker.rewrite_module(module)
    except _RewriteStopped as stopped:
        raise stopped.error from stopped.error.__cause__


class _RewriteStopped(BaseException):
    """Carries an error out of the walker.

    The walker adds the text of the whole module to any `Exception` that a pattern raises, which is
    megabytes for a network with weights; this is no `Exception`, so that it passes untouched.
    """

    def __init__(self, error: Exception):
        super().__init__(error)
        self.error = error


class _Applier(RewritePattern):
    """Applies the first pattern that matches, keeps locations and counts changes."""

    listener: PatternRewriterListener

    def __init__(self, patterns: Sequence[RewritePattern], max_rewrites: int):
        self._patterns = GreedyRewritePatternApplier(list(patterns), dce_enabled=False)
        self._max_rewrites = max_rewrites
        self._rewrites = 0
        self._locations = LocationPropagator()
        self.listener = PatternRewriterListener(
            operation_insertion_handler=[self._count],
            operation_removal_handler=[self._count],
            operation_modification_handler=[self._count],
            operation_replacement_handler=[self._count_replacement],
        )
        self.listener.extend_from_listener(self._locations)

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        location: LocationAttr = op.location
        try:
            self._patterns.match_and_rewrite(op, rewriter)
            if self._rewrites > self._max_rewrites:
                raise error_at(op, f"rewriting did not converge after {self._rewrites} changes")
        except Exception as error:
            raise _RewriteStopped(error) from error
        self._locations.assign(location)

    def _count(self, op: Operation) -> None:
        self._rewrites += 1

    def _count_replacement(self, op: Operation, results: Sequence[SSAValue | None]) -> None:
        self._rewrites += 1
