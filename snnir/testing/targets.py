# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets of tests of generated code; imports pytest."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from snnir.backends.targets import HOST, TargetDescription

_SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")

SANITIZED = replace(
    HOST,
    compile_flags=("-O0", *_SANITIZERS),
    link_flags=(*HOST.link_flags, *_SANITIZERS),
)
"""The host, where faults of memory and undefined behaviour end the program. Not optimised, which
would take ten times as long and see no more of them."""


def require_programs(*programs: str) -> None:
    """Skip the test unless these programs are installed."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def require_target(target: TargetDescription) -> None:
    """Skip the test unless programs can be built for a target and run."""
    require_programs(target.compiler, *(target.emulator or ())[:1])
