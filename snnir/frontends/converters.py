# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Converts the operations of a folded step, each with the converter that is registered for it."""

from collections.abc import Sequence

import torch
from torch import nn
from xdsl.dialects.builtin import TensorType, UnrealizedConversionCastOp, f32
from xdsl.ir import SSAValue

from snnir.dialects.layer_shapes import shape_of
from snnir.frontends import arithmetic, layers
from snnir.frontends.conversion import Conversion, LayerContext, LayerReport
from snnir.frontends.errors import Unsupported
from snnir.frontends.folding import Node
from snnir.frontends.neurons import REFUSED, converter_for_neuron
from snnir.frontends.registry import FUNCTIONS, LAYERS, Converter
from snnir.frontends.tracer import Call, is_leaf

MODULES = (layers, arithmetic)
"""The modules that fill the tables."""

_NOT_SPIKING = (
    "is an activation of networks that do not spike, and snnir has spikes and linear layers",
    "use a spiking neuron such as snntorch.Leaky",
)
_SEQUENCE_REASONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"), REFUSED["SLSTM"]
    ),
    **dict.fromkeys(
        ("MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder", "Transformer",
         "TransformerDecoderLayer", "TransformerDecoder"),
        ("multiplies values of the input with one another", "use layers with constant weights"),
    ),
}  # fmt: skip
"""Layers that may process whole sequences, so that modules with them need not have a time step."""
_LAYER_REASONS: dict[str, tuple[str, ...]] = {
    **_SEQUENCE_REASONS,
    **dict.fromkeys(("ReLU", "LeakyReLU", "GELU", "Sigmoid", "Tanh", "SiLU", "ELU"), _NOT_SPIKING),
    **dict.fromkeys(
        ("LayerNorm", "GroupNorm", "InstanceNorm2d"),
        ("normalises with statistics of the input itself", "use BatchNorm, which is constant"),
    ),
    "GradedSpikes": ("is a trainable factor", "use graded_spikes_factor of the neuron"),
}
_FUNCTION_REASONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("relu", "leaky_relu", "gelu", "sigmoid", "tanh", "silu"), _NOT_SPIKING),
    "__getitem__": (
        "takes a part of a tensor",
        "only the sample may be indexed, by the time step, and has at least 3 of them; let a layer "
        "read the whole tensor, with weights of zero for what it leaves out",
    ),
    **dict.fromkeys(
        ("matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "addmm", "einsum", "tensordot"),
        ("multiplies matrices", "write torch.nn.functional.linear(input, weight, bias)"),
    ),
    "mean": ("averages over axes", "use AvgPool2d or AdaptiveAvgPool2d for height and width"),
    "rand_like": ("is random",),
    "bernoulli": ("is random", "encode the input outside of the module"),
}


def refused_sequences(module: nn.Module) -> list[LayerReport]:
    """A report on each layer in the module that may process a whole sequence at once."""
    return [
        LayerReport(path or kind, kind, False, Unsupported(*_SEQUENCE_REASONS[kind]).reason)
        for path, child in module.named_modules()
        if (kind := type(child).__name__) in _SEQUENCE_REASONS and is_leaf(child)
    ]


def convert_node(conversion: Conversion, node: Node) -> None:
    """Convert one node and report on it; what is not supported gets a stand-in value."""
    call, name = node.call, conversion.names[node]
    try:
        results = converter_for(call)(LayerContext(conversion, node))
        _check_results(conversion, node, results)
        conversion.reports.append(LayerReport(name, call.kind, True))
    except Unsupported as unsupported:
        conversion.reports.append(LayerReport(name, call.kind, False, unsupported.reason))
        results = [_stand_in(conversion, shape) for shape, _ in call.outputs]
    conversion.values.update(((node, number), value) for number, value in enumerate(results))


def _check_results(conversion: Conversion, node: Node, results: Sequence[SSAValue]) -> None:
    """The results have the shapes and the type that PyTorch gave them."""
    for (shape, dtype), value in zip(node.call.outputs, results, strict=True):
        if dtype != torch.float32:
            raise Unsupported(f"computes in {dtype}", "use float32")
        if (expected := conversion.sample_shape(shape)) != shape_of(value.type):
            raise Unsupported(
                f"gives shape {expected} in PyTorch and {shape_of(value.type)} in snnir"
            )


def _stand_in(conversion: Conversion, shape: tuple[int, ...]) -> SSAValue:
    """A value in place of the result of a layer that is not supported, so that others are seen."""
    rest = shape[1:] if shape[:1] == (conversion.body.batch,) else shape
    cast = UnrealizedConversionCastOp.create(result_types=[TensorType(f32, rest)])
    conversion.block.add_op(cast)
    return cast.results[0]


def converter_for(call: Call) -> Converter:
    """The converter of a call.

    Raises:
        Unsupported: there is none; with the reason where one is known.
    """
    if call.is_neuron:
        return converter_for_neuron(call.module)
    if call.module is None:
        name = call.kind if call.kind.startswith("__") else call.kind.rstrip("_")
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        raise Unsupported(*_FUNCTION_REASONS.get(name, ("is not a supported function",)))
    for cls in type(call.module).__mro__:
        if cls in LAYERS:
            return LAYERS[cls]
    reasons = {**REFUSED, **_LAYER_REASONS}
    raise Unsupported(*reasons.get(call.kind, ("is not a supported layer",)))
