# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What kernels may be chosen for, and which of several networks serves that best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

Goal = Literal["speed", "size", "balanced"]

Metric = Literal["instructions", "cycles"]
"""What time is measured in: counted instructions, or cycles, which are estimated."""

NEARLY_FASTEST = 1.01
"""Predictions of time that differ less say nothing: the smaller network is taken for `speed`."""

NEARLY_SMALLEST = 1.02
"""Networks up to this many times as large as the smallest may be faster for `size`."""


class Totals(NamedTuple):
    """What a network is predicted to cost: time of a mean step, and bytes."""

    time: float
    flash_bytes: float
    ram_bytes: float

    @property
    def bytes(self) -> float:
        """Flash and RAM together."""
        return self.flash_bytes + self.ram_bytes


def wanted(goal: Goal, totals: Totals) -> float:
    """What is to be small for a goal: time, bytes, or for `balanced` the product of both."""
    if goal == "balanced":
        return max(totals.time, 1) * max(totals.bytes, 1)
    return totals.time if goal == "speed" else totals.bytes


def best_first(goal: Goal, totals: Sequence[Totals], least: float = math.inf) -> list[int]:
    """Indices of networks in the order in which they serve a goal, the best first.

    `speed` wants little time and `size` few bytes; among those that hardly differ in that from the
    best, the other one decides. `balanced` takes the product: a percent of one is worth a percent
    of the other.

    Args:
        least: time or bytes of the best network, if that was given up for one of these already.
    """
    values = [wanted(goal, each) for each in totals]
    if goal == "balanced":
        return sorted(range(len(totals)), key=lambda index: values[index])
    other = [t.bytes if goal == "speed" else t.time for t in totals]
    tolerance = NEARLY_FASTEST if goal == "speed" else NEARLY_SMALLEST
    nearly = tolerance * min([*values, least])

    def rank(index: int) -> tuple[bool, float, float]:
        if values[index] <= nearly:
            return False, other[index], values[index]
        return True, values[index], other[index]

    return sorted(range(len(totals)), key=rank)


def keeps_arena(goal: Goal | None) -> bool:
    """Whether a goal gives up instructions rather than much RAM (`kernels-hoist-static-input`)."""
    return goal == "size"
