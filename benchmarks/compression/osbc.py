# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""OSBC on the fully connected N-MNIST network: accuracy against sparsity, bits and both.

    python benchmarks/compression/osbc.py [--sparsity 0.8 0.9 ...] [--bits 8 4 3 2] [--rates]

writes `benchmarks/results/osbc.csv` and `.md`. The recordings are real (N-MNIST), every other one
of each class for calibration and the rest for the test; accuracies are those of the test half, with
its size in the tables. The cells call what the passes `snn-prune-magnitude`, `snn-quantize-rtn`,
`snn-osbc-prune` and `snn-osbc-quantize` call, but Hessians and orders are computed once for all
cells. Network and recordings are looked up by `snnir.data.locations.shared_folder`.
"""

import argparse
import csv
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.activity import measure_activity
from snnir.calibration.layer_hessians import Objective, measure_hessians, measure_pair
from snnir.compression.budgets import lamps
from snnir.compression.exact_obs import PruningOrder
from snnir.compression.layer_pruning import LayerProblem, Structure
from snnir.compression.quantize import Grid
from snnir.data import Dataset, load_nmnist
from snnir.data.locations import shared_folder
from snnir.dialects import snn
from snnir.driver.files import network_of, write_network
from snnir.driver.pipelines import apply_pipeline
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch
from snnir.layers.compressible import compressible_layers
from snnir.passes.snn_osbc_quantize import PRUNED

RESULTS = Path(__file__).resolve().parents[1] / "results"
TIMESTEPS, INPUT_SHAPE = 100, (2, 34, 34)
METHODS: dict[str, Objective] = {"OBC": "current", "OSBC": "membrane"}


@dataclass(frozen=True)
class Cell:
    """One compressed network: what was done to it and what it does on the test data."""

    method: str
    sparsity: float
    bits: int | None
    accuracy: float
    agreement: float
    hidden_rate: float
    seconds: float


@dataclass
class Bench:
    """The dense network, the data, and what is computed once."""

    dense: ModuleOp
    calibration: Dataset
    test: Dataset
    folder: Path
    cells: list[Cell] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    problems: dict[str, list[LayerProblem]] = field(default_factory=dict)
    orders: dict[str, list[PruningOrder]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.labels = measure_activity(network_of(self.dense), self.test).labels
        write_network(self.dense, self.folder / "dense.mlir")
        np.savez_compressed(
            self.folder / "calibration.npz", x=self.calibration.x, y=self.calibration.labels()
        )

    def prepare(self, method: str, *, orders: bool) -> None:
        """Hessians and, if needed, orders of all layers."""
        network = network_of(self.dense)
        assert isinstance(network, snn.NetworkOp)
        layers = compressible_layers(network)
        if method not in self.problems:
            started = time.perf_counter()
            hessians = measure_hessians(
                network, layers, self.calibration, METHODS[method], progress=True
            )
            self.problems[method] = [
                LayerProblem.build(torch.from_numpy(layer.matrices), hessian)
                for layer, hessian in zip(layers, hessians, strict=True)
            ]
            self.times[f"{method}: Hessians"] = time.perf_counter() - started
        if orders and method not in self.orders:
            started = time.perf_counter()
            self.orders[method] = [each.order(Structure()) for each in self.problems[method]]
            self.times[f"{method}: orders"] = time.perf_counter() - started

    def record(
        self, name: str, module: ModuleOp, sparsity: float, bits: int | None, started: float
    ) -> None:
        """Measure a network on the test data."""
        seconds = time.perf_counter() - started
        activity = measure_activity(network_of(module), self.test)
        hidden = next(iter(activity.layers.values())).rate
        agreement = float(np.mean(activity.labels == self.labels))
        assert activity.accuracy is not None
        cell = Cell(name, sparsity, bits, activity.accuracy, agreement, hidden, seconds)
        self.cells.append(cell)
        print(cell, file=sys.stderr, flush=True)

    def match_rates(self, module: ModuleOp) -> ModuleOp:
        """A copy with the rates of the dense network."""
        matched = module.clone()
        apply_pipeline(
            matched,
            f'snn-match-rates{{calibration="{self.folder}/calibration.npz" '
            f'reference="{self.folder}/dense.mlir"}}',
        )
        return matched


def prune(bench: Bench, method: str, sparsity: float, *, asymmetric: bool = False) -> ModuleOp:
    """A copy of the dense network, pruned."""
    module = bench.dense.clone()
    if method == "magnitude":
        apply_pipeline(module, f"snn-prune-magnitude{{sparsity={sparsity}}}")
        return module
    bench.prepare(method, orders=True)
    network, dense = network_of(module), network_of(bench.dense)
    layers, originals = compressible_layers(network), compressible_layers(dense)
    counts = lamps([torch.from_numpy(layer.matrices) for layer in originals], sparsity)
    for index, (layer, count) in enumerate(zip(layers, counts, strict=True)):
        problem, order = bench.problems[method][index], bench.orders[method][index]
        if asymmetric and index:
            hessian, cross = measure_pair(
                network, layer, dense, originals[index], bench.calibration, METHODS[method]
            )
            problem = LayerProblem.build(torch.from_numpy(layer.matrices), hessian, cross)
            order = problem.order(Structure())
        keep = problem.keep(order, count)
        layer.replace_weights(problem.compensated(keep).numpy())
    return module


def quantize(
    bench: Bench, module: ModuleOp, method: str, bits: int, *, search: bool, full_range: bool
) -> ModuleOp:
    """A copy of a network, dense or pruned, quantised; zeros of a pruned one stay."""
    module = module.clone()
    if method == "RTN":
        apply_pipeline(module, f"snn-quantize-rtn{{bits={bits}}}")
        return module
    bench.prepare(method, orders=False)
    for index, layer in enumerate(compressible_layers(network_of(module))):
        weight = torch.from_numpy(layer.matrices)
        keep = weight != 0
        pruned = float(keep.double().mean()) <= 1 - PRUNED
        problem = LayerProblem(weight, bench.problems[method][index].hessian)
        found = problem.quantized(
            Grid(bits, full_range), keep=keep if pruned else None, search=search
        )
        layer.replace_weights(found.weight.reshape(weight.shape).numpy())
    return module


def pruning_table(bench: Bench, sparsities: Sequence[float], rates: bool) -> None:
    """Magnitude, OBC, OSBC and OSBC fitted asymmetrically, with and without rate matching."""
    for sparsity in sparsities:
        for method, asymmetric in (
            ("magnitude", False), ("OBC", False), ("OSBC", False), ("OSBC", True),
        ):  # fmt: skip
            if method in METHODS:
                bench.prepare(method, orders=True)
            started = time.perf_counter()
            module = prune(bench, method, sparsity, asymmetric=asymmetric)
            name = method + (", asymmetric" if asymmetric else "")
            bench.record(name, module, sparsity, None, started)
            if rates:
                started = time.perf_counter()
                bench.record(
                    f"{name}, rates matched", bench.match_rates(module), sparsity, None, started
                )


def quantization_table(bench: Bench, bits: Sequence[int]) -> None:
    """Round to nearest, OBC, OSBC, and OSBC with the options that go beyond the paper."""
    variants = [
        ("RTN", "RTN", False, False),
        ("OBC", "OBC", False, False),
        ("OSBC", "OSBC", False, False),
        ("OSBC, scale search", "OSBC", True, False),
        ("OSBC, full range", "OSBC", False, True),
        ("OSBC, full range, scale search", "OSBC", True, True),
    ]
    for number in bits:
        for name, method, search, full_range in variants:
            if method in METHODS:
                bench.prepare(method, orders=False)
            started = time.perf_counter()
            module = quantize(
                bench, bench.dense, method, number, search=search, full_range=full_range
            )
            bench.record(name, module, 0.0, number, started)


def joint_table(bench: Bench, sparsities: Sequence[float], bits: Sequence[int]) -> None:
    """OSBC pruning, then OSBC quantisation with scale search."""
    for sparsity in sparsities:
        pruned = prune(bench, "OSBC", sparsity, asymmetric=True)
        for number in bits:
            started = time.perf_counter()
            module = quantize(bench, pruned, "OSBC", number, search=True, full_range=False)
            bench.record("OSBC, asymmetric; OSBC, scale search", module, sparsity, number, started)


def write_results(bench: Bench, stem: str) -> None:
    """CSV and Markdown, with the data and the number of samples stated."""
    RESULTS.mkdir(exist_ok=True)
    names = list(Cell.__dataclass_fields__)
    with (RESULTS / f"{stem}.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*names, "samples"])
        for cell in bench.cells:
            writer.writerow([*(getattr(cell, name) for name in names), len(bench.test)])
    lines = [
        "# OSBC on 2312-256-10, N-MNIST, 100 time bins",
        "",
        f"{len(bench.calibration)} real recordings to calibrate, {len(bench.test)} others to test; "
        f"one accuracy is good to about ±{100 * (0.03 / len(bench.test)) ** 0.5:.1f} points.",
        "Agreement: same decision as the dense network. Seconds: without Hessians and orders.",
        "",
        "| method | sparsity | bits | accuracy | agreement | hidden rate | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell in bench.cells:
        bits = "float" if cell.bits is None else str(cell.bits)
        lines.append(
            f"| {cell.method} | {cell.sparsity:.0%} | {bits} | {cell.accuracy:.1%} | "
            f"{cell.agreement:.1%} | {cell.hidden_rate:.4f} | {cell.seconds:.1f} |"
        )
    lines += ["", "| once | seconds |", "|---|---|"]
    lines += [f"| {what} | {seconds:.1f} |" for what, seconds in bench.times.items()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines += ["", f"Peak memory of the process: {peak:,.0f} MiB, the data included."]
    (RESULTS / f"{stem}.md").write_text("\n".join(lines) + "\n")


def load_bench(shared: Path, folder: Path) -> Bench:
    """The dense network and the two halves of the recordings."""
    model = shared / "models" / "nmnist_fc"
    module = load_module(f"{model / 'model.py'}:build", model / "weights.pt")
    dense = from_snntorch(module, torch.zeros(1, *INPUT_SHAPE), TIMESTEPS, name="nmnist_fc")
    data = load_nmnist(shared / "data" / "NMNIST" / "Train", TIMESTEPS)
    # Recordings are ordered by class and name: every other one keeps the classes balanced.
    halves = [Dataset(data.x[i::2], data.labels()[i::2], data.name) for i in (0, 1)]
    return Bench(dense, halves[0], halves[1], folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--sparsity", type=float, nargs="*", default=[0.8, 0.9, 0.95, 0.97, 0.98, 0.99]
    )
    parser.add_argument("--bits", type=int, nargs="*", default=[8, 4, 3, 2])
    parser.add_argument("--rates", action="store_true", help="also match the rates")
    parser.add_argument(
        "--joint", type=float, nargs="*", default=[0.97], help="sparsities for both"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="osbc", help="of the result files")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    shared = shared_folder()
    if shared is None:
        sys.exit("the folder with networks and recordings is missing; set SNNIR_SHARED")
    with tempfile.TemporaryDirectory() as folder:
        bench = load_bench(shared, Path(folder))
        bench.record("dense", bench.dense, 0.0, None, time.perf_counter())
        quantization_table(bench, arguments.bits)
        write_results(bench, arguments.name)
        pruning_table(bench, arguments.sparsity, arguments.rates)
        write_results(bench, arguments.name)
        joint_table(bench, arguments.joint, arguments.bits)
        write_results(bench, arguments.name)


if __name__ == "__main__":
    main()
