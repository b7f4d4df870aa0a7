# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What layers that multiply all their inputs do in a step, whatever the inputs are."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import i16

from snnir.costs.features_lanes import Amounts
from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snnrt_gather import QUAD_OUTPUTS
from snnir.kernels.dot_weights import TILE_OUTPUTS

Found = tuple[str, Amounts]
DotOp = snnrt.LinearDotOp | snnrt.Conv2dDotOp | snnrt.Conv2dDotPool2dOp


def _products(op: DotOp, positions: int) -> Amounts:
    """Tiles of outputs, each over the words of its weights."""
    quads = op.quads()
    whole, rest = divmod(buffer_shape(op.current.type)[-1], TILE_OUTPUTS)
    return {
        "pair": positions * quads,
        "tile": positions * whole,
        "tile_quad": positions * whole * quads,
        "rest": positions * (rest > 0),
        "rest_output": positions * rest,
        "rest_quad": positions * (rest > 0) * quads,
        "rest_output_quad": positions * rest * quads,
    }


def _width(op: DotOp) -> str:
    return "s16" if buffer_element(op.current.type) == i16 else "s32"


def _counts(op: snnrt.LinearCountsOp, signals: Signals) -> Found:
    (inputs,), (outputs,) = buffer_shape(op.values.type), buffer_shape(op.current.type)
    whole, rest = divmod(outputs, QUAD_OUTPUTS)
    return "", {
        "call": 1, "quad": whole, "quad_input": whole * inputs, "rest": rest > 0,
        "rest_input": (rest > 0) * inputs, "rest_output_input": rest * inputs,
    }  # fmt: skip


def _linear(op: snnrt.LinearDotOp, signals: Signals) -> Found:
    return _width(op), {"call": 1, **_products(op, 1)}


def _conv2d(op: snnrt.Conv2dDotOp, signals: Signals) -> Found:
    height, width, _ = buffer_shape(op.current.type)
    return _width(op), _convolved(op, height, width)


def _convolved(op: snnrt.Conv2dDotOp | snnrt.Conv2dDotPool2dOp, height: int, width: int) -> Amounts:
    """Strips and products of so many rows and columns of currents."""
    return {
        "call": 1,
        "row": height * int_values(op.kernel)[0],
        "row_byte": height * element_count(buffer_shape(op.strip.type)),
        "position": height * width,
        "kernel_row": height * width * int_values(op.kernel)[0],
        **_products(op, height * width),
    }


def _conv2d_pool2d(op: snnrt.Conv2dDotPool2dOp, signals: Signals) -> Found:
    rows, columns, _ = buffer_shape(op.current.type)
    height, width, _ = buffer_shape(op.output.type)
    window = element_count(int_values(op.window))
    kind, summed = _width(op), "sum" if op.sum.value.data else "maximum"
    pooled = element_count(buffer_shape(op.output.type))
    return kind, {
        **_convolved(op, rows * height, columns),
        "window": height * width,
        summed: pooled,
        f"{summed}_element": pooled * window,
    }


FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.LinearDotOp: _linear,
    snnrt.LinearCountsOp: _counts,
    snnrt.Conv2dDotOp: _conv2d,
    snnrt.Conv2dDotPool2dOp: _conv2d_pool2d,
}
