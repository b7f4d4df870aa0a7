# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The same network for longer time steps, without training.

One step of length `r` replaces `r` steps of length 1. A membrane decays by `beta**r` in it. What a
constant input `x` adds to the membrane is `r * x` instead of the leaky sum
`x * (1 - beta**r) / (1 - beta)`, larger by `g = r * (1 - beta) / (1 - beta**r)`; but a neuron can
spike only once where it could spike `r` times. So thresholds grow by `g**a`, where `a` between 0
and 1 is found by search, and biases so that their steady state keeps its ratio to the threshold.
Behind layers whose spikes were merged the input is smaller, and a smaller or negative `a` of their
own can make up for it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f32, i64
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import snn
from snnir.dialects.snn_neurons import DECAYS, NeuronBase
from snnir.layers.affine import AFFINE_OPS, constant
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import error_at

_CHANNEL_WISE = (snn.MaxPool2dOp, snn.AvgPool2dOp, snn.SumPool2dOp, snn.BatchNormOp, snn.ScaleOp)


def input_gain(beta: float, ratio: float) -> float:
    """`g = r * (1 - beta) / (1 - beta**r)`; 1 for an integrator (`beta = 1`)."""
    return 1.0 if beta >= 1 else ratio * (1 - beta) / (1 - beta**ratio)


def map_parameter(
    parameter: Attribute, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> Attribute:
    """A neuron parameter with a function applied to its values."""
    values = function(array_from_dense(parameter).astype(np.float64))
    if isinstance(parameter, FloatAttr):
        return FloatAttr(float(np.float32(values)), f32)
    return dense_from_array(values.astype(np.float32))


def coarsen(network: snn.NetworkOp, timesteps: int, exponent: float | Sequence[float]) -> None:
    """Change `network` in place to run `timesteps` steps; `exponent` is `a`.

    Args:
        exponent: one for all neuron layers, or one for each in program order.

    Raises:
        SNNError: a layer with a bias feeds neurons that need different biases, or the number of
            exponents is not that of neuron layers.
    """
    neurons = [op for op in network.body.block.ops if isinstance(op, NeuronBase)]
    exponents = [exponent] * len(neurons) if isinstance(exponent, int | float) else list(exponent)
    if len(exponents) != len(neurons):
        raise error_at(network, f"has {len(neurons)} neuron layers, not {len(exponents)}")
    ratio = network.timesteps.value.data / timesteps
    network.properties["timesteps"] = IntegerAttr(timesteps, i64)
    scaled: dict[Operation, float] = {}
    for op, own in zip(neurons, exponents, strict=True):
        factor = _coarsen_neuron(op, ratio, own)
        _scale_biases(op.current.owner, factor, scaled)


def _coarsen_neuron(op: NeuronBase, ratio: float, exponent: float) -> float:
    """Change decays and threshold; returns the factor of the biases that the neuron receives."""
    beta = float(np.mean(array_from_dense(op.properties["beta"])))
    gain = input_gain(beta, ratio) ** exponent
    for name in op.PARAMETER_NAMES:
        if name in DECAYS:
            op.properties[name] = map_parameter(op.properties[name], lambda v: v**ratio)
        elif name == "threshold":
            op.properties[name] = map_parameter(op.properties[name], lambda v: v * gain)
    return ratio if beta >= 1 else gain * (1 - beta**ratio) / (1 - beta)


def _scale_biases(source: object, factor: float, scaled: dict[Operation, float]) -> None:
    """Multiply what layers add to the current of a neuron, through channel-wise operations.

    `scaled` holds what was multiplied before, so that a layer with two users is not again.
    """
    if isinstance(source, AFFINE_OPS):
        if source.bias is not None and _is_new(source, factor, scaled):
            _scale_constant(source, source.bias, factor)
        return
    if not isinstance(source, (*_CHANNEL_WISE, snn.AddOp)):
        return
    if isinstance(source, snn.BatchNormOp):
        if _is_new(source, factor, scaled):
            for value in dict.fromkeys((source.mean, source.beta)):
                _scale_constant(source, value, factor)
        _scale_biases(source.input.owner, factor, scaled)
        return
    for operand in source.operands:
        _scale_biases(operand.owner, factor, scaled)


def _is_new(source: Operation, factor: float, scaled: dict[Operation, float]) -> bool:
    """Whether the constants of a layer have still to be multiplied."""
    if source in scaled and not np.isclose(scaled[source], factor):
        raise error_at(source, "feeds neurons whose time constants ask for different biases")
    is_new = source not in scaled
    scaled[source] = factor
    return is_new


def _scale_constant(user: Operation, value: SSAValue, factor: float) -> None:
    """Let `user` read `factor` times a constant, which other users keep."""
    new = snn.WeightOp(dense_from_array((constant(value, user) * factor).astype(np.float32)))
    new.location = user.location
    block = user.parent_block()
    assert block is not None
    block.insert_op_before(new, user)
    for index, operand in enumerate(user.operands):
        if operand is value:
            user.operands[index] = new.result
    old = value.owner
    if isinstance(old, snn.WeightOp) and not old.result.uses:
        old.detach()
        old.erase()
