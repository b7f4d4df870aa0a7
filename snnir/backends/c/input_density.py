# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C constant that says how densely events may lie, see `snnrt/input_density.h`."""

from xdsl.ir import SSAValue

from snnir.backends.c.syntax import struct_definition
from snnir.dialects.input_density import InputDensityAttr
from snnir.dialects.kernel_bases import buffer_shape


def density_constant(name: str, frame: SSAValue, cells: SSAValue, density: InputDensityAttr) -> str:
    """Definition of `NAME_density` for a frame `(channels, *spatial)` and its cells."""
    channels, *size = buffer_shape(frame.type)
    cell, counted = list(density.extents), list(buffer_shape(cells.type))
    if not size:
        # A frame of rank 1 is one cell.
        channels, size, cell = 1, [channels], [channels]
    missing = 2 - len(size)
    fields = {
        "channels": channels,
        **dict(zip(("height", "width"), [1] * missing + size, strict=True)),
        **dict(zip(("cell_height", "cell_width"), [1] * missing + cell, strict=True)),
        **dict(zip(("rows", "columns"), [1] * missing + counted, strict=True)),
        "maximum": density.limit,
    }
    return struct_definition(f"{name}_density", "snnrt_density", fields)
