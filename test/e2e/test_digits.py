# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The digits example from its snnTorch module down to C on this computer and in the emulator."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from snnir.tools.snnir import main

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
MODULE = f"{DIGITS}/model.py:build"
WEIGHTS = f"{DIGITS}/weights.pt"
DATA = f"{DIGITS}/test.npz"

needs_emulator = pytest.mark.skipif(
    not (shutil.which("arm-none-eabi-gcc") and shutil.which("qemu-system-arm")),
    reason="arm-none-eabi-gcc or qemu-system-arm is not installed",
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The imported network in a file."""
    path = str(tmp_path_factory.mktemp("digits") / "digits.mlir")
    arguments = ["import", MODULE, "--weights", WEIGHTS, "-o", path, "--quiet"]
    assert main([*arguments, "--input-shape", "2,12,12", "--timesteps", "16"]) == 0
    return path


def validate(network: str, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict]:
    """The levels by name that `snnir validate --json` prints."""
    arguments = ["validate", network, "--data", DATA, "--module", MODULE, "--weights", WEIGHTS]
    assert main([*arguments, "--json", *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == ["samples", "levels"]
    return {level["level"]: level for level in report["levels"]}


@pytest.mark.parametrize("kernels", ["event", "cmsis"])
def test_host(network: str, kernels: str, capsys: pytest.CaptureFixture[str]) -> None:
    levels = validate(network, capsys, "--limit", "60", "--kernels", kernels)
    assert list(levels) == ["torch", "snn", "qsnn", "host"]
    assert levels["torch"]["accuracy"] > 0.9
    # The weights of this example make every float sum exact, so that there are no ties.
    assert levels["snn"]["spike_agreement"] == 1.0
    assert levels["snn"]["ties"] == levels["snn"]["unexplained"] == 0
    assert levels["qsnn"]["spike_agreement"] > 0.99
    assert abs(levels["qsnn"]["accuracy"] - levels["torch"]["accuracy"]) <= 0.04
    assert levels["host"]["bit_exact"] is True
    assert levels["host"]["accuracy"] == levels["qsnn"]["accuracy"]


@needs_emulator
def test_emulator(network: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--limit", "8", "--qemu-limit", "6", "--target", "mps2-an500", "--kernels")
    measured = {}
    for kernels in ("event", "cmsis"):
        measured[kernels] = qemu = validate(network, capsys, *options, kernels)["qemu"]
        assert qemu["bit_exact"] is True
        assert qemu["samples"] == 6
        assert 0 < qemu["instructions_per_step"] <= qemu["worst_step_instructions"]
        assert qemu["instructions_per_inference"] == 16 * qemu["instructions_per_step"]
        assert qemu["arena_bytes"] <= qemu["ram_bytes"]
        assert 0 < qemu["stack_bytes"] < qemu["ram_bytes"]
        assert qemu["flash_bytes"] > 2770
    # Most inputs are silent, which event-driven kernels make use of.
    event, cmsis = (measured[kernels]["instructions_per_step"] for kernels in measured)
    assert event < cmsis


@needs_emulator
@pytest.mark.parametrize("choice", [("--kernels", "cmsis"), ("--optimize", "speed")])
def test_memory_that_is_split(
    network: str, choice: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An arena in each of two memories; in another run, copies of constants beside the one."""
    options = ("--limit", "4", "--qemu-limit", "3", "--target", "mps2-an500", *choice)
    whole = validate(network, capsys, *options)["qemu"]
    split = validate(network, capsys, *options, "--memory-limit", "DATA=3K")
    copied = validate(network, capsys, *options, "--copy-constants")
    for levels in (split, copied):
        assert levels["host"]["bit_exact"] is True
        assert levels["qemu"]["bit_exact"] is True
        assert levels["qemu"]["instructions_per_step"] == pytest.approx(
            whole["instructions_per_step"], rel=0.02
        )
    assert split["qemu"]["arena_bytes"] >= whole["arena_bytes"] > 3 << 10
    assert copied["qemu"]["arena_bytes"] > whole["arena_bytes"] + 1000


@needs_emulator
def test_predictions_beside_measurements(network: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--limit", "4", "--qemu-limit", "2", "--target", "mps2-an500", "--optimize", "speed")
    measured = {}
    for way in ("frames", "events"):
        qemu = validate(network, capsys, *options, "--input-as", way)["qemu"]
        assert (qemu["bit_exact"], qemu["input_as"]) == (True, way)
        measured[way] = qemu["instructions_per_step"]
        predicted = qemu["predicted_instructions_per_step"]
        assert predicted[way] == pytest.approx(measured[way], rel=0.15)
    assert measured["events"] < measured["frames"]
    assert predicted["events"] < predicted["frames"]


@needs_emulator
def test_library_for_the_target(
    network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "lib"
    arguments = ["compile", network, "--target", "cortex-m7", "-o", str(library), "--data", DATA]
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["target"] == "mps2-an500"
    assert report["flash_bytes"] > 0
    manifest = json.loads((library / "manifest.json").read_text())
    assert manifest["arena_bytes"] == report["arena_bytes"]
    for name in ("src/digits.h", "src/digits.c", "CMakeLists.txt", "golden/golden.npz"):
        assert (library / name).is_file()
