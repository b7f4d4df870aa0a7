# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What event-driven convolutions do in a mean step: see `conv2d_scatter.h` and `conv2d_quads.h`."""

from __future__ import annotations

import math

from xdsl.dialects.builtin import i16

from snnir.costs.features_linear import tiles, transfers
from snnir.costs.reach import Reach, reach
from snnir.costs.signals import Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import int_values

Found = tuple[str, dict[str, float]]
Scatter = snnrt.Conv2dScatterOp | snnrt.Conv2dScatterValuesOp | snnrt.Conv2dScatterPackedOp

QUAD_LANES = 4
UNROLLED_ROW_QUADS = 12
"""`SNNRT_UNROLLED_ROW_QUADS`."""


def conv2d_scatter(
    op: snnrt.Conv2dScatterOp | snnrt.Conv2dScatterValuesOp, signals: Signals
) -> Found:
    """Runs of inputs at one position, and the currents that they reach."""
    return conv2d_amounts(op, signals, buffer_shape(op.weights.type)[-1])


def additions_of(op: Scatter, signals: Signals) -> float:
    """How many rows of weights of one input are added to the currents of one position."""
    rows, columns = _reaches(op, signal := signals[op.list])
    return signal.active * rows.mean * columns.mean


def conv2d_amounts(op: Scatter, signals: Signals, outputs: int) -> Found:
    """As `conv2d_scatter`, with `outputs` in each group."""
    signal = signals[op.list]
    runs = max(min(signal.positions * op.groups.value.data, signal.active), 1e-9)
    steps = (*int_values(op.stride), *int_values(op.dilation))
    amounts = {
        "call": 1, "input": signal.active, "run": runs, "strided_run": runs * (set(steps) != {1}),
    }  # fmt: skip
    if buffer_element(op.current.type) != i16:
        return "s32", {**amounts, **_tiled(op, signal, runs, (8, 4))}
    if outputs % QUAD_LANES:
        return "s16", {**amounts, **_tiled(op, signal, runs, (16, 8, 4))}
    binary = getattr(op, "values", None) is None
    reaches = _reaches(op, signal)
    twos, ones = pairs(signal.active if binary else signal.total, runs)
    return "s16.quads", {
        **amounts,
        "reached": runs * reaches[0].chance * reaches[1].chance,
        **_areas("two", twos, reaches, op, outputs),
        **_areas("one", ones, reaches, op, outputs),
    }


def pairs(kernels: float, runs: float) -> tuple[float, float]:
    """How many pairs of kernels, and how many single ones, are added.

    A run has one kernel, and further ones independently of each other.
    """
    further = max(kernels / runs - 1, 0.0)
    ones = runs * (1 + math.exp(-2 * further)) / 2
    return max(kernels - ones, 0.0) / 2, ones


def _areas(
    prefix: str, amount: float, reaches: list[Reach], op: Scatter, outputs: int
) -> dict[str, float]:
    """`amount` times one area of currents."""
    rows, columns = reaches
    quads = outputs // QUAD_LANES
    plain = op.groups.value.data == 1 and int_values(op.stride)[1] == 1
    period = 1 if int_values(op.dilation)[1] > 1 else int_values(op.stride)[1]
    width = -(-columns.taps // period)
    bytewise = not isinstance(op, snnrt.Conv2dScatterPackedOp)
    unrolled = (
        bytewise
        and plain
        and width * quads <= UNROLLED_ROW_QUADS
        and int_values(op.dilation)[1] == 1
    )

    def looped(reached: int) -> float:
        return 0.0 if unrolled and reached == width else float(reached)

    def transferred(reached: int) -> float:
        if looped(reached) == 0:
            return transfers(reached * quads)
        return reached * transfers(quads)

    return {
        f"{prefix}_rectangle": amount * rows.chance * columns.chance,
        f"{prefix}_row": amount * rows.mean * columns.chance,
        f"{prefix}_column": amount * rows.mean * columns.expect(looped),
        f"{prefix}_chunk": amount * rows.mean * columns.expect(transferred),
        f"{prefix}_quad": amount * rows.mean * columns.mean * quads,
    }


def _reaches(op: Scatter, signal: Signal) -> list[Reach]:
    taps = buffer_shape(op.weights.type)[1:3]
    outputs = buffer_shape(op.current.type)[:2]
    shares = (signal.rows, signal.columns)
    return [
        reach(size, taps[axis], outputs[axis], stride, padding, dilation, shares[axis])
        for axis, (size, stride, padding, dilation) in enumerate(
            zip(*(int_values(p) for p in (op.input_size, op.stride, op.padding, op.dilation)),
                strict=True)
        )
    ]  # fmt: skip


def _tiled(
    op: Scatter,
    signal: Signal,
    runs: float,
    sizes: tuple[int, ...],
) -> dict[str, float]:
    """Tiles of currents that are held in registers over a run."""
    rows, columns = _reaches(op, signal)
    outputs = buffer_shape(op.weights.type)[-1]
    plain = set((*int_values(op.stride), *int_values(op.dilation))) == {1}
    contiguous = (
        plain
        and op.groups.value.data == 1
        and isinstance(op, snnrt.Conv2dScatterOp)
        and sizes[0] == 8
    )
    amounts = {"row": runs * rows.mean}
    depth = signal.active / runs
    for index, name in enumerate([*(f"of_{size}" for size in sizes), "rest"]):

        def of(columns_reached: int, index: int = index) -> float:
            if contiguous:
                return tiles(columns_reached * outputs, *sizes)[index]
            return columns_reached * tiles(outputs, *sizes)[index]

        tiled = runs * rows.mean * columns.expect(of)
        amounts[name], amounts[f"{name}_input"] = tiled, tiled * depth
    pieces = 1.0 if contiguous else columns.mean / max(columns.chance, 1e-9)
    amounts["piece"] = runs * rows.mean * pieces * columns.chance
    return amounts
