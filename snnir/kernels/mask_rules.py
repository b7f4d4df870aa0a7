# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for convolutions that read spikes as lists of masks, see `snnrt/mask_conv2d.h`.

Neurons that are computed window by window give their spikes as masks (`window_rules`); those of all
others are bytes, from which masks are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, i8, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.layer_shapes import int_array, int_values, shape_of
from snnir.dialects.snnrt_lanes import mask_count
from snnir.kernels.bit_groups import (
    UNKNOWN_RATE,
    group_bits,
    lanes_of_bytes,
    single_bits,
    table_sums,
)
from snnir.kernels.context import (
    CMSIS_CHOICES,
    KernelContext,
    MaskedSpikes,
    layer_label,
)
from snnir.kernels.lane_packing import LanePacking
from snnir.kernels.layout import Order, channels_last
from snnir.kernels.windows import LARGEST_LAYER, is_binary, is_plain, is_window_pool
from snnir.layers.activity_attributes import channel_rates_of
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import error_at

MOST_ENTRIES = (1 << 16) - 1
"""Entries of the tables of a layer, which 16 bits tell apart from none."""

TABLE_BYTES = "table_bytes"
"""Attribute of a convolution that overrides the option of the network for it."""


def table_bytes_of(context: KernelContext, op: qsnn.Conv2dOp) -> int:
    """Flash that the tables of a convolution may take."""
    value = op.attributes.get(TABLE_BYTES)
    if value is None:
        return context.table_bytes
    if not isinstance(value, IntegerAttr) or value.value.data < 0:
        raise error_at(op, f"table_bytes must be a number of bytes, not {value}")
    return value.value.data


def can_be_masks(value: SSAValue) -> bool:
    """Whether a value can be listed as masks: spikes of a map with few channels."""
    shape = shape_of(value.type)
    return is_binary(value) and len(shape) == 3 and shape[0] <= LARGEST_LAYER


def reads_masks(op: qsnn.Conv2dOp) -> bool:
    """Whether a convolution can read masks and write currents that any neurons read."""
    outputs, *_ = shape_of(op.result.type)
    return is_plain(op) and outputs % 2 == 0 and outputs <= LARGEST_LAYER and can_be_masks(op.input)


def wants_masks(context: KernelContext, op: qsnn.Conv2dOp) -> bool:
    """Whether a convolution is to read masks and does."""
    return context.choice(op) == "masks" and reads_masks(op)


def pools_masks(context: KernelContext, op: Operation) -> bool:
    """Whether an operation is a pooling of spikes that keeps them in lists of masks, where they
    come so.
    """
    return (
        isinstance(op, qsnn.MaxPool2dOp)
        and is_window_pool(op)
        and can_be_masks(op.input)
        and context.choice(op) not in CMSIS_CHOICES
    )


def takes_masks(context: KernelContext, op: Operation) -> bool:
    """Whether a user of spikes reads them as masks, where they are listed so."""
    if op in context.blocks or pools_masks(context, op):
        return True
    return isinstance(op, qsnn.Conv2dOp) and wants_masks(context, op)


def orders_channels(context: KernelContext, op: Operation) -> bool:
    """Whether a user of spikes needs their channels in order: it, or one behind a pooling, reads
    bytes.
    """
    if pools_masks(context, op):
        return any(orders_channels(context, use.operation) for use in op.results[0].uses)
    return not takes_masks(context, op)


def masks_of(context: KernelContext, value: SSAValue) -> MaskedSpikes:
    """Spikes as a list of masks, made from bytes once for all users if they are none yet."""
    if value not in context.masks:
        context.masks[value] = _masks_of_bytes(context, value)
    return context.masks[value]


def _masks_of_bytes(context: KernelContext, value: SSAValue) -> MaskedSpikes:
    source, (channels, height, width) = context[value], shape_of(value.type)
    assert np.array_equal(source.order, channels_last((channels, height, width)))
    lane_channels = lanes_of_bytes(channels)
    entries = _entries(context, f"{source.buffer.name_hint}", (height, width), len(lane_channels))
    call = snnrt.BytesToMasksOp(source.buffer, entries)
    call.count.name_hint = f"{entries.name_hint}_count"
    context.call(call)
    owner = value.owner
    neurons = owner if isinstance(owner, qsnn.SpikingNeuronBase) else None
    silent = np.zeros(channels, np.bool_)
    return MaskedSpikes(
        entries, call.count, (height, width), tuple(lane_channels),
        None if neurons is None else channel_rates_of(neurons),
        silent if neurons is None else context.ranges.silent[neurons],
    )  # fmt: skip


def _entries(context: KernelContext, name: str, size: tuple[int, int], lanes: int) -> SSAValue:
    """Room for the masks of every position."""
    shape = (size[0] * size[1], mask_count(lanes) + 1)
    return context.buffer(f"{name}_masks", shape, i32)


def lower_max_pool2d_masks(context: KernelContext, op: qsnn.MaxPool2dOp) -> None:
    """`snnrt.max_pool_masks`, of spikes that are listed; and bytes, for users that want them."""
    spikes, window = context.masks[op.input], int_values(op.kernel)
    channels, height, width = shape_of(op.result.type)
    pooled = _entries(context, layer_label(op, "max_pool2d"), (height, width), spikes.lanes)
    properties: dict[str, Attribute] = {
        "window": op.kernel,
        "output_size": int_array((height, width)),
        "lanes": IntegerAttr(spikes.lanes, i64),
    }
    call = snnrt.MaxPoolMasksOp(spikes.entries, spikes.count, pooled, properties)
    call.count.name_hint = f"{pooled.name_hint}_count"
    context.call(call, op)
    rates = spikes.rates
    if rates is not None:
        rates = 1 - (1 - rates) ** (window[0] * window[1])
    context.masks[op.result] = replace(
        spikes, entries=pooled, count=call.count, size=(height, width), rates=rates
    )
    if not all(takes_masks(context, use.operation) for use in op.result.uses):
        order = channels_last((channels, height, width))
        add_bytes(context, op.result, layer_label(op, "max_pool2d"), order)


def add_bytes(context: KernelContext, value: SSAValue, name: str, order: Order) -> None:
    """The spikes of a list of masks as bytes, for users that do not read masks."""
    spikes, channels = context.masks[value], shape_of(value.type)[0]
    buffer = context.buffer(name, (*spikes.size, channels), i8)
    context.call(snnrt.MasksToBytesOp(spikes.entries, spikes.count, buffer, spikes.lanes))
    context.bind(value, buffer, order)


def geometry_of(context: KernelContext, op: qsnn.Conv2dOp) -> dict[str, Attribute]:
    """Positions of the input, as far as they are computed, and the padding."""
    spikes = context.masks.get(op.input)
    size = shape_of(op.input.type)[1:] if spikes is None else spikes.size
    return {"input_size": int_array(size), "padding": op.padding}


def add_mask_convolution(
    context: KernelContext,
    op: qsnn.Conv2dOp,
    kernels: NDArray[np.int64],
    packing: LanePacking,
    current: SSAValue,
) -> None:
    """`snnrt.mask_conv2d`, with tables of as many bytes as the layer may have.

    Args:
        kernels: `(inputs, kernel_height, kernel_width, lanes)`, rows and columns in reverse.
    """
    spikes, label = masks_of(context, op.input), layer_label(op, "conv2d")
    by_bit = spikes.by_bit()
    ordered = kernels_by_bit(kernels, by_bit)
    bytes = packing.pack(kernels[:1]).nbytes
    room = min(table_bytes_of(context, op) // bytes, MOST_ENTRIES)
    rates = [
        0.0 if c is None else UNKNOWN_RATE if spikes.rates is None else float(spikes.rates[c])
        for c in by_bit
    ]
    silent = spikes.silent_bits()
    # A bit that a group holds has a kernel of zeros if it has no channel.
    grouping = group_bits(rates, max(room, spikes.lanes), silent)
    tables = table_sums(ordered, grouping.groups)
    if len(tables) > spikes.lanes and max(-tables.min(), tables.max() + 1) > 1 << 15:
        grouping = single_bits(spikes.lanes)
    tables = table_sums(ordered, grouping.groups)
    constant = context.constant(f"{label}_tables", packing.pack(tables))
    properties = {
        "lanes": IntegerAttr(spikes.lanes, i64),
        "group_starts": int_array([group.start for group in grouping.groups]),
        "group_bits": int_array(grouping.bits),
        **geometry_of(context, op),
    }
    call = snnrt.MaskConv2dOp(spikes.entries, spikes.count, constant, current, properties)
    context.call(call, op)
    context.remark(
        op, f"tables of {grouping.bits} bits: {len(tables) * bytes} bytes",
        table_bytes=len(tables) * bytes, groups=len(grouping.bits),
    )  # fmt: skip


def kernels_by_bit(kernels: NDArray[np.int64], channels: Sequence[int | None]) -> NDArray[np.int64]:
    """The kernels of these channels, zeros for None."""
    blank = np.zeros_like(kernels[:1])
    return np.concatenate([blank if c is None else kernels[c : c + 1] for c in channels])


def lower_conv2d_masks(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """Clear the current and add what the masks select; the layer must have `reads_masks`."""
    owner = op.weight.owner
    assert isinstance(owner, qsnn.WeightOp)
    weights = array_from_dense(owner.value).astype(np.int64)
    masks_of(context, op.input)
    current = context.sums(op.result, f"{layer_label(op, 'conv2d')}_current")
    kernels = weights[:, :, ::-1, ::-1].transpose(1, 2, 3, 0)
    add_mask_convolution(context, op, kernels, LanePacking(len(weights)), current)
