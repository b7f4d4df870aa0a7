# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What running C was measured to take, beside what was predicted when its kernels were chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from snnir.costs.features import Presentation
from snnir.costs.model import predict
from snnir.dialects import snnrt
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.driver.lowering import LoweredNetwork
from snnir.driver.pipelines import LoweringOptions
from snnir.driver.tables import Cell, format_table
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from snnir.executors.native import Measurements

Prediction = dict[Presentation, float]
"""Instructions of a mean step, for each way in which a network takes its input."""


def check_presentation(network: NetworkOpBase, input_as: Presentation) -> None:
    """Raises `SNNError` if the steps of a network cannot be given like that."""
    if input_as == "events" and (kind := network.input.data) in REAL_KINDS:
        raise error_at(
            network, f"takes {kind}, which are no events: measure it with --input-as frames"
        )


def prediction(lowered: LoweredNetwork, options: LoweringOptions) -> Prediction | None:
    """What was predicted for kernels that were chosen for a goal; None if they were not."""
    network = lowered.network
    if options.optimize is None or lowered.qsnn is None:
        return None
    assert isinstance(network, snnrt.NetworkOp)
    ways: list[Presentation] = ["frames"]
    if network.input.data not in REAL_KINDS:
        ways.append("events")
    return {way: predict(network, presentation=way).instructions for way in ways}


@dataclass
class Cost:
    """Measurements of all batches of one level, added up.

    Attributes:
        input_as: how steps were given.
        predicted: for networks whose kernels were chosen by it.
    """

    timesteps: int
    input_as: Presentation = "frames"
    predicted: Prediction | None = None
    _parts: list[Measurements] = field(default_factory=list)

    def add(self, measurements: Measurements | None) -> None:
        """Account for one batch."""
        if measurements is not None:
            self._parts.append(measurements)

    def to_json(self) -> dict[str, Any]:
        """What was measured; instructions are missing where they were not counted."""
        if not self._parts:
            return {}
        last = self._parts[-1]
        result: dict[str, Any] = {"arena_bytes": last.arena_bytes}
        counted = [part for part in self._parts if part.instructions is not None]
        if counted:
            instructions = sum(part.instructions or 0 for part in counted)
            per_step = instructions / sum(part.steps for part in counted)
            predicted = self.predicted
            result = {
                "input_as": self.input_as,
                "instructions_per_step": per_step,
                **({} if predicted is None else {"predicted_instructions_per_step": predicted}),
                "instructions_per_inference": per_step * self.timesteps,
                "worst_step_instructions": max(p.worst_step_instructions or 0 for p in counted),
                **result,
                "ram_bytes": max(part.ram_bytes or 0 for part in counted),
                "flash_bytes": last.flash_bytes,
                "stack_bytes": max(part.stack_bytes or 0 for part in counted),
            }
        return result


COST_TITLES = {
    "instructions_per_inference": "instructions per inference",
    "worst_step_instructions": "instructions of the longest step",
    "arena_bytes": "arena, bytes",
    "ram_bytes": "RAM with stack, bytes",
    "flash_bytes": "flash, bytes",
    "stack_bytes": "of the RAM: stack of the test program, bytes",
}
"""What the entries of `Cost.to_json` are called on the screen, but for instructions of a step."""


def cost_lines(title: str, cost: dict[str, Any]) -> list[str]:
    """Return a table of what was measured; nothing if nothing was."""
    if not cost:
        return []
    rows: list[tuple[Cell, ...]] = _step_rows(cost)
    rows += [(name, round(cost[key])) for key, name in COST_TITLES.items() if key in cost]
    return ["", *format_table((title, ""), rows), *_other_presentation(cost)]


def _step_rows(cost: dict[str, Any]) -> list[tuple[Cell, ...]]:
    """Instructions of a step, and how far the prediction was off."""
    if (measured := cost.get("instructions_per_step")) is None:
        return []
    way = cost["input_as"]
    rows: list[tuple[Cell, ...]] = [(f"instructions per step, from {way}", round(measured))]
    if (predictions := cost.get("predicted_instructions_per_step")) is not None:
        predicted = predictions[way]
        rows += [
            (f"predicted, from {way}", round(predicted)),
            ("error of the prediction", f"{100 * (predicted / measured - 1):+.1f} %"),
        ]
    return rows


def _other_presentation(cost: dict[str, Any]) -> list[str]:
    """Where the measured steps were given in another way than the one kernels are chosen for."""
    predictions = cost.get("predicted_instructions_per_step", {})
    if cost.get("input_as") == "events" or "events" not in predictions:
        return []
    return [
        f"--optimize chose by the prediction from events, {predictions['events']:,.0f} "
        "instructions per step; --input-as events measures that"
    ]
