# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for neurons whose currents any convolution wrote, and that list their spikes.

The same neurons as in `window_rules`, behind convolutions that are not computed window by window:
with strides, groups or real values, say. Spikes never exist as bytes, so that nothing has to look
for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Operation

from snnir.dialects import qsnn, snnrt
from snnir.kernels.context import CMSIS_CHOICES, KernelContext, NeuronChoice
from snnir.kernels.halving import HalvingResets, halving_resets
from snnir.kernels.lane_packing import LanePacking
from snnir.kernels.ranges import current_range
from snnir.kernels.window_rules import WindowLowering
from snnir.kernels.windows import WindowBlock, match_map_block
from snnir.support.diagnostics import error_at

NEURONS = "neurons"
"""Attribute of a convolution that overrides the option of the network for the neurons behind it."""


def neurons_of(context: KernelContext, op: qsnn.Conv2dOp) -> NeuronChoice:
    """How the neurons behind a convolution are computed.

    Raises:
        SNNError: the attribute names nothing of that kind.
    """
    name = getattr(op.attributes.get(NEURONS), "data", context.neurons)
    if name not in get_args(NeuronChoice):
        raise error_at(op, f"neurons must be {' or '.join(get_args(NeuronChoice))}, not {name}")
    return cast(NeuronChoice, name)


def map_blocks(context: KernelContext) -> dict[Operation, WindowBlock]:
    """By their neurons, the blocks whose neurons list their spikes; not those with windows."""
    blocks: dict[Operation, WindowBlock] = {}
    for op in context.network.body.block.ops:
        if not isinstance(op, qsnn.Conv2dOp) or op in context.blocks:
            continue
        if neurons_of(context, op) != "lists" or context.choice(op) in CMSIS_CHOICES:
            continue
        if (block := match_map_block(op)) is not None:
            blocks[block.neurons] = block
    return blocks


@dataclass
class MapLowering(WindowLowering):
    """Writes the call of the neurons of one block, whose convolution has written its currents."""

    def choose_packing(self) -> tuple[LanePacking, HalvingResets | None]:
        """Pairs, which are channels in their order; neurons shift their input themselves."""
        interval = current_range(self.context.network, self.block)
        return LanePacking(self.channels), halving_resets(self.block.neurons, interval)

    def choose_lane_channels(self) -> list[int | None]:
        """See the base class."""
        return [*range(self.channels)]

    def lower(self) -> None:
        """Declare buffers and constants and append the call."""
        current = self.context[self.block.convolution.result].buffer
        membrane = self.state()
        out, lists = self.spike_buffer()
        operands = [out, current, membrane, None, None, None, *self.parameters(None)]
        shift = 0 if self.resets is None else self.block.neurons.shift.value.data
        properties = {**self.properties(), "current_shift": IntegerAttr(shift, i64)}
        kind = snnrt.MapLIFListOp if lists else snnrt.MapLIFMasksOp
        self.add_call(kind(operands, properties), out)
