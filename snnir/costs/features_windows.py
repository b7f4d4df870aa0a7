# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What pooling and neurons of windows of packed currents do in a mean step: see `window_lif.h` and
`window_current.h`, whose loops the names follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xdsl.ir import SSAValue

from snnir.costs.features_lanes import Amounts, packing_of
from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snn_attributes import Reset, ResetTiming
from snnir.dialects.snnrt_lanes import MASK_LANES, TOUCHED_BITS, mask_count
from snnir.kernels.c_constants import c_constant
from snnir.kernels.lif_kinds import leak_kind
from snnir.layers.activity_attributes import REACH_AGES, floats_of

GROUP_WORDS = c_constant("window_current.h", "GROUP_WORDS")
"""Words of a window that are read together."""


@dataclass(frozen=True)
class Visited:
    """How many windows a step computes.

    Attributes:
        reached: with currents.
        looked: of these the ones that were not awake, whose last step is looked up.
        waking: of these the ones that were left alone before, whose steps are made up for.
        awake: without currents, because of a spike in the step before, or as all are computed.
        busy: of the others those of which some words are computed.
    """

    reached: float
    looked: float
    waking: float
    awake: float
    busy: float


def window_lif(op: snnrt.WindowLIFBase, signals: Signals) -> tuple[str, Amounts]:
    """Pooling and neurons in a call of their own."""
    amounts = window_amounts(op, signals)
    if isinstance(op, snnrt.MapLIFBase):
        if op.current_shift.value.data:
            amounts["shifted_word"] = amounts["halving_word"]
        return "", amounts
    return packing_of(op), amounts


def window_amounts(op: snnrt.WindowLIFBase, signals: Signals) -> Amounts:
    """Pooling and neurons of every window, by how long ago an event reached it."""
    height, width, lanes = buffer_shape(op.membrane.type)
    words, groups = lanes // 2, list(_groups(lanes // 2))
    visited = _visited(op, signals)
    begin, end = int_values(op.busy)
    quiet = words - max(end - begin, 0)
    amounts: Amounts = {
        "call": 1,
        "window": height * width,
        **_windows(op, visited),
        "looked": visited.looked,
        "waking": visited.waking,
        "waking_word": visited.waking * quiet,
        "busy_window": visited.busy,
        "busy_word": visited.busy * (words - quiet),
        **_reading(op, visited.reached, words, len(groups)),
        **_clearing(op, visited.reached, words),
        **_written(op, signals),
        **_stepped(op, visited, words, len(groups)),
    }
    return amounts


def _windows(op: snnrt.WindowLIFBase, visited: Visited) -> Amounts:
    """Computed windows: one after the other, or taken from bits where the others are calm."""
    height, width, _ = buffer_shape(op.membrane.type)
    if op.calm is not None:
        return {"calm_line": height, "reached": visited.reached, "awake": visited.awake}
    # GCC makes no loop of a row of one window.
    line = "line" if width > 1 else "only_line"
    return {line: height, "plain_reached": visited.reached, "plain_awake": visited.awake}


def _groups(words: int) -> Iterator[int]:
    """How many words of each group of a window are computed together, mask by mask."""
    for begin in range(0, words, MASK_LANES // 2):
        end = min(begin + MASK_LANES // 2, words)
        for start in range(begin // GROUP_WORDS * GROUP_WORDS, end, GROUP_WORDS):
            yield min(start + GROUP_WORDS, end) - max(start, begin)


def _reading(op: snnrt.WindowLIFBase, reached: float, words: int, groups: int) -> Amounts:
    """The maxima or sums of windows."""
    window = int_values(op.window)
    pixels = element_count(window)
    summed = "sum" if op.sum.value.data else "maximum"
    in_tiles = isinstance(op, snnrt.TileLIFBase)
    if summed == "maximum" and tuple(window) == (2, 2) and not in_tiles:
        # In one piece where a group has three words.
        whole = words // GROUP_WORDS
        rest, left = groups - whole, words - whole * GROUP_WORDS
        return {
            "square_group": reached * whole, "read_group": reached * rest,
            "read_word": reached * left, "maximum_group": reached * (pixels - 1) * rest,
            "maximum_word": reached * (pixels - 1) * left,
        }  # fmt: skip
    return {
        "read_group": reached * groups,
        "read_word": reached * words,
        f"{summed}_group": reached * (pixels - 1) * groups,
        f"{summed}_word": reached * (pixels - 1) * words,
    }


LONGEST_COPY = c_constant("window_current.h", "MOST_COPIED")
"""Triples of a position, or doubles of a row of pairs, that one transfer copies."""


def _clearing(op: snnrt.WindowLIFBase, reached: float, words: int) -> Amounts:
    """Windows are set back: two rows of pairs by a transfer each, or two words by a store; a
    position of triples by a transfer.
    """
    height, width = int_values(op.window)
    if isinstance(op, snnrt.MapLIFBase):
        return {}
    if packing_of(op) == "pairs":
        if height == 2 and width * words % 2 == 0 and width * words // 2 <= LONGEST_COPY:
            return {"clear_row": reached * height}
        return {"clear_store": reached * height * -(-width * words // 2)}
    triples = -(-2 * words // 3)
    return {"copy": reached * height * width * -(-triples // LONGEST_COPY)}


def _stepped(op: snnrt.WindowLIFBase, visited: Visited, words: int, groups: int) -> Amounts:
    """Steps of neurons."""
    windows = visited.reached + visited.awake
    masks = windows * mask_count(2 * words)
    if op.resets is not None:
        return {
            "step_mask": masks, "halving_group": windows * groups, "halving_word": windows * words,
            # Currents of none are loaded into registers.
            "awake_word": visited.awake * words,
            # Fewer registers are left where one mask is not enough.
            "several_group": windows * groups * (words > MASK_LANES // 2),
        }  # fmt: skip
    stepped, kind = windows * words, leak_kind(op)
    return {
        "step_mask": masks,
        f"word_{kind}": stepped,
        f"word_{_RESETS[op.reset.data]}": stepped,
        "word_bias": stepped * (op.bias is not None),
        "word_decayed": stepped * (op.reset.data is Reset.SUBTRACT_DECAYED),
        "word_immediate": stepped * (op.reset_timing.data is ResetTiming.IMMEDIATE),
        "word_channels": stepped * _per_channel(op.threshold),
        "word_leaks": stepped * _per_channel(op.leak),
        "word_shift": stepped * (op.shift.value.data != 0),
    }


_RESETS = {
    Reset.NONE: "unreset", Reset.SUBTRACT: "subtract", Reset.SUBTRACT_DECAYED: "subtract",
    Reset.ZERO_AFTER: "zero", Reset.ZERO_BEFORE: "zero",
}  # fmt: skip
"""Resets to zero select what is kept; the others subtract what they select."""


def _written(op: snnrt.WindowLIFBase, signals: Signals) -> Amounts:
    signal, lanes = signals[op.listed], buffer_shape(op.membrane.type)[2]
    if isinstance(op, snnrt.MaskListLIFBase):
        return {"entry": signal.positions, "entry_mask": signal.positions * mask_count(lanes)}
    return {"spike": signal.active, "list_mask": signal.positions * mask_count(lanes)}


def _per_channel(parameter: SSAValue | None) -> bool:
    return parameter is not None and element_count(buffer_shape(parameter.type)) > 1


def _visited(op: snnrt.WindowLIFBase, signals: Signals) -> Visited:
    height, width, _ = buffer_shape(op.membrane.type)
    windows = height * width
    reached, left = (windows * share for share in _ages(op, signals))
    if op.calm is None:
        # Windows without input take the whole step, but read no currents.
        return Visited(reached=reached, looked=0, waking=0, awake=windows - reached, busy=0)
    # A window is awake in the step after a spike. Those that events have just left spike as often
    # as those that they reach.
    spiking = min(signals[op.listed].positions / max(reached, 1e-9), 1.0)
    awake = left * spiking
    begin, end = int_values(op.busy)
    # As many windows are left by events as are reached anew.
    busy = (windows - reached - awake) * (begin < end)
    return Visited(
        reached=reached, looked=reached * (1 - spiking), waking=left, awake=awake, busy=busy
    )


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


FEATURES: dict[type, Callable[..., tuple[str, Amounts]]] = {
    snnrt.WindowLIFMasksOp: window_lif,
    snnrt.WindowLIFListOp: window_lif,
    snnrt.MapLIFMasksOp: window_lif,
    snnrt.MapLIFListOp: window_lif,
}
