# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How well a network does at another number of steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from snnir.data import Dataset
from snnir.dialects import snn
from snnir.executors.torch_executor import TorchExecutor
from snnir.support.diagnostics import error_at
from snnir.temporal.reduction import LONGER_STEPS, Reduction

EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Candidates for the exponent with which thresholds follow the length of a step."""


@dataclass(frozen=True)
class Candidate:
    """A number of steps with the best exponent for it and the score that it reaches."""

    timesteps: int
    exponent: float
    score: float


class Search:
    """Scores networks at any number of steps on the same samples.

    Args:
        network: runs at the number of steps of `data`; the score of others is compared with its.
        metric: `accuracy`, or `agreement` with the decisions of `network`.
        reduction: how networks and samples get fewer steps.

    Raises:
        SNNError: the accuracy is asked for and the data have no labels.
    """

    def __init__(
        self,
        network: snn.NetworkOp,
        data: Dataset,
        metric: str,
        device: str | torch.device = "cpu",
        reduction: Reduction = LONGER_STEPS,
    ):
        self._network, self._x, self._device = network, data.x, device
        self.reduction = reduction
        labels = TorchExecutor(network, device).run(data.x).labels
        if metric == "agreement":
            self._wanted: NDArray[np.int64] = labels
        elif data.y is None:
            raise error_at(
                network, f"the calibration data '{data.name}' has no labels; add them under the "
                "key y, or use metric=agreement"
            )  # fmt: skip
        else:
            self._wanted = data.y
        self.reference = float((labels == self._wanted).mean())

    def score(self, network: snn.NetworkOp) -> float:
        """The score of a network at its own number of steps."""
        x = self.reduction.present(self._x, network.timesteps.value.data)
        return float((TorchExecutor(network, self._device).run(x).labels == self._wanted).mean())

    def best(self, timesteps: int, network: snn.NetworkOp | None = None) -> Candidate:
        """The best exponent with which a network can be brought to a number of steps.

        `network` is the one that the search was made for unless another is given; that may already
        run in fewer steps.
        """
        candidates = []
        for exponent in EXPONENTS:
            trial = (network or self._network).clone()
            self.reduction.change(trial, timesteps, exponent)
            candidates.append(Candidate(timesteps, exponent, self.score(trial)))
        return max(candidates, key=lambda candidate: candidate.score)
