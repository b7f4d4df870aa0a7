# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Predicted against measured costs, on networks that did not fit the cost table.

    python benchmarks/cortex_m7/validate_costs.py [--chosen] [--sparse FILE.mlir] [--samples N]
        [--processes N]

writes `cortex_m7_costs.md` to `benchmarks/results`; with `--chosen`, of the kernels that each goal
chooses (`qsnn-select-kernels`), `cortex_m7_chosen.md`. The networks are those of `held_out.py`,
whose activity is measured on some samples, and instructions on others. Predicted cycles are
compared with the estimate from the blocks that ran (`block_cycles.py`), as nothing here measures
cycles.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from cost_errors import Outcome, jobs_of, measure
from held_out import cases
from report import RESULTS

from snnir.driver.tables import format_table

TOLERANCE = 0.15
FLASH_TOLERANCE, SMALL_FLASH_TOLERANCE = 0.05, 1024
"""Share and bytes, of which the larger counts."""

TITLES = (
    "network", "kernels", "input", "predicted instructions", "measured", "error",
    "predicted cycles (est.)", "from blocks (est.)", "error",
    "predicted flash", "measured", "predicted RAM", "measured",
)  # fmt: skip


def _summary(what: str, errors: list[float]) -> str:
    sizes = np.abs(errors)
    return (
        f"{what}: {np.mean(sizes <= TOLERANCE):.0%} of {len(errors)} predictions are within 15 %; "
        f"the mean error is {np.mean(sizes):.1%}, the largest {np.max(sizes):.1%}."
    )


def _flash_summary(outcomes: list[Outcome]) -> str:
    sizes = np.abs([row.flash_error for row in outcomes])
    allowed = [max(FLASH_TOLERANCE * row.flash_bytes, SMALL_FLASH_TOLERANCE) for row in outcomes]
    return (
        f"Flash: {np.mean(sizes <= allowed):.0%} of {len(outcomes)} predictions are within "
        f"{FLASH_TOLERANCE:.0%} or {SMALL_FLASH_TOLERANCE:,} bytes; the mean error is "
        f"{np.mean(sizes):,.0f} bytes, the largest {np.max(sizes):,.0f}."
    )


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sparse", type=Path, help="file of nmnist_fc with 97 %% zeros")
    parser.add_argument("--samples", type=int, default=20, help="samples to measure on (20)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--chosen", action="store_true", help="the kernels that goals choose")
    options = parser.parse_args()
    torch.set_num_threads(1)
    jobs = jobs_of(cases(options.samples, options.sparse), options.chosen)
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        # The first are measured while others are still made.
        outcomes = [each.result() for each in [pool.submit(measure, *job) for job in jobs]]
    estimated = [row.cycle_error for row in outcomes if row.cycle_error is not None]
    lines = [
        "# Predicted and measured costs on a Cortex-M7", "",
        f"Made by `python benchmarks/cortex_m7/validate_costs.py{' --chosen' * options.chosen}`.",
        f"Instructions of a mean step are counted in QEMU on {options.samples} samples; activity",
        "was measured on other samples of the same data (the random networks: on the same two).",
        "None of the networks fitted the table. Cycles are estimates on both sides: llvm-mca and",
        "a model of transfers.", "",
        _summary("Instructions", [row.error for row in outcomes]),
        *([_summary("Cycles", estimated)] if estimated else []),
        _flash_summary(outcomes),
        "", "```", *format_table(TITLES, [row.cells for row in outcomes]), "```",
    ]  # fmt: skip
    options.results.mkdir(parents=True, exist_ok=True)
    name = "cortex_m7_chosen.md" if options.chosen else "cortex_m7_costs.md"
    (options.results / name).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
