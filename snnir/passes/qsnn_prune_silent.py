# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Removes channels and neurons that cannot fire, whatever the input.

An exact simplification: range analysis (`snnir.quantization.integer_ranges`) shows that the
membrane never reaches the threshold, for any sequence of frames that `input_maximum` and
`input_density` admit. It follows silence through the network: a channel that only others kept
alive is found in the same walk. Spikes, membranes and scores of all other neurons are unchanged, to
the bit.

As with `snn-prune-silent`, weights, parameters and states shrink in both directions, and channels
stay, with a remark that says why, where they belong to the input or the output, to a convolution in
groups, or to a sum with channels that fire; a layer keeps at least one. Kernels that compute
several channels at once can be slower for fewer of them: `multiple` keeps silent channels to round
their number up. What is left of a layer's recorded rates stays with it. The attribute
`kept_channels` of a layer that shrank lists the channels that are left by their numbers before.
Channels that `qsnn-pad-channels` added go like others, and leave no trace.
"""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.pruning_report import list_channels
from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.layers.activity_attributes import (
    ACTIVE_COLUMNS,
    ACTIVE_ROWS,
    POSITION_SPIKES,
    RATE_SAMPLES,
    REACH_AGES,
    SPIKE_COLUMNS,
    SPIKE_ROWS,
    channel_rates_of,
    floats_of,
    write_floats,
    write_rates,
)
from snnir.layers.channel_groups import ChannelGroups, find_channel_groups
from snnir.layers.channel_removal import remove_channels
from snnir.layers.kept_channels import kept_channels_of, write_remaining_channels
from snnir.quantization.integer_ranges import NetworkRanges, network_ranges
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option

_OF_POSITIONS = (
    ACTIVE_ROWS, ACTIVE_COLUMNS, SPIKE_ROWS, SPIKE_COLUMNS, POSITION_SPIKES, REACH_AGES,
)  # fmt: skip

KEPT_LAST = "a layer keeps at least one channel"
KEPT_MULTIPLE = "the number of channels stays a multiple of {}"
KEPT_CONNECTED = "a sum or reshape connects them with channels that may fire"


@dataclass(frozen=True)
class QSNNPruneSilentPass(SNNPass):
    """Remove channels and neurons that are proven never to fire."""

    name: ClassVar[str] = "qsnn-prune-silent"

    multiple: int = option(1, "remove only so many that a multiple of this number is left")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, qsnn.NetworkOp)]:
            if self.multiple < 1:
                raise error_at(network, f"option multiple must be 1 or more, got {self.multiple}")
            self._prune(network)

    def _prune(self, network: qsnn.NetworkOp) -> None:
        ranges = network_ranges(network)
        groups = find_channel_groups(network)
        removed, reasons = select_silent(groups, ranges, self.multiple)
        kept = {op: ~removed[groups.of(op.spikes)] for op in ranges.silent}
        for op, silent in ranges.silent.items():
            self._report(op, silent, groups.of(op.spikes), removed, reasons)
        rates = {op: (channel_rates_of(op), op.attributes.get(RATE_SAMPLES)) for op in kept}
        if not removed.any():
            return
        # Silent channels change nothing about the positions that are active.
        positions = {op: {n: op.attributes.get(n) for n in _OF_POSITIONS} for op in kept}
        remove_channels(groups, removed)
        for op, attributes in positions.items():
            op.attributes.update({n: value for n, value in attributes.items() if value is not None})
        for op, stays in kept.items():
            if stays.all():
                continue
            write_remaining_channels(op, kept_channels_of(op, len(stays)), stays)
            _shorten_shares(op, int(stays.sum()))
            old, samples = rates[op]
            if old is not None and samples is not None:
                write_rates(op, float(old[stays].mean()), old[stays], samples.value.data)  # type: ignore[attr-defined]

    def _report(
        self,
        op: qsnn.SpikingNeuronBase,
        silent: NDArray[np.bool_],
        members: NDArray[np.int64],
        removed: NDArray[np.bool_],
        reasons: dict[int, str],
    ) -> None:
        what = "neurons" if len(shape_of(op.spikes.type)) == 1 else "channels"
        gone = np.flatnonzero(removed[members]).tolist()
        if gone:
            self.remark(
                op,
                f"removed {len(gone)} of {len(silent)} {what} that no input makes fire: "
                f"{list_channels(gone)}",
                removed=gone,
                channels=len(silent),
            )
            self.statistics.add("channels removed", len(gone))
        stays = members[silent & ~removed[members]]
        for reason, count in Counter(
            reasons.get(int(group), KEPT_CONNECTED) for group in stays
        ).items():
            noun = what if count > 1 else what.removesuffix("s")
            self.remark(op, f"kept {count} silent {noun}: {reason}", kept=count)


def _shorten_shares(op: qsnn.SpikingNeuronBase, channels: int) -> None:
    """No position has more spikes than there are channels, unless the network was another one."""
    shares = floats_of(op, POSITION_SPIKES)
    if shares is not None and not shares[channels:].any():
        write_floats(op, POSITION_SPIKES, shares[:channels])


def select_silent(
    groups: ChannelGroups, ranges: NetworkRanges, multiple: int = 1
) -> tuple[NDArray[np.bool_], dict[int, str]]:
    """Choose the groups of which no neuron can fire, leaving `multiple` channels times a number.

    Returns:
        bool (groups,), and why groups stay although they are silent, where that is known.
    """
    spiking, firing = np.zeros(groups.count, np.bool_), np.zeros(groups.count, np.bool_)
    for op, silent in ranges.silent.items():
        members = groups.of(op.spikes)
        spiking[members] = True
        firing[members[~silent]] = True
    removed = spiking & ~firing
    reasons = dict(groups.pins)
    removed[list(groups.pins)] = False
    for affine in groups.affine_layers():
        own = groups.of(affine.result)
        left, gone = int((~removed[own]).sum()), own[removed[own]]
        wanted = max(-(-left // multiple), 1) * multiple
        reason = KEPT_LAST if left == 0 else KEPT_MULTIPLE.format(multiple)
        for group in gone[: wanted - left]:
            removed[group] = False
            reasons[int(group)] = reason
    return removed, reasons
