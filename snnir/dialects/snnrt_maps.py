# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neurons of maps of currents that any call wrote, whose spikes are listed.

As `snnrt_lanes`, but the currents are set anew in each step and stay as they are. Re-exported by
`snnir.dialects.snnrt`.
"""

from abc import ABC
from typing import ClassVar

from xdsl.dialects.builtin import i16
from xdsl.irdl import irdl_op_definition
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import expect_buffer
from snnir.dialects.snnrt_lanes import (
    IndexListLIFBase,
    MaskListLIFBase,
    ShiftedLIFBase,
    window_format,
)


class MapLIFBase(ShiftedLIFBase, ABC):
    """Pooling of 16-bit currents and neurons in one pass.

    Everything is as in the base class, but that `current` is only read, in pairs; there is neither
    `touched` nor `calm` nor `initial`.
    """

    READS: ClassVar[tuple[str, ...]] = ("current", "resets", "leak", "threshold", "bias")
    UPDATES: ClassVar[tuple[str, ...]] = ("membrane",)

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
