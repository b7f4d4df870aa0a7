# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The numpy interpreter and the torch executor agree; simple cases agree with values by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from snnir.dialects import snn
from snnir.dialects.snn import Compare, InputKind, Readout, Reset, ResetTiming
from snnir.executors import (
    ReferenceExecutor,
    TorchExecutor,
    compare_recordings,
    explain_divergence,
    firing_rules,
)
from snnir.support.diagnostics import SNNError

SHAPE, TIMESTEPS = (2, 2, 3), 20
EXTENTS = {"scalar": (), "channel": (2, 1, 1), "neuron": SHAPE}


def draw(rng, extent, low, high):
    values = rng.uniform(low, high, EXTENTS[extent]).astype(np.float32)
    return values if values.shape else float(values)


def currents(rng, samples=2, timesteps=TIMESTEPS, shape=SHAPE):
    """Currents that often lift a membrane far above, or exactly to, a threshold of 1."""
    x = rng.normal(0.4, 1.2, (samples, timesteps, *shape))
    x[:, ::2] = np.round(x[:, ::2] * 2) / 2
    return x.astype(np.float32)


def assert_bit_equal(network: snn.NetworkOp, x: np.ndarray) -> None:
    reference = ReferenceExecutor(network).run(x, record=True)
    agreement = compare_recordings(reference, TorchExecutor(network).run(x, record="all"))
    assert agreement.is_exact
    assert agreement.membrane_agreement == 1.0


@pytest.mark.parametrize("compare", Compare)
@pytest.mark.parametrize("timing", ResetTiming)
@pytest.mark.parametrize("reset", Reset)
@pytest.mark.parametrize("extent", EXTENTS)
def test_lif(builder, rng, reset, timing, compare, extent) -> None:
    beta = 1.0 if extent == "scalar" else draw(rng, extent, 0.3, 1.0)
    threshold = 1.0 if extent == "scalar" else draw(rng, extent, 0.5, 1.5)
    net = builder(*SHAPE)
    op = net.lif(net.frame, beta, threshold, reset=reset, reset_timing=timing, compare=compare)
    assert_bit_equal(net.finish(op.spikes, timesteps=TIMESTEPS), currents(rng))


@pytest.mark.parametrize("compare", Compare)
@pytest.mark.parametrize("timing", ResetTiming)
@pytest.mark.parametrize("reset", [Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER])
@pytest.mark.parametrize("extent", EXTENTS)
def test_synaptic(builder, rng, reset, timing, compare, extent) -> None:
    net = builder(*SHAPE)
    parameters = [net.parameter(draw(rng, extent, 0.5, 1.0)) for _ in range(3)]
    op = net.add(
        snn.SynapticOp(net.frame, *parameters, reset=reset, reset_timing=timing, compare=compare)
    )
    network = net.finish(op.spikes, op.synaptic_current, timesteps=TIMESTEPS)
    assert_bit_equal(network, currents(rng))


@pytest.mark.parametrize("reset", [Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER])
@pytest.mark.parametrize("extent", EXTENTS)
def test_alpha(builder, rng, reset, extent) -> None:
    net = builder(*SHAPE)
    parameters = (
        net.parameter(draw(rng, extent, 0.8, 0.9)),
        net.parameter(draw(rng, extent, 0.5, 0.7)),
        net.parameter(draw(rng, extent, 0.2, 0.6)),
    )
    op = net.add(snn.AlphaOp(net.frame, *parameters, reset=reset))
    assert_bit_equal(net.finish(op.spikes, timesteps=TIMESTEPS), currents(rng))


def test_li(builder, rng) -> None:
    net = builder(*SHAPE)
    op = net.add(snn.LIOp(net.frame, net.parameter(draw(rng, "channel", 0.3, 1.0))))
    network = net.finish(op.membrane, timesteps=TIMESTEPS, readout=Readout.MEAN_MEMBRANE)
    assert_bit_equal(network, currents(rng))


@pytest.mark.parametrize(
    ("reset", "timing", "expected"),
    [
        (Reset.NONE, ResetTiming.DELAYED, [1.5, 1.75, 1.875]),
        (Reset.SUBTRACT, ResetTiming.DELAYED, [1.5, 0.75, 1.375]),
        (Reset.SUBTRACT_DECAYED, ResetTiming.DELAYED, [1.5, 1.25, 1.125]),
        (Reset.ZERO_BEFORE, ResetTiming.DELAYED, [1.5, 1.0, 1.5]),
        (Reset.ZERO_AFTER, ResetTiming.DELAYED, [1.5, 0.0, 1.0]),
        (Reset.SUBTRACT, ResetTiming.IMMEDIATE, [0.5, 0.25, 0.125]),
        (Reset.ZERO_BEFORE, ResetTiming.IMMEDIATE, [0.0, 1.0, 0.0]),
    ],
)
def test_resets_by_hand(builder, reset, timing, expected) -> None:
    """Half of the membrane leaks; inputs 1.5, 1, 1 and threshold 1 (`>`)."""
    net = builder(1)
    op = net.lif(net.frame, 0.5, 1.0, reset=reset, reset_timing=timing)
    network = net.finish(op.spikes, timesteps=3)
    x = np.array([1.5, 1.0, 1.0]).reshape(1, 3, 1)
    recording = ReferenceExecutor(network).run(x, record=True).recording
    assert recording is not None
    np.testing.assert_array_equal(recording.membranes["neuron0"].ravel(), expected)


CONVOLUTIONS = [
    {},
    {"stride": [2, 1], "padding": [1, 2]},
    {"dilation": [2, 1], "padding": [2, 0]},
    {"groups": 2},
    {"groups": 4, "stride": [2, 2], "padding": [1, 1]},
]


@pytest.mark.parametrize("options", CONVOLUTIONS)
def test_conv2d(builder, rng, options) -> None:
    """Integer weights: every sum is exact, whatever its order."""
    net = builder(4, 7, 6)
    weight = rng.integers(-3, 4, (8, 4 // options.get("groups", 1), 3, 2))
    bias = net.weight(rng.integers(-3, 4, 8))
    conv = snn.Conv2dOp(net.frame, net.weight(weight), bias, **options)
    op = net.lif(net.add(conv).result, 0.5, 4.0)
    x = rng.poisson(0.5, (2, 4, 4, 7, 6))
    assert_bit_equal(net.finish(op.spikes, timesteps=4), x)


def test_conv1d(builder, rng) -> None:
    net = builder(4, 11)
    weight = net.weight(rng.integers(-3, 4, (6, 2, 3)))
    conv = snn.Conv1dOp(net.frame, weight, stride=[2], padding=[2], dilation=[2], groups=2)
    op = net.lif(net.add(conv).result, 0.5, 2.0)
    assert_bit_equal(net.finish(op.spikes, timesteps=4), rng.poisson(0.5, (2, 4, 4, 11)))


POOLS = [
    lambda value: snn.MaxPool2dOp(value, [3, 2], [2, 2], [1, 1]),
    lambda value: snn.SumPool2dOp(value, [3, 2], [2, 1], [1, 0]),
    lambda value: snn.AvgPool2dOp(value, [3, 4], [1, 2], [1, 2]),
    lambda value: snn.AvgPool2dOp(value, [3, 4], [1, 2], [1, 2], count_include_pad=False),
]


@pytest.mark.parametrize("of_spikes", [False, True])
@pytest.mark.parametrize("pool", POOLS)
def test_pools(builder, rng, pool, of_spikes) -> None:
    """Negative values too: a padded zero must not win a maximum."""
    net = builder(2, 7, 8)
    value = net.lif(net.frame, 0.5, 0.5).spikes if of_spikes else net.frame
    op = net.add(snn.LIOp(net.add(pool(value)).result, net.parameter(0.5)))
    x = rng.integers(-8, 3, (2, 4, 2, 7, 8))
    network = net.finish(op.membrane, timesteps=4, readout=Readout.LAST_MEMBRANE)
    assert_bit_equal(network, x)


def test_other_layers(builder, rng) -> None:
    """Linear on reshaped values, residual addition, concatenation, scaling per channel."""
    net = builder(2, 3, 4)
    scale = net.parameter(np.array([2.0, 0.5]).reshape(2, 1, 1))
    scaled = net.add(snn.ScaleOp(net.frame, scale)).result
    joined = net.add(snn.ConcatOp([net.add(snn.AddOp(scaled, net.frame)).result, scaled])).result
    spikes = net.lif(joined, layer="first").spikes
    flat = net.add(snn.FlattenOp(net.add(snn.ReshapeOp(spikes, [8, 6])).result)).result
    weight, bias = net.weight(rng.integers(-2, 3, (5, 48))), net.weight(rng.integers(-2, 3, 5))
    op = net.lif(net.add(snn.LinearOp(flat, weight, bias)).result, layer="last")
    network = net.finish(op.spikes, timesteps=5)
    assert_bit_equal(network, rng.poisson(0.5, (2, 5, 2, 3, 4)))


def test_batch_norm(builder, rng) -> None:
    net = builder(3, 2, 2)
    mean, variance, gamma, beta = (net.weight(rng.uniform(0.5, 1.5, 3)) for _ in range(4))
    normal = net.add(snn.BatchNormOp(net.frame, mean, variance, gamma, beta, 1e-5)).result
    op = net.add(snn.LIOp(normal, net.parameter(0.9)))
    network = net.finish(op.membrane, timesteps=6, readout=Readout.LAST_MEMBRANE)
    x = rng.normal(size=(2, 6, 3, 2, 2))
    reference, torch_result = ReferenceExecutor(network).run(x), TorchExecutor(network).run(x)
    np.testing.assert_allclose(reference.scores, torch_result.scores, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("write_first", [False, True])
def test_register_holds_the_previous_step(builder, write_first) -> None:
    """The order of reading and writing within a step does not matter."""
    net = builder(2)
    type = snn.real_tensor([2])
    net.add(snn.RegisterOp("r", type))
    if write_first:
        net.add(snn.WriteOp("r", net.frame))
    value = net.add(snn.ReadOp("r", type)).result
    op = net.add(snn.LIOp(value, net.parameter(0.0)))
    if not write_first:
        net.add(snn.WriteOp("r", net.frame))
    network = net.finish(op.membrane, timesteps=3, readout=Readout.LAST_MEMBRANE)
    x = np.array([[[1, 2], [3, 4], [5, 6]]] * 2)
    for result in (
        ReferenceExecutor(network).run(x, record=True),
        TorchExecutor(network).run(x, record="all", batch=1),
    ):
        assert result.recording is not None
        membranes = result.recording.membranes["neuron0"]
        np.testing.assert_array_equal(membranes, [[[0, 0], [1, 2], [3, 4]]] * 2)


def test_recurrent_spikes(builder, rng) -> None:
    """Spikes that are fed back through a register, as RLeaky does."""
    net = builder(6)
    spikes = snn.spike_tensor([6])
    net.add(snn.RegisterOp("fed_back", spikes))
    previous = net.add(snn.ReadOp("fed_back", spikes)).result
    weight = net.weight(rng.integers(-1, 2, (6, 6)) / 2)
    recurrent = net.add(snn.LinearOp(previous, weight)).result
    current = net.add(snn.AddOp(net.frame, recurrent)).result
    op = net.lif(current, 0.75, reset=Reset.ZERO_AFTER)
    net.add(snn.WriteOp("fed_back", op.spikes))
    network = net.finish(op.spikes, timesteps=TIMESTEPS)
    assert_bit_equal(network, rng.poisson(0.5, (3, TIMESTEPS, 6)))


def test_a_static_input_is_presented_at_each_step(builder, rng) -> None:
    net = builder(3)
    op = net.lif(net.frame, 0.9)
    network = net.finish(op.spikes, timesteps=10, input=InputKind.STATIC_VALUES)
    assert_bit_equal(network, rng.uniform(0, 1, (4, 3)))


def test_a_network_inside_a_module(builder) -> None:
    net = builder(1)
    network = net.finish(net.lif(net.frame).spikes, timesteps=2)
    ModuleOp([network])
    assert ReferenceExecutor(network).run(np.full((1, 2, 1), 2)).scores.tolist() == [[2]]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_real_weights_agree_up_to_ties(builder, seed) -> None:
    """Convolution and linear sums in another order: every divergence must be a tie."""
    rng = np.random.default_rng(seed)
    net = builder(2, 8, 8)
    weights = net.weight(rng.normal(0, 0.3, (6, 2, 3, 3))), net.weight(rng.normal(0, 0.1, 6))
    spikes = net.lif(net.add(snn.Conv2dOp(net.frame, *weights)).result, 0.9).spikes
    flat = net.add(snn.FlattenOp(net.add(snn.MaxPool2dOp(spikes, [2, 2])).result)).result
    weight = net.weight(rng.normal(0, 0.2, (10, 54)))
    op = net.lif(net.add(snn.LinearOp(flat, weight)).result, 0.9)
    network = net.finish(op.spikes, timesteps=10)
    x = rng.poisson(0.5, (3, 10, 2, 8, 8))
    first = ReferenceExecutor(network).run(x, record=True)
    second = TorchExecutor(network).run(x, record="all")
    report = explain_divergence(first, second, firing_rules(network))
    assert not report.unexplained
    if not report.divergences:
        np.testing.assert_array_equal(first.scores, second.scores)


def test_level_without_interpreter(builder) -> None:
    net = builder(1)
    network = net.finish(net.lif(net.frame).spikes, timesteps=1)
    object.__setattr__(network, "name", "other.network")
    with pytest.raises(SNNError, match="cannot be interpreted"):
        ReferenceExecutor(network)
