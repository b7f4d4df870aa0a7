# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The installed commands, before the programs are loaded."""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from snnir.support.atomic import atomic_write
from snnir.tools import programs


@pytest.mark.parametrize("name", ["snnir", "snn-opt"])
def test_an_interrupt_while_loading_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (command,) = entry_points(group="console_scripts", name=name)

    def load(module: str) -> None:
        raise KeyboardInterrupt(module)

    monkeypatch.setattr(programs, "import_module", load)
    assert command.load()() == 130
    assert capsys.readouterr().err == "snnir: interrupted\n"


def test_termination_cleans_up_and_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As of a build server: what was begun under a temporary name goes."""
    before = signal.getsignal(signal.SIGTERM)

    class Program:
        @staticmethod
        def main() -> int:
            with atomic_write(tmp_path / "out") as stream:
                stream.write("half")
                signal.raise_signal(signal.SIGTERM)
            return 0

    monkeypatch.setattr(programs, "import_module", lambda _: Program)
    try:
        assert programs.snnir() == 143
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err == "snnir: terminated\n"
    assert not list(tmp_path.iterdir())


def test_commands_load_nothing_before_they_can_be_interrupted() -> None:
    code = "import sys, snnir.tools.programs; print({'xdsl', 'numpy', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_errors_go_nowhere_if_standard_error_is_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python prints to standard output where it has no standard error."""

    class Program:
        @staticmethod
        def main() -> int:
            print("an error", file=sys.stderr)
            return 1

    monkeypatch.setattr(programs, "import_module", lambda _: Program)
    monkeypatch.setattr(programs, "raise_when_terminated", lambda: None)
    monkeypatch.setattr(sys, "stderr", None)
    assert programs.snn_opt() == 1
    assert capsys.readouterr().out == ""


def test_a_reader_that_goes_is_no_error() -> None:
    command = [sys.executable, "-m", "snnir.tools.snn_opt", "--list-passes"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
