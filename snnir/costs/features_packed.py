# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What convolutions with weights of 4 or 2 bits do in a mean step: see `packed_quads.h`."""

from __future__ import annotations

from snnir.costs.features_conv2d import QUAD_LANES, Found, additions_of, conv2d_amounts
from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.snnrt_packed import packed_words


def conv2d_scatter_packed(op: snnrt.Conv2dScatterPackedOp, signals: Signals) -> Found:
    """Areas of packed words, or, for odd numbers of outputs and wide currents, single rows."""
    bits, outputs = op.bits.value.data, op.group_outputs()
    kind, amounts = conv2d_amounts(op, signals, outputs)
    words = packed_words(outputs, bits)
    if kind == "s16.quads":
        amounts["counted_input"] = amounts["input"] * (op.values is not None)
        for prefix in ("one", "two"):
            amounts[f"{prefix}_word"] = amounts[f"{prefix}_quad"] * words / (outputs // QUAD_LANES)
            del amounts[f"{prefix}_chunk"]
        return f"{kind}.bits{bits}", amounts
    rows = additions_of(op, signals)
    kept = ("call", "input", "run", "strided_run", "row", "only_row")
    amounts = {name: amounts[name] for name in kept if name in amounts}
    return f"{kind}.bits{bits}", {
        **amounts,
        "added_row": rows, "added_word": rows * words,
        "added_quad": rows * (outputs // QUAD_LANES), "added_rest": rows * (outputs % QUAD_LANES),
    }  # fmt: skip
