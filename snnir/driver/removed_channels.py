# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares a network with other channels, or in another order, with the one before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.executors.result import ExecutionResult, Recording
from snnir.layers.kept_channels import kept_channels_of
from snnir.support.diagnostics import SNNError

REMOVED = -1

Kept = Mapping[str, NDArray[np.int64]]
"""For each layer that lost or gained channels, where each channel of the complete layer is in the
simplified one, (channels,), or `REMOVED`."""


def kept_channels(complete: NetworkOpBase, simplified: NetworkOpBase) -> Kept:
    """Where the channels of `complete` are in `simplified`; both are `qsnn` networks.

    Channels that were added to `complete` already do not count: with one network twice this says
    where those are that it had before.
    """
    kept: dict[str, NDArray[np.int64]] = {}
    ops = {name: op for op, name in layer_names(simplified).items()}
    for op, name in layer_names(complete).items():
        before, after = (_channels(each) for each in (op, ops[name]))
        before = before[before >= 0]
        if not np.array_equal(before, after):
            place = {number: index for index, number in enumerate(after.tolist())}
            kept[name] = np.array([place.get(n, REMOVED) for n in before.tolist()], np.int64)
    return kept


def _channels(op: Operation) -> NDArray[np.int64]:
    return kept_channels_of(op, shape_of(op.results[0].type)[0])


def restore_channels(result: ExecutionResult, kept: Kept) -> ExecutionResult:
    """The result as if all layers had their channels of before: removed ones never spike.

    Their membranes are zero and marked as not known (`Recording.removed`), so that nobody compares
    them; that they never spike is compared. Channels that were added are left out.

    Raises:
        SNNError: an added channel spiked, which is a defect.
    """
    if result.recording is None or not kept:
        return result
    recording, spikes = result.recording, dict(result.recording.spikes)
    membranes, computed = dict(recording.membranes), dict(recording.computed)
    removed = dict(recording.removed)
    for name, places in kept.items():
        if name in spikes:
            _require_silence(name, spikes[name], places)
            spikes[name] = _arrange(spikes[name], places, 2, False)
        if name in membranes:
            membranes[name] = _arrange(membranes[name], places, 2, 0)
            trailing = [1] * (membranes[name].ndim - 3)
            removed[name] = (places == REMOVED).reshape(-1, *trailing)
        if name in computed:
            computed[name] = _arrange(computed[name], places, 0, True)
    complete = Recording(spikes, membranes, computed, removed)
    return ExecutionResult(result.scores, result.labels, complete)


def _require_silence(name: str, spikes: NDArray, places: NDArray[np.int64]) -> None:
    """Raise `SNNError` if a channel fired that the complete layer does not have."""
    fired = np.flatnonzero(spikes.any(axis=tuple(axis for axis in range(spikes.ndim) if axis != 2)))
    if len(wrong := np.setdiff1d(fired, places)):
        raise SNNError(
            f"channel {wrong[0]} of layer '{name}' fired, which was added as one that never fires: "
            "this is a defect of snnir"
        )


def _arrange(values: NDArray, places: NDArray[np.int64], axis: int, fill: int | bool) -> NDArray:
    """Channels of an axis in the places of before, `fill` where they were removed."""
    shape = (*values.shape[:axis], len(places), *values.shape[axis + 1 :])
    complete = np.full(shape, fill, values.dtype)
    left = places != REMOVED
    complete.swapaxes(0, axis)[left] = values.swapaxes(0, axis)[places[left]]
    return complete
