# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The range analysis holds for every input, and is no wider than needed where that can be told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnir.dialects.qsnn import LEAK_ONE, Rounding
from snnir.dialects.snn_attributes import Compare, Reset, ResetTiming
from snnir.quantization.membrane_range import NeuronDynamics, membrane_range

ONE = LEAK_ONE


def array(value: int) -> np.ndarray:
    return np.asarray(value, np.int64)


def neuron(leak: int, threshold: int | None = None, **dynamics) -> NeuronDynamics:
    dynamics.setdefault("rounding", Rounding.NEAREST)
    return NeuronDynamics(
        array(leak), threshold=None if threshold is None else array(threshold), **dynamics
    )


def analysed(low: int, high: int, of: NeuronDynamics, limit: int = 1 << 40):
    """The range as integers, for inputs from `low` to `high`."""
    found = membrane_range((array(low), array(high)), of, limit)
    return None if found is None else (int(found[0]), int(found[1]))


def update(membrane: int, x: int, of: NeuronDynamics) -> tuple[int, int]:
    """`V` and the stored `U` of one step, from the documentation of `qsnn.lif`."""
    leak, theta = int(of.leak), 0 if of.threshold is None else int(of.threshold)
    half = 1 << 14 if of.rounding is Rounding.NEAREST else 0

    def fires(value: int) -> int:
        if of.threshold is None:
            return 0
        return int(value >= theta if of.compare is Compare.GE else value > theta)

    def decay(value: int) -> int:
        return (value * leak + half) >> 15

    flag = fires(membrane)
    match of.reset:
        case Reset.NONE:
            before = decay(membrane) + x
        case Reset.SUBTRACT:
            before = decay(membrane) + x - flag * theta
        case Reset.SUBTRACT_DECAYED:
            before = decay(membrane - flag * theta) + x
        case Reset.ZERO_BEFORE:
            before = decay((1 - flag) * membrane) + x
        case Reset.ZERO_AFTER:
            before = (1 - flag) * (decay(membrane) + x)
    if of.reset_timing is ResetTiming.DELAYED or of.reset is Reset.NONE:
        return before, before
    difference = fires(before) - flag
    subtracts = of.reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED)
    return before, before - difference * (theta if subtracts else before)


def reachable(low: int, high: int, of: NeuronDynamics) -> tuple[int, int]:
    """Smallest and largest `V` or `U` of all sequences of inputs, by search over all states."""
    states, pending, seen = {0}, [0], {0}
    while pending:
        membrane = pending.pop()
        for x in range(low, high + 1):
            before, stored = update(membrane, x, of)
            seen |= {before, stored}
            if stored not in states:
                states.add(stored)
                pending.append(stored)
    return min(seen), max(seen)


@st.composite
def dynamics(draw) -> NeuronDynamics:
    return neuron(
        draw(st.integers(0, ONE - 1000)),
        draw(st.integers(-20, 60)),
        rounding=draw(st.sampled_from(Rounding)),
        reset=draw(st.sampled_from(Reset)),
        reset_timing=draw(st.sampled_from(ResetTiming)),
        compare=draw(st.sampled_from(Compare)),
    )


@settings(deadline=None, max_examples=300)
@given(dynamics(), st.integers(-12, 3), st.integers(0, 12))
def test_no_reachable_membrane_leaves_the_range(of, low, width) -> None:
    found = analysed(low, low + width, of)
    if found is None:
        return
    smallest, largest = reachable(low, low + width, of)
    assert found[0] <= smallest
    assert largest <= found[1]


@settings(deadline=None, max_examples=100)
@given(dynamics(), st.lists(st.integers(-40, 40), max_size=60))
def test_no_simulated_membrane_leaves_the_range(of, inputs) -> None:
    found = analysed(-40, 40, of)
    if found is None:
        return
    membrane = 0
    for x in inputs:
        before, membrane = update(membrane, x, of)
        assert found[0] <= min(before, membrane)
        assert max(before, membrane) <= found[1]


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("timing", ResetTiming)
@pytest.mark.parametrize("reset", Reset)
@pytest.mark.parametrize("leak", [0, ONE // 2, 29_491, 32_000])
def test_the_range_is_reached(leak, reset, timing, rounding) -> None:
    """With inputs of both signs and a threshold that all inputs together can reach."""
    of = neuron(leak, 20, reset=reset, reset_timing=timing, rounding=rounding)
    assert analysed(-9, 25, of) == reachable(-9, 25, of)


def test_an_integrator_without_negative_input_is_bounded_by_its_reset() -> None:
    of = neuron(ONE, 100, reset=Reset.SUBTRACT)
    assert analysed(0, 30, of) == (0, 130)


@pytest.mark.parametrize(
    ("low", "high", "of"),
    [
        (-1, 1, neuron(ONE)),
        (-1, 1, neuron(ONE, 100, reset=Reset.SUBTRACT)),
        (0, 1, neuron(ONE, 100, reset=Reset.NONE)),
        (0, 101, neuron(ONE, 100, reset=Reset.SUBTRACT)),
        (-1, 1, neuron(ONE, 100, reset=Reset.ZERO_AFTER)),
    ],
)
def test_integrators_that_can_run_away_have_no_range(low, high, of) -> None:
    assert analysed(low, high, of) is None


def test_slow_leaks_need_no_more_steps_than_fast_ones() -> None:
    """One part in 32768: a constant input takes hundreds of thousands of steps to come to rest."""
    found = analysed(-1000, 1000, neuron(ONE - 1, rounding=Rounding.FLOOR))
    assert found == (-1000 * ONE, 1000 * ONE - ONE + 1)


def test_beyond_the_limit_there_is_no_range() -> None:
    of = neuron(ONE // 2)
    assert analysed(0, 100, of, limit=200) is not None
    assert analysed(0, 100, of, limit=150) is None
