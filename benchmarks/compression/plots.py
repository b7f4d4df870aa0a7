# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plots of the benchmarks, with matplotlib (`pip install snnir[plot]`); none without it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Series:
    """A line of a plot.

    Attributes:
        x, y: of the same length, x ascending.
        style: of the line, as matplotlib names it; lines with equal text before the comma of
            `name` have one colour.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    style: str = "-"


def plot_series(
    series: Sequence[Series],
    path: Path,
    *,
    title: str,
    note: str,
    x_label: str,
    y_label: str,
    reference: tuple[str, float] | None = None,
) -> None:
    """Draw lines over a logarithmic axis of x into a `.png`, with all places of x as ticks.

    Args:
        note: the data and the number of samples, below the title.
        reference: name and height of a horizontal line.
    """
    try:
        import matplotlib
    except ImportError:
        print(f"no {path.name}: matplotlib is not installed (snnir[plot])", file=sys.stderr)
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.5, 4.8), layout="constrained")
    colours: dict[str, str] = {}
    for each in series:
        group = each.name.rpartition(", ")[0]
        colour = colours.setdefault(group, f"C{len(colours)}")
        axes.plot(each.x, each.y, each.style, marker="o", ms=4, color=colour, label=each.name)
    if reference is not None:
        axes.axhline(reference[1], color="0.5", lw=1, ls="--", label=reference[0])
    axes.set_xscale("log")
    ticks = sorted({x for each in series for x in each.x})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_title(f"{title}\n{note}", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="lower right")
    # No date and version in the file: the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
