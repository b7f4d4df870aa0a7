# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C statements of each call. One function per operation, see `CALLS`."""

from collections.abc import Callable
from typing import Any

from xdsl.ir import Operation, SSAValue

from snnir.backends.c.call_text import CallText
from snnir.backends.c.cmsis_calls import CMSIS_CALLS
from snnir.backends.c.compressed_calls import COMPRESSED_CALLS
from snnir.backends.c.conv2d_shape import conv2d_shape
from snnir.backends.c.dot_calls import DOT_CALLS
from snnir.backends.c.gather_calls import GATHER_CALLS
from snnir.backends.c.input_density import density_constant
from snnir.backends.c.lane_calls import LANE_CALLS
from snnir.backends.c.network import CNetwork
from snnir.backends.c.neuron_shape import alpha_shape, lif_shape, parameter_extent
from snnir.backends.c.pool2d_shape import pool2d_shape
from snnir.backends.c.step_calls import STEP_CALLS
from snnir.backends.c.syntax import (
    INDENT,
    bits_of,
    call,
    size_of,
    spatial_of,
    struct_definition,
    suffix,
)
from snnir.backends.c.tile_calls import TILE_CALLS
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_shape
from snnir.dialects.layer_shapes import int_values, spatial_output


def check_density(network: CNetwork, op: snnrt.CheckDensityOp, name: str) -> CallText:
    return _check_density(network, op, name, "snnrt_frame_is_sparse_u8(frame")


def check_events(network: CNetwork, op: snnrt.CheckDensityOp, name: str) -> CallText:
    """The same check of events instead of a frame."""
    return _check_density(network, op, name, "snnrt_events_are_sparse(indices, (uint32_t)count")


def _check_density(network: CNetwork, op: snnrt.CheckDensityOp, name: str, start: str) -> CallText:
    scratch = network.unsigned_pointer(op.cells)
    condition = f"!{start}, {scratch}, &{name}_density)"
    return CallText(
        [f"if ({condition}) {{", f"{INDENT}return false;", "}"],
        [density_constant(name, op.frame, op.cells, op.density)],
    )


def frame_to_hwc(network: CNetwork, op: snnrt.FrameToHWCOp, name: str) -> CallText:
    height, width, channels = _frame_extents(op.output)
    maximum = op.maximum.value.data
    output = network.pointer(op.output)
    return CallText(
        [f"return snnrt_frame_to_hwc_u8(frame, {output}, {channels}, {height * width}, {maximum});"]
    )


def _frame_extents(output: SSAValue) -> tuple[int, int, int]:
    """As `spatial_of`, but a frame of rank 1 is one channel: its order does not change."""
    if len(buffer_shape(output.type)) == 1:
        return 1, size_of(output), 1
    return spatial_of(output)


def events_to_hwc(network: CNetwork, op: snnrt.FrameToHWCOp) -> str:
    """The same input as events instead of a frame."""
    height, width, channels = _frame_extents(op.output)
    return (
        f"return snnrt_events_to_hwc(indices, (uint32_t)count, {network.pointer(op.output)}, "
        f"{channels}, {height * width}, {op.maximum.value.data});"
    )


def values_to_hwc(network: CNetwork, op: snnrt.ValuesToHWCOp, name: str) -> CallText:
    height, width, channels = _frame_extents(op.output)
    read = call(
        "snnrt_values_to_hwc_s8", "frame", network.pointer(op.output), channels, height * width,
        op.maximum.value.data,
    )  # fmt: skip
    return CallText([f"return {read}"])


def spike_list(network: CNetwork, op: snnrt.SpikeListOp, name: str) -> CallText:
    listed = network.unsigned_pointer(op.list)
    values = network.pointer(op.values)
    return CallText([f"return snnrt_spike_list({values}, {size_of(op.values)}, {listed});"])


def fill_zero(network: CNetwork, op: snnrt.FillZeroOp, name: str) -> CallText:
    size = size_of(op.buffer) * bits_of(op.buffer) // 8
    return CallText([call("snnrt_fill_zero", network.pointer(op.buffer), size)])


def _active(network: CNetwork, op: Any) -> list[str]:
    """List, count and, where they matter, values of the active inputs."""
    listed = network.unsigned_pointer(op.list, const=True)
    given = getattr(op, "values", None)
    values = [] if given is None else [network.pointer(given)]
    return [listed, "count", *values]


def conv2d_scatter(
    network: CNetwork,
    op: snnrt.Conv2dScatterOp | snnrt.Conv2dScatterValuesOp | snnrt.Conv2dScatterPackedOp,
    name: str,
) -> CallText:
    kind = f"_packed{op.bits.value.data}" if isinstance(op, snnrt.Conv2dScatterPackedOp) else ""
    return _conv2d_scatter(network, op, name, kind, network.pointer(op.weights))


def conv2d_scatter_sparse(
    network: CNetwork, op: snnrt.SparseConvolutionBase, name: str
) -> CallText:
    kind = op.name.removeprefix("snnrt.conv2d_scatter")
    numbers = [network.unsigned_pointer(value, const=True) for value in (op.starts, op.distances)]
    return _conv2d_scatter(network, op, name, kind, *numbers, network.pointer(op.weights))


def _conv2d_scatter(
    network: CNetwork,
    op: snnrt.Conv2dScatterOp | snnrt.Conv2dScatterValuesOp | snnrt.Conv2dScatterPackedOp
    | snnrt.SparseConvolutionBase,
    name: str,
    kind: str,
    *weights: str,
) -> CallText:  # fmt: skip
    channels, height, width = op.kernel_shape()
    size = int_values(op.input_size)
    shape = conv2d_shape(
        name, (size[0], size[1], channels), spatial_of(op.current), (height, width), op,
        op.groups.value.data,
    )  # fmt: skip
    if getattr(op, "values", None) is not None:
        kind += "_values"
    return CallText(
        [
            call(
                f"snnrt_conv2d_scatter{kind}_{suffix(op.current)}", *_active(network, op),
                *weights, network.pointer(op.current), f"&{name}_shape",
            )
        ],
        [shape],
    )  # fmt: skip


def linear_scatter(
    network: CNetwork, op: snnrt.LinearScatterOp | snnrt.LinearScatterValuesOp, name: str
) -> CallText:
    inputs, outputs = buffer_shape(op.weights.type)
    shape = struct_definition(
        f"{name}_shape", "snnrt_linear_shape", {"inputs": inputs, "outputs": outputs}
    )
    kind = "_values" if isinstance(op, snnrt.LinearScatterValuesOp) else ""
    return CallText(
        [
            call(
                f"snnrt_linear_scatter{kind}_{suffix(op.current)}", *_active(network, op),
                network.pointer(op.weights), network.pointer(op.current), f"&{name}_shape",
            )
        ],
        [shape],
    )  # fmt: skip


def _pool2d_shape(name: str, op: snnrt.MaxPool2dOp | snnrt.SumPool2dOp) -> str:
    height, width, _ = spatial_of(op.output)
    windows = (int_values(a) for a in (op.kernel, op.stride, op.padding))
    return pool2d_shape(name, spatial_of(op.input), (height, width), *windows)


def max_pool2d(network: CNetwork, op: snnrt.MaxPool2dOp, name: str) -> CallText:
    function = f"snnrt_max_pool2d_{suffix(op.input)}"
    pool = call(function, network.pointer(op.input), network.pointer(op.output), f"&{name}_shape")
    return CallText([pool], [_pool2d_shape(name, op)])


def sum_pool2d(network: CNetwork, op: snnrt.SumPool2dOp, name: str) -> CallText:
    function = f"snnrt_sum_pool2d_{suffix(op.input)}_{suffix(op.output)}"
    pool = call(function, network.pointer(op.input), network.pointer(op.output), f"&{name}_shape")
    return CallText([pool], [_pool2d_shape(name, op)])


def lif(network: CNetwork, op: snnrt.LIFOp, name: str) -> CallText:
    bias = "NULL" if op.bias is None else network.pointer(op.bias)
    update = call(
        f"snnrt_lif_{suffix(op.membrane)}_{suffix(op.current)}",
        *map(network.pointer, (op.membrane, op.current, op.spikes, op.leak, op.threshold)),
        bias, f"&{name}_shape",
    )  # fmt: skip
    return CallText([update], [lif_shape(name, op)])


def li(network: CNetwork, op: snnrt.LIOp, name: str) -> CallText:
    bias = "NULL" if op.bias is None else network.pointer(op.bias)
    update = call(
        f"snnrt_li_{suffix(op.membrane)}_{suffix(op.current)}",
        *map(network.pointer, (op.membrane, op.current, op.leak)), bias, f"&{name}_shape",
    )  # fmt: skip
    return CallText([update], [lif_shape(name, op)])


def alpha(network: CNetwork, op: snnrt.AlphaOp, name: str) -> CallText:
    pointers = [network.pointer(getattr(op, s)) for s in (*op.UPDATES, "current", "spikes")]
    for parameter in op.PARAMETERS:
        value = getattr(op, parameter)
        pointers.append("NULL" if value is None else network.pointer(value))
    function = f"snnrt_alpha_{suffix(op.membrane)}_{suffix(op.current)}"
    return CallText([call(function, *pointers, f"&{name}_shape")], [alpha_shape(name, op)])


def add(network: CNetwork, op: snnrt.AddOp, name: str) -> CallText:
    operands = map(network.pointer, (op.lhs, op.rhs, op.output))
    return CallText([call(f"snnrt_add_{suffix(op.output)}", *operands, size_of(op.output))])


def scale(network: CNetwork, op: snnrt.ScaleOp, name: str) -> CallText:
    channels = buffer_shape(op.output.type)[-1]
    multiply = call(
        f"snnrt_scale_{suffix(op.input)}_{suffix(op.output)}",
        *map(network.pointer, (op.input, op.output, op.factor)),
        parameter_extent(op.factor, op.output), size_of(op.output) // channels, channels,
    )  # fmt: skip
    return CallText([multiply])


def concat_channels(network: CNetwork, op: snnrt.ConcatChannelsOp, name: str) -> CallText:
    left, right = buffer_shape(op.lhs.type)[-1], buffer_shape(op.rhs.type)[-1]
    positions = size_of(op.output) // (left + right)
    concatenate = call(
        f"snnrt_concat_channels_{suffix(op.output)}", network.pointer(op.lhs), left,
        network.pointer(op.rhs), right, network.pointer(op.output), positions,
    )  # fmt: skip
    return CallText([concatenate])


def widen(network: CNetwork, op: snnrt.WidenOp, name: str) -> CallText:
    operands = map(network.pointer, (op.input, op.output))
    return CallText([call("snnrt_widen_s8_s16", *operands, size_of(op.output))])


def im2col(network: CNetwork, op: snnrt.Im2ColOp, name: str) -> CallText:
    height, width, channels = spatial_of(op.input)
    kernel = int_values(op.kernel)
    rows, columns = spatial_output(
        (height, width), kernel, int_values(op.stride), int_values(op.padding),
        int_values(op.dilation),
    )  # fmt: skip
    shape = conv2d_shape(name, (height, width, channels), (rows, columns, 1), kernel, op, 1)
    operands = map(network.pointer, (op.input, op.columns))
    return CallText([call("snnrt_im2col_image_s8", *operands, f"&{name}_shape")], [shape])


def _readout(function: str, network: CNetwork, op: Any, *arguments: object) -> CallText:
    operands = map(network.pointer, (op.values, op.scores))
    return CallText([call(function, *operands, *arguments, size_of(op.scores))])


def count_spikes(network: CNetwork, op: snnrt.CountSpikesOp, name: str) -> CallText:
    return _readout("snnrt_count_spikes", network, op)


def first_spike(network: CNetwork, op: snnrt.FirstSpikeOp, name: str) -> CallText:
    return _readout("snnrt_first_spike", network, op, "step")


def read_membrane(network: CNetwork, op: snnrt.ReadMembraneOp, name: str) -> CallText:
    function = f"snnrt_membrane_{op.reduction.data}_{suffix(op.values)}"
    return _readout(function, network, op, "step")


CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    snnrt.CheckDensityOp: check_density,
    snnrt.FrameToHWCOp: frame_to_hwc,
    snnrt.ValuesToHWCOp: values_to_hwc,
    snnrt.SpikeListOp: spike_list,
    snnrt.FillZeroOp: fill_zero,
    snnrt.Conv2dScatterOp: conv2d_scatter,
    snnrt.Conv2dScatterValuesOp: conv2d_scatter,
    snnrt.Conv2dScatterPackedOp: conv2d_scatter,
    snnrt.Conv2dScatterSparseOp: conv2d_scatter_sparse,
    snnrt.Conv2dScatterBlocksOp: conv2d_scatter_sparse,
    snnrt.LinearScatterOp: linear_scatter,
    snnrt.LinearScatterValuesOp: linear_scatter,
    snnrt.MaxPool2dOp: max_pool2d,
    snnrt.SumPool2dOp: sum_pool2d,
    snnrt.LIFOp: lif,
    snnrt.LIOp: li,
    snnrt.AlphaOp: alpha,
    snnrt.AddOp: add,
    snnrt.ScaleOp: scale,
    snnrt.ConcatChannelsOp: concat_channels,
    snnrt.WidenOp: widen,
    snnrt.Im2ColOp: im2col,
    snnrt.CountSpikesOp: count_spikes,
    snnrt.FirstSpikeOp: first_spike,
    snnrt.ReadMembraneOp: read_membrane,
    **LANE_CALLS,
    **TILE_CALLS,
    **STEP_CALLS,
    **COMPRESSED_CALLS,
    **GATHER_CALLS,
    **DOT_CALLS,
    **CMSIS_CALLS,
}


def call_text(network: CNetwork, op: KernelOpBase, name: str) -> CallText:
    """Text of the call `op`, whose constants are named after `name`."""
    return CALLS[type(op)](network, op, name)
