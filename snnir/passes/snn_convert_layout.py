# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a network take its frames flat, in the order in which a sensor delivers them.

Networks come with frames of channels, rows and columns (CHW), since that is how they were trained.
A camera may deliver the channels of a pixel together (HWC), and an event its address in one number.
This pass makes the frame one axis in the `order` of the sensor and permutes the columns of the
linear layers that read it: the same sums, of the same terms. The generated library then neither
transposes frames nor divides the addresses of events at run time.

Legal where all that reads the frame is a flattening into linear layers with constant weights. A
convolution needs to know which elements are neighbours, so a network that begins with one is an
error; its library brings frames into the order of the kernels by itself. The order of values
*between* layers is no concern of this level: buffers are channels-last, and lowering permutes the
weights behind a flattening when it compiles them.

What was measured on the input is erased. With the network change its data: samples are (samples,
steps, elements) afterwards.
"""

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import FunctionType, ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.kernels.layout import channels_last
from snnir.layers.activity_attributes import erase_input_activity
from snnir.layers.affine import constant
from snnir.layers.channel_removal import replace_constant
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option

REMEDY = "flat frames are for networks that begin with linear layers"


@dataclass(frozen=True)
class SNNConvertLayoutPass(SNNPass):
    """Take frames flat, channels first or last, with the weights permuted to match.

    >>> from snnir.testing.tiny_network import linear_module, print_remarks
    >>> print_remarks("snn-convert-layout", linear_module())
    snn.linear: permuted 8 columns to channels-last
    snn.network: takes frames of 8 values, 2x2x2 channels-last
    """

    name: ClassVar[str] = "snn-convert-layout"

    order: Literal["channels-last", "channels-first"] = option(
        "channels-last", "in which order the values of a frame come"
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snn.NetworkOp)]:
            shape = shape_of(network.frame.type)
            if len(shape) == 1:
                self.remark(network, "kept: its frames are flat already")
                continue
            self._flatten(network, shape)

    def _flatten(self, network: snn.NetworkOp, shape: tuple[int, ...]) -> None:
        readers = _flattenings(network)
        layers = [layer for reader in readers for layer in _linear_layers(reader)]
        if self.order == "channels-last":
            order = channels_last(shape)
        else:
            order = np.arange(prod(shape), dtype=np.int64)
        for layer in layers:
            self._permute(layer, order)
        _make_flat(network, readers)
        # Elements were counted in the old order, and by rows and columns.
        erase_input_activity(network)
        shown = "x".join(map(str, shape))
        self.remark(
            network,
            f"takes frames of {prod(shape)} values, {shown} {self.order}",
            elements=prod(shape), shape=list(shape), order=self.order,
        )  # fmt: skip
        self.statistics.add("networks changed")

    def _permute(self, layer: snn.LinearOp, order: NDArray[np.int64]) -> None:
        if np.array_equal(order, np.arange(len(order))):
            self.remark(layer, "kept: its columns are in this order")
            return
        replace_constant(layer, 1, constant(layer.weight, layer)[:, order])
        self.remark(layer, f"permuted {len(order)} columns to {self.order}", columns=len(order))
        self.statistics.add("columns permuted", len(order))


def _flattenings(network: snn.NetworkOp) -> list[Operation]:
    """What reads the frame, which is nothing but flattenings.

    Raises:
        SNNError: at any other reader.
    """
    readers = [use.operation for use in network.frame.uses]
    for reader in readers:
        if not isinstance(reader, snn.FlattenOp | snn.ReshapeOp) or len(_shape(reader)) != 1:
            raise error_at(reader, f"reads the frame by its channels and positions; {REMEDY}")
    return readers


def _linear_layers(flattening: Operation) -> list[snn.LinearOp]:
    """What reads a flattened frame, which is nothing but linear layers.

    Raises:
        SNNError: at any other reader, or at a layer whose weights are computed.
    """
    layers = []
    for use in flattening.results[0].uses:
        layer = use.operation
        if not isinstance(layer, snn.LinearOp):
            raise error_at(layer, f"reads the flattened frame in its order; {REMEDY}")
        if not isinstance(layer.weight.owner, snn.WeightOp):
            raise error_at(layer, "has computed weights, whose columns cannot be permuted")
        layers.append(layer)
    return layers


def _make_flat(network: snn.NetworkOp, flattenings: list[Operation]) -> None:
    """Give the frame the type of what was flattened from it, in its place."""
    type = network.frame.type
    assert isinstance(type, TensorType)
    flat = TensorType(type.get_element_type(), [prod(shape_of(type))])
    frame: SSAValue = Rewriter.replace_value_with_new_type(network.frame, flat)
    for op in flattenings:
        op.results[0].replace_all_uses_with(frame)
        Rewriter.erase_op(op)
    outputs = network.function_type.outputs.data
    network.function_type = FunctionType.from_lists([flat], list(outputs))


def _shape(op: Operation) -> tuple[int, ...]:
    return shape_of(op.results[0].type)
