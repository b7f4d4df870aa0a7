# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The windows that kernels mark as reached are those that inputs reach."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from snnir.backends.c.input_sites import Axis


def marked_windows(axis: Axis, coordinate: int) -> set[int]:
    """What `snnrt_mark_windows` marks for the rows of an input."""
    site = axis.marked(coordinate)
    if not axis.last_apart:
        return set(range(site, site + axis.most_windows))
    first, last = site & 0xFFFF, site >> 16
    return {*range(first, first + axis.most_windows - 1), last}


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    """Axes of convolutions that are pooled without a rest, or with one that is left out."""
    taps = draw(st.integers(1, 7))
    padding, window = draw(st.integers(0, taps // 2)), draw(st.integers(1, 4))
    inputs = draw(st.integers(max(taps - 2 * padding, 1), 30))
    windows = (inputs + 2 * padding - taps + 1) // window
    assume(windows > 0)
    return Axis(inputs, taps, windows * window, padding, 1, 1, window, windows)


@given(axes())
def test_no_other_windows_are_marked_than_inputs_reach(axis: Axis) -> None:
    for coordinate in range(axis.inputs):
        reached, marked = set(axis.windows_of(coordinate)), marked_windows(axis, coordinate)
        if not reached:
            continue
        assert reached <= marked <= set(range(axis.windows))
        if len(axis.reach(coordinate)) == axis.taps:
            assert marked == reached


def test_the_last_window_is_told_where_inputs_reach_one_or_two() -> None:
    axis = Axis(
        inputs=9, taps=2, outputs=6, padding=0, current_bytes=1, tap_bytes=1, window=3, windows=2
    )
    assert axis.last_apart
    assert [marked_windows(axis, row) for row in (2, 3, 4)] == [{0}, {0, 1}, {1}]
