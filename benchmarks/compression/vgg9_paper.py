# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What arXiv 2104.12528 reports, and the same from the figures that were measured here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vgg9_bench import Settings
from vgg9_energy import microjoules

Row = dict[str, Any]
Figures = Mapping[str, Row]

PAPER_DENSE, PAPER_PRUNED = 90.10, 89.04
"""Accuracies of the dense and the pruned VGG9 (%, Table II)."""
POINTS = PAPER_DENSE - PAPER_PRUNED
"""Points that the paper loses."""
FEWER, LESS_ENERGY, BITS, MORE_UNDER_NOISE = 10.0, 8.0, 5, 1.0
"""The lower ends of what the abstract claims, and the fewest bits that are "stable"."""
MORE_LESS_ENERGY = 14.0
"""The upper end for energy."""
STABLE = 1.0
"""Points that count as stable here; the paper names none."""


@dataclass(frozen=True)
class Anchor:
    """A result of the paper.

    Attributes:
        measure: says what was measured here and whether that reaches the paper's result; None if
            there are no figures for it yet.
    """

    subject: str
    paper: str
    source: str
    measure: Callable[[Figures, Settings], tuple[str, str] | None]


def prefixes(settings: Settings) -> dict[str, str]:
    """Names of the pruned networks by the start of their rows' keys."""
    sizes = sorted(settings.retrained, reverse=True)
    names = {f"nothing_{variance:g}": f"PCA {variance:g}, from nothing" for variance in sizes}
    chosen = f"{settings.variance:g}"
    names[f"taught_{chosen}"] = f"PCA {chosen}, from nothing, distilled"
    names[f"longer_{chosen}"] = f"PCA {chosen}, from nothing, {settings.longer}x training"
    if settings.longest:
        names[f"longest_{chosen}"] = f"PCA {chosen}, from nothing, {settings.longest}x training"
    names[f"pca_{chosen}"] = f"PCA {chosen}, channels kept by the pass"
    return names


WAYS = {
    "magnitude": "smallest weights zero",
    "osbc": "OSBC",
    "osbc_rates": "OSBC, trained by rates",
    "osbc_rates_tuned": "OSBC, trained by rates, then through time",
    "osbc_retrained": "OSBC, retrained as an ANN",
}
"""How weights become zero and are trained, by the end of their rows' keys."""
FINAL_WAYS = ("osbc_rates", "osbc_retrained")
"""The ways that are compared with the paper, every one: by passes alone, and with code of the
benchmark."""


def starts(settings: Settings) -> dict[str, str]:
    """Names of the networks that lose weights, by their keys."""
    made = {f"nothing_{v:g}": f"PCA {v:g}, from nothing" for v in settings.composed}
    return {"converted": "all channels", **made}


def compositions(settings: Settings, ratio: float) -> dict[str, str]:
    """Names of the networks with `ratio` times fewer weights that are not zero, by their keys."""
    return {
        f"{start}_{ratio:g}x_{way}": f"{name}, {what}"
        for start, name in starts(settings).items()
        for way, what in WAYS.items()
    }


def composed_stages(settings: Settings) -> list[int]:
    """Numbers of time steps that compositions are brought to, descending."""
    return sorted({*settings.composed_steps, settings.lean_steps} - {0}, reverse=True)


def points(row: Row, reference: Row, key: str = "accuracy") -> float:
    """Points of accuracy that a row has more than another."""
    return 100 * (row[key] - reference[key])


def lost(row: Row, reference: Row, key: str = "accuracy") -> float:
    """Points of accuracy that a row has less than another."""
    return 100 * (reference[key] - row[key])


def fewer(row: Row, figures: Figures) -> float:
    """How many times fewer parameters that are not zero a network has than the dense one."""
    return figures["ann"]["parameters"] / row.get("nonzero", row["parameters"])


def less_energy(row: Row, figures: Figures) -> float:
    """How many times less energy a network needs than the dense ANN."""
    return microjoules(figures["ann"]) / microjoules(row)


def stages(figures: Figures, settings: Settings, prefix: str) -> dict[int, Row]:
    """The rows of a pruned network by time steps, fine-tuned at each."""
    keys = {steps: f"{prefix}_{steps}" for steps in settings.timesteps}
    return {steps: figures[key] for steps, key in keys.items() if key in figures}


def verdict(reached: bool) -> str:
    """The last column of the comparison."""
    return "reached" if reached else "not reached"


def baseline(figures: Figures, _: Settings) -> tuple[str, str] | None:
    """The networks before pruning."""
    if "converted" not in figures:
        return None
    ann, snn = figures["ann"], figures["converted"]
    return (
        f"ANN {100 * ann['whole_test']:.1f} % (all test images); SNN converted from it, T = "
        f"{snn['timesteps']}: {100 * snn['accuracy']:.1f} %",
        "-",
    )


def parameters(figures: Figures, settings: Settings) -> tuple[str, str] | None:
    """Fewer parameters and points lost at all steps, of every pruned network."""
    cells, reached = [], False
    for prefix, name in prefixes(settings).items():
        if (row := stages(figures, settings, prefix).get(settings.timesteps[0])) is not None:
            gain, loss = fewer(row, figures), lost(row, figures["converted"])
            cells.append(f"{name}: {gain:.1f}x, {loss:.1f} lost")
            reached |= gain >= FEWER and loss <= POINTS
    if not cells:
        return None
    # A weight that does not divide makes no other ratio.
    gains = [
        (round(fewer(row, figures), 1), lost(row, figures["converted"]), name)
        for name, row in final_compositions(figures, settings)
    ]
    return with_composition(
        "; ".join(cells), reached, "weights that are not zero",
        [f"{name}: {gain:.1f}x, {loss:.1f} lost" for gain, loss, name in gains],
        [f"{gain:.1f}x ({name})" for gain, loss, name in gains if gain >= FEWER and loss <= POINTS],
    )  # fmt: skip


def final_compositions(figures: Figures, settings: Settings) -> list[tuple[str, Row]]:
    """Name and row at all steps of what OSBC pruned and was trained again, of every start."""
    keys = [
        (name, key)
        for ratio in settings.ratios
        for key, name in compositions(settings, ratio).items()
        if key.endswith(FINAL_WAYS)
    ]
    return [(name, figures[key]) for name, key in keys if key in figures]


def with_composition(
    text: str, reached: bool, what: str, cells: Sequence[str], reaching: Sequence[str]
) -> tuple[str, str]:
    """What the paper's own way gave, and apart from it what composed passes did.

    Args:
        text, reached: the paper's own way.
        what: is counted in compositions.
        cells: what each gave.
        reaching: those that reach the paper's result.
    """
    if not cells:
        return text, verdict(reached)
    ways = f"{verdict(reached)} in the paper's way; by composition {verdict(bool(reaching))}"
    return f"{text}. By composition, {what}: {'; '.join(cells)}", (
        f"{ways} at {', '.join(reaching)}" if reaching else ways
    )


def steps(figures: Figures, settings: Settings) -> tuple[str, str] | None:
    """Points lost from all steps, at every number of steps, of every pruned network."""
    cells = []
    for prefix, name in prefixes(settings).items():
        rows = stages(figures, settings, prefix)
        first = settings.timesteps[0]
        # What is trained for longer starts from the network that is trained from nothing.
        start = rows.pop(first, None) or figures.get(
            f"{prefix}_{first}".replace("longer", "nothing").replace("longest", "nothing")
        )
        if start is not None and rows:
            losses = (f"{lost(row, start):.1f} at {t}" for t, row in rows.items())
            cells.append(f"{name}: {', '.join(losses)}")
    return ("; ".join(cells), "-") if cells else None


def energy(figures: Figures, settings: Settings) -> tuple[str, str] | None:
    """The most accurate pruned network with so much less energy than the dense ANN."""
    found = [
        (row, f"{name}, T = {t}")
        for prefix, name in prefixes(settings).items()
        for t, row in stages(figures, settings, prefix).items()
        if less_energy(row, figures) >= LESS_ENERGY
    ]
    if not found:
        return None
    row, name = max(found, key=lambda pair: pair[0]["accuracy"])
    loss = lost(row, figures["ann"])
    text = f"{name}: {less_energy(row, figures):.1f}x, {loss:.1f} lost"
    cells, reaching = [], []
    if (best := best_energy(figures, settings)) is not None:
        row, name = best
        gain, less = f"{less_energy(row, figures):.1f}x", lost(row, figures["ann"])
        cells = [f"{name}: {gain}, {less:.1f} lost"]
        reaching = [gain] if less <= POINTS else []
    here, reached = with_composition(text, loss <= POINTS, "if zeros cost nothing", cells, reaching)
    if (direct := direct_choice(figures, settings, LESS_ENERGY)) is not None:
        text, enough = direct
        here += (
            ". The image itself as the input, all test images, zeros likewise "
            f"([vgg9_direct.md](vgg9_direct.md)): {text}"
        )
        reached += f"; with the image itself as the input {verdict(enough)}"
    return here, reached


def best_energy(figures: Figures, settings: Settings) -> tuple[Row, str] | None:
    """The most accurate composition with so much less energy, zeros not counted."""
    found = [
        (figures[f"{key}{end}"], name + what)
        for ratio in settings.ratios
        for key, name in compositions(settings, ratio).items()
        if key.endswith(FINAL_WAYS)
        for end, what in [("", ""), *((f"_{t}", f", T = {t}") for t in composed_stages(settings))]
        if f"{key}{end}" in figures and less_energy(figures[f"{key}{end}"], figures) >= LESS_ENERGY
    ]
    return max(found, key=lambda pair: pair[0]["accuracy"]) if found else None


def direct_rows(figures: Figures, settings: Settings) -> list[tuple[str, str, Row]]:
    """Name, key and row of every network that gets the image itself, on all test images."""
    trained, others = settings.direct_steps, settings.direct_other_steps
    names = {"direct_start": "all weights, not trained", "direct_pruned": "OSBC, not trained"}
    names[f"direct_sparse_{trained}"] = "OSBC, trained by rates"
    for steps in others:
        names[f"direct_sparse_{steps}"] = f"OSBC, trained by rates at T = {trained}"
    names[f"direct_tuned_{trained}"] = "OSBC, trained by rates, then through time"
    return [(name, key, figures[key]) for key, name in names.items() if key in figures]


def direct_choice(figures: Figures, settings: Settings, factor: float) -> tuple[str, bool] | None:
    """What the network does on test images that is best on validation images, of those that need
    `factor` times less energy there, and whether it loses no more than the paper."""
    found = [
        (figures[f"validation {key}"]["accuracy"], f"{name}, T = {row['timesteps']}", row)
        for name, key, row in direct_rows(figures, settings)
        if less_energy(figures[f"validation {key}"], figures) >= factor
    ]
    if not found:
        return None
    _, name, row = max(found, key=lambda each: each[0])
    loss, gain = -100 * row["difference"], less_energy(row, figures)
    return f"{name}: {gain:.1f}x, {loss:.2f} ± {100 * row['error']:.2f} lost", loss <= POINTS


def bits(figures: Figures, settings: Settings) -> tuple[str, str] | None:
    """Points lost by weights of so few bits."""
    key = f"nothing_{settings.variance:g}_{settings.final_steps}"
    rows = {way: figures.get(f"{key} {way} {BITS}") for way in ("rtn", "osbc")}
    if key not in figures or None in rows.values():
        return None
    gains = {way: points(row, figures[key]) for way, row in rows.items() if row}
    text = "; ".join(f"{way.upper()} {gain:+.1f}" for way, gain in gains.items())
    return f"{text} at T = {settings.final_steps}", verdict(min(gains.values()) >= -STABLE)


def noise(figures: Figures, settings: Settings) -> tuple[str, str] | None:
    """Points that the pruned spiking network has more than the dense ANN, by noise."""
    cells, reached = [], []
    for t in (settings.timesteps[0], settings.final_steps):
        keys = {
            sigma: f"nothing_{settings.variance:g}_{t} noise {sigma:g}" for sigma in settings.noise
        }
        gains = {
            sigma: 100 * (figures[key]["accuracy"] - figures["ann"][f"noise {sigma:g}"])
            for sigma, key in keys.items()
            if key in figures
        }
        if gains:
            text = ", ".join(f"{gain:+.1f} at sigma {sigma:g}" for sigma, gain in gains.items())
            cells.append(f"T = {t}: {text}")
            reached += [
                f"sigma {sigma:g}, T = {t}"
                for sigma, gain in gains.items()
                if gain >= MORE_UNDER_NOISE
            ]
    if not cells:
        return None
    return "; ".join(cells), f"reached at {'; '.join(reached)}" if reached else verdict(False)


ANCHORS = (
    Anchor("accuracy before pruning", f"{PAPER_DENSE:.2f} %, T = 100", "Table II", baseline),
    Anchor(
        "parameters",
        f"10 to 14x fewer; VGG9 at 0.07 of its parameters: {PAPER_PRUNED:.2f} %, {POINTS:.2f} lost",
        "abstract, Table II",
        parameters,
    ),
    Anchor(
        "time steps",
        "reduced gradually from 100; to how many was not found",
        "abstract; here: points lost from the most steps",
        steps,
    ),
    Anchor("energy", "8 to 14x less than the dense ANN", "abstract", energy),
    Anchor("bits of weights", f"stable down to {BITS}", f"abstract; here: {STABLE:g} point", bits),
    Anchor("Gaussian noise", "1 to 4 points more than the ANN", "abstract", noise),
)
"""Facts of `reference/papers.md`, which says where each was found."""


def comparison(figures: Figures, settings: Settings) -> Iterable[str]:
    """Table rows: what the paper says, and what was measured."""
    for anchor in ANCHORS:
        if (found := anchor.measure(figures, settings)) is not None:
            here, reached = found
            yield f"| {anchor.subject} | {anchor.paper} | {anchor.source} | {here} | {reached} |"
