# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The meaning of the `qsnn` level in numpy, to be read beside the dialect's documentation.

All values are int64, spikes are 0 and 1. Every result is checked against the type that the IR
declares for it: nothing wraps and nothing is clamped but by `overflow saturate`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr
from xdsl.interpreter import (
    Interpreter,
    PythonValues,
    ReturnedValues,
    TerminatorValue,
    impl,
    impl_terminator,
    register_impls,
)
from xdsl.ir import Attribute, Operation

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.network import LAYER, NetworkOpBase
from snnir.dialects.snn_attributes import REAL_KINDS, Compare, Reset, ResetTiming
from snnir.executors.reference_executor import NetworkFunctions
from snnir.executors.windows import convolve, windows
from snnir.quantization.values import type_bounds
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import error_at

Integers = NDArray[np.int64]

LOWEST = np.iinfo(np.int64).min
"""Padding that no maximum takes."""


def integers(attribute: Attribute) -> Integers:
    """An integer parameter: a 0-d array, or one that broadcasts to the layer's shape."""
    if isinstance(attribute, IntegerAttr):
        return np.asarray(attribute.value.data, np.int64)
    return array_from_dense(attribute).astype(np.int64)


def leak(op: qsnn.NeuronBase, membrane: Integers, name: str = "leak") -> Integers:
    """`U * leak / 2**15`, rounded as the operation says; `name` is that of the factor."""
    half = 1 << 14 if op.rounding.data is qsnn.Rounding.NEAREST else 0
    return (membrane * integers(op.properties[name]) + half) >> 15


def total_input(op: qsnn.NeuronBase, current: Integers) -> Integers:
    """`x = I * 2**shift + bias`."""
    scaled = current << op.shift.value.data
    return scaled if op.bias is None else scaled + integers(op.bias)


def settle(interpreter: Interpreter, op: qsnn.NeuronBase, membrane: Integers) -> Integers:
    """The membrane, or another state, in its type: clamped, or checked against the proof.

    Raises:
        SNNError: the proof is wrong.
    """
    element_type = element_type_of(op.membrane.type)
    if op.overflow.data is qsnn.Overflow.SATURATE:
        return np.clip(membrane, *type_bounds(element_type))
    return fitting(interpreter, op, membrane, element_type, "membrane")


def fitting(
    interpreter: Interpreter, op: Operation, values: Integers, element_type: Attribute, what: str
) -> Integers:
    """`values`, which must fit their type.

    Raises:
        SNNError: one does not; the message names the layer, the value and the step.
    """
    low, high = type_bounds(element_type)
    outside = (values < low) | (values > high)
    if outside.any():
        layer = op.attributes.get(LAYER)
        name = f" of layer '{layer.data}'" if layer is not None else ""  # type: ignore[attr-defined]
        step = NetworkFunctions.state(interpreter).step
        raise error_at(
            op, f"the {what}{name} is {values[outside][0]} at step {step}, which does not fit "
            f"{element_type}"
        )  # fmt: skip
    return values


def fires(op: qsnn.SpikingNeuronBase, membrane: Integers) -> Integers:
    """`H(membrane - threshold)` as 0 and 1."""
    threshold = integers(op.threshold)
    above = membrane > threshold if op.compare.data is Compare.GT else membrane >= threshold
    return above.astype(np.int64)


def before_spike(op: qsnn.LIFOp, old: Integers, x: Integers, flag: Integers) -> Integers:
    """`V`, the membrane that is compared with the threshold."""
    threshold = integers(op.threshold)
    match op.reset.data:
        case Reset.NONE:
            return leak(op, old) + x
        case Reset.SUBTRACT:
            return leak(op, old) + x - flag * threshold
        case Reset.SUBTRACT_DECAYED:
            return leak(op, old - flag * threshold) + x
        case Reset.ZERO_BEFORE:
            return leak(op, (1 - flag) * old) + x
        case Reset.ZERO_AFTER:
            return (1 - flag) * (leak(op, old) + x)


def after_spike(op: qsnn.LIFOp, membrane: Integers, spikes: Integers, flag: Integers) -> Integers:
    """What `reset_timing` makes of the membrane that decided the spikes."""
    if op.reset_timing.data is ResetTiming.DELAYED:
        return membrane
    difference = spikes - flag
    match op.reset.data:
        case Reset.NONE:
            return membrane
        case Reset.SUBTRACT | Reset.SUBTRACT_DECAYED:
            return membrane - difference * integers(op.threshold)
        case Reset.ZERO_BEFORE | Reset.ZERO_AFTER:
            return membrane - difference * membrane


@register_impls
class QSNNFunctions(NetworkFunctions):
    """One time step of the `qsnn` level."""

    # Not an integer type: a frame of real values is refused, not truncated.
    FRAME_DTYPE = np.dtype(np.float64)
    MEMBRANE_DTYPE = np.dtype(np.int32)

    @staticmethod
    def frame(network: NetworkOpBase, values: NDArray) -> Integers:
        """The frame as integers.

        Raises:
            SNNError: a value is not an integer between the limits of `input_maximum`.
        """
        assert isinstance(network, qsnn.NetworkOp)
        return integer_frame(network, values, network.input_maximum.value.data)

    @impl_terminator(qsnn.OutputOp)
    def output(
        self, interpreter: Interpreter, op: qsnn.OutputOp, args: PythonValues
    ) -> tuple[TerminatorValue, PythonValues]:
        return ReturnedValues(args), ()

    @impl(qsnn.WeightOp)
    def weight(self, interpreter: Interpreter, op: qsnn.WeightOp, args: PythonValues) -> Any:
        return (array_from_dense(op.value).astype(np.int64),)

    @impl(qsnn.LinearOp)
    def linear(self, interpreter: Interpreter, op: qsnn.LinearOp, args: PythonValues) -> Any:
        input, weight, *bias = args
        return _result(interpreter, op, weight @ input + (bias[0] if bias else 0))

    @impl(qsnn.Conv2dOp)
    def conv2d(self, interpreter: Interpreter, op: qsnn.Conv2dOp, args: PythonValues) -> Any:
        input, weight, *bias = args
        sums = convolve(
            input,
            weight,
            int_values(op.stride),
            int_values(op.padding),
            int_values(op.dilation),
            op.groups.value.data,
        )
        return _result(interpreter, op, sums + (bias[0].reshape(-1, 1, 1) if bias else 0))

    @impl(qsnn.MaxPool2dOp)
    def max_pool2d(self, interpreter: Interpreter, op: qsnn.MaxPool2dOp, args: PythonValues) -> Any:
        return _result(interpreter, op, _pool_windows(op, args[0], LOWEST).max(axis=(3, 4)))

    @impl(qsnn.SumPool2dOp)
    def sum_pool2d(self, interpreter: Interpreter, op: qsnn.SumPool2dOp, args: PythonValues) -> Any:
        return _result(interpreter, op, _pool_windows(op, args[0], 0).sum(axis=(3, 4)))

    @impl(qsnn.ReshapeOp)
    def reshape(self, interpreter: Interpreter, op: qsnn.ReshapeOp, args: PythonValues) -> Any:
        return (args[0].reshape(shape_of(op.result.type)),)

    @impl(qsnn.AddOp)
    def add(self, interpreter: Interpreter, op: qsnn.AddOp, args: PythonValues) -> Any:
        return _result(interpreter, op, args[0] + args[1])

    @impl(qsnn.ScaleOp)
    def scale(self, interpreter: Interpreter, op: qsnn.ScaleOp, args: PythonValues) -> Any:
        return _result(interpreter, op, integers(op.factor) * args[0])

    @impl(qsnn.ConcatOp)
    def concat(self, interpreter: Interpreter, op: qsnn.ConcatOp, args: PythonValues) -> Any:
        return (np.concatenate(args),)

    @impl(qsnn.LIFOp)
    def lif(self, interpreter: Interpreter, op: qsnn.LIFOp, args: PythonValues) -> Any:
        state = self.state(interpreter)
        old = state.load(op, "membrane", args[0].shape, np.int64)
        flag = fires(op, old)
        membrane = before_spike(op, old, total_input(op, args[0]), flag)
        membrane = settle(interpreter, op, membrane)
        spikes = fires(op, membrane)
        stored = settle(interpreter, op, after_spike(op, membrane, spikes, flag))
        state.store(op, "membrane", stored)
        return spikes, stored

    @impl(qsnn.LIOp)
    def li(self, interpreter: Interpreter, op: qsnn.LIOp, args: PythonValues) -> Any:
        state = self.state(interpreter)
        old = state.load(op, "membrane", args[0].shape, np.int64)
        membrane = settle(interpreter, op, leak(op, old) + total_input(op, args[0]))
        state.store(op, "membrane", membrane)
        return (membrane,)

    @impl(qsnn.AlphaOp)
    def alpha(self, interpreter: Interpreter, op: qsnn.AlphaOp, args: PythonValues) -> Any:
        state, x = self.state(interpreter), total_input(op, args[0])
        names = ("excitatory", "inhibitory", "membrane")
        excitatory, inhibitory, membrane = (
            state.load(op, name, args[0].shape, np.int64) for name in names
        )
        flag = fires(op, membrane)
        excited = settle(interpreter, op, leak(op, excitatory, "excitatory_leak") + x)
        inhibited = settle(interpreter, op, leak(op, inhibitory, "inhibitory_leak") - x)
        membrane = excited + inhibited
        match op.reset.data:
            case Reset.ZERO_AFTER:
                excited, inhibited, membrane = (
                    (1 - flag) * v for v in (excited, inhibited, membrane)
                )
            case Reset.SUBTRACT:
                assert op.decrement is not None
                membrane = membrane + flag * leak(op, inhibitory, "recall")
                excited = settle(interpreter, op, excited - flag * integers(op.decrement))
                inhibited = (1 - flag) * inhibited
        membrane = settle(interpreter, op, membrane)
        for name, values in zip(names, (excited, inhibited, membrane), strict=True):
            state.store(op, name, values)
        return fires(op, membrane), excited, inhibited, membrane

    @impl(qsnn.RegisterOp)
    def register(self, interpreter: Interpreter, op: qsnn.RegisterOp, args: PythonValues) -> Any:
        return ()

    @impl(qsnn.ReadOp)
    def read(self, interpreter: Interpreter, op: qsnn.ReadOp, args: PythonValues) -> Any:
        return (self.state(interpreter).load_register(op, np.int64),)

    @impl(qsnn.WriteOp)
    def write(self, interpreter: Interpreter, op: qsnn.WriteOp, args: PythonValues) -> Any:
        self.state(interpreter).store_register(op, args[0])
        return ()


def integer_frame(network: NetworkOpBase, values: NDArray, maximum: int) -> Integers:
    """A frame of integers between `-maximum` (0 for counts and spikes) and `maximum`.

    Raises:
        SNNError: a value is something else.
    """
    signed = network.input.data in REAL_KINDS
    low = -maximum if signed else 0
    wrong = (values != np.floor(values)) | (values < low) | (values > maximum)
    if wrong.any():
        raise error_at(
            network, f"takes frames of integers between {low} and {maximum}, "
            f"got {values[wrong][0]:g}"
        )  # fmt: skip
    return values.astype(np.int64)


def _result(interpreter: Interpreter, op: Operation, values: Integers) -> tuple[Integers]:
    """The only result of a layer, checked."""
    element_type = element_type_of(op.results[0].type)
    return (fitting(interpreter, op, values, element_type, "result"),)


def _pool_windows(op: qsnn.MaxPool2dOp | qsnn.SumPool2dOp, input: Integers, fill: int) -> Integers:
    """(channels, height, width, *kernel)."""
    kernel, stride, padding = (int_values(a) for a in (op.kernel, op.stride, op.padding))
    return windows(input, kernel, stride, padding, fill=fill)
