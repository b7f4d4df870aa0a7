# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks whose neurons list their spikes, or whose convolutions read masks that were bytes."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import HOST, MPS2_AN500, TargetDescription
from snnir.dialects import snnrt
from snnir.driver.bit_exactness import first_difference
from snnir.executors import KernelExecutor
from snnir.executors.native import NativeExecutor
from snnir.kernels.context import KernelChoice, NeuronChoice
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.testing.map_networks import quantized_map_network
from snnir.testing.targets import SANITIZED, require_target
from snnir.testing.window_networks import expected_result
from snnir.universe import make_context

CHOICES: tuple[tuple[KernelChoice, NeuronChoice], ...] = (
    ("scatter", "lists"),
    ("masks", "bytes"),
    ("masks", "lists"),
    ("event", "lists"),
    ("event", "bytes"),
    ("dot", "lists"),
    ("dot", "bytes"),
)


def lowered(module: ModuleOp, seed: int) -> ModuleOp:
    """A planned copy of a `qsnn` module as kernels, which the seed chooses."""
    kernels, neurons = CHOICES[seed % len(CHOICES)]
    copy, context = module.clone(), make_context()
    ConvertQSNNToKernelsPass(
        kernels=kernels,
        neurons=neurons,
        table_bytes=4000 * (seed % 2),
        tile_rows=int(seed % 5 == 0),
    ).apply(context, copy)
    KernelsPlanMemoryPass().apply(context, copy)
    copy.verify()
    return copy


def assert_exact(seed: int, target: TargetDescription) -> None:
    """Run one random network on a target."""
    network = quantized_map_network(seed)
    executor = NativeExecutor(lowered(network.module, seed), target)
    result = executor.run(network.x, record="all")
    assert first_difference(expected_result(network), result) is None


@pytest.mark.parametrize("first", range(0, 60, 12))
def test_the_arena_executor_agrees(first) -> None:
    for seed in range(first, first + 12):
        network = quantized_map_network(seed)
        module = lowered(network.module, seed)
        kernels = next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp))
        result = KernelExecutor(kernels).run(network.x, record=True)
        assert first_difference(expected_result(network), result) is None


@pytest.mark.parametrize("first", range(0, 18, 6))
def test_host_code_agrees(first) -> None:
    require_target(HOST)
    for seed in range(first, first + 6):
        assert_exact(seed, HOST)


def test_host_code_is_clean_under_sanitizers() -> None:
    require_target(SANITIZED)
    for seed in range(100, 106):
        assert_exact(seed, SANITIZED)


@pytest.mark.parametrize("seed", range(200, 212))
def test_target_code_agrees(seed) -> None:
    require_target(MPS2_AN500)
    assert_exact(seed, MPS2_AN500)


def test_random_networks_use_every_call() -> None:
    names = set()
    for seed in range(60):
        module = lowered(quantized_map_network(seed).module, seed)
        for op in module.walk():
            names.add(op.name)
            if isinstance(op, snnrt.MapLIFBase):
                names |= {"halving"} if op.resets is not None else {"general"}
                names |= {"shifted"} if op.current_shift.value.data else set()
            if isinstance(op, snnrt.BytesToMasksOp) and isinstance(op.next_op, snnrt.TileLIFBase):
                names.add("tiles behind bytes")
    assert names >= {
        "snnrt.map_lif_masks", "snnrt.map_lif_list", "snnrt.bytes_to_masks", "snnrt.mask_conv2d",
        "snnrt.conv2d_dot", "snnrt.conv2d_dot_pool2d", "snnrt.max_pool_masks", "halving",
        "general", "tiles behind bytes",
    }  # fmt: skip
