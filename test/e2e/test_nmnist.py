# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The published convolutional N-MNIST network (arXiv 2511.12136) on real recordings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from snnir.data.locations import shared_folder
from snnir.tools.snnir import main


@pytest.fixture(scope="module")
def shared() -> Path:
    """The folder with networks and recordings; without it, the tests are skipped."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("no folder with N-MNIST recordings: set SNNIR_SHARED")
    for part in ("models/nmnist_scnn/weights.pt", "data/NMNIST/Train"):
        if not (folder / part).exists():
            pytest.skip(f"{folder} has no {part}")
    return folder


def test_published_network(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = shared / "models" / "nmnist_scnn"
    module = [f"{model}/model.py:build", "--weights", f"{model}/weights.pt"]
    network = str(tmp_path / "nmnist.mlir")
    arguments = ["import", *module, "--input-shape", "2,34,34", "--timesteps", "300", "-q"]
    assert main([*arguments, "-o", network]) == 0
    emulated = shutil.which("arm-none-eabi-gcc") and shutil.which("qemu-system-arm")
    target = ["--target", "mps2-an500", "--qemu-limit", "1"] if emulated else []
    data = ["--data", f"nmnist:{shared}/data/NMNIST/Train", "--bins", "300", "--limit", "10"]
    assert main(["validate", network, *data, "--module", *module, *target, "--json"]) == 0
    levels = {level["level"]: level for level in json.loads(capsys.readouterr().out)["levels"]}
    assert levels["torch"]["accuracy"] >= 0.7
    assert levels["snn"]["unexplained"] == 0
    assert levels["snn"]["spike_agreement"] > 0.9999
    assert levels["qsnn"]["spike_agreement"] > 0.995
    assert levels["host"]["bit_exact"] is True
    if emulated:
        assert levels["qemu"]["bit_exact"] is True
        assert levels["qemu"]["samples"] == 1
        assert levels["qemu"]["ram_bytes"] < 64 << 10
