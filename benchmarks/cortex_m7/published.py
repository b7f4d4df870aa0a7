# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The published convolutional N-MNIST network on real recordings, and compressed forms of it.

Recordings are ordered by class and name. Every other one is for calibration: range and density of
the input and activity are measured there. The others are for the test.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from call_profile import ProfilingExecutor
from goals import (
    COMPRESSED_GOALS,
    GOALS,
    NETWORK_GOALS,
    Goal,
    Limits,
    pipeline_of,
    simplification_of,
)
from measuring import (
    Compiled,
    count,
    host_labels,
    open_executor,
    presented,
    reference,
    spread,
    to_integers,
    to_kernels,
    traced_difference,
    unequal_score,
    verdict,
    with_timesteps,
)
from report import Row
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset, load_nmnist
from snnir.data.locations import shared_folder
from snnir.dialects.snn import InputKind
from snnir.driver.files import network_of, read_network
from snnir.driver.pipelines import LoweringOptions
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch
from snnir.support.diagnostics import SNNError

BINS = (50, 300)
CALIBRATION_SAMPLES = 100
TRACED_SAMPLES = 5
"""Recordings on which every spike of every layer is compared."""
PROFILED_SAMPLES = 20


@dataclass(frozen=True)
class Recordings:
    """Real recordings in some number of bins."""

    calibration: Dataset
    test: Dataset


def shared() -> Path:
    """The folder with networks and recordings; ends the program where there is none."""
    folder = shared_folder()
    if folder is None:
        sys.exit("the folder with networks and recordings is missing; set SNNIR_SHARED")
    return folder


@cache
def recordings(bins: int) -> Recordings:
    """All real recordings in two halves."""
    data = load_nmnist(shared() / "data" / "NMNIST" / "Train", bins)
    halves = [
        Dataset(data.x[first::2], data.labels()[first::2], f"{name} half of {data.name}")
        for first, name in ((0, "calibration"), (1, "test"))
    ]
    return Recordings(*halves)


@cache
def published_network(bins: int) -> ModuleOp:
    """The network as published, in other bins."""
    folder = shared() / "models" / "nmnist_scnn"
    module = load_module(f"{folder / 'model.py'}:build", folder / "weights.pt")
    return from_snntorch(module, torch.zeros(1, 2, 34, 34), bins, name="nmnist_scnn")


def log(text: str) -> None:
    """Say how far the benchmark has come."""
    print(text, file=sys.stderr, flush=True)


def as_taken(module: ModuleOp, data: Dataset) -> Dataset:
    """Data as a network takes them: counts, or 1 where there was any event."""
    if network_of(module).input.data is not InputKind.BINARY_FRAMES:
        return data
    return Dataset(np.minimum(data.x, 1), data.y, data.name)


class Subject:
    """One network with recordings in its number of bins."""

    def __init__(self, section: str, name: str, module: ModuleOp, samples: int):
        self.section, self.name, self.module = section, name, module
        self.bins = network_of(module).timesteps.value.data
        both = recordings(self.bins)
        self.test = as_taken(module, both.test)
        self.tested = self.test.take(samples)
        binary = network_of(module).input.data is InputKind.BINARY_FRAMES
        options = LoweringOptions(input_maximum=1 if binary else None)
        calibration = as_taken(module, both.calibration.take(CALIBRATION_SAMPLES))
        self.integers = to_integers(module, calibration, options)
        self.reference, self.synapses = reference(self.integers, module, self.tested.x)

    def rows(self, goal: Goal, limits: Limits | None, *, accuracy: bool) -> Iterator[Row]:
        """What a goal gives, with events and with frames, and the profile of the calls."""
        compiled = self._compiled(goal, limits)
        executor = open_executor(compiled)
        x = presented(compiled, self.tested.x)
        traced = spread(self.tested.x, TRACED_SAMPLES)
        correct = None
        if accuracy:
            correct = float(np.mean(host_labels(compiled, self.test.x) == self.test.labels()))
        for events in (True, False):
            result, counts = count(executor, x, events=events)
            unequal = unequal_score(self.reference, result)
            exact = verdict([traced_difference(compiled, executor, traced, events=events), unequal])
            row = Row(
                self.section, self.name, f"optimize={goal}", "events" if events else "frames",
                counts, synapses=self.synapses, bit_exact=exact, limits=limits,
                accuracy=correct, accuracy_samples=len(self.test), pipeline=compiled.pipeline,
            )  # fmt: skip
            log(f"{self.name}, {self.bins} bins, {goal}: {row.summary()}")
            yield row
        yield from self._profile(compiled, goal)

    def _compiled(self, goal: Goal, limits: Limits | None) -> Compiled:
        """Within the limits if that is possible."""
        try:
            simplification = simplification_of(goal, self.integers, limits)
            return to_kernels(self.integers, pipeline_of(goal, limits), simplification)
        except SNNError as error:
            log(f"{self.name}, {goal}: {error}; compiled without limits")
            return to_kernels(
                self.integers, pipeline_of(goal), simplification_of(goal, self.integers)
            )

    def _profile(self, compiled: Compiled, goal: Goal) -> Iterator[Row]:
        executor = ProfilingExecutor(compiled)
        rows = presented(compiled, spread(self.tested.x, PROFILED_SAMPLES))
        executor.run(rows, events=True)
        for call, instructions in executor.per_step().items():
            yield Row(
                "profile", self.name, f"optimize={goal}", "events", None, call=call,
                steps=self.bins, samples=len(rows), instructions=instructions,
            )  # fmt: skip


def published_rows(samples: int, bins: Sequence[int] = BINS) -> Iterator[Row]:
    """The network as published, for all goals."""
    for each in bins:
        subject = Subject("published", "nmnist_scnn", published_network(each), samples)
        for goal in GOALS:
            yield from subject.rows(goal, NETWORK_GOALS[goal], accuracy=goal == "speed")


def compressed_rows(named: Sequence[str], samples: int) -> Iterator[Row]:
    """Networks in files `NAME=FILE.mlir`, or with `@BINS` behind the file in other bins."""
    for text in named:
        name, _, file = text.partition("=")
        path, _, bins = file.partition("@")
        module = read_network(Path(path))
        if bins:
            module = with_timesteps(module, int(bins))
        subject = Subject("compressed", name, module, samples)
        for goal in COMPRESSED_GOALS:
            yield from subject.rows(goal, COMPRESSED_GOALS[goal], accuracy=True)
