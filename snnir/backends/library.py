# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the generated library: sources, kernels, build files, golden vectors and a self-test."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from snnir import __version__
from snnir.backends.build_files import build_files
from snnir.backends.c.network import CNetwork, only_network
from snnir.backends.c.printer import header, source
from snnir.backends.c.template import template_values
from snnir.backends.firmware import Footprint, measure_footprint
from snnir.backends.golden_files import golden_files
from snnir.backends.library_readme import library_readme
from snnir.backends.linker_script import linker_files
from snnir.backends.targets import TargetDescription
from snnir.backends.toolchain import SNNRT_INCLUDE
from snnir.executors.golden import GoldenVectors
from snnir.support.atomic import atomic_directory
from snnir.support.diagnostics import SNNError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class LibraryReport:
    """What was written, and what it takes.

    `flash_bytes`, `ram_bytes` (arena and data, without stack) and `stack_bytes` (the deepest chain
    of calls) come from the smallest firmware around the network; None for the host, or where the
    target's compiler is not installed.
    """

    arena_bytes: int
    state_bytes: int
    flash_bytes: int | None
    ram_bytes: int | None
    stack_bytes: int | None
    files: tuple[str, ...]


def library_files(network: CNetwork, golden: GoldenVectors | None = None) -> dict[str, str]:
    """Path and text of every generated file."""
    values = template_values(network)
    files = {
        f"src/{network.name}.h": header(network),
        f"src/{network.name}.c": source(network),
        "README.md": library_readme(network, tested=golden is not None),
        **build_files(network, values, tested=golden is not None),
    }
    for file in sorted((SNNRT_INCLUDE / "snnrt").glob("*.h")):
        files[f"src/snnrt/{file.name}"] = file.read_text()
    if golden is not None:
        files |= golden_files(network, golden)
    return files


def write_library(
    module: ModuleOp,
    directory: Path,
    *,
    target: TargetDescription,
    cmsis_nn: Path | None = None,
    golden: GoldenVectors | None = None,
    limits: tuple[int | None, int | None] = (None, None),
) -> LibraryReport:
    """Write the library of the module's network to `directory`, all of it or nothing.

    Args:
        limits: most bytes of RAM and of flash.

    Raises:
        SNNError: memory is not planned, the folder cannot be written or holds something else, such
            as the library of another network, the code does not compile for the target, or it does
            not fit the limits.
    """
    network = only_network(module)
    check_folder(directory, network.op.sym_name.data)
    files = library_files(network, golden)
    for file, text in linker_files(network, target).items():
        files[f"targets/{target.name}/{file}"] = text
    footprint = measure_footprint(module, target, cmsis_nn)
    if footprint is not None:
        footprint.check(network.op, *limits)
    with atomic_directory(directory, marker=MANIFEST) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        if golden is not None:
            (folder / "golden").mkdir(exist_ok=True)
            np.savez_compressed(
                folder / "golden" / "golden.npz",
                x=golden.x, scores=golden.scores, classes=golden.classes,
            )  # fmt: skip
        manifest = _manifest(network, target, files, footprint)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    return LibraryReport(
        network.arena_bytes,
        network.state_bytes,
        None if footprint is None else footprint.flash_bytes,
        None if footprint is None else footprint.static_ram_bytes,
        None if footprint is None else footprint.stack_bytes,
        tuple(files),
    )


def check_folder(directory: Path, network: str) -> None:
    """Raises `SNNError` if a folder holds the library of a network of another name."""
    try:
        text = (directory / MANIFEST).read_text()
    except OSError:
        return
    try:
        owner = json.loads(text)["network"]
    except (ValueError, TypeError, LookupError):
        raise SNNError(
            f"cannot write the folder '{directory}': its '{MANIFEST}' is not that of a library; "
            "name another folder"
        ) from None
    if owner != network:
        raise SNNError(
            f"cannot write the folder '{directory}': it holds the library of '{owner}', not of "
            f"'{network}'; name another folder, or remove this one"
        )


def _manifest(
    network: CNetwork, target: TargetDescription, files: dict[str, str], footprint: Footprint | None
) -> dict[str, object]:
    """What the folder holds, for programs."""
    op = network.op
    return {
        "schema_version": 1,
        "generator": f"snnir {__version__}",
        "network": op.sym_name.data,
        "target": target.name,
        "input": {
            "kind": op.input.data.value,
            "shape": list(network.frame_shape),
            "layout": "channels first",
            "type": network.frame_type,
            "maximum": op.input_maximum.value.data,
            "scale": None if op.input_scale is None else op.input_scale.value.data,
            "density": None
            if op.input_density is None
            else {
                "cell": list(op.input_density.extents),
                "maximum": op.input_density.limit,
            },
        },
        "timesteps": op.timesteps.value.data,
        "readout": op.readout.data.value,
        "output_scale": None if op.output_scale is None else op.output_scale.value.data,
        "outputs": network.output_size,
        "classes": network.classes,
        "layers": list(network.layers.values()),
        "arena_bytes": network.arena_bytes,
        "state_bytes": network.state_bytes,
        "arenas": [
            {"name": a.name, "memory": a.memory, "bytes": a.bytes, "state_bytes": a.state_bytes}
            for a in network.arenas
        ],
        "flash_bytes": None if footprint is None else footprint.flash_bytes,
        "ram_bytes": None if footprint is None else footprint.static_ram_bytes,
        "stack_bytes": None if footprint is None else footprint.stack_bytes,
        "cmsis_nn": network.uses_cmsis_nn,
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()},
    }
