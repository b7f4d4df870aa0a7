# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers that read input and feedback joined, as `torch.cat([x, spikes], 1)` before a linear layer.

Counts and spikes have different types in integers. A layer that reads both is the sum of two that
read one each.
"""

from __future__ import annotations

import numpy as np
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from snnir.dialects import snn
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.layers.affine import groups_of
from snnir.layers.weight_grid import grid_of, write_grid
from snnir.quantization.register_rules import spike_factor
from snnir.support.arrays import array_from_dense, dense_from_array

Layer = snn.LinearOp | snn.Conv2dOp


def split_joined_inputs(network: snn.NetworkOp) -> None:
    """Split layers whose input joins spikes with other values, in place."""
    for op in list(network.body.block.ops):
        if not isinstance(op, snn.ConcatOp):
            continue
        if len({spike_factor(value) is None for value in op.inputs}) == 1:
            continue
        for user in [use.operation for use in op.result.uses]:
            if isinstance(user, Layer) and _is_splittable(user):
                _split(user, op.inputs)
        if not op.result.uses:
            Rewriter.erase_op(op)


def _is_splittable(op: Layer) -> bool:
    return groups_of(op) == 1 and isinstance(op.weight.owner, snn.WeightOp)


def _split(op: Layer, inputs: tuple[SSAValue, ...]) -> None:
    """Replace a layer by the sum of layers that read one input each; the first has the bias."""
    ends = np.cumsum([shape_of(value.type)[0] for value in inputs])
    total: SSAValue | None = None
    for number, (value, end) in enumerate(zip(inputs, ends, strict=True)):
        weight = _columns(op, slice(int(end) - shape_of(value.type)[0], int(end)))
        layer = _layer(op, value, weight, op.bias if number == 0 else None)
        _insert(layer, op)
        if total is None:
            total = layer.result
        else:
            total = _insert(snn.AddOp(total, layer.result), op).results[0]
    assert total is not None
    Rewriter.replace_op(op, [], [total])


def _columns(op: Layer, columns: slice) -> SSAValue:
    """A constant of the weights that read some input channels, on their grid if they have one."""
    old = op.weight.owner
    assert isinstance(old, snn.WeightOp)
    part = np.ascontiguousarray(array_from_dense(old.value)[:, columns])
    new = snn.WeightOp(dense_from_array(part))
    if (grid := grid_of(old)) is not None:
        write_grid(new, grid)
    new.location = old.location
    Rewriter.insert_op(new, InsertPoint.before(op))
    return new.result


def _layer(op: Layer, input: SSAValue, weight: SSAValue, bias: SSAValue | None) -> Layer:
    if isinstance(op, snn.LinearOp):
        return snn.LinearOp(input, weight, bias)
    return snn.Conv2dOp(
        input, weight, bias, stride=int_values(op.stride), padding=int_values(op.padding),
        dilation=int_values(op.dilation),
    )  # fmt: skip


def _insert(new: Operation, op: Operation) -> Operation:
    """Insert an operation that takes over a part of `op`."""
    new.location = op.location
    new.attributes.update(op.attributes)
    Rewriter.insert_op(new, InsertPoint.before(op))
    return new
