# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The smallest and fastest programs of the N-MNIST network for a given loss, down to the Cortex-M7.

    python benchmarks/compression/together.py [--emulated N]

writes `benchmarks/results/together.csv`, `.md` and `.png`. Every candidate (`together_recipes.py`)
is compiled, its accuracy is that of the integer program on the calibration half of the real
recordings, and its instructions are counted there. The candidate with the fewest instructions per
inference within each loss is chosen by these, with and without training, and only then measured on
the test half. Networks are kept in `build/nmnist/`: running it again only compiles them again.
"""

import argparse
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import torch
from together_nmnist import (
    RESULTS,
    Binary,
    Size,
    accuracy,
    compile_and_measure,
    log,
    real_recordings,
    size_of,
)
from together_recipes import Recipe, recipes

from snnir.support.diagnostics import SNNError

LOSSES = (0.005, 0.01, 0.02)
VALIDATION_EMULATED = 10
"""Recordings of the calibration half on which the instructions of a candidate are counted."""


@dataclass(frozen=True)
class Candidate:
    """A compressed network on the calibration half."""

    recipe: Recipe
    size: Size
    binary: Binary

    @property
    def steps(self) -> int:
        """Time steps."""
        return self.binary.timesteps

    def values(self) -> dict[str, object]:
        """One flat record."""
        recipe = self.recipe
        own: dict[str, object] = {
            "key": recipe.key, "recipe": recipe.text, "trained": recipe.trained,
        }  # fmt: skip
        cost = {"instructions_per_inference": self.binary.inference}
        return own | asdict(self.size) | asdict(self.binary) | cost


@dataclass(frozen=True)
class Choice:
    """What was chosen for a loss, on the test half.

    Attributes:
        reference: the network whose accuracy may fall by `loss`.
        test: of the program on the test half.
        real: accuracy there in real numbers.
    """

    reference: str
    loss: float
    trained: bool
    candidate: Candidate
    test: Binary
    real: float


def candidate(recipe: Recipe) -> Candidate:
    """Compile and measure one candidate."""
    module = recipe.network()
    steps = module.body.block.first_op.timesteps.value.data  # type: ignore[union-attr]
    calibration = real_recordings(steps)[0]
    measured = compile_and_measure(module, calibration, VALIDATION_EMULATED, recipe.options)
    found = Candidate(recipe, size_of(module, calibration), measured)
    log(found)
    return found


def compiled(chosen: Iterable[Recipe]) -> Iterator[Candidate]:
    """The candidates that can be compiled."""
    for recipe in chosen:
        try:
            yield candidate(recipe)
        except SNNError as error:
            log(f"{recipe.key}: LEFT OUT: {error}")


def fastest(candidates: Sequence[Candidate], lowest: float, trained: bool) -> Candidate | None:
    """The candidate with the fewest instructions per inference, and at least that accuracy."""
    eligible = [
        each
        for each in candidates
        if each.binary.accuracy >= lowest - 1e-9 and (trained or not each.recipe.trained)
    ]
    return min(eligible, key=lambda each: each.binary.inference, default=None)


def choose(candidates: Sequence[Candidate], emulated: int) -> list[Choice]:
    """What is within each loss of the network as published, and of the best one of all."""
    dense, best = candidates[0], max(candidates, key=lambda each: each.binary.accuracy)
    references = [("as published", dense, (False, True)), ("best fine-tuned", best, (True,))]
    tests: dict[str, tuple[Binary, float]] = {}
    choices = []
    for reference, network, kinds in references:
        for trained in kinds:
            for loss in (None, *LOSSES):
                lowest = network.binary.accuracy - (loss or 0)
                chosen = network if loss is None else fastest(candidates, lowest, trained)
                if chosen is None or (loss is None and trained != kinds[0]):
                    continue
                key = chosen.recipe.key
                if key not in tests:
                    test = real_recordings(chosen.steps)[1]
                    module = chosen.recipe.network()
                    binary = compile_and_measure(module, test, emulated, chosen.recipe.options)
                    tests[key] = (binary, accuracy(module, test))
                choices.append(Choice(reference, loss or 0.0, trained, chosen, *tests[key]))
                log(choices[-1])
    return choices


def table_of_choices(choices: Sequence[Choice], reference: str) -> list[str]:
    """The programs chosen, in Markdown, on the test half."""
    titles = (
        "loss allowed", "training", "pipeline", "channels", "steps", "accuracy, calibration half",
        "accuracy, test half", "instructions per step", "per inference", "flash",
        "RAM with stack", "bit-exact",
    )  # fmt: skip
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for choice in choices:
        if choice.reference != reference:
            continue
        found, test = choice.candidate, choice.test
        lines.append(
            f"{f'{100 * choice.loss:g} points' if choice.loss else 'the reference'} | "
            f"{'yes' if choice.trained else 'no'} | {found.recipe.text} | {found.size.channels} | "
            f"{test.timesteps} | {found.binary.accuracy:.1%} | {test.accuracy:.1%} | "
            f"{test.instructions:,.0f} | {test.inference:,.0f} | {test.flash:,} | "
            f"{test.ram:,} | {'yes' if test.exact else 'NO'}"
        )
    return [f"| {line} |" for line in lines]


def table_of_candidates(candidates: Sequence[Candidate]) -> list[str]:
    """All candidates, in Markdown, on the calibration half."""
    titles = (
        "pipeline", "channels", "steps", "accuracy", "hidden spikes per step",
        "instructions per step", "per inference", "flash", "RAM with stack",
    )  # fmt: skip
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for each in candidates:
        binary = each.binary
        lines.append(
            f"{each.recipe.text} | {each.size.channels} | {binary.timesteps} | "
            f"{binary.accuracy:.1%} | {each.size.hidden_spikes:,.0f} | "
            f"{binary.instructions:,.0f} | {binary.inference:,.0f} | {binary.flash:,} | "
            f"{binary.ram:,}"
        )
    return [f"| {line} |" for line in lines]


def write_results(candidates: Sequence[Candidate], choices: Sequence[Choice]) -> None:
    """CSV of all candidates, Markdown and the plot."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "together.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(candidates[0].values()))
        writer.writeheader()
        writer.writerows(each.values() for each in candidates)
    test = choices[0].test
    error = 100 * (test.accuracy * (1 - test.accuracy) / test.samples) ** 0.5
    lines = [
        "# Everything together: the fastest programs of the N-MNIST network for a given loss",
        "",
        "Made by `python benchmarks/compression/together.py`. Chosen by accuracy and instructions "
        f"on the calibration half of the real recordings (n = {candidates[0].binary.samples}); "
        f"the tables of choices are of the test half (n = {test.samples}, standard error of an "
        f"accuracy about {error:.1f} points), which took part in no choice. All accuracies are of "
        "the integer programs. Instructions are exact, for the Cortex-M7 in QEMU (mps2-an500), on "
        f"{test.emulated} recordings of the test half, where the program equals the integer "
        "network bit for bit. Training is on simulated recordings only.",
        "",
        "## Within a loss of the network as published, 300 steps",
        "",
        *table_of_choices(choices, "as published"),
        "",
        "## Within a loss of the best fine-tuned network",
        "",
        "Training on these data raises accuracy above that of the published weights, so this is "
        "the harder comparison.",
        "",
        *table_of_choices(choices, "best fine-tuned"),
        "",
        "## All candidates, on the calibration half",
        "",
        f"Instructions on {VALIDATION_EMULATED} recordings.",
        "",
        *table_of_candidates(candidates),
    ]
    (RESULTS / "together.md").write_text("\n".join(lines) + "\n")
    plot(candidates, choices)


def plot(candidates: Sequence[Candidate], choices: Sequence[Choice]) -> None:
    """Accuracy against instructions per inference; the area of a marker is the flash."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    for trained, name in ((False, "without training"), (True, "fine-tuned")):
        chosen = [each for each in candidates if each.recipe.trained == trained]
        axes.scatter(
            [each.binary.inference for each in chosen],
            [100 * each.binary.accuracy for each in chosen],
            s=[each.binary.flash / 100 for each in chosen],
            alpha=0.5,
            label=f"{name}, calibration half",
        )
    axes.scatter(
        [choice.test.inference for choice in choices],
        [100 * choice.test.accuracy for choice in choices],
        s=[choice.test.flash / 100 for choice in choices],
        facecolors="none",
        edgecolors="black",
        label="chosen, test half",
    )
    axes.set_xscale("log")
    axes.set_xlabel("instructions per inference, Cortex-M7 (area of a marker: bytes of flash)")
    axes.set_ylabel(f"accuracy of the program, % ({choices[0].test.samples} real recordings)")
    axes.grid(alpha=0.3)
    legend = axes.legend()
    for handle in legend.legend_handles:
        handle.set_sizes([60])  # type: ignore[union-attr]
    figure.tight_layout()
    figure.savefig(RESULTS / "together.png", dpi=120)


def main() -> None:
    """Make what is not in the cache, compile, measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--emulated", type=int, default=20, help="recordings in the emulator")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    candidates = list(compiled(recipes()))
    write_results(candidates, choose(candidates, arguments.emulated))


if __name__ == "__main__":
    main()
