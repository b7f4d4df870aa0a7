# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many elements of each buffer of a `snnrt` network are active in a mean step.

Follows the recorded activity (`snnir.layers.activity_attributes`) from calls to their outputs.
Where none was recorded, `ASSUMED_INPUT_RATE` of the input's elements (all of a frame of real
values) and `ASSUMED_RATE` of the neurons are taken to be active, everywhere alike and
independently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.ir import SSAValue

from snnir.dialects import cmsis_nn, snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values, shape_of
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.kernels.bit_groups import channels_by_bit, lanes_of_bytes
from snnir.kernels.context import ORDER
from snnir.layers.activity_attributes import (
    ACTIVE_COLUMNS,
    ACTIVE_ROWS,
    INPUT_COLUMNS,
    INPUT_COUNTS,
    INPUT_RATES,
    INPUT_ROWS,
    INPUT_TOTALS,
    INPUT_VALUES,
    POOLED_COUNTS,
    POSITION_SPIKES,
    SPIKE_COLUMNS,
    SPIKE_ROWS,
    channel_rates_of,
    floats_of,
    rate_of,
)
from snnir.support.arrays import array_from_dense

ASSUMED_INPUT_RATE = 0.02
"""Share of the input's elements with events, where none was measured: event cameras see little."""
ASSUMED_RATE = 0.1
"""Spikes of a neuron and step, where none was measured; as `linear_candidates.DEFAULT_RATE`."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Signal:
    """Activity of a buffer in a mean step.

    Attributes:
        active: elements that are not 0.
        total: sum of the elements.
        positions: positions with an active element.
        rows, columns: share of them in each row and column; None where there are no maps.
        active_rows, active_columns: shares of the active elements likewise; None where they lie as
            the positions do.
        rates: of each channel, per element and step; None where they are alike or not known.
        elements: how often each element is active, in the order of the buffer; None likewise.
        together: shares of the active positions with 1, 2, 3, … active channels; None likewise.
        totals: quantiles of the sum of the elements; None where it was not measured.
        values: numbers of elements that are 1, 2, … `SMALL_VALUES`; None where they were not
            measured.
        magnitudes: sum of the magnitudes of others; None likewise.
        real: whether elements are values with signs, rather than counts.
        bit_channels: of spikes as masks, the channel of each bit; None where channels lie in the
            order of their rates.
    """

    size: int
    active: float
    total: float
    positions: float
    rows: Floats | None = None
    columns: Floats | None = None
    rates: Floats | None = None
    elements: Floats | None = None
    totals: Floats | None = None
    together: Floats | None = None
    active_rows: Floats | None = None
    active_columns: Floats | None = None
    values: Floats | None = None
    magnitudes: float | None = None
    real: bool = False
    bit_channels: tuple[int | None, ...] | None = None

    @property
    def along(self) -> tuple[Floats | None, Floats | None]:
        """Shares of the active positions in each row and column."""
        return self.rows, self.columns

    @property
    def active_along(self) -> tuple[Floats | None, Floats | None]:
        """Shares of the active elements in each row and column."""
        if self.active_rows is None or self.active_columns is None:
            return self.along
        return self.active_rows, self.active_columns

    @property
    def rate(self) -> float:
        """Share of the elements that are active."""
        return self.active / max(self.size, 1)

    @property
    def pixels(self) -> int:
        """Positions; elements where there are no maps."""
        return (
            self.size
            if self.rows is None or self.columns is None
            else (len(self.rows) * len(self.columns))
        )

    def busy(self, block: int, *, planar: bool = False) -> float:
        """Blocks of so many neighbours with an active element.

        Args:
            planar: whether neighbours are of one channel, as in frames, rather than of one
                position. Elements and positions are active independently of each other.
        """
        channels = self.size / max(self.pixels, 1)
        if planar or self.positions <= 0 or channels <= 1:
            return self.size / block * (1 - (1 - min(self.rate, 1.0)) ** block)
        share = min(self.positions / self.pixels, 1.0)
        if channels <= block:
            return self.size / block * (1 - (1 - share) ** (block / channels))
        # Each spike of a position lies in any of its blocks.
        blocks = channels / block
        return self.positions * blocks * (1 - (1 - 1 / blocks) ** (self.active / self.positions))


def _shares(values: Floats | None, size: int) -> Floats:
    if values is None or len(values) < size or values.sum() <= 0:
        return np.full(size, 1 / size)
    # Rows that nothing depends on are not computed.
    kept = values[:size]
    return kept / kept.sum() if kept.sum() > 0 else np.full(size, 1 / size)


def frame_signal(network: NetworkOpBase) -> Signal:
    """The activity of a network's input, channels first."""
    shape = shape_of(network.frame.type)
    size = element_count(shape)
    counts = floats_of(network, INPUT_COUNTS)
    real = network.input.data in REAL_KINDS
    if counts is None and real:
        counts = np.array([size, size, size // shape[0] if len(shape) > 1 else size], np.float64)
    elif counts is None:
        active = ASSUMED_INPUT_RATE * size
        counts = np.array([active, active, active])
    total, active, positions = (float(value) for value in counts)
    totals, elements = floats_of(network, INPUT_TOTALS), floats_of(network, INPUT_RATES)
    measured = floats_of(network, INPUT_VALUES)
    values, others = (None, None) if measured is None else (measured[:-1], float(measured[-1]))
    if elements is not None and len(elements) != size:
        elements = None
    if len(shape) != 3:
        return Signal(
            size, active, total, positions, elements=elements, totals=totals, values=values,
            magnitudes=others, real=real,
        )  # fmt: skip
    if elements is not None:
        elements = elements.reshape(shape).transpose(1, 2, 0).reshape(-1)
    rows = _shares(floats_of(network, INPUT_ROWS), shape[1])
    columns = _shares(floats_of(network, INPUT_COLUMNS), shape[2])
    return Signal(
        size, active, total, positions, rows, columns, elements=elements, totals=totals,
        values=values, magnitudes=others, real=real,
    )  # fmt: skip


def neuron_signal(op: KernelOpBase, shape: tuple[int, ...], channels: int) -> Signal:
    """The spikes of a neuron call, whose buffer has `shape`, channels last, of `channels`."""
    size = element_count(shape)
    rate, rates = rate_of(op), channel_rates_of(op)
    known = rates is not None and len(rates) == channels
    by_channel = np.asarray(rates, np.float64) if known else None
    if rate is None:
        rate = ASSUMED_RATE
    rows, columns = floats_of(op, ACTIVE_ROWS), floats_of(op, ACTIVE_COLUMNS)
    chances = np.full(channels, rate) if by_channel is None else by_channel
    if len(shape) == 1:
        return Signal(size, rate * size, rate * size, rate * size, rates=by_channel,
                      elements=by_channel)  # fmt: skip
    together = float(1 - np.prod(1 - np.clip(chances, 0, 1)))
    if len(shape) == 2:
        return Signal(size, rate * size, rate * size, shape[0] * together, rates=by_channel)
    whole = size
    if isinstance(op, snnrt.PackedNeuronsBase):
        whole = element_count(int_values(op.logical_shape))
    active = rate * whole
    if rows is not None and columns is not None:
        positions = float(rows.sum())
    else:
        positions = shape[0] * shape[1] * together
        active = rate * size
    along = _shares(rows, shape[0]), _shares(columns, shape[1])
    fired = [
        None if (values := floats_of(op, name)) is None else _shares(values, extent)
        for name, extent in ((SPIKE_ROWS, shape[0]), (SPIKE_COLUMNS, shape[1]))
    ]
    elements = None
    if known and channels == shape[2] and by_channel is not None and by_channel.sum() > 0:
        places = [
            place if share is None else share for place, share in zip(along, fired, strict=True)
        ]
        each = np.einsum("y,x,c->yxc", *places, by_channel / by_channel.sum()).reshape(-1)
        elements = np.minimum(active * each, 1.0)
    return Signal(size, active, active, positions, *along, by_channel, elements,
                  together=floats_of(op, POSITION_SPIKES), active_rows=fired[0],
                  active_columns=fired[1])  # fmt: skip


def _pooled(
    op: KernelOpBase,
    source: Signal,
    pixels: int,
    shape: tuple[int, ...],
    window: int,
    *,
    sums: bool = False,
) -> Signal:
    """Spikes behind a pooling of `pixels` positions, as measured, or independent within a window
    of so many.

    Args:
        sums: whether windows are summed up, so that the total stays.
    """
    size = element_count(shape)
    active = size * (1 - (1 - min(source.rate, 1)) ** window)
    share = min(source.positions / max(pixels, 1), 1)
    positions = shape[0] * shape[1] * (1 - (1 - share) ** window)
    total = source.total if sums else active
    if (counts := floats_of(op, POOLED_COUNTS)) is not None:
        total, active, positions = counts
    rows, columns = (np.full(extent, 1 / extent) for extent in shape[:2])
    positions, rates = max(positions, active / shape[2]), None
    if source.rates is not None and len(source.rates) == shape[2]:
        rates = 1 - (1 - np.clip(source.rates, 0, 1)) ** window
        rates *= active / size / max(float(rates.mean()), 1e-9)
    return Signal(size, active, total, positions, rows, columns, rates, real=source.real)


def _ordered_bits(op: snnrt.WindowLIFBase) -> tuple[int | None, ...] | None:
    """The channel of each bit if the channels of a call lie in their own order."""
    channels, lanes = op.channels.value.data, buffer_shape(op.membrane.type)[-1]
    order = op.attributes.get(ORDER)
    if not isinstance(order, DenseIntOrFPElementsAttr) or channels > lanes:
        return None
    # Logical indices of the channels at the first position; the later channel has the larger.
    first = array_from_dense(order)[:channels]
    if (np.diff(first) < 0).any():
        return None
    return channels_by_bit([*range(channels), *[None] * (lanes - channels)])


def root_of(value: SSAValue) -> SSAValue:
    """The buffer that a value is a view of."""
    while isinstance(owner := value.owner, snnrt.ViewOp):
        value = owner.source
    return value


def _written_states(calls: list[KernelOpBase]) -> list[KernelOpBase]:
    """The calls that write spikes to states, after those that compute what they copy."""
    written: list[KernelOpBase] = [
        op
        for op in calls
        if isinstance(op, snnrt.LIFOp | snnrt.AlphaOp | snnrt.MaxPool2dOp | snnrt.ScaleOp)
        and any(_is_state(value) for value in op.buffers(op.WRITES))
    ]
    of_neurons = all(isinstance(op, snnrt.LIFOp | snnrt.AlphaOp) for op in written)
    return written if of_neurons else calls


def _is_state(value: SSAValue) -> bool:
    owner = root_of(value).owner
    return isinstance(owner, snnrt.BufferOp) and owner.region.data is snnrt.Region.STATE


class Signals:
    """The activity of all buffers of one network, by buffer."""

    def __init__(self, network: snnrt.NetworkOp):
        self._known: dict[SSAValue, Signal] = {network.frame: frame_signal(network)}
        calls = [op for op in network.body.block.ops if isinstance(op, KernelOpBase)]
        # What a register held is as active as what is written to it later in the step.
        for op in (*_written_states(calls), *calls):
            self._follow(op)

    def __getitem__(self, value: SSAValue) -> Signal:
        root = root_of(value)
        if (found := self._known.get(root)) is not None:
            return found
        size = element_count(buffer_shape(root.type))
        return Signal(size, size, size, size)

    def _follow(self, op: KernelOpBase) -> None:
        known = self._known
        if isinstance(op, snnrt.ListHitsOp):
            known[op.hits] = self[op.frame]
        elif isinstance(op, snnrt.FrameToHWCOp | snnrt.ValuesToHWCOp):
            known[root_of(op.output)] = self[op.frame]
        elif isinstance(op, snnrt.SpikeListOp):
            known[op.list] = self[op.values]
        elif isinstance(op, snnrt.BytesToMasksOp):
            lanes = lanes_of_bytes(buffer_shape(op.spikes.type)[-1])
            known[op.entries] = replace(self[op.spikes], bit_channels=channels_by_bit(lanes))
        elif isinstance(op, snnrt.MasksToBytesOp):
            known[op.spikes] = self[op.entries]
        elif isinstance(op, snnrt.MarkEventsOp):
            known[op.marks] = self[op.frame]
        elif isinstance(op, snnrt.WindowLIFBase):
            signal = neuron_signal(op, op.spikes_shape, op.channels.value.data)
            known[op.listed] = replace(signal, bit_channels=_ordered_bits(op))
        elif isinstance(op, snnrt.MultiStepBase):
            known[op.bits] = neuron_signal(op, op.spikes_shape, op.spikes_shape[-1])
        elif isinstance(op, snnrt.ListBitsOp):
            known[op.list] = self[op.bits]
        elif isinstance(op, snnrt.BitsToBytesOp):
            known[root_of(op.spikes)] = self[op.bits]
        elif isinstance(op, snnrt.LIFOp | snnrt.AlphaOp):
            shape = buffer_shape(op.spikes.type)
            known[root_of(op.spikes)] = neuron_signal(op, shape, shape[-1])
        elif isinstance(op, snnrt.ScaleOp):
            known[root_of(op.output)] = self[op.input]
        elif isinstance(op, snnrt.MaxPool2dOp | snnrt.SumPool2dOp | cmsis_nn.MaxPoolOp):
            self._pool(op)
        elif isinstance(op, snnrt.MaxPoolMasksOp):
            self._pool_masks(op)
        elif isinstance(op, snnrt.ConcatChannelsOp):
            parts = self[op.lhs], self[op.rhs]
            known[root_of(op.output)] = replace(
                parts[0], size=sum(p.size for p in parts), active=sum(p.active for p in parts),
                total=sum(p.total for p in parts), rates=None, elements=None, totals=None,
                values=None, magnitudes=None, together=None, active_rows=None, active_columns=None,
            )  # fmt: skip

    def _pool(self, op: snnrt.MaxPool2dOp | snnrt.SumPool2dOp | cmsis_nn.MaxPoolOp) -> None:
        source, shape = self[op.input], buffer_shape(op.output.type)
        pixels = element_count(buffer_shape(op.input.type)[:2])
        window, sums = element_count(int_values(op.kernel)), isinstance(op, snnrt.SumPool2dOp)
        self._known[root_of(op.output)] = _pooled(op, source, pixels, shape, window, sums=sums)

    def _pool_masks(self, op: snnrt.MaxPoolMasksOp) -> None:
        source, (height, width) = self[op.entries], int_values(op.output_size)
        pixels = buffer_shape(op.entries.type)[0]
        channels = round(source.size / pixels)
        window = element_count(int_values(op.window))
        shape = (height, width, channels)
        pooled = _pooled(op, source, pixels, shape, window)
        self._known[op.pooled] = replace(pooled, bit_channels=source.bit_channels)
