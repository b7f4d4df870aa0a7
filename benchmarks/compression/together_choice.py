# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Choose among the candidates for a loss, then measure on the test half what was chosen.

A network that was trained may have been lucky. So the cheapest accepted candidate is trained again
with other seeds where it was trained at all, and the rule has to hold for the mean of these
networks as well; else the next one is tried. What is compiled is always the network of seed 0.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from common import log
from nmnist_candidates import Candidate, compiled_for, right_on_test, test_program
from nmnist_measurements import NO_LIMITS, Binary
from nmnist_pool import Decided, Paired, accepted, decided, mean_of, paired_loss
from nmnist_recipes import Recipe, repeated

from snnir.costs.goals import Goal

LOSSES = (0.005, 0.01, 0.02)
AIMS: dict[Goal, tuple[str, Callable[[Candidate], float]]] = {
    "speed": ("fewest instructions of an inference", lambda each: each.binary.inference),
    "size": ("fewest bytes", lambda each: each.binary.flash + each.binary.ram),
}
"""What a choice makes small, for each goal that candidates are compiled for."""


@dataclass(frozen=True)
class Lost:
    """Accuracy against a reference: on the pool, on its real half, and on the test half."""

    pool: Paired
    real: Paired
    test: Paired


@dataclass(frozen=True)
class Choice:
    """What was chosen for a loss.

    Attributes:
        reference: the network whose accuracy may fall by `loss`; the choice is that network itself
            if `loss` is None.
        test: the program on the test half.
        lost: by the network itself.
        repeated: by the mean over all seeds; None where nothing was trained again.
    """

    reference: str
    goal: Goal
    loss: float | None
    trained: bool
    candidate: Candidate
    test: Binary
    lost: Lost
    repeated: Lost | None


class Known:
    """What candidates cost and decide, each found out once.

    Attributes:
        seeds: how many trainings each trained candidate stands for.
    """

    def __init__(self, emulated: int, seeds: int):
        self.seeds = seeds
        self._emulated = emulated
        self._programs: dict[tuple[str, Goal], Binary] = {}
        self._pool: dict[str, Decided] = {}
        self._test: dict[str, Decided] = {}

    def program(self, chosen: Candidate) -> Binary:
        """What a program costs on the test half."""
        key = (chosen.recipe.key, chosen.goal)
        if key not in self._programs:
            self._programs[key], _, _ = test_program(chosen, self._emulated)
            log(f"{key}: {self._programs[key]}")
        return self._programs[key]

    def test(self, recipe: Recipe) -> Decided:
        """Right decisions on the test half."""
        if recipe.key not in self._test:
            module, compiled = compiled_for(recipe, "speed", NO_LIMITS)
            self._test[recipe.key] = right_on_test(recipe, module, compiled.integers)
        return self._test[recipe.key]

    def pool(self, recipe: Recipe) -> Decided:
        """Right decisions on the pool."""
        if recipe.key not in self._pool:
            module, compiled = compiled_for(recipe, "speed", NO_LIMITS)
            self._pool[recipe.key] = decided(module, compiled.integers)
        return self._pool[recipe.key]

    def all_seeds(self, recipe: Recipe) -> list[Recipe]:
        """The recipe with each of the seeds; once where nothing is trained."""
        others = range(1, self.seeds) if recipe.trained else ()
        return [recipe, *(repeated(recipe, seed) for seed in others)]

    def mean_pool(self, recipe: Recipe) -> Decided:
        """The mean of `pool` over all seeds."""
        return mean_of([self.pool(each) for each in self.all_seeds(recipe)])

    def mean_test(self, recipe: Recipe) -> Decided:
        """The mean of `test` over all seeds."""
        return mean_of([self.test(each) for each in self.all_seeds(recipe)])


def by_cost(found: Sequence[Candidate], goal: Goal, *, trained: bool) -> list[Candidate]:
    """The candidates for a goal, the cheapest first, trained ones among them or not."""
    _, cost = AIMS[goal]
    eligible = [each for each in found if each.goal == goal and trained >= each.recipe.trained]
    return sorted(eligible, key=cost)


def choose(
    reference: Candidate, eligible: Sequence[Candidate], loss: float, known: Known
) -> Candidate | None:
    """The first candidate that is accepted, and whose recipe is with other seeds as well."""
    for each in eligible:
        if each.accepted(reference.decided, loss):
            if each.recipe.key == reference.recipe.key:
                return each
            if accepted(reference.decided, known.mean_pool(each.recipe), loss):
                return each
            log(f"{each.recipe.key}: not accepted for {loss} with {known.seeds} seeds")
    return None


def choices(
    name: str, reference: Candidate, found: Sequence[Candidate], known: Known, kinds: Sequence[bool]
) -> Iterator[Choice]:
    """The reference, then what is chosen for each goal, kind of training and loss."""
    for goal in AIMS:
        own = [each for each in by_cost(found, goal, trained=True)]
        same = next((each for each in own if each.recipe.key == reference.recipe.key), None)
        if same is None:
            continue
        yield measured(name, None, same.recipe.trained, reference, same, known)
        for trained in kinds:
            for loss in LOSSES:
                chosen = choose(reference, by_cost(found, goal, trained=trained), loss, known)
                if chosen is not None:
                    yield measured(name, loss, trained, reference, chosen, known)


def measured(
    name: str,
    loss: float | None,
    trained: bool,
    reference: Candidate,
    chosen: Candidate,
    known: Known,
) -> Choice:
    """A choice with what it does on the test half."""
    recipe, goal = chosen.recipe, chosen.goal
    right = known.test(reference.recipe)
    lost = lost_by(reference, right, chosen.decided, known.test(recipe))
    again = None
    if recipe.trained and recipe.key != reference.recipe.key:
        again = lost_by(reference, right, known.mean_pool(recipe), known.mean_test(recipe))
    return Choice(name, goal, loss, trained, chosen, known.program(chosen), lost, again)


def lost_by(reference: Candidate, right: Decided, pool: Decided, test: Decided) -> Lost:
    """What decisions on the pool and on the test half lose against the reference.

    Args:
        right: what the reference decides on the test half.
    """
    return Lost(
        paired_loss(reference.decided.pool, pool.pool),
        paired_loss(reference.decided.real, pool.real),
        paired_loss(right.real, test.real),
    )
