# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C statements of calls on packed lanes and spike masks, see `LANE_CALLS`."""

from collections.abc import Callable
from typing import Any

from xdsl.dialects.builtin import f64
from xdsl.ir import Operation, SSAValue

from snnir.backends.c.call_text import CallText
from snnir.backends.c.input_density import density_constant
from snnir.backends.c.input_sites import site_constants
from snnir.backends.c.network import CNetwork
from snnir.backends.c.pool2d_shape import pool2d_shape
from snnir.backends.c.syntax import INDENT, bits_of, c_bool, call, struct_definition
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.qsnn import Rounding
from snnir.dialects.snnrt_lanes import MASK_LANES, LaneConvolutionBase, ShiftedLIFBase

WindowLIF = snnrt.WindowLIFBase


def list_hits(network: CNetwork, op: snnrt.ListHitsOp, name: str) -> CallText:
    return _list_hits(network, op, name, "snnrt_list_frame(frame")


def list_event_hits(network: CNetwork, op: snnrt.ListHitsOp, name: str) -> CallText:
    """The same input as events instead of a frame."""
    return _list_hits(network, op, name, "snnrt_list_events(indices, (uint32_t)count")


def _list_hits(network: CNetwork, op: snnrt.ListHitsOp, name: str, start: str) -> CallText:
    size, maximum = element_count(buffer_shape(op.frame.type)), op.maximum.value.data
    counts, hits = network.unsigned_pointer(op.counts), network.unsigned_pointer(op.hits)
    listed, constants = "list.size", []
    if op.density is not None:
        assert op.cells is not None
        cells = network.unsigned_pointer(op.cells)
        listed = f"snnrt_sparse_hits(list, {hits}, {counts}, {cells}, &{name}_density)"
        constants = [density_constant(name, op.frame, op.cells, op.density)]
    return CallText(
        [
            f"const snnrt_hit_list list = {start}, {size}, {maximum}, {counts}, {hits});",
            f"const uint32_t hits = {listed};",
            f"*{network.unsigned_pointer(op.hit_count)} = hits;",
            "return hits != SNNRT_NO_HITS;",
        ],
        constants,
    )


def conv2d_shape(
    name: str,
    op: LaneConvolutionBase | snnrt.TileLIFBase,
    kernels: SSAValue,
    output: tuple[int, int],
    **others: int,
) -> str:
    """The constant `name` of a convolution with outputs of this height and width."""
    _, kernel_height, kernel_width, _ = buffer_shape(kernels.type)
    size, padding = int_values(op.input_size), int_values(op.padding)
    window = int_values(getattr(op, "window", None), (1, 1))
    lanes, triples = buffer_shape(op.current.type)[-1], has_triples(op)
    fields: dict[str, int | str] = {
        "input_height": size[0], "input_width": size[1],
        "output_height": output[0], "output_width": output[1],
        "elements": lanes if triples else lanes // 2, "triples": c_bool(triples),
        "kernel_height": kernel_height, "kernel_width": kernel_width,
        "padding_top": padding[0], "padding_left": padding[1],
        "window_height": window[0], "window_width": window[1], **others,
    }  # fmt: skip
    return struct_definition(name, "snnrt_lane_conv2d_shape", fields)


def _conv2d_constants(
    name: str, op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp, kernels: SSAValue
) -> list[str]:
    height, width, _ = buffer_shape(op.current.type)
    _, kernel_height, kernel_width, _ = buffer_shape(kernels.type)
    shape = conv2d_shape(f"{name}_shape", op, kernels, (height, width))
    return [shape, site_constants(name, op, (kernel_height, kernel_width))]


def has_triples(op: LaneConvolutionBase | WindowLIF) -> bool:
    """Whether currents are doubles with three lanes."""
    return buffer_element(op.current.type) == f64


def _touched(network: CNetwork, value: SSAValue | None) -> str:
    return "NULL" if value is None else network.unsigned_pointer(value)


def lane_conv2d_hits(network: CNetwork, op: snnrt.LaneConv2dHitsOp, name: str) -> CallText:
    scatter = call(
        "snnrt_lane_conv2d_hits", network.unsigned_pointer(op.hits, const=True),
        f"*{network.unsigned_pointer(op.hit_count, const=True)}",
        network.unsigned_pointer(op.counts), network.pointer(op.kernels),
        network.pointer(op.current), _touched(network, op.touched), op.channels,
        op.multiples, f"&{name}_sites", f"&{name}_shape",
    )  # fmt: skip
    return CallText([scatter], _conv2d_constants(name, op, op.kernels))


def mask_conv2d(network: CNetwork, op: snnrt.MaskConv2dOp, name: str) -> CallText:
    table, groups = 0, []
    for group in op.groups:
        mask, first = divmod(group.start, MASK_LANES)
        groups.append(f"{INDENT}{{{mask}, {first}, {len(group)}, {table}}},")
        table += (1 << len(group)) - 1
    array = [f"static const snnrt_bit_group {name}_groups[{len(groups)}] = {{", *groups, "};"]
    scatter = call(
        "snnrt_mask_conv2d", network.unsigned_pointer(op.entries, const=True), "count",
        network.pointer(op.tables), network.pointer(op.current), f"{name}_groups", len(groups),
        op.lanes.value.data, f"&{name}_sites", f"&{name}_shape",
    )  # fmt: skip
    return CallText([scatter], [*_conv2d_constants(name, op, op.tables), "\n".join(array)])


def window_shape(name: str, op: WindowLIF) -> str:
    """The constant `name_shape` of a window layer."""
    height, width, lanes = buffer_shape(op.membrane.type)
    window, triples = int_values(op.window), has_triples(op)
    _, columns, row = buffer_shape(op.current.type)
    fields: dict[str, int | str] = {
        "height": height, "width": width, "elements": row if triples else row // 2,
        "words": lanes // 2, "window_height": window[0], "window_width": window[1],
        "row_bytes": columns * row * bits_of(op.current) // 8,
        "triples": c_bool(triples), "offset": op.offset.value.data,
        "busy_begin": int_values(op.busy)[0], "busy_end": int_values(op.busy)[1],
        "sum": c_bool(op.sum.value.data),
    }  # fmt: skip
    if isinstance(op, ShiftedLIFBase):
        fields["current_shift"] = op.current_shift.value.data
    if isinstance(op, snnrt.MapLIFBase):
        fields["keep_current"] = "true"
    if isinstance(op, snnrt.TileLIFBase):
        fields["by_position"] = "true"
    return struct_definition(f"{name}_shape", "snnrt_window_shape", fields)


def _lif_shape(name: str, op: WindowLIF) -> str:
    height, width, lanes = buffer_shape(op.membrane.type)

    def extent(value: SSAValue | None) -> str:
        single = value is None or element_count(buffer_shape(value.type)) == 1
        return f"SNNRT_EXTENT_{'LAYER' if single else 'CHANNEL'}"

    fields: dict[str, int | str] = {
        "positions": height * width, "channels": lanes,
        "reset": f"SNNRT_RESET_{op.reset.data.upper()}",
        "timing": f"SNNRT_RESET_{op.reset_timing.data.upper()}",
        "compare": f"SNNRT_COMPARE_{op.compare.data.upper()}",
        "current_shift": op.shift.value.data,
        "round_leak": c_bool(op.rounding.data is Rounding.NEAREST),
        "saturate": "false",
        "leak_extent": extent(op.leak), "threshold_extent": extent(op.threshold),
        "bias_extent": extent(op.bias),
    }  # fmt: skip
    return struct_definition(f"{name}_lif", "snnrt_lif_shape", fields)


def neuron_text(network: CNetwork, op: WindowLIF, name: str) -> tuple[list[str], list[str]]:
    """Statements that define the neurons, and constants that they need."""
    fields, constants = {}, []
    if op.resets is not None:
        # The constant's words hold two lanes each.
        fields["resets"] = f"(const uint32_t *)(const void *){network.pointer(op.resets)}"
        if op.rests is not None:
            fields["rests"] = f"(const uint32_t *)(const void *){network.pointer(op.rests)}"
    else:
        constants.append(_lif_shape(name, op))
        for parameter in ("leak", "threshold", "bias"):
            if (value := getattr(op, parameter)) is not None:
                fields[parameter] = network.pointer(value)
        fields["lif"] = f"&{name}_lif"
    if op.initial is not None:
        fields["initial"] = network.pointer(op.initial)
    lines = [f"{INDENT}.{field} = {value}," for field, value in fields.items()]
    return ["const snnrt_window_neurons neurons = {", *lines, "};"], constants


def _window_lif(network: CNetwork, op: WindowLIF, name: str, out: list[object]) -> CallText:
    statements, constants = neuron_text(network, op, name)
    kind = "masks" if isinstance(op, snnrt.MaskListLIFBase) else "list"
    calm = "NULL" if op.calm is None else network.unsigned_pointer(op.calm)
    update = call(
        f"return snnrt_window_lif_{kind}", network.pointer(op.current),
        _touched(network, op.touched), calm,
        network.pointer(op.membrane), *out, "&neurons",
        f"&{name}_shape",
    )  # fmt: skip
    return CallText([*statements, update], [*constants, window_shape(name, op)])


def window_lif_masks(network: CNetwork, op: snnrt.MaskListLIFBase, name: str) -> CallText:
    return _window_lif(network, op, name, [network.unsigned_pointer(op.entries)])


def window_lif_list(network: CNetwork, op: snnrt.IndexListLIFBase, name: str) -> CallText:
    out = [network.unsigned_pointer(op.list), op.channels.value.data]
    return _window_lif(network, op, name, out)


def masks_to_bytes(network: CNetwork, op: snnrt.MasksToBytesOp, name: str) -> CallText:
    height, width, channels = buffer_shape(op.spikes.type)
    expand = call(
        "snnrt_masks_to_bytes", network.unsigned_pointer(op.entries, const=True), "count",
        network.pointer(op.spikes), width, height, op.lanes.value.data, channels,
    )  # fmt: skip
    return CallText([expand])


def bytes_to_masks(network: CNetwork, op: snnrt.BytesToMasksOp, name: str) -> CallText:
    height, width, channels = buffer_shape(op.spikes.type)
    listed = call(
        "return snnrt_bytes_to_masks", network.pointer(op.spikes),
        network.unsigned_pointer(op.entries), height, width, channels,
    )  # fmt: skip
    return CallText([listed])


def max_pool_masks(network: CNetwork, op: snnrt.MaxPoolMasksOp, name: str) -> CallText:
    (height, width), window = int_values(op.output_size), int_values(op.window)
    size = (height * window[0], width * window[1], op.lanes.value.data)
    shape = pool2d_shape(name, size, (height, width), window, stride=window)
    pooled = call(
        "return snnrt_max_pool_masks", network.unsigned_pointer(op.entries, const=True),
        "spike_count", network.unsigned_pointer(op.pooled), f"&{name}_shape",
    )  # fmt: skip
    return CallText([pooled], [shape])


def expand_spikes(network: CNetwork, op: WindowLIF, bytes: str) -> str:
    """The call that writes the spikes of a layer as bytes to the array `bytes`."""
    height, width, channels = op.spikes_shape
    count = network.names[op.count]
    if isinstance(op, snnrt.IndexListLIFBase):
        return call(
            "snnrt_list_to_bytes", network.unsigned_pointer(op.listed, const=True), count, bytes,
            height * width * channels,
        )  # fmt: skip
    lanes = buffer_shape(op.membrane.type)[-1]
    return call(
        "snnrt_masks_to_bytes", network.unsigned_pointer(op.listed, const=True), count, bytes,
        width, height, lanes, channels,
    )  # fmt: skip


LANE_CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    snnrt.ListHitsOp: list_hits,
    snnrt.LaneConv2dHitsOp: lane_conv2d_hits,
    snnrt.MaskConv2dOp: mask_conv2d,
    snnrt.WindowLIFMasksOp: window_lif_masks,
    snnrt.WindowLIFListOp: window_lif_list,
    snnrt.MapLIFMasksOp: window_lif_masks,
    snnrt.MapLIFListOp: window_lif_list,
    snnrt.MasksToBytesOp: masks_to_bytes,
    snnrt.BytesToMasksOp: bytes_to_masks,
    snnrt.MaxPoolMasksOp: max_pool_masks,
}
