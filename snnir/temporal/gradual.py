# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fewer steps in stages, each trained from the one before (arXiv 2104.12528, 2110.05929).

"Starts with an SNN trained with T timesteps; at each stage of latency reduction, the network
trained at the previous stage with higher timestep is utilised as initialisation for subsequent
training with lower timestep" (2110.05929). At each stage the neurons are first adjusted as without
training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from snnir.data import Dataset
from snnir.dialects import snn
from snnir.temporal.search import Search
from snnir.training import SurrogateName, TrainableNetwork, Training, TrainingResult, train


@dataclass(frozen=True)
class Stage:
    """A network at fewer steps.

    Attributes:
        exponent: the one that thresholds were adjusted with, from the stage before.
        untrained, trained: scores on the samples of the search, before and after training; the
            better one is the network's.
    """

    network: snn.NetworkOp
    exponent: float
    untrained: float
    trained: float
    training: TrainingResult

    @property
    def score(self) -> float:
        """Score of the network on the samples of the search."""
        return max(self.untrained, self.trained)

    @property
    def timesteps(self) -> int:
        """Number of steps."""
        return self.network.timesteps.value.data


def step_counts(steps: int, factor: float, lowest: int) -> Iterator[int]:
    """`steps * factor` rounded down, and so on, each at least one less, down to `lowest`.

    >>> list(step_counts(16, 0.75, 4))
    [12, 9, 6, 4]

    The factor lies between 0 and 1.
    """
    assert 0 < factor < 1
    while steps > lowest:
        steps = max(lowest, min(steps - 1, int(steps * factor)))
        yield steps


def train_stages(
    network: snn.NetworkOp,
    counts: Iterator[int],
    search: Search,
    data: Dataset,
    training: Training,
    *,
    device: str = "cpu",
    train_thresholds: bool = False,
    surrogate: SurrogateName = "atan",
    progress: bool = False,
) -> Iterator[Stage]:
    """Bring a copy of `network` to each number of steps in turn, training at each.

    A stage stays untrained if training lowers its score.

    Args:
        data: training data at the steps of `network`, with the labels to learn.
    """
    current = network
    for timesteps in counts:
        candidate = search.best(timesteps, current)
        current = current.clone()
        search.reduction.change(current, timesteps, candidate.exponent)
        module = TrainableNetwork(
            current, surrogate=surrogate, train_thresholds=train_thresholds, device=device
        )
        shorter = Dataset(search.reduction.present(data.x, timesteps), data.y, data.name)
        result = train(module, shorter, training, progress=progress)
        trained = current.clone()
        module.write_back(trained)
        score = search.score(trained)
        # Training data that the network knows by heart can make it worse on others.
        current = trained if score >= candidate.score else current
        yield Stage(current, candidate.exponent, candidate.score, score, result)
