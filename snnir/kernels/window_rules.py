# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for convolutions whose currents are read window by window (see `windows.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, i1, i16, i32
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
    busy_words,
    channels_by_lane,
)
from snnir.kernels.context import (
    CMSIS_CHOICES,
    ORDER,
    KernelChoice,
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
from snnir.kernels.mask_rules import (
    add_bytes,
    add_mask_convolution,
    can_be_masks,
    geometry_of,
    orders_channels,
    table_bytes_of,
    takes_masks,
    wants_masks,
)
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

PACKING = "packing"
"""Attribute of a convolution that overrides the option of the network for it."""


def packing_of(context: KernelContext, op: qsnn.Conv2dOp) -> Packing:
    """How the currents of a convolution are packed if they are read window by window."""
    name = getattr(op.attributes.get(PACKING), "data", context.packing)
    if name not in get_args(Packing):
        raise error_at(op, f"packing must be {' or '.join(get_args(Packing))}, not {name}")
    return cast(Packing, name)


SKIP_CALM = "skip_calm"
"""Attribute of a convolution that overrides the option of the network for it."""


def skips_calm(context: KernelContext, op: qsnn.Conv2dOp) -> bool:
    """Whether windows of a convolution in which nothing can happen are left alone.

    Raises:
        SNNError: the attribute is no boolean.
    """
    value = op.attributes.get(SKIP_CALM)
    if value is None:
        return context.skip_calm
    if not isinstance(value, IntegerAttr) or value.type != i1:
        raise error_at(op, f"{SKIP_CALM} must be true or false, not {value}")
    return bool(value.value.data)


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
        self.lane_channels = self.choose_lane_channels()

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

    def choose_lane_channels(self) -> list[int | None]:
        """The channel of each lane: in order where convolutions want spikes as bytes or lists."""
        users = [use.operation for use in self.block.neurons.spikes.uses]
        listed = any(self._reads_list(user) for user in users)
        ordered = any(orders_channels(self.context, user) for user in users)
        if listed or (ordered and not self._gives_lists()):
            return [*range(self.channels), *[None] * (self.lanes - self.channels)]
        return channels_by_lane(self.channels, self.lanes, self.rates, self.busy)

    def _wants_bytes(self) -> bool:
        """Whether something reads the spikes that does not read masks."""
        users = [use.operation for use in self.block.neurons.spikes.uses]
        return not all(takes_masks(self.context, user) for user in users)

    def _reads_list(self, user: Operation) -> bool:
        """Whether a user is a convolution that takes the spikes as a list of indices.

        It looks at the inputs of a position and group together. Positions are in their order,
        unless some windows are calm, whose spikes are listed behind the others of a row; the
        channels of a position are not.
        """
        context, source = self.context, self.block.convolution
        may_be_calm = (
            source in context.blocks
            and source.input is context.network.frame
            and skips_calm(context, source)
        )
        return (
            isinstance(user, qsnn.Conv2dOp)
            and not may_be_calm
            and user not in context.blocks
            and not wants_masks(context, user)
            and context.choice(user) not in CMSIS_CHOICES
            and user.groups.value.data in (1, self.channels)
        )

    def _gives_lists(self) -> bool:
        """Whether spikes only reach event-driven layers that read lists: linear ones, through one
        flattening, or others.
        """
        users = [use.operation for use in self.block.neurons.spikes.uses]
        return bool(users) and all(
            self._reads_list(user) or _feeds_linear_layers(self.context, user) for user in users
        )

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
            self._add_masks(source, current)
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

    def _add_events(self, op: qsnn.Conv2dOp, label: str, current: SSAValue) -> SSAValue | None:
        context, (rows, columns) = self.context, self.block.size
        hits = context.hits
        assert hits is not None
        touched = None
        if columns <= TOUCHED_BITS:
            touched = context.buffer(f"{label}_touched", [rows], i32, snnrt.Region.STATE)
        kernels = self._multiples(op)
        constant = context.constant(f"{label}_kernels", self.packing.pack(kernels))
        window = {"window": int_array(self.block.window), **geometry_of(self.context, op)}
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

    def _add_masks(self, op: qsnn.Conv2dOp, current: SSAValue) -> None:
        add_mask_convolution(self.context, op, self.kernels(op), self.packing, current)

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
        """Declare which windows are calm; None where nothing tells, where that is not wanted, or
        where neurons that are not busy may spike in the first step.

        Args:
            marked: whether it is known which windows events reach.
        """
        wanted = marked and skips_calm(self.context, self.block.convolution)
        if not wanted or self.resets is None or self.lanes > MASK_LANES:
            return None
        early = self.resets.initial - (self.packing.offset or 0) < 0
        if (np.broadcast_to(early.reshape(-1), self.channels) & ~self.busy).any():
            return None
        size = [calm_words(*self.block.size)]
        return self.context.buffer(f"{self.label}_calm", size, i32, snnrt.Region.STATE)

    def spike_buffer(self) -> tuple[SSAValue, bool]:
        """Declare room for the spikes: a list of indices, if the second value says so, or masks."""
        context, (rows, columns) = self.context, self.block.size
        if self._gives_lists():
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
        if self._gives_lists():
            context.bind_list(op.spikes, out, count, order)
            return
        context.masks[op.spikes] = MaskedSpikes(
            out, count, self.block.size, tuple(self.lane_channels), self.rates,
            context.ranges.silent[op],
        )  # fmt: skip
        self._add_bytes(order)

    def _add_bytes(self, order: Order) -> None:
        """The spikes as bytes for users that do not read masks."""
        if self._wants_bytes():
            add_bytes(self.context, self.block.neurons.spikes, f"{self.label}_spikes", order)

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


def window_blocks(context: KernelContext) -> dict[Operation, WindowBlock]:
    """The convolutions of a network that are computed window by window.

    Their input is the frame with events, or spikes.
    """
    network = context.network
    blocks: dict[Operation, WindowBlock] = {}
    for op in network.body.block.ops:
        if not isinstance(op, qsnn.Conv2dOp) or context.choice(op) in _OTHER_CHOICES:
            continue
        if context.choice(op) == "dot" and dot_rows_of(op) is not None:
            continue
        if op.input is network.frame:
            users = {use.operation for use in op.input.uses}
            if not reads_events(network) or len(users) > 1:
                continue
        elif not can_be_masks(op.input):
            continue
        if (block := match_window_block(op)) is not None:
            blocks[op] = block
    return needed_sizes(blocks)


_OTHER_CHOICES: tuple[KernelChoice, ...] = (*CMSIS_CHOICES, "scatter", "masks", "sparse", "blocks")


def _feeds_linear_layers(context: KernelContext, op: Operation) -> bool:
    """Whether an operation flattens its input for event-driven linear layers alone."""
    if not isinstance(op, qsnn.ReshapeOp) or len(shape_of(op.result.type)) != 1:
        return False
    return all(
        isinstance(use.operation, qsnn.LinearOp)
        and context.choice(use.operation) not in CMSIS_CHOICES
        for use in op.result.uses
    )
