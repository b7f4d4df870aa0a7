# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What calls on packed lanes and spike masks compute, from the headers of snnrt.

As `kernel_functions`: in int64, and what C code relies on is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import f64
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import int_values
from snnir.dialects.snnrt_lanes import MASK_LANES, mask_count
from snnir.executors.kernel_input import expect_sparse
from snnir.executors.kernel_memory import expect_fit
from snnir.executors.lif_update import lif_update
from snnir.kernels.bit_groups import lane_of_bit, lanes_of_bytes
from snnir.kernels.lane_packing import LARGEST_LANE, LanePacking
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call

Integers = NDArray[np.int64]


def _fill_list(call: Call, value: SSAValue, entries: Integers) -> None:
    """Write the first entries of a list; the rest is never written."""
    shape = buffer_shape(value.type)
    call.memory.clobber(value)
    stored = call.memory.read(call.op, value).reshape(shape)
    stored.reshape(-1)[: entries.size] = entries.reshape(-1)
    call.write(value, stored)


def list_hits(op: snnrt.ListHitsOp, call: Call) -> None:
    frame, maximum = call.read(op.frame).reshape(-1), op.maximum.value.data
    if ((frame < 0) | (frame > maximum)).any():
        raise error_at(op, f"got {frame.max()} in the frame, more than the maximum of {maximum}")
    if op.density is not None:
        assert op.cells is not None
        expect_sparse(op, call.read(op.frame), op.density, op.cells, call)
    if call.read(op.counts).any():
        raise error_at(op, "finds counts of the step before")
    indices = np.flatnonzero(frame)
    call.write(op.counts, frame)
    _fill_list(call, op.hits, indices.astype(np.uint16).view(np.int16).astype(np.int64))
    call.write(op.hit_count, np.array([len(indices)]))


def _reach(padded: int, kernel: int, outputs: int) -> tuple[slice, slice]:
    """Along an axis: the outputs that an input reaches, and the elements of the kernel."""
    first = padded - (kernel - 1)
    begin, end = max(first, 0), min(padded, outputs - 1) + 1
    return slice(begin, max(end, begin)), slice(begin - first, max(end, begin) - first)


def add_kernel(
    op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp | snnrt.TileLIFBase, current: Integers,
    kernel: Integers, site: tuple[int, int],
) -> tuple[slice, slice]:  # fmt: skip
    """Add a kernel, rows and columns in reverse, where an input at `site` reaches."""
    axes = zip(site, int_values(op.padding), kernel.shape[:2], current.shape[:2], strict=True)
    (rows, row_taps), (columns, column_taps) = (
        _reach(position + padding, taps, outputs) for position, padding, taps, outputs in axes
    )
    current[rows, columns] += kernel[row_taps, column_taps]
    return rows, columns


def lane_conv2d_hits(op: snnrt.LaneConv2dHitsOp, call: Call) -> None:
    """Sums are taken modulo 2**16; only the final ones must fit."""
    kernels, current, counts = call.read(op.kernels), call.read(op.current), call.read(op.counts)
    touched = None if op.touched is None else words_of(call, op.touched)
    hits = call.memory.read(op, op.hits, np.dtype("<u2")).reshape(-1)
    height, width = int_values(op.input_size)
    for index in hits[: int(call.read(op.hit_count)[0])].tolist():
        channel, position = divmod(index, height * width)
        site = divmod(position, width)
        count, most = counts.flat[index], op.multiples
        kernel = count // most * kernels[(most - 1) * op.channels + channel]
        if count % most:
            kernel = kernel + kernels[(count % most - 1) * op.channels + channel]
        rows, columns = add_kernel(op, current, kernel, site)
        counts.flat[index] = 0
        if touched is not None:
            touch_windows(touched, rows, columns, int_values(op.window))
    expect_fit(op, op.current, current)
    call.write(op.current, current)
    call.write(op.counts, counts)
    if op.touched is not None and touched is not None:
        _write_words(call, op.touched, touched)


def touch_windows(touched: Integers, rows: slice, columns: slice, window: Sequence[int]) -> None:
    """Set the bits of the windows that rows and columns of currents lie in."""
    if rows.start < rows.stop and columns.start < columns.stop:
        bits = range(columns.start // window[1], (columns.stop - 1) // window[1] + 1)
        reached = slice(rows.start // window[0], (rows.stop - 1) // window[0] + 1)
        touched[reached] |= sum(1 << bit for bit in bits)


def words_of(call: Call, value: SSAValue) -> Integers:
    """A buffer of unsigned 32-bit words."""
    return call.memory.read(call.op, value, np.dtype("<u4"))


def _write_words(call: Call, value: SSAValue, words: Integers) -> None:
    call.write(value, words.astype(np.uint32).view(np.int32).astype(np.int64))


def mask_conv2d(op: snnrt.MaskConv2dOp, call: Call) -> None:
    """Adds the tabulated sums of each entry; only the final sums must fit."""
    tables, current = call.read(op.tables), call.read(op.current)
    entries = words_of(call, op.entries)[: call.counts[op.count]]
    for *masks, site in entries.tolist():
        every, table = bits_of(masks, op.lanes.value.data), 0
        for group in op.groups:
            chosen = sum(1 << i for i, bit in enumerate(group) if every[bit])
            if chosen:
                add_kernel(op, current, tables[table + chosen - 1], divmod(site, 1 << 16))
            table += (1 << len(group)) - 1
        grouped = {bit for group in op.groups for bit in group}
        if any(fired and bit not in grouped for bit, fired in enumerate(every)):
            raise error_at(op, "finds a spike of a channel that was taken for silent")
    expect_fit(op, op.current, current)
    call.write(op.current, current)


def _bit_position(bit: int, lanes: int) -> tuple[int, int]:
    """Mask and place within it of a bit, which are counted without gaps."""
    mask, within = divmod(bit, MASK_LANES)
    pairs = min(lanes - mask * MASK_LANES, MASK_LANES) // 2
    return mask, within + 16 - pairs if within < pairs else within - pairs + 32 - pairs


def bits_of(masks: list[int], lanes: int) -> list[bool]:
    """The bits of masks, counted without gaps."""
    places = (_bit_position(bit, lanes) for bit in range(lanes))
    return [bool(masks[mask] >> place & 1) for mask, place in places]


def _packing(op: Any) -> LanePacking:
    """How the currents of a window layer are packed; channels are lanes."""
    *_, row = buffer_shape(op.current.type)
    triples = buffer_element(op.current.type) == f64
    return LanePacking(3 * row, op.offset.value.data) if triples else LanePacking(row)


def _pooled(op: Any, current: Integers) -> Integers:
    """(height, width, lanes): the largest or the sum of each window."""
    height, width, lanes = buffer_shape(op.membrane.type)
    rows, columns = int_values(op.window)
    windows = current[: height * rows, : width * columns].reshape(
        height, rows, width, columns, lanes
    )
    return windows.sum(axis=(1, 3)) if op.sum.value.data else windows.max(axis=(1, 3))


def _update(op: Any, call: Call) -> NDArray[np.bool_]:
    """Pool, update the state, clear currents; returns the spikes (height, width, lanes)."""
    packing, stored = _packing(op), call.read(op.current)
    current = packing.unpack(stored)
    _expect_lanes(op, packing, current)
    none = packing.no_current() if packing.triples else np.zeros(packing.row)
    call.write(op.current, np.broadcast_to(none, stored.shape).astype(np.int64))
    touched = None
    if op.touched is not None:
        touched = words_of(call, op.touched)
        call.write(op.touched, np.zeros(buffer_shape(op.touched.type), np.int64))
    return update_windows(op, call, current, touched)


def update_windows(
    op: Any, call: Call, current: Integers, touched: Integers | None
) -> NDArray[np.bool_]:
    """Pool and update the state; returns the spikes (height, width, lanes).

    Args:
        current: (rows, columns, lanes), without offset.
        touched: for each row of windows a word with a bit for each one that may have currents; None
            for all.
    """
    if touched is not None:
        _expect_marked(op, current, touched)
    input, state = _pooled(op, current), call.read(op.membrane)
    if op.resets is None:
        spikes, membrane = lif_update(op, call, state, input)
        call.write(op.membrane, membrane)
        return spikes
    if op.calm is not None:
        assert touched is not None
        _follow_calm(op, call, input, state, touched)
    resets = call.read(op.resets)
    difference = state - input - op.offset.value.data
    expect_fit(op, op.membrane, difference)
    spikes = difference < 0
    reset = np.where(spikes, resets[:, 1].reshape(-1), resets[:, 0].reshape(-1))
    call.write(op.membrane, (difference + reset) >> 1)
    return spikes


def _follow_calm(op: Any, call: Call, input: Integers, state: Integers, touched: Integers) -> None:
    """Update which windows are calm, and check that those only spike in busy words.

    The C code makes up later for the steps of the other words, which are taken here at once.
    """
    height, width, lanes = state.shape
    words = words_of(call, op.calm)
    step, rows = words[0] + 1, words[1:].reshape(height, width + 1)
    first, end = int_values(op.busy)
    light = np.ones(lanes, np.bool_)
    light[2 * first : 2 * end] = False
    spikes = ((state - input - op.offset.value.data)[..., light] < 0).any(axis=-1)
    columns = np.arange(width)
    computed = (touched | rows[:, 0])[:, np.newaxis] >> columns & 1 != 0
    if (spikes & ~computed).any():
        raise error_at(op, "finds a spike in a window that was taken for calm")
    rows[:, 0] = (spikes << columns).sum(axis=1)
    rows[:, 1:][computed & ~spikes] = step
    _write_words(call, op.calm, np.concatenate([[step], rows.reshape(-1)]))


def _expect_lanes(op: Any, packing: LanePacking, current: Integers) -> None:
    """Check that no lane of a triple left its range at the end; `current` is without offset."""
    if packing.offset is not None and (current + packing.offset > LARGEST_LANE).any():
        raise error_at(op, f"finds a current of {current.max()}, which leaves its lane")


def _expect_marked(op: Any, current: Integers, touched: Integers) -> None:
    """Check that windows that are not marked hold zeros."""
    height, width, _ = buffer_shape(op.membrane.type)
    rows, columns = int_values(op.window)
    for y in range(height):
        for x in range(width):
            window = current[y * rows : (y + 1) * rows, x * columns : (x + 1) * columns]
            if not touched[y] >> x & 1 and window.any():
                raise error_at(op, f"finds currents in window {(y, x)}, which is not marked")


def _real_lanes(op: Any, spikes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Spikes of the lanes that hold a channel; the others never fire."""
    channels = op.channels.value.data
    if spikes[..., channels:].any():
        raise error_at(op, "finds a spike in a lane without a channel")
    return spikes[..., :channels]


def window_lif_masks(op: snnrt.WindowLIFMasksOp, call: Call) -> None:
    list_masks(op, call, _update(op, call))


def list_masks(op: snnrt.MaskListLIFBase, call: Call, spikes: NDArray[np.bool_]) -> None:
    """Write the spikes of a layer as a mask list."""
    call.spikes[op] = _real_lanes(op, spikes)
    _write_masks(call, op.entries, op.count, spikes)


def _write_masks(call: Call, place: SSAValue, count: SSAValue, spikes: NDArray[np.bool_]) -> None:
    """List the masks of the positions of `spikes`, (height, width, lanes), and say how many."""
    lanes = spikes.shape[-1]
    entries = []
    for y, x in np.argwhere(spikes.any(axis=-1)):
        masks = [0] * mask_count(lanes)
        for bit in range(lanes):
            if spikes[y, x, lane_of_bit(bit, lanes)]:
                mask, shift = _bit_position(bit, lanes)
                masks[mask] |= 1 << shift
        entries.append([*masks, int(y) << 16 | int(x)])
    words = np.array(entries, np.uint32).reshape(-1)
    _fill_list(call, place, words.view(np.int32).astype(np.int64))
    call.counts[count] = len(entries)


def window_lif_list(op: snnrt.WindowLIFListOp, call: Call) -> None:
    list_indices(op, call, _update(op, call))


def list_indices(op: snnrt.IndexListLIFBase, call: Call, spikes: NDArray[np.bool_]) -> None:
    """Write the spikes of a layer as a list of indices."""
    call.spikes[op] = spikes = _real_lanes(op, spikes)
    indices = np.flatnonzero(spikes)
    _fill_list(call, op.list, indices.astype(np.uint16).view(np.int16).astype(np.int64))
    call.counts[op.count] = len(indices)


def _update_map(op: snnrt.MapLIFBase, call: Call) -> NDArray[np.bool_]:
    return update_windows(op, call, call.read(op.current) << op.current_shift.value.data, None)


def map_lif_masks(op: snnrt.MapLIFMasksOp, call: Call) -> None:
    list_masks(op, call, _update_map(op, call))


def map_lif_list(op: snnrt.MapLIFListOp, call: Call) -> None:
    list_indices(op, call, _update_map(op, call))


def _read_masks(
    call: Call, entries: SSAValue, count: SSAValue, size: Sequence[int], lanes: int
) -> NDArray[np.bool_]:
    """The spikes that are listed, (*size, lanes); those of other positions are left out."""
    spikes = np.zeros((*size, lanes), np.bool_)
    for *masks, site in words_of(call, entries)[: call.counts[count]].tolist():
        y, x = divmod(site, 1 << 16)
        if y < size[0] and x < size[1]:
            for bit, fired in enumerate(bits_of(masks, lanes)):
                spikes[y, x, lane_of_bit(bit, lanes)] = fired
    return spikes


def masks_to_bytes(op: snnrt.MasksToBytesOp, call: Call) -> None:
    *size, channels = buffer_shape(op.spikes.type)
    spikes = _read_masks(call, op.entries, op.count, size, op.lanes.value.data)
    call.write(op.spikes, spikes[..., :channels].astype(np.int64))


def max_pool_masks(op: snnrt.MaxPoolMasksOp, call: Call) -> None:
    size, window = int_values(op.output_size), int_values(op.window)
    read = [extent * taps for extent, taps in zip(size, window, strict=True)]
    spikes = _read_masks(call, op.entries, op.spike_count, read, op.lanes.value.data)
    windows = spikes.reshape(size[0], window[0], size[1], window[1], -1)
    _write_masks(call, op.pooled, op.count, np.any(windows, axis=(1, 3)))


def bytes_to_masks(op: snnrt.BytesToMasksOp, call: Call) -> None:
    spikes = call.read(op.spikes)
    lane_channels = lanes_of_bytes(spikes.shape[-1])
    by_lane = np.zeros((*spikes.shape[:2], len(lane_channels)), np.bool_)
    for lane, channel in enumerate(lane_channels):
        if channel is not None:
            by_lane[..., lane] = spikes[..., channel] != 0
    _write_masks(call, op.entries, op.count, by_lane)


LANE_KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    snnrt.ListHitsOp: list_hits,
    snnrt.LaneConv2dHitsOp: lane_conv2d_hits,
    snnrt.MaskConv2dOp: mask_conv2d,
    snnrt.WindowLIFMasksOp: window_lif_masks,
    snnrt.WindowLIFListOp: window_lif_list,
    snnrt.MapLIFMasksOp: map_lif_masks,
    snnrt.MapLIFListOp: map_lif_list,
    snnrt.MasksToBytesOp: masks_to_bytes,
    snnrt.BytesToMasksOp: bytes_to_masks,
    snnrt.MaxPoolMasksOp: max_pool_masks,
}
