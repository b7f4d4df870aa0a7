# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random snnTorch modules become kernels that compute what their integers say."""

from typing import Any

import numpy as np
import pytest
import snntorch
import torch
from torch import Tensor, nn
from xdsl.dialects.builtin import ModuleOp

from snnir.costs.goals import Goal
from snnir.data.dataset import Dataset
from snnir.data.network_inputs import integer_input
from snnir.dialects import snnrt
from snnir.driver.bit_exactness import first_difference
from snnir.driver.files import network_of
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions
from snnir.driver.removed_channels import restore_channels
from snnir.executors.kernel_executor import KernelExecutor
from snnir.executors.torch_executor import TorchExecutor
from snnir.frontends import from_snntorch
from snnir.quantization.options import StatePolicy
from snnir.testing.random_modules import random_case

neurons: Any = snntorch

GOALS: tuple[Goal | None, ...] = (None, "speed", "balanced", "size")


def agreement(imported: ModuleOp, data: Dataset, options: LoweringOptions) -> dict[str, float]:
    """Share of the spikes of each layer that integers have, too; kernels compute what these do."""
    lowered = lower(imported, options, data)
    x = integer_input(lowered.integers, data.x)
    integers = TorchExecutor(lowered.integers).run(x, record="all")
    assert isinstance(lowered.network, snnrt.NetworkOp)
    kernels = KernelExecutor(lowered.network).run(x, record=True)
    assert first_difference(integers, restore_channels(kernels, lowered.kept_channels)) is None
    floats = TorchExecutor(network_of(imported)).run(data.x, record="spikes").recording
    assert floats is not None
    assert integers.recording is not None
    return {
        layer: float(np.mean(spikes == integers.recording.spikes[layer]))
        for layer, spikes in floats.spikes.items()
    }


@pytest.mark.parametrize("seed", range(100, 124))
def test_modules_become_kernels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    imported = from_snntorch(case.module, case.sample, case.timesteps)
    data = Dataset(case.frames.numpy(), None, "random frames")
    bits, goal = int(rng.choice([8, 4, 2])), GOALS[seed % len(GOALS)]
    same = agreement(imported, data, LoweringOptions(optimize=goal, bits=bits))
    # Weights of 8 bits change few spikes; a unit or an offset that is wrong changes most.
    assert bits < 8 or min(same.values()) > 0.8


class Joined(nn.Module):
    """Spikes, counts and currents, side by side in one layer of neurons."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 5)
        self.lif = neurons.Leaky(beta=0.5, init_hidden=True)
        self.joined = neurons.Leaky(beta=0.9, init_hidden=True)

    def forward(self, x: Tensor) -> Tensor:
        current = self.fc(x)
        return self.joined(torch.cat([self.lif(current), x, current], dim=1))


@pytest.mark.parametrize("state", ["auto", "i32"])
def test_values_of_all_widths_stand_side_by_side(state: StatePolicy) -> None:
    frames = np.random.default_rng(1).poisson(0.6, (4, 9, 6)).clip(max=3)
    data = Dataset(frames.astype(np.float32), None, "random frames")
    imported = from_snntorch(Joined(), torch.zeros(1, 6), 9)
    same = agreement(imported, data, LoweringOptions(state=state))
    assert same["joined"] > 0.95


@pytest.mark.parametrize("goal", GOALS)
def test_averages_of_whole_maps_feed_layers(goal: Goal | None) -> None:
    torch.manual_seed(3)
    module = nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1, bias=False),
        neurons.Leaky(beta=0.5, threshold=0.3, init_hidden=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10, bias=False),
        neurons.Leaky(beta=0.9, threshold=0.05, init_hidden=True, output=True),
    )
    imported = from_snntorch(module, torch.zeros(1, 2, 12, 12), 6)
    counts = np.random.default_rng(3).poisson(0.4, (4, 6, 2, 12, 12)).clip(0, 4)
    data = Dataset(counts.astype(np.float32), None, "random counts")
    same = agreement(imported, data, LoweringOptions(optimize=goal))
    assert min(same.values()) > 0.95
