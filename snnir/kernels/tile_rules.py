# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for convolutions whose currents exist only some rows of windows at a time.

The same blocks as in `windows.py`, in one call each, with weights as bytes: fewest bytes of memory
for more instructions, see `snnrt/tile_layer.h`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, i16, i64

from snnir.dialects import snnrt
from snnir.dialects.snnrt_lanes import TOUCHED_BITS
from snnir.dialects.snnrt_tiles import MOST_TILE_ROWS, quad_lanes
from snnir.kernels.compressed_weights import pack_last
from snnir.kernels.context import KernelContext, layer_label
from snnir.kernels.halving import HalvingResets, halving_resets
from snnir.kernels.lane_packing import LanePacking
from snnir.kernels.layout import interleave_outputs
from snnir.kernels.mask_rules import geometry_of, kernels_by_bit, masks_of
from snnir.kernels.ranges import current_range
from snnir.kernels.window_rules import WindowLowering
from snnir.kernels.windows import WindowBlock
from snnir.support.diagnostics import error_at

TILE_ROWS = "tile_rows"
"""Attribute of a convolution that overrides the option of the network for it."""


def tile_rows_of(context: KernelContext, block: WindowBlock) -> int:
    """Rows of windows whose currents exist at a time; 0 for whole maps.

    Raises:
        SNNError: it is not a number of rows.
    """
    value = block.convolution.attributes.get(TILE_ROWS)
    rows = context.tile_rows
    if value is not None:
        rows = value.value.data if isinstance(value, IntegerAttr) else -1
    if rows < 0:
        raise error_at(
            block.convolution, f"tile_rows must be a number of rows, not {value or rows}"
        )
    return min(rows, MOST_TILE_ROWS, block.size[0])


def window_lowering(context: KernelContext, block: WindowBlock) -> WindowLowering:
    """What writes the calls of a block."""
    lowering = TileLowering if tile_rows_of(context, block) else WindowLowering
    return lowering(context, block)


@dataclass
class TileLowering(WindowLowering):
    """Writes the call of one block."""

    def choose_packing(self) -> tuple[LanePacking, HalvingResets | None]:
        """Pairs; halving neurons take the shift of their input from bytes, if these have room,
        else they shift it themselves."""
        weights, shift = self.weights(), self.block.neurons.shift.value.data
        self.bits = self.context.stored_bits(self.block.convolution, weights)
        scaled = weights << shift
        in_weights = self.bits == 8 and max(-scaled.min(), scaled.max() + 1) <= 1 << 7
        interval = current_range(self.context.network, self.block)
        resets = halving_resets(self.block.neurons, interval)
        self.current_shift = 0 if resets is None or in_weights else shift
        return LanePacking(self.channels), resets

    def weight_shift(self) -> int:
        """See the base class."""
        return super().weight_shift() - self.current_shift

    def lower(self) -> None:
        """Declare buffers and constants and append the call."""
        context, op = self.context, self.block.convolution
        label, window = layer_label(op, "conv2d"), self.block.window
        rows = tile_rows_of(context, self.block)
        row = quad_lanes(self.channels)
        size = (rows * window[0], self.block.current_size[1], row)
        current = context.buffer(f"{label}_current", size, i16)
        marks = spikes = None
        kernels = self._quads(self.kernels(op))
        if op.input is context.network.frame:
            marks = context.marks
            assert marks is not None
        else:
            spikes = masks_of(context, op.input)
            kernels = kernels_by_bit(kernels, spikes.by_bit())
        stored = kernels.astype(np.int8) if self.bits == 8 else pack_last(kernels, self.bits)
        weights = context.constant(f"{label}_weights", stored)
        calm = self.calm(marks is not None and self.block.size[1] <= TOUCHED_BITS)
        membrane = self.state()
        out, lists = self.spike_buffer()
        operands = [
            out,
            None if marks is None else marks.counts,
            None if marks is None else marks.marks,
            None if spikes is None else spikes.entries,
            None if spikes is None else spikes.count,
            weights, current, membrane, None, calm, None, *self.parameters(calm),
        ]  # fmt: skip
        properties = {
            **self.properties(), **geometry_of(context, op), "tile_rows": IntegerAttr(rows, i64),
            "weight_bits": IntegerAttr(self.bits, i64),
            "current_shift": IntegerAttr(self.current_shift, i64),
        }  # fmt: skip
        kind = snnrt.TileLIFListOp if lists else snnrt.TileLIFMasksOp
        self.add_call(kind(operands, properties), out)

    def _quads(self, kernels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Kernels `(…, lanes)` with whole quads of lanes; bytes in their order."""
        missing = quad_lanes(self.channels) - kernels.shape[-1]
        padded = np.pad(kernels, [*[(0, 0)] * (kernels.ndim - 1), (0, missing)])
        return interleave_outputs(padded) if self.bits == 8 else padded
