# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How close together the events of frames lie: measured, turned into a contract, and checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from snnir.dialects import qsnn, snn, snnrt
from snnir.dialects.input_density import LARGEST_DENSITY, InputDensityAttr
from snnir.dialects.layer_shapes import int_values, shape_of, window_extent
from snnir.dialects.network import NetworkOpBase
from snnir.support.diagnostics import error_at

HEADROOMS = (1.5, 1.25)
"""A contract allows one of these times the largest density of the data that it is measured on."""


def density_cell(network: snn.NetworkOp) -> tuple[int, ...] | None:
    """Extents of the cells in which a bound on events bounds the sums of the first layers.

    A window of k positions, dilation included, never touches more than two cells of k - 1
    positions. So a cell has the largest extent of the convolutions that read the frame, less one,
    and it is the whole frame where a linear layer reads it, or a reshape.

    Returns:
        one extent per spatial axis; None where no layer sums elements of the frame.
    """
    frame = shape_of(network.frame.type)
    extents = [_window(op, frame) for op in _readers(network.frame)]
    windows = [window for window in extents if window is not None]
    if not windows:
        return None
    largest = [max(axis) for axis in zip(*windows, strict=True)]
    return tuple(
        min(max(extent - 1, 1), size) for extent, size in zip(largest, frame[1:], strict=True)
    )


def _readers(value: SSAValue) -> Iterator[Operation]:
    """The operations that read a value, through scales."""
    for use in value.uses:
        if isinstance(use.operation, snn.ScaleOp):
            yield from _readers(use.operation.result)
        else:
            yield use.operation


def _window(op: Operation, frame: Sequence[int]) -> tuple[int, ...] | None:
    """Extents of the window that one output of a layer sums; None if it sums nothing."""
    match op:
        case snn.Conv1dOp() | snn.Conv2dOp():
            kernel = shape_of(op.weight.type)[2:]
            return tuple(map(window_extent, kernel, int_values(op.dilation)))
        case snn.LinearOp() | snn.ReshapeOp() | snn.FlattenOp():
            # One more than the frame, so that the frame is one cell.
            return tuple(size + 1 for size in frame[1:])
        case _:
            return None


def neighbourhood_sums(frames: NDArray, cell: Sequence[int]) -> NDArray:
    """Sums over any two neighbouring cells along each spatial axis.

    Args:
        frames: (..., channels, *spatial), counts.
        cell: an extent for each spatial axis.

    Returns:
        (..., *neighbourhoods), one fewer than cells along an axis with more than one cell.
    """
    spatial = len(cell)
    sums = frames.sum(axis=-1 - spatial, dtype=np.int64 if frames.dtype.kind in "bui" else None)
    for axis, extent in enumerate(cell, start=sums.ndim - spatial):
        sums = np.add.reduceat(sums, np.arange(0, sums.shape[axis], extent), axis=axis)
        if (cells := sums.shape[axis]) > 1:
            first, last = range(cells - 1), range(1, cells)
            sums = np.take(sums, first, axis) + np.take(sums, last, axis)
    return sums


def measure_density(x: NDArray, cell: Sequence[int]) -> int:
    """Return the largest sum in neighbouring cells of any frame.

    Args:
        x: (samples, timesteps, channels, *spatial), counts.
    """
    largest = 0
    for frames in x:
        totals = frames.reshape(len(frames), -1).sum(axis=1, dtype=np.int64)
        # A region holds no more than its frame.
        if (dense := frames[totals > largest]).size:
            largest = max(largest, int(neighbourhood_sums(dense, cell).max()))
    return largest


def possible_contracts(
    network: NetworkOpBase, cell: Sequence[int], measured: int, input_maximum: int
) -> list[int]:
    """Return bounds for a measured density, the largest first.

    Those that every frame keeps to, or that are too large for the IR, are left out.
    """
    channels, *spatial = shape_of(network.frame.type)
    pairs = zip(spatial, cell, strict=True)
    most = channels * math.prod(min(2 * extent, size) for size, extent in pairs) * input_maximum
    bounds = [max(math.ceil(headroom * measured), 1) for headroom in HEADROOMS]
    return [bound for bound in bounds if bound < most and bound <= LARGEST_DENSITY]


def density_of(network: NetworkOpBase) -> InputDensityAttr | None:
    """The contract of a network, if it has one."""
    if isinstance(network, qsnn.NetworkOp | snnrt.NetworkOp):
        return network.input_density
    return None


@dataclass(frozen=True)
class Excess:
    """A region with too many events.

    Attributes:
        frame: index into the leading axes.
        events: sum in the region.
        first, last: its corners along the spatial axes, inclusive.
    """

    frame: tuple[int, ...]
    events: int
    first: tuple[int, ...]
    last: tuple[int, ...]


def find_excess(frames: NDArray, density: InputDensityAttr) -> Excess | None:
    """Return the first region that holds more events than a contract allows, or None.

    Args:
        frames: (..., channels, *spatial), counts.
    """
    leading = frames.shape[: frames.ndim - len(density.extents) - 1]
    spatial = frames.shape[len(leading) + 1 :]
    flat = frames.reshape(-1, *frames.shape[len(leading) :])
    totals = flat.reshape(len(flat), -1).sum(axis=1, dtype=np.float64)
    suspects = np.flatnonzero(totals > density.limit)
    if not len(suspects):
        return None
    sums = neighbourhood_sums(flat[suspects], density.extents)
    if not (exceeds := sums > density.limit).any():
        return None
    index, *place = (int(i) for i in np.unravel_index(int(np.argmax(exceeds)), sums.shape))
    frame = tuple(int(i) for i in np.unravel_index(suspects[index], leading)) if leading else ()
    first = tuple(i * extent for i, extent in zip(place, density.extents, strict=True))
    last = tuple(
        min(start + 2 * extent, size) - 1
        for start, extent, size in zip(first, density.extents, spatial, strict=True)
    )
    return Excess(frame, int(sums[index, *place]), first, last)


def expect_density(
    network: NetworkOpBase, frames: NDArray, *, sample: int = 0, step: int | None = None
) -> None:
    """Check that frames keep to the contract of a network.

    Args:
        frames: (samples, *frame) of the step `step`, or (samples, timesteps, *frame).
        sample: number of the first sample.

    Raises:
        SNNError: one does not; the message names sample, step and region.
    """
    if (density := density_of(network)) is None:
        return
    if (found := find_excess(frames, density)) is None:
        return
    when = found.frame[1] if step is None else step
    names = ("rows", "columns") if len(found.first) == 2 else ("positions",)
    corners = zip(names, found.first, found.last, strict=False)
    region = ", ".join(f"{name} {first} to {last}" for name, first, last in corners)
    raise error_at(
        network,
        f"got {found.events} events in {region or 'the frame'} of sample {sample + found.frame[0]}"
        f", step {when}, more than the {density.limit} of input_density; compile with a larger "
        "--input-density, or none",
    )
