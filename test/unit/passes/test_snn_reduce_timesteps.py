# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fewer time steps: bins and neurons against numpy, and the pass on the digits example."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.data import load_npz
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER
from snnir.dialects.snn_attributes import InputKind, Readout
from snnir.executors import TorchExecutor
from snnir.frontends import from_snntorch, load_module
from snnir.passes.snn_reduce_timesteps import SNNReduceTimestepsPass
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import DiagnosticEngine, Remark, SNNError
from snnir.temporal.coarsening import coarsen, input_gain
from snnir.temporal.gradual import step_counts
from snnir.temporal.rebinning import rebin
from snnir.universe import make_context

DIGITS = Path(__file__).resolve().parents[3] / "examples" / "digits"
DATA = str(DIGITS / "test.npz")
STEPS = 16


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32])
def test_every_event_is_in_one_bin(seed: int, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(1, 40))
    bins = int(rng.integers(1, steps + 1))
    x = rng.integers(0, 2, (3, steps, 2, 5)).astype(dtype)
    expected = np.zeros((3, bins, 2, 5))
    for step in range(steps):
        expected[:, step * bins // steps] += x[:, step]
    binned = rebin(x, bins)
    assert binned.dtype == (np.uint8 if dtype is np.bool_ else dtype)
    np.testing.assert_array_equal(binned, expected)
    np.testing.assert_array_equal(binned.sum(axis=1), x.sum(axis=1, dtype=np.int64))


def test_bins_are_refused() -> None:
    x = np.full((1, 4, 1), 100, np.uint8)
    assert rebin(x, 2).tolist() == [[[200], [200]]]
    with pytest.raises(SNNError, match="1 bins hold up to 400 events, more than uint8 can count"):
        rebin(x, 1)
    for bins in (0, 5):
        with pytest.raises(SNNError, match=f"cannot put 4 steps into {bins} bins"):
            rebin(x, bins)


class Builder:
    """Appends layers to the body of one network."""

    def __init__(self, *shape: int):
        self.rng = np.random.default_rng(4)
        self.block = Block(arg_types=[snn.real_tensor(shape)])
        self.frame: SSAValue = self.block.args[0]

    def add(self, op: Any) -> Any:
        """Append an operation and return it."""
        self.block.add_op(op)
        return op

    def linear(self, inputs: int, outputs: int, bias: NDArray | None) -> SSAValue:
        """A linear layer on the frame."""
        arrays = [self.rng.normal(0, 1, (outputs, inputs)), *([] if bias is None else [bias])]
        weights = [snn.WeightOp(dense_from_array(a.astype(np.float32))) for a in arrays]
        return self.add(snn.LinearOp(self.frame, *map(self.add, weights))).result

    def finish(
        self, output: SSAValue, timesteps: int, kind: InputKind = InputKind.EVENT_COUNTS
    ) -> snn.NetworkOp:
        """The verified network that returns a membrane, or spikes."""
        self.block.add_op(snn.OutputOp(output))
        spikes = snn.spike_tensor(shape_of(output.type))
        types = FunctionType.from_lists(self.block.arg_types, [output.type])
        network = snn.NetworkOp(
            "net", types, Region(self.block), timesteps=timesteps, input=kind,
            readout=Readout.SPIKE_COUNT if output.type == spikes else Readout.LAST_MEMBRANE,
        )  # fmt: skip
        network.verify()
        return network


def neuron_of(network: snn.NetworkOp) -> Any:
    """The one neuron layer of a network."""
    return next(op for op in network.body.block.ops if hasattr(op, "membrane"))


def bias_of(network: snn.NetworkOp) -> NDArray[np.float32]:
    """The bias of the one linear layer of a network."""
    layer = next(op for op in network.body.block.ops if isinstance(op, snn.LinearOp))
    assert layer.bias is not None
    assert isinstance(layer.bias.owner, snn.WeightOp)
    return array_from_dense(layer.bias.owner.value)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("steps", "bins"), [(12, 3), (10, 4), (7, 7)])
@pytest.mark.parametrize("betas", [[0.9], [0.8, 0.5, 0.2], [1.0]])
def test_neurons_follow_the_equations(
    exponent: float, steps: int, bins: int, betas: Sequence[float]
) -> None:
    builder = Builder(4)
    bias, threshold = np.array([0.2, -0.1, 0.3]), np.array([1.0, 0.7, 1.3], np.float32)
    decay = np.array(betas, np.float32)
    beta = FloatAttr(float(decay[0]), f32) if len(betas) == 1 else dense_from_array(decay)
    current = builder.linear(4, 3, bias)
    lif = builder.add(snn.LIFOp(current, beta, dense_from_array(threshold)))
    network = builder.finish(lif.membrane, steps)
    coarsen(network, bins, exponent)
    network.verify()

    ratio, mean = steps / bins, float(decay.astype(np.float64).mean())
    leaky_sum = ratio if mean == 1 else (1 - mean**ratio) / (1 - mean)
    gain = (ratio / leaky_sum) ** exponent
    neuron = neuron_of(network)
    assert network.timesteps.value.data == bins
    np.testing.assert_allclose(array_from_dense(neuron.beta), np.squeeze(decay**ratio), rtol=1e-5)
    np.testing.assert_allclose(array_from_dense(neuron.threshold), threshold * gain, rtol=1e-5)
    np.testing.assert_allclose(bias_of(network), bias * gain * leaky_sum, rtol=1e-5)


def two_layer_network() -> snn.NetworkOp:
    """Two LIF layers of 3 neurons side by side, 12 steps."""
    builder = Builder(4)
    bias, beta, threshold = np.array([0.2, -0.1, 0.3]), FloatAttr(0.5, f32), FloatAttr(1.0, f32)
    builder.add(snn.LIFOp(builder.linear(4, 3, bias), beta, threshold))
    output = builder.add(snn.LIFOp(builder.linear(4, 3, bias), beta, threshold))
    return builder.finish(output.spikes, 12)


def thresholds_of(network: snn.NetworkOp) -> list[float]:
    """The thresholds of all neuron layers."""
    neurons = [op for op in network.body.block.ops if isinstance(op, snn.LIFOp)]
    return [float(array_from_dense(op.threshold)) for op in neurons]


def test_each_layer_can_have_an_exponent_of_its_own() -> None:
    network = two_layer_network()
    coarsen(network, 3, (1.0, -0.5))
    gain = input_gain(0.5, 4)
    np.testing.assert_allclose(thresholds_of(network), [gain, gain**-0.5], rtol=1e-6)


def test_exponents_must_be_as_many_as_neuron_layers() -> None:
    network = two_layer_network()
    with pytest.raises(SNNError, match="has 2 neuron layers, not 3"):
        coarsen(network, 3, (1.0, 0.5, 0.0))
    assert network.timesteps.value.data == 12


def test_gain_of_an_integrator_is_one() -> None:
    assert input_gain(1.0, 5.0) == 1
    assert math.isclose(input_gain(0.5, 2.0), 2 * 0.5 / 0.75)


@pytest.mark.parametrize("beta", [0.3, 0.9])
def test_a_bias_keeps_its_steady_state(beta: float) -> None:
    """With exponent 0 the membrane of a leaky integrator without input ends where it did."""
    network = bias_only(beta)
    x = np.zeros((1, 240, 4), np.uint8)
    before = TorchExecutor(network).run(x).scores
    np.testing.assert_allclose(before[0], np.array([0.5, -1.0]) / (1 - beta), rtol=1e-4)
    coarsen(network, 60, 0.0)
    np.testing.assert_allclose(TorchExecutor(network).run(x[:, :60]).scores, before, rtol=1e-4)


def test_a_bias_keeps_its_steady_state_behind_batch_norm() -> None:
    builder = Builder(4)
    current = builder.linear(4, 2, np.array([0.5, -1.0]))
    arrays = ([0.2, -0.3], [1.0, 2.0], [1.5, 0.5], [0.4, 0.1])
    weights = [snn.WeightOp(dense_from_array(np.array(a, np.float32))) for a in arrays]
    mean, variance, gamma, beta = map(builder.add, weights)
    norm = builder.add(snn.BatchNormOp(current, mean, variance, gamma, beta, 1e-5))
    integrator = builder.add(snn.LIOp(norm.result, FloatAttr(0.8, f32)))
    network = builder.finish(integrator.membrane, 240)
    x = np.zeros((1, 240, 4), np.uint8)
    before = TorchExecutor(network).run(x).scores
    coarsen(network, 60, 0.0)
    np.testing.assert_allclose(TorchExecutor(network).run(x[:, :60]).scores, before, rtol=1e-4)


def two_neurons_on_one_layer(beta: float, other: float) -> snn.NetworkOp:
    """A layer with a bias of 0.5 that feeds two leaky integrators."""
    builder = Builder(4)
    current = builder.linear(4, 2, np.array([0.5, 0.5]))
    first = builder.add(snn.LIOp(current, FloatAttr(beta, f32)))
    second = builder.add(snn.LIOp(current, FloatAttr(other, f32)))
    return builder.finish(builder.add(snn.AddOp(first.membrane, second.membrane)).result, 8)


def test_a_shared_bias_is_scaled_once() -> None:
    network = two_neurons_on_one_layer(0.5, 0.5)
    coarsen(network, 4, 0.0)
    np.testing.assert_allclose(bias_of(network), [0.75, 0.75], rtol=1e-6)


def test_a_bias_that_two_time_constants_share_is_refused() -> None:
    with pytest.raises(SNNError, match="different biases"):
        coarsen(two_neurons_on_one_layer(0.5, 0.9), 4, 0.0)


def bias_only(beta: float) -> snn.NetworkOp:
    builder = Builder(4)
    current = builder.linear(4, 2, np.array([0.5, -1.0]))
    return builder.finish(builder.add(snn.LIOp(current, FloatAttr(beta, f32))).membrane, 240)


@pytest.fixture(scope="module")
def digits() -> ModuleOp:
    """The trained network of the example."""
    net = load_module(f"{DIGITS}/model.py:build", DIGITS / "weights.pt")
    return from_snntorch(net, torch.zeros(1, 2, 12, 12), STEPS)


def reduce(module: ModuleOp, **options: Any) -> tuple[Any, list[Remark]]:
    """The network of a copy of the module after the pass, and the remarks."""
    reduced = module.clone()
    with DiagnosticEngine() as engine:
        SNNReduceTimestepsPass(**options).apply(make_context(), reduced)
    reduced.verify()
    return reduced.body.block.first_op, engine.remarks


def accuracy(network: Any, samples: int) -> float:
    """On the first samples of the pass, in the bins of the network."""
    data = load_npz(DATA).take(samples)
    x = rebin(data.x, network.timesteps.value.data)
    return float((TorchExecutor(network).run(x).labels == data.labels()).mean())


@pytest.mark.parametrize("metric", ["accuracy", "agreement"])
def test_digits_stay_within_the_budget(digits: ModuleOp, metric: Any) -> None:
    before = accuracy(digits.body.block.first_op, 100)
    network, (remark,) = reduce(digits, calibration=DATA, samples=100, budget=0.03, metric=metric)
    steps = network.timesteps.value.data
    assert 3 <= steps <= 12
    assert (remark.metrics["before"], remark.metrics["after"]) == (STEPS, steps)
    assert remark.metrics["samples"] == 100
    assert remark.metrics["score"] >= remark.metrics["reference"] - 0.03
    if metric == "accuracy":
        assert remark.metrics["reference"] == before
        assert remark.metrics["score"] == accuracy(network, 100)
    else:
        assert remark.metrics["reference"] == 1


def test_the_number_of_steps_can_be_given(digits: ModuleOp) -> None:
    network, (remark,) = reduce(digits, calibration=DATA, samples=60, timesteps=5, budget=0.0)
    assert network.timesteps.value.data == 5
    assert remark.metrics["score"] == accuracy(network, 60)


def test_a_minimum_is_kept(digits: ModuleOp) -> None:
    network, _ = reduce(digits, calibration=DATA, samples=60, minimum=11, budget=1.0)
    assert network.timesteps.value.data == 11


def test_training_in_stages_beats_no_training(digits: ModuleOp, tmp_path: Path) -> None:
    data = load_npz(DATA)
    halves = [str(tmp_path / name) for name in ("train.npz", "calibration.npz")]
    for path, part in zip(halves, (slice(0, 225), slice(225, 450)), strict=True):
        np.savez(path, x=data.x[part], y=data.labels()[part])
    given = {"calibration": halves[1], "timesteps": 4}
    _, (plain,) = reduce(digits, **given)
    network, remarks = reduce(
        digits, **given, finetune=True, training=halves[0], step_factor=0.5, epochs=6,
        learning_rate=1e-2, device="cpu",
    )  # fmt: skip
    assert [remark.metrics.get("timesteps") for remark in remarks] == [8, 4, None]
    assert network.timesteps.value.data == 4
    trained = remarks[-1].metrics["score"]
    assert trained > plain.metrics["score"] + 0.05, (trained, plain.metrics["score"])
    held_out = load_npz(halves[1])
    labels = TorchExecutor(network).run(rebin(held_out.x, 4)).labels
    assert trained == float((labels == held_out.labels()).mean())


def test_stages_end_at_the_budget(digits: ModuleOp, tmp_path: Path) -> None:
    data = load_npz(DATA).take(60)
    np.savez(tmp_path / "unlabelled.npz", x=data.x)
    network, remarks = reduce(
        digits, calibration=DATA, samples=60, budget=0.05, metric="agreement", finetune=True,
        training=str(tmp_path / "unlabelled.npz"), step_factor=0.4, epochs=1, device="cpu",
    )  # fmt: skip
    *stages, last = remarks
    assert not stages[-1].metrics["accepted"]
    accepted = [remark.metrics["timesteps"] for remark in stages if remark.metrics["accepted"]]
    expected = accepted[-1] if accepted else STEPS
    assert network.timesteps.value.data == expected
    assert ("to" if accepted else "kept: no fewer than 16 steps") in last.message


def test_step_counts() -> None:
    assert list(step_counts(16, 0.75, 1)) == [12, 9, 6, 4, 3, 2, 1]
    assert list(step_counts(16, 0.5, 5)) == [8, 5]
    assert list(step_counts(3, 0.99, 1)) == [2, 1]


def refused(kind: InputKind) -> ModuleOp:
    builder = Builder(4)
    lif = builder.add(snn.LIFOp(builder.frame, FloatAttr(0.5, f32), FloatAttr(1.0, f32)))
    lif.attributes[LAYER] = StringAttr("out")
    return ModuleOp([builder.finish(lif.membrane, 4, kind)])


@pytest.mark.parametrize("kind", [InputKind.VALUES, InputKind.STATIC_VALUES])
def test_values_are_not_put_into_longer_bins(kind: InputKind) -> None:
    module = refused(kind)
    network, (remark,) = reduce(module, calibration="not read", input_code="events")
    assert f"kept: {kind} cannot be put into longer bins" in remark.message
    assert network.timesteps.value.data == 4


def test_values_need_to_be_called_rates() -> None:
    network, (remark,) = reduce(refused(InputKind.VALUES), calibration="not read")
    assert "input-code=rates takes fewer of them" in remark.message
    assert network.timesteps.value.data == 4


def rate_network(kind: InputKind) -> ModuleOp:
    """Four neurons count what they get until they spike, and integrators count the spikes."""
    builder = Builder(4)
    one = FloatAttr(1.0, f32)
    hidden = builder.add(snn.LIFOp(builder.frame, one, FloatAttr(4.0, f32)))
    out = builder.add(snn.LIOp(hidden.spikes, one))
    for name, op in (("hidden", hidden), ("out", out)):
        op.attributes[LAYER] = StringAttr(name)
    return ModuleOp([builder.finish(out.membrane, 16, kind)])


def rate_samples(folder: Path, kind: InputKind) -> str:
    """Class c has the largest current at input c; 40 samples."""
    labels = np.arange(40) % 4
    static = np.full((40, 4), 0.25, np.float32) + np.eye(4, dtype=np.float32)[labels]
    shown = kind is InputKind.STATIC_VALUES
    x = static if shown else np.repeat(static[:, None], 16, axis=1)
    np.savez(folder / "rates.npz", x=x, y=labels)
    return str(folder / "rates.npz")


@pytest.mark.parametrize("kind", [InputKind.VALUES, InputKind.STATIC_VALUES])
def test_rates_are_shown_for_fewer_steps(kind: InputKind, tmp_path: Path) -> None:
    """1.25 in each step exceeds 4 in the fourth, so two steps need a lower threshold."""
    module, path = rate_network(kind), rate_samples(tmp_path, kind)
    code: Any = "auto" if kind is InputKind.STATIC_VALUES else "rates"
    network, (remark,) = reduce(module, calibration=path, timesteps=2, budget=0.0, input_code=code)
    assert (remark.metrics["reference"], remark.metrics["score"]) == (1.0, 1.0)
    assert remark.metrics["exponent"] > 0
    hidden = next(op for op in network.walk() if isinstance(op, snn.LIFOp))
    expected = 4 * (2 / 16) ** remark.metrics["exponent"]
    assert array_from_dense(hidden.threshold) == pytest.approx(expected)
    assert array_from_dense(hidden.beta) == 1
    assert network.input.data is kind
    assert network.timesteps.value.data == 2
    network, (remark,) = reduce(module, calibration=path, budget=0.0, input_code=code)
    # One step: 1.25 exceeds the lowered threshold of 4 / 16 and so does nothing else.
    assert network.timesteps.value.data == 1


def test_rates_are_trained_in_stages(tmp_path: Path) -> None:
    module, path = rate_network(InputKind.VALUES), rate_samples(tmp_path, InputKind.VALUES)
    network, remarks = reduce(
        module, calibration=path, timesteps=4, input_code="rates", finetune=True, training=path,
        step_factor=0.5, epochs=1, surrogate="linear", device="cpu", train_thresholds=True,
    )  # fmt: skip
    assert [remark.metrics.get("timesteps") for remark in remarks] == [8, 4, None]
    assert network.timesteps.value.data == 4


def test_accuracy_needs_labels(tmp_path: Path) -> None:
    path = str(tmp_path / "unlabelled.npz")
    np.savez(path, x=np.ones((3, 4, 4), np.uint8))
    with pytest.raises(SNNError, match="has no labels; add them under the key y, or use metric=a"):
        reduce(refused(InputKind.EVENT_COUNTS), calibration=path)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.full((3, 4, 4), 0.5), 0, "event counts must be whole numbers"),
        (np.full((3, 4, 4), -1), 0, "event counts must be whole numbers"),
        (np.ones((3, 4, 4)), 4, "holds the class 4, but the network has 4 classes"),
        (np.ones((3, 5, 4)), 0, "a sample has 5 time steps, the network 4"),
    ],
)
def test_data_that_do_not_fit_are_refused(tmp_path: Path, x, y, message) -> None:
    """Classes that nothing predicts would make any number of steps as good as the present one."""
    path = str(tmp_path / "wrong.npz")
    np.savez(path, x=x, y=np.full(3, y))
    with pytest.raises(SNNError, match=f"'snn.network' op cannot be calibrated: .*{message}"):
        reduce(refused(InputKind.EVENT_COUNTS), calibration=path)


def two_leaks(bias: NDArray | None) -> snn.NetworkOp:
    """A layer whose current two neuron layers of different leaks receive."""
    builder = Builder(4)
    current = builder.linear(4, 4, bias)
    fast, slow = (builder.add(snn.LIOp(current, FloatAttr(beta, f32))) for beta in (0.5, 0.9))
    return builder.finish(builder.add(snn.AddOp(fast.membrane, slow.membrane)).result, 4)


def test_a_layer_may_feed_neurons_of_different_leaks() -> None:
    network = two_leaks(None)
    coarsen(network, 2, 0.0)
    leaky = [op for op in network.body.block.ops if isinstance(op, snn.LIOp)]
    betas = [float(array_from_dense(op.beta)) for op in leaky]
    assert betas == pytest.approx([0.5**2, 0.9**2])


def test_a_bias_cannot_suit_neurons_of_different_leaks() -> None:
    with pytest.raises(SNNError, match=r"'snn.linear' op feeds neurons whose time constants ask"):
        coarsen(two_leaks(np.ones(4)), 2, 0.0)


@pytest.mark.parametrize("budget", [-0.1, 2.0, float("nan")])
def test_a_budget_is_a_fraction(budget: float) -> None:
    with pytest.raises(SNNError, match="option budget must be 0 to 1, got"):
        reduce(refused(InputKind.EVENT_COUNTS), calibration="not read", budget=budget)


@pytest.mark.parametrize("timesteps", [0, 5])
def test_more_steps_are_refused(timesteps: int) -> None:
    with pytest.raises(SNNError, match=f"timesteps must be 1 to 4, got {timesteps}"):
        reduce(refused(InputKind.EVENT_COUNTS), calibration="not read", timesteps=timesteps)


def test_the_device_is_that_of_the_search_too(digits: ModuleOp) -> None:
    with pytest.raises(SNNError, match="unknown device 'abacus'; use cpu or cuda"):
        SNNReduceTimestepsPass(calibration=DATA, timesteps=8, device="abacus").apply(
            make_context(), digits.clone()
        )
