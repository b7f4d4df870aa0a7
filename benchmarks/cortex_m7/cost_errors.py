# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Predicts and measures the costs of a network that is lowered in one way."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

import torch
from held_out import Case
from numpy.typing import NDArray
from profile_calls import profile_calls
from xdsl.parser import Parser

from snnir.backends.targets import MPS2_AN500
from snnir.costs.features import Presentation
from snnir.costs.goals import Goal
from snnir.costs.model import predict
from snnir.dialects.snn_attributes import REAL_KINDS, InputKind
from snnir.driver.files import kernels_of, network_of
from snnir.driver.pipelines import apply_pipeline
from snnir.driver.tables import Cell
from snnir.executors.native import NativeExecutor
from snnir.universe import make_context

LOWERING = (
    "convert-qsnn-to-kernels{{{}}},kernels-hoist-static-input,kernels-batch-timesteps,"
    "kernels-plan-memory"
)
SELECTION = "qsnn-select-kernels{{target=mps2-an500 {}}}"
GOALS = tuple(f"optimize={goal}" for goal in get_args(Goal))
PROFILED_SAMPLES = 4
"""Samples whose blocks are counted."""


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
    missing = (*found.unknown, *found.unmeasured)
    print(job.name, job.choice, shown, f"{error:+.1%}", *missing, file=sys.stderr, flush=True)
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


def _pipeline(choice: str) -> str:
    """Passes down to planned memory, for options of the conversion or of the selection."""
    if choice in GOALS:
        return f"{SELECTION.format(choice)},{LOWERING.format('')}"
    return LOWERING.format(choice)


def jobs_of(found: Iterable[Case], chosen: bool) -> Iterator[tuple[Job, Presentation]]:
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
