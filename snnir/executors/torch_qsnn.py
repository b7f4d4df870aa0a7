# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operations of the `qsnn` level in torch, exact.

Integers are held in floating point, where torch has fast kernels: spikes and sums of products below
2**24 in float32, membranes and everything larger in float64, which is exact below 2**53. The types
of the IR bound every value and every product of a state with a factor below that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Attribute, Operation

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.snn_attributes import Compare, Reset, ResetTiming
from snnir.executors.torch_program import (
    Evaluate,
    TorchBuilder,
    TorchLevel,
    read_register,
    register,
    write_register,
)
from snnir.quantization.values import type_bounds
from snnir.support.arrays import array_from_dense

FLOAT32_EXACT = 1 << 24


def _exact_float(bound: int) -> torch.dtype:
    """The floating-point type in which integers up to `bound` in magnitude are exact."""
    return torch.float32 if bound < FLOAT32_EXACT else torch.float64


def _sum_float(op: qsnn.LinearOp | qsnn.Conv2dOp) -> torch.dtype:
    """The type in which every partial sum of a layer is exact."""
    if not isinstance(owner := op.weight.owner, qsnn.WeightOp):
        return torch.float64
    weight = np.abs(array_from_dense(owner.value).astype(np.int64))
    largest = max(abs(bound) for bound in type_bounds(element_type_of(op.input.type)))
    return _exact_float(int(weight.reshape(len(weight), -1).sum(axis=1).max()) * largest)


def _parameter(attribute: Attribute, build: TorchBuilder) -> Tensor:
    if isinstance(attribute, IntegerAttr):
        return torch.tensor(attribute.value.data, dtype=torch.float64, device=build.device)
    return build.constant(attribute).to(torch.float64)


def weight(op: qsnn.WeightOp, build: TorchBuilder) -> Evaluate:
    value = build.constant(op.value)
    # Biases have 32 bits, more than float32 holds.
    value = value.to(torch.float64 if value.dtype == torch.int32 else torch.float32)
    return lambda: value


def linear(op: qsnn.LinearOp, build: TorchBuilder) -> Evaluate:
    dtype = _sum_float(op)

    def evaluate(input: Tensor, weight: Tensor, *bias: Tensor) -> Tensor:
        sums = F.linear(input.to(dtype), weight.to(dtype))
        return sums.to(torch.float64) + bias[0] if bias else sums

    return evaluate


def conv2d(op: qsnn.Conv2dOp, build: TorchBuilder) -> Evaluate:
    dtype = _sum_float(op)
    convolve = partial(
        F.conv2d,
        stride=int_values(op.stride),
        padding=int_values(op.padding),
        dilation=int_values(op.dilation),
        groups=op.groups.value.data,
    )

    def evaluate(input: Tensor, weight: Tensor, *bias: Tensor) -> Tensor:
        # Fast convolution algorithms transform their operands and would round: round back.
        sums = convolve(input.to(dtype), weight.to(dtype)).round_()
        return sums.to(torch.float64) + bias[0].reshape(-1, 1, 1) if bias else sums

    return evaluate


def max_pool2d(op: qsnn.MaxPool2dOp, build: TorchBuilder) -> Evaluate:
    return partial(
        F.max_pool2d,
        kernel_size=int_values(op.kernel),
        stride=int_values(op.stride),
        padding=int_values(op.padding),
    )


def sum_pool2d(op: qsnn.SumPool2dOp, build: TorchBuilder) -> Evaluate:
    largest = max(abs(bound) for bound in type_bounds(element_type_of(op.result.type)))
    dtype = _exact_float(largest)
    pool = partial(
        F.avg_pool2d,
        kernel_size=int_values(op.kernel),
        stride=int_values(op.stride),
        padding=int_values(op.padding),
        divisor_override=1,
    )
    return lambda input: pool(input.to(dtype))


def reshape(op: qsnn.ReshapeOp, build: TorchBuilder) -> Evaluate:
    shape = shape_of(op.result.type)
    return lambda input: input.reshape(len(input), *shape)


def add(op: qsnn.AddOp, build: TorchBuilder) -> Evaluate:
    return lambda lhs, rhs: lhs.to(torch.float64) + rhs


def scale(op: qsnn.ScaleOp, build: TorchBuilder) -> Evaluate:
    factor = _parameter(op.factor, build)
    return lambda input: input * factor


def concat(op: qsnn.ConcatOp, build: TorchBuilder) -> Evaluate:
    return lambda *inputs: torch.cat(inputs, dim=1)


def _leak(
    op: qsnn.NeuronBase, build: TorchBuilder, name: str = "leak"
) -> Callable[[Tensor], Tensor]:
    factor = _parameter(op.properties[name], build)
    half = 1 << 14 if op.rounding.data is qsnn.Rounding.NEAREST else 0
    return lambda membrane: (membrane * factor).add_(half).mul_(2.0**-15).floor_()


def _input(op: qsnn.NeuronBase, build: TorchBuilder) -> Callable[[Tensor], Tensor]:
    unit = float(1 << op.shift.value.data)
    if op.bias is None:
        return lambda current: current.to(torch.float64) * unit
    bias = _parameter(op.bias, build)
    return lambda current: (current.to(torch.float64) * unit).add_(bias)


def _clamp(op: qsnn.NeuronBase) -> Callable[[Tensor], Tensor]:
    if op.overflow.data is qsnn.Overflow.PROVEN:
        return lambda membrane: membrane
    low, high = type_bounds(element_type_of(op.membrane.type))
    return lambda membrane: membrane.clamp(low, high)


def _stored(op: qsnn.LIFOp, threshold: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """What is stored, as a function of `V`, the spikes and the reset flag."""
    reset = op.reset.data
    if op.reset_timing.data is ResetTiming.DELAYED or reset is Reset.NONE:
        return lambda membrane, spikes, flag: membrane
    if reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED):
        return lambda membrane, spikes, flag: membrane - (spikes - flag) * threshold
    return lambda membrane, spikes, flag: membrane - (spikes - flag) * membrane


def lif(op: qsnn.LIFOp, build: TorchBuilder) -> Evaluate:
    leak, total_input, clamp = _leak(op, build), _input(op, build), _clamp(op)
    threshold = _parameter(op.threshold, build)
    compare = torch.gt if op.compare.data is Compare.GT else torch.ge
    stored = _stored(op, threshold)
    state = build.cell(shape_of(op.membrane.type), torch.float64)
    updates: dict[Reset, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
        Reset.NONE: lambda old, x, flag: leak(old) + x,
        Reset.SUBTRACT: lambda old, x, flag: leak(old) + x - flag * threshold,
        Reset.SUBTRACT_DECAYED: lambda old, x, flag: leak(old - flag * threshold) + x,
        Reset.ZERO_BEFORE: lambda old, x, flag: leak((1 - flag) * old) + x,
        Reset.ZERO_AFTER: lambda old, x, flag: (1 - flag) * (leak(old) + x),
    }
    update = updates[op.reset.data]

    def evaluate(current: Tensor) -> tuple[Tensor, Tensor]:
        flag = compare(state.value, threshold).to(torch.float32)
        membrane = clamp(update(state.value, total_input(current), flag))
        spikes = compare(membrane, threshold).to(torch.float32)
        state.next = clamp(stored(membrane, spikes, flag))
        return spikes, state.next

    return evaluate


def li(op: qsnn.LIOp, build: TorchBuilder) -> Evaluate:
    leak, total_input, clamp = _leak(op, build), _input(op, build), _clamp(op)
    state = build.cell(shape_of(op.membrane.type), torch.float64)

    def evaluate(current: Tensor) -> Tensor:
        state.next = clamp(leak(state.value) + total_input(current))
        return state.next

    return evaluate


def alpha(op: qsnn.AlphaOp, build: TorchBuilder) -> Evaluate:
    total_input, clamp, reset = _input(op, build), _clamp(op), op.reset.data
    excite, inhibit = (_leak(op, build, name) for name in op.LEAK_NAMES)
    threshold = _parameter(op.threshold, build)
    compare = torch.gt if op.compare.data is Compare.GT else torch.ge
    shape = shape_of(op.membrane.type)
    excitatory, inhibitory, membrane = (build.cell(shape, torch.float64) for _ in range(3))

    def zero_after(
        e: Tensor, i: Tensor, u: Tensor, old: Tensor, flag: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        return (1 - flag) * e, (1 - flag) * i, (1 - flag) * u

    updates = {Reset.NONE: lambda e, i, u, old, flag: (e, i, u), Reset.ZERO_AFTER: zero_after}
    if reset is Reset.SUBTRACT:
        assert op.decrement is not None
        decrement, recall = _parameter(op.decrement, build), _leak(op, build, "recall")
        updates[reset] = lambda e, i, u, old, flag: (
            clamp(e - flag * decrement), (1 - flag) * i, u + flag * recall(old)
        )  # fmt: skip
    update = updates[reset]

    def evaluate(current: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        flag = compare(membrane.value, threshold).to(torch.float64)
        x, old = total_input(current), inhibitory.value
        e, i = clamp(excite(excitatory.value) + x), clamp(inhibit(old) - x)
        excitatory.next, inhibitory.next, u = update(e, i, e + i, old, flag)
        membrane.next = clamp(u)
        spikes = compare(membrane.next, threshold).to(torch.float32)
        return spikes, excitatory.next, inhibitory.next, membrane.next

    return evaluate


def output(op: Operation, build: TorchBuilder) -> Evaluate:
    return lambda *values: ()


LEVEL = TorchLevel(
    {
        qsnn.WeightOp: weight,
        qsnn.LinearOp: linear,
        qsnn.Conv2dOp: conv2d,
        qsnn.MaxPool2dOp: max_pool2d,
        qsnn.SumPool2dOp: sum_pool2d,
        qsnn.ReshapeOp: reshape,
        qsnn.AddOp: add,
        qsnn.ScaleOp: scale,
        qsnn.ConcatOp: concat,
        qsnn.LIFOp: lif,
        qsnn.LIOp: li,
        qsnn.AlphaOp: alpha,
        qsnn.RegisterOp: register,
        qsnn.ReadOp: read_register,
        qsnn.WriteOp: write_register,
        qsnn.OutputOp: output,
    },
    frame_dtype=np.float32,
    membrane_dtype=np.int32,
)
