# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks that are computed window by window spike as their integer networks do."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import HOST, MPS2_AN500, TargetDescription
from snnir.backends.toolchain import COMMON_FLAGS, SNNRT_INCLUDE, compile_object
from snnir.dialects import snn, snnrt
from snnir.driver.bit_exactness import first_difference
from snnir.executors import KernelExecutor
from snnir.executors.native import NativeExecutor
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.testing.cost_network_builder import CostNetworkBuilder, quantized, uniform_events
from snnir.testing.random_networks import RandomNetwork
from snnir.testing.targets import SANITIZED, require_target
from snnir.testing.window_networks import expected_result, quantized_window_network
from snnir.universe import make_context

WINDOW_OPS = (snnrt.WindowLIFMasksOp, snnrt.WindowLIFListOp)

MOST_BITS = 6
"""Of a weight."""


def lowered(
    module: ModuleOp,
    packing: Literal["pairs", "triples"],
    table_bytes: int,
    skip_calm: bool = True,
) -> ModuleOp:
    """A planned copy of a `qsnn` module as kernels."""
    copy, context = module.clone(), make_context()
    ConvertQSNNToKernelsPass(packing=packing, table_bytes=table_bytes, skip_calm=skip_calm).apply(
        context, copy
    )
    KernelsPlanMemoryPass().apply(context, copy)
    copy.verify()
    return copy


def window_layers(module: ModuleOp) -> list[snnrt.WindowLIFMasksOp | snnrt.WindowLIFListOp]:
    """The layers of a module that are computed window by window."""
    return [op for op in module.walk() if isinstance(op, WINDOW_OPS)]


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 1 << 32), st.sampled_from(["pairs", "triples"]), st.sampled_from([0, 20000]),
    st.booleans(),
)  # fmt: skip
def test_the_arena_executor_agrees(seed, packing, table_bytes, skip_calm) -> None:
    network = quantized_window_network(seed, MOST_BITS)
    module = lowered(network.module, packing, table_bytes, skip_calm)
    kernels = next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp))
    result = KernelExecutor(kernels).run(network.x, record=True)
    assert first_difference(expected_result(network), result) is None


def assert_exact(seed: int, target: TargetDescription) -> int:
    """Run one random network on a target both ways; returns its layers with windows."""
    network = quantized_window_network(seed, MOST_BITS)
    packing: Literal["pairs", "triples"] = "triples" if seed % 2 else "pairs"
    module = lowered(network.module, packing, 20000 * (seed % 3), skip_calm=seed % 5 > 0)
    executor, reference = NativeExecutor(module, target), expected_result(network)
    for events in (False, True):
        result = executor.run(network.x, record="all", events=events)
        assert first_difference(reference, result) is None
    return len(window_layers(module))


@pytest.mark.parametrize("first", range(0, 24, 6))
def test_host_code_agrees(first) -> None:
    require_target(HOST)
    assert sum(assert_exact(seed, HOST) for seed in range(first, first + 6)) > 2


def test_host_code_is_clean_under_sanitizers() -> None:
    require_target(SANITIZED)
    for seed in range(200, 206):
        assert_exact(seed, SANITIZED)


@pytest.mark.parametrize("seed", range(100, 110))
def test_target_code_agrees(seed) -> None:
    require_target(MPS2_AN500)
    assert_exact(seed, MPS2_AN500)


LAYER = """
#include "snnrt/snnrt.h"
extern const uint32_t resets[];
extern const double none[];
static const snnrt_window_shape shape = {{
  .height = 4, .width = 7, .elements = {elements}, .words = {words}, .window_height = {window},
  .window_width = {window}, .row_bytes = {row_bytes}, .triples = {triples}, .offset = 6550,
  .sum = {summed} }};
uint32_t layer(uint8_t *arena) {{
  const snnrt_window_neurons neurons = {{ .resets = resets, .initial = none }};
  return snnrt_window_lif_masks(
      arena + 552, (uint32_t *)(void *)(arena + 32808), NULL, (int16_t *)(void *)(arena + 32824),
      (uint32_t *)(void *)(arena + 39888), &neurons, &shape);
}}
"""


@pytest.mark.parametrize("window", [2, 3, 4])
@pytest.mark.parametrize("words", [24, 36])
def test_windows_with_many_channels_fit_the_registers(
    words: int, window: int, tmp_path: Path
) -> None:
    """Assembler takes eleven registers; how many the code around has left depends on the shape."""
    require_target(MPS2_AN500)
    flags: list[str | Path] = [*COMMON_FLAGS, "-I", SNNRT_INCLUDE]
    for triples, summed in product((False, True), (False, True)):
        elements = -(-2 * words // 3) if triples else words
        text = LAYER.format(
            words=words, window=window, elements=elements, triples=str(triples).lower(),
            summed=str(summed).lower(), row_bytes=7 * window * elements * (8 if triples else 4),
        )  # fmt: skip
        (tmp_path / "layer.c").write_text(text)
        compile_object(tmp_path / "layer.c", tmp_path / "layer.o", MPS2_AN500, flags)


@pytest.mark.parametrize(
    ("pool", "window", "packing"), [(snn.SumPool2dOp, 2, "pairs"), (snn.MaxPool2dOp, 3, "triples")]
)
def test_windows_with_many_channels_are_exact(
    pool: type[snn.MaxPool2dOp | snn.SumPool2dOp],
    window: int,
    packing: Literal["pairs", "triples"],
) -> None:
    """Sums, and maxima of large windows, have code of their own that saves registers."""
    require_target(MPS2_AN500)
    rng = np.random.default_rng(0)
    builder = CostNetworkBuilder(rng, (1, 14, 23))
    weight = builder.weight_of((48, 1, 3, 3), 2.0)
    current = builder.add(snn.Conv2dOp(builder.frame, weight, None)).result
    pooled = builder.add(pool(current, [window] * 2, [window] * 2)).result
    value = builder.connected(builder.flat(builder.spiking(pooled, True)), 5)
    module = builder.complete(builder.spiking(value, False))
    network = RandomNetwork(module, uniform_events(rng, builder.shape)[:1])
    quantized(network, "bits=8")
    kernels = lowered(network.module, packing, 0)
    (layer,) = window_layers(kernels)
    assert bool(layer.sum.value.data) is (pool is snn.SumPool2dOp)
    assert layer.resets is not None
    result = NativeExecutor(kernels, MPS2_AN500).run(network.x, record="all", events=True)
    assert first_difference(expected_result(network), result) is None


def test_random_networks_use_every_call() -> None:
    names = set()
    for seed in range(40):
        network = quantized_window_network(seed, MOST_BITS)
        module = lowered(network.module, "triples" if seed % 2 else "pairs", 20000)
        names |= {op.name for op in module.walk()}
        for op in window_layers(module):
            names |= {"halving"} if op.resets is not None else {"general"}
            names |= {"calm"} if op.calm is not None else set()
            names |= {"sum"} if op.sum.value.data else {"maximum"}
            names |= {"triples"} if op.initial is not None else {"pairs"}
    assert names >= {
        "snnrt.list_hits", "snnrt.lane_conv2d_hits", "snnrt.mask_conv2d", "snnrt.window_lif_masks",
        "snnrt.window_lif_list", "halving", "general", "calm", "sum", "maximum", "triples", "pairs",
    }  # fmt: skip
