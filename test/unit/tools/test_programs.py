# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The installed commands, before the programs are loaded."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

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


def test_commands_load_nothing_before_they_can_be_interrupted() -> None:
    code = "import sys, snnir.tools.programs; print({'xdsl', 'numpy', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
