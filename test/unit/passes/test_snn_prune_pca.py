# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pruning by principal components, against numpy's own least squares and singular values."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.calibration.potentials import Reader, measure_potentials
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER, layer_names
from snnir.executors import ReferenceExecutor
from snnir.layers.affine import constant
from snnir.passes.snn_prune_pca import (
    SNNPrunePCAPass,
    Surgeon,
    remove_least,
    significant_dimensions,
)
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.universe import make_context

TIMESTEPS = 4


class Builder:
    """Appends layers to a network with frames of (2, 4, 4)."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(11)
        self.block = Block(arg_types=[snn.real_tensor((2, 4, 4))])
        self.frame: SSAValue = self.block.args[0]

    def add(self, op: Any) -> SSAValue:
        """Append an operation and return its first result."""
        self.block.add_op(op)
        return op.results[0]

    def constant(self, values: NDArray) -> SSAValue:
        """A `snn.weight`."""
        return self.add(snn.WeightOp(dense_from_array(values.astype(np.float32))))

    def neurons(self, current: SSAValue) -> SSAValue:
        """A spiking layer."""
        return self.add(snn.LIFOp(current, FloatAttr(0.5, f32), FloatAttr(1.0, f32)))

    def conv(self, value: SSAValue, weight: NDArray) -> SSAValue:
        """A padded convolution of 3 x 3."""
        return self.add(snn.Conv2dOp(value, self.constant(weight), padding=[1, 1]))

    def output(self, value: SSAValue, outputs: int = 3) -> ModuleOp:
        """The module, with a linear layer of multiples of 1/8 behind `value`."""
        flat = self.add(snn.FlattenOp(value))
        weight = self.rng.integers(-4, 9, (outputs, shape_of(flat.type)[0])) / 8
        out = self.neurons(self.add(snn.LinearOp(flat, self.constant(weight))))
        self.block.add_op(snn.OutputOp(out))
        types = FunctionType.from_lists(self.block.arg_types, [out.type])
        network = snn.NetworkOp("net", types, Region(self.block), timesteps=TIMESTEPS)
        for index, op in enumerate(layer_names(network)):
            op.attributes[LAYER] = StringAttr(f"n{index}")
        module = ModuleOp([network])
        module.verify()
        return module


def counts(samples: int = 8) -> NDArray:
    """Random event counts."""
    return np.random.default_rng(5).poisson(0.7, (samples, TIMESTEPS, 2, 4, 4))


def prune(module: ModuleOp, folder: Path, **options: Any) -> tuple[Any, str]:
    """The network of a copy after the pass, and the remarks."""
    path = folder / "calibration.npz"
    np.savez(path, x=counts())
    pruned = module.clone()
    with DiagnosticEngine() as engine:
        SNNPrunePCAPass(calibration=str(path), **options).apply(make_context(), pruned)
    pruned.verify()
    return pruned.body.block.first_op, "\n".join(map(str, engine.remarks))


def test_dimensions_are_those_of_the_singular_values() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 3)) * [3, 1, 0.1] @ rng.normal(size=(3, 6)) + 5
    centred = rows - rows.mean(axis=0)
    shares = np.cumsum(np.linalg.svd(centred)[1] ** 2) / np.sum(centred**2)
    for variance in (0.5, 0.9, 0.99, 0.9999):
        expected = 1 + int(np.count_nonzero(shares < variance))
        assert significant_dimensions(centred.T @ centred / 200, variance) == expected
    assert significant_dimensions(centred.T @ centred / 200, 1.0) == 3
    assert significant_dimensions(np.zeros((4, 4)), 0.999) == 1


def test_removal_is_least_squares() -> None:
    """Losses and weights after two removals, against `numpy.linalg.lstsq` on the data."""
    rng = np.random.default_rng(1)
    x = (rng.normal(size=(500, 6)) + rng.normal(size=(500, 1)) > 0.3).astype(np.float64)
    weight = rng.normal(size=(6, 4))
    surgeon = Surgeon(weight, x.T @ x / len(x), compensate=True)
    gone: list[int] = []
    for channel in (4, 1):
        losses, left = surgeon.losses(), [c for c in range(6) if c not in gone]
        target = x @ surgeon.weight
        for candidate in left:
            others = x[:, [c for c in left if c != candidate]]
            residual = target - others @ np.linalg.lstsq(others, target, rcond=None)[0]
            expected = np.sum(residual**2) / len(x)
            assert losses[candidate] == pytest.approx(expected, rel=1e-3)
        surgeon.remove(channel)
        gone.append(channel)
    left = [c for c in range(6) if c not in gone]
    expected = np.linalg.lstsq(x[:, left], x @ weight, rcond=None)[0]
    np.testing.assert_allclose(surgeon.weight[left], expected, atol=1e-4)
    assert not surgeon.weight[gone].any()


def test_the_least_loss_over_all_readers_goes_first() -> None:
    """One channel at a time, so against all single removals, and one channel as the rest."""
    rng = np.random.default_rng(2)
    xs = [(rng.random((300, 4)) < rng.random(4)).astype(np.float64) for _ in range(2)]
    weights = [rng.normal(size=(4, 3)) for _ in xs]

    def loss(left: tuple[int, ...]) -> float:
        total = 0.0
        for x, weight in zip(xs, weights, strict=True):
            others, target = x[:, left], x @ weight
            fit = others @ np.linalg.lstsq(others, target, rcond=None)[0]
            total += float(np.sum((target - fit) ** 2)) / len(x)
        return total

    moments = [x.T @ x / len(x) for x in xs]
    surgeons = [Surgeon(w, m, compensate=True) for w, m in zip(weights, moments, strict=True)]
    kept = remove_least(surgeons, 4, 3)
    best = min(combinations(range(4), 3), key=loss)
    assert tuple(np.flatnonzero(kept)) == best


def test_without_compensation_other_weights_stay() -> None:
    weight = np.arange(6.0).reshape(3, 2)
    surgeon = Surgeon(weight, np.ones((3, 3)), compensate=False)
    np.testing.assert_allclose(surgeon.losses(), (weight**2).sum(axis=1), rtol=1e-5)
    surgeon.remove(1)
    np.testing.assert_array_equal(surgeon.weight, [[0, 1], [0, 0], [4, 5]])


def test_moments_are_of_mean_currents_and_of_what_readers_get() -> None:
    """The current is linear, so its mean over time is the current of the mean frame."""
    build = Builder()
    kernels = np.zeros((3, 2, 3, 3))
    kernels[:, :, 1, 1] = [[1, 0], [0, 1], [2, -1]]
    spikes = build.neurons(build.conv(build.frame, kernels))
    network: Any = build.output(spikes).body.block.first_op
    conv = next(op for op in network.walk() if isinstance(op, snn.Conv2dOp))
    linear = next(op for op in network.walk() if isinstance(op, snn.LinearOp))
    x = counts(20)
    reader = Reader(linear, np.arange(48).reshape(3, 16))
    (moments,) = measure_potentials(network, [(conv, [reader])], Dataset(x, None, "random"))
    rows = np.einsum("oc,nchw->nhwo", kernels[:, :, 1, 1], x.mean(axis=1)).reshape(-1, 3)
    assert moments.potentials.count == len(rows)
    np.testing.assert_allclose(moments.potentials.covariance, np.cov(rows.T, bias=True), atol=1e-6)
    recording = ReferenceExecutor(network).run(x, record=True).recording
    assert recording is not None
    fired = recording.spikes["n0"].transpose(0, 1, 3, 4, 2).reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(moments.inputs[0].second_moment, fired.T @ fired / len(fired))


def test_moments_of_membranes_are_leakily_filtered() -> None:
    """`y[t] = 0.75 y[t-1] + x[t]`, started anew for every sample, also across batches of 16."""
    build = Builder()
    spikes = build.neurons(build.conv(build.frame, build.rng.integers(-4, 9, (3, 2, 3, 3)) / 8))
    network: Any = build.output(spikes).body.block.first_op
    conv = next(op for op in network.walk() if isinstance(op, snn.Conv2dOp))
    linear = next(op for op in network.walk() if isinstance(op, snn.LinearOp))
    x = counts(20)
    reader = Reader(linear, np.arange(48).reshape(3, 16), (0.75,))
    (moments,) = measure_potentials(network, [(conv, [reader])], Dataset(x, None, "random"))
    recording = ReferenceExecutor(network).run(x, record=True).recording
    assert recording is not None
    fired, filtered = recording.spikes["n0"].astype(np.float64), []
    state = np.zeros_like(fired[:, 0])
    for step in range(TIMESTEPS):
        state = 0.75 * state + fired[:, step]
        filtered.append(state)
    rows = np.stack(filtered).transpose(0, 1, 3, 4, 2).reshape(-1, 3)
    np.testing.assert_allclose(moments.inputs[0].second_moment, rows.T @ rows / len(rows))


def early_and_late() -> ModuleOp:
    """Two channels that repeat the two inputs; the weights that read channel 1 are a bit larger."""
    block = Block(arg_types=[snn.real_tensor((2,))])

    def add(op: Any) -> SSAValue:
        block.add_op(op)
        return op.results[0]

    def weight(values: Any) -> SSAValue:
        return add(snn.WeightOp(dense_from_array(np.array(values, np.float32))))

    def neurons(current: SSAValue, beta: float) -> SSAValue:
        return add(snn.LIFOp(current, FloatAttr(beta, f32), FloatAttr(0.5, f32)))

    hidden = neurons(add(snn.LinearOp(block.args[0], weight([[1, 0], [0, 1]]))), 0.0)
    out = neurons(add(snn.LinearOp(hidden, weight([[1, 1.001], [1, 1.001]]))), 0.9)
    block.add_op(snn.OutputOp(out))
    types = FunctionType.from_lists(block.arg_types, [out.type])
    network = snn.NetworkOp("net", types, Region(block), timesteps=TIMESTEPS)
    for index, op in enumerate(layer_names(network)):
        op.attributes[LAYER] = StringAttr(f"n{index}")
    return ModuleOp([network])


@pytest.mark.parametrize(("objective", "removed"), [("membrane", 1), ("current", 0)])
def test_the_objective_decides_which_channel_goes(objective, removed, tmp_path: Path) -> None:
    """Both fire twice in half of the samples, channel 0 early and channel 1 late.

    For currents that is the same, and the smaller weights go. In a membrane of leak 0.9 early
    spikes stay for more steps, and the channel that is late goes.
    """
    x = np.zeros((8, TIMESTEPS, 2), np.uint8)
    x[:4, 0, 0] = x[:4, 1, 0] = 1
    x[4:, 2, 1] = x[4:, 3, 1] = 1
    path = tmp_path / "calibration.npz"
    np.savez(path, x=x)
    module = early_and_late()
    with DiagnosticEngine() as engine:
        SNNPrunePCAPass(
            calibration=str(path), variance=0.5, objective=objective, compensate=False
        ).apply(make_context(), module)
    metrics = [remark.metrics for remark in engine.remarks if "dimensions" in remark.metrics]
    assert [each["removed"] for each in metrics] == [[removed]]


@pytest.mark.parametrize("pool", [False, True])
def test_equal_channels_merge(pool: bool, tmp_path: Path) -> None:
    """Channels 2 and 3 repeat 0 and 1: two go, and the layers behind read the others for them."""
    build = Builder()
    base = build.rng.integers(-4, 9, (2, 2, 3, 3)) / 8
    spikes = build.neurons(build.conv(build.frame, np.concatenate([base, base])))
    if pool:
        spikes = build.add(snn.MaxPool2dOp(spikes, [2, 2]))
    module = build.output(spikes)
    pruned, remarks = prune(module, tmp_path, variance=0.9999999)
    network: Any = module.body.block.first_op
    before, after = (ReferenceExecutor(each).run(counts()) for each in (network, pruned))
    np.testing.assert_array_equal(after.scores, before.scores)
    assert "2 of 4 principal components" in remarks
    assert "exact on 8 samples" in remarks
    weights = [
        constant(op.weight, op)
        for network in (module, pruned)
        for op in network.walk()
        if isinstance(op, snn.LinearOp)
    ]
    merged, left = weights[0].reshape(3, 2, 2, -1).sum(axis=1), weights[1].reshape(3, 2, -1)
    # Whether 0 or 2 stayed decides the order of the two.
    assert any(np.allclose(left, each, atol=1e-3) for each in (merged, merged[:, ::-1]))
    pruned, _ = prune(module, tmp_path, variance=0.9999999, compensate=False)
    (alone,) = [constant(op.weight, op) for op in pruned.walk() if isinstance(op, snn.LinearOp)]
    columns = weights[0].T.tolist()
    assert all(column in columns for column in alone.T.tolist())


def test_layers_that_a_sum_connects_stay(tmp_path: Path) -> None:
    build = Builder()
    kernels = [build.rng.integers(-4, 9, (4, 2, 3, 3)) / 8 for _ in range(2)]
    summed = snn.AddOp(*(build.neurons(build.conv(build.frame, k)) for k in kernels))
    pruned, remarks = prune(build.output(build.add(summed)), tmp_path, variance=0.5)
    assert remarks.count("a sum or reshape connects its channels with others") == 2
    assert "nothing removed" in remarks
    assert shape_of(next(iter(layer_names(pruned))).results[0].type)[0] == 4


def test_convolutions_behind_are_compensated(tmp_path: Path) -> None:
    """Equal channels again, with a convolution as the reader."""
    build = Builder()
    base = build.rng.integers(-4, 9, (1, 2, 3, 3)) / 8
    spikes = build.neurons(build.conv(build.frame, np.concatenate([base, base])))
    behind = build.rng.integers(-4, 9, (2, 2, 3, 3)) / 8
    module = build.output(build.neurons(build.conv(spikes, behind)))
    pruned, _ = prune(module, tmp_path, variance=0.999999)
    convolutions = [op for op in pruned.walk() if isinstance(op, snn.Conv2dOp)]
    weight = constant(convolutions[1].weight, convolutions[1])
    np.testing.assert_allclose(weight[:, 0], behind.sum(axis=1)[: len(weight)], atol=1e-4)


def test_the_number_of_channels_can_be_named(tmp_path: Path) -> None:
    build = Builder()
    spikes = build.neurons(build.conv(build.frame, build.rng.integers(-4, 9, (5, 2, 3, 3)) / 8))
    module = build.output(spikes)
    for channels in (1, 3, 5, 9):
        pruned, _ = prune(module, tmp_path, channels=(channels,))
        assert shape_of(next(iter(layer_names(pruned))).results[0].type)[0] == min(channels, 5)


@pytest.mark.parametrize("channels", [(3, 3), (0,)])
def test_the_numbers_of_channels_must_fit_the_layers(channels: Any, tmp_path: Path) -> None:
    build = Builder()
    spikes = build.neurons(build.conv(build.frame, build.rng.integers(-4, 9, (5, 2, 3, 3)) / 8))
    module = build.output(spikes)
    with pytest.raises(SNNError, match="channels must be 1 positive numbers"):
        prune(module, tmp_path, channels=channels)
