# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fewer time steps for the published N-MNIST network, with and without fine-tuning.

    python benchmarks/compression/timesteps.py [--emulated N]

writes `benchmarks/results/timesteps.csv`, `.md` and `.png`: accuracy against the number of steps,
from 300 down. Without training, the steps are made longer by what `snn-reduce-timesteps` does;
what it has to choose is chosen on the calibration half of the real recordings. Fine-tuning goes
down in stages, each from the one before, on simulated recordings only. Accuracies are those of the
real recordings of the test half and of simulated recordings of MNIST test images.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
from common import RESULTS, log, markdown_table, write_csv
from nmnist_measurements import Binary, compile_and_measure
from nmnist_networks import (
    SIMULATED_TEST_SAMPLES,
    TIMESTEPS,
    cached,
    dense_network,
    real_recordings,
    simulated,
)
from nmnist_pool import paired_loss, points
from nmnist_training import Stage, best_coarsened, refined, seeded, train_stage
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.driver.files import network_of
from snnir.executors.torch_executor import TorchExecutor
from snnir.support.diagnostics import SNNError

PUBLISHED_STEPS = (100, 30, 10)
UNTRAINED_STEPS = (150, 100, 50, 30, 10)
REFINED_STEPS = (50, 30, 10)
STAGES = (
    Stage(50, 8_000, 4, 2e-3),
    Stage(30, 8_000, 3, 2e-3),
    Stage(20, 4_000, 2),
    Stage(10, 6_000, 3),
    Stage(5, 6_000, 3),
)
"""Each from the one before, the first from the network as published."""

REFERENCE_STAGES = (Stage(300, 2_000, 2, batch=16), Stage(100, 4_000, 2, 2e-3))
"""Many steps, each from the first of `STAGES`: a fair reference has had such training, too."""

METHODS = ("as published", "without training", "without training, per layer", "fine-tuned")
GOAL_STEPS, GOAL_LOSS = 30, 0.01


def fine_tuned(steps: int, seed: int = 0) -> ModuleOp:
    """The network after the stage with that many steps, all stages trained with that seed."""
    stage = next(stage for stage in (*STAGES, *REFERENCE_STAGES) if stage.steps == steps)

    def before() -> ModuleOp:
        if stage in REFERENCE_STAGES:
            return fine_tuned(STAGES[0].steps, seed)
        position = STAGES.index(stage)
        return fine_tuned(STAGES[position - 1].steps, seed) if position else dense_network()

    key = seeded(f"tuned_{steps}", seed)
    return cached(key, lambda: train_stage(before(), replace(stage, seed=seed)))


@dataclass(frozen=True)
class Row:
    """One network at one number of steps.

    Attributes:
        exponents: with which thresholds follow the length of a step, of each layer; empty if
            nothing was adjusted.
        test: accuracy on the test half of the real recordings, in real numbers.
        simulated_test: accuracy on simulated recordings of MNIST test images.
        right: which recordings of both, one after the other, are decided right.
        program_accuracy: of the integer program, on the test half.
    """

    method: str
    steps: int
    exponents: str
    test: float
    simulated_test: float | None = None
    program_accuracy: float | None = None
    instructions_per_step: float | None = None
    instructions_per_inference: float | None = None
    flash: int | None = None
    ram: int | None = None
    exact: bool | None = None
    emulated: int | None = None

    right: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool), repr=False)

    def record(self) -> dict[str, object]:
        """The line of the CSV file."""
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        del own["right"]
        return own


def measured(
    method: str, module: ModuleOp, exponents: str = "", *, simulations: int = 0, emulated: int = 0
) -> Row:
    """The row of a network, with that many simulated recordings and recordings in the emulator."""
    steps = network_of(module).timesteps.value.data
    test = real_recordings(steps)[1]
    right = right_in_reals(module, test)
    row = Row(method, steps, exponents, float(right.mean()), right=right)
    if simulations:
        more = right_in_reals(module, simulated("t10k", steps, simulations))
        both = np.concatenate([right, more])
        row = replace(row, simulated_test=float(more.mean()), right=both)
    if emulated:
        try:
            row = _compiled(row, compile_and_measure(module, test, emulated))
        except SNNError as error:
            log(f"{steps} steps, {method}: NOT COMPILED: {error}")
    log(row)
    return row


def right_in_reals(module: ModuleOp, data: Dataset) -> NDArray[np.bool_]:
    """Which samples a network in real numbers decides right."""
    return TorchExecutor(network_of(module)).run(data.x).labels == data.labels()


def _compiled(row: Row, binary: Binary) -> Row:
    """A row with what its program costs."""
    return replace(
        row,
        program_accuracy=binary.accuracy,
        instructions_per_step=binary.instructions,
        instructions_per_inference=binary.inference,
        flash=binary.flash,
        ram=binary.ram,
        exact=binary.exact,
        emulated=binary.emulated,
    )


def all_rows(emulated: int) -> Iterator[Row]:
    """As published at all steps; then as published, adjusted and fine-tuned, fewest steps first."""
    yield measured(
        "as published",
        dense_network(),
        simulations=SIMULATED_TEST_SAMPLES,
        emulated=emulated,
    )
    for stage in (*REFERENCE_STAGES, *reversed(STAGES)):
        module = fine_tuned(stage.steps)
        yield measured("fine-tuned", module, simulations=SIMULATED_TEST_SAMPLES, emulated=emulated)
    for steps in sorted(PUBLISHED_STEPS):
        yield measured("as published", dense_network(steps))
    for steps in sorted(UNTRAINED_STEPS):
        calibration = real_recordings(steps)[0]
        module, exponent = best_coarsened(dense_network(), calibration)
        yield measured("without training", module, f"{exponent:g}")
        if steps in REFINED_STEPS:
            module, exponents = refined(dense_network(), calibration)
            text = " ".join(f"{exponent:g}" for exponent in exponents)
            yield measured("without training, per layer", module, text)


def dense_row(rows: list[Row]) -> Row:
    """The network as published."""
    return next(row for row in rows if (row.steps, row.method) == (TIMESTEPS, "as published"))


def tuned_reference(rows: list[Row]) -> Row | None:
    """The better of the fine-tuned networks in many steps, on the recordings of the test."""
    steps = [stage.steps for stage in REFERENCE_STAGES]
    found = [row for row in rows if row.method == "fine-tuned" and row.steps in steps]
    return max(found, key=lambda row: float(row.right.mean()), default=None)


def table(rows: list[Row]) -> list[str]:
    """The rows in Markdown."""
    dense, tuned = dense_row(rows), tuned_reference(rows)
    other = "" if tuned is None else f"loss against fine-tuned at {tuned.steps}, both tests, points"
    titles = (
        "steps", "method", "real test half", "against 300 steps as published", "simulated test",
        other, "integer program, real test half", "instructions per step", "per inference",
        "RAM with stack", "bit-exact",
    )  # fmt: skip
    lines = []
    for row in rows:
        cells = [
            str(row.steps), row.method, f"{row.test:.1%}", f"{100 * (row.test - dense.test):+.1f}",
            "" if row.simulated_test is None else f"{row.simulated_test:.1%}",
            "" if tuned is None or row.method != "fine-tuned"
            else points(paired_loss(tuned.right, row.right)),
        ]  # fmt: skip
        if row.instructions_per_inference is None:
            cells += [""] * 5
        else:
            cells += [
                f"{row.program_accuracy:.1%}", f"{row.instructions_per_step:,.0f}",
                f"{row.instructions_per_inference:,.0f}", f"{row.ram:,}",
                "yes" if row.exact else "NO",
            ]  # fmt: skip
        lines.append(cells)
    return markdown_table(titles, lines)


def fewest_steps(rows: list[Row]) -> dict[str, int]:
    """For each method, the fewest steps within the loss of the goal of its reference.

    That of the fine-tuned networks is the better fine-tuned one in many steps, on the recordings of
    both tests; that of the others the network as published, on the real test half.
    """
    dense, tuned = dense_row(rows), tuned_reference(rows)

    def within(row: Row) -> bool:
        if row.method == "fine-tuned" and tuned is not None:
            return paired_loss(tuned.right, row.right).loss <= GOAL_LOSS + 1e-9
        return row.test >= dense.test - GOAL_LOSS - 1e-9

    found: dict[str, int] = {}
    for row in filter(within, rows):
        found[row.method] = min(row.steps, found.get(row.method, row.steps))
    return {method: found[method] for method in METHODS if method in found}


def recordings_seen(stage: Stage) -> int:
    """Recordings that a network was trained on in all stages up to this one, repeats counted."""
    if stage in REFERENCE_STAGES:
        return recordings_seen(STAGES[0]) + stage.samples * stage.epochs
    before = STAGES[: STAGES.index(stage) + 1]
    return sum(each.samples * each.epochs for each in before)


def training_compared() -> str:
    """How much training the fine-tuned networks have had."""
    seen = {
        stage.steps: recordings_seen(stage)
        for stage in sorted((*STAGES, *REFERENCE_STAGES), key=lambda stage: -stage.steps)
    }
    return (
        "Recordings that each network was trained on in all, repeats counted: "
        + ", ".join(f"{count:,} at {steps} steps" for steps, count in seen.items())
        + "."
    )


def summary(rows: list[Row]) -> str:
    """Whether the goal is reached."""
    fewest, dense, tuned = fewest_steps(rows), dense_row(rows), tuned_reference(rows)
    names = "; ".join(f"{method} {steps}" for method, steps in fewest.items())
    fair = "" if tuned is None else (
        f", of fine-tuned networks within one point of the fine-tuned one at {tuned.steps} steps "
        f"({tuned.right.mean():.1%} of all {len(tuned.right)} recordings of both tests)"
    )  # fmt: skip
    reached = tuned is not None and fewest.get("fine-tuned", TIMESTEPS) <= GOAL_STEPS
    return (
        f"Fewest steps within one point of the network as published at {TIMESTEPS} steps "
        f"({dense.test:.1%} of the real test half){fair}: {names}. The goal of {GOAL_STEPS} steps "
        f"for one point is {'reached' if reached else 'NOT reached'}."
    )


def write_results(rows: list[Row]) -> None:
    """CSV, Markdown and the plot."""
    write_csv(RESULTS / "timesteps.csv", [row.record() for row in rows])
    dense = dense_row(rows)
    samples = len(real_recordings(GOAL_STEPS)[1])
    emulated = next(row.emulated for row in rows if row.emulated)
    lines = [
        "# Fewer time steps for the published N-MNIST network",
        "",
        "Made by `python benchmarks/compression/timesteps.py`. Accuracies: test half of the real "
        f"recordings (n = {samples}; one sample is {100 / samples:.2f} points, the standard error "
        f"about {100 * (dense.test * (1 - dense.test) / samples) ** 0.5:.1f} points) and simulated "
        f"recordings of MNIST test images (n = {SIMULATED_TEST_SAMPLES}), in real numbers; the "
        "integer program on the same test half. Losses with ±: one standard error, in pairs; "
        "negative: a gain. Instructions are exact, for the Cortex-M7 in QEMU (mps2-an500), "
        f"`optimize=speed`, on {emulated} recordings of the test half as lists of events, where "
        "the program equals the integer network bit for bit.",
        "",
        "As published: the same weights, leak and thresholds on longer bins. Without training: "
        "leak, thresholds and biases follow, as in `snn-reduce-timesteps`; per layer: with an "
        "exponent for each layer; the exponents (in the CSV) are chosen on the calibration half. "
        "Fine-tuned: on simulated recordings only, "
        "weights and thresholds, in stages, each from the one before:",
        "",
        *(f"* {stage}" for stage in STAGES),
        "",
        f"Fine-tuned in many steps, to compare with, from the network of {STAGES[0].steps} steps:",
        "",
        *(f"* {stage}" for stage in REFERENCE_STAGES),
        "",
        training_compared(),
        "",
        "The real recordings are of the training part of N-MNIST, which the authors presumably "
        "trained the published weights on. Fine-tuning here sees neither the real recordings nor "
        "their images (MNIST training images 0 to 999).",
        "",
        summary(rows),
        "",
        *table(rows),
        "",
        "![Accuracy against time steps](timesteps.png)",
    ]
    (RESULTS / "timesteps.md").write_text("\n".join(lines) + "\n")
    plot(rows)


def plot(rows: list[Row]) -> None:
    """Accuracy on the real test half against the number of steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for method in METHODS:
        chosen = [row for row in rows if row.method == method]
        steps, values = [row.steps for row in chosen], [100 * row.test for row in chosen]
        axes.plot(steps, values, marker="o", label=method)
    axes.axhline(
        100 * (dense_row(rows).test - GOAL_LOSS),
        color="grey",
        linestyle=":",
        label="300 steps as published - 1 point",
    )
    axes.set_xscale("log")
    ticks = sorted({row.steps for row in rows})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("time steps")
    axes.set_ylabel(f"accuracy, % ({len(real_recordings(GOAL_STEPS)[1])} real recordings)")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "timesteps.png", dpi=120)


def main() -> None:
    """Train what is not in the cache, measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--emulated", type=int, default=10, help="recordings in the emulator")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[Row] = []
    for row in all_rows(arguments.emulated):
        rows.append(row)
        # After each row, so that an interrupted run leaves what it has measured.
        write_results(sorted(rows, key=lambda each: (-each.steps, METHODS.index(each.method))))


if __name__ == "__main__":
    main()
