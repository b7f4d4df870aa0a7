# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neurons of maps of currents that any call wrote, whose spikes are listed.

As `snnrt_lanes`, but the currents are set anew in each step and stay as they are. Re-exported by
`snnir.dialects.snnrt`.
"""

from abc import ABC
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i16, i64
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import expect_buffer
from snnir.dialects.snnrt_lanes import (
    IndexListLIFBase,
    MaskListLIFBase,
    WindowLIFBase,
    window_format,
)


class MapLIFBase(WindowLIFBase, ABC):
    """Pooling of 16-bit currents and neurons in one pass.

    Everything is as in the base class, but that `current` is only read, in pairs, and neurons with
    `resets` shift it by `current_shift`; there is neither `touched` nor `calm` nor `initial`.
    """

    READS: ClassVar[tuple[str, ...]] = ("current", "resets", "leak", "threshold", "bias")
    UPDATES: ClassVar[tuple[str, ...]] = ("membrane",)

    current_shift = prop_def(IntegerAttr, default_value=IntegerAttr(0, i64))

    def verify_(self) -> None:
        super().verify_()
        expect_buffer("current", self.current, i16)
        if any(value is not None for value in (self.touched, self.calm, self.initial)):
            raise VerifyException("takes neither touched nor calm nor initial")


@irdl_op_definition
class MapLIFMasksOp(MaskListLIFBase, MapLIFBase):
    """`snnrt_window_lif_masks` of a map. Constraints of the base classes."""

    name = "snnrt.map_lif_masks"

    assembly_format = window_format("entries")


@irdl_op_definition
class MapLIFListOp(IndexListLIFBase, MapLIFBase):
    """`snnrt_window_lif_list` of a map: positions in their order, the channels of each in any.
    Constraints of the base classes."""

    name = "snnrt.map_lif_list"

    assembly_format = window_format("list")
