# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden vectors: inputs with the scores that the exact `qsnn` network computes for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import Readout
from snnir.executors.presentation import Presentation
from snnir.executors.readout import ReadoutAccumulator
from snnir.executors.result import ExecutionResult
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


def golden_vectors(
    network: NetworkOpBase, x: ArrayLike, *, progress: bool = False
) -> GoldenVectors:
    """Run a `qsnn` network on all samples of `x`.

    Args:
        progress: show a progress bar on standard error if that is a terminal.
    """
    presentation = Presentation(network, x)
    readout = ReadoutAccumulator(network, len(presentation))
    scores: NDArray[np.int64] | None = None
    steps = TorchExecutor(network).steps(presentation, slice(0, len(presentation)))
    hidden = None if progress else True
    for step in tqdm(steps, total=presentation.timesteps, unit="step", disable=hidden):
        values = step.values[network.outputs[0]].numpy()
        readout.add(values)
        values = values.astype(np.int64).reshape(len(values), -1)
        scores = _accumulate(network.readout.data, scores, values, step.index)
    assert scores is not None
    classes = ExecutionResult.from_scores(readout.scores()).labels
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
