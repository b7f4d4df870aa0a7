# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The verification ladder: levels that run on the same samples, batch by batch, and are compared.

No more than one batch is recorded at a time, so that memory does not grow with the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from snnir.data import Dataset, balanced_subset
from snnir.dialects.network import NetworkOpBase
from snnir.driver.levels import Level, take_samples
from snnir.driver.measured_cost import Cost
from snnir.driver.validation_report import LevelReport, ValidationReport
from snnir.executors.agreement import FiringRule, explain_divergence, firing_rules
from snnir.executors.result import ExecutionResult

if TYPE_CHECKING:
    from torch import nn


class Ladder:
    """Levels from the top, added in that order, and their reports."""

    def __init__(self, data: Dataset):
        self._data = data
        self._original: _Original | None = None
        self._snn: _Rung | None = None
        self._compressed: _Rung | None = None
        self._qsnn: _Rung | None = None
        self._native: list[_NativeRung] = []

    def add_snn(self, level: Level, network: NetworkOpBase, module: nn.Module | None) -> None:
        """Add the level of real numbers, and snnTorch above it if there is a module.

        Raises:
            SNNError: the module is not what the network was imported from.
        """
        self._snn = _Rung(LevelReport(level.name), level)
        if module is None:
            return
        # Here, because snnTorch takes seconds to import.
        from snnir.executors.snntorch_executor import SNNTorchExecutor

        executor = SNNTorchExecutor(module, network)
        self._original = _Original(LevelReport("torch"), executor.run, firing_rules(network))

    def add_compressed(self, level: Level) -> None:
        """Add the network after compression, whose neurons need not be those above."""
        self._compressed = _Rung(LevelReport(level.name), level)

    def add_qsnn(self, level: Level) -> None:
        """Add the level of integers, which all levels below must equal."""
        self._qsnn = _Rung(LevelReport(level.name), level)

    def add_native(self, level: Level, cost: Cost, limit: int | None = None) -> None:
        """Add a level that is C, for all samples or for a class-balanced part of `limit`.

        What it is measured to take is added to `cost`.

        Raises:
            SNNError: the limit is below one.
        """
        labels = self._data.y
        if labels is None:
            labels = np.zeros(len(self._data), np.int64)
        chosen = np.zeros(len(labels), np.bool_)
        chosen[balanced_subset(labels, limit)] = True
        self._native.append(_NativeRung(LevelReport(level.name), level, chosen, cost))

    def climb_down(self, part: slice) -> None:
        """Run one batch of samples at all levels."""
        assert self._qsnn is not None
        x = self._data.x[part]
        labels = None if self._data.y is None else self._data.y[part]
        above = self._run_snn(x, labels, part.start)
        if self._compressed is not None:
            changed = self._compressed.run(x, labels)
            if above is not None:
                self._compressed.report.compare_labels(above, changed)
            above = changed
        exact = self._qsnn.run(x, labels)
        if above is not None:
            self._qsnn.report.compare(above, exact)
        for rung in self._native:
            rung.run(x, labels, exact, part)

    def _run_snn(
        self, x: NDArray, labels: NDArray[np.int64] | None, first: int
    ) -> ExecutionResult | None:
        if self._snn is None:
            return None
        result = self._snn.run(x, labels)
        if self._original is not None:
            self._original.compare(x, labels, self._snn.report, result, first)
        return result

    def report(self) -> ValidationReport:
        """What was found so far."""
        rungs = [self._original, self._snn, self._compressed, self._qsnn, *self._native]
        for native in self._native:
            native.report.cost = native.cost.to_json()
        return ValidationReport(len(self._data), [rung.report for rung in rungs if rung])


@dataclass
class _Rung:
    """A level that runs on all samples."""

    report: LevelReport
    level: Level

    def run(self, x: NDArray, labels: NDArray[np.int64] | None) -> ExecutionResult:
        """Run a batch, recording everything."""
        result = self.level.run(x, "all")
        self.report.account(result, labels)
        return result


@dataclass
class _Original:
    """snnTorch, and how the level `snn` compares with it."""

    report: LevelReport
    execute: Callable[..., ExecutionResult]
    rules: dict[str, FiringRule]

    def compare(
        self,
        x: NDArray,
        labels: NDArray[np.int64] | None,
        below: LevelReport,
        result: ExecutionResult,
        first: int,
    ) -> None:
        """Run a batch and compare it with what the level below computed."""
        expected = self.execute(x, record="all")
        self.report.account(expected, labels)
        below.compare(expected, result)
        found = explain_divergence(expected, result, self.rules)
        below.ties = (below.ties or 0) + len(found.ties)
        below.unexplained = (below.unexplained or 0) + len(found.unexplained)
        if found.unexplained and below.first_unexplained is None:
            place = found.unexplained[0]
            below.first_unexplained = replace(place, sample=place.sample + first)


@dataclass
class _NativeRung:
    """A level that is C, compared bit for bit with `qsnn` on the samples that are `chosen`."""

    report: LevelReport
    level: Level
    chosen: NDArray[np.bool_]
    cost: Cost

    def run(
        self, x: NDArray, labels: NDArray[np.int64] | None, exact: ExecutionResult, part: slice
    ) -> None:
        """Run a batch twice: recorded to compare it, and as it is to measure it."""
        rows = np.flatnonzero(self.chosen[part])
        if not len(rows):
            return
        x, expected = x[rows], take_samples(exact, rows)
        numbers = rows + part.start
        recorded = self.level.run(x, "all")
        self.report.account(recorded, None if labels is None else labels[rows])
        self.report.require_equal(expected, recorded, numbers)
        measured, measurements = self.level.measure(x)
        self.report.require_equal_scores(expected, measured, numbers)
        self.cost.add(measurements)
