"""Rows of bytes and marked events compute what naive references do, in every build."""

import random
from pathlib import Path

import pytest
from test_kernels import BUILDS, compile_program, run_program

SOURCE = Path(__file__).resolve().parent / "tiles.c"


@pytest.mark.parametrize("build", BUILDS)
def test_rows_and_marks_match_references(build, tmp_path) -> None:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    source, program = tmp_path / "seeded.c", tmp_path / "seeded"
    source.write_text(f'#define SEED {seed}u\n#include "{SOURCE}"\n')
    compile_program(build, source, program)
    run_program(build, program)
