# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""State of one conversion from `qsnn` to calls of kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerAttr,
    MemRefType,
    f64,
    i1,
    i8,
    i16,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation

from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.kernels.bit_groups import channels_by_bit
from snnir.kernels.compressed_weights import WEIGHT_RANGES, fewest_bits
from snnir.kernels.layout import Order, buffer_shape_of, channels_last
from snnir.kernels.weights import layer_weights
from snnir.quantization.integer_ranges import NetworkRanges, network_ranges
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from snnir.kernels.windows import WindowBlock

ORDER = "order"
"""Attribute of a neuron call: for each buffer element, its index in the logical tensor."""

WEIGHT_BITS = "weight_bits"
"""Attribute of a convolution that overrides the option of the network for it."""

STORED_BITS = (8, *WEIGHT_RANGES)
"""Bits in which a weight of a convolution can be stored."""

Packing = Literal["pairs", "triples"]

KernelChoice = Literal[
    "event",
    "cmsis",
    "cmsis_s4",
    "scatter",
    "masks",
    "dense",
    "packed",
    "sparse",
    "blocks",
    "gather",
    "dot",
]
"""Event-driven kernels; CMSIS-NN, with weights of 8 bits or, where its sums come out exact, of 4;
event-driven kernels that keep spikes as bytes and currents only
within a step, which needs the least memory, or convolutions that read spikes as masks and add sums
from tables, but whose currents any neurons read; event-driven kernels with one storage of the
weights where that is possible, `sparse` and `blocks` of convolutions, too; or products of all
inputs of layers that do not read spikes."""


CMSIS_CHOICES: tuple[KernelChoice, ...] = ("cmsis", "cmsis_s4")
"""Choices of CMSIS-NN, which reads bytes and no lists."""


NeuronChoice = Literal["bytes", "lists"]
"""What neurons give their spikes as: bytes, or lists of indices or masks."""


@dataclass(frozen=True)
class BufferedValue:
    """A `qsnn` value in memory."""

    buffer: SSAValue
    order: Order
    binary: bool
    """Whether all elements are 0 or 1."""


@dataclass(frozen=True)
class MaskedSpikes:
    """A `qsnn` value as a list of masks, see `snnrt/spike_masks.h`.

    Attributes:
        size: height and width of the positions that are computed.
        lane_channels: the channel of each lane; None for one that makes their number even.
        rates: measured spikes of each channel per neuron and step, or None.
        silent: which channels are proven never to spike.
    """

    entries: SSAValue
    count: SSAValue
    size: tuple[int, int]
    lane_channels: tuple[int | None, ...]
    rates: NDArray | None
    silent: NDArray[np.bool_]

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return len(self.lane_channels)

    def by_bit(self) -> tuple[int | None, ...]:
        """The channel of each bit."""
        return channels_by_bit(self.lane_channels)

    def silent_bits(self) -> list[bool]:
        """Which bits are never set."""
        return [channel is None or bool(self.silent[channel]) for channel in self.by_bit()]


@dataclass(frozen=True)
class InputHits:
    """Buffers of the input as a list of hits, see `snnrt/event_hits.h`."""

    hits: SSAValue
    hit_count: SSAValue
    counts: SSAValue


@dataclass(frozen=True)
class InputMarks:
    """Buffers of the input as marked counts, see `snnrt/event_marks.h`."""

    counts: SSAValue
    marks: SSAValue


@dataclass
class KernelContext:
    """Maps `qsnn` values to buffers; collects declarations and calls of the network to be."""

    network: qsnn.NetworkOp
    kernels: KernelChoice
    remark: Callable[..., None]
    """`remark(op, message, **metrics)`."""
    declarations: list[Operation] = field(default_factory=list[Operation])
    calls: list[Operation] = field(default_factory=list[Operation])
    values: dict[SSAValue, BufferedValue] = field(default_factory=dict[SSAValue, BufferedValue])
    packing: Packing = "pairs"
    """How currents that are read window by window are packed."""
    table_bytes: int = 0
    """Flash that the tables of a layer may take; its kernels alone may always be stored."""
    neurons: NeuronChoice = "bytes"
    """What neurons with 16-bit states behind other convolutions give their spikes as."""
    tile_rows: int = 0
    """Rows of windows whose currents exist at a time; 0 for whole maps."""
    skip_calm: bool = True
    """Whether windows in which nothing can happen are left alone."""
    weight_bits: int = 8
    """Least bits of a stored weight of a convolution."""
    blocks: dict[Operation, WindowBlock] = field(default_factory=dict)
    """Convolutions that are computed window by window."""
    maps: dict[Operation, WindowBlock] = field(default_factory=dict)
    """Neurons behind other convolutions that list their spikes."""
    fused: set[Operation] = field(default_factory=set)
    """Operations that calls of others compute, too."""
    hits: InputHits | None = None
    marks: InputMarks | None = None
    masks: dict[SSAValue, MaskedSpikes] = field(default_factory=dict[SSAValue, MaskedSpikes])
    orders: dict[SSAValue, Order] = field(default_factory=dict[SSAValue, Order])
    """The order of results of fully connected layers that have another one than their own."""
    added_to: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """Sums of weights that may begin with the value they would be added to (`sums.py`)."""
    registers: dict[Operation, SSAValue] = field(default_factory=dict[Operation, SSAValue])
    """The states of registers."""
    places: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """Values whose buffer is the state of a register."""
    copies: list[tuple[Operation, SSAValue, SSAValue]] = field(default_factory=list)
    """What is copied at the end of a step: for which operation, from where and to where."""
    _views: dict[tuple[SSAValue, tuple[int, ...]], SSAValue] = field(
        default_factory=dict[tuple[SSAValue, tuple[int, ...]], SSAValue]
    )
    _names: set[str] = field(default_factory=set[str])
    _lists: dict[SSAValue, tuple[SSAValue, SSAValue]] = field(
        default_factory=dict[SSAValue, tuple[SSAValue, SSAValue]]
    )

    def __getitem__(self, value: SSAValue) -> BufferedValue:
        return self.values[value]

    def linear_rows(self, op: qsnn.LinearOp) -> NDArray[np.int8]:
        """The weights of a fully connected layer, in the orders of its buffers, outputs first."""
        rows = layer_weights(op)[:, self[op.input].order]
        return rows if op.result not in self.orders else rows[self.orders[op.result]]

    @cached_property
    def ranges(self) -> NetworkRanges:
        """What the values of the network can be, for any legal input."""
        return network_ranges(self.network)

    def choice(self, op: Operation) -> KernelChoice:
        """The kernel for a layer: its attribute `kernel`, or the one for the network."""
        chosen = op.attributes.get("kernel")
        name = getattr(chosen, "data", self.kernels)
        if name not in get_args(KernelChoice):
            *first, last = get_args(KernelChoice)
            raise error_at(op, f"kernel must be {', '.join(first)} or {last}, not {name}")
        return cast(KernelChoice, name)

    def stored_bits(self, op: Operation, weights: NDArray) -> int:
        """Bits in which the weights of a convolution are stored: 8, 4 or 2.

        The attribute `weight_bits` of the layer, or the option of the network, if they fit, else
        the next larger number.
        """
        value = op.attributes.get(WEIGHT_BITS)
        least = self.weight_bits
        if value is not None:
            least = value.value.data if isinstance(value, IntegerAttr) else 0
        if least not in STORED_BITS:
            raise error_at(op, f"weight_bits must be 8, 4 or 2, not {value or least}")
        return fewest_bits(weights, least)

    def unique(self, name: str) -> str:
        """A C identifier that no buffer has yet."""
        clean = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
        candidate, number = clean, 1
        while candidate in self._names:
            candidate, number = f"{clean}_{number}", number + 1
        self._names.add(candidate)
        return candidate

    def buffer(
        self,
        name: str,
        shape: Sequence[int],
        element_type: Attribute,
        region: snnrt.Region = snnrt.Region.TRANSIENT,
        initial: NDArray | None = None,
    ) -> SSAValue:
        """Declare a buffer; `i1` elements are bytes. `initial` is a row of a state at the start."""
        stored = i8 if element_type == i1 else element_type
        alignment = 8 if element_type == f64 else 4
        op = snnrt.BufferOp(self.unique(name), region, MemRefType(stored, shape), alignment)
        if initial is not None:
            op.initial = dense_from_array(initial)
        self.declarations.append(op)
        return op.result

    def constant(self, name: str, array: NDArray) -> SSAValue:
        """Declare a constant array."""
        op = snnrt.ConstantOp(self.unique(name), dense_from_array(array))
        self.declarations.append(op)
        return op.result

    def call(self, op: Operation, source: Operation | None = None) -> None:
        """Append a call; it takes location and layer name from the operation that it implements.

        Attributes that are named like a property of the call, such as the choice of its `kernel`,
        are left behind: in generic form one of both would be lost.
        """
        if source is not None:
            op.location = source.location
            taken = op.get_irdl_definition().properties if isinstance(op, IRDLOperation) else {}
            op.attributes.update({n: v for n, v in source.attributes.items() if n not in taken})
        self.calls.append(op)

    def define(self, value: SSAValue, name: str, order: Order | None = None) -> SSAValue:
        """A buffer for a `qsnn` value, channels-last unless `order` or `orders` say otherwise.

        It is transient, or the state of the register that holds the value in the next step.
        """
        shape, element_type = shape_of(value.type), element_type_of(value.type)
        if (buffer := self.places.get(value)) is None:
            buffer = self.buffer(name, buffer_shape_of(shape), element_type)
        if order is None:
            order = self.orders.get(value, channels_last(shape))
        # A list of what a state held in the step before is none of what it holds now.
        self._lists.pop(buffer, None)
        self.bind(value, buffer, order)
        return buffer

    def sums(self, value: SSAValue, name: str) -> SSAValue:
        """A buffer for currents that calls add to: cleared, or with what they would be added to."""
        if (earlier := self.added_to.get(value)) is not None:
            begun = self[earlier]
            shape = shape_of(value.type)
            if np.array_equal(begun.order, self.orders.get(value, channels_last(shape))):
                self.bind(value, begun.buffer, begun.order)
                return begun.buffer
        current = self.define(value, name)
        self.call(snnrt.FillZeroOp(current))
        return current

    def bind(self, value: SSAValue, buffer: SSAValue, order: Order) -> None:
        """Let a buffer hold a `qsnn` value."""
        self.values[value] = BufferedValue(buffer, order, element_type_of(value.type) == i1)

    def view(self, buffer: SSAValue, shape: Sequence[int]) -> SSAValue:
        """A buffer under another shape."""
        if buffer_shape(buffer.type) == tuple(shape):
            return buffer
        if (buffer, tuple(shape)) not in self._views:
            op = snnrt.ViewOp(buffer, shape)
            op.result.name_hint = buffer.name_hint
            self.declarations.append(op)
            self._views[buffer, tuple(shape)] = op.result
        return self._views[buffer, tuple(shape)]

    def spike_list(self, values: SSAValue, user: Operation) -> tuple[SSAValue, SSAValue]:
        """List and count of the nonzero elements of a byte buffer, made once for all users.

        Raises:
            SNNError: there are too many elements; the message is about `user`.
        """
        if isinstance(owner := values.owner, snnrt.ViewOp):
            values = owner.source
        if values not in self._lists:
            size = element_count(shape_of(values.type))
            if size > 1 << 16:
                raise error_at(
                    user, f"its {size} inputs cannot be listed with 16-bit indices; "
                    "use kernels=cmsis"
                )  # fmt: skip
            list_buffer = self.buffer(f"{values.name_hint}_list", [size], i16)
            op = snnrt.SpikeListOp(values, list_buffer)
            op.count.name_hint = f"{values.name_hint}_count"
            self.call(op)
            self._lists[values] = (list_buffer, op.count)
        return self._lists[values]

    def bind_list(self, value: SSAValue, list: SSAValue, count: SSAValue, order: Order) -> None:
        """Let a list of indices hold the spikes of a `qsnn` value; there are no bytes."""
        self.bind(value, list, order)
        self._lists[list] = (list, count)

    def parameter(
        self, name: str, attribute: Attribute, shape: tuple[int, ...], order: Order
    ) -> SSAValue:
        """An integer parameter as a constant of 1, `channels` or all elements, in buffer order."""
        return self.constant(name, parameter_values(attribute, shape, order))


def parameter_values(
    attribute: Attribute, shape: tuple[int, ...], order: Order
) -> NDArray[np.int32]:
    """The values of an integer parameter as 1, `channels` or all elements, in buffer order."""
    if isinstance(attribute, IntegerAttr):
        return np.array([attribute.value.data], np.int32)
    assert isinstance(attribute, DenseIntOrFPElementsAttr)
    values = array_from_dense(attribute).astype(np.int32)
    canonical = np.array_equal(order, channels_last(shape))
    per_channel = values.shape == (shape[0], *[1] * (len(shape) - 1))
    if canonical and per_channel:
        return values.reshape(-1)
    return np.broadcast_to(values, shape).reshape(-1)[order]


def layer_label(op: Operation, kind: str) -> str:
    """Prefix of the names of a layer's buffers: its name, with its kind where that is a number."""
    name = getattr(op.attributes.get("layer"), "data", kind)
    return f"{kind}_{name}" if name[:1].isdigit() else name


def stored_type(value: SSAValue) -> Attribute:
    """Element type of a buffer."""
    return buffer_element(value.type)


def windows_of(op: Operation, *names: str) -> dict[str, Attribute]:
    """The properties of a layer that its call has, too."""
    return {name: op.properties[name] for name in names}
