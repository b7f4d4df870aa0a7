# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds channels that never fire to convolutions, because kernels want their number in fours.

An exact change: kernels of new channels are zero, so are the weights that read them, and their
neurons have no bias and a positive threshold. Spikes, membranes and scores of all other neurons are
unchanged, to the bit. It takes memory and saves time where kernels compute several channels at
once; without a goal nothing decides whether that pays. `qsnn-prune-silent` takes such channels out
again.

New channels come last. They pass scales, pooling, reshapes and neurons. A convolution keeps its
channels, with a remark that says why, where they belong to the output, to a convolution in groups,
to a sum, a concatenation or feedback, or where all neurons share a bias or a threshold with which
new ones would fire. What is recorded of a layer's activity stays with it. The attribute
`kept_channels` of a layer that grew has -1, -2, … for the new channels.
"""

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.layers.channel_addition import add_channels, growing_path
from snnir.layers.channel_groups import find_channel_groups
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option


@dataclass(frozen=True)
class QSNNPadChannelsPass(SNNPass):
    """Add channels that never fire, until convolutions have a multiple of some number."""

    name: ClassVar[str] = "qsnn-pad-channels"

    multiple: tuple[int, ...] = option(
        (4,),
        "number that the channels become a multiple of: one for all convolutions, or one for each "
        "in order",
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, qsnn.NetworkOp)]:
            self._pad(network)

    def _pad(self, network: qsnn.NetworkOp) -> None:
        convolutions = convolutions_of(network)
        groups = find_channel_groups(network)
        # All paths before any change: it replaces the values that the groups know.
        paths = [growing_path(groups, op) for op in convolutions]
        multiples = self._multiples(network, len(convolutions))
        for op, path, multiple in zip(convolutions, paths, multiples, strict=True):
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

    def _multiples(self, network: qsnn.NetworkOp, convolutions: int) -> tuple[int, ...]:
        """The multiple for each convolution."""
        given = self.multiple
        if min(given, default=0) < 1 or len(given) not in (1, convolutions):
            raise error_at(
                network,
                "option multiple must be a positive number, or one for each of the "
                f"{convolutions} convolutions, got {','.join(map(str, given)) or 'none'}",
            )
        return given * convolutions if len(given) == 1 else given


def convolutions_of(network: qsnn.NetworkOp) -> list[qsnn.Conv2dOp]:
    """The convolutions of a network, in program order."""
    return [op for op in network.body.block.ops if isinstance(op, qsnn.Conv2dOp)]
