# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Size, accuracy and cost of one compressed N-MNIST network, down to the Cortex-M7.

Networks are compiled with kernels that the compiler selects for a goal. Range and density of the
input and the activity are measured on the calibration half of the real recordings; the program gets
lists of events. What counts instructions is that of `benchmarks/cortex_m7`.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from common import cached_arrays, log
from emulated import (
    Compiled,
    ProfilingExecutor,
    count,
    host_labels,
    open_executor,
    presented,
    spread,
    traced_difference,
    verdict,
)
from nmnist_networks import CACHE, as_presented, real_recordings, snn_network
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import MPS2_AN500
from snnir.calibration import record_activity
from snnir.calibration.activity import Activity, measure_activity
from snnir.costs.goals import Goal
from snnir.data import Dataset
from snnir.data.dataset import balanced_subset
from snnir.data.network_inputs import integer_input
from snnir.dialects import snn
from snnir.driver.bit_exactness import first_unequal_score
from snnir.driver.files import network_of
from snnir.driver.levels import open_level
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions
from snnir.executors.torch_executor import TorchExecutor
from snnir.layers.affine import AFFINE_OPS
from snnir.layers.counts import count_network, macs_of
from snnir.support.diagnostics import DiagnosticEngine, SNNError

TRACED_SAMPLES = 5
"""Recordings on which every spike and membrane is compared; scores are compared on all."""
PROFILED_SAMPLES = 10
ACTIVITY_SAMPLES = 100


@dataclass(frozen=True)
class Size:
    """What a network at the `snn` level consists of and does.

    Attributes:
        channels: of each spiking layer, joined by `-`.
        macs: dense multiply-accumulates of one step.
        synaptic_operations: multiply-accumulates of one step with inputs that are not zero; those
            at the borders, which reach fewer outputs, count in full.
    """

    channels: str
    parameters: int
    macs: int
    synaptic_operations: float
    hidden_spikes: float


def size_of(module: ModuleOp, data: Dataset, activity: Activity | None = None) -> Size:
    """Size of a network and its work on data, or as `activity` says that it is."""
    network, data = snn_network(module), as_presented(module, data)
    counts = count_network(network)
    activity = activity or measure_activity(network, data)
    densities = [float(np.mean(data.x > 0)), *(each.rate for each in activity.layers.values())]
    layers = [op for op in network.body.block.ops if isinstance(op, AFFINE_OPS)]
    operations = sum(macs_of(op) * density for op, density in zip(layers, densities, strict=False))
    hidden = list(activity.layers.values())[:-1]
    return Size(
        "-".join(str(len(layer.spikes)) for layer in activity.layers.values()),
        counts.parameters,
        counts.macs,
        operations,
        sum(int(layer.spikes.sum()) for layer in hidden) / len(data) / activity.timesteps,
    )


@dataclass(frozen=True)
class Limits:
    """Most bytes of RAM, with stack, and of flash, that kernels are selected for."""

    ram_bytes: int | None = None
    flash_bytes: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Binary:
    """A network as C: what the program for the Cortex-M7 costs, and what it decides.

    Attributes:
        accuracy: of the C program on this computer, on all samples.
        exact: whether C equals the integer network bit for bit on the samples of the emulator.
        instructions: of one step, exact, on average over these samples.
        worst_recording: of a step, on average over the sample that takes most.
        worst_step: of the longest step.
        flash, ram: bytes; the RAM includes the stack.
    """

    accuracy: float
    samples: int
    timesteps: int
    instructions: float
    worst_recording: float
    worst_step: int
    flash: int
    ram: int
    exact: bool
    emulated: int

    @property
    def inference(self) -> float:
        """Instructions of an inference."""
        return self.instructions * self.timesteps


def lowering_options(module: ModuleOp) -> LoweringOptions:
    """Options that depend on the network alone."""
    binary = network_of(module).input.data is snn.InputKind.BINARY_FRAMES
    return LoweringOptions(target=MPS2_AN500.name, input_maximum=1 if binary else None)


def with_activity(module: ModuleOp, data: Dataset) -> ModuleOp:
    """A copy of a network with the activity on some of the data, which kernels are chosen by."""
    copy = module.clone()
    network = snn_network(copy)
    record_activity(network, measure_activity(network, data.take(ACTIVITY_SAMPLES)))
    return copy


def compile_network(
    module: ModuleOp,
    goal: Goal = "speed",
    limits: Limits = NO_LIMITS,
    options: LoweringOptions | None = None,
) -> Compiled:
    """Compile a network for a goal, within limits where that is possible.

    Args:
        module: at the `snn` level.
        options: other options than the goal, for example bits of a weight.
    """
    calibration = as_presented(module, real_recordings(network_of(module).timesteps.value.data)[0])
    module = with_activity(module, calibration)
    base = lowering_options(module)
    if options is not None:
        base = replace(options, target=base.target, input_maximum=base.input_maximum)
    base = replace(base, optimize=goal)
    limited = replace(base, ram_limit=limits.ram_bytes, flash_limit=limits.flash_bytes)
    with DiagnosticEngine():
        try:
            lowered = lower(module, limited, calibration)
        except SNNError as error:
            if limits == NO_LIMITS:
                raise
            log(f"{error}; compiled without limits")
            lowered = lower(module, base, calibration)
    assert lowered.qsnn is not None
    assert lowered.simplified is not None
    return Compiled(lowered.qsnn, lowered.simplified, lowered.kernels, f"optimize={goal}")


def measure_binary(compiled: Compiled, test: Dataset, emulated: int) -> Binary:
    """Run all of `test` on this computer and a class-balanced part of it in the emulator.

    Args:
        test: as the network takes it (`as_presented`).
    """
    labels = host_labels(compiled, test.x)
    chosen = test.x[balanced_subset(test.labels(), emulated)]
    executor = open_executor(compiled)
    result, counts = count(executor, presented(compiled, chosen), events=True)
    integers = network_of(compiled.integers)
    expected = TorchExecutor(integers).run(integer_input(integers, chosen))
    differences = [
        traced_difference(compiled, executor, spread(chosen, TRACED_SAMPLES), events=True),
        first_unequal_score(expected, result),
    ]
    if (found := verdict(differences)) != "yes":
        log(found)
    return Binary(
        accuracy=float(np.mean(labels == test.labels())),
        samples=len(test),
        timesteps=counts.steps,
        instructions=counts.instructions,
        worst_recording=counts.worst_sample,
        worst_step=counts.worst_step,
        flash=counts.flash_bytes,
        ram=counts.ram_bytes,
        exact=found == "yes",
        emulated=len(chosen),
    )


def compile_and_measure(
    module: ModuleOp,
    test: Dataset,
    emulated: int,
    options: LoweringOptions | None = None,
    *,
    goal: Goal = "speed",
    limits: Limits = NO_LIMITS,
) -> Binary:
    """Compile a network for a goal and measure the program on recordings."""
    compiled = compile_network(module, goal, limits, options)
    return measure_binary(compiled, as_presented(module, test), emulated)


def profile(compiled: Compiled, test: Dataset) -> dict[str, float]:
    """Instructions of each call in a mean step, on some of the recordings.

    Args:
        test: as the network takes it.
    """
    executor = ProfilingExecutor(compiled)
    executor.run(presented(compiled, spread(test.x, PROFILED_SAMPLES)), events=True)
    return executor.per_step()


def right_decisions(
    integers: ModuleOp, name: str, recordings: Callable[[], Iterable[Dataset]]
) -> NDArray[np.bool_]:
    """Which recordings a network in integers, and so its program, decides right, bool (samples,).

    Kept in the cache under what the network is and the name of the recordings.

    Args:
        recordings: makes the recordings, as the network takes them, in parts.
    """
    network = network_of(integers)
    digest = hashlib.sha256(f"{_without_remarks(integers)}\n{name}".encode()).hexdigest()[:20]

    def decide() -> dict[str, NDArray]:
        executor = TorchExecutor(network)
        parts = [
            executor.run(integer_input(network, part.x)).labels == part.labels()
            for part in recordings()
        ]
        return {"right": np.concatenate(parts)}

    return cached_arrays(CACHE / f"decisions_{digest}.npz", decide)["right"]


def _without_remarks(integers: ModuleOp) -> ModuleOp:
    """A copy without attributes that do not change what is computed."""
    copy = integers.clone()
    for op in copy.walk():
        op.attributes.clear()
    return copy


def dense_code(module: ModuleOp, data: Dataset) -> float:
    """Instructions of one step of CMSIS-NN's dense kernels, on the first recording."""
    steps = network_of(module).timesteps.value.data
    lowered = lower(module, LoweringOptions(kernels="cmsis"), real_recordings(steps)[0])
    _, measured = open_level("qemu", lowered, MPS2_AN500).measure(data.x[:1])
    assert measured is not None
    assert measured.instructions_per_step is not None
    return measured.instructions_per_step
