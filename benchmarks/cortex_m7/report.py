# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rows of the benchmark's tables, and the files they are written to."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from goals import HAND_WRITTEN, INFERENCE_GOAL, PEERS, Limits
from measuring import Counts

RESULTS = Path(__file__).resolve().parents[1] / "results"

Record = dict[str, str]
"""A line of the CSV file: what does not apply is empty."""


@dataclass
class Row:
    """One measurement.

    Attributes:
        section: the table it belongs to.
        code: how the network was compiled, or what else ran.
        presented: `events` or `frames`.
        counts: what the program takes; None where only `instructions` of one call are known.
        call: the call that `instructions` belongs to.
        synapses: synaptic operations of a mean step.
        bit_exact: `yes`, or the first difference.
    """

    section: str
    network: str
    code: str
    presented: str
    counts: Counts | None
    call: str = ""
    synapses: float | None = None
    bit_exact: str = ""
    limits: Limits | None = None
    accuracy: float | None = None
    accuracy_samples: int | None = None
    pipeline: str = ""
    density: float | None = None
    steps: int | None = None
    samples: int | None = None
    instructions: float | None = None

    def __post_init__(self) -> None:
        if self.counts is not None:
            self.steps, self.samples = self.counts.steps, self.counts.samples
            self.instructions = self.counts.instructions

    def summary(self) -> str:
        """One line for the screen."""
        assert self.instructions is not None
        text = f"{self.code}, {self.presented}: {self.instructions:,.0f} instructions per step"
        return f"{text}, bit-exact: {self.bit_exact}" if self.bit_exact else text

    def record(self) -> Record:
        """The line of the CSV file."""
        counts, limits = self.counts, self.limits
        values: dict[str, object] = {
            "section": self.section, "network": self.network, "code": self.code,
            "presented": self.presented, "call": self.call, "density": self.density,
            "steps": self.steps, "samples": self.samples,
            "instructions_per_step": _rounded(self.instructions, 1),
            "worst_sample": None if counts is None else _rounded(counts.worst_sample, 1),
            "worst_step": None if counts is None else counts.worst_step,
            "instructions_per_inference": None if counts is None
            else _rounded(counts.per_inference, 0),
            "synaptic_operations_per_step": _rounded(self.synapses, 1),
            "instructions_per_synaptic_operation": _rounded(self.per_synapse, 3),
            "ram_bytes": None if counts is None else counts.ram_bytes,
            "flash_bytes": None if counts is None else counts.flash_bytes,
            "goal_instructions": limits and limits.instructions.get(self.steps or 0),
            "goal_ram_bytes": limits and limits.ram_bytes,
            "goal_flash_bytes": limits and limits.flash_bytes,
            "accuracy": _rounded(self.accuracy, 4),
            "accuracy_samples": self.accuracy_samples if self.accuracy is not None else None,
            "bit_exact": self.bit_exact, "pipeline": self.pipeline,
        }  # fmt: skip
        return {name: "" if value is None else str(value) for name, value in values.items()}

    @property
    def per_synapse(self) -> float | None:
        """Instructions per synaptic operation."""
        if not self.synapses or self.instructions is None:
            return None
        return self.instructions / self.synapses


def _rounded(value: float | None, digits: int) -> float | int | None:
    if value is None:
        return None
    return round(value, digits) if digits else round(value)


def merged(old: Iterable[Record], new: Sequence[Record]) -> list[Record]:
    """New records, and those of the sections that were not measured anew."""
    keys = {(record["section"], record["network"], record["steps"]) for record in new}
    kept = [r for r in old if (r["section"], r["network"], r["steps"]) not in keys]
    return [*kept, *new]


def read_records(path: Path) -> list[Record]:
    """What a benchmark wrote before, if it did."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_records(path: Path, records: Sequence[Mapping[str, object]]) -> None:
    """A CSV file with the columns of the first record; its folder is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    return [f"| {line} |" for line in [*lines, *(" | ".join(row) for row in rows)]]


def number(text: str, unit: int = 1) -> str:
    """A number with thousands separated; empty if there is none."""
    return f"{float(text) / unit:,.0f}" if text else ""


def against(value: str, goal: str) -> str:
    """A figure beside its goal; what is missed is in bold."""
    if not goal:
        return number(value)
    text = f"{number(value)} ({number(goal)})"
    return text if float(value) <= float(goal) else f"**{text}**"


def _whole(records: Sequence[Record]) -> list[str]:
    """Whole networks with goals."""
    titles = (
        "network", "bins", "goal", "input", "instructions per step (goal)", "worst recording",
        "worst step", "per inference", "per synaptic operation", "RAM with stack (goal)",
        "flash (goal)", "accuracy", "bit-exact",
    )  # fmt: skip
    rows = [
        (
            r["network"], r["steps"], r["code"], r["presented"],
            against(r["instructions_per_step"], r["goal_instructions"]), number(r["worst_sample"]),
            number(r["worst_step"]), number(r["instructions_per_inference"]),
            r["instructions_per_synaptic_operation"],
            against(r["ram_bytes"], r["goal_ram_bytes"]),
            against(r["flash_bytes"], r["goal_flash_bytes"]),
            f"{float(r['accuracy']):.1%}" if r["accuracy"] else "", r["bit_exact"],
        )
        for r in records
    ]  # fmt: skip
    return table(titles, rows)


def _others() -> list[str]:
    rows = [
        (
            each.name, str(bins), f"{each.instructions[bins]:,}",
            f"{each.worst_step[bins]:,}" if each.worst_step else "",
            f"{each.ram_bytes:,}" if each.ram_bytes else "",
            f"{each.flash_bytes:,}" if each.flash_bytes else "",
        )
        for each in (*HAND_WRITTEN, *PEERS)
        for bins in each.instructions
    ]  # fmt: skip
    return table(
        ("program", "bins", "instructions per step", "worst step", "RAM without stack", "flash"),
        rows,
    )


def _comparison(records: Sequence[Record]) -> list[str]:
    titles = (
        "network", "steps", "code", "instructions per step", "worst step",
        "synaptic operations per step", "instructions per operation", "RAM with stack", "flash",
        "bit-exact",
    )  # fmt: skip
    rows = [
        (
            r["network"], r["steps"], r["code"], number(r["instructions_per_step"]),
            number(r["worst_step"]), number(r["synaptic_operations_per_step"]),
            r["instructions_per_synaptic_operation"], number(r["ram_bytes"]),
            number(r["flash_bytes"]), r["bit_exact"],
        )
        for r in records
    ]  # fmt: skip
    return table(titles, rows)


def _kernels(records: Sequence[Record]) -> list[str]:
    densities = list(dict.fromkeys(r["density"] for r in records))
    rows = []
    for shape, code in dict.fromkeys((r["network"], r["code"]) for r in records):
        cells = {
            r["density"]: r["instructions_per_synaptic_operation"]
            for r in records
            if (r["network"], r["code"]) == (shape, code)
        }
        rows.append((shape, code, *(cells.get(density, "") for density in densities)))
    return table(("shape", "kernel", *(f"{float(d):.0%}" for d in densities)), rows)


def _profile(records: Sequence[Record]) -> list[str]:
    rows = []
    for key in dict.fromkeys((r["network"], r["code"], r["steps"]) for r in records):
        calls = [r for r in records if (r["network"], r["code"], r["steps"]) == key]
        total = sum(float(r["instructions_per_step"]) for r in calls)
        rows += [
            (
                *key, r["call"], number(r["instructions_per_step"]),
                f"{float(r['instructions_per_step']) / total:.1%}",
            )
            for r in calls
        ]  # fmt: skip
    return table(("network", "code", "bins", "call", "instructions per step", "share"), rows)


SECTIONS: dict[str, tuple[str, str, Callable[[Sequence[Record]], list[str]]]] = {
    "published": (
        "The published N-MNIST network",
        "Real recordings of the test half; input range, density and activity were measured on the "
        "calibration half. Figures in brackets are goals, missed ones in bold; 1 KB = 1,000 bytes. "
        "Bit-exact: all spikes and membranes that both have on a few recordings, all scores on "
        "all of them, against the integer network.",
        _whole,
    ),
    "compressed": (
        "Compressed forms of it",
        f"Goals: within 0.5 points of accuracy (speed), within 1 point (size); an inference in "
        f"at most {INFERENCE_GOAL:,} instructions.",
        _whole,
    ),
    "shapes": (
        "Other networks",
        "Beside CMSIS-NN (`kernels=cmsis`) and a naive event-driven loop in float C "
        "(`naive.h`), on the same input. Bit-exact: against the integer network; of the naive "
        "loop, the share of samples with the scores of the float network.",
        _comparison,
    ),
    "kernels": (
        "Convolutions alone",
        "Instructions per synaptic operation of the call alone; columns: share of active inputs "
        "(random, seed 0).",
        _kernels,
    ),
    "profile": (
        "Where the instructions go",
        "A mean step of 20 of the recordings, events; what is missing to the whole is the code "
        "around the calls.",
        _profile,
    ),
}


def markdown(records: Sequence[Record]) -> str:
    """All tables."""
    lines = [
        "# Whole networks and kernels on a Cortex-M7", "",
        "Made by `python benchmarks/cortex_m7/networks.py`: instructions in QEMU (mps2-an500) of "
        "the code of `arm-none-eabi-gcc -O3`. They are exact and reproduce with the same compiler.",
    ]  # fmt: skip
    for section, (title, text, tabulate) in SECTIONS.items():
        chosen = [record for record in records if record["section"] == section]
        if not chosen:
            continue
        counted = sorted({int(r["samples"]) for r in chosen if r["samples"]})
        samples = f" Samples: {' or '.join(map(str, counted))}." if counted else ""
        lines += ["", f"## {title}", "", text + samples, "", *tabulate(chosen)]
        if section == "published":
            lines += [
                "", "For comparison, measured by others or by hand in the same emulator, on other "
                "recordings of the same set:", "", *_others(),
            ]  # fmt: skip
    return "\n".join(lines) + "\n"
