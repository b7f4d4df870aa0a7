# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the operations of a network from a folded loop body, layer by layer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from xdsl.dialects.builtin import (
    FloatAttr,
    TensorType,
    f32,
    i1,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import broadcasts_to
from snnir.frontends.errors import Unsupported
from snnir.frontends.folding import FrameInput, LoopBody, Node, Reference
from snnir.frontends.naming import append_to_layer, unused_name
from snnir.frontends.tracer import Constant
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import SNNError

Output = tuple[Node, int]
"""An operation of the folded step and the number of one of its outputs."""


@dataclass(frozen=True)
class LayerReport:
    """What the importer says about one layer: its name, its class or function, and the verdict."""

    name: str
    kind: str
    supported: bool
    reason: str | None = None


class LayersNotSupported(SNNError):
    """Layers of a module cannot be imported; the message is about the first one."""

    def __init__(self, reports: Sequence[LayerReport]):
        self.reports = reports
        refused = [report for report in reports if not report.supported]
        first = refused[0]
        others = len(refused) - 1
        more = f" (and {others} more layer{'s' * (others > 1)})" if others else ""
        super().__init__(f"layer '{first.name}' ({first.kind}): {first.reason}{more}")


@dataclass
class Conversion:
    """The block of a network under construction, and the value of every node output in it."""

    body: LoopBody
    block: Block
    register_types: dict[Output, Attribute]
    """Types of the values that are carried from step to step, as far as known; spikes if not."""
    values: dict[Output, SSAValue] = field(default_factory=dict[Output, SSAValue])
    reports: list[LayerReport] = field(default_factory=list[LayerReport])
    graded: set[SSAValue] = field(default_factory=set[SSAValue])
    """Spikes that were multiplied by a grading factor."""
    names: dict[Node, str] = field(default_factory=dict[Node, str])
    _reads: dict[Output, SSAValue] = field(default_factory=dict[Output, SSAValue])
    _symbols: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        modules = [node for node in self.body.nodes if node.call.module is not None]
        functions = [node for node in self.body.nodes if node.call.module is None]
        taken: set[str] = set()
        for node in modules:
            self.names[node] = unused_name(node.call.name, taken)
        for node in functions:
            name = node.call.kind.strip("_")
            self.names[node] = unused_name(f"{name}_1", taken, base=name)

    def append(self, op: Operation, layer: str) -> None:
        """Append an operation that belongs to a layer."""
        append_to_layer(self.block, op, layer)

    def sample_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """A shape of the trace without its batch dimension.

        Raises:
            Unsupported: the batch dimension is gone or mixed with others.
        """
        shape = tuple(shape)
        if shape and shape[0] == self.body.batch:
            return shape[1:]
        if self.body.batch == 1:
            return shape
        raise Unsupported(
            f"gives a value of shape {shape}, whose first dimension is not the batch "
            f"({self.body.batch})",
            "check that sample_input has a batch dimension",
        )

    def read(self, reference: Reference) -> SSAValue:
        """The value of the step before, through a register that is declared when first needed."""
        key = (reference.node, reference.output)
        if key not in self._reads:
            shape = self.sample_shape(reference.node.call.outputs[reference.output][0])
            type = self.register_types.get(key, TensorType(i1, shape))
            suffix = f"_{reference.output}" if reference.output else ""
            layer = self.names[reference.node]
            self._reads[key] = self.add_register(layer + suffix, type, layer)
        return self._reads[key]

    def read_type(self, key: Output) -> Attribute:
        """The type that a carried value was read with."""
        return self._reads[key].type

    def add_register(self, name: str, type: Attribute, layer: str) -> SSAValue:
        """Declare and read a register; its symbol is `name`, made unique."""
        name = unused_name(re.sub(r"\W", "_", name), self._symbols)
        self.append(snn.RegisterOp(name, type), layer)
        read = snn.ReadOp(name, type)
        self.append(read, layer)
        return read.result

    def write_register(self, read: SSAValue, value: SSAValue, layer: str) -> None:
        """Write the register that `read` was read from."""
        assert isinstance(read.owner, snn.ReadOp)
        self.append(snn.WriteOp(read.owner.register.string_value(), value), layer)

    def write_registers(self) -> dict[Output, Attribute]:
        """Write all carried values at the end of the step; their types."""
        types: dict[Output, Attribute] = {}
        for key, read in self._reads.items():
            self.write_register(read, self.values[key], self.names[key[0]])
            types[key] = self.values[key].type
        return types


class LayerContext:
    """What a converter sees of one layer: its arguments, and where to put its operations."""

    def __init__(self, conversion: Conversion, node: Node):
        self.conversion = conversion
        self.node = node
        self.call = node.call
        self.layer = conversion.names[node]

    @property
    def module(self) -> Any:
        """The module of a module call."""
        return self.call.module

    @property
    def result_shape(self) -> tuple[int, ...]:
        """Shape of the first result of one sample."""
        return self.conversion.sample_shape(self.call.outputs[0][0])

    def arguments(self, *names: str, **defaults: Any) -> list[Any]:
        """The call's arguments in the order of the parameters: `names`, then those with defaults.

        Raises:
            Unsupported: there is an argument that is not listed.
        """
        order = [*names, *defaults]
        given = dict(zip(order, self.node.args, strict=False)) | self.node.kwargs
        unknown = [name for name in given if name not in order]
        if unknown or len(self.node.args) > len(order):
            raise Unsupported(f"has arguments that are not supported ({', '.join(unknown)})")
        missing = [name for name in names if name not in given]
        if missing:
            raise Unsupported(f"the argument {missing[0]} is missing")
        return [given.get(name, defaults.get(name)) for name in order]

    def input(self) -> SSAValue:
        """The value of the first argument."""
        first = self.node.args[0] if self.node.args else self.node.kwargs.get("input")
        return self.value(first)

    def value(self, argument: Any) -> SSAValue:
        """The value of an argument that depends on the input.

        Raises:
            Unsupported: it is a constant.
        """
        match argument:
            case FrameInput():
                return self.conversion.block.args[0]
            case Reference(previous=True):
                return self.conversion.read(argument)
            case Reference(node, output):
                return self.conversion.values[node, output]
            case _:
                raise Unsupported("needs a value that depends on the input, not a constant")

    def is_value(self, argument: Any) -> bool:
        """Whether an argument depends on the input."""
        return isinstance(argument, (FrameInput, Reference))

    def insert(self, op: Operation) -> SSAValue:
        """Append an operation that belongs to this layer; its first result."""
        self.conversion.append(op, self.layer)
        return op.results[0]

    def weight(self, tensor: Tensor | None, name: str) -> SSAValue | None:
        """A constant tensor as `snn.weight`; None stays None."""
        if tensor is None:
            return None
        return self.insert(snn.WeightOp(dense_from_array(float_array(tensor, name))))

    def functional_weight(self, argument: Any, name: str) -> SSAValue | None:
        """A weight that is the argument of a function."""
        if isinstance(argument, Constant):
            return self.weight(argument.tensor, name)
        if argument is None:
            return None
        raise Unsupported(f"{name} is computed from the input")

    def parameter(self, tensor: Tensor, name: str, shape: Sequence[int]) -> snn.Parameter:
        """A parameter that broadcasts to `shape`: one number, or a tensor of them."""
        array = float_array(tensor, name)
        return parameter_attribute(array, name, shape)


def float_array(tensor: Tensor, name: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The tensor as a float32 array.

    Raises:
        Unsupported: it has values that float32 does not hold, NaN or infinity.
    """
    if tensor.dtype == torch.float64 and tensor.ndim:
        raise Unsupported(f"{name} is float64", "convert the module with .float()")
    array = tensor.detach().cpu().to(torch.float32).numpy()
    if not np.isfinite(array).all():
        kind = "NaN" if np.isnan(array).any() else "an infinite value"
        raise Unsupported(f"{name} has {kind}")
    return array


def parameter_attribute(array: np.ndarray, name: str, shape: Sequence[int]) -> snn.Parameter:
    """`FloatAttr` for one value, else a dense attribute whose shape broadcasts to `shape`."""
    if array.size == 1:
        return FloatAttr(float(array.reshape(())), f32)
    if array.ndim == len(shape) + 1 and array.shape[0] == 1:
        array = array[0]
    if not broadcasts_to(array.shape, shape):
        raise Unsupported(
            f"{name} of shape {tuple(array.shape)} does not fit the layer's shape {tuple(shape)}"
        )
    return dense_from_array(np.ascontiguousarray(array))
