# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a validation found, level by level."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnir.driver.bit_exactness import Difference, first_difference, first_unequal_score
from snnir.driver.measured_cost import cost_lines
from snnir.driver.tables import format_table, percent
from snnir.executors.agreement import Divergence, compare_recordings
from snnir.executors.result import ExecutionResult, count_undecided, undecided_text


@dataclass
class LevelReport:
    """What one level computed, and how it compares with the level above it.

    Spikes are counted over all layers, steps and samples.

    Attributes:
        undecided: samples that give all classes the same score.
        ties: samples whose first difference from snnTorch the order of float summation explains.
        unexplained: samples with any other difference from snnTorch.
        bit_exact: whether every spike, membrane and score equals that of `qsnn`.
    """

    level: str
    samples: int = 0
    undecided: int = 0
    correct: int | None = None
    equal_labels: int | None = None
    equal_spikes: dict[str, int] = field(default_factory=dict)
    compared_spikes: dict[str, int] = field(default_factory=dict)
    ties: int | None = None
    unexplained: int | None = None
    first_unexplained: Divergence | None = None
    bit_exact: bool | None = None
    first_difference: Difference | None = None
    cost: dict[str, Any] = field(default_factory=dict)

    @property
    def accuracy(self) -> float | None:
        """Fraction of samples with the right label; None for data without labels."""
        return None if self.correct is None else self.correct / self.samples

    @property
    def spike_agreement(self) -> float | None:
        """Fraction of equal spike values; None if there was nothing to compare with."""
        compared = sum(self.compared_spikes.values())
        return sum(self.equal_spikes.values()) / compared if compared else None

    @property
    def label_agreement(self) -> float | None:
        """Fraction of samples with the same label as above."""
        return None if self.equal_labels is None else self.equal_labels / self.samples

    @property
    def problem(self) -> str | None:
        """The first difference that must not be, or None."""
        if self.first_difference is not None:
            return f"{self.level} differs from qsnn: {self.first_difference}"
        if (found := self.first_unexplained) is not None:
            return (
                f"snn differs from snnTorch in {self.unexplained} samples: sample {found.sample}, "
                f"step {found.step}, layer '{found.layer}', neuron {found.neuron}: membranes "
                f"{found.membranes[0]:g} and {found.membranes[1]:g}, threshold {found.threshold:g}"
                "; the module has to be the one that was imported, with the same --weights; "
                "without --weights its parameters may be random"
            )
        return None

    def to_json(self) -> dict[str, Any]:
        """The report as plain values; what does not apply is left out."""
        layers = {
            name: self.equal_spikes[name] / compared
            for name, compared in self.compared_spikes.items()
        }
        difference = None if self.first_difference is None else vars(self.first_difference)
        values = {
            "level": self.level,
            "accuracy": self.accuracy,
            "samples": self.samples,
            "spike_agreement": self.spike_agreement,
            "label_agreement": self.label_agreement,
            "undecided": self.undecided or None,
            "layer_spike_agreement": layers or None,
            "ties": self.ties,
            "unexplained": self.unexplained,
            "bit_exact": self.bit_exact,
            "first_difference": difference,
            **self.cost,
        }
        return {name: value for name, value in values.items() if value is not None}

    def account(self, result: ExecutionResult, labels: NDArray[np.int64] | None) -> None:
        """Count one batch, and how many of its labels are right."""
        self.samples += len(result.labels)
        self.undecided += count_undecided(result.scores)
        if labels is not None:
            self.correct = (self.correct or 0) + int(np.count_nonzero(result.labels == labels))

    def compare(self, above: ExecutionResult, result: ExecutionResult) -> None:
        """Count the spikes and labels of one batch that equal those of the level above."""
        agreement = compare_recordings(above, result)
        assert result.recording is not None
        for name, fraction in agreement.layer_spike_agreement.items():
            size = result.recording.spikes[name].size
            equal = round(fraction * size)
            self.equal_spikes[name] = self.equal_spikes.get(name, 0) + equal
            self.compared_spikes[name] = self.compared_spikes.get(name, 0) + size
        self.compare_labels(above, result)

    def compare_labels(self, above: ExecutionResult, result: ExecutionResult) -> None:
        """Count the labels of one batch that equal those of the level above."""
        equal_labels = int(np.count_nonzero(above.labels == result.labels))
        self.equal_labels = (self.equal_labels or 0) + equal_labels

    def require_equal(
        self, above: ExecutionResult, result: ExecutionResult, numbers: NDArray[np.int64]
    ) -> None:
        """Compare one batch bit for bit; `numbers` are those of its samples."""
        self._note(first_difference(above, result), numbers)

    def require_equal_scores(
        self, above: ExecutionResult, result: ExecutionResult, numbers: NDArray[np.int64]
    ) -> None:
        """Compare the scores of one batch, of which nothing was recorded."""
        self._note(first_unequal_score(above, result), numbers)

    def _note(self, difference: Difference | None, numbers: NDArray[np.int64]) -> None:
        if difference is not None and self.first_difference is None:
            sample = int(numbers[difference.sample])
            self.first_difference = replace(difference, sample=sample)
        self.bit_exact = self.first_difference is None


@dataclass(frozen=True)
class ValidationReport:
    """The reports of all levels, from the top."""

    samples: int
    levels: list[LevelReport]

    @property
    def problems(self) -> list[str]:
        """Differences that must not be; the validation passed if there are none."""
        return [level.problem for level in self.levels if level.problem is not None]

    def level(self, name: str) -> LevelReport:
        """The report of one level."""
        return next(level for level in self.levels if level.level == name)

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"samples": self.samples, "levels": [level.to_json() for level in self.levels]}

    def lines(self) -> list[str]:
        """The report as tables: agreement of all levels, then cost of those that have any."""
        agreement = [
            (
                level.level, level.samples, percent(level.accuracy),
                percent(level.spike_agreement, 4), percent(level.label_agreement),
                level.ties, level.unexplained,
                None if level.bit_exact is None else "yes" if level.bit_exact else "NO",
            )
            for level in self.levels
        ]  # fmt: skip
        titles = (
            "level", "samples", "accuracy", "equal spikes", "equal labels", "ties", "unexplained",
            "bit-exact",
        )  # fmt: skip
        lines = format_table(titles, agreement)
        # Levels that agree say nothing where networks do nothing, for instance untrained ones.
        if level := next((each for each in reversed(self.levels) if each.undecided), None):
            text = undecided_text(level.undecided, level.samples)
            lines += ["", f"at level {level.level}, {text}"]
        for level in self.levels:
            if "instructions_per_step" in level.cost:
                lines += cost_lines(f"measured at level {level.level}", level.cost)
        return lines
