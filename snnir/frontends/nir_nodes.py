# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Converters of NIR nodes (https://neuroir.org/docs): one small function for each class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.dialects.builtin import FloatAttr, f32
from xdsl.ir import Block, Operation, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import Reset
from snnir.frontends.errors import Unsupported
from snnir.frontends.naming import append_to_layer
from snnir.frontends.nir_profiles import Discretization
from snnir.support.arrays import dense_from_array

Reals = NDArray[np.float32] | NDArray[np.float64]

UNIT_TOLERANCE = 1e-6
"""A gain nearer to one than this differs by the rounding of time constants to float32."""


@dataclass(frozen=True)
class NodeContext:
    """A node under conversion.

    Attributes:
        name: of the layer.
        node: of the package nir.
        block: that operations are appended to.
        value: the input.
        rule: how neurons become steps.
    """

    name: str
    node: Any
    block: Block
    value: SSAValue
    rule: Discretization

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input."""
        return shape_of(self.value.type)

    def insert(self, op: Operation) -> SSAValue:
        """Append an operation of the layer; its first result."""
        append_to_layer(self.block, op, self.name)
        op.verify()
        return op.results[0]

    def weight(self, values: ArrayLike) -> SSAValue:
        """An array of the node as a constant."""
        return self.insert(snn.WeightOp(dense_from_array(np.asarray(values, np.float32))))

    def bias(self) -> SSAValue | None:
        """The bias of the node; None if it is zero, as files have it for layers without."""
        values = np.asarray(self.node.bias)
        return self.weight(values) if np.any(values != 0) else None

    def values(self, name: str) -> Reals:
        """A parameter of the node, one number or as the input's shape.

        In the precision of the file: a decay that float32 made a time constant of is that decay
        again in float32.

        Raises:
            Unsupported: it has another shape, or is not finite.
        """
        values = np.asarray(getattr(self.node, name))
        values = values if values.dtype == np.float32 else values.astype(np.float64)
        if not np.isfinite(values).all():
            raise Unsupported(f"has a {name} that is not finite", "write such neurons as IF nodes")
        if values.size == 1:
            return values.reshape(())
        if values.shape != self.shape:
            raise Unsupported(f"has a {name} of shape {values.shape}, expected {self.shape}")
        return values

    def parameter(self, values: Reals) -> snn.Parameter:
        """One number if all are equal, or one for each channel or neuron."""
        numbers = values.astype(np.float32)
        if numbers.size == 1 or (numbers == numbers.flat[0]).all():
            return FloatAttr(float(numbers.flat[0]), f32)
        channels = numbers.reshape(numbers.shape[0], -1)[:, :1]
        extent = (numbers.shape[0], *(1 for _ in numbers.shape[1:]))
        if (numbers == channels.reshape(extent)).all():
            numbers = channels.reshape(extent)
        return dense_from_array(np.ascontiguousarray(numbers))

    def scaled(self, gain: Reals) -> SSAValue:
        """The input times a gain."""
        if (np.abs(gain - 1) < UNIT_TOLERANCE).all():
            return self.value
        return self.insert(snn.ScaleOp(self.value, self.parameter(gain)))

    def require_zero(self, *names: str) -> None:
        """Raise `Unsupported` unless parameters are zero; files before 1.0.6 lack some."""
        for name in names:
            if getattr(self.node, name) is not None and np.any(self.values(name) != 0):
                raise Unsupported(f"has a {name} other than 0, which is not supported")


NodeConverter = Callable[[NodeContext], SSAValue | tuple[SSAValue, SSAValue]]
"""Returns the value of a layer; of neurons that spike the spikes and the membrane."""


def convert_input(context: NodeContext) -> SSAValue:
    """Passes the frame, or the value of a nested graph, on."""
    return context.value


def convert_linear(context: NodeContext) -> SSAValue:
    """`Linear` and `Affine`."""
    if len(context.shape) != 1:
        raise Unsupported(
            f"multiplies the last axis of a value of shape {context.shape}",
            "put a Flatten before it",
        )
    weight = context.weight(context.node.weight)
    bias = context.bias() if hasattr(context.node, "bias") else None
    return context.insert(snn.LinearOp(context.value, weight, bias))


def convert_scale(context: NodeContext) -> SSAValue:
    """`Scale`."""
    factor = context.parameter(context.values("scale"))
    return context.insert(snn.ScaleOp(context.value, factor))


def _along_axes(value: Any, axes: int) -> list[int]:
    """A number for each axis."""
    numbers = [int(each) for each in np.ravel(value)]
    return numbers * axes if len(numbers) == 1 else numbers


def convert_convolution(context: NodeContext) -> SSAValue:
    """`Conv1d` and `Conv2d`."""
    node, axes = context.node, len(context.shape) - 1
    weight = np.asarray(node.weight)
    if weight.ndim != axes + 2:
        raise Unsupported(f"has kernels of shape {weight.shape} for a value of {context.shape}")
    stride, dilation = _along_axes(node.stride, axes), _along_axes(node.dilation, axes)
    padding = _padding(node.padding, weight.shape[2:], stride, dilation)
    convolution = snn.Conv1dOp if axes == 1 else snn.Conv2dOp
    return context.insert(
        convolution(
            context.value, context.weight(weight), context.bias(), stride=stride, padding=padding,
            dilation=dilation, groups=int(node.groups),
        )
    )  # fmt: skip


def _padding(
    padding: Any, kernel: tuple[int, ...], stride: list[int], dilation: list[int]
) -> list[int]:
    if not isinstance(padding, str | bytes):
        return _along_axes(padding, len(kernel))
    name = padding.decode() if isinstance(padding, bytes) else padding
    if name == "valid":
        return [0] * len(kernel)
    wide = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if name != "same" or max(stride) > 1 or any(each % 2 for each in wide):
        raise Unsupported(
            f"has the padding '{name}' with kernels of {kernel} and strides of {stride}",
            "write it as numbers",
        )
    return [each // 2 for each in wide]


def convert_pool(context: NodeContext) -> SSAValue:
    """`SumPool2d` and `AvgPool2d`."""
    node = context.node
    kernel, stride, padding = (
        _along_axes(each, 2) for each in (node.kernel_size, node.stride, node.padding)
    )
    pool = snn.AvgPool2dOp if type(node).__name__ == "AvgPool2d" else snn.SumPool2dOp
    return context.insert(pool(context.value, kernel, stride, padding))


def convert_flatten(context: NodeContext) -> SSAValue:
    """`Flatten`, whose axes do not count the batch."""
    axes = len(context.shape)
    start, end = (int(each) % axes for each in (context.node.start_dim, context.node.end_dim))
    if (start, end) == (0, axes - 1):
        return context.insert(snn.FlattenOp(context.value))
    merged = int(np.prod(context.shape[start : end + 1]))
    shape = [*context.shape[:start], merged, *context.shape[end + 1 :]]
    return context.insert(snn.ReshapeOp(context.value, shape))


def _charge(context: NodeContext) -> tuple[SSAValue, snn.Parameter]:
    """What a step adds to a membrane, and what is left of it."""
    if hasattr(context.node, "tau"):
        context.require_zero("v_leak")
        tau = context.values("tau")
        beta, gain = context.rule.decay_of(tau), context.rule.gain_of(tau)
    else:
        beta, gain = np.array(1.0), np.array(context.rule.dt)
    return context.scaled(context.values("r") * gain), context.parameter(beta)


def convert_lif(context: NodeContext) -> tuple[SSAValue, SSAValue]:
    """`LIF` and, as a neuron that forgets nothing, `IF`."""
    context.require_zero("v_reset")
    current, beta = _charge(context)
    rule = context.rule
    op = snn.LIFOp(
        current,
        beta,
        context.parameter(context.values("v_threshold")),
        reset=rule.reset,
        reset_timing=rule.reset_timing,
        compare=rule.compare,
    )
    context.insert(op)
    return op.spikes, op.membrane


def convert_li(context: NodeContext) -> SSAValue:
    """`LI` and, as one that forgets nothing, `I`."""
    return context.insert(snn.LIOp(*_charge(context)))


def convert_cuba_lif(context: NodeContext) -> tuple[SSAValue, SSAValue]:
    """`CubaLIF`; the membrane gets the synaptic current of the same step."""
    rule = context.rule
    if rule.delays_synapses:
        raise Unsupported(
            "gets its synaptic current one step later in the framework of this profile, which is "
            "not supported", "use neurons without synaptic currents (LIFBoxCell of Norse)",
        )  # fmt: skip
    context.require_zero("v_leak", "v_reset")
    synapse, membrane = context.values("tau_syn"), context.values("tau_mem")
    gain = context.values("w_in") * rule.gain_of(synapse)
    gain = gain * context.values("r") * rule.gain_of(membrane)
    # A hard reset clears the membrane alone, as `zero_after` does.
    hard = rule.reset in (Reset.ZERO_BEFORE, Reset.ZERO_AFTER)
    op = snn.SynapticOp(
        context.scaled(gain),
        context.parameter(rule.decay_of(synapse)),
        context.parameter(rule.decay_of(membrane)),
        context.parameter(context.values("v_threshold")),
        reset=Reset.ZERO_AFTER if hard else rule.reset,
        reset_timing=rule.reset_timing,
        compare=rule.compare,
    )
    context.insert(op)
    return op.spikes, op.membrane


NODES: dict[str, NodeConverter] = {
    "Input": convert_input, "Output": convert_input, "Linear": convert_linear,
    "Affine": convert_linear, "Scale": convert_scale, "Conv1d": convert_convolution,
    "Conv2d": convert_convolution, "SumPool2d": convert_pool, "AvgPool2d": convert_pool,
    "Flatten": convert_flatten, "LIF": convert_lif, "IF": convert_lif, "LI": convert_li,
    "I": convert_li, "CubaLIF": convert_cuba_lif,
}  # fmt: skip
"""Converters by the name of the class; `CubaLI`, `Delay` and `Threshold` have none."""


def is_spikes(value: SSAValue) -> bool:
    """Whether a value is spikes."""
    return element_type_of(value.type) != f32
