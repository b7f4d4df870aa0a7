# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The levels of a network that can be executed, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from xdsl.ir import Operation

from snnir.backends.targets import TargetDescription, get_target
from snnir.costs.features import Presentation
from snnir.data.network_inputs import integer_input
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.driver.files import network_of
from snnir.driver.lowering import LoweredNetwork
from snnir.driver.pipelines import LoweringOptions
from snnir.driver.removed_channels import kept_channels, restore_channels
from snnir.executors.result import ExecutionResult
from snnir.support.diagnostics import SNNError

if TYPE_CHECKING:
    from snnir.executors.native import Measurements, NativeExecutor

LevelName = Literal["snn", "compressed", "qsnn", "kernels", "host", "qemu"]
LEVELS: tuple[LevelName, ...] = ("snn", "compressed", "qsnn", "kernels", "host", "qemu")
LEVELS_IN_C: tuple[LevelName, ...] = ("host", "qemu")

EMULATED_TARGET = "mps2-an500"
"""The target of the level `qemu` unless another one is named."""

RECORDING_BYTES = 96 << 20
"""What the recording of one batch of samples at one level may take."""

LARGEST_BATCH = 32

_RECORDED_BYTES_PER_NEURON = 5
"""A spike and a membrane, for each step."""

Record = Literal["none", "all"]


@dataclass(frozen=True)
class Level:
    """One level of a network, ready to run.

    Attributes:
        run: executes samples (samples, timesteps, *shape) as the user gives them, in one batch,
            and keeps nothing or all spikes and membranes; channels that were removed because they
            never fire are there, and those that were added are not.
        native: the executor of a level that is C.
    """

    name: str
    run: Callable[[NDArray, Record], ExecutionResult]
    native: NativeExecutor | None = None

    def measure(self, x: NDArray) -> tuple[ExecutionResult, Measurements | None]:
        """Run without recording, which is how instructions are counted."""
        result = self.run(x, "none")
        return result, None if self.native is None else self.native.measurements


def open_level(
    name: LevelName,
    lowered: LoweredNetwork,
    target: TargetDescription | None = None,
    cmsis_nn: Path | None = None,
    options: LoweringOptions | None = None,
    input_as: Presentation = "frames",
) -> Level:
    """Prepare one level of a network for execution.

    Args:
        target: what to build for at the level `qemu`.
        options: whose limits for RAM and flash hold at the level `qemu`, where code is measured.
        input_as: how C is given each step.

    Raises:
        SNNError: the network was written at a lower level, the toolchain is missing, or a limit is
            not kept.
    """
    if name not in LEVELS:
        raise SNNError(f"there is no level '{name}'; levels are {', '.join(LEVELS)}")
    if name == "snn":
        if lowered.snn is None:
            raise SNNError("the network is written in integers and has no level snn")
        return _in_torch(name, network_of(lowered.snn), as_integers=False)
    if name == "compressed":
        if lowered.compressed is None:
            raise SNNError(
                "the network has no level compressed: name passes on the snn level with --pipeline "
                "or --compress"
            )
        return _in_torch(name, network_of(lowered.compressed), as_integers=False)
    if name == "qsnn":
        return _in_torch(name, lowered.integers, as_integers=True)
    if name == "kernels":
        return _in_numpy(lowered)
    chosen = get_target("host") if name == "host" else target or get_target(EMULATED_TARGET)
    executor = _executor(lowered, chosen, cmsis_nn, options or LoweringOptions())
    return _in_c(name, lowered, executor, input_as)


def _in_torch(name: str, network: NetworkOpBase, *, as_integers: bool) -> Level:
    from snnir.executors.torch_executor import TorchExecutor

    executor = TorchExecutor(network)
    kept = kept_channels(network, network)

    def run(x: NDArray, record: Record) -> ExecutionResult:
        presented = integer_input(network, x) if as_integers else x
        return restore_channels(executor.run(presented, batch=len(x), record=record), kept)

    return Level(name, run)


def _in_numpy(lowered: LoweredNetwork) -> Level:
    from snnir.executors.kernel_executor import KernelExecutor

    network = lowered.network
    assert isinstance(network, snnrt.NetworkOp)
    executor = KernelExecutor(network)

    def run(x: NDArray, record: Record) -> ExecutionResult:
        result = executor.run(integer_input(network, x), record=record == "all")
        return restore_channels(result, lowered.kept_channels)

    return Level("kernels", run)


def _executor(
    lowered: LoweredNetwork,
    target: TargetDescription,
    cmsis_nn: Path | None,
    options: LoweringOptions,
) -> NativeExecutor:
    """What runs C on the target; the build keeps to the limits of the options."""
    from snnir.executors.native import NativeExecutor

    network = lowered.network
    executor = NativeExecutor(lowered.kernels, target, cmsis_nn=cmsis_nn)
    if executor.footprint is not None:
        assert isinstance(network, snnrt.NetworkOp)
        executor.footprint.check(network, options.ram_limit, options.flash_limit)
    return executor


def _in_c(
    name: str, lowered: LoweredNetwork, executor: NativeExecutor, input_as: Presentation
) -> Level:
    def run(x: NDArray, record: Record) -> ExecutionResult:
        presented = integer_input(lowered.network, x)
        result = executor.run(presented, record=record, events=input_as == "events")
        return restore_channels(result, lowered.kept_channels)

    return Level(name, run, executor)


def batches(network: NetworkOpBase, samples: int, progress: bool) -> Iterator[slice]:
    """Cut samples into batches whose recordings fit `RECORDING_BYTES`, with a progress bar.

    The bar is on standard error, and only where that is a terminal.
    """
    neurons = sum(map(_neurons_of, layer_names(network)))
    steps = network.timesteps.value.data
    sample_bytes = max(neurons * steps * _RECORDED_BYTES_PER_NEURON, 1)
    batch = min(max(RECORDING_BYTES // sample_bytes, 1), LARGEST_BATCH)
    with tqdm(total=samples, unit="sample", disable=None if progress else True) as bar:
        for start in range(0, samples, batch):
            stop = min(start + batch, samples)
            yield slice(start, stop)
            bar.update(stop - start)


def _neurons_of(op: Operation) -> int:
    """The number of neurons of a layer at any level."""
    if isinstance(op, snnrt.PackedNeuronsBase):
        return element_count(op.spikes_shape)
    if isinstance(op, snnrt.LIFOp | snnrt.LIOp | snnrt.AlphaOp):
        return element_count(buffer_shape(op.membrane.type))
    return element_count(shape_of(op.results[0].type))


def take_samples(result: ExecutionResult, rows: NDArray[np.int64]) -> ExecutionResult:
    """Return the part of an execution that belongs to some samples."""
    recording = result.recording
    if recording is not None:
        recording = type(recording)(
            {name: values[rows] for name, values in recording.spikes.items()},
            {name: values[rows] for name, values in recording.membranes.items()},
            recording.computed,
            recording.removed,
        )
    return ExecutionResult(result.scores[rows], result.labels[rows], recording)
