# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What poolings of whole buffers do: see `max_pool2d.h` and `sum_pool2d.h`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from snnir.costs.features_neurons import bits_of
from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values

Found = tuple[str, dict[str, float]]


def _max_pool2d(op: snnrt.MaxPool2dOp, signals: Signals) -> Found:
    bits = bits_of(op.input)
    return f"s{bits}", _windows(op, 32 // bits if bits < 32 else 0)


def _sum_pool2d(op: snnrt.SumPool2dOp, signals: Signals) -> Found:
    read, written = bits_of(op.input), bits_of(op.output)
    lanes = 32 // read if read == written < 32 or read == 8 else 0
    return f"s{read}_s{written}", _windows(op, lanes)


def _windows(op: snnrt.MaxPool2dOp | snnrt.SumPool2dOp, lanes: int) -> dict[str, float]:
    """Windows of which so many channels are packed in a word; 0 for none."""
    height, width, channels = buffer_shape(op.output.type)
    outputs, elements = height * width, element_count(int_values(op.kernel))
    words, rest = (channels // lanes, channels % lanes) if lanes else (0, channels)
    looped = (
        words > UNROLLED_WORDS or words * elements > UNROLLED_ELEMENTS
        or max(int_values(op.kernel)) > UNROLLED_ROW
    )  # fmt: skip
    size = _window_size(op, UNROLLED_WINDOW)
    word = f"{size}_looped_word" if looped and size != "wide" else f"{size}_word"
    single = f"{_window_size(op, UNROLLED_COLUMNS)}_rest"
    clipped = _clipped_windows(op)
    prefix = "clipped" if min(int_values(op.kernel)) > 1 else "clipped_line"
    whole = outputs - len(clipped)
    return {
        "call": 1, "output": outputs, "tested": outputs * (whole < outputs),
        **_sums(word, whole * words, op), **_sums(single, whole * rest, op),
        **_clipped_sums(prefix, clipped, words, rest),
    }  # fmt: skip


def _clipped_windows(op: snnrt.MaxPool2dOp | snnrt.SumPool2dOp) -> NDArray[np.int64]:
    """Of windows that reach beyond the input, rows and columns that lie in it: (windows, 2)."""
    inside = []
    for axis, kernel in enumerate(int_values(op.kernel)):
        starts = np.arange(buffer_shape(op.output.type)[axis]) * int_values(op.stride)[axis]
        starts -= int_values(op.padding)[axis]
        ends = np.minimum(starts + kernel, buffer_shape(op.input.type)[axis])
        inside.append(ends - np.maximum(starts, 0))
    windows = np.stack(np.meshgrid(*inside, indexing="ij"), axis=-1).reshape(-1, 2)
    return windows[(windows < int_values(op.kernel)).any(axis=1)]


def _clipped_sums(
    prefix: str, windows: NDArray[np.int64], words: int, rest: int
) -> dict[str, float]:
    """Such windows, each of so many words and single channels: all with loops."""
    number, rows, elements = len(windows), windows[:, 0].sum(), windows.prod(axis=1).sum()
    return {
        prefix: number, f"{prefix}_row": rows * (words + rest),
        f"{prefix}_word": number * words, f"{prefix}_word_element": elements * words,
        f"{prefix}_rest": number * rest, f"{prefix}_rest_element": elements * rest,
    }  # fmt: skip


def _window_size(
    op: snnrt.MaxPool2dOp | snnrt.SumPool2dOp, unrolled: int
) -> Literal["small", "large", "wide"]:
    """How the elements of a window are visited, if loops over so many have no branches."""
    kernel = int_values(op.kernel)
    if element_count(kernel) <= SMALL_WINDOW:
        return "small"
    return "wide" if max(kernel) > unrolled else "large"


def _sums(name: str, number: int, op: snnrt.MaxPool2dOp | snnrt.SumPool2dOp) -> dict[str, float]:
    """So many windows of words or single channels."""
    height, width = int_values(op.kernel)
    rows = {f"{name}_row": number * height} if name.startswith("wide") else {}
    # The first element is there for nothing but its load.
    return {name: number, **rows, f"{name}_element": number * (height * width - 1)}


UNROLLED_WORDS, UNROLLED_ELEMENTS = 15, 64
"""Most words of channels, and elements of these, for which GCC unrolls the loop over words."""
SMALL_WINDOW = 4
"""Most elements of a window without a loop."""
UNROLLED_ROW = 4
"""Most rows and columns of a window of words without loops: `SNNRT_UNROLL_WINDOW`."""
UNROLLED_WINDOW = 5
"""The same without loops within a word, as measured."""
UNROLLED_COLUMNS = 16
"""Of single channels: `max-completely-peel-times` of GCC."""

FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.MaxPool2dOp: _max_pool2d,
    snnrt.SumPool2dOp: _sum_pool2d,
}
