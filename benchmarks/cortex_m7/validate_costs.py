# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Predicted against measured instructions, on networks that did not fit the cost table.

    python benchmarks/cortex_m7/validate_costs.py [--networks FOLDER] [--samples N]

writes `cortex_m7_costs.md` to `benchmarks/results`. Activity is measured on some samples, and
instructions on others, which the prediction has not seen. Networks that are not there are left
out: `--networks` holds `nmnist.mlir` (the published N-MNIST network as `snnir import` writes it),
`fc.mlir` and `fc_pruned.mlir` (`nmnist_fc`, dense and at 97 % sparsity) and `digits.mlir`.
Three shapes are made here, with seeds that `calibrate.py` does not use.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64

from snnir.backends.targets import MPS2_AN500
from snnir.calibration import measure_activity, record_activity
from snnir.costs.model import predict
from snnir.data import Dataset, load_data, load_nmnist
from snnir.data.locations import shared_folder
from snnir.driver.files import network_of, read_network
from snnir.driver.lowering import quantize
from snnir.driver.pipelines import LoweringOptions, apply_pipeline
from snnir.driver.tables import Cell, format_table
from snnir.executors.native import NativeExecutor
from snnir.testing.cost_networks import connected, convolutional, quantized

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
CONVOLUTIONS = (
    "kernels=scatter",
    "kernels=event",
    "kernels=event tile-rows=1",
    "kernels=event packing=triples",
    "kernels=event packing=triples table-bytes=40000",
    "kernels=event packing=triples table-bytes=300000",
)
CONNECTIONS = ("kernels=dense", "kernels=event", "kernels=sparse")


@dataclass(frozen=True)
class Case:
    """A `qsnn` network with recorded activity, and samples to measure on."""

    name: str
    module: ModuleOp
    x: NDArray
    choices: tuple[str, ...]


def _case(
    name: str, module: ModuleOp, data: Dataset, choices: tuple[str, ...], samples: int
) -> Case:
    order = np.random.default_rng(7).permutation(len(data))
    seen, unseen = order[samples : 3 * samples], order[:samples]
    labels = None if data.y is None else data.y[seen]
    part = Dataset(data.x[seen], labels, data.name)
    network = network_of(module)
    network.properties["timesteps"] = IntegerAttr(data.x.shape[1], i64)
    record_activity(network, measure_activity(network, part))
    quantize(module, LoweringOptions(), Dataset(data.x[order[: 3 * samples]], None, data.name))
    apply_pipeline(module, "qsnn-prune-silent{multiple=4}")
    return Case(name, module, data.x[unseen], choices)


def cases(folder: Path, samples: int) -> Iterator[Case]:
    """All networks that are there."""
    shared = shared_folder()
    recordings = None if shared is None else shared / "data" / "NMNIST" / "Train"
    if recordings is not None and recordings.is_dir():
        for bins in (50, 300):
            data = load_nmnist(recordings, bins)
            if (file := folder / "nmnist.mlir").is_file():
                yield _case(f"nmnist_scnn, {bins} bins", read_network(file), data, CONVOLUTIONS,
                            samples)  # fmt: skip
        data = load_nmnist(recordings, 100)
        for name in ("fc", "fc_pruned"):
            if (file := folder / f"{name}.mlir").is_file():
                module = read_network(file)
                yield _case(f"nmnist_{name}", module, data, CONNECTIONS, samples)
    digits = ROOT / "examples" / "digits"
    if (file := folder / "digits.mlir").is_file():
        data = load_data(str(digits / "test.npz"), None, None)
        choices = (*CONVOLUTIONS[:3], *CONNECTIONS)
        yield _case("examples/digits", read_network(file), data, choices, samples)
    for seed, plain in ((2001, True), (2002, True), (2003, False)):
        network = convolutional(np.random.default_rng(seed), plain)
        quantized(network, "bits=8")
        yield Case(f"random convolutional {seed}", network.module, network.x, CONVOLUTIONS[:5])
    network = connected(np.random.default_rng(2004))
    quantized(network, "bits=8")
    yield Case("random connected 2004", network.module, network.x, CONNECTIONS)


def measure(case: Case) -> Iterator[list[Cell]]:
    """A row for each choice of kernels."""
    for choice in case.choices:
        module = case.module.clone()
        apply_pipeline(module, f"convert-qsnn-to-kernels{{{choice}}},kernels-plan-memory")
        executor = NativeExecutor(module, MPS2_AN500)
        for events in (True, False):
            executor.run(case.x, events=events)
            measured = executor.measurements
            found = predict(network_of(module), presentation="events" if events else "frames")  # type: ignore[arg-type]
            assert measured.instructions_per_step is not None
            assert measured.flash_bytes is not None
            assert measured.ram_bytes is not None
            error = found.instructions / measured.instructions_per_step - 1
            print(case.name, choice, events, f"{error:+.1%}", found.unknown, file=sys.stderr)
            yield [
                case.name, choice.replace("kernels=", ""), "events" if events else "frames",
                round(found.instructions), round(measured.instructions_per_step), f"{error:+.1%}",
                round(found.flash_bytes), measured.flash_bytes,
                round(found.ram_bytes), measured.ram_bytes,
            ]  # fmt: skip


TITLES = (
    "network", "kernels", "input", "predicted instructions", "measured", "error",
    "predicted flash", "measured", "predicted RAM", "measured",
)  # fmt: skip


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, default=ROOT / "build" / "costs")
    parser.add_argument("--samples", type=int, default=10, help="samples to measure on (10)")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for case in cases(options.networks, options.samples) for row in measure(case)]
    errors = np.array([float(str(row[5]).rstrip("%")) for row in rows])
    lines = [
        "# Predicted and measured costs on a Cortex-M7", "",
        "Made by `python benchmarks/cortex_m7/validate_costs.py`. Instructions of a mean step in",
        f"QEMU; activity measured on {2 * options.samples} other samples of the same data, the "
        f"counts on {options.samples}", "(the random networks: on the same two samples). None of "
        "the networks fitted the table.", "",
        f"{np.mean(np.abs(errors) <= 15):.0%} of {len(rows)} predictions are within 15 %; the mean "
        f"error is {np.mean(np.abs(errors)):.1f} %, the largest {np.max(np.abs(errors)):.1f} %.",
        "", "```", *format_table(TITLES, rows), "```",
    ]  # fmt: skip
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "cortex_m7_costs.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
