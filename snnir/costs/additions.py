# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How often kernels are added for inputs with values, and where those that come in groups: where
many spike, two at a time.
"""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from snnir.costs.signals import Floats, Signal


def repetitions(signal: Signal, largest: int) -> tuple[float, float]:
    """The sum of the values of a mean step from 1 to the largest, and how many other values there
    are, which are multiplied.

    Counts beyond 1 are taken to fall off geometrically where they were not measured, and real
    values to be large.
    """
    if signal.values is not None:
        small = signal.values[:largest]
        total = float(small @ np.arange(1, largest + 1))
        return total, max(signal.active - float(small.sum()), 0.0)
    if signal.real:
        return 0.0, signal.active
    more = 1 - signal.active / max(signal.total, signal.active, 1e-9)
    counts = np.arange(1, largest + 1)
    repeated = float(np.sum(counts * (1 - more) * more ** (counts - 1)))
    return signal.active * repeated, signal.active * more**largest


def multiplied_share(values: SSAValue | None, signal: Signal, largest: int) -> float:
    """Share of the active elements that are not 1 to the largest, if there are values at all."""
    if values is None:
        return 0.0
    return repetitions(signal, largest)[1] / max(signal.active, 1e-9)


ASSUMED_MAGNITUDE = 40.0
"""Of a real value as an integer, where it was not measured."""


def magnitudes_beyond(signal: Signal, largest: int) -> float:
    """The sum of the magnitudes of the values of a mean step that are not 1 to the largest."""
    if signal.values is not None and signal.magnitudes is not None:
        counts = np.arange(1, len(signal.values) + 1)
        return float(signal.values[largest:] @ counts[largest:]) + signal.magnitudes
    added, others = repetitions(signal, largest)
    return others * ASSUMED_MAGNITUDE if signal.real else max(signal.total - added, 0.0)


def additions_along(
    signal: Signal, axis: int, groups: int, additions: float, ones: float
) -> tuple[Floats | None, Floats | None]:
    """Shares of the additions of two kernels, and of single ones, in each row or column.

    A position adds what is left of an odd number of kernels as a single one; that happens
    everywhere alike. It adds the more kernels the more spikes it has.

    Args:
        axis: 0 for rows, 1 for columns.
        groups: kernels that a position adds at most; a spike brings any of them.
        additions: kernels of an active position, on average.
        ones: of these the ones that are added alone.
    """
    places = signal.along[axis]
    fired = (signal.active_rows, signal.active_columns)[axis]
    if places is None or fired is None or signal.positions <= 0:
        return places, places
    spikes = fired * signal.active / np.maximum(places * signal.positions, 1e-9)
    kernels = places * groups * (1 - (1 - 1 / groups) ** spikes)
    kernels *= additions / max(float(kernels.sum()), 1e-9)
    pairs = np.maximum(kernels - ones * places, 0.0)
    return (pairs / pairs.sum() if pairs.sum() > 0 else places), places


def odd_share(signal: Signal, kernels: float, runs: float) -> float:
    """Share of the runs with an odd number of kernels.

    As measured, else as if a run had one kernel, and further ones independently of each other.
    """
    if signal.together is not None and abs(signal.positions - runs) < 1e-6 * runs:
        return float(signal.together[::2].sum() / max(signal.together.sum(), 1e-9))
    return float(1 + np.exp(-2 * max(kernels / runs - 1, 0.0))) / 2
