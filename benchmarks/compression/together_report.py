# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The report of `together.py`: tables of choices, of rules and of candidates, and the plot."""

from collections.abc import Sequence
from dataclasses import dataclass

from common import RESULTS, markdown_table, write_csv
from nmnist_candidates import Candidate
from nmnist_pool import CONFIDENCE, HELD_OUT_IMAGES, points, pool_loss, real_loss
from together_choice import AIMS, Choice
from together_splits import MARGINS, SPLITS, Trust

from snnir.costs.goals import Goal


@dataclass(frozen=True)
class Report:
    """All that was found.

    Attributes:
        dense: the network as published, for speed.
        best: the most accurate network of the pool, for speed.
        trust: for each goal, and without and with training, what rules do on random splits.
        seeds: trainings that a trained candidate stands for.
    """

    found: Sequence[Candidate]
    made: Sequence[Choice]
    dense: Candidate
    best: Candidate
    trust: dict[tuple[Goal, bool], list[Trust]]
    seeds: int


CHOICE_TITLES = (
    "loss allowed", "training", "pipeline", "channels", "steps", "real half: loss, points",
    "of all seeds", "pool: loss, points", "accuracy, test half", "loss there, points",
    "of all seeds", "instructions per step", "per inference", "flash", "RAM with stack",
    "bit-exact",
)  # fmt: skip


def table_of_choices(made: Sequence[Choice]) -> list[str]:
    """Programs chosen, in Markdown."""
    lines = []
    for choice in made:
        found, test, lost, again = choice.candidate, choice.test, choice.lost, choice.repeated
        loss = "the reference" if choice.loss is None else f"{100 * choice.loss:g} points"
        lines.append([
            loss, "yes" if choice.trained else "no", found.recipe.text, found.size.channels,
            str(test.timesteps), points(lost.real), points(again.real) if again else "",
            points(lost.pool), f"{test.accuracy:.1%}", points(lost.test),
            points(again.test) if again else "", f"{test.instructions:,.0f}",
            f"{test.inference:,.0f}", f"{test.flash:,}", f"{test.ram:,}",
            "yes" if test.exact else "NO",
        ])  # fmt: skip
    return markdown_table(CHOICE_TITLES, lines)


def table_of_candidates(found: Sequence[Candidate], reference: Candidate) -> list[str]:
    """Candidates, in Markdown, on the recordings that choices are made by."""
    titles = (
        "pipeline", "channels", "steps", "real half", "simulated", "loss on the real half, points",
        "on the pool", "hidden spikes per step", "instructions per step", "per inference", "flash",
        "RAM with stack",
    )  # fmt: skip
    lines = []
    for each in found:
        binary, decided = each.binary, each.decided
        lines.append([
            each.recipe.text, each.size.channels, str(binary.timesteps),
            f"{decided.real.mean():.1%}", f"{decided.simulated.mean():.1%}",
            points(real_loss(reference.decided, decided)),
            points(pool_loss(reference.decided, decided)), f"{each.size.hidden_spikes:,.0f}",
            f"{binary.instructions:,.0f}", f"{binary.inference:,.0f}", f"{binary.flash:,}",
            f"{binary.ram:,}",
        ])  # fmt: skip
    return markdown_table(titles, lines)


def holds_on_test(losses: Sequence[tuple[float, float, float]]) -> str:
    """How many choices keep their limit on the test half.

    Args:
        losses: allowed, found and the standard error of what was found, in points.
    """
    missed = [each for each in losses if each[1] > each[0] + 1e-9]
    clearly = [each for each in missed if each[1] - each[2] > each[0] + 1e-9]
    return (
        f"On the test half {len(missed)} of {len(losses)} lose more than is allowed, "
        f"{len(clearly)} of them by more than one standard error."
    )


def choices_hold(made: Sequence[Choice]) -> list[str]:
    """How many choices keep their limit on the test half, as networks and as means of seeds."""
    limited = [(100 * each.loss, each) for each in made if each.loss is not None]
    if not limited:
        return []
    rows = [
        (limit, 100 * each.lost.test.loss, 100 * each.lost.test.error) for limit, each in limited
    ]
    again = [
        (limit, 100 * lost.loss, 100 * lost.error)
        for limit, each in limited
        for lost in [(each.repeated or each.lost).test]
    ]
    networks = len({each.candidate.recipe.key for _, each in limited})
    return [
        "",
        f"{len(limited)} choices, {networks} different network{'s' if networks > 1 else ''}. "
        f"{holds_on_test(rows)} The mean of all seeds: {holds_on_test(again)}",
    ]


def table_of_trust(report: Report) -> list[str]:
    """What rules do on random splits."""
    titles = (
        "optimize", "training", "standard errors added", "lose more than allowed",
        "by more than one standard error", "mean loss beyond what is allowed, points",
        "nothing accepted", "mean cost of the choices",
    )  # fmt: skip
    lines = [
        (
            goal, "yes" if trained else "no", f"{rule.margin:g}", f"{rule.over:.0%}",
            f"{rule.clearly:.0%}", f"{100 * rule.excess:+.1f}", f"{rule.without:.0%}",
            f"{rule.cost:,.0f}",
        )
        for (goal, trained), rules in report.trust.items()
        for rule in rules
    ]  # fmt: skip
    return markdown_table(titles, lines)


def trust_section(report: Report) -> list[str]:
    """How far the rule can be trusted."""
    margins = ", ".join(f"{each:g}" for each in MARGINS)
    recordings = len(report.dense.decided.real) + report.made[0].test.samples
    return [
        "", "## How far the rule can be trusted", "",
        f"One test half says little about a rule. Here the real recordings (n = {recordings}) are "
        f"split {SPLITS:,} times at random into halves with as many of each class; the rule "
        "chooses by one of them (and the simulated recordings), what is lost is found on the "
        f"other, for all losses allowed. Rules: {margins} standard errors are added to the loss, "
        "of which the last one is what is used above. One training each. A network that loses "
        "exactly what is allowed does lose more than that on half of all test halves, and more by "
        "over a standard error on one of six. As both halves come from the same recordings, a half "
        "that flatters a network leaves one that does not: new recordings would be kinder. Costs: "
        "instructions of an inference; bytes.", "",
        *table_of_trust(report),
    ]  # fmt: skip


def introduction(report: Report) -> str:
    """How the figures were made."""
    first, last = HELD_OUT_IMAGES
    decided, test = report.dense.decided, report.made[0].test
    return (
        "Made by `python benchmarks/compression/together.py`. Passes are calibrated, and weights "
        "trained, on simulated recordings only: of the real ones nothing was used before the "
        "choice but inputs of the calibration half (their range and density, and the activity "
        "that kernels are selected by), and no label. Choices are made on that half "
        f"(n = {len(decided.real)}) and on a pool of it and simulated recordings of the MNIST "
        f"training images {first} to {last - 1} (n = {len(decided.simulated)}), which "
        "no stage trains on. A candidate is accepted if its loss plus "
        f"{CONFIDENCE:g} standard errors (95 %, one-sided), in pairs, is within the limit on both. "
        f"Where weights were trained, the mean of {report.seeds} trainings of the whole pipeline "
        'with other seeds has to be as well ("of all seeds"); what is compiled is the network of '
        f"the first. The test half (n = {test.samples}) took part in no choice. Losses with ±: one "
        "standard error; negative: a gain. All accuracies are of the integer programs. "
        "Instructions are exact, for the Cortex-M7 in QEMU (mps2-an500), on "
        f"{test.emulated} recordings of the test half as lists of events, where the program equals "
        "the integer network bit for bit. Kernels are selected by the compiler for the goal."
    )


def write_results(report: Report) -> None:
    """CSV of all candidates, Markdown and the plot."""
    write_csv(
        RESULTS / "together.csv", [each.values(report.dense.decided) for each in report.found]
    )
    lines = [
        "# Everything together: the fastest and the smallest programs of the N-MNIST network", "",
        introduction(report),
    ]  # fmt: skip
    for name, title in (
        ("as published", "the network as published, 300 steps"),
        ("best", "the best network of all"),
    ):
        for goal, (aim, _) in AIMS.items():
            rows = [each for each in report.made if (each.reference, each.goal) == (name, goal)]
            if not rows:
                continue
            lines += ["", f"## Within a loss of {title}: {aim} (`optimize={goal}`)"]
            if name == "best" and goal == "speed":
                lines += [
                    "", "Training on these data raises accuracy above that of the published "
                    "weights, so this is the harder comparison.",
                ]  # fmt: skip
            lines += ["", *table_of_choices(rows), *choices_hold(rows)]
    lines += trust_section(report)
    for goal in AIMS:
        rows_of_goal = [each for each in report.found if each.goal == goal]
        if not rows_of_goal:
            continue
        lines += [
            "", f"## All candidates, `optimize={goal}`", "",
            f"Costs on {rows_of_goal[0].binary.emulated} recordings of the calibration half; "
            "losses against the network as published.",
            "", *table_of_candidates(rows_of_goal, report.dense),
        ]  # fmt: skip
    lines += ["", "![Accuracy against instructions of an inference](together.png)"]
    (RESULTS / "together.md").write_text("\n".join(lines) + "\n")
    plot(report.found, report.made, report.dense)


def plot(found: Sequence[Candidate], made: Sequence[Choice], dense: Candidate) -> None:
    """Accuracy against instructions per inference; the area of a marker is the flash."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    fast = [each for each in found if each.goal == "speed"]
    for trained, name in ((False, "without training"), (True, "fine-tuned")):
        shown = [each for each in fast if each.recipe.trained == trained]
        axes.scatter(
            [each.binary.inference for each in shown],
            [100 * each.decided.pool.mean() for each in shown],
            s=[each.binary.flash / 200 for each in shown],
            alpha=0.5,
            label=f"{name}, pool",
        )
    chosen = {each.candidate.recipe.key: each.test for each in made if each.goal == "speed"}
    axes.scatter(
        [test.inference for test in chosen.values()],
        [100 * test.accuracy for test in chosen.values()],
        s=[test.flash / 200 for test in chosen.values()],
        facecolors="none",
        edgecolors="black",
        label="chosen and references, test half",
    )
    front = pareto_front(fast)
    axes.plot(
        [each.binary.inference for each in front],
        [100 * each.decided.pool.mean() for each in front],
        color="grey",
        linewidth=1,
        label="Pareto front, pool",
    )
    axes.axhline(
        100 * dense.decided.pool.mean(), color="grey", linestyle=":", label="as published, pool"
    )
    axes.set_xscale("log")
    axes.set_xlabel("instructions per inference, Cortex-M7 (area of a marker: bytes of flash)")
    test = made[0].test
    axes.set_ylabel(
        f"accuracy of the program, % (pool: {len(dense.decided.pool)}, test: {test.samples})"
    )
    axes.grid(alpha=0.3)
    legend = axes.legend(fontsize="small")
    for handle in legend.legend_handles[:3]:
        handle.set_sizes([60])  # type: ignore[union-attr]
    figure.tight_layout()
    figure.savefig(RESULTS / "together.png", dpi=120)


def pareto_front(found: Sequence[Candidate]) -> list[Candidate]:
    """Candidates that no other one beats in instructions and accuracy on the pool."""
    front: list[Candidate] = []
    for each in sorted(found, key=lambda each: each.binary.inference):
        if not front or each.decided.pool.mean() > front[-1].decided.pool.mean():
            front.append(each)
    return front
