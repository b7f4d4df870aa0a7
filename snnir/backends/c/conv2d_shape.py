# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The shape of a convolution as the C kernels take it."""

from typing import Any

from snnir.backends.c.syntax import struct_definition
from snnir.dialects.layer_shapes import int_values


def conv2d_shape(
    name: str,
    input: tuple[int, int, int],
    output: tuple[int, int, int],
    kernel: tuple[int, ...],
    op: Any,
    groups: int,
) -> str:
    """The definition of a `snnrt_conv2d_shape` for a call; sizes are (height, width, channels)."""
    stride, padding, dilation = (int_values(a) for a in (op.stride, op.padding, op.dilation))
    fields = {
        "input_height": input[0], "input_width": input[1], "input_channels": input[2],
        "output_height": output[0], "output_width": output[1], "output_channels": output[2],
        "kernel_height": kernel[0], "kernel_width": kernel[1],
        "stride_height": stride[0], "stride_width": stride[1],
        "padding_top": padding[0], "padding_left": padding[1],
        "dilation_height": dilation[0], "dilation_width": dilation[1], "groups": groups,
    }  # fmt: skip
    return struct_definition(f"{name}_shape", "snnrt_conv2d_shape", fields)
