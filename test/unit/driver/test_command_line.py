# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir` in one process: exit statuses, JSON, quiet and verbose."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from snnir.frontends import load_module
from snnir.tools.snn_opt import main as snn_opt
from snnir.tools.snnir import main
from snnir.tools.snnir_arguments import make_parser

SHAPE = ["--input-shape", "2,2,2", "--timesteps", "5"]


def test_whole_path(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network, library = str(tmp_path / "net.mlir"), str(tmp_path / "lib")
    source = f"{model}:build"
    for arguments in (
        ["check", source, *SHAPE],
        ["import", source, *SHAPE, "-o", network],
        ["check", network],
        ["compile", network, "-o", library, "--data", str(data)],
        ["run", network, "--data", str(data), "--level", "host"],
        ["validate", network, "--data", str(data), "--module", source],
    ):
        assert main([*arguments, "--json"]) == 0
        output = capsys.readouterr()
        assert output.err == ""
        assert isinstance(json.loads(output.out), dict)
        assert main([*arguments, "--quiet"]) == 0
        output = capsys.readouterr()
        assert (output.out, output.err) == ("", "")
        assert main(arguments) == 0
        output = capsys.readouterr()
        assert output.err == ""
        assert len(output.out.splitlines()) > 2
    assert main(["compile", network, "-o", library, "--verbose"]) == 0
    assert "remark: 'snn.linear' op 8-bit weights" in capsys.readouterr().err


def test_unsupported_layers_fail_the_check(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{model}:with_tanh", *SHAPE]) == 1
    output = capsys.readouterr()
    assert "Tanh" in output.out
    assert output.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["import", "m.py:f", "--input-shape", "2"],
        ["import", "m.py:f", "--input-shape", "2,,3", "-o", "x.mlir"],
        ["import", "m.py:f", "--input-shape", "2", "--readout", "best", "-o", "x.mlir"],
        ["run", "x.mlir"],
        ["run", "x.mlir", "--data", "d.npz", "--level", "silicon"],
        ["run", "x.mlir", "--data", "d.npz", "--limit", "0"],
        ["compile", "x.mlir", "--kernels", "magic"],
        ["compile", "x.mlir", "-q", "-v"],
        ["validate", "x.mlir", "--data", "d.npz", "--qemu-limit", "many"],
    ],
)
def test_usage_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "error:" in line


def test_an_unknown_option_points_to_the_help_of_its_verb(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["import", "m.py:f", "--input-shape", "2", "--input", "values", "-o", "x.mlir"])
    assert capsys.readouterr().err == (
        "snnir import: error: unrecognized arguments: --input values; "
        "snnir import --help lists what there is\n"
    )


def test_usage_errors_found_later(network: Path, data: Path) -> None:
    assert main(["compile", str(network), "--pipeline", "no-such-pass"]) == 2
    assert main(["validate", str(network), "--data", str(data), "--weights", "w.pt"]) == 2
    assert main(["compile", str(network), "--metric", "cycles"]) == 2


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "missing.mlir", "--debug"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("snnir: error: cannot read 'missing.mlir'")
    assert "Traceback (most recent call last):" in lines


def test_a_crash_is_one_line(
    network: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise TypeError("a bug")

    monkeypatch.setattr("snnir.tools.snnir_commands.check", crash)
    assert main(["check", str(network)]) == 1
    assert capsys.readouterr().err == (
        "snnir: error: 'snnir check' crashed: TypeError: a bug; "
        "run with --debug for the traceback\n"
    )


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("program", "called", "arguments"),
    [
        (main, "snnir.tools.snnir_commands.check", ["check", "x.mlir"]),
        (snn_opt, "snnir.tools.snn_opt.read_input", ["x.mlir"]),
    ],
)
def test_an_interrupt_is_one_line(
    program: Callable[[list[str]], int],
    called: str,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(called, lambda *_, **__: signal.raise_signal(signal.SIGINT))
    assert program(arguments) == 130
    assert capsys.readouterr().err == "snnir: interrupted\n"


def test_every_verb_takes_the_common_options() -> None:
    parser = make_parser()
    for verb in ("check x", "import x --input-shape 1 -o o", "compile x", "run x --data d"):
        options = parser.parse_args([*verb.split(), "--json", "--debug", "-q"])
        assert options.json
        assert options.debug


def test_import_says_whose_weights_there_are(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["import", f"{model}:build", "--input-shape", "2,2,2", "--timesteps", "5"]
    argv += ["-o", str(tmp_path / "net.mlir")]
    assert main(argv) == 0
    assert f" of {model}:build, without --weights\n" in capsys.readouterr().out
    weights = str(tmp_path / "net.pt")
    torch.save(load_module(f"{model}:build").state_dict(), weights)
    assert main([*argv, "--weights", weights]) == 0
    assert f" of {weights}\n" in capsys.readouterr().out
