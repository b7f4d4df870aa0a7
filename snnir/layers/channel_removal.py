# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes groups of channels out of a network: constants, parameters and types shrink in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from snnir.dialects import qsnn, snn
from snnir.dialects.layer_bases import ConvolutionBase, LinearBase, element_type_of
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.registers import RegisterBase
from snnir.dialects.snn_neurons import NeuronBase
from snnir.layers.activity_attributes import erase_rates
from snnir.layers.affine import groups_of
from snnir.layers.channel_groups import ChannelGroups
from snnir.layers.weight_grid import (
    WeightGrid,
    erase_grid,
    grid_of,
    integers_on,
    write_grid,
)
from snnir.support.arrays import array_from_dense, dense_from_array

_AFFINE = (LinearBase, ConvolutionBase)

Kept = NDArray[np.bool_]
"""For each channel of a value, whether it stays."""


def remove_channels(groups: ChannelGroups, removed: NDArray[np.bool_]) -> None:
    """Remove groups from their network.

    Whoever read a removed channel reads nothing in its place, which is zero. Recorded firing rates
    (`record_activity`) are erased from layers that shrink. `groups` is invalid afterwards.

    Args:
        removed: bool (groups.count,); no pinned group, and every layer keeps a channel.
    """
    assert not any(removed[group] for group in groups.pins), "pinned channels cannot be removed"
    # Decided before anything changes: shrinking replaces the values that `groups` knows.
    plan = [
        (op, _kept_inputs(op, groups, removed), ~removed[groups.of(op.results[0])])
        for op in groups.network.body.block.ops
        if op.results and not isinstance(op, snn.WeightOp | qsnn.WeightOp)
    ]
    registers = [
        (op, ~removed[groups.of(op.write.value)])
        for op in groups.network.body.block.ops
        if isinstance(op, RegisterBase) and op.write is not None
    ]
    for register, kept in registers:
        register.properties["type"] = with_channels(register.type, int(kept.sum()))
    for op, kept_inputs, kept in plan:
        assert kept.any(), "a layer must keep a channel"
        _shrink(op, kept_inputs, kept)


def _kept_inputs(op: Operation, groups: ChannelGroups, removed: NDArray[np.bool_]) -> Kept | None:
    return ~removed[groups.of(op.input)] if isinstance(op, _AFFINE) else None


def _shrink(op: Operation, kept_inputs: Kept | None, kept: Kept) -> None:
    """Shrink the constants, parameters and results of one operation."""
    if isinstance(op, _AFFINE):
        assert kept_inputs is not None
        _shrink_affine(op, kept_inputs, kept)
    if kept.all():
        return
    if isinstance(op, snn.BatchNormOp):
        for index in range(1, len(op.operands)):
            _keep_part(op, index, np.flatnonzero(kept))
    elif isinstance(op, snn.ScaleOp | qsnn.ScaleOp):
        op.properties["factor"] = _shrink_parameter(op.factor, op.result, kept)
    elif isinstance(op, NeuronBase | qsnn.NeuronBase):
        for name in op.PARAMETER_NAMES:
            if (parameter := op.properties.get(name)) is not None:
                op.properties[name] = _shrink_parameter(parameter, op.current, kept)
        erase_rates(op)
    for result in op.results:
        _shrink_type(result, int(kept.sum()))


def _shrink_affine(op: LinearBase | ConvolutionBase, kept_inputs: Kept, kept: Kept) -> None:
    """Rows of removed outputs and columns of removed inputs go."""
    if groups_of(op) != 1 or (kept.all() and kept_inputs.all()):
        return
    rows = np.flatnonzero(kept)
    _keep_part(op, 1, rows, np.flatnonzero(kept_inputs))
    if op.bias is not None:
        _keep_part(op, 2, rows)


def _keep_part(op: Operation, index: int, *kept: NDArray[np.intp]) -> None:
    """Make an operand the part of its constant that the leading axes' indices choose."""
    old = op.operands[index].owner
    assert isinstance(old, snn.WeightOp | qsnn.WeightOp)
    values = array_from_dense(old.value)
    if all(len(indices) == extent for indices, extent in zip(kept, values.shape, strict=False)):
        return
    part = values[np.ix_(*kept)]
    replace = replace_constant if isinstance(old, snn.WeightOp) else replace_weights
    replace(op, index, part, kept[0])


def replace_constant(
    op: Operation, index: int, values: NDArray, rows: NDArray[np.intp] | None = None
) -> None:
    """Give an operation another constant as an operand, for itself alone, rounded to float32.

    A recorded grid stays if the values lie on it.

    Args:
        rows: the output channels that are left, where some were removed.
    """
    old = op.operands[index].owner
    assert isinstance(old, snn.WeightOp)
    new = snn.WeightOp(dense_from_array(values.astype(np.float32)))
    grid = grid_of(old)
    replace_operand(op, index, old, new)
    if grid is None:
        return
    erase_grid(new)
    left = grid if rows is None else WeightGrid(grid.scale[rows], grid.bits)
    if integers_on(left, array_from_dense(new.value)) is not None:
        write_grid(new, left)


def replace_weights(
    op: Operation, index: int, values: NDArray, rows: NDArray[np.integer] | None = None
) -> None:
    """Give an operation other integers of the same type as an operand, for itself alone.

    Args:
        rows: of each new row the old one whose scale it has; None if rows stay as they are.
    """
    old = op.operands[index].owner
    assert isinstance(old, qsnn.WeightOp)
    scale = old.scale
    if (
        rows is not None
        and isinstance(scale, DenseIntOrFPElementsAttr)
        and shape_of(scale.type)[0] == shape_of(old.result.type)[0]
    ):
        scale = dense_from_array(array_from_dense(scale)[rows])
    element_type = element_type_of(old.result.type)
    replace_operand(op, index, old, qsnn.WeightOp(dense_from_array(values, element_type), scale))


def replace_operand(
    op: Operation, index: int, old: snn.WeightOp | qsnn.WeightOp, new: snn.WeightOp | qsnn.WeightOp
) -> None:
    """Give an operation a new constant as an operand instead of an old one."""
    new.location = old.location
    new.attributes.update(old.attributes)
    new.result.name_hint = old.result.name_hint
    Rewriter.insert_op(new, InsertPoint.before(old if old.result.has_one_use() else op))
    op.operands[index] = new.result
    if not old.result.uses:
        Rewriter.erase_op(old)


def _shrink_parameter(parameter: Attribute, value: SSAValue, kept: Kept) -> Attribute:
    """A parameter that broadcasts to a value's shape, for the kept channels.

    The value has its old type; only a parameter of its rank can differ between channels.
    """
    if not isinstance(parameter, DenseIntOrFPElementsAttr):
        return parameter
    shape = shape_of(parameter.type)
    if len(shape) < len(shape_of(value.type)) or shape[0] != len(kept):
        return parameter
    return dense_from_array(array_from_dense(parameter)[kept])


def _shrink_type(value: SSAValue, channels: int) -> None:
    Rewriter.replace_value_with_new_type(value, with_channels(value.type, channels))


def with_channels(type: Attribute, channels: int) -> TensorType:
    """A tensor type with another extent of axis 0."""
    assert isinstance(type, TensorType)
    return TensorType(type.get_element_type(), (channels, *shape_of(type)[1:]))
