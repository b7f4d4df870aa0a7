# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of the `snnrt` dialect that read and check what a caller passes. Re-exported by
`snnir.dialects.snnrt`.
"""

import math
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i8, i16, i32, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, opt_operand_def, opt_prop_def, prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.input_density import InputDensityAttr
from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    buffer_operand,
    buffer_shape,
    expect_buffer,
)
from snnir.dialects.layer_shapes import element_count


def cell_counts(frame: Sequence[int], density: InputDensityAttr) -> tuple[int, ...]:
    """Shape of the cells of a frame `(channels, *spatial)`; `(1,)` without spatial axes."""
    pairs = zip(frame[1:], density.extents, strict=True)
    return tuple(math.ceil(size / extent) for size, extent in pairs) or (1,)


def verify_cells(frame: SSAValue, cells: SSAValue, density: InputDensityAttr) -> None:
    """Verify that `cells` hold an `i16` for each cell of the frame, which has their axes."""
    expect_buffer("cells", cells, i16)
    shape = buffer_shape(frame.type)
    if len(shape) != len(density.extents) + 1:
        raise VerifyException(
            f"cells have {len(density.extents)} extents, the frame has shape {shape}"
        )
    expected = cell_counts(shape, density)
    if (actual := buffer_shape(cells.type)) != expected:
        raise VerifyException(f"cells have shape {actual}, expected {expected}")


@irdl_op_definition
class CheckDensityOp(KernelOpBase):
    """`snnrt_frame_is_sparse_u8`, `snnrt_events_are_sparse`: fails where a frame exceeds `density`.

    Constraints: (C1) the frame is `i8`; (C2) it has the spatial axes of the cells, and `cells` is
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
        verify_cells(self.frame, self.cells, self.density)


@irdl_op_definition
class ListHitsOp(KernelOpBase):
    """`snnrt_list_frame` or `snnrt_list_events`: which elements of the input have events.

    `counts` is zero between two steps. With `density`, `snnrt_sparse_hits` fails where the input
    exceeds it; a frame is then read once instead of twice as with `snnrt.check_density`.

    Constraints: (C1) `counts` and `hits` have an entry for each element of the frame, and 16 bits
    hold every index; (C2) `density` and its scratch memory `cells` are there together, and fit the
    frame as in `snnrt.check_density`.
    """

    name = "snnrt.list_hits"
    READS: ClassVar[tuple[str, ...]] = ("frame",)
    WRITES: ClassVar[tuple[str, ...]] = ("hits", "hit_count", "cells")
    UPDATES: ClassVar[tuple[str, ...]] = ("counts",)

    frame = buffer_operand()
    counts = buffer_operand()
    hits = buffer_operand()
    hit_count = buffer_operand()
    cells = opt_operand_def(BUFFER)
    maximum = prop_def(IntegerAttr)
    density = opt_prop_def(InputDensityAttr)

    def __init__(
        self, frame: SSAValue, counts: SSAValue, hits: SSAValue, hit_count: SSAValue, maximum: int,
        density: tuple[InputDensityAttr, SSAValue] | None = None,
    ):  # fmt: skip
        attribute, cells = density or (None, None)
        super().__init__(
            operands=[frame, counts, hits, hit_count, cells],
            properties={"maximum": IntegerAttr(maximum, i64), "density": attribute},
        )

    def verify_(self) -> None:
        size = element_count(buffer_shape(self.frame.type))
        for name, value, element in (
            ("counts", self.counts, i8), ("hits", self.hits, i16),
        ):  # fmt: skip
            expect_buffer(name, value, element)
            if element_count(buffer_shape(value.type)) != size or size > 1 << 16:  # C1
                raise VerifyException(f"{name} of type {value.type} do not fit a frame of {size}")
        expect_buffer("hit_count", self.hit_count, i32)
        if (self.density is None) != (self.cells is None):  # C2
            raise VerifyException("density needs cells, and cells need it")
        if self.density is not None and self.cells is not None:
            verify_cells(self.frame, self.cells, self.density)
