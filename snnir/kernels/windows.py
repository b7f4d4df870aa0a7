# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where a convolution, the pooling behind it and the neurons can be computed window by window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, i1, i16
from xdsl.ir import Operation, SSAValue

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.qsnn import Overflow
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.kernels.context import parameter_values
from snnir.kernels.layout import channels_last

Size = tuple[int, int]
Pool = qsnn.MaxPool2dOp | qsnn.SumPool2dOp

LIMIT_16 = 1 << 15

LARGEST_LAYER = 128
"""Channels of a layer that is computed window by window: every one costs code."""


@dataclass(frozen=True)
class WindowBlock:
    """A convolution whose currents only reach neurons, directly or through a pooling.

    Attributes:
        size: height and width of the neurons that something depends on.
    """

    convolution: qsnn.Conv2dOp
    pool: Pool | None
    neurons: qsnn.LIFOp
    size: Size

    @property
    def window(self) -> Size:
        """Height and width of the pooling windows."""
        if self.pool is None:
            return 1, 1
        height, width = int_values(self.pool.kernel)
        return height, width

    @property
    def current_size(self) -> Size:
        """Height and width of the currents that are needed."""
        (height, width), window = self.size, self.window
        return height * window[0], width * window[1]


def only_user(value: SSAValue) -> Operation | None:
    """The one operation that uses a value, or None."""
    users = [use.operation for use in value.uses]
    return users[0] if len(users) == 1 else None


def is_window_pool(op: Operation | None) -> TypeGuard[Pool]:
    """Whether windows do not overlap and do not reach beyond the map."""
    return isinstance(op, Pool) and op.kernel == op.stride and not any(int_values(op.padding))


def is_plain(op: qsnn.Conv2dOp) -> bool:
    """Whether every input reaches a rectangle of the currents: stride and dilation 1, one group."""
    plain = {*int_values(op.stride), *int_values(op.dilation), op.groups.value.data} == {1}
    return plain and op.bias is None and element_type_of(op.result.type) == i16


def _is_packable(op: qsnn.LIFOp) -> bool:
    """Whether two neurons fit a word: 16-bit states, and parameters of a layer or a channel."""
    if element_type_of(op.membrane.type) != i16 or op.overflow.data is not Overflow.PROVEN:
        return False
    shape = shape_of(op.current.type)
    order = channels_last(shape)
    for parameter in (op.leak, op.threshold, op.bias):
        if parameter is None:
            continue
        values = parameter_values(parameter, shape, order)
        per_neuron = isinstance(parameter, DenseIntOrFPElementsAttr) and values.size > shape[0]
        if per_neuron:
            return False
    threshold = parameter_values(op.threshold, shape, order)
    return bool((np.abs(threshold) < LIMIT_16).all()) and op.shift.value.data <= 15


def match_window_block(op: qsnn.Conv2dOp) -> WindowBlock | None:
    """The block that begins with a convolution into windows, with all its neurons, or None."""
    return _match_block(op) if is_plain(op) else None


def match_map_block(op: qsnn.Conv2dOp) -> WindowBlock | None:
    """The block that begins with any convolution, whose channels are lanes in their order."""
    even = shape_of(op.result.type)[0] % 2 == 0
    return _match_block(op) if even and element_type_of(op.result.type) == i16 else None


def _match_block(op: qsnn.Conv2dOp) -> WindowBlock | None:
    if shape_of(op.result.type)[0] > LARGEST_LAYER:
        return None
    user = only_user(op.result)
    pool = user if is_window_pool(user) else None
    neurons = user if pool is None else only_user(pool.result)
    if not isinstance(neurons, qsnn.LIFOp) or not _is_packable(neurons):
        return None
    if pool is not None and element_type_of(pool.result.type) != i16:
        return None
    if neurons.membrane.uses:
        return None
    _, height, width = shape_of(neurons.spikes.type)
    return WindowBlock(op, pool, neurons, (height, width))


def reads_events(network: qsnn.NetworkOp) -> bool:
    """Whether the frame holds counts or spikes."""
    return network.input.data not in REAL_KINDS


def is_binary(value: SSAValue) -> bool:
    """Whether a value holds spikes."""
    return element_type_of(value.type) == i1


def needed_sizes(blocks: Mapping[Operation, WindowBlock]) -> dict[Operation, WindowBlock]:
    """The blocks with the neurons that something depends on.

    Pooling that does not fit its input a whole number of times drops the last rows and columns, so
    that neither the currents there nor the neurons that only feed them are needed. Users other than
    blocks need all neurons.

    Args:
        blocks: by their convolution, in program order.
    """
    sized: dict[Operation, WindowBlock] = {}
    for op, block in reversed(list(blocks.items())):
        users = [use.operation for use in block.neurons.spikes.uses]
        if users and all(user in blocks for user in users):
            needed = [_needed_input(sized[user]) for user in users]
            size = max(size[0] for size in needed), max(size[1] for size in needed)
            block = replace(block, size=size)
        sized[op] = block
    return {op: sized[op] for op in blocks}


def _needed_input(block: WindowBlock) -> Size:
    """Height and width of the part of its input that a block depends on."""
    op = block.convolution
    _, height, width = shape_of(op.input.type)
    kernel, padding = shape_of(op.weight.type)[2:], int_values(op.padding)
    rows, columns = (
        max(min(whole, current + taps - 1 - pad), 1)
        for whole, current, taps, pad in zip(
            (height, width), block.current_size, kernel, padding, strict=True
        )
    )
    return rows, columns
