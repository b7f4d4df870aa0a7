# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where registers lie: a state, which the neurons whose spikes it holds write in place.

That is possible where whatever reads the spikes of the step before has done so when the neurons are
updated, as in all recurrent layers. Other values are copied at the end of the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.dialects.builtin import i1
from xdsl.ir import Operation, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import shape_of
from snnir.kernels.context import KernelContext
from snnir.kernels.layout import buffer_shape_of, channels_last
from snnir.kernels.orders import memory_order
from snnir.support.diagnostics import error_at

_DEFINES_BYTES = (qsnn.SpikingNeuronBase, qsnn.MaxPool2dOp)
"""Operations whose calls write spikes to a buffer that is made for them."""

_ALIASES = (qsnn.ReshapeOp, qsnn.ConcatOp)
"""Operations whose result may be the memory of an operand."""


def declare_registers(context: KernelContext) -> None:
    """Give every register its state, and let the operations that can write there."""
    for op in context.network.body.block.ops:
        if not isinstance(op, qsnn.RegisterOp):
            continue
        write, shape = op.write, shape_of(op.type)
        order = channels_last(shape) if write is None else memory_order(write.value)
        name = op.sym_name.data
        name = f"register_{name}" if name[:1].isdigit() else name
        state = context.buffer(name, buffer_shape_of(shape), i1, snnrt.Region.STATE)
        context.registers[op] = state
        for read in op.reads:
            context.bind(read.result, state, order)
        if write is not None and _is_written_in_place(context, op, write.value):
            context.places[write.value] = state


def _is_written_in_place(
    context: KernelContext, register: qsnn.RegisterOp, value: SSAValue
) -> bool:
    """Whether nothing needs what a register held once `value` is computed."""
    writer = value.owner
    if not isinstance(writer, _DEFINES_BYTES) or value in context.places:
        return False
    blocks = [*context.blocks.values(), *context.maps.values()]
    if any(writer in (block.pool, block.neurons) for block in blocks):
        return False
    readers = {op for read in register.reads for op in _readers(read.result)}
    return all(op.is_before_in_block(writer) for op in readers)


def _readers(value: SSAValue) -> set[Operation]:
    """Whoever reads the memory of a value. What another register takes is read at the end."""
    found: set[Operation] = set()
    for use in value.uses:
        op = use.operation
        if isinstance(op, qsnn.WriteOp):
            block = op.parent_block()
            assert block is not None
            assert block.last_op is not None
            found.add(block.last_op)
            continue
        found.add(op)
        if isinstance(op, _ALIASES):
            found |= _readers(op.results[0])
    return found


def lower_register(context: KernelContext, op: qsnn.RegisterOp | qsnn.ReadOp) -> None:
    """No call: `declare_registers` has bound the state."""


def lower_write(context: KernelContext, op: qsnn.WriteOp) -> None:
    """No call where the value is in its place already, else a copy at the end of the step."""
    declaration = op.declaration
    assert isinstance(declaration, qsnn.RegisterOp)
    written, state = context[op.value], context.registers[declaration]
    for read in declaration.reads:
        if not np.array_equal(context[read.result].order, written.order):
            raise error_at(
                op, "its value lies in memory in another order than where it is read; flatten "
                "what is fed back behind the register"
            )  # fmt: skip
    if written.buffer is not state:
        context.copies.append((op, written.buffer, state))


def copy_registers(context: KernelContext) -> None:
    """Append the copies of a step: first of what other registers held, which they may lose."""
    states = {state for state in context.registers.values() if state not in context.places.values()}
    late = []
    for op, source, state in context.copies:
        if _root(source) in states:
            held = context.buffer(f"{state.name_hint}_next", buffer_shape(state.type), i1)
            _copy(context, op, source, held)
            source = held
        late.append((op, source, state))
    for op, source, state in late:
        _copy(context, op, source, state)


def _root(value: SSAValue) -> SSAValue:
    while isinstance(owner := value.owner, snnrt.ViewOp):
        value = owner.source
    return value


def _copy(context: KernelContext, op: Operation, source: SSAValue, target: SSAValue) -> None:
    """A multiplication by one moves bytes."""
    one = context.constant(f"{target.name_hint}_factor", np.ones(1, np.int32))
    source = context.view(source, buffer_shape(target.type))
    context.call(snnrt.ScaleOp(source, one, target), op)


REGISTER_RULES: dict[type[Operation], Callable[[KernelContext, Any], None]] = {
    qsnn.RegisterOp: lower_register,
    qsnn.ReadOp: lower_register,
    qsnn.WriteOp: lower_write,
}
