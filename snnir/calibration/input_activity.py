# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many events frames hold, where, and which neurons they reach: what kernels are chosen by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Operation

from snnir.data.network_inputs import LARGEST_INPUT, rounded_values
from snnir.dialects import qsnn, snn
from snnir.dialects.layer_shapes import int_values, shape_of, window_extent
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.layers.activity_attributes import (
    AGES_TO_REST,
    INPUT_COLUMNS,
    INPUT_COUNTS,
    INPUT_RATES,
    INPUT_ROWS,
    INPUT_TOTALS,
    INPUT_VALUES,
    REACH_AGES,
    SMALL_VALUES,
    TOTALS,
    write_floats,
)

_CONVOLUTIONS = (snn.Conv2dOp, qsnn.Conv2dOp)
_POOLS = (
    snn.MaxPool2dOp, snn.SumPool2dOp, snn.AvgPool2dOp, qsnn.MaxPool2dOp, qsnn.SumPool2dOp,
)  # fmt: skip
_ELEMENTWISE = (snn.BatchNormOp, snn.ScaleOp, qsnn.ScaleOp)
_NEURONS = (snn.LIFOp, qsnn.LIFOp)


@dataclass(frozen=True, eq=False)
class InputActivity:
    """Means over all frames.

    Attributes:
        counts: sum of the elements, number of elements that are not 0, and of positions with one.
        values: numbers of elements that are 1, 2, …, and what others sum up to, see `INPUT_VALUES`.
        rows, columns: elements that are not 0 in each; None where frames are no maps.
        totals: quantiles of the sum of a frame, see `INPUT_TOTALS`.
        rates: of each element; None where convolutions read the frame.
        reach_ages: for each neuron layer behind a convolution of the frame, see `REACH_AGES`.
    """

    counts: NDArray[np.float64]
    values: NDArray[np.float64]
    rows: NDArray[np.float64] | None
    columns: NDArray[np.float64] | None
    reach_ages: dict[Operation, NDArray[np.float64]]
    totals: NDArray[np.float64]
    rates: NDArray[np.float64] | None

    def record(self, network: NetworkOpBase) -> None:
        """Write all into attributes, replacing older ones."""
        write_floats(network, INPUT_COUNTS, self.counts)
        write_floats(network, INPUT_VALUES, self.values)
        write_floats(network, INPUT_TOTALS, self.totals)
        maps = ((INPUT_ROWS, self.rows), (INPUT_COLUMNS, self.columns), (INPUT_RATES, self.rates))
        for name, values in maps:
            if values is not None:
                write_floats(network, name, values)
        for op, ages in self.reach_ages.items():
            write_floats(op, REACH_AGES, ages)


def input_activity(network: NetworkOpBase, x: NDArray) -> InputActivity:
    """Measure frames (samples, timesteps, *shape), or static ones (samples, *shape).

    Of real values those count that are not 0 as integers, see `integer_input`, each as one event.
    """
    shape = shape_of(network.frame.type)
    real = network.input.data in REAL_KINDS
    unit = _unit(network, x)
    if real:
        x = x.reshape(len(x), -1, *shape)
    blocks = _blocks_of_frame(network) if len(shape) == 3 and not real else {}
    steps = x.shape[0] * x.shape[1]
    counts, values = np.zeros(3), np.zeros(SMALL_VALUES + 1)
    maps = np.zeros(shape[1:]) if len(shape) == 3 else None
    ages = {op: np.zeros(4) for op in blocks}
    convolved = any(isinstance(use.operation, _CONVOLUTIONS) for use in network.frame.uses)
    rates = None if convolved else np.zeros(shape)
    totals: list[NDArray] = []
    for sample in x:
        frames = np.asarray(sample) if unit is None else rounded_values(sample, unit)
        events = frames != 0
        positions = events.any(axis=1) if len(shape) > 1 else events
        # A real value is one event.
        sums = (events if real else frames).reshape(len(frames), -1)
        totals.append(sums.sum(axis=1, dtype=np.int64))
        counts += totals[-1].sum(), np.count_nonzero(events), positions.sum()
        values += _values(frames)
        if rates is not None:
            rates += events.sum(axis=0)
        if maps is not None:
            maps += events.sum(axis=(0, 1))
        for op, windows in blocks.items():
            ages[op] += _ages(positions, windows)
    return InputActivity(
        counts / steps,
        values / steps,
        None if maps is None else maps.sum(axis=1) / steps,
        None if maps is None else maps.sum(axis=0) / steps,
        {op: values / len(x) for op, values in ages.items()},
        np.quantile(np.concatenate(totals), np.linspace(0, 1, TOTALS)),
        None if rates is None else rates.reshape(-1) / steps,
    )


def _values(frames: NDArray) -> NDArray[np.float64]:
    """What `INPUT_VALUES` holds, of all frames together."""
    counted = np.arange(1, SMALL_VALUES + 1)
    numbers = np.array([np.count_nonzero(frames == value) for value in counted], np.float64)
    magnitudes = np.abs(frames).sum(dtype=np.float64)
    return np.append(numbers, magnitudes - counted @ numbers)


def _unit(network: NetworkOpBase, x: NDArray) -> float | None:
    """What a real value of 1 as an integer stands for; None where `x` holds integers already."""
    if network.input.data not in REAL_KINDS or not np.issubdtype(x.dtype, np.floating):
        return None
    scale = network.properties.get("input_scale")
    if isinstance(scale, FloatAttr):
        return float(scale.value.data)
    return float(np.abs(x).max(initial=0.0)) / LARGEST_INPUT or 1.0


@dataclass(frozen=True)
class _Window:
    """A sliding window along two axes: extents, strides and paddings."""

    extent: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


def _pair(values: object) -> tuple[int, int]:
    first, second = int_values(values)  # type: ignore[arg-type]
    return first, second


def _blocks_of_frame(network: NetworkOpBase) -> dict[Operation, list[_Window]]:
    """Neurons behind a convolution of the frame and perhaps a pooling, with these windows."""
    found: dict[Operation, list[_Window]] = {}
    for use in network.frame.uses:
        op = use.operation
        if not isinstance(op, _CONVOLUTIONS):
            continue
        taps = shape_of(op.weight.type)[2:]
        dilation = _pair(op.dilation)
        extent = (window_extent(taps[0], dilation[0]), window_extent(taps[1], dilation[1]))
        windows = [_Window(extent, _pair(op.stride), _pair(op.padding))]
        users = [use.operation for use in op.result.uses]
        while len(users) == 1 and isinstance(user := users[0], (*_POOLS, *_ELEMENTWISE)):
            if isinstance(user, _POOLS):
                windows.append(_Window(_pair(user.kernel), _pair(user.stride), _pair(user.padding)))
            users = [use.operation for use in user.results[0].uses]
        if len(users) == 1 and isinstance(users[0], _NEURONS):
            found[users[0]] = windows
    return found


def _reached(active: NDArray[np.bool_], window: _Window) -> NDArray[np.bool_]:
    """Which windows hold an active position, for maps (steps, height, width)."""
    top, left = window.padding
    rows = np.pad(active, ((0, 0), (top, top), (left, left))).swapaxes(0, 1)
    columns = _any_of_windows(rows, window.extent[0], window.stride[0]).swapaxes(0, 2)
    return _any_of_windows(columns, window.extent[1], window.stride[1]).transpose(1, 2, 0)


def _any_of_windows(active: NDArray[np.bool_], extent: int, stride: int) -> NDArray[np.bool_]:
    """Which windows along the first axis hold True, at each position of the others."""
    last = len(active) - extent
    parts = [active[start : last + start + 1 : stride] for start in range(extent)]
    return reduce(np.logical_or, parts)


def _ages(active: NDArray[np.bool_], windows: list[_Window]) -> NDArray[np.float64]:
    """Shares of all steps and neurons by the time since an event, see `REACH_AGES`."""
    for window in windows:
        active = _reached(active, window)
    at_rest = AGES_TO_REST + 1
    numbers = np.zeros(at_rest + 1, np.int64)
    # All neurons start on their way to rest; no event has just left them.
    since = np.ones(active.shape[1:], np.int64)
    for reached in active:
        since = np.where(reached, 0, np.minimum(since + 1, at_rest))
        numbers += np.bincount(since.reshape(-1), minlength=len(numbers))
    by_age = [numbers[0], numbers[1], numbers[2:at_rest].sum(), numbers[at_rest]]
    return np.array(by_age) / active.size
