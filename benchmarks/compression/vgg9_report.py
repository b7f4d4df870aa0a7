# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables of the VGG9 benchmark, from whatever figures there are."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vgg9_bench import Bench
from vgg9_compose_report import composed_section
from vgg9_data import IMAGE_NOTE, VALIDATION
from vgg9_energy import AC_PICOJOULE, MAC_PICOJOULE, microjoules
from vgg9_paper import comparison, direct_rows, fewer, less_energy, lost, points, prefixes, stages
from vgg9_plots import write_plots

from snnir.support.atomic import atomic_write

Row = dict[str, Any]


def percent(value: float) -> str:
    """`71.2 %`."""
    return f"{100 * value:.1f} %"


def table(head: str, rows: Iterable[str]) -> list[str]:
    """A Markdown table, or nothing without rows."""
    body = list(rows)
    columns = head.count("|") - 1
    return [head, "|" + "---|" * columns, *body, ""] if body else []


def size_rows(bench: Bench) -> Iterable[str]:
    """One line for each size: parameters, and what is lost as ANN and as SNN at all steps."""
    figures, steps = bench.figures, bench.settings.timesteps[0]
    if "converted" not in figures:
        return
    dense, converted = figures["ann"], figures["converted"]
    yield (
        f"| all channels | {dense['parameters']:,} | 1.0x | {dense['macs'] / 1e6:.2f} | "
        f"{percent(dense['whole_test'])} | - | {percent(converted['accuracy'])} | - | - |"
    )
    for prefix, name in prefixes(bench.settings).items():
        if (last := figures.get(f"{prefix}_{steps}")) is None:
            continue
        ann, first = figures.get(f"{prefix}_ann"), figures.get(prefix)
        yield (
            f"| {name} | {last['parameters']:,} | {fewer(last, figures):.1f}x | "
            f"{last['macs'] / 1e6:.2f} | "
            + (
                f"{percent(ann['whole_test'])} | {lost(ann, dense, 'whole_test'):.1f} | "
                if ann
                else "- | - | "
            )
            + (f"{percent(first['accuracy'])} | " if first else "- | ")
            + f"{percent(last['accuracy'])} | {lost(last, converted):.1f} |"
        )


def step_rows(bench: Bench) -> Iterable[str]:
    """One line for each network and number of steps, with operations and energy."""
    figures, settings = bench.figures, bench.settings
    if "converted" not in figures:
        return
    dense = figures["ann"]
    rows = {"all channels, ANN": dense, "all channels, converted": figures["converted"]}
    for prefix, name in prefixes(settings).items():
        if (ann := figures.get(f"{prefix}_ann")) is not None:
            rows[f"{name}, ANN"] = ann
        rows |= {f"{name}, T = {t}": row for t, row in stages(figures, settings, prefix).items()}
    for name, row in rows.items():
        operations = row["operations"] if "operations" in row else row["macs"]
        yield (
            f"| {name} | {fewer(row, figures):.1f}x | {percent(row['accuracy'])} | "
            f"{lost(row, dense):.1f} | {operations / 1e6:.2f} | "
            f"{microjoules(row):.2f} | {less_energy(row, figures):.1f}x |"
        )


def way_rows(bench: Bench) -> Iterable[str]:
    """Accuracy against the number of steps, by the way to get there."""
    figures, prefix = bench.figures, f"nothing_{bench.settings.variance:g}"
    for steps in bench.settings.timesteps[1:]:
        rows = [figures.get(key) for key in (f"{prefix}_untrained_{steps}", f"{prefix}_{steps}")]
        if all(rows):
            yield (
                f"| {steps} | " + " | ".join(percent(row["accuracy"]) for row in rows if row) + " |"
            )


def bit_rows(bench: Bench) -> Iterable[str]:
    """Accuracy against bits, and the difference from float."""
    figures, settings = bench.figures, bench.settings
    prefix = f"nothing_{settings.variance:g}_{settings.final_steps}"
    for bits in settings.bits:
        rows = [figures.get(f"{prefix} {way} {bits}") for way in ("rtn", "osbc")]
        if all(rows):
            cells = [
                f"{percent(row['accuracy'])} ({points(row, figures[prefix]):+.1f})"
                for row in rows
                if row
            ]
            yield f"| {bits} | " + " | ".join(cells) + " |"


def noise_series(bench: Bench) -> dict[str, list[float | None]]:
    """Accuracies at every noise, by network."""
    settings, figures = bench.settings, bench.figures
    prefix = f"nothing_{settings.variance:g}"
    series: dict[str, list[float | None]] = {}
    for name, key in (
        ("ANN, all channels", "ann"),
        (f"ANN, PCA {settings.variance:g}", f"{prefix}_ann"),
    ):
        row = figures.get(key, {})
        series[name] = [row.get(f"noise {noise:g}") for noise in settings.noise]
    for steps in (settings.timesteps[0], settings.final_steps):
        key = f"{prefix}_{steps}"
        keys = [f"{key} noise {noise:g}" if noise else key for noise in settings.noise]
        series[f"SNN, PCA {settings.variance:g}, T = {steps}"] = [
            figures[k]["accuracy"] if k in figures else None for k in keys
        ]
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
    keys = ["converted", *(f"pca_{variance:g}" for variance in bench.settings.variances)]
    for key in keys:
        if (row := bench.figures.get(f"validation {key}")) is not None:
            channels = " | ".join(map(str, row["channels"][:-1]))
            yield (
                f"| {'all' if key == 'converted' else key.replace('pca_', '')} | {channels} | "
                f"{row['parameters']:,} | {fewer(row, bench.figures):.1f}x | "
                f"{row['macs'] / 1e6:.2f} | {percent(row['accuracy'])} |"
            )


def header(bench: Bench) -> list[str]:
    """What the figures are of."""
    settings = bench.settings
    error = math.sqrt(0.25 * 0.75 / settings.test_samples)
    first, last = settings.timesteps[0], settings.timesteps[-1]
    return [
        f"# VGG9 at {settings.width:g} of the width on CIFAR-10: PCA, time steps, bits, noise",
        "",
        f"Data: {IMAGE_NOTE}; so no figure compares with one on the original images to a point. "
        f"Accuracies are of {settings.test_samples:,} test images (a fixed, class-balanced choice; "
        f"one standard error is about {100 * error:.1f} points), of ANNs also of all 10,000. "
        "Nothing was chosen on test images, but for two stages of composed passes that are named "
        f"there. {VALIDATION:,} images of the training set are not trained on; choices are made "
        f"on {settings.validation_samples:,} of them, or on fewer "
        f"where that times T is more than {settings.choice_steps:,} "
        f"({bench.choice_samples(first):,} at T = {first}).",
        "",
        f"Command: `{settings.command()}`.",
        "",
        f"One run, one seed ({settings.seed}). Every ANN is trained for {settings.ann_epochs} "
        f"epochs, those of pruned sizes without dropout and with weight decay "
        f"{settings.small_decay:g}. A stage of training of SNNs is {settings.epochs} epoch(s) of "
        f"{settings.image_steps:,} / T images ({settings.image_steps // first:,} at T = {first}, "
        f"{settings.image_steps // last:,} at T = {last}; Adam, batch {settings.batch}, linear "
        "surrogate). Input: signed Poisson spikes; leak 0.9901; last layer integrates, its last "
        f"membrane decides. Calibration: {settings.calibration_samples} images for thresholds and "
        f"Hessians, {settings.component_samples} for principal components. Principal components "
        "are of the converted network, which is not fine-tuned before.",
        "",
        *choices(bench),
        *costs(bench),
    ]


def choices(bench: Bench) -> list[str]:
    """What validation images chose."""
    figures, lines = bench.figures, []
    if (row := figures.get("learning rate")) is not None:
        scores = ", ".join(f"{rate}: {percent(score)}" for rate, score in row["scores"].items())
        lines.append(
            f"Learning rate of SNNs: {row['rate']:g}, chosen at T = {bench.settings.final_steps} "
            f"by a quarter of a stage ({scores})."
        )
    scales = {
        key.partition(":")[0]: row for key, row in figures.items() if key.endswith(": thresholds")
    }
    if scales:
        text = "; ".join(
            f"{name} {row['scale']:g} ("
            + ", ".join(f"{scale}: {percent(score)}" for scale, score in row["scores"].items())
            + ")"
            for name, row in scales.items()
        )
        lines.append(f"Scales of balanced thresholds: {text}.")
    return [*lines, ""] if lines else []


def costs(bench: Bench) -> list[str]:
    """How long it took."""
    rows = bench.figures.values()
    training = sum(row.get("training_seconds", 0) for row in rows)
    processor = sum(row.get("processor_seconds", 0) for row in rows)
    return [
        f"Processor time: {training / 60:.0f} minutes for the training of ANNs and "
        f"{processor / 60:.0f} for all else, on {bench.settings.device}.",
        "",
    ]


def write_markdown(bench: Bench, path: Path) -> None:
    """All tables that there are figures for."""
    settings = bench.settings
    first = settings.timesteps[0]
    lines = [*header(bench), "## Against the paper (arXiv 2104.12528)", ""]
    lines += [
        "The paper's figures are of the full width, the original images, and 20 to 30 epochs of "
        "all training images at each stage; those measured here are of networks with "
        f"{settings.width:g} of the channels, which have less to spare. Points are of accuracy: "
        f"from the dense SNN at T = {first}, for energy and noise from the dense ANN.",
        "",
    ]
    lines += table(
        "| result | paper | source | here | verdict |", comparison(bench.figures, settings)
    )
    lines += ["## Fewer parameters", ""]
    lines += [
        "Sizes are what `snn-prune-pca` needs at the fraction of the variance. From nothing: an "
        "ANN of that size is trained and converted, as in the paper; distilled: its loss is for "
        f"{settings.teacher_weight:g} the distance from the scores of the dense ANN (not in the "
        "paper). Channels kept by the pass: those with the least error when the others go, with "
        f"compensation. Fine-tuning is at T = {first} and keeps a network as it was if it is no "
        "better on a tenth of its images that is held out (the ANN was trained on them, so this "
        "leans to keeping).",
        "",
    ]
    lines += table(
        "| network | parameters | fewer | MACs (M) | ANN, 10,000 images | points lost | "
        f"SNN, T = {first} | fine-tuned | points lost |",
        size_rows(bench),
    )
    lines += fewer_steps(bench)
    lines += composed_section(bench)
    if direct_rows(bench.figures, settings):
        lines += [
            "## The image itself as the input, in few steps",
            "",
            "See [vgg9_direct.md](vgg9_direct.md).",
            "",
        ]
    lines += rest(bench)
    lines += [f"![Accuracy against parameters, steps, bits and noise]({path.stem}.png)", ""]
    with atomic_write(path) as stream:
        stream.write("\n".join(lines))


def fewer_steps(bench: Bench) -> list[str]:
    """Accuracy, operations and energy at every number of steps."""
    settings = bench.settings
    longer = ""
    if settings.longer:
        longer = (
            f"{settings.longer}x training: the stage of T = {settings.final_steps} on "
            f"{settings.longer} times as many images. "
        )
    if settings.longest > settings.longer:
        longer += (
            f"{settings.longest}x: that network, trained on by `snn-finetune` until it has seen "
            f"{settings.longest} times as many. "
        )
    lines = ["## Fewer steps, operations, energy", ""]
    lines += [
        f"Each number of steps is trained from the one above it. {longer}"
        "A stage keeps its training if that helps on validation images. Operations: of ANNs "
        f"multiply-accumulates ({MAC_PICOJOULE} pJ), of SNNs accumulates ({AC_PICOJOULE} pJ): rate "
        "of the layer that feeds, times T, times MACs. Energy is this proxy of the reference: no "
        "memory traffic, no membrane updates, not a microcontroller. Points lost and energy are "
        "against the dense ANN.",
        "",
    ]
    lines += table(
        "| network | fewer parameters | accuracy | points lost | operations (M) | energy (µJ) | "
        "less |",
        step_rows(bench),
    )
    lines += [
        f"## Fewer steps with and without training: PCA {settings.variance:g}, from nothing",
        "",
    ]
    return lines + table("| T | without training | trained in stages |", way_rows(bench))


def rest(bench: Bench) -> list[str]:
    """Channels, bits, noise."""
    settings = bench.settings
    layers = " | ".join(f"conv {i + 1}" for i in range(8))
    lines = ["## Channels left by `snn-prune-pca`", ""]
    lines += [
        f"Not trained afterwards; T = {settings.timesteps[0]}, accuracy of "
        f"{bench.choice_samples(settings.timesteps[0]):,} validation images.",
        "",
    ]
    columns = f"{layers} | parameters | fewer | MACs (M) | validation accuracy"
    lines += table(f"| variance | {columns} |", layer_rows(bench))
    name = f"PCA {settings.variance:g}, from nothing, T = {settings.final_steps}"
    lines += [f"## Bits of weights: {name}, not trained afterwards", ""]
    lines += table("| bits | RTN | OSBC |", bit_rows(bench))
    lines += ["## Gaussian noise on pixels of -1 to 1 (difference from none in points)", ""]
    sigmas = " | ".join(f"sigma {noise:g}" for noise in settings.noise)
    return lines + table(f"| network | {sigmas} |", noise_rows(bench))


def write_csv(bench: Bench, path: Path) -> None:
    """Every figure, one line for each network."""
    names = ("accuracy", "samples", "timesteps", "parameters", "nonzero", "macs", "operations")
    rows = {
        key: row
        for key, row in bench.figures.items()
        if row.get("accuracy") is not None and "direct" not in key
    }
    with atomic_write(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["network", *names, "energy_proxy_microjoule", "all_test_images", "processor_seconds"]
        )
        for key, row in rows.items():
            cells = [row.get(name, "") for name in names]
            seconds = row.get("processor_seconds", 0) + row.get("training_seconds", 0)
            whole = row.get("whole_test", "")
            writer.writerow([key, *cells, f"{microjoules(row):.3f}", whole, f"{seconds:.1f}"])


def write_report(bench: Bench, stem: Path) -> None:
    """`stem`.csv, .md and .png."""
    stem.parent.mkdir(exist_ok=True)
    write_csv(bench, stem.with_suffix(".csv"))
    write_markdown(bench, stem.with_suffix(".md"))
    write_plots(bench, noise_series(bench), stem.with_suffix(".png"))
