# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Agreement and divergence of constructed recordings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from snnir.dialects.snn import Compare, Reset, ResetTiming
from snnir.executors import (
    ExecutionResult,
    FiringRule,
    Recording,
    ReferenceExecutor,
    compare_recordings,
    explain_divergence,
    firing_rules,
)
from snnir.support.diagnostics import SNNError

ULP = float(np.finfo(np.float32).eps)


def result(spikes, membranes=None, scores=None) -> ExecutionResult:
    """A result from (samples, timesteps, neurons) arrays by layer."""
    recording = Recording(
        {name: np.asarray(value, np.bool_) for name, value in spikes.items()},
        {name: np.asarray(value, np.float32) for name, value in (membranes or {}).items()},
    )
    samples = len(next(iter(recording.spikes.values())))
    scores = np.zeros((samples, 2), np.int64) if scores is None else np.asarray(scores)
    return ExecutionResult.from_scores(scores, recording)


def one_layer(membranes, threshold=1.0) -> ExecutionResult:
    """A layer `a` with delayed reset that fires above its threshold."""
    membranes = np.asarray(membranes, np.float32)
    return result({"a": membranes > threshold}, {"a": membranes})


def rules(threshold: float | list[float] = 1.0, **dynamics) -> dict[str, FiringRule]:
    return {"a": FiringRule(np.asarray(threshold), **dynamics)}


def test_agreement() -> None:
    first = result({"a": [[[1, 0], [1, 0]]] * 2, "b": [[[1], [0]]] * 2}, scores=[[1, 0], [2.5, 0]])
    second = result({"a": [[[1, 0], [0, 1]]] * 2, "b": [[[1], [0]]] * 2}, scores=[[1, 0], [2, 3]])
    agreement = compare_recordings(first, second)
    assert agreement.samples == 2
    assert agreement.layer_spike_agreement == {"a": 0.5, "b": 1.0}
    assert agreement.spike_agreement == 8 / 12
    assert agreement.spike_jaccard == 4 / 8
    assert agreement.label_agreement == 0.5
    assert agreement.score_equality == 0.5
    assert agreement.membrane_agreement is None
    assert not agreement.is_exact
    assert compare_recordings(first, first).is_exact


def test_silent_recordings_agree() -> None:
    silent = result({"a": np.zeros((1, 3, 2))})
    assert compare_recordings(silent, silent).spike_jaccard == 1.0


def test_membrane_agreement() -> None:
    first, second = one_layer([[[0.5, 0.25]]]), one_layer([[[0.5, 0.75]]])
    agreement = compare_recordings(first, second)
    assert agreement.membrane_agreement == 0.5
    assert agreement.spike_agreement == 1.0
    assert not agreement.is_exact


def test_recordings_that_do_not_compare() -> None:
    first = one_layer([[[0.5]]])
    with pytest.raises(SNNError, match="different layers"):
        compare_recordings(first, result({"b": [[[0]]]}))
    with pytest.raises(SNNError, match="different layers"):
        compare_recordings(first, one_layer([[[0.5, 0.5]]]))
    with pytest.raises(SNNError, match="not recorded"):
        compare_recordings(first, ExecutionResult.from_scores(np.zeros((1, 2))))
    with pytest.raises(SNNError, match="scores of shapes"):
        compare_recordings(first, result({"a": [[[0]]]}, scores=np.zeros((1, 3))))
    with pytest.raises(SNNError, match="membranes and firing rules"):
        explain_divergence(first, first, {})


def test_equal_spikes_do_not_diverge() -> None:
    report = explain_divergence(one_layer([[[0.5]]]), one_layer([[[0.25]]]), rules())
    assert report.samples == 1
    assert report.divergences == ()


def test_a_tie() -> None:
    """The second sample differs at its second step, one ulp around the threshold."""
    first = one_layer([[[0.5, 2.0], [0.0, 0.5]], [[0.5, 2.0], [1.0 + ULP, 0.5]]])
    second = one_layer([[[0.5, 2.0], [0.0, 0.5]], [[0.5, 2.0], [1.0, 0.5]]])
    report = explain_divergence(first, second, rules())
    (tie,) = report.ties
    assert (tie.sample, tie.step, tie.layer, tie.neuron, tie.neurons) == (1, 1, "a", (0,), 1)
    assert tie.membranes == (1.0 + ULP, 1.0)
    assert tie.threshold == 1.0
    assert tie.distance == 0.5  # one ulp of 1, where the layer's largest membrane is 2
    assert report.unexplained == ()


def test_a_difference_that_is_no_tie() -> None:
    first, second = one_layer([[[1.001]]]), one_layer([[[1.0]]])
    (divergence,) = explain_divergence(first, second, rules()).unexplained
    assert divergence.distance == pytest.approx(0.001 / (1.001 * ULP), rel=1e-3)
    assert explain_divergence(first, second, rules(), tolerance=1e5).unexplained == ()


def test_the_farthest_neuron_decides() -> None:
    first, second = one_layer([[[1.0 + ULP, 1.5]]]), one_layer([[[1.0, 1.0]]])
    (divergence,) = explain_divergence(first, second, rules()).divergences
    assert divergence.neuron == (1,)
    assert divergence.neurons == 2
    assert not divergence.is_tie


def test_only_the_earliest_layer_is_judged() -> None:
    """Layer b follows a: it differs because a does."""
    zero, one = [[[0.0]]], [[[1.0 + ULP]]]
    first = result({"a": [[[1]]], "b": [[[1]]]}, {"a": one, "b": [[[5.0]]]})
    second = result({"a": [[[0]]], "b": [[[0]]]}, {"a": [[[1.0]]], "b": zero})
    both = {**rules(), "b": FiringRule(np.asarray(1.0))}
    (divergence,) = explain_divergence(first, second, both).divergences
    assert divergence.layer == "a"
    assert divergence.is_tie


def test_threshold_of_each_neuron() -> None:
    first = result({"a": [[[1, 1]]]}, {"a": [[[3.0, 1.0 + ULP]]]})
    second = result({"a": [[[1, 0]]]}, {"a": [[[3.0, 1.0]]]})
    (divergence,) = explain_divergence(first, second, rules([2.0, 1.0])).divergences
    assert (divergence.neuron, divergence.threshold) == ((1,), 1.0)


def test_immediate_subtraction_is_undone() -> None:
    """One neuron fired and holds V - 1, the other holds V."""
    dynamics: dict[str, Any] = {"reset": Reset.SUBTRACT, "reset_timing": ResetTiming.IMMEDIATE}
    silent = result({"a": [[[0]]]}, {"a": [[[1.0]]]})
    tie = result({"a": [[[1]]]}, {"a": [[[ULP]]]})
    far = result({"a": [[[1]]]}, {"a": [[[0.5]]]})
    (divergence,) = explain_divergence(tie, silent, rules(**dynamics)).ties
    assert divergence.membranes == (1.0 + ULP, 1.0)
    assert explain_divergence(far, silent, rules(**dynamics)).unexplained


def test_immediate_reset_to_zero_erases_one_membrane() -> None:
    dynamics: dict[str, Any] = {"reset": Reset.ZERO_AFTER, "reset_timing": ResetTiming.IMMEDIATE}
    fired = result({"a": [[[1]]]}, {"a": [[[0.0]]]})
    near = result({"a": [[[0]]]}, {"a": [[[1.0 - ULP]]]})
    far = result({"a": [[[0]]]}, {"a": [[[0.5]]]})
    (divergence,) = explain_divergence(fired, near, rules(**dynamics)).ties
    assert math.isnan(divergence.membranes[0])
    assert explain_divergence(fired, far, rules(**dynamics)).unexplained


@pytest.mark.parametrize("compare", Compare)
@pytest.mark.parametrize("reset", Reset)
def test_membrane_at_decision(builder, rng, reset, compare) -> None:
    """Undoing an immediate reset gives a membrane that decides as the neuron did."""
    net = builder(4)
    dynamics = {"reset": reset, "reset_timing": ResetTiming.IMMEDIATE, "compare": compare}
    op = net.lif(net.frame, 0.75, 1.0, **dynamics)
    network = net.finish(op.spikes, timesteps=30)
    # Multiples of 1/8 and a power-of-two leak: no step rounds for a while.
    x = rng.integers(-4, 24, (2, 30, 4)) / 8
    recording = ReferenceExecutor(network).run(x, record=True).recording
    assert recording is not None
    (rule,) = firing_rules(network).values()
    assert (rule.reset, rule.reset_timing, rule.compare) == tuple(dynamics.values())
    stored = recording.membranes["neuron0"].astype(np.float64)
    spikes = recording.spikes["neuron0"]
    previous = np.concatenate([np.zeros((2, 1, 4)), stored[:, :-1]], axis=1)
    membrane = rule.membrane_at_decision(previous, stored, spikes)
    known = ~np.isnan(membrane)
    fires = membrane > 1 if compare is Compare.GT else membrane >= 1
    np.testing.assert_array_equal(fires[known], spikes[known])
    assert known.sum() > known.size // 4
