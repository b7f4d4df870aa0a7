# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The first difference of two executions."""

import numpy as np
import pytest

from snnir.driver.bit_exactness import first_difference
from snnir.executors.result import ExecutionResult, Recording
from snnir.support.diagnostics import SNNError

LAYERS: dict[str, tuple[int, ...]] = {"a": (2, 3), "b": (4,)}


def execution() -> ExecutionResult:
    """Two samples of three steps, all zero."""
    spikes = {name: np.zeros((2, 3, *shape), np.bool_) for name, shape in LAYERS.items()}
    shapes = {**LAYERS, "integrator": (4,)}
    membranes = {name: np.zeros((2, 3, *shape), np.int32) for name, shape in shapes.items()}
    return ExecutionResult.from_scores(np.zeros((2, 4), np.int64), Recording(spikes, membranes))


def recording(result: ExecutionResult) -> Recording:
    assert result.recording is not None
    return result.recording


def test_equal() -> None:
    assert first_difference(execution(), execution()) is None


def test_the_earliest_step_of_the_lowest_sample_comes_first() -> None:
    got = execution()
    recording(got).spikes["a"][0, 2, 1, 2] = True
    recording(got).membranes["b"][0, 1, 3] = 7
    recording(got).membranes["a"][1, 0, 0, 0] = 5
    difference = first_difference(execution(), got)
    assert str(difference) == "sample 0, step 1, layer 'b', neuron (3,): membrane 7, expected 0"


def test_layers_in_program_order_and_spikes_before_membranes() -> None:
    got = execution()
    recording(got).membranes["integrator"][0, 0, 0] = 1
    recording(got).membranes["b"][0, 0, 0] = 1
    recording(got).spikes["b"][0, 0, 1] = True
    difference = first_difference(execution(), got)
    assert difference is not None
    assert (difference.layer, difference.neuron, difference.what) == ("b", (1,), "spike")


def test_scores_come_last() -> None:
    got = execution()
    got.scores[1, 2] = 3
    assert str(first_difference(execution(), got)) == "sample 1, class 2: score 3, expected 0"


def test_only_comparable_executions_compare() -> None:
    got = execution()
    del recording(got).membranes["integrator"]
    with pytest.raises(SNNError, match="different layers"):
        first_difference(execution(), got)
    with pytest.raises(SNNError, match="recorded"):
        first_difference(execution(), ExecutionResult.from_scores(np.zeros((2, 4))))
