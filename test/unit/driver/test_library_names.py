# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What networks may be called, and what they may put out, where they become C."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp, StringAttr

from snnir.driver.check import check
from snnir.driver.compile import compile
from snnir.driver.files import network_of
from snnir.support.diagnostics import SNNError


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("snnrt", "cannot be called 'snnrt' in C, where other names begin so; give another"),
        ("x" * 300, "has a name of 300 characters, more than the 100 that files may have"),
    ],
)
def test_names_that_no_library_can_have(
    imported: ModuleOp, name: str, message: str, tmp_path: Path
) -> None:
    module = imported.clone()
    network_of(module).sym_name = StringAttr(name)
    with pytest.raises(SNNError, match=message):
        compile(module, tmp_path / "lib")
    assert not (tmp_path / "lib").exists()


def test_folders_are_called_as_names_in_c(
    imported: ModuleOp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name in a file may be any text, also that of a path."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    module = imported.clone()
    network_of(module).sym_name = StringAttr("../escaped")
    assert compile(module).directory == Path("___escaped")
    assert not (tmp_path / "escaped").exists()


def test_an_output_that_is_the_input_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "same.mlir"
    path.write_text(
        "snn.network @same(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 3 : i64, "
        "input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {\n"
        "  snn.output %x : tensor<4xf32>\n}\n"
    )
    with pytest.raises(SNNError, match="the output is the input, or a sum of inputs, which no"):
        compile(path, tmp_path / "lib")
    assert not check(str(path)).supported
