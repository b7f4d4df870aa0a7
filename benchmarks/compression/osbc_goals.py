# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The goals of OSBC on many recordings: how much accuracy is really lost.

    python benchmarks/compression/osbc_goals.py

writes `benchmarks/results/osbc_goals.md` and `.csv`: the networks of the goals of `osbc.py`, of its
method *OSBC extended*, on 20,000 simulated recordings of training images on which no network was
trained and nothing calibrated, on the recordings of all 10,000 MNIST test images, and on the real
recordings; on the first ones also what `sweeps` of the quantised weights would change, and what
else was tried at 3 bits. The test images are simulated several times, with other noise: one image
counts as the mean of its recordings. Frames hold 2 % events, so the first layer is a sparse product
here, in float32.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from common import REPOSITORY, RESULTS, SEED, Recordings, markdown_table, require_shared
from numpy.typing import NDArray
from osbc import INPUT_SHAPE, OSBC_EXTENDED, OSBC_QUANTIZED, TIMESTEPS
from osbc_bench import Bench
from osbc_goals_attempts import ATTEMPT, ATTEMPTS, BOUNDS, WIDER, attempts
from osbc_report import GOALS
from torch import Tensor
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.data.mnist import Split
from snnir.data.saccade_dataset import load_saccade
from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch
from snnir.layers.compressible import CompressibleLayer
from snnir.support.arrays import array_from_dense

BETA, THRESHOLD = 0.5, 1.0 - 2.0**-24
"""Of both layers of the network, which resets to zero at once; compression keeps them."""

CHUNK = 1000
DEVELOPMENT, TEST = (40000, 60000), (0, 10000)
TEST_SEEDS = range(SEED, SEED + 5)
"""Of the simulations of the test images."""

SWEEPS = 10
SWEPT = OSBC_QUANTIZED.with_options("OSBC extended, sweeps", sweeps=SWEEPS)
WITH_SWEEPS = f" sweeps={SWEEPS}"
"""Behind the name of a network that shows what sweeps bring."""

ATTEMPT_BITS = 3
"""Of the goal that is not reached; `osbc_goals_attempts` tries to."""

Right = dict[str, NDArray[np.float64]]
"""By network: the part of the recordings of each image that was classified right."""
Weights = tuple[Tensor, Tensor]
"""Of the two layers."""


def spikes(currents: Tensor) -> Tensor:
    """Spikes (samples, steps, neurons) of leaky neurons for currents of that shape."""
    result, membrane = torch.empty_like(currents), torch.zeros_like(currents[:, 0])
    for step in range(currents.shape[1]):
        membrane = BETA * membrane + currents[:, step]
        result[:, step] = fired = (membrane > THRESHOLD).to(currents.dtype)
        membrane = membrane * (1 - fired)
    return result


def sparse(frames: NDArray[np.uint8]) -> Tensor:
    """Frames (samples, steps, ...) as a sparse matrix (samples * steps, inputs)."""
    rows = torch.from_numpy(frames.reshape(frames.shape[0] * frames.shape[1], -1))
    return rows.float().to_sparse_csr()


def decisions(weights: Weights, rows: Tensor, steps: int) -> NDArray[np.int64]:
    """Classes (samples,) that the network decides for, of what `sparse` returns."""
    hidden = spikes((rows @ weights[0].T).reshape(-1, steps, len(weights[0])))
    return spikes(hidden @ weights[1].T).sum(dim=1).argmax(dim=1).numpy()


def networks(bench: Bench) -> dict[str, Weights]:
    """The dense network, those of the goals, quantised ones also with sweeps, and attempts."""
    found = {"dense": bench.dense}
    for _, sparsity, bits, _ in GOALS:
        name = name_of(sparsity, bits)
        module = bench.prune(OSBC_EXTENDED, sparsity) if sparsity else bench.dense
        found[name] = bench.quantize(module, OSBC_QUANTIZED, bits) if bits else module
        if bits:
            found[name + WITH_SWEEPS] = bench.quantize(module, SWEPT, bits)
    found |= attempts(bench, OSBC_QUANTIZED, SWEPT, ATTEMPT_BITS)
    return {name: weights_of(bench, module) for name, module in found.items()}


def weights_of(bench: Bench, module: ModuleOp) -> Weights:
    """The weights of a network as they are with the threshold of the dense one.

    To multiply the weights and the threshold of a neuron that resets to zero changes nothing.
    """

    def weights(layer: CompressibleLayer) -> Tensor:
        assert isinstance(layer.neuron, SpikingNeuronBase)
        threshold = array_from_dense(layer.neuron.properties["threshold"]).astype(np.float64)
        gain = THRESHOLD / np.broadcast_to(threshold, layer.matrices.shape[1:2])
        return torch.from_numpy(layer.matrices[0] * gain[:, None]).float()

    first, second = (weights(layer) for layer in bench.layers(module))
    return first, second


def name_of(sparsity: float, bits: int | None) -> str:
    """Such as `97% sparse, 4 bits`."""
    parts = [f"{sparsity:.0%} sparse"] * bool(sparsity) + [f"{bits} bits"] * bool(bits)
    return ", ".join(parts)


def simulated(split: Split, images: tuple[int, int], seed: int = SEED) -> Iterator[Dataset]:
    """Recordings, some at a time: memory does not grow with their number."""
    folder = require_shared() / "data" / "mnist"
    for start in range(images[0], images[1], CHUNK):
        yield load_saccade(folder, split, TIMESTEPS, (start, start + CHUNK), seed=seed)


def measured(weights: dict[str, Weights], *simulations: Iterator[Dataset]) -> Right:
    """What each network gets right in simulations of the same images, in the same order."""
    parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in weights}
    for chunks in zip(*simulations, strict=True):
        rows = [sparse(chunk.x) for chunk in chunks]
        for name, each in weights.items():
            found = [
                decisions(each, frames, TIMESTEPS) == chunk.labels()
                for frames, chunk in zip(rows, chunks, strict=True)
            ]
            parts[name].append(np.mean(found, axis=0))
    return {name: np.concatenate(right) for name, right in parts.items()}


def lost(right: Right, name: str, against: str = "dense") -> tuple[float, float]:
    """Points that a network loses against another one, and their standard deviation."""
    change = right[against] - right[name]
    return 100 * float(change.mean()), 100 * float(change.std() / len(change) ** 0.5)


def _shown(points: float, deviation: float) -> str:
    return f"{points + 0.0:.2f} ± {deviation:.2f}"


def chosen_attempts(development: Right) -> list[str]:
    """The attempts at `ATTEMPT_BITS` bits, in all layers and with a wider last one, that lose least
    on the development recordings.
    """
    return [
        min(names, key=lambda name: lost(development, ATTEMPT + name)[0])
        for names in (ATTEMPTS, WIDER)
    ]


def _verdict(points: float, deviation: float, goal: float) -> str:
    """Whether what is lost on test recordings, to two digits, is no more than may be."""
    if round(points, 2) <= goal:
        return "yes"
    return "no, within one deviation" if points - deviation <= goal else "no"


def _rows(sets: dict[str, Right]) -> tuple[list[list[str]], list[list[object]]]:
    """The table of the goals, shown and as numbers."""
    shown: list[list[str]] = []
    records: list[list[object]] = []

    def add(network: str, title: str, goal: float) -> None:
        losses = [lost(right, network) for right in sets.values()]
        verdict = _verdict(*losses[1], goal)
        shown.append([title, f"{goal:.1f}", *(_shown(*pair) for pair in losses), verdict])
        numbers = [f"{value:.3f}" for pair in losses for value in pair]
        records.append([title.replace("`", ""), goal, *numbers])

    for _, sparsity, bits, goal in GOALS:
        name = name_of(sparsity, bits)
        add(name, name, goal)
        if name == name_of(0, ATTEMPT_BITS):
            for chosen in chosen_attempts(sets["development"]):
                add(ATTEMPT + chosen, f"{name}: {(ATTEMPTS | WIDER)[chosen]}", goal)
    return shown, records


def write_report(sets: dict[str, Right], folder: Path) -> None:
    """Write the files; `sets` in the order development, test, real."""
    sizes = {name: len(right["dense"]) for name, right in sets.items()}
    rows, records = _rows(sets)
    header = ["", "may lose", *(f"loses, {name}" for name in sets), "reached on test"]
    dense = ", ".join(f"{right['dense'].mean():.2%} {name}" for name, right in sets.items())
    shown_sizes = ", ".join(f"{size:,} {name}" for name, size in sizes.items())
    lines = [
        "# Goals of OSBC on many recordings (osbc_goals)",
        "",
        "Made by `python benchmarks/compression/osbc_goals.py`. *OSBC extended* of `osbc.md`, "
        "without fine-tuning; points that it loses against the dense network on the same "
        f"recordings, with one standard deviation of the paired difference. n: {shown_sizes}, each "
        f"of the test images in {len(TEST_SEEDS)} simulations. Calibration: 1,000 "
        "other simulated recordings without labels. The other rows of "
        f"{ATTEMPT_BITS} bits are what loses least on the development recordings of what else was "
        "tried, below, in all layers and with more bits in the last one; nothing else was measured "
        "on the others.",
        "",
        f"Dense: {dense}.",
        "",
        *markdown_table(header, rows),
        "",
        *_effect_of_sweeps(sets["development"]),
        "",
        *_effect_of_attempts(sets["development"]),
    ]
    (folder / "osbc_goals.md").write_text("\n".join(lines) + "\n")
    with (folder / "osbc_goals.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        columns = [f"{name}_{what}" for name in sets for what in ("points_lost", "deviation")]
        writer.writerows([["network", "goal", *columns], *records])


def _effect_of_sweeps(right: Right) -> list[str]:
    """The section on what sweeps bring."""
    rows = []
    for name in (each for each in right if each + WITH_SWEEPS in right):
        swept = name + WITH_SWEEPS
        pairs = lost(right, name), lost(right, swept), lost(right, name, swept)
        rows.append([name, *(_shown(*pair) for pair in pairs)])
    return [
        "## What sweeps bring",
        "",
        f"`sweeps={SWEEPS}` of `snn-osbc-quantize` lowers the loss of a layer, but not that of the "
        "network by more than chance, so the networks above are made without. Points lost on the "
        "development recordings, and the paired gain.",
        "",
        *markdown_table(["", "without", f"sweeps={SWEEPS}", "gain"], rows),
    ]


def _effect_of_attempts(right: Right) -> list[str]:
    """The section on what else was tried."""
    base = name_of(0, ATTEMPT_BITS)
    tried, every = ATTEMPTS | WIDER, ATTEMPTS | WIDER | BOUNDS
    gains = {name: lost(right, base, ATTEMPT + name) for name in every}
    rows = [
        [meaning, _shown(*lost(right, ATTEMPT + name)), _shown(*gains[name])]
        for name, meaning in every.items()
    ]
    clear = sum(gains[name][0] > 2 * gains[name][1] for name in tried)
    return [
        f"## What else was tried at {ATTEMPT_BITS} bits",
        "",
        f"{len(tried)} other ways to quantise without labels, against *{base}* above; "
        f"{clear or 'none'} of them gain{'' if clear > 1 else 's'} more than two standard "
        "deviations. The networks with one layer in float32 show what would be lost if that layer "
        "were rounded without any error.",
        "",
        *markdown_table(["", "loses, development", "gain"], rows),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cache", type=Path, default=REPOSITORY / "build" / "osbc")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder = require_shared() / "models" / "nmnist_fc"
    module = load_module(f"{folder / 'model.py'}:build", folder / "weights.pt")
    dense = from_snntorch(module, torch.zeros(1, *INPUT_SHAPE), TIMESTEPS, name="nmnist_fc")
    recordings = Recordings(TIMESTEPS, arguments.cache)
    bench = Bench(dense, recordings.calibration(), arguments.cache / "osbc")
    weights = networks(bench)
    goals = {"dense", *(name_of(sparsity, bits) for _, sparsity, bits, _ in GOALS)}
    development = measured(weights, simulated("train", DEVELOPMENT))
    goals |= {ATTEMPT + name for name in chosen_attempts(development)}
    final = {name: each for name, each in weights.items() if name in goals}
    write_report(
        {
            "development": development,
            "test": measured(final, *(simulated("test", TEST, seed) for seed in TEST_SEEDS)),
            "real": measured(final, iter([recordings.real_test()])),
        },
        RESULTS,
    )


if __name__ == "__main__":
    main()
