# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of the `snnrt` dialect on what a caller passes. Re-exported by `snnir.dialects.snnrt`."""

import math
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import i8, i16
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.input_density import InputDensityAttr
from snnir.dialects.kernel_bases import (
    KernelOpBase,
    buffer_operand,
    buffer_shape,
    expect_buffer,
)


def cell_counts(frame: Sequence[int], density: InputDensityAttr) -> tuple[int, ...]:
    """Shape of the cells of a frame `(channels, *spatial)`; `(1,)` without spatial axes."""
    pairs = zip(frame[1:], density.extents, strict=True)
    return tuple(math.ceil(size / extent) for size, extent in pairs) or (1,)


@irdl_op_definition
class CheckDensityOp(KernelOpBase):
    """`snnrt_frame_is_sparse_u8`, `snnrt_events_are_sparse`: fails where a frame exceeds `density`.

    Constraints: (C1) the frame is `i8`; (C2) it has the spatial axes of the cells; (C3) `cells` is
    scratch memory of one `i16` for each cell.
    """

    name = "snnrt.check_density"
    READS: ClassVar[tuple[str, ...]] = ("frame",)
    WRITES: ClassVar[tuple[str, ...]] = ("cells",)

    frame = buffer_operand()
    cells = buffer_operand()
    density = prop_def(InputDensityAttr)

    def __init__(self, frame: SSAValue, cells: SSAValue, density: InputDensityAttr):
        super().__init__(operands=[frame, cells], properties={"density": density})

    def verify_(self) -> None:
        expect_buffer("frame", self.frame, i8)  # C1
        expect_buffer("cells", self.cells, i16)
        frame = buffer_shape(self.frame.type)
        if len(frame) != len(self.density.extents) + 1:  # C2
            raise VerifyException(
                f"cells have {len(self.density.extents)} extents, the frame has shape {frame}"
            )
        expected = cell_counts(frame, self.density)
        if (actual := buffer_shape(self.cells.type)) != expected:  # C3
            raise VerifyException(f"cells have shape {actual}, expected {expected}")
