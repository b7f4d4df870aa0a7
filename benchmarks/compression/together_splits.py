# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far rules of choice can be trusted: the real recordings split again, many times.

One test half tells little about a rule: what a network loses there has a standard error of nearly
two points. So both halves are put together and split at random, the rule chooses by one part and
the loss is that on the other one, which the rule has not seen. Networks are those of seed 0.
Nothing is chosen here: the rule that the benchmark uses is fixed in `nmnist_pool.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from nmnist_candidates import Candidate
from nmnist_networks import real_recordings
from nmnist_pool import CONFIDENCE, Paired, Right, paired_loss
from numpy.typing import NDArray
from together_choice import AIMS, LOSSES, Known, by_cost

from snnir.costs.goals import Goal

SPLITS, SEED = 1_000, 0
MARGINS = (0.0, 1.0, CONFIDENCE)
"""Standard errors that a rule adds to a loss."""


@dataclass(frozen=True)
class Trust:
    """What a rule does over many splits and all losses that are allowed.

    Attributes:
        over: share of the choices that lose more than allowed on the other part.
        clearly: that do by more than one standard error.
        excess: mean of the loss on the other part beyond what is allowed.
        cost: mean cost of the choices.
        without: share of the cases in which nothing is accepted.
    """

    margin: float
    over: float
    clearly: float
    excess: float
    cost: float
    without: float


def halves(generator: np.random.Generator, labels: NDArray) -> tuple[NDArray, NDArray]:
    """Indices of two random halves with as many samples of each class (but for one)."""
    order = generator.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    return order[::2], order[1::2]


def all_labels(steps: int) -> NDArray:
    """Classes of the real recordings, of the calibration half first."""
    return np.concatenate([half.labels() for half in real_recordings(steps)])


def trust(
    margin: float, reference: Candidate, eligible: Sequence[Candidate], goal: Goal, known: Known
) -> Trust:
    """Apply a rule to random splits.

    Args:
        eligible: the candidates, the cheapest first.
    """
    _, cost = AIMS[goal]
    generator = np.random.default_rng(SEED)
    labels = all_labels(reference.steps)
    all_right = _both_halves(reference, known)
    differences = [_Differences(all_right, reference, each, known) for each in eligible]
    losses, costs, cases = [], [], 0
    for _ in range(SPLITS):
        first, second = halves(generator, labels)
        limits = [each.limit(first, margin) for each in differences]
        for allowed in LOSSES:
            cases += 1
            accepted = [i for i, limit in enumerate(limits) if limit <= allowed + 1e-9]
            if accepted:
                lost = differences[accepted[0]].on(second)
                losses.append((lost.loss - allowed, lost.error))
                costs.append(cost(eligible[accepted[0]]))
    excess, errors = np.array(losses).T
    return Trust(
        margin,
        float(np.mean(excess > 1e-9)),
        float(np.mean(excess - errors > 1e-9)),
        float(excess.mean()),
        float(np.mean(costs)),
        1 - len(losses) / cases,
    )


def _both_halves(candidate: Candidate, known: Known) -> Right:
    return np.concatenate([candidate.decided.real, known.test(candidate.recipe).real])


class _Differences:
    """What a candidate loses on each recording of all."""

    def __init__(self, right: Right, reference: Candidate, candidate: Candidate, known: Known):
        self._right, self._own = right, _both_halves(candidate, known)
        self._simulated = (reference.decided.simulated, candidate.decided.simulated)

    def on(self, part: NDArray) -> Paired:
        """The loss on some of the real recordings."""
        return paired_loss(self._right[part], self._own[part])

    def limit(self, part: NDArray, margin: float) -> float:
        """The larger upper limit, on these recordings and on them with the simulated ones."""
        reference, own = self._simulated
        pool = paired_loss(
            np.concatenate([self._right[part], reference]), np.concatenate([self._own[part], own])
        )
        return max(self.on(part).limit(margin), pool.limit(margin))


def all_trust(
    reference: Candidate, found: Sequence[Candidate], goal: Goal, known: Known, *, trained: bool
) -> list[Trust]:
    """All rules on the candidates for a goal."""
    eligible = by_cost(found, goal, trained=trained)
    return [trust(margin, reference, eligible, goal, known) for margin in MARGINS]
