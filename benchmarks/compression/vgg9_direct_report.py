# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The report on networks that get the image itself: `vgg9_direct.csv` and `.md`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from vgg9_bench import Bench, Settings
from vgg9_data import IMAGE_NOTE, VALIDATION
from vgg9_energy import AC_PICOJOULE, MAC_PICOJOULE, microjoules
from vgg9_paper import (
    LESS_ENERGY,
    MORE_LESS_ENERGY,
    POINTS,
    Figures,
    direct_choice,
    direct_rows,
    verdict,
)
from vgg9_zeros import LEVELS

from snnir.support.atomic import atomic_write

COLUMNS = (
    "accuracy", "samples", "timesteps", "parameters", "nonzero", "macs", "input_macs",
    "operations", "events", "updates", "difference", "error",
)  # fmt: skip


def percent(value: float) -> str:
    """`71.23 %`: of 10,000 images."""
    return f"{100 * value:.2f} %"


def rows(figures: Figures, settings: Settings) -> Iterable[str]:
    """One line for each network."""
    ann = figures["ann"]
    yield (
        f"| dense ANN | - | {ann['nonzero']:,} | {percent(ann['validation'])} | "
        f"{percent(ann['whole_test'])} | - | - | - | {ann['macs'] / 1e6:.2f} | "
        f"{microjoules(ann):.2f} | 1.0x | 1.0x | 1.0x |"
    )
    for name, key, row in direct_rows(figures, settings):
        validation = figures[f"validation {key}"]
        events, updates = microjoules(row, "events"), row["updates"] * MAC_PICOJOULE * 1e-6
        energies = (microjoules(row), events, events + updates)
        gains = " | ".join(f"{microjoules(ann) / energy:.1f}x" for energy in energies)
        mean_rate = sum(row["rates"]) / len(row["rates"])
        yield (
            f"| {name} | {row['timesteps']} | {row['nonzero']:,} | "
            f"{percent(validation['accuracy'])} | {percent(row['accuracy'])} | "
            f"{-100 * row['difference']:+.2f} ± {100 * row['error']:.2f} | {mean_rate:.3f} | "
            f"{row['operations'] / 1e6:.2f} | {row['input_macs'] / 1e6:.2f} | "
            f"{microjoules(row):.2f} | {gains} |"
        )


def verdicts(figures: Figures, settings: Settings) -> Iterable[str]:
    """What validation images choose at both ends of the paper's claim, and what it does."""
    for factor in (LESS_ENERGY, MORE_LESS_ENERGY):
        if (found := direct_choice(figures, settings, factor)) is None:
            yield f"At {factor:g}x less energy: no network."
            continue
        what, reached = found
        yield (
            f"At {factor:g}x less energy or more, validation images choose {what} on test images; "
            f"the paper loses {POINTS:.2f}: {verdict(reached)}."
        )


def text(bench: Bench) -> list[str]:
    """What was done, and what columns are of."""
    settings = bench.settings
    return [
        f"# VGG9 at {settings.width:g} of the width on CIFAR-10: the image itself as the input",
        "",
        f"Data: {IMAGE_NOTE}; so no figure compares with one on the original images to a point. "
        f"Accuracies are of all {len(bench.splits.whole_test):,} test images, beside those of "
        f"{VALIDATION:,} images of the training set that nothing is trained on and that decide "
        "between networks. The other stages are in [vgg9.md](vgg9.md).",
        "",
        f"Command: `{settings.command()} --only direct`. One run, one seed ({settings.seed}).",
        "",
        "The first convolution gets the image at every step, as in DIET-SNN (Rathi and Roy 2020, "
        "arXiv 2008.03658), instead of Poisson spikes. Its currents are the same at every step, so "
        f"its products are made once in an inference, by real multiply-accumulates "
        f"({MAC_PICOJOULE} pJ each, not times T), which is what compiled networks do "
        "(`kernels-hoist-static-input`). All that follows adds up spikes "
        f"({AC_PICOJOULE} pJ): rate of the layer that feeds, times T, times multiply-accumulates "
        "with weights that are not zero, as in vgg9.md: zeros cost nothing. A bias is an "
        "accumulate for each neuron and step, in the first layer once. Averages of pooled "
        "spikes count by the rate of the neurons; the last column but one counts an accumulate "
        "for each average that is not zero instead. Membranes do not count, as in the paper; in "
        "the last column they do, with a multiply-accumulate for the leak of each neuron at each "
        "step. Less: than the dense ANN's "
        f"{microjoules(bench.figures['ann']):.2f} µJ.",
        "",
        how_trained(bench),
        "",
        *how_chosen(bench),
    ]


def how_trained(bench: Bench) -> str:
    """What was done to the networks, one after the other."""
    settings = bench.settings
    ann, scale = bench.figures["ann"], bench.figures.get("direct_start: scale", {"scores": {}})
    scores = ", ".join(f"{name}: {percent(score)}" for name, score in scale["scores"].items())
    zeros = ", ".join(f"{share:g}" for share in bench.figures["direct zeros"]["zeros"])
    return (
        f"Start: the dense ANN ({percent(ann['whole_test'])}), thresholds by a percentile of its "
        f"activations, times what is best at T = {settings.direct_steps} on "
        f"{settings.validation_samples:,} validation images ({scores}); biases add half a "
        "threshold over all steps (Deng and Gu 2021, arXiv 2103.00476), so that spikes are rounded "
        "activations. The ANN has no biases. "
        f"OSBC: `snn-osbc-prune` makes {zeros} of the layers zero. By rates: "
        f"`snn-finetune-rates` with `whole-spikes`, {settings.direct_epochs} epochs. At other "
        "numbers of steps it is the same network with other biases. Through time: at T = "
        f"{settings.direct_steps}, `snn-finetune` from there, epochs: "
        f"{settings.direct_tuned_epochs}, learning rate "
        f"{settings.direct_tuned_rate:g}, batch {settings.direct_tuned_batch}. Epochs are of all "
        "training images, moved and mirrored, layers in bfloat16; the best on "
        f"{settings.direct_validation:,} of the validation images is kept. The loss is for "
        f"{settings.teacher_weight:g} the distance from the scores of the dense ANN, executed by "
        f"rates. The ANN itself was trained for {settings.ann_epochs} epochs from nothing, and no "
        "longer."
    )


def how_chosen(bench: Bench) -> list[str]:
    """What was decided, and by which images."""
    settings, found = bench.settings, bench.figures["direct zeros"]
    images, budget = f"{settings.direct_zeros_samples:,}", found["budget"]
    lines = [
        "Zeros are chosen by the command itself, on the first "
        f"{images} validation images and without labels. Each layer alone loses weights by OSBC at "
        f"each of the levels {', '.join(f'{level:g}' for level in LEVELS)}; damage is the mean "
        "divergence (Kullback and Leibler) of the classes' probabilities from those of all "
        "weights. From no zeros on, the level that saves the most energy by the proxy for what it "
        "adds to the damage is taken, until the network that has them all, executed, needs "
        f"{budget:.2f} µJ, {settings.direct_factor:g}x less than the ANN, at "
        f"T = {settings.direct_steps}. Then combinations with one layer a level lower, and another "
        f"at most a level higher, are executed, up to {settings.direct_exchanges}, and one that "
        "does less damage within the budget takes the place.",
        "",
        "| zeros of the layers | damage | right of these validation images | energy (µJ) |",
        "|---|---|---|---|",
    ]
    none = [0.0] * len(found["zeros"])
    for name, zeros in (("start", none), ("before", found["allocated"]), ("after", found["zeros"])):
        row, shares = found[name], ", ".join(f"{share:g}" for share in zeros)
        what = {"start": "", "before": " (greedy)", "after": " (chosen)"}[name]
        lines.append(
            f"| {shares}{what} | {row['damage']:.4f} | {percent(row['accuracy'])} | "
            f"{row['energy']:.2f} |"
        )
    return [
        *lines,
        "",
        "Biases were chosen on networks that were not trained, `whole-spikes` and the learning "
        "rate on some that were trained for two epochs, all of it on validation images; they "
        "choose below, too, at each end of the paper's claim. Numbers of steps and of epochs were "
        "set by the energy and the time that they take; results of other settings, on these test "
        "images too, were known then. Test images are looked at after all networks have been "
        "trained.",
        "",
    ]


def write_direct_report(bench: Bench, stem: Path) -> None:
    """`stem`.csv and .md, from whatever figures there are."""
    figures, settings = bench.figures, bench.settings
    if not (found := direct_rows(figures, settings)):
        return
    lines = text(bench)
    heads = (
        "network", "T", "weights not zero", "validation", "test", "points lost, 1 sd of the paired "
        "difference", "mean rate", "accumulates (M)", "products (M)", "energy (µJ)", "less",
        "less, averages counted", "less, membranes counted too",
    )  # fmt: skip
    lines += ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *rows(figures, settings)]
    lines += ["", *(f"* {line}" for line in verdicts(figures, settings)), ""]
    seconds = sum(
        row.get("processor_seconds", 0) for key, row in figures.items() if "direct" in key
    )
    training = figures["ann"]["training_seconds"]
    lines += [
        f"Processor time: {seconds / 60:.0f} minutes, and {training / 60:.0f} of the ANN's "
        f"training, on {settings.device}.",
        "",
    ]
    stem.parent.mkdir(exist_ok=True)
    with atomic_write(stem.with_suffix(".md")) as stream:
        stream.write("\n".join(lines))
    with atomic_write(stem.with_suffix(".csv")) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["network", *COLUMNS, "energy_proxy_microjoule", "processor_seconds"])
        keys = [each for _, key, _ in found for each in (f"validation {key}", key)]
        ann = figures["ann"]
        whole = {"accuracy": ann["whole_test"], "samples": len(bench.splits.whole_test)}
        rows_of = {"ann": ann | whole} | {key: figures[key] for key in keys}
        for key, row in rows_of.items():
            made = figures.get(f"making {key}", {}).get("processor_seconds", 0)
            spent = row["processor_seconds"] + row.get("training_seconds", made)
            cells = [row.get(name, "") for name in COLUMNS]
            writer.writerow([key, *cells, f"{microjoules(row):.3f}", f"{spent:.1f}"])
