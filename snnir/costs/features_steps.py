# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What calls do that compute several steps at once: see `lif_multi_step.h`, `alpha_multi_step.h`,
`synaptic_multi_step.h` and `step_bits.h`.
"""

from __future__ import annotations

from collections.abc import Callable

from snnir.costs.features_neurons import (
    bits_of,
    is_immediate,
    loaded_parameters,
    reset_of,
    row_of,
    size_of,
)
from snnir.costs.signals import Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.dialects.snn_attributes import Reset
from snnir.dialects.snnrt_steps import BITS_OF_WORD, step_words
from snnir.kernels.lif_kinds import has_leaks_to_recall, has_narrow_thresholds, leak_kind

Amounts = dict[str, float]
Found = tuple[str, Amounts]


def _lif_multi_step(op: snnrt.LIFMultiStepOp, signals: Signals) -> Found:
    """Neurons that are taken through all steps of a batch, alone or in pairs."""
    neurons, kind = size_of(op.membrane), steps_kind(op)
    pairs = neurons // 2 if kind == "packed" else 0
    amounts: Amounts = {"call": 1, **_words(op)}
    if kind == "saturating":
        amounts |= _saturating_steps(op)
    else:
        amounts |= {**_steps("pair", pairs, op), **_steps("single", neurons - 2 * pairs, op)}
    return f"s{bits_of(op.membrane)}_s{bits_of(op.current)}.{kind}", amounts


def _words(op: snnrt.MultiStepBase) -> Amounts:
    """The words that histories are transposed to."""
    neurons, steps = size_of(op.membrane), op.period
    words = step_words(neurons)
    # There is no loop over an only word.
    word = "word" if words > 1 else "only_word"
    return {
        word: words,
        f"{word}_step": words * steps,
        "incomplete": neurons % BITS_OF_WORD > 0,
    }


def steps_kind(op: snnrt.LIFMultiStepOp) -> str:
    """How the steps of a neuron follow one another.

    Of `packed` neurons two are computed at a time; with `chained` steps a spike is the reset of the
    next step. Steps that are `saturating` and do not chain have intermediate values of 64 bits.
    """
    narrow = bits_of(op.membrane) == 16 and has_narrow_thresholds(op)
    if narrow and op.overflow.data.value == "proven" and row_of(op) % 2 == 0:
        return "packed"
    if op.reset.data is not Reset.SUBTRACT_DECAYED and not is_immediate(op):
        return "chained"
    return "plain" if op.overflow.data.value == "proven" else "saturating"


def _begun(prefix: str, number: float, op: snnrt.LIFMultiStepOp) -> Amounts:
    """So many neurons or pairs of them, and what each takes before its steps."""
    return {
        prefix: number,
        f"{prefix}_bias": number * (op.bias is not None),
        f"{prefix}_loaded": number * loaded_parameters(op),
        f"{prefix}_shift": number * (op.shift.value.data != 0),
    }


def _steps(prefix: str, number: float, op: snnrt.LIFMultiStepOp) -> Amounts:
    """So many neurons or pairs of them, and their steps, by what each of them takes."""
    if number == 0:
        return {}
    steps, reset = number * op.period, op.reset.data
    zero = reset in (Reset.ZERO_AFTER, Reset.ZERO_BEFORE)
    return {
        **_begun(prefix, number, op),
        f"{prefix}_saturating": number * (op.overflow.data.value != "proven"),
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


SHORT_PERIOD = 8
"""Most steps of a neuron for which GCC unrolls the loop over them where it is long."""


def _saturating_steps(op: snnrt.LIFMultiStepOp) -> Amounts:
    """Neurons whose steps do not chain, and what resets take in 64 bits."""
    neurons, steps = size_of(op.membrane), size_of(op.membrane) * op.period
    length = "short" if op.period <= SHORT_PERIOD else "long"
    return {
        **_begun("single", neurons, op),
        "step": steps,
        f"step_{length}": steps,
        "step_immediate": steps * is_immediate(op),
        f"step_{length}_{reset_of(op)}": steps,
        "step_factor": steps * (leak_kind(op) == "factor"),
        "step_leaks": steps * (size_of(op.leak) > 1),
    }


def _alpha_multi_step(op: snnrt.AlphaMultiStepOp, signals: Signals) -> Found:
    """Neurons that are taken through all steps of a batch, one at a time."""
    neurons, kind = size_of(op.membrane), alpha_steps_kind(op)
    leaks = (op.excitatory_leak, op.inhibitory_leak)
    steps, subtracts = neurons * op.period, op.reset.data is Reset.SUBTRACT
    amounts: Amounts = {
        "call": 1,
        **_words(op),
        "neuron": neurons,
        "neuron_bias": neurons * (op.bias is not None),
        "neuron_shift": neurons * (op.shift.value.data != 0),
        "neuron_loaded": neurons * loaded_parameters(op),
        "step_narrow": steps * (bits_of(op.membrane) == 16),
        f"step_{op.reset.data.value}": steps,
        "step_leaks": steps * sum(size_of(leak) > 1 for leak in leaks),
        "step_recall_wide": steps * (subtracts and not has_leaks_to_recall(op)),
    }
    return kind, amounts


def alpha_steps_kind(op: snnrt.AlphaMultiStepOp) -> str:
    """Whether states are clamped."""
    return "plain" if op.overflow.data.value == "proven" else "saturating"


def _synaptic_multi_step(op: snnrt.SynapticMultiStepOp, signals: Signals) -> Found:
    """The same of neurons with the integrators before them."""
    neurons, kind = size_of(op.membrane), synaptic_steps_kind(op)
    steps, saturating = neurons * op.period, op.overflow.data.value != "proven"
    synapse_saturating = op.synapse_overflow.data.value != "proven"
    reset, fired = reset_of(op), signals[op.bits].active
    # Where a spike zeroes a membrane, nothing else of it is computed.
    silent = (neurons - fired) * op.period * (saturating and reset.startswith("zero_after"))
    amounts: Amounts = {
        "call": 1,
        **_words(op),
        "neuron": neurons,
        "neuron_saturating": neurons * (saturating or synapse_saturating),
        "neuron_bias": neurons * ((op.bias is not None) + (op.synapse_bias is not None)),
        "neuron_shift": neurons * (op.synapse_shift.value.data != 0),
        "neuron_loaded": neurons * loaded_parameters(op),
        "step": steps,
        f"step_saturating_s{bits_of(op.membrane)}": steps * saturating,
        f"step_{reset}": steps,
        f"step_{reset}_saturating": steps * saturating,
        "step_silent": silent,
        "step_leaks": steps * ((size_of(op.leak) > 1) + (size_of(op.synapse_leak) > 1)),
        f"step_synapse_saturating_s{bits_of(op.synapse)}": steps * synapse_saturating,
        "step_bias": steps * (op.bias is not None),
        "step_shift": steps * (op.shift.value.data != 0),
    }
    return kind, amounts


def synaptic_steps_kind(op: snnrt.SynapticMultiStepOp) -> str:
    """How the steps of a neuron follow one another, as of `steps_kind`; never in pairs."""
    decayed = op.reset.data is Reset.SUBTRACT_DECAYED
    return "plain" if decayed or is_immediate(op) else "chained"


def _list_bits(op: snnrt.ListBitsOp, signals: Signals) -> Found:
    words = buffer_shape(op.bits.type)[1]
    return "", {"call": 1, "word": words, "spike": signals[op.bits].active}


def _bits_to_bytes(op: snnrt.BitsToBytesOp, signals: Signals) -> Found:
    words, rest = divmod(element_count(buffer_shape(op.spikes.type)), BITS_OF_WORD)
    return "", {"call": 1, "word": words, "rest": rest}


STEP_FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.LIFMultiStepOp: _lif_multi_step,
    snnrt.AlphaMultiStepOp: _alpha_multi_step,
    snnrt.SynapticMultiStepOp: _synaptic_multi_step,
    snnrt.ListBitsOp: _list_bits,
    snnrt.BitsToBytesOp: _bits_to_bytes,
}
