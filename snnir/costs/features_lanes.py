# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What convolutions on packed lanes do in a mean step: see `lane_conv2d.h` and `mask_conv2d.h`,
whose loops the names follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from xdsl.dialects.builtin import f64

from snnir.costs.additions import additions_along
from snnir.costs.reach import Reach, reach
from snnir.costs.signals import Floats, Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snnrt_lanes import mask_count
from snnir.kernels.bit_groups import UNKNOWN_RATE
from snnir.kernels.c_constants import c_constant

CHUNK_PAIRS, CHUNK_TRIPLES = c_constant("lane_rows.h", "CHUNK_PAIRS"), 8
"""Elements that one transfer of several registers moves; eight doubles are half of all."""

Amounts = dict[str, float]


def packing_of(op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp | snnrt.WindowLIFBase) -> str:
    """`pairs` or `triples`."""
    return "triples" if buffer_element(op.current.type) == f64 else "pairs"


def chunks(elements: int, packing: str) -> int:
    """Transfers for so many elements in a row: `snnrt_add_pairs`, `snnrt_add_triples`."""
    if packing == "triples":
        return -(-elements // CHUNK_TRIPLES)
    return sum(1 for _ in _pair_chunks(elements))


def _pair_chunks(elements: int) -> Iterator[int]:
    while elements > CHUNK_PAIRS and elements != 6:
        yield CHUNK_PAIRS
        elements -= CHUNK_PAIRS
    yield from (3, 3) if elements == 6 else (elements,)


def elements_of(op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp) -> int:
    """Words or doubles of a position."""
    row = buffer_shape(op.current.type)[2]
    return row if packing_of(op) == "triples" else row // 2


def _reaches(
    op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp, shares: Sequence[Floats | None]
) -> list[Reach]:
    kernels = op.kernels if isinstance(op, snnrt.LaneConv2dHitsOp) else op.tables
    taps = buffer_shape(kernels.type)[1:3]
    outputs = buffer_shape(op.current.type)[:2]
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
    elements, packing = elements_of(op), packing_of(op)
    rectangles = amount * rows.chance * columns.chance
    times = amount * rows.mean
    wide = columns.taps > 8
    return {
        f"{prefix}_rectangle": rectangles * (columns.expect(float) if wide else 1),
        f"{prefix}_row": times * (columns.expect(float) if wide else columns.chance),
        f"{prefix}_chunk": times * columns.expect(lambda count: chunks(count * elements, packing)),
        f"{prefix}_element": times * columns.expect(float) * elements,
    }


def lane_conv2d_hits(op: snnrt.LaneConv2dHitsOp, signals: Signals) -> tuple[str, Amounts]:
    """Additions of kernels for every event."""
    signal = signals[op.hits]
    reaches = _reaches(op, signal.active_along)
    height, _ = int_values(op.window)
    reached = signal.active * reaches[0].chance * reaches[1].chance
    touched = 0.0
    if op.touched is not None:
        touched = reached * (1 + (reaches[0].mean_reached - 1) / height)
    return packing_of(op), {
        "call": 1,
        "hit": signal.active,
        "reached": reached,
        "touched": touched,
        **_additions("one", signal.active * _additions_of_hit(op, signal), reaches, op),
    }


def _additions_of_hit(op: snnrt.LaneConv2dHitsOp, signal: Signal) -> float:
    """Mean additions for a hit, if the counts beyond 1 fall off geometrically."""
    if signal.active <= 0:
        return 1.0
    more = 1 - signal.active / max(signal.total, signal.active)
    return 1 / (1 - more**op.multiples)


def bit_group_counts(groups: Sequence[range], lanes: int, positions: int, signal: Signal) -> Floats:
    """Probabilities of 0, 1, 2, … groups with a spike at an active position of so many.

    Spikes of different channels are independent given how many there are, if that was measured.
    """
    chances = _bit_chances(groups, lanes, positions, signal)
    if signal.together is None:
        return _listed(_occupied(groups, chances))
    # Spikes come in bursts: positions with many of them have other odds than those with few.
    found = np.zeros(len(groups) + 1)
    for number, share in enumerate(signal.together[: np.count_nonzero(chances)], start=1):
        if share > 0:
            found += share * _listed(_occupied(groups, _scaled(chances, number)))
    return found / max(found.sum(), 1e-9)


def _bit_chances(groups: Sequence[range], lanes: int, positions: int, signal: Signal) -> Floats:
    """Probabilities of a spike of each bit at an active position of so many."""
    share = max(signal.positions / positions, 1e-9)
    rates = signal.rates
    if rates is not None and signal.bit_channels is not None:
        by_bit = [0.0 if channel is None else rates[channel] for channel in signal.bit_channels]
        return np.clip(np.array(by_bit) / share, 0, 1)
    # Bits of channels that never spike are in no group. As in `channels_by_lane`, the highest bits
    # fire most often; a bit of a group may have no channel.
    live = [bit for group in groups for bit in group]
    chances = np.zeros(lanes)
    if rates is None:
        chances[live] = min(signal.rate / share, 1.0) or UNKNOWN_RATE
    else:
        ranked = np.sort(rates)[-len(live) :]
        chances[live[len(live) - len(ranked) :]] = np.clip(ranked / share, 0, 1)
    return chances


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


UNROLLED_GROUPS = 32
"""Most groups that are looked at without a loop: `SNNRT_UNROLL_ROW`."""


def mask_conv2d(op: snnrt.MaskConv2dOp, signals: Signals) -> tuple[str, Amounts]:
    """Additions of tabulated sums for every active position, two at a time."""
    signal = signals[op.entries]
    reaches = _reaches(op, signal.along)
    bits, lanes = int_values(op.group_bits), op.lanes.value.data
    positions = signal.positions * reaches[0].chance * reaches[1].chance
    size = element_count(int_values(op.input_size))
    counts = bit_group_counts(op.groups, lanes, size, signal)
    numbers = np.arange(len(counts))
    twos, ones = float(counts @ (numbers // 2)), float(counts @ (numbers % 2))
    places = [additions_along(signal, axis, len(bits), 2 * twos + ones, ones) for axis in (0, 1)]
    pairs = _reaches(op, [along for along, _ in places])
    kind = "two" if len(bits) == 2 else "bits" if max(bits) == 1 else "groups"
    if len(bits) > UNROLLED_GROUPS and kind == "groups":
        kind = "looped"
    looked = 0.0 if kind == "two" else float(counts @ numbers if kind == "bits" else len(bits))
    return packing_of(op), {
        "call": 1,
        "entry": signal.positions,
        f"entry_{kind}": positions,
        f"look_{kind}": positions * looked,
        "masks": positions * mask_count(lanes) * (kind == "bits"),
        **_additions("two", signal.positions * twos, pairs, op),
        **_additions("one", signal.positions * ones, reaches, op),
    }


FEATURES: dict[type, Callable[..., tuple[str, Amounts]]] = {
    snnrt.LaneConv2dHitsOp: lane_conv2d_hits,
    snnrt.MaskConv2dOp: mask_conv2d,
}
