# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The torch executor computes what snnTorch 1.0.0 computes, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import snntorch
import torch
from numpy.typing import NDArray
from torch import nn

from snnir.dialects import snn
from snnir.dialects.snn import Reset, ResetTiming
from snnir.executors import TorchExecutor

neurons: Any = snntorch
"""snnTorch, whose annotations leave out most types that its neurons take."""

SAMPLES, TIMESTEPS, SHAPE = 3, 25, (2, 3, 4)
EXTENTS = {"scalar": (), "channel": (2, 1, 1), "neuron": SHAPE}
TIMINGS = [ResetTiming.DELAYED, ResetTiming.IMMEDIATE]
LEAKY_RESETS = [
    (Reset.SUBTRACT, "subtract"),
    (Reset.ZERO_BEFORE, "zero"),
    (Reset.NONE, "none"),
]
SYNAPTIC_RESETS = [
    (Reset.SUBTRACT, "subtract"),
    (Reset.ZERO_AFTER, "zero"),
    (Reset.NONE, "none"),
]


def input_currents(rng: np.random.Generator) -> NDArray[np.float32]:
    """Currents that are often far above the threshold, or exactly at it."""
    x = rng.normal(0.4, 1.2, (SAMPLES, TIMESTEPS, *SHAPE))
    x[:, ::2] = np.round(x[:, ::2] * 4) / 4
    return x.astype(np.float32)


def draw(rng: np.random.Generator, extent: str, low: float, high: float) -> Any:
    """A parameter of the given extent."""
    values = rng.uniform(low, high, EXTENTS[extent]).astype(np.float32)
    return values if values.shape else float(values)


def run_module(neuron: nn.Module, x: NDArray) -> list[NDArray]:
    """Everything the module returns, each (samples, timesteps, *shape)."""
    steps = []
    with torch.no_grad():
        for frame in torch.from_numpy(x).unbind(1):
            steps.append([value.clone() for value in neuron(frame)])
    return [torch.stack(values, 1).numpy() for values in zip(*steps, strict=True)]


def assert_same(network: snn.NetworkOp, neuron: nn.Module, x: NDArray) -> None:
    """Equal spikes and equal bits of the membranes."""
    spikes, *_, membrane = run_module(neuron, x)
    recording = TorchExecutor(network).run(x, record="all").recording
    assert recording is not None
    assert spikes.any()
    np.testing.assert_array_equal(recording.spikes["neuron0"], spikes != 0)
    np.testing.assert_array_equal(recording.membranes["neuron0"], membrane)


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize(("reset", "mechanism"), LEAKY_RESETS)
@pytest.mark.parametrize("extent", EXTENTS)
def test_lif_is_leaky(builder, rng, reset, mechanism, timing, extent) -> None:
    beta, threshold = draw(rng, extent, 0.3, 1.0), draw(rng, extent, 0.5, 1.5)
    net = builder(*SHAPE)
    op = net.lif(net.frame, beta, threshold, reset=reset, reset_timing=timing)
    neuron = neurons.Leaky(
        beta=torch.as_tensor(beta),
        threshold=torch.as_tensor(threshold),
        reset_mechanism=mechanism,
        reset_delay=timing is ResetTiming.DELAYED,
    )
    assert_same(net.finish(op.spikes, timesteps=TIMESTEPS), neuron, input_currents(rng))


def test_negative_threshold_resets_at_the_first_step(builder, rng) -> None:
    net = builder(*SHAPE)
    op = net.lif(net.frame, 0.9, -0.25)
    neuron = neurons.Leaky(beta=0.9, threshold=-0.25)
    assert_same(net.finish(op.spikes, timesteps=TIMESTEPS), neuron, input_currents(rng))


@pytest.mark.parametrize("mechanism", [(Reset.SUBTRACT, "subtract"), (Reset.ZERO_AFTER, "zero")])
def test_lif_is_lapicque(builder, rng, mechanism) -> None:
    """With R C = 5 time steps of 1: decay 1 - 1/5; the input is scaled by R / (R C) outside."""
    reset, name = mechanism
    x = input_currents(rng)
    neuron = neurons.Lapicque(R=1, C=5, time_step=1, reset_mechanism=name, threshold=0.2)
    net = builder(*SHAPE)
    current = net.add(snn.ScaleOp(net.frame, net.parameter(0.2))).result
    op = net.lif(current, 0.8, 0.2, reset=reset)
    spikes, membrane = run_module(neuron, x)
    network = net.finish(op.spikes, timesteps=TIMESTEPS)
    recording = TorchExecutor(network).run(x, record="all").recording
    assert recording is not None
    np.testing.assert_array_equal(recording.spikes["neuron0"], spikes != 0)
    np.testing.assert_allclose(recording.membranes["neuron0"], membrane, atol=1e-6)


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize(("reset", "mechanism"), SYNAPTIC_RESETS)
@pytest.mark.parametrize("extent", EXTENTS)
def test_synaptic(builder, rng, reset, mechanism, timing, extent) -> None:
    alpha, beta = draw(rng, extent, 0.3, 1.0), draw(rng, extent, 0.3, 1.0)
    threshold = draw(rng, extent, 0.5, 1.5)
    net = builder(*SHAPE)
    parameters = [net.parameter(value) for value in (alpha, beta, threshold)]
    op = net.add(snn.SynapticOp(net.frame, *parameters, reset=reset, reset_timing=timing))
    neuron = neurons.Synaptic(
        alpha=torch.as_tensor(alpha),
        beta=torch.as_tensor(beta),
        threshold=torch.as_tensor(threshold),
        reset_mechanism=mechanism,
        reset_delay=timing is ResetTiming.DELAYED,
    )
    assert_same(net.finish(op.spikes, timesteps=TIMESTEPS), neuron, input_currents(rng))


@pytest.mark.parametrize(("reset", "mechanism"), SYNAPTIC_RESETS)
@pytest.mark.parametrize("extent", EXTENTS)
def test_alpha(builder, rng, reset, mechanism, extent) -> None:
    alpha, beta = draw(rng, extent, 0.8, 0.95), draw(rng, extent, 0.5, 0.7)
    threshold = draw(rng, extent, 0.2, 0.6)
    net = builder(*SHAPE)
    parameters = [net.parameter(value) for value in (alpha, beta, threshold)]
    op = net.add(snn.AlphaOp(net.frame, *parameters, reset=reset))
    neuron = neurons.Alpha(
        alpha=torch.as_tensor(alpha),
        beta=torch.as_tensor(beta),
        threshold=torch.as_tensor(threshold),
        reset_mechanism=mechanism,
    )
    assert_same(net.finish(op.spikes, timesteps=TIMESTEPS), neuron, input_currents(rng))


def test_convolutional_network(builder, rng) -> None:
    """A whole network with a pool before the neurons, as nn.Sequential of snnTorch modules."""
    torch.manual_seed(3)
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1),
        nn.BatchNorm2d(4).eval(),
        nn.MaxPool2d(2),
        neurons.Leaky(beta=0.8, threshold=0.3, init_hidden=True),
        nn.AvgPool2d(2, 1),
        nn.Flatten(),
        nn.Linear(36, 5),
        neurons.Leaky(beta=0.8, threshold=0.1, init_hidden=True, output=True),
    )
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    net = builder(2, 16, 16)
    weights = net.weight(state["0.weight"]), net.weight(state["0.bias"])
    value = net.add(snn.Conv2dOp(net.frame, *weights, stride=[2, 2], padding=[1, 1])).result
    names = ("running_mean", "running_var", "weight", "bias")
    mean, variance, gamma, beta = (net.weight(state[f"1.{name}"]) for name in names)
    value = net.add(snn.BatchNormOp(value, mean, variance, gamma, beta, 1e-5)).result
    value = net.add(snn.MaxPool2dOp(value, [2, 2])).result
    value = net.add(snn.AvgPool2dOp(net.lif(value, 0.8, 0.3).spikes, [2, 2], [1, 1])).result
    value = net.add(snn.FlattenOp(value)).result
    weights = net.weight(state["6.weight"]), net.weight(state["6.bias"])
    op = net.lif(net.add(snn.LinearOp(value, *weights)).result, 0.8, 0.1)

    x = rng.poisson(0.5, (4, 12, 2, 16, 16)).astype(np.uint8)
    spikes, membrane = run_module(module, x.astype(np.float32))
    network = net.finish(op.spikes, timesteps=12)
    result = TorchExecutor(network).run(x, record="all")
    assert result.recording is not None
    assert spikes.any()
    np.testing.assert_array_equal(result.recording.spikes["neuron1"], spikes != 0)
    np.testing.assert_array_equal(result.recording.membranes["neuron1"], membrane)
    np.testing.assert_array_equal(result.scores, spikes.sum(1))
