# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neurons that never fire, because their thresholds are beyond 32 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, f32
from xdsl.ir import Block, Region

from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.snn_attributes import Compare, InputKind, Readout, Reset, ResetTiming
from snnir.dialects.snn_layers import real_tensor
from snnir.driver.pipelines import LoweringOptions
from snnir.driver.validate import validate
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import SNNError

THRESHOLDS = np.array([1.0, 1e12, 3e38, 0.7], np.float32).reshape(4, 1, 1)


def network(beta: float, **dynamics: Any) -> ModuleOp:
    """A convolution whose second and third channel cannot fire, and a linear layer."""
    rng = np.random.default_rng(0)
    block = Block(arg_types=[real_tensor((2, 6, 6))])

    def weight(*shape: int) -> snn.WeightOp:
        return snn.WeightOp(dense_from_array(rng.normal(0.1, 0.3, shape).astype(np.float32)))

    kernels, matrix = weight(4, 2, 3, 3), weight(3, 64)
    convolution = snn.Conv2dOp(block.args[0], kernels.result, None)
    lif = snn.LIFOp(
        convolution.result, FloatAttr(beta, f32), dense_from_array(THRESHOLDS), **dynamics
    )
    flat = snn.FlattenOp(lif.spikes)
    linear = snn.LinearOp(flat.result, matrix.result, None)
    last = snn.LIFOp(linear.result, FloatAttr(0.5, f32), FloatAttr(1.0, f32))
    block.add_ops([kernels, matrix, convolution, lif, flat, linear, last])
    block.add_op(snn.OutputOp(last.spikes))
    types = FunctionType.from_lists([block.args[0].type], [last.spikes.type])
    module = ModuleOp([snn.NetworkOp(
        "net", types, Region(block), timesteps=6, input=InputKind.EVENT_COUNTS,
        readout=Readout.SPIKE_COUNT,
    )])  # fmt: skip
    module.verify()
    return module


@pytest.mark.parametrize("kernels", ["event", "scatter"])
@pytest.mark.parametrize("state", ["auto", "i32"])
@pytest.mark.parametrize(
    "dynamics",
    [
        {"reset": Reset.SUBTRACT},
        {"reset": Reset.ZERO_BEFORE, "compare": Compare.GE},
        {"reset": Reset.SUBTRACT, "reset_timing": ResetTiming.IMMEDIATE, "compare": Compare.GE},
    ],
)
def test_they_stay_silent_at_every_level(kernels: Any, state: Any, dynamics: Any) -> None:
    x = np.random.default_rng(1).integers(0, 3, (4, 6, 2, 6, 6)).astype(np.uint8)
    options = LoweringOptions(kernels=kernels, state=state)
    report = validate(network(0.9, **dynamics), Dataset(x, None, "x"), options=options)
    assert report.problems == []
    assert report.level("host").bit_exact is True
    assert report.level("qsnn").spike_agreement > 0.97  # type: ignore[operator]


def test_a_membrane_without_a_bound_is_refused() -> None:
    x = Dataset(np.ones((1, 6, 2, 6, 6), np.uint8), None, "x")
    with pytest.raises(SNNError, match=r"a threshold of 1e\+12 does not fit 32 bits in units of"):
        validate(network(1.0, reset=Reset.SUBTRACT), x)
