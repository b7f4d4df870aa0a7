# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the generated C: on this computer, or on a target in its emulator."""

from __future__ import annotations

import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.c.network import CNetwork, only_network
from snnir.backends.c.syntax import bits_of
from snnir.backends.firmware import MAXIMUM_EVENTS, Footprint, NetworkBuild
from snnir.backends.targets import TargetDescription
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.dialects.snn_attributes import Readout
from snnir.executors.presentation import Presentation
from snnir.executors.result import (
    ExecutionResult,
    Recording,
    computed_layers,
    logical_shape_of_layer,
    order_of_layer,
)
from snnir.kernels.layout import to_logical_batch
from snnir.support.diagnostics import SNNError

SAMPLES_PER_PROCESS = 8
PROCESSES = 2
_STATUS = {
    3: "could not read its input or write its output",
    4: "could not initialise the network",
    5: "refused an input: a value is above the network's input_maximum, or more events lie close "
    "together than its input_density allows",
    99: "met a hardware fault",
}


@dataclass(frozen=True)
class Measurements:
    """What a run took. Instructions are exact; None on the host, where they are not counted.

    Attributes:
        steps: time steps run.
        instructions: all instructions of these steps.
        worst_step_instructions: those of the longest step.
        arena_bytes: memory that the network asks its caller for.
        ram_bytes: arena, data and the deepest stack seen.
        flash_bytes: code, constants and start-up code, from the sections of the firmware.
        stack_bytes: deepest stack seen, including that of the program around the network.
    """

    steps: int
    arena_bytes: int
    instructions: int | None = None
    worst_step_instructions: int | None = None
    ram_bytes: int | None = None
    flash_bytes: int | None = None
    stack_bytes: int | None = None

    @property
    def instructions_per_step(self) -> float | None:
        """Mean instructions of a step."""
        return None if self.instructions is None else self.instructions / self.steps


class NativeExecutor:
    """Builds a planned `snnrt` network for a target, when it is first asked to, and runs it there.

    Raises:
        SNNError: CMSIS-NN is missing, or nothing runs the target; later, that the toolchain or the
            emulator is missing, or the network does not fit the target.
    """

    def __init__(
        self, module: ModuleOp, target: TargetDescription, *, cmsis_nn: Path | None = None
    ):
        target.require_runnable()
        self.network = only_network(module)
        self.target = target
        self._scratch = tempfile.TemporaryDirectory(prefix="snnir-")
        self._folder = Path(self._scratch.name)
        self._build = NetworkBuild(self.network, target, self._folder, cmsis_nn)
        self._runners: dict[bool, Path] = {}
        self._trace_layout = _trace_layout(self.network)
        self.measurements = Measurements(0, self.network.arena_bytes)

    @cached_property
    def footprint(self) -> Footprint | None:
        """What the network takes on the target; None on the host. Built when first asked for."""
        return self._build.footprint()

    def run(
        self,
        x: ArrayLike,
        *,
        record: Literal["none", "all"] = "none",
        events: bool = False,
        progress: bool = False,
    ) -> ExecutionResult:
        """Run all samples, several processes at a time, and measure.

        Args:
            x: integers (samples, timesteps, *shape), or (samples, *shape) for a static input.
            record: keep spikes and membranes of every neuron layer at every step. Instructions are
                counted without it.
            events: present each frame as a list of events instead.
            progress: show a progress bar on standard error if that is a terminal.

        Raises:
            SNNError: `x` does not fit the network, or the program fails.
        """
        presentation = Presentation(self.network.op, x)
        if events and self.network.takes_values:
            raise SNNError(f"'@{self.network.op.sym_name.data}' takes values, not events")
        traced = record == "all"
        runner = self._runner(traced)
        starts = range(0, len(presentation), SAMPLES_PER_PROCESS)
        batches = [slice(s, min(s + SAMPLES_PER_PROCESS, len(presentation))) for s in starts]
        with (
            ThreadPoolExecutor(PROCESSES) as pool,
            tqdm(total=len(presentation), unit="sample", disable=None if progress else True) as bar,
        ):
            outputs = []
            for output in pool.map(
                lambda samples: self._run_batch(runner, presentation, samples, traced, events),
                batches,
            ):
                outputs.append(output)
                bar.update(len(output.scores))
        return self._collect(outputs, traced)

    def _runner(self, traced: bool) -> Path:
        if traced not in self._runners:
            self._runners[traced] = self._build.runner(traced=traced)
        return self._runners[traced]

    def _run_batch(
        self, runner: Path, presentation: Presentation, samples: slice, traced: bool, events: bool
    ) -> _BatchOutput:
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            given, made = Path(scratch) / "in", Path(scratch) / "out"
            with given.open("wb") as file:
                _write_input(file, presentation, samples, self.network, events)
            self._execute(runner, [given.name, made.name], Path(scratch))
            layout = self._trace_layout if traced else None
            return _read_output(
                made, samples.stop - samples.start, presentation.timesteps,
                self.network.output_size, layout,
            )  # fmt: skip

    def _execute(self, runner: Path, arguments: list[str], folder: Path) -> None:
        if self.target.emulator is None:
            command = [str(runner), *arguments]
        else:
            words = "".join(f",arg={argument}" for argument in arguments)
            command = [w.format(elf=runner, arguments=words) for w in self.target.emulator]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL
            )
        except FileNotFoundError:
            packages = " ".join(self.target.packages)
            raise SNNError(
                f"'{command[0]}' is not installed; on Debian: apt-get install {packages}"
            ) from None
        if done.returncode != 0:
            reason = _STATUS.get(done.returncode, f"ended with status {done.returncode}")
            raise SNNError(f"the generated program on {self.target.name} {reason}")

    def _collect(self, outputs: list[_BatchOutput], traced: bool) -> ExecutionResult:
        counts = np.concatenate([output.instructions for output in outputs])
        if not traced:
            self.measurements = self._measure(outputs, counts)
        raw = np.concatenate([output.scores for output in outputs])
        scores = _scores(self.network, raw)
        recording = _recording(self.network, outputs) if traced else None
        result = ExecutionResult.from_scores(scores, recording)
        if not np.array_equal(result.labels, np.concatenate([o.classes for o in outputs])):
            raise SNNError(f"the class that {self.network.name}_readout returns is not the argmax")
        return result

    def _measure(self, outputs: list[_BatchOutput], counts: NDArray[np.int64]) -> Measurements:
        steps = len(counts) * self.network.op.timesteps.value.data
        if self.footprint is None:
            return Measurements(steps, self.network.arena_bytes)
        stack = max(output.stack_bytes for output in outputs)
        return Measurements(
            steps,
            self.network.arena_bytes,
            int(counts[:, 0].sum()),
            int(counts[:, 1].max()),
            self.footprint.static_ram_bytes + stack,
            self.footprint.flash_bytes,
            stack,
        )


@dataclass(frozen=True)
class _BatchOutput:
    """The runner's output for some samples; `instructions` holds all steps and the longest."""

    scores: NDArray[np.int32]
    classes: NDArray[np.int32]
    instructions: NDArray[np.int64]
    stack_bytes: int
    trace: NDArray | None


def _write_input(
    file: IO[bytes], presentation: Presentation, samples: slice, network: CNetwork, events: bool
) -> None:
    static = presentation.is_static
    steps = presentation.timesteps
    header = [samples.stop - samples.start, steps, int(static), int(events)]
    file.write(np.array(header, np.uint32).tobytes())
    dtype = np.int8 if network.takes_values else np.uint8
    for sample in range(samples.start, samples.stop):
        for step in range(1 if static else steps):
            frame = presentation.frames(sample, step, np.float64)
            if events and frame.sum() > MAXIMUM_EVENTS:
                raise SNNError(
                    f"a step of the input has {frame.sum():g} events, but the generated program "
                    f"lists at most {MAXIMUM_EVENTS}; present frames instead"
                )
            file.write(_bytes(frame, dtype))


def _bytes(frame: NDArray[np.float64], dtype: type[np.int8] | type[np.uint8]) -> bytes:
    limits = np.iinfo(dtype)
    whole = (frame == np.rint(frame)).all()
    if not whole or frame.min() < limits.min or frame.max() > limits.max:
        raise SNNError(
            f"the generated program takes integers from {limits.min} to {limits.max}, but "
            f"the input lies in [{frame.min():g}, {frame.max():g}]; quantise real values first"
        )
    return frame.astype(dtype).tobytes()


def _trace_layout(network: CNetwork) -> np.dtype:
    """One step of the trace: for each neuron layer its spikes, if any, and its membrane."""
    fields: list[tuple[str, Any, int]] = []
    for number, op in enumerate(network.layers):
        if isinstance(op, snnrt.PackedNeuronsBase):
            fields.append((f"spikes{number}", np.int8, element_count(op.spikes_shape)))
            continue
        assert isinstance(op, snnrt.LIFOp | snnrt.LIOp | snnrt.AlphaOp)
        size = element_count(buffer_shape(op.membrane.type))
        if not isinstance(op, snnrt.LIOp):
            fields.append((f"spikes{number}", np.int8, size))
        fields.append((f"membrane{number}", np.dtype(f"<i{bits_of(op.membrane) // 8}"), size))
    return np.dtype(fields)


def _read_output(
    path: Path, samples: int, steps: int, outputs: int, trace: np.dtype | None
) -> _BatchOutput:
    result = np.dtype([("scores", "<i4", outputs), ("class", "<i4"), ("counts", "<u4", 3)])
    fields: list[Any] = [("result", result)]
    if trace is not None:
        fields.insert(0, ("trace", trace, steps))
    sample = np.dtype(fields)
    raw = path.read_bytes()
    if len(raw) != samples * sample.itemsize + 4:
        raise SNNError(f"the generated program wrote {len(raw)} bytes, which is not a whole result")
    records = np.frombuffer(raw, sample, samples)
    counts = records["result"]["counts"].astype(np.int64)
    return _BatchOutput(
        records["result"]["scores"],
        records["result"]["class"],
        np.stack([counts[:, 0] + (counts[:, 1] << 32), counts[:, 2]], axis=1),
        int(np.frombuffer(raw, "<u4", 1, len(raw) - 4)[0]),
        records["trace"] if trace is not None else None,
    )


def _scores(network: CNetwork, raw: NDArray[np.int32]) -> NDArray:
    """The scores as `ReadoutAccumulator` defines them, from what the C library accumulates."""
    timesteps = network.op.timesteps.value.data
    scores = raw.astype(np.int64)
    readout = network.op.readout.data
    groups = scores.reshape(len(scores), network.classes, -1)
    if readout is Readout.FIRST_SPIKE:
        return np.where(groups > 0, timesteps - groups, 0).max(axis=2)
    grouped = groups.sum(axis=2)
    return grouped / timesteps if readout is Readout.MEAN_MEMBRANE else grouped


def _recording(network: CNetwork, outputs: list[_BatchOutput]) -> Recording:
    """All layers in logical order, from traces in the order of buffers."""
    recording = Recording({}, {})
    for number, (op, name) in enumerate(network.layers.items()):
        if isinstance(op, snnrt.PackedNeuronsBase):
            order, shape = order_of_layer(op), logical_shape_of_layer(op)
            spikes = to_logical_batch(_traced(outputs, f"spikes{number}"), order, shape)
            recording.spikes[name] = spikes != 0
            recording.computed.update(computed_layers(op, name))
            continue
        assert isinstance(op, snnrt.LIFOp | snnrt.LIOp | snnrt.AlphaOp)
        *spatial, channels = buffer_shape(op.membrane.type)
        shape = (channels, *spatial)
        order = order_of_layer(op)
        if not isinstance(op, snnrt.LIOp):
            spikes = to_logical_batch(_traced(outputs, f"spikes{number}"), order, shape)
            recording.spikes[name] = spikes != 0
        membrane = to_logical_batch(_traced(outputs, f"membrane{number}"), order, shape)
        recording.membranes[name] = membrane.astype(np.int32)
    return recording


def _traced(outputs: list[_BatchOutput], field: str) -> NDArray:
    """One field of the traces of all samples."""
    traces = [output.trace for output in outputs if output.trace is not None]
    return np.concatenate([trace[field] for trace in traces])
