# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts channels that seldom fire next to each other, because masks are looked up in groups of bits.

An exact change: what is computed stays the same, to the bit, for each channel. A convolution that
reads spikes as masks (`mask_conv2d.h`) adds tabulated sums of groups of neighbouring bits; a group
without a spike costs nothing, and one of bits that seldom fire can have more of them. Neurons that
are computed window by window choose their lanes themselves; masks that are made of bytes have the
channels in the order that those lie in memory, and the pass chooses that.

Channels of convolutions are sorted by the rates that `snn-measure-activity` recorded, where another
convolution that can read masks reads them, directly or through poolings. They stay where they
belong to the output, to a convolution in groups, to a sum, a concatenation or feedback. The
attribute `kept_channels` of a layer lists its channels by their numbers before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.dialects import qsnn
from snnir.kernels.bit_groups import channels_by_bit, lanes_of_bytes
from snnir.kernels.mask_rules import reads_masks
from snnir.layers.activity_attributes import channel_rates_of
from snnir.layers.channel_groups import find_channel_groups
from snnir.layers.channel_order import order_channels
from snnir.layers.channel_paths import ChannelPath, channel_path
from snnir.support.pass_base import SNNPass


@dataclass(frozen=True)
class QSNNSortChannelsPass(SNNPass):
    """Sort channels by their rates for convolutions that read masks."""

    name: ClassVar[str] = "qsnn-sort-channels"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, qsnn.NetworkOp)]:
            self._sort(network)

    def _sort(self, network: qsnn.NetworkOp) -> None:
        groups = find_channel_groups(network)
        convolutions = [op for op in network.body.block.ops if isinstance(op, qsnn.Conv2dOp)]
        # All paths before any change: it replaces the values that the groups know.
        paths = [channel_path(groups, op) for op in convolutions]
        for path in paths:
            if isinstance(path, str) or (order := _order_of(path)) is None:
                continue
            order_channels(path, order)
            self.remark(
                path.producer,
                f"sorted {len(order)} channels by their rates",
                channels=len(order),
            )
            self.statistics.add("layers sorted", 1)


def _order_of(path: ChannelPath) -> NDArray[np.int64] | None:
    """The order in which higher bits of masks fire more often; None where it serves nothing."""
    if not any(isinstance(op, qsnn.Conv2dOp) and reads_masks(op) for op in path.readers):
        return None
    neurons = next(op for op in path.carriers if isinstance(op, qsnn.SpikingNeuronBase))
    if (rates := channel_rates_of(neurons)) is None:
        return None
    by_bit = channels_by_bit(lanes_of_bytes(len(rates)))
    places = [channel for channel in by_bit if channel is not None]
    order = np.empty(len(rates), np.int64)
    order[places] = np.argsort(rates, kind="stable")
    return None if np.array_equal(order, np.arange(len(order))) else order
