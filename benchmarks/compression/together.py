# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The fastest and the smallest programs of the N-MNIST network for a given loss, on the Cortex-M7.

    python benchmarks/compression/together.py [--emulated N]

writes `benchmarks/results/together.csv`, `.md` and `.png`. Every candidate (`together_recipes.py`)
is compiled for speed and for size, its decisions are those of the integer program on the pool
(`together_pool.py`), and its instructions are counted on the calibration half of the real
recordings. The accepted candidate with the fewest instructions of an inference, and that with the
fewest bytes, are chosen by these for each loss, with and without training, and only then measured
on the test half. Networks and decisions are kept in `build/nmnist/`: running it again only compiles
and measures.
"""

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from together_candidates import Candidate, candidates, right_on_test, test_program, use_one_thread
from together_measurements import Binary
from together_nmnist import RESULTS, log
from together_pool import (
    HELD_OUT_IMAGES,
    Decided,
    Paired,
    paired_loss,
    points,
    pool_loss,
    real_loss,
)
from together_recipes import osbc_recipes, trained_recipes, untrained_recipes

from snnir.costs.goals import Goal

LOSSES = (0.005, 0.01, 0.02)
AIMS: dict[Goal, tuple[str, Callable[[Candidate], float]]] = {
    "speed": ("fewest instructions of an inference", lambda each: each.binary.inference),
    "size": ("fewest bytes", lambda each: each.binary.flash + each.binary.ram),
}
"""What a choice makes small, for each goal that candidates are compiled for."""


@dataclass(frozen=True)
class Choice:
    """What was chosen for a loss, on the test half.

    Attributes:
        reference: the network whose accuracy may fall by `loss`; the choice is that network itself
            if `loss` is None.
        lost: accuracy against the reference on the test half.
    """

    reference: str
    goal: Goal
    loss: float | None
    trained: bool
    candidate: Candidate
    test: Binary
    lost: Paired


class Tests:
    """Candidates on the test half, each measured once."""

    def __init__(self, emulated: int):
        self._emulated = emulated
        self._known: dict[tuple[str, Goal], tuple[Binary, Decided]] = {}

    def __call__(self, chosen: Candidate) -> tuple[Binary, Decided]:
        """Costs, and right decisions there."""
        key = (chosen.recipe.key, chosen.goal)
        if key not in self._known:
            binary, module, compiled = test_program(chosen, self._emulated)
            right = right_on_test(chosen.recipe, module, compiled.integers)
            self._known[key] = (binary, right)
            log(f"{key}: {binary}")
        return self._known[key]


def choices(
    name: str, reference: Candidate, found: Sequence[Candidate], tests: Tests, kinds: Sequence[bool]
) -> Iterator[Choice]:
    """The reference, then what is chosen for each goal, kind of training and loss."""
    _, right = tests(reference)
    for goal, (_, cost) in AIMS.items():
        same = next((e for e in found if (e.recipe, e.goal) == (reference.recipe, goal)), None)
        if same is None:
            continue
        yield Choice(name, goal, None, same.recipe.trained, same, tests(same)[0], Paired(0, 0))
        for trained in kinds:
            for loss in LOSSES:
                eligible = [
                    each
                    for each in found
                    if each.goal == goal
                    and (trained or not each.recipe.trained)
                    and each.accepted(reference.decided, loss)
                ]
                chosen = min(eligible, key=cost, default=None)
                if chosen is not None:
                    test, own = tests(chosen)
                    lost = paired_loss(right.real, own.real)
                    yield Choice(name, goal, loss, trained, chosen, test, lost)


CHOICE_TITLES = (
    "loss allowed", "training", "pipeline", "channels", "steps", "loss on the pool, points",
    "on its real half", "accuracy, test half", "loss there, points", "instructions per step",
    "per inference", "flash", "RAM with stack", "bit-exact",
)  # fmt: skip


def table_of_choices(made: Sequence[Choice], reference: Candidate) -> list[str]:
    """Programs chosen, in Markdown, on the test half."""
    lines = [" | ".join(CHOICE_TITLES), " | ".join("---" for _ in CHOICE_TITLES)]
    for choice in made:
        found, test = choice.candidate, choice.test
        loss = "the reference" if choice.loss is None else f"{100 * choice.loss:g} points"
        lines.append(
            f"{loss} | {'yes' if choice.trained else 'no'} | {found.recipe.text} | "
            f"{found.size.channels} | {test.timesteps} | "
            f"{points(pool_loss(reference.decided, found.decided))} | "
            f"{points(real_loss(reference.decided, found.decided))} | {test.accuracy:.1%} | "
            f"{points(choice.lost)} | {test.instructions:,.0f} | {test.inference:,.0f} | "
            f"{test.flash:,} | {test.ram:,} | {'yes' if test.exact else 'NO'}"
        )
    return [f"| {line} |" for line in lines]


def table_of_candidates(found: Sequence[Candidate], reference: Candidate) -> list[str]:
    """Candidates, in Markdown, on the recordings that choices are made by."""
    titles = (
        "pipeline", "channels", "steps", "real half", "simulated", "loss on the pool, points",
        "hidden spikes per step", "instructions per step", "per inference", "flash",
        "RAM with stack",
    )  # fmt: skip
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for each in found:
        binary, decided = each.binary, each.decided
        lines.append(
            f"{each.recipe.text} | {each.size.channels} | {binary.timesteps} | "
            f"{decided.real.mean():.1%} | {decided.simulated.mean():.1%} | "
            f"{points(pool_loss(reference.decided, decided))} | {each.size.hidden_spikes:,.0f} | "
            f"{binary.instructions:,.0f} | {binary.inference:,.0f} | {binary.flash:,} | "
            f"{binary.ram:,}"
        )
    return [f"| {line} |" for line in lines]


def holds_on_test(losses: Sequence[tuple[float, float, float]]) -> str:
    """How many choices keep their limit on the test half.

    Args:
        losses: allowed, found and the standard error of what was found, in points.
    """
    missed = [each for each in losses if each[1] > each[0] + 1e-9]
    clearly = [each for each in missed if each[1] - each[2] > each[0] + 1e-9]
    return (
        f"On the test half {len(missed)} of {len(losses)} choices lose more than is allowed, "
        f"{len(clearly)} of them by more than one standard error."
    )


def introduction(dense: Candidate, test: Binary) -> str:
    """How the figures were made."""
    first, last = HELD_OUT_IMAGES
    real, simulated = len(dense.decided.real), len(dense.decided.simulated)
    return (
        "Made by `python benchmarks/compression/together.py`. Passes are calibrated, and weights "
        "trained, on simulated recordings only. Choices are made on a pool: the calibration half "
        f"of the real recordings (n = {real}) and simulated recordings of the MNIST training "
        f"images {first} to {last - 1} (n = {simulated}), which no stage trains on. A candidate is "
        "accepted if its loss there plus one standard error of it, in pairs, is within the limit, "
        "and, where weights were trained, its loss on the real half alone as well. The tables of "
        f"choices are of the test half (n = {test.samples}), which took part in no choice. Losses "
        "with ±: one standard error; negative: a gain. All accuracies are of the integer programs. "
        "Instructions are exact, for the Cortex-M7 in QEMU (mps2-an500), on "
        f"{test.emulated} recordings of the test half as lists of events, where the program equals "
        "the integer network bit for bit. Kernels are selected by the compiler for the goal."
    )


def write_results(
    found: Sequence[Candidate], made: Sequence[Choice], dense: Candidate, best: Candidate
) -> None:
    """CSV of all candidates, Markdown and the plot."""
    RESULTS.mkdir(exist_ok=True)
    records = [each.values(dense.decided) for each in found]
    with (RESULTS / "together.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    lines = [
        "# Everything together: the fastest and the smallest programs of the N-MNIST network", "",
        introduction(dense, made[0].test),
    ]  # fmt: skip
    sections = (
        ("as published", "the network as published, 300 steps", dense),
        ("best", "the best network of all", best),
    )
    for name, title, reference in sections:
        for goal, (aim, _) in AIMS.items():
            rows = [each for each in made if (each.reference, each.goal) == (name, goal)]
            if not rows:
                continue
            lines += ["", f"## Within a loss of {title}: {aim} (`optimize={goal}`)"]
            if name == "best" and goal == "speed":
                lines += [
                    "", "Training on these data raises accuracy above that of the published "
                    "weights, so this is the harder comparison.",
                ]  # fmt: skip
            lines += ["", *table_of_choices(rows, reference)]
            losses = [
                (100 * each.loss, 100 * each.lost.loss, 100 * each.lost.error)
                for each in rows
                if each.loss is not None
            ]
            lines += ["", holds_on_test(losses)]
    for goal in AIMS:
        rows = [each for each in found if each.goal == goal]
        if not rows:
            continue
        lines += [
            "", f"## All candidates, `optimize={goal}`", "",
            f"Costs on {rows[0].binary.emulated} recordings of the calibration half; losses "
            "against the network as published.",
            "", *table_of_candidates(rows, dense),
        ]  # fmt: skip
    (RESULTS / "together.md").write_text("\n".join(lines) + "\n")
    plot(found, made, dense)


def plot(found: Sequence[Candidate], made: Sequence[Choice], dense: Candidate) -> None:
    """Accuracy against instructions per inference; the area of a marker is the flash."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    fast = [each for each in found if each.goal == "speed"]
    for trained, name in ((False, "without training"), (True, "fine-tuned")):
        shown = [each for each in fast if each.recipe.trained == trained]
        axes.scatter(
            [each.binary.inference for each in shown],
            [100 * each.decided.pool.mean() for each in shown],
            s=[each.binary.flash / 200 for each in shown],
            alpha=0.5,
            label=f"{name}, pool",
        )
    chosen = {each.candidate.recipe.key: each.test for each in made if each.goal == "speed"}
    axes.scatter(
        [test.inference for test in chosen.values()],
        [100 * test.accuracy for test in chosen.values()],
        s=[test.flash / 200 for test in chosen.values()],
        facecolors="none",
        edgecolors="black",
        label="chosen and references, test half",
    )
    front = pareto_front(fast)
    axes.plot(
        [each.binary.inference for each in front],
        [100 * each.decided.pool.mean() for each in front],
        color="grey",
        linewidth=1,
        label="Pareto front, pool",
    )
    axes.axhline(
        100 * dense.decided.pool.mean(), color="grey", linestyle=":", label="as published, pool"
    )
    axes.set_xscale("log")
    axes.set_xlabel("instructions per inference, Cortex-M7 (area of a marker: bytes of flash)")
    test = made[0].test
    axes.set_ylabel(
        f"accuracy of the program, % (pool: {len(dense.decided.pool)}, test: {test.samples})"
    )
    axes.grid(alpha=0.3)
    legend = axes.legend(fontsize="small")
    for handle in legend.legend_handles[:3]:
        handle.set_sizes([60])  # type: ignore[union-attr]
    figure.tight_layout()
    figure.savefig(RESULTS / "together.png", dpi=120)


def pareto_front(found: Sequence[Candidate]) -> list[Candidate]:
    """Candidates that no other one beats in instructions and accuracy on the pool."""
    front: list[Candidate] = []
    for each in sorted(found, key=lambda each: each.binary.inference):
        if not front or each.decided.pool.mean() > front[-1].decided.pool.mean():
            front.append(each)
    return front


def main() -> None:
    """Make what is not in the cache, compile, measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--emulated", type=int, default=20, help="recordings in the emulator")
    arguments = parser.parse_args()
    use_one_thread()
    recipes = [*untrained_recipes(), *trained_recipes(), *osbc_recipes()]
    tests = Tests(arguments.emulated)
    found: list[Candidate] = []
    for goal in AIMS:
        found += candidates(recipes, goal)
        fast = [each for each in found if each.goal == "speed"]
        dense, best = fast[0], max(fast, key=lambda each: float(each.decided.pool.mean()))
        made = [
            *choices("as published", dense, found, tests, (False, True)),
            *choices("best", best, found, tests, (True,)),
        ]
        # After each goal, so that an interrupted run leaves what it has measured.
        write_results(found, made, dense, best)


if __name__ == "__main__":
    main()
