# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Removes channels and neurons that never fire, or hardly ever, on calibration data.

After "Compression and Inference of Spiking Neural Networks on Resource-Constrained Hardware"
(arXiv 2511.12136), whose pruning is by activity, without a criterion on weights and without
training. A *channel* is an index of axis 0: all neurons of a feature map behind a convolution, one
neuron behind a linear layer. It goes if its mean firing rate is at most `threshold` in every
spiking layer that holds it; by default if it never fires.

Weights, parameters and states really shrink, in both directions: the row of the layer that produces
the channel, through pooling, batch normalisation and scales, and the columns of every layer that
reads it, also through pooling and flattening into a linear layer. Channels that a sum connects (a
residual branch) go together or not at all. A removed channel is zero to its readers.

Left alone, with a remark that says why: channels of the input and the output, of convolutions in
groups, of registers, of layers whose membrane is read or that never spike, channels whose current
is read by something that is no neuron (a bias would drive it although nothing fires), and the most
active channel of a layer that would lose all.

With `threshold=0` the network computes the same on the calibration data, though not necessarily on
other data; float32 sums with fewer terms may round differently. With a larger threshold, pruning is
repeated with newly measured rates until all channels that are left fire more often. Either way the
network is executed before and after side by side, and the remark of the network says whether the
spikes of all remaining neurons and all decisions are equal, or how many changed. The rates of the
remaining neurons are recorded as `snn-measure-activity` does.

Who never fires on some samples may fire on others. So `held-out` of the samples do not choose; the
networks are also executed on them, and a warning says if decisions there stay less often than on
the samples that chose, by more than the interval of 95 %. Fewer than ten held-out samples could not
tell, and then all samples choose; `max-held-out-loss` makes a loss an error.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration import (
    Activity,
    describe_split,
    load_calibration,
    measure_activity,
    record_activity,
    split_calibration,
)
from snnir.calibration.held_out import SHARE
from snnir.calibration.pruning_report import KeptChannels, list_channels, report_pruning
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import layer_names
from snnir.layers.channel_groups import ChannelGroups, find_channel_groups
from snnir.layers.channel_removal import remove_channels
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option, required_option

KEPT_LAST = "a layer keeps at least one channel"
KEPT_CONNECTED = "a sum or reshape connects them with channels that fire"


@dataclass(frozen=True)
class Selection:
    """Which groups of channels go.

    Attributes:
        removed: bool (groups,).
        reasons: why channels at or below the threshold stay, by layer, with their number.
    """

    removed: NDArray[np.bool_]
    reasons: dict[str, Counter[str]]


def select_silent(groups: ChannelGroups, activity: Activity, threshold: float) -> Selection:
    """Choose the groups whose channels all fire at a rate of at most `threshold`."""
    names = layer_names(groups.network)
    highest = np.full(groups.count, -1.0)
    own_rates: dict[str, NDArray[np.float64]] = {}
    for op in groups.spiking_layers():
        members, layer = groups.of(op.spikes), activity.layers[names[op]]
        sizes = np.bincount(members, minlength=groups.count)
        sums = np.bincount(members, layer.channel_rates, minlength=groups.count)
        rates = np.divide(sums, sizes, out=np.full(groups.count, -1.0), where=sizes > 0)
        own_rates[names[op]] = rates[members]
        highest = np.maximum(highest, rates)
    reasons = dict(groups.pins)
    removed = (highest >= 0) & (highest <= threshold)
    removed[list(groups.pins)] = False
    for affine in groups.affine_layers():
        own = groups.of(affine.result)
        if removed[own].all():
            best = int(own[np.argmax(highest[own])])
            removed[best] = False
            reasons[best] = KEPT_LAST
    kept_because: dict[str, Counter[str]] = {}
    for op in groups.spiking_layers():
        members = groups.of(op.spikes)
        kept = (own_rates[names[op]] <= threshold) & ~removed[members]
        kept_because[names[op]] = Counter(
            reasons.get(int(group), KEPT_CONNECTED) for group in members[kept]
        )
    return Selection(removed, kept_because)


@dataclass(frozen=True)
class SNNPruneSilentPass(SNNPass):
    """Remove channels and neurons that do not fire on calibration data.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks('snn-prune-silent{calibration="c.npz"}')
    snn.lif: removed 1 of 5 channels that never fire on 30 samples: 4
    snn.network: removed 1 of 7 channels; parameters 225 -> 180, neurons 82 -> 66,
        MACs per step 880 -> 704 (1.25x fewer); exact on 30 samples: all spikes and decisions are
        equal; accuracy 96.7 % -> 96.7 %
    snn.network: on 10 held-out samples 100.0 % of the decisions are as before
        (95 % interval 72.2 to 100.0), on the 30 that chose 100.0 %; ...
    """

    name: ClassVar[str] = "snn-prune-silent"

    calibration: str = required_option("FILE.npz (keys x, y) or nmnist:DIR with recordings")
    threshold: float = option(0.0, "largest rate, in spikes per neuron and step, of what goes")
    samples: int | None = option(None, "samples to use, class-balanced; all by default")
    held_out: float = option(SHARE, "share of the samples put aside to check what was chosen")
    max_held_out_loss: float | None = option(
        None, "largest loss on them: of accuracy, without labels the share of changed decisions"
    )
    device: str = option("cpu", "where to execute the network: cpu or cuda")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snn.NetworkOp)]:
            if not 0 <= self.threshold < 1:
                raise error_at(
                    network,
                    f"option threshold must be at least 0 and below 1, got {self.threshold}",
                )
            self._prune(network)

    def _prune(self, network: snn.NetworkOp) -> None:
        calibration = load_calibration(self.calibration, network, self.samples)
        split = split_calibration(calibration, self.held_out, network, self.max_held_out_loss)
        data = split.chosen
        original = network.clone()
        activity = measure_activity(network, data, device=self.device, progress=True)
        kept = {name: np.ones(len(each.spikes), bool) for name, each in activity.layers.items()}
        activity, selection = self._shrink(network, data, activity, kept)
        record_activity(network, activity)
        self._report_layers(network, kept, selection, len(data))
        self.statistics.add("samples", len(data))
        if all(channels.all() for channels in kept.values()):
            self.remark(network, f"nothing removed, measured on {describe_split(split)}")
            return
        report_pruning(
            self, original, network, kept, split,
            max_held_out_loss=self.max_held_out_loss, device=self.device,
        )  # fmt: skip

    def _shrink(
        self, network: snn.NetworkOp, data: Dataset, activity: Activity, kept: KeptChannels
    ) -> tuple[Activity, Selection]:
        """Remove what is silent until nothing is; updates `kept`.

        Returns:
            the activity of the network that is left, and the last selection.
        """
        names = layer_names(network)
        while True:
            groups = find_channel_groups(network)
            selection = select_silent(groups, activity, self.threshold)
            if not selection.removed.any():
                return activity, selection
            layers = {}
            for op in groups.spiking_layers():
                name = names[op]
                stays = ~selection.removed[groups.of(op.spikes)]
                kept[name][kept[name]] = stays
                layers[name] = activity.layers[name].of_channels(stays)
            remove_channels(groups, selection.removed)
            if self.threshold == 0:
                # Who never fired drove nobody: the others fire as before.
                return replace(activity, layers=layers), selection
            activity = measure_activity(network, data, device=self.device, progress=True)

    def _report_layers(
        self, network: snn.NetworkOp, kept: KeptChannels, selection: Selection, samples: int
    ) -> None:
        for op, name in layer_names(network).items():
            if name not in kept:
                continue
            total, removed = len(kept[name]), np.flatnonzero(~kept[name]).tolist()
            what = "neurons" if len(shape_of(op.results[0].type)) == 1 else "channels"
            if removed:
                self.remark(
                    op,
                    f"removed {len(removed)} of {total} {what} that {self._description()} on "
                    f"{samples} samples: {list_channels(removed)}",
                    layer=name,
                    removed=removed,
                    channels=total,
                )
                self.statistics.add("channels removed", len(removed))
            for reason, count in selection.reasons.get(name, {}).items():
                noun = what if count > 1 else what.removesuffix("s")
                self.remark(op, f"kept {count} silent {noun}: {reason}", layer=name, kept=count)

    def _description(self) -> str:
        return "never fire" if self.threshold == 0 else f"fire at a rate up to {self.threshold:g}"
