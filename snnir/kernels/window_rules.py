# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for convolutions whose currents are read window by window (see `windows.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, i8, i16, i32, i64
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.layer_shapes import int_array, shape_of
from snnir.dialects.snnrt_lanes import (
    MASK_LANES,
    TOUCHED_BITS,
    calm_words,
    mask_count,
    window_properties,
)
from snnir.kernels.bit_groups import (
    UNKNOWN_RATE,
    busy_words,
    channels_by_lane,
    group_bits,
    single_bits,
    table_sums,
)
from snnir.kernels.context import (
    CMSIS_CHOICES,
    ORDER,
    KernelContext,
    MaskedSpikes,
    Packing,
    layer_label,
    parameter_values,
)
from snnir.kernels.dot_rules import dot_rows_of
from snnir.kernels.halving import HalvingResets, halving_resets
from snnir.kernels.lane_packing import LanePacking, triple_offset
from snnir.kernels.layout import Order, channels_last
from snnir.kernels.ranges import current_range
from snnir.kernels.windows import (
    LIMIT_16,
    WindowBlock,
    match_window_block,
    needed_sizes,
    reads_events,
)
from snnir.layers.activity_attributes import channel_rates_of
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import error_at

MOST_MULTIPLES = 3
"""The largest count of an input that has kernels of its own."""

MOST_ENTRIES = (1 << 16) - 1
"""Entries of the tables of a layer, which 16 bits tell apart from none."""

PACKING, TABLE_BYTES = "packing", "table_bytes"
"""Attributes of a convolution that override the options of the network for it."""


def packing_of(context: KernelContext, op: qsnn.Conv2dOp) -> Packing:
    """How the currents of a convolution are packed if they are read window by window."""
    name = getattr(op.attributes.get(PACKING), "data", context.packing)
    if name not in get_args(Packing):
        raise error_at(op, f"packing must be {' or '.join(get_args(Packing))}, not {name}")
    return cast(Packing, name)


def table_bytes_of(context: KernelContext, op: qsnn.Conv2dOp) -> int:
    """Flash that the tables of a convolution may take."""
    value = op.attributes.get(TABLE_BYTES)
    if value is None:
        return context.table_bytes
    if not isinstance(value, IntegerAttr) or value.value.data < 0:
        raise error_at(op, f"table_bytes must be a number of bytes, not {value}")
    return value.value.data


@dataclass
class WindowLowering:
    """Writes the calls of one block."""

    context: KernelContext
    block: WindowBlock

    def __post_init__(self) -> None:
        neurons = self.block.neurons
        self.channels = shape_of(neurons.membrane.type)[0]
        self.label = layer_label(neurons, "lif")
        self.packing, self.resets = self.choose_packing()
        self.lanes = self.packing.lanes
        self.rates = channel_rates_of(neurons)
        self.busy = self._busy_channels()
        self.lane_channels = self._lane_channels()

    def choose_packing(self) -> tuple[LanePacking, HalvingResets | None]:
        """Triples where they are wanted and the range of the currents allows them."""
        neurons = self.block.neurons
        low, high = current_range(self.context.network, self.block)
        pairs = halving_resets(neurons, (low, high))
        if packing_of(self.context, self.block.convolution) == "triples":
            shift = neurons.shift.value.data if pairs is not None else 0
            offset = triple_offset(low << shift, high << shift)
            if offset is not None:
                triples = halving_resets(neurons, (low, high), offset)
                if triples is not None or pairs is None:
                    return LanePacking(self.channels, offset), triples
            self.context.remark(
                neurons, f"its currents, {low.min()} to {high.max()}, do not fit triples of lanes"
            )
        return LanePacking(self.channels), pairs

    def _lane_channels(self) -> list[int | None]:
        """The channel of each lane: in order where spikes are also wanted as bytes."""
        spikes = self.block.neurons.spikes
        if self._wants_bytes() and not feeds_lists_only(self.context, spikes):
            return [*range(self.channels), *[None] * (self.lanes - self.channels)]
        return channels_by_lane(self.channels, self.lanes, self.rates, self.busy)

    def _wants_bytes(self) -> bool:
        """Whether something other than blocks reads the spikes."""
        users = [use.operation for use in self.block.neurons.spikes.uses]
        return any(user not in self.context.blocks for user in users)

    def _busy_channels(self) -> NDArray[np.bool_]:
        """Which channels may spike without input."""
        if self.resets is None:
            return np.ones(self.channels, np.bool_)
        rests = self.resets.silent - 2 * (self.packing.offset or 0)
        return np.broadcast_to(rests.reshape(-1) < 0, self.channels)

    def lower(self) -> None:
        """Declare buffers and constants and append the calls."""
        source = self.block.convolution
        label = layer_label(source, "conv2d")
        packing = self.packing
        self.no_current = packing.no_current() if packing.triples else None
        current = self.context.buffer(
            f"{label}_current", (*self.block.current_size, packing.row), packing.element_type,
            snnrt.Region.STATE, initial=self.no_current,
        )  # fmt: skip
        touched = None
        if source.input is self.context.network.frame:
            touched = self._add_events(source, label, current)
        else:
            self._add_masks(source, label, current)
        self._add_neurons(current, touched)

    def weights(self) -> NDArray[np.int64]:
        """The weights of the convolution, outputs first."""
        owner = self.block.convolution.weight.owner
        assert isinstance(owner, qsnn.WeightOp)
        return array_from_dense(owner.value).astype(np.int64)

    def kernels(self, op: qsnn.Conv2dOp) -> NDArray[np.int64]:
        """`(inputs, kernel_height, kernel_width, lanes)`, rows and columns in reverse."""
        weights = self.weights()
        padded = np.zeros((self.lanes, *weights.shape[1:]), np.int64)
        for lane, channel in enumerate(self.lane_channels):
            if channel is not None:
                padded[lane] = weights[channel]
        padded <<= self.weight_shift()
        return padded[:, :, ::-1, ::-1].transpose(1, 2, 3, 0)

    def weight_shift(self) -> int:
        """What weights are shifted by in place of the neurons' input."""
        return 0 if self.resets is None else self.block.neurons.shift.value.data

    def geometry(self, op: qsnn.Conv2dOp) -> dict[str, Attribute]:
        """Positions of the input, as far as they are computed, and the padding."""
        spikes = self.context.masks.get(op.input)
        size = shape_of(op.input.type)[1:] if spikes is None else spikes.size
        return {"input_size": int_array(size), "padding": op.padding}

    def _add_events(self, op: qsnn.Conv2dOp, label: str, current: SSAValue) -> SSAValue | None:
        context, (rows, columns) = self.context, self.block.size
        hits = context.hits
        assert hits is not None
        touched = None
        if columns <= TOUCHED_BITS:
            touched = context.buffer(f"{label}_touched", [rows], i32, snnrt.Region.STATE)
        kernels = self._multiples(op)
        constant = context.constant(f"{label}_kernels", self.packing.pack(kernels))
        window = {"window": int_array(self.block.window), **self.geometry(op)}
        call = snnrt.LaneConv2dHitsOp(
            hits.hits, hits.hit_count, hits.counts, constant, current, touched, window
        )
        context.call(call, op)
        return touched

    def _multiples(self, op: qsnn.Conv2dOp) -> NDArray[np.int64]:
        """The kernels times 1, 2, … for inputs that count more than 1, as far as there is room."""
        kernels = self.kernels(op)
        most = min(MOST_MULTIPLES, self.context.network.input_maximum.value.data)
        room = table_bytes_of(self.context, op) // self.packing.pack(kernels).nbytes
        largest = (LIMIT_16 - 1) // max(int(np.abs(kernels).max()), 1)
        times = range(1, max(min(most, room, largest), 1) + 1)
        return np.concatenate([factor * kernels for factor in times])

    def _add_masks(self, op: qsnn.Conv2dOp, label: str, current: SSAValue) -> None:
        context = self.context
        spikes = context.masks[op.input]
        kernels, by_bit = self.kernels(op), spikes.by_bit()
        ordered = kernels_by_bit(kernels, by_bit)
        bytes = self.packing.pack(kernels[:1]).nbytes
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
        if max(grouping.bits) == 1:
            # Looked up by the number of the bit.
            grouping = single_bits(spikes.lanes)
        tables = table_sums(ordered, grouping.groups)
        constant = context.constant(f"{label}_tables", self.packing.pack(tables))
        properties = {
            "lanes": IntegerAttr(spikes.lanes, i64),
            "group_starts": int_array([group.start for group in grouping.groups]),
            "group_bits": int_array(grouping.bits),
            **self.geometry(op),
        }
        call = snnrt.MaskConv2dOp(spikes.entries, spikes.count, constant, current, properties)
        context.call(call, op)
        context.remark(
            op, f"tables of {grouping.bits} bits: {len(tables) * bytes} bytes",
            table_bytes=len(tables) * bytes, groups=len(grouping.bits),
        )  # fmt: skip

    def _add_neurons(self, current: SSAValue, touched: SSAValue | None) -> None:
        context = self.context
        initial = None
        if self.no_current is not None:
            initial = context.constant(f"{self.label}_no_current", self.no_current)
        membrane, calm = self.state(), self.calm(touched is not None)
        out, lists = self.spike_buffer()
        operands = [out, current, membrane, touched, calm, initial, *self.parameters(calm)]
        kind = snnrt.WindowLIFListOp if lists else snnrt.WindowLIFMasksOp
        self.add_call(kind(operands, self.properties()), out)

    def properties(self) -> dict[str, Attribute]:
        """Pooling and neurons as properties of a call."""
        op = self.block.neurons
        return {
            **window_properties(
                self.block.window, sum=isinstance(self.block.pool, qsnn.SumPool2dOp),
                channels=self.channels, offset=self.packing.offset or 0,
            ),
            **{name: op.properties[name] for name in ("reset", "reset_timing", "compare", "shift",
                                                      "rounding")},
            "logical_shape": int_array(shape_of(op.membrane.type)),
            "busy": int_array(busy_words(self.lane_channels, self.busy)),
        }  # fmt: skip

    def state(self) -> SSAValue:
        """Declare the neurons' state."""
        shape = (*self.block.size, self.lanes)
        return self.context.buffer(
            f"{self.label}_membrane", shape, i16, snnrt.Region.STATE, initial=self._initial_state()
        )

    def calm(self, marked: bool) -> SSAValue | None:
        """Declare which windows are calm; None where nothing tells, or where neurons that are not
        busy may spike in the first step.

        Args:
            marked: whether it is known which windows events reach.
        """
        if not marked or self.resets is None or self.lanes > MASK_LANES:
            return None
        early = self.resets.initial - (self.packing.offset or 0) < 0
        if (np.broadcast_to(early.reshape(-1), self.channels) & ~self.busy).any():
            return None
        size = [calm_words(*self.block.size)]
        return self.context.buffer(f"{self.label}_calm", size, i32, snnrt.Region.STATE)

    def spike_buffer(self) -> tuple[SSAValue, bool]:
        """Declare room for the spikes: a list of indices, if the second value says so, or masks."""
        context, (rows, columns) = self.context, self.block.size
        if feeds_lists_only(context, self.block.neurons.spikes):
            size = [rows * columns * self.channels]
            return context.buffer(f"{self.label}_spikes_list", size, i16), True
        shape = (rows * columns, mask_count(self.lanes) + 1)
        return context.buffer(f"{self.label}_spikes_masks", shape, i32), False

    def add_call(self, call: snnrt.WindowLIFBase, out: SSAValue) -> None:
        """Append the call that updates the neurons, and say where their spikes are."""
        context, op = self.context, self.block.neurons
        (count,) = call.results
        count.name_hint = f"{self.label}_spikes_count"
        context.call(call, op)
        order = self._order()
        call.attributes[ORDER] = dense_from_array(order.astype(np.int32))
        if feeds_lists_only(context, op.spikes):
            context.bind_list(op.spikes, out, count, order)
            return
        context.masks[op.spikes] = MaskedSpikes(
            out, count, self.block.size, tuple(self.lane_channels), self.rates,
            context.ranges.silent[op],
        )  # fmt: skip
        self._add_bytes(order)

    def _add_bytes(self, order: Order) -> None:
        """The spikes as bytes for users that do not read masks."""
        context, value = self.context, self.block.neurons.spikes
        if not self._wants_bytes():
            return
        spikes = context.masks[value]
        shape = (*self.block.size, self.channels)
        buffer = context.buffer(f"{self.label}_spikes", shape, i8)
        context.call(
            snnrt.MasksToBytesOp(spikes.entries, spikes.count, buffer, spikes.lanes),
        )
        context.bind(value, buffer, order)

    def _order(self) -> Order:
        """Logical index of each computed neuron, for each position and channel in memory."""
        shape = shape_of(self.block.neurons.membrane.type)
        rows, columns = self.block.size
        channels = [channel for channel in self.lane_channels if channel is not None]
        whole = channels_last(shape).reshape(*shape[1:], shape[0])
        return whole[:rows, :columns][..., channels].reshape(-1)

    def _lane_values(self, values: NDArray, fill: int) -> NDArray[np.int16]:
        """Values by channel as 16-bit values by lane."""
        every = np.broadcast_to(values.reshape(-1), self.channels)
        by_lane = [fill if c is None else every[c] for c in self.lane_channels]
        return np.array(by_lane, np.int64).astype(np.int16)

    def _initial_state(self) -> NDArray[np.int16] | None:
        """What halving neurons start with; membranes start at zero."""
        if self.resets is None:
            return None
        # A lane without a channel has threshold 1 and no bias: it stays at rest.
        return self._lane_values(self.resets.initial, 1 + (self.packing.offset or 0))

    def parameters(self, calm: SSAValue | None) -> list[SSAValue | None]:
        """Operands `resets`, `rests`, `leak`, `threshold`, `bias`."""
        context, op = self.context, self.block.neurons
        if self.resets is not None:
            rest = 1 + 2 * (self.packing.offset or 0)
            silent = self._lane_values(self.resets.silent, rest)
            fired = self._lane_values(self.resets.fired, rest)
            pairs = np.stack([silent.reshape(-1, 2), fired.reshape(-1, 2)], axis=1)
            resets = context.constant(f"{self.label}_resets", pairs)
            offset = self.packing.offset or 0
            rests = (
                None if calm is None else context.constant(f"{self.label}_rests", silent - offset)
            )
            return [resets, rests, None, None, None]
        shape = shape_of(op.membrane.type)
        order = channels_last(shape)
        arrays: list[SSAValue | None] = [None, None]
        for name, fill in (("leak", 0), ("threshold", 1), ("bias", 0)):
            attribute = op.properties.get(name)
            if attribute is None:
                arrays.append(None)
                continue
            values = parameter_values(attribute, shape, order)
            # A lane without a channel must stay silent, whatever holds for the layer.
            if values.size > 1 or (None in self.lane_channels and name != "leak"):
                every = np.broadcast_to(values, self.channels)
                by_lane = [fill if c is None else every[c] for c in self.lane_channels]
                values = np.array(by_lane, np.int32)
            arrays.append(context.constant(f"{self.label}_{name}", values))
        return arrays


def kernels_by_bit(kernels: NDArray[np.int64], channels: Sequence[int | None]) -> NDArray[np.int64]:
    """The kernels of these channels, zeros for None."""
    blank = np.zeros_like(kernels[:1])
    return np.concatenate([blank if c is None else kernels[c : c + 1] for c in channels])


LARGEST_LAYER = 128
"""Channels of a layer that is computed window by window: every one costs code."""


def window_blocks(context: KernelContext) -> dict[Operation, WindowBlock]:
    """The convolutions of a network that are computed window by window.

    Their input is the frame with events, or spikes of another such block.
    """
    network = context.network
    blocks: dict[Operation, WindowBlock] = {}
    masked: set[SSAValue] = set()
    for op in network.body.block.ops:
        if not isinstance(op, qsnn.Conv2dOp) or context.choice(op) in (*CMSIS_CHOICES, "scatter"):
            continue
        if context.choice(op) == "dot" and dot_rows_of(op) is not None:
            continue
        from_events = op.input is network.frame and reads_events(network)
        if not from_events and op.input not in masked:
            continue
        users = {use.operation for use in op.input.uses}
        if from_events and len(users) > 1:
            continue
        if (block := match_window_block(op, LARGEST_LAYER)) is not None:
            blocks[op] = block
            if not feeds_lists_only(context, block.neurons.spikes):
                masked.add(block.neurons.spikes)
    return needed_sizes(blocks)


def feeds_lists_only(context: KernelContext, value: SSAValue) -> bool:
    """Whether spikes only reach event-driven linear layers, through one flattening."""
    users: Sequence[Operation] = [use.operation for use in value.uses]
    if not users:
        return False
    for user in users:
        if not isinstance(user, qsnn.ReshapeOp) or len(shape_of(user.result.type)) != 1:
            return False
        for use in user.result.uses:
            reader = use.operation
            if not isinstance(reader, qsnn.LinearOp) or context.choice(reader) in CMSIS_CHOICES:
                return False
    return True
