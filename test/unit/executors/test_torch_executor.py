# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Batches, recording, listeners and errors of the torch executor."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from snnir.dialects import snn
from snnir.dialects.snn import InputKind, Readout
from snnir.executors import Presentation, TorchExecutor
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import SNNError

TIMESTEPS = 6


@pytest.fixture
def network(builder, rng) -> snn.NetworkOp:
    """Two layers that spike and one that does not; integer weights, so every sum is exact."""
    net = builder(2, 4, 4)
    conv = net.add(snn.Conv2dOp(net.frame, net.weight(rng.integers(-1, 3, (3, 2, 3, 3)))))
    spikes = net.lif(conv.result, layer="hidden").spikes
    flat = net.add(snn.FlattenOp(spikes)).result
    current = net.add(snn.LinearOp(flat, net.weight(rng.integers(-1, 3, (4, 12))))).result
    output = net.lif(current, layer="output")
    net.add(snn.LIOp(current, net.parameter(0.5)), layer="integrator")
    return net.finish(output.spikes, timesteps=TIMESTEPS)


@pytest.fixture
def x(rng) -> np.ndarray:
    """Event counts of 7 samples."""
    return rng.poisson(0.5, (7, TIMESTEPS, 2, 4, 4)).astype(np.uint8)


def test_batches_do_not_change_the_result(network, x) -> None:
    executor = TorchExecutor(network)
    whole = executor.run(x, record="all")
    parts = executor.run(x, record="all", batch=3, progress=True)
    assert whole.recording is not None
    assert parts.recording is not None
    np.testing.assert_array_equal(whole.scores, parts.scores)
    for name, membrane in whole.recording.membranes.items():
        np.testing.assert_array_equal(membrane, parts.recording.membranes[name])


def test_only_what_is_wanted_is_computed(network, x) -> None:
    hidden = next(op for op in network.body.block.ops if isinstance(op, snn.LIFOp))
    steps = TorchExecutor(network).steps(Presentation(network, x), slice(0, 7))
    fewer = TorchExecutor(network, wanted=hidden).steps(Presentation(network, x), slice(0, 7))
    for step, part in zip(steps, fewer, strict=True):
        assert len(part.values) < len(step.values)
        assert not any(isinstance(value.owner, snn.LinearOp) for value in part.values)
        for value, array in part.values.items():
            np.testing.assert_array_equal(array, step.values[value])


def test_recording(network, x) -> None:
    executor = TorchExecutor(network)
    assert executor.run(x).recording is None
    spikes = executor.run(x, record="spikes").recording
    everything = executor.run(x, record="all").recording
    assert spikes is not None
    assert everything is not None
    assert spikes.membranes == {}
    assert list(everything.spikes) == ["hidden", "output"]
    assert list(everything.membranes) == ["hidden", "output", "integrator"]
    assert everything.spikes["hidden"].shape == (7, TIMESTEPS, 3, 2, 2)
    assert everything.spikes["hidden"].dtype == np.bool_
    assert everything.membranes["integrator"].dtype == np.float32
    np.testing.assert_array_equal(spikes.spikes["hidden"], everything.spikes["hidden"])


def test_scores_and_labels(network, x) -> None:
    result = TorchExecutor(network).run(x, record="spikes")
    assert result.recording is not None
    counts = result.recording.spikes["output"].sum(axis=1)
    assert result.scores.dtype == result.labels.dtype == np.int64
    np.testing.assert_array_equal(result.scores, counts)
    np.testing.assert_array_equal(result.labels, counts.argmax(axis=1))


@pytest.mark.parametrize("dtype", [np.bool_, np.int64, np.float64, np.float32])
def test_types_of_input(network, x, dtype) -> None:
    x = np.minimum(x, 1)
    executor = TorchExecutor(network)
    np.testing.assert_array_equal(executor.run(x.astype(dtype)).scores, executor.run(x).scores)


def test_read_only_input(network, x) -> None:
    x.flags.writeable = False
    TorchExecutor(network).run(x[:, :])


def test_listener_sees_what_is_recorded(network, x) -> None:
    seen: dict[str, list[np.ndarray]] = {}
    steps = []

    def listener(layer, step, spikes, membrane):
        seen.setdefault(layer, []).append(membrane.numpy())
        assert (spikes is None) == (layer == "integrator")
        steps.append((layer, step))

    result = TorchExecutor(network).run(x, record="all", listener=listener)
    assert result.recording is not None
    assert steps[:4] == [("hidden", 0), ("output", 0), ("integrator", 0), ("hidden", 1)]
    for layer, membranes in seen.items():
        stacked = np.stack(membranes, axis=1)
        np.testing.assert_array_equal(stacked, result.recording.membranes[layer])


def test_steps_give_every_value(network, x) -> None:
    executor = TorchExecutor(network)
    steps = list(executor.steps(Presentation(network, x), slice(2, 5)))
    assert [step.index for step in steps] == list(range(TIMESTEPS))
    conv = next(op for op in network.body.block.ops if isinstance(op, snn.Conv2dOp))
    assert steps[0].values[conv.result].shape == (3, 3, 2, 2)
    np.testing.assert_array_equal(steps[1].values[network.frame].numpy(), x[2:5, 1])


def test_weights_are_converted_once(network, x) -> None:
    executor = TorchExecutor(network)
    before = executor.run(x).scores
    weight = next(op for op in network.body.block.ops if isinstance(op, snn.LinearOp)).weight.owner
    assert isinstance(weight, snn.WeightOp)
    zeros = np.zeros((4, 12), np.float32)
    weight.value = dense_from_array(zeros)
    np.testing.assert_array_equal(executor.run(x).scores, before)
    assert not TorchExecutor(network).run(x).scores.any()


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((2, TIMESTEPS + 1, 2, 4, 4), np.uint8, r"takes \(samples, 6, 2, 4, 4\)"),
        ((2, 2, 4, 4), np.uint8, r"takes \(samples, 6, 2, 4, 4\)"),
        ((), np.uint8, r"takes"),
        ((0, TIMESTEPS, 2, 4, 4), np.uint8, "no samples"),
        ((2, TIMESTEPS, 2, 4, 4), np.complex64, "numbers are needed"),
    ],
)
def test_input_that_does_not_fit(network, shape, dtype, message) -> None:
    with pytest.raises(SNNError, match=message):
        TorchExecutor(network).run(np.zeros(shape, dtype))


def test_batch_size_must_be_positive(network, x) -> None:
    with pytest.raises(SNNError, match="must be 1 or more, not 0"):
        TorchExecutor(network).run(x, batch=0)


def test_static_input(builder) -> None:
    net = builder(2)
    op = net.add(snn.LIOp(net.frame, net.parameter(1.0)))
    network = net.finish(
        op.membrane, timesteps=4, input=InputKind.STATIC_VALUES, readout=Readout.LAST_MEMBRANE
    )
    result = TorchExecutor(network).run([[1.0, 0.25]])
    assert result.scores.tolist() == [[4.0, 1.0]]
    assert result.scores.dtype == np.float64


def test_operation_without_implementation(builder) -> None:
    from xdsl.dialects.test import TestPureOp

    net = builder(2)
    net.add(TestPureOp())
    network = net.finish(net.lif(net.frame).spikes, timesteps=1)
    with pytest.raises(SNNError, match=r"'test.pureop' op has no implementation"):
        TorchExecutor(network)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda builder: builder.nothing, "raised AttributeError in torch_function"),
        (lambda builder: lambda value: value + value.new_zeros(3), "raised RuntimeError in torch_"),
        (lambda builder: lambda value: None, "raised TypeError in torch_function"),
        (lambda builder: lambda value: value.sum(1), r"of shape \[\(2,\)\], but .* gave \[\(\)\]"),
    ],
)
def test_mistakes_in_operations_of_plugins(builder, function, message) -> None:
    from xdsl.dialects.test import TestPureOp

    class ForeignOp(TestPureOp):
        def torch_function(self, prepared):
            return function(prepared)

    net = builder(2)
    op = net.add(ForeignOp(operands=[net.frame], result_types=[net.frame.type]))
    network = net.finish(net.lif(op.results[0]).spikes, timesteps=1)
    with pytest.raises(SNNError, match=rf"'test.pureop' op .*{message}"):
        TorchExecutor(network).run(np.ones((1, 1, 2), np.uint8))


def test_level_without_torch(builder) -> None:
    net = builder(1)
    network = net.finish(net.lif(net.frame).spikes, timesteps=1)
    object.__setattr__(network, "name", "other.network")
    with pytest.raises(SNNError, match="cannot be executed in torch"):
        TorchExecutor(network)


def test_the_package_does_not_import_torch() -> None:
    code = (
        "import sys, snnir.executors as e; e.ReferenceExecutor, e.compare_recordings; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names() -> None:
    import snnir.executors as executors

    assert sorted(executors.__all__) == sorted(executors._MODULES) == dir(executors)
    for name in executors.__all__:
        assert getattr(executors, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        executors.nothing  # noqa: B018
