# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many bytes of each buffer and constant a mean step reads and writes.

A call goes through its operands once, and twice through what it reads and writes, but for what
depends on activity (`snnir.costs.signals`): lists are as long as what is active, currents are
loaded and stored for every addition, and windows without input are left alone. Words that hold
several elements, and sums that registers keep, are not told apart: this orders buffers, it does
not time them. A call that does not run in every step counts a part of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.dialects.builtin import f64
from xdsl.ir import SSAValue

from snnir.costs.features import features
from snnir.costs.features_conv2d import additions_of
from snnir.costs.features_dot import DotOp
from snnir.costs.signals import Signals, root_of
from snnir.dialects import cmsis_nn, snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_bytes, buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snnrt_tiles import QUAD_LANES

Amounts = Mapping[str, float]
Traffic = dict[str, float]
"""Bytes by the name of an operand."""

_Linear = snnrt.LinearScatterOp | snnrt.LinearScatterValuesOp | snnrt.LinearScatterPackedOp
_SparseLinear = snnrt.LinearScatterSparseOp | snnrt.LinearScatterBlocksOp
_Convolution = snnrt.Conv2dScatterOp | snnrt.Conv2dScatterValuesOp | snnrt.Conv2dScatterPackedOp
_Event = _Linear | _SparseLinear | _Convolution | snnrt.SparseConvolutionBase

_LISTS = ("list", "hits", "entries", "pooled")
"""Operands that hold as many rows as something is active."""


def traffic(network: snnrt.NetworkOp) -> dict[SSAValue, float]:
    """Bytes of each buffer and constant that a mean step reads and writes; 0 for unused ones."""
    signals, steps = Signals(network), network.timesteps.value.data
    found: dict[SSAValue, float] = {
        op.result: 0.0
        for op in network.body.block.ops
        if isinstance(op, snnrt.BufferOp | snnrt.ConstantOp)
    }
    for op in network.body.block.ops:
        if not isinstance(op, KernelOpBase):
            continue
        share = op.runs_in_steps(steps) / steps
        for name, bytes in _call_traffic(op, signals).items():
            if (root := root_of(getattr(op, name))) in found:
                found[root] += share * bytes
    return found


def _call_traffic(op: KernelOpBase, signals: Signals) -> Traffic:
    """Of one call that runs."""
    passes = {**dict.fromkeys((*op.READS, *op.WRITES), 1), **dict.fromkeys(op.UPDATES, 2)}
    moved = {
        name: count * _listed_bytes(name, value, signals)
        for name, count in passes.items()
        if (value := getattr(op, name)) is not None
    }
    for kind, known in _KNOWN.items():
        if isinstance(op, kind):
            moved |= known(op, features(op, signals, "events")[1], signals)
    return moved


def _listed_bytes(name: str, value: SSAValue, signals: Signals) -> float:
    """The bytes of a buffer that hold something."""
    whole = buffer_bytes(value.type)
    if name not in _LISTS:
        return whole
    rows, signal = buffer_shape(value.type)[0], signals[value]
    entries = signal.positions if len(buffer_shape(value.type)) > 1 else signal.active
    return whole * min(entries / max(rows, 1), 1.0)


def _element_bytes(value: SSAValue) -> float:
    return buffer_bytes(value.type) / max(element_count(buffer_shape(value.type)), 1)


def _added(op: _Event, additions: float, signals: Signals) -> Traffic:
    """Of layers that load and store a current for every addition of a weight."""
    found = {"current": 2 * additions * _element_bytes(op.current)}
    # Of the values those of listed inputs.
    if (values := getattr(op, "values", None)) is not None:
        found["values"] = signals[op.list].active * _element_bytes(values)
    return found


def _linear(op: _Linear, amounts: Amounts, signals: Signals) -> Traffic:
    active, outputs = signals[op.list].active, element_count(buffer_shape(op.current.type))
    inputs = buffer_shape(op.weights.type)[0]
    weights = active / inputs * buffer_bytes(op.weights.type)
    return {**_added(op, active * outputs, signals), "weights": weights}


def _sparse_linear(op: _SparseLinear, amounts: Amounts, signals: Signals) -> Traffic:
    if isinstance(op, snnrt.LinearScatterBlocksOp):
        blocks = amounts["block"]
        moved = _added(op, 4 * blocks, signals)
        return {**moved, "blocks": blocks, "weights": 4 * blocks, "starts": 4 * amounts["input"]}
    moved = _added(op, amounts["entry"], signals)
    return {**moved, "entries": 2 * amounts["entry"], "starts": 4 * amounts["panel_input"]}


def _conv2d(op: _Convolution, amounts: Amounts, signals: Signals) -> Traffic:
    outputs = buffer_shape(op.current.type)[-1] // op.groups.value.data
    rows = additions_of(op, signals)
    row = buffer_bytes(op.weights.type) / element_count(buffer_shape(op.weights.type)[:-1])
    return {**_added(op, rows * outputs, signals), "weights": rows * row}


def _sparse_conv2d(op: snnrt.SparseConvolutionBase, amounts: Amounts, signals: Signals) -> Traffic:
    weights = amounts["weight"]
    each = _element_bytes(op.weights)
    # A weight of four bytes is that of four outputs.
    moved = _added(op, weights * each, signals)
    return {**moved, "weights": weights * each, "distances": 2 * weights}


def _lanes(
    op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp, amounts: Amounts, signals: Signals
) -> Traffic:
    word = 8 if buffer_element(op.current.type) == f64 else 4
    kernels = "kernels" if isinstance(op, snnrt.LaneConv2dHitsOp) else "tables"
    ones, twos = (word * amounts.get(f"{number}_element", 0.0) for number in ("one", "two"))
    return {"current": 2 * (ones + twos), kernels: ones + 2 * twos}


def _windows(op: snnrt.WindowLIFBase, amounts: Amounts, signals: Signals) -> Traffic:
    """Windows without events and spikes are not looked at."""
    windows = amounts["window"]
    reached, awake = (
        amounts.get(name, 0.0) + amounts.get(f"plain_{name}", 0.0) for name in ("reached", "awake")
    )
    visited = min((reached + awake + amounts["busy_window"]) / windows, 1.0)
    membrane = 2 * visited * buffer_bytes(op.membrane.type)
    if not isinstance(op, snnrt.TileLIFBase):
        current = reached / windows * buffer_bytes(op.current.type)
        cleared = 1 if isinstance(op, snnrt.MapLIFBase) else 2
        return {"membrane": membrane, "current": cleared * current}
    quads = {number: amounts.get(f"{number}_quad", 0.0) for number in ("one", "two")}
    added = 2 * 2 * QUAD_LANES * sum(quads.values())
    tiles = 2 * amounts["tile"] * buffer_bytes(op.current.type)
    weights = op.weight_bits.value.data / 8 * QUAD_LANES * (quads["one"] + 2 * quads["two"])
    return {"membrane": membrane, "current": added + tiles, "weights": weights}


def _dot(op: DotOp, amounts: Amounts, signals: Signals) -> Traffic:
    """Values are widened to pairs, which every tile of outputs reads with its weights."""
    read = amounts["tile_quad"] + amounts["rest_quad"]
    outputs = buffer_shape(op.current.type)[-1]
    moved = {"pairs": 8 * (amounts["pair"] + read), "weights": 4 * outputs * amounts["pair"]}
    if isinstance(op, snnrt.LinearDotOp):
        return moved
    row = int_values(op.kernel)[1] * buffer_shape(op.values.type)[-1]
    moved |= {
        "strip": amounts["row_byte"] + row * amounts["kernel_row"], "values": amounts["row_byte"]
    }  # fmt: skip
    if isinstance(op, snnrt.Conv2dDotPool2dOp):
        moved["current"] = 2 * buffer_shape(op.output.type)[0] * buffer_bytes(op.current.type)
    return moved


def _im2col(op: snnrt.Im2ColOp, amounts: Amounts, signals: Signals) -> Traffic:
    return {"input": amounts["byte"]}


def _convolve(op: cmsis_nn.ConvolveWrapperBase, amounts: Amounts, signals: Signals) -> Traffic:
    """Patches of all positions are copied, and multiplied two at a time with two outputs."""
    *size, outputs = buffer_shape(op.output.type)
    inputs = buffer_shape(op.input.type)[-1] * element_count(op.kernel_size)
    patches = element_count(size) * inputs
    return {
        "input": patches * _element_bytes(op.input),
        "scratch": 2 * patches * (1 + outputs / 2),
        "filter": element_count(size) / 2 * buffer_bytes(op.filter.type),
    }


def _bits(
    op: snnrt.ListBitsOp | snnrt.BitsToBytesOp, amounts: Amounts, signals: Signals
) -> Traffic:
    """Of the spikes of a batch those of one step."""
    return {"bits": buffer_bytes(op.bits.type) / buffer_shape(op.bits.type)[0]}


_KNOWN: dict[type, Callable[..., Traffic]] = {
    snnrt.LinearScatterOp: _linear,
    snnrt.LinearScatterValuesOp: _linear,
    snnrt.LinearScatterPackedOp: _linear,
    snnrt.LinearScatterSparseOp: _sparse_linear,
    snnrt.LinearScatterBlocksOp: _sparse_linear,
    snnrt.Conv2dScatterOp: _conv2d,
    snnrt.Conv2dScatterValuesOp: _conv2d,
    snnrt.Conv2dScatterPackedOp: _conv2d,
    snnrt.SparseConvolutionBase: _sparse_conv2d,
    snnrt.LaneConv2dHitsOp: _lanes,
    snnrt.MaskConv2dOp: _lanes,
    snnrt.WindowLIFBase: _windows,
    snnrt.LinearDotOp: _dot,
    snnrt.Conv2dDotOp: _dot,
    snnrt.Conv2dDotPool2dOp: _dot,
    snnrt.Im2ColOp: _im2col,
    cmsis_nn.ConvolveWrapperBase: _convolve,
    snnrt.ListBitsOp: _bits,
    snnrt.BitsToBytesOp: _bits,
}
"""What calls do that go through an operand more or less than once."""
