# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The integer interpreter agrees with the torch executor, and refuses what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import (
    FunctionType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
    i1,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.ir import Block, Region, SSAValue

from snnir.dialects import qsnn
from snnir.dialects.network import LAYER
from snnir.dialects.snn_attributes import Compare, InputKind, Readout, Reset, ResetTiming
from snnir.executors import ReferenceExecutor, TorchExecutor
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import SNNError
from snnir.testing.comparison import assert_same_results

SHAPE, TIMESTEPS = (3, 2, 4), 12
EXTENTS = {"scalar": (), "channel": (3, 1, 1), "neuron": SHAPE}


class Builder:
    """Appends operations to a network whose frame has this shape."""

    def __init__(self, *shape: int, element_type: Any = i8):
        self.block = Block(arg_types=[TensorType(element_type, shape)])
        self.frame: SSAValue = self.block.args[0]

    def add(self, op: Any, layer: str | None = None) -> Any:
        if layer is not None:
            op.attributes[LAYER] = StringAttr(layer)
        self.block.add_op(op)
        return op

    def weight(self, values: np.ndarray, element_type: Any = i8) -> SSAValue:
        return self.add(qsnn.WeightOp(dense_from_array(values, element_type))).result

    def finish(self, output: SSAValue, timesteps: int = TIMESTEPS, **properties: Any) -> Any:
        self.block.add_op(qsnn.OutputOp(output))
        types = FunctionType.from_lists(self.block.arg_types, [output.type])
        properties.setdefault("input", InputKind.VALUES)
        network = qsnn.NetworkOp(
            "net",
            types,
            Region(self.block),
            timesteps=timesteps,
            input_maximum=IntegerAttr(127 if self.frame.type.element_type == i8 else 1, i64),  # type: ignore
            **properties,
        )
        network.verify()
        return network


def assert_bit_equal(network: Any, x: np.ndarray) -> None:
    reference = ReferenceExecutor(network).run(x, record=True)
    assert_same_results(reference, TorchExecutor(network).run(x, record="all"))


def parameter(rng, extent: str, low: int, high: int):
    values = rng.integers(low, high, EXTENTS[extent], endpoint=True, dtype=np.int32)
    return dense_from_array(values) if values.shape else IntegerAttr(int(values), i32)


@pytest.mark.parametrize("rounding", qsnn.Rounding)
@pytest.mark.parametrize("compare", Compare)
@pytest.mark.parametrize("timing", ResetTiming)
@pytest.mark.parametrize("reset", Reset)
@pytest.mark.parametrize("extent", EXTENTS)
def test_lif(rng, reset, timing, compare, extent, rounding) -> None:
    """Saturating, in 16 bits where the inputs often reach the limits, and in 32 bits."""
    for width, shift, scale in ((i16, 6, 1 << 13), (i32, 16, 1 << 23)):
        builder = Builder(*SHAPE)
        lif = builder.add(
            qsnn.LIFOp(
                builder.frame,
                parameter(rng, extent, 20_000, 1 << 15),
                parameter(rng, extent, -scale // 20, scale),
                parameter(rng, extent, -scale // 10, scale // 10),
                membrane_type=width,
                shift=shift,
                reset=reset,
                reset_timing=timing,
                compare=compare,
                rounding=rounding,
                overflow=qsnn.Overflow.SATURATE,
            )
        )
        network = builder.finish(lif.spikes)
        x = rng.integers(-127, 128, (2, TIMESTEPS, *SHAPE))
        assert_bit_equal(network, x)


def test_membranes_saturate_at_both_ends(rng) -> None:
    builder = Builder(2)
    li = builder.add(
        qsnn.LIOp(builder.frame, IntegerAttr(1 << 15, i32), membrane_type=i16, shift=8)
    )
    network = builder.finish(li.membrane, readout=Readout.LAST_MEMBRANE)
    x = np.tile([127, -127], (1, TIMESTEPS, 1))
    assert_bit_equal(network, x)
    scores = ReferenceExecutor(network).run(x).scores
    np.testing.assert_array_equal(scores, [[32767, -32768]])


CONVOLUTIONS = [
    {},
    {"stride": [2, 1], "padding": [1, 2]},
    {"dilation": [2, 1], "padding": [2, 0]},
    {"groups": 2, "stride": [2, 2], "padding": [1, 1]},
]


@pytest.mark.parametrize("options", CONVOLUTIONS)
@pytest.mark.parametrize("with_bias", [False, True])
def test_conv2d(rng, options, with_bias) -> None:
    builder = Builder(4, 6, 7)
    geometry: dict[str, Any] = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1]}
    geometry |= {"groups": 1, **options}
    weight = rng.integers(-128, 128, (6, 4 // geometry["groups"], 3, 2))
    bias = builder.weight(rng.integers(-(2**29), 2**29, 6), i32) if with_bias else None
    conv = builder.add(
        qsnn.Conv2dOp(builder.frame, builder.weight(weight), bias, **geometry, element_type=i32)
    )
    li = builder.add(qsnn.LIOp(conv.result, IntegerAttr(0, i32), membrane_type=i32))
    network = builder.finish(li.membrane, readout=Readout.LAST_MEMBRANE)
    assert_bit_equal(network, rng.integers(-127, 128, (2, TIMESTEPS, 4, 6, 7)))


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_linear_and_reshape(rng, bits) -> None:
    """Large sums with a bias, which float32 would round."""
    builder = Builder(3, 5, 40)
    half = 1 << bits - 1
    weight = builder.weight(rng.integers(-half, half, (7, 600)), IntegerType(bits))
    bias = builder.weight(rng.integers(-(2**30), 2**30, 7), i32)
    flat = builder.add(qsnn.ReshapeOp(builder.frame, [600]))
    linear = builder.add(qsnn.LinearOp(flat.result, weight, bias, element_type=i32))
    li = builder.add(qsnn.LIOp(linear.result, IntegerAttr(0, i32), membrane_type=i32))
    network = builder.finish(li.membrane, readout=Readout.LAST_MEMBRANE)
    assert_bit_equal(network, rng.integers(-127, 128, (2, TIMESTEPS, 3, 5, 40)))


def test_pooling_add_scale_and_concat(rng) -> None:
    builder = Builder(3, 5, 6)
    highest = builder.add(qsnn.MaxPool2dOp(builder.frame, [3, 2], [2, 2], [1, 1]))
    sums = builder.add(qsnn.SumPool2dOp(builder.frame, [3, 2], [2, 2], [1, 1], element_type=i16))
    factors = dense_from_array(rng.integers(-9, 9, (3, 1, 1), dtype=np.int32))
    scaled = builder.add(qsnn.ScaleOp(highest.result, factors, i16))
    total = builder.add(qsnn.AddOp(scaled.result, sums.result, i16))
    joined = builder.add(qsnn.ConcatOp([total.result, sums.result]))
    li = builder.add(qsnn.LIOp(joined.result, IntegerAttr(9000, i32), membrane_type=i32))
    network = builder.finish(li.membrane, readout=Readout.MAX_MEMBRANE)
    assert_bit_equal(network, rng.integers(-127, 128, (2, TIMESTEPS, 3, 5, 6)))


def test_violated_proof_names_layer_value_and_step() -> None:
    builder = Builder(1)
    li = qsnn.LIOp(
        builder.frame, IntegerAttr(1 << 15, i32), membrane_type=i16, shift=8,
        overflow=qsnn.Overflow.PROVEN,
    )  # fmt: skip
    network = builder.finish(builder.add(li, "sum").membrane, readout=Readout.LAST_MEMBRANE)
    x = np.full((1, TIMESTEPS, 1), 100)
    with pytest.raises(SNNError, match=r"membrane of layer 'sum' is 51200 at step 1, .* i16"):
        ReferenceExecutor(network).run(x)


def test_results_must_fit(rng) -> None:
    builder = Builder(2, element_type=i1)
    linear = builder.add(
        qsnn.LinearOp(builder.frame, builder.weight(np.full((1, 2), 127)), element_type=i16)
    )
    scaled = builder.add(qsnn.ScaleOp(linear.result, IntegerAttr(200, i32), i16))
    li = builder.add(qsnn.LIOp(scaled.result, IntegerAttr(0, i32), membrane_type=i16))
    network = builder.finish(li.membrane, readout=Readout.LAST_MEMBRANE, timesteps=1)
    ReferenceExecutor(network).run([[[1, 0]]])
    with pytest.raises(SNNError, match=r"result is 50800 at step 0, which does not fit i16"):
        ReferenceExecutor(network).run([[[1, 1]]])


@pytest.mark.parametrize(
    ("kind", "value", "limits"),
    [
        (InputKind.EVENT_COUNTS, -1, "0 and 127"),
        (InputKind.EVENT_COUNTS, 128, "0 and 127"),
        (InputKind.VALUES, -128, "-127 and 127"),
        (InputKind.VALUES, 0.5, "-127 and 127"),
    ],
)
def test_frames_must_be_integers_in_range(kind, value, limits) -> None:
    builder = Builder(1)
    li = builder.add(qsnn.LIOp(builder.frame, IntegerAttr(0, i32), membrane_type=i16))
    network = builder.finish(li.membrane, timesteps=1, input=kind, readout=Readout.LAST_MEMBRANE)
    with pytest.raises(SNNError, match=f"integers between {limits}, got {value}"):
        ReferenceExecutor(network).run([[[value]]])
