# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Discardable attribute of a neuron layer that lost channels: which ones are left.

`qsnn-prune-silent` writes it; verification reads it to compare the layer with the complete one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseArrayBase
from xdsl.ir import Operation

from snnir.dialects.layer_shapes import int_array, int_values

KEPT_CHANNELS = "kept_channels"
"""`array<i64: …>`: for each channel its number in the network before any was removed, ascending."""


def write_kept_channels(op: Operation, channels: NDArray[np.int64]) -> None:
    """Record which channels of a layer are left."""
    op.attributes[KEPT_CHANNELS] = int_array(channels.tolist())


def kept_channels_of(op: Operation, channels: int) -> NDArray[np.int64]:
    """The original numbers of a layer's `channels` channels, (channels,)."""
    attribute = op.attributes.get(KEPT_CHANNELS)
    if not isinstance(attribute, DenseArrayBase):
        return np.arange(channels)
    return np.array(int_values(attribute), np.int64)
