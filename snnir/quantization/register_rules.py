# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How feedback becomes integers: registers that hold spikes, and the unit that these count in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType, i1
from xdsl.ir import Block, Operation, SSAValue

from snnir.dialects import qsnn, snn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.registers import RegisterBase
from snnir.layers.affine import factor_values
from snnir.quantization.context import QuantizationContext
from snnir.quantization.values import QuantizedValue, smallest_extent, spikes
from snnir.support.diagnostics import error_at


def spike_factor(value: SSAValue) -> NDArray[np.float64] | None:
    """The real value of a spike where a value is spikes times factors; None if it is none."""
    factor = np.ones(())
    while isinstance(owner := value.owner, snn.ScaleOp):
        factor = factor * factor_values(owner.factor)
        value = owner.input
    return smallest_extent(factor, shape_of(value.type)) if _is_spikes(value) else None


def _is_spikes(value: SSAValue) -> bool:
    return element_type_of(value.type) == i1


def is_feedback(value: SSAValue) -> bool:
    """Whether a value is what a register held, but for its shape and factors."""
    while isinstance(owner := value.owner, snn.ScaleOp | snn.ReshapeOp | snn.FlattenOp):
        value = owner.input
    return isinstance(owner, snn.ReadOp)


def _held_factor(op: Operation, register: RegisterBase) -> NDArray[np.float64]:
    """The real value of a spike that a register holds.

    Raises:
        SNNError: it holds something else; the message is about `op`.
    """
    write = register.write
    if write is None:
        return np.ones(())
    if (factor := spike_factor(write.value)) is not None:
        return factor
    source = write.value.owner
    what = "the input" if isinstance(source, Block) else f"a value of '{source.name}'"
    raise error_at(
        op,
        f"holds {what} for the next step; in integers only spikes are fed back, as "
        "snntorch.RLeaky does",
    )


def quantize_register(context: QuantizationContext, op: snn.RegisterOp) -> list[QuantizedValue]:
    """`qsnn.register` of spikes; graded ones are spikes in another unit."""
    _held_factor(op, op)
    register = qsnn.RegisterOp(op.sym_name.data, TensorType(i1, shape_of(op.type)))
    register.location = op.location
    register.attributes.update(op.attributes)
    context.builder.insert(register)
    return []


def quantize_read(context: QuantizationContext, op: snn.ReadOp) -> list[QuantizedValue]:
    """`qsnn.read`: 0 or 1, in the unit of what will be written."""
    type = TensorType(i1, shape_of(op.result.type))
    read = context.insert(qsnn.ReadOp(op.register.string_value(), type), op)
    return [replace(spikes(read), scale=_held_factor(op, op.declaration))]


def quantize_write(context: QuantizationContext, op: snn.WriteOp) -> list[QuantizedValue]:
    """`qsnn.write` of the spikes themselves."""
    write = qsnn.WriteOp(op.register.string_value(), context[op.value].value)
    write.location = op.location
    write.attributes.update(op.attributes)
    context.builder.insert(write)
    return []


REGISTER_RULES: dict[type[Operation], Callable[..., list[QuantizedValue]]] = {
    snn.RegisterOp: quantize_register,
    snn.ReadOp: quantize_read,
    snn.WriteOp: quantize_write,
}
