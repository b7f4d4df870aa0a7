# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What layers that are computed by tiles do in a mean step: see `tile_layer.h`, whose loops the
names follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from snnir.costs.additions import additions_along
from snnir.costs.features_lanes import Amounts, bit_group_counts
from snnir.costs.features_windows import window_amounts
from snnir.costs.reach import Reach, reach
from snnir.costs.signals import Floats, Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snnrt_lanes import mask_count
from snnir.dialects.snnrt_packed import packed_words
from snnir.dialects.snnrt_tiles import MARK_BITS, QUAD_LANES
from snnir.kernels.bit_groups import single_bits


def _reaches(op: snnrt.TileLIFBase, shares: Sequence[Floats | None]) -> list[Reach]:
    taps = buffer_shape(op.weights.type)[1:3]
    windows, window = buffer_shape(op.membrane.type)[:2], int_values(op.window)
    return [
        reach(size, taps[axis], windows[axis] * window[axis], 1, padding, 1, shares[axis])
        for axis, (size, padding) in enumerate(
            zip(int_values(op.input_size), int_values(op.padding), strict=True)
        )
    ]


def quads_of(op: snnrt.TileLIFBase) -> int:
    return op.weight_lanes // QUAD_LANES


def _packed_words(op: snnrt.TileLIFBase) -> int:
    """Words of packed weights of a position."""
    bits = op.weight_bits.value.data
    return 0 if bits == 8 else packed_words(op.weight_lanes, bits)


def _visits(op: snnrt.TileLIFBase, rows: Reach) -> float:
    """Tiles that an input reaches, if it reaches any."""
    return 1 + (rows.mean_reached - 1) / buffer_shape(op.current.type)[0]


def _additions(prefix: str, amount: float, reaches: list[Reach], op: snnrt.TileLIFBase) -> Amounts:
    """`amount` times one kernel, cut to tiles; one row or column takes no loop."""
    rows, columns = reaches
    positions = amount * rows.mean * columns.mean
    return {
        f"{prefix}_rectangle": amount * rows.chance * columns.chance * _visits(op, rows),
        f"{prefix}_row": amount * rows.mean * columns.chance * (rows.taps > 1),
        f"{prefix}_column": positions * (columns.taps > 1),
        f"{prefix}_quad": positions * quads_of(op),
        f"{prefix}_word": positions * _packed_words(op),
    }


def _event_amounts(op: snnrt.TileLIFBase, signal: Signal) -> Amounts:
    """Words of marks that are looked at, and additions for every event."""
    reaches = _reaches(op, signal.active_along)
    channels, taps, *_ = buffer_shape(op.weights.type)
    tiles = -(-buffer_shape(op.membrane.type)[0] // op.tile_rows.value.data)
    height, width = int_values(op.input_size)
    band = min(buffer_shape(op.current.type)[0] + taps - 1, height)
    hits = signal.active * reaches[0].chance
    # The rows of a channel begin at any bit of a word.
    words = 1 + (band * width - 1) / MARK_BITS
    return {
        "channel": tiles * channels,
        "words": tiles * channels * words,
        "hit": hits * _visits(op, reaches[0]),
        **_additions("one", signal.total, reaches, op),
    }


def _spike_amounts(op: snnrt.TileLIFBase, signal: Signal) -> Amounts:
    """Additions for the spikes of every position, two at a time."""
    reaches = _reaches(op, signal.along)
    lanes = buffer_shape(op.weights.type)[0]
    positions = element_count(int_values(op.input_size))
    counts = bit_group_counts(single_bits(lanes).groups, lanes, positions, signal)
    numbers = np.arange(len(counts))
    twos, ones = float(counts @ (numbers // 2)), float(counts @ (numbers % 2))
    places = [additions_along(signal, axis, lanes, 2 * twos + ones, ones) for axis in (0, 1)]
    pairs = _reaches(op, [along for along, _ in places])
    entries = signal.positions * reaches[0].chance * _visits(op, reaches[0])
    return {
        "entry_visit": entries,
        "entry_masks": entries * mask_count(lanes),
        "bit": entries * float(counts @ numbers),
        **_additions("two", signal.positions * twos, pairs, op),
        **_additions("one", signal.positions * ones, reaches, op),
    }


def tile_lif(op: snnrt.TileLIFBase, signals: Signals) -> tuple[str, Amounts]:
    """Convolution, pooling and neurons."""
    tiles = -(-buffer_shape(op.membrane.type)[0] // op.tile_rows.value.data)
    size = element_count(buffer_shape(op.current.type))
    if op.marks is not None:
        kind, inputs = "events", _event_amounts(op, signals[op.marks])
    else:
        assert op.spikes is not None
        kind, inputs = "spikes", _spike_amounts(op, signals[op.spikes])
    amounts = {**window_amounts(op, signals), **inputs, "tile": tiles, "tile_lane": size}
    if op.current_shift.value.data:
        amounts["shifted_word"] = amounts["halving_word"]
    bits = op.weight_bits.value.data
    return kind if bits == 8 else f"{kind}.bits{bits}", amounts


FEATURES: dict[type, Callable[..., tuple[str, Amounts]]] = {
    snnrt.TileLIFMasksOp: tile_lif,
    snnrt.TileLIFListOp: tile_lif,
}
