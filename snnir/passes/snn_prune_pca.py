# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Removes channels that the principal components of the membrane potentials do not need.

After "Spatio-Temporal Pruning and Quantization for Low-latency Spiking Neural Networks"
(arXiv 2104.12528): the number of channels that a layer needs is the number of significant
dimensions of the average accumulated membrane potential of its neurons. Here that is
`sum over t of (W x_t + b) / T`, without leak and reset; channels are the dimensions, every position
of every sample is an observation, and a layer gets the smallest number `k` of principal components
that reach `variance` of the total. The paper trains a new network of these sizes. This pass
keeps trained weights instead, and so has to choose which channels:

* channels go one after the other, each time the one whose loss changes the membranes of the layers
  behind least: `|W_c|^2 / [H^-1]_cc`, the group score of OSBC (`snn-osbc-prune`), where `W_c` are
  all weights behind that read channel `c`, and `H` are the second moments of what they read,
  leakily filtered as the membranes filter it, channels x channels over all positions, steps and
  samples (positions count as uncorrelated, which keeps `H` as small as the number of channels);
  `objective=current` leaves out the filter;
* with `compensate`, the other weights behind take the surgeon's update after each removal: what is
  gone is replaced by its least-squares estimate from the channels that are left, at the same
  position and step. Without it, `H` counts as diagonal.

`channels` names the number of channels instead; training afterwards often does with fewer than the
variance asks for, and kernels are fastest at multiples of their width. All layers are measured
once, on the network as it was.

Legal for every network, but it changes what the network computes; the remark of the network says by
how much on the calibration data. Left alone, with a remark: layers whose channels must stay (see
`snn-prune-silent`) or are connected with those of another layer, and layers with fewer observations
than twice their channels, whose covariance would be that of chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration import (
    describe_split,
    load_calibration,
    measure_activity,
    record_activity,
    split_calibration,
)
from snnir.calibration.held_out import SHARE
from snnir.calibration.layer_hessians import Objective
from snnir.calibration.potentials import LayerMoments, Reader, measure_potentials
from snnir.calibration.pruning_report import list_channels, report_pruning
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import layer_names
from snnir.layers.affine import AFFINE_OPS, AffineOp, constant
from snnir.layers.channel_groups import ChannelGroups, find_channel_groups
from snnir.layers.channel_removal import remove_channels, replace_constant
from snnir.layers.compressible import compressible_layers
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option, required_option

OBSERVATIONS_PER_CHANNEL = 2
RIDGE = 1e-6
"""Of the mean second moment, added to each so that equal and silent channels can be inverted."""
TINY = float(np.finfo(np.float64).tiny)


def significant_dimensions(covariance: NDArray[np.float64], variance: float) -> int:
    """The smallest number of principal components with that fraction of the variance, at least 1.

    After 2104.12528. Its fraction was not found; 0.999 is recollected of the method for ordinary
    networks that it builds on (1812.06224).
    """
    values = np.linalg.eigvalsh(covariance)[::-1].clip(min=0)
    reached = np.cumsum(values) >= variance * values.sum() * (1 - 1e-12)
    return int(np.argmax(reached)) + 1


class Surgeon:
    """Removes channels from the weights of one reader, with the least change of what it gives.

    Attributes:
        weight: float64 (channels, n): all weights that read each channel.
    """

    def __init__(self, weight: NDArray, second_moment: NDArray[np.float64], compensate: bool):
        self.weight = np.array(weight, np.float64)
        if not compensate:
            second_moment = np.diag(second_moment.diagonal())
        damping = RIDGE * (np.trace(second_moment) / len(second_moment) or 1.0)
        self._inverse = np.linalg.inv(second_moment + damping * np.eye(len(second_moment)))

    def losses(self) -> NDArray[np.float64]:
        """The mean square by which potentials change when a channel goes, (channels,)."""
        return (self.weight**2).sum(axis=1) / np.maximum(self._inverse.diagonal(), TINY)

    def remove(self, channel: int) -> None:
        """Take a channel out and let the others make up for it."""
        direction = self._inverse[channel] / self._inverse[channel, channel]
        self.weight -= np.outer(direction, self.weight[channel])
        self._inverse -= np.outer(direction, self._inverse[channel])
        # Exactly, so that rounding cannot bring the channel back in later updates.
        self._inverse[channel] = self._inverse[:, channel] = 0
        self.weight[channel] = 0


def remove_least(surgeons: Sequence[Surgeon], channels: int, count: int) -> NDArray[np.bool_]:
    """Remove channels from all readers until `count` are left: bool (channels,), those kept."""
    kept = np.ones(channels, bool)
    for _ in range(channels - count):
        losses = sum((surgeon.losses() for surgeon in surgeons), np.zeros(channels))
        channel = int(np.argmin(np.where(kept, losses, np.inf)))
        kept[channel] = False
        for surgeon in surgeons:
            surgeon.remove(channel)
    return kept


@dataclass(frozen=True)
class SNNPrunePCAPass(SNNPass):
    """Remove channels beyond the significant dimensions of the membrane potentials.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks('snn-prune-pca{calibration="c.npz" variance=0.9}')
    snn.linear: kept all channels: the network returns them
    snn.conv2d: 2 of 5 principal components reach 90 % of the variance of 480 potentials: ...
    snn.network: removed 3 of 7 channels; parameters 225 -> 90, neurons 82 -> 34,
        MACs per step 880 -> 352 (2.50x fewer); on 30 samples ...
    snn.network: on 10 held-out samples ...
    """

    name: ClassVar[str] = "snn-prune-pca"

    calibration: str = required_option("FILE.npz (keys x, y) or nmnist:DIR with recordings")
    variance: float = option(0.999, "fraction of the variance that the kept dimensions reach")
    channels: tuple[int, ...] = option(
        (), "channels to keep of each layer that may lose some, in order, instead of variance"
    )
    objective: Objective = option("membrane", "what stays close behind: membrane or current")
    compensate: bool = option(True, "refit the layers behind on what they still read")
    samples: int | None = option(None, "samples to use, class-balanced; all by default")
    held_out: float = option(SHARE, "share of the samples put aside to check what was chosen")
    max_held_out_loss: float | None = option(
        None, "largest loss on them: of accuracy, without labels the share of changed decisions"
    )
    device: str = option("cpu", "where to execute the network: cpu or cuda")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snn.NetworkOp)]:
            if not 0 < self.variance <= 1:
                raise error_at(
                    network, f"option variance must be above 0 and at most 1, got {self.variance}"
                )
            self._prune(network)

    def _prune(self, network: snn.NetworkOp) -> None:
        calibration = load_calibration(self.calibration, network, self.samples)
        split = split_calibration(calibration, self.held_out, network, self.max_held_out_loss)
        data = split.chosen
        original = network.clone()
        groups = find_channel_groups(network, keep_registers=True)
        layers = [layer for layer in _layers(groups) if self._is_prunable(groups, layer)]
        asked = self._asked(network, layers)
        readers = [_readers(groups, layer, self.objective) for layer in layers]
        measured = measure_potentials(
            network, list(zip(layers, readers, strict=True)), data,
            device=self.device, progress=True,
        )  # fmt: skip
        removed = np.zeros(groups.count, bool)
        for layer, own_readers, moments, count in zip(
            layers, readers, measured, asked, strict=True
        ):
            surgeons = [
                Surgeon(_weights_of(reader), inputs.second_moment, self.compensate)
                for reader, inputs in zip(own_readers, moments.inputs, strict=True)
            ]
            kept = self._choose(layer, moments, surgeons, count)
            if not kept.all():
                for reader, surgeon in zip(own_readers, surgeons, strict=True):
                    _set_weights(reader, surgeon.weight)
            removed[groups.of(layer.result)[~kept]] = True
        self.statistics.add("samples", len(data))
        if not removed.any():
            self.remark(network, f"nothing removed, measured on {describe_split(split)}")
            return
        names = layer_names(network)
        kept_channels = {
            names[op]: ~removed[groups.of(op.spikes)] for op in groups.spiking_layers()
        }
        remove_channels(groups, removed)
        record_activity(
            network, measure_activity(network, split.chosen, device=self.device, progress=True)
        )
        report_pruning(
            self, original, network, kept_channels, split,
            max_held_out_loss=self.max_held_out_loss, device=self.device,
        )  # fmt: skip

    def _is_prunable(self, groups: ChannelGroups, layer: AffineOp) -> bool:
        own = groups.of(layer.result)
        others = [groups.of(o.result) for o in groups.affine_layers() if o is not layer]
        if (pin := next((groups.pins[g] for g in own.tolist() if g in groups.pins), None)) is None:
            spiking = [groups.of(op.spikes) for op in groups.spiking_layers()]
            if len(np.unique(own)) < len(own) or any(np.isin(own, o).any() for o in others):
                pin = "a sum or reshape connects its channels with others"
            elif not any(np.isin(own, members).all() for members in spiking):
                pin = "no neurons behind it"
        if pin is not None:
            self.remark(layer, f"kept all channels: {pin}")
        return pin is None

    def _asked(self, network: snn.NetworkOp, layers: Sequence[AffineOp]) -> Sequence[int | None]:
        """The number of channels to keep of each layer; None where the variance decides."""
        if not self.channels:
            return [None] * len(layers)
        if len(self.channels) != len(layers) or min(self.channels) < 1:
            given = ", ".join(map(str, self.channels))
            raise error_at(
                network,
                f"option channels must be {len(layers)} positive numbers, one for each layer that "
                f"may lose channels, got {len(self.channels)} ({given})",
            )
        for layer, asked in zip(layers, self.channels, strict=True):
            if asked > (there := shape_of(layer.result.type)[0]):
                self.remark(layer, f"has only {there} of the {asked} channels that were asked for")
        return self.channels

    def _choose(
        self,
        layer: AffineOp,
        moments: LayerMoments,
        surgeons: Sequence[Surgeon],
        asked: int | None,
    ) -> NDArray[np.bool_]:
        """The channels of a layer that stay; the others are gone from the readers' weights."""
        covariance, count = moments.potentials.covariance, moments.potentials.count
        channels = len(covariance)
        if count < OBSERVATIONS_PER_CHANNEL * channels:
            self.remark(
                layer,
                f"kept all channels: {count} observations are too few for {channels} channels; "
                "give more samples",
            )
            return np.ones(channels, bool)
        dimensions = significant_dimensions(covariance, self.variance)
        kept = remove_least(surgeons, channels, dimensions if asked is None else asked)
        removed = np.flatnonzero(~kept).tolist()
        listed = f": removed {list_channels(removed)}" if removed else ""
        self.remark(
            layer,
            f"{dimensions} of {channels} principal components reach {100 * self.variance:g} % of "
            f"the variance of {count:,} potentials{listed}",
            dimensions=dimensions,
            channels=channels,
            removed=removed,
            observations=count,
        )
        self.statistics.add("channels removed", len(removed))
        return kept


def _layers(groups: ChannelGroups) -> list[AffineOp]:
    """The linear layers and convolutions of a network on the `snn` level."""
    return [layer for layer in groups.affine_layers() if isinstance(layer, AFFINE_OPS)]


def _readers(groups: ChannelGroups, layer: AffineOp, objective: Objective) -> list[Reader]:
    """The layers that read a layer's channels; unpinned channels are in groups of their own."""
    membranes = objective == "membrane"
    decays = {each.op: each.decays for each in compressible_layers(groups.network) if membranes}
    found = []
    for reader in _layers(groups):
        inputs = groups.of(reader.input)
        columns = [np.flatnonzero(inputs == group) for group in groups.of(layer.result)]
        if len(columns[0]):
            found.append(Reader(reader, np.stack(columns), decays.get(reader, ())))
    return found


def _weights_of(reader: Reader) -> NDArray[np.float64]:
    """The weights that read each channel, (channels, everything else)."""
    weight = constant(reader.layer.weight, reader.layer)
    return np.moveaxis(weight[:, reader.columns], 1, 0).reshape(len(reader.columns), -1)


def _set_weights(reader: Reader, values: NDArray[np.float64]) -> None:
    """The inverse of `_weights_of`."""
    layer = reader.layer
    weight = constant(layer.weight, layer)
    outputs, _, *kernel = weight.shape
    channels, positions = reader.columns.shape
    by_channel = values.reshape(channels, outputs, positions, *kernel)
    weight[:, reader.columns] = np.moveaxis(by_channel, 0, 1)
    replace_constant(layer, 1, weight)
