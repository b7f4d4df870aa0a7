# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `calibrate.py` fits: calls of random networks with what each takes on the target."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from code_bytes import measure_code, program_amounts
from cost_kinds import Drawn, Way, draw, draws_of
from profile_calls import profile_calls
from xdsl.dialects.builtin import ModuleOp

from snnir.costs.code_size import code_amounts
from snnir.costs.features import features
from snnir.costs.signals import Signals
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.dialects.snnrt import NetworkOp
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
class Origin:
    """Where a sample was measured.

    Attributes:
        kind, seed: of the network, see `cost_kinds.draw`.
        way: index of the way that it was lowered.
        call: index of the call; None for those that read the input and the program around calls.
    """

    kind: str
    seed: int
    way: int
    call: int | None


@dataclass(frozen=True)
class Sample:
    """One measurement of a call, of the calls that read the input, or of the program around calls.

    Attributes:
        amounts: `kernel/amount` with how much of it there is; empty if only code was measured.
        code: the same for bytes of code, and these.
        cycles: None where nothing estimates them.
    """

    origin: Origin
    amounts: Amounts
    instructions: float
    kernel: str
    code: tuple[Amounts, int] | None
    cycles: float | None = None


class Lowered:
    """A network that is lowered one way, with what it takes by `snnir.costs`."""

    def __init__(self, drawn: Drawn, way: Way):
        self.module: ModuleOp = drawn.network.module.clone()
        apply_pipeline(
            self.module, f"convert-qsnn-to-kernels{{{way.options}}}{way.passes},kernels-plan-memory"
        )
        self.network: NetworkOp = kernels_of(self.module)
        self.calls = [op for op in self.network.body.block.ops if isinstance(op, KernelOpBase)]
        signals = Signals(self.network)
        self._found = {call: features(call, signals, way.shown) for call in self.calls}

    def kernel(self, call: KernelOpBase) -> str:
        """What a call is filed under."""
        return self._found[call][0]

    def amounts(self, call: KernelOpBase) -> Amounts:
        """Of a mean step."""
        kernel, amounts = self._found[call]
        steps = self.network.timesteps.value.data
        share = call.runs_in_steps(steps) / steps
        return _prefixed(kernel, {name: share * amount for name, amount in amounts.items()})

    def code_amounts(self, call: KernelOpBase) -> Amounts:
        """Of its code."""
        return _prefixed(self.kernel(call), code_amounts(call))


def _prefixed(kernel: str, amounts: Mapping[str, float]) -> Amounts:
    return {f"{kernel}/{name}": amount for name, amount in amounts.items()}


def _samples(kind: str, seed: int, drawn: Drawn, way: int, with_program: bool) -> Iterator[Sample]:
    """The calls of a network that is lowered one way.

    Args:
        with_program: measure the program around them, too.
    """
    lowered, shown = Lowered(drawn, drawn.ways[way]), drawn.ways[way].shown
    called = [lowered.kernel(call) for call in lowered.calls]
    if not any(name.startswith(_wanted) for name in (PROGRAM, "input", *called)):
        return
    places = {call: Origin(kind, seed, way, index) for index, call in enumerate(lowered.calls)}
    around = Origin(kind, seed, way, None)
    if with_program or _code_only:
        code = measure_code(lowered.module)
        yield Sample(around, {}, 0.0, PROGRAM, (program_amounts(code), code.program))
        if _code_only:
            for call, size in code.calls.items():
                sized = lowered.code_amounts(call), size
                yield Sample(places[call], {}, 0.0, lowered.kernel(call), sized)
            return
    profile = profile_calls(lowered.module, drawn.x, shown)
    for call, instructions in profile.calls.items():
        sized = lowered.code_amounts(call), profile.code[call]
        cycles = None if profile.cycles is None else profile.cycles[call]
        amounts, kernel = lowered.amounts(call), lowered.kernel(call)
        yield Sample(places[call], amounts, instructions, kernel, sized, cycles)
    reading, instructions = profile.input
    if any(call.once is not None for call in reading):
        return
    joint: Amounts = {}
    for call in reading:
        joint |= lowered.amounts(call)
    yield Sample(around, joint, instructions, "input", None, profile.input_cycles)


def measure(seed: int) -> list[Sample]:
    """All samples of the networks that a seed stands for."""
    torch.set_num_threads(1)
    result: list[Sample] = []
    for kind, seed_of_network in draws_of(seed):
        drawn = draw(kind, seed_of_network)
        for way, lowering in enumerate(drawn.ways):
            try:
                result += _samples(
                    kind, seed_of_network, drawn, way, with_program=seed % SEEDS_PER_PROGRAM == 0
                )
            except SNNError as error:
                print(
                    f"{kind} {seed_of_network}, {lowering.options}: left out, {error}",
                    file=sys.stderr,
                )
    return result


def recount(samples: Sequence[Sample]) -> list[Sample]:
    """All samples of one network, of calls with the amounts that are found now: runs nothing."""
    torch.set_num_threads(1)
    drawn = draw(samples[0].origin.kind, samples[0].origin.seed)
    ways = {sample.origin.way for sample in samples}
    lowered = {way: Lowered(drawn, drawn.ways[way]) for way in ways}
    return [_recounted(sample, lowered[sample.origin.way]) for sample in samples]


def _recounted(sample: Sample, lowered: Lowered) -> Sample:
    if sample.origin.call is None:
        return sample
    call = lowered.calls[sample.origin.call]
    return replace(
        sample,
        kernel=lowered.kernel(call),
        amounts=lowered.amounts(call) if sample.amounts else {},
        code=None if sample.code is None else (lowered.code_amounts(call), sample.code[1]),
    )
