# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Range analysis: which values an integer membrane can take, for any input within its range.

Interval arithmetic on the update of `qsnn.lif`, per neuron or channel, iterated from the zero state
to a fixed point. The result holds for sequences of any length.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.qsnn import LEAK_ONE, Rounding
from snnir.dialects.snn_attributes import Compare, Reset, ResetTiming

Interval = tuple[NDArray[np.int64], NDArray[np.int64]]

MAX_ITERATIONS = 20_000
LIMIT = 1 << 40
"""Beyond this no integer state of the targets helps, and the iteration stops."""


@dataclass(frozen=True)
class NeuronDynamics:
    """The integer parameters of a layer, as arrays that broadcast to its shape."""

    leak: NDArray[np.int64]
    rounding: Rounding
    threshold: NDArray[np.int64] | None
    """None for a neuron that does not spike."""
    reset: Reset = Reset.NONE
    reset_timing: ResetTiming = ResetTiming.DELAYED
    compare: Compare = Compare.GT

    def decay(self, membrane: NDArray[np.int64]) -> NDArray[np.int64]:
        """`leak(U)` of `qsnn.lif`; monotonic in `U`."""
        half = 1 << 14 if self.rounding is Rounding.NEAREST else 0
        return (membrane * self.leak + half) >> 15

    @property
    def quiet_maximum(self) -> NDArray[np.int64]:
        """The largest membrane that does not fire."""
        assert self.threshold is not None
        return self.threshold - (1 if self.compare is Compare.GE else 0)


def _hull(parts: list[tuple[NDArray, NDArray, NDArray]]) -> Interval:
    """Smallest interval around parts `(low, high, present)`; at least one is present everywhere."""
    low = np.full(np.broadcast_shapes(*(p[0].shape for p in parts)), LIMIT, np.int64)
    high = -low
    for part_low, part_high, present in parts:
        low = np.where(present, np.minimum(low, part_low), low)
        high = np.where(present, np.maximum(high, part_high), high)
    return low, high


def _before_spike(state: Interval, current: Interval, neuron: NeuronDynamics) -> Interval:
    """Range of `V`, the membrane that is compared with the threshold."""
    low, high = state
    if neuron.threshold is None or neuron.reset is Reset.NONE:
        return neuron.decay(low) + current[0], neuron.decay(high) + current[1]
    quiet = neuron.quiet_maximum
    quiet_part = (
        neuron.decay(low) + current[0],
        neuron.decay(np.minimum(high, quiet)) + current[1],
        low <= quiet,
    )
    fired_low, fired_high = np.maximum(low, quiet + 1), high
    zero = np.zeros_like(high)
    match neuron.reset:
        case Reset.SUBTRACT:
            reset_low = neuron.decay(fired_low) - neuron.threshold + current[0]
            reset_high = neuron.decay(fired_high) - neuron.threshold + current[1]
        case Reset.SUBTRACT_DECAYED:
            reset_low = neuron.decay(fired_low - neuron.threshold) + current[0]
            reset_high = neuron.decay(fired_high - neuron.threshold) + current[1]
        case Reset.ZERO_BEFORE:
            reset_low, reset_high = neuron.decay(zero) + current[0], neuron.decay(zero) + current[1]
        case Reset.ZERO_AFTER:
            reset_low, reset_high = zero, zero
    return _hull([quiet_part, (reset_low, reset_high, high > quiet)])


def _after_spike(state: Interval, before: Interval, neuron: NeuronDynamics) -> Interval:
    """Range of the stored membrane `U` that follows from `V` in the same step."""
    if neuron.threshold is None or neuron.reset_timing is ResetTiming.DELAYED:
        return before
    if neuron.reset is Reset.NONE:
        return before
    low, high = before
    quiet, threshold = neuron.quiet_maximum, neuron.threshold
    may_reset = state[1] > quiet
    """The stored membrane was above the threshold, so that D = S - R is 0 or -1."""
    quiet_high, fired_low = np.minimum(high, quiet), np.maximum(low, quiet + 1)
    has_quiet, has_fired = low <= quiet, high > quiet
    parts = [
        (low, quiet_high, has_quiet),
        (fired_low, high, has_fired & may_reset),
    ]
    if neuron.reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED):
        parts.append((fired_low - threshold, high - threshold, has_fired))
        parts.append((low + threshold, quiet_high + threshold, has_quiet & may_reset))
    else:
        zero = np.zeros_like(high)
        parts.append((zero, zero, has_fired))
        parts.append((2 * low, 2 * quiet_high, has_quiet & may_reset))
    return _hull(parts)


def _grows_forever(current: Interval, neuron: NeuronDynamics) -> bool:
    """Whether some neuron that never leaks can move by the same amount at every step.

    Iteration would find that out too, one step at a time.
    """
    keeps = neuron.leak == LEAK_ONE
    down, up = keeps & (current[0] < 0), keeps & (current[1] > 0)
    if neuron.threshold is None or neuron.reset is Reset.NONE:
        return bool((down | up).any())
    # Below the threshold nothing resets; a neuron that fires at rest is left to the iteration.
    forever = down & (neuron.quiet_maximum >= 0)
    if neuron.reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED):
        delayed = neuron.reset_timing is ResetTiming.DELAYED
        forever = forever | (up & delayed & (current[1] > neuron.threshold))
    return bool(forever.any())


def membrane_range(
    current: Interval, neuron: NeuronDynamics, limit: int = LIMIT
) -> Interval | None:
    """Range of all values that `V` and `U` take, or None where there is no finite one.

    Args:
        current: range of `x`, the input with bias and shift, in units of the membrane.
        limit: the largest magnitude of interest; a range that exceeds it is None as well.
    """
    if _grows_forever(current, neuron):
        return None
    shape = np.broadcast_shapes(
        current[0].shape, current[1].shape, neuron.leak.shape,
        () if neuron.threshold is None else neuron.threshold.shape,
    )  # fmt: skip
    state: Interval = (np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    seen = state
    for _ in range(MAX_ITERATIONS):
        before = _before_spike(state, current, neuron)
        after = _after_spike(state, before, neuron)
        grown = (np.minimum(state[0], after[0]), np.maximum(state[1], after[1]))
        seen = (
            np.minimum(seen[0], np.minimum(before[0], grown[0])),
            np.maximum(seen[1], np.maximum(before[1], grown[1])),
        )
        if (grown[0] == state[0]).all() and (grown[1] == state[1]).all():
            return seen
        if max(-int(seen[0].min()), int(seen[1].max())) > limit:
            return None
        state = grown
    return None
