# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The plot of the VGG9 benchmark: accuracy against parameters, steps, bits and noise."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vgg9_bench import Bench
from vgg9_paper import WAYS, fewer, prefixes, stages, starts


def write_plots(bench: Bench, noise: Mapping[str, Sequence[float | None]], path: Path) -> None:
    """Four plots; without matplotlib none, not that of an earlier run either.

    Args:
        noise: accuracies at every noise of the settings, by network.
    """
    os.environ.setdefault("MPLBACKEND", "Agg")
    try:
        from matplotlib import pyplot
    except ImportError:
        print("no plot without matplotlib: pip install matplotlib", file=sys.stderr)
        path.unlink(missing_ok=True)
        return
    settings = bench.settings
    figure, axes = pyplot.subplots(2, 2, figsize=(11, 8))
    (by_size, by_steps), (by_bits, by_noise) = axes
    draw_sizes(by_size, bench)
    draw_steps(by_steps, bench)
    start = f"nothing_{settings.variance:g}_{settings.final_steps}"
    for way in ("rtn", "osbc"):
        draw(
            by_bits,
            way.upper(),
            [(bits, accuracy(bench, f"{start} {way} {bits}")) for bits in settings.bits],
        )
    if (value := accuracy(bench, start)) is not None:
        by_bits.axhline(100 * value, color="grey", linestyle="--", label="float")
    for name, values in noise.items():
        draw(by_noise, name, zip(settings.noise, values, strict=True))
    by_bits.set_xlabel(f"bits of weights (PCA {settings.variance:g}, T = {settings.final_steps})")
    by_noise.set_xlabel("sigma of the noise on pixels of -1 to 1")
    for each in axes.flat:
        each.set_ylabel("accuracy (%)")
        each.grid(alpha=0.3)
        if each.lines:
            each.legend(fontsize=7, loc="upper right" if each is by_size else "best")
    # Room above the lines, where no point is hidden.
    low, high = by_size.get_ylim()
    by_size.set_ylim(low, high + 0.8 * (high - low))
    title = f"VGG9, width {settings.width:g}, CIFAR-10 (JPEG), {settings.test_samples:,} images"
    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def accuracy(bench: Bench, key: str) -> float | None:
    """The accuracy of a row, if there is one."""
    return bench.figures[key]["accuracy"] if key in bench.figures else None


def draw(
    axes: Any, name: str, points: Iterable[tuple[float, float | None]], mark: str = "o"
) -> None:
    """A line through the points that are known."""
    known = [(x, 100 * y) for x, y in points if y is not None]
    if known:
        axes.plot(*zip(*known, strict=True), marker=mark, label=name)


def draw_sizes(axes: Any, bench: Bench) -> None:
    """How many times fewer parameters, as ANN and as SNN at several numbers of steps."""
    figures, settings = bench.figures, bench.settings
    sizes = [f"nothing_{variance:g}" for variance in sorted(settings.retrained, reverse=True)]
    ann = ["ann", *(f"{prefix}_ann" for prefix in sizes)]
    draw(
        axes,
        "ANN, from nothing",
        [(fewer(figures[key], figures), accuracy(bench, key)) for key in ann if key in figures],
        "s",
    )
    for steps in (settings.timesteps[0], settings.final_steps):
        keys = [f"{prefix}_{steps}" for prefix in sizes if f"{prefix}_{steps}" in figures]
        draw(
            axes,
            f"SNN, from nothing, T = {steps}",
            [(fewer(figures[key], figures), accuracy(bench, key)) for key in keys],
        )
    for prefix, mark in (
        (f"taught_{settings.variance:g}", "*"),
        (f"pca_{settings.variance:g}", "x"),
    ):
        if (row := stages(figures, settings, prefix).get(settings.timesteps[0])) is not None:
            name = prefixes(settings)[prefix]
            point = [(fewer(row, figures), row["accuracy"])]
            draw(axes, f"SNN, {name}, T = {settings.timesteps[0]}", point, mark)
    draw_composed(axes, bench)
    axes.set_xlabel("times fewer parameters that are not zero")


def draw_composed(axes: Any, bench: Bench) -> None:
    """Composed passes at all steps: what each way leaves at each ratio."""
    figures, settings = bench.figures, bench.settings
    for start, name in starts(settings).items():
        for way, mark in (("osbc", "v"), ("osbc_rates", "^")):
            keys = [f"{start}_{ratio:g}x_{way}" for ratio in settings.ratios]
            points = [
                (fewer(figures[key], figures), accuracy(bench, key))
                for key in keys
                if key in figures
            ]
            draw(axes, f"SNN, {name}, {WAYS[way]}, T = {settings.timesteps[0]}", points, mark)


def draw_steps(axes: Any, bench: Bench) -> None:
    """Time steps, of every pruned network."""
    figures, settings = bench.figures, bench.settings
    for prefix, name in prefixes(settings).items():
        rows = stages(figures, settings, prefix)
        draw(axes, name, [(steps, row["accuracy"]) for steps, row in rows.items()])
    prefix = f"nothing_{settings.variance:g}"
    keys = {steps: f"{prefix}_untrained_{steps}" for steps in settings.timesteps[1:]}
    keys = {settings.timesteps[0]: prefix, **keys}
    name = f"PCA {settings.variance:g}, from nothing, not fine-tuned"
    draw(axes, name, [(steps, accuracy(bench, key)) for steps, key in keys.items()], "x")
    axes.set_xscale("log")
    axes.set_xticks(settings.timesteps, [str(steps) for steps in settings.timesteps])
    axes.minorticks_off()
    axes.set_xlabel("time steps")
