# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts the channels of a convolution in another order: constants and parameters, in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn
from snnir.layers.activity_attributes import RATE_SAMPLES, channel_rates_of, rate_of, write_rates
from snnir.layers.channel_paths import ChannelPath, differs_by_channel, run_of
from snnir.layers.channel_removal import replace_weights
from snnir.layers.kept_channels import kept_channels_of, write_kept_channels
from snnir.support.arrays import array_from_dense, dense_from_array

Order = NDArray[np.int64]
"""For each place the number of the channel that comes there."""


def order_channels(path: ChannelPath, order: Order) -> None:
    """Reorder the channels of a convolution and of everything they pass; recorded rates follow."""
    convolution = path.producer
    _take(convolution, 1, 0, order)
    if convolution.bias is not None:
        _take(convolution, 2, 0, order)
    for reader in path.readers:
        run = run_of(reader.weight, len(order), axis=1)
        _take(reader, 1, 1, _indices(order, run))
    for op in path.carriers:
        indices = _indices(order, run_of(op.results[0], len(order)))
        if isinstance(op, qsnn.ScaleOp):
            op.properties["factor"] = _ordered(op.factor, op.input, indices)
        elif isinstance(op, qsnn.SpikingNeuronBase):
            _order_neurons(op, indices)


def _indices(order: Order, run: int) -> Order:
    """The order of indices of which `run` stand for each channel."""
    return (order[:, np.newaxis] * run + np.arange(run)).reshape(-1)


def _order_neurons(op: qsnn.SpikingNeuronBase, order: Order) -> None:
    for name in op.PARAMETER_NAMES:
        if (parameter := op.properties.get(name)) is not None:
            op.properties[name] = _ordered(parameter, op.current, order)
    write_kept_channels(op, kept_channels_of(op, len(order))[order])
    rate, rates, samples = rate_of(op), channel_rates_of(op), op.attributes.get(RATE_SAMPLES)
    if rate is not None and rates is not None and isinstance(samples, IntegerAttr):
        write_rates(op, rate, rates[order], samples.value.data)


def _ordered(parameter: Attribute, value: SSAValue, order: Order) -> Attribute:
    """A parameter that broadcasts to a value's shape."""
    if not differs_by_channel(parameter, value):
        return parameter
    assert isinstance(parameter, DenseIntOrFPElementsAttr)
    return dense_from_array(array_from_dense(parameter)[order])


def _take(op: Operation, index: int, axis: int, order: Order) -> None:
    """Make an operand its constant with an axis in another order."""
    old = op.operands[index].owner
    assert isinstance(old, qsnn.WeightOp)
    values = array_from_dense(old.value).take(order, axis)
    replace_weights(op, index, values, order if axis == 0 else None)
