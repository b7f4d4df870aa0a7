# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where kernels are added that come in groups: where many spike, two at a time."""

from __future__ import annotations

import numpy as np

from snnir.costs.signals import Floats, Signal


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
