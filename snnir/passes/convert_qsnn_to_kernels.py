# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns integer networks into buffers and calls of C functions.

Values become buffers, channels-last; flatten costs nothing because the weights behind it are
permuted. Each linear layer and convolution becomes event-driven calls (a list of the active inputs,
then a scatter of their weights) or calls of CMSIS-NN; both compute what `qsnn` says, to the bit.
The option `kernels` chooses for the network, the attribute `kernel` on an operation for one layer.
With `event`, a linear layer stores its weights as bytes, packed in 4 or 2 bits, sparse, in sparse
blocks of four outputs or in tiles of outputs whose sums are gathered in registers, whichever needs
fewest instructions by an estimate; `dense`, `packed`, `sparse`, `blocks` and `gather` ask for one
of these where it is possible. Layers that read real values or counts can multiply all of them
instead of listing those that are not zero: `event` does so where many are not, `dot` asks for it.
`cmsis_s4` asks for CMSIS-NN with weights of 4 bits, which it only has with results of 8 bits:
layers whose sums may need more are computed as with `cmsis`.

Convolutions store weights as bytes or packed (`weight-bits`), too, or, `sparse`, only those that
are not zero, by input and element of the kernel, or `blocks` of four outputs (of
`snn-osbc-prune{structure=rows:4}`) of which not all weights are zero. `event` does so where few are
left, unless a convolution is computed window by window.

Convolutions of stride 1 whose neurons have 16-bit states are computed window by window with
`event`: they read spikes as masks, which are made from bytes where other neurons gave them.
`scatter` keeps to bytes; `masks` reads masks where a convolution can, whatever reads its currents.
With `neurons=lists` the neurons behind other convolutions list their spikes, too, if their states
have 16 bits. Currents of real values that only a pooling reads are pooled row by row.

A sum of two currents has no call where the later one can be added to the earlier one. Registers are
states, which the neurons write whose spikes they hold, if all that reads the old ones comes before.

Legal for every `qsnn` network; reshapes that would move data are refused.
"""

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import MemRefType, ModuleOp, i8, i16, i32
from xdsl.ir import Block, Operation, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.input_density import InputDensityAttr
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import replace_network
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.dialects.snnrt_tiles import MARK_BITS
from snnir.kernels.cmsis_rules import CMSIS_RULES, CMSIS_S4_RULES
from snnir.kernels.context import (
    STORED_BITS,
    InputHits,
    InputMarks,
    KernelChoice,
    KernelContext,
    NeuronChoice,
    Packing,
)
from snnir.kernels.layer_rules import COMMON_RULES, EVENT_RULES, Rule
from snnir.kernels.layout import buffer_shape_of, channels_last
from snnir.kernels.map_rules import MapLowering, map_blocks
from snnir.kernels.neuron_rules import NEURON_RULES
from snnir.kernels.orders import output_orders
from snnir.kernels.register_rules import REGISTER_RULES, copy_registers, declare_registers
from snnir.kernels.sums import begun_sums
from snnir.kernels.tile_rules import tile_rows_of, window_lowering
from snnir.kernels.window_rules import window_blocks
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

    packing: Packing = option(
        "pairs",
        "lanes of currents that are read window by window: two in a word, or three in a double, "
        "for targets that add doubles in hardware",
    )
    table_bytes: int = option(
        0, "flash for the tables of kernel sums of each convolution; 0 stores kernels only"
    )
    tile_rows: int = option(
        0,
        "rows of pooling windows whose currents exist at a time, where currents are read window by "
        "window; 0 for whole maps, which takes more memory and fewer instructions",
    )
    skip_calm: bool = option(
        True,
        "leave windows alone in which nothing can happen until the next event, which takes a word "
        "of memory for each of them, code, and fewer instructions",
    )
    neurons: NeuronChoice = option(
        "bytes",
        "what neurons with 16-bit states behind convolutions that are not read window by window "
        "give their spikes as: bytes, or lists of indices or masks",
    )
    weight_bits: int = option(
        8,
        "least bits of a stored weight of event-driven convolutions: 8, or 4 or 2 where the "
        "weights fit, which takes less flash and more instructions",
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for dialect in ("snnrt", "cmsis_nn"):
            ensure_dialect(ctx, dialect)
        for network in [n for n in op.walk() if isinstance(n, qsnn.NetworkOp)]:
            self._convert(network)
            self.statistics.add("networks converted")

    def _convert(self, network: qsnn.NetworkOp) -> None:
        if self.weight_bits not in STORED_BITS:
            raise error_at(network, f"option weight-bits must be 8, 4 or 2, got {self.weight_bits}")
        frame_shape = shape_of(network.frame.type)
        frame_type = MemRefType(i8, frame_shape)
        block = Block(arg_types=[frame_type])
        block.args[0].name_hint = network.frame.name_hint
        context = KernelContext(network, self.kernels, self.remark)
        context.table_bytes, context.packing = self.table_bytes, self.packing
        context.tile_rows, context.weight_bits = self.tile_rows, self.weight_bits
        context.neurons, context.skip_calm = self.neurons, self.skip_calm
        context.blocks.update(window_blocks(context))
        context.maps.update(map_blocks(context))
        context.orders.update(output_orders(network))
        context.added_to.update(begun_sums(network))
        declare_registers(context)
        _read_frame(context, network, block)
        for found in context.blocks.values():
            context.fused |= {op for op in (found.pool, found.neurons) if op is not None}
        context.fused |= {found.pool for found in context.maps.values() if found.pool is not None}
        for op in network.body.block.ops:
            if op in context.blocks:
                window_lowering(context, context.blocks[op]).lower()
            elif op in context.maps:
                MapLowering(context, context.maps[op]).lower()
            elif not isinstance(op, qsnn.WeightOp) and op not in context.fused:
                _rule(context, op)(context, op)
        terminator = context.calls.pop()
        copy_registers(context)
        context.calls.append(terminator)
        self.statistics.add("calls", len(context.calls))
        block.add_ops([*context.declarations, *context.calls])
        replace_network(
            network,
            block,
            snnrt.NetworkOp,
            input_maximum=network.input_maximum,
            input_scale=network.input_scale,
            input_density=network.input_density,
            output_scale=network.output_scale,
        )


def _read_frame(context: KernelContext, network: qsnn.NetworkOp, block: Block) -> None:
    """The calls that check the caller's frame and bring it into channels-last order."""
    shape = shape_of(network.frame.type)
    density = None
    if network.input_density is not None:
        cells = snnrt.cell_counts(shape, network.input_density)
        density = network.input_density, context.buffer("input_cells", cells, i16)
    users = {use.operation for use in network.frame.uses}
    # Blocks read the frame alone.
    blocks = bool(users) and users <= context.blocks.keys()
    tiled = blocks and tile_rows_of(context, context.blocks[next(iter(users))]) > 0
    if blocks and not tiled:
        _list_hits(context, block, network.input_maximum.value.data, density)
        return
    if density is not None:
        attribute, counted = density
        context.call(snnrt.CheckDensityOp(block.args[0], counted, attribute))
    if tiled:
        _mark_events(context, block, network.input_maximum.value.data)
        return
    buffer = context.buffer("input", buffer_shape_of(shape), i8)
    context.bind(network.frame, buffer, channels_last(shape))
    read = snnrt.ValuesToHWCOp if network.input.data in REAL_KINDS else snnrt.FrameToHWCOp
    context.call(read(block.args[0], buffer, network.input_maximum.value.data))


def _list_hits(
    context: KernelContext, block: Block, maximum: int,
    density: tuple[InputDensityAttr, SSAValue] | None,
) -> None:  # fmt: skip
    """The call that lists the elements of the frame that have events."""
    size = element_count(shape_of(block.args[0].type))
    counts = context.buffer("input_counts", [size], i8, snnrt.Region.STATE)
    hits = context.buffer("input_hits", [size], i16)
    hit_count = context.buffer("input_hit_count", [1], i32)
    context.hits = InputHits(hits, hit_count, counts)
    context.call(snnrt.ListHitsOp(block.args[0], counts, hits, hit_count, maximum, density))


def _mark_events(context: KernelContext, block: Block, maximum: int) -> None:
    """The call that marks the elements of the frame that have events."""
    size = element_count(shape_of(block.args[0].type))
    counts = context.buffer("input_counts", [size], i8)
    marks = context.buffer("input_marks", [-(-size // MARK_BITS)], i32)
    context.marks = InputMarks(counts, marks)
    context.call(snnrt.MarkEventsOp(block.args[0], counts, marks, maximum))


_CHOSEN_RULES: dict[KernelChoice, dict[type[Operation], Rule]] = {
    "cmsis": CMSIS_RULES,
    "cmsis_s4": CMSIS_S4_RULES,
}


def _rule(context: KernelContext, op: Operation) -> Rule:
    layers = _CHOSEN_RULES.get(context.choice(op), EVENT_RULES)
    for rules in (layers, COMMON_RULES, NEURON_RULES, REGISTER_RULES):
        if type(op) in rules:
            return rules[type(op)]
    raise error_at(op, "has no kernels")
