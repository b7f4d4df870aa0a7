# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What passes that remove channels say about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnir.calibration.comparison import Comparison, compare_networks
from snnir.calibration.held_out import Split, check_held_out
from snnir.dialects import snn
from snnir.layers.counts import Counts, count_network
from snnir.support.pass_base import SNNPass

LISTED = 12
"""Longer lists of channels are cut in messages; the metrics have them all."""

KeptChannels = dict[str, NDArray[np.bool_]]
"""By layer, the channels of the original network that are still there."""


def report_pruning(
    reporter: SNNPass,
    original: snn.NetworkOp,
    network: snn.NetworkOp,
    kept: KeptChannels,
    split: Split,
    *,
    max_held_out_loss: float | None,
    device: str,
) -> None:
    """Compare a network with what it was before channels were removed, and say what changed.

    Args:
        reporter: the pass, whose remarks and statistics these become.
        kept: by layer, the channels of the original network that are still there.
        split: the samples that chose, and those that were held out.

    Raises:
        SNNError: the network loses more than `max_held_out_loss` on the held-out samples.
    """
    before, after = count_network(original), count_network(network)
    comparison = compare_networks(
        original, network, kept, split.chosen, device=device, progress=True
    )
    message, metrics = describe_pruning(before, after, kept, comparison)
    reporter.remark(network, message, **metrics)
    check = check_held_out(
        original, network, kept, split, comparison, max_held_out_loss, device=device, progress=True
    )
    if check is not None:
        message, metrics = check.describe()
        reporter.remark(network, message, **metrics)
    reporter.statistics.add("parameters removed", before.parameters - after.parameters)
    reporter.statistics.add("MACs per step removed", before.macs - after.macs)


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
