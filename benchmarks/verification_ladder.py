# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The verification ladder on whole networks: accuracy, agreement, instructions and memory.

    python benchmarks/verification_ladder.py [--limit N] [--qemu-limit N] [NAME ...]
    python benchmarks/verification_ladder.py --file NAME=FILE.mlir --data DATA [...]

writes `benchmarks/results/verification_ladder.json` and `.md`; with `--file` of a network that is
in a file already, such as `compression/vgg9.py` leaves in `build/vgg9`. Instruction counts are
exact and reproduce; accuracies are those of the samples named. The trained networks and recordings
that are no part of the repository are looked up by `snnir.data.locations.shared_folder`.
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from snnir.backends.targets import TARGETS
from snnir.data.locations import shared_folder
from snnir.driver.pipelines import LoweringOptions
from snnir.driver.validate import validate
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
TARGET = TARGETS["mps2-an500"].name


@dataclass(frozen=True)
class Case:
    """A trained network with data, and how to compile it. Paths are below `folder`."""

    name: str
    factory: str
    weights: str
    data: str
    input_shape: tuple[int, ...]
    timesteps: int
    bins: int | None = None
    options: LoweringOptions = field(default_factory=lambda: LoweringOptions(optimize="speed"))
    shared: bool = True


_NMNIST = "nmnist:{folder}/data/NMNIST/Train"
CASES = [
    Case(
        "digits", "examples/digits/model.py:build", "examples/digits/weights.pt",
        "{folder}/examples/digits/test.npz", (2, 12, 12), 16, shared=False,
    ),
    Case(
        "nmnist_scnn", "models/nmnist_scnn/model.py:build", "models/nmnist_scnn/weights.pt",
        _NMNIST, (2, 34, 34), 300, 300,
    ),
    Case(
        "nmnist_scnn, kernels=cmsis", "models/nmnist_scnn/model.py:build",
        "models/nmnist_scnn/weights.pt", _NMNIST, (2, 34, 34), 300, 300,
        LoweringOptions(kernels="cmsis"),
    ),
    Case(
        "nmnist_fc", "models/nmnist_fc/model.py:build", "models/nmnist_fc/weights.pt",
        _NMNIST, (2, 34, 34), 100, 100,
    ),
]  # fmt: skip


def run(case: Case, folder: Path, limit: int | None, qemu_limit: int) -> dict[str, Any]:
    """The ladder of one network, as `snnir validate --json` reports it."""
    module = load_module(f"{folder}/{case.factory}", folder / case.weights)
    sample = torch.zeros(1, *case.input_shape)
    network = from_snntorch(module, sample, timesteps=case.timesteps)
    report = validate(
        network,
        case.data.format(folder=folder),
        bins=case.bins,
        limit=limit,
        module=module,
        target=TARGET,
        qemu_limit=qemu_limit,
        options=case.options,
        progress=True,
    )
    if report.problems:
        sys.exit(f"{case.name}: {'; '.join(report.problems)}")
    return report.to_json()


def run_file(path: str, data: str, limit: int | None, qemu_limit: int) -> dict[str, Any]:
    """The ladder of a network in a file, from `snn` down, with few bytes in view."""
    report = validate(
        path,
        data,
        limit=limit,
        target=TARGET,
        qemu_limit=qemu_limit,
        options=LoweringOptions(optimize="balanced"),
        progress=True,
    )
    return report.to_json()


def _cell(value: Any, pattern: str) -> str:
    return "" if value is None else pattern.format(value)


def table(results: dict[str, dict[str, Any]]) -> str:
    """The results as one Markdown table."""
    columns = (
        ("accuracy", "accuracy", "{:.2%}"), ("equal spikes", "spike_agreement", "{:.4%}"),
        ("ties", "ties", "{}"), ("bit-exact", "bit_exact", "{}"),
        ("instructions per step", "instructions_per_step", "{:,.0f}"),
        ("RAM with stack", "ram_bytes", "{:,}"), ("flash", "flash_bytes", "{:,}"),
    )  # fmt: skip
    titles = ["network", "level", "samples", *(title for title, _, _ in columns)]
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for name, report in results.items():
        for level in report["levels"]:
            cells = [_cell(level.get(key), pattern) for _, key, pattern in columns]
            lines.append(" | ".join([name, level["level"], str(level["samples"]), *cells]))
    return "\n".join(f"| {line} |" for line in lines)


def write_results(results: dict[str, dict[str, Any]]) -> None:
    """JSON and Markdown, which is also printed."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "verification_ladder.json").write_text(json.dumps(results, indent=2) + "\n")
    command = "Made by `python benchmarks/verification_ladder.py`; target mps2-an500 in QEMU.\n"
    (RESULTS / "verification_ladder.md").write_text(f"{command}\n{table(results)}\n")
    print(table(results), flush=True)


def main() -> None:
    """Run the chosen networks and write the results; keep those of the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks, by default all")
    parser.add_argument("--limit", type=int, help="samples, by default all")
    parser.add_argument("--qemu-limit", type=int, default=100, help="samples in the emulator")
    parser.add_argument("--file", metavar="NAME=FILE.mlir", help="this network alone")
    parser.add_argument("--data", help="for --file, as of snnir validate")
    arguments = parser.parse_args()
    path = RESULTS / "verification_ladder.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    if arguments.file is not None:
        name, _, file = arguments.file.partition("=")
        if not file or arguments.data is None:
            parser.error("--file needs NAME=FILE.mlir, and --data")
        results[name] = run_file(file, arguments.data, arguments.limit, arguments.qemu_limit)
        write_results(results)
        return
    for case in CASES:
        folder = shared_folder() if case.shared else REPOSITORY
        if arguments.names and case.name not in arguments.names:
            continue
        if folder is None:
            print(f"{case.name}: skipped, there is no folder with trained networks and recordings")
            continue
        results[case.name] = run(case, folder, arguments.limit, arguments.qemu_limit)
        # After each network: a run takes long.
        write_results(results)


if __name__ == "__main__":
    main()
