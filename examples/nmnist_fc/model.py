# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The fully connected N-MNIST network 2312-256-10 of arXiv 2506.03996, in snnTorch 1.0.0 modules.

Input of one time step: float32 (batch, 2, 34, 34), the events per polarity, row and column in one
of `TIMESTEPS` equal parts of a recording. Output of one time step: the spikes (batch, 10) and
membrane potentials (batch, 10) of the last layer. Decision after all steps: the class with most
spikes, the lowest class on a tie.

The paper's neuron is the `LIFNode(tau=2, decay_input=True, v_threshold=1, v_reset=0)` of
SpikingJelly: `v += (W x - v) / 2`, a spike where `v >= 1`, then `v = 0` there. Here the factor 1/2
is part of the weights, and `v >= 1` is written `v > THRESHOLD`; spike for spike the same.
"""

import snntorch as snn
from torch import nn

TIMESTEPS = 100
INPUT_SHAPE = (2, 34, 34)
THRESHOLD = 1.0 - 2.0**-24
"""The largest float32 below 1: snnTorch fires above the threshold, SpikingJelly also at it."""


def _leaky(beta: float, output: bool = False) -> snn.Leaky:
    return snn.Leaky(
        beta=beta,
        threshold=THRESHOLD,
        reset_mechanism="zero",
        reset_delay=False,
        init_hidden=True,
        output=output,
    )


def build(beta: float = 0.5) -> nn.Sequential:
    """Return the untrained network; `beta` is the part of a potential left after one step."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(2312, 256, bias=False),
        _leaky(beta),
        nn.Linear(256, 10, bias=False),
        _leaky(beta, output=True),
    )
