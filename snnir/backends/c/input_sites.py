# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What an input of a convolution into lanes reaches, by its row and by its column.

Constants that spare the kernels of `snnrt/lane_conv2d.h` all arithmetic on coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from snnir.backends.c.syntax import INDENT, bits_of, c_bool
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import int_values


@dataclass(frozen=True)
class Axis:
    """One axis of a convolution of stride and dilation 1.

    Attributes:
        inputs, taps, outputs: extents of input, kernel and currents.
        current_bytes, tap_bytes: from one output, and from one element of the kernel, to the next.
        window: outputs that share a window.
        windows: of which it is marked whether events reach them.
    """

    inputs: int
    taps: int
    outputs: int
    padding: int
    current_bytes: int
    tap_bytes: int
    window: int
    windows: int

    def reach(self, coordinate: int) -> range:
        """The outputs that an input reaches."""
        first = coordinate + self.padding - (self.taps - 1)
        return range(max(first, 0), min(first + self.taps, self.outputs))

    def windows_of(self, coordinate: int) -> range:
        """The windows that these outputs lie in."""
        outputs = self.reach(coordinate)
        if not outputs:
            return range(0)
        return range(outputs[0] // self.window, outputs[-1] // self.window + 1)

    @cached_property
    def most_windows(self) -> int:
        """Windows that one input reaches at most."""
        return max(len(self.windows_of(coordinate)) for coordinate in range(self.inputs))

    @cached_property
    def last_apart(self) -> bool:
        """Whether inputs reach fewer windows although no border cuts their kernel, so that it pays
        to tell which one is the last.
        """
        reaching = [each for each in range(self.inputs) if self.reach(each)]
        uncut = [each for each in reaching if len(self.reach(each)) == self.taps]
        most = self.most_windows
        return any(len(self.windows_of(each)) < most for each in uncut or reaching)

    def marked(self, coordinate: int) -> int:
        """What `snnrt_site` holds of the windows that an input reaches along the rows."""
        reached = self.windows_of(coordinate)
        following = self.most_windows - self.last_apart
        first = min(reached.start, self.windows - following)
        return first | (reached[-1] << 16 if self.last_apart and reached else 0)

    def site(self, coordinate: int, windows: int, kernel: int = 0) -> str:
        """The initialiser of one site, for the kernel that begins with byte `kernel`."""
        outputs = self.reach(coordinate)
        if not outputs:
            return "{0, 0, 0, 0}"
        tap = outputs[0] - (coordinate + self.padding - (self.taps - 1))
        current, element = outputs[0] * self.current_bytes, tap * self.tap_bytes
        numbers = (current, kernel + element, len(outputs), windows)
        return f"{{{', '.join(map(str, numbers))}}}"


def _axes(
    op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp, kernel: tuple[int, int]
) -> tuple[Axis, Axis]:
    height, width, row = buffer_shape(op.current.type)
    position = row * bits_of(op.current) // 8
    window, windows = (1, 1), (0, 0)
    if isinstance(op, snnrt.LaneConv2dHitsOp) and op.touched is not None:
        rows, columns = int_values(op.window)
        window = rows, columns
        windows = buffer_shape(op.touched.type)[0], width // columns
    sizes, padding = int_values(op.input_size), int_values(op.padding)
    strides = (width * position, kernel[1] * position), (position, position)
    rows_axis, columns_axis = (
        Axis(sizes[i], kernel[i], (height, width)[i], padding[i], *strides[i], window[i],
             windows[i])
        for i in range(2)
    )  # fmt: skip
    return rows_axis, columns_axis


def site_constants(
    name: str, op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp, kernel: tuple[int, int]
) -> str:
    """Definitions of the sites of all rows and columns, as `name_sites`; of hits, for each
    channel."""
    rows, columns = _axes(op, kernel)
    marked = rows.most_windows if rows.windows else 0
    channels = op.channels if isinstance(op, snnrt.LaneConv2dHitsOp) else 1
    bytes = kernel[0] * rows.tap_bytes
    tables = {
        "rows": [
            rows.site(y, rows.marked(y) if marked else 0, channel * bytes)
            for channel in range(channels)
            for y in range(rows.inputs)
        ],
        "columns": [
            columns.site(x, sum(1 << bit for bit in columns.windows_of(x)) if marked else 0)
            for x in range(columns.inputs)
        ],
    }
    last_apart = bool(marked) and rows.last_apart
    complete = all(rows.reach(y) for y in range(rows.inputs))
    lines = []
    for kind, sites in tables.items():
        body = "\n".join(f"{INDENT}{site}," for site in sites)
        lines.append(f"static const snnrt_site {name}_{kind}[{len(sites)}] = {{\n{body}\n}};")
    lines.append(
        f"static const snnrt_sites {name}_sites = {{\n{INDENT}.rows = {name}_rows,\n"
        f"{INDENT}.columns = {name}_columns,\n{INDENT}.window_rows = {marked},\n"
        f"{INDENT}.last_apart = {c_bool(last_apart)},\n"
        f"{INDENT}.complete = {c_bool(complete)}\n}};"
    )
    return "\n".join(lines)
