# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles C for a target and finds CMSIS-NN."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from snnir.backends.stack_usage import CALL_GRAPH_FLAG, CALL_GRAPH_SUFFIX
from snnir.backends.targets import TargetDescription
from snnir.support.diagnostics import SNNError

SNNRT_INCLUDE = Path(__file__).parent / "snnrt" / "include"
COMMON_FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-fno-strict-aliasing")
CMSIS_NN_FLAGS = ("-std=c99", "-fno-strict-aliasing")
CMSIS_NN_HEADER = Path("Include") / "arm_nnfunctions.h"
CMSIS_NN_SUPPORT = Path("Include") / "arm_nnsupportfunctions.h"
SINCE_CMSIS_NN_5 = "arm_nn_mat_mult_nt_t_s8_s32"
"""A support function that came with version 5. Version 4.0 and earlier ones need CMSIS-Core."""
FLOATING_POINT = ("_f16", "_f32", "_flt")
"""Ends of the names of CMSIS-NN's files in floating point, which compile for some targets only."""


def run_tool(command: Sequence[str | Path], target: TargetDescription, purpose: str) -> str:
    """Run a program of the target's toolchain and return what it prints.

    Raises:
        SNNError: the program is missing, with the packages that hold it, or fails.
    """
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        packages = " ".join(target.packages)
        raise SNNError(
            f"{purpose}: '{words[0]}' is not installed; on Debian: apt-get install {packages}"
        )
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        reason = _first_error(done.stderr)
        raise SNNError(f"{purpose}: {words[0]} failed with status {done.returncode}: {reason}")
    return done.stdout


def _first_error(text: str) -> str:
    """The line that says what is wrong; the linker's own lines do not say `error`."""
    lines = [line for line in text.splitlines() if not line.startswith("collect2:")]
    lines = [line for line in lines if line.strip() and "warning:" not in line] or lines or [text]
    return next((line for line in lines if "error" in line), lines[0])


def find_cmsis_nn(explicit: Path | None = None) -> Path:
    """Folder of the CMSIS-NN sources: `explicit`, `CMSIS_NN_PATH` or what set-up unpacked.

    Raises:
        SNNError: none of them holds `Include/arm_nnfunctions.h`, or its version is older than 5.
    """
    named = explicit or os.environ.get("CMSIS_NN_PATH")
    if named is not None:
        candidates = [Path(named)]
    else:
        repository = Path(__file__).resolve().parents[2]
        candidates = [repository / ".cache" / "cmsis-nn", Path.cwd() / ".cache" / "cmsis-nn"]
    for folder in candidates:
        if (folder / CMSIS_NN_HEADER).is_file():
            _require_version_5(folder)
            return folder
    tried = " and ".join(map(str, dict.fromkeys(candidates)))
    raise SNNError(
        f"no CMSIS-NN sources in {tried}; run 'make setup', or name a folder that holds "
        f"{CMSIS_NN_HEADER} with --cmsis-nn or CMSIS_NN_PATH"
    )


def _require_version_5(folder: Path) -> None:
    header = folder / CMSIS_NN_SUPPORT
    if not header.is_file() or SINCE_CMSIS_NN_5 not in header.read_text(errors="replace"):
        raise SNNError(
            f"the CMSIS-NN sources in {folder} are older than version 5: {CMSIS_NN_SUPPORT} does "
            f"not declare {SINCE_CMSIS_NN_5}; name a checkout of version 5 to 7 with --cmsis-nn or "
            "CMSIS_NN_PATH, or run 'make setup' and name none"
        )


def compile_object(
    source: Path, output: Path, target: TargetDescription, flags: Sequence[str | Path]
) -> Path:
    """Compile one C file; for targets other than the host with a call graph beside the object."""
    command: list[str | Path] = [target.compiler, *target.compile_flags, *flags]
    command += [] if target.is_host else [CALL_GRAPH_FLAG]
    command += ["-c", source, "-o", output]
    run_tool(command, target, f"compiling {source.name}")
    return output


def link(objects: Sequence[Path], output: Path, target: TargetDescription) -> Path:
    """Link objects and libraries to an executable."""
    places = {"folder": target.folder, "build": output.parent}
    link_flags = [flag.format(**places) for flag in target.link_flags]
    command: list[str | Path] = [target.compiler, *target.compile_flags, *objects]
    command += [*link_flags, "-o", output]
    run_tool(command, target, f"linking {output.name}")
    return output


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "snnir"


def cmsis_nn_library(folder: Path, target: TargetDescription) -> Path:
    """The CMSIS-NN library for a target, compiled once for these sources and flags and kept.

    The call graphs of its objects are beside it in one file.

    Raises:
        SNNError: there are no sources, or one does not compile.
    """
    sources = [
        file
        for file in sorted((folder / "Source").glob("*/*.c"))
        if not file.stem.endswith(FLOATING_POINT)
    ]
    if not sources:
        raise SNNError(
            f"no C files of CMSIS-NN in {folder / 'Source'}; name a whole checkout, with Include "
            "and Source, with --cmsis-nn or CMSIS_NN_PATH"
        )
    key = (target.compiler, target.compile_flags, CMSIS_NN_FLAGS, CALL_GRAPH_FLAG)
    digest = hashlib.sha256(repr(key).encode())
    for file in [*sources, *sorted((folder / "Include").rglob("*.h"))]:
        digest.update(file.read_bytes())
    library = _cache_folder() / f"cmsis-nn-{target.name}-{digest.hexdigest()[:16]}.a"
    if library.is_file():
        return library
    library.parent.mkdir(parents=True, exist_ok=True)
    flags = (*CMSIS_NN_FLAGS, "-I", folder / "Include")
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch, ThreadPoolExecutor() as pool:
        objects = list(
            pool.map(
                lambda source: compile_object(
                    source, Path(scratch) / f"{source.stem}.o", target, flags
                ),
                sources,
            )
        )
        archive = Path(scratch) / "library.a"
        run_tool([target.archiver, "rcs", archive, *objects], target, "archiving CMSIS-NN")
        if not target.is_host:
            graphs = Path(scratch) / f"library{CALL_GRAPH_SUFFIX}"
            texts = [object.with_suffix(CALL_GRAPH_SUFFIX).read_text() for object in objects]
            graphs.write_text("".join(texts))
            os.replace(graphs, library.with_suffix(CALL_GRAPH_SUFFIX))
        os.replace(archive, library)
    return library


def section_sizes(executable: Path, target: TargetDescription) -> dict[str, int]:
    """Bytes of each section of an executable."""
    assert target.size_tool is not None
    text = run_tool([target.size_tool, "-A", executable], target, "measuring sections")
    sizes = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[0].startswith(".") and words[1].isdigit():
            sizes[words[0]] = int(words[1])
    return sizes
