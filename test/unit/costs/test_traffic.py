# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a mean step reads and writes of each buffer."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from snnir.costs.traffic import traffic
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_bytes
from snnir.driver.pipelines import apply_pipeline
from snnir.kernels.context import KernelChoice
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.testing.map_networks import quantized_map_network
from snnir.testing.random_networks import quantized_random_network
from snnir.testing.static_network import static_network
from snnir.testing.window_networks import quantized_window_network
from snnir.universe import make_context

NETWORK = """
snn.network @net(%frame: tensor<1x8x8xf32>) -> tensor<10xi1> attributes
    {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %kernel = snn.weight dense<0.5> : tensor<4x1x3x3xf32>
  %0 = snn.conv2d %frame, %kernel : (tensor<1x8x8xf32>, tensor<4x1x3x3xf32>) -> tensor<4x6x6xf32>
  %1, %2 = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt
      {layer = "hidden"} : (tensor<4x6x6xf32>) -> (tensor<4x6x6xi1>, tensor<4x6x6xf32>)
  %flat = snn.flatten %1 : (tensor<4x6x6xi1>) -> tensor<144xi1>
  %weight = snn.weight dense<0.25> : tensor<10x144xf32>
  %3 = snn.linear %flat, %weight : (tensor<144xi1>, tensor<10x144xf32>) -> tensor<10xf32>
  %4, %5 = snn.lif %3 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt
      {layer = "out"} : (tensor<10xf32>) -> (tensor<10xi1>, tensor<10xf32>)
  snn.output %4 : tensor<10xi1>
}
"""
# As signals assume where nothing was measured.
INPUT_EVENTS, SPIKES = 0.02 * 64, 0.1 * 144


def by_name(network: snnrt.NetworkOp) -> dict[str, float]:
    return {value.name_hint or "": bytes for value, bytes in traffic(network).items()}


def kernels_of(module: ModuleOp) -> snnrt.NetworkOp:
    return next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp))


def traffic_with(kernels: str) -> dict[str, float]:
    module = Parser(make_context(), NETWORK).parse_module()
    apply_pipeline(
        module,
        f"convert-snn-to-qsnn{{input-maximum=3}},convert-qsnn-to-kernels{{kernels={kernels}}}",
    )
    return by_name(kernels_of(module))


def test_lists_count_what_is_active() -> None:
    """Indices of 16 bits are written once and read once."""
    found = traffic_with("scatter")
    assert found["input_list"] == pytest.approx(2 * 2 * INPUT_EVENTS)
    assert found["hidden_spikes_list"] == pytest.approx(2 * 2 * SPIKES)


def test_currents_count_every_addition() -> None:
    """And are cleared and read by the neurons; an input reaches most of nine positions."""
    found = traffic_with("scatter")
    positions = sum(np.convolve(np.ones(6), np.ones(3))) / 8
    additions = INPUT_EVENTS * positions**2 * 4
    assert found["conv2d_current"] == pytest.approx(2 * 2 * additions + 2 * 2 * 144)
    assert found["conv2d_weights"] == pytest.approx(additions)
    found = traffic_with("dense")
    assert found["linear_current"] == pytest.approx(2 * 2 * 10 * SPIKES + 2 * 2 * 10)
    assert found["linear_weights"] == pytest.approx(10 * SPIKES)


def test_states_are_read_and_written() -> None:
    found = traffic_with("scatter")
    assert found["hidden_membrane"] == 2 * 2 * 144
    assert found["hidden_spikes"] == 144 + 144
    assert found["scores"] == 2 * 4 * 10


def test_calm_windows_are_left_alone() -> None:
    assert traffic_with("event")["hidden_membrane"] < 2 * 2 * 144


def test_every_kernel_has_traffic() -> None:
    """Everything that a call touches is read or written; of unused buffers nothing is."""
    seen = set()
    networks = [quantized_random_network(seed) for seed in range(12)]
    networks += [quantized_window_network(seed, 8) for seed in range(6)]
    networks += [quantized_map_network(seed) for seed in range(6)]
    for network in networks:
        for kernels in get_args(KernelChoice):
            for rows in (0, 1):
                module = network.module.clone()
                ConvertQSNNToKernelsPass(kernels=kernels, tile_rows=rows).apply(
                    make_context(), module
                )
                seen |= {op.name for op in module.walk() if isinstance(op, KernelOpBase)}
                lowered = kernels_of(module)
                for value, bytes in traffic(lowered).items():
                    assert 0 <= bytes < 1e4 * buffer_bytes(value.type), value
    assert len(seen) > 30


def test_a_call_that_runs_once_counts_in_one_step() -> None:
    module = static_network()
    apply_pipeline(module, "convert-qsnn-to-kernels")
    every = by_name(kernels_of(module))
    apply_pipeline(module, "kernels-hoist-static-input")
    once, steps = by_name(kernels_of(module)), kernels_of(module).timesteps.value.data
    weights = next(name for name in every if name.endswith("weights"))
    assert steps > 1
    assert once[weights] == pytest.approx(every[weights] / steps)
