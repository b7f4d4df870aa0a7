# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many events of an input frame may lie close together; `qsnn` and `snnrt` use it."""

from collections.abc import Sequence

from xdsl.dialects.builtin import I64, DenseArrayBase, IntegerAttr, i64
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.layer_shapes import int_array, int_values
from snnir.dialects.snn_attributes import REAL_KINDS, InputKind

LARGEST_DENSITY = 32767
"""Largest `maximum`: with one more element of a frame on top, 16 bits still count a cell."""


@irdl_attr_definition
class InputDensityAttr(ParametrizedAttribute):
    """`#qsnn.density<cell [4, 4], maximum 128>`: a bound on the events of a frame in any region.

    The spatial axes of the frame (all but axis 0) are divided into cells of the given extents,
    from index 0 on; a cell holds all channels, and the last one along an axis may be smaller. The
    sum of the counts in any two neighbouring cells along each axis, that is in 2 x 2 cells of a
    frame `(channels, height, width)`, is at most `maximum`.

    A window of k positions never touches more than two cells of k - 1 positions, so the sum in
    any such window is at most `maximum`, too. `cell []` belongs to frames `(features,)`: the bound
    is on the sum of all elements.

    Constraints: (C1) extents are positive; (C2) there are at most two; (C3) `maximum` is between 1
    and 32767.
    """

    name = "qsnn.density"

    cell: DenseArrayBase[I64]
    maximum: IntegerAttr[I64]

    @staticmethod
    def make(cell: Sequence[int], maximum: int) -> "InputDensityAttr":
        """The attribute for cells of the given extents. Raises `VerifyException` for C1 to C3."""
        return InputDensityAttr(int_array(cell), IntegerAttr(maximum, i64))

    @property
    def extents(self) -> tuple[int, ...]:
        """Extents of a cell along the spatial axes."""
        return int_values(self.cell)

    @property
    def limit(self) -> int:
        """Largest sum in neighbouring cells."""
        return self.maximum.value.data

    def verify(self) -> None:
        if min(self.extents, default=1) < 1:  # C1
            raise VerifyException(f"cell extents must be positive, got {self.extents}")
        if len(self.extents) > 2:  # C2
            raise VerifyException(f"a cell has at most two extents, got {self.extents}")
        if not 1 <= self.limit <= LARGEST_DENSITY:  # C3
            raise VerifyException(
                f"maximum must be between 1 and {LARGEST_DENSITY}, got {self.limit}"
            )

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            extents = ", ".join(map(str, self.extents))
            printer.print_string(f"cell [{extents}], maximum {self.limit}")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            parser.parse_characters("cell")
            extents = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: parser.parse_integer(allow_boolean=False)
            )
            parser.parse_characters(",")
            parser.parse_characters("maximum")
            maximum = parser.parse_integer(allow_boolean=False)
        return int_array(extents), IntegerAttr(maximum, i64)


def verify_density(density: InputDensityAttr | None, kind: InputKind, frame: Sequence[int]) -> None:
    """Verify that a bound belongs to a frame of counts or spikes with as many spatial axes.

    Raises:
        VerifyException: it does not.
    """
    if density is None:
        return
    if kind in REAL_KINDS:
        raise VerifyException("input_density is about counts and spikes, the input has real values")
    if len(density.extents) != len(frame) - 1:
        raise VerifyException(
            f"input_density has cells with {len(density.extents)} extents, but the frame has "
            f"{len(frame) - 1} spatial axes"
        )
