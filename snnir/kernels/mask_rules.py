# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for convolutions that read spikes as lists of masks, see `snnrt/mask_conv2d.h`.

Neurons that are computed window by window give their spikes as masks (`window_rules`); those of all
others are bytes, from which masks are made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, i32, i64
from xdsl.ir import Attribute, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.layer_shapes import int_array, shape_of
from snnir.dialects.snnrt_lanes import mask_count
from snnir.kernels.bit_groups import (
    UNKNOWN_RATE,
    group_bits,
    lanes_of_bytes,
    single_bits,
    table_sums,
)
from snnir.kernels.context import KernelContext, MaskedSpikes, layer_label
from snnir.kernels.lane_packing import LanePacking
from snnir.kernels.layout import channels_last
from snnir.kernels.windows import LARGEST_LAYER, is_binary, is_plain
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


def masks_of(context: KernelContext, value: SSAValue) -> MaskedSpikes:
    """Spikes as a list of masks, made from bytes once for all users if they are none yet."""
    if value not in context.masks:
        source, (channels, *size) = context[value], shape_of(value.type)
        assert np.array_equal(source.order, channels_last((channels, *size)))
        lane_channels = lanes_of_bytes(channels)
        height, width = size
        entries = context.buffer(
            f"{source.buffer.name_hint}_masks",
            (height * width, mask_count(len(lane_channels)) + 1),
            i32,
        )
        call = snnrt.BytesToMasksOp(source.buffer, entries)
        call.count.name_hint = f"{source.buffer.name_hint}_masks_count"
        context.call(call)
        owner = value.owner
        neurons = owner if isinstance(owner, qsnn.SpikingNeuronBase) else None
        silent = np.zeros(channels, np.bool_)
        context.masks[value] = MaskedSpikes(
            entries, call.count, (height, width), tuple(lane_channels),
            None if neurons is None else channel_rates_of(neurons),
            silent if neurons is None else context.ranges.silent[neurons],
        )  # fmt: skip
    return context.masks[value]


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


def kernels_by_bit(kernels: NDArray[np.int64], channels: list[int | None]) -> NDArray[np.int64]:
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
