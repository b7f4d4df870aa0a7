# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks that are computed by tiles spike as their integer networks do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64

from snnir.backends.targets import MPS2_AN500, TargetDescription
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.driver.bit_exactness import first_difference
from snnir.executors import KernelExecutor
from snnir.executors.native import NativeExecutor
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.support.diagnostics import SNNError
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import spikes_pooled
from snnir.testing.random_networks import RandomNetwork
from snnir.testing.targets import SANITIZED, require_target
from snnir.testing.window_networks import expected_result, quantized_window_network
from snnir.universe import make_context

MOST_BITS = 8
"""Of a weight."""


def lowered(
    module: ModuleOp, tile_rows: int, weight_bits: int = 8, skip_calm: bool = True
) -> ModuleOp:
    """A planned copy of a `qsnn` module as kernels."""
    copy, context = module.clone(), make_context()
    ConvertQSNNToKernelsPass(
        tile_rows=tile_rows, weight_bits=weight_bits, skip_calm=skip_calm
    ).apply(context, copy)
    KernelsPlanMemoryPass().apply(context, copy)
    copy.verify()
    return copy


def tiled_layers(module: ModuleOp) -> list[snnrt.TileLIFBase]:
    """The layers of a module that are computed by tiles."""
    return [op for op in module.walk() if isinstance(op, snnrt.TileLIFBase)]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1 << 32), st.integers(1, 5), st.sampled_from([2, 4, 8]), st.booleans())
def test_the_arena_executor_agrees(seed, tile_rows, weight_bits, skip_calm) -> None:
    # Half of the networks have weights that can be packed.
    network = quantized_window_network(seed, MOST_BITS if seed % 2 else 4)
    module = lowered(network.module, tile_rows, weight_bits, skip_calm)
    kernels = next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp))
    result = KernelExecutor(kernels).run(network.x, record=True)
    assert first_difference(expected_result(network), result) is None


def assert_exact(seed: int, target: TargetDescription) -> int:
    """Run one random network on a target both ways; returns its layers with tiles."""
    network = quantized_window_network(seed, MOST_BITS if seed % 2 else 4)
    module = lowered(network.module, 1 + seed % 4, 8 if seed % 2 else 2, seed % 3 > 0)
    executor, reference = NativeExecutor(module, target), expected_result(network)
    for events in (False, True):
        result = executor.run(network.x, record="all", events=events)
        assert first_difference(reference, result) is None
    return len(tiled_layers(module))


def test_host_code_agrees_and_is_clean_under_sanitizers() -> None:
    require_target(SANITIZED)
    assert sum(assert_exact(seed, SANITIZED) for seed in range(300, 305)) > 2


@pytest.mark.parametrize("first", [400, 405])
def test_target_code_agrees(first) -> None:
    require_target(MPS2_AN500)
    assert sum(assert_exact(seed, MPS2_AN500) for seed in range(first, first + 5)) > 2


def test_random_networks_use_every_way() -> None:
    found = set()
    for seed in range(40):
        network = quantized_window_network(seed, MOST_BITS if seed % 2 else 4)
        module = lowered(network.module, 1 + seed % 4, 8 if seed % 2 else 2, seed % 3 > 0)
        for op in tiled_layers(module):
            found |= {f"{op.weight_bits.value.data} bits"}
            found |= {"shifted"} if op.current_shift.value.data else set()
            rows = buffer_shape(op.membrane.type)[0]
            found |= {op.name, "events" if op.spikes is None else "spikes"}
            found |= {"halving"} if op.resets is not None else {"general"}
            found |= {"calm"} if op.calm is not None else set()
            may_be_calm = op.marks is not None and op.resets is not None
            found |= {"all awake"} if may_be_calm and op.calm is None else set()
            found |= {"sum"} if op.sum.value.data else {"maximum"}
            found |= {"last is cut"} if rows % op.tile_rows.value.data else set()
    assert found == {
        "snnrt.tile_lif_masks", "snnrt.tile_lif_list", "events", "spikes", "halving", "general",
        "calm", "all awake", "sum", "maximum", "last is cut", "8 bits", "4 bits", "2 bits",
        "shifted",
    }  # fmt: skip


def test_whole_maps_and_tiles_meet_in_one_network() -> None:
    """The attribute of a layer overrides the option of the network."""
    met = set()
    for seed in range(500, 530):
        network = quantized_window_network(seed, MOST_BITS)
        convolutions = [op for op in network.module.walk() if op.name == "qsnn.conv2d"]
        for index, op in enumerate(convolutions):
            op.attributes["tile_rows"] = IntegerAttr(2 * (seed % 2 == index), i64)
        module = lowered(network.module, 0)
        kernels = next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp))
        result = KernelExecutor(kernels).run(network.x, record=True)
        assert first_difference(expected_result(network), result) is None
        names = {op.name for op in module.walk() if "_lif" in op.name}
        met |= {any("tile" in n for n in names) and any("window" in n for n in names)}
    assert True in met


def test_tiles_need_less_memory_than_maps() -> None:
    network = quantized_window_network(1, MOST_BITS)
    sizes = []
    for tile_rows in (0, 1):
        module = lowered(network.module, tile_rows)
        kernels = next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp))
        assert kernels.arena_bytes is not None
        sizes.append(kernels.arena_bytes.value.data)
    assert sizes[1] < sizes[0]


def test_rows_of_tiles_must_be_a_number() -> None:
    network = quantized_window_network(1, MOST_BITS)
    with pytest.raises(SNNError, match="tile_rows must be a number of rows, not -1"):
        lowered(network.module, -1)


def test_calm_tiles_fit_the_registers() -> None:
    """The step of 30 neurons at a position and the addition of kernels share a function."""
    require_target(MPS2_AN500)
    network = spikes_pooled(np.random.default_rng([5002, 7]))
    quantized(network, "bits=8")
    kernels = lowered(network.module, 1)
    first, _ = tiled_layers(kernels)
    assert first.calm is not None
    assert buffer_shape(first.membrane.type)[-1] == 30
    result = NativeExecutor(kernels, MPS2_AN500).run(network.x[:1], record="all", events=True)
    expected = expected_result(RandomNetwork(network.module, network.x[:1]))
    assert first_difference(expected, result) is None
