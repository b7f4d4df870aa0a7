# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fully connected kernels do in a mean step, by storage of the weights.

The tiles are those of `linear_candidates`, whose estimates order the storages of one layer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.dialects.builtin import i16
from xdsl.ir import SSAValue

from snnir.costs.signals import Floats, Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.support.arrays import array_from_dense

Found = tuple[str, dict[str, float]]


def tiles(outputs: int, *sizes: int) -> list[int]:
    """How many tiles of each size cover the outputs, largest first, and what is left over."""
    counts = []
    for size in sizes:
        counts.append(outputs // size)
        outputs %= size
    return [*counts, outputs]


def _size(value: SSAValue) -> int:
    return element_count(buffer_shape(value.type))


def _variant(op: object, current: SSAValue) -> str:
    width = "s16" if buffer_element(current.type) == i16 else "s32"
    return f"{width}.values" if getattr(op, "values", None) is not None else width


def _tiled(active: float, counts: dict[str, float]) -> dict[str, float]:
    amounts: dict[str, float] = {"call": 1}
    for name, count in counts.items():
        amounts[name], amounts[f"{name}_input"] = count, count * active
    return amounts


def _dense(op: snnrt.LinearScatterOp | snnrt.LinearScatterValuesOp, signals: Signals) -> Found:
    outputs = _size(op.current)
    variant = _variant(op, op.current)
    sizes = (16, 8, 4) if variant.startswith("s16") else (8, 4)
    names = [f"of_{size}" for size in sizes]
    *whole, rest = tiles(outputs, *sizes)
    counts = dict(zip(names, map(float, whole), strict=True))
    return variant, _tiled(
        signals[op.list].active, {**counts, "rest": float(rest > 0), "rest_output": float(rest)}
    )


def _packed(op: snnrt.LinearScatterPackedOp, signals: Signals) -> Found:
    bits = op.bits.value.data
    of_32, rest = tiles(_size(op.current), 32)
    words = -(-rest // (8 if bits == 4 else 16))
    counts = {"of_32": float(of_32), "word": float(words), "odd": float(words % 2)}
    return f"{_variant(op, op.current)}.bits{bits}", _tiled(signals[op.list].active, counts)


def _row_lengths(starts: SSAValue, panels: int) -> Floats:
    """How many entries each input has, (panels, inputs)."""
    assert isinstance(starts.owner, snnrt.ConstantOp)
    values = array_from_dense(starts.owner.value).astype(np.int64).reshape(panels, -1)
    return np.diff(values & 0xFFFF, axis=1)


def _chances(signal: Signal, inputs: int) -> Floats:
    """How often each input is active: those with many entries are often the busy ones."""
    if signal.elements is not None and len(signal.elements) == inputs:
        return signal.elements
    return np.full(inputs, signal.active / inputs)


def _sparse(op: snnrt.LinearScatterSparseOp, signals: Signals) -> Found:
    panels = -(-_size(op.current) // op.panel_outputs.value.data)
    lengths = _row_lengths(op.starts, panels)
    chances = _chances(signals[op.list], lengths.shape[1])
    return _variant(op, op.current), {
        "call": 1, "panel": panels, "panel_input": panels * float(chances.sum()),
        "entry": float((lengths @ chances).sum()),
        "odd": float(((lengths % 2) @ chances).sum()),
        "long": float(((lengths > 17) @ chances).sum()),
    }  # fmt: skip


def _blocks(op: snnrt.LinearScatterBlocksOp, signals: Signals) -> Found:
    lengths = _row_lengths(op.starts, 1)
    chances = _chances(signals[op.list], lengths.shape[1])
    return _variant(op, op.current), {
        "call": 1, "input": float(chances.sum()), "block": float((lengths @ chances).sum()),
    }  # fmt: skip


FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.LinearScatterOp: _dense,
    snnrt.LinearScatterValuesOp: _dense,
    snnrt.LinearScatterPackedOp: _packed,
    snnrt.LinearScatterSparseOp: _sparse,
    snnrt.LinearScatterBlocksOp: _blocks,
}
