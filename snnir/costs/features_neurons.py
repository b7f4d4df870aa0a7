# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What neurons in buffers of their own do in a mean step: see `lif.h`, and `lif_channels.h`,
`lif_packed.h` and `lif_wide.h` for the kernels that its variants are named after."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.dialects.snn_attributes import Reset, ResetTiming
from snnir.kernels.c_constants import c_constant
from snnir.kernels.lif_kinds import has_narrow_thresholds, leak_kind

Amounts = dict[str, float]
Found = tuple[str, Amounts]

UNROLLED = 16
"""Iterations up to which GCC unrolls a loop completely (`max-completely-peel-times`)."""


def bits_of(value: SSAValue) -> int:
    """Bits of a buffer's elements."""
    element = buffer_element(value.type)
    assert isinstance(element, IntegerType)
    return element.width.data


def size_of(value: SSAValue) -> int:
    """Number of elements of a buffer."""
    return element_count(buffer_shape(value.type))


def _lif(op: snnrt.LIFOp, signals: Signals) -> Found:
    kind = lif_kind(op)
    if kind in ("plain", "saturating"):
        fired = signals[op.spikes].active
        return f"s{bits_of(op.membrane)}.{kind}", {"call": 1, **_one_by_one(op, kind, fired)}
    variant = f"s{bits_of(op.membrane)}_s{bits_of(op.current)}.{kind}"
    return variant, {"call": 1, **_grouped(op, kind)}


SHORT_ROW = 12
"""Most neurons side by side for which GCC unrolls the loop over them, if they are small."""
_SHORT_PLAIN = {16: SHORT_ROW, 32: 10}
"""The same by the bits of states that do not saturate, as measured."""
_SHORT_SATURATING = {
    "zero_before_delayed": 11, "zero_after_delayed": 11, "subtract_delayed": 10,
    "zero_before_immediate": 7, "zero_after_immediate": 7, "subtract_immediate": 6,
}  # fmt: skip
"""The same by the reset of states that saturate."""


def reset_of(op: snnrt.LIFOp | snnrt.LIFMultiStepOp | snnrt.SynapticMultiStepOp) -> str:
    """What a reset takes, and when."""
    return f"{op.reset.data.value}_{'immediate' if is_immediate(op) else 'delayed'}"


def _one_by_one(op: snnrt.LIFOp, kind: str, fired: float) -> Amounts:
    """Neurons with branches, where what a reset takes depends on when it happens."""
    neurons, row, reset = size_of(op.membrane), row_of(op), reset_of(op)
    if kind == "saturating":
        longest = _SHORT_SATURATING.get(reset, SHORT_ROW)
    else:
        longest = _SHORT_PLAIN[bits_of(op.membrane)]
    length = "short" if row <= longest else "long"
    # Where a spike zeroes a membrane, nothing else of it is computed.
    silent = neurons - fired if reset == "zero_after_delayed" else 0.0
    return {
        "row": neurons // row,
        f"neuron_{length}_{reset}": neurons,
        "neuron_short_rows": neurons * (length == "short" and row < neurons),
        "neuron_silent": silent,
        f"neuron_{length}_wide": neurons * (bits_of(op.current) == 32),
        **_steps("neuron", neurons, op),
    }


def lif_kind(op: snnrt.LIFOp) -> str:
    """The loop that a call takes: `snnrt_lif_packable` and the like."""
    state = bits_of(op.membrane)
    if op.overflow.data.value != "proven":
        return "saturating"
    if state == 16 and has_narrow_thresholds(op):
        return "channels" if _by_channels(op) else "packed"
    wide = state == 32 and size_of(op.leak) == 1 and op.reset.data is not Reset.SUBTRACT_DECAYED
    return "wide" if wide else "plain"


def _by_channels(op: snnrt.LIFOp) -> bool:
    """`snnrt_lif_by_channels`."""
    channels = buffer_shape(op.membrane.type)[-1]
    sizes = {size_of(value) for value in (op.threshold, op.bias) if value is not None}
    return (
        bits_of(op.current) == 16
        and size_of(op.membrane) > channels
        and op.reset.data is Reset.SUBTRACT
        and op.reset_timing.data is ResetTiming.DELAYED
        and size_of(op.leak) == 1
        and channels in sizes
        and sizes <= {1, channels}
    )


def row_of(op: snnrt.LIFOp | snnrt.LIFMultiStepOp) -> int:
    """`snnrt_lif_row`: neurons that lie side by side, each with parameters of its own."""
    neurons, channels = size_of(op.membrane), buffer_shape(op.membrane.type)[-1]
    parameters = op.buffers(op.PARAMETERS)
    return channels if any(size_of(value) == channels > 1 for value in parameters) else neurons


def loaded_parameters(
    op: snnrt.LIFOp | snnrt.LIOp | snnrt.AlphaOp | snnrt.MultiStepBase,
) -> int:
    """Parameters that are not the same for all neurons."""
    return sum(size_of(value) > 1 for value in op.buffers(op.PARAMETERS))


SHORT_PACKED = 15
"""Most neurons of a single row whose pairs have code and constants of their own."""


def _grouped(op: snnrt.LIFOp, kind: str) -> Amounts:
    """Neurons that are computed several at a time, and those that are left over in each row."""
    neurons, row = size_of(op.membrane), row_of(op)
    rows = neurons // row
    singles = rows * (row % 2)
    whole = row % 4 == 0 or kind == "packed"
    fours = rows * (row // 4) if whole and kind != "channels" else 0
    twos = (neurons - singles) // 2 - 2 * fours
    pairs = "short_pair" if kind == "packed" and neurons == row <= SHORT_PACKED else "pair"
    return {
        **_begun(kind, rows, row // 2),
        "four": fours,
        "four_immediate": fours * is_immediate(op),
        "two": twos,
        **_steps(pairs, twos + 2 * fours, op),
        **({} if singles == 0 else {"single_row": rows, **_steps("single", singles, op)}),
    }


def _begun(kind: str, rows: int, pairs: int) -> Amounts:
    """How often a loop begins, over so many pairs in each row."""
    # Rows are the outer loop only where nothing is packed.
    if kind == "wide":
        return {"begun": rows}
    if rows == 1:
        return {}
    if kind == "channels" and rows <= FEW_POSITIONS:
        return {"peeled": pairs, "peeled_pair": pairs * rows}
    few = pairs * rows * (pairs <= FEW_CHANNEL_PAIRS)
    return {"begun": pairs, "few_pair": few * (kind == "channels")}


FEW_POSITIONS = c_constant("lif_channels.h", "FEW_POSITIONS")
FEW_CHANNEL_PAIRS = 2
"""Pairs of channels up to which each has code and constants of its own."""


def _steps(prefix: str, number: float, op: snnrt.LIFOp) -> Amounts:
    """So many steps of neurons, by what each of them takes."""
    zero = op.reset.data in (Reset.ZERO_AFTER, Reset.ZERO_BEFORE)
    immediate = is_immediate(op)
    return {
        prefix: number,
        f"{prefix}_zero": number * zero,
        f"{prefix}_decayed": number * (op.reset.data is Reset.SUBTRACT_DECAYED),
        f"{prefix}_subtract": number * (op.reset.data is Reset.SUBTRACT),
        f"{prefix}_immediate": number * immediate,
        f"{prefix}_zero_immediate": number * (zero and immediate),
        **_parameters(prefix, number, op),
    }


def _parameters(prefix: str, number: float, op: snnrt.LIFOp) -> Amounts:
    """So many leaks and drives, by the parameters that they take."""
    of_a_row = row_of(op) == size_of(op.membrane) or "pair" not in prefix
    return {
        f"{prefix}_{leak_kind(op)}": number,
        f"{prefix}_leaks": number * (size_of(op.leak) > 1),
        f"{prefix}_bias": number * (op.bias is not None),
        f"{prefix}_loaded": number * of_a_row * loaded_parameters(op),
        f"{prefix}_shift": number * _shifts(prefix, op),
    }


def _shifts(prefix: str, op: snnrt.LIFOp) -> float:
    """How much of a shift of the current a step takes: two lanes are doubled by one addition."""
    doubled = op.shift.value.data == 1 and "pair" in prefix and bits_of(op.membrane) == 16
    return 0.5 if doubled else float(op.shift.value.data != 0)


def is_immediate(op: snnrt.LIFOp | snnrt.LIFMultiStepOp | snnrt.SynapticMultiStepOp) -> bool:
    """Whether a reset takes effect in the step of its spike."""
    return op.reset_timing.data is ResetTiming.IMMEDIATE and op.reset.data is not Reset.NONE


def _li(op: snnrt.LIOp, signals: Signals) -> Found:
    neurons = size_of(op.membrane)
    amounts: Amounts = {
        "call": 1,
        f"neuron_{'short' if neurons <= SHORT_ROW else 'long'}": neurons,
        f"neuron_{leak_kind(op)}": neurons,
        "neuron_saturating": neurons * (op.overflow.data.value != "proven"),
        "neuron_bias": neurons * (op.bias is not None),
        "neuron_loaded": neurons * loaded_parameters(op),
    }
    return f"s{bits_of(op.membrane)}", amounts


UNROLLED_SIZE = 200
"""What copies of a loop may have together where GCC unrolls it (`max-completely-peeled-insns`)."""

_ALPHA_SIZES = {Reset.NONE: (14, 14), Reset.ZERO_AFTER: (19.1, 16), Reset.SUBTRACT: (20, 18)}
"""What GCC counts of a neuron with states of 16 and of 32 bits, as measured."""

_LOADED_SIZE = 3
"""Of each parameter that is not the same for all neurons."""

_ALPHA_SATURATING = {Reset.NONE: 6, Reset.ZERO_AFTER: 6, Reset.SUBTRACT: 5}
"""Most channels for which the loop over saturating neurons is unrolled, as measured."""


def is_unrolled_alpha(op: snnrt.AlphaOp) -> bool:
    """Whether each channel of a call has code of its own."""
    channels, reset = buffer_shape(op.membrane.type)[-1], op.reset.data
    if op.overflow.data.value != "proven":
        return channels <= _ALPHA_SATURATING[reset]
    size = _ALPHA_SIZES[reset][bits_of(op.membrane) == 32] + _LOADED_SIZE * loaded_parameters(op)
    return channels * size <= UNROLLED_SIZE


def _alpha(op: snnrt.AlphaOp, signals: Signals) -> Found:
    neurons = size_of(op.membrane)
    reset, length = op.reset.data.value, "short" if is_unrolled_alpha(op) else "long"
    amounts: Amounts = {
        "call": 1,
        f"neuron_{length}_{reset}": neurons,
        "neuron_bias": neurons * (op.bias is not None),
        f"neuron_{length}_loaded": neurons * loaded_parameters(op),
    }
    kind = "plain" if op.overflow.data.value == "proven" else "saturating"
    return f"s{bits_of(op.membrane)}.{kind}", amounts


def _readout(op: KernelOpBase, signals: Signals) -> Found:
    outputs = size_of(op.operands[0])
    # Compilers unroll short loops.
    return "", {"call": 1, "output": outputs, "looped": outputs * (outputs > SHORT_READOUT)}


SHORT_READOUT = 16

FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.LIFOp: _lif,
    snnrt.LIOp: _li,
    snnrt.AlphaOp: _alpha,
    snnrt.CountSpikesOp: _readout,
    snnrt.FirstSpikeOp: _readout,
    snnrt.ReadMembraneOp: _readout,
}
