# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether two executions are equal to the last bit, and where they are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from snnir.executors.result import ExecutionResult, Recording
from snnir.support.diagnostics import SNNError


@dataclass(frozen=True)
class Difference:
    """The first value that differs: lowest sample, then step, then layer in program order.

    Attributes:
        step, layer, neuron: the place; None for a score, whose class is `neuron`.
        what: whether spikes, membranes or, where all of these are equal, scores differ.
        expected, got: the value of either execution.
    """

    sample: int
    step: int | None
    layer: str | None
    neuron: tuple[int, ...]
    what: Literal["spike", "membrane", "score"]
    expected: float
    got: float

    def __str__(self) -> str:
        place = (
            f"class {self.neuron[0]}"
            if self.layer is None
            else f"step {self.step}, layer '{self.layer}', neuron {self.neuron}"
        )
        return (
            f"sample {self.sample}, {place}: {self.what} {self.got:g}, expected {self.expected:g}"
        )


def first_difference(expected: ExecutionResult, got: ExecutionResult) -> Difference | None:
    """Return where two executions of the same samples differ first, or None if they are equal.

    Of networks without neurons only the scores are there to compare.

    Args:
        expected, got: recorded with everything.

    Raises:
        SNNError: the executions have other layers or shapes, or were not recorded.
    """
    a, b = _recording(expected).common(_recording(got))
    _require_comparable(a, b)
    candidates = [
        difference
        for index, layer in enumerate({**a.spikes, **a.membranes})
        for difference in _in_layer(a, b, index, layer)
    ]
    if candidates:
        return min(candidates, key=lambda candidate: candidate[0])[1]
    return first_unequal_score(expected, got)


def first_unequal_score(expected: ExecutionResult, got: ExecutionResult) -> Difference | None:
    """Return the first score that differs, or None.

    Raises:
        SNNError: the executions have other numbers of samples or classes.
    """
    if expected.scores.shape != got.scores.shape:
        raise SNNError(
            f"scores of shapes {expected.scores.shape} and {got.scores.shape} do not compare"
        )
    unequal = np.argwhere(expected.scores != got.scores)
    if not len(unequal):
        return None
    sample, neuron = (int(index) for index in unequal[0])
    values = (float(result.scores[sample, neuron]) for result in (expected, got))
    return Difference(sample, None, None, (neuron,), "score", *values)


Place = tuple[int, int, int, int]
"""Sample, step, position of the layer, spikes before membranes."""


def _in_layer(a: Recording, b: Recording, index: int, layer: str) -> list[tuple[Place, Difference]]:
    """The first difference of the spikes and of the membranes of a layer."""
    found: list[tuple[Place, Difference]] = []
    arrays: list[tuple[Literal["spike", "membrane"], NDArray, NDArray]] = []
    if layer in a.spikes:
        arrays.append(("spike", a.spikes[layer], b.spikes[layer]))
    if layer in a.membranes:
        arrays.append(("membrane", a.membranes[layer], b.membranes[layer]))
    for order, (what, first, second) in enumerate(arrays):
        unequal = first != second
        if not unequal.any():
            continue
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(unequal)), unequal.shape))
        sample, step, *neuron = place
        difference = Difference(
            sample, step, layer, tuple(neuron), what, float(first[place]), float(second[place])
        )
        found.append(((sample, step, index, order), difference))
    return found


def _recording(result: ExecutionResult) -> Recording:
    if result.recording is None:
        raise SNNError("executions compare bit for bit only where all layers were recorded")
    return result.recording


def _require_comparable(a: Recording, b: Recording) -> None:
    for first, second in ((a.spikes, b.spikes), (a.membranes, b.membranes)):
        shapes = [{name: value.shape for name, value in each.items()} for each in (first, second)]
        if shapes[0] != shapes[1]:
            raise SNNError(f"recordings of different layers do not compare: {shapes}")
