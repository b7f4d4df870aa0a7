# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir run`: one level of a network on data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import get_target
from snnir.costs.features import Presentation
from snnir.data import Dataset
from snnir.data.network_inputs import load_samples
from snnir.driver.files import level_of, network_of, read_network
from snnir.driver.fitting import lower_within_limits
from snnir.driver.levels import EMULATED_TARGET, LevelName, batches, open_level
from snnir.driver.lowering import LoweredNetwork, compress
from snnir.driver.measured_cost import Cost, check_presentation, cost_lines, prediction
from snnir.driver.pipelines import LoweringOptions, for_target
from snnir.driver.tables import format_table, percent
from snnir.executors.result import (
    ExecutionResult,
    Recording,
    RecordMode,
    count_undecided,
    undecided_text,
)
from snnir.support.atomic import PathLike, atomic_write
from snnir.support.diagnostics import SNNError


@dataclass(frozen=True)
class RunReport:
    """What one level computed.

    Attributes:
        scores: (samples, classes), int64 or float64.
        labels: (samples,), the class with the highest score.
        accuracy: None for data without labels.
        spike_rates: spikes of a neuron and step, averaged, by layer.
        cost: instructions and bytes where they were measured.
        recording: neuron layers at every step, if it was asked for.
    """

    level: str
    scores: NDArray
    labels: NDArray[np.int64]
    accuracy: float | None
    spike_rates: dict[str, float]
    cost: dict[str, Any]
    recording: Recording | None = None

    def to_json(self) -> dict[str, Any]:
        """The report as plain values, without scores and recording."""
        accuracy = {} if self.accuracy is None else {"accuracy": self.accuracy}
        return {
            "level": self.level,
            "samples": len(self.labels),
            **accuracy,
            "labels": self.labels.tolist(),
            "spike_rates": self.spike_rates,
            **self.cost,
        }

    def lines(self) -> list[str]:
        """The report for the screen, without labels and scores."""
        rates = [(name, percent(rate)) for name, rate in self.spike_rates.items()]
        lines = [f"level     {self.level}", f"samples   {len(self.labels)}"]
        if self.accuracy is not None:
            lines.append(f"accuracy  {percent(self.accuracy)}")
        if undecided := count_undecided(self.scores):
            lines.append(f"undecided {undecided_text(undecided, len(self.labels))}")
        lines += ["", *format_table(("layer", "spikes of a neuron and step"), rates)]
        return [*lines, *cost_lines("measured", self.cost)]

    def write(self, path: PathLike) -> None:
        """Write `scores` and `labels` to a `.npz` file, and what was recorded: `spikes/<layer>`,
        `membranes/<layer>`, and `computed/<layer>` where that is not all of a layer; see
        `Recording`. Raises `SNNError` when that fails.
        """
        arrays: dict[str, Any] = {"scores": self.scores, "labels": self.labels}
        if self.recording is not None:
            arrays |= _named(self.recording)
        with atomic_write(path, binary=True) as stream:
            np.savez_compressed(stream, **arrays)


def _named(recording: Recording) -> dict[str, NDArray]:
    kinds = {
        "spikes": recording.spikes,
        "membranes": recording.membranes,
        "computed": recording.computed,
    }
    return {f"{kind}/{name}": each for kind, of in kinds.items() for name, each in of.items()}


def run(
    network: ModuleOp | PathLike,
    data: Dataset | PathLike,
    *,
    bins: int | None = None,
    limit: int | None = None,
    level: LevelName = "snn",
    options: LoweringOptions | None = None,
    cmsis_nn: Path | None = None,
    input_as: Presentation = "frames",
    record: RecordMode = "none",
    progress: bool = False,
) -> RunReport:
    """Run one level of a network on all samples.

    Args:
        network: a module, or the path of a `.mlir` file.
        data: samples, or the text that names them (`snnir.data.load_data`).
        bins: time bins for recordings of events; as many as the network has steps by default.
        limit: number of samples, class-balanced.
        input_as: how levels that are C are given each step: as a frame, or as a list of events.
        record: what of the neuron layers at every step the report keeps, for all samples.

    Returns:
        Scores, labels, accuracy, mean spike rates by layer, costs where they were measured, and
        what was recorded.

    Raises:
        SNNError: the network cannot be lowered to the level, or the data do not fit it.
    """
    module = network if isinstance(network, ModuleOp) else read_network(network)
    op = network_of(module)
    check_presentation(op, input_as)
    samples = load_samples(op, data, bins, limit)
    lowered, options = _lowered_to(level, module, samples, options or LoweringOptions(), cmsis_nn)
    executor = open_level(level, lowered, cmsis_nn=cmsis_nn, options=options, input_as=input_as)
    tally = _Tally(record)
    cost = Cost(op.timesteps.value.data, input_as)
    if executor.native is not None:
        cost.predicted = prediction(lowered, options)
    for part in batches(op, len(samples), progress):
        tally.add(executor.run(samples.x[part], "all"))
        if executor.native is not None:
            cost.add(executor.measure(samples.x[part])[1])
    scores = np.concatenate(tally.scores)
    labels = np.argmax(scores, axis=1).astype(np.int64)
    accuracy = None if samples.y is None else float(np.mean(labels == samples.y))
    return RunReport(
        level, scores, labels, accuracy, tally.spike_rates(), cost.to_json(), tally.recording()
    )


def _lowered_to(
    level: LevelName,
    module: ModuleOp,
    samples: Dataset,
    options: LoweringOptions,
    cmsis_nn: Path | None,
) -> tuple[LoweredNetwork, LoweringOptions]:
    """What a level executes, and the options with the limits of its target."""
    op = network_of(module)
    if level == "snn" and op.name != "snn.network":
        below = "qsnn, kernels, host or qemu" if level_of(op) == "qsnn" else "kernels, host or qemu"
        raise SNNError(
            f"the network is written as {op.name} and has no level snn; run the level {below}"
        )
    if level == "snn":
        return LoweredNetwork(module, None, module), options
    if level == "compressed":
        # What the passes leave needs no integer form to be executed.
        pipeline = options.pipeline
        compressed = None if pipeline is None else compress(module.clone(), pipeline)
        return LoweredNetwork(module, None, module, compressed), options
    target = get_target(EMULATED_TARGET if level == "qemu" else "host")
    if options.memory_limits or options.copy_constants:
        options = for_target(options, get_target(EMULATED_TARGET))
    return lower_within_limits(module, options, samples, target, cmsis_nn), options


class _Tally:
    """Scores, spike counts and recordings of batches."""

    def __init__(self, record: RecordMode) -> None:
        self.scores: list[NDArray] = []
        self._record = record
        self._kept: list[Recording] = []
        self._spikes: dict[str, int] = {}
        self._chances: dict[str, int] = {}

    def add(self, result: ExecutionResult) -> None:
        self.scores.append(result.scores)
        assert result.recording is not None
        if self._record == "all":
            self._kept.append(result.recording)
        elif self._record == "spikes":
            self._kept.append(replace(result.recording, membranes={}))
        for name, spikes in result.recording.spikes.items():
            fired = int(np.count_nonzero(spikes))
            self._spikes[name] = self._spikes.get(name, 0) + fired
            self._chances[name] = self._chances.get(name, 0) + spikes.size

    def recording(self) -> Recording | None:
        """What was recorded of all samples, or None."""
        if not self._kept:
            return None
        first, *_ = self._kept

        def joined(parts: list[dict[str, NDArray]]) -> dict[str, NDArray]:
            return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

        return replace(
            first,
            spikes=joined([each.spikes for each in self._kept]),
            membranes=joined([each.membranes for each in self._kept]),
        )

    def spike_rates(self) -> dict[str, float]:
        return {name: count / self._chances[name] for name, count in self._spikes.items()}
