# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole networks and single kernels on a Cortex-M7, beside goals and other programs.

    python benchmarks/cortex_m7/networks.py [--only SECTION ...] [--samples N]
        [--compressed NAME=FILE.mlir[@BINS] ...]

writes `cortex_m7.csv` and `.md` to `benchmarks/results`. Instruction counts come from QEMU and are
exact. Sections and networks that are not measured keep their earlier figures. Ends with status 1 if
any program differs from its integer network.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from comparison import comparison_rows
from conv_kernels import kernel_rows
from goals import spell_out
from published import BINS, compressed_rows, published_rows
from report import RESULTS, Record, Row, markdown, merged, read_records, write_records

SECTIONS = ("published", "compressed", "shapes", "kernels")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", choices=SECTIONS, help="by default all")
    parser.add_argument("--samples", type=int, default=100, help="recordings of each network")
    parser.add_argument("--bins", type=int, action="append", help=f"default: {BINS}")
    parser.add_argument("--compressed", action="append", default=[], metavar="NAME=FILE[@BINS]")
    parser.add_argument("--sparse", type=Path, help="network file of nmnist_fc with 97 %% zeros")
    parser.add_argument("--explicit", action="store_true", help="do not let the compiler select")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def main() -> None:
    """Measure and write, section by section."""
    arguments = parse()
    torch.set_num_threads(1)
    if arguments.explicit:
        spell_out()
    sections: dict[str, Callable[[], Iterator[Row]]] = {
        "published": lambda: published_rows(arguments.samples, arguments.bins or BINS),
        "compressed": lambda: compressed_rows(arguments.compressed, arguments.samples),
        "shapes": lambda: comparison_rows(arguments.samples, arguments.sparse),
        "kernels": kernel_rows,
    }
    path = arguments.results / "cortex_m7.csv"
    wrong = 0
    for section in arguments.only or SECTIONS:
        records: list[Record] = []
        for row in sections[section]():
            records.append(row.record())
            wrong += row.bit_exact.startswith("NO")
            # Written as they come: a run takes long.
            everything = merged(read_records(path), records)
            write_records(path, everything)
            path.with_suffix(".md").write_text(markdown(everything))
    if wrong:
        sys.exit(f"{wrong} measurements are not bit-exact, see {path}")


if __name__ == "__main__":
    main()
