# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions that store weights other than zero alone spike as their integer networks do."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import MPS2_AN500, TargetDescription
from snnir.dialects import snnrt
from snnir.driver.bit_exactness import first_difference
from snnir.executors import KernelExecutor
from snnir.executors.native import NativeExecutor
from snnir.kernels.sparse_kernels import (
    can_be_sparse,
    element_order,
    kernels_of_sparse,
    sparse_kernels,
)
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.testing.map_networks import quantized_map_network
from snnir.testing.targets import SANITIZED, require_target
from snnir.testing.window_networks import expected_result
from snnir.universe import make_context


def lowered(module: ModuleOp, seed: int) -> ModuleOp:
    """A planned copy of a `qsnn` module with sparse convolutions."""
    copy, context = module.clone(), make_context()
    neurons = "lists" if seed % 2 else "bytes"
    kernels = "blocks" if seed % 4 < 2 else "sparse"
    ConvertQSNNToKernelsPass(kernels=kernels, neurons=neurons).apply(context, copy)
    KernelsPlanMemoryPass().apply(context, copy)
    copy.verify()
    return copy


def sparse_calls(module: ModuleOp) -> list[snnrt.SparseConvolutionBase]:
    """The sparse convolutions of a module."""
    return [op for op in module.walk() if isinstance(op, snnrt.SparseConvolutionBase)]


@pytest.mark.parametrize("first", range(0, 36, 12))
def test_the_arena_executor_agrees(first: int) -> None:
    found: set[str] = set()
    for seed in range(first, first + 12):
        network = quantized_map_network(seed)
        module = lowered(network.module, seed)
        kernels = next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp))
        result = KernelExecutor(kernels).run(network.x, record=True)
        assert first_difference(expected_result(network), result) is None
        for op in sparse_calls(module):
            found.add(op.name)
            found.add("spikes" if op.values is None else "values")
            found.add("plain" if op.groups.value.data == 1 else "groups")
            found |= {"strided"} if max(op.stride.get_values()) > 1 else set()
    assert found == {
        "snnrt.conv2d_scatter_sparse", "snnrt.conv2d_scatter_blocks",
        "spikes", "values", "plain", "groups", "strided",
    }  # fmt: skip


@pytest.mark.parametrize(("target", "first"), [(SANITIZED, 700), (MPS2_AN500, 710)])
def test_generated_code_agrees(target: TargetDescription, first: int) -> None:
    require_target(target)
    calls = 0
    for seed in range(first, first + 6):
        network = quantized_map_network(seed)
        module = lowered(network.module, seed)
        result = NativeExecutor(module, target).run(network.x, record="all")
        assert first_difference(expected_result(network), result) is None
        calls += len(sparse_calls(module))
    assert calls > 4


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (3, 2), (4, 2)])
@pytest.mark.parametrize(("outputs", "block"), [(3, 1), (100, 1), (12, 4)])
def test_storing_is_undone(stride: int, dilation: int, outputs: int, block: int) -> None:
    rng = np.random.default_rng(outputs)
    kernels = rng.integers(-127, 128, (4, 3, 5, outputs)).astype(np.int8)
    kept = rng.random((4, 3, 5, outputs // block)) < 0.2
    kernels *= np.repeat(kept, block, axis=-1)
    order = element_order((3, 5), (1, stride), (dilation, dilation), (9, 9, outputs))
    stored = sparse_kernels(kernels, order, block)
    blocks = kernels.reshape(-1, block)
    assert len(stored.weights) == np.count_nonzero(np.any(blocks != 0, axis=1))
    np.testing.assert_array_equal(kernels_of_sparse(stored, kernels.shape, order), kernels)


def test_currents_too_far_apart_are_not_numbered() -> None:
    kernels = np.ones((1, 3, 3, 64), np.int8)
    for width, possible in ((500, True), (600, False)):
        order = element_order((3, 3), (1, 1), (1, 1), (9, width, 64))
        assert can_be_sparse(kernels, order) is possible


def test_more_weights_than_16_bits_count_are_not_listed() -> None:
    order = element_order((1, 1), (1, 1), (1, 1), (4, 4, 256))
    kernels = np.ones((256, 1, 1, 256), np.int8)
    assert not can_be_sparse(kernels, order)
    kernels[0, 0, 0, 0] = 0
    assert can_be_sparse(kernels, order)
