# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The order of channels changes nothing at any level, and serves masks that are made of bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr as DenseArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from snnir.backends.targets import HOST, MPS2_AN500, TargetDescription
from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.files import kernels_of, network_of
from snnir.driver.pipelines import apply_pipeline
from snnir.driver.removed_channels import kept_channels, restore_channels
from snnir.executors import KernelExecutor, ReferenceExecutor, TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.kernels.bit_groups import channels_by_bit, lanes_of_bytes
from snnir.layers.activity_attributes import channel_rates_of, write_rates
from snnir.layers.channel_groups import find_channel_groups
from snnir.layers.channel_order import order_channels
from snnir.layers.channel_paths import channel_path
from snnir.testing.comparison import assert_same_results
from snnir.testing.map_networks import quantized_map_network
from snnir.testing.random_networks import RandomNetwork, quantized_random_network
from snnir.testing.targets import require_target


def shuffled(module: ModuleOp, seed: int) -> tuple[ModuleOp, list[Operation]]:
    """A copy with the channels of all convolutions in random orders, and what hands them on."""
    copy, rng = module.clone(), np.random.default_rng(seed)
    network = network_of(copy)
    groups, carriers = find_channel_groups(network), list[Operation]()
    convolutions = [op for op in network.body.block.ops if isinstance(op, qsnn.Conv2dOp)]
    paths = [channel_path(groups, op) for op in convolutions]
    for path in paths:
        if not isinstance(path, str):
            channels = shape_of(path.producer.result.type)[0]
            order_channels(path, rng.permutation(channels))
            carriers += path.carriers
    copy.verify()
    return copy, carriers


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1 << 32))
def test_all_executors_compute_the_same_in_any_order(seed) -> None:
    network = quantized_random_network(seed)
    module, _ = shuffled(network.module, seed)
    other = network_of(module)
    kept = kept_channels(network.network, other)
    expected = ReferenceExecutor(network.network).run(network.x, record=True)
    for result in (
        ReferenceExecutor(other).run(network.x, record=True),
        TorchExecutor(other).run(network.x, record="all"),
    ):
        assert_same_results(expected, restore_channels(result, kept))
    apply_pipeline(module, "convert-qsnn-to-kernels")
    result = KernelExecutor(kernels_of(module)).run(network.x, record=True)
    assert_same_results(expected, restore_channels(result, kept))


def test_random_networks_have_channels_of_every_kind_in_other_orders() -> None:
    """Otherwise the test above would show little."""
    layers, names, extents = 0, set(), set()
    for seed in range(60):
        network = quantized_random_network(seed)
        module, carriers = shuffled(network.module, seed)
        layers += len(kept_channels(network.network, network_of(module)))
        for op in carriers:
            names.add(op.name)
            if isinstance(threshold := op.properties.get("threshold"), DenseArray):
                extents.add(shape_of(threshold.type)[1:] != (1, 1))
    assert layers > 10
    assert names >= {
        "qsnn.lif", "qsnn.alpha", "qsnn.max_pool2d", "qsnn.sum_pool2d", "qsnn.reshape",
    }  # fmt: skip
    assert extents == {False, True}


def sorted_map_networks(seeds: range) -> list[tuple[RandomNetwork, ModuleOp]]:
    """Networks with random rates, and copies that the pass has sorted."""
    found = []
    for seed in seeds:
        network, rng = quantized_map_network(seed), np.random.default_rng(seed)
        for op in network.module.walk():
            if isinstance(op, qsnn.LIFOp):
                write_rates(op, 0.5, rng.random(shape_of(op.spikes.type)[0]), 1)
        copy = network.module.clone()
        apply_pipeline(copy, "qsnn-sort-channels")
        copy.verify()
        if str(copy) != str(network.module):
            found.append((network, copy))
    return found


@pytest.mark.parametrize("target", [HOST, MPS2_AN500], ids=lambda target: target.name)
def test_c_computes_the_same(target: TargetDescription) -> None:
    require_target(target)
    networks = sorted_map_networks(range(120))[:4]
    assert len(networks) == 4
    for network, module in networks:
        kept = kept_channels(network.network, network_of(module))
        apply_pipeline(module, "convert-qsnn-to-kernels{kernels=masks},kernels-plan-memory")
        expected = TorchExecutor(network.network).run(network.x, record="all")
        result = NativeExecutor(module, target).run(network.x, record="all")
        assert_same_results(expected, restore_channels(result, kept))


def test_higher_bits_of_masks_made_of_bytes_fire_more_often() -> None:
    channels = set()
    for _, module in sorted_map_networks(range(120)):
        for op in module.walk():
            if not isinstance(op, qsnn.LIFOp) or "kept_channels" not in op.attributes:
                continue
            rates = channel_rates_of(op)
            assert rates is not None
            by_bit = channels_by_bit(lanes_of_bytes(len(rates)))
            of_bits = [rates[channel] for channel in by_bit if channel is not None]
            assert of_bits == sorted(of_bits)
            channels.add(len(rates))
    # Whole words of bytes, or pairs of channels in their order.
    assert {count % 4 == 0 for count in channels} == {True, False}
