# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C statements of layers that multiply all their inputs, see `DOT_CALLS`."""

from collections.abc import Callable
from typing import Any

from xdsl.ir import Operation

from snnir.backends.c.call_text import CallText
from snnir.backends.c.conv2d_shape import conv2d_shape
from snnir.backends.c.network import CNetwork
from snnir.backends.c.syntax import call, spatial_of, struct_definition, suffix
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import int_values


def linear_dot(network: CNetwork, op: snnrt.LinearDotOp, name: str) -> CallText:
    (inputs,), (outputs,) = buffer_shape(op.values.type), buffer_shape(op.current.type)
    fields = {"inputs": inputs, "outputs": outputs}
    shape = struct_definition(f"{name}_shape", "snnrt_linear_shape", fields)
    operands = map(network.pointer, (op.values, op.pairs, op.weights, op.current))
    function = f"snnrt_linear_dot_{suffix(op.current)}"
    return CallText([call(function, *operands, f"&{name}_shape")], [shape])


def linear_counts(network: CNetwork, op: snnrt.LinearCountsOp, name: str) -> CallText:
    (inputs,), (outputs,) = buffer_shape(op.values.type), buffer_shape(op.current.type)
    fields = {"inputs": inputs, "outputs": outputs}
    shape = struct_definition(f"{name}_shape", "snnrt_linear_shape", fields)
    operands = map(network.pointer, (op.values, op.weights, op.current))
    function = f"snnrt_linear_counts_{suffix(op.current)}"
    return CallText([call(function, *operands, f"&{name}_shape")], [shape])


def conv2d_dot(network: CNetwork, op: snnrt.Conv2dDotOp, name: str) -> CallText:
    shape = conv2d_shape(
        name, spatial_of(op.values), spatial_of(op.current), int_values(op.kernel), op, 1
    )
    operands = map(network.pointer, (op.values, op.strip, op.pairs, op.weights, op.current))
    function = f"snnrt_conv2d_dot_{suffix(op.current)}"
    return CallText([call(function, *operands, f"&{name}_shape")], [shape])


def conv2d_dot_pool2d(network: CNetwork, op: snnrt.Conv2dDotPool2dOp, name: str) -> CallText:
    height, width, channels = spatial_of(op.output)
    rows, columns, _ = spatial_of(op.current)
    window = int_values(op.window)
    outputs = (height * rows, columns, channels)
    shape = conv2d_shape(name, spatial_of(op.values), outputs, int_values(op.kernel), op, 1)
    fields = {
        "input_height": rows, "input_width": columns, "channels": channels,
        "output_height": 1, "output_width": width,
        "kernel_height": window[0], "kernel_width": window[1],
        "stride_height": window[0], "stride_width": window[1],
    }  # fmt: skip
    windows = struct_definition(f"{name}_window", "snnrt_pool2d_shape", fields)
    types = f"{suffix(op.current)}_{suffix(op.output)}" if op.sum.value.data else suffix(op.current)
    pool = "sum_pool2d" if op.sum.value.data else "max_pool2d"
    operands = map(
        network.pointer, (op.values, op.strip, op.pairs, op.weights, op.current, op.output)
    )
    function = f"snnrt_conv2d_dot_{pool}_{types}"
    return CallText(
        [call(function, *operands, f"&{name}_shape", f"&{name}_window")], [shape, windows]
    )


DOT_CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    snnrt.LinearDotOp: linear_dot,
    snnrt.LinearCountsOp: linear_counts,
    snnrt.Conv2dDotOp: conv2d_dot,
    snnrt.Conv2dDotPool2dOp: conv2d_dot_pool2d,
}
