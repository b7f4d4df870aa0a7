# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the synaptic operations of a network: what an event-driven program has to add up.

One operation is a weight that is not zero, at an input that is not zero, towards an output that
exists: taps beyond the border do not count, outputs that nothing reads do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.dialects.snn_attributes import InputKind
from snnir.executors.result import Recording
from snnir.layers.affine import AFFINE_OPS
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import error_at


def synaptic_operations(
    network: NetworkOpBase, x: np.ndarray, recording: Recording
) -> dict[str, float]:
    """Operations of each layer with weights in a mean step, by the name of its result.

    Args:
        network: at the `snn` level.
        x: (samples, timesteps, *shape), or (samples, *shape) if it is static.
        recording: of an execution of these samples, at any level.
    """
    if network.input.data is InputKind.STATIC_VALUES:
        x = np.repeat(x[:, np.newaxis], network.timesteps.value.data, axis=1)
    values: dict[SSAValue, Tensor] = {network.frame: _flat_time(x)}
    names = layer_names(network)
    operations: dict[str, float] = {}
    for op in network.body.block.ops:
        if op in names:
            spikes = recording.spikes.get(names[op])
            if spikes is not None:
                values[op.results[0]] = _flat_time(spikes)
        elif isinstance(op, snn.ReadOp):
            values[op.result] = _flat_time(_spikes_before(op, names, recording))
        elif isinstance(op, AFFINE_OPS):
            steps = len(values[op.operands[0]])
            name = f"{op.name.partition('.')[2]} {len(operations) + 1}"
            operations[name] = _operations(op, values[op.operands[0]]) / steps
        elif op.results and op.operands and op.operands[0] in values and not _is_sum(op):
            _follow(op, values)
    return operations


def _flat_time(x: np.ndarray) -> Tensor:
    """Samples and time steps as one axis; whether elements are not zero."""
    return torch.from_numpy((x != 0).reshape(-1, *x.shape[2:])).float()


def _is_sum(op: Operation) -> bool:
    """Whether an operation adds currents, of which one may be spikes that are fed back."""
    return isinstance(op, snn.AddOp)


def _spikes_before(
    op: snn.ReadOp, names: dict[Operation, str], recording: Recording
) -> NDArray[np.bool_]:
    """The spikes of the neurons that write a register, a step later."""
    write = op.declaration.write
    if write is None or not isinstance(write.value.owner, Operation):
        raise error_at(op, "has no rule for counting synaptic operations")
    spikes = recording.spikes[names[write.value.owner]]
    return np.concatenate([np.zeros_like(spikes[:, :1]), spikes[:, :-1]], axis=1)


def _follow(op: Operation, values: dict[SSAValue, Tensor]) -> None:
    """The value of a layer without weights that reads events or spikes."""
    given = values[op.operands[0]]
    match op:
        case snn.FlattenOp() | snn.ReshapeOp():
            values[op.results[0]] = given.reshape(len(given), *shape_of(op.results[0].type))
        case snn.ScaleOp():
            values[op.results[0]] = given
        case snn.MaxPool2dOp() | snn.AvgPool2dOp() | snn.SumPool2dOp():
            kernel, stride, padding = map(int_values, (op.kernel, op.stride, op.padding))
            values[op.results[0]] = functional.max_pool2d(given, kernel, stride, padding)
        case _:
            raise error_at(op, "has no rule for counting synaptic operations")


def _operations(op: Any, given: Tensor) -> float:
    """Operations of all steps."""
    weight = torch.from_numpy((array_from_dense(op.weight.owner.value) != 0).astype(np.float32))
    total = 0.0
    for part in given.split(512):
        if isinstance(op, snn.LinearOp):
            total += float(functional.linear(part, weight.sum(0, keepdim=True)).sum())
            continue
        # The sum over output channels is one output channel, unless channels are in groups.
        groups = op.groups.value.data
        summed = weight.reshape(groups, -1, *weight.shape[1:]).sum(1)
        convolve = functional.conv1d if given.dim() == 3 else functional.conv2d
        reached = convolve(
            part, summed, stride=int_values(op.stride), padding=int_values(op.padding),
            dilation=int_values(op.dilation), groups=groups,
        )  # fmt: skip
        total += float(reached.double().sum())
    return total
