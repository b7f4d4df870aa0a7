# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables, goals and conclusions of the OSBC benchmark, all computed from its cells."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import markdown_table, uncertainty
from numpy.typing import NDArray
from plots import Series, plot_series

GOALS = (
    ("pruning", 0.97, None, 0.5), ("pruning", 0.98, None, 1.0), ("pruning", 0.99, None, 2.0),
    ("quantization", 0.0, 3, 0.0), ("quantization", 0.0, 2, 0.5), ("both", 0.97, 4, 0.6),
)  # fmt: skip
"""Kind of cell, sparsity, bits, and points that may be lost on simulated test recordings."""

Large = dict[tuple[str, float, int | None], list[NDArray[np.bool_]]]
"""By kind, sparsity and bits: which further simulated recordings were classified right."""

EXTENDED = "OSBC extended"


@dataclass(frozen=True, eq=False, repr=False)
class Cell:
    """One compressed network.

    Attributes:
        correct: bool, whether each test recording was classified right: simulated, then real.
        sizes: recordings of each of the two.
        rate: mean firing rate of the hidden layer.
        seconds: to compress, without Hessians and orders.
    """

    kind: str
    method: str
    sparsity: float
    bits: int | None
    correct: NDArray[np.bool_]
    sizes: tuple[int, ...]
    rate: float
    seconds: float

    def __repr__(self) -> str:
        shown = " / ".join(f"{100 * accuracy:.2f}" for accuracy in self.accuracies)
        return f"{self.kind}: {self.method}, {self.sparsity:.0%}, {self.bits} bits: {shown} %"

    @property
    def parts(self) -> list[NDArray[np.bool_]]:
        """`correct` of each data set."""
        return np.split(self.correct, np.cumsum(self.sizes)[:-1])

    @property
    def accuracies(self) -> list[float]:
        """Of each data set, 0 to 1."""
        return [float(part.mean()) for part in self.parts]


def difference(first: Cell, second: Cell) -> tuple[float, float]:
    """Points by which `first` is better on the simulated recordings, and their deviation.

    The recordings are the same, so only those count that one of the two gets wrong.
    """
    change = first.parts[0].astype(int) - second.parts[0].astype(int)
    return 100 * float(change.mean()), 100 * float(change.std() / len(change) ** 0.5)


PLOTS = {"pruning": "weights left, %", "quantization": "bits of a weight"}
"""Kinds of compression that have a plot, with what its axis of x shows."""


def write_report(
    cells: Sequence[Cell],
    name: str,
    times: dict[str, float],
    folder: Path,
    ladder: dict[str, Any] | None = None,
    large: Large | None = None,
) -> None:
    """Write `NAME.csv`, `NAME.md` and the plots."""
    folder.mkdir(exist_ok=True)
    _write_csv(cells, folder / f"{name}.csv")
    _plot(cells, name, folder)
    dense = cells[0]
    lines = [
        f"# OSBC on 2312-256-10, N-MNIST, 100 time bins ({name})",
        "",
        *_introduction(dense),
        *_goals(cells, large or {}),
        *_table(cells, "pruning", "Sparsity of all 594,432 weights, in float32", False),
        *_table(cells, "quantization", "Bits of all weights", True),
        *_table(cells, "both", "Pruned, then quantised on what is left", True),
        *_table(cells, "pruning, options", "What each option of pruning brings", False),
        *_table(cells, "quantization, options", "What each option of quantisation brings", True),
        *_ladder(ladder),
        *_conclusions(cells),
    ]
    if times:
        lines += ["## Computed once", ""]
        rows = [[what, f"{seconds:.0f}"] for what, seconds in times.items()]
        lines += [*markdown_table(["what", "CPU seconds"], rows), ""]
    for kind in PLOTS:
        if any(cell.kind == kind for cell in cells):
            lines += [f"![Accuracy after {kind}]({name}_{kind}.png)", ""]
    (folder / f"{name}.md").write_text("\n".join(lines).rstrip() + "\n")


def _write_csv(cells: Iterable[Cell], path: Path) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["kind", "method", "sparsity", "bits", "simulated_accuracy", "simulated_samples",
             "real_accuracy", "real_samples", "hidden_rate", "seconds"]
        )  # fmt: skip
        for cell in cells:
            simulated, real = cell.accuracies
            writer.writerow(
                [cell.kind, cell.method, cell.sparsity, cell.bits or "float", f"{simulated:.5f}",
                 cell.sizes[0], f"{real:.5f}", cell.sizes[1], f"{cell.rate:.5f}",
                 f"{cell.seconds:.1f}"]
            )  # fmt: skip


def _introduction(dense: Cell) -> list[str]:
    simulated, real = dense.accuracies
    return [
        "Made by `python benchmarks/compression/osbc.py`, with the options in its docstring where "
        "the name is not `osbc`; how long the pass takes is in [osbc_speed.md](osbc_speed.md). "
        "Calibration: 1,000 simulated recordings of MNIST training images, without their labels, "
        "none of which the network was trained on. "
        f"Tests: {dense.sizes[0]:,} simulated recordings of MNIST test images and "
        f"{dense.sizes[1]} real N-MNIST recordings (of MNIST training images before number 1,000). "
        "All options were chosen on other simulated recordings of training images; no weights are "
        "trained. Executed in float32.",
        "",
        f"Dense: {simulated:.2%} simulated, {real:.2%} real, hidden rate {dense.rate:.3f}. One "
        f"accuracy is good to ±{uncertainty(simulated, dense.sizes[0]):.1f} points (simulated) and "
        f"±{uncertainty(real, dense.sizes[1]):.1f} (real), one standard deviation; differences of "
        "networks on the same recordings to less. Sparsity is the part of *all* weights of the "
        "dense network that is zero, those of silent neurons included; LAMPS shares it between the "
        "layers. Seconds: on a shared machine, one thread, without Hessians and orders.",
        "",
        f"*{EXTENDED}* has the options that go beyond the paper: for pruning "
        "`importance=downstream sequential=asymmetric readout-decay=0.97`, for quantisation "
        "`sequential=asymmetric readout-decay=0.97 scale-search full-range`. OSBC and OBC are "
        "quantised on the paper's grid (`full-range`); RTN on the symmetric one of "
        "`snn-quantize-rtn`.",
        "",
    ]


def _lookup(
    cells: Iterable[Cell], kind: str, method: str, sparsity: float, bits: int | None
) -> Cell | None:
    wanted = (kind, method, sparsity, bits)
    found = (c for c in cells if (c.kind, c.method, c.sparsity, c.bits) == wanted)
    return next(found, None)


def _all_loss(cell: Cell, dense: Cell, large: Large) -> tuple[int, float, float]:
    """Recordings, points lost and deviation on all simulated test recordings that are known."""
    own = [cell.parts[0], *large.get((cell.kind, cell.sparsity, cell.bits), [])]
    whole = [dense.parts[0], *large.get((dense.kind, dense.sparsity, dense.bits), [])]
    change = np.concatenate(whole).astype(int) - np.concatenate(own).astype(int)
    return len(change), 100 * float(change.mean()), 100 * float(change.std() / len(change) ** 0.5)


def _goals(cells: Sequence[Cell], large: Large) -> list[str]:
    rows = []
    samples = cells[0].sizes[0]
    for kind, sparsity, bits, goal in GOALS:
        cell = _lookup(cells, kind, EXTENDED, sparsity, bits)
        if cell is None:
            continue
        gain, deviation = difference(cell, cells[0])
        what = [f"{sparsity:.0%} sparse"] * bool(sparsity) + [f"{bits} bits"] * bool(bits)
        reached = "yes" if round(-gain, 2) <= goal else "no"
        real = 100 * (cells[0].accuracies[1] - cell.accuracies[1])
        rows.append(
            [", ".join(what), f"{goal:.1f}", f"{-gain + 0.0:.2f} ± {deviation:.2f}", reached,
             f"{real:.2f}"]
        )  # fmt: skip
        if large:
            samples, lost, deviation = _all_loss(cell, cells[0], large)
            rows[-1].append(f"{lost:.2f} ± {deviation:.2f}")
    if not rows:
        return []
    header = ["", "may lose", "loses, simulated", "reached", "loses, real"]
    header += [f"loses, {samples:,} simulated"] * bool(large)
    title = f"## Goals: points that {EXTENDED} loses without fine-tuning"
    more = "The same goals, at beta 0.5, on more recordings: `osbc_goals.md`."
    return [title, "", *markdown_table(header, rows), "", more, ""]


def _table(cells: Sequence[Cell], kind: str, title: str, with_bits: bool) -> list[str]:
    chosen = [cell for cell in cells if cell.kind == kind]
    if not chosen:
        return []
    chosen.sort(key=lambda cell: (cell.sparsity, -(cell.bits or 0)))
    rows = []
    for cell in chosen:
        simulated, real = cell.accuracies
        gain, deviation = difference(cell, cells[0])
        setting = [f"{cell.sparsity:.0%}"] + ([str(cell.bits)] if with_bits else [])
        rows.append(
            [cell.method, *setting, f"{simulated:.2%}", f"{-gain + 0.0:.2f} ± {deviation:.2f}",
             f"{real:.2%}", f"{cell.rate:.3f}", f"{cell.seconds:.0f}"]
        )  # fmt: skip
    header = ["method", "sparsity", *(["bits"] if with_bits else []), "simulated", "points lost",
              "real", "hidden rate", "seconds"]  # fmt: skip
    return [f"## {title}", "", *markdown_table(header, rows), ""]


def _ladder(ladder: dict[str, Any] | None) -> list[str]:
    """The levels of `snnir validate` for one network."""
    if ladder is None:
        return []
    rows = [
        [level["level"], str(level["samples"]), f"{level['accuracy']:.2%}",
         f"{level['label_agreement']:.2%}" if "label_agreement" in level else "-",
         {True: "yes", False: "NO"}.get(level.get("bit_exact"), "-")]
        for level in ladder["levels"]
    ]  # fmt: skip
    return [
        "## 97 % sparse with 4 bits, down to C",
        "",
        f"{EXTENDED}, converted with `convert-snn-to-qsnn`, which takes the integers as they are, "
        "and run by `snnir validate` on real recordings: the integer interpreter, C on this "
        "computer and C in an emulated Cortex-M7 (QEMU mps2-an500), the latter on few recordings.",
        "",
        *markdown_table(["level", "n", "accuracy", "same label as above", "bit-exact"], rows),
        "",
    ]


def _conclusions(cells: Sequence[Cell]) -> list[str]:
    """Where the membrane objective beats the current objective, and where it does not."""
    better: list[tuple[float, int, str]] = []
    equal: list[tuple[float, int, str]] = []
    worse: list[tuple[float, int, str]] = []
    for cell in cells:
        if cell.method != "OSBC" or cell.kind not in ("pruning", "quantization", "both"):
            continue
        other = _lookup(cells, cell.kind, "OBC", cell.sparsity, cell.bits)
        if other is None:
            continue
        gain, deviation = difference(cell, other)
        what = [f"{cell.sparsity:.0%}"] * bool(cell.sparsity)
        what += [f"{cell.bits} bits"] * bool(cell.bits)
        text = f"{' and '.join(what)}: {gain:+.2f} ± {deviation:.2f}"
        place = better if gain > 2 * deviation else worse if gain < -2 * deviation else equal
        place.append((cell.sparsity, -(cell.bits or 99), text))
    if not better + equal + worse:
        return []

    def listed(found: list[tuple[float, int, str]]) -> str:
        return "; ".join(text for *_, text in sorted(found)) or "nowhere"

    return [
        "## Membrane or current: OSBC against OBC",
        "",
        "Points by which `objective=membrane` (OSBC) beats `objective=current` (OBC), all else "
        "equal, on the simulated recordings, with one standard deviation of the difference.",
        "",
        f"- Better by more than two deviations: {listed(better)}.",
        f"- No difference that these recordings show: {listed(equal)}.",
        f"- Worse by more than two deviations: {listed(worse)}.",
        "",
    ]


def _plot(cells: Sequence[Cell], name: str, folder: Path) -> None:
    dense = 100 * cells[0].accuracies[0]
    samples = cells[0].sizes
    note = f"N-MNIST 2312-256-10; n = {samples[0]:,} simulated, {samples[1]} real recordings"
    for kind, label in PLOTS.items():
        chosen = [cell for cell in cells if cell.kind == kind]
        if not chosen:
            continue
        series = []
        for method in dict.fromkeys(cell.method for cell in chosen):
            own = sorted((c for c in chosen if c.method == method), key=lambda c: _place(c, kind))
            x = [_place(cell, kind) for cell in own]
            for part, style in ((0, "-"), (1, ":")):
                y = [100 * cell.accuracies[part] for cell in own]
                series.append(Series(f"{method}, {('simulated', 'real')[part]}", x, y, style))
        plot_series(
            series, folder / f"{name}_{kind}.png", title=f"{name}: {kind}", note=note,
            x_label=label, y_label="accuracy, %", reference=("dense, simulated", dense),
        )  # fmt: skip


def _place(cell: Cell, kind: str) -> float:
    return round(100 * (1 - cell.sparsity), 6) if kind == "pruning" else float(cell.bits or 0)
