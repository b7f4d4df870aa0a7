# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a network in a given way, proves it equal to its integers, and counts instructions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from synaptic_operations import synaptic_operations
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64

from snnir.backends.targets import HOST, MPS2_AN500, TargetDescription
from snnir.costs.goals import Goal
from snnir.data import Dataset
from snnir.data.network_inputs import integer_input
from snnir.driver.bit_exactness import Difference, first_difference, first_unequal_score
from snnir.driver.files import level_of, network_of
from snnir.driver.lowering import quantize
from snnir.driver.pipelines import (
    MEMORY_PLANNING,
    LoweringOptions,
    apply_pipeline,
    static_input,
)
from snnir.driver.removed_channels import kept_channels, restore_channels
from snnir.executors.native import Measurements, NativeExecutor
from snnir.executors.result import ExecutionResult
from snnir.executors.torch_executor import TorchExecutor
from snnir.support.diagnostics import DiagnosticEngine

BATCH = 10
"""Samples whose spikes and membranes are in memory at a time."""


class CountingExecutor(NativeExecutor):
    """A `NativeExecutor` that also keeps the instructions of each sample of the last run.

    Attributes:
        counts: int64 (samples, 2): instructions of all steps, and of the longest step.
    """

    counts: NDArray[np.int64]

    def _measure(self, outputs: list[Any], counts: NDArray[np.int64]) -> Measurements:
        self.counts = counts
        return super()._measure(outputs, counts)


@dataclass(frozen=True)
class Compiled:
    """A network in integers, and the same one as kernels.

    Attributes:
        integers: at the `qsnn` level, before anything was removed: the reference.
        simplified: at the `qsnn` level, without channels that never fire.
        kernels: with planned memory.
        pipeline: the passes between the last two.
    """

    integers: ModuleOp
    simplified: ModuleOp
    kernels: ModuleOp
    pipeline: str


@dataclass(frozen=True)
class Counts:
    """What a program takes on the Cortex-M7. Instructions are exact.

    Attributes:
        instructions: of a step, mean over all steps.
        worst_sample: of a step, mean over the steps of the sample that takes most.
        worst_step: of the longest step.
        per_inference: of all steps of a sample, mean.
        ram_bytes: with the deepest stack seen.
    """

    samples: int
    steps: int
    instructions: float
    worst_sample: float
    worst_step: int
    per_inference: float
    ram_bytes: int
    flash_bytes: int


def with_timesteps(module: ModuleOp, steps: int) -> ModuleOp:
    """A copy of a module for other time bins."""
    copy = module.clone()
    network_of(copy).properties["timesteps"] = IntegerAttr(steps, i64)
    return copy


@contextmanager
def data_file(data: Dataset) -> Iterator[Path]:
    """A file with data that passes can read, as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="snnir-benchmark-") as folder:
        path = Path(folder) / "calibration.npz"
        arrays = {"x": data.x} if data.y is None else {"x": data.x, "y": data.y}
        np.savez(path, **arrays)  # type: ignore[arg-type]
        yield path


def to_integers(
    module: ModuleOp, calibration: Dataset, options: LoweringOptions | None = None
) -> ModuleOp:
    """A copy of a module in integers, with activity and range of the input measured on data."""
    copy = module.clone()
    if level_of(network_of(copy)) == "snn":
        with data_file(calibration) as path, DiagnosticEngine():
            apply_pipeline(copy, f'snn-measure-activity{{calibration="{path}"}}')
            quantize(copy, options or LoweringOptions(), calibration)
    return copy


def to_kernels(
    integers: ModuleOp,
    pipeline: str,
    simplification: str = "qsnn-prune-silent",
    goal: Goal | None = None,
) -> Compiled:
    """Lower integers by passes that end in kernels; memory is planned for the emulated board.

    Args:
        goal: the one that the passes for a static input follow.
    """
    with DiagnosticEngine():
        simplified = integers.clone()
        apply_pipeline(simplified, simplification)
        kernels = simplified.clone()
        board = f"{{target={MPS2_AN500.name}}}"
        hoisting = static_input(LoweringOptions(optimize=goal, target=MPS2_AN500.name))
        apply_pipeline(kernels, f"{pipeline},{hoisting},{MEMORY_PLANNING}{board}")
    return Compiled(integers, simplified, kernels, pipeline)


def presented(compiled: Compiled, x: NDArray) -> NDArray:
    """Samples as the integers that a network takes."""
    return integer_input(network_of(compiled.integers), x)


def reference(integers: ModuleOp, module: ModuleOp, x: NDArray) -> tuple[ExecutionResult, float]:
    """Scores of a network in integers, and its synaptic operations in a mean step.

    Args:
        module: the same network at the `snn` level, which tells what each layer reads.
    """
    network = network_of(integers)
    parts: list[ExecutionResult] = []
    operations = 0.0
    for start in range(0, len(x), BATCH):
        rows = integer_input(network, x[start : start + BATCH])
        part = TorchExecutor(network).run(rows, record="spikes")
        assert part.recording is not None
        counts = synaptic_operations(network_of(module), rows, part.recording)
        operations += len(rows) / len(x) * sum(counts.values())
        parts.append(part)
    scores = np.concatenate([part.scores for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    return ExecutionResult(scores, labels), operations


def spread(x: NDArray, samples: int) -> NDArray:
    """So many samples, evenly from the first to the last: recordings are ordered by class."""
    return x[np.linspace(0, len(x) - 1, min(samples, len(x))).round().astype(int)]


def traced_difference(
    compiled: Compiled, executor: NativeExecutor, x: NDArray, *, events: bool
) -> Difference | None:
    """The first spike, membrane or score in which C and integers differ, over all layers."""
    integers = network_of(compiled.integers)
    kept = kept_channels(integers, network_of(compiled.simplified))
    for start in range(0, len(x), BATCH):
        rows = presented(compiled, x[start : start + BATCH])
        expected = TorchExecutor(integers).run(torch.from_numpy(rows), record="all")
        got = restore_channels(executor.run(rows, record="all", events=events), kept)
        if (difference := first_difference(expected, got)) is not None:
            return difference
    return None


def count(
    executor: CountingExecutor, x: NDArray, *, events: bool
) -> tuple[ExecutionResult, Counts]:
    """Run samples in the emulator and count; `x` in the integers that the network takes."""
    result = executor.run(x, events=events)
    measured = executor.measurements
    steps = measured.steps // len(x)
    totals = executor.counts[:, 0]
    return result, Counts(
        len(x), steps, float(totals.sum() / measured.steps), float(totals.max() / steps),
        int(executor.counts[:, 1].max()), float(totals.mean()),
        measured.ram_bytes or 0, measured.flash_bytes or 0,
    )  # fmt: skip


def open_executor(compiled: Compiled, target: TargetDescription = MPS2_AN500) -> CountingExecutor:
    """Build a program."""
    return CountingExecutor(compiled.kernels, target)


def host_labels(compiled: Compiled, x: NDArray) -> NDArray[np.int64]:
    """Labels of many samples by the same C on this computer."""
    executor = NativeExecutor(compiled.kernels, HOST)
    parts = [
        executor.run(presented(compiled, x[start : start + 50])).labels
        for start in range(0, len(x), 50)
    ]
    return np.concatenate(parts)


def verdict(differences: list[Difference | None]) -> str:
    """What a table says of bit-exactness."""
    found = [difference for difference in differences if difference is not None]
    return f"NO: {found[0]}" if found else "yes"


def unequal_score(expected: ExecutionResult, got: ExecutionResult) -> Difference | None:
    """The first score in which two executions differ."""
    return first_unequal_score(expected, got)
