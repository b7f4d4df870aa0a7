# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Malformed input of every kind: status 1, one located line on standard error, nothing written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from snnir.frontends import load_module
from snnir.tools.snnir import main

SHAPE = "--input-shape 2,2,2 --timesteps 5"

NAN = 'dense<"0x0000C07F">'


class Workplace:
    """A folder with a good network, model and data beside the malformed files."""

    def __init__(self, folder: Path, network: Path, model: Path, data: Path):
        self.folder = folder
        self.text = network.read_text()
        self.state = load_module(f"{model}:build").state_dict()
        self.frames = np.load(data)["x"]
        for name, source in (("net.mlir", network), ("model.py", model), ("data.npz", data)):
            (folder / name).write_bytes(source.read_bytes())

    def network(self, text: str) -> None:
        (self.folder / "bad.mlir").write_text(text)

    def data(self, **arrays: np.ndarray) -> None:
        np.savez(self.folder / "bad.npz", **arrays)  # type: ignore[arg-type]

    def weights(self, state: object) -> None:
        torch.save(state, self.folder / "bad.pt")

    def recording(self, content: bytes) -> None:
        (self.folder / "bad" / "0").mkdir(parents=True)
        (self.folder / "bad" / "0" / "1.bin").write_bytes(content)


@pytest.fixture
def workplace(
    tmp_path: Path, network: Path, model: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> Workplace:
    monkeypatch.chdir(tmp_path)
    return Workplace(tmp_path, network, model, data)


def with_value(workplace: Workplace, value: float) -> None:
    state = {name: tensor.clone() for name, tensor in workplace.state.items()}
    state["1.weight"][3, 2] = value
    workplace.weights(state)


def reshaped(workplace: Workplace) -> None:
    workplace.weights({**workplace.state, "3.weight": torch.zeros(3, 13)})


def without_a_key(workplace: Workplace) -> None:
    workplace.weights({k: v for k, v in workplace.state.items() if k != "1.bias"})


def cut_weights(workplace: Workplace) -> None:
    workplace.weights(workplace.state)
    content = (workplace.folder / "bad.pt").read_bytes()
    (workplace.folder / "bad.pt").write_bytes(content[: len(content) // 2])


def cut_data(workplace: Workplace) -> None:
    workplace.data(x=workplace.frames)
    content = (workplace.folder / "bad.npz").read_bytes()
    (workplace.folder / "bad.npz").write_bytes(content[: len(content) // 2])


def unwritable_folder(workplace: Workplace) -> None:
    (workplace.folder / "file").write_text("")


def foreign_folder(workplace: Workplace) -> None:
    (workplace.folder / "mine").mkdir()
    (workplace.folder / "mine" / "thesis.tex").write_text("")


NETWORKS: dict[str, tuple[Callable[[Workplace], object], str]] = {
    "missing": (lambda w: None, r"snnir: error: cannot read 'bad.mlir': No such file"),
    "empty": (lambda w: w.network(""), r"bad.mlir:1:1: error: .*holds no network"),
    "cut in a constant": (
        lambda w: w.network(w.text[: w.text.index("dense<") + 30]),
        r"bad.mlir:4:\d+: error: unexpected end",
    ),
    "cut between operations": (
        lambda w: w.network(w.text[: w.text.rindex("snn.output")]), r"bad.mlir:\d+:\d+: error: "
    ),
    "newer": (
        lambda w: w.network(w.text.replace("snn.version = 1", "snn.version = 2")),
        r"bad.mlir:1:\d+: error: .*snn.version 2 is newer",
    ),
    "not text": (
        lambda w: (w.folder / "bad.mlir").write_bytes(b"\xff\xfe"), r"bad.mlir:1:1: error: .*UTF-8"
    ),
    "NaN weights": (
        lambda w: w.network(re.sub(r"dense<\[\[.*?\]\]>|dense<\".*?\">", NAN, w.text, count=1)),
        r"bad.mlir:\d+:\d+: error: 'snn.weight' op .*NaN",
    ),
    "two layers of one name": (
        lambda w: w.network(w.text.replace('layer = "4"', 'layer = "2"')),
        r"bad.mlir:2:3: error: .*two neuron layers are named '2'",
    ),
    "wrong type": (
        lambda w: w.network(w.text.replace("tensor<3xi1>", "tensor<4xi1>", 1)),
        r"bad.mlir:\d+:\d+: error: ",
    ),
    "no time": (
        lambda w: w.network(w.text.replace("timesteps = 5", "timesteps = 0")),
        r"bad.mlir:2:3: error: .*timesteps must be positive, got 0",
    ),
    "unknown operation": (
        lambda w: w.network(w.text.replace("snn.linear", "snn.lineal", 1)),
        r"bad.mlir:\d+:\d+: error: .*snn.lineal",
    ),
}  # fmt: skip

WEIGHTS: dict[str, tuple[Callable[[Workplace], object], str]] = {
    "missing": (lambda w: None, r"there is no weights file 'bad.pt'"),
    "cut": (cut_weights, r"'bad.pt' is not a file of tensors"),
    "no state_dict": (lambda w: w.weights([1, 2]), r"'bad.pt' holds no state_dict"),
    "a key missing": (without_a_key, r"'bad.pt' does not fit the module: missing: 1.bias"),
    "another shape": (reshaped, r"3.weight is \(3, 13\), the module has \(3, 12\)"),
    "NaN": (lambda w: with_value(w, np.nan), r"parameter '1.weight' has NaN"),
    "infinite": (lambda w: with_value(w, np.inf), r"parameter '1.weight' has an infinite value"),
}

DATA: dict[str, tuple[Callable[[Workplace], object], str]] = {
    "missing": (lambda w: None, r"bad.npz: no such file"),
    "cut": (cut_data, r"bad.npz: not a readable .npz file"),
    "no samples key": (lambda w: w.data(y=np.zeros(3, int)), r"bad.npz: the key x is missing"),
    "labels under another name": (
        lambda w: w.data(x=w.frames, labels=np.zeros(7, int)), r"bad.npz: the key y is missing"
    ),
    "too few labels": (
        lambda w: w.data(x=w.frames, y=np.zeros(3, int)), r"bad.npz: y has the shape \(3,\)"
    ),
    "other frames": (
        lambda w: w.data(x=np.zeros((2, 5, 3, 3, 3))), r"the network takes frames of \(2, 2, 2\)"
    ),
    "other steps": (
        lambda w: w.data(x=np.zeros((2, 6, 2, 2, 2))), r"6 time steps, the network 5; import the"
    ),
    "one frame": (lambda w: w.data(x=np.zeros((2, 2, 2, 2))), r"--input-kind static_values"),
    "NaN": (lambda w: w.data(x=np.full((2, 5, 2, 2, 2), np.nan)), r"x holds NaN or infinity"),
    "fractions": (lambda w: w.data(x=w.frames * 0.5), r"whole numbers .*--input-kind values"),
    "a class too many": (
        lambda w: w.data(x=w.frames, y=np.full(7, 3)), r"y holds the class 3, but the network has 3"
    ),
    "too large counts": (
        lambda w: w.data(x=w.frames.astype(np.int64) * 100), r"hold a count of 300; the network"
    ),
}  # fmt: skip

RECORDINGS = {
    "cut": (b"\0" * 7, r"bad/0/1.bin: byte 5: the last record is cut short"),
    "outside the sensor": (b"\x50\0\0\0\0", r"bad/0/1.bin: byte 0: event at column 80"),
    "back in time": (b"\0\0\0\0\x09\0\0\0\0\x01", r"bad/0/1.bin: byte 5: the time goes back"),
    "no event": (b"", r"bad/0/1.bin: byte 0: the recording holds no event"),
}

COMMANDS: dict[str, tuple[str, Callable[[Workplace], object], str]] = {
    **{
        f"network {name}": (f"{verb} bad.mlir {rest}", make, message)
        for verb, rest in (("check", ""), ("compile", "-o lib"), ("validate", "--data data.npz"))
        for name, (make, message) in NETWORKS.items()
        if verb == "check" or name.startswith("cut")
        for name in [f"{name}, {verb}"]
    },
    **{
        f"weights {name}": (
            f"import model.py:build --weights bad.pt {SHAPE} -o out.mlir", make, message
        )
        for name, (make, message) in WEIGHTS.items()
    },
    **{
        f"data {name}": ("run net.mlir --data bad.npz --level qsnn -o out.npz", make, message)
        for name, (make, message) in DATA.items()
    },
    **{
        f"recording {name}": (
            "validate net.mlir --data nmnist:bad -o out.json",
            lambda w, content=content: w.recording(content),
            message,
        )
        for name, (content, message) in RECORDINGS.items()
    },
    "no recordings": ("run net.mlir --data nmnist:.", lambda w: None, r"no recordings <label>"),
    "unknown data": ("run net.mlir --data x.csv", lambda w: None, r"'x.csv' names no data set"),
    "other frames in a recording": (
        "run net.mlir --data nmnist:bad", lambda w: w.recording(b"\0" * 5), r"takes frames of"
    ),
    "too many steps": (
        "import model.py:build --input-shape 2,2,2 --timesteps 99999999999999999999 -o out.mlir",
        lambda w: None, r"holds .* values, more than the .*; say less with --input-shape or",
    ),
    "too large frames": (
        "import model.py:build --input-shape 2,100000,100000 --timesteps 5 -o out.mlir",
        lambda w: None, r"a sample of 5 time steps of frames .* holds 100,000,000,000 values",
    ),
    "no model": (f"import no.py:build {SHAPE} -o out.mlir", lambda w: None, r"no file 'no.py'"),
    "no factory": (
        f"import model.py:make {SHAPE} -o out.mlir", lambda w: None, r"'model.py' has no 'make'"
    ),
    "raising factory": (
        f"import model.py:raising {SHAPE} -o out.mlir", lambda w: None, r"RuntimeError: no luck"
    ),
    "unsupported layer": (
        f"import model.py:with_tanh {SHAPE} -o out.mlir", lambda w: None, r"layer '0' \(Tanh\)"
    ),
    "wrong frame shape": (
        "import model.py:build --input-shape 2,2,3 --timesteps 5 -o out.mlir", lambda w: None,
        r"mat1 and mat2 shapes",
    ),
    "no time steps": (
        "import model.py:build --input-shape 2,2,2 -o out.mlir", lambda w: None, r"how many steps"
    ),
    "output in no folder": (
        f"import model.py:build {SHAPE} -o no/out.mlir", lambda w: None,
        r"cannot write 'no/out.mlir': No such file or directory",
    ),
    "output that is a folder": (
        "run net.mlir --data data.npz -o .", lambda w: None, r"cannot write '.': Is a directory"
    ),
    "library below a file": ("compile net.mlir -o file/lib", unwritable_folder, r"cannot write"),
    "library in a file": (
        "compile net.mlir -o file", unwritable_folder, r"cannot write the folder 'file': it is a"
    ),
    "library in a foreign folder": (
        "compile net.mlir -o mine", foreign_folder, r"the folder 'mine': it is not empty"
    ),
    "unknown target": (
        "compile net.mlir --target z80 -o lib", lambda w: None, r"unknown target 'z80'"
    ),
    "no CMSIS-NN": (
        "validate net.mlir --data data.npz --kernels cmsis --cmsis-nn . -o out.json",
        lambda w: None, r"no CMSIS-NN sources in \.",
    ),
    "too many bits": (
        "compile net.mlir --bits 9 -o lib", lambda w: None, r"net.mlir:2:3: error: .*2 to 8, got 9"
    ),
    "a name that C does not take": (
        "compile net.mlir --name 1st -o lib", lambda w: None, r"'1st' is no name for a network"
    ),
}  # fmt: skip


def listing(folder: Path) -> set[str]:
    """All files below a folder, without what Python itself leaves."""
    paths = (os.path.relpath(path, folder) for path in folder.rglob("*"))
    return {path for path in paths if "__pycache__" not in path}


@pytest.mark.parametrize("case", COMMANDS)
def test_malformed_input(
    case: str, workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    command, make, message = COMMANDS[case]
    make(workplace)
    before = listing(workplace.folder)
    assert main(command.split()) == 1
    output = capsys.readouterr()
    (line,) = output.err.splitlines()
    assert re.search(message, line), line
    assert re.match(r"(snnir|\S+:\d+:\d+): error: ", line)
    assert "crashed" not in line
    assert output.out == ""
    assert listing(workplace.folder) == before
