# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Chooses a kernel for every fully connected layer and convolution, for speed or for size.

For each layer every kernel that can compute it is a candidate: convolutions of bytes, convolutions
that are read window by window, in pairs or triples of lanes and with tables of kernel sums of
several sizes, or by tiles of some rows of windows (for `size`, or where nothing else keeps to the
limits); fully connected layers with every storage of their weights; CMSIS-NN where it is allowed,
with weights of 4 bits, too, where its sums come out exact. Instructions of a mean step are
predicted from a table that was measured on the target (`make calibrate-costs`) and the activity
that `snn-measure-activity` recorded; bytes of constants and buffers are those that the lowered
network has, bytes of code and stack are predicted.

`optimize` says what is wanted: `speed`, the fewest instructions; `size`, the fewest bytes of flash
and RAM together, or hardly more with fewer instructions; `balanced`, the smallest product of
instructions and bytes, so that a percent of one is worth a percent of the other. Limits hold for
all of them. With `metric=cycles`, cycles stand for instructions throughout: an estimate, by the
scheduling model of `llvm-mca` and the transfers of register lists, for memory without wait states.
The choice is written into the attributes `kernel`, `packing`, `table_bytes` and `tile_rows`, which
`convert-qsnn-to-kernels` obeys, in place of older ones. All candidates compute the same, bit for
bit.

Where no activity was measured, 2 % of the elements of the input and 10 % of the neurons are taken
to be active, and a remark says so. Triples of lanes need a `target` that adds doubles in hardware.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import get_target
from snnir.costs.candidates import TABLE_BUDGETS, Choice, Costs, LayerCost, layers_of
from snnir.costs.goals import Goal, Metric
from snnir.costs.library import library_bytes
from snnir.costs.search import Selection, select
from snnir.costs.signals import ASSUMED_INPUT_RATE, ASSUMED_RATE
from snnir.dialects import qsnn
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


@dataclass(frozen=True)
class QSNNSelectKernelsPass(SNNPass):
    """Choose a kernel for every layer by predicted instructions, flash and RAM."""

    name: ClassVar[str] = "qsnn-select-kernels"

    optimize: Goal = option("balanced", "what is wanted: speed, size or balanced")
    metric: Metric = option("instructions", "what time is: instructions, or cycles (an estimate)")
    ram_limit: int | None = option(None, "most bytes of RAM, with stack")
    flash_limit: int | None = option(None, "most bytes of flash, with code")
    target: str | None = option(None, "target that runs the network")
    kernels: KernelChoice = option(
        "event", "cmsis or cmsis_s4 let CMSIS-NN be chosen, too, whose sources are then needed"
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, qsnn.NetworkOp)]:
            self._select(network)

    def _select(self, network: qsnn.NetworkOp) -> None:
        layers = layers_of(network)
        if not layers:
            return
        self._say_what_is_assumed(network)
        found = select(
            network,
            self.optimize,
            triples=self.target is not None and get_target(self.target).double_unit,
            cmsis=self.kernels in CMSIS_CHOICES,
            budgets=self._budgets(),
            metric=self.metric,
            ram_limit=self.ram_limit,
            flash_limit=self.flash_limit,
        )
        if found.lowered is None:
            raise error_at(network, self._shortage(found))
        costs = found.lowered.by_layer(len(layers))
        for op, choice, cost, candidates in zip(
            layers, found.choices, costs, found.candidates, strict=True
        ):
            self._report(op, choice, cost, candidates)
            choice.write(op)
        total = found.lowered.cost
        self.remark(
            network,
            f"predicted for {self.optimize} ({_REASONS[self.optimize].format(self._unit)}): "
            f"{total.time(self.metric):,.0f} {self._unit} per step, "
            f"{total.flash_bytes:,.0f} bytes of flash, {total.ram_bytes:,.0f} bytes of RAM",
            instructions=total.instructions, cycles=total.cycles, flash_bytes=total.flash_bytes,
            ram_bytes=total.ram_bytes,
        )  # fmt: skip
        for kernel in total.unknown:
            self.remark(network, f"the cost table has no '{kernel}', which counts as nothing")

    def _budgets(self) -> Sequence[int]:
        """Sizes of tables to try: none that the limit excludes."""
        limit = self.flash_limit
        return [b for b in TABLE_BUDGETS if limit is None or b < limit]

    def _say_what_is_assumed(self, network: qsnn.NetworkOp) -> None:
        neurons = [op for op in network.body.block.ops if isinstance(op, qsnn.LIFOp)]
        if INPUT_COUNTS in network.attributes and all(rate_of(op) is not None for op in neurons):
            return
        self.remark(
            network,
            f"activity was not measured everywhere; assumes that {ASSUMED_INPUT_RATE:.0%} of the "
            f"input and {ASSUMED_RATE:.0%} of the neurons are active (snn-measure-activity)",
        )

    def _shortage(self, found: Selection) -> str:
        ram, flash = found.missing
        parts = []
        for what, over, limit in (
            ("RAM", ram, self.ram_limit), ("flash", flash, self.flash_limit),
        ):  # fmt: skip
            if over:
                parts.append(
                    f"{over:,.0f} bytes of {what} are missing: it needs "
                    f"{over + (limit or 0):,.0f}, the limit is {limit:,}"
                )
        return f"no kernels make it fit; with the closest ones {' and '.join(parts)}"

    def _report(
        self, op: qsnn.Conv2dOp | qsnn.LinearOp, choice: Choice, cost: LayerCost, candidates: Costs
    ) -> None:
        by_choice = {candidate: found for (candidate, _), found in candidates.items()}
        for candidate, other in by_choice.items():
            if candidate != choice:
                self.remark(op, f"candidate {candidate}: {self._text(other)}")
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
