# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Converters of sums, differences, products with constants, and concatenations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import broadcasts_to, shape_of
from snnir.frontends.conversion import LayerContext, float_array, parameter_attribute
from snnir.frontends.errors import Unsupported
from snnir.frontends.registry import function
from snnir.frontends.tracer import Constant
from snnir.support.arrays import dense_from_array


def _scaled(context: LayerContext, value: SSAValue, factor: Any) -> SSAValue:
    """The value times a constant; a factor with more values than the layer is refused."""
    tensor = factor.tensor if isinstance(factor, Constant) else torch.tensor(factor)
    attribute = context.parameter(tensor, "the factor", shape_of(value.type))
    return context.insert(snn.ScaleOp(value, attribute))


@function("mul", "multiply")
def convert_mul(context: LayerContext) -> Sequence[SSAValue]:
    """A value times a constant."""
    first, second = context.arguments("input", "other")
    if context.is_value(first) and context.is_value(second):
        raise Unsupported("multiplies two values that depend on the input")
    value, factor = (first, second) if context.is_value(first) else (second, first)
    return [_scaled(context, context.value(value), factor)]


@function("div", "divide", "true_divide")
def convert_div(context: LayerContext) -> Sequence[SSAValue]:
    """A value divided by a constant, where multiplying by the reciprocal gives the same bits."""
    first, second = context.arguments("input", "other")
    value = context.value(first)
    if context.is_value(second):
        raise Unsupported("divides by a value that depends on the input")
    divisor = second.tensor if isinstance(second, Constant) else torch.tensor(float(second))
    array = float_array(divisor, "the divisor")
    exact = element_type_of(value.type) != f32 or bool(np.all(np.abs(np.frexp(array)[0]) == 0.5))
    if not exact:
        raise Unsupported(
            "divides by a number that is no power of two",
            "multiply by the reciprocal, which may differ in the last bit",
        )
    reciprocal = np.float32(1) / array
    return [_scaled(context, value, Constant(torch.from_numpy(np.asarray(reciprocal))))]


@function("neg", "negative")
def convert_neg(context: LayerContext) -> Sequence[SSAValue]:
    """A value times minus one."""
    return [_scaled(context, context.input(), -1.0)]


def _addend(context: LayerContext, argument: Any, sign: float = 1.0) -> SSAValue:
    """An operand of an addition: a value, or a constant spread over the result's shape."""
    if context.is_value(argument):
        value = context.value(argument)
        return value if sign > 0 else _scaled(context, value, sign)
    tensor = argument.tensor if isinstance(argument, Constant) else torch.tensor(float(argument))
    array = sign * float_array(tensor, "the constant")
    shape = context.result_shape
    if array.ndim == len(shape) + 1 and array.shape[0] == 1:
        array = array[0]
    if not broadcasts_to(array.shape, shape):
        raise Unsupported(f"adds a constant of shape {array.shape} to a value of shape {shape}")
    spread = np.broadcast_to(array, shape).astype(np.float32)
    return context.insert(snn.WeightOp(dense_from_array(spread)))


def _convert_sum(
    context: LayerContext, first: Any, second: Any, signs: tuple[float, float]
) -> Sequence[SSAValue]:
    left = _addend(context, first, signs[0])
    right = _addend(context, second, signs[1])
    if shape_of(left.type) != shape_of(right.type):
        raise Unsupported(
            f"adds values of different shapes {shape_of(left.type)} and {shape_of(right.type)}"
        )
    return [context.insert(snn.AddOp(left, right))]


@function("add")
def convert_add(context: LayerContext) -> Sequence[SSAValue]:
    """The sum of two values of one shape, or of a value and a constant."""
    first, second, alpha = context.arguments("input", "other", alpha=1)
    if alpha != 1:
        raise Unsupported(f"alpha={alpha} is not supported", "multiply first")
    return _convert_sum(context, first, second, (1.0, 1.0))


@function("sub", "subtract")
def convert_sub(context: LayerContext) -> Sequence[SSAValue]:
    """The difference of two values: the sum with the second times minus one, which is exact."""
    first, second, alpha = context.arguments("input", "other", alpha=1)
    if alpha != 1:
        raise Unsupported(f"alpha={alpha} is not supported", "multiply first")
    return _convert_sum(context, first, second, (1.0, -1.0))


@function("__rsub__", "rsub")
def convert_rsub(context: LayerContext) -> Sequence[SSAValue]:
    """A constant minus a value."""
    first, second = context.arguments("input", "other")
    return _convert_sum(context, first, second, (-1.0, 1.0))


@function("cat", "concat", "concatenate")
def convert_cat(context: LayerContext) -> Sequence[SSAValue]:
    """`torch.cat` along the channels or features, which follow the batch dimension."""
    tensors, axis = context.arguments("tensors", dim=0)
    values = [context.value(tensor) for tensor in tensors]
    if axis % (len(context.result_shape) + 1) != 1:
        raise Unsupported(f"concatenates along axis {axis}", "only channels (dim=1) are supported")
    if len({element_type_of(value.type) for value in values}) > 1:
        values = [_as_real(context, value) for value in values]
    return [context.insert(snn.ConcatOp(values))]


def _as_real(context: LayerContext, value: SSAValue) -> SSAValue:
    """The value as real numbers: spikes times one."""
    if element_type_of(value.type) == f32:
        return value
    return context.insert(snn.ScaleOp(value, parameter_attribute(np.ones(()), "one", ())))
