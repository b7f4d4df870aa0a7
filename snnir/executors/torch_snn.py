# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operations of the `snn` level in torch.

All values are float32, spikes are 0.0 and 1.0, as in snnTorch: layers call the functions that
torch's modules call, and neurons compute in snnTorch 1.0.0's order of float32 operations, so the
results are snnTorch's bit for bit. `V > threshold` replaces snnTorch's `V - threshold > 0`: with
gradual underflow both are true for the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from xdsl.ir import Operation

from snnir.dialects import snn
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.snn import Compare, Reset, ResetTiming
from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.executors.torch_program import (
    Cell,
    Evaluate,
    TorchBuilder,
    TorchLevel,
    read_register,
    register,
    write_register,
)


def weight(op: snn.WeightOp, build: TorchBuilder) -> Evaluate:
    value = build.constant(op.value)
    return lambda: value


def linear(op: snn.LinearOp, build: TorchBuilder) -> Evaluate:
    return F.linear


def convolution(op: snn.Conv1dOp | snn.Conv2dOp, build: TorchBuilder) -> Evaluate:
    return partial(
        F.conv1d if isinstance(op, snn.Conv1dOp) else F.conv2d,
        stride=int_values(op.stride),
        padding=int_values(op.padding),
        dilation=int_values(op.dilation),
        groups=op.groups.value.data,
    )


def windows(op: snn.MaxPool2dOp | snn.AvgPool2dOp | snn.SumPool2dOp) -> dict[str, Any]:
    """The arguments of torch's pooling functions."""
    return {
        "kernel_size": int_values(op.kernel),
        "stride": int_values(op.stride),
        "padding": int_values(op.padding),
    }


def max_pool2d(op: snn.MaxPool2dOp, build: TorchBuilder) -> Evaluate:
    places = windows(op)
    pool = partial(F.max_pool2d, **places)
    if places["stride"] != places["kernel_size"] or any(places["padding"]):
        return pool
    # Without gradients: torch's kernel for the CPU takes ten times as long on one core.
    return lambda input: (
        pool(input)
        if torch.is_grad_enabled()
        else _largest_of_disjoint(input, *places["kernel_size"])
    )


def _largest_of_disjoint(input: Tensor, height: int, width: int) -> Tensor:
    """Maximum over windows side by side; what is left at the end of an axis is dropped."""
    rows, columns = input.shape[-2] // height, input.shape[-1] // width
    parts = [
        input[..., y : rows * height : height, x : columns * width : width]
        for y in range(height)
        for x in range(width)
    ]
    return reduce(torch.maximum, parts)


def avg_pool2d(op: snn.AvgPool2dOp, build: TorchBuilder) -> Evaluate:
    include = bool(op.count_include_pad.value.data)
    return partial(F.avg_pool2d, **windows(op), count_include_pad=include)


def sum_pool2d(op: snn.SumPool2dOp, build: TorchBuilder) -> Evaluate:
    return partial(F.avg_pool2d, **windows(op), divisor_override=1)


def reshape(op: snn.ReshapeOp | snn.FlattenOp, build: TorchBuilder) -> Evaluate:
    shape = shape_of(op.result.type)
    return lambda input: input.reshape(len(input), *shape)


def batch_norm(op: snn.BatchNormOp, build: TorchBuilder) -> Evaluate:
    return partial(F.batch_norm, training=False, eps=op.epsilon.value.data)


def scale(op: snn.ScaleOp, build: TorchBuilder) -> Evaluate:
    factor = build.constant(op.factor)
    return lambda input: factor * input


def add(op: snn.AddOp, build: TorchBuilder) -> Evaluate:
    return torch.add


def concat(op: snn.ConcatOp, build: TorchBuilder) -> Evaluate:
    return lambda *inputs: torch.cat(inputs, dim=1)


def _heaviside(op: SpikingNeuronBase, threshold: Tensor) -> Callable[[Tensor], Tensor]:
    """`H(membrane - threshold)` as 0.0 and 1.0."""
    compare = torch.gt if op.compare.data is Compare.GT else torch.ge
    return lambda membrane: compare(membrane, threshold, out=torch.empty_like(membrane))


def _flag_cell(
    fire: Callable[[Tensor], Tensor], shape: tuple[int, ...], build: TorchBuilder
) -> Cell:
    """The reset flag `R` of the next step, which is 1 at the start if the threshold is negative."""
    return build.cell(shape, initial=fire(torch.zeros(shape, device=build.device)))


def _stored_membrane(
    op: SpikingNeuronBase, threshold: Tensor
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """What is stored, as a function of the membrane `V`, the spikes `S` and the reset flag `R`."""
    reset = op.reset.data
    if op.reset_timing.data is ResetTiming.DELAYED or reset is Reset.NONE:
        return lambda membrane, spikes, flag: membrane
    # A membrane above the threshold from the previous step is not reset a second time.
    if reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED):
        return lambda membrane, spikes, flag: membrane - (spikes - flag) * threshold
    return lambda membrane, spikes, flag: membrane - (spikes - flag) * membrane


def _subtract(old: Tensor, x: Tensor, beta: Tensor, threshold: Tensor, flag: Tensor) -> Tensor:
    return beta * old + x - flag * threshold


def _subtract_decayed(
    old: Tensor, x: Tensor, beta: Tensor, threshold: Tensor, flag: Tensor
) -> Tensor:
    return beta * (old - flag * threshold) + x


def _zero_before(old: Tensor, x: Tensor, beta: Tensor, threshold: Tensor, flag: Tensor) -> Tensor:
    return beta * ((1 - flag) * old) + x


def _zero_after(old: Tensor, x: Tensor, beta: Tensor, threshold: Tensor, flag: Tensor) -> Tensor:
    membrane = beta * old + x
    return membrane - flag * membrane


def _no_reset(old: Tensor, x: Tensor, beta: Tensor, threshold: Tensor, flag: Tensor) -> Tensor:
    return beta * old + x


LIF_UPDATES: dict[Reset, Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    Reset.NONE: _no_reset,
    Reset.SUBTRACT: _subtract,
    Reset.SUBTRACT_DECAYED: _subtract_decayed,
    Reset.ZERO_BEFORE: _zero_before,
    Reset.ZERO_AFTER: _zero_after,
}
"""The membrane `V` from the stored membrane, the input, beta, the threshold and the reset flag."""


def lif(op: snn.LIFOp, build: TorchBuilder) -> Evaluate:
    beta, threshold = build.constant(op.beta), build.constant(op.threshold)
    fire, stored = _heaviside(op, threshold), _stored_membrane(op, threshold)
    update = LIF_UPDATES[op.reset.data]
    shape = shape_of(op.membrane.type)
    state, flag = build.cell(shape), _flag_cell(fire, shape, build)

    def evaluate(current: Tensor) -> tuple[Tensor, Tensor]:
        membrane = update(state.value, current, beta, threshold, flag.value)
        spikes = fire(membrane)
        state.next = stored(membrane, spikes, flag.value)
        flag.next = spikes if state.next is membrane else fire(state.next)
        return spikes, state.next

    return evaluate


def li(op: snn.LIOp, build: TorchBuilder) -> Evaluate:
    beta = build.constant(op.beta)
    state = build.cell(shape_of(op.membrane.type))

    def evaluate(current: Tensor) -> Tensor:
        state.next = beta * state.value + current
        return state.next

    return evaluate


def synaptic(op: snn.SynapticOp, build: TorchBuilder) -> Evaluate:
    alpha, beta = build.constant(op.alpha), build.constant(op.beta)
    threshold = build.constant(op.threshold)
    fire, stored = _heaviside(op, threshold), _stored_membrane(op, threshold)
    shape, reset = shape_of(op.membrane.type), op.reset.data
    synapse, state, flag = build.cell(shape), build.cell(shape), _flag_cell(fire, shape, build)

    def evaluate(current: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        synapse.next = alpha * synapse.value + current
        membrane = beta * state.value + synapse.next
        if reset is Reset.SUBTRACT:
            membrane = membrane - flag.value * threshold
        elif reset is Reset.ZERO_AFTER:
            membrane = membrane - membrane * flag.value
        spikes = fire(membrane)
        state.next = stored(membrane, spikes, flag.value)
        flag.next = spikes if state.next is membrane else fire(state.next)
        return spikes, synapse.next, state.next

    return evaluate


def alpha_gain(alpha: Tensor, beta: Tensor) -> Tensor:
    """`tau = ln(alpha) / (ln(beta) - ln(alpha)) + 1`."""
    return torch.log(alpha) / (torch.log(beta) - torch.log(alpha)) + 1


def alpha(op: snn.AlphaOp, build: TorchBuilder) -> Evaluate:
    alpha, beta = build.constant(op.alpha), build.constant(op.beta)
    threshold = build.constant(op.threshold)
    # On the CPU, because another device may round logarithms differently.
    gain = alpha_gain(alpha.cpu(), beta.cpu()).to(build.device)
    fire = _heaviside(op, threshold)
    shape, reset = shape_of(op.membrane.type), op.reset.data
    excitatory, inhibitory = build.cell(shape), build.cell(shape)
    spiked = _flag_cell(fire, shape, build)

    def evaluate(current: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        flag, old = spiked.value, inhibitory.value
        excite = alpha * excitatory.value + current
        inhibit = beta * old - current
        membrane = gain * (excite + inhibit)
        if reset is Reset.ZERO_AFTER:
            excite = excite - excite * flag
            inhibit = inhibit - inhibit * flag
            membrane = membrane - membrane * flag
        elif reset is Reset.SUBTRACT:
            excite = excite - threshold * flag
            inhibit = inhibit - (beta * old - current) * flag
            membrane = membrane + old * flag
        excitatory.next, inhibitory.next, spiked.next = excite, inhibit, fire(membrane)
        return spiked.next, excite, inhibit, membrane

    return evaluate


def output(op: Operation, build: TorchBuilder) -> Evaluate:
    return lambda *values: ()


LEVEL = TorchLevel(
    {
        snn.WeightOp: weight,
        snn.LinearOp: linear,
        snn.Conv1dOp: convolution,
        snn.Conv2dOp: convolution,
        snn.MaxPool2dOp: max_pool2d,
        snn.AvgPool2dOp: avg_pool2d,
        snn.SumPool2dOp: sum_pool2d,
        snn.ReshapeOp: reshape,
        snn.FlattenOp: reshape,
        snn.BatchNormOp: batch_norm,
        snn.ScaleOp: scale,
        snn.AddOp: add,
        snn.ConcatOp: concat,
        snn.LIFOp: lif,
        snn.LIOp: li,
        snn.SynapticOp: synaptic,
        snn.AlphaOp: alpha,
        snn.RegisterOp: register,
        snn.ReadOp: read_register,
        snn.WriteOp: write_register,
        snn.OutputOp: output,
    }
)
