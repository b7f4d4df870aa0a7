# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir import` of NIR files: what they leave open has to be said, and goes down the ladder."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from snnir.tools.snnir import main

nodes: Any = nir


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two layers of neurons with a hard reset."""
    rng = np.random.default_rng(0)

    def lif(size: int) -> nir.NIRNode:
        zeros = np.zeros(size)
        return nodes.LIF(zeros + 2e-4, zeros + 2, zeros, zeros + 0.5, zeros)

    layers = {
        "input": nodes.Input(np.array([6])),
        "first": nodes.Affine(rng.normal(0, 0.6, (12, 6)), rng.normal(0, 0.1, 12)),
        "neurons": lif(12),
        "second": nodes.Linear(rng.normal(0, 0.6, (3, 12))),
        "last": lif(3),
        "output": nodes.Output(np.array([3])),
    }
    names = list(layers)
    path = tmp_path / "net.nir"
    nir.write(path, nir.NIRGraph(layers, list(pairwise(names))))
    return path


def test_down_to_c(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network, data = tmp_path / "net.mlir", tmp_path / "data.npz"
    x = np.random.default_rng(1).poisson(0.6, (8, 10, 6)).astype(np.uint8)
    np.savez(data, x=x, y=np.zeros(8, np.int64))
    arguments = ["--timesteps", "10", "--profile", "spikingjelly", "-o", str(network)]
    assert main(["import", str(file), *arguments]) == 0
    assert "neurons     15 (neurons: 12, last: 3)" in capsys.readouterr().out
    text = network.read_text()
    assert text.count("reset zero_before immediate compare ge") == 2
    assert main(["validate", str(network), "--data", str(data), "--target", "host"]) == 0
    assert "yes" in capsys.readouterr().out


def test_parts_of_a_profile_can_be_replaced(file: Path, tmp_path: Path) -> None:
    network = tmp_path / "net.mlir"
    arguments = "--timesteps 10 --profile snntorch --reset none --dt 5e-5 --compare ge".split()
    assert main(["import", str(file), *arguments, "-o", str(network), "--quiet"]) == 0
    assert "beta 7.500000e-01 : f32 threshold" in network.read_text()
    assert "reset none delayed compare ge" in network.read_text()
    own = "--timesteps 10 --dt 1e-4 --reset subtract --reset-timing immediate".split()
    assert main(["import", str(file), *own, "-o", str(network), "--quiet"]) == 0
    assert "reset subtract immediate compare gt" in network.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("FILE --timesteps 5", "name the framework that wrote it (--profile snntorch"),
        ("FILE --timesteps 5 --dt 1e-4", "or give --reset, --reset-timing"),
        ("FILE --timesteps 5 --profile norse --dt 0", "it must be above 0"),
        ("FILE --profile snntorch", "how many steps a sample has: give --timesteps"),
        ("FILE --timesteps 5 --profile snntorch --weights w.pt", "--weights are those of a module"),
        ("none.nir --timesteps 5 --profile snntorch", "none.nir: no such file"),
        ("BROKEN --timesteps 5 --profile snntorch", "is no NIR file: nir.read raised"),
        ("model.py:build --input-shape 2 --profile snntorch", "--profile is for NIR files"),
        ("model.py:build", "needs the shape of a frame: give --input-shape"),
    ],
)
def test_what_is_missing_or_too_much(
    arguments: str, message: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.nir"
    broken.write_text("no hierarchy")
    words = arguments.replace("FILE", str(file)).replace("BROKEN", str(broken)).split()
    with pytest.raises(SystemExit) as exit:
        raise SystemExit(main(["import", *words, "-o", str(tmp_path / "net.mlir")]))
    assert exit.value.code
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "net.mlir").exists()


def test_check_says_what_comes_first(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file)])
    assert "first, with a profile: snnir import" in capsys.readouterr().err
