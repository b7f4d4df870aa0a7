# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks of snnTorch's `Synaptic` neurons, from the module down to C on host and target."""

from __future__ import annotations

import pytest
import torch
from generated_networks import (
    Generated,
    assert_integers_agree,
    require_cmsis_nn,
)
from snntorch_networks import (
    draw_exact_weights,
    generated_from,
    neurons,
)
from torch import nn

from snnir.backends.targets import MPS2_AN500
from snnir.dialects import snn
from snnir.executors.native import NativeExecutor
from snnir.kernels.context import KernelChoice
from snnir.quantization.options import StatePolicy
from snnir.testing.comparison import assert_same_results
from snnir.testing.targets import require_target


def synaptic_network(reset: str, delayed: bool) -> nn.Module:
    """A convolution with leaks per channel, pooling, a layer with learned leaks, one of each."""
    generator = torch.Generator().manual_seed(5)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    common = {"reset_mechanism": reset, "reset_delay": delayed, "init_hidden": True}
    channel, neuron = (4, 1, 1), (9,)
    network = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        neurons.Synaptic(
            alpha=uniform(0.3, 0.9, *channel), beta=uniform(0.3, 0.9, *channel), **common
        ),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 3 * 3, 9),
        neurons.Synaptic(
            alpha=uniform(0.3, 0.9, *neuron), beta=uniform(0.3, 0.9, *neuron),
            threshold=uniform(0.5, 1.0, *neuron), learn_alpha=True, learn_beta=True, **common,
        ),
        nn.Linear(9, 5),
        neurons.Synaptic(alpha=0.75, beta=0.5, **common, output=True),
    )  # fmt: skip
    draw_exact_weights(network, generator)
    return network


def generated(
    reset: str, delayed: bool, kernels: KernelChoice = "event", state: StatePolicy = "auto"
) -> Generated:
    """The network as planned kernels."""
    return generated_from(synaptic_network(reset, delayed), snn.SynapticOp, kernels, state)


@pytest.mark.parametrize("delayed", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_from_snntorch_to_the_target(reset, delayed) -> None:
    network = generated(reset, delayed)
    expected = assert_integers_agree(network)
    require_target(MPS2_AN500)
    emulated = NativeExecutor(network.kernels, MPS2_AN500)
    assert_same_results(expected, emulated.run(network.x, record="all"))


@pytest.mark.parametrize("kernels", ["cmsis", "scatter"])
@pytest.mark.parametrize("state", ["i16", "i32"])
def test_kernels_and_widths(kernels, state) -> None:
    network = generated("subtract", True, kernels, state)
    if network.c_network.uses_cmsis_nn:
        require_cmsis_nn()
    assert_integers_agree(network)
