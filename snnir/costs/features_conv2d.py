# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What event-driven convolutions do in a mean step: see `conv2d_scatter.h` and `conv2d_quads.h`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.dialects.builtin import i16

from snnir.costs.additions import additions_along, odd_share, repetitions
from snnir.costs.features_linear import tiles, transfers
from snnir.costs.reach import Reach, reach, uncut
from snnir.costs.signals import Floats, Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import int_values
from snnir.kernels.c_constants import c_constant

Found = tuple[str, dict[str, float]]
Scatter = (
    snnrt.Conv2dScatterOp
    | snnrt.Conv2dScatterValuesOp
    | snnrt.Conv2dScatterPackedOp
    | snnrt.SparseConvolutionBase
)

QUAD_LANES = c_constant("byte_rows.h", "QUAD_LANES")
DEPTHWISE_OUTPUTS = c_constant("conv2d_depthwise.h", "DEPTHWISE_OUTPUTS")
DEPTHWISE_STRIDE = c_constant("conv2d_depthwise.h", "DEPTHWISE_STRIDE")
UNROLLED_ROW_QUADS = c_constant("conv2d_quads.h", "UNROLLED_ROW_QUADS")
QUAD_COUNT = c_constant("conv2d_quads.h", "QUAD_COUNT")
"""The largest count of an input whose kernel is added as often; others are multiplied."""


def conv2d_scatter(
    op: snnrt.Conv2dScatterOp | snnrt.Conv2dScatterValuesOp, signals: Signals
) -> Found:
    """Runs of inputs at one position, and the currents that they reach."""
    return conv2d_amounts(op, signals, buffer_shape(op.weights.type)[-1])


def additions_of(op: Scatter, signals: Signals) -> float:
    """How many rows of weights of one input are added to the currents of one position."""
    signal = signals[op.list]
    rows, columns = _reaches_of(op, signal.active_along)
    return signal.active * rows.mean * columns.mean


def conv2d_amounts(op: Scatter, signals: Signals, outputs: int) -> Found:
    """As `conv2d_scatter`, with `outputs` in each group."""
    signal = signals[op.list]
    runs = max(min(signal.positions * op.groups.value.data, signal.active), 1e-9)
    amounts = {
        "call": 1, "input": signal.active, "run": runs, "strided_run": runs * is_strided(op),
    }  # fmt: skip
    narrow = buffer_element(op.current.type) == i16
    binary = getattr(op, "values", None) is None
    if is_depthwise(op):
        return _depthwise(op, signal, outputs)
    if not narrow or outputs % QUAD_LANES:
        sizes = (16, 8, 4) if narrow and binary else (8, 4)
        tiled = _tiled(op, signal, runs, signal.active, sizes)
        return f"s{16 if narrow else 32}", {**amounts, **tiled}
    kernels, others = (signal.active, 0.0) if binary else repetitions(signal, QUAD_COUNT)
    added, multiplied = _runs_of_each(signal, runs, others)
    ones = added * odd_share(signal, kernels, added) if added > 0 else 0.0
    inputs = buffer_shape(op.weights.type)[0]
    places = [additions_along(signal, axis, inputs, kernels, ones) for axis in (0, 1)]
    alone = _reaches_of(op, [ones_along for _, ones_along in places])
    found = {
        "reached": runs * alone[0].chance * alone[1].chance,
        **_areas(
            "two",
            max(kernels - ones, 0.0) / 2,
            _reaches_of(op, [t for t, _ in places]),
            op,
            outputs,
        ),
        **_areas("one", ones, alone, op, outputs),
    }
    tiled = _tiled(op, signal, multiplied, others, (8, 4)) if others > 0 else {}
    return "s16.quads", {
        **amounts,
        **(_of_one_position(found) if _most_of(op) == [1, 1] else found),
        "other": others,
        **{f"other_{name}": amount for name, amount in tiled.items()},
    }


def _runs_of_each(signal: Signal, runs: float, others: float) -> tuple[float, float]:
    """Runs with an input that is added, and with one that is multiplied, of which there are so
    many: anywhere alike.
    """
    share, inputs = others / max(signal.active, 1e-9), max(signal.active / runs, 1.0)
    return runs * (1 - share**inputs), runs * (1 - (1 - share) ** inputs)


ONE_POSITION = ("reached", "one_rectangle", "two_rectangle")
"""Amounts that are cheaper where an input reaches one position: nothing to cut or to loop over."""


def _of_one_position(amounts: dict[str, float]) -> dict[str, float]:
    return {
        f"single_{name}" if name in ONE_POSITION else name: amount
        for name, amount in amounts.items()
    }


def is_strided(op: Scatter) -> bool:
    """Whether outputs that an input reaches are apart: strides or dilations are not 1."""
    return set((*int_values(op.stride), *int_values(op.dilation))) != {1}


def is_depthwise(op: Scatter) -> bool:
    """Whether each channel is a group of its own, with few outputs: see `conv2d_depthwise.h`."""
    inputs, *_, outputs = buffer_shape(op.weights.type)
    own = op.groups.value.data == inputs and outputs < DEPTHWISE_OUTPUTS
    return own and not isinstance(op, snnrt.Conv2dScatterPackedOp)


def _depthwise(op: Scatter, signal: Signal, outputs: int) -> Found:
    """Each input is added by itself, without loops where no border cuts its kernel."""
    rows, columns = _reaches_of(op, signal.active_along)
    strides = int_values(op.stride)
    share, inside_rows, inside_taps = 0.0, 0.0, 0.0
    if max(strides) <= DEPTHWISE_STRIDE and set(int_values(op.dilation)) == {1}:
        uncut_rows, uncut_columns = (
            uncut(*axis, along)
            for axis, along in zip(axes_of(op), signal.active_along, strict=True)
        )
        share = uncut_rows[0] * uncut_columns[0]
        inside_rows = uncut_rows[1] * uncut_columns[0]
        inside_taps = uncut_rows[1] * uncut_columns[1]
    inside = signal.active * share
    reached = signal.active * rows.mean * columns.mean
    # The kernel of an only channel is at the same place for all inputs.
    variant = "depthwise" if op.kernel_shape()[0] > 1 else "depthwise.only"
    return variant, {
        "call": 1, "inside": inside, "inside_tap": signal.active * inside_taps * outputs,
        "inside_phase": inside * (max(strides) > 1), "outside": signal.active - inside,
        "outside_strided": (signal.active - inside) * is_strided(op),
        "outside_row": max(signal.active * (rows.mean - inside_rows), 0.0),
        "outside_tap": max(reached - signal.active * inside_taps, 0.0) * outputs,
    }  # fmt: skip


def _areas(
    prefix: str, amount: float, reaches: list[Reach], op: Scatter, outputs: int
) -> dict[str, float]:
    """`amount` times one area of currents."""
    (rows, columns), (height, width), (_, uncut_width) = reaches, _most_of(op), _uncut(op)
    quads = outputs // QUAD_LANES
    plain = op.groups.value.data == 1 and int_values(op.stride)[1] == 1
    bytewise = not isinstance(op, snnrt.Conv2dScatterPackedOp)
    unrolled = (
        bytewise
        and plain
        and uncut_width * quads <= UNROLLED_ROW_QUADS
        and int_values(op.dilation)[1] == 1
    )

    def looped(reached: int) -> float:
        return 0.0 if unrolled and reached == uncut_width else float(reached)

    def transferred(reached: int) -> float:
        if looped(reached) == 0:
            return transfers(reached * quads)
        return reached * transfers(quads)

    # Where one row or column is all that an input can reach, there is no loop over them.
    return {
        f"{prefix}_rectangle": amount * rows.chance * columns.chance,
        f"{prefix}_row": amount * rows.mean * columns.chance * (height > 1),
        f"{prefix}_column": amount * rows.mean * columns.expect(looped) * (width > 1),
        f"{prefix}_chunk": amount * rows.mean * columns.expect(transferred),
        f"{prefix}_quad": amount * rows.mean * columns.mean * quads,
    }


def _most_of(op: Scatter) -> list[int]:
    """Along each axis, the most outputs that an input can reach."""
    return [
        min(reached, outputs)
        for reached, outputs in zip(_uncut(op), buffer_shape(op.current.type)[:2], strict=True)
    ]


def _uncut(op: Scatter) -> list[int]:
    """Along each axis, how many outputs an input reaches where no border cuts its kernel."""
    steps = zip(op.kernel_shape()[1:], int_values(op.stride), int_values(op.dilation), strict=True)
    return [-(-taps // (stride // math.gcd(stride, dilation))) for taps, stride, dilation in steps]


def _reaches_of(op: Scatter, shares: Sequence[Floats | None]) -> list[Reach]:
    """Along each axis, how many outputs an active input reaches."""
    return [
        reach(*axis, dilation, along)
        for axis, dilation, along in zip(axes_of(op), int_values(op.dilation), shares, strict=True)
    ]


def axes_of(op: Scatter) -> list[tuple[int, int, int, int, int]]:
    """Of each axis inputs, taps, outputs, stride and padding."""
    return list(
        zip(
            int_values(op.input_size), op.kernel_shape()[1:],
            buffer_shape(op.current.type)[:2], int_values(op.stride), int_values(op.padding),
            strict=True,
        )
    )  # fmt: skip


def _tiled(
    op: Scatter,
    signal: Signal,
    runs: float,
    active: float,
    sizes: tuple[int, ...],
) -> dict[str, float]:
    """Tiles of currents that are held in registers over a run, of so many active inputs in all."""
    rows, columns = _reaches_of(op, signal.along)
    input_rows, input_columns = _reaches_of(op, signal.active_along)
    outputs = buffer_shape(op.weights.type)[-1]
    contiguous = (
        not is_strided(op)
        and op.groups.value.data == 1
        and isinstance(op, snnrt.Conv2dScatterOp)
        and sizes[0] == 8
    )
    height, width = _most_of(op)
    # There is no loop over what is one row or column anyway.
    amounts = {"row" if height > 1 else "only_row": runs * rows.mean}
    for index, name in enumerate([*(f"of_{size}" for size in sizes), "rest"]):

        def of(columns_reached: int, index: int = index) -> float:
            if contiguous:
                return tiles(columns_reached * outputs, *sizes)[index]
            return columns_reached * tiles(outputs, *sizes)[index]

        amounts[name] = runs * rows.mean * columns.expect(of)
        amounts[f"{name}_input"] = active * input_rows.mean * input_columns.expect(of)
    pieces = 1.0 if contiguous else columns.mean / max(columns.chance, 1e-9)
    piece = "piece" if width > 1 else "only_piece"
    amounts[piece] = runs * rows.mean * pieces * columns.chance
    return amounts
