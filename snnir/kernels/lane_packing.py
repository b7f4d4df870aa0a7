# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the channels of a position lie in packed currents, see `snnrt/lane_rows.h`.

Neurons are numbered by lanes, two in a word. In pairs the currents have the same lanes. Two triples
`A` and `B` hold six lanes: `A0 A1 B0 B1 A2 B2`; a last one without a partner holds three and one
lane that no current reaches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import f64, i16
from xdsl.ir import Attribute

from snnir.dialects.snnrt_lanes import triple_lanes

TRIPLE_BASE = 1 << 52
"""What makes the lanes of a triple the low bits of its mantissa."""

LARGEST_LANE = (1 << 15) - 1
"""Largest value of a lane of a triple, offset included: lanes are compared with signs."""


@dataclass(frozen=True)
class LanePacking:
    """The packing of a layer.

    Attributes:
        channels: channels of the layer.
        offset: what is added to every lane of a triple; None for pairs.
    """

    channels: int
    offset: int | None = None

    @property
    def triples(self) -> bool:
        """Whether three lanes lie in a double, instead of two in a word."""
        return self.offset is not None

    @property
    def elements(self) -> int:
        """Words or doubles of a position."""
        return -(-self.channels // (3 if self.triples else 2))

    @property
    def lanes(self) -> int:
        """Lanes of the neurons of a position; even."""
        return triple_lanes(self.elements) if self.triples else 2 * self.elements

    @property
    def element_type(self) -> Attribute:
        """Element type of buffers of currents and kernels."""
        return f64 if self.triples else i16

    @property
    def row(self) -> int:
        """Size of the last axis of such buffers."""
        return self.elements if self.triples else self.lanes

    def pack(self, values: NDArray[np.int64]) -> NDArray:
        """`(…, lanes)` to elements: `(…, lanes)` of int16, or `(…, elements)` of float64.

        Values of lanes that no current reaches must be 0.
        """
        if not self.triples:
            return values.astype(np.int16)
        places = self._places()
        packed = np.zeros((*values.shape[:-1], self.elements), np.float64)
        for lane, place in enumerate(places):
            if place is not None:
                element, field = place
                packed[..., element] += values[..., lane] * float(1 << 16 * field)
        return packed

    def unpack(self, elements: NDArray[np.int64]) -> NDArray[np.int64]:
        """Currents `(…, row)` as `(…, lanes)`, without the offset."""
        if self.offset is None:
            return elements
        lanes = np.zeros((*elements.shape[:-1], self.lanes), np.int64)
        for lane, place in enumerate(self._places()):
            if place is not None:
                element, field = place
                lanes[..., lane] = ((elements[..., element] >> 16 * field) & 0xFFFF) - self.offset
        return lanes

    def no_current(self) -> NDArray[np.float64]:
        """The elements of a position without current; triples only."""
        assert self.offset is not None
        fields = self.offset * (1 + (1 << 16) + (1 << 32))
        return np.full(self.elements, float(TRIPLE_BASE + fields))

    def _places(self) -> list[tuple[int, int] | None]:
        """Triple and field of each lane."""
        places: list[tuple[int, int] | None] = []
        for first in range(0, self.elements, 2):
            if first + 1 < self.elements:
                a, b = first, first + 1
                places += [(a, 0), (a, 1), (b, 0), (b, 1), (a, 2), (b, 2)]
            else:
                places += [(first, 0), (first, 1), (first, 2), None]
        return places


def triple_offset(low: NDArray[np.int64], high: NDArray[np.int64]) -> int | None:
    """The smallest offset that keeps sums in this range from going negative; None if none does."""
    offset = max(0, -int(low.min()))
    return offset if offset + int(high.max()) <= LARGEST_LANE else None
