# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Range analysis of `qsnn.alpha`: which values its three states take, for any input in its range.

Both currents are leaky integrators; what a reset does to them is more input or zero, which their
ranges hold. The membrane is bounded by the sum of their bounds, as if they were independent: its
type is never too small, but neurons whose currents nearly cancel are not proven to stay silent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.qsnn import Rounding
from snnir.quantization.membrane_range import LIMIT, Interval, NeuronDynamics, membrane_range


@dataclass(frozen=True)
class AlphaDynamics:
    """The integer parameters of a layer, as arrays that broadcast to its shape.

    `decrement` and `recall` are 0 unless the reset is `subtract`.
    """

    excitatory_leak: NDArray[np.int64]
    inhibitory_leak: NDArray[np.int64]
    rounding: Rounding
    decrement: NDArray[np.int64]
    recall: NDArray[np.int64]

    def without_reset(self, silent: NDArray[np.bool_]) -> AlphaDynamics:
        """The same where silent neurons, in an array that broadcasts, have nothing to reset."""
        decrement, recall = (np.where(silent, 0, each) for each in (self.decrement, self.recall))
        return replace(self, decrement=decrement, recall=recall)


@dataclass(frozen=True)
class AlphaRanges:
    """Smallest and largest values, also of what is computed on the way."""

    excitatory: Interval
    inhibitory: Interval
    membrane: Interval

    @property
    def states(self) -> Interval:
        """Bounds of all three."""
        parts = (self.excitatory, self.inhibitory, self.membrane)
        lows, highs = (np.broadcast_arrays(*(part[side] for part in parts)) for side in (0, 1))
        return np.min(lows, axis=0), np.max(highs, axis=0)


def alpha_ranges(
    current: Interval, neuron: AlphaDynamics, limit: int = LIMIT
) -> AlphaRanges | None:
    """Ranges of the states, or None where there are no finite ones.

    Args:
        current: range of `x`, the input with bias and shift, in units of the states.
        limit: the largest magnitude of interest; a range that exceeds it is None as well.
    """
    low, high = current
    excitatory = membrane_range(
        (low - np.maximum(neuron.decrement, 0), high - np.minimum(neuron.decrement, 0)),
        NeuronDynamics(neuron.excitatory_leak, neuron.rounding, None), limit,
    )  # fmt: skip
    inhibitory = membrane_range(
        (-high, -low), NeuronDynamics(neuron.inhibitory_leak, neuron.rounding, None), limit
    )
    if excitatory is None or inhibitory is None:
        return None
    recall = NeuronDynamics(neuron.recall, neuron.rounding, None)
    recalled = [recall.decay(bound) for bound in inhibitory]
    membrane = (
        excitatory[0] + inhibitory[0] + np.minimum(np.minimum(*recalled), 0),
        excitatory[1] + inhibitory[1] + np.maximum(np.maximum(*recalled), 0),
    )
    if max(-int(membrane[0].min()), int(membrane[1].max())) > limit:
        return None
    return AlphaRanges(excitatory, inhibitory, membrane)
