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
import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace

import torch
from together_measurements import Binary, compile_and_measure
from together_nmnist import (
    RESULTS,
    SIMULATED_TEST_SAMPLES,
    TIMESTEPS,
    accuracy,
    cached,
    dense_network,
    log,
    real_recordings,
    simulated,
)
from together_training import Stage, best_coarsened, refined, train_stage
from xdsl.dialects.builtin import ModuleOp

from snnir.driver.files import network_of
from snnir.support.diagnostics import SNNError

PUBLISHED_STEPS = (100, 30, 10)
UNTRAINED_STEPS = (150, 100, 50, 30, 10)
REFINED_STEPS = (50, 30, 10)
STAGES = (
    Stage(50, 8_000, 4, 2e-3),
    Stage(30, 8_000, 3, 2e-3),
    Stage(20, 4_000, 2),
    Stage(15, 6_000, 2),
    Stage(10, 6_000, 3),
    Stage(5, 6_000, 3),
)
METHODS = ("as published", "without training", "without training, per layer", "fine-tuned")
GOAL_STEPS, GOAL_LOSS = 30, 0.01


def fine_tuned(steps: int) -> ModuleOp:
    """The network after the stage with that many steps."""
    position = [stage.steps for stage in STAGES].index(steps)

    def make() -> ModuleOp:
        before = fine_tuned(STAGES[position - 1].steps) if position else dense_network()
        return train_stage(before, STAGES[position])

    return cached(f"tuned_{steps}", make)


@dataclass(frozen=True)
class Row:
    """One network at one number of steps.

    Attributes:
        exponents: with which thresholds follow the length of a step, of each layer; empty if
            nothing was adjusted.
        test: accuracy on the test half of the real recordings, in real numbers.
        simulated_test: accuracy on simulated recordings of MNIST test images.
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


def measured(
    method: str, module: ModuleOp, exponents: str = "", *, simulations: int = 0, emulated: int = 0
) -> Row:
    """The row of a network, with that many simulated recordings and recordings in the emulator."""
    steps = network_of(module).timesteps.value.data
    test = real_recordings(steps)[1]
    row = Row(method, steps, exponents, accuracy(module, test))
    if simulations:
        simulated_test = simulated("t10k", steps, simulations)
        row = replace(row, simulated_test=accuracy(module, simulated_test))
    if emulated:
        try:
            row = _compiled(row, compile_and_measure(module, test, emulated))
        except SNNError as error:
            log(f"{steps} steps, {method}: NOT COMPILED: {error}")
    log(row)
    return row


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
    tuned = {stage.steps for stage in STAGES}
    for steps in sorted(tuned):
        module = fine_tuned(steps)
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


def table(rows: list[Row]) -> list[str]:
    """The rows in Markdown."""
    dense = next(row.test for row in rows if row.steps == TIMESTEPS)
    titles = (
        "steps", "method", "real test half", "against 300 steps", "simulated test",
        "integer program, real test half", "instructions per step", "per inference",
        "RAM with stack", "bit-exact",
    )  # fmt: skip
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for row in rows:
        cells = [
            str(row.steps), row.method, f"{row.test:.1%}", f"{100 * (row.test - dense):+.1f}",
            "" if row.simulated_test is None else f"{row.simulated_test:.1%}",
        ]  # fmt: skip
        if row.instructions_per_inference is None:
            cells += [""] * 5
        else:
            cells += [
                f"{row.program_accuracy:.1%}", f"{row.instructions_per_step:,.0f}",
                f"{row.instructions_per_inference:,.0f}", f"{row.ram:,}",
                "yes" if row.exact else "NO",
            ]  # fmt: skip
        lines.append(" | ".join(cells))
    return [f"| {line} |" for line in lines]


def write_results(rows: list[Row]) -> None:
    """CSV, Markdown and the plot."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "timesteps.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    dense = next(row for row in rows if row.steps == TIMESTEPS)
    reached = any(row.steps <= GOAL_STEPS and _within(row, dense) for row in rows)
    fewest = {
        method: min(row.steps for row in rows if row.method == method and _within(row, dense))
        for method in METHODS
        if any(_within(row, dense) for row in rows if row.method == method)
    }
    samples = len(real_recordings(GOAL_STEPS)[1])
    emulated = next(row.emulated for row in rows if row.emulated)
    lines = [
        "# Fewer time steps for the published N-MNIST network",
        "",
        "Made by `python benchmarks/compression/timesteps.py`. Accuracies: test half of the real "
        f"recordings (n = {samples}; one sample is {100 / samples:.2f} points, the standard error "
        f"about {100 * (dense.test * (1 - dense.test) / samples) ** 0.5:.1f} points) and simulated "
        f"recordings of MNIST test images (n = {SIMULATED_TEST_SAMPLES}), in real numbers; the "
        "integer program on the same test half. Instructions are exact, for the Cortex-M7 in QEMU "
        f"(mps2-an500), on {emulated} recordings of the test half, where the program equals the "
        "integer network bit for bit.",
        "",
        "As published: the same weights, leak and thresholds on longer bins. Without training: "
        "leak, thresholds and biases follow, as in `snn-reduce-timesteps`; per layer: with an "
        "exponent for each layer; the exponents (in the CSV) are chosen on the calibration half. "
        "Fine-tuned: on simulated recordings only, "
        "weights and thresholds, in stages, each from the one before:",
        "",
        *(f"* {stage}" for stage in STAGES),
        "",
        "The real recordings are of the training part of N-MNIST, which the authors presumably "
        "trained the published weights on. Fine-tuning here sees neither the real recordings nor "
        "their images (MNIST training images 0 to 999).",
        "",
        f"Fewest steps within one point of the dense network at 300 steps ({dense.test:.1%}): "
        + "; ".join(f"{method} {steps}" for method, steps in fewest.items())
        + f". The goal of {GOAL_STEPS} steps for one point is "
        + ("reached." if reached else "NOT reached."),
        "",
        *table(rows),
    ]
    (RESULTS / "timesteps.md").write_text("\n".join(lines) + "\n")
    plot(rows)


def _within(row: Row, dense: Row) -> bool:
    return row.test >= dense.test - GOAL_LOSS - 1e-9


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
    dense = next(row.test for row in rows if row.steps == TIMESTEPS)
    axes.axhline(
        100 * (dense - GOAL_LOSS), color="grey", linestyle=":", label="300 steps - 1 point"
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
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows: list[Row] = []
    for row in all_rows(arguments.emulated):
        rows.append(row)
        # After each row, so that an interrupted run leaves what it has measured.
        write_results(sorted(rows, key=lambda each: (-each.steps, METHODS.index(each.method))))


if __name__ == "__main__":
    main()
