# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of the `snnrt` dialect between spikes as bytes and spikes as lists of masks.

Re-exported by `snnir.dialects.snnrt`.
"""

from typing import ClassVar

from xdsl.dialects.builtin import I64, DenseArrayBase, IntegerAttr, i8, i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    KernelOpBase,
    ListingCallBase,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
)
from snnir.dialects.layer_shapes import int_values
from snnir.dialects.snnrt_lanes import mask_count


@irdl_op_definition
class MasksToBytesOp(KernelOpBase):
    """`snnrt_masks_to_bytes`: the spikes of a mask list as bytes, `(height, width, channels)`."""

    name = "snnrt.masks_to_bytes"
    READS: ClassVar[tuple[str, ...]] = ("entries",)
    WRITES: ClassVar[tuple[str, ...]] = ("spikes",)

    entries = buffer_operand()
    count = operand_def(i32)
    spikes = buffer_operand()
    lanes = prop_def(IntegerAttr[I64])

    def __init__(self, entries: SSAValue, count: SSAValue, spikes: SSAValue, lanes: int):
        super().__init__(
            operands=[entries, count, spikes], properties={"lanes": IntegerAttr(lanes, i64)}
        )

    def verify_(self) -> None:
        expect_buffer("entries", self.entries, i32)
        expect_rank("spikes", self.spikes, 3)
        expect_buffer("spikes", self.spikes, i8)


@irdl_op_definition
class BytesToMasksOp(ListingCallBase):
    """`snnrt_bytes_to_masks`: lists the spikes of each position as masks; returns how many.

    (C1) `entries` has room for the masks and coordinates of every position of `spikes`, which are
    `(height, width, channels)`.
    """

    name = "snnrt.bytes_to_masks"
    READS: ClassVar[tuple[str, ...]] = ("spikes",)
    WRITES: ClassVar[tuple[str, ...]] = ("entries",)

    spikes = buffer_operand()
    entries = buffer_operand()

    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(self, spikes: SSAValue, entries: SSAValue):
        super().__init__(operands=[spikes, entries], result_types=[i32])

    @property
    def listed(self) -> SSAValue:
        """See the base class."""
        return self.entries

    def verify_(self) -> None:
        expect_rank("spikes", self.spikes, 3)
        expect_buffer("spikes", self.spikes, i8)
        expect_buffer("entries", self.entries, i32)
        height, width, channels = buffer_shape(self.spikes.type)
        room = (height * width, mask_count(channels + channels % 2) + 1)
        if buffer_shape(self.entries.type) != room:  # C1
            raise VerifyException(f"entries of type {self.entries.type}, expected shape {room}")


@irdl_op_definition
class MaxPoolMasksOp(ListingCallBase):
    """`snnrt_max_pool_masks`: the maximum of listed spikes over windows that do not overlap; lists
    the windows with a spike and returns how many.

    `output_size` are rows and columns of windows; positions behind the last are left out. (C1)
    Rows of `entries` are the masks and the site of a position; (C2) `pooled` has room for those of
    every window.
    """

    name = "snnrt.max_pool_masks"
    READS: ClassVar[tuple[str, ...]] = ("entries",)
    WRITES: ClassVar[tuple[str, ...]] = ("pooled",)

    entries = buffer_operand()
    spike_count = operand_def(i32)
    pooled = buffer_operand()
    window = prop_def(DenseArrayBase.constr(i64))
    output_size = prop_def(DenseArrayBase.constr(i64))
    lanes = prop_def(IntegerAttr[I64])

    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def __init__(
        self,
        entries: SSAValue,
        spike_count: SSAValue,
        pooled: SSAValue,
        properties: dict[str, Attribute],
    ):
        super().__init__(
            operands=[entries, spike_count, pooled], properties=properties, result_types=[i32]
        )

    @property
    def listed(self) -> SSAValue:
        """See the base class."""
        return self.pooled

    def verify_(self) -> None:
        words = mask_count(self.lanes.value.data) + 1
        expect_buffer("entries", self.entries, i32)
        expect_rank("entries", self.entries, 2)
        if buffer_shape(self.entries.type)[1] != words:  # C1
            raise VerifyException(f"entries of type {self.entries.type}, expected rows of {words}")
        height, width = int_values(self.output_size)
        expect_buffer("pooled", self.pooled, i32)
        if buffer_shape(self.pooled.type) != (height * width, words):  # C2
            room = (height * width, words)
            raise VerifyException(f"pooled of type {self.pooled.type}, expected shape {room}")
