# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir explore`: what the goals of `--optimize` and limits of memory would give, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

from xdsl.dialects.builtin import ModuleOp

from snnir.backends.firmware import measure_footprint
from snnir.backends.targets import TargetDescription, get_target
from snnir.costs.goals import Goal
from snnir.costs.model import predict
from snnir.costs.signals import ASSUMED_INPUT_RATE, ASSUMED_RATE
from snnir.data import Dataset
from snnir.data.network_inputs import load_samples
from snnir.dialects import qsnn, snnrt
from snnir.driver.files import kernels_of, level_of, network_of, read_network
from snnir.driver.fitting import lower_within_limits
from snnir.driver.lowering import to_integer_level, without_options_of_integers
from snnir.driver.pipelines import LoweringOptions, for_target
from snnir.driver.tables import format_table
from snnir.passes.qsnn_select_kernels import activity_is_measured
from snnir.support.atomic import PathLike
from snnir.support.diagnostics import DiagnosticEngine, SNNError, error_at


@dataclass(frozen=True)
class Alternative:
    """One choice of kernels.

    Attributes:
        arguments: what makes `snnir compile` choose it.
        instructions, cycles: of a mean step, predicted; cycles are estimates.
        flash_bytes, ram_bytes: of code and data, and of RAM with stack; measured on what was built
            if `built`, else predicted.
    """

    arguments: str
    instructions: int
    cycles: int
    flash_bytes: int
    ram_bytes: int
    built: bool

    def beats(self, other: Alternative) -> bool:
        """Whether this one is at least as good in everything."""
        return (
            self.instructions <= other.instructions
            and self.flash_bytes <= other.flash_bytes
            and self.ram_bytes <= other.ram_bytes
        )


@dataclass(frozen=True)
class ExploreReport:
    """The alternatives, the fastest first.

    Attributes:
        counted: whether `snnir validate` can count instructions for the target.
        measured: whether predictions go by measured activity; they assume some otherwise.
    """

    name: str
    target: str
    alternatives: tuple[Alternative, ...]
    counted: bool
    measured: bool

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The report for the screen."""
        titles = ("arguments of compile", "instructions", "cycles, estimate", "flash", "RAM")
        rows = [
            (each.arguments, each.instructions, each.cycles, each.flash_bytes, each.ram_bytes)
            for each in self.alternatives
        ]
        built = all(each.built for each in self.alternatives)
        bytes = "bytes as built, RAM with stack" if built else "bytes as predicted"
        counted = "; 'snnir validate' counts instructions" if self.counted else ""
        # Other targets have no table of costs.
        core = "" if built else " for a Cortex-M7"
        lines = [
            *format_table(titles, rows), "",
            f"'{self.name}' for {self.target}: a mean step as predicted{core}, {bytes}{counted}",
        ]  # fmt: skip
        if not self.measured:
            lines.append(
                f"{ASSUMED_INPUT_RATE:.0%} of the input and {ASSUMED_RATE:.0%} of the neurons are "
                "taken to be active: --data or --calibration measures that"
            )
        return lines


def explore(
    network: ModuleOp | PathLike,
    *,
    target: str = "host",
    options: LoweringOptions | None = None,
    data: Dataset | PathLike | None = None,
    bins: int | None = None,
    limit: int | None = None,
    cmsis_nn: Path | None = None,
) -> ExploreReport:
    """Choose kernels for each goal, and for speed within less flash and less RAM.

    Limits are the powers of two between what the smallest and the fastest kernels take, of RAM also
    one and a half times these. Only speed is tried within them: whoever has a limit wants the
    fastest kernels that keep to it, and the other goals give up speed for memory by themselves.
    What another alternative beats in everything is left out, unless it is a goal.

    Args:
        network: a module of the `snn` or `qsnn` level, or the path of a `.mlir` file.
        options: as for `compile`; their goal is not looked at, their limits hold for all.
        data, bins, limit: as for `compile`.

    Raises:
        SNNError: the network cannot be lowered, or nothing keeps to the limits of `options`.
    """
    description = get_target(target)
    module = network.clone() if isinstance(network, ModuleOp) else read_network(network)
    if level_of(network_of(module)) == "snnrt":
        raise error_at(
            network_of(module), "is written as kernels, so that none are left to choose; give the "
            "network at the snn or qsnn level"
        )  # fmt: skip
    samples = None if data is None else load_samples(network_of(module), data, bins, limit)
    options = replace(for_target(options, description), optimize="balanced")
    integers, _ = to_integer_level(module, options, samples)
    assert integers is not None, "kernels were refused"
    options = without_options_of_integers(options)

    def alternative(goal: Goal, **limits: int) -> Alternative:
        chosen = replace(options, optimize=goal, **limits)  # type: ignore[arg-type]
        return _alternative(integers, chosen, samples, description, cmsis_nn)

    goals = {goal: alternative(goal) for goal in get_args(Goal)}
    found = list(goals.values())
    for memory in ("flash", "ram"):
        least, most = (getattr(goals[goal], f"{memory}_bytes") for goal in ("size", "speed"))
        for bytes in limits_between(least, most, halves=memory == "ram"):
            try:
                found.append(alternative("speed", **{f"{memory}_limit": bytes}))
            except SNNError:
                # What is built can be larger than what was predicted to keep to the limit.
                continue
    kept = _worthwhile(found, list(goals.values()))
    ordered = sorted(kept, key=lambda each: each.instructions)
    op = network_of(integers)
    assert isinstance(op, qsnn.NetworkOp)
    return ExploreReport(
        op.sym_name.data, description.name, tuple(ordered), description.emulator is not None,
        activity_is_measured(op),
    )  # fmt: skip


def _alternative(
    module: ModuleOp, options: LoweringOptions, data: Dataset | None, target: TargetDescription,
    cmsis_nn: Path | None,
) -> Alternative:  # fmt: skip
    # Nobody wants remarks on what may not be chosen.
    with DiagnosticEngine():
        lowered = lower_within_limits(module, options, data, target, cmsis_nn)
    network = kernels_of(lowered.kernels)
    assert isinstance(network, snnrt.NetworkOp)
    cost = predict(network)
    footprint = (
        measure_footprint(lowered.kernels, target, cmsis_nn) if target.is_measurable else None
    )
    flash, ram = (cost.flash_bytes, cost.ram_bytes)
    if footprint is not None:
        flash, ram = footprint.flash_bytes, footprint.ram_bytes
    arguments = [f"--optimize {options.optimize}"]
    limits = (("ram", options.ram_limit), ("flash", options.flash_limit))
    arguments += [
        f"--{memory}-limit {_size_text(limit)}" for memory, limit in limits if limit is not None
    ]
    return Alternative(
        " ".join(arguments), round(cost.instructions), round(cost.cycles), round(flash), round(ram),
        footprint is not None,
    )  # fmt: skip


def _size_text(bytes: int) -> str:
    """As an argument: in KiB, if that says it."""
    return str(bytes) if bytes % (1 << 10) else f"{bytes >> 10}K"


def limits_between(smallest: int, largest: int, halves: bool) -> Iterator[int]:
    """The powers of two, from 1 KiB on, above one number and below another.

    Args:
        halves: with those one and a half times as large.
    """
    power = 1 << 10
    while power < largest:
        for limit in (power, power * 3 // 2) if halves else (power,):
            if smallest < limit < largest:
                yield limit
        power *= 2


def _worthwhile(
    found: Sequence[Alternative], goals: Sequence[Alternative]
) -> Iterator[Alternative]:
    """What no other beats, and the goals; of those alike the first."""
    for index, each in enumerate(found):
        others = [*found[:index], *(o for o in found[index + 1 :] if not each.beats(o))]
        if each in goals or not any(other.beats(each) for other in others):
            yield each
