# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Candidates among compressed networks: compiled, measured, and accepted or not."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import torch
from common import log
from emulated import Compiled
from nmnist_measurements import (
    NO_LIMITS,
    Binary,
    Limits,
    Size,
    compile_network,
    measure_binary,
    right_decisions,
    size_of,
)
from nmnist_networks import as_presented, real_recordings
from nmnist_pool import Decided, accepted, decided, pool_loss, real_loss
from nmnist_recipes import DENSE, Recipe, steps_of
from xdsl.dialects.builtin import ModuleOp

from snnir.costs.goals import Goal
from snnir.driver.files import network_of
from snnir.support.diagnostics import SNNError

VALIDATION_EMULATED = 10
"""Recordings of the calibration half on which the instructions of a candidate are counted."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A compressed network on the recordings that choices are made by.

    Attributes:
        binary: on the calibration half.
        decided: on the pool.
    """

    recipe: Recipe
    goal: Goal
    limits: Limits
    size: Size
    binary: Binary
    decided: Decided

    @property
    def steps(self) -> int:
        """Time steps."""
        return self.binary.timesteps

    @property
    def fits(self) -> bool:
        """Whether RAM and flash are within the limits."""
        ram, flash = self.limits.ram_bytes, self.limits.flash_bytes
        return self.binary.ram <= (ram or self.binary.ram) and (
            self.binary.flash <= (flash or self.binary.flash)
        )

    def accepted(self, reference: Decided, loss: float) -> bool:
        """Whether the candidate may stand for a network that decided so."""
        return accepted(reference, self.decided, loss)

    def values(self, reference: Decided) -> dict[str, object]:
        """One flat record."""
        recipe, pool = self.recipe, pool_loss(reference, self.decided)
        real = real_loss(reference, self.decided)
        own: dict[str, object] = {
            "key": recipe.key, "recipe": recipe.text, "trained": recipe.trained,
            "optimize": self.goal,
        }  # fmt: skip
        choice = {
            "instructions_per_inference": self.binary.inference,
            "accuracy_real": float(self.decided.real.mean()),
            "accuracy_simulated": float(self.decided.simulated.mean()),
            "pool_loss": pool.loss,
            "pool_standard_error": pool.error,
            "real_loss": real.loss,
            "real_standard_error": real.error,
        }
        return own | asdict(self.size) | asdict(self.binary) | choice


def compiled_for(recipe: Recipe, goal: Goal, limits: Limits) -> tuple[ModuleOp, Compiled]:
    """A network and its program."""
    module = recipe.network()
    return module, compile_network(module, goal, limits, recipe.options)


def candidate(recipe: Recipe, goal: Goal = "speed", limits: Limits = NO_LIMITS) -> Candidate:
    """Compile and measure one candidate."""
    module, compiled = compiled_for(recipe, goal, limits)
    calibration = as_presented(module, real_recordings(network_of(module).timesteps.value.data)[0])
    binary = measure_binary(compiled, calibration, VALIDATION_EMULATED)
    found = Candidate(
        recipe, goal, limits, size_of(module, calibration), binary,
        decided(module, compiled.integers),
    )  # fmt: skip
    log(
        f"{recipe.key}, {goal}: {found.size.channels}, real {found.decided.real.mean():.3f}, "
        f"simulated {found.decided.simulated.mean():.3f}, {binary.instructions:,.0f} per step, "
        f"{binary.inference:,.0f} per inference, RAM {binary.ram:,}, flash {binary.flash:,}, "
        f"exact {binary.exact}"
    )
    return found


def candidates(
    recipes: Iterable[Recipe], goal: Goal = "speed", limits: Limits = NO_LIMITS
) -> Iterator[Candidate]:
    """The candidates that can be compiled."""
    for recipe in recipes:
        try:
            yield candidate(recipe, goal, limits)
        except SNNError as error:
            log(f"{recipe.key}: LEFT OUT: {error}")


def reference_decisions() -> Decided:
    """What the network as published decides on the pool, in integers, in 300 steps."""
    module, compiled = compiled_for(DENSE, "speed", NO_LIMITS)
    return decided(module, compiled.integers)


def test_program(chosen: Candidate, emulated: int) -> tuple[Binary, ModuleOp, Compiled]:
    """A chosen candidate on the test half of the real recordings."""
    module, compiled = compiled_for(chosen.recipe, chosen.goal, chosen.limits)
    test = as_presented(module, real_recordings(chosen.steps)[1])
    return measure_binary(compiled, test, emulated), module, compiled


def right_on_test(recipe: Recipe, module: ModuleOp, integers: ModuleOp) -> Decided:
    """Right decisions on the test half, which holds no simulated recordings."""
    steps = steps_of(recipe)
    right = right_decisions(
        integers, "test half", lambda: [as_presented(module, real_recordings(steps)[1])]
    )
    return Decided(right, right[:0])


def use_one_thread() -> None:
    """Results with the same seed are equal only with as many threads."""
    torch.set_num_threads(1)
