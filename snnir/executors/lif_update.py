# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One step of integer neurons, as `snnrt/lif.h` and `snnrt/alpha.h` define it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snnrt
from snnir.dialects.qsnn import Overflow, Rounding
from snnir.dialects.snn_attributes import Compare, Reset, ResetTiming
from snnir.dialects.snnrt_steps import Integrator
from snnir.executors.kernel_memory import element_dtype, expect_fit

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call

Integers = NDArray[np.int64]


def per_neuron(call: Call, parameter: SSAValue | None, shape: tuple[int, ...]) -> Integers:
    """A parameter of 1, `channels` or all elements, as an array that broadcasts to the layer."""
    if parameter is None:
        return np.zeros((), np.int64)
    values = call.read(parameter).reshape(-1)
    if values.size in (1, shape[-1]):
        return values
    return values.reshape(shape)


def leaked(op: Any, membrane: Integers, factor: Integers) -> Integers:
    """`(u * m + (round_leak ? 2^14 : 0)) >> 15`."""
    half = 1 << 14 if op.rounding.data is Rounding.NEAREST else 0
    return (membrane * factor + half) >> 15


def settled(op: Any, membrane: Integers) -> Integers:
    """The membrane, clamped to the state type if the layer saturates."""
    proven = "overflow" not in op.properties or op.overflow.data is Overflow.PROVEN
    return _fitted(op, op.membrane, membrane, Overflow.PROVEN if proven else Overflow.SATURATE)


def _fitted(op: Operation, state: SSAValue, values: Integers, overflow: Overflow) -> Integers:
    """New values of a state of a call."""
    if overflow is Overflow.PROVEN:
        expect_fit(op, state, values)
        return values
    limits = np.iinfo(element_dtype(state.type))
    return np.clip(values, limits.min, limits.max)


def li_update(
    op: Operation,
    call: Call,
    integrator: snnrt.LIOp | Integrator,
    membrane: Integers,
    current: Integers,
) -> Integers:
    """Stored membranes of a step of `snnrt.li`, or of the integrators of another call `op`."""
    drive = current * (1 << integrator.shift.value.data)
    drive = drive + per_neuron(call, integrator.bias, membrane.shape)
    factor = per_neuron(call, integrator.leak, membrane.shape)
    next = leaked(integrator, membrane, factor) + drive
    return _fitted(op, integrator.membrane, next, integrator.overflow.data)


def lif_update(
    op: Any, call: Call, membrane: Integers, current: Integers
) -> tuple[NDArray[np.bool_], Integers]:
    """Spikes and stored membranes of a step of `snnrt.lif` and calls with the same parameters."""
    threshold = per_neuron(call, op.threshold, membrane.shape)
    factor = per_neuron(call, op.leak, membrane.shape)
    drive = current * (1 << op.shift.value.data)
    drive = drive + per_neuron(call, op.bias, membrane.shape)
    compare = np.greater if op.compare.data is Compare.GT else np.greater_equal
    fired = compare(membrane, threshold)
    removed = np.where(fired, threshold, 0)
    match op.reset.data:
        case Reset.NONE:
            next = leaked(op, membrane, factor) + drive
        case Reset.SUBTRACT:
            next = leaked(op, membrane, factor) + drive - removed
        case Reset.SUBTRACT_DECAYED:
            next = leaked(op, membrane - removed, factor) + drive
        case Reset.ZERO_BEFORE:
            next = leaked(op, np.where(fired, 0, membrane), factor) + drive
        case _:
            next = np.where(fired, 0, leaked(op, membrane, factor) + drive)
    next = settled(op, next)
    spikes = compare(next, threshold)
    if op.reset_timing.data is ResetTiming.IMMEDIATE and op.reset.data is not Reset.NONE:
        subtracts = op.reset.data in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED)
        difference = spikes.astype(np.int64) - fired
        next = settled(op, next - difference * (threshold if subtracts else next))
    return spikes, next


def alpha_update(
    op: Any, call: Call, states: list[Integers], current: Integers
) -> tuple[NDArray[np.bool_], list[Integers]]:
    """Spikes and stored states of a step of `snnrt.alpha`."""
    excitatory, inhibitory, membrane = states
    threshold, excite, inhibit, decrement, recall = (
        per_neuron(call, parameter, membrane.shape)
        for parameter in (
            op.threshold, op.excitatory_leak, op.inhibitory_leak, op.decrement, op.recall,
        )
    )  # fmt: skip
    drive = current * (1 << op.shift.value.data) + per_neuron(call, op.bias, membrane.shape)
    compare = np.greater if op.compare.data is Compare.GT else np.greater_equal
    fired = compare(membrane, threshold)
    excited = settled(op, leaked(op, excitatory, excite) + drive)
    inhibited = settled(op, leaked(op, inhibitory, inhibit) - drive)
    new = [excited, inhibited, excited + inhibited]
    if op.reset.data is Reset.SUBTRACT:
        new[2] = new[2] + np.where(fired, leaked(op, inhibitory, recall), 0)
        new[0] = settled(op, excited - np.where(fired, decrement, 0))
        new[1] = np.where(fired, 0, inhibited)
    elif op.reset.data is Reset.ZERO_AFTER:
        new = [np.where(fired, 0, values) for values in new]
    new[2] = settled(op, new[2])
    return compare(new[2], threshold), new
