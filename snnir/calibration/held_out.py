# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether what a pass chose on calibration data also holds on samples that it did not see.

A pass that chooses by a few samples finds what is true of these samples. So a part of the
calibration data is put aside, the pass chooses on the rest, and the network before and after it
is compared on both parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnir.calibration.comparison import Comparison, compare_networks
from snnir.data import Dataset
from snnir.dialects.network import NetworkOpBase
from snnir.support.diagnostics import emit_warning, error_at

FEWEST = 10
"""Fewer samples than this say nothing: even if all agree, the interval reaches down to 0.72."""

SHARE = 0.25
"""The share that passes hold out by default."""

Z = 1.96
"""Of the standard normal distribution, for intervals of 95 %."""


@dataclass(frozen=True, eq=False)
class Split:
    """Calibration data in two parts.

    Attributes:
        chosen: what a pass chooses on.
        held_out: what it is checked on; None where too few samples would be left for that, and then
            `chosen` is everything.
    """

    chosen: Dataset
    held_out: Dataset | None


def split_calibration(
    data: Dataset,
    share: float,
    network: NetworkOpBase,
    largest_loss: float | None = None,
) -> Split:
    """Put a share of the data aside, always the same, evenly over classes and data order.

    With the samples sorted by class, and in data order within one, those are taken where the
    multiples of `share` pass a whole number. Where that gives fewer than `FEWEST`, none are.

    Raises:
        SNNError: at the network; an option is out of range, or a largest loss is asked for and
            there are too few samples to measure it.
    """
    if not 0 <= share < 1:
        raise error_at(network, f"option held-out must be at least 0 and below 1, got {share}")
    if largest_loss is not None and not 0 <= largest_loss <= 1:
        raise error_at(network, f"option max-held-out-loss must be 0 to 1, got {largest_loss}")
    labels = np.zeros(len(data), np.int64) if data.y is None else data.y
    # Against 0.3 * 10 being less than 3.
    passed = np.floor(np.arange(len(data) + 1) * share + 1e-9)
    aside = np.zeros(len(data), np.bool_)
    aside[np.argsort(labels, kind="stable")] = np.diff(passed) > 0
    count = int(np.count_nonzero(aside))
    if count >= FEWEST:
        return Split(_part(data, ~aside), _part(data, aside))
    if largest_loss is not None:
        raise error_at(
            network,
            f"option max-held-out-loss needs at least {FEWEST} held-out samples; held-out={share:g}"
            f" of {len(data)} are {count}: give more samples or a larger share",
        )
    return Split(data, None)


def _part(data: Dataset, chosen: NDArray[np.bool_]) -> Dataset:
    return Dataset(data.x[chosen], None if data.y is None else data.y[chosen], data.name)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """The interval of 95 % for the probability of so many successes in so many trials.

    Wilson 1927, without continuity correction.
    """
    fraction = successes / trials
    centre = fraction + Z**2 / (2 * trials)
    half = Z * sqrt(fraction * (1 - fraction) / trials + Z**2 / (4 * trials**2))
    scale = 1 + Z**2 / trials
    return max((centre - half) / scale, 0.0), min((centre + half) / scale, 1.0)


@dataclass(frozen=True)
class HeldOutCheck:
    """A network before and after a change, on the samples of the choice and on others."""

    chosen: Comparison
    held_out: Comparison

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share of decisions that stay, on data like the held-out samples."""
        samples = self.held_out.samples
        return wilson_interval(samples - self.held_out.changed_labels, samples)

    @property
    def overfits(self) -> bool:
        """Whether decisions stay less often than on the samples of the choice, beyond chance."""
        return self.chosen.agreement > self.interval[1]

    @property
    def loss(self) -> float:
        """Accuracy lost on the held-out samples; without labels, the share of other decisions."""
        before, after = self.held_out.accuracy_before, self.held_out.accuracy_after
        if before is None or after is None:
            return 1 - self.held_out.agreement
        return before - after

    def describe(self) -> tuple[str, dict[str, Any]]:
        """The message and the metrics of the remark about the check."""
        held, (low, high) = self.held_out, self.interval
        message = (
            f"on {held.samples} held-out samples {100 * held.agreement:.1f} % of the decisions are "
            f"as before (95 % interval {100 * low:.1f} to {100 * high:.1f}), on the "
            f"{self.chosen.samples} that chose {100 * self.chosen.agreement:.1f} %; the remaining "
            f"neurons fire {_change(held)}, there {_change(self.chosen)}"
        )
        if held.accuracy_before is not None and held.accuracy_after is not None:
            before, after = 100 * held.accuracy_before, 100 * held.accuracy_after
            message += f"; held-out accuracy {before:.1f} % -> {after:.1f} %"
        metrics = {
            "held_out_samples": held.samples,
            "held_out_agreement": held.agreement,
            "held_out_interval": [low, high],
            "held_out_accuracy": [held.accuracy_before, held.accuracy_after],
            "samples": self.chosen.samples,
            "agreement": self.chosen.agreement,
        }
        return message, metrics


def describe_split(split: Split) -> str:
    """On how many samples a pass chose, for messages."""
    if split.held_out is None:
        return f"{len(split.chosen)} samples, none held out"
    return f"{len(split.chosen)} samples, {len(split.held_out)} held out"


def _change(comparison: Comparison) -> str:
    """How the number of spikes changed."""
    before, after = comparison.spikes_before, comparison.spikes_after
    if before == after:
        return "as often"
    return f"{100 * (after - before) / before:+.2f} %" if before else f"{after:,} times, not never"


def check_held_out(
    before: NetworkOpBase,
    after: NetworkOpBase,
    kept: Mapping[str, NDArray[np.bool_]] | None,
    split: Split,
    chosen: Comparison,
    largest_loss: float | None = None,
    *,
    device: str = "cpu",
    progress: bool = False,
) -> HeldOutCheck | None:
    """Compare both networks on the held-out samples; warn at `after` if the choice overfits.

    Args:
        kept: as for `compare_networks`.
        chosen: the comparison on `split.chosen`.
        largest_loss: the largest loss (`HeldOutCheck.loss`) that is no error.

    Returns:
        what was found; None if no samples were held out.

    Raises:
        SNNError: at `after`; the loss is larger, or a network cannot be executed.
    """
    if split.held_out is None:
        return None
    held_out = compare_networks(
        before, after, kept, split.held_out, device=device, progress=progress
    )
    check = HeldOutCheck(chosen, held_out)
    if largest_loss is not None and check.loss > largest_loss:
        what = "% of the decisions" if held_out.accuracy_before is None else "points of accuracy"
        raise error_at(
            after,
            f"loses {100 * check.loss:.1f} {what} on {held_out.samples} held-out samples, more "
            f"than max-held-out-loss={largest_loss:g}; calibrate on more samples or remove less",
        )
    if check.overfits:
        emit_warning(
            after,
            f"what the calibration data show does not hold for others: "
            f"{100 * held_out.agreement:.1f} % of the decisions on {held_out.samples} held-out "
            f"samples are as before, but {100 * chosen.agreement:.1f} % on the {chosen.samples} "
            "that chose; calibrate on more samples or remove less",
        )
    return check
