# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Flat frames: the same network on the same values in another order, at every level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER
from snnir.driver.files import network_of
from snnir.driver.lowering import lower
from snnir.driver.pipelines import apply_pipeline
from snnir.driver.validate import validate
from snnir.executors import ReferenceExecutor
from snnir.executors.kernel_executor import KernelExecutor
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import SNNError

SHAPE, TIMESTEPS, SAMPLES = (2, 3, 4), 5, 12


class Builder:
    """Appends layers to a network with frames of `SHAPE`; weights are multiples of 1/8."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(23)
        self.block = Block(arg_types=[snn.real_tensor(SHAPE)])
        self.frame: SSAValue = self.block.args[0]

    def add(self, op: Any) -> SSAValue:
        """Append an operation and return its first result."""
        self.block.add_op(op)
        return op.results[0]

    def weight(self, *shape: int) -> SSAValue:
        """Random weights."""
        values = self.rng.integers(-6, 9, shape) / 8
        return self.add(snn.WeightOp(dense_from_array(values.astype(np.float32))))

    def linear(self, value: SSAValue, outputs: int) -> SSAValue:
        """A linear layer."""
        weight = self.weight(outputs, shape_of(value.type)[0])
        return self.add(snn.LinearOp(value, weight))

    def neurons(self, current: SSAValue, layer: str) -> SSAValue:
        """A spiking layer."""
        lif = snn.LIFOp(current, FloatAttr(0.5, f32), FloatAttr(1.0, f32))
        lif.attributes[LAYER] = StringAttr(layer)
        return self.add(lif)

    def finish(self, output: SSAValue) -> ModuleOp:
        """The module."""
        self.block.add_op(snn.OutputOp(output))
        types = FunctionType.from_lists(self.block.arg_types, [output.type])
        module = ModuleOp([snn.NetworkOp("net", types, Region(self.block), timesteps=TIMESTEPS)])
        module.verify()
        return module


def two_branches() -> ModuleOp:
    """Two linear layers read one flattening, one reads another."""
    build = Builder()
    flat, other = (build.add(snn.FlattenOp(build.frame)) for _ in range(2))
    summed = build.add(snn.AddOp(build.linear(flat, 6), build.linear(flat, 6)))
    summed = build.add(snn.AddOp(summed, build.linear(other, 6)))
    hidden = build.neurons(summed, "hidden")
    return build.finish(build.neurons(build.linear(hidden, 3), "output"))


def counts() -> NDArray[np.uint8]:
    """Event counts, channels first."""
    rng = np.random.default_rng(29)
    return rng.poisson(0.6, (SAMPLES, TIMESTEPS, *SHAPE)).astype(np.uint8)


def delivered(x: NDArray, order: str) -> NDArray:
    """What a sensor of this order would have delivered."""
    moved = np.moveaxis(x, 2, -1) if order == "channels-last" else x
    return moved.reshape(*x.shape[:2], -1)


@pytest.mark.parametrize("order", ["channels-last", "channels-first"])
def test_the_same_values_in_another_order_give_the_same_spikes(order: str) -> None:
    module, x = two_branches(), counts()
    flat = module.clone()
    apply_pipeline(flat, f"snn-convert-layout{{order={order}}}")
    assert shape_of(network_of(flat).frame.type) == (24,)
    results = [
        ReferenceExecutor(network_of(each)).run(values, record=True)
        for each, values in ((module, x), (flat, delivered(x, order)))
    ]
    before, after = (result.recording for result in results)
    assert before is not None
    assert after is not None
    assert before.spikes["hidden"].any()
    for name, spikes in before.spikes.items():
        np.testing.assert_array_equal(after.spikes[name], spikes)
        np.testing.assert_array_equal(after.membranes[name], before.membranes[name])
    # The order matters: values in the other order give something else.
    wrong = delivered(x, "channels-first" if order == "channels-last" else "channels-last")
    recording = ReferenceExecutor(network_of(flat)).run(wrong, record=True).recording
    assert recording is not None
    assert not np.array_equal(recording.spikes["hidden"], before.spikes["hidden"])


@pytest.mark.parametrize("order", ["channels-last", "channels-first"])
def test_kernels_compute_the_same_and_move_nothing(order: str) -> None:
    module, x = two_branches(), counts()
    flat = module.clone()
    apply_pipeline(flat, f"snn-convert-layout{{order={order}}}")
    scores = []
    for each, values in ((module, x), (flat, delivered(x, order))):
        network: Any = lower(each).network
        scores.append(KernelExecutor(network).run(values).scores)
        conversions = [op for op in network.walk() if op.name == "snnrt.frame_to_hwc"]
        shapes = [shape_of(op.operands[0].type) for op in conversions]
        # One axis is a plain copy: C * H * W "channels" of one position.
        assert shapes == ([(24,)] if each is flat else [SHAPE])
    np.testing.assert_array_equal(*scores)


def test_the_library_agrees_with_the_network(tmp_path) -> None:
    module, x = two_branches(), counts()
    labels = ReferenceExecutor(network_of(module)).run(x).labels
    apply_pipeline(module, "snn-convert-layout")
    data = Dataset(delivered(x, "channels-last"), labels, "delivered")
    report = validate(module, data)
    assert not report.problems
    assert report.levels[0].accuracy == 1.0


def neurons_on_the_frame(build: Builder) -> SSAValue:
    return build.linear(build.neurons(build.add(snn.FlattenOp(build.frame)), "input"), 3)


def convolution(build: Builder) -> SSAValue:
    current = build.add(snn.Conv2dOp(build.frame, build.weight(2, 2, 3, 3)))
    return build.linear(build.add(snn.FlattenOp(current)), 3)


def computed_weights(build: Builder) -> SSAValue:
    flat, weight = build.add(snn.FlattenOp(build.frame)), build.weight(3, 24)
    return build.add(snn.LinearOp(flat, build.add(snn.AddOp(weight, weight))))


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (neurons_on_the_frame, "'snn.lif' op reads the flattened frame in its order; flat frames"),
        (convolution, "'snn.conv2d' op reads the frame by its channels and positions; flat frames"),
        (computed_weights, "'snn.linear' op has computed weights"),
    ],
)
def test_other_readers_are_errors_and_nothing_changes(first, message: str) -> None:
    build = Builder()
    module = build.finish(build.neurons(first(build), "output"))
    text = str(module)
    with pytest.raises(SNNError, match=message):
        apply_pipeline(module, "snn-convert-layout")
    assert str(module) == text
