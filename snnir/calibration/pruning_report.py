# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What passes that remove channels say about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnir.calibration.comparison import Comparison
from snnir.layers.counts import Counts

LISTED = 12
"""Longer lists of channels are cut in messages; the metrics have them all."""

KeptChannels = dict[str, NDArray[np.bool_]]
"""By layer, the channels of the original network that are still there."""


def describe_pruning(
    before: Counts, after: Counts, kept: Mapping[str, NDArray[np.bool_]], comparison: Comparison
) -> tuple[str, dict[str, Any]]:
    """The message and the metrics of the remark about a whole network."""
    removed = sum(int(np.count_nonzero(~channels)) for channels in kept.values())
    channels = sum(len(each) for each in kept.values())
    ratio = f" ({before.macs / after.macs:.2f}x fewer)" if after.macs else ""
    message = (
        f"removed {removed} of {channels} channels; parameters {before.parameters:,} -> "
        f"{after.parameters:,}, neurons {before.neurons:,} -> {after.neurons:,}, MACs per step "
        f"{before.macs:,} -> {after.macs:,}{ratio}; {describe_comparison(comparison)}"
    )
    metrics = {
        "removed": removed,
        "channels": channels,
        "parameters": [before.parameters, after.parameters],
        "neurons": [before.neurons, after.neurons],
        "macs": [before.macs, after.macs],
        "samples": comparison.samples,
        "different_spikes": comparison.different,
        "compared_spikes": comparison.values,
        "changed_labels": comparison.changed_labels,
        "accuracy": [comparison.accuracy_before, comparison.accuracy_after],
    }
    return message, metrics


def describe_comparison(comparison: Comparison) -> str:
    """What a change to a network does on the data that it was compared on."""
    if comparison.is_exact:
        text = f"exact on {comparison.samples} samples: all spikes and decisions are equal"
    else:
        text = (
            f"on {comparison.samples} samples {comparison.different:,} of {comparison.values:,} "
            f"spikes of the remaining neurons and {comparison.changed_labels} decisions changed"
        )
    if comparison.accuracy_before is None or comparison.accuracy_after is None:
        return text
    before, after = comparison.accuracy_before, comparison.accuracy_after
    return f"{text}; accuracy {100 * before:.1f} % -> {100 * after:.1f} %"


def list_channels(channels: Sequence[int]) -> str:
    """Channel numbers, cut after the first few."""
    shown = ", ".join(map(str, channels[:LISTED]))
    return shown if len(channels) <= LISTED else f"{shown}, ..."
