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
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from held_out import Case, cases
from numpy.typing import NDArray
from profile_calls import profile_calls
from report import RESULTS
from xdsl.parser import Parser

from snnir.backends.targets import MPS2_AN500
from snnir.costs.features import Presentation
from snnir.costs.model import predict
from snnir.dialects.snn_attributes import REAL_KINDS, InputKind
from snnir.driver.files import kernels_of, network_of
from snnir.driver.pipelines import apply_pipeline
from snnir.driver.tables import Cell, format_table
from snnir.executors.native import NativeExecutor
from snnir.universe import make_context

LOWERING = (
    "convert-qsnn-to-kernels{{{}}},kernels-hoist-static-input,kernels-batch-timesteps,"
    "kernels-plan-memory"
)
SELECTION = "qsnn-select-kernels{{target=mps2-an500 {}}}"
GOALS = ("optimize=speed", "optimize=balanced", "optimize=size")
PROFILED_SAMPLES = 4
"""Samples whose blocks are counted."""
TOLERANCE = 0.15
FLASH_TOLERANCE, SMALL_FLASH_TOLERANCE = 0.05, 1024
"""Share and bytes, of which the larger counts."""


@dataclass(frozen=True)
class Job:
    """One network lowered in one way; text, because it goes to another process."""

    name: str
    module: str
    x: NDArray
    choice: str


@dataclass(frozen=True)
class Outcome:
    """A row of the table."""

    cells: list[Cell]
    error: float
    cycle_error: float | None
    flash_bytes: int
    flash_error: float


def measure(job: Job, shown: Presentation) -> Outcome:
    """Predict and measure."""
    torch.set_num_threads(1)
    module = Parser(make_context(), job.module).parse_module()
    apply_pipeline(module, _pipeline(job.choice))
    executor = NativeExecutor(module, MPS2_AN500)
    executor.run(job.x, events=shown == "events")
    measured = executor.measurements
    found = predict(kernels_of(module), presentation=shown)
    assert measured.instructions_per_step is not None
    error = found.instructions / measured.instructions_per_step - 1
    cycles, cycle_error = None, None
    if shown == "events" or network_of(module).input.data is InputKind.VALUES:
        profile = profile_calls(module, job.x[:PROFILED_SAMPLES], shown)
        if profile.cycles is not None and profile.input_cycles is not None:
            # Of few samples: scaled to those whose instructions were counted.
            counted = sum(profile.calls.values()) + profile.input[1]
            estimate = sum(profile.cycles.values()) + profile.input_cycles
            cycles = measured.instructions_per_step * estimate / counted
            cycle_error = found.cycles / cycles - 1
    print(job.name, job.choice, shown, f"{error:+.1%}", found.unknown, file=sys.stderr, flush=True)
    cells: list[Cell] = [
        job.name, job.choice.replace("kernels=", ""), shown, round(found.instructions),
        round(measured.instructions_per_step), f"{error:+.1%}",
        round(found.cycles), "" if cycles is None else round(cycles),
        "" if cycle_error is None else f"{cycle_error:+.1%}",
        round(found.flash_bytes), measured.flash_bytes, round(found.ram_bytes), measured.ram_bytes,
    ]  # fmt: skip
    assert measured.flash_bytes is not None
    return Outcome(
        cells, error, cycle_error, measured.flash_bytes, found.flash_bytes - measured.flash_bytes
    )


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


def _pipeline(choice: str) -> str:
    """Passes down to planned memory, for options of the conversion or of the selection."""
    if choice in GOALS:
        return f"{SELECTION.format(choice)},{LOWERING.format('')}"
    return LOWERING.format(choice)


def _jobs(found: list[Case], chosen: bool) -> Iterator[tuple[Job, Presentation]]:
    """Ways that lower a network alike are measured once; frames only in the first way.

    Args:
        chosen: take what goals choose instead of the ways of the cases.
    """
    for case in found:
        text, seen = str(case.module), set[str]()
        for choice in GOALS if chosen else case.choices:
            module = case.module.clone()
            apply_pipeline(module, _pipeline(choice))
            calls = re.sub(r"dense<.*?>|kernel = \"\w+\"", "", str(module))
            if calls in seen:
                continue
            job = Job(case.name, text, case.x, choice)
            real = network_of(case.module).input.data in REAL_KINDS
            if not real:
                yield job, "events"
            if real or not seen:
                yield job, "frames"
            seen.add(calls)


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
    found = list(cases(options.samples, options.sparse))
    jobs, shown = zip(*_jobs(found, options.chosen), strict=True)
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        outcomes = list(pool.map(measure, jobs, shown))
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
