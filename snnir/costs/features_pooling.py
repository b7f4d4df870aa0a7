# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What poolings of whole buffers do: see `max_pool2d.h` and `sum_pool2d.h`."""

from __future__ import annotations

from collections.abc import Callable

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
    lanes = 32 // read if read == written < 32 else 0
    return f"s{read}_s{written}", _windows(op, lanes)


def _windows(op: snnrt.MaxPool2dOp | snnrt.SumPool2dOp, lanes: int) -> dict[str, float]:
    """Windows of which so many channels are packed in a word; 0 for none."""
    height, width, channels = buffer_shape(op.output.type)
    outputs, elements = height * width, element_count(int_values(op.kernel))
    words, rest = (channels // lanes, channels % lanes) if lanes else (0, channels)
    looped = words > UNROLLED_WORDS or words * elements > UNROLLED_ELEMENTS
    size = "large" if elements > SMALL_WINDOW else "small"
    word = f"{size}_looped_word" if looped else f"{size}_word"
    return {
        "call": 1, "output": outputs, word: outputs * words,
        f"{word}_element": outputs * words * elements,
        f"{size}_rest": outputs * rest, f"{size}_rest_element": outputs * rest * elements,
    }  # fmt: skip


UNROLLED_WORDS, UNROLLED_ELEMENTS = 15, 64
"""Most words of channels, and elements of these, for which GCC unrolls the loop over words."""
SMALL_WINDOW = 4
"""Most elements of a window without a loop."""

FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.MaxPool2dOp: _max_pool2d,
    snnrt.SumPool2dOp: _sum_pool2d,
}
