# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many channels layers have, for the kernels that a goal asks for.

Silent channels that can go may stay, and others may be added: kernels compute several at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from xdsl.dialects.builtin import ModuleOp

from snnir.costs.goals import NEARLY_FASTEST, Goal, Totals, best_first, wanted
from snnir.costs.model import predict
from snnir.dialects import qsnn, snnrt
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.files import kernels_of, network_of
from snnir.driver.pipelines import (
    LANES,
    LoweringOptions,
    apply_pipeline,
    channel_multiples,
    kernel_selection,
    pads_for_goal,
    selected_to_kernels,
    to_other_channels,
)
from snnir.layers.channel_addition import growing_path
from snnir.layers.channel_groups import find_channel_groups
from snnir.passes.qsnn_pad_channels import QSNNPadChannelsPass, layers_to_pad
from snnir.passes.qsnn_select_kernels import QSNNSelectKernelsPass
from snnir.support.diagnostics import DiagnosticEngine, SNNError, emit_remark
from snnir.support.pipeline import build_from_spec, parse_pass_specs

TRIED = (1, 2, LANES)
"""Multiples that the channels of a layer are brought to: masks and lists want pairs."""

MOST_ALONE = 12
"""Most numbers of channels, of all layers together, that are tried layer by layer."""


def with_chosen_channels(module: ModuleOp, options: LoweringOptions) -> ModuleOp:
    """A copy of a `qsnn` module with as many channels that never fire as the options name."""
    copy = module.clone()
    apply_pipeline(copy, to_other_channels(options))
    return copy


def choose_channels(module: ModuleOp, options: LoweringOptions) -> LoweringOptions:
    """The options with the numbers of channels whose kernels are predicted to serve the goal best.

    Args:
        module: at the `qsnn` level, before `qsnn-prune-silent`; it does not change.

    Returns:
        the options themselves where they name no goal, or not the defaults.
    """
    multiple, known = _best_multiple(module, options)
    chosen = replace(options, silent_multiple=multiple)
    return _padded(module, chosen, known) if pads_for_goal(options) else chosen


def _best_multiple(module: ModuleOp, options: LoweringOptions) -> tuple[int | None, _Trial | None]:
    """The multiple of channels that are left, and what that costs if it was tried."""
    multiples = channel_multiples(options)
    if options.optimize is None or len(multiples) == 1:
        return multiples[0], None
    found = dict[str, tuple[ModuleOp, LoweringOptions]]()
    # Nobody wants remarks on what may not be chosen.
    with DiagnosticEngine():
        for multiple in multiples:
            named = replace(options, silent_multiple=multiple)
            simplified = with_chosen_channels(module, named)
            found.setdefault(str(simplified), (simplified, named))
        if len(found) == 1:
            return multiples[0], None
        fitting = [tried for each in found.values() if (tried := _try_kernels(*each)) is not None]
        if not fitting:
            return _closest([named for _, named in found.values()], module), None
    best = _best(options.optimize, fitting)
    return best.options.silent_multiple, best


def _padded(module: ModuleOp, options: LoweringOptions, known: _Trial | None) -> LoweringOptions:
    """The options with the multiples that channels are added for.

    All layers alike first; layer by layer where that pays, because each trial takes as long
    as the rest of the compiler.

    Args:
        known: what no more channels cost, if that was tried.
    """
    with DiagnosticEngine():
        possible = _possible_multiples(with_chosen_channels(module, options))
        alike = {multiple: tuple(each[multiple] for each in possible) for multiple in TRIED}
        if len(set(alike.values())) == 1:
            return options
        search = _Search(module, options)
        if known is not None:
            search.trials[alike[1]] = known
        before = search.best_of([alike[1]])
        best = search.best_of(alike.values())
        combinations = sum(len(set(each.values())) for each in possible)
        if best is not None and best is not before and combinations <= MOST_ALONE:
            for layer, each in enumerate(possible):
                chosen = best.options.padded_multiples or ()
                others = [
                    (*chosen[:layer], multiple, *chosen[layer + 1 :])
                    for multiple in dict.fromkeys(each.values())
                ]
                best = search.best_of(others, best) or best
    _report(module, before, best, len(search.trials))
    return options if best is None or best is before else best.options


def _possible_multiples(module: ModuleOp) -> list[dict[int, int]]:
    """For each layer of a `qsnn` module and each multiple the least that is as good.

    Layers are the `layers_to_pad`. The least is 1 where a layer cannot get more channels, or has
    such a multiple.
    """
    network = network_of(module)
    assert isinstance(network, qsnn.NetworkOp)
    groups = find_channel_groups(network)
    found: list[dict[int, int]] = []
    for op in layers_to_pad(network):
        channels = shape_of(op.result.type)[0]
        fixed = isinstance(growing_path(groups, op), str)
        added = {multiple: 0 if fixed else -channels % multiple for multiple in TRIED}
        found.append({m: min(n for n in TRIED if added[n] == added[m]) for m in TRIED})
    return found


class _Search:
    """Trials of numbers of channels that are added, each made once.

    Attributes:
        trials: what kernels cost by the multiples; None where none fit.
    """

    def __init__(self, module: ModuleOp, options: LoweringOptions):
        assert options.optimize is not None
        self._goal: Goal = options.optimize
        self._module, self._options = module, options
        self.trials: dict[tuple[int, ...], _Trial | None] = {}

    def best_of(
        self, candidates: Iterable[tuple[int, ...]], best: _Trial | None = None
    ) -> _Trial | None:
        """The trial that serves the goal best, the one that is given or the first if by little."""
        found = [self._trial(multiples) for multiples in candidates]
        for trial in found:
            if trial is not None and (best is None or self._is_better(trial, best)):
                best = trial
        return best

    def _is_better(self, trial: _Trial, best: _Trial) -> bool:
        least = min(each.least for each in self.trials.values() if each is not None)
        return trial.differs(best) and _best(self._goal, [best, trial], least) is trial

    def _trial(self, multiples: tuple[int, ...]) -> _Trial | None:
        if multiples not in self.trials:
            named = replace(self._options, padded_multiples=multiples)
            self.trials[multiples] = _try_kernels(with_chosen_channels(self._module, named), named)
        return self.trials[multiples]


def _report(module: ModuleOp, before: _Trial | None, best: _Trial | None, tried: int) -> None:
    """Say what channels were added for, or that they do not pay."""
    if best is None:
        message = f"no channels added: kernels fit with none of {tried} numbers of channels"
    elif best is before:
        message = (
            f"no channels added: none of {tried - 1} other numbers of channels serves "
            f"{best.options.optimize} better"
        )
    else:
        unpadded = "kernels do not fit" if before is None else before.text
        message = (
            f"added channels that never fire for {best.options.optimize}: predicted {best.text}; "
            f"without them {unpadded}"
        )
    emit_remark(network_of(module), QSNNPadChannelsPass.name, message, tried=tried)


@dataclass(frozen=True)
class _Trial:
    """What the kernels of a network with some number of channels cost.

    Attributes:
        least: time or bytes, as the goal says, of its best kernels, of which `totals` may have
            given up a little.
        has_tiles: whether kernels compute by tiles.
    """

    options: LoweringOptions
    totals: Totals
    least: float
    has_tiles: bool

    def differs(self, other: _Trial) -> bool:
        """Whether time or bytes differ so much that a prediction says anything."""
        ratios = (self.totals.time / other.totals.time, self.totals.bytes / other.totals.bytes)
        return any(max(ratio, 1 / ratio) > NEARLY_FASTEST for ratio in ratios)

    @property
    def text(self) -> str:
        """The costs for a remark."""
        unit = "instructions" if self.options.metric == "instructions" else "estimated cycles"
        return (
            f"{self.totals.time:,.0f} {unit} per step, {self.totals.flash_bytes:,.0f} bytes of "
            f"flash, {self.totals.ram_bytes:,.0f} bytes of RAM"
        )


def _best(goal: Goal, trials: Sequence[_Trial], least: float = math.inf) -> _Trial:
    """The trial that serves a goal best; the first of equal ones.

    Args:
        least: time or bytes of the best kernels of any trial, with others than these.
    """
    if goal == "balanced":
        # As in one network: tiles only where nothing without them keeps to the limits.
        trials = [trial for trial in trials if not trial.has_tiles] or trials
    # What its kernels gave up of the best counts, so that nothing is given up twice.
    least = min(least, *(trial.least for trial in trials))
    return trials[best_first(goal, [trial.totals for trial in trials], least)[0]]


def _try_kernels(module: ModuleOp, options: LoweringOptions) -> _Trial | None:
    """Lower a `qsnn` module, which changes, to kernels for the goal; None if none fit."""
    assert options.optimize is not None
    network = network_of(module)
    assert isinstance(network, qsnn.NetworkOp)
    (spec,) = parse_pass_specs(kernel_selection(options))
    try:
        found = build_from_spec(QSNNSelectKernelsPass, spec).select(network)
        apply_pipeline(module, selected_to_kernels(options))
    except SNNError:
        return None
    cost = predict(kernels_of(module))
    totals = Totals(cost.time(options.metric), cost.flash_bytes, cost.ram_bytes)
    least = wanted(options.optimize, totals) / (1.0 if found is None else found.given_up)
    tiles = any(isinstance(op, snnrt.TileLIFBase) for op in module.walk())
    return _Trial(options, totals, least, tiles)


def _closest(trials: Sequence[LoweringOptions], module: ModuleOp) -> int | None:
    """The multiple that comes closest to the limits, where none keeps to them."""

    def over(trial: LoweringOptions) -> float:
        smallest = replace(trial, optimize="size", ram_limit=None, flash_limit=None)
        found = _try_kernels(with_chosen_channels(module, trial), smallest)
        if found is None:
            return math.inf
        taken = found.totals
        return sum(
            max(bytes - limit, 0)
            for bytes, limit in (
                (taken.ram_bytes, trial.ram_limit), (taken.flash_bytes, trial.flash_limit),
            )
            if limit is not None
        )  # fmt: skip

    return min(trials, key=over).silent_multiple
