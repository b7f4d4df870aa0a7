# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Discardable attributes of spiking neuron layers that say how often they fire.

`snn-measure-activity` and passes that measure write them; passes that choose kernels or budgets by
activity read them; passes that change a layer erase them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, f32, i64
from xdsl.ir import Operation

from snnir.dialects.network import NetworkOpBase
from snnir.support.arrays import array_from_dense, dense_from_array

RATE = "rate"
"""Spikes per neuron and step, `f32`."""
CHANNEL_RATES = "channel_rates"
"""The same for each index of axis 0, `dense<…> : tensor<channels x f32>`."""
RATE_SAMPLES = "rate_samples"
"""The number of samples that both were measured on, `i64`."""
ACTIVE_ROWS, ACTIVE_COLUMNS = "active_rows", "active_columns"
"""Positions with a spike in a step, in each row and column of a map, `dense<…> : tensor<… x f32>`;
the sum is their mean number in a step."""
SPIKE_ROWS, SPIKE_COLUMNS = "spike_rows", "spike_columns"
"""Spikes of all channels in a step, in each row and column of a map, likewise: positions where much
happens have more spikes than others."""
POSITION_SPIKES = "position_spikes"
"""Shares of the positions with a spike that have 1, 2, 3, … of them,
`dense<…> : tensor<channels x f32>`."""
POOLED_COUNTS = "pooled_counts"
"""Of a pooling of spikes: as `INPUT_COUNTS`, of what it gives."""
REACH_AGES = "reach_ages"
"""For layers behind a convolution of the frame: shares of the positions that events reach in this
step, reached in the step before, reached at most `AGES_TO_REST` steps ago, and not since,
`dense<…> : tensor<4xf32>`."""
AGES_TO_REST = 18

INPUT_COUNTS = "input_counts"
"""Of a network: mean sum of the elements of a frame, mean number of elements that are not 0, and
mean number of positions with such an element, `dense<…> : tensor<3xf32>`."""
INPUT_VALUES = "input_values"
"""Of a network: mean number of elements of a frame that are 1, 2, … `SMALL_VALUES`, which kernels
add so often instead of multiplying, and mean sum of the magnitudes of all others,
`dense<…> : tensor<5xf32>`."""
SMALL_VALUES = 4
INPUT_ROWS, INPUT_COLUMNS = "input_rows", "input_columns"
"""Of a network whose frames are maps: elements that are not 0 in each row and column."""
INPUT_TOTALS = "input_totals"
"""Of a network: `TOTALS` quantiles of the sum of a frame, from the smallest to the largest."""
TOTALS = 33
INPUT_RATES = "input_rates"
"""Of a network whose frames no convolution reads: how often each element is not 0,
`dense<…> : tensor<elements x f32>`."""

_OF_LAYERS = (
    RATE,
    CHANNEL_RATES,
    RATE_SAMPLES,
    ACTIVE_ROWS,
    ACTIVE_COLUMNS,
    SPIKE_ROWS,
    SPIKE_COLUMNS,
    POSITION_SPIKES,
    POOLED_COUNTS,
    REACH_AGES,
)


def write_rates(op: Operation, rate: float, channel_rates: NDArray, samples: int) -> None:
    """Record the rates of a layer, replacing older ones."""
    op.attributes[RATE] = FloatAttr(float(np.float32(rate)), f32)
    op.attributes[CHANNEL_RATES] = dense_from_array(channel_rates.astype(np.float32))
    op.attributes[RATE_SAMPLES] = IntegerAttr(samples, i64)


def erase_rates(op: Operation) -> None:
    """Forget the rates of a layer that no longer has them."""
    for name in _OF_LAYERS:
        op.attributes.pop(name, None)


def rate_of(op: Operation) -> float | None:
    """The recorded rate of a layer, or None."""
    value = op.attributes.get(RATE)
    return value.value.data if isinstance(value, FloatAttr) else None


def channel_rates_of(op: Operation) -> NDArray[np.float32] | None:
    """The recorded rates of a layer's channels, (channels,), or None."""
    value = op.attributes.get(CHANNEL_RATES)
    return array_from_dense(value) if isinstance(value, DenseIntOrFPElementsAttr) else None


def write_floats(op: Operation, name: str, values: NDArray) -> None:
    """Record measured numbers under one of the names above."""
    op.attributes[name] = dense_from_array(np.asarray(values, np.float32))


def floats_of(op: Operation, name: str) -> NDArray[np.float64] | None:
    """Recorded numbers, or None."""
    value = op.attributes.get(name)
    if not isinstance(value, DenseIntOrFPElementsAttr):
        return None
    return array_from_dense(value).astype(np.float64)


def erase_activity(network: NetworkOpBase) -> None:
    """Forget all that was measured on a network."""
    erase_input_activity(network)
    for op in network.body.block.ops:
        erase_rates(op)


def erase_input_activity(network: NetworkOpBase) -> None:
    """Forget what the input of a network looks like."""
    for name in (
        INPUT_COUNTS, INPUT_VALUES, INPUT_ROWS, INPUT_COLUMNS, INPUT_TOTALS, INPUT_RATES,
    ):  # fmt: skip
        network.attributes.pop(name, None)


def has_rates(network: NetworkOpBase) -> bool:
    """Whether the input of a network and its layers have been measured."""
    return INPUT_COUNTS in network.attributes and any(
        RATE in op.attributes for op in network.body.block.ops
    )
