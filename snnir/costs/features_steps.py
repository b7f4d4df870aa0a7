# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What calls do that compute several steps at once: see `lif_multi_step.h` and `step_bits.h`."""

from __future__ import annotations

from collections.abc import Callable

from snnir.costs.features_neurons import bits_of, is_immediate, row_of, size_of
from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.dialects.snn_attributes import Reset
from snnir.dialects.snnrt_steps import BITS_OF_WORD, step_words
from snnir.kernels.lif_kinds import has_narrow_thresholds, leak_kind

Amounts = dict[str, float]
Found = tuple[str, Amounts]


def _lif_multi_step(op: snnrt.LIFMultiStepOp, signals: Signals) -> Found:
    """Neurons that are taken through all steps of a batch, alone or in pairs."""
    neurons, steps = size_of(op.membrane), op.period
    words, kind = step_words(neurons), steps_kind(op)
    pairs = neurons // 2 if kind == "packed" else 0
    amounts: Amounts = {
        "call": 1,
        "word": words,
        "word_step": words * steps,
        "incomplete": neurons % BITS_OF_WORD > 0,
        **_steps("pair", pairs, op),
        **_steps("single", neurons - 2 * pairs, op),
    }
    return f"s{bits_of(op.membrane)}_s{bits_of(op.current)}.{kind}", amounts


def steps_kind(op: snnrt.LIFMultiStepOp) -> str:
    """How the steps of a neuron follow one another.

    Of `packed` neurons two are computed at a time; with `chained` steps a spike is the reset of the
    next step.
    """
    narrow = bits_of(op.membrane) == 16 and has_narrow_thresholds(op)
    if narrow and op.overflow.data.value == "proven" and row_of(op) % 2 == 0:
        return "packed"
    decayed = op.reset.data is Reset.SUBTRACT_DECAYED
    return "plain" if decayed or is_immediate(op) else "chained"


def _steps(prefix: str, number: float, op: snnrt.LIFMultiStepOp) -> Amounts:
    """So many neurons or pairs of them, and their steps, by what each of them takes."""
    if number == 0:
        return {}
    several = [v for v in (op.leak, op.threshold, op.bias) if v is not None and size_of(v) > 1]
    steps, reset = number * op.period, op.reset.data
    zero = reset in (Reset.ZERO_AFTER, Reset.ZERO_BEFORE)
    return {
        prefix: number,
        f"{prefix}_bias": number * (op.bias is not None),
        f"{prefix}_loaded": number * len(several),
        f"{prefix}_saturating": number * (op.overflow.data.value != "proven"),
        f"{prefix}_shift": number * (op.shift.value.data != 0),
        f"{prefix}_step": steps,
        f"{prefix}_step_{leak_kind(op)}": steps,
        f"{prefix}_step_leaks": steps * (size_of(op.leak) > 1),
        f"{prefix}_step_zero": steps * zero,
        f"{prefix}_step_subtract": steps * (reset is Reset.SUBTRACT),
        f"{prefix}_step_saturating": steps * (op.overflow.data.value != "proven"),
        f"{prefix}_step_decayed": steps * (reset is Reset.SUBTRACT_DECAYED),
        f"{prefix}_step_immediate": steps * is_immediate(op),
        f"{prefix}_step_zero_immediate": steps * (zero and is_immediate(op)),
    }


def _list_bits(op: snnrt.ListBitsOp, signals: Signals) -> Found:
    words = buffer_shape(op.bits.type)[1]
    return "", {"call": 1, "word": words, "spike": signals[op.bits].active}


def _bits_to_bytes(op: snnrt.BitsToBytesOp, signals: Signals) -> Found:
    words, rest = divmod(element_count(buffer_shape(op.spikes.type)), BITS_OF_WORD)
    return "", {"call": 1, "word": words, "rest": rest}


STEP_FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.LIFMultiStepOp: _lif_multi_step,
    snnrt.ListBitsOp: _list_bits,
    snnrt.BitsToBytesOp: _bits_to_bytes,
}
