# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where a layer may add its weights to another current instead of to cleared memory.

A sum of two currents, as of a recurrent layer, then needs no call and no memory of its own. The
kernels add modulo 2**16 or 2**32, so that the order does not matter.
"""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.snn_attributes import InputKind

_CURRENTS = (qsnn.LinearOp, qsnn.Conv2dOp, qsnn.AddOp)
"""Operations whose buffer nothing else uses, if the value has one user."""


def begun_sums(network: qsnn.NetworkOp) -> dict[SSAValue, SSAValue]:
    """The results of layers that a sum adds to an earlier current, with that current.

    None with a static input: a current that it alone decides is computed once in a sequence, and
    must stay as it is.
    """
    if network.input.data is InputKind.STATIC_VALUES:
        return {}
    found: dict[SSAValue, SSAValue] = {}
    for op in network.body.block.ops:
        if not isinstance(op, qsnn.AddOp):
            continue
        first, last = op.lhs, op.rhs
        if not (_is_current(first, op) and _is_current(last, op)):
            continue
        producers = first.owner, last.owner
        assert isinstance(producers[0], Operation)
        assert isinstance(producers[1], Operation)
        if producers[1].is_before_in_block(producers[0]):
            first, last = last, first
        if isinstance(last.owner, qsnn.LinearOp | qsnn.Conv2dOp):
            found[last] = first
    return found


def _is_current(value: SSAValue, user: qsnn.AddOp) -> bool:
    """Whether only `user` reads a current, and in its own type."""
    same_type = element_type_of(value.type) == element_type_of(user.result.type)
    return isinstance(value.owner, _CURRENTS) and value.has_one_use() and same_type
