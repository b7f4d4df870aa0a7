# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trainable networks: the forward pass of the executor, snnTorch's gradients, masks and grids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import snntorch
import torch
from numpy.typing import NDArray
from snntorch import surrogate
from torch import Tensor, nn
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn import Compare, InputKind, Readout, Reset, ResetTiming
from snnir.executors import Presentation, TorchExecutor
from snnir.layers.weight_grid import WeightGrid, grid_of, integers_on, write_grid
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import SNNError
from snnir.testing.random_networks import random_network
from snnir.training import TrainableNetwork
from snnir.training.surrogate import SurrogateName, linear_derivative


def assert_same_values(network: snn.NetworkOp, x: NDArray, **options: Any) -> None:
    """Every value at every step is the executor's, bit for bit."""
    module = TrainableNetwork(network, **options)
    executor = TorchExecutor(network)
    samples = slice(0, len(x))
    steps = executor.steps(Presentation(network, x), samples)
    expected = [in_order(executor.network, step.values) for step in steps]
    actual = [in_order(module.network, values) for values in module.steps(torch.from_numpy(x))]
    assert len(actual) == len(expected) == network.timesteps.value.data
    for ours, theirs in zip(actual, expected, strict=True):
        for mine, reference in zip(ours, theirs, strict=True):
            assert torch.equal(mine, reference)


def in_order(network: NetworkOpBase, values: dict[SSAValue, Tensor]) -> list[Tensor]:
    """The frame and the results of all operations."""
    results = [result for op in network.body.block.ops for result in op.results]
    return [values[value] for value in [network.frame, *results]]


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_compute_what_the_executor_does(seed: int) -> None:
    example = random_network(np.random.default_rng(seed), samples=3)
    assert_same_values(example.network, example.x, train_thresholds=True, train_decays=True)


@pytest.mark.parametrize("reset", [Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER])
@pytest.mark.parametrize("kind", ["synaptic", "alpha", "recurrent"])
def test_other_neurons_compute_what_the_executor_does(builder, counts, kind, reset) -> None:
    net = builder(8)
    current = net.linear(net.frame, 8, 4)
    values = {"alpha": 0.9, "beta": 0.7, "threshold": 0.5}
    point: Any = {name: dense_from_array(np.array([v], np.float32)) for name, v in values.items()}
    if kind == "synaptic":
        timing = ResetTiming.IMMEDIATE
        neurons = net.add(snn.SynapticOp(current, **point, reset=reset, reset_timing=timing))
    elif kind == "alpha":
        neurons = net.add(snn.AlphaOp(current, **point, reset=reset, compare=Compare.GE))
    else:
        net.add(snn.RegisterOp("feedback", snn.spike_tensor([4])))
        old = net.add(snn.ReadOp("feedback", snn.spike_tensor([4]))).result
        neurons = net.lif(net.add(snn.AddOp(current, net.linear(old, 4, 4))).result, reset=reset)
        net.add(snn.WriteOp("feedback", neurons.spikes))
    network = net.finish(neurons.spikes)
    assert_same_values(network, counts, train_thresholds=True, train_decays=True)
    module = TrainableNetwork(network, train_thresholds=True, train_decays=True)
    for _ in range(2):  # a second backward pass needs a graph of its own
        module(torch.from_numpy(counts)).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


class SNNTorchNetwork(nn.Module):
    """`two_layers` in snnTorch."""

    def __init__(self, arrays: list[NDArray]):
        super().__init__()
        self.weights = nn.ParameterList(nn.Parameter(torch.tensor(array)) for array in arrays)
        atan = surrogate.atan()
        self.hidden = snntorch.Leaky(beta=0.5, threshold=float(np.float32(0.6)), spike_grad=atan)
        self.output = snntorch.Leaky(beta=float(np.float32(0.8)), spike_grad=atan)

    def forward(self, x: Tensor) -> Tensor:
        """Output spikes (steps, batch, 4) of counts (batch, steps, 8)."""
        hidden, output = self.hidden.init_leaky(), self.output.init_leaky()
        spikes = []
        for step in range(x.shape[1]):
            current = nn.functional.linear(x[:, step], self.weights[0], self.weights[1])
            fired, hidden = self.hidden(current, hidden)
            current = nn.functional.linear(fired, self.weights[2], self.weights[3])
            fired, output = self.output(current, output)
            spikes.append(fired)
        return torch.stack(spikes)


def test_gradients_are_those_of_snntorch(network, counts) -> None:
    arrays = [
        np.array(array_from_dense(op.value)) for op in network.body.block.ops
        if isinstance(op, snn.WeightOp)
    ]  # fmt: skip
    ours, theirs = TrainableNetwork(network), SNNTorchNetwork(arrays)
    x = torch.from_numpy(counts).float()
    factors = torch.randn(6, 5, 4, generator=torch.Generator().manual_seed(2))
    outputs, expected = ours(x), theirs(x)
    assert torch.equal(outputs, expected)
    assert 0 < outputs.mean() < 1
    (outputs * factors).sum().backward()
    (expected * factors).sum().backward()
    for mine, reference in zip(ours.parameters(), theirs.weights, strict=True):
        assert mine.grad is not None
        torch.testing.assert_close(mine.grad, reference.grad, rtol=1e-5, atol=1e-6)


def test_piecewise_linear_derivative() -> None:
    membrane = torch.tensor([-0.1, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    by_membrane, by_threshold = linear_derivative(membrane, torch.tensor(2.0))
    expected = 0.3 * np.maximum(0, 1 - np.abs(membrane.numpy() / 2 - 1)) / 2
    np.testing.assert_allclose(by_membrane.numpy(), expected, rtol=1e-6)
    assert by_threshold is not None
    np.testing.assert_allclose(by_threshold.numpy(), -expected * membrane.numpy() / 2, rtol=1e-6)
    assert linear_derivative(membrane, torch.tensor(2.0), both=False)[1] is None


@pytest.mark.parametrize("kind", ["atan", "linear"])
def test_gradients_reach_every_parameter(network, counts, kind: SurrogateName) -> None:
    module = TrainableNetwork(network, surrogate=kind, train_thresholds=True, train_decays=True)
    module(torch.from_numpy(counts)).sum().backward()
    assert len(list(module.parameters())) == 4 + 2 * 2
    for parameter in module.parameters():
        assert parameter.grad is not None
        assert parameter.grad.shape == parameter.shape
        assert (parameter.grad != 0).any()


def test_running_statistics_are_constants(builder) -> None:
    net = builder(3, 2, 2)
    kernel = net.constant(net.rng.normal(0, 1, (4, 3, 1, 1)))
    current = net.add(snn.Conv2dOp(net.frame, kernel)).result
    mean, variance, gamma, beta = (net.constant(np.full(4, v)) for v in (0.1, 1.5, 0.9, 0.2))
    normed = net.add(snn.BatchNormOp(current, mean, variance, gamma, beta, 1e-5)).result
    network = net.finish(net.lif(normed).spikes)
    module = TrainableNetwork(network)
    assert [tuple(p.shape) for p in module.parameters()] == [(4, 3, 1, 1), (4,), (4,)]
    assert module.parameter_count() == 20
    module(torch.ones(2, 6, 3, 2, 2)).sum().backward()
    assert all(p.grad is not None for p in module.parameters())


@torch.no_grad()
def move(module: TrainableNetwork, step: float = 0.37) -> None:
    """Change every parameter, as an optimiser would."""
    for parameter in module.parameters():
        noise = torch.rand(parameter.shape, generator=torch.Generator().manual_seed(8))
        parameter.add_(step * (noise - 0.5))
    module.restrain()


def test_write_back(network, counts) -> None:
    first = next(op for op in network.body.block.ops if isinstance(op, snn.WeightOp))
    first.attributes["note"] = StringAttr("kept")
    before = str(network)
    module = TrainableNetwork(network, train_thresholds=True, train_decays=True)
    module.write_back(network)
    assert str(network) == before
    move(module)
    assert str(network) == before
    module.write_back(network)
    network.verify()
    assert str(network) != before
    assert first.attributes["note"] == StringAttr("kept")
    outputs = module(torch.from_numpy(counts)).detach().sum(0).numpy()
    np.testing.assert_array_equal(TorchExecutor(network).run(counts).scores, outputs)
    assert_same_values(network, counts)


def test_write_back_into_another_network_is_refused(network, builder) -> None:
    net = builder(8)
    other = net.finish(net.lif(net.linear(net.frame, 8, 4)).spikes)
    with pytest.raises(SNNError, match="has other operations than the network that was trained"):
        TrainableNetwork(network).write_back(other)


def test_parameters_of_neurons_stay_in_their_ranges(network) -> None:
    module = TrainableNetwork(network, train_thresholds=True, train_decays=True)
    move(module, 50.0)
    module.write_back(network)
    for op in network.body.block.ops:
        if isinstance(op, snn.LIFOp):
            assert array_from_dense(op.threshold) > 0
            assert 0 <= array_from_dense(op.beta) <= 1


def sparse(network: snn.NetworkOp) -> snn.WeightOp:
    """Set two of three weights of the first layer, and its first bias, to zero."""
    weight, bias, *_ = [op for op in network.body.block.ops if isinstance(op, snn.WeightOp)]
    values = np.array(array_from_dense(weight.value))
    values[np.arange(values.size).reshape(values.shape) % 3 > 0] = 0
    weight.properties["value"] = dense_from_array(values)
    offsets = np.array(array_from_dense(bias.value))
    offsets[0] = 0
    bias.properties["value"] = dense_from_array(offsets)
    return weight


def test_zeros_stay_zero(network, counts) -> None:
    weight = sparse(network)
    zeros = array_from_dense(weight.value) == 0
    module = TrainableNetwork(network)
    assert module.kept_zeros() == zeros.sum() == 64
    assert module.parameter_count() == 96 + 12 + 48 + 4 - 64
    move(module)
    module(torch.from_numpy(counts)).sum().backward()
    first = next(module.parameters())
    assert first.grad is not None
    assert not (first.grad.numpy() * zeros).any()
    module.write_back(network)
    np.testing.assert_array_equal(array_from_dense(weight.value) == 0, zeros)
    bias = [op for op in network.body.block.ops if isinstance(op, snn.WeightOp)][1]
    assert array_from_dense(bias.value)[0] != 0, "zeros of a bias are not pruned weights"


def test_zeros_can_be_trained(network) -> None:
    weight = sparse(network)
    module = TrainableNetwork(network, keep_zeros=False)
    assert module.kept_zeros() == 0
    move(module)
    module.write_back(network)
    assert (array_from_dense(weight.value) != 0).all()


def put_on_grid(weight: snn.WeightOp, bits: int) -> WeightGrid:
    """Quantise weights in place and record the grid."""
    values = np.array(array_from_dense(weight.value))
    largest = 2 ** (bits - 1) - 1
    scale = np.abs(values).max(axis=1) / np.float32(largest)
    codes = np.clip(np.rint(values / scale[:, None]), -largest, largest).astype(np.float32)
    weight.properties["value"] = dense_from_array(codes * scale[:, None])
    grid = WeightGrid(scale.astype(np.float64), bits)
    write_grid(weight, grid)
    return grid


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_grids_are_kept(network, counts, bits: int) -> None:
    weight = next(op for op in network.body.block.ops if isinstance(op, snn.WeightOp))
    grid = put_on_grid(weight, bits)
    before = array_from_dense(weight.value)
    assert_same_values(network, counts)
    module = TrainableNetwork(network)
    move(module, 1.5)
    module(torch.from_numpy(counts)).sum().backward()
    latent = next(module.parameters())
    assert latent.grad is not None
    assert (latent.grad.numpy() * (before != 0)).any()
    module.write_back(network)
    after = array_from_dense(weight.value)
    assert not np.array_equal(after, before)
    assert grid_of(weight) is not None
    integers = integers_on(grid, after)
    assert integers is not None
    assert np.abs(integers).max() <= 2 ** (bits - 1) - 1
    assert not (after * (before == 0)).any()
    ends = (2 ** (bits - 1) - 1) * grid.scale[:, None]
    assert (np.abs(latent.detach().numpy()) <= ends * (1 + 1e-6)).all()


def test_the_lowest_code_is_used_where_it_was(network) -> None:
    weight = next(op for op in network.body.block.ops if isinstance(op, snn.WeightOp))
    values = np.where(np.arange(96) % 2, -2.0, 1.0).reshape(12, 8).astype(np.float32)
    weight.properties["value"] = dense_from_array(values)
    write_grid(weight, WeightGrid(np.ones(12), 2))
    module = TrainableNetwork(network)
    module.restrain()
    module.write_back(network)
    np.testing.assert_array_equal(array_from_dense(weight.value), values)


def test_weights_off_their_grid_are_refused(network) -> None:
    weight = next(op for op in network.body.block.ops if isinstance(op, snn.WeightOp))
    put_on_grid(weight, 4)
    weight.properties["value"] = dense_from_array(array_from_dense(weight.value) * np.float32(1.3))
    with pytest.raises(SNNError, match="holds weights that are not on the grid"):
        TrainableNetwork(network)


def test_static_input(builder) -> None:
    net = builder(8)
    membrane = net.lif(net.linear(net.frame, 8, 4)).membrane
    properties = {"input": InputKind.STATIC_VALUES, "readout": Readout.MEAN_MEMBRANE}
    network = net.finish(membrane, **properties)
    x = net.rng.normal(0, 1, (3, 8)).astype(np.float32)
    assert TrainableNetwork(network)(torch.from_numpy(x)).shape == (6, 3, 4)
    assert_same_values(network, x)


def test_what_only_a_static_input_decides_is_computed_once(builder, monkeypatch) -> None:
    net = builder(8)
    hidden = net.lif(net.linear(net.frame, 8, 4)).spikes
    spikes = net.lif(net.linear(hidden, 4, 3)).spikes
    network = net.finish(spikes, input=InputKind.STATIC_VALUES)
    linear, shapes = torch.nn.functional.linear, []

    def counted(input: Tensor, *weights: Tensor) -> Tensor:
        shapes.append(tuple(input.shape))
        return linear(input, *weights)

    monkeypatch.setattr(torch.nn.functional, "linear", counted)
    module = TrainableNetwork(network)
    module(torch.ones(5, 8)).sum().backward()
    assert shapes == [(5, 8)] + [(5, 4)] * 6
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_reduced_precision_is_of_layers_while_they_are_trained(builder) -> None:
    net = builder(3, 6, 6)
    first = net.constant(net.rng.normal(0, 0.3, (4, 3, 3, 3)))
    current = net.add(snn.Conv2dOp(net.frame, first, padding=(1, 1))).result
    neurons = net.lif(current)
    second = net.constant(net.rng.normal(0, 0.3, (2, 4, 6, 6)))
    output = net.lif(net.add(snn.Conv2dOp(neurons.spikes, second)).result).membrane
    network = net.finish(output, readout=Readout.MEAN_MEMBRANE)
    x = net.rng.normal(0, 1, (4, 6, 3, 6, 6)).astype(np.float32)
    exact, reduced = TrainableNetwork(network), TrainableNetwork(network, reduced=True)
    # The clones have the operations in the same places.
    currents, membranes = (
        list(reduced.network.body.block.ops)[list(network.body.block.ops).index(op)].results[at]
        for op, at in ((current.owner, 0), (neurons, 1))
    )
    values = next(reduced.steps(torch.from_numpy(x)))
    assert values[currents].dtype is torch.bfloat16
    assert values[membranes].dtype is torch.float32
    assert values[membranes].is_contiguous(memory_format=torch.channels_last)
    gradients = []
    for module in (exact, reduced):
        outputs = module(torch.from_numpy(x))
        outputs.square().mean().backward()
        found = [p.grad.flatten() for p in module.parameters() if p.grad is not None]
        gradients.append(torch.cat(found))
    assert not torch.equal(*gradients)
    assert torch.cosine_similarity(*gradients, dim=0) > 0.95
    with torch.no_grad():
        torch.testing.assert_close(reduced(torch.from_numpy(x)), exact(torch.from_numpy(x)))
        assert next(reduced.steps(torch.from_numpy(x)))[currents].dtype is torch.float32
