# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The best kernels for all layers under a goal and limits.

Costs of layers add up, but for transient buffers, of which the largest counts. Partial assignments
that are worse in everything than another one are dropped (a Pareto front; long fronts are thinned
out); the complete ones are lowered, the best first, until one keeps to the limits: what it costs is
then known for the whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
from snnir.costs.goals import Goal, Metric, Totals, best_first, wanted
from snnir.costs.library import Parts, library_bytes
from snnir.costs.limits import Limits
from snnir.costs.model import CostTable, NetworkCost, load_table
from snnir.dialects import qsnn
from snnir.dialects.snn_attributes import InputKind
from snnir.kernels.context import Packing
from snnir.passes.static_input import StaticInputPasses

LONGEST_FRONT = 400
"""Partial assignments that are kept."""

MOST_LOWERED = 24
"""Complete assignments that are lowered to see whether they keep to the limits."""

MOST_UNLIKELY = 8
"""Assignments that are lowered first although they seem to break the limit of RAM."""

MOST_COMPARED = 3
"""Assignments that are lowered beside the best by the sums of layers, if nearly as good."""

LARGEST_MISTAKE = 1.05
"""How many times what a goal wants to be small may be as large as the sum of layers says."""

LARGEST_SURPLUS = 0.5
"""Share of a limit of RAM by which the sums of layers may be above the whole."""


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

    def totals(self, table: CostTable) -> Totals:
        """What the whole network costs, if these are the choices of all layers."""
        return Totals(
            self.time + table.step_instructions,
            self.flash_bytes + table.flash_bytes,
            self.ram_bytes + table.ram_bytes,
        )

    def costs(self) -> tuple[float, float, float, float]:
        """What is to be small."""
        return self.time, self.flash_bytes, self.state_bytes, self.transient_bytes


@dataclass(frozen=True)
class Selection:
    """The outcome of a search.

    Attributes:
        choices: of the layers; what comes closest to the limits where nothing keeps to them.
        lowered: with these kernels.
        over: bytes of RAM and flash above the limits.
        candidates: of each layer, with their costs.
        given_up: how many times what the goal wants to be small, time or bytes, is as large as that
            of the best kernels: 1 or hardly more.
        next_best: what would have been chosen next within the limits, with its costs.
        unlimited: costs of what would be chosen without the limits, where they exclude it.
        least: where nothing keeps to the limits, the least RAM and the least flash.
    """

    choices: tuple[Choice, ...]
    lowered: Lowered
    over: tuple[int, int]
    candidates: list[Costs]
    given_up: float = 1.0
    next_best: tuple[tuple[Choice, ...], Totals] | None = None
    unlimited: Totals | None = None
    least: tuple[NetworkCost, NetworkCost] | None = None

    @property
    def fits(self) -> bool:
        """Whether the kernels keep to the limits."""
        return self.over == (0, 0)


def select(
    network: qsnn.NetworkOp,
    goal: Goal,
    *,
    triples: bool,
    cmsis: bool,
    budgets: Sequence[int],
    metric: Metric = "instructions",
    limits: Limits | None = None,
) -> Selection:
    """Choose a kernel for every layer; the network does not change.

    Tiles are candidates for `size`, and for other goals where a limit excludes what else would be
    chosen: they give up so much speed for so much memory that `balanced` would mean the same as
    `size`. Limits that exclude nothing so change nothing.
    """
    limits = limits or Limits()
    packings: tuple[Packing, ...] = ("pairs", "triples") if triples else ("pairs",)
    tiles = TILES if goal == "size" or limits.any else ()
    static_input = StaticInputPasses.within(goal, Limits())

    def costs(static_input: StaticInputPasses) -> list[Costs]:
        return layer_costs(network, packings, budgets, tiles, cmsis, static_input, metric)

    found = costs(static_input)
    ways, freely = [found], [found]
    search = _Search(network, goal, metric)
    is_static = network.input.data is InputKind.STATIC_VALUES
    if goal != "size":
        freely = [[{key: cost for key, cost in each.items() if not key[0].tile_rows}
                   for each in found]]  # fmt: skip
    elif is_static:
        # Kernels that need little RAM beside currents that are kept may leave room for these.
        ways.append(costs(replace(static_input, keep_arena=False)))
        freely = ways
    unlimited = search.best(freely, Limits())
    if limits.over(unlimited.lowered.cost) == (0, 0):
        return unlimited
    if is_static:
        # Whether currents may be kept, and steps batched, is a matter of the whole network.
        if limits.ram is not None:
            ways.append(costs(replace(static_input, ram_limit=0)))
        if limits.flash is not None:
            ways.append(costs(replace(static_input, flash_limit=0)))
    within = search.best(ways, limits)
    return replace(within, unlimited=totals_of(unlimited.lowered.cost, metric))


@dataclass(frozen=True)
class _Ranking:
    """Complete assignments, by the sums of their layers.

    Attributes:
        candidates: of each layer, that an assignment was chosen from.
        ordered: in the order in which they are to be tried.
    """

    candidates: Mapping[Partial, list[Costs]]
    totals: Mapping[Partial, Totals]
    ordered: Sequence[Partial]

    def fits(self, partial: Partial, limits: Limits) -> bool:
        """Whether an assignment seems to keep to the limits."""
        return limits.over(self.totals[partial]) == (0, 0)


@dataclass(frozen=True)
class _Search:
    """What a search is for."""

    network: qsnn.NetworkOp
    goal: Goal
    metric: Metric

    def _lower(self, partial: Partial, limits: Limits) -> Lowered:
        static_input = StaticInputPasses.within(self.goal, limits)
        return lower(self.network, partial.choices, static_input, self.metric)

    def _tried(self, partial: Partial, candidates: list[Costs], limits: Limits) -> Selection:
        """An assignment as a whole network."""
        lowered = self._lower(partial, limits)
        return Selection(partial.choices, lowered, limits.over(lowered.cost), candidates)

    def _wanted(self, selection: Selection) -> float:
        return wanted(self.goal, totals_of(selection.lowered.cost, self.metric))

    def best(self, ways: Sequence[list[Costs]], limits: Limits) -> Selection:
        """The best of these candidates that keep to the limits, else what comes closest.

        Args:
            ways: the candidates of each layer, for each way of lowering all of them.
        """
        table = load_table()
        found = {partial: costs for costs in ways for partial in _complete(self.network, costs)}
        totals = {partial: partial.totals(table) for partial in found}
        ordered = _ordered(totals, self.goal, limits)
        return self._first_fitting(_Ranking(found, totals, ordered), limits)

    def _first_fitting(self, ranking: _Ranking, limits: Limits) -> Selection:
        """The first that keeps to the limits as a whole network, if it is as good as it seems."""
        closest: Selection | None = None
        slower: Selection | None = None
        for index, partial in enumerate(ranking.ordered[:MOST_LOWERED]):
            tried = self._tried(partial, ranking.candidates[partial], limits)
            if not tried.fits:
                if closest is None or sum(tried.over) < sum(closest.over):
                    closest = tried
                continue
            rest = [each for each in ranking.ordered[index + 1 :] if ranking.fits(each, limits)]
            others = [each for each in rest if each.choices != partial.choices]
            values = [wanted(self.goal, ranking.totals[each]) for each in (partial, *rest)]
            tried = replace(
                tried,
                given_up=values[0] / min(values),
                next_best=(others[0].choices, ranking.totals[others[0]]) if others else None,
            )
            most = LARGEST_MISTAKE * values[0]
            if self._wanted(tried) <= most:
                near = [each for each in others if wanted(self.goal, ranking.totals[each]) <= most]
                return self._compared(tried, near, ranking, limits)
            # It fits because the currents of an image are not kept, as they were to be.
            if slower is None or self._wanted(tried) < self._wanted(slower):
                slower = tried
        if slower is not None:
            return slower
        assert closest is not None
        return replace(closest, least=self._least(ranking.totals, limits))

    def _least(
        self, totals: Mapping[Partial, Totals], limits: Limits
    ) -> tuple[NetworkCost, NetworkCost]:
        """What takes least RAM, and what takes least flash."""
        ram = min(totals, key=lambda partial: totals[partial].ram_bytes)
        flash = min(totals, key=lambda partial: totals[partial].flash_bytes)
        return self._lower(ram, limits).cost, self._lower(flash, limits).cost

    def _compared(
        self, first: Selection, others: Sequence[Partial], ranking: _Ranking, limits: Limits
    ) -> Selection:
        """The best of a selection that fits and the first of some others, as whole networks.

        Sums of layers leave out what kernels take because of their neighbours, such as spikes in
        another form, and what they share.
        """
        tried = [first]
        for partial in others[:MOST_COMPARED]:
            other = self._tried(partial, ranking.candidates[partial], limits)
            tried += [other] if other.fits else []
        if len(tried) == 1:
            return first
        totals = [totals_of(each.lowered.cost, self.metric) for each in tried]
        best, second, *_ = best_first(self.goal, totals)
        values = [wanted(self.goal, each) for each in totals]
        return replace(
            tried[best],
            given_up=values[best] / min(values),
            next_best=(tried[second].choices, totals[second]),
        )


def totals_of(cost: NetworkCost, metric: Metric) -> Totals:
    """What decides of a prediction."""
    return Totals(cost.time(metric), cost.flash_bytes, cost.ram_bytes)


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
        key = tuple(partial.choices[p].gives_lists for i, p in producers.items() if i > index >= p)
        last = partial.choices[index].gives_lists
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


def _ordered(totals: dict[Partial, Totals], goal: Goal, limits: Limits) -> list[Partial]:
    """The best first; behind them those that seem to break a limit, the closest first.

    Before the best come better ones that seem to break the limit of RAM by little: what layers need
    together can be less than the sum says, because each was measured beside other kernels.
    """
    excess = {partial: limits.over(each) for partial, each in totals.items()}
    within = [partial for partial, over in excess.items() if not any(over)]
    ranked = [within[i] for i in best_first(goal, [totals[partial] for partial in within])]
    beyond = [partial for partial, over in excess.items() if any(over)]
    beyond.sort(key=lambda partial: (sum(excess[partial]), totals[partial].bytes))
    if limits.ram is None:
        return ranked + beyond
    least = wanted(goal, totals[ranked[0]]) if ranked else math.inf
    room = LARGEST_SURPLUS * limits.ram
    nearly = [
        partial for partial in beyond
        if wanted(goal, totals[partial]) < least
        and excess[partial][0] <= room and excess[partial][1] == 0
    ]  # fmt: skip
    found = best_first(goal, [totals[partial] for partial in nearly])[:MOST_UNLIKELY]
    first = [nearly[index] for index in found]
    return first + ranked + [partial for partial in beyond if partial not in first]
