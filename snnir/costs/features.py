# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What each call does in a mean step, as amounts that its instructions grow with.

`features(op, signals, presentation)` gives the variant of a kernel and amounts by name; the tables
of `snnir.costs.model` hold instructions for each. Amounts follow the loops of the C kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from xdsl.ir import SSAValue

from snnir.costs.features_cmsis import FEATURES as CMSIS_FEATURES
from snnir.costs.features_conv2d import conv2d_scatter
from snnir.costs.features_dot import FEATURES as DOT_FEATURES
from snnir.costs.features_lanes import FEATURES as LANE_FEATURES
from snnir.costs.features_lanes import Amounts
from snnir.costs.features_linear import FEATURES as LINEAR_FEATURES
from snnir.costs.features_neurons import FEATURES as NEURON_FEATURES
from snnir.costs.features_neurons import UNROLLED, bits_of
from snnir.costs.features_packed import conv2d_scatter_packed
from snnir.costs.features_pooling import FEATURES as POOLING_FEATURES
from snnir.costs.features_sparse import sparse_convolution
from snnir.costs.features_steps import STEP_FEATURES
from snnir.costs.features_tiles import FEATURES as TILE_FEATURES
from snnir.costs.features_windows import FEATURES as WINDOW_FEATURES
from snnir.costs.signals import Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snnrt_lanes import mask_count
from snnir.kernels.c_constants import c_constant
from snnir.support.arrays import array_from_dense

Presentation = Literal["frames", "events"]
"""How the caller gives the input: `step` or `step_events`."""

Found = tuple[str, Amounts]

_SHARED = {
    "snnrt.window_lif_masks": "window_lif",
    "snnrt.window_lif_list": "window_lif",
    "snnrt.map_lif_masks": "map_lif",
    "snnrt.map_lif_list": "map_lif",
    "snnrt.tile_lif_masks": "tile_lif",
    "snnrt.tile_lif_list": "tile_lif",
}
"""Functions that differ only in how they end."""


def features(op: KernelOpBase, signals: Signals, presentation: Presentation) -> Found:
    """The kernel that a call runs, with its variant, and amounts of what it does in a mean step."""
    name = _SHARED.get(op.name, op.name.partition(".")[2])
    if type(op) in INPUT_FEATURES:
        variant, amounts = INPUT_FEATURES[type(op)](op, signals, presentation)
    else:
        variant, amounts = FEATURES[type(op)](op, signals)
    return (f"{name}.{variant}" if variant else name), amounts


def _size(value: SSAValue) -> int:
    return element_count(buffer_shape(value.type))


def _check_density(op: snnrt.CheckDensityOp, signals: Signals, shown: Presentation) -> Found:
    signal, limit = signals[op.frame], op.density.limit
    # Whether cells are counted depends on the spread of the events.
    chance, counted = _above(signal, limit)
    if shown == "events":
        return "events", {
            "call": 1, "counted": chance, "event": counted, "cell": chance * _size(op.cells),
        }  # fmt: skip
    return "frames", {"call": 1, "byte": signal.size, "counted_byte": chance * signal.size}


def _above(signal: Signal, limit: float) -> tuple[float, float]:
    """How often a frame holds more events than a limit, and how many it holds then, times that."""
    if signal.totals is None:
        chance = math.exp(-limit / max(signal.total, 1e-9))
        return chance, chance * (signal.total + limit)
    steps = np.linspace(0, 1, len(signal.totals))
    # Between two quantiles lie whole numbers, too.
    totals = np.round(np.interp(np.linspace(0, 1, 257), steps, signal.totals))
    return float(np.mean(totals > limit)), float(np.mean(totals * (totals > limit)))


def _list_hits(
    op: snnrt.ListHitsOp | snnrt.MarkEventsOp, signals: Signals, shown: Presentation
) -> Found:
    signal = signals[op.frame]
    checked: Amounts = {}
    if isinstance(op, snnrt.ListHitsOp) and op.density is not None:
        assert op.cells is not None
        chance, counted = _above(signal, op.density.limit)
        hits = counted * signal.active / max(signal.total, 1e-9)
        checked = {
            "checked": 1, "counted": chance, "counted_hit": hits, "cell": chance * _size(op.cells)
        }  # fmt: skip
    if shown == "events":
        return "events", {"call": 1, "event": signal.total, "hit": signal.active, **checked}
    return "frames", {
        "call": 1, "block": signal.size / BLOCK, "busy": signal.busy(BLOCK, planar=True),
        "hit": signal.active, **checked,
    }  # fmt: skip


def _frame_to_hwc(op: snnrt.FrameToHWCOp, signals: Signals, shown: Presentation) -> Found:
    signal = signals[op.frame]
    if shown == "events":
        return "events", {"call": 1, "byte": signal.size, "event": signal.total}
    return "frames", {
        "call": 1, "byte": signal.size, "busy": signal.busy(8, planar=True), "hit": signal.active,
    }  # fmt: skip


def _values_to_hwc(op: snnrt.ValuesToHWCOp, signals: Signals, shown: Presentation) -> Found:
    return "", {"call": 1, "element": _size(op.output)}


def _spike_list(op: snnrt.SpikeListOp, signals: Signals) -> Found:
    signal = signals[op.values]
    return "", {
        "call": 1, "block": signal.size // BLOCK, "rest": signal.size % BLOCK,
        "busy_block": signal.busy(BLOCK), "busy_word": signal.busy(4), "spike": signal.active,
    }  # fmt: skip


BLOCK = 16
"""Bytes that a search for spikes looks at together."""


LONG_FILL = c_constant("fill.h", "LONG_FILL")
"""Bytes from which on memory is cleared in a loop."""


def _fill_zero(op: snnrt.FillZeroOp, signals: Signals) -> Found:
    size = _size(op.buffer) * bits_of(op.buffer) / 8
    if size < LONG_FILL:
        return "small", {"call": 1, "byte": size}
    return "", {"call": 1, "byte": size}


def _elementwise(op: KernelOpBase, signals: Signals) -> Found:
    return "", {"call": 1, "element": _size(op.operands[-1])}


def _add(op: snnrt.AddOp, signals: Signals) -> Found:
    bits, size = bits_of(op.output), _size(op.output)
    unrolled = ".unrolled" if size * bits // 32 <= UNROLLED else ""
    return f"s{bits}{unrolled}", {"call": 1, "element": size}


def _scale(op: snnrt.ScaleOp, signals: Signals) -> Found:
    """Elements in rows of channels, which a loop is over if there are many."""
    size, channels = _size(op.output), buffer_shape(op.output.type)[-1]
    rows, factors = size / channels, _size(op.factor)
    of = {1: "layer", channels: "channel"}.get(factors, "each")
    if rows == 1:
        # Of one row, each element has code of its own, or one is like any other.
        length = "long" if channels > UNROLLED else "short"
        return f"row.{length}", {"call": 1, f"{of}_element": size}
    looped = channels > UNROLLED + 1
    if looped or of != "channel":
        variant = "loop" if looped else "rows"
        return variant, {"call": 1, f"{of}_element": size, f"{of}_row": rows}
    # Each channel has code for its factor; of those that stay as they are there is none.
    assert isinstance(op.factor.owner, snnrt.ConstantOp)
    values = array_from_dense(op.factor.owner.value).reshape(-1).astype(np.int64)
    if op.input.type == op.output.type:
        values = values[values != 1]
    shifted = (values > 0) & (values & (values - 1) == 0)
    return "rows", {
        "call": 1, "channel_row": rows, "channel_element": rows * len(values),
        "channel_product": rows * np.count_nonzero(~shifted),
    }  # fmt: skip


def _concat(op: snnrt.ConcatChannelsOp, signals: Signals) -> Found:
    """Rows of bytes that are copied, two at each position."""
    bytes = _size(op.output) * bits_of(op.output) / 8
    row = buffer_shape(op.output.type)[-1]
    return "", {"call": 1, "byte": bytes, "row": _size(op.output) / row}


def _im2col(op: snnrt.Im2ColOp, signals: Signals) -> Found:
    positions, patch = buffer_shape(op.columns.type)
    taps = element_count(int_values(op.kernel))
    return "", {"call": 1, "tap": positions * taps, "byte": positions * patch}


def _masks_to_bytes(op: snnrt.MasksToBytesOp, signals: Signals) -> Found:
    signal = signals[op.entries]
    return "", {
        "call": 1, "byte": _size(op.spikes), "entry": signal.positions, "spike": signal.active,
    }  # fmt: skip


def _bytes_to_masks(op: snnrt.BytesToMasksOp, signals: Signals) -> Found:
    height, width, channels = buffer_shape(op.spikes.type)
    words, rest = divmod(channels, 4)
    positions, masks = height * width, mask_count(channels + channels % 2)
    entries = signals[op.entries].positions
    return "" if rest == 0 else "rest", {
        "call": 1, "row": height, "position": positions, "mask": positions * masks,
        "word": positions * words, "rest_channel": positions * rest,
        "entry": entries, "entry_mask": entries * masks,
    }  # fmt: skip


def _max_pool_masks(op: snnrt.MaxPoolMasksOp, signals: Signals) -> Found:
    """Positions are combined, then the windows of each row that has some are looked at."""
    height, width = int_values(op.output_size)
    masks = mask_count(op.lanes.value.data)
    entries, windows = signals[op.entries].positions, signals[op.pooled].positions
    rows = height * (1 - (1 - min(windows / (height * width), 1)) ** width)
    return "", {
        "call": 1, "entry": entries, "entry_mask": entries * masks, "row": rows,
        "window": rows * width, "window_mask": rows * width * masks,
        "listed": windows, "listed_mask": windows * masks,
    }  # fmt: skip


INPUT_FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.CheckDensityOp: _check_density,
    snnrt.ListHitsOp: _list_hits,
    snnrt.MarkEventsOp: _list_hits,
    snnrt.FrameToHWCOp: _frame_to_hwc,
    snnrt.ValuesToHWCOp: _values_to_hwc,
}
FEATURES: dict[type, Callable[..., Found]] = {
    **LANE_FEATURES,
    **WINDOW_FEATURES,
    **TILE_FEATURES,
    **LINEAR_FEATURES,
    **DOT_FEATURES,
    **CMSIS_FEATURES,
    **NEURON_FEATURES,
    **POOLING_FEATURES,
    **STEP_FEATURES,
    snnrt.SpikeListOp: _spike_list,
    snnrt.Conv2dScatterOp: conv2d_scatter,
    snnrt.Conv2dScatterValuesOp: conv2d_scatter,
    snnrt.Conv2dScatterPackedOp: conv2d_scatter_packed,
    snnrt.Conv2dScatterSparseOp: sparse_convolution,
    snnrt.Conv2dScatterBlocksOp: sparse_convolution,
    snnrt.FillZeroOp: _fill_zero,
    snnrt.AddOp: _add,
    snnrt.ScaleOp: _scale,
    snnrt.ConcatChannelsOp: _concat,
    snnrt.WidenOp: _elementwise,
    snnrt.Im2ColOp: _im2col,
    snnrt.MasksToBytesOp: _masks_to_bytes,
    snnrt.BytesToMasksOp: _bytes_to_masks,
    snnrt.MaxPoolMasksOp: _max_pool_masks,
}
