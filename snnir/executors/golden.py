# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden vectors: inputs with the scores that the exact `qsnn` network computes for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import Readout
from snnir.executors.presentation import Presentation
from snnir.executors.torch_executor import TorchExecutor


@dataclass(frozen=True, eq=False)
class GoldenVectors:
    """Inputs and what the generated library must compute.

    Attributes:
        x: integers (samples, timesteps, *shape), or (samples, *shape) for a static input.
        scores: int32 (samples, outputs): the value of `<name>_scores` after the last step.
        classes: int32 (samples,): the value of `<name>_readout`.
    """

    x: NDArray
    scores: NDArray[np.int32]
    classes: NDArray[np.int32]


def golden_vectors(network: NetworkOpBase, x: ArrayLike) -> GoldenVectors:
    """Run a `qsnn` network on all samples of `x`."""
    executor = TorchExecutor(network)
    presentation = Presentation(network, x)
    scores: NDArray[np.int64] | None = None
    for step in executor.steps(presentation, slice(0, len(presentation))):
        values = step.values[network.outputs[0]].numpy().astype(np.int64)
        values = values.reshape(len(values), -1)
        scores = _accumulate(network.readout.data, scores, values, step.index)
    assert scores is not None
    classes = executor.run(x).labels
    return GoldenVectors(np.asarray(x), scores.astype(np.int32), classes.astype(np.int32))


def _accumulate(
    readout: Readout, scores: NDArray[np.int64] | None, values: NDArray[np.int64], step: int
) -> NDArray[np.int64]:
    """What the generated library stores: see the kernels of `readout.h`."""
    if readout is Readout.FIRST_SPIKE:
        first = np.where(values != 0, step + 1, 0)
        return first if scores is None else np.where(scores == 0, first, scores)
    if scores is None or readout is Readout.LAST_MEMBRANE:
        return values
    return np.maximum(scores, values) if readout is Readout.MAX_MEMBRANE else scores + values
