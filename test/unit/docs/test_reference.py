# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The reference and the guides say what the code says today."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from snnir.universe import DIALECTS, PASSES, PIPELINES

REPOSITORY = Path(__file__).resolve().parents[3]
GUIDES = sorted((REPOSITORY / "docs" / "guides").glob("*.md"))


def pages(folder: Path) -> dict[str, str]:
    """File names and texts of a folder's pages."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.md"))}


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> dict[str, str]:
    """The reference as it is generated from the code."""
    folder = tmp_path_factory.mktemp("reference")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "ignore"}
    program = REPOSITORY / "docs" / "generate.py"
    subprocess.run([sys.executable, program, folder], env=environment, check=True)
    return pages(folder)


def test_reference_is_up_to_date(generated) -> None:
    written = pages(REPOSITORY / "docs" / "reference")
    differing = {n for n in {*generated, *written} if generated.get(n) != written.get(n)}
    assert not differing, f"run 'make docs': {', '.join(sorted(differing))} in docs/reference"


def test_everything_is_described(generated) -> None:
    dialects = {f"dialect-{name}.md" for name in DIALECTS}
    assert set(generated) == {"passes.md", "pipelines.md", *dialects}
    assert "Not described." not in "".join(generated.values())
    for name in PASSES:
        assert f"\n## `{name}`\n" in generated["passes.md"]
    for name in PIPELINES:
        assert f"\n## `{name}`\n" in generated["pipelines.md"]
    for name, factory in DIALECTS.items():
        page = generated[f"dialect-{name}.md"]
        for definition in (*factory().operations, *factory().attributes):
            assert f"`{definition.name}`" in page


def test_options_have_type_default_and_help(generated) -> None:
    assert "| `bits` | `int` | `8` | bits of a weight, 2 to 8 |" in generated["passes.md"]
    assert "| `held-out` | `float` | `0.25` |" in generated["passes.md"]
    assert "| `objective` | `membrane \\| current` | `membrane` |" in generated["passes.md"]
    assert "| `samples` | `int` | `none` |" in generated["passes.md"]


def test_examples_are_blocks_of_code(generated) -> None:
    page = generated["passes.md"]
    example = '>>> print_remarks("snn-fold-scale")\nsnn.linear: absorbed a scale\n```\n'
    assert example in page
    assert page.count(">>> from") == page.count("```python\n>>> from") >= 10


def test_pipelines_are_spelled_out(generated) -> None:
    page = generated["pipelines.md"]
    assert "| `size` | `small \\| medium \\| large` | `medium` |" in page
    assert '  snn-osbc-prune{calibration="c.npz" sparsity=0.9}' in page


@pytest.mark.parametrize("guide", GUIDES, ids=lambda file: file.stem)
def test_guides_name_files_that_exist(guide) -> None:
    """But for patterns and the files of the pass that the guide lets its reader start."""
    named = re.findall(r"`((?:snnir|test|docs|examples|packaging)/[^`\s]*)`", guide.read_text())
    assert named
    for path in named:
        if not re.search(r"[<>*…]|my.pass", path):
            assert (REPOSITORY / path).exists(), path


def test_tests_of_plugins_run_outside_of_the_repository(tmp_path: Path) -> None:
    guide = (REPOSITORY / "docs/guides/add-a-pass.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:python)?\n(.*?)```", guide, re.DOTALL)
    configuration = next(block for block in blocks if "import lit.formats" in block)
    run_line = next(block for block in blocks if block.startswith("// RUN: "))
    plugin = REPOSITORY / "test/lit/tools/snnir/Inputs/threshold_plugin.py"
    (tmp_path / "lit.cfg.py").write_text(configuration)
    (tmp_path / "mine.py").write_bytes(plugin.read_bytes())
    (tmp_path / "mine.mlir").write_text(f"{run_line}// CHECK: builtin.module\n")
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    command = [programs / "lit", "-v", tmp_path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
