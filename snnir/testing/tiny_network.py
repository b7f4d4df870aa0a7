# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network small enough for examples in docstrings, with data for it.

The network tells events in the left half of a frame from events in the right half. It has one of
each thing that a pass on the `snn` level works on: a batch normalisation, a scale, a channel that
never fires, two channels that are alike.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.dialects import snn
from snnir.dialects.network import LAYER
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import DiagnosticEngine
from snnir.support.pipeline import parse_pipeline, run_pipeline
from snnir.universe import PASSES, PIPELINES, make_context

SAMPLES, TIMESTEPS, SHAPE = 40, 8, (1, 4, 4)

EPSILON = 2**-10
"""Of the batch normalisation, whose standard deviations are 1/2 with it."""

CALIBRATION = "c.npz"
"""The name under which `remarks_of` offers the data."""


def tiny_module() -> ModuleOp:
    """The network in a module; all weights are multiples of 1/8, so that sums are exact."""
    block = Block(arg_types=[snn.real_tensor(SHAPE)])

    def add(op: Any) -> SSAValue:
        block.add_op(op)
        return op.results[0]

    def weight(values: ArrayLike) -> SSAValue:
        return add(snn.WeightOp(dense_from_array(np.asarray(values, np.float32))))

    def neurons(current: SSAValue, layer: str) -> SSAValue:
        lif = snn.LIFOp(current, FloatAttr(0.5, f32), FloatAttr(1.0, f32))
        lif.attributes[LAYER] = StringAttr(layer)
        return add(lif)

    current = add(snn.Conv2dOp(block.args[0], weight(_kernels()), padding=[1, 1]))
    mean, variance, gamma, beta = (
        weight(np.full(5, value)) for value in (0.125, 0.25 - EPSILON, 0.5, 0.125)
    )
    current = add(snn.BatchNormOp(current, mean, variance, gamma, beta, EPSILON))
    flat = add(snn.FlattenOp(neurons(current, "hidden")))
    graded = add(snn.ScaleOp(flat, FloatAttr(0.5, f32)))
    out = neurons(add(snn.LinearOp(graded, weight(_readers()))), "output")
    block.add_op(snn.OutputOp(out))
    types = FunctionType.from_lists(block.arg_types, [out.type])
    network = snn.NetworkOp("tiny", types, Region(block), timesteps=TIMESTEPS)
    module = ModuleOp([network])
    module.verify()
    return module


def linear_module() -> ModuleOp:
    """A network of one linear layer, for frames of (2, 2, 2)."""
    block = Block(arg_types=[snn.real_tensor((2, 2, 2))])
    flat = snn.FlattenOp(block.args[0])
    weight = snn.WeightOp(dense_from_array(np.arange(24, dtype=np.float32).reshape(3, 8)))
    linear = snn.LinearOp(flat.result, weight.result)
    lif = snn.LIFOp(linear.result, FloatAttr(0.5, f32), FloatAttr(1.0, f32))
    block.add_ops([flat, weight, linear, lif, snn.OutputOp(lif.spikes)])
    types = FunctionType.from_lists(block.arg_types, [lif.spikes.type])
    return ModuleOp([snn.NetworkOp("linear", types, Region(block), timesteps=TIMESTEPS)])


def _kernels() -> NDArray[np.float64]:
    """Float64 (5, 1, 3, 3): channel 3 repeats channel 0, channel 4 is never driven."""
    kernels = np.random.default_rng(1).integers(-2, 5, (5, 1, 3, 3)) / 8
    kernels[3] = kernels[0]
    kernels[4] = -1
    return kernels


def _readers() -> NDArray[np.float64]:
    """Float64 (2, 80): class 0 looks at the left two columns, class 1 at the right two."""
    weights = np.random.default_rng(2).integers(-1, 3, (2, 5, 4, 4)) / 8
    weights[0, ..., :2] += 0.5
    weights[1, ..., 2:] += 0.5
    return weights.reshape(2, -1)


def tiny_data() -> dict[str, NDArray]:
    """Event counts `x`, uint8 (40, 8, 1, 4, 4), and classes `y`, int64 (40,), by turns 0 and 1."""
    rng = np.random.default_rng(3)
    y = np.arange(SAMPLES) % 2
    rates = np.where(np.arange(4) // 2 == y[:, None], 0.5, 0.25)[:, None, None, None, :]
    x = (rng.random((SAMPLES, TIMESTEPS, *SHAPE)) < rates).astype(np.uint8)
    return {"x": x, "y": y}


def remarks_of(pipeline: str, module: ModuleOp | None = None) -> list[str]:
    """What the last pass of a pipeline says about the network, or another, without locations.

    The data are the file `CALIBRATION`, wherever the pipeline names it in double quotes.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CALIBRATION
        np.savez_compressed(path, **tiny_data())  # type: ignore[arg-type]
        passes = parse_pipeline(
            pipeline.replace(f'"{CALIBRATION}"', f'"{path}"'), PASSES, PIPELINES
        )
        with DiagnosticEngine() as engine:
            run_pipeline(make_context(), module or tiny_module(), passes)
    last = [r for r in engine.remarks if r.pass_name == passes[-1].name]
    return [re.sub(r"^'(\S+)' op ", r"\1: ", remark.message) for remark in last]


def print_remarks(pipeline: str, module: ModuleOp | None = None) -> None:
    """Print what `remarks_of` returns, line by line."""
    print("\n".join(remarks_of(pipeline, module)))
