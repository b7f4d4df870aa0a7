# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What convolutions with weights of 4 or 2 bits do in a mean step: see `packed_quads.h`."""

from __future__ import annotations

from snnir.costs.additions import multiplied_share
from snnir.costs.features_conv2d import (
    QUAD_COUNT,
    QUAD_LANES,
    Found,
    additions_of,
    conv2d_amounts,
)
from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.snnrt_packed import packed_words


def conv2d_scatter_packed(op: snnrt.Conv2dScatterPackedOp, signals: Signals) -> Found:
    """Areas of packed words, or, for odd numbers of outputs and wide currents, single rows."""
    bits, outputs = op.bits.value.data, op.group_outputs()
    kind, amounts = conv2d_amounts(op, signals, outputs)
    words, quads = packed_words(outputs, bits), outputs // QUAD_LANES
    rows, signal = additions_of(op, signals), signals[op.list]
    if kind == "s16.quads":
        amounts = {n: v for n, v in amounts.items() if not n.startswith(("other_of", "other_rest"))}
        amounts["counted_input"] = amounts["input"] * (op.values is not None)
        for prefix in ("one", "two"):
            amounts[f"{prefix}_word"] = amounts[f"{prefix}_quad"] * words / quads
            del amounts[f"{prefix}_chunk"]
        others = rows * multiplied_share(op.values, signal, QUAD_COUNT)
        amounts |= {"other_word": others * words, "other_quad": others * quads}
        return f"{kind}.bits{bits}", amounts
    kept = ("call", "input", "run", "strided_run", "row", "only_row")
    amounts = {name: amounts[name] for name in kept if name in amounts}
    products = rows * multiplied_share(op.values, signal, 1)
    rest = outputs % QUAD_LANES
    # What lies in a word is known where there is no loop over them.
    added = "added" if words > 1 else "only"
    return f"{kind}.bits{bits}", {
        **amounts,
        "counted_row": rows * (op.values is not None),
        f"{added}_row": rows, f"{added}_word": rows * words, f"{added}_quad": rows * quads,
        f"{added}_rest": rows * rest, f"{added}_quad_product": products * quads,
        f"{added}_rest_product": products * rest,
    }  # fmt: skip
