# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The shape of a pooling as the C kernels take it."""

from snnir.backends.c.syntax import struct_definition


def pool2d_shape(
    name: str,
    input: tuple[int, int, int],
    output: tuple[int, int],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...] = (0, 0),
) -> str:
    """The definition of a `snnrt_pool2d_shape` for a call; sizes are (height, width, channels)."""
    fields = {
        "input_height": input[0], "input_width": input[1], "channels": input[2],
        "output_height": output[0], "output_width": output[1],
        "kernel_height": kernel[0], "kernel_width": kernel[1],
        "stride_height": stride[0], "stride_width": stride[1],
        "padding_top": padding[0], "padding_left": padding[1],
    }  # fmt: skip
    return struct_definition(f"{name}_shape", "snnrt_pool2d_shape", fields)
