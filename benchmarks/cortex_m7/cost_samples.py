# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `calibrate.py` fits: calls of random networks with what each takes on the target."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from code_bytes import measure_code, program_amounts
from cost_kinds import Drawn, Way, draw, draws_of
from numpy.typing import NDArray
from profile_calls import profile_calls
from xdsl.dialects.builtin import ModuleOp

from snnir.costs.code_size import code_amounts
from snnir.costs.features import Presentation, features
from snnir.costs.signals import Signals
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.driver.files import kernels_of
from snnir.driver.pipelines import apply_pipeline
from snnir.support.diagnostics import SNNError

Amounts = dict[str, float]

PROGRAM = "program"
"""What samples of the program around the calls are filed under."""

SEEDS_PER_PROGRAM = 8
"""Of so many seeds, one has programs enough to measure what is around the calls."""

_code_only = False
_wanted: tuple[str, ...] = ("",)


def restrict(code_only: bool, wanted: tuple[str, ...]) -> None:
    """Set for all that this process measures whether it only builds, and programs with which
    kernels: the beginnings of their names.
    """
    global _code_only, _wanted
    _code_only, _wanted = code_only, wanted


@dataclass(frozen=True)
class Sample:
    """One measurement of a call, of the calls that read the input, or of the program around calls.

    Attributes:
        amounts: `kernel/amount` with how much of it there is; empty if only code was measured.
        code: the same for bytes of code, and these.
        cycles: None where nothing estimates them.
    """

    amounts: Amounts
    instructions: float
    kernel: str
    code: tuple[Amounts, int] | None
    cycles: float | None = None


def _prefixed(kernel: str, amounts: Mapping[str, float]) -> Amounts:
    return {f"{kernel}/{name}": amount for name, amount in amounts.items()}


def _samples(drawn: Drawn, way: Way, with_program: bool) -> Iterator[Sample]:
    """The calls of a network that is lowered one way.

    Args:
        with_program: measure the program around them, too.
    """
    module = drawn.network.module.clone()
    apply_pipeline(
        module, f"convert-qsnn-to-kernels{{{way.options}}}{way.passes},kernels-plan-memory"
    )
    lowered = kernels_of(module)
    signals = Signals(lowered)
    calls = [op for op in lowered.body.block.ops if isinstance(op, KernelOpBase)]
    called = [features(call, signals, way.shown)[0] for call in calls]
    if not any(name.startswith(_wanted) for name in (PROGRAM, "input", *called)):
        return
    if with_program or _code_only:
        code = measure_code(module)
        yield Sample({}, 0.0, PROGRAM, (program_amounts(code), code.program))
        if _code_only:
            for call, size in code.calls.items():
                kernel, _ = features(call, signals, way.shown)
                yield Sample({}, 0.0, kernel, (_prefixed(kernel, code_amounts(call)), size))
            return
    yield from _run_samples(module, drawn.x, way.shown, signals)


def _run_samples(
    module: ModuleOp, x: NDArray[np.int64], shown: Presentation, signals: Signals
) -> Iterator[Sample]:
    """What the calls take that are run on samples (samples, timesteps, *shape)."""
    timesteps = kernels_of(module).timesteps.value.data
    profile = profile_calls(module, x, shown)
    for call, instructions in profile.calls.items():
        kernel, amounts = features(call, signals, shown)
        share = call.runs_in_steps(timesteps) / timesteps
        amounts = {name: share * amount for name, amount in amounts.items()}
        sized = _prefixed(kernel, code_amounts(call)), profile.code[call]
        cycles = None if profile.cycles is None else profile.cycles[call]
        yield Sample(_prefixed(kernel, amounts), instructions, kernel, sized, cycles)
    reading, instructions = profile.input
    if any(call.once is not None for call in reading):
        return
    joint: Amounts = {}
    for call in reading:
        joint |= _prefixed(*features(call, signals, shown))
    yield Sample(joint, instructions, "input", None, profile.input_cycles)


def measure(seed: int) -> list[Sample]:
    """All samples of the networks that a seed stands for."""
    torch.set_num_threads(1)
    result: list[Sample] = []
    for kind, seed_of_network in draws_of(seed):
        drawn = draw(kind, seed_of_network)
        for way in drawn.ways:
            try:
                result += _samples(drawn, way, with_program=seed % SEEDS_PER_PROGRAM == 0)
            except SNNError as error:
                print(
                    f"{kind} {seed_of_network}, {way.options}: left out, {error}", file=sys.stderr
                )
    return result
