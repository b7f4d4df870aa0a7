# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A convolutional spiking network for the digits example, in ordinary snnTorch 1.0.0 modules.

Input of one time step: float32 (batch, 2, 12, 12), the binary frame of `encode.py`.
Output of one time step: the spikes (batch, 10) and membrane potentials (batch, 10) of the last
layer. Decision after `TIMESTEPS` steps: the class with most spikes, the lowest class on a tie.
"""

import snntorch as snn
from snntorch import surrogate
from torch import nn

TIMESTEPS = 16
INPUT_SHAPE = (2, 12, 12)
BETA = 0.8
"""Part of a membrane potential that is left after one time step without input."""


def _leaky(output: bool = False) -> snn.Leaky:
    return snn.Leaky(
        beta=BETA, spike_grad=surrogate.atan(alpha=2.0), init_hidden=True, output=output
    )


def build() -> nn.Sequential:
    """Return the untrained network; its weights are in `weights.pt` (a state_dict)."""
    return nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1),
        _leaky(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        _leaky(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 3 * 3, 10),
        _leaky(output=True),
    )
