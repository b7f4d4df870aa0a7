# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A residual spiking network as a class of its own, in the style of snnTorch's tutorials 5 and 6.

States are passed explicitly, `forward` loops over the time steps and pools with a function. The
weights are random but always the same: the network shows what can be imported, not what it learns.
"""

import snntorch as snn
import torch
import torch.nn.functional as F
from torch import nn

TIMESTEPS = 16
INPUT_SHAPE = (2, 12, 12)


class ResidualNetwork(nn.Module):
    """One block whose convolution is bridged by a 1x1 convolution, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 8, 3, padding=1)
        self.lif1 = snn.Leaky(beta=0.9, threshold=0.5)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.shortcut = nn.Conv2d(8, 16, 1)
        self.lif2 = snn.Leaky(beta=0.9, threshold=0.5)
        self.fc = nn.Linear(16 * 3 * 3, 10)
        self.lif3 = snn.Leaky(beta=0.9, threshold=0.5)

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return spikes and membrane potentials of the last layer, each (T, batch, 10).

        `frames` is float32 (T, batch, 2, 12, 12).
        """
        mem1, mem2, mem3 = self.lif1.init_leaky(), self.lif2.init_leaky(), self.lif3.init_leaky()
        spikes, potentials = [], []
        for step in range(frames.size(0)):
            current = F.max_pool2d(self.conv1(frames[step]), 2)
            spk1, mem1 = self.lif1(current, mem1)
            spk2, mem2 = self.lif2(self.conv2(spk1) + self.shortcut(spk1), mem2)
            spk3, mem3 = self.lif3(self.fc(F.max_pool2d(spk2, 2).flatten(1)), mem3)
            spikes.append(spk3)
            potentials.append(mem3)
        return torch.stack(spikes), torch.stack(potentials)


def build() -> ResidualNetwork:
    """Return the network with the same random weights at every call."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ResidualNetwork()
