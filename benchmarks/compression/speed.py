# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How fast OSBC pruning is: the pass on 2312-256-10, and its order of removal against plain numpy.

    python benchmarks/compression/speed.py [--rows 2]

writes `benchmarks/results/osbc_speed.json` and `.md`. The pass runs in a process of its own, whose
time and peak memory are measured. The plain form is ExactOBS as its paper states it (arXiv
2208.11580, algorithm 1): a rank-one update of the inverse Hessian for each weight of each row. It
is measured on some rows and extrapolated to the 256 of the first layer. CPU seconds count beside
wall seconds, because other work on the machine does not distort them. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import REPOSITORY, RESULTS, Recordings, markdown_table, require_shared
from numpy.typing import NDArray
from osbc_bench import Bench

from snnir.compression.exact_obs import PruningOrder, compensate, loss, pruning_order
from snnir.compression.layer_pruning import LayerProblem
from snnir.driver.files import write_network
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch

TIMESTEPS, INPUT_SHAPE = 100, (2, 34, 34)
SPARSITY = 0.97
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def plain_exact_obs(
    weight: NDArray[np.float64], inverse: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Order and losses of one row, one weight after the other."""
    w, inverse = weight.copy(), inverse.copy()
    alive = np.ones(len(w), bool)
    order, losses = np.empty(len(w), np.int64), np.empty(len(w))
    for step in range(len(w)):
        scores = np.where(alive, w**2 / np.where(alive, np.diag(inverse), 1.0), np.inf)
        p = int(scores.argmin())
        order[step], losses[step] = p, scores[p] / 2
        column = inverse[:, p] / inverse[p, p]
        w -= column * w[p]
        inverse -= np.outer(column, inverse[p])
        alive[p] = False
        w[p] = 0
    return order, losses


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """The result of `work`, with its seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {
        "wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu
    }  # fmt: skip


def run_pass(network: Path, calibration: Path, output: Path) -> dict[str, float]:
    """Time and peak memory of `snn-osbc-prune` in a process of its own."""
    pipeline = f'snn-osbc-prune{{sparsity={SPARSITY} calibration="{calibration}"}}'
    command = [sys.executable, "-m", "snnir.tools.snn_opt", str(network), "-p", pipeline]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [*command, "-o", str(output)], check=True, env=os.environ | ONE_THREAD, cwd=REPOSITORY
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "wall_seconds": time.perf_counter() - started, "cpu_seconds": cpu,
        "peak_mebibytes": after.ru_maxrss / 1024,
    }  # fmt: skip


def compare_orders(problem: LayerProblem, rows: list[int]) -> dict[str, Any]:
    """Times of both forms on some rows, and what they would keep at `SPARSITY`."""
    weight, inverse, hessian = problem.weight[0, rows], problem.inverse(0), problem.hessian[0]
    plain, plain_time = timed(
        lambda: [plain_exact_obs(row.numpy(), inverse.numpy()) for row in weight]
    )
    order, losses = (torch.from_numpy(np.stack(each)) for each in zip(*plain, strict=True))
    reference = PruningOrder(order, losses)
    result: dict[str, Any] = {"rows": len(rows), "plain numpy": plain_time}
    removed = torch.full((len(rows),), int(SPARSITY * weight.shape[1]))

    def final_loss(order: PruningOrder) -> float:
        change = compensate(weight, hessian, order.keep_mask(removed)) - weight
        return float(loss(change, hessian).sum())

    for name, block in (("snnir, one weight at a time", 1), ("snnir, blocks of 1/64", 0)):
        found, seconds = timed(partial(pruning_order, weight, inverse, block=block))
        kept, wanted = found.keep_mask(removed), reference.keep_mask(removed)
        result[name] = seconds | {
            "same_kept": float((kept & wanted).sum() / wanted.sum()),
            "loss_ratio": final_loss(found) / final_loss(reference),
        }
    return result


def write_results(measured: dict[str, Any], total_rows: int) -> None:
    """JSON and Markdown."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "osbc_speed.json").write_text(json.dumps(measured, indent=2) + "\n")
    orders, whole = measured["orders"], measured["pass"]
    rows = orders["rows"]
    plain = orders["plain numpy"]["cpu_seconds"] / rows
    table = []
    for name in ("plain numpy", "snnir, one weight at a time", "snnir, blocks of 1/64"):
        each = orders[name]
        per_row = each["cpu_seconds"] / rows
        same = f"{each['same_kept']:.1%}" if "same_kept" in each else "-"
        ratio = f"{each['loss_ratio']:.4f}" if "loss_ratio" in each else "1"
        table.append(
            [name, f"{per_row:.2f}", f"{each['wall_seconds'] / rows:.2f}",
             f"{per_row * total_rows / 60:.1f}", f"{plain / per_row:.1f}", same, ratio]
        )  # fmt: skip
    header = ["order of removal", "CPU s per row", "wall s per row",
              f"CPU min for {total_rows} rows", "times faster", "same weights kept",
              "loss against plain"]  # fmt: skip
    lines = [
        "# Speed of OSBC pruning, 2312-256-10 (594,432 weights)", "",
        f"Made by `python benchmarks/compression/speed.py`. One thread of "
        f"{measured['machine']}, load {measured['load']:.1f} at the start; calibration on "
        f"{measured['samples']:,} simulated N-MNIST recordings in 100 time bins.", "",
        f"`snn-osbc-prune{{sparsity={SPARSITY}}}`, the whole pass with reading, Hessians of both "
        f"layers, orders, refit and writing: {whole['wall_seconds']:.0f} s wall, "
        f"{whole['cpu_seconds']:.0f} s CPU, peak memory {whole['peak_mebibytes']:,.0f} MiB, of "
        f"which the calibration data are {measured['data_mebibytes']:,.0f} MiB.", "",
        f"Order of all 2,312 weights of a row, measured on {rows} rows of the first layer and "
        f"multiplied by {total_rows} for the whole layer (not measured). Kept weights and losses "
        f"are compared at {SPARSITY:.0%} sparsity of each row, after the exact refit.", "",
        *markdown_table(header, table), "",
    ]  # fmt: skip
    (RESULTS / "osbc_speed.md").write_text("\n".join(lines))


def machine() -> str:
    """The processor, as Linux names it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "an unknown processor"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=2, help="rows that the plain form orders")
    parser.add_argument("--cache", type=Path, default=REPOSITORY / "build" / "osbc")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    shared = require_shared() / "models" / "nmnist_fc"
    module = load_module(f"{shared / 'model.py'}:build", shared / "weights.pt")
    dense = from_snntorch(module, torch.zeros(1, *INPUT_SHAPE), TIMESTEPS, name="nmnist_fc")
    data = Recordings(TIMESTEPS, arguments.cache).calibration()
    bench = Bench(dense, data, arguments.cache / "osbc")
    problem = bench.problem("membrane", 0)
    total = problem.weight.shape[1]
    measured: dict[str, Any] = {
        "machine": machine(), "load": os.getloadavg()[0], "samples": len(data),
        "data_mebibytes": data.x.nbytes / 2**20,
    }  # fmt: skip
    # Of the rows with large weights: those of silent neurons are nearly zero and tell nothing.
    norms = problem.weight[0].square().sum(dim=1)
    largest = norms.argsort(descending=True)[: total // 2].tolist()
    rows = largest[:: len(largest) // arguments.rows][: arguments.rows]
    measured["orders"] = compare_orders(problem, rows)
    network, calibration = arguments.cache / "speed.mlir", arguments.cache / "speed.npz"
    write_network(dense, network)
    np.savez_compressed(calibration, x=data.x, y=data.labels())
    measured["pass"] = run_pass(network, calibration, arguments.cache / "speed_pruned.mlir")
    write_results(measured, total)


if __name__ == "__main__":
    # Before numpy starts its threads, which it does at the first product.
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)
    main()
