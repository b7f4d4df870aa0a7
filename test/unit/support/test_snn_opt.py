# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snn-opt` in one process: exit statuses, one-line errors, and files left behind.

What the options do is tested by `test/lit/tools/snn-opt`.
"""

import json
import sys
from pathlib import Path

import pytest

from snnir.support.command_line import EVERYTHING, UsageError, snn_opt_parser
from snnir.tools.snn_opt import main

PLUGIN = Path(__file__).parents[2] / "lit/tools/snn-opt/Inputs/plugin.py"
LOAD = f"--load-plugin={PLUGIN}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.mlir"
    path.write_text('"test.op"() : () -> ()\n')
    return path


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 0),
        (["--test-mark"], 0),
        (["--test-fail"], 1),
        (["--test-crash"], 1),
        (["--test-loop"], 1),
        (["-t", "test-names"], 0),
        (["-t", "nothing"], 2),
        (["-t", "test-names,mlir"], 2),
        (["-t", "test-names{x=1}"], 2),
        (["-p", "nothing"], 2),
        (["-p", "test-mark{x=1}"], 2),
        (["--nothing"], 2),
        (["-t"], 2),
        (["-o", "/no/such/folder/out.mlir"], 1),
        (["--remarks-output=/no/such/folder/out.jsonl"], 1),
        (["--remarks=("], 1),
        (["--load-plugin=/no/such/plugin.py"], 1),
        (["--run-reproducer"], 1),
    ],
)
def test_exit_status(
    source: Path, arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(source), LOAD, *arguments]) == status
    errors = [line for line in capsys.readouterr().err.splitlines() if "warning" not in line]
    assert len(errors) == (1 if status else 0)
    assert "Traceback" not in "".join(errors)


def test_a_mark_at_the_start_of_a_file_is_no_part_of_it(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(source)]) == 0
    expected = capsys.readouterr().out
    source.write_bytes(b"\xef\xbb\xbf" + source.read_bytes())
    assert main([str(source)]) == 0
    assert capsys.readouterr().out == expected


def test_bytecode_is_named(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_bytes(b"ML\xefR\x0d")
    assert main([str(source)]) == 1
    assert "in.mlir:1:1: error: this is MLIR bytecode; let mlir-opt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stream", "arguments", "message"),
    [
        ("stdout", [], "cannot write to standard output: it is closed"),
        ("stdout", ["--list-passes"], "cannot write to standard output: it is closed"),
        ("stdin", ["-"], "cannot read standard input: it is closed"),
    ],
)
def test_closed_streams(
    source: Path,
    stream: str,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, stream, None)
    assert main(arguments or [str(source)]) == 1
    assert capsys.readouterr().err == f"snn-opt: error: {message}\n"


def test_failure_leaves_the_old_output(source: Path) -> None:
    output = source.with_name("out.mlir")
    output.write_text("old")
    assert main([str(source), LOAD, "--test-fail", "-o", str(output)]) == 1
    assert output.read_text() == "old"
    assert main([str(source), LOAD, "--test-mark", "-o", str(output)]) == 0
    assert "mark = 1" in output.read_text()
    assert sorted(p.name for p in source.parent.iterdir()) == ["in.mlir", "out.mlir"]


def test_remarks_file(source: Path, tmp_path: Path) -> None:
    remarks = tmp_path / "remarks.jsonl"
    assert main([str(source), LOAD, "--test-mark", f"--remarks-output={remarks}"]) == 0
    assert json.loads(remarks.read_text())["metrics"] == {"value": 1}


def test_a_plugin_may_not_redefine_a_pass(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "again.py"
    plugin.write_text("SNN_PASSES = {'canonicalize': None}")
    assert main([str(source), f"--load-plugin={plugin}"]) == 1
    assert "defines the pass 'canonicalize', which exists already" in capsys.readouterr().err


def test_a_broken_plugin_is_reported(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "broken.py"
    plugin.write_text("import no_such_module")
    assert main([str(source), f"--load-plugin={plugin}"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"{plugin}:1:1: error: the plug-in raised ModuleNotFoundError")


@pytest.mark.parametrize(
    ("arguments", "ordinary", "elements"),
    [
        (["-o", "-", "x.mlir"], ["-o", "-", "x.mlir"], []),
        (["-pcse"], ["-pcse"], []),
        (["--cse", "--a-pass=x=1 y=2"], [], ["cse", "a-pass{x=1 y=2}"]),
        (["-cse", "-a-pass={x=1}"], [], ["cse", "a-pass{x=1}"]),
        (["--mlir-timing", "-timing"], ["--timing", "--timing"], []),
        (["--remarks", "x.mlir"], [f"--remarks={EVERYTHING}", "x.mlir"], []),
        (["--remarks=a=b"], ["--remarks=a=b"], []),
        (["--", "--cse"], ["--", "--cse"], []),
    ],
)
def test_spellings_of_mlir_opt(
    arguments: list[str], ordinary: list[str], elements: list[str]
) -> None:
    parser = snn_opt_parser()
    assert parser.normalise(arguments, {"cse", "a-pass"}) == (ordinary, elements)


def test_unknown_option_has_a_hint() -> None:
    with pytest.raises(UsageError, match="did you mean '--pass-statistics'"):
        snn_opt_parser().normalise(["--pass-statistic"], ())
