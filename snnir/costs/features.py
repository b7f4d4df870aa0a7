# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What each call does in a mean step, as amounts that its instructions grow with.

`features(op, signals, presentation)` gives the variant of a kernel and amounts by name; the tables
of `snnir.costs.model` hold instructions for each. Amounts follow the loops of the C kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from snnir.costs.features_cmsis import FEATURES as CMSIS_FEATURES
from snnir.costs.features_conv2d import conv2d_scatter
from snnir.costs.features_lanes import FEATURES as LANE_FEATURES
from snnir.costs.features_lanes import Amounts, lane_code_amounts
from snnir.costs.features_linear import FEATURES as LINEAR_FEATURES
from snnir.costs.features_packed import conv2d_scatter_packed
from snnir.costs.features_tiles import FEATURES as TILE_FEATURES
from snnir.costs.features_tiles import tile_code_amounts
from snnir.costs.signals import Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snn_attributes import Reset, ResetTiming
from snnir.kernels.lif_kinds import has_narrow_thresholds, leak_kind

Presentation = Literal["frames", "events"]
"""How the caller gives the input: `step` or `step_events`."""

Found = tuple[str, Amounts]

_SHARED = {
    "snnrt.window_lif_masks": "window_lif",
    "snnrt.window_lif_list": "window_lif",
    "snnrt.tile_lif_masks": "tile_lif",
    "snnrt.tile_lif_list": "tile_lif",
}
"""Functions that differ only in how they end."""


def features(op: KernelOpBase, signals: Signals, presentation: Presentation) -> Found:
    """The kernel that a call runs, with its variant, and amounts of what it does in a mean step."""
    name = _SHARED.get(op.name, op.name.partition(".")[2])
    if type(op) in INPUT_FEATURES:
        variant, amounts = INPUT_FEATURES[type(op)](op, signals, presentation)
    else:
        variant, amounts = FEATURES[type(op)](op, signals)
    return (f"{name}.{variant}" if variant else name), amounts


def code_amounts(op: KernelOpBase) -> Amounts:
    """What the size of a call's code grows with."""
    return tile_code_amounts(op) if isinstance(op, snnrt.TileLIFBase) else lane_code_amounts(op)


def bits_of(value: SSAValue) -> int:
    """Bits of a buffer's elements."""
    element = buffer_element(value.type)
    assert isinstance(element, IntegerType)
    return element.width.data


def _size(value: SSAValue) -> int:
    return element_count(buffer_shape(value.type))


def _busy(signal: Signal, block: int) -> float:
    """Blocks of neighbours with an active element, if these lie anywhere."""
    return signal.size / block * (1 - (1 - min(signal.rate, 1.0)) ** block)


def _check_density(op: snnrt.CheckDensityOp, signals: Signals, shown: Presentation) -> Found:
    signal, limit = signals[op.frame], op.density.limit
    # Whether cells are counted depends on the spread of the events.
    chance, counted = _above(signal, limit)
    if shown == "events":
        return "events", {
            "call": 1, "counted": chance, "event": counted, "cell": chance * _size(op.cells),
        }  # fmt: skip
    return "frames", {"call": 1, "byte": signal.size, "counted_byte": chance * signal.size}


def _above(signal: Signal, limit: float) -> tuple[float, float]:
    """How often a frame holds more events than a limit, and how many it holds then, times that."""
    if signal.totals is None:
        chance = math.exp(-limit / max(signal.total, 1e-9))
        return chance, chance * (signal.total + limit)
    steps = np.linspace(0, 1, len(signal.totals))
    totals = np.interp(np.linspace(0, 1, 257), steps, signal.totals)
    return float(np.mean(totals > limit)), float(np.mean(totals * (totals > limit)))


def _list_hits(
    op: snnrt.ListHitsOp | snnrt.MarkEventsOp, signals: Signals, shown: Presentation
) -> Found:
    signal = signals[op.frame]
    if shown == "events":
        return "events", {"call": 1, "event": signal.total, "hit": signal.active}
    return "frames", {
        "call": 1, "block": signal.size / 16, "busy": _busy(signal, 16), "hit": signal.active,
    }  # fmt: skip


def _frame_to_hwc(op: snnrt.FrameToHWCOp, signals: Signals, shown: Presentation) -> Found:
    signal = signals[op.frame]
    if shown == "events":
        return "events", {"call": 1, "byte": signal.size, "event": signal.total}
    return "frames", {
        "call": 1, "byte": signal.size, "busy": _busy(signal, 8), "hit": signal.active,
    }  # fmt: skip


def _values_to_hwc(op: snnrt.ValuesToHWCOp, signals: Signals, shown: Presentation) -> Found:
    return "", {"call": 1, "element": _size(op.output)}


def _spike_list(op: snnrt.SpikeListOp, signals: Signals) -> Found:
    signal = signals[op.values]
    return "", {
        "call": 1, "block": signal.size / 16, "busy": _busy(signal, 4), "spike": signal.active,
    }  # fmt: skip


LONG_FILL = 64
"""`SNNRT_LONG_FILL`: bytes from which on memory is cleared in a loop."""


def _fill_zero(op: snnrt.FillZeroOp, signals: Signals) -> Found:
    size = _size(op.buffer) * bits_of(op.buffer) / 8
    if size < LONG_FILL:
        return "small", {"call": 1, "byte": size}
    return "", {"call": 1, "byte": size}


def _lif(op: snnrt.LIFOp, signals: Signals) -> Found:
    neurons = _size(op.membrane)
    shape = buffer_shape(op.membrane.type)
    channels = shape[-1]
    state, current = bits_of(op.membrane), bits_of(op.current)
    packed = state == 16 and op.overflow.data.value == "proven" and has_narrow_thresholds(op)
    several = {_size(value) for value in (op.leak, op.threshold, op.bias) if value is not None}
    amounts: Amounts = {
        "call": 1,
        "neuron": neurons,
        f"neuron_{leak_kind(op)}": neurons,
        f"neuron_{leak_kind(op)}_{op.reset.data.value}_{op.reset_timing.data.value}": neurons,
        "neuron_zero": neurons * (op.reset.data in (Reset.ZERO_AFTER, Reset.ZERO_BEFORE)),
        "neuron_subtract": neurons * (op.reset.data is Reset.SUBTRACT),
        "neuron_immediate": neurons * (op.reset_timing.data is ResetTiming.IMMEDIATE),
        "neuron_bias": neurons * (op.bias is not None),
        "neuron_parameters": neurons * (neurons in several),
        "neuron_shift": neurons * (op.shift.value.data != 0),
        "channel": channels * (channels in several),
    }
    proven = op.overflow.data.value == "proven"
    wide = state == 32 and _size(op.leak) == 1 and op.reset.data is not Reset.SUBTRACT_DECAYED
    kind = "packed" if packed else "saturating" if not proven else "wide" if wide else "plain"
    if packed and _by_channels(op):
        kind = "channels"
    return f"s{state}_s{current}.{kind}", amounts


def _by_channels(op: snnrt.LIFOp) -> bool:
    """`snnrt_lif_by_channels`."""
    shape = buffer_shape(op.membrane.type)
    sizes = {_size(value) for value in (op.threshold, op.bias) if value is not None}
    return (
        bits_of(op.current) == 16
        and _size(op.membrane) > shape[-1]
        and op.reset.data is Reset.SUBTRACT
        and op.reset_timing.data is ResetTiming.DELAYED
        and _size(op.leak) == 1
        and shape[-1] in sizes
        and sizes <= {1, shape[-1]}
    )


def _li(op: snnrt.LIOp, signals: Signals) -> Found:
    return f"s{bits_of(op.membrane)}", {"call": 1, "neuron": _size(op.membrane)}


def _max_pool2d(op: snnrt.MaxPool2dOp, signals: Signals) -> Found:
    height, width, channels = buffer_shape(op.output.type)
    outputs, bits = height * width, bits_of(op.input)
    lanes = 32 // bits
    words, rest = (channels // lanes, channels % lanes) if bits < 32 else (0, channels)
    window = element_count(int_values(op.kernel))
    return f"s{bits}", {
        "call": 1, "output": outputs, "word": outputs * words, "rest": outputs * rest,
        "word_element": outputs * words * window, "rest_element": outputs * rest * window,
    }  # fmt: skip


def _sum_pool2d(op: snnrt.SumPool2dOp, signals: Signals) -> Found:
    height, width, channels = buffer_shape(op.output.type)
    outputs, window = height * width, element_count(int_values(op.kernel))
    return f"s{bits_of(op.input)}_s{bits_of(op.output)}", {
        "call": 1, "output": outputs, "channel": outputs * channels,
        "element": outputs * channels * window,
    }  # fmt: skip


def _elementwise(op: KernelOpBase, signals: Signals) -> Found:
    return "", {"call": 1, "element": _size(op.operands[-1])}


def _im2col(op: snnrt.Im2ColOp, signals: Signals) -> Found:
    positions, patch = buffer_shape(op.columns.type)
    taps = element_count(int_values(op.kernel))
    return "", {"call": 1, "tap": positions * taps, "byte": positions * patch}


def _readout(op: KernelOpBase, signals: Signals) -> Found:
    return "", {"call": 1, "output": _size(op.operands[0])}


def _masks_to_bytes(op: snnrt.MasksToBytesOp, signals: Signals) -> Found:
    signal = signals[op.entries]
    return "", {
        "call": 1, "byte": _size(op.spikes), "entry": signal.positions, "spike": signal.active,
    }  # fmt: skip


INPUT_FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.CheckDensityOp: _check_density,
    snnrt.ListHitsOp: _list_hits,
    snnrt.MarkEventsOp: _list_hits,
    snnrt.FrameToHWCOp: _frame_to_hwc,
    snnrt.ValuesToHWCOp: _values_to_hwc,
}
FEATURES: dict[type, Callable[..., Found]] = {
    **LANE_FEATURES,
    **TILE_FEATURES,
    **LINEAR_FEATURES,
    **CMSIS_FEATURES,
    snnrt.SpikeListOp: _spike_list,
    snnrt.Conv2dScatterOp: conv2d_scatter,
    snnrt.Conv2dScatterValuesOp: conv2d_scatter,
    snnrt.Conv2dScatterPackedOp: conv2d_scatter_packed,
    snnrt.FillZeroOp: _fill_zero,
    snnrt.LIFOp: _lif,
    snnrt.LIOp: _li,
    snnrt.MaxPool2dOp: _max_pool2d,
    snnrt.SumPool2dOp: _sum_pool2d,
    snnrt.AddOp: _elementwise,
    snnrt.ScaleOp: _elementwise,
    snnrt.ConcatChannelsOp: _elementwise,
    snnrt.WidenOp: _elementwise,
    snnrt.Im2ColOp: _im2col,
    snnrt.CountSpikesOp: _readout,
    snnrt.FirstSpikeOp: _readout,
    snnrt.ReadMembraneOp: _readout,
    snnrt.MasksToBytesOp: _masks_to_bytes,
}
