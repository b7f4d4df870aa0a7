# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls on packed lanes and spike masks: events, convolutions by tables, pooling with neurons.

These calls keep the currents of a convolution from one step to the next as zeros, so that nothing
has to be cleared: what is added in a step is taken out when the neurons read it. Channels are
`lanes`, two 16-bit ones in a word, and their number is even. Re-exported by
`snnir.dialects.snnrt`.
"""

from abc import ABC
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from xdsl.dialects.builtin import (
    I64,
    BoolAttr,
    DenseArrayBase,
    IntegerAttr,
    f64,
    i1,
    i16,
    i32,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.kernel_bases import (
    BUFFER,
    KernelOpBase,
    ListingCallBase,
    buffer_element,
    buffer_operand,
    buffer_shape,
    expect_buffer,
    expect_rank,
)
from snnir.dialects.layer_shapes import element_count, int_array, int_values
from snnir.dialects.snnrt_neuron_bases import PackedLIFBase

TOUCHED_BITS = 32
"""Windows in a row of which a word can tell whether events reach them."""

MASK_LANES = 32
"""Lanes of one mask."""


def triple_lanes(elements: int) -> int:
    """Lanes of the neurons of a position with this many triples."""
    return elements // 2 * 6 + elements % 2 * 4


def mask_count(lanes: int) -> int:
    """Masks of a position."""
    return -(-lanes // MASK_LANES)


def calm_words(height: int, width: int) -> int:
    """Words that tell which of the windows are calm, and since when."""
    return 1 + height * (width + 1)


class LaneConvolutionBase(KernelOpBase, ABC):
    """A convolution of stride and dilation 1 into lanes.

    Currents and kernels are pairs or triples, see `snnrt/lane_rows.h`: i16 with an even number of
    lanes, or f64 elements. (C1) `current` is `(height, width, elements)` of the kernels' type, of
    at most the size that input, kernel and padding give: outputs beyond are not needed.
    """

    input_size = prop_def(DenseArrayBase.constr(i64))
    padding = prop_def(DenseArrayBase.constr(i64))

    if TYPE_CHECKING:
        current: SSAValue

    def verify_convolution(self, kernels: SSAValue) -> None:
        """Verify C1 for kernels `(…, height, width, elements)`."""
        expect_rank("current", self.current, 3)
        expect_rank("kernels", kernels, 4)
        expect_buffer("kernels", kernels, i16, f64)
        expect_buffer("current", self.current, buffer_element(kernels.type))
        _, *kernel, elements = buffer_shape(kernels.type)
        *size, actual = buffer_shape(self.current.type)
        if actual != elements or (elements % 2 and buffer_element(kernels.type) == i16):
            raise VerifyException(f"current has {actual} elements, kernels have {elements}")
        whole = [
            extent + 2 * pad - taps + 1
            for extent, pad, taps in zip(
                int_values(self.input_size), int_values(self.padding), kernel, strict=True
            )
        ]
        if any(a > b for a, b in zip(size, whole, strict=True)):
            raise VerifyException(f"current has size {tuple(size)}, expected at most {whole}")


@irdl_op_definition
class LaneConv2dHitsOp(LaneConvolutionBase):
    """`snnrt_lane_conv2d_hits`: adds the kernel of each hit as often as it counts.

    Kernels are `(multiples * inputs, kernel_height, kernel_width, elements)`, rows and columns in
    reverse: those of all inputs, and then twice and three times these and so on, so that one
    addition serves a count of more than 1. (C2) They are whole sets. Clears `counts`, and marks in
    `touched`, if given, the windows of size `window` that change: one word for each row of windows.
    """

    name = "snnrt.lane_conv2d_hits"
    READS: ClassVar[tuple[str, ...]] = ("hits", "hit_count", "kernels")
    UPDATES: ClassVar[tuple[str, ...]] = ("counts", "current", "touched")

    hits = buffer_operand()
    hit_count = buffer_operand()
    counts = buffer_operand()
    kernels = buffer_operand()
    current = buffer_operand()
    touched = opt_operand_def(BUFFER)
    window = prop_def(DenseArrayBase.constr(i64))

    def __init__(
        self,
        hits: SSAValue,
        hit_count: SSAValue,
        counts: SSAValue,
        kernels: SSAValue,
        current: SSAValue,
        touched: SSAValue | None,
        properties: dict[str, Attribute],
    ):
        super().__init__(
            operands=[hits, hit_count, counts, kernels, current, touched], properties=properties
        )

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return element_count(buffer_shape(self.counts.type)) // element_count(
            int_values(self.input_size)
        )

    @property
    def multiples(self) -> int:
        """The largest count that one addition serves."""
        return buffer_shape(self.kernels.type)[0] // self.channels

    def verify_(self) -> None:
        self.verify_convolution(self.kernels)
        kernels, counts = buffer_shape(self.kernels.type)[0], buffer_shape(self.counts.type)
        positions = element_count(int_values(self.input_size))
        if element_count(counts) % positions or kernels % max(self.channels, 1):  # C2
            raise VerifyException(
                f"{kernels} kernels do not fit {element_count(counts)} counts of {positions} "
                "positions"
            )


@irdl_op_definition
class MaskConv2dOp(LaneConvolutionBase):
    """`snnrt_mask_conv2d`: adds for each position the tabulated sums of its spikes' kernels.

    The bits of a position's masks are divided into groups of neighbours, `group_bits` long from
    the bits `group_starts` on; each selects one entry of its table. Tables follow each other in
    `tables`, `(entries, kernel_height, kernel_width, elements)`: for each group the sums of the
    kernels of the combinations 1, 2, 3, … of its bits, rows and columns in reverse. Bits of
    channels that never spike may belong to no group.

    Masks have `lanes` bits: within each first the low lanes of all words, then the high ones.
    (C2) Groups are in order and no group crosses a mask; (C3) there are as many entries as
    combinations.
    """

    name = "snnrt.mask_conv2d"
    READS: ClassVar[tuple[str, ...]] = ("entries", "tables")
    UPDATES: ClassVar[tuple[str, ...]] = ("current",)

    entries = buffer_operand()
    count = operand_def(i32)
    tables = buffer_operand()
    current = buffer_operand()
    lanes = prop_def(IntegerAttr[I64])
    group_starts = prop_def(DenseArrayBase.constr(i64))
    group_bits = prop_def(DenseArrayBase.constr(i64))

    def __init__(
        self,
        entries: SSAValue,
        count: SSAValue,
        tables: SSAValue,
        current: SSAValue,
        properties: dict[str, Attribute],
    ):
        super().__init__(operands=[entries, count, tables, current], properties=properties)

    def verify_(self) -> None:
        self.verify_convolution(self.tables)
        expected = buffer_shape(self.tables.type)[0]
        entries = sum((1 << bits) - 1 for bits in int_values(self.group_bits))
        if entries != expected:  # C3
            raise VerifyException(f"groups have {entries} combinations, tables {expected} entries")
        end = 0
        for group in self.groups:
            if group.start < end or group.start // MASK_LANES != (group.stop - 1) // MASK_LANES:
                raise VerifyException(f"the group of bits {group.start} to {group.stop - 1} "
                                      "overlaps another or crosses a mask")  # fmt: skip
            end = group.stop
        if end > self.lanes.value.data:  # C2
            raise VerifyException(f"bit {end - 1} is not one of {self.lanes.value.data} lanes")

    @property
    def groups(self) -> list[range]:
        """The bits of each group."""
        starts, sizes = int_values(self.group_starts), int_values(self.group_bits)
        return [range(start, start + size) for start, size in zip(starts, sizes, strict=True)]


_OPTIONAL_OPERANDS = " ".join(
    f"(`{name}` `(` ${name}^ `:` type(${name}) `)`)?"
    for name in ("touched", "calm", "initial", "resets", "rests", "leak", "threshold", "bias")
)


def window_format(output: str) -> str:
    """The assembly format of window layers, whose spikes go to the operand `output`."""
    return (
        f"$current `,` $membrane `->` ${output} {_OPTIONAL_OPERANDS} attr-dict `:` "
        f"type($current) `,` type($membrane) `->` type(${output})"
    )


class WindowLIFBase(PackedLIFBase, ListingCallBase, ABC):
    """Pooling of currents and neurons in one pass; the currents and `touched` are cleared.

    `current` is as for convolutions into lanes; with triples `offset` is part of every lane and
    `initial` a position without current. `membrane` is the state, `(height, width, lanes)` of i16:
    membranes, or with `resets` what `snnrt_halving_lif` keeps instead. `window` is the pooling,
    `sum` its kind. The neurons that are computed are `channels` of each position.

    With `calm` and `rests`, halving neurons without input are skipped as long as they cannot spike;
    words `busy` (first and end) hold neurons that may spike without input. `calm` has the number of
    steps and, for each row of windows, the bits of those that are awake and the step in which each
    fell calm.
    """

    READS: ClassVar[tuple[str, ...]] = ("initial", "resets", "rests", "leak", "threshold", "bias")
    UPDATES: ClassVar[tuple[str, ...]] = ("current", "touched", "calm", "membrane")

    current = buffer_operand()
    membrane = buffer_operand()
    touched = opt_operand_def(BUFFER)
    calm = opt_operand_def(BUFFER)
    initial = opt_operand_def(BUFFER)
    resets = opt_operand_def(BUFFER)
    rests = opt_operand_def(BUFFER)
    leak = opt_operand_def(BUFFER)
    threshold = opt_operand_def(BUFFER)
    bias = opt_operand_def(BUFFER)
    channels = prop_def(IntegerAttr)
    window = prop_def(DenseArrayBase.constr(i64))
    busy = prop_def(DenseArrayBase.constr(i64), default_value=int_array([0, 0]))
    sum = prop_def(BoolAttr, default_value=BoolAttr(0, i1))
    offset = prop_def(IntegerAttr, default_value=IntegerAttr(0, i64))

    irdl_options = (ParsePropInAttrDict(), AttrSizedOperandSegments(as_property=True))  # type: ignore[assignment]

    @property
    def spikes_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the neurons that are computed."""
        height, width, _ = buffer_shape(self.membrane.type)
        return height, width, self.channels.value.data

    def verify_(self) -> None:
        expect_rank("membrane", self.membrane, 3)
        expect_buffer("membrane", self.membrane, i16)
        expect_buffer("current", self.current, i16, f64)
        height, width, lanes = buffer_shape(self.membrane.type)
        rows, columns, elements = buffer_shape(self.current.type)
        window = int_values(self.window)
        triples = buffer_element(self.current.type) == f64
        if triples == (self.initial is None):
            raise VerifyException("needs `initial` for triples, and only for them")
        current_lanes = triple_lanes(elements) if triples else elements
        if current_lanes != lanes or height * window[0] > rows or width * window[1] > columns:
            raise VerifyException(
                f"{height} x {width} windows of {window} with {lanes} lanes do not fit "
                f"{self.current.type}"
            )
        self._verify_parameters("touched", self.touched)

    def _verify_parameters(self, reached: str, known: SSAValue | None) -> None:
        """Verify the operands of the neurons; `reached` names the one that tells which windows
        events reach.
        """
        height, width, lanes = buffer_shape(self.membrane.type)
        if (self.calm is None) != (self.rests is None) or (
            self.calm is not None and (known is None or lanes > MASK_LANES)
        ):
            raise VerifyException(
                f"calm needs rests, {reached} and at most {MASK_LANES} lanes, got {lanes}"
            )
        if self.calm is not None:
            expect_buffer("calm", self.calm, i32)
            if element_count(buffer_shape(self.calm.type)) != calm_words(height, width):
                raise VerifyException(f"calm of type {self.calm.type} does not fit {height} x "
                                      f"{width} windows")  # fmt: skip
        if (self.resets is None) == (self.leak is None or self.threshold is None):
            raise VerifyException("needs either resets or leak and threshold")

    def _verify_entries(self, entries: SSAValue) -> None:
        """Verify that a mask list has room for the masks and coordinates of every position."""
        expect_buffer("entries", entries, i32)
        height, width, lanes = buffer_shape(self.membrane.type)
        room = (height * width, mask_count(lanes) + 1)
        if buffer_shape(entries.type) != room:
            raise VerifyException(f"entries of type {entries.type}, expected shape {room}")

    def _verify_list(self, list: SSAValue) -> None:
        """Verify that a list has room for every neuron, and that 16 bits hold every index."""
        expect_buffer("list", list, i16)
        neurons = element_count(self.spikes_shape)
        if element_count(buffer_shape(list.type)) < neurons or neurons > 1 << 16:
            raise VerifyException(f"{list.type} does not hold {neurons} 16-bit indices")


class ShiftedLIFBase(WindowLIFBase, ABC):
    """Neurons with `resets` shift the currents, once they are pooled, left by `current_shift`."""

    current_shift = prop_def(IntegerAttr, default_value=IntegerAttr(0, i64))


class MaskListLIFBase(WindowLIFBase, ABC):
    """Lists the spikes of each position as masks; returns how many.

    (C1) There is room for the masks and coordinates of every position.
    """

    WRITES: ClassVar[tuple[str, ...]] = ("entries",)

    entries = buffer_operand()

    def __init__(self, operands: Sequence[SSAValue | None], properties: dict[str, Attribute]):
        super().__init__(operands=[*operands], properties=properties, result_types=[i32])

    def verify_(self) -> None:
        super().verify_()
        self._verify_entries(self.entries)  # C1

    @property
    def listed(self) -> SSAValue:
        """See the base class."""
        return self.entries


class IndexListLIFBase(WindowLIFBase, ABC):
    """Lists the flat indices of the spikes; returns how many.

    (C1) There is room for every neuron, and 16 bits hold every index.
    """

    WRITES: ClassVar[tuple[str, ...]] = ("list",)

    list = buffer_operand()

    def __init__(self, operands: Sequence[SSAValue | None], properties: dict[str, Attribute]):
        super().__init__(operands=[*operands], properties=properties, result_types=[i32])

    def verify_(self) -> None:
        super().verify_()
        self._verify_list(self.list)  # C1

    @property
    def listed(self) -> SSAValue:
        """See the base class."""
        return self.list


@irdl_op_definition
class WindowLIFMasksOp(MaskListLIFBase):
    """`snnrt_window_lif_masks`. Constraints of the base class."""

    name = "snnrt.window_lif_masks"

    assembly_format = window_format("entries")


@irdl_op_definition
class WindowLIFListOp(IndexListLIFBase):
    """`snnrt_window_lif_list`. Constraints of the base class."""

    name = "snnrt.window_lif_list"

    assembly_format = window_format("list")


def window_properties(
    window: Sequence[int], *, sum: bool, channels: int, offset: int
) -> dict[str, Attribute]:
    """The pooling of a window layer as properties."""
    return {
        "offset": IntegerAttr(offset, i64),
        "window": int_array(window), "sum": BoolAttr(sum, i1),
        "channels": IntegerAttr(channels, i64),
    }  # fmt: skip
