# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares a network that lost channels with the complete one, neuron by neuron."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.executors.result import ExecutionResult, Recording
from snnir.layers.kept_channels import kept_channels_of

Kept = Mapping[str, NDArray[np.bool_]]
"""For each layer that lost channels, which ones of the complete layer are left, (channels,)."""


def kept_channels(complete: NetworkOpBase, simplified: NetworkOpBase) -> Kept:
    """Which channels of `complete` are left in `simplified`; both are `qsnn` networks."""
    kept: dict[str, NDArray[np.bool_]] = {}
    ops = {name: op for op, name in layer_names(simplified).items()}
    for op, name in layer_names(complete).items():
        before, after = (_channels(each) for each in (op, ops[name]))
        if not (left := np.isin(before, after)).all():
            kept[name] = left
    return kept


def _channels(op: Operation) -> NDArray[np.int64]:
    return kept_channels_of(op, shape_of(op.results[0].type)[0])


def restore_channels(result: ExecutionResult, kept: Kept) -> ExecutionResult:
    """The result as if all layers had all channels: removed ones never spike.

    Their membranes are zero and marked as not known (`Recording.removed`), so that nobody compares
    them; that they never spike is compared.
    """
    if result.recording is None or not kept:
        return result
    recording, spikes = result.recording, dict(result.recording.spikes)
    membranes, computed = dict(recording.membranes), dict(recording.computed)
    removed = dict(recording.removed)
    for name, left in kept.items():
        if name in spikes:
            spikes[name] = _expand(spikes[name], left, 2, False)
        if name in membranes:
            membranes[name] = _expand(membranes[name], left, 2, 0)
            trailing = [1] * (membranes[name].ndim - 3)
            removed[name] = ~left.reshape(-1, *trailing)
        if name in computed:
            computed[name] = _expand(computed[name], left, 0, True)
    complete = Recording(spikes, membranes, computed, removed)
    return ExecutionResult(result.scores, result.labels, complete)


def _expand(values: NDArray, left: NDArray[np.bool_], axis: int, fill: int | bool) -> NDArray:
    """Insert `fill` where channels are missing along an axis."""
    shape = (*values.shape[:axis], len(left), *values.shape[axis + 1 :])
    complete = np.full(shape, fill, values.dtype)
    complete.swapaxes(0, axis)[left] = values.swapaxes(0, axis)
    return complete
