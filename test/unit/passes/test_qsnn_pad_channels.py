# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Channels that are added never fire, change nothing at any level, and go again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr as DenseArray
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import HOST, MPS2_AN500, TargetDescription
from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions, apply_pipeline
from snnir.driver.removed_channels import kept_channels, restore_channels
from snnir.executors import KernelExecutor, ReferenceExecutor, TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.executors.result import ExecutionResult, Recording
from snnir.layers.activity_attributes import channel_rates_of, rate_of, write_rates
from snnir.layers.kept_channels import KEPT_CHANNELS, kept_channels_of
from snnir.passes.qsnn_pad_channels import QSNNPadChannelsPass, layers_to_pad
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.testing.comparison import assert_same_results
from snnir.testing.random_networks import RandomNetwork, quantized_random_network
from snnir.testing.targets import require_target
from snnir.universe import make_context

SEEDS = st.integers(0, 1 << 32)


def padded(module: ModuleOp, *multiple: int) -> ModuleOp:
    copy = module.clone()
    QSNNPadChannelsPass(multiple=multiple or (4,)).apply(make_context(), copy)
    copy.verify()
    return copy


def network_in(module: ModuleOp) -> Any:
    return module.body.block.first_op


def growing(seeds: Iterable[int]) -> list[RandomNetwork]:
    """Random networks whose convolutions can get more channels."""
    networks = [quantized_random_network(seed) for seed in seeds]
    return [each for each in networks if str(padded(each.module)) != str(each.module)]


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.sampled_from([2, 4, 5]))
def test_all_executors_compute_the_same_with_more_channels(seed, multiple) -> None:
    network = quantized_random_network(seed)
    large = network_in(padded(network.module, multiple))
    kept = kept_channels(network.network, large)
    expected = ReferenceExecutor(network.network).run(network.x, record=True)
    for result in (
        ReferenceExecutor(large).run(network.x, record=True),
        TorchExecutor(large).run(network.x, record="all"),
    ):
        assert_same_results(expected, restore_channels(result, kept))
    options = LoweringOptions(silent_multiple=1, padded_multiples=(multiple,))
    lowered = lower(network.module, options)
    assert lowered.simplified is not None
    unplanned = lowered.simplified.clone()
    apply_pipeline(unplanned, "convert-qsnn-to-kernels")
    result = KernelExecutor(network_in(unplanned)).run(network.x, record=True)
    assert_same_results(expected, restore_channels(result, lowered.kept_channels))


def test_random_networks_gain_channels_of_every_kind() -> None:
    """Otherwise the test above would show little."""
    layers, grown, extents = 0, set(), set()
    for network in growing([*range(60), 117]):
        large = network_in(padded(network.module))
        layers += len(kept_channels(network.network, large))
        for old, new in zip(network.network.body.block.ops, large.body.block.ops, strict=True):
            if str(old.result_types) != str(new.result_types):
                grown.add(old.name)
                if isinstance(threshold := new.properties.get("threshold"), DenseArray):
                    extents.add(shape_of(threshold.type)[1:] != (1, 1))
    assert layers > 10
    assert grown >= {
        "qsnn.weight", "qsnn.conv2d", "qsnn.linear", "qsnn.lif", "qsnn.alpha", "qsnn.max_pool2d",
        "qsnn.sum_pool2d", "qsnn.reshape",
    }  # fmt: skip
    assert extents == {False, True}


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_a_second_run_adds_nothing(seed) -> None:
    once = padded(quantized_random_network(seed).module)
    assert str(padded(once)) == str(once)


def without_first_channels(module: ModuleOp) -> str:
    """The text without the attribute where it says what its absence says: the first channels."""
    copy = module.clone()
    for op in copy.walk():
        if isinstance(op, qsnn.NeuronBase) and KEPT_CHANNELS in op.attributes:
            kept = kept_channels_of(op, 0)
            if np.array_equal(kept, np.arange(len(kept))):
                del op.attributes[KEPT_CHANNELS]
    return str(copy)


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.sampled_from([1, 3]))
@example(221, 1)
def test_pruning_takes_added_channels_out_again(seed, multiple) -> None:
    """Also those of networks that lost channels before, and where the layer kept some of them."""
    module = quantized_random_network(seed).module
    prune = "qsnn-prune-silent"
    apply_pipeline(module, f"{prune}{{multiple={multiple}}}")
    again = padded(module)
    apply_pipeline(again, f"{prune}{{multiple=3}},qsnn-pad-channels{{multiple=2}},{prune}")
    apply_pipeline(module, prune)
    assert without_first_channels(again) == without_first_channels(module)


@pytest.mark.parametrize("target", [HOST, MPS2_AN500], ids=lambda target: target.name)
def test_c_computes_the_same(target: TargetDescription) -> None:
    require_target(target)
    for network in growing(range(12))[:4]:
        lowered = lower(network.module, LoweringOptions(silent_multiple=1, padded_multiples=(4,)))
        assert any((places >= 0).all() for places in lowered.kept_channels.values())
        expected = TorchExecutor(network.network).run(network.x, record="all")
        result = NativeExecutor(lowered.kernels, target).run(network.x, record="all")
        assert_same_results(expected, restore_channels(result, lowered.kept_channels))


def test_rates_are_zero_for_new_channels() -> None:
    for network in growing(range(12)):
        for op in network.module.walk():
            if isinstance(op, qsnn.LIFOp):
                write_rates(op, 0.25, np.full(shape_of(op.spikes.type)[0], 0.25), 3)
        small = [op for op in network.module.walk() if isinstance(op, qsnn.LIFOp)]
        large = [op for op in padded(network.module).walk() if isinstance(op, qsnn.LIFOp)]
        for old, new in zip(small, large, strict=True):
            before, after = channel_rates_of(old), channel_rates_of(new)
            assert before is not None
            assert after is not None
            assert len(after) == shape_of(new.spikes.type)[0]
            np.testing.assert_array_equal(after[: len(before)], before)
            assert not after[len(before) :].any()
            assert rate_of(new) == pytest.approx(0.25 * len(before) / len(after))


def test_an_added_channel_that_fires_is_an_error() -> None:
    spikes = np.zeros((2, 3, 4, 5), np.bool_)
    result = ExecutionResult(np.zeros((2, 1)), np.zeros(2, np.int64), Recording({"a": spikes}, {}))
    kept = {"a": np.array([2, -1, 0])}
    restored = restore_channels(result, kept).recording
    assert restored is not None
    assert restored.spikes["a"].shape == (2, 3, 3, 5)
    spikes[1, 2, 2, 0] = True
    restored = restore_channels(result, kept).recording
    assert restored is not None
    assert restored.spikes["a"].any(axis=(0, 1, 3)).tolist() == [True, False, False]
    spikes[0, 1, 3, 4] = True
    with pytest.raises(SNNError, match="channel 3 of layer 'a' fired, which was added"):
        restore_channels(result, kept)


def test_each_layer_can_have_its_own_multiple() -> None:
    network = next(n for n in growing(range(30)) if len(layers_to_pad(n.network)) == 2)
    before = [shape_of(op.result.type)[0] for op in layers_to_pad(network.network)]
    with DiagnosticEngine() as engine:
        large = network_in(padded(network.module, 1, 4))
    after = [shape_of(op.result.type)[0] for op in layers_to_pad(large)]
    assert after[0] == before[0]
    assert after[1] % 4 == 0 or "kept" in engine.remarks[0].message
    with pytest.raises(SNNError, match="one for each of the 2 layers, got 1,2,3"):
        padded(network.module, 1, 2, 3)
