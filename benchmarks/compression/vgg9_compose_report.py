# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The section of the VGG9 report on composed passes."""

from __future__ import annotations

from collections.abc import Iterable

from vgg9_bench import Bench, Row
from vgg9_energy import microjoules
from vgg9_paper import composed_stages, compositions, fewer, less_energy, lost, starts


def composed_section(bench: Bench) -> list[str]:
    """Text and tables; nothing without figures."""
    rows = list(size_rows(bench))
    if not rows:
        return []
    settings = bench.settings
    first = settings.timesteps[0]
    return [
        "## Passes composed: weights that are not zero",
        "",
        "**Parameters are weights that are not zero here**, anywhere in the layers, not channels "
        "that are gone as in the tables above, so what is saved has a price: it must be known "
        "which they are. Bytes are of weights of 8 bits. Listed: a byte for a weight and one for "
        "its output, and two for where the list of each input starts (the form of "
        "`snnrt.linear_scatter_sparse`); mapped: a bit for each weight says whether it is zero. "
        "Times fewer are against the dense network's, a byte for a weight without any index. "
        "In programs convolutions store three bytes for each weight that is not zero "
        "(`snnrt.conv2d_scatter_sparse`), where that is chosen.",
        "",
        "OSBC: `snn-osbc-prune` at all steps, with options that validation images chose"
        f"{options_text(bench)}; smallest weights zero: `snn-prune-magnitude`; both share the "
        "zeros between layers by LAMPS. Fine-tuned: `snn-finetune`. Trained by rates: "
        f"`snn-finetune-rates`, {settings.rates_epochs} epochs of all training images, learning "
        f"rate {settings.rates_rate:g}, by {settings.teacher_weight:g} from the scores of the "
        "dense SNN, epochs compared on validation images. Retrained as an ANN, by code of the "
        f"benchmark that is no pass: zeros stay, {settings.retrain_epochs} epochs, highest "
        f"learning rate {settings.retrain_rate:g}, by {settings.teacher_weight:g} from the scores "
        "of the dense ANN; then converted again. Points lost are against the dense ANN and the "
        f"dense SNN at T = {first}; those of the SNN are of few images, those of the ANN of all."
        f"{training_text(bench)}",
        "",
        f"| network | weights | not zero | fewer | listed, bytes | mapped, bytes | "
        f"ANN, 10,000 images | points lost | SNN, T = {first} | points lost | fine-tuned | "
        "points lost |",
        "|" + "---|" * 12,
        *rows,
        "",
        *fewer_steps_table(bench),
    ]


def training_text(bench: Bench) -> str:
    """Processor time of the two ways to train at all steps, of all channels at the first ratio."""
    figures, key = bench.figures, f"converted_{bench.settings.ratios[0]:g}x_osbc"
    by_rates, ann = figures.get(f"making {key}_rates"), figures.get(f"{key}_retrained_ann")
    balanced = figures.get(f"{key}_retrained: thresholds")
    if by_rates is None or ann is None or balanced is None:
        return ""
    seconds = ann["training_seconds"] + balanced["processor_seconds"]
    return (
        f" Processor time at {bench.settings.ratios[0]:g}x, all channels: "
        f"{by_rates['processor_seconds'] / 60:.1f} minutes by rates, the comparison of epochs on "
        f"the spiking network among them; {seconds / 60:.1f} as an ANN in bfloat16 and for the "
        "balancing of thresholds."
    )


def lean_text(bench: Bench) -> str:
    """What the number of steps beside the others is for, and what was chosen when."""
    settings = bench.settings
    if not settings.lean_steps:
        return ""
    return (
        f" **Chosen after test images had been seen:** T = {settings.lean_steps} ("
        f"{settings.lean_epochs} epochs from T = {settings.composed_steps[1]}), by the operations "
        "measured on them there, to need an eighth of the dense ANN's energy; and that training "
        f"through time follows, once T = {settings.composed_steps[-1]} by rates was known to be "
        "worse than stages through time. Weights were chosen by held-out images throughout."
    )


def options_text(bench: Bench) -> str:
    """` (name: score, ...)` of the options that were chosen from."""
    row = bench.figures.get("options of snn-osbc-prune")
    if row is None:
        return ""
    scores = ", ".join(f"{name}: {100 * score:.1f} %" for name, score in row["scores"].items())
    return f" ({scores})"


def size_rows(bench: Bench) -> Iterable[str]:
    """One line for each composition: its size, what is lost before and after training."""
    figures, steps = bench.figures, bench.settings.timesteps[0]
    if "converted" not in figures:
        return
    for name, key, row in composed_rows(bench):
        ann, tuned = figures.get(f"{key}_ann"), figures.get(f"{key}_{steps}")
        cells = [
            f"{row['parameters']:,}", f"{row['nonzero']:,}", f"{fewer(row, figures):.1f}x",
            bytes_cell(row["listed"], figures), bytes_cell(row["mapped"], figures),
            *accuracy_cells(ann, figures["ann"], "whole_test"),
            *accuracy_cells(row, figures["converted"]),
            *accuracy_cells(tuned, figures["converted"]),
        ]  # fmt: skip
        yield f"| {name} | " + " | ".join(cells) + " |"


def composed_rows(bench: Bench) -> Iterable[tuple[str, str, Row]]:
    """Name, key and row at all steps of everything that was composed, by size."""
    for ratio in bench.settings.ratios:
        for key, name in compositions(bench.settings, ratio).items():
            if (row := bench.figures.get(key)) is not None:
                yield name, key, row


def bytes_cell(count: int, figures: dict[str, Row]) -> str:
    """`88,664 (5.0x)`."""
    return f"{count:,} ({figures['ann']['parameters'] / count:.1f}x)"


def accuracy_cells(row: Row | None, reference: Row, key: str = "accuracy") -> list[str]:
    """Accuracy and points lost."""
    if row is None:
        return ["-", "-"]
    return [f"{100 * row[key]:.1f} %", f"{lost(row, reference, key):.1f}"]


def fewer_steps_table(bench: Bench) -> list[str]:
    """The compositions that were brought to fewer steps, beside what they were made from."""
    figures, settings = bench.figures, bench.settings
    rows = []
    names = compositions(settings, settings.ratios[0])
    for key, name in (starts(settings) | names).items():
        for steps in composed_stages(settings):
            found = f"{key}_{steps}"
            # What was retrained is not fine-tuned at all steps.
            if steps == settings.timesteps[0] and found not in figures:
                found = key
            if (row := figures.get(found)) is not None:
                rows.append(
                    f"| {name} | {steps} | {fewer(row, figures):.1f}x | "
                    f"{100 * row['accuracy']:.1f} % | {lost(row, figures['ann']):.1f} | "
                    f"{row['operations'] / 1e6:.2f} | {microjoules(row):.2f} | "
                    f"{less_energy(row, figures):.1f}x |"
                )
    return [
        f"Fewer steps at {settings.ratios[0]:g}x fewer weights, trained in stages, zeros kept: by "
        "rates what was trained by rates, else through time. Operations and energy as above, of "
        "weights that are not zero: what hardware that skips zeros would do. Points lost are "
        "against the dense ANN." + lean_text(bench),
        "",
        "| network | T | fewer | accuracy | points lost | operations (M) | energy (µJ) | less |",
        "|" + "---|" * 8,
        *rows,
        "",
    ]
