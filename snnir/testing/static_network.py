# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A small network of integers for inputs that stay the same."""

from __future__ import annotations

from typing import Literal

import numpy as np
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.dialects import snn
from snnir.dialects.snn_attributes import InputKind, Reset, ResetTiming
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.quantization.options import StatePolicy
from snnir.support.arrays import dense_from_array
from snnir.universe import make_context

SHAPE, CHANNELS, TIMESTEPS = (2, 6, 6), 4, 5

NeuronKind = Literal["leaky", "synaptic", "alpha"]


def static_network(
    input: InputKind = InputKind.STATIC_VALUES,
    *,
    timesteps: int = TIMESTEPS,
    pooled_spikes: bool = False,
    reset: Reset = Reset.SUBTRACT,
    reset_timing: ResetTiming = ResetTiming.DELAYED,
    state: StatePolicy = "auto",
    kind: NeuronKind = "leaky",
) -> ModuleOp:
    """Convolution, pooling, neurons, linear layer, neurons, as `qsnn`.

    Args:
        pooled_spikes: the pooling is of the spikes, not of the currents.
        reset, reset_timing, kind: of the first neurons; those with an alpha-shaped synapse have no
            timing.
    """
    rng = np.random.default_rng(3)

    def weight(*shape: int) -> snn.WeightOp:
        return snn.WeightOp(dense_from_array(rng.normal(0.1, 1, shape).astype(np.float32)))

    frame = snn.real_tensor(SHAPE)
    block = Block(arg_types=[frame])
    kernel = weight(CHANNELS, 2, 3, 3)
    convolution = snn.Conv2dOp(block.args[0], kernel.result, None, padding=[1, 1])
    block.add_ops([kernel, convolution])
    value = convolution.result
    if not pooled_spikes:
        pool = snn.AvgPool2dOp(value, [2, 2], [2, 2])
        block.add_op(pool)
        value = pool.result
    neurons = _neurons(value, kind, reset, reset_timing)
    block.add_op(neurons)
    value = neurons.spikes
    if pooled_spikes:
        of_spikes = snn.SumPool2dOp(value, [2, 2], [2, 2])
        block.add_op(of_spikes)
        value = of_spikes.result
    flat = snn.FlattenOp(value)
    matrix = weight(3, CHANNELS * 9)
    linear = snn.LinearOp(flat.result, matrix.result)
    output = snn.LIFOp(linear.result, FloatAttr(0.75, f32), FloatAttr(0.5, f32))
    end = snn.OutputOp(output.spikes)
    block.add_ops([flat, matrix, linear, output, end])
    signature = FunctionType.from_lists([frame], [output.spikes.type])
    network = snn.NetworkOp("net", signature, Region(block), timesteps=timesteps, input=input)
    module = ModuleOp([network])
    ConvertSNNToQSNNPass(input_maximum=9, input_scale=0.25, state=state).apply(
        make_context(), module
    )
    return module


def _neurons(
    current: SSAValue, kind: NeuronKind, reset: Reset, timing: ResetTiming
) -> snn.LIFOp | snn.SynapticOp | snn.AlphaOp:
    leak, other, threshold = (FloatAttr(value, f32) for value in (0.75, 0.5, 0.5))
    if kind == "alpha":
        return snn.AlphaOp(current, leak, other, threshold, reset=reset)
    if kind == "synaptic":
        return snn.SynapticOp(current, other, leak, threshold, reset=reset, reset_timing=timing)
    return snn.LIFOp(current, leak, threshold, reset=reset, reset_timing=timing)
