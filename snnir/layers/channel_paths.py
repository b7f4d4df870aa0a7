# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the channels of a layer with weights go, up to the layers that read them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import Pool2dBase
from snnir.dialects.layer_shapes import shape_of
from snnir.layers.channel_groups import ChannelGroups

_HAND_ON = (Pool2dBase, qsnn.ScaleOp, qsnn.ReshapeOp, qsnn.SpikingNeuronBase)
"""What works channel by channel; of a channel that is zero all but neurons give zero."""

WeightedLayer = qsnn.LinearOp | qsnn.Conv2dOp
"""Reads channels, and makes some of its own; of a fully connected one each neuron is one."""


@dataclass(frozen=True)
class ChannelPath:
    """Where the channels of a layer go.

    Attributes:
        carriers: operations that hand them on, in program order.
        readers: the layers that read them.
    """

    producer: WeightedLayer
    carriers: tuple[Operation, ...]
    readers: tuple[WeightedLayer, ...]


def channel_path(groups: ChannelGroups, producer: WeightedLayer) -> ChannelPath | str:
    """Follow the channels of a layer, or say why they have to stay as they are."""
    own = groups.of(producer.result)
    if (pin := next((groups.pins[g] for g in own.tolist() if g in groups.pins), None)) is not None:
        return pin
    if len(np.unique(own)) < len(own):
        return "a reshape connects them"
    carriers: list[Operation] = []
    readers: list[WeightedLayer] = []
    for op in groups.network.body.block.ops:
        if isinstance(op, WeightedLayer):
            if np.isin(groups.of(op.input), own).any():
                readers.append(op)
        elif any(np.isin(groups.of(value), own).any() for value in _values_of(op)):
            if not isinstance(op, _HAND_ON):
                return f"'{op.name}' reads them"
            carriers.append(op)
    if not any(isinstance(op, qsnn.SpikingNeuronBase) for op in carriers):
        return "no neurons behind it"
    return ChannelPath(producer, tuple(carriers), tuple(readers))


def _values_of(op: Operation) -> list[SSAValue]:
    """The values that an operation gives to others or keeps, constants aside."""
    if isinstance(op, qsnn.WeightOp):
        return []
    return [*op.results, *([op.value] if isinstance(op, qsnn.WriteOp) else [])]


def run_of(value: SSAValue, channels: int, axis: int = 0) -> int:
    """Consecutive indices of an axis that stand for each channel: 1 before a reshape."""
    return shape_of(value.type)[axis] // channels


def differs_by_channel(parameter: Attribute, value: SSAValue) -> bool:
    """Whether a parameter that broadcasts to a value may differ between its channels."""
    if not isinstance(parameter, DenseIntOrFPElementsAttr):
        return False
    extent, shape = shape_of(parameter.type), shape_of(value.type)
    return len(extent) == len(shape) and extent[0] == shape[0]
