# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds channels that never fire to layers, because kernels want their number in fours.

An exact change: kernels of new channels are zero, so are the weights that read them, and their
neurons have no bias and a positive threshold. Spikes, membranes and scores of all other neurons are
unchanged, to the bit. It takes memory and saves time where kernels compute several channels at
once; without a goal nothing decides whether that pays. `qsnn-prune-silent` takes such channels out
again.

Layers are convolutions, and fully connected layers that another layer reads; of these each neuron
is a channel. New channels come last. They pass scales, pooling, reshapes and neurons. A layer keeps
its channels, with a remark that says why, where they belong to the output, to a convolution in
groups, to a sum, a concatenation or feedback, or where all neurons share a bias or a threshold with
which new ones would fire. What is recorded of a layer's activity stays with it. The attribute
`kept_channels` of a layer that grew has -1, -2, … for the new channels.
"""

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.layers.channel_addition import add_channels, growing_path
from snnir.layers.channel_groups import find_channel_groups
from snnir.layers.channel_paths import WeightedLayer
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option


@dataclass(frozen=True)
class QSNNPadChannelsPass(SNNPass):
    """Add channels that never fire, until layers have a multiple of some number."""

    name: ClassVar[str] = "qsnn-pad-channels"

    multiple: tuple[int, ...] = option(
        (4,),
        "number that the channels become a multiple of: one for all layers, or one for each in "
        "order",
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, qsnn.NetworkOp)]:
            self._pad(network)

    def _pad(self, network: qsnn.NetworkOp) -> None:
        layers = layers_to_pad(network)
        groups = find_channel_groups(network)
        # All paths before any change: it replaces the values that the groups know.
        paths = [growing_path(groups, op) for op in layers]
        multiples = self._multiples(network, len(layers))
        for op, path, multiple in zip(layers, paths, multiples, strict=True):
            channels = shape_of(op.result.type)[0]
            if (count := -channels % multiple) == 0:
                continue
            if isinstance(path, str):
                noun = "channel" if channels == 1 else "channels"
                self.remark(op, f"kept {channels} {noun}: {path}", channels=channels)
                continue
            add_channels(path, count)
            noun = "channel that never fires" if count == 1 else "channels that never fire"
            self.remark(
                op,
                f"added {count} {noun} to {channels}: a multiple of {multiple}",
                added=count,
                channels=channels,
            )
            self.statistics.add("channels added", count)

    def _multiples(self, network: qsnn.NetworkOp, layers: int) -> tuple[int, ...]:
        """The multiple for each layer."""
        given = self.multiple
        if min(given, default=0) < 1 or len(given) not in (1, layers):
            raise error_at(
                network,
                "option multiple must be a positive number, or one for each of the "
                f"{layers} layers, got {','.join(map(str, given)) or 'none'}",
            )
        return given * layers if len(given) == 1 else given


def layers_to_pad(network: qsnn.NetworkOp) -> list[WeightedLayer]:
    """Convolutions, and fully connected layers that another layer reads, in program order."""
    return [
        op
        for op in network.body.block.ops
        if isinstance(op, qsnn.Conv2dOp) or (isinstance(op, qsnn.LinearOp) and _is_read(op))
    ]


def _is_read(layer: Operation) -> bool:
    """Whether a layer with weights depends on what a layer gives in the same step."""
    users = {use.operation for result in layer.results for use in result.uses}
    return any(isinstance(user, WeightedLayer) or _is_read(user) for user in users)
