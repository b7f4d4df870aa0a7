# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Range analysis: which values an integer membrane can take, for any input within its range.

Interval arithmetic on the update of `qsnn.lif`, per neuron or channel, iterated to a fixed point
from the states that constant inputs lead to, zero among them. The result holds for sequences of any
length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.qsnn import Rounding
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


Part = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]
"""An interval `(low, high, present)`; where it is not present its bounds mean nothing."""


def _hull(parts: Sequence[Part]) -> Interval:
    """Smallest interval around parts, of which at least one is present everywhere."""
    low = np.full(np.broadcast_shapes(*(p[0].shape for p in parts)), LIMIT, np.int64)
    high = -low
    for part_low, part_high, present in parts:
        low = np.where(present, np.minimum(low, part_low), low)
        high = np.where(present, np.maximum(high, part_high), high)
    return low, high


def _before_spike(state: Interval, current: Interval, neuron: NeuronDynamics) -> list[Part]:
    """Range of `V`, the membrane that is compared with the threshold.

    Two parts where there is a reset: of neurons whose stored membrane is quiet, and of those whose
    stored membrane fires.
    """
    low, high = state
    if neuron.threshold is None or neuron.reset is Reset.NONE:
        moved = neuron.decay(low) + current[0], neuron.decay(high) + current[1]
        return [(*moved, np.ones_like(low, np.bool_))]
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
    return [quiet_part, (reset_low, reset_high, high > quiet)]


def _after_spike(before: list[Part], neuron: NeuronDynamics) -> list[Part]:
    """Range of the stored membrane `U` that follows from `V` in the same step."""
    if neuron.reset is Reset.NONE or neuron.reset_timing is ResetTiming.DELAYED:
        return before
    quiet_part, fired_part = before
    return [*_reset_now(quiet_part, neuron, -1), *_reset_now(fired_part, neuron, 1)]


def _reset_now(part: Part, neuron: NeuronDynamics, sign: int) -> list[Part]:
    """What an immediate reset makes of one part: `V`, or `V + sign * threshold` or `V + sign * V`.

    The sign is that of `R - S`: -1 for the quiet part, which is reset where it spikes now, and 1
    for the fired part, whose reset is taken back where it does not.
    """
    assert neuron.threshold is not None
    (low, high, present), quiet = part, neuron.quiet_maximum
    silent = (low, np.minimum(high, quiet), present & (low <= quiet))
    spiking = (np.maximum(low, quiet + 1), high, present & (high > quiet))
    kept, moved = (silent, spiking) if sign < 0 else (spiking, silent)
    if neuron.reset in (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED):
        by = sign * neuron.threshold
        return [kept, (moved[0] + by, moved[1] + by, moved[2])]
    return [kept, ((1 + sign) * moved[0], (1 + sign) * moved[1], moved[2])]


def _rest(
    step: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    start: NDArray[np.int64],
    direction: int,
    limit: int,
) -> NDArray[np.int64]:
    """Where `step`, applied again and again, comes to rest, if it moves in `direction` (1 or -1).

    Because a membrane never grows by itself, `step` moves less the farther it gets, and bisection
    finds the place. Beyond `limit` in magnitude the result is only known to be that far.
    """
    near, far = np.zeros_like(start), np.full_like(start, 4 * limit)
    while (near < far).any():
        middle = (near + far) // 2
        position = start + direction * middle
        moves = direction * (step(position) - position) > 0
        near, far = np.where(moves, middle + 1, near), np.where(moves, far, middle)
    return start + direction * near


def _constant_input(current: Interval, neuron: NeuronDynamics, limit: int) -> Interval:
    """Stored membranes that the smallest and the largest input lead to if they never change.

    They belong to the range. Without them a membrane that hardly leaks would be followed for tens
    of thousands of steps, and one that never leaks forever.
    """
    zero = np.zeros(np.broadcast_shapes(*(a.shape for a in (*current, neuron.leak))), np.int64)
    low = _rest(lambda u: neuron.decay(u) + current[0], zero, -1, limit)
    high = _rest(lambda u: neuron.decay(u) + current[1], zero, 1, limit)
    if neuron.threshold is None or neuron.reset is Reset.NONE:
        return low, high
    threshold, quiet = neuron.threshold, neuron.quiet_maximum
    fires, high = high > quiet, np.minimum(high, quiet)
    if neuron.reset_timing is ResetTiming.DELAYED:
        first = neuron.decay(high) + current[1]
        if neuron.reset is Reset.SUBTRACT:
            fired = _rest(lambda u: neuron.decay(u) - threshold + current[1], first, 1, limit)
            high = np.where(fires, fired, high)
        elif neuron.reset is Reset.SUBTRACT_DECAYED:
            fired = _rest(lambda u: neuron.decay(u - threshold) + current[1], first, 1, limit)
            high = np.where(fires, fired, high)
    # A neuron that fires at rest is left to the iteration.
    return np.where(quiet < 0, 0, low), np.where(quiet < 0, 0, high)


def membrane_range(
    current: Interval, neuron: NeuronDynamics, limit: int = LIMIT
) -> Interval | None:
    """Range of all values that `V` and `U` take, or None where there is no finite one.

    Args:
        current: range of `x`, the input with bias and shift, in units of the membrane.
        limit: the largest magnitude of interest; a range that exceeds it is None as well.
    """
    shape = np.broadcast_shapes(
        current[0].shape, current[1].shape, neuron.leak.shape,
        () if neuron.threshold is None else neuron.threshold.shape,
    )  # fmt: skip
    low, high = _constant_input(current, neuron, limit)
    state: Interval = (np.broadcast_to(low, shape), np.broadcast_to(high, shape))
    seen = state
    for _ in range(MAX_ITERATIONS):
        parts = _before_spike(state, current, neuron)
        before, after = _hull(parts), _hull(_after_spike(parts, neuron))
        grown = (np.minimum(state[0], after[0]), np.maximum(state[1], after[1]))
        seen = (
            np.minimum(seen[0], np.minimum(before[0], grown[0])),
            np.maximum(seen[1], np.maximum(before[1], grown[1])),
        )
        if max(-int(seen[0].min()), int(seen[1].max())) > limit:
            return None
        if (grown[0] == state[0]).all() and (grown[1] == state[1]).all():
            return seen
        state = grown
    return None
