# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What poolings of whole buffers do: see `max_pool2d.h` and `sum_pool2d.h`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

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
    looped = words > UNROLLED_WORDS or words * elements > UNROLLED_ELEMENTS
    size = _window_size(op, UNROLLED_WINDOW)
    word = f"{size}_looped_word" if looped and size != "wide" else f"{size}_word"
    single = f"{_window_size(op, UNROLLED_COLUMNS)}_rest"
    return {
        "call": 1, "output": outputs,
        **_sums(word, outputs * words, op), **_sums(single, outputs * rest, op),
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
    return {name: number, **rows, f"{name}_element": number * height * width}


UNROLLED_WORDS, UNROLLED_ELEMENTS = 15, 64
"""Most words of channels, and elements of these, for which GCC unrolls the loop over words."""
SMALL_WINDOW = 4
"""Most elements of a window without a loop."""
UNROLLED_WINDOW = 4
"""Most rows and columns of a window of words without loops: `SNNRT_UNROLL_WINDOW`."""
UNROLLED_COLUMNS = 16
"""Of single channels: `max-completely-peel-times` of GCC."""

FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.MaxPool2dOp: _max_pool2d,
    snnrt.SumPool2dOp: _sum_pool2d,
}
