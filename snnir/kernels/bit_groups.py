# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the channels of a layer are numbered as bits, and which bits share a table.

A position's spikes select entries of tables of precomputed kernel sums (the method of the four
Russians: Arlazarov, Dinic, Kronrod and Faradzev 1970). Channels that often fire belong into one
table, because a table costs one addition however many of its bits are set.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.snnrt_lanes import MASK_LANES

LARGEST_GROUP = 10
"""Bits of the largest table: 1,023 entries."""

GROUP_COST = 0.03
"""What it costs to look at a group, in additions of a kernel."""

_BYTES = 4
"""Spikes that a word of bytes holds."""

UNKNOWN_RATE = 0.1
"""Assumed probability of a spike of a channel at an active position, where none was measured."""


def lane_of_bit(bit: int, lanes: int) -> int:
    """The lane of a bit: within each mask first the low lanes of all words, then the high ones."""
    mask, within = divmod(bit, MASK_LANES)
    pairs = min(lanes - mask * MASK_LANES, MASK_LANES) // 2
    lane = 2 * within if within < pairs else 2 * (within - pairs) + 1
    return mask * MASK_LANES + lane


def channels_by_bit(lane_channels: Sequence[int | None]) -> tuple[int | None, ...]:
    """The channel of each bit, from that of each lane."""
    lanes = len(lane_channels)
    return tuple(lane_channels[lane_of_bit(bit, lanes)] for bit in range(lanes))


def channels_by_lane(
    channels: int, lanes: int, rates: NDArray | None, busy: NDArray[np.bool_]
) -> list[int | None]:
    """The channel of each lane; None for the last lanes if there are more of them.

    Busy channels share words, the last ones that are full. All others lie in order of their rate,
    if it is known, so that the highest bits fire most often.

    Args:
        rates: spikes of each channel per neuron and step, or None.
        busy: which channels may spike without input.
    """
    by_rate = range(channels) if rates is None else np.argsort(-rates, kind="stable").tolist()
    ranked = [c for c in by_rate if busy[c]] + [c for c in by_rate if not busy[c]]
    full = channels // 2 * 2
    last = range(full - 1, full - 1 - 2 * -(-int(busy.sum()) // 2), -1)
    descending = (lane_of_bit(bit, lanes) for bit in reversed(range(lanes)))
    order = [*last, *(lane for lane in descending if lane not in last and lane < channels)]
    result: list[int | None] = [None] * lanes
    for lane, channel in zip((lane for lane in order if lane >= 0), ranked, strict=False):
        result[lane] = channel
    return result


def lanes_of_bytes(channels: int) -> list[int | None]:
    """The channel of each lane of masks that are made from bytes, see `bytes_to_masks.h`.

    >>> lanes_of_bytes(8)
    [0, 2, 4, 6, 1, 3, 5, 7]
    >>> lanes_of_bytes(3)
    [0, 1, 2, None]
    """
    lanes: list[int | None] = []
    for first in range(0, channels, MASK_LANES):
        count = min(channels - first, MASK_LANES)
        words, rest = divmod(count, _BYTES)
        if rest:
            lanes += [*range(first, first + count), *[None] * (count % 2)]
            continue
        for pair in range(2 * words):
            byte, word = divmod(pair, words)
            lanes += [first + _BYTES * word + byte, first + _BYTES * word + byte + 2]
    return lanes


def busy_words(lane_channels: Sequence[int | None], busy: NDArray[np.bool_]) -> tuple[int, int]:
    """First and end of the words that hold a busy channel; (0, 0) for none."""
    words = [lane // 2 for lane, c in enumerate(lane_channels) if c is not None and busy[c]]
    return (min(words), max(words) + 1) if words else (0, 0)


@dataclass(frozen=True)
class Grouping:
    """The bits of each group, in order, and what they cost a position, in additions."""

    groups: tuple[range, ...]
    additions: float

    @property
    def bits(self) -> tuple[int, ...]:
        """Number of bits of each group."""
        return tuple(map(len, self.groups))

    @property
    def entries(self) -> int:
        """Entries of all tables."""
        return sum((1 << bits) - 1 for bits in self.bits)


def single_bits(bits: int) -> Grouping:
    """A group for every bit."""
    return Grouping(tuple(range(bit, bit + 1) for bit in range(bits)), 0.0)


def group_bits(
    probabilities: Sequence[float], entries: int, silent: Sequence[bool] = ()
) -> Grouping:
    """The grouping with the fewest expected additions for at most `entries` table entries.

    Spikes of different channels are taken as independent. Groups do not cross a mask of 32 bits.
    Exact, by dynamic programming over the bits and the entries used.

    Args:
        probabilities: of a spike, for each bit in order.
        entries: at least the number of bits; groups of one bit each are always possible.
        silent: bits that are never set, which need not belong to a group; none if it is empty.
    """
    skipped = [*silent] or [False] * len(probabilities)
    # Someone has to come first: a layer without any group would have no table.
    skipped[-1] &= not all(skipped)
    live = np.cumsum([0, *(not bit for bit in skipped)])
    best: dict[int, dict[int, Grouping]] = {0: {0: Grouping((), 0.0)}}
    for start in range(len(probabilities)):
        for grouping in [*best.get(start, {}).values()]:
            if skipped[start]:
                _keep_best(best.setdefault(start + 1, {}), grouping.entries, grouping)
                continue
            for bits in range(1, LARGEST_GROUP + 1):
                end = start + bits
                crosses = start // MASK_LANES != (end - 1) // MASK_LANES
                if end > len(probabilities) or crosses:
                    break
                used = grouping.entries + (1 << bits) - 1
                if used + live[-1] - live[end] > entries:
                    break
                quiet = float(np.prod([1 - p for p in probabilities[start:end]]))
                cost = grouping.additions + 1 - quiet + GROUP_COST
                longer = Grouping((*grouping.groups, range(start, end)), cost)
                _keep_best(best.setdefault(end, {}), used, longer)
    return min(best[len(probabilities)].values(), key=lambda g: (g.additions, g.entries))


def _keep_best(found: dict[int, Grouping], used: int, grouping: Grouping) -> None:
    if used not in found or grouping.additions < found[used].additions:
        found[used] = grouping


def table_sums(kernels: NDArray[np.int64], groups: Sequence[range]) -> NDArray[np.int64]:
    """The entries of all tables.

    Args:
        kernels: (bits, …), the kernel of each bit.

    Returns:
        (entries, …): for each group the sums over the combinations 1, 2, 3, … of its bits.
    """
    tables = []
    for group in groups:
        sums = np.zeros((1 << len(group), *kernels.shape[1:]), np.int64)
        for index, bit in enumerate(group):
            sums[1 << index : 2 << index] = sums[: 1 << index] + kernels[bit]
        tables.append(sums[1:])
    return np.concatenate(tables)
