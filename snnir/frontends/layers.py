# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Converters of PyTorch layers, and of the functions that do the same."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.frontends.conversion import LayerContext
from snnir.frontends.errors import Unsupported
from snnir.frontends.registry import function, layer


def _per_axis(value: int | Sequence[int], axes: int = 2) -> tuple[int, ...]:
    """A size along every axis, which PyTorch lets be one number for all."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


def _expect_rank(value: SSAValue, *ranks: int) -> None:
    if len(shape := shape_of(value.type)) not in ranks:
        raise Unsupported(
            f"gets a value of shape {shape}, but needs rank {' or '.join(map(str, ranks))}",
            "check that sample_input has a batch dimension",
        )


def _convert_linear(
    context: LayerContext, value: SSAValue, weight: SSAValue | None, bias: SSAValue | None
) -> Sequence[SSAValue]:
    _expect_rank(value, 1)
    assert weight is not None
    return [context.insert(snn.LinearOp(value, weight, bias))]


@layer(nn.Linear)
def convert_linear_layer(context: LayerContext) -> Sequence[SSAValue]:
    """`nn.Linear` of one row of features."""
    module = context.module
    weight, bias = context.weight(module.weight, "weight"), context.weight(module.bias, "bias")
    return _convert_linear(context, context.input(), weight, bias)


@function("linear")
def convert_linear_function(context: LayerContext) -> Sequence[SSAValue]:
    """`F.linear` with constant weights."""
    input, weight, bias = context.arguments("input", "weight", bias=None)
    return _convert_linear(
        context,
        context.value(input),
        context.functional_weight(weight, "weight"),
        context.functional_weight(bias, "bias"),
    )


def _symmetric_padding(
    padding: Any, kernel: Sequence[int], dilation: Sequence[int]
) -> tuple[int, ...]:
    """Padding of both sides of each axis; `same` needs an odd number of kernel taps."""
    if padding == "valid":
        return (0,) * len(kernel)
    if padding == "same":
        totals = [step * (size - 1) for step, size in zip(dilation, kernel, strict=True)]
        if any(total % 2 for total in totals):
            raise Unsupported(
                f"padding='same' with kernel {tuple(kernel)} pads the two sides differently",
                "use an odd kernel, or pad by a number",
            )
        return tuple(total // 2 for total in totals)
    return _per_axis(padding, len(kernel))


def _convert_convolution(
    context: LayerContext,
    value: SSAValue,
    weight: SSAValue | None,
    bias: SSAValue | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Sequence[SSAValue]:
    assert weight is not None
    kernel = shape_of(weight.type)[2:]
    axes = len(kernel)
    _expect_rank(value, axes + 1)
    stride, dilation = _per_axis(stride, axes), _per_axis(dilation, axes)
    op = {1: snn.Conv1dOp, 2: snn.Conv2dOp}[axes]
    convolution = op(
        value, weight, bias, stride=stride, dilation=dilation, groups=groups,
        padding=_symmetric_padding(padding, kernel, dilation),
    )  # fmt: skip
    return [context.insert(convolution)]


@layer(nn.Conv1d, nn.Conv2d)
def convert_convolution_layer(context: LayerContext) -> Sequence[SSAValue]:
    """`nn.Conv1d` and `nn.Conv2d` with zero padding."""
    module = context.module
    if module.padding_mode != "zeros":
        raise Unsupported(f"padding_mode='{module.padding_mode}' is not supported", "use 'zeros'")
    if type(module)._conv_forward not in (nn.Conv1d._conv_forward, nn.Conv2d._conv_forward):
        raise Unsupported("is a subclass with its own _conv_forward")
    weight, bias = context.weight(module.weight, "weight"), context.weight(module.bias, "bias")
    return _convert_convolution(
        context, context.input(), weight, bias,
        module.stride, module.padding, module.dilation, module.groups,
    )  # fmt: skip


@function("conv1d", "conv2d")
def convert_convolution_function(context: LayerContext) -> Sequence[SSAValue]:
    """`F.conv1d` and `F.conv2d` with constant weights."""
    input, weight, bias, *options = context.arguments(
        "input", "weight", bias=None, stride=1, padding=0, dilation=1, groups=1
    )
    return _convert_convolution(
        context,
        context.value(input),
        context.functional_weight(weight, "weight"),
        context.functional_weight(bias, "bias"),
        *options,
    )


@layer(nn.BatchNorm1d, nn.BatchNorm2d)
def convert_batch_norm(context: LayerContext) -> Sequence[SSAValue]:
    """`nn.BatchNorm1d` and `nn.BatchNorm2d` with running statistics."""
    module = context.module
    if module.running_mean is None:
        raise Unsupported(
            "track_running_stats=False normalises with statistics of the batch itself",
            "train with track_running_stats=True",
        )
    ones = torch.ones_like(module.running_mean)
    parameters = {
        "running_mean": module.running_mean,
        "running_var": module.running_var,
        "weight": ones if module.weight is None else module.weight,
        "bias": torch.zeros_like(ones) if module.bias is None else module.bias,
    }
    weights = [context.weight(tensor, name) for name, tensor in parameters.items()]
    mean, variance, gamma, beta = (weight for weight in weights if weight is not None)
    norm = snn.BatchNormOp(context.input(), mean, variance, gamma, beta, module.eps)
    return [context.insert(norm)]


Pool = Callable[[SSAValue, Sequence[int], Sequence[int], Sequence[int]], Operation]
"""Makes a pooling operation of a value, and its kernel, stride and padding along both axes."""


def _convert_pool(
    context: LayerContext, value: SSAValue, axes: int, window: Sequence[Any], pool: Pool
) -> SSAValue:
    """Pool along `axes` axes; along one, `(channels, length)` is an image of height 1.

    `window` is kernel size, stride and padding, as PyTorch takes them, and ceil_mode.
    """
    kernel, stride, padding, ceil_mode = window
    _expect_rank(value, axes + 1)
    if ceil_mode:
        raise Unsupported("ceil_mode=True is not supported", "pad or crop the input")
    stride = kernel if stride is None or stride == () else stride
    kernel, stride, padding = (_per_axis(size, axes) for size in (kernel, stride, padding))
    if axes == 2:
        return context.insert(pool(value, kernel, stride, padding))
    channels, length = shape_of(value.type)
    image = context.insert(snn.ReshapeOp(value, (channels, 1, length)))
    pooled = context.insert(pool(image, (1, *kernel), (1, *stride), (0, *padding)))
    channels, _, length = shape_of(pooled.type)
    return context.insert(snn.ReshapeOp(pooled, (channels, length)))


def _convert_max_pool(
    context: LayerContext, value: SSAValue, axes: int, options: Sequence[Any]
) -> SSAValue:
    kernel, stride, padding, dilation, ceil_mode, return_indices = options
    if _per_axis(dilation, axes) != (1,) * axes:
        raise Unsupported("dilation is not supported in pooling", "use dilation=1")
    if return_indices:
        raise Unsupported("return_indices=True is not supported")
    return _convert_pool(
        context, value, axes, (kernel, stride, padding, ceil_mode), snn.MaxPool2dOp
    )


@layer(nn.MaxPool1d, nn.MaxPool2d)
def convert_max_pool_layer(context: LayerContext) -> Sequence[SSAValue]:
    """`nn.MaxPool1d` and `nn.MaxPool2d`."""
    m = context.module
    options = (m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices)
    axes = 1 if isinstance(m, nn.MaxPool1d) else 2
    return [_convert_max_pool(context, context.input(), axes, options)]


def _convert_max_pool_function(context: LayerContext, axes: int) -> Sequence[SSAValue]:
    input, *options = context.arguments(
        "input", "kernel_size", stride=None, padding=0, dilation=1, ceil_mode=False,
        return_indices=False,
    )  # fmt: skip
    return [_convert_max_pool(context, context.value(input), axes, options)]


@function("max_pool1d")
def convert_max_pool1d_function(context: LayerContext) -> Sequence[SSAValue]:
    """`F.max_pool1d` and `torch.max_pool1d`."""
    return _convert_max_pool_function(context, 1)


@function("max_pool2d")
def convert_max_pool2d_function(context: LayerContext) -> Sequence[SSAValue]:
    """`F.max_pool2d` and `torch.max_pool2d`."""
    return _convert_max_pool_function(context, 2)


def _convert_avg_pool(
    context: LayerContext, value: SSAValue, axes: int, options: Sequence[Any]
) -> SSAValue:
    kernel, stride, padding, ceil_mode, count_include_pad, divisor_override = options
    if divisor_override is not None:
        raise Unsupported("divisor_override is not supported", "scale the result instead")

    def pool(
        value: SSAValue, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]
    ) -> Operation:
        return snn.AvgPool2dOp(value, kernel, stride, padding, count_include_pad=count_include_pad)

    return _convert_pool(context, value, axes, (kernel, stride, padding, ceil_mode), pool)


@layer(nn.AvgPool1d, nn.AvgPool2d)
def convert_avg_pool_layer(context: LayerContext) -> Sequence[SSAValue]:
    """`nn.AvgPool1d` and `nn.AvgPool2d`."""
    m = context.module
    axes = 1 if isinstance(m, nn.AvgPool1d) else 2
    divisor = None if axes == 1 else m.divisor_override
    options = (m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, divisor)
    return [_convert_avg_pool(context, context.input(), axes, options)]


def _convert_avg_pool_function(context: LayerContext, axes: int) -> Sequence[SSAValue]:
    input, *options = context.arguments(
        "input", "kernel_size", stride=None, padding=0, ceil_mode=False, count_include_pad=True,
        divisor_override=None,
    )  # fmt: skip
    return [_convert_avg_pool(context, context.value(input), axes, options)]


@function("avg_pool1d")
def convert_avg_pool1d_function(context: LayerContext) -> Sequence[SSAValue]:
    """`F.avg_pool1d`."""
    return _convert_avg_pool_function(context, 1)


@function("avg_pool2d")
def convert_avg_pool2d_function(context: LayerContext) -> Sequence[SSAValue]:
    """`F.avg_pool2d`."""
    return _convert_avg_pool_function(context, 2)


def _convert_adaptive_avg_pool(
    context: LayerContext, value: SSAValue, size: Any
) -> Sequence[SSAValue]:
    _expect_rank(value, 3)
    inputs, outputs = shape_of(value.type)[1:], context.result_shape[1:]
    if any(have % want for have, want in zip(inputs, outputs, strict=True)):
        raise Unsupported(
            f"output_size {size} does not divide the input size {inputs}",
            "use AvgPool2d, or a size that divides",
        )
    kernel = [have // want for have, want in zip(inputs, outputs, strict=True)]
    return [context.insert(snn.AvgPool2dOp(value, kernel))]


@layer(nn.AdaptiveAvgPool2d)
def convert_adaptive_avg_pool_layer(context: LayerContext) -> Sequence[SSAValue]:
    """`nn.AdaptiveAvgPool2d` whose windows are equal, which is `AvgPool2d`."""
    return _convert_adaptive_avg_pool(context, context.input(), context.module.output_size)


@function("adaptive_avg_pool2d")
def convert_adaptive_avg_pool_function(context: LayerContext) -> Sequence[SSAValue]:
    """`F.adaptive_avg_pool2d` whose windows are equal."""
    input, size = context.arguments("input", "output_size")
    return _convert_adaptive_avg_pool(context, context.value(input), size)


@layer(nn.Flatten, nn.Unflatten)
@function("flatten", "view", "reshape", "unflatten", "squeeze", "unsqueeze")
def convert_reshape(context: LayerContext) -> Sequence[SSAValue]:
    """Everything that keeps the elements in order; the result's shape is taken from the trace."""
    value, shape = context.input(), context.result_shape
    if shape == shape_of(value.type):
        return [value]
    if len(shape) == 1:
        return [context.insert(snn.FlattenOp(value))]
    return [context.insert(snn.ReshapeOp(value, shape))]


@layer(nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)
def convert_identity(context: LayerContext) -> Sequence[SSAValue]:
    """Layers that do nothing in evaluation mode."""
    return [context.input()]


@function("dropout", "dropout2d", "dropout1d", "feature_dropout", "alpha_dropout")
def convert_dropout_function(context: LayerContext) -> Sequence[SSAValue]:
    """`F.dropout` with `training=False`."""
    input, _, training, _ = context.arguments("input", p=0.5, training=True, inplace=False)
    if training:
        raise Unsupported(
            "stays active in evaluation mode", "write F.dropout(..., training=self.training)"
        )
    return [context.value(input)]
