# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far two executions of a network agree, and why they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.dialects.snn_attributes import Compare, Reset, ResetTiming
from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.executors.result import ExecutionResult, Recording
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import SNNError


@dataclass(frozen=True)
class Agreement:
    """How far two executions agree.

    Attributes:
        samples: number of samples compared.
        spike_agreement: fraction of equal spike values over all neurons, steps and samples.
        layer_spike_agreement: the same for each layer.
        spike_jaccard: spikes that both have, divided by spikes that either has; 1 without spikes.
        label_agreement: fraction of samples with the same label.
        score_equality: fraction of samples with exactly the same scores.
        membrane_agreement: fraction of equal membrane values over all layers, steps and samples;
            None unless both executions recorded membranes of the same type.
    """

    samples: int
    spike_agreement: float
    layer_spike_agreement: dict[str, float]
    spike_jaccard: float
    label_agreement: float
    score_equality: float
    membrane_agreement: float | None

    @property
    def is_exact(self) -> bool:
        """Whether spikes, labels and scores are equal, and membranes if they were compared."""
        compared = (self.spike_agreement, self.label_agreement, self.score_equality)
        return min(compared) == 1.0 and self.membrane_agreement in (None, 1.0)


def compare_recordings(a: ExecutionResult, b: ExecutionResult) -> Agreement:
    """Compare two executions of the same input, with recorded spikes.

    Raises:
        SNNError: spikes were not recorded, or the layers differ in name or shape.
    """
    recording_a, recording_b = _recording(a).common(_recording(b))
    spikes_a, spikes_b = recording_a.spikes, recording_b.spikes
    _require_equal_shapes(spikes_a, spikes_b)
    if a.scores.shape != b.scores.shape:
        raise SNNError(f"scores of shapes {a.scores.shape} and {b.scores.shape} do not compare")
    equal, total, shared, either = 0, 0, 0, 0
    layers: dict[str, float] = {}
    for name, first in spikes_a.items():
        second = spikes_b[name]
        layer_equal = int(np.count_nonzero(first == second))
        layers[name] = layer_equal / first.size
        equal, total = equal + layer_equal, total + first.size
        shared += int(np.count_nonzero(first & second))
        either += int(np.count_nonzero(first | second))
    return Agreement(
        samples=len(a.labels),
        spike_agreement=equal / total if total else 1.0,
        layer_spike_agreement=layers,
        spike_jaccard=shared / either if either else 1.0,
        label_agreement=float(np.mean(a.labels == b.labels)),
        score_equality=float(np.mean((a.scores == b.scores).all(axis=1))),
        membrane_agreement=_membrane_agreement(recording_a.membranes, recording_b.membranes),
    )


def _membrane_agreement(a: Mapping[str, NDArray], b: Mapping[str, NDArray]) -> float | None:
    if not a or not b or any(a[name].dtype != b[name].dtype for name in a.keys() & b.keys()):
        return None
    _require_equal_shapes(a, b)
    equal = sum(int(np.count_nonzero(a[name] == b[name])) for name in a)
    return equal / sum(value.size for value in a.values())


@dataclass(frozen=True, eq=False)
class FiringRule:
    """How a layer decides its spikes: from membrane to threshold.

    `threshold` broadcasts to the layer's shape.
    """

    threshold: NDArray
    reset: Reset = Reset.SUBTRACT
    reset_timing: ResetTiming = ResetTiming.DELAYED
    compare: Compare = Compare.GT

    def membrane_at_decision(
        self, previous: NDArray, stored: NDArray, spikes: NDArray[np.bool_]
    ) -> NDArray:
        """The membrane that was compared with the threshold, from the stored ones.

        It is the stored membrane, unless the reset is immediate and changed it. An immediate reset
        to zero loses it: the result is NaN there. `previous` is what the step before stored.
        """
        if self.reset_timing is ResetTiming.DELAYED or self.reset is Reset.NONE:
            return stored
        compare = np.greater if self.compare is Compare.GT else np.greater_equal
        change = spikes.astype(stored.dtype) - compare(previous, self.threshold)
        if self.reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED):
            return stored + change * self.threshold
        return np.where(change == 1, np.nan, stored / np.where(change == 1, 1, 1 - change))


def firing_rules(network: NetworkOpBase) -> dict[str, FiringRule]:
    """The firing rule of each spiking layer of an `snn` network, by layer name."""
    return {
        name: FiringRule(
            array_from_dense(op.threshold), op.reset.data, op.reset_timing.data, op.compare.data
        )
        for op, name in layer_names(network).items()
        if isinstance(op, SpikingNeuronBase)
    }


@dataclass(frozen=True)
class Divergence:
    """Where two executions of one sample have different spikes for the first time.

    Several neurons of the layer may differ at that step; the one reported is the one farthest from
    its threshold, so that `is_tie` holds for all of them.

    Attributes:
        sample, step, layer, neuron: the place; `neuron` is an index into the layer's shape.
        neurons: how many neurons of the layer differ at that step.
        membranes: what either execution compared with the threshold; NaN where a reset erased it.
        distance: the larger distance of the two from the threshold, in units of the float32
            rounding error at the layer's magnitude (see `explain_divergence`).
        is_tie: whether the distance is within the tolerance.
    """

    sample: int
    step: int
    layer: str
    neuron: tuple[int, ...]
    neurons: int
    membranes: tuple[float, float]
    threshold: float
    distance: float
    is_tie: bool


@dataclass(frozen=True)
class DivergenceReport:
    """The first divergence of each sample whose spikes differ, in the order of samples."""

    samples: int
    divergences: tuple[Divergence, ...]

    @property
    def ties(self) -> tuple[Divergence, ...]:
        """Divergences that the order of float summation explains."""
        return tuple(each for each in self.divergences if each.is_tie)

    @property
    def unexplained(self) -> tuple[Divergence, ...]:
        """Divergences that are none: the two executions compute something else."""
        return tuple(each for each in self.divergences if not each.is_tie)


def explain_divergence(
    a: ExecutionResult,
    b: ExecutionResult,
    rules: Mapping[str, FiringRule],
    tolerance: float = 16.0,
) -> DivergenceReport:
    """Find where the spikes of two float executions differ first, and whether a tie explains it.

    A layer that sums in another order gets currents that differ in their last bits, and a membrane
    that is about at its threshold then spikes in one execution only. That is a tie: in both,

        |membrane - threshold| <= tolerance * 2**-23 * magnitude

    where the magnitude is the largest of the threshold and of the absolute membranes that the layer
    had in this sample so far, in either execution, because rounding errors are relative to the
    largest numbers that were summed. Later differences follow from the first and are not judged.

    Args:
        a, b: executions of the same input with everything recorded.
        rules: how each spiking layer fires (`firing_rules`).

    Raises:
        SNNError: spikes or membranes were not recorded, or the layers differ in name or shape.
    """
    first, second = _recording(a), _recording(b)
    _require_equal_shapes(first.spikes, second.spikes)
    _require_equal_shapes(first.membranes, second.membranes)
    if not first.spikes.keys() <= first.membranes.keys() & rules.keys():
        raise SNNError("a divergence is explained from recorded membranes and firing rules")
    divergences = []
    for sample in range(len(a.labels)):
        place = _first_difference(first, second, sample)
        if place is not None:
            step, layer = place
            rule = rules[layer]
            divergences.append(_judge(first, second, sample, step, layer, rule, tolerance))
    return DivergenceReport(len(a.labels), tuple(divergences))


def _first_difference(a: Recording, b: Recording, sample: int) -> tuple[int, str] | None:
    """The first step with different spikes and the first layer, in program order, that has them."""
    earliest: tuple[int, str] | None = None
    for layer in a.spikes:
        differs = a.spikes[layer][sample] != b.spikes[layer][sample]
        steps = np.flatnonzero(differs.reshape(len(differs), -1).any(axis=1))
        if steps.size and (earliest is None or steps[0] < earliest[0]):
            earliest = int(steps[0]), layer
    return earliest


def _judge(
    a: Recording,
    b: Recording,
    sample: int,
    step: int,
    layer: str,
    rule: FiringRule,
    tolerance: float,
) -> Divergence:
    """Describe the difference at a place."""
    both = [_decisions(recording, sample, step, layer, rule) for recording in (a, b)]
    differs = a.spikes[layer][sample, step] != b.spikes[layer][sample, step]
    threshold = np.broadcast_to(rule.threshold, differs.shape).astype(np.float64)
    distances = [np.abs(membrane - threshold) for membrane in both]
    # An erased membrane is NaN; the other execution, which did not spike, decides alone.
    distance = np.where(differs, np.fmax(*distances), -1.0)
    neuron = np.unravel_index(int(np.argmax(distance)), differs.shape)
    history = [recording.membranes[layer][sample, : step + 1] for recording in (a, b)]
    magnitude = max(*(float(np.abs(each).max()) for each in history), abs(float(threshold[neuron])))
    unit = float(np.finfo(np.float32).eps) * magnitude
    in_units = float(distance[neuron]) / unit if unit else float(distance[neuron] > 0) * np.inf
    return Divergence(
        sample=sample,
        step=step,
        layer=layer,
        neuron=tuple(int(index) for index in neuron),
        neurons=int(np.count_nonzero(differs)),
        membranes=(float(both[0][neuron]), float(both[1][neuron])),
        threshold=float(threshold[neuron]),
        distance=in_units,
        is_tie=in_units <= tolerance,
    )


def _decisions(
    recording: Recording, sample: int, step: int, layer: str, rule: FiringRule
) -> NDArray[np.float64]:
    """The membranes of a layer that decided its spikes at a step."""
    membranes = recording.membranes[layer][sample].astype(np.float64)
    previous = membranes[step - 1] if step else np.zeros_like(membranes[0])
    return rule.membrane_at_decision(
        previous, membranes[step], recording.spikes[layer][sample, step]
    )


def _recording(result: ExecutionResult) -> Recording:
    if result.recording is None:
        raise SNNError("the execution was not recorded")
    return result.recording


def _require_equal_shapes(a: Mapping[str, NDArray], b: Mapping[str, NDArray]) -> None:
    shapes_a = {name: value.shape for name, value in a.items()}
    shapes_b = {name: value.shape for name, value in b.items()}
    if shapes_a != shapes_b:
        raise SNNError(f"recordings of different layers do not compare: {shapes_a}, {shapes_b}")
