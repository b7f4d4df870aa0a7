# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Event-driven fully connected kernels on a Cortex-M7: instructions and flash of each storage.

    python benchmarks/cortex_m7/linear_kernels.py [--shape INPUTSxOUTPUTS ...] [--results FOLDER]

writes `cortex_m7_linear.csv` and `.md` to `benchmarks/results`. Weights and active inputs are
random (seed 0) and currents 16-bit; every result is compared with numpy. Instruction counts come
from QEMU, are those of the call alone (the list of active inputs is given) and reproduce exactly
with the same compiler.

A synaptic operation is the addition of one stored nonzero weight; a dense-equivalent one counts the
zeros too. `counts` are measured with inputs of 1 to 3 (70, 20 and 10 % of the active ones).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from report import RESULTS, write_records

from snnir.backends.c.syntax import array_definition, struct_definition
from snnir.backends.targets import MPS2_AN500
from snnir.backends.toolchain import COMMON_FLAGS, SNNRT_INCLUDE, compile_object, link
from snnir.driver.tables import Cell, format_table
from snnir.kernels.compressed_weights import PANEL, block_rows, pack_rows, sparse_rows
from snnir.kernels.gathered_weights import gather_rows
from snnir.kernels.layout import interleave_outputs

SHAPES = ("2312x256", "800x10", "256x10", "512x128", "512x33", "512x64")
DENSITIES = (0.01, 0.05, 0.10, 0.25, 0.50)
COUNT_PROBABILITIES = (0.7, 0.2, 0.1)

Rows = NDArray[np.int8]


@dataclass(frozen=True)
class Storage:
    """One way to store the weights of a layer.

    Attributes:
        kernel: what follows `snnrt_linear_` in the name of the function.
        flash: bytes of all arrays.
        declarations: C arrays.
        arguments: those of the call between the list and the current.
        counted_arguments: those of the call with values.
        shape: whether the call takes a shape.
    """

    name: str
    rows: Rows
    kernel: str
    flash: int
    declarations: str
    arguments: str
    counted_arguments: str
    shape: str


def c_array(name: str, array: NDArray) -> str:
    bits, signed = array.dtype.itemsize * 8, array.dtype.kind == "i"
    kind = f"{'' if signed else 'u'}int{bits}_t"
    qualifiers = "static const __attribute__((aligned(4)))"
    return array_definition(name, kind, array.reshape(-1).tolist(), qualifiers)


def _storage(
    name: str,
    rows: Rows,
    kernel: str,
    arrays: dict[str, NDArray],
    panel: int = 0,
    counted: dict[str, NDArray] | None = None,
) -> Storage:
    """A storage in arrays, or in others where inputs are counted."""
    fields: dict[str, int | str] = {"inputs": rows.shape[0], "outputs": rows.shape[1]}
    if panel:
        fields["panel_outputs"] = panel
    kind = f"snnrt_{'sparse' if panel else 'linear'}_shape"
    return Storage(
        name,
        rows,
        kernel,
        sum(array.nbytes for array in arrays.values()),
        "\n".join(c_array(label, array) for label, array in {**arrays, **(counted or {})}.items()),
        ", ".join(arrays),
        ", ".join(counted or arrays),
        "" if kernel == "scatter_blocks" else struct_definition("shape", kind, fields),
    )


def _blocks(name: str, rows: Rows) -> Storage:
    blocks = block_rows(rows)
    arrays: dict[str, NDArray] = {
        "starts": blocks.starts,
        "blocks": blocks.blocks,
        "weights": blocks.weights,
    }
    return _storage(name, rows, "scatter_blocks", arrays)


def _sparse(name: str, rows: Rows) -> Storage:
    sparse = sparse_rows(rows, PANEL)
    arrays = {"starts": sparse.starts, "entries": sparse.entries}
    return _storage(name, rows, "scatter_sparse", arrays, PANEL)


def storages(inputs: int, outputs: int) -> Iterator[Storage]:
    """All storages of a layer with random weights."""
    rng = np.random.default_rng(0)

    def dense(low: int, high: int) -> Rows:
        return rng.integers(low, high, (inputs, outputs), endpoint=True).astype(np.int8)

    full = dense(-127, 127)
    yield _storage("int8", full, "scatter", {"weights": interleave_outputs(full)})
    words, pairs = (gather_rows(full, counted) for counted in (False, True))
    yield _storage("int8, gathered", full, "gather", {"words": words}, counted={"pairs": pairs})
    for bits, limit in ((4, 7), (2, 1)):
        rows = dense(-limit, limit)
        yield _storage(
            f"int{bits}", rows, f"scatter_packed{bits}", {"weights": pack_rows(rows, bits)}
        )
    for percent in (90, 97, 99):
        kept = rng.random(full.shape) >= percent / 100
        yield _sparse(f"sparse {percent} %", np.where(kept, full, 0).astype(np.int8))
    if outputs % 4:
        return
    for percent in (90, 97, 99):
        kept = np.repeat(rng.random((inputs, outputs // 4)) >= percent / 100, 4, axis=1)
        yield _blocks(f"blocks {percent} %", np.where(kept, full, 0).astype(np.int8))


PROGRAM = """
#include "semihosting.h"
#include "snnrt/snnrt.h"

{declarations}
{shape}
static int16_t current[{outputs}] __attribute__((aligned(4)));

__attribute__((noinline)) static void binary(const uint16_t *list, uint32_t count) {{
  snnrt_linear_{kernel}_s16(list, count, {arguments}, current{shape_argument});
}}

__attribute__((noinline)) static void counted(const uint16_t *list, uint32_t count,
                                              const int8_t *values) {{
  snnrt_linear_{kernel}_values_s16(list, count, values, {counted_arguments},
                                   current{shape_argument});
}}

static void finish(const int16_t *expected) {{
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


@dataclass(frozen=True)
class Presentation:
    """Active inputs with counts, and what the layer makes of them with and without counts."""

    density: float
    values: NDArray[np.int8]

    @property
    def list(self) -> NDArray[np.uint16]:
        """Ascending active inputs."""
        return np.flatnonzero(self.values).astype(np.uint16)


def presentations(inputs: int) -> list[Presentation]:
    """One for each density, with the nearest number of active inputs, at least one."""
    rng = np.random.default_rng(1)
    result = []
    for density in DENSITIES:
        values = np.zeros(inputs, np.int8)
        active = rng.choice(inputs, max(1, round(inputs * density)), replace=False)
        values[active] = rng.choice([1, 2, 3], active.size, p=COUNT_PROBABILITIES)
        result.append(Presentation(density, values))
    return result


def program(storage: Storage, shown: Sequence[Presentation]) -> str:
    """C text that prints one count of instructions for each presentation, binary then counted."""
    declarations, calls = [storage.declarations], []
    rows = storage.rows.astype(np.int64)
    for number, presentation in enumerate(shown):
        binary = rows[presentation.list].sum(axis=0).astype(np.int16)
        counted = (presentation.values.astype(np.int64) @ rows).astype(np.int16)
        for name, array in {
            "list": presentation.list, "values": presentation.values,
            "binary": binary, "counted": counted,
        }.items():  # fmt: skip
            declarations.append(c_array(f"{name}_{number}", array))
        arguments = f"list_{number}, {presentation.list.size}"
        calls += [
            f"  snn_timer_start();\n  binary({arguments});\n  finish(binary_{number});",
            f"  snn_timer_start();\n  counted({arguments}, values_{number});\n"
            f"  finish(counted_{number});",
        ]
    return PROGRAM.format(
        declarations="\n".join(declarations),
        shape=storage.shape,
        shape_argument=", &shape" if storage.shape else "",
        outputs=rows.shape[1],
        kernel=storage.kernel,
        arguments=storage.arguments,
        counted_arguments=storage.counted_arguments,
        calls="\n".join(calls),
    )


def instructions(text: str) -> list[int]:
    """The numbers that a program prints in the emulator."""
    folder = MPS2_AN500.folder
    assert folder is not None
    assert MPS2_AN500.emulator is not None
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "benchmark.c"
        source.write_text(text)
        flags = (*COMMON_FLAGS, "-I", SNNRT_INCLUDE, "-I", folder)
        files = (source, folder / "startup.c", folder / "semihosting.c")
        objects = [
            compile_object(file, Path(scratch) / f"{file.stem}.o", MPS2_AN500, flags)
            for file in files
        ]
        executable = link(objects, Path(scratch) / "benchmark.elf", MPS2_AN500)
        command = [w.format(elf=executable, arguments="") for w in MPS2_AN500.emulator]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    output = done.stdout + done.stderr
    if done.returncode != 0:
        raise SystemExit(f"the benchmark failed: {output}")
    return [int(line) for line in output.split()]


Record = dict[str, str | int | float]


def measure(shape: str) -> list[Record]:
    """The records of all storages of one shape."""
    inputs, outputs = map(int, shape.split("x"))
    records: list[Record] = []
    shown = presentations(inputs)
    for storage in storages(inputs, outputs):
        numbers = instructions(program(storage, shown))
        stored = (
            storage.rows != 0 if storage.kernel in ("scatter_sparse", "scatter_blocks") else None
        )
        for presentation, binary, counted in zip(shown, numbers[::2], numbers[1::2], strict=True):
            active = presentation.list
            dense = active.size * outputs
            synapses = dense if stored is None else int(stored[active].sum())
            records.append(
                {
                    "shape": shape, "storage": storage.name, "flash_bytes": storage.flash,
                    "density": presentation.density, "active_inputs": int(active.size),
                    "synaptic_operations": synapses, "instructions": binary,
                    "instructions_per_synaptic_operation": round(binary / max(synapses, 1), 3),
                    "instructions_per_dense_operation": round(binary / dense, 3),
                    "instructions_counts": counted,
                }
            )  # fmt: skip
        print(f"{shape} {storage.name}: {numbers[::2]} {numbers[1::2]}", file=sys.stderr)
    return records


PREAMBLE = (
    "Made by `python benchmarks/cortex_m7/linear_kernels.py`: instructions in QEMU of the code of",
    "`arm-none-eabi-gcc -O3`, 16-bit currents, random weights and active inputs.",
    "",
    "Columns: share of active inputs. Each cell: instructions per addition of a stored weight /",
    "per dense-equivalent one. `counts`: instructions for inputs of 1 to 3 (70, 20 and 10 % of",
    "the active ones) relative to those for spikes, at 10 %.",
)


def markdown(records: Sequence[Record]) -> str:
    """Tables of instructions per operation, one for each shape."""
    lines = ["# Fully connected kernels on a Cortex-M7", "", *PREAMBLE]
    for shape in dict.fromkeys(record["shape"] for record in records):
        lines += ["", f"## {shape}", "", "```"]
        titles = ["weights", "flash bytes", *(f"{density:.0%}" for density in DENSITIES), "counts"]
        table = []
        of_shape = [record for record in records if record["shape"] == shape]
        for name in dict.fromkeys(record["storage"] for record in of_shape):
            cells = [record for record in of_shape if record["storage"] == name]
            row: list[Cell] = [str(name), int(cells[0]["flash_bytes"])]
            row += [
                f"{cell['instructions_per_synaptic_operation']:.2f} / "
                f"{cell['instructions_per_dense_operation']:.3f}"
                for cell in cells
            ]
            tenth = next(cell for cell in cells if cell["density"] == 0.10)
            ratio = float(tenth["instructions_counts"]) / float(tenth["instructions"])
            table.append([*row, f"{ratio:.2f}"])
        lines += [*format_table(titles, table), "```"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", action="append", help=f"default: {' '.join(SHAPES)}")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    records = [record for shape in options.shape or SHAPES for record in measure(shape)]
    write_records(options.results / "cortex_m7_linear.csv", records)
    (options.results / "cortex_m7_linear.md").write_text(markdown(records))


if __name__ == "__main__":
    main()
