# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Discardable attribute of a neuron layer with other channels than before: which ones it has.

`qsnn-prune-silent`, `qsnn-pad-channels` and `qsnn-sort-channels` write it; verification reads it to
compare the layer with the one before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseArrayBase
from xdsl.ir import Operation

from snnir.dialects.layer_shapes import int_array, int_values

KEPT_CHANNELS = "kept_channels"
"""`array<i64: …>`: for each channel its number in the network before any was removed, added or
moved; -1, -2, … for those that were added, which never fire."""


def write_kept_channels(op: Operation, channels: NDArray[np.int64]) -> None:
    """Record which channels of a layer are left."""
    op.attributes[KEPT_CHANNELS] = int_array(channels.tolist())


def write_remaining_channels(
    op: Operation, channels: NDArray[np.int64], stays: NDArray[np.bool_]
) -> None:
    """Record which of a layer's channels are left.

    Where only added channels went, and that leaves all there were, nothing is recorded.
    """
    left, gone = channels[stays], channels[~stays]
    if (gone < 0).all() and np.array_equal(left, np.arange(len(left))):
        op.attributes.pop(KEPT_CHANNELS, None)
    else:
        write_kept_channels(op, left)


def kept_channels_of(op: Operation, channels: int) -> NDArray[np.int64]:
    """The original numbers of a layer's `channels` channels, (channels,); negative if added."""
    attribute = op.attributes.get(KEPT_CHANNELS)
    if not isinstance(attribute, DenseArrayBase):
        return np.arange(channels)
    return np.array(int_values(attribute), np.int64)


def with_added_channels(channels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Numbers of a layer's channels and, behind them, of `count` new ones."""
    first = min(int(channels.min()), 0) - 1
    return np.concatenate([channels, np.arange(first, first - count, -1)])
