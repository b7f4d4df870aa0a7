# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Chooses a kernel for every fully connected layer and convolution, for speed or for size.

For each layer every kernel that can compute it is a candidate: convolutions of bytes, with neurons
that give bytes or lists, or of masks, with tables of kernel sums of several sizes; convolutions
that are read window by window, in pairs or triples of lanes and with such tables, or by tiles of
some rows of windows (for `size`, or where a limit excludes what would be chosen else), which leave
windows alone while nothing can happen in them or save the memory that this takes; fully connected
layers with every storage of their weights; products of all inputs where these are real values or
counts; CMSIS-NN where it is allowed, with weights of 4 bits, too, where its sums come out exact.
Instructions of a mean step are predicted from a table that was measured on the target (`make
calibrate-costs`) and the activity that `snn-measure-activity` recorded; bytes of constants and
buffers are those that the lowered network has, bytes of code and stack are predicted.

`optimize` says what is wanted: `speed`, the fewest instructions, or hardly more with fewer bytes;
`size`, the fewest bytes of flash and RAM together, or hardly more with fewer instructions;
`balanced`, the smallest product of instructions and bytes, so that a percent of one is worth a
percent of the other. Limits hold for all of them, for what is predicted and the reserves together:
what a build was measured to take beyond its prediction. With `metric=cycles`, cycles stand for
instructions throughout: an estimate, by the scheduling model of `llvm-mca` and the transfers of
register lists, for memory without wait states. The choice is written into the attributes `kernel`,
`packing`, `table_bytes`, `tile_rows`, `skip_calm`, `weight_bits` and `neurons`, which
`convert-qsnn-to-kernels` obeys, in place of older ones. All candidates compute the same, bit for
bit.

Where no activity was measured, 2 % of the elements of the input and 10 % of the neurons are taken
to be active, and a remark says so. Triples of lanes need a `target` that adds doubles in hardware.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import get_target
from snnir.costs.candidates import TABLE_BUDGETS, Choice, Costs, LayerCost, layers_of
from snnir.costs.goals import Goal, Metric, Totals
from snnir.costs.library import library_bytes
from snnir.costs.limits import Limits
from snnir.costs.search import Selection, select, totals_of
from snnir.costs.signals import ASSUMED_INPUT_RATE, ASSUMED_RATE
from snnir.dialects import qsnn
from snnir.dialects.network import LAYER
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.kernels.context import CMSIS_CHOICES, KernelChoice
from snnir.layers.activity_attributes import INPUT_COUNTS, rate_of
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option

_REASONS: dict[Goal, str] = {
    "speed": "fewest {}",
    "size": "fewest bytes",
    "balanced": "smallest product of {} and bytes",
}
_UNITS: dict[Metric, str] = {"instructions": "instructions", "cycles": "estimated cycles"}


def activity_is_measured(network: qsnn.NetworkOp) -> bool:
    """Whether the activity of the input and of all neurons was recorded."""
    neurons = [op for op in network.body.block.ops if isinstance(op, qsnn.SpikingNeuronBase)]
    return INPUT_COUNTS in network.attributes and all(rate_of(op) is not None for op in neurons)


@dataclass(frozen=True)
class QSNNSelectKernelsPass(SNNPass):
    """Choose a kernel for every layer by predicted instructions, flash and RAM."""

    name: ClassVar[str] = "qsnn-select-kernels"

    optimize: Goal = option("balanced", "what is wanted: speed, size or balanced")
    metric: Metric = option("instructions", "what time is: instructions, or cycles (an estimate)")
    ram_limit: int | None = option(None, "most bytes of RAM, with stack")
    flash_limit: int | None = option(None, "most bytes of flash, with code")
    ram_reserve: int = option(0, "bytes of RAM that predictions leave out")
    flash_reserve: int = option(0, "bytes of flash that predictions leave out")
    target: str | None = option(None, "target that runs the network")
    kernels: KernelChoice = option(
        "event", "cmsis or cmsis_s4 let CMSIS-NN be chosen, too, whose sources are then needed"
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, qsnn.NetworkOp)]:
            self.select(network)

    def select(self, network: qsnn.NetworkOp) -> Selection | None:
        """Choose the kernels of one network; None where no layer has a choice.

        Raises:
            SNNError: no kernels keep to the limits.
        """
        layers = layers_of(network)
        if not layers:
            return None
        self._say_what_is_assumed(network)
        limits = Limits(self.ram_limit, self.flash_limit, self.ram_reserve, self.flash_reserve)
        found = select(
            network,
            self.optimize,
            triples=self.target is not None and get_target(self.target).double_unit,
            cmsis=self.kernels in CMSIS_CHOICES,
            budgets=self._budgets(),
            metric=self.metric,
            limits=limits,
        )
        if not found.fits:
            raise error_at(network, self._shortage(found, limits))
        costs = found.lowered.by_layer(len(layers))
        for op, choice, cost, candidates in zip(
            layers, found.choices, costs, found.candidates, strict=True
        ):
            self._report(op, choice, cost, candidates)
            choice.write(op)
        self._report_network(network, found, limits)
        return found

    def _report_network(self, network: qsnn.NetworkOp, found: Selection, limits: Limits) -> None:
        total = found.lowered.cost
        given = "" if network.input.data in REAL_KINDS else ", input as events"
        self.remark(
            network,
            f"predicted for {self.optimize} ({_REASONS[self.optimize].format(self._unit)}): "
            f"{self._totals(totals_of(total, self.metric))}{given}",
            instructions=total.instructions, cycles=total.cycles, flash_bytes=total.flash_bytes,
            ram_bytes=total.ram_bytes,
        )  # fmt: skip
        if found.next_best is not None:
            choices, costs = found.next_best
            each = zip(layers_of(network), choices, found.choices, strict=True)
            changes = ", ".join(
                f"{choice} for layer {getattr(op.attributes.get(LAYER), 'data', number)}"
                for number, (op, choice, chosen) in enumerate(each)
                if choice != chosen
            )
            self.remark(network, f"next best: {self._totals(costs)}, with {changes}")
        if found.unlimited is not None:
            ram, flash = limits.over(found.unlimited)
            binding = " and ".join(
                f"{over:,} bytes of {what} above the limit"
                for what, over in (("RAM", ram), ("flash", flash))
                if over
            )
            self.remark(
                network, f"the limits exclude {self._totals(found.unlimited)}, which is {binding}"
            )
        for kernel in total.unknown:
            self.remark(network, f"the cost table has no '{kernel}', which counts as nothing")
        if total.unmeasured:
            names = ", ".join(f"'{name}'" for name in total.unmeasured)
            self.remark(
                network,
                f"the cost table has no {names}, so that the prediction may be off "
                "(make calibrate-costs)",
            )

    def _totals(self, costs: Totals) -> str:
        return (
            f"{costs.time:,.0f} {self._unit} per step, {costs.flash_bytes:,.0f} bytes of flash, "
            f"{costs.ram_bytes:,.0f} bytes of RAM"
        )

    def _budgets(self) -> Sequence[int]:
        """Sizes of tables to try: none that the limit excludes."""
        limit = self.flash_limit
        return [b for b in TABLE_BUDGETS if limit is None or b < limit]

    def _say_what_is_assumed(self, network: qsnn.NetworkOp) -> None:
        if activity_is_measured(network):
            return
        self.remark(
            network,
            f"activity was not measured everywhere; assumes that {ASSUMED_INPUT_RATE:.0%} of the "
            f"input and {ASSUMED_RATE:.0%} of the neurons are active (snn-measure-activity)",
        )

    def _shortage(self, found: Selection, limits: Limits) -> str:
        """What is missing, what can be reached, and what to do."""
        assert found.least is not None
        ram, flash = found.least
        parts = []
        for what, over, limit, reserve, least in (
            ("RAM", found.over[0], limits.ram, limits.ram_reserve, ram.ram_bytes),
            ("flash", found.over[1], limits.flash, limits.flash_reserve, flash.flash_bytes),
        ):
            if over:
                parts.append(
                    f"{over:,} bytes of {what} are missing: it needs {over + (limit or 0):,}, the "
                    f"limit is {limit:,}, and the least of any kernels is "
                    f"{math.ceil(least + reserve):,}"
                    + (f" ({reserve:,} of it measured beyond predictions)" if reserve > 0 else "")
                )
        chosen = "; ".join(str(choice) for choice in dict.fromkeys(found.choices))
        library = "" if self.kernels in CMSIS_CHOICES else ", let CMSIS-NN be chosen (cmsis)"
        return (
            f"no kernels make it fit; with the closest ones ({chosen}) {' and '.join(parts)}: "
            f"raise the limit{library}, or make the network smaller (snn-compress)"
        )

    def _report(
        self, op: qsnn.Conv2dOp | qsnn.LinearOp, choice: Choice, cost: LayerCost, candidates: Costs
    ) -> None:
        alternatives: dict[str, LayerCost] = {}
        for (candidate, _), other in candidates.items():
            # Larger tables than a layer can use change nothing.
            if candidate != choice and other not in alternatives.values():
                alternatives[str(candidate)] = other
        for name, other in sorted(alternatives.items(), key=lambda item: item[1].time):
            self.remark(op, f"candidate {name}: {self._text(other)}")
        self.remark(
            op,
            f"chose {choice}: {self._text(cost)}",
            **{self.metric: cost.time}, flash_bytes=cost.flash_bytes,
            state_bytes=cost.state_bytes, transient_bytes=cost.transient_bytes,
        )  # fmt: skip
        self.statistics.add("layers")

    def _text(self, cost: LayerCost) -> str:
        shared = library_bytes(cost.library)
        return (
            f"{cost.time:,.0f} {self._unit}, {cost.flash_bytes:,.0f} bytes of flash, "
            + (f"{shared:,} of functions of CMSIS-NN, " if shared else "")
            + f"{cost.state_bytes:,} of state, {cost.transient_bytes:,} of transient RAM"
        )

    @property
    def _unit(self) -> str:
        return _UNITS[self.metric]
