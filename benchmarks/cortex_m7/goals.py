# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the programs are measured against: goals, a program written by hand, and other tools.

Hand-written: the program for this one network that shows what the core can do (Cortex-M7, QEMU,
30 recordings that are not those of these tables, RAM without stack); `needs` says with what. Peers:
one recording in 50 bins, in the same emulator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import MPS2_AN500
from snnir.driver.channel_counts import choose_channels
from snnir.driver.pipelines import LANES, LoweringOptions, to_other_channels
from snnir.universe import PASSES

Goal = Literal["speed", "balanced", "size"]
GOALS: tuple[Goal, ...] = ("speed", "balanced", "size")

EXPLICIT: dict[Goal, str] = {
    "speed": "packing=triples table-bytes=340000",
    "balanced": "packing=pairs table-bytes=60000",
    "size": "tile-rows=1",
}
"""Options of `convert-qsnn-to-kernels` for a goal where nothing selects them."""

SELECTION = "qsnn-select-kernels"


_EXPLICIT_MULTIPLES: dict[Goal, int] = {"speed": 3, "balanced": 2, "size": LANES}
"""Channels that the kernels of `EXPLICIT` compute at once."""


def simplification_of(goal: Goal, integers: ModuleOp, limits: Limits | None = None) -> str:
    """Passes within the `qsnn` level, as the compiler chooses them for a goal within limits."""
    options = LoweringOptions(silent_multiple=_EXPLICIT_MULTIPLES[goal])
    if not _spelt_out:
        options = LoweringOptions(optimize=goal, target=MPS2_AN500.name)
        if limits is not None:
            options = replace(
                options, ram_limit=limits.ram_bytes, flash_limit=limits.flash_bytes
            )  # fmt: skip
        options = choose_channels(integers, options)
    return to_other_channels(options)


_spelt_out = SELECTION not in PASSES


def spell_out() -> None:
    """Compile with `EXPLICIT` options from now on, instead of letting the compiler select."""
    global _spelt_out
    _spelt_out = True


@dataclass(frozen=True)
class Limits:
    """Goals: instructions of a step by number of bins, RAM with stack and flash in bytes."""

    instructions: dict[int, int]
    ram_bytes: int
    flash_bytes: int


def pipeline_of(goal: Goal, limits: Limits | None = None) -> str:
    """Passes from the `qsnn` level to kernels, for a goal within limits of memory."""
    if _spelt_out:
        return f"convert-qsnn-to-kernels{{{EXPLICIT[goal]}}}"
    options = f"optimize={goal} target={MPS2_AN500.name}"
    if limits is not None:
        options += f" ram-limit={limits.ram_bytes} flash-limit={limits.flash_bytes}"
    return f"{SELECTION}{{{options}}},convert-qsnn-to-kernels"


NETWORK_GOALS: dict[Goal, Limits] = {
    "speed": Limits({50: 75_000, 300: 48_000}, 56_000, 340_000),
    "balanced": Limits({50: 150_000, 300: 75_000}, 48_000, 96_000),
    "size": Limits({50: 300_000, 300: 150_000}, 16_000, 32_000),
}

COMPRESSED_GOALS: dict[Goal, Limits] = {
    "speed": Limits({50: 40_000, 300: 28_000}, 40_000, 160_000),
    "size": Limits({50: 120_000}, 12_000, 14_000),
}
"""For at most 0.5 points of accuracy (speed) and 1 point (size)."""

INFERENCE_GOAL = 1_500_000
"""Instructions of a whole inference for at most 1 point of accuracy."""


@dataclass(frozen=True)
class Published:
    """Figures that others measured."""

    name: str
    instructions: dict[int, int]
    worst_step: dict[int, int]
    ram_bytes: int | None = None
    flash_bytes: int | None = None


HAND_WRITTEN = (
    Published(
        "hand-written, three lanes in a double, tables", {50: 68_795, 300: 45_018},
        {50: 119_401, 300: 77_576}, 51_808, 328_280,
    ),
    Published(
        "hand-written, pairs, tables", {50: 94_494, 300: 59_456}, {50: 171_973, 300: 106_962},
        43_536, 257_474,
    ),
    Published(
        "hand-written, pairs, no tables", {50: 213_425, 300: 95_428},
        {50: 439_865, 300: 243_378}, 43_536, 59_206,
    ),
)  # fmt: skip

PEERS = (
    Published("snn-generator, float C", {50: 30_180_000}, {}),
    Published("Qualia, int8", {50: 7_700_000}, {}),
    Published("CMSIS-NN, dense int8 with LIF", {50: 5_120_000}, {}),
    Published("float event-driven loop", {50: 1_750_000}, {}),
)
