# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds channels that never fire to a layer: constants, parameters and types grow in place.

New channels come behind the others. Their kernels and the columns that read them are zero, so that
nothing drives them and nobody notices them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import Compare
from snnir.layers.activity_attributes import (
    POSITION_SPIKES,
    RATE_SAMPLES,
    channel_rates_of,
    floats_of,
    write_floats,
    write_rates,
)
from snnir.layers.channel_groups import ChannelGroups
from snnir.layers.channel_paths import (
    ChannelPath,
    WeightedLayer,
    channel_path,
    differs_by_channel,
    run_of,
)
from snnir.layers.channel_removal import replace_weights, with_channels
from snnir.layers.kept_channels import kept_channels_of, with_added_channels, write_kept_channels
from snnir.support.arrays import array_from_dense, dense_from_array


def fixed_parameter(op: qsnn.SpikingNeuronBase) -> str | None:
    """Why new neurons of a layer might fire, although nothing drives them.

    Parameters that differ between channels can be chosen for new ones; others have to suit.
    """
    if (
        op.bias is not None
        and not differs_by_channel(op.bias, op.current)
        and _integers(op.bias).any()
    ):
        return "the bias that all its neurons share is not zero"
    least = 1 if op.compare.data is Compare.GE else 0
    if not differs_by_channel(op.threshold, op.current) and _integers(op.threshold).min() < least:
        return "the threshold that all its neurons share is not positive"
    return None


def growing_path(groups: ChannelGroups, layer: WeightedLayer) -> ChannelPath | str:
    """Where the channels of a layer go, or why it cannot get more."""
    path = channel_path(groups, layer)
    if isinstance(path, str):
        return path
    reasons = (
        fixed_parameter(op) for op in path.carriers if isinstance(op, qsnn.SpikingNeuronBase)
    )
    return next((reason for reason in reasons if reason is not None), path)


def add_channels(path: ChannelPath, count: int) -> None:
    """Add channels to a layer and to everything they pass; recorded rates follow."""
    channels = shape_of(path.producer.result.type)[0]
    _grow_operand(path.producer, 1, 0, count)
    if path.producer.bias is not None:
        _grow_operand(path.producer, 2, 0, count)
    for reader in path.readers:
        _grow_operand(reader, 1, 1, run_of(reader.weight, channels, axis=1) * count)
    # Parameters before types, which tell what differs between channels.
    for op in path.carriers:
        added = run_of(op.results[0], channels) * count
        if isinstance(op, qsnn.ScaleOp):
            op.properties["factor"] = _grown(op.factor, op.input, added)
        elif isinstance(op, qsnn.SpikingNeuronBase):
            _grow_neurons(op, added)
    for op in (path.producer, *path.carriers):
        for result in op.results:
            extent = run_of(result, channels) * (channels + count)
            Rewriter.replace_value_with_new_type(result, with_channels(result.type, extent))


def _grow_neurons(op: qsnn.SpikingNeuronBase, count: int) -> None:
    """New neurons are like the last ones, but without bias, and with a threshold above zero."""
    channels = shape_of(op.spikes.type)[0]
    for name in op.PARAMETER_NAMES:
        if (parameter := op.properties.get(name)) is None:
            continue
        op.properties[name] = _grown(
            parameter, op.current, count,
            least=1 if name == "threshold" else None, zero=name == "bias",
        )  # fmt: skip
    numbers = kept_channels_of(op, channels)
    write_kept_channels(op, with_added_channels(numbers, count))
    rates, samples = channel_rates_of(op), op.attributes.get(RATE_SAMPLES)
    if rates is not None and isinstance(samples, IntegerAttr):
        rates = np.concatenate([rates, np.zeros(count, rates.dtype)])
        write_rates(op, float(rates.mean(dtype=np.float64)), rates, samples.value.data)
    if (shares := floats_of(op, POSITION_SPIKES)) is not None:
        write_floats(op, POSITION_SPIKES, np.concatenate([shares, np.zeros(count)]))


def _grow_operand(op: Operation, index: int, axis: int, count: int) -> None:
    """Make an operand its constant with `count` zeros behind along an axis."""
    old = op.operands[index].owner
    assert isinstance(old, qsnn.WeightOp)
    values = array_from_dense(old.value)
    zeros = np.zeros((*values.shape[:axis], count, *values.shape[axis + 1 :]), values.dtype)
    rows = _repeat_last(np.arange(len(values)), count) if axis == 0 else None
    replace_weights(op, index, np.concatenate([values, zeros], axis), rows)


def _grown(
    parameter: Attribute,
    value: SSAValue,
    count: int,
    *,
    least: int | None = None,
    zero: bool = False,
) -> Attribute:
    """A parameter that broadcasts to a value's shape, with the last channel's for new ones.

    Args:
        value: of the type that it has without new channels.
        least: what it is raised to for new channels.
        zero: whether it is zero for new channels instead.
    """
    if not differs_by_channel(parameter, value):
        return parameter
    assert isinstance(parameter, DenseIntOrFPElementsAttr)
    values = _repeat_last(array_from_dense(parameter), count)
    if zero:
        values[-count:] = 0
    elif least is not None:
        values[-count:] = np.maximum(values[-count:], least)
    return dense_from_array(values)


def _repeat_last(values: NDArray, count: int) -> NDArray:
    """An array with its last element along axis 0 `count` times more."""
    return np.concatenate([values, values[-1:].repeat(count, axis=0)])


def _integers(parameter: Attribute) -> NDArray[np.int64]:
    """All values of an integer parameter."""
    if isinstance(parameter, IntegerAttr):
        return np.array([parameter.value.data], np.int64)
    assert isinstance(parameter, DenseIntOrFPElementsAttr)
    return array_from_dense(parameter).astype(np.int64)
