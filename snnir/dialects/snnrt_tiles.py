# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolution, pooling and neurons in one call, by tiles: the currents never exist as a whole.

For layers that `snnrt_lanes` computes in two calls, where memory is scarcer than instructions.
Re-exported by `snnir.dialects.snnrt`.
"""

from abc import ABC
from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, i8, i16, i32, i64
from xdsl.ir import SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    opt_operand_def,
    prop_def,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
)
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snnrt_lanes import IndexListLIFBase, MaskListLIFBase, ShiftedLIFBase
from snnir.dialects.snnrt_packed import PACKED_WEIGHTS, packed_words

QUAD_LANES = 4
"""Lanes of currents come in fours, because the weights are bytes."""

MARK_BITS = 32
"""Elements of a word of marks."""

MOST_TILE_ROWS = 16
"""Rows of windows of a tile at most, as `SNNRT_TILE_ROWS`."""


def quad_lanes(channels: int) -> int:
    """Lanes of the currents of a position."""
    return -(-channels // QUAD_LANES) * QUAD_LANES


@irdl_op_definition
class MarkEventsOp(KernelOpBase):
    """`snnrt_mark_frame` or `snnrt_mark_events`: a bit for each element of the input with events.

    `counts` holds something only where there are events. (C1) `counts` has an entry for each
    element of the frame, `marks` a bit, and 16 bits hold every index.
    """

    name = "snnrt.mark_events"
    READS: ClassVar[tuple[str, ...]] = ("frame",)
    WRITES: ClassVar[tuple[str, ...]] = ("counts", "marks")

    frame = buffer_operand()
    counts = buffer_operand()
    marks = buffer_operand()
    maximum = prop_def(IntegerAttr)

    def __init__(self, frame: SSAValue, counts: SSAValue, marks: SSAValue, maximum: int):
        super().__init__(
            operands=[frame, counts, marks], properties={"maximum": IntegerAttr(maximum, i64)}
        )

    def verify_(self) -> None:
        size = element_count(buffer_shape(self.frame.type))
        expect_buffer("counts", self.counts, i8)
        expect_buffer("marks", self.marks, i32)
        counted = element_count(buffer_shape(self.counts.type))
        marked = element_count(buffer_shape(self.marks.type))
        if counted != size or marked != -(-size // MARK_BITS) or size > 1 << 16:  # C1
            raise VerifyException(f"{counted} counts and {marked} words of marks do not fit a "
                                  f"frame of {size}")  # fmt: skip


class TileLIFBase(ShiftedLIFBase, ABC):
    """A convolution of stride and dilation 1 into pairs of lanes, pooling and neurons.

    Reads either `counts` with `marks` (`snnrt.mark_events`) or the `spike_count` first entries of
    the mask list `spikes`, whose lanes are as many as kernels. `weights` is `(inputs,
    kernel_height, kernel_width, lanes)` of i8, rows and columns in reverse, lanes in quads `0 2 1
    3`, or i32 words of as many weights of `weight_bits` = 4 or 2 bits; of spikes, inputs in bit
    order. `current` holds `tile_rows` rows of windows at a time; its lanes are those of the
    weights, of which the neurons take the first ones. Everything else is as in the base class, but
    that the call knows itself which windows events reach: `touched` is absent.

    (C2) `current` has `tile_rows` times the rows of a window, and the columns of all windows.
    """

    READS: ClassVar[tuple[str, ...]] = (
        "counts", "marks", "spikes", "weights", "resets", "rests", "leak", "threshold", "bias",
    )  # fmt: skip
    UPDATES: ClassVar[tuple[str, ...]] = ("calm", "membrane")

    counts = opt_operand_def(BUFFER)
    marks = opt_operand_def(BUFFER)
    spikes = opt_operand_def(BUFFER)
    spike_count = opt_operand_def(i32)
    weights = buffer_operand()
    input_size = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64))
    tile_rows = prop_def(IntegerAttr)
    weight_bits = prop_def(IntegerAttr, default_value=IntegerAttr(8, i64))

    @property
    def weight_lanes(self) -> int:
        """Lanes of a kernel at each position."""
        return buffer_shape(self.current.type)[-1]

    def verify_(self) -> None:
        self._verify_input()
        expect_rank("membrane", self.membrane, 3)
        expect_buffer("membrane", self.membrane, i16)
        expect_rank("current", self.current, 3)
        expect_buffer("current", self.current, i16)
        if self.touched is not None or self.initial is not None or self.offset.value.data:
            raise VerifyException("takes neither touched nor currents in triples")
        self._verify_tile()
        self._verify_parameters("marks", self.marks)

    def _verify_input(self) -> None:
        expect_rank("weights", self.weights, 4)
        bits = self.weight_bits.value.data
        if bits not in (8, *PACKED_WEIGHTS):
            raise VerifyException(f"weight_bits must be 8, 4 or 2, got {bits}")
        expect_buffer("weights", self.weights, i8 if bits == 8 else i32)
        given = [value is not None for value in (self.counts, self.marks)]
        listed = [value is not None for value in (self.spikes, self.spike_count)]
        if sorted([*given, *listed]) != [False, False, True, True] or given[0] != given[1]:
            raise VerifyException("needs either counts and marks or spikes and their number")

    def _verify_tile(self) -> None:
        """Verify C2, and that lanes and rows fit the C code."""
        height, width, lanes = buffer_shape(self.membrane.type)
        rows, columns, row = buffer_shape(self.current.type)
        window, tile_rows = int_values(self.window), self.tile_rows.value.data
        weight_lanes = buffer_shape(self.weights.type)[-1]
        bits = self.weight_bits.value.data
        expected = row if bits == 8 else packed_words(row, bits)
        if row % QUAD_LANES or expected != weight_lanes or not row - QUAD_LANES < lanes <= row:
            raise VerifyException(
                f"{lanes} lanes of neurons and {weight_lanes} of weights do not fit "
                f"{self.current.type}"
            )
        if not 1 <= tile_rows <= min(MOST_TILE_ROWS, height):
            raise VerifyException(f"tiles of {tile_rows} of {height} rows, expected 1 to "
                                  f"{MOST_TILE_ROWS}")  # fmt: skip
        if (rows, columns) != (tile_rows * window[0], width * window[1]):  # C2
            raise VerifyException(
                f"{tile_rows} x {width} windows of {window} do not fit {self.current.type}"
            )


_OPTIONAL_OPERANDS = " ".join(
    f"(`{name}` `(` ${name}^ `:` type(${name}) `)`)?"
    for name in (
        "counts", "marks", "spikes", "spike_count", "calm", "touched", "initial", "resets",
        "rests", "leak", "threshold", "bias",
    )
)  # fmt: skip


def _tile_format(output: str) -> str:
    """The assembly format of tiled layers, whose spikes go to the operand `output`."""
    return (
        f"$weights `,` $current `,` $membrane `->` ${output} {_OPTIONAL_OPERANDS} attr-dict `:` "
        f"type($weights) `,` type($current) `,` type($membrane) `->` type(${output})"
    )


@irdl_op_definition
class TileLIFMasksOp(MaskListLIFBase, TileLIFBase):
    """`snnrt_tile_lif_masks`. Constraints of the base classes."""

    name = "snnrt.tile_lif_masks"
    WRITES: ClassVar[tuple[str, ...]] = ("current", "entries")

    assembly_format = _tile_format("entries")


@irdl_op_definition
class TileLIFListOp(IndexListLIFBase, TileLIFBase):
    """`snnrt_tile_lif_list`. Constraints of the base classes."""

    name = "snnrt.tile_lif_list"
    WRITES: ClassVar[tuple[str, ...]] = ("current", "list")

    assembly_format = _tile_format("list")
