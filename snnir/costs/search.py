# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The best kernels for all layers under a goal and limits.

Costs of layers add up, but for transient buffers, of which the largest counts. Partial assignments
that are worse in everything than another one are dropped (a Pareto front; long fronts are thinned
out); the complete ones are lowered, the best first, until one keeps to the limits: what it costs is
then known for the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snnir.costs.candidates import (
    TILES,
    Choice,
    Costs,
    Layer,
    LayerCost,
    Lowered,
    input_forms,
    layer_costs,
    layers_of,
    lower,
    window_layers,
)
from snnir.costs.goals import Goal, Metric, keeps_arena
from snnir.costs.library import Parts, library_bytes
from snnir.costs.model import CostTable, NetworkCost, load_table
from snnir.dialects import qsnn
from snnir.kernels.context import Packing
from snnir.passes.kernels_hoist_static_input import KernelsHoistStaticInputPass

LONGEST_FRONT = 400
"""Partial assignments that are kept."""

MOST_LOWERED = 24
"""Complete assignments that are lowered to see whether they keep to the limits."""

NEARLY_SMALLEST = 1.02
"""With the goal `size`, networks up to this many times as large as the smallest may be faster."""


@dataclass(frozen=True)
class Partial:
    """Choices for the first layers, and what they cost together.

    Attributes:
        layer_bytes: flash of constants and code of the layers.
        library: parts of CMSIS-NN that they share.
    """

    choices: tuple[Choice, ...]
    time: float
    layer_bytes: float
    state_bytes: float
    transient_bytes: float
    library: Parts = frozenset()

    @property
    def flash_bytes(self) -> float:
        """Constants and code."""
        return self.layer_bytes + library_bytes(self.library)

    @property
    def ram_bytes(self) -> float:
        """Buffers of all kinds."""
        return self.state_bytes + self.transient_bytes

    def extended(self, choice: Choice, cost: LayerCost) -> Partial:
        """With one more layer."""
        return Partial(
            (*self.choices, choice),
            self.time + cost.time,
            self.layer_bytes + cost.flash_bytes,
            self.state_bytes + cost.state_bytes,
            max(self.transient_bytes, cost.transient_bytes),
            self.library | cost.library,
        )

    def costs(self) -> tuple[float, float, float, float]:
        """What is to be small."""
        return self.time, self.flash_bytes, self.state_bytes, self.transient_bytes


@dataclass(frozen=True)
class Selection:
    """The outcome of a search.

    Attributes:
        lowered: with the chosen kernels; None if none keeps to the limits.
        missing: where none does, bytes of RAM and flash above the limits of what comes closest.
        candidates: of each layer, with their costs.
    """

    choices: tuple[Choice, ...]
    lowered: Lowered | None
    missing: tuple[float, float]
    candidates: list[Costs]


def score(goal: Goal, time: float, flash_bytes: float, ram_bytes: float) -> float:
    """What a goal makes small.

    `balanced` takes the product of time and bytes: a percent of one is worth a percent of
    the other.
    """
    total = flash_bytes + ram_bytes
    if goal == "speed":
        return time * (1 + 1e-9 * total)
    if goal == "size":
        return total * (1 + 1e-9 * time)
    return math.log(max(time, 1)) + math.log(max(total, 1))


def select(
    network: qsnn.NetworkOp,
    goal: Goal,
    *,
    triples: bool,
    cmsis: bool,
    budgets: Sequence[int],
    metric: Metric = "instructions",
    ram_limit: int | None = None,
    flash_limit: int | None = None,
) -> Selection:
    """Choose a kernel for every layer; the network does not change.

    Tiles are candidates for `size`, and for other goals where nothing else keeps to the limits:
    they give up so much speed for so much memory that `balanced` would mean the same as `size`.
    """
    packings: tuple[Packing, ...] = ("pairs", "triples") if triples else ("pairs",)
    limits = ram_limit, flash_limit
    hoisting = KernelsHoistStaticInputPass(keep_arena=keeps_arena(goal), ram_limit=ram_limit)

    def best(tiles: Sequence[int]) -> Selection:
        found = layer_costs(network, packings, budgets, tiles, cmsis, hoisting, metric)
        return _best(network, goal, found, limits, hoisting, metric)

    if goal != "size" and (selection := best(())).lowered is not None:
        return selection
    return best(TILES)


def _best(
    network: qsnn.NetworkOp, goal: Goal, found: list[Costs],
    limits: tuple[int | None, int | None], hoisting: KernelsHoistStaticInputPass,
    metric: Metric,
) -> Selection:  # fmt: skip
    """The best of these candidates that keep to the limits."""
    ram_limit, flash_limit = limits
    complete = _complete(network, found)
    table = load_table()
    ordered = _ordered(complete, goal, table, ram_limit, flash_limit)
    best: Partial = ordered[0]
    missing = (math.inf, math.inf)
    for partial in ordered[:MOST_LOWERED]:
        lowered = lower(network, partial.choices, hoisting, metric)
        over = _over(lowered.cost, ram_limit, flash_limit)
        if over == (0, 0):
            return Selection(partial.choices, lowered, over, found)
        if sum(over) < sum(missing):
            best, missing = partial, over
    return Selection(best.choices, None, missing, found)


def _over(cost: NetworkCost, ram_limit: int | None, flash_limit: int | None) -> tuple[float, float]:
    """Bytes above the limits."""
    return (
        0 if ram_limit is None else max(math.ceil(cost.ram_bytes) - ram_limit, 0),
        0 if flash_limit is None else max(math.ceil(cost.flash_bytes) - flash_limit, 0),
    )


def _complete(network: qsnn.NetworkOp, found: list[Costs]) -> list[Partial]:
    """The Pareto front of assignments to all layers."""
    layers, windows = layers_of(network), window_layers(network)
    producers = {
        index: layers.index(source)
        for index, op in enumerate(layers)
        if (source := windows.get(op)) is not None
    }
    front = [Partial((), 0, 0, 0, 0)]
    for index in range(len(layers)):
        extended = []
        for partial in front:
            extended += _extensions(network, layers, partial, found[index], producers.get(index))
        front = _pareto(extended, index, producers)
    return front


def _extensions(
    network: qsnn.NetworkOp, layers: list[Layer], partial: Partial, costs: Costs,
    producer: int | None,
) -> list[Partial]:  # fmt: skip
    """A partial assignment with each choice for the next layer that is possible after it."""
    possible: dict[Choice, LayerCost] = {}
    filled = (*partial.choices, *[Choice("scatter")] * (len(layers) - len(partial.choices)))
    form = input_forms(network, filled)[len(partial.choices)]
    for (choice, given), cost in costs.items():
        behind_bytes = producer is not None and not partial.choices[producer].is_windowed
        if choice.is_windowed and behind_bytes:
            continue
        if given == form or choice not in possible:
            possible[choice] = cost
    return [partial.extended(choice, cost) for choice, cost in possible.items()]


def _pareto(partials: list[Partial], index: int, producers: dict[int, int]) -> list[Partial]:
    """Those that no other one beats, among those that leave the same choices to later layers."""
    groups: dict[tuple[object, ...], list[Partial]] = {}
    for partial in partials:
        # Only layers that later ones read matter, and what of the library later ones find there.
        key = tuple(partial.choices[p].is_windowed for i, p in producers.items() if i > index >= p)
        last = partial.choices[index].is_windowed
        groups.setdefault((*key, last, partial.library), []).append(partial)
    kept: list[Partial] = []
    for group in groups.values():
        front: list[Partial] = []
        for partial in sorted(group, key=Partial.costs):
            if not any(_beats(other, partial) for other in front):
                front.append(partial)
        kept += _thinned(front)
    return kept


def _beats(a: Partial, b: Partial) -> bool:
    return all(x <= y for x, y in zip(a.costs(), b.costs(), strict=True))


def _thinned(front: list[Partial]) -> list[Partial]:
    """At most `LONGEST_FRONT`, the extremes among them."""
    if len(front) <= LONGEST_FRONT:
        return front
    step = (len(front) - 1) / (LONGEST_FRONT - 2)
    kept = {round(i * step) for i in range(LONGEST_FRONT - 1)}
    kept.add(min(range(len(front)), key=lambda i: front[i].flash_bytes + front[i].ram_bytes))
    return [front[i] for i in sorted(kept)]


def _ordered(
    complete: list[Partial], goal: Goal, table: CostTable, ram_limit: int | None,
    flash_limit: int | None,
) -> list[Partial]:  # fmt: skip
    """The best first; behind them those that seem to break a limit, the closest first."""

    def totals(partial: Partial) -> tuple[float, float, float]:
        return (
            partial.time + table.step_instructions,
            partial.flash_bytes + table.flash_bytes,
            partial.ram_bytes + table.ram_bytes,
        )

    def excess(partial: Partial) -> float:
        _, flash, ram = totals(partial)
        over_ram = 0 if ram_limit is None else max(ram - ram_limit, 0)
        return over_ram + (0 if flash_limit is None else max(flash - flash_limit, 0))

    rank: Callable[[Partial], float] = lambda partial: score(goal, *totals(partial))  # noqa: E731
    if goal == "size":
        within = [partial for partial in complete if excess(partial) == 0] or complete
        smallest = min(sum(totals(partial)[1:]) for partial in within)

        def rank_size(partial: Partial) -> float:
            time, flash, ram = totals(partial)
            if flash + ram <= NEARLY_SMALLEST * smallest:
                return time / 1e12
            return flash + ram

        rank = rank_size
    return sorted(complete, key=lambda partial: (excess(partial), rank(partial)))
