# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where CMSIS-NN gives the exact integers, and that it does not where the rules refuse it."""

from __future__ import annotations

import numpy as np
import pytest
from generated_networks import generate, lower, require_cmsis_nn
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.parser import Parser

from snnir.backends.targets import HOST, MPS2_AN500
from snnir.dialects import qsnn
from snnir.dialects.snn_attributes import InputKind
from snnir.executors import KernelExecutor, TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.kernels import cmsis_rules
from snnir.kernels.nibbles import pack_nibbles, unpack_nibbles
from snnir.testing.comparison import assert_same_results
from snnir.testing.targets import require_programs, require_target
from snnir.universe import make_context

KINDS = ("average", "average currents")


@pytest.mark.parametrize("shape", [(1,), (3, 5), (4, 3, 3, 2)])
def test_nibbles_round_trip(shape) -> None:
    weights = np.random.default_rng(1).integers(-8, 8, shape)
    stored = pack_nibbles(weights)
    assert stored.size == (weights.size + 1) // 2
    np.testing.assert_array_equal(unpack_nibbles(stored, shape), weights)


def test_the_first_nibble_is_the_low_one() -> None:
    """As the library documents: [1, 2, 3, 4] is packed as [0x21, 0x43]."""
    assert pack_nibbles(np.array([1, 2, 3, 4])).tolist() == [0x21, 0x43]
    with pytest.raises(ValueError, match="between -8 and 7"):
        pack_nibbles(np.array([8]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", [HOST, MPS2_AN500], ids=lambda target: target.name)
def test_means_and_weights_of_4_bits_are_exact(kind, target) -> None:
    require_target(target)
    require_cmsis_nn()
    network = generate(kind, "cmsis_s4", bits=4, input=InputKind.BINARY_FRAMES)
    calls = {op.name for op in network.kernels.walk()}
    assert calls >= {"cmsis_nn.convolve_wrapper_s4", "cmsis_nn.avgpool", "snnrt.widen"}
    expected = TorchExecutor(network.integer_network).run(network.x, record="all")
    assert expected.recording is not None
    assert all(layer.any() for layer in expected.recording.spikes.values())
    assert_same_results(expected, KernelExecutor(network.c_network.op).run(network.x, record=True))
    executor = NativeExecutor(network.kernels, target)
    assert_same_results(expected, executor.run(network.x, record="all"))


PADDED = """
qsnn.network @net(%frame: tensor<1x4x4xi8>) -> tensor<9xi16> attributes {timesteps = 2 : i64,
    input = #snn<input event_counts>, readout = #snn<readout last_membrane>,
    input_maximum = 9 : i64} {
  %sums = qsnn.sum_pool2d %frame kernel [2, 2] stride [2, 2] padding [1, 1]
    : (tensor<1x4x4xi8>) -> tensor<1x3x3xi16>
  %flat = qsnn.reshape %sums : (tensor<1x3x3xi16>) -> tensor<9xi16>
  %membrane = qsnn.li %flat leak 0 : i32 overflow proven rounding nearest
    : (tensor<9xi16>) -> tensor<9xi16>
  qsnn.output %membrane : tensor<9xi16>
}
"""
"""Sums over windows that reach beyond the frame."""


def assert_refused(
    module: ModuleOp, x: NDArray, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network is exact, and would not be without a rule."""
    require_programs(HOST.compiler)
    require_cmsis_nn()
    network = next(op for op in module.walk() if isinstance(op, qsnn.NetworkOp))
    expected = TorchExecutor(network).run(x, record="all")
    exact = lower(module, "cmsis_s4")
    assert_same_results(expected, NativeExecutor(exact, HOST).run(x, record="all"))
    monkeypatch.setattr(cmsis_rules, rule, lambda *_: None)
    wrong = lower(module, "cmsis_s4")
    assert str(wrong) != str(exact)
    with pytest.raises(AssertionError):
        assert_same_results(expected, NativeExecutor(wrong, HOST).run(x, record="all"))


def test_weights_of_4_bits_would_clamp_sums(monkeypatch) -> None:
    network = generate("average currents", bits=4, input_maximum=127)
    x = np.full_like(network.x, 127)
    assert_refused(network.integers, x, "s4_obstacle", monkeypatch)


def test_means_of_padded_windows_would_be_no_sums(monkeypatch) -> None:
    module = Parser(make_context(), PADDED).parse_module()
    x = np.random.default_rng(2).integers(0, 10, (2, 2, 1, 4, 4))
    assert_refused(module, x, "average_obstacle", monkeypatch)


@pytest.mark.parametrize("choices", [("cmsis", "event"), ("event", "cmsis"), ("cmsis_s4", "cmsis")])
def test_layers_of_windows_feed_layers_of_the_library(choices) -> None:
    """CMSIS-NN reads bytes, where an event-driven layer would read a list."""
    network = generate("average currents", bits=4, input=InputKind.BINARY_FRAMES)
    module = network.integers.clone()
    layers = [op for op in module.walk() if isinstance(op, qsnn.LinearOp)]
    for op, choice in zip(layers, choices, strict=True):
        op.attributes["kernel"] = StringAttr(choice)
    kernels = lower(module, "event")
    assert any(op.name.startswith("snnrt.window_lif") for op in kernels.walk())
    expected = TorchExecutor(network.integer_network).run(network.x, record="all")
    executor = KernelExecutor(kernels.body.block.first_op)  # type: ignore[arg-type]
    assert_same_results(expected, executor.run(network.x, record=True))
