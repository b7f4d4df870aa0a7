# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks of snnTorch's `Alpha` neurons, from the module down to C on host and target."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from generated_networks import (
    Generated,
    assert_integers_agree,
    require_cmsis_nn,
)
from snntorch_networks import (
    LARGEST_COUNT,
    SHAPE,
    STEPS,
    draw_exact_weights,
    generated_from,
    neurons,
)
from torch import nn

from snnir.backends.targets import HOST, MPS2_AN500
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.driver.compile import compile
from snnir.driver.validate import validate
from snnir.executors.native import NativeExecutor
from snnir.frontends import from_snntorch
from snnir.kernels.context import KernelChoice
from snnir.quantization.options import StatePolicy
from snnir.testing.comparison import assert_same_results
from snnir.testing.targets import require_target


def alpha_network(reset: str) -> nn.Module:
    """A convolution with leaks per channel, pooling, a layer with leaks per neuron, one of each."""
    generator = torch.Generator().manual_seed(5)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    common = {"reset_mechanism": reset, "init_hidden": True}
    channel, neuron = (4, 1, 1), (9,)
    network = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        neurons.Alpha(
            alpha=uniform(0.75, 0.9, *channel), beta=uniform(0.4, 0.6, *channel), **common
        ),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 3 * 3, 9),
        neurons.Alpha(
            alpha=uniform(0.75, 0.9, *neuron), beta=uniform(0.4, 0.6, *neuron),
            threshold=uniform(0.5, 1.0, *neuron), **common,
        ),
        nn.Linear(9, 5),
        neurons.Alpha(alpha=0.9, beta=0.8, threshold=0.5, **common, output=True),
    )  # fmt: skip
    draw_exact_weights(network, generator)
    return network


def generated(
    reset: str, kernels: KernelChoice = "event", state: StatePolicy = "auto"
) -> Generated:
    """The network as planned kernels."""
    return generated_from(alpha_network(reset), snn.AlphaOp, kernels, state)


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_from_snntorch_to_the_target(reset) -> None:
    network = generated(reset)
    expected = assert_integers_agree(network)
    assert expected.recording is not None
    assert all(layer.any() for layer in expected.recording.spikes.values())
    require_target(MPS2_AN500)
    emulated = NativeExecutor(network.kernels, MPS2_AN500)
    assert_same_results(expected, emulated.run(network.x, record="all"))


@pytest.mark.parametrize("kernels", ["cmsis", "scatter"])
@pytest.mark.parametrize("state", ["i16", "i32", "saturate"])
def test_kernels_and_widths(kernels, state) -> None:
    network = generated("subtract", kernels, state)
    if network.c_network.uses_cmsis_nn:
        require_cmsis_nn()
    assert_integers_agree(network)


def small_network() -> nn.Module:
    """Two layers as in snnTorch's documentation."""
    torch.manual_seed(0)
    first, last = (
        neurons.Alpha(alpha=0.9, beta=0.8, init_hidden=True, output=is_last)
        for is_last in (False, True)
    )
    return nn.Sequential(nn.Flatten(), nn.Linear(84, 12), first, nn.Linear(12, 4), last)


def test_compile_and_validate_for_the_target(tmp_path) -> None:
    require_target(MPS2_AN500)
    require_target(HOST)
    source = small_network()
    module = from_snntorch(source, torch.zeros(1, *SHAPE), timesteps=STEPS)
    x = np.random.default_rng(3).poisson(0.4, (4, STEPS, *SHAPE)).clip(max=LARGEST_COUNT)
    data = Dataset(x.astype(np.uint8), None, "counts")
    report = validate(module, data, module=source, target=MPS2_AN500.name)
    assert report.problems == []
    assert report.level("snn").spike_agreement == 1.0
    assert report.level("qsnn").spike_agreement > 0.98  # type: ignore[operator]
    assert [report.level(name).bit_exact for name in ("host", "qemu")] == [True, True]
    rows = compile(module, tmp_path, target=MPS2_AN500.name, data=data).layers
    states = [(row.membrane, row.state_bytes) for row in rows if row.membrane]
    assert states == [("i32, proven", 3 * 4 * 12), ("i32, proven", 3 * 4 * 4)]
