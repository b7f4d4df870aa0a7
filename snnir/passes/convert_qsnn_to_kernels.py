# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns integer networks into buffers and calls of C functions.

Values become buffers, channels-last; flatten costs nothing because the weights behind it are
permuted. Each linear layer and convolution becomes event-driven calls (a list of the active inputs,
then a scatter of their weights) or calls of CMSIS-NN; both compute what `qsnn` says, to the bit.
The option `kernels` chooses for the network, the attribute `kernel` on an operation for one layer.

Legal for every `qsnn` network; reshapes that would move data are refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import FunctionType, MemRefType, ModuleOp, i8
from xdsl.ir import Block, Operation, Region

from snnir.dialects import qsnn, snnrt
from snnir.dialects.network import replace_network
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import InputKind
from snnir.kernels.context import KernelChoice, KernelContext
from snnir.kernels.layer_rules import CMSIS_RULES, COMMON_RULES, EVENT_RULES
from snnir.kernels.layout import buffer_shape_of, channels_last
from snnir.kernels.neuron_rules import NEURON_RULES
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option
from snnir.support.xdsl_compat import ensure_dialect


@dataclass(frozen=True)
class ConvertQSNNToKernelsPass(SNNPass):
    """Express integer networks as calls of kernels on buffers."""

    name: ClassVar[str] = "convert-qsnn-to-kernels"

    kernels: KernelChoice = option(
        "event", "event-driven kernels or CMSIS-NN for linear layers and convolutions"
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for dialect in ("snnrt", "cmsis_nn"):
            ensure_dialect(ctx, dialect)
        for network in [n for n in op.walk() if isinstance(n, qsnn.NetworkOp)]:
            self._convert(network)
            self.statistics.add("networks converted")

    def _convert(self, network: qsnn.NetworkOp) -> None:
        frame_shape = shape_of(network.frame.type)
        frame_type = MemRefType(i8, frame_shape)
        block = Block(arg_types=[frame_type])
        block.args[0].name_hint = network.frame.name_hint
        context = KernelContext(self.kernels, self.remark)
        _read_frame(context, network, block)
        for op in network.body.block.ops:
            if not isinstance(op, qsnn.WeightOp):
                _rule(context, op)(context, op)
        self.statistics.add("calls", len(context.calls))
        block.add_ops([*context.declarations, *context.calls])
        replace_network(
            network,
            block,
            snnrt.NetworkOp,
            input_maximum=network.input_maximum,
            input_scale=network.input_scale,
        )


def _read_frame(context: KernelContext, network: qsnn.NetworkOp, block: Block) -> None:
    """The call that brings the caller's frame into channels-last order."""
    shape = shape_of(network.frame.type)
    buffer = context.buffer("input", buffer_shape_of(shape), i8)
    context.bind(network.frame, buffer, channels_last(shape))
    if network.input.data in (InputKind.VALUES, InputKind.STATIC_VALUES):
        context.call(snnrt.ValuesToHWCOp(block.args[0], buffer))
    else:
        maximum = network.input_maximum.value.data
        context.call(snnrt.FrameToHWCOp(block.args[0], buffer, maximum))


def _rule(context: KernelContext, op: Operation) -> Callable[[KernelContext, Any], None]:
    layers = EVENT_RULES if context.choice(op) == "event" else CMSIS_RULES
    for rules in (layers, COMMON_RULES, NEURON_RULES):
        if type(op) in rules:
            return rules[type(op)]
    raise error_at(op, "has no kernels")
