# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Firing rates as functions of a current, against neurons that are simulated in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, f32

from snnir.dialects import snn
from snnir.dialects.snn import InputKind, Readout, Reset, ResetTiming
from snnir.support.diagnostics import SNNError
from snnir.training import RateNetwork, TrainableNetwork

THRESHOLD = 1.5
STEPS = 2000


def simulated_rates(
    currents: NDArray, beta: float, reset: Reset, timing: ResetTiming
) -> NDArray[np.float64]:
    """Spikes per step for constant currents, once the neurons have settled."""
    stored, spikes = np.zeros(len(currents)), np.zeros((2 * STEPS, len(currents)))
    for step in range(2 * STEPS):
        flag = stored > THRESHOLD
        if reset is Reset.SUBTRACT:
            membrane = beta * stored + currents - flag * THRESHOLD
        elif reset is Reset.SUBTRACT_DECAYED:
            membrane = beta * (stored - flag * THRESHOLD) + currents
        elif reset is Reset.ZERO_BEFORE:
            membrane = beta * stored * ~flag + currents
        else:
            membrane = (beta * stored + currents) * ~flag
        spikes[step] = membrane > THRESHOLD
        stored = membrane
        if timing is ResetTiming.IMMEDIATE:
            removed = THRESHOLD if reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED) else membrane
            stored = membrane - (spikes[step] - flag) * removed
    return spikes[STEPS:].mean(0)


def rates_of(
    builder, currents: NDArray, beta: float, reset: Reset, timing: ResetTiming
) -> NDArray[np.float32]:
    """What a `RateNetwork` of these neurons says."""
    net = builder(len(currents))
    lif = net.lif(net.frame, beta, THRESHOLD, reset=reset, reset_timing=timing)
    module = RateNetwork(net.finish(lif.spikes, input=InputKind.VALUES))
    return module(torch.tensor(currents).float()[None])[-1, 0].detach().numpy()


@pytest.mark.parametrize("timing", ResetTiming)
@pytest.mark.parametrize("reset", [reset for reset in Reset if reset is not Reset.NONE])
@pytest.mark.parametrize("beta", [0.6, 0.9, 1.0])
def test_rates_are_those_of_simulated_neurons(builder, beta: float, reset, timing) -> None:
    currents = THRESHOLD * (np.linspace(-0.5, 2.5, 150) + 0.0003)
    wanted = simulated_rates(currents, beta, reset, timing)
    got = rates_of(builder, currents, beta, reset, timing)
    silent = currents <= THRESHOLD * (1 - beta)
    assert not got[silent].any()
    assert not wanted[silent].any()
    if reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED):
        np.testing.assert_allclose(got, wanted, atol=1 - beta + 2 / STEPS)
        return
    # The period is a whole number of steps, that of the function lies up to half a step beside it.
    firing = wanted > 0.04
    period = np.round(1 / wanted[firing])
    assert firing.sum() > 80
    assert (np.abs(1 / got[firing] - period) <= 0.5 + 1e-3).all()


def test_derivatives_are_finite_everywhere(builder) -> None:
    currents = torch.tensor([-1e6, -1.0, 0.0, 1e-9, 0.15, 0.1501, 1.5, 3.0, 1e6])
    for beta in (0.9, 1.0):
        for reset in Reset:
            if reset is Reset.NONE:
                continue
            net = builder(len(currents))
            lif = net.lif(net.frame, beta, THRESHOLD, reset=reset)
            module = RateNetwork(net.finish(lif.spikes, input=InputKind.VALUES))
            x = currents[None].clone().requires_grad_()
            module(x)[-1].sum().backward()
            assert x.grad is not None
            assert torch.isfinite(x.grad).all()
            assert (x.grad >= 0).all()


def test_layers_of_integrating_neurons_fire_at_the_rates(builder) -> None:
    """Convolution, average pooling, flattening, two layers of neurons, an integrator."""
    steps = 500
    net = builder(2, 6, 6)
    kernels = net.constant(net.rng.normal(0.1, 0.3, (3, 2, 3, 3)))
    current = net.add(snn.Conv2dOp(net.frame, kernels, padding=[1, 1])).result
    pooled = net.add(snn.AvgPool2dOp(net.lif(current, 1.0).spikes, [2, 2])).result
    flat = net.add(snn.FlattenOp(pooled)).result
    hidden = net.lif(net.linear(flat, 27, 10), 1.0, 0.5).spikes
    membrane = net.add(snn.LIOp(net.linear(hidden, 10, 4), FloatAttr(1.0, f32))).membrane
    kinds = {"input": InputKind.STATIC_VALUES, "readout": Readout.LAST_MEMBRANE}
    network = net.finish(membrane, steps, **kinds)
    x = torch.from_numpy(net.rng.uniform(0, 1, (5, 2, 6, 6)).astype(np.float32))
    with torch.no_grad():
        spiking, rates = TrainableNetwork(network)(x)[-1], RateNetwork(network)(x)[-1]
    assert rates.std() > 20
    # A spike more or less for each of ten neurons of weights up to 1.
    torch.testing.assert_close(rates, spiking, rtol=0, atol=10)


@pytest.mark.parametrize("readout", [r for r in Readout if "membrane" in r])
def test_membranes_without_reset_are_exact(builder, readout: Readout) -> None:
    net = builder(6)
    alpha, beta = FloatAttr(0.8, f32), FloatAttr(0.9, f32)
    neurons = snn.SynapticOp(net.frame, alpha, beta, FloatAttr(1.0, f32), reset=Reset.NONE)
    kinds = {"input": InputKind.STATIC_VALUES, "readout": readout}
    network = net.finish(net.add(neurons).membrane, 7, **kinds)
    x = torch.linspace(-1, 1, 6)[None]
    spiking, rates = TrainableNetwork(network)(x), RateNetwork(network)(x)
    assert rates.shape == spiking.shape
    read: Any = {
        Readout.LAST_MEMBRANE: lambda values: values[-1],
        Readout.MAX_MEMBRANE: lambda values: values.amax(0),
        Readout.MEAN_MEMBRANE: lambda values: values.mean(0),
    }[readout]
    torch.testing.assert_close(read(rates), read(spiking))


def test_synaptic_neurons_are_leaky_ones_with_a_larger_current(builder) -> None:
    steps, alpha = 2000, 0.75
    net = builder(20)
    decays = FloatAttr(alpha, f32), FloatAttr(1.0, f32)
    neurons = snn.SynapticOp(net.frame, *decays, FloatAttr(1.0, f32), reset=Reset.SUBTRACT)
    network = net.finish(net.add(neurons).spikes, steps, input=InputKind.STATIC_VALUES)
    x = torch.linspace(-0.1, 0.3, 20)[None]
    spiking, rates = TrainableNetwork(network)(x).mean(0), RateNetwork(network)(x)[0]
    torch.testing.assert_close(rates, spiking, rtol=0, atol=4 / steps)


def test_the_maximum_over_spikes_is_their_union(builder) -> None:
    net = builder(1, 2, 2)
    spikes = net.lif(net.frame, 1.0).spikes
    pooled = net.add(snn.MaxPool2dOp(spikes, [2, 2])).result
    module = RateNetwork(net.finish(pooled, input=InputKind.VALUES))
    rates = module(torch.tensor([[[[0.5, 0.2], [0.0, 0.1]]]]))[0].flatten()
    torch.testing.assert_close(rates, torch.tensor([1 - 0.5 * 0.8 * 0.9]))


def test_pooled_spikes_are_nearer_to_a_union(builder) -> None:
    """Than to the largest rate, for real spike trains of a convolution on constant images."""
    net = builder(2, 12, 12)
    kernels = net.constant(net.rng.normal(0.05, 0.25, (8, 2, 5, 5)))
    current = net.add(snn.Conv2dOp(net.frame, kernels, padding=[2, 2])).result
    lif = net.lif(current, 1.0, 2.0)
    pooled = net.add(snn.MaxPool2dOp(lif.spikes, [2, 2])).result
    network = net.finish(pooled, 100, input=InputKind.STATIC_VALUES)
    blocks = net.rng.uniform(0, 0.6, (10, 2, 3, 3)).repeat(4, 2).repeat(4, 3)
    x = torch.from_numpy(blocks.astype(np.float32))
    rates = RateNetwork(network)
    with torch.no_grad():
        real, union = TrainableNetwork(network)(x).mean(0), rates(x)[0]
        (values,) = rates.steps(x)
    neurons = next(v.owner for v in values if isinstance(v.owner, snn.LIFOp))
    largest = torch.nn.functional.max_pool2d(values[neurons.spikes], 2)
    assert (union - real).abs().mean() < (largest - real).abs().mean() / 3


def test_sequences_are_averaged(builder, counts) -> None:
    net = builder(8)
    module = RateNetwork(net.finish(net.lif(net.linear(net.frame, 8, 4)).spikes))
    means = torch.from_numpy(counts.mean(1, dtype=np.float32))
    assert torch.equal(module(torch.from_numpy(counts)), module(means))


@pytest.mark.parametrize("steps", [3, 8])
def test_whole_spikes_are_those_of_neurons_with_constant_currents(builder, steps: int) -> None:
    """The mean rate is measured at the start of an epoch; gradients are those without rounding."""
    net = builder(60)
    network = net.finish(net.lif(net.frame, 1.0).spikes, steps, input=InputKind.STATIC_VALUES)
    x = torch.linspace(-0.3, 1.2, 60)[None]
    spiking, gradients = TrainableNetwork(network), []
    with torch.no_grad():
        wanted = spiking(x).mean(0)
    for whole in (False, True):
        module, frame = RateNetwork(network, whole_spikes=whole), x.clone().requires_grad_()
        module.imitate(spiking, x)
        rates = module(frame)[0]
        rates.sum().backward()
        gradients.append(frame.grad)
        if whole:
            torch.testing.assert_close(rates * steps, (rates * steps).round())
            # The neuron beside a step of the staircase may be on its other side.
            assert ((rates - wanted).abs() > 1e-5).sum() <= steps + 1
    assert torch.equal(*gradients)


def test_few_steps_are_imitated(builder) -> None:
    """Neurons that start from zero fire less in 10 steps than they do once they have settled."""
    net = builder(8)
    first = net.lif(net.linear(net.frame, 8, 200), 0.95, 0.7).spikes
    second = net.lif(net.linear(first, 200, 100), 0.95, 0.7, reset=Reset.ZERO_BEFORE).spikes
    network = net.finish(second, 10, input=InputKind.STATIC_VALUES)
    x = torch.from_numpy(net.rng.uniform(0, 1, (40, 8)).astype(np.float32))
    spiking, rates = TrainableNetwork(network), RateNetwork(network)

    def means() -> NDArray[np.float64]:
        """Mean rates of both layers: (spiking or by rates, layer)."""
        with torch.no_grad():
            steps = [[values[layer].mean() for layer in layers] for values in spiking.steps(x)]
            (one,) = rates.steps(x)
        return np.array([np.mean(steps, 0), [one[layer].mean() for layer in its_layers]])

    layers, its_layers = (
        [op.results[0] for op in module.network.body.block.ops if isinstance(op, snn.LIFOp)]
        for module in (spiking, rates)
    )
    wanted, before = means()
    assert (before > 1.05 * wanted).all()
    rates.imitate(spiking, x)
    np.testing.assert_allclose(means()[1], wanted, rtol=0.01)


def _alpha(net) -> Any:
    decays = FloatAttr(0.9, f32), FloatAttr(0.8, f32)
    return net.add(snn.AlphaOp(net.frame, *decays, FloatAttr(1.0, f32), reset=Reset.SUBTRACT))


def _ramp(net) -> Any:
    decays = FloatAttr(1.0, f32), FloatAttr(0.8, f32)
    return net.add(snn.SynapticOp(net.frame, *decays, FloatAttr(1.0, f32), reset=Reset.SUBTRACT))


@pytest.mark.parametrize(
    ("neurons", "message"),
    [
        (_alpha, "'snn.alpha' op has no known rate as a function of its current; use snn-finetune"),
        (_ramp, "'snn.synaptic' op has an alpha of 1"),
        (lambda net: net.lif(net.frame, reset=Reset.NONE), "'snn.lif' op has no reset"),
        (lambda net: net.lif(net.frame, threshold=0.0), "has a threshold that is not positive"),
        (lambda net: net.lif(net.frame, 0.0, reset=Reset.ZERO_BEFORE), "has a decay of 0"),
    ],
)
def test_neurons_without_a_function_are_refused(builder, neurons: Any, message: str) -> None:
    net = builder(8)
    network = net.finish(neurons(net).spikes)
    with pytest.raises(SNNError, match=message):
        RateNetwork(network)


def test_membranes_that_are_reset_are_refused(builder) -> None:
    net = builder(8)
    network = net.finish(net.lif(net.frame).membrane, readout=Readout.LAST_MEMBRANE)
    with pytest.raises(SNNError, match="has a membrane that is read and reset"):
        RateNetwork(network)
