# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compilers leave no call out."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.parser import Parser

from snnir.backends.targets import HOST, MPS2_AN500
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.bit_exactness import first_difference
from snnir.driver.files import network_of
from snnir.driver.pipelines import apply_pipeline
from snnir.executors.native import NativeExecutor
from snnir.executors.torch_executor import TorchExecutor
from snnir.testing.targets import require_target
from snnir.universe import make_context

# The only stores of these neurons are in a loop whose pointers gcc turns into offsets.
NEURONS = """
qsnn.network @net(%frame: tensor<2x7x9xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 5 : i64} {
  %w = qsnn.weight dense<[[[[5]], [[0]]], [[[0]], [[7]]]]> : tensor<2x2x1x1xi8>
  %x = qsnn.conv2d %frame, %w {kernel = "scatter"} : (tensor<2x7x9xi8>, tensor<2x2x1x1xi8>) -> tensor<2x7x9xi16>
  %s, %u = qsnn.lif %x leak 32768 : i32 threshold dense<[[[3000]], [[2000]]]> : tensor<2x1x1xi32> reset zero_after delayed compare gt overflow saturate rounding nearest {shift = 8 : i32, layer = "hidden"} : (tensor<2x7x9xi16>) -> (tensor<2x7x9xi1>, tensor<2x7x9xi32>)
  %p = qsnn.max_pool2d %s kernel [7, 9] stride [7, 9] : (tensor<2x7x9xi1>) -> tensor<2x1x1xi1>
  %f = qsnn.reshape %p : (tensor<2x1x1xi1>) -> tensor<2xi1>
  qsnn.output %f : tensor<2xi1>
}
"""  # noqa: E501

# gcc ran out of registers for the rows of twelve weights that an input with a count reaches.
COUNTS = """
qsnn.network @net(%frame: tensor<1x9x8xi8>) -> tensor<4xi1> attributes {timesteps = 3 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 5 : i64} {
  %w = qsnn.weight dense<[[[[3, 1, 2], [0, 5, 1], [4, 2, 1]]], [[[1, 1, 1], [2, 2, 2], [3, 3, 3]]], [[[0, 6, 0], [6, 0, 6], [0, 6, 0]]], [[[9, 8, 7], [6, 5, 4], [3, 2, 1]]]]> : tensor<4x1x3x3xi8>
  %x = qsnn.conv2d %frame, %w {kernel = "scatter"} : (tensor<1x9x8xi8>, tensor<4x1x3x3xi8>) -> tensor<4x7x6xi16>
  %s, %u = qsnn.lif %x leak 29491 : i32 threshold 40 : i32 reset subtract delayed compare gt overflow saturate rounding nearest {layer = "hidden"} : (tensor<4x7x6xi16>) -> (tensor<4x7x6xi1>, tensor<4x7x6xi16>)
  %p = qsnn.max_pool2d %s kernel [7, 6] stride [7, 6] : (tensor<4x7x6xi1>) -> tensor<4x1x1xi1>
  %f = qsnn.reshape %p : (tensor<4x1x1xi1>) -> tensor<4xi1>
  qsnn.output %f : tensor<4xi1>
}
"""  # noqa: E501

# gcc found no places for the pointers of rows of three quads of weights.
ROWS = """
qsnn.network @net(%frame: tensor<2x9x8xi8>) -> tensor<4xi1> attributes {timesteps = 3 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 5 : i64} {
  %v = qsnn.weight dense<[[[[1]], [[0]]], [[[0]], [[1]]]]> : tensor<2x2x1x1xi8>
  %y = qsnn.conv2d %frame, %v {kernel = "scatter"} : (tensor<2x9x8xi8>, tensor<2x2x1x1xi8>) -> tensor<2x9x8xi16>
  %r, %m = qsnn.lif %y leak 0 : i32 threshold 0 : i32 reset none delayed compare gt overflow saturate rounding nearest {layer = "events"} : (tensor<2x9x8xi16>) -> (tensor<2x9x8xi1>, tensor<2x9x8xi16>)
  %w = qsnn.weight dense<[[[[4, -2, -1], [-1, -1, 4], [4, 2, -2]], [[-2, 0, 1], [2, 1, 0], [-1, 3, 3]]], [[[-2, -2, 1], [1, 5, 2], [1, 1, 3]], [[2, -1, 3], [4, 5, 4], [0, 0, 3]]], [[[3, 3, 4], [0, 5, -2], [-2, 5, 5]], [[0, -1, 0], [-2, 5, 3], [2, -1, 1]]], [[[-1, 4, 1], [-2, 0, 3], [2, 0, 0]], [[-2, 2, 3], [2, 5, 5], [-1, 2, 3]]]]> : tensor<4x2x3x3xi8>
  %x = qsnn.conv2d %r, %w {kernel = "scatter"} : (tensor<2x9x8xi1>, tensor<4x2x3x3xi8>) -> tensor<4x7x6xi16>
  %s, %u = qsnn.lif %x leak 29491 : i32 threshold 20 : i32 reset subtract delayed compare gt overflow saturate rounding nearest {layer = "hidden"} : (tensor<4x7x6xi16>) -> (tensor<4x7x6xi1>, tensor<4x7x6xi16>)
  %p = qsnn.max_pool2d %s kernel [7, 6] stride [7, 6] : (tensor<4x7x6xi1>) -> tensor<4x1x1xi1>
  %f = qsnn.reshape %p : (tensor<4x1x1xi1>) -> tensor<4xi1>
  qsnn.output %f : tensor<4xi1>
}
"""  # noqa: E501


@pytest.mark.parametrize("target", [HOST, MPS2_AN500], ids=lambda target: target.name)
@pytest.mark.parametrize("text", [NEURONS, COUNTS, ROWS], ids=["neurons", "counts", "rows"])
def test_layers_are_computed(text, target) -> None:
    require_target(target)
    module = Parser(make_context(), text).parse_module()
    network = network_of(module)
    kernels = module.clone()
    apply_pipeline(kernels, "convert-qsnn-to-kernels,kernels-plan-memory")
    shape = (2, network.timesteps.value.data, *shape_of(network.frame.type))
    x = np.random.default_rng(0).poisson(0.8, shape).clip(0, 5)
    expected = TorchExecutor(network).run(x, record="all")
    assert expected.recording is not None
    assert expected.recording.spikes["hidden"].any()
    assert first_difference(expected, NativeExecutor(kernels, target).run(x, record="all")) is None
