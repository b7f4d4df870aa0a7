# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fully connected layers of counts on a Cortex-M7: rows of weights scattered or tiles gathered.

    python benchmarks/cortex_m7/count_kernels.py [--shape INPUTSxOUTPUTS ...] [--results FOLDER]

writes `cortex_m7_counts.csv` and `.md` to `benchmarks/results`: instructions in QEMU of the call
alone (the list of active inputs is given) for each product of a count and a weight, with weights of
8 and 4 bits and currents of 16 and 32. Weights, active inputs and counts are random (seeds 0 and
1), counts from 1 to 3 or, with 32 bits, to 20, all as likely; every result is compared with numpy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from linear_kernels import c_array, instructions
from numpy.typing import NDArray
from report import RESULTS, write_records

from snnir.driver.tables import Cell, format_table
from snnir.kernels.compressed_weights import pack_rows
from snnir.kernels.gathered_weights import gather_rows, lane_rows, packed_gather_rows
from snnir.kernels.layout import interleave_outputs

SHAPES = ("256x10", "512x33", "512x64", "512x128")
DENSITIES = (0.05, 0.10, 0.25, 0.50)
LARGEST = {16: (3,), 32: (3, 20)}
"""Counts that are measured with currents of 16 and 32 bits; 16 do not hold sums of larger ones."""


@dataclass(frozen=True)
class Kernel:
    """One way to compute a layer.

    Attributes:
        function: what follows `snnrt_linear_` in the name of the function, without its type.
        stored: the constant.
        takes_lanes: whether the call with currents of 32 bits takes how many rows fit lanes.
    """

    name: str
    function: str
    rows: NDArray[np.int8]
    stored: NDArray
    takes_lanes: bool


def kernels(inputs: int, outputs: int, width: int) -> Iterator[Kernel]:
    """All kernels of a layer with random weights and currents of `width` bits."""
    rng = np.random.default_rng(0)
    for bits, limit in ((8, 127), (4, 7)):
        rows = rng.integers(-limit, limit, (inputs, outputs), endpoint=True).astype(np.int8)
        if bits == 8:
            scattered = interleave_outputs(rows) if width == 16 else rows
            yield Kernel("int8, scattered", "scatter_values", rows, scattered, False)
            yield Kernel("int8, gathered", "gather_values", rows, gather_rows(rows, True), True)
        else:
            packed = packed_gather_rows(rows).view(np.uint32)
            name = "packed4_values"
            yield Kernel("int4, scattered", f"scatter_{name}", rows, pack_rows(rows, 4), False)
            yield Kernel("int4, gathered", f"gather_{name}", rows, packed, True)


def inputs_of(inputs: int, largest: int) -> list[NDArray[np.int8]]:
    """Counts of all inputs for each density."""
    rng = np.random.default_rng(1)
    shown = []
    for density in DENSITIES:
        values = np.zeros(inputs, np.int8)
        active = rng.choice(inputs, max(1, round(inputs * density)), replace=False)
        values[active] = rng.integers(1, largest, active.size, endpoint=True)
        shown.append(values)
    return shown


PROGRAM = """
#include "semihosting.h"
#include "snnrt/snnrt.h"

{declarations}
static const snnrt_linear_shape shape = {{{inputs}, {outputs}}};
static int{width}_t current[{outputs}] __attribute__((aligned(4)));

__attribute__((noinline)) static void layer(const uint16_t *list, uint32_t count,
                                            const int8_t *values) {{
  snnrt_linear_{function}_s{width}(list, count, values, weights, current, {lanes}&shape);
}}

static void finish(const int{width}_t *expected) {{
  const uint32_t instructions = snn_timer_instructions();
  if (memcmp(expected, current, sizeof current) != 0) {{
    snn_write0("differs\\n");
    snn_exit(1);
  }}
  snn_write_unsigned(instructions);
  snn_write0("\\n");
  memset(current, 0, sizeof current);
}}

int main(void) {{
{calls}
  return 0;
}}
"""


def program(kernel: Kernel, shown: Sequence[NDArray[np.int8]], width: int, largest: int) -> str:
    """C text that prints one count of instructions for each density."""
    kind = np.int16 if width == 16 else np.int32
    declarations, calls = [c_array("weights", kernel.stored)], []
    for number, values in enumerate(shown):
        listed = np.flatnonzero(values).astype(np.uint16)
        expected = (values.astype(np.int64) @ kernel.rows.astype(np.int64)).astype(kind)
        for name, array in {"list": listed, "values": values, "expected": expected}.items():
            declarations.append(c_array(f"{name}_{number}", array))
        calls.append(
            f"  snn_timer_start();\n  layer(list_{number}, {listed.size}, values_{number});\n"
            f"  finish(expected_{number});"
        )
    inputs, outputs = kernel.rows.shape
    lanes = f"{lane_rows(kernel.rows, largest)}, " if kernel.takes_lanes and width == 32 else ""
    return PROGRAM.format(
        declarations="\n".join(declarations), inputs=inputs, outputs=outputs, width=width,
        function=kernel.function, lanes=lanes, calls="\n".join(calls),
    )  # fmt: skip


Record = dict[str, str | int | float]


def measure(shape: str) -> list[Record]:
    """The records of all kernels of one shape."""
    inputs, outputs = map(int, shape.split("x"))
    records: list[Record] = []
    for width, counts in LARGEST.items():
        for kernel in kernels(inputs, outputs, width):
            for largest in counts:
                shown = inputs_of(inputs, largest)
                numbers = instructions(program(kernel, shown, width, largest))
                for density, values, number in zip(DENSITIES, shown, numbers, strict=True):
                    products = np.count_nonzero(values) * outputs
                    records.append(
                        {
                            "shape": shape, "current_bits": width, "kernel": kernel.name,
                            "flash_bytes": kernel.stored.nbytes, "largest_count": largest,
                            "density": density, "instructions": number,
                            "instructions_per_product": round(number / products, 3),
                        }
                    )  # fmt: skip
                print(f"{shape} s{width} {kernel.name} {largest}: {numbers}", file=sys.stderr)
    return records


PREAMBLE = (
    "Made by `python benchmarks/cortex_m7/count_kernels.py`: instructions in QEMU of the code of",
    "`arm-none-eabi-gcc -O3` for each product of a count and a weight; random weights and inputs.",
    "Columns: share of active inputs.",
)


def markdown(records: Sequence[Record]) -> str:
    """A table for each shape."""
    lines = ["# Fully connected kernels of counts on a Cortex-M7", "", *PREAMBLE]
    for shape in dict.fromkeys(record["shape"] for record in records):
        lines += ["", f"## {shape}", "", "```"]
        titles = ["currents", "counts up to", "weights", "flash bytes"]
        keys = ("current_bits", "largest_count", "kernel", "flash_bytes")
        of_shape = [record for record in records if record["shape"] == shape]
        rows: dict[tuple[Cell, ...], list[Cell]] = {}
        for record in sorted(of_shape, key=lambda record: [record[key] for key in keys[:2]]):
            row = rows.setdefault(tuple(record[key] for key in keys), [])
            row.append(f"{record['instructions_per_product']:.2f}")
        table = [[*key, *cells] for key, cells in rows.items()]
        lines += [*format_table([*titles, *(f"{d:.0%}" for d in DENSITIES)], table), "```"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", action="append", help=f"default: {' '.join(SHAPES)}")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    records = [record for shape in options.shape or SHAPES for record in measure(shape)]
    write_records(options.results / "cortex_m7_counts.csv", records)
    (options.results / "cortex_m7_counts.md").write_text(markdown(records))


if __name__ == "__main__":
    main()
