# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""In which order buffers will hold the values of a network, before it is lowered.

Buffers are channels-last, and a flattened one stays as it is. What is added to it must lie in the
same order: the outputs of a fully connected layer are computed in any, and so are registers.
"""

from __future__ import annotations

import numpy as np
from xdsl.ir import Operation, SSAValue

from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.kernels.layout import Order, channels_last


def memory_order(value: SSAValue) -> Order:
    """The order in which a buffer will hold a value."""
    order = _fixed_order(value, frozenset())
    return channels_last(shape_of(value.type)) if order is None else order


def output_orders(network: qsnn.NetworkOp) -> dict[SSAValue, Order]:
    """The order of each result of a fully connected layer that has to have another one than its
    own, because it is added to what is flattened."""
    orders: dict[SSAValue, Order] = {}
    for op in network.body.block.ops:
        if isinstance(op, qsnn.AddOp):
            order = memory_order(op.result)
            if not np.array_equal(order, channels_last(shape_of(op.result.type))):
                _demand(op.result, order, orders)
    return orders


def _demand(value: SSAValue, order: Order, orders: dict[SSAValue, Order]) -> None:
    match owner := value.owner:
        case qsnn.LinearOp():
            orders.setdefault(value, order)
        case qsnn.ScaleOp():
            _demand(owner.input, order, orders)
        case qsnn.AddOp():
            _demand(owner.lhs, order, orders)
            _demand(owner.rhs, order, orders)


def _fixed_order(value: SSAValue, seen: frozenset[Operation]) -> Order | None:
    """The order that a value has, or None if any will do.

    Args:
        seen: registers that are being looked at.
    """
    match owner := value.owner:
        case qsnn.LinearOp():
            return None
        case qsnn.ReshapeOp() | qsnn.ScaleOp():
            return _fixed_order(owner.input, seen)
        case qsnn.NeuronBase():
            return _fixed_order(owner.current, seen)
        case qsnn.AddOp():
            order = _fixed_order(owner.lhs, seen)
            return _fixed_order(owner.rhs, seen) if order is None else order
        case qsnn.ConcatOp():
            return _joined_order(owner, seen)
        case qsnn.ReadOp():
            register = owner.declaration
            if register in seen or (write := register.write) is None:
                return None
            return _fixed_order(write.value, seen | {register})
        case _:
            return channels_last(shape_of(value.type))


def _joined_order(op: qsnn.ConcatOp, seen: frozenset[Operation]) -> Order:
    """One part after the other at each position."""
    parts, start = list[Order](), 0
    rows = int(np.prod(shape_of(op.result.type)[1:], dtype=np.int64))
    for value in op.inputs:
        order = _fixed_order(value, seen)
        order = channels_last(shape_of(value.type)) if order is None else order
        parts.append(start + order.reshape(rows, -1))
        start += order.size
    return np.concatenate(parts, axis=1).reshape(-1)
