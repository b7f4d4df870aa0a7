# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neurons that cannot fire are removed, and nothing else changes, at no level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.network import layer_names
from snnir.dialects.snn_attributes import InputKind
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions, apply_pipeline
from snnir.driver.removed_channels import kept_channels, restore_channels
from snnir.executors import KernelExecutor, ReferenceExecutor, TorchExecutor
from snnir.executors.qsnn_interpreter import integers
from snnir.executors.result import ExecutionResult
from snnir.layers.activity_attributes import channel_rates_of, rate_of, write_rates
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.passes.qsnn_prune_silent import QSNNPruneSilentPass
from snnir.quantization.integer_ranges import network_ranges
from snnir.quantization.values import fits, type_bounds
from snnir.support.arrays import dense_from_array
from snnir.support.xdsl_parsing import parse_module
from snnir.testing.random_networks import LARGEST_COUNT, RandomNetwork, random_network
from snnir.universe import make_context

SEEDS = st.integers(0, 1 << 32)


def quantized(seed: int, *, quiet: bool = False) -> RandomNetwork:
    """A random `qsnn` network; `quiet` raises thresholds so that some channels cannot fire."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    ConvertSNNToQSNNPass(
        bits=int(rng.integers(2, 9)),
        state=rng.choice(["auto", "auto", "saturate"]),
        input_maximum=LARGEST_COUNT,
    ).apply(make_context(), network.module)
    if quiet:
        neurons = [op for op in network.module.walk() if isinstance(op, qsnn.SpikingNeuronBase)]
        for op in neurons:
            shape, limit = shape_of(op.spikes.type), type_bounds(element_type_of(op.membrane.type))
            threshold = np.broadcast_to(integers(op.threshold), shape).copy()
            threshold[rng.random(shape[0]) < 0.5] = min(limit[1], 1 << 24)
            # The proof of the width was for the threshold before.
            op.properties["overflow"] = qsnn.OverflowAttr(qsnn.Overflow.SATURATE)
            op.properties["threshold"] = dense_from_array(threshold.astype(np.int32))
    network.module.verify()
    return network


def pruned(module: ModuleOp, multiple: int = 1) -> ModuleOp:
    copy = module.clone()
    QSNNPruneSilentPass(multiple=multiple).apply(make_context(), copy)
    copy.verify()
    return copy


def restored(complete: Any, small: Any, result: ExecutionResult) -> ExecutionResult:
    return restore_channels(result, kept_channels(complete, small))


def assert_same(expected: ExecutionResult, got: ExecutionResult) -> None:
    """Equal scores, spikes of all channels, and membranes of those that are left."""
    np.testing.assert_array_equal(expected.scores, got.scores)
    assert expected.recording is not None
    assert got.recording is not None
    assert expected.recording.spikes.keys() == got.recording.spikes.keys()
    for name, spikes in expected.recording.spikes.items():
        np.testing.assert_array_equal(spikes, got.recording.spikes[name])
    a, b = expected.recording.common(got.recording)
    for name, membranes in a.membranes.items():
        np.testing.assert_array_equal(membranes, b.membranes[name])


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.booleans())
def test_all_executors_compute_the_same_without_silent_channels(seed, quiet) -> None:
    network = quantized(seed, quiet=quiet)
    module = pruned(network.module)
    small: Any = module.body.block.first_op
    expected = ReferenceExecutor(network.network).run(network.x, record=True)
    for executor, record in (
        (ReferenceExecutor(small), True), (TorchExecutor(small), "all"),
    ):  # fmt: skip
        result = executor.run(network.x, record=record)  # type: ignore[arg-type]
        assert_same(expected, restored(network.network, small, result))
    lowered = lower(network.module, LoweringOptions(silent_multiple=1))
    assert lowered.kept_channels.keys() == kept_channels(network.network, small).keys()
    assert lowered.simplified is not None
    unplanned = lowered.simplified.clone()
    apply_pipeline(unplanned, "convert-qsnn-to-kernels")
    kernels: Any = unplanned.body.block.first_op
    result = KernelExecutor(kernels).run(network.x, record=True)
    assert_same(expected, restore_channels(result, lowered.kept_channels))


def test_random_networks_lose_channels_of_every_kind() -> None:
    """Otherwise the test above would show little."""
    layers, consumers = 0, set()
    for seed in range(80):
        network = quantized(seed, quiet=True)
        before: Any = network.network
        small: Any = pruned(network.module).body.block.first_op
        layers += len(kept_channels(before, small))
        for old, new in zip(before.body.block.ops, small.body.block.ops, strict=True):
            if str(old.result_types) != str(new.result_types):
                consumers.add(old.name)
    assert layers > 40
    assert consumers >= {
        "qsnn.weight", "qsnn.conv2d", "qsnn.lif", "qsnn.alpha", "qsnn.max_pool2d", "qsnn.reshape",
        "qsnn.linear",
    }  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(SEEDS)
def test_no_value_leaves_its_range(seed) -> None:
    network = quantized(seed)
    ranges = network_ranges(network.network)
    recording = ReferenceExecutor(network.network).run(network.x, record=True).recording
    assert recording is not None
    for op, name in layer_names(network.network).items():
        low, high = ranges.full(op.membrane)  # type: ignore[attr-defined]
        assert (low <= recording.membranes[name]).all()
        assert (recording.membranes[name] <= high).all()
        if isinstance(op, qsnn.SpikingNeuronBase):
            fired = recording.spikes[name].any(axis=(0, 1)).reshape(len(ranges.silent[op]), -1)
            assert not fired[ranges.silent[op]].any()
            if op.overflow.data is qsnn.Overflow.PROVEN:
                assert fits(*ranges.full(op.membrane), element_type_of(op.membrane.type))


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_a_second_run_finds_nothing(seed) -> None:
    once = pruned(quantized(seed, quiet=True).module)
    assert str(pruned(once)) == str(once)


@pytest.mark.parametrize("multiple", [2, 4])
def test_a_multiple_of_the_channels_is_left(multiple) -> None:
    rounded = 0
    for seed in range(40):
        network = quantized(seed, quiet=True)
        exact: Any = pruned(network.module).body.block.first_op
        small: Any = pruned(network.module, multiple).body.block.first_op
        fewest = kept_channels(network.network, exact)
        for name, places in kept_channels(network.network, small).items():
            left, least = places >= 0, fewest[name] >= 0
            assert left[least].all()
            rounded += int(left.sum()) > int(least.sum())
            # A sum connects the layers of a residual branch, which then keep more.
            if not any(isinstance(op, qsnn.AddOp | qsnn.ConcatOp) for op in small.body.block.ops):
                assert left.sum() % multiple == 0
    assert rounded > 0


@pytest.mark.parametrize("density", [None, 2])
def test_the_density_of_events_proves_more_channels_silent(density) -> None:
    """With up to two events in a window, the weaker channels of the first layer cannot fire."""
    networks = (random_network(np.random.default_rng(seed)) for seed in range(200))
    network = next(n for n in networks if n.network.input.data is InputKind.EVENT_COUNTS)
    counts = {}
    for bound in (None, density):
        module = network.module.clone()
        ConvertSNNToQSNNPass(input_maximum=LARGEST_COUNT, input_density=bound).apply(
            make_context(), module
        )
        ranges = network_ranges(module.body.block.first_op)  # type: ignore[arg-type]
        counts[bound] = sum(int(silent.sum()) for silent in ranges.silent.values())
    assert counts[density] >= counts[None]


def test_numbers_and_rates_of_the_channels_that_are_left_stay() -> None:
    for seed in range(50):
        network = quantized(seed, quiet=True)
        layers = [op for op in network.module.walk() if isinstance(op, qsnn.LIFOp)]
        for op in layers:
            channels = shape_of(op.spikes.type)[0]
            write_rates(op, 0.5, np.arange(channels) / 100, 3)
        after = [op for op in pruned(network.module).walk() if isinstance(op, qsnn.LIFOp)]
        shrunk = [
            (a, b) for a, b in zip(layers, after, strict=True) if "kept_channels" in b.attributes
        ]
        for old, new in shrunk:
            numbers = np.array(int_values(new.attributes["kept_channels"]))
            rates, before = channel_rates_of(new), channel_rates_of(old)
            assert rates is not None
            assert before is not None
            np.testing.assert_array_equal(rates, before[numbers])
            assert rate_of(new) == pytest.approx(rates.mean(), rel=1e-6)
        if shrunk:
            return
    pytest.fail("no random network lost a channel")


SELF_WAKING = """
qsnn.network @net(%frame: tensor<1xi1>) -> tensor<3xi1> attributes {timesteps = 5 : i64,
    input = #snn<input binary_frames>, readout = #snn<readout spike_count>,
    input_maximum = 1 : i64} {
  qsnn.register @r : tensor<3xi1>
  %old = qsnn.read @r : tensor<3xi1>
  %v = qsnn.weight dense<[[9], [0], [0]]> : tensor<3x1xi8>
  %w = qsnn.weight dense<[[0, 0, 0], [9, 0, 0], [0, 0, 9]]> : tensor<3x3xi8>
  %x = qsnn.linear %frame, %v : (tensor<1xi1>, tensor<3x1xi8>) -> tensor<3xi16>
  %y = qsnn.linear %old, %w : (tensor<3xi1>, tensor<3x3xi8>) -> tensor<3xi16>
  %current = qsnn.add %x, %y : (tensor<3xi16>, tensor<3xi16>) -> tensor<3xi16>
  %spikes, %u = qsnn.lif %current leak 0 : i32 threshold 5 : i32 reset none delayed compare gt
      overflow proven rounding nearest : (tensor<3xi16>) -> (tensor<3xi1>, tensor<3xi16>)
  qsnn.write @r, %spikes : tensor<3xi1>
  qsnn.output %spikes : tensor<3xi1>
}
"""


def test_neurons_that_only_they_could_wake_are_silent() -> None:
    """The first fires from input, and wakes the second; the third would have to wake itself."""
    module = parse_module(make_context(), SELF_WAKING)
    ranges = network_ranges(module.body.block.first_op)  # type: ignore[arg-type]
    assert [silent.tolist() for silent in ranges.silent.values()] == [[False, False, True]]
    ran = ReferenceExecutor(module.body.block.first_op).run(np.ones((1, 5, 1)))  # type: ignore[arg-type]
    assert ran.scores.tolist() == [[5, 4, 0]]
