# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks, compiled in random ways: does the target compute what their integers say?

    python benchmarks/verification_fuzz.py [--target mps2-an500] [--first SEED] [--networks N]

writes `benchmarks/results/verification_fuzz.md`. Every spike, membrane and score of every step is
compared. Compilers have faults, too, that only random shapes find and only on the target; each
difference is printed with the seed that repeats it (`--first SEED --networks 1`).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import get_target
from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.bit_exactness import first_difference
from snnir.driver.files import network_of
from snnir.driver.pipelines import apply_pipeline
from snnir.driver.removed_channels import Kept, kept_channels, restore_channels
from snnir.executors.native import NativeExecutor
from snnir.executors.torch_executor import TorchExecutor
from snnir.layers.activity_attributes import write_rates
from snnir.support.atomic import atomic_write
from snnir.support.diagnostics import SNNError
from snnir.testing.cost_networks import static
from snnir.testing.map_networks import random_map_network
from snnir.testing.random_modules import imported_network
from snnir.testing.random_networks import LARGEST_COUNT, RandomNetwork, random_network
from snnir.testing.window_networks import random_window_network

RESULTS = Path(__file__).parent / "results" / "verification_fuzz.md"

GENERATORS: dict[str, Callable[[np.random.Generator], RandomNetwork]] = {
    "layers of all kinds": random_network,
    "convolutions in windows": random_window_network,
    "convolutions of all kinds": random_map_network,
    "neurons behind an image": static,
    "imported modules": imported_network,
}
KERNELS = (
    "kernels=event", "kernels=event packing=triples table-bytes=8000", "kernels=event tile-rows=1",
    "kernels=event neurons=lists", "kernels=scatter", "kernels=scatter neurons=lists weight-bits=2",
    "kernels=masks table-bytes=8000", "kernels=masks neurons=lists table-bytes=8000",
    "kernels=dot neurons=lists", "kernels=gather", "kernels=sparse", "kernels=packed",
    "kernels=blocks",
)  # fmt: skip
STATES = ("auto", "auto", "i16", "i32")
CHANNELS = (
    "", "qsnn-prune-silent{multiple=1}", "qsnn-pad-channels{multiple=4}", "qsnn-sort-channels",
    "qsnn-prune-silent{multiple=3},qsnn-pad-channels{multiple=2},qsnn-sort-channels",
)  # fmt: skip
"""Which channels the kernels compute, and in which order."""


@dataclass(frozen=True)
class Outcome:
    """What became of one network.

    Attributes:
        kind, kernels: how it was made and compiled.
        refused: why it could not be compiled; None if it was.
        spikes: that were compared, over all samples and steps.
        difference: the first, or None.
    """

    seed: int
    kind: str
    kernels: str
    refused: str | None = None
    spikes: int = 0
    difference: str | None = None


def compiled(
    network: ModuleOp, rng: np.random.Generator, kernels: str
) -> tuple[ModuleOp, ModuleOp, Kept]:
    """The integers of a network, its kernels on planned memory, and which channels these have.

    Raises:
        SNNError: there are none, by these options.
    """
    state, bits = rng.choice(STATES), rng.choice([8, 8, 4, 2])
    rounding = rng.choice(["nearest", "floor"])
    integers = network.clone()
    apply_pipeline(
        integers,
        f"convert-snn-to-qsnn{{bits={bits} state={state} rounding={rounding} "
        f"input-maximum={LARGEST_COUNT}}}",
    )
    lowered = integers.clone()
    for op in lowered.walk():
        if isinstance(op, qsnn.SpikingNeuronBase):
            # Any rates: they only say what comes where.
            write_rates(op, 0.5, rng.random(shape_of(op.spikes.type)[0]), 1)
    if channels := str(rng.choice(CHANNELS)):
        apply_pipeline(lowered, channels)
    kept = kept_channels(network_of(integers), network_of(lowered))
    apply_pipeline(
        lowered,
        f"convert-qsnn-to-kernels{{{kernels}}},kernels-hoist-static-input,"
        "kernels-batch-timesteps,kernels-plan-memory",
    )
    return integers, lowered, kept


def outcome(seed: int, target: str) -> Outcome:
    """Compile and run one network on a target."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    kind, kernels = str(rng.choice(list(GENERATORS))), str(rng.choice(KERNELS))
    network = GENERATORS[kind](rng)
    try:
        integers, lowered, kept = compiled(network.module, rng, kernels)
    except SNNError as error:
        return Outcome(seed, kind, kernels, refused=str(error).splitlines()[0])
    expected = TorchExecutor(network_of(integers)).run(network.x, record="all")
    found = NativeExecutor(lowered, get_target(target)).run(network.x, record="all")
    difference = first_difference(expected, restore_channels(found, kept))
    assert expected.recording is not None
    spikes = sum(values.size for values in expected.recording.spikes.values())
    text = None if difference is None else str(difference)
    return Outcome(seed, kind, kernels, spikes=spikes, difference=text)


def report(outcomes: Iterable[Outcome], command: str, target: str) -> str:
    """A table of networks by how they were compiled."""
    outcomes = list(outcomes)
    ran = [each for each in outcomes if each.refused is None]
    wrong = [each for each in ran if each.difference is not None]
    lines = [
        "# Random networks against their integers",
        "",
        f"Made by `{command}`. Target: {target}. Every spike, membrane and score of every step is "
        "compared with the integer network; in most networks channels were removed, added or put "
        "in another order before.",
        "",
        f"{len(ran)} networks, {sum(each.spikes for each in ran):,} neurons times steps: "
        f"**{len(wrong)} differ**. {len(outcomes) - len(ran)} more cannot be compiled with the "
        "options that were drawn for them.",
        "",
        f"| kernels | {' | '.join(GENERATORS)} | differ |",
        f"|---|{'---|' * len(GENERATORS)}---|",
    ]
    for kernels in KERNELS:
        of_kernels = [each for each in ran if each.kernels == kernels]
        counts = Counter(each.kind for each in of_kernels)
        differ = sum(each.difference is not None for each in of_kernels)
        cells = " | ".join(str(counts[kind]) for kind in GENERATORS)
        lines.append(f"| `{kernels}` | {cells} | {differ} |")
    lines += [f"\nSeed {each.seed}, `{each.kernels}`: {each.difference}" for each in wrong]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--target", default="mps2-an500")
    parser.add_argument("--first", type=int, default=0, help="seed of the first network")
    parser.add_argument("--networks", type=int, default=300)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.networks)
    outcomes = []
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        for found in pool.map(partial(outcome, target=options.target), seeds):
            outcomes.append(found)
            if found.difference is not None:
                print(f"seed {found.seed}, {found.kernels}: {found.difference}", flush=True)
            print(f"{len(outcomes)} of {len(seeds)} networks", file=sys.stderr, flush=True)
    command = f"python benchmarks/verification_fuzz.py --networks {options.networks}"
    with atomic_write(options.results) as file:
        file.write(report(outcomes, command, options.target))
    return int(any(each.difference is not None for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
