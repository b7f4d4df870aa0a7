# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many outputs along an axis an active input of a convolution reaches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snnir.costs.signals import Floats


@dataclass(frozen=True, eq=False)
class Reach:
    """The distribution of the number of outputs that an active input reaches.

    Attributes:
        taps: most outputs.
        shares: probability of 0, 1, … `taps` outputs.
    """

    taps: int
    shares: Floats

    def expect(self, function: Callable[[int], float]) -> float:
        """Mean of a function of the number, 0 where no output is reached."""
        return float(sum(s * function(n) for n, s in enumerate(self.shares) if n and s))

    @property
    def mean(self) -> float:
        """Mean number of outputs."""
        return self.expect(float)

    @property
    def chance(self) -> float:
        """Probability of reaching any."""
        return float(1 - self.shares[0])

    @property
    def mean_reached(self) -> float:
        """Mean number of outputs of an input that reaches one."""
        return self.mean / max(self.chance, 1e-9)


@lru_cache(maxsize=256)
def connections(
    size: int, taps: int, outputs: int, stride: int, padding: int, dilation: int
) -> tuple[tuple[int, ...], ...]:
    """For each input coordinate the taps through which it reaches an output."""
    result: list[list[int]] = [[] for _ in range(size)]
    for output in range(outputs):
        for tap in range(taps):
            coordinate = output * stride + tap * dilation - padding
            if 0 <= coordinate < size:
                result[coordinate].append(tap)
    return tuple(map(tuple, result))


def counts(
    size: int, taps: int, outputs: int, stride: int, padding: int, dilation: int
) -> tuple[int, ...]:
    """For each input coordinate the number of outputs that it reaches."""
    return tuple(map(len, connections(size, taps, outputs, stride, padding, dilation)))


def tap_sets(
    size: int, taps: int, outputs: int, stride: int, padding: int, dilation: int,
    shares: Floats | None,
) -> dict[tuple[int, ...], float]:  # fmt: skip
    """The taps through which inputs reach outputs, with the share of the active inputs of each set.

    Arguments as in `reach`.
    """
    found: dict[tuple[int, ...], float] = defaultdict(float)
    connected = connections(size, taps, outputs, stride, padding, dilation)
    for reached, share in zip(connected, _weights(size, shares), strict=True):
        found[reached] += share
    return found


def reach(
    size: int, taps: int, outputs: int, stride: int, padding: int, dilation: int,
    shares: Floats | None,
) -> Reach:  # fmt: skip
    """The reach along one axis of `size` inputs.

    Args:
        shares: of the active inputs at each coordinate; None for all alike. Coordinates beyond them
            are not computed, and never active.
    """
    found = np.zeros(taps + 1)
    for number, share in zip(
        counts(size, taps, outputs, stride, padding, dilation), _weights(size, shares), strict=True
    ):
        found[number] += share
    return Reach(taps, found)


def _weights(size: int, shares: Floats | None) -> Floats:
    """The share of the active inputs at each coordinate."""
    if shares is None:
        return np.full(size, 1 / size)
    return np.pad(shares, (0, max(size - len(shares), 0)))[:size]


def uncut(
    size: int, taps: int, outputs: int, stride: int, padding: int, shares: Floats | None
) -> tuple[float, float]:
    """Share of the active inputs that no border cuts the kernel of, and how many outputs they reach
    along one axis, per active input; without dilation. Arguments as in `reach`.
    """
    padded = np.arange(size) + padding
    inside = (padded >= taps - 1) & (padded < outputs * stride)
    weights = _weights(size, shares) * inside
    reached = np.array(counts(size, taps, outputs, stride, padding, 1))
    return float(weights.sum()), float(weights @ reached)
