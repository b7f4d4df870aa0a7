# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables and plots of the VGG9 benchmark, from whatever figures there are."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vgg9_data import IMAGE_NOTE, VALIDATION

from snnir.support.atomic import atomic_write

if TYPE_CHECKING:
    from vgg9_stages import Bench

MAC_PICOJOULE, AC_PICOJOULE = 4.6, 0.9
"""Energy of a float32 multiply-accumulate and of an accumulate in 45 nm (Horowitz, ISSCC 2014)."""
Row = dict[str, Any]


def microjoules(row: Row) -> float:
    """Operations of one inference times energy per operation: a proxy, memory is not in it.

    Spiking networks have `operations`, all accumulates; ordinary ones have multiply-accumulates.
    """
    if "operations" in row:
        return row["operations"] * AC_PICOJOULE * 1e-6
    return row["macs"] * MAC_PICOJOULE * 1e-6


def percent(value: float) -> str:
    """`71.2 %`."""
    return f"{100 * value:.1f} %"


def table(head: str, rows: Iterable[str]) -> list[str]:
    """A Markdown table, or nothing without rows."""
    body = list(rows)
    columns = head.count("|") - 1
    return [head, "|" + "---|" * columns, *body, ""] if body else []


def main_rows(bench: Bench) -> Iterable[str]:
    """One line for each network with its size, operations and energy."""
    figures, settings = bench.figures, bench.settings
    names = {
        "ann": "ANN",
        "converted": "SNN, converted",
        "tuned": "SNN, fine-tuned",
        f"pca_{settings.variance:g}_tuned": f"PCA {settings.variance:g}, fine-tuned",
        **{f"trained_{t}": f"the same at T = {t}, trained in stages" for t in settings.timesteps},
        "retrained_ann": "ANN of the pruned sizes, from nothing",
        "retrained": "the same as SNN, converted",
    }
    reference = figures.get("ann")
    for key, name in names.items():
        if key not in figures or reference is None:
            continue
        row = figures[key]
        energy = microjoules(row)
        operations = row.get("operations", row["macs"])
        yield (
            f"| {name} | {row.get('timesteps', '-')} | {percent(row['accuracy'])} | "
            f"{row['parameters']:,} | {reference['parameters'] / row['parameters']:.2f}x | "
            f"{row['macs'] / 1e6:.2f} | {operations / 1e6:.2f} | {energy:.1f} | "
            f"{microjoules(reference) / energy:.2f}x |"
        )


def step_rows(bench: Bench) -> Iterable[str]:
    """Accuracy against the number of steps."""
    for steps in bench.settings.timesteps[1:]:
        rows = [bench.figures.get(f"{way}_{steps}") for way in ("untrained", "trained")]
        if any(rows):
            cells = [percent(row["accuracy"]) if row else "-" for row in rows]
            yield f"| {steps} | {cells[0]} | {cells[1]} |"


def bit_rows(bench: Bench) -> Iterable[str]:
    """Accuracy against bits."""
    for bits in bench.settings.bits:
        rows = [bench.figures.get(f"{way}_{bits}") for way in ("rtn", "osbc")]
        if any(rows):
            cells = [percent(row["accuracy"]) if row else "-" for row in rows]
            yield f"| {bits} | {cells[0]} | {cells[1]} |"


def noise_series(bench: Bench) -> dict[str, list[float | None]]:
    """Accuracies at every noise, by network."""
    settings, figures = bench.settings, bench.figures
    ann = figures.get("ann", {})
    series: dict[str, list[float | None]] = {}
    series["ANN"] = [ann.get(f"noise {noise:g}") for noise in settings.noise]
    final = f"trained_{settings.final_steps}"
    for name, key in (
        (f"SNN, pruned, T = {settings.timesteps[0]}", f"pca_{settings.variance:g}_tuned"),
        (f"SNN, pruned, T = {settings.final_steps}", final),
    ):
        keys = [f"{key} noise {noise:g}" if noise else key for noise in settings.noise]
        series[name] = [figures[k]["accuracy"] if k in figures else None for k in keys]
    return series


def noise_rows(bench: Bench) -> Iterable[str]:
    """Accuracy against noise, and the loss from no noise."""
    for name, values in noise_series(bench).items():
        if values[0] is not None:
            cells = [
                "-" if value is None else f"{percent(value)} ({100 * (value - values[0]):+.1f})"
                for value in values
            ]
            yield f"| {name} | " + " | ".join(cells) + " |"


def layer_rows(bench: Bench) -> Iterable[str]:
    """Channels that are left in each layer."""
    keys = ["tuned", *(f"pca_{variance:g}" for variance in bench.settings.variances)]
    for key in keys:
        if (row := bench.figures.get(f"validation {key}")) is not None:
            channels = " | ".join(map(str, row["channels"][:-1]))
            yield (
                f"| {'all' if key == 'tuned' else key.replace('pca_', '')} | {channels} | "
                f"{row['parameters']:,} | {row['macs'] / 1e6:.2f} | {percent(row['accuracy'])} |"
            )


def header(bench: Bench) -> list[str]:
    """What the figures are of."""
    settings, ann = bench.settings, bench.figures.get("ann", {})
    error = math.sqrt(0.25 * 0.75 / settings.test_samples)
    training = sum(row.get("training_seconds", 0) for row in bench.figures.values())
    processor = sum(row.get("processor_seconds", 0) for row in bench.figures.values())
    return [
        f"# VGG9 at {settings.width:g} of the width on CIFAR-10: PCA, time steps, bits, noise",
        "",
        f"Data: {IMAGE_NOTE}; so no figure compares with one on the original images to a point. "
        f"Accuracies are of {settings.test_samples:,} test images (a fixed, class-balanced choice; "
        f"one standard error is about {100 * error:.1f} points). Training, thresholds, components "
        f"and Hessians are from the training set without {VALIDATION:,} images, of which the first "
        f"{settings.validation_samples:,} make all choices.",
        "",
        f"Command: `{settings.command()}`.",
        "",
        f"One run, one seed ({settings.seed}). The ANN is trained for {settings.ann_epochs} epochs "
        f"(validation accuracy {percent(ann.get('validation', 0))} of {VALIDATION:,}). A "
        f"fine-tuning stage is {settings.epochs} epoch(s) of {settings.image_steps:,} / T images "
        f"(Adam, {settings.learning_rate:g}, batch {settings.batch}, linear surrogate). Input: "
        "signed Poisson spikes; leak 0.9901; last layer integrates, its last membrane decides. "
        f"Calibration: {settings.calibration_samples} images for thresholds and Hessians, "
        f"{settings.component_samples} for principal components.",
        "",
        f"Processor time of the stages: {processor / 60:.0f} minutes besides the training of ANNs "
        f"({training / 60:.0f} minutes).",
        "",
    ]


def write_markdown(bench: Bench, path: Path) -> None:
    """All tables that there are figures for."""
    settings = bench.settings
    ops = " operations (M)"
    lines = header(bench)
    lines += ["## Size, operations, energy", ""]
    lines += [
        f"Operations: of the ANN multiply-accumulates ({MAC_PICOJOULE} pJ), of SNNs accumulates "
        f"({AC_PICOJOULE} pJ): rate of the layer that feeds, times T, times MACs. Energy is this "
        "proxy of the reference: no memory traffic, no membrane updates, not a microcontroller.",
        "",
    ]
    head = f"| network | T | accuracy | parameters | fewer | MACs (M) |{ops} | energy (µJ) | less |"
    lines += table(head, main_rows(bench))
    layers = " | ".join(f"conv {i + 1}" for i in range(8))
    lines += ["## Channels left by `snn-prune-pca`", ""]
    lines += [
        f"Not trained afterwards; accuracy of {settings.validation_samples:,} validation images. "
        f"{settings.variance:g} goes on.",
        "",
    ]
    columns = f"{layers} | parameters | MACs (M) | validation accuracy"
    lines += table(f"| variance | {columns} |", layer_rows(bench))
    lines += [f"## Fewer steps, from PCA {settings.variance:g}, fine-tuned", ""]
    lines += table("| T | without training | trained in stages |", step_rows(bench))
    lines += [f"## Bits of weights at T = {settings.final_steps}, not trained afterwards", ""]
    lines += table("| bits | RTN | OSBC |", bit_rows(bench))
    lines += ["## Gaussian noise on pixels of -1 to 1 (difference from none in points)", ""]
    sigmas = " | ".join(f"sigma {noise:g}" for noise in settings.noise)
    lines += table(f"| network | {sigmas} |", noise_rows(bench))
    notes = path.with_name(path.stem + "_notes.md")
    if notes.exists():
        lines += [notes.read_text().strip(), ""]
    with atomic_write(path) as stream:
        stream.write("\n".join(lines))


def write_csv(bench: Bench, path: Path) -> None:
    """Every figure, one line for each network."""
    names = ("accuracy", "samples", "timesteps", "parameters", "macs", "operations")
    rows = {key: row for key, row in bench.figures.items() if row.get("accuracy") is not None}
    with atomic_write(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["network", *names, "energy_proxy_microjoule", "processor_seconds"])
        for key, row in rows.items():
            cells = [row.get(name, "") for name in names]
            writer.writerow(
                [key, *cells, f"{microjoules(row):.3f}", f"{row.get('processor_seconds', 0):.1f}"]
            )


def write_plots(bench: Bench, path: Path) -> None:
    """Accuracy against steps, bits and noise, side by side; skipped without matplotlib."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    try:
        from matplotlib import pyplot
    except ImportError:
        return
    settings, figures = bench.settings, bench.figures
    figure, (by_steps, by_bits, by_noise) = pyplot.subplots(1, 3, figsize=(12, 3.6))

    def draw(axes: Any, name: str, points: Iterable[tuple[float, float | None]]) -> None:
        known = [(x, 100 * y) for x, y in points if y is not None]
        if known:
            axes.plot(*zip(*known, strict=True), marker="o", label=name)

    def accuracy(key: str) -> float | None:
        return figures[key]["accuracy"] if key in figures else None

    start = f"pca_{settings.variance:g}_tuned"
    for way, name in (("untrained", "without training"), ("trained", "trained in stages")):
        points = [(settings.timesteps[0], accuracy(start))]
        points += [(t, accuracy(f"{way}_{t}")) for t in settings.timesteps[1:]]
        draw(by_steps, name, points)
    for way, name in (("rtn", "RTN"), ("osbc", "OSBC")):
        draw(by_bits, name, [(bits, accuracy(f"{way}_{bits}")) for bits in settings.bits])
    for name, values in noise_series(bench).items():
        draw(by_noise, name, zip(settings.noise, values, strict=True))
    by_steps.set_xscale("log")
    by_steps.set_xticks(settings.timesteps, map(str, settings.timesteps))
    by_steps.minorticks_off()
    by_steps.set_xlabel("time steps")
    by_bits.set_xlabel(f"bits of weights, T = {settings.final_steps}")
    by_noise.set_xlabel("sigma of the noise")
    for axes in (by_steps, by_bits, by_noise):
        axes.set_ylabel("accuracy (%)")
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=8)
    title = f"VGG9, width {settings.width:g}, CIFAR-10 (JPEG), {settings.test_samples:,} images"
    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def write_report(bench: Bench, stem: Path) -> None:
    """`stem`.csv, .md and .png; text in `stem`_notes.md is put at the end of the Markdown."""
    stem.parent.mkdir(exist_ok=True)
    write_csv(bench, stem.with_suffix(".csv"))
    write_markdown(bench, stem.with_suffix(".md"))
    write_plots(bench, stem.with_suffix(".png"))
