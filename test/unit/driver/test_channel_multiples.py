# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many silent channels go depends on the kernels that the goal asks for."""

from __future__ import annotations

import numpy as np
import pytest
import snntorch
import torch
from torch import nn
from xdsl.dialects.builtin import ModuleOp

from snnir.costs import goals
from snnir.costs.goals import Goal
from snnir.costs.model import predict
from snnir.data import Dataset
from snnir.driver.files import kernels_of
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LANES, LoweringOptions, channel_multiples
from snnir.driver.validate import validate
from snnir.frontends.snntorch import from_snntorch

CHANNELS, SILENT, TIMESTEPS = 8, 2, 4


def network(seed: int, channels: int, silent: int, outputs: int) -> ModuleOp:
    """A convolution of which some channels have no positive weight, and a linear layer."""
    torch.manual_seed(seed)
    convolution = nn.Conv2d(1, channels, 3)
    with torch.no_grad():
        convolution.weight.uniform_(-0.5, 1)
        convolution.weight[:silent] = -convolution.weight[:silent].abs()
        convolution.bias.fill_(-0.1)  # type: ignore[union-attr]
    layers = nn.Sequential(
        convolution, nn.MaxPool2d(2), snntorch.Leaky(beta=0.5, init_hidden=True),
        nn.Flatten(), nn.Linear(channels * 9, outputs),
        snntorch.Leaky(beta=0.5, init_hidden=True, output=True),
    )  # fmt: skip
    return from_snntorch(layers, torch.zeros(1, 1, 8, 8), timesteps=TIMESTEPS)


@pytest.fixture(scope="module")
def module() -> ModuleOp:
    return network(seed=5, channels=CHANNELS, silent=SILENT, outputs=3)


@pytest.fixture(scope="module")
def data() -> Dataset:
    x = (np.random.default_rng(6).random((6, TIMESTEPS, 1, 8, 8)) < 0.3).astype(np.uint8)
    return Dataset(x, np.arange(6) % 3, "random events")


def channels_left(module: ModuleOp, data: Dataset, options: LoweringOptions) -> int:
    kept = lower(module, options, data).kept_channels
    return int((next(iter(kept.values())) >= 0).sum()) if kept else CHANNELS


def test_other_multiples_are_tried_only_for_a_goal_and_the_default() -> None:
    assert channel_multiples(LoweringOptions()) == [LANES]
    assert channel_multiples(LoweringOptions(optimize="speed", silent_multiple=8)) == [8]
    assert channel_multiples(LoweringOptions(optimize="speed", silent_multiple=None)) == [None]
    assert len(channel_multiples(LoweringOptions(optimize="speed"))) > 1


def test_triples_leave_a_multiple_of_three(module: ModuleOp, data: Dataset) -> None:
    assert channels_left(module, data, LoweringOptions()) == CHANNELS
    options = LoweringOptions(optimize="speed", target="mps2-an500")
    assert channels_left(module, data, options) == CHANNELS - SILENT


def test_fewer_channels_compute_the_same(module: ModuleOp, data: Dataset) -> None:
    report = validate(module, data, options=LoweringOptions(optimize="size"))
    host = next(row for row in report.levels if row.level == "host")
    assert host.bit_exact


@pytest.mark.parametrize(
    ("goal", "seed", "channels", "silent", "outputs"),
    [("speed", 6, 12, 4, 16), ("size", 0, 12, 4, 16)],
)
def test_what_hardly_differs_is_given_up_once(
    goal: Goal,
    seed: int,
    channels: int,
    silent: int,
    outputs: int,
    data: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A larger tolerance than the real one, so that kernels and channels both want to use it."""

    def cost(tolerance: float) -> float:
        for name in ("NEARLY_FASTEST", "NEARLY_SMALLEST"):
            monkeypatch.setattr(goals, name, tolerance)
        options = LoweringOptions(optimize=goal, target="mps2-an500")
        cost = predict(kernels_of(lower(module, options, data).kernels))
        return goals.wanted(goal, goals.Totals(cost.instructions, cost.flash_bytes, cost.ram_bytes))

    module = network(seed, channels, silent, outputs)
    least = cost(1.0)
    assert least < cost(1.1) <= 1.1 * least
