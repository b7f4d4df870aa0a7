# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fully connected layers read sums of spikes that are larger than a byte."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp, i16, i32

from snnir.backends.targets import HOST, MPS2_AN500
from snnir.costs.model import predict
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element
from snnir.driver.pipelines import apply_pipeline
from snnir.executors import KernelExecutor, ReferenceExecutor, TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.kernels.context import KernelChoice
from snnir.kernels.gathered_weights import counts_rows, rows_of_counts
from snnir.support.diagnostics import SNNError
from snnir.testing.comparison import assert_same_results
from snnir.testing.pooled_networks import quantized_pooled_network
from snnir.testing.random_networks import RandomNetwork
from snnir.testing.targets import require_target


def lowered(module: ModuleOp, kernels: KernelChoice = "event") -> snnrt.NetworkOp:
    """A copy of a `qsnn` module's network, as kernels with planned memory."""
    copy = module.clone()
    apply_pipeline(copy, f"convert-qsnn-to-kernels{{kernels={kernels}}},kernels-plan-memory")
    network = copy.body.block.first_op
    assert isinstance(network, snnrt.NetworkOp)
    return network


def counting(network: snnrt.NetworkOp) -> list[snnrt.LinearCountsOp]:
    return [op for op in network.walk() if isinstance(op, snnrt.LinearCountsOp)]


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1 << 32))
def test_all_integer_executors_agree(seed) -> None:
    try:
        network = quantized_pooled_network(seed)
    except SNNError as error:
        # Some random networks need wider membranes than their options allow.
        assume("no membrane format" not in str(error))
        raise
    expected = ReferenceExecutor(network.network).run(network.x, record=True)
    assert_same_results(expected, TorchExecutor(network.network).run(network.x, record="all"))
    for kernels in get_args(KernelChoice):
        actual = KernelExecutor(lowered(network.module, kernels)).run(network.x, record=True)
        assert_same_results(expected, actual)


def networks(number: int) -> list[tuple[RandomNetwork, snnrt.NetworkOp]]:
    """The first random networks that have such a layer, as integers and as kernels."""
    found: list[tuple[RandomNetwork, snnrt.NetworkOp]] = []
    seed = 0
    while len(found) < number:
        network = quantized_pooled_network(seed)
        kernels = lowered(network.module)
        if counting(kernels):
            found.append((network, kernels))
        seed += 1
    return found


def test_networks_sum_in_both_widths_and_spike() -> None:
    """Otherwise the test above would show little."""
    widths, spikes = set(), 0
    for network, kernels in networks(20):
        widths |= {buffer_element(op.current.type) for op in counting(kernels)}
        recording = ReferenceExecutor(network.network).run(network.x, record=True).recording
        assert recording is not None
        spikes += sum(int(layer.sum()) for layer in recording.spikes.values())
    assert widths == {i16, i32}
    assert spikes > 1_000


@pytest.mark.parametrize("target", [HOST, MPS2_AN500], ids=lambda target: target.name)
def test_generated_code(target) -> None:
    require_target(target)
    for network, kernels in networks(3):
        expected = TorchExecutor(network.network).run(network.x, record="all")
        module = kernels.parent_op()
        assert isinstance(module, ModuleOp)
        assert_same_results(expected, NativeExecutor(module, target).run(network.x, record="all"))


def test_costs_are_known() -> None:
    ((_, kernels),) = networks(1)
    cost = predict(kernels)
    assert "linear_counts" not in cost.unknown
    assert all(cost.calls[op] > 0 for op in counting(kernels))


def test_words_hold_the_weights() -> None:
    rows = np.random.default_rng(5).integers(-128, 127, (7, 10), endpoint=True).astype(np.int8)
    words = counts_rows(rows)
    assert words.shape == (3 * 7,)
    np.testing.assert_array_equal(rows_of_counts(words, 10), rows)
