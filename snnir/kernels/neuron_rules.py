# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls for neurons and for the readout."""

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.dialects.builtin import i1, i16, i32
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.snn_attributes import Readout
from snnir.kernels.context import ORDER, KernelContext, layer_label
from snnir.kernels.layout import buffer_shape_of, channels_last
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import error_at

MEMBRANE_REDUCTIONS = {
    Readout.LAST_MEMBRANE: "last",
    Readout.MAX_MEMBRANE: "max",
    Readout.MEAN_MEMBRANE: "sum",
}


def _state(
    context: KernelContext, op: qsnn.NeuronBase, label: str, name: str = "membrane"
) -> SSAValue:
    """The buffer of a state of a neuron layer, in the order of its input."""
    value, order = getattr(op, name), context[op.current].order
    shape = buffer_shape_of(shape_of(value.type))
    buffer = context.buffer(
        f"{label}_{name}", shape, element_type_of(value.type), snnrt.Region.STATE
    )
    context.bind(value, buffer, order)
    return buffer


def _note_order(context: KernelContext, op: qsnn.NeuronBase, call: Operation) -> None:
    """Say on a call in which order its buffers hold the layer, where that is not channels-last."""
    order = context[op.membrane].order
    if not np.array_equal(order, channels_last(shape_of(op.membrane.type))):
        call.attributes[ORDER] = dense_from_array(order.astype(np.int32))


def _parameters(
    context: KernelContext, op: qsnn.NeuronBase, label: str, *names: str
) -> list[SSAValue | None]:
    """Constants for integer parameters; None for an absent one."""
    shape, order = shape_of(op.current.type), context[op.current].order
    attributes = [(name, op.properties.get(name)) for name in names]
    return [
        None if value is None else context.parameter(f"{label}_{name}", value, shape, order)
        for name, value in attributes
    ]


def _dynamics(op: Operation, *names: str) -> dict[str, Attribute]:
    return {name: op.properties[name] for name in names}


def lower_lif(context: KernelContext, op: qsnn.LIFOp) -> None:
    """`snnrt.lif`, which updates the state and writes the spikes."""
    label, current = layer_label(op, "lif"), context[op.current]
    membrane = _state(context, op, label)
    spikes = context.define(op.spikes, f"{label}_spikes", current.order)
    leak, threshold, bias = _parameters(context, op, label, "leak", "threshold", "bias")
    assert leak is not None
    assert threshold is not None
    call = snnrt.LIFOp(
        membrane, current.buffer, spikes, leak, threshold, bias,
        _dynamics(op, "reset", "reset_timing", "compare", "shift", "overflow", "rounding"),
    )  # fmt: skip
    context.call(call, op)
    _note_order(context, op, call)


def lower_li(context: KernelContext, op: qsnn.LIOp) -> None:
    """`snnrt.li`, which updates the state."""
    label, current = layer_label(op, "li"), context[op.current]
    membrane = _state(context, op, label)
    leak, bias = _parameters(context, op, label, "leak", "bias")
    assert leak is not None
    call = snnrt.LIOp(
        membrane, current.buffer, leak, bias, _dynamics(op, "shift", "overflow", "rounding")
    )
    context.call(call, op)
    _note_order(context, op, call)


def lower_alpha(context: KernelContext, op: qsnn.AlphaOp) -> None:
    """`snnrt.alpha`, which updates three states and writes the spikes."""
    label, current = layer_label(op, "alpha"), context[op.current]
    states = [_state(context, op, label, name) for name in snnrt.AlphaOp.UPDATES]
    spikes = context.define(op.spikes, f"{label}_spikes", current.order)
    call = snnrt.AlphaOp(
        states, current.buffer, spikes,
        _parameters(context, op, label, *snnrt.AlphaOp.PARAMETERS),
        _dynamics(op, "reset", "compare", "shift", "overflow", "rounding"),
    )  # fmt: skip
    context.call(call, op)
    _note_order(context, op, call)


def lower_output(context: KernelContext, op: qsnn.OutputOp) -> None:
    """The readout: accumulates the first output into the scores, a state of the network."""
    network = op.parent_op()
    assert isinstance(network, qsnn.NetworkOp)
    value = op.arguments[0]
    output = context[value]
    readout = network.readout.data
    of_membrane = readout in MEMBRANE_REDUCTIONS
    if of_membrane == (element_type_of(value.type) == i1):
        raise error_at(op, f"readout {readout.value} does not fit an output of type {value.type}")
    if of_membrane and buffer_element(output.buffer.type) not in (i16, i32):
        raise error_at(
            op, "the output is the input, or a sum of inputs, which no kernel reads out; end the "
            "network with a layer or a neuron"
        )  # fmt: skip
    if not np.array_equal(output.order, np.arange(output.order.size)):
        raise error_at(
            op, "the output has several positions and lies in memory channels-last; end the "
            "network with a linear layer or a 1x1 map"
        )  # fmt: skip
    if network.population is not None and readout is Readout.MAX_MEMBRANE:
        raise error_at(
            op, "no kernel takes the maximum over time of the sum of a population's membranes; use "
            "readout mean_membrane or last_membrane, or one output neuron for each class"
        )  # fmt: skip
    size = element_count(buffer_shape(output.buffer.type))
    scores = context.buffer("scores", [size], i32, snnrt.Region.STATE)
    if of_membrane:
        call: Operation = snnrt.ReadMembraneOp(output.buffer, scores, MEMBRANE_REDUCTIONS[readout])
    elif readout is Readout.FIRST_SPIKE:
        call = snnrt.FirstSpikeOp(output.buffer, scores)
    else:
        call = snnrt.CountSpikesOp(output.buffer, scores)
    context.call(call, op)
    context.calls.append(snnrt.OutputOp(output.buffer, scores))


NEURON_RULES: dict[type[Operation], Callable[[KernelContext, Any], None]] = {
    qsnn.LIFOp: lower_lif,
    qsnn.LIOp: lower_li,
    qsnn.AlphaOp: lower_alpha,
    qsnn.OutputOp: lower_output,
}
