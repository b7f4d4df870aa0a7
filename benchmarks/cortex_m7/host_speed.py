# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The generated C on this computer against snnTorch, one sample at a time.

    python benchmarks/cortex_m7/host_speed.py [--bins N ...] [--recordings N] [--repetitions N]

writes `benchmarks/results/host_speed.md`. The published N-MNIST network runs on real recordings:
in snnTorch eagerly, without gradients, at batch 1, and as C with the flags of a library for this
computer and with those of the host target, from frames and from events. One thread. Each repetition
runs everything once on the same recording, in turn, so that what else the computer does meets all
alike; the ratios are medians over repetitions and recordings of ratios within one repetition. Time
is processor time of the thread.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from goals import pipeline_of, simplification_of, spell_out
from measuring import Compiled, presented, to_integers, to_kernels
from numpy.typing import NDArray
from published import CALIBRATION_SAMPLES, log, published_network, recordings, shared
from report import RESULTS, table
from snntorch import utils
from torch import Tensor, nn

from snnir.backends.c.network import CNetwork, only_network
from snnir.backends.c.printer import header, source
from snnir.backends.targets import HOST
from snnir.backends.toolchain import COMMON_FLAGS, SNNRT_INCLUDE
from snnir.frontends.loading import load_module

GOAL = 60
# Short rows of currents gain nothing from vectors of 512 bits.
NATIVE = (
    ("-O3", "-march=native", "-mprefer-vector-width=256")
    if platform.machine() == "x86_64"
    else ("-O3", "-mcpu=native")
)
BUILDS = {" ".join(flags): flags for flags in (HOST.compile_flags, NATIVE)}

PAIRS = "convert-qsnn-to-kernels{packing=pairs table-bytes=340000}"
"""Two currents in a word: 16-bit numbers, whose loops compilers for computers vectorise."""

VECTORS = "qsnn-prune-silent{multiple=16}"
"""Channels in numbers that fill vectors of 256 bits."""

RUNNER = """
#include "{name}.h"

/* Runs a sample and returns its class; events of step i are from offsets[i] to offsets[i + 1]. */
int32_t run_sample(void *arena, const uint8_t *frames, const uint16_t *events,
                   const uint32_t *offsets, uint32_t steps) {{
  {name}_network network;
  if ({name}_init(&network, arena, {macro}_ARENA_BYTES) != 0) {{
    return -1;
  }}
  for (uint32_t i = 0; i < steps; ++i) {{
    const int status =
        events == NULL
            ? (int){name}_step(&network, frames + i * {macro}_FRAME_SIZE)
            : (int){name}_step_events(&network, events + offsets[i], offsets[i + 1] - offsets[i]);
    if (status != 0) {{
      return -2;
    }}
  }}
  return {name}_readout(&network);
}}
"""


@dataclass(frozen=True)
class Sample:
    """One recording in all forms.

    Attributes:
        frames: uint8 (steps, 2, 34, 34).
        events: uint16, the elements of all steps, each as often as its count.
        offsets: uint32 (steps + 1), where the events of a step begin.
        tensors: float32, one frame of batch 1 for each step.
    """

    frames: NDArray[np.uint8]
    events: NDArray[np.uint16]
    offsets: NDArray[np.uint32]
    tensors: list[Tensor]


def sample_of(frames: NDArray[np.uint8]) -> Sample:
    """All forms of a recording."""
    flat = frames.reshape(len(frames), -1)
    events = [np.repeat(np.arange(row.size), row) for row in flat]
    offsets = np.cumsum([0, *(each.size for each in events)])
    tensors = list(torch.from_numpy(frames).float()[:, None])
    return Sample(
        np.ascontiguousarray(frames), np.concatenate(events).astype(np.uint16),
        offsets.astype(np.uint32), tensors,
    )  # fmt: skip


class Library:
    """The C of a network as a shared library."""

    def __init__(self, network: CNetwork, flags: tuple[str, ...], folder: Path):
        name = network.name
        (folder / f"{name}.h").write_text(header(network))
        text = source(network) + RUNNER.format(name=name, macro=network.macro)
        (folder / f"{name}.c").write_text(text)
        output = folder / "network.so"
        command = [HOST.compiler, *flags, *COMMON_FLAGS, "-fPIC", "-shared"]
        command += ["-I", str(SNNRT_INCLUDE), "-I", str(folder)]
        subprocess.run([*command, str(folder / f"{name}.c"), "-o", str(output)], check=True)
        self._run = ctypes.CDLL(str(output)).run_sample
        self._arena = np.zeros(network.arena_bytes // 8 + 8, np.uint64)

    def run(self, sample: Sample, *, events: bool) -> int:
        """The class of a recording."""

        def pointer(array: NDArray) -> ctypes.c_void_p:
            return ctypes.c_void_p(array.ctypes.data)

        listed = pointer(sample.events) if events else None
        steps = ctypes.c_uint32(len(sample.frames))
        chosen = self._run(
            pointer(self._arena), pointer(sample.frames), listed, pointer(sample.offsets), steps
        )
        if chosen < 0:
            raise SystemExit(f"the C program refused a recording: {chosen}")
        return int(chosen)


class Eager:
    """snnTorch at batch 1."""

    def __init__(self) -> None:
        folder = shared() / "models" / "nmnist_scnn"
        module = load_module(f"{folder / 'model.py'}:build", folder / "weights.pt")
        self._module: nn.Module = module.eval()

    def run(self, sample: Sample) -> int:
        """The class of a recording."""
        with torch.no_grad():
            utils.reset(self._module)
            total: Tensor | None = None
            for frame in sample.tensors:
                spikes = self._module(frame)[0]
                total = spikes if total is None else total + spikes
            assert total is not None
            return int(total.argmax())


def _seconds(action: Callable[[], int]) -> tuple[float, int]:
    begin = time.thread_time()
    result = action()
    return time.thread_time() - begin, result


@dataclass(frozen=True)
class Result:
    """One program: median milliseconds of a recording, ratio to snnTorch, its labels."""

    name: str
    milliseconds: float
    ratio: float
    spread: tuple[float, float]
    agreement: float


def measure(bins: int, count: int, repetitions: int) -> list[Result]:
    """All programs in turn."""
    both = recordings(bins)
    module = published_network(bins)
    integers = to_integers(module, both.calibration.take(CALIBRATION_SAMPLES))
    pipelines = {
        "the microcontroller's kernels": (
            pipeline_of("speed"),
            simplification_of("speed", integers),
        ),
        "pairs": (PAIRS, VECTORS),
    }
    ways = {name: to_kernels(integers, *pipeline) for name, pipeline in pipelines.items()}
    compiled = ways["pairs"]
    samples = [sample_of(x) for x in presented(compiled, both.test.take(count).x)]
    with tempfile.TemporaryDirectory(prefix="snnir-benchmark-") as folder:
        programs = _programs(ways, Path(folder))
        times = np.zeros((len(programs), repetitions, count))
        labels = np.zeros((len(programs), count), np.int64)
        for repetition in range(-1, repetitions):
            for index, sample in enumerate(samples):
                for row, run in enumerate(programs.values()):
                    taken, labels[row, index] = _seconds(partial(run, sample))
                    # The first repetition warms up.
                    times[row, max(repetition, 0), index] = taken
            log(f"{bins} bins, repetition {repetition + 1} of {repetitions}")
    ratios = times[0] / times
    return [
        Result(
            name, 1e3 * float(np.median(times[row])), float(np.median(ratios[row])),
            (float(np.quantile(ratios[row], 0.1)), float(np.quantile(ratios[row], 0.9))),
            float(np.mean(labels[row] == labels[0])),
        )
        for row, name in enumerate(programs)
    ]  # fmt: skip


def _programs(ways: dict[str, Compiled], folder: Path) -> dict[str, Callable[[Sample], int]]:
    """What runs in turn, snnTorch first."""
    programs: dict[str, Callable[[Sample], int]] = {"snnTorch, eager": Eager().run}
    for way, compiled in ways.items():
        network = only_network(compiled.kernels)
        for build, flags in BUILDS.items():
            place = folder / str(len(programs))
            place.mkdir()
            library = Library(network, flags, place)
            for events in (False, True):
                name = f"C, {way}, {build}, {'events' if events else 'frames'}"
                programs[name] = _runner(library, events)
    return programs


def _runner(library: Library, events: bool) -> Callable[[Sample], int]:
    return lambda sample: library.run(sample, events=events)


def markdown(results: dict[int, list[Result]], count: int, repetitions: int) -> str:
    """The report."""
    rows = [
        (
            str(bins), each.name, f"{each.milliseconds:.3f}",
            f"{1e3 * each.milliseconds / bins:.1f}", f"{each.ratio:.1f}",
            f"{each.spread[0]:.1f} to {each.spread[1]:.1f}", f"{each.agreement:.0%}",
        )
        for bins, found in results.items()
        for each in found
    ]  # fmt: skip
    titles = (
        "bins", "program", "ms per recording", "µs per step", "times as fast as snnTorch",
        "10th to 90th percentile", "same label",
    )  # fmt: skip
    lines = [
        "# The generated C on a computer, beside snnTorch", "",
        "Made by `python benchmarks/cortex_m7/host_speed.py`: the published N-MNIST network, "
        f"{count} real recordings of the test half, {repetitions} repetitions, everything in turn "
        "in each of them, one thread, processor time; medians. The integer program (int8) has "
        "other labels where rounding decides; it equals the integer network bit for bit. "
        f"Goal: {GOAL} times. Load of the computer at the end ({os.cpu_count()} processors): "
        f"{os.getloadavg()[0]:.1f}; torch {torch.__version__}, {platform.machine()}.",
        "", *table(titles, rows),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bins", type=int, action="append", help="default: 50 and 300")
    parser.add_argument("--recordings", type=int, default=20)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--explicit", action="store_true", help="do not let the compiler select")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.explicit:
        spell_out()
    results = {
        bins: measure(bins, arguments.recordings, arguments.repetitions)
        for bins in arguments.bins or (50, 300)
    }
    text = markdown(results, arguments.recordings, arguments.repetitions)
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "host_speed.md").write_text(text)


if __name__ == "__main__":
    main()
