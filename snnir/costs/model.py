# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Predicts what a `snnrt` network costs on a target, from the target's cost table.

A table is JSON: for each kernel, with its variant, instructions for each amount that
`snnir.costs.features` finds, cycles and bytes of code likewise, and what the program around the
calls takes. Cycles are estimates: of executed blocks by `llvm-mca`, without waits for memory.
`benchmarks/cortex_m7/calibrate.py` measures it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from os.path import commonprefix

from snnir.costs.code_size import code_amounts, initial_states, table_bytes
from snnir.costs.features import Presentation, features
from snnir.costs.goals import Metric
from snnir.costs.library import library_bytes, library_parts
from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.memory.lifetimes import value_bytes

DEFAULT_TABLE = "cortex_m7"
"""The table of targets that have none of their own: its instructions order kernels there, too."""

Coefficients = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class CostTable:
    """What kernels take on a core.

    Attributes:
        instructions, cycles, code: by kernel, for each amount.
        step_instructions: instructions of a step outside of all calls.
        flash_bytes, ram_bytes: program around a network: start-up and interface; stack and data.
        initial_bytes: code for a state that does not start at zero.
    """

    instructions: Coefficients
    cycles: Coefficients
    code: Coefficients
    step_instructions: float
    flash_bytes: float
    ram_bytes: float
    initial_bytes: float = 0.0


@dataclass(frozen=True)
class NetworkCost:
    """Prediction for a network with planned memory.

    Attributes:
        calls: instructions of each call in a mean step, or cycles by `metric`; a call that runs
            once in a sequence counts a part of its own.
        instructions: of a mean step.
        cycles: of a mean step, an estimate.
        code: bytes of code of each call with its tables, without functions of a library.
        unknown: kernels that the table has no variant of; they count nothing.
        unmeasured: variants that another one of their kernel stands for, and amounts of variants,
            as `kernel/amount`; amounts that no variant has count nothing.
    """

    calls: dict[KernelOpBase, float]
    code: dict[KernelOpBase, float]
    instructions: float
    cycles: float
    flash_bytes: float
    ram_bytes: float
    unknown: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()

    def time(self, metric: Metric) -> float:
        """What `speed` makes small."""
        return self.cycles if metric == "cycles" else self.instructions


@cache
def load_table(name: str = DEFAULT_TABLE) -> CostTable:
    """The cost table of a core, which comes with this package."""
    data = json.loads((files("snnir.costs") / f"{name}.json").read_text())
    program = data["program"]
    return CostTable(
        data["instructions"], data["cycles"], data["code"],
        program["instructions"], program["flash_bytes"], program["ram_bytes"],
        program.get("initial_bytes", 0.0),
    )  # fmt: skip


def _apply(amounts: Mapping[str, float], coefficients: Mapping[str, float]) -> float:
    return sum(amount * coefficients.get(name, 0.0) for name, amount in amounts.items())


def _coefficients(
    table: Coefficients, kernel: str, amounts: Mapping[str, float]
) -> Mapping[str, float] | None:
    """Those of a kernel, else of the variant of it whose name begins most alike; None for none.

    Amounts that a kernel lacks take those of its variants, again of the most alike that has them.
    """
    own = table.get(kernel)
    if own is not None and all(name in own for name, amount in amounts.items() if amount):
        return own
    base = kernel.partition(".")[0]
    variants = [name for name in table if name.partition(".")[0] == base]
    # Names are no paths: their characters are to be compared.
    variants.sort(key=lambda name: len(commonprefix([name, kernel])))  # noqa: RUF071
    if own is None:
        return table[variants[-1]] if variants else None
    others = {name: value for variant in variants for name, value in table[variant].items()}
    return {**others, **own}


def _unmeasured(table: Coefficients, kernel: str, amounts: Mapping[str, float]) -> list[str]:
    """What the table does not know of a call itself."""
    if kernel not in table:
        return [kernel]
    names = (name for name, amount in amounts.items() if amount and name not in table[kernel])
    return [f"{kernel}/{name}" for name in names]


def constant_bytes(network: snnrt.NetworkOp) -> int:
    """Bytes of all constants."""
    constants = (op for op in network.body.block.ops if isinstance(op, snnrt.ConstantOp))
    return sum(value_bytes(op.result) for op in constants)


def predict(
    network: snnrt.NetworkOp,
    table: CostTable | None = None,
    presentation: Presentation = "events",
    metric: Metric = "instructions",
) -> NetworkCost:
    """Predict instructions and cycles of a mean step, flash and RAM.

    Args:
        metric: what `NetworkCost.calls` holds.
        presentation: how steps are given; events where a network takes them, else frames.
    """
    table = load_table() if table is None else table
    signals, steps = Signals(network), network.timesteps.value.data
    times: dict[Metric, dict[KernelOpBase, float]] = {"instructions": {}, "cycles": {}}
    code: dict[KernelOpBase, float] = {}
    unknown: dict[str, None] = {}
    unmeasured: dict[str, None] = {}
    for op in network.body.block.ops:
        if not isinstance(op, KernelOpBase):
            continue
        kernel, amounts = features(op, signals, presentation)
        coefficients = _coefficients(table.instructions, kernel, amounts)
        if coefficients is None:
            unknown[kernel] = None
        else:
            unmeasured |= dict.fromkeys(_unmeasured(table.instructions, kernel, amounts))
        times_run = op.runs_in_steps(steps)
        times["instructions"][op] = _apply(amounts, coefficients or {}) * times_run / steps
        cycles = _apply(amounts, _coefficients(table.cycles, kernel, amounts) or {})
        times["cycles"][op] = cycles * times_run / steps
        # Variants of what reads the input differ in time only.
        sizes = code_amounts(op)
        code[op] = _apply(sizes, _coefficients(table.code, kernel, sizes) or {})
        code[op] += table_bytes(op)
    assert network.arena_bytes is not None, "memory is planned"
    return NetworkCost(
        times[metric],
        code,
        table.step_instructions + sum(times["instructions"].values()),
        # About one instruction a cycle between the calls.
        table.step_instructions + sum(times["cycles"].values()),
        table.flash_bytes
        + sum(code.values())
        + sum(size + table.initial_bytes for size in initial_states(network).values())
        + constant_bytes(network)
        + library_bytes(library_parts(code)),
        table.ram_bytes + network.arena_bytes.value.data,
        tuple(unknown),
        tuple(unmeasured),
    )
