# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Channels are added where the goal is predicted to gain by it, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import snntorch
import torch
from torch import nn
from xdsl.dialects.builtin import ModuleOp

from snnir.costs.goals import Goal
from snnir.costs.model import NetworkCost, predict
from snnir.data import Dataset
from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver import channel_counts
from snnir.driver.files import kernels_of, network_of
from snnir.driver.lowering import LoweredNetwork, lower
from snnir.driver.pipelines import LoweringOptions, pads_for_goal
from snnir.driver.validate import validate
from snnir.frontends.snntorch import from_snntorch
from snnir.passes.qsnn_pad_channels import layers_to_pad
from snnir.support.diagnostics import DiagnosticEngine

TIMESTEPS = 4
SPEED = LoweringOptions(optimize="speed", target="mps2-an500")
UNPADDED = LoweringOptions(optimize="speed", target="mps2-an500", padded_multiples=(1,))


def leaky(output: bool = False) -> nn.Module:
    return snntorch.Leaky(beta=0.9, init_hidden=True, output=output)


def network(channels: tuple[int, int, int]) -> ModuleOp:
    """Three convolutions and a linear layer, all of which fire."""
    torch.manual_seed(0)
    a, b, c = channels
    module = nn.Sequential(
        nn.Conv2d(3, a, 5, padding=2), leaky(), nn.Conv2d(a, b, 3, stride=2), leaky(),
        nn.Conv2d(b, c, 3), leaky(), nn.Flatten(), nn.Linear(c * 12 * 12, 11), leaky(True),
    )  # fmt: skip
    with torch.no_grad():
        for index in (0, 2, 4, 7):
            module[index].weight.mul_(4)  # type: ignore[operator]
    return from_snntorch(module, torch.zeros(1, 3, 29, 29), timesteps=TIMESTEPS)


@pytest.fixture(scope="module")
def data() -> Dataset:
    x = np.random.default_rng(1).random((4, TIMESTEPS, 3, 29, 29)) < 0.03
    return Dataset(x.astype(np.uint8), np.arange(4), "random events")


@pytest.fixture(scope="module")
def odd() -> ModuleOp:
    return network((7, 13, 21))


def channels_of(lowered: LoweredNetwork) -> list[int]:
    assert lowered.simplified is not None
    integers = network_of(lowered.simplified)
    assert isinstance(integers, qsnn.NetworkOp)
    return [shape_of(op.result.type)[0] for op in layers_to_pad(integers)]


def cost_of(lowered: LoweredNetwork) -> NetworkCost:
    return predict(kernels_of(lowered.kernels))


def test_odd_convolutions_gain_channels_for_speed(odd: ModuleOp, data: Dataset) -> None:
    with DiagnosticEngine() as engine:
        padded = lower(odd, SPEED, data)
    unpadded = lower(odd, UNPADDED, data)
    assert channels_of(unpadded) == [7, 13, 21]
    grown = {old: new for old, new in zip((7, 13, 21), channels_of(padded), strict=True)}
    assert all(new in (old, old + old % 2, old + -old % 4) for old, new in grown.items())
    assert cost_of(padded).instructions < 0.9 * cost_of(unpadded).instructions
    (why,) = (r.message for r in engine.remarks if "without them" in r.message)
    assert f"predicted {cost_of(padded).instructions:,.0f} instructions" in why
    assert f"without them {cost_of(unpadded).instructions:,.0f} instructions" in why
    added = [r.message for r in engine.remarks if ": a multiple of" in r.message]
    assert len(added) == sum(old < new for old, new in grown.items()) > 0


@pytest.mark.parametrize("goal", ["speed", "balanced"])
def test_odd_fully_connected_layers_gain_neurons(goal: Goal) -> None:
    """The kernel that computes four sums at once takes multiples of four neurons."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(1000, 101), leaky(), nn.Linear(101, 10), leaky(True))
    with torch.no_grad():
        module[0].weight.mul_(4)  # type: ignore[operator]
    x = (np.random.default_rng(1).random((4, TIMESTEPS, 1000)) < 0.05).astype(np.uint8)
    given = Dataset(x, np.arange(4), "random events")
    dense = from_snntorch(module, torch.zeros(1, 1000), timesteps=TIMESTEPS)
    padded = lower(dense, LoweringOptions(optimize=goal, target="mps2-an500"), given)
    unpadded = lower(dense, replace(UNPADDED, optimize=goal), given)
    assert (channels_of(padded), channels_of(unpadded)) == ([104], [101])
    assert cost_of(padded).instructions < 0.9 * cost_of(unpadded).instructions
    report = validate(dense, given, options=replace(UNPADDED, padded_multiples=(4,)))
    assert [row.bit_exact for row in report.levels] == [None, None, True]


def test_limits_hold_for_more_channels(odd: ModuleOp, data: Dataset) -> None:
    limited = LoweringOptions(optimize="speed", target="mps2-an500", flash_limit=60_000)
    lowered = lower(odd, limited, data)
    assert cost_of(lowered).flash_bytes <= 60_000
    assert channels_of(lowered) != [7, 13, 21]


def test_layers_of_fours_are_not_tried(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    trials: list[object] = []
    monkeypatch.setattr(channel_counts, "_try_kernels", lambda *given: trials.append(given))
    assert channels_of(lower(network((8, 12, 20)), SPEED, data)) == [8, 12, 20]
    assert not trials


def test_only_a_goal_and_the_defaults_add_channels(odd: ModuleOp, data: Dataset) -> None:
    assert channels_of(lower(odd, None, data)) == [7, 13, 21]
    assert not pads_for_goal(LoweringOptions())
    assert not pads_for_goal(LoweringOptions(optimize="size", silent_multiple=None))
    assert channels_of(lower(odd, LoweringOptions(padded_multiples=(4, 2, 1)), data)) == [8, 14, 21]


@pytest.mark.parametrize(
    "options",
    [
        LoweringOptions(padded_multiples=(4, 2, 1)),
        LoweringOptions(pipeline="convert-snn-to-qsnn,qsnn-pad-channels{multiple=5}"),
    ],
)
def test_all_levels_compute_the_same(
    odd: ModuleOp, data: Dataset, options: LoweringOptions
) -> None:
    """Channels that a user's pipeline added are no difference to the level before, either."""
    report = validate(odd, data, options=options)
    assert [row.bit_exact for row in report.levels] == [None, None, True]
    assert report.levels[1].spike_agreement is not None
    assert report.levels[1].spike_agreement > 0.9
