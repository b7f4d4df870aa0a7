# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `snnir.tools.new_pass` writes runs, in a copy of the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from snnir.support.command_line import UsageError
from snnir.support.diagnostics import SNNError
from snnir.tools.new_pass import class_name_of, create_pass, register

REPOSITORY = Path(__file__).resolve().parents[3]
SUMMARY = "leave everything as it is"


@pytest.fixture
def copy(tmp_path) -> Path:
    """The package and the folder of lit tests."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "snnir", tmp_path / "snnir", ignore=ignored)
    (tmp_path / "test" / "lit").mkdir(parents=True)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package of `root`."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True
    )


def start(root: Path, name: str, summary: str = SUMMARY) -> subprocess.CompletedProcess[str]:
    """Run the program in `root`."""
    return run(root, "-m", "snnir.tools.new_pass", name, "--summary", summary)


def test_a_started_pass_runs(copy) -> None:
    started = start(copy, "snn-do-nothing")
    assert started.returncode == 0, started.stderr
    assert "lit -v test/lit/passes/snn-do-nothing.mlir" in started.stdout
    test = copy / "test" / "lit" / "passes" / "snn-do-nothing.mlir"
    done = run(
        copy, "-m", "snnir.tools.snn_opt", str(test), "--snn-do-nothing", "--verify-diagnostics"
    )
    assert done.returncode == 0, done.stderr
    assert "snn.network @net" in done.stdout
    listed = run(copy, "-m", "snnir.tools.snn_opt", "--list-passes=snn-do-nothing")
    assert "snn-do-nothing: Leave everything as it is." in listed.stdout


def test_started_files_have_the_style_of_the_repository(copy) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        pytest.skip("ruff is not installed")
    names = ["snn-do-nothing", "qsnn-a-name-that-makes-the-entry-of-the-registry-a-long-one"]
    subprocess.run([ruff, "format", "--quiet", "snnir/universe.py"], cwd=copy, check=True)
    for name in names:
        create_pass(copy, name, SUMMARY)
    files = [f"snnir/passes/{name.replace('-', '_')}.py" for name in names]
    for check in (["check"], ["format", "--check"]):
        command = [ruff, *check, *files, "snnir/universe.py"]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_existing_names_are_refused(copy) -> None:
    before = (copy / "snnir" / "universe.py").read_text()
    for name in ("snn-fold-scale", "test-constant-folding"):
        with pytest.raises(SNNError, match=f"there is a pass or pipeline '{name}' already"):
            create_pass(copy, name, SUMMARY)
    (copy / "snnir" / "passes" / "snn_taken.py").touch()
    with pytest.raises(SNNError, match=r"snnir/passes/snn_taken\.py exists"):
        create_pass(copy, "snn-taken", SUMMARY)
    assert (copy / "snnir" / "universe.py").read_text() == before
    assert start(copy, "snn-fold-scale").returncode == 1


@pytest.mark.parametrize(
    "name", ["Snn-x", "snn_x", "snn", "snn--x", "-x", "snn-x.py", "../snn-x", "mine-x"]
)
def test_wrong_names_are_refused(name, tmp_path) -> None:
    with pytest.raises(UsageError, match="is no name for a pass"):
        create_pass(tmp_path, name, SUMMARY)


@pytest.mark.parametrize("summary", ["", "two\nlines", 'quotes "', "back\\slash", "long " * 20])
def test_wrong_summaries_are_refused(summary, tmp_path) -> None:
    with pytest.raises(UsageError, match="must be one sentence"):
        create_pass(tmp_path, "snn-x", summary)


def test_only_a_checkout_is_changed(tmp_path) -> None:
    with pytest.raises(SNNError, match="is not a checkout"):
        create_pass(tmp_path, "snn-x", SUMMARY)
    assert not list(tmp_path.iterdir())


def test_names_of_classes() -> None:
    assert class_name_of("snn-fold-scale") == "SNNFoldScalePass"
    assert class_name_of("convert-snn-to-qsnn") == "ConvertSNNToQSNNPass"
    assert class_name_of("snn-my-pass") == "SNNMyPass"


def test_a_changed_registry_is_noticed() -> None:
    with pytest.raises(SNNError, match="no table PASSES"):
        register("DIALECTS = {}\n", "snn-x", "snnir.passes.snn_x:SNNXPass")
