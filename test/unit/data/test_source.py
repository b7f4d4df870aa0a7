# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from pathlib import Path

import numpy as np
import pytest

from snnir.data import load_data
from snnir.data.locations import shared_folder
from snnir.support.diagnostics import SNNError


def test_npz(tmp_path: Path):
    path = tmp_path / "data.npz"
    np.savez(path, x=np.zeros((4, 2, 3)), y=[0, 0, 1, 1])
    assert len(load_data(str(path))) == 4
    assert load_data(str(path), bins=7, limit=2).labels().tolist() == [0, 1]


def test_nmnist(tmp_path: Path):
    for label in range(2):
        (tmp_path / str(label)).mkdir()
        (tmp_path / str(label) / "00001.bin").write_bytes(bytes(5))
    data = load_data(f"nmnist:{tmp_path}", bins=3, limit=1)
    assert data.x.shape == (1, 3, 2, 34, 34)
    assert data.name == f"nmnist:{tmp_path}"


def test_recordings_need_bins(tmp_path: Path):
    with pytest.raises(SNNError, match="need the number of time bins"):
        load_data(f"nmnist:{tmp_path}")


@pytest.mark.parametrize("spec", ["", "data", "data.npy", "nmnist:", "mnist:there", "nmnist"])
def test_unknown(spec: str):
    with pytest.raises(SNNError, match=r"accepted forms: FILE\.npz .* or nmnist:DIR"):
        load_data(spec)


def test_shared_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SNNIR_SHARED", str(tmp_path))
    assert shared_folder() == tmp_path
    monkeypatch.setenv("SNNIR_SHARED", str(tmp_path / "absent"))
    assert shared_folder() is None
