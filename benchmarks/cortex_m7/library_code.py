# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bytes of flash of the functions of CMSIS-NN that generated code calls, on a Cortex-M7.

    python benchmarks/cortex_m7/library_code.py [--cmsis-nn DIR] [--output FILE.json]

links a program for each function and reads from the linker's map which objects of libraries it
takes and how large they are. What an event-driven network has linked already counts nothing. Writes
`snnir/costs/cortex_m7_library.json`, by which `qsnn-select-kernels` knows what calls of the library
add to flash.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

import snnir.costs
from snnir.backends.c.network import only_network
from snnir.backends.firmware import NetworkBuild
from snnir.backends.targets import MPS2_AN500, TargetDescription
from snnir.backends.toolchain import (
    SNNRT_INCLUDE,
    cmsis_nn_library,
    compile_object,
    find_cmsis_nn,
    link,
    run_tool,
)
from snnir.costs.library import DEFAULT_TABLE, FUNCTIONS
from snnir.driver.pipelines import apply_pipeline
from snnir.support.atomic import atomic_write
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import connected

OUTPUT = Path(snnir.costs.__file__).parent / f"{DEFAULT_TABLE}.json"

PROGRAM = """
#include "snnrt/cmsis_nn.h"
#if SNNRT_CMSIS_NN_VERSION >= 6
#define arm_nn_vec_mat_mul_result_acc_s8 arm_nn_vec_mat_mul_result_acc_s8_s16
#endif
void (*volatile called)(void);
int main(void) {{
  called = (void (*)(void)){function};
  return 0;
}}
"""

SECTION = re.compile(
    r"^ \.(?:text|rodata|data|ARM\.ex\w+)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) \S*?([^/(]+\.a)"
    r"\((\S+\.o)\)$",
    re.MULTILINE,
)
"""An input section in the linker's map: its bytes, library and object."""


def linked_parts(text: str) -> dict[str, int]:
    """Objects of libraries with their bytes in flash, from a linker's map."""
    parts: dict[str, int] = {}
    _, _, placed = text.partition("Linker script and memory map")
    for size, _, member in SECTION.findall(placed):
        parts[member] = parts.get(member, 0) + int(size, 16)
    return {name: size for name, size in parts.items() if size}


def mapped(target: TargetDescription, file: Path) -> TargetDescription:
    """A target whose linker writes its map to a file."""
    return replace(target, link_flags=(*target.link_flags, f"-Wl,-Map={file}"))


def parts_of_events(folder: Path) -> set[str]:
    """The objects of libraries that the firmware of an event-driven network has."""
    network = connected(np.random.default_rng(1001))
    quantized(network, "bits=8")
    module = network.module.clone()
    apply_pipeline(module, "convert-qsnn-to-kernels,kernels-plan-memory")
    file = folder / "events.map"
    NetworkBuild(only_network(module), mapped(MPS2_AN500, file), folder).firmware()
    return set(linked_parts(file.read_text()))


def parts_of(function: str, sources: Path, folder: Path) -> dict[str, int]:
    """The objects of libraries that a program has which uses one function."""
    assert MPS2_AN500.folder is not None
    program = folder / f"{function}.c"
    program.write_text(PROGRAM.format(function=function))
    flags: list[str | Path] = ["-std=c99", "-I", SNNRT_INCLUDE, "-I", MPS2_AN500.folder]
    flags += ["-isystem", sources / "Include"]
    files = [program, *sorted(MPS2_AN500.folder.glob("*.c"))]
    objects = [compile_object(f, folder / f"{f.stem}.o", MPS2_AN500, flags) for f in files]
    file = folder / f"{function}.map"
    library = cmsis_nn_library(sources, MPS2_AN500)
    link([*objects, library], folder / f"{function}.elf", mapped(MPS2_AN500, file))
    return linked_parts(file.read_text())


def measure(sources: Path) -> dict[str, dict[str, int]]:
    """The parts of every function with their bytes, without what networks have anyway."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        known = parts_of_events(folder)
        found = {name: parts_of(name, sources, folder) for name in FUNCTIONS}
    # Functions may take different sections of an object: the most of them count.
    most: dict[str, int] = {}
    for parts in found.values():
        for part, size in parts.items():
            most[part] = max(most.get(part, 0), size)
    return {
        name: {part: most[part] for part in sorted(parts) if part not in known}
        for name, parts in found.items()
    }


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cmsis-nn", type=Path, metavar="DIR", help="sources (those of set-up)")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE.json")
    options = parser.parse_args()
    functions = measure(find_cmsis_nn(options.cmsis_nn))
    version = run_tool([MPS2_AN500.compiler, "--version"], MPS2_AN500, "asking for the version")
    table = {
        "made_by": "benchmarks/cortex_m7/library_code.py: bytes of objects in the linker's map",
        "compiler": version.splitlines()[0],
        "functions": functions,
    }
    with atomic_write(options.output) as stream:
        stream.write(json.dumps(table, indent=1, sort_keys=True) + "\n")
    for name, parts in functions.items():
        print(f"{name}: {sum(parts.values())} bytes")


if __name__ == "__main__":
    main()
