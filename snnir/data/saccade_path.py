# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the image moves over the sensor during a simulated recording: three saccades in a triangle.

Orchard et al. 2015 ("Converting static image datasets to spiking neuromorphic datasets using
saccades") turned a camera on a motor along a triangle, one edge every 105 ms. The motor neither
starts nor stops at once; the course of its speed was measured on the recordings, as the mean rate
of events in parts of 5 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SACCADE_MILLISECONDS = 105.0
"""Time between the commands of two saccades to the motor."""

DURATION_MILLISECONDS = 312
"""Length of a simulated recording."""

_PROFILE_MILLISECONDS = 5.0
_GRID_MILLISECONDS = 0.25
_LONGEST_STEP_MILLISECONDS = 4.0
# The speed is averaged over these offsets: its parts of 5 ms would be felt as jerks.
_SMOOTHING_MILLISECONDS = (-2.0, 0.0, 2.0)


@dataclass(frozen=True)
class Saccade:
    """One movement of the image along a straight line.

    Attributes:
        columns: displacement to the right, pixels.
        rows: displacement downwards, pixels.
        lead: how much earlier than at its multiple of 105 ms the saccade happens, milliseconds.
        speed: speed in consecutive parts of 5 ms; only the ratios count.
    """

    columns: float
    rows: float
    lead: float
    speed: tuple[float, ...]


MEASURED_SACCADES = (
    Saccade(
        columns=1.779,
        rows=6.711,
        lead=0.3443,
        speed=(
            33.7, 11.9, 24.5, 36.2, 51.1, 84.3, 95.5, 120.2, 120.5, 146.4, 150.0, 136.4, 117.7,
            102.4, 71.6, 24.9, 15.9, 7.2, 6.6, 9.0, 14.1,
        ),
    ),
    Saccade(
        columns=3.858,
        rows=-5.878,
        lead=0.01556,
        speed=(
            75.7, 34.9, 31.5, 41.6, 76.6, 89.3, 99.0, 133.0, 121.0, 150.0, 137.5, 137.8, 113.1,
            88.2, 49.2, 26.8, 14.5, 13.0, 18.0, 23.7, 19.7,
        ),
    ),
    Saccade(
        columns=-5.717,
        rows=0.0579,
        lead=0.2054,
        speed=(
            59.2, 14.9, 4.0, 15.1, 59.6, 113.2, 115.9, 125.2, 124.5, 150.0, 130.3, 136.5, 88.9,
            75.3, 71.0, 48.5, 30.5, 10.6, 3.2, 1.0, 0.4,
        ),
    ),
)  # fmt: skip
"""The saccades of N-MNIST, fitted to the recordings of training items 1 to 500."""


@dataclass(frozen=True)
class SaccadePath:
    """The course of the displacement of the image's upper left corner from that of the sensor.

    Attributes:
        start: displacement at time 0 as (columns, rows), pixels.
        saccades: the movements, one after the other.
    """

    start: tuple[float, float] = (0.3581, 0.32)
    saccades: tuple[Saccade, ...] = MEASURED_SACCADES

    def displacement(self, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return columns and rows, float64 (times,) in pixels, at `time` (times,) milliseconds."""
        columns = np.full(time.shape, self.start[0])
        rows = np.full(time.shape, self.start[1])
        for number, saccade in enumerate(self.saccades):
            covered = np.concatenate([[0.0], np.cumsum(np.asarray(saccade.speed))])
            covered /= covered[-1]
            knots = np.arange(len(covered)) * _PROFILE_MILLISECONDS
            begin = SACCADE_MILLISECONDS * number
            part = sum(
                np.interp(time + offset + saccade.lead - begin, knots, covered, 0.0, 1.0)
                for offset in _SMOOTHING_MILLISECONDS
            ) / len(_SMOOTHING_MILLISECONDS)
            columns += saccade.columns * part
            rows += saccade.rows * part
        return columns, rows

    def sample_times(self, step: float) -> np.ndarray:
        """Return the times, float64 (times,) in milliseconds, at which the sensor is evaluated.

        A new time comes whenever the image has moved by `step` pixels or 4 ms have passed, the two
        added up; the first is 0 and the last `DURATION_MILLISECONDS`.
        """
        time = np.arange(0, DURATION_MILLISECONDS + _GRID_MILLISECONDS, _GRID_MILLISECONDS)
        columns, rows = self.displacement(time)
        moved = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(columns), np.diff(rows)))])
        progress = moved / step + time / _LONGEST_STEP_MILLISECONDS
        chosen = np.searchsorted(progress, np.arange(int(progress[-1]) + 1))
        return time[np.unique(np.concatenate([[0], chosen, [len(time) - 1]]))]
