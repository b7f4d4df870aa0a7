# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the kernels on packed lanes do in a mean step: see `lane_conv2d.h`, `mask_conv2d.h` and
`window_lif.h`, whose loops the names follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.dialects.builtin import f64

from snnir.costs.reach import Reach, reach
from snnir.costs.signals import Floats, Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snn_attributes import Reset, ResetTiming
from snnir.dialects.snnrt_lanes import MASK_LANES, TOUCHED_BITS, mask_count
from snnir.kernels.bit_groups import UNKNOWN_RATE
from snnir.kernels.lif_kinds import leak_kind
from snnir.layers.activity_attributes import REACH_AGES, floats_of

CHUNK = {"pairs": 5, "triples": 8}
"""Elements that one transfer of several registers moves."""

Amounts = dict[str, float]


def _packing(op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp | snnrt.WindowLIFBase) -> str:
    return "triples" if buffer_element(op.current.type) == f64 else "pairs"


def _elements(op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp) -> int:
    """Words or doubles of a position."""
    row = buffer_shape(op.current.type)[2]
    return row if _packing(op) == "triples" else row // 2


def _reaches(op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp, signal: Signal) -> list[Reach]:
    kernels = op.kernels if isinstance(op, snnrt.LaneConv2dHitsOp) else op.tables
    taps = buffer_shape(kernels.type)[1:3]
    outputs = buffer_shape(op.current.type)[:2]
    shares = (signal.rows, signal.columns)
    return [
        reach(size, taps[axis], outputs[axis], 1, padding, 1, shares[axis])
        for axis, (size, padding) in enumerate(
            zip(int_values(op.input_size), int_values(op.padding), strict=True)
        )
    ]


def _additions(prefix: str, amount: float, reaches: list[Reach], op: object) -> Amounts:
    """`amount` times one rectangle of currents."""
    assert isinstance(op, snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp)
    rows, columns = reaches
    elements, chunk = _elements(op), CHUNK[_packing(op)]
    rectangles = amount * rows.chance * columns.chance
    times = amount * rows.mean
    chunks = columns.expect(lambda count: -(-count * elements // chunk))
    wide = columns.taps > 8
    return {
        f"{prefix}_rectangle": rectangles * (columns.expect(float) if wide else 1),
        f"{prefix}_row": times * (columns.expect(float) if wide else columns.chance),
        f"{prefix}_chunk": times * chunks,
        f"{prefix}_element": times * columns.expect(float) * elements,
    }


def lane_conv2d_hits(op: snnrt.LaneConv2dHitsOp, signals: Signals) -> tuple[str, Amounts]:
    """Additions of kernels for every event."""
    signal = signals[op.hits]
    reaches = _reaches(op, signal)
    height, _ = int_values(op.window)
    reached = signal.active * reaches[0].chance * reaches[1].chance
    touched = 0.0
    if op.touched is not None:
        touched = reached * (1 + (reaches[0].mean_reached - 1) / height)
    return _packing(op), {
        "call": 1,
        "hit": signal.active,
        "reached": reached,
        "touched": touched,
        **_additions("one", signal.active * _additions_of_hit(op, signal), reaches, op),
    }


def _additions_of_hit(op: snnrt.LaneConv2dHitsOp, signal: Signal) -> float:
    """Mean additions for a hit, if the counts beyond 1 fall off geometrically."""
    more = 1 - signal.active / max(signal.total, signal.active, 1e-9)
    return 1 / (1 - more**op.multiples)


def bit_group_counts(groups: Sequence[range], lanes: int, positions: int, signal: Signal) -> Floats:
    """Probabilities of 0, 1, 2, … groups with a spike at an active position of so many.

    Spikes of different channels are independent given how many there are, if that was measured.
    """
    share = max(signal.positions / positions, 1e-9)
    rates = signal.rates
    # Bits of channels that never spike are in no group. As in `channels_by_lane`, the highest bits
    # fire most often; a bit of a group may have no channel.
    live = [bit for group in groups for bit in group]
    chances = np.zeros(lanes)
    if rates is None:
        chances[live] = min(signal.rate / share, 1.0) or UNKNOWN_RATE
    else:
        ranked = np.sort(rates)[-len(live) :]
        chances[live[len(live) - len(ranked) :]] = np.clip(ranked / share, 0, 1)
    if signal.together is None:
        return _listed(_occupied(groups, chances))
    # Spikes come in bursts: positions with many of them have other odds than those with few.
    found = np.zeros(len(groups) + 1)
    for number, share in enumerate(signal.together[: np.count_nonzero(chances)], start=1):
        if share > 0:
            found += share * _listed(_occupied(groups, _scaled(chances, number)))
    return found / max(found.sum(), 1e-9)


def _scaled(chances: Floats, number: float) -> Floats:
    """Chances with odds in the same proportions whose sum is `number`."""
    odds = np.clip(chances, 0, 1 - 1e-6) / (1 - np.clip(chances, 0, 1 - 1e-6))
    low, high, factor = 1e-9, 1e9, 1.0
    for _ in range(60):
        factor = (low * high) ** 0.5
        total = float(np.sum(factor * odds / (1 + factor * odds)))
        low, high = (factor, high) if total < number else (low, factor)
    return np.asarray(factor * odds / (1 + factor * odds))


def _occupied(groups: Sequence[range], chances: Floats) -> Floats:
    """Probabilities of 0, 1, 2, … groups with a spike, of independent channels."""
    counts = np.ones(1)
    for group in groups:
        active = 1 - float(np.prod(1 - chances[group.start : group.stop]))
        counts = np.convolve(counts, [1 - active, active])
    return counts


def _listed(counts: Floats) -> Floats:
    """Given that there is one: positions without a spike are not listed."""
    if len(counts) > 1 and counts[1:].sum() > 0:
        counts[0] = 0
        counts = counts / counts.sum()
    return counts


def mask_conv2d(op: snnrt.MaskConv2dOp, signals: Signals) -> tuple[str, Amounts]:
    """Additions of tabulated sums for every active position, two at a time."""
    signal = signals[op.entries]
    reaches = _reaches(op, signal)
    bits, lanes = int_values(op.group_bits), op.lanes.value.data
    positions = signal.positions * reaches[0].chance * reaches[1].chance
    size = element_count(int_values(op.input_size))
    counts = bit_group_counts(op.groups, lanes, size, signal)
    numbers = np.arange(len(counts))
    twos, ones = float(counts @ (numbers // 2)), float(counts @ (numbers % 2))
    kind = "two" if len(bits) == 2 else "bits" if max(bits) == 1 else "groups"
    looked = {"two": 0.0, "bits": float(counts @ numbers), "groups": float(len(bits))}[kind]
    return _packing(op), {
        "call": 1,
        "entry": signal.positions,
        f"entry_{kind}": positions,
        f"look_{kind}": positions * looked,
        "masks": positions * mask_count(lanes) * (kind == "bits"),
        **_additions("two", signal.positions * twos, reaches, op),
        **_additions("one", signal.positions * ones, reaches, op),
    }


def window_lif(op: snnrt.WindowLIFBase, signals: Signals) -> tuple[str, Amounts]:
    """Pooling and neurons in a call of their own."""
    return _packing(op), window_amounts(op, signals)


def window_amounts(op: snnrt.WindowLIFBase, signals: Signals) -> Amounts:
    """Pooling and neurons of every window, by how long ago an event reached it."""
    height, width, lanes = buffer_shape(op.membrane.type)
    windows, words = height * width, lanes // 2
    pixels = element_count(int_values(op.window))
    masks = isinstance(op, snnrt.WindowLIFMasksOp | snnrt.TileLIFMasksOp)
    signal = signals[op.listed]
    halving = op.resets is not None
    reached, fresh = _ages(op, signals)
    if op.calm is None:
        # Windows without input take the whole step, but read no currents.
        fresh = 1 - reached
    begin, end = int_values(op.busy)
    busy = max(end - begin, 0) if op.calm is not None else 0
    summed = "sum" if op.sum.value.data else "maximum"
    amounts: Amounts = {
        "call": 1,
        "line": height,
        "window": windows,
        "reached": windows * reached,
        # As many windows fall calm as wake, and some stay awake for another step.
        "fresh": windows * fresh,
        "fresh_word": windows * fresh * words,
        "busy_window": windows * (1 - reached) * (busy > 0),
        "busy_word": windows * (1 - reached) * busy,
        "halving_word": windows * reached * words * halving,
        f"{summed}_word": windows * reached * words * (pixels - 1),
        "read_word": windows * reached * words * pixels,
        "clear": windows * reached * pixels,
        "clear_word": windows * reached * pixels * words,
    }
    if masks:
        amounts["entry"] = signal.positions
        amounts["entry_mask"] = signal.positions * mask_count(lanes)
    else:
        amounts["spike"] = signal.active
        amounts["list_mask"] = windows * mask_count(lanes)
    if not halving:
        stepped = windows * (reached + fresh) * words
        amounts[f"word_{leak_kind(op)}"] = stepped
        amounts["word_bias"] = stepped * (op.bias is not None)
        amounts["word_decayed"] = stepped * (op.reset.data is Reset.SUBTRACT)
        amounts["word_immediate"] = stepped * (op.reset_timing.data is ResetTiming.IMMEDIATE)
        amounts["word_channels"] = stepped * _per_channel(op)
    return amounts


def _per_channel(op: snnrt.WindowLIFBase) -> bool:
    return op.threshold is not None and element_count(buffer_shape(op.threshold.type)) > 1


def _ages(op: snnrt.WindowLIFBase, signals: Signals) -> tuple[float, float]:
    """Shares of the windows that an event reaches in a step, and that one reached in the step
    before."""
    marked = isinstance(op, snnrt.TileLIFBase) and op.marks is not None
    if op.touched is None and not (marked and buffer_shape(op.membrane.type)[1] <= TOUCHED_BITS):
        return 1.0, 0.0
    ages = floats_of(op, REACH_AGES)
    if ages is None:
        share = _assumed_share(op, signals)
        return share, (1 - share) * share
    return float(ages[0]), float(ages[1])


def _assumed_share(op: snnrt.WindowLIFBase, signals: Signals) -> float:
    """The chance that an event reaches a window, if events lie anywhere alike."""
    if isinstance(op, snnrt.TileLIFBase):
        assert op.marks is not None
        taps, size = buffer_shape(op.weights.type)[1:3], int_values(op.input_size)
        hits = signals[op.marks].positions
    else:
        writer = next(
            (use.operation for use in op.current.uses
             if isinstance(use.operation, snnrt.LaneConv2dHitsOp)), None,
        )  # fmt: skip
        if writer is None:
            return 1.0
        taps, size = buffer_shape(writer.kernels.type)[1:3], int_values(writer.input_size)
        hits = signals[writer.hits].positions
    area = 1
    for tap, window in zip(taps, int_values(op.window), strict=True):
        area *= tap + window - 1
    share = min(hits / element_count(size), 1.0)
    return 1 - (1 - share) ** area


def lane_code_amounts(op: object) -> Amounts:
    """What the size of a call's code grows with."""
    if isinstance(op, snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp):
        kernels = op.kernels if isinstance(op, snnrt.LaneConv2dHitsOp) else op.tables
        width, elements, chunk = buffer_shape(kernels.type)[2], _elements(op), CHUNK[_packing(op)]
        widths = range(1, width + 1) if width <= 8 else [1]
        return {"call": 1, "chunk": sum(-(-n * elements // chunk) for n in widths)}
    if isinstance(op, snnrt.WindowLIFMasksOp | snnrt.WindowLIFListOp):
        words = min(buffer_shape(op.membrane.type)[2] // 2, MASK_LANES // 2)
        return {"call": 1, "word": words, "read": words * element_count(int_values(op.window))}
    return {"call": 1}


FEATURES: dict[type, Callable[..., tuple[str, Amounts]]] = {
    snnrt.LaneConv2dHitsOp: lane_conv2d_hits,
    snnrt.MaskConv2dOp: mask_conv2d,
    snnrt.WindowLIFMasksOp: window_lif,
    snnrt.WindowLIFListOp: window_lif,
}
