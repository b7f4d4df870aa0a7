# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C statements of calls that compute a layer by tiles, see `TILE_CALLS`."""

from collections.abc import Callable
from typing import Any

from xdsl.ir import Operation

from snnir.backends.c.call_text import CallText
from snnir.backends.c.lane_calls import conv2d_shape, neuron_text, window_shape
from snnir.backends.c.network import CNetwork
from snnir.backends.c.syntax import INDENT, call
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values


def mark_events(network: CNetwork, op: snnrt.MarkEventsOp, name: str) -> CallText:
    return _mark(network, op, "snnrt_mark_frame(frame")


def mark_event_list(network: CNetwork, op: snnrt.MarkEventsOp) -> CallText:
    """The same input as events instead of a frame."""
    return _mark(network, op, "snnrt_mark_events(indices, (uint32_t)count")


def _mark(network: CNetwork, op: snnrt.MarkEventsOp, start: str) -> CallText:
    size, maximum = element_count(buffer_shape(op.frame.type)), op.maximum.value.data
    counts, marks = network.unsigned_pointer(op.counts), network.unsigned_pointer(op.marks)
    return CallText([f"return {start}, {size}, {maximum}, {counts}, {marks});"])


def _conv2d_shape(name: str, op: snnrt.TileLIFBase) -> str:
    height, width, _ = buffer_shape(op.membrane.type)
    window_height, window_width = int_values(op.window)
    return conv2d_shape(
        f"{name}_conv2d", op, op.weights, (height * window_height, width * window_width),
        weight_bits=op.weight_bits.value.data,
    )  # fmt: skip


def _input(network: CNetwork, op: snnrt.TileLIFBase) -> list[str]:
    """Statements that define what the layer reads."""
    if op.spikes is not None:
        fields = {
            "entries": network.unsigned_pointer(op.spikes, const=True), "count": "spike_count",
        }  # fmt: skip
    else:
        assert op.counts is not None
        assert op.marks is not None
        fields = {
            "counts": network.unsigned_pointer(op.counts, const=True),
            "marks": network.unsigned_pointer(op.marks, const=True),
        }
    fields["channels"] = str(buffer_shape(op.weights.type)[0])
    lines = [f"{INDENT}.{field} = {value}," for field, value in fields.items()]
    return ["const snnrt_tile_input input = {", *lines, "};"]


def _tile_lif(network: CNetwork, op: snnrt.TileLIFBase, name: str, out: list[object]) -> CallText:
    statements, constants = neuron_text(network, op, name)
    kind = "masks" if isinstance(op, snnrt.TileLIFMasksOp) else "list"
    calm = "NULL" if op.calm is None else network.unsigned_pointer(op.calm)
    update = call(
        f"return snnrt_tile_lif_{kind}", "&input", network.pointer(op.weights),
        network.pointer(op.current), calm, network.pointer(op.membrane), *out, "&neurons",
        op.tile_rows.value.data, f"&{name}_conv2d", f"&{name}_shape",
    )  # fmt: skip
    shapes = [_conv2d_shape(name, op), window_shape(name, op)]
    return CallText([*_input(network, op), *statements, update], [*constants, *shapes])


def tile_lif_masks(network: CNetwork, op: snnrt.TileLIFMasksOp, name: str) -> CallText:
    return _tile_lif(network, op, name, [network.unsigned_pointer(op.entries)])


def tile_lif_list(network: CNetwork, op: snnrt.TileLIFListOp, name: str) -> CallText:
    out: list[object] = [network.unsigned_pointer(op.list), op.channels.value.data]
    return _tile_lif(network, op, name, out)


TILE_CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    snnrt.MarkEventsOp: mark_events,
    snnrt.TileLIFMasksOp: tile_lif_masks,
    snnrt.TileLIFListOp: tile_lif_list,
}
