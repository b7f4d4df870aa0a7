# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The published N-MNIST network compressed to given costs on the Cortex-M7.

    python benchmarks/compression/compressed_goals.py [--emulated N]

writes `benchmarks/results/compressed_goals.csv` and `.md`. For each goal, the candidates of
`nmnist_recipes.py` in the number of steps that it asks for are compiled within its limits; of
those that are accepted on the pool (`nmnist_pool.py`) and keep the goal on the calibration half
the most accurate one is measured on the test half of the real recordings. Networks and decisions
are kept in `build/nmnist/`: running it again only compiles and measures.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from common import RESULTS, log, write_csv
from emulated import COMPRESSED_GOALS, INFERENCE_GOAL
from nmnist_candidates import (
    Candidate,
    candidates,
    compiled_for,
    reference_decisions,
    right_on_test,
    test_program,
    use_one_thread,
)
from nmnist_measurements import NO_LIMITS, Binary, Limits, profile
from nmnist_networks import as_presented, real_recordings
from nmnist_pool import (
    CONFIDENCE,
    HELD_OUT_IMAGES,
    Decided,
    Paired,
    paired_loss,
    points,
    pool_loss,
    real_loss,
)
from nmnist_recipes import DENSE, Recipe, steps_of, trained_recipes

from snnir.costs.goals import Goal


@dataclass(frozen=True)
class CompressedGoal:
    """What a compressed network may cost and lose.

    Attributes:
        loss: of accuracy, against the network as published in 300 steps.
        steps: time steps; None for any number.
        instructions: of a step, or of an inference where `steps` is None.
    """

    goal: Goal
    loss: float
    steps: int | None
    instructions: int
    limits: Limits = NO_LIMITS

    def __str__(self) -> str:
        within = f"within {100 * self.loss:g} points"
        if self.steps is None:
            return f"a whole inference, `optimize={self.goal}`, {within}"
        return f"{self.steps} bins, `optimize={self.goal}`, {within}"

    def cost(self, binary: Binary) -> float:
        """The instructions that the goal limits."""
        return binary.inference if self.steps is None else binary.instructions


def all_goals() -> Iterator[CompressedGoal]:
    """The goals, with their figures where the other benchmark has them."""
    for goal, loss in (("speed", 0.005), ("size", 0.01)):
        found = COMPRESSED_GOALS[goal]
        limits = Limits(found.ram_bytes, found.flash_bytes)
        for steps, instructions in found.instructions.items():
            yield CompressedGoal(goal, loss, steps, instructions, limits)
    yield CompressedGoal("speed", 0.01, None, INFERENCE_GOAL)


@dataclass(frozen=True)
class Reached:
    """What was chosen for a goal, on the test half.

    Attributes:
        lost: against the network as published, on the test half.
        calls: instructions of each call in a mean step.
    """

    goal: CompressedGoal
    candidate: Candidate
    binary: Binary
    lost: Paired
    calls: dict[str, float]

    def values(self, reference: Decided) -> dict[str, object]:
        """One flat record."""
        goal, limits = self.goal, self.goal.limits
        own: dict[str, object] = {
            "optimize": goal.goal, "loss_allowed": goal.loss, "steps": self.binary.timesteps,
            "goal_per_step": goal.instructions if goal.steps else None,
            "goal_per_inference": None if goal.steps else goal.instructions,
            "goal_ram": limits.ram_bytes, "goal_flash": limits.flash_bytes,
        }  # fmt: skip
        recipe, decided = self.candidate.recipe, self.candidate.decided
        own |= {
            "key": recipe.key, "recipe": recipe.text, "channels": self.candidate.size.channels,
        }  # fmt: skip
        rest = {
            "instructions_per_inference": self.binary.inference,
            "test_loss": self.lost.loss,
            "test_standard_error": self.lost.error,
            "pool_loss": pool_loss(reference, decided).loss,
            "pool_standard_error": pool_loss(reference, decided).error,
            "real_loss": real_loss(reference, decided).loss,
        }
        return own | asdict(self.binary) | rest


def candidates_for(goal: CompressedGoal) -> list[Candidate]:
    """All compressed networks in the steps of a goal, compiled for it."""

    def wanted(recipe: Recipe) -> bool:
        return goal.steps in (None, steps_of(recipe))

    return list(candidates(filter(wanted, trained_recipes()), goal.goal, goal.limits))


MARGIN = 0.05
"""By which a candidate must stay below a goal on the calibration half to be within it elsewhere."""


def choose(
    goal: CompressedGoal, found: Sequence[Candidate], reference: Decided
) -> Candidate | None:
    """The most accurate accepted candidate that keeps the goal; the fastest one if none does."""
    eligible = [each for each in found if each.accepted(reference, goal.loss)]
    most = goal.instructions * (1 - MARGIN)
    keeping = [each for each in eligible if each.fits and goal.cost(each.binary) <= most]
    if keeping:
        return max(keeping, key=lambda each: float(each.decided.pool.mean()))
    return min(eligible, key=lambda each: goal.cost(each.binary), default=None)


def reach(goal: CompressedGoal, chosen: Candidate, reference: Decided, emulated: int) -> Reached:
    """Measure what was chosen on the test half."""
    binary, module, compiled = test_program(chosen, emulated)
    own = right_on_test(chosen.recipe, module, compiled.integers)
    test = as_presented(module, real_recordings(chosen.steps)[1])
    lost = paired_loss(reference.real, own.real)
    return Reached(goal, chosen, binary, lost, profile(compiled, test))


def against(value: float, goal: int | None) -> str:
    """A figure with its goal; bold where it is missed."""
    if goal is None:
        return f"{value:,.0f}"
    text = f"{value:,.0f} ({goal:,})"
    return text if value <= goal else f"**{text}**"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def goal_row(reached: Reached, reference: Decided) -> list[str]:
    """One goal in the first table."""
    goal, binary, decided = reached.goal, reached.binary, reached.candidate.decided
    per_step = goal.instructions if goal.steps else None
    per_inference = None if goal.steps else goal.instructions
    return [
        str(goal), reached.candidate.recipe.text, reached.candidate.size.channels,
        str(binary.timesteps), points(pool_loss(reference, decided)),
        points(real_loss(reference, decided)), f"{binary.accuracy:.1%}", points(reached.lost),
        against(binary.instructions, per_step), f"{binary.worst_recording:,.0f}",
        f"{binary.worst_step:,}", against(binary.inference, per_inference),
        against(binary.ram, goal.limits.ram_bytes), against(binary.flash, goal.limits.flash_bytes),
        "yes" if binary.exact else "NO",
    ]  # fmt: skip


GOAL_HEADER = (
    "goal", "pipeline", "channels", "steps", "loss on the pool, points",
    "on its real half", "accuracy, test half", "loss there", "instructions per step (goal)",
    "worst recording", "worst step", "per inference (goal)", "RAM with stack (goal)",
    "flash (goal)", "bit-exact",
)  # fmt: skip


def candidate_rows(
    goal: CompressedGoal, found: Sequence[Candidate], reference: Decided
) -> list[list[str]]:
    """The candidates for one goal, on the recordings that it was chosen by."""
    return [
        [
            str(goal), each.recipe.text, each.size.channels, str(each.steps),
            points(pool_loss(reference, each.decided)), points(real_loss(reference, each.decided)),
            "yes" if each.accepted(reference, goal.loss) else "no",
            f"{each.size.hidden_spikes:,.0f}", f"{each.binary.instructions:,.0f}",
            f"{each.binary.inference:,.0f}", f"{each.binary.ram:,}", f"{each.binary.flash:,}",
        ]
        for each in found
    ]  # fmt: skip


CANDIDATE_HEADER = (
    "goal", "pipeline", "channels", "steps", "loss on the pool, points", "on its real half",
    "accepted", "hidden spikes per step", "instructions per step", "per inference",
    "RAM with stack", "flash",
)  # fmt: skip


def profile_rows(reached: Sequence[Reached]) -> list[list[str]]:
    """Where the instructions of the chosen programs go."""
    return [
        [str(each.goal), call, f"{instructions:,.0f}", f"{instructions / total:.1%}"]
        for each in reached
        if (total := sum(each.calls.values()))
        for call, instructions in each.calls.items()
    ]


def write_results(
    reached: Sequence[Reached], considered: Sequence[list[str]], reference: Decided, test: Decided
) -> None:
    """CSV and Markdown."""
    write_csv(RESULTS / "compressed_goals.csv", [each.values(reference) for each in reached])
    first, last = HELD_OUT_IMAGES
    lines = [
        "# The published N-MNIST network, compressed to given costs",
        "",
        "Made by `python benchmarks/compression/compressed_goals.py`. Figures in brackets are "
        "goals, missed ones in bold; 1 KB = 1,000 bytes. The reference is the network as published "
        f"in 300 steps, in integers: {test.real.mean():.1%} of the test half "
        f"(n = {len(test.real)}), {reference.real.mean():.1%} of the calibration half "
        f"(n = {len(reference.real)}), {reference.simulated.mean():.1%} of simulated recordings "
        f"(n = {len(reference.simulated)}).",
        "",
        "Chosen for each goal: the highest accuracy on the pool among the candidates that stay "
        f"{MARGIN:.0%} below the instructions of the goal on the calibration half, and within RAM "
        "and flash, or the fewest instructions if there is none. Only those take part whose loss "
        f"plus {CONFIDENCE:g} standard errors (95 %, one-sided), in pairs, is within the limit on "
        "the calibration half alone, and on the pool of it and simulated recordings of the MNIST "
        f"training images {first} to {last - 1}, which no stage trains on. Losses with ±: one "
        "standard error; negative: a gain. Training is "
        "on simulated recordings only. Instructions are exact, for the Cortex-M7 in QEMU "
        f"(mps2-an500), on {reached[0].binary.emulated} recordings of the test half as lists of "
        "events, where the scores of the program equal those of the integer network bit for bit, "
        "and all spikes and membranes on some of them.",
        "",
        *table(GOAL_HEADER, [goal_row(each, reference) for each in reached]),
        "",
        "## Where the instructions go",
        "",
        "A mean step; what is missing to the whole is the code around the calls.",
        "",
        *table(("goal", "call", "instructions per step", "share"), profile_rows(reached)),
        "",
        "## All candidates, on the calibration half",
        "",
        *table(CANDIDATE_HEADER, considered),
    ]
    (RESULTS / "compressed_goals.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Make what is not in the cache, compile, measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--emulated", type=int, default=100, help="recordings in the emulator")
    arguments = parser.parse_args()
    use_one_thread()
    reference = reference_decisions()
    module, compiled = compiled_for(DENSE, "speed", NO_LIMITS)
    test = right_on_test(DENSE, module, compiled.integers)
    reached, considered = [], []
    for goal in all_goals():
        found = candidates_for(goal)
        considered += candidate_rows(goal, found, reference)
        chosen = choose(goal, found, reference)
        if chosen is None:
            log(f"{goal}: no candidate is accepted")
            continue
        reached.append(reach(goal, chosen, test, arguments.emulated))
        log(f"{goal}: {chosen.recipe.key}: {reached[-1].binary}")
        # After each goal, so that an interrupted run leaves what it has measured.
        write_results(reached, considered, reference, test)


if __name__ == "__main__":
    main()
