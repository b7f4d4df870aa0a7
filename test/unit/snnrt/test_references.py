"""Rows of bytes, marked events and calm windows compute what naive references do."""

import random
from pathlib import Path

import pytest
from test_kernels import BUILDS, compile_program, run_program

FOLDER = Path(__file__).resolve().parent


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("name", ["tiles", "calm_windows"])
def test_matches_references(build, name, tmp_path) -> None:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    source, program = tmp_path / "seeded.c", tmp_path / "seeded"
    source.write_text(f'#define SEED {seed}u\n#include "{FOLDER / name}.c"\n')
    compile_program(build, source, program)
    run_program(build, program)
