# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The meaning of the `snn` level in numpy, to be read beside the dialect's documentation.

Spikes are bool, everything else is float32. Neurons follow snnTorch 1.0.0's order of float32
operations and give its results bit for bit; layers that sum may differ in the last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i1
from xdsl.interpreter import (
    Interpreter,
    PythonValues,
    ReturnedValues,
    TerminatorValue,
    impl,
    impl_terminator,
    register_impls,
)
from xdsl.ir import Attribute

from snnir.dialects import snn
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.snn import Compare, Reset, ResetTiming
from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.executors.reference_executor import NetworkFunctions, ReferenceExecutor
from snnir.executors.windows import convolve, windows
from snnir.support.arrays import array_from_dense

__all__ = ["ReferenceExecutor", "SNNFunctions", "alpha_gain"]

Reals = NDArray
"""An array of float32."""


def reals(value: NDArray) -> Reals:
    """Spikes count as 0.0 and 1.0."""
    return value.astype(np.float32)


def alpha_gain(alpha: Reals, beta: Reals) -> Reals:
    """`tau = ln(alpha) / (ln(beta) - ln(alpha)) + 1` with torch's logarithm.

    numpy's rounds differently for a fifth of all numbers, and the result scales every membrane.
    """
    import torch

    log_alpha, log_beta = (torch.log(torch.from_numpy(np.array(v))) for v in (alpha, beta))
    return (log_alpha / (log_beta - log_alpha) + 1).numpy()


def fires(op: SpikingNeuronBase, membrane: Reals) -> NDArray[np.bool_]:
    """`H(membrane - threshold)`."""
    threshold = array_from_dense(op.threshold)
    return membrane > threshold if op.compare.data is Compare.GT else membrane >= threshold


def membrane_to_store(
    op: SpikingNeuronBase, membrane: Reals, spikes: NDArray[np.bool_], flag: Reals
) -> Reals:
    """What `reset_timing` makes of the membrane that decided the spikes."""
    if op.reset_timing.data is ResetTiming.DELAYED:
        return membrane
    # A membrane above the threshold from the previous step is not reset a second time.
    difference = reals(spikes) - flag
    match op.reset.data:
        case Reset.NONE:
            return membrane
        case Reset.SUBTRACT | Reset.SUBTRACT_DECAYED:
            return membrane - difference * array_from_dense(op.threshold)
        case Reset.ZERO_BEFORE | Reset.ZERO_AFTER:
            return membrane - difference * membrane


@register_impls
class SNNFunctions(NetworkFunctions):
    """One time step of the `snn` level."""

    @impl_terminator(snn.OutputOp)
    def output(
        self, interpreter: Interpreter, op: snn.OutputOp, args: PythonValues
    ) -> tuple[TerminatorValue, PythonValues]:
        return ReturnedValues(args), ()

    @impl(snn.WeightOp)
    def weight(self, interpreter: Interpreter, op: snn.WeightOp, args: PythonValues) -> Any:
        return (array_from_dense(op.value),)

    @impl(snn.LinearOp)
    def linear(self, interpreter: Interpreter, op: snn.LinearOp, args: PythonValues) -> Any:
        input, weight, *bias = args
        result = weight @ reals(input)
        return (result + bias[0] if bias else result,)

    @impl(snn.Conv1dOp)
    def conv1d(self, interpreter: Interpreter, op: snn.Conv1dOp, args: PythonValues) -> Any:
        return self._convolution(op, *args)

    @impl(snn.Conv2dOp)
    def conv2d(self, interpreter: Interpreter, op: snn.Conv2dOp, args: PythonValues) -> Any:
        return self._convolution(op, *args)

    def _convolution(
        self,
        op: snn.Conv1dOp | snn.Conv2dOp,
        input: NDArray,
        weight: Reals,
        bias: Reals | None = None,
    ) -> tuple[Reals]:
        result = convolve(
            reals(input),
            weight,
            int_values(op.stride),
            int_values(op.padding),
            int_values(op.dilation),
            op.groups.value.data,
        )
        if bias is not None:
            result = result + bias.reshape(-1, *[1] * (result.ndim - 1))
        return (result,)

    @impl(snn.MaxPool2dOp)
    def max_pool2d(self, interpreter: Interpreter, op: snn.MaxPool2dOp, args: PythonValues) -> Any:
        lowest = 0 if args[0].dtype == np.bool_ else -np.inf
        return (self._pool_windows(op, args[0], fill=lowest).max(axis=(3, 4)),)

    @impl(snn.SumPool2dOp)
    def sum_pool2d(self, interpreter: Interpreter, op: snn.SumPool2dOp, args: PythonValues) -> Any:
        return (self._pool_windows(op, reals(args[0])).sum(axis=(3, 4)),)

    @impl(snn.AvgPool2dOp)
    def avg_pool2d(self, interpreter: Interpreter, op: snn.AvgPool2dOp, args: PythonValues) -> Any:
        sums = self._pool_windows(op, reals(args[0])).sum(axis=(3, 4))
        counted = np.ones_like(args[0], np.float32)
        # Padding is marked by the fill value: counted or not.
        fill = 1.0 if op.count_include_pad.value.data else 0.0
        return (sums / self._pool_windows(op, counted, fill).sum(axis=(3, 4)),)

    def _pool_windows(
        self, op: snn.MaxPool2dOp | snn.SumPool2dOp | snn.AvgPool2dOp, input: NDArray,
        fill: float = 0,
    ) -> NDArray:  # fmt: skip
        """(channels, height, width, *kernel)."""
        kernel, stride = int_values(op.kernel), int_values(op.stride)
        return windows(input, kernel, stride, int_values(op.padding), fill=fill)

    @impl(snn.ReshapeOp)
    def reshape(self, interpreter: Interpreter, op: snn.ReshapeOp, args: PythonValues) -> Any:
        return (args[0].reshape(shape_of(op.result.type)),)

    @impl(snn.FlattenOp)
    def flatten(self, interpreter: Interpreter, op: snn.FlattenOp, args: PythonValues) -> Any:
        return (args[0].reshape(-1),)

    @impl(snn.BatchNormOp)
    def batch_norm(self, interpreter: Interpreter, op: snn.BatchNormOp, args: PythonValues) -> Any:
        input = reals(args[0])
        per_channel = (-1, *[1] * (input.ndim - 1))
        mean, variance, gamma, beta = (value.reshape(per_channel) for value in args[1:])
        deviation = np.sqrt(variance + np.float32(op.epsilon.value.data))
        return ((input - mean) / deviation * gamma + beta,)

    @impl(snn.ScaleOp)
    def scale(self, interpreter: Interpreter, op: snn.ScaleOp, args: PythonValues) -> Any:
        return (array_from_dense(op.factor) * reals(args[0]),)

    @impl(snn.AddOp)
    def add(self, interpreter: Interpreter, op: snn.AddOp, args: PythonValues) -> Any:
        return (reals(args[0]) + reals(args[1]),)

    @impl(snn.ConcatOp)
    def concat(self, interpreter: Interpreter, op: snn.ConcatOp, args: PythonValues) -> Any:
        return (np.concatenate(args),)

    @impl(snn.LIFOp)
    def lif(self, interpreter: Interpreter, op: snn.LIFOp, args: PythonValues) -> Any:
        x, state = reals(args[0]), self.state(interpreter)
        beta, threshold = array_from_dense(op.beta), array_from_dense(op.threshold)
        old = state.load(op, "membrane", x.shape)
        flag = reals(fires(op, old))
        match op.reset.data:
            case Reset.NONE:
                membrane = beta * old + x
            case Reset.SUBTRACT:
                membrane = beta * old + x - flag * threshold
            case Reset.SUBTRACT_DECAYED:
                membrane = beta * (old - flag * threshold) + x
            case Reset.ZERO_BEFORE:
                membrane = beta * ((1 - flag) * old) + x
            case Reset.ZERO_AFTER:
                # As Lapicque and RLeaky write (1 - R) * V; only the sign of a zero differs.
                membrane = beta * old + x
                membrane = membrane - flag * membrane
        spikes = fires(op, membrane)
        stored = membrane_to_store(op, membrane, spikes, flag)
        state.store(op, "membrane", stored)
        return spikes, stored

    @impl(snn.LIOp)
    def li(self, interpreter: Interpreter, op: snn.LIOp, args: PythonValues) -> Any:
        x, state = reals(args[0]), self.state(interpreter)
        membrane = array_from_dense(op.beta) * state.load(op, "membrane", x.shape) + x
        state.store(op, "membrane", membrane)
        return (membrane,)

    @impl(snn.SynapticOp)
    def synaptic(self, interpreter: Interpreter, op: snn.SynapticOp, args: PythonValues) -> Any:
        x, state = reals(args[0]), self.state(interpreter)
        alpha, beta = array_from_dense(op.alpha), array_from_dense(op.beta)
        old = state.load(op, "membrane", x.shape)
        flag = reals(fires(op, old))
        synapse = alpha * state.load(op, "synapse", x.shape) + x
        membrane = beta * old + synapse
        match op.reset.data:
            case Reset.SUBTRACT:
                membrane = membrane - flag * array_from_dense(op.threshold)
            case Reset.ZERO_AFTER:
                membrane = membrane - membrane * flag
        spikes = fires(op, membrane)
        stored = membrane_to_store(op, membrane, spikes, flag)
        state.store(op, "synapse", synapse)
        state.store(op, "membrane", stored)
        return spikes, synapse, stored

    @impl(snn.AlphaOp)
    def alpha(self, interpreter: Interpreter, op: snn.AlphaOp, args: PythonValues) -> Any:
        x, state = reals(args[0]), self.state(interpreter)
        alpha, beta = array_from_dense(op.alpha), array_from_dense(op.beta)
        flag = reals(fires(op, state.load(op, "membrane", x.shape)))
        old_inhibitory = state.load(op, "inhibitory", x.shape)
        excitatory = alpha * state.load(op, "excitatory", x.shape) + x
        inhibitory = beta * old_inhibitory - x
        membrane = alpha_gain(alpha, beta) * (excitatory + inhibitory)
        match op.reset.data:
            case Reset.ZERO_AFTER:
                excitatory = excitatory - excitatory * flag
                inhibitory = inhibitory - inhibitory * flag
                membrane = membrane - membrane * flag
            case Reset.SUBTRACT:
                excitatory = excitatory - array_from_dense(op.threshold) * flag
                inhibitory = inhibitory - (beta * old_inhibitory - x) * flag
                membrane = membrane + old_inhibitory * flag
        state.store(op, "excitatory", excitatory)
        state.store(op, "inhibitory", inhibitory)
        state.store(op, "membrane", membrane)
        return fires(op, membrane), excitatory, inhibitory, membrane

    @impl(snn.RegisterOp)
    def register(self, interpreter: Interpreter, op: snn.RegisterOp, args: PythonValues) -> Any:
        return ()

    @impl(snn.ReadOp)
    def read(self, interpreter: Interpreter, op: snn.ReadOp, args: PythonValues) -> Any:
        dtype = np.bool_ if _is_spikes(op.result.type) else np.float32
        return (self.state(interpreter).load_register(op, dtype),)

    @impl(snn.WriteOp)
    def write(self, interpreter: Interpreter, op: snn.WriteOp, args: PythonValues) -> Any:
        self.state(interpreter).store_register(op, args[0])
        return ()


def _is_spikes(type: Attribute) -> bool:
    return getattr(type, "element_type", None) == i1
