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


def write_mnist(folder: Path, prefix: str, count: int) -> None:
    """Write `count` images, all ink, whose labels are their numbers."""
    images = bytes((0, 0, 8, 3)) + count.to_bytes(4, "big") + bytes((0, 0, 0, 28)) * 2
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(images + b"\xff" * (count * 28 * 28))
    labels = bytes((0, 0, 8, 1)) + count.to_bytes(4, "big") + bytes(range(count))
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(labels)


@pytest.mark.parametrize("name", ["mnist", "with:colon", "a:train"])
def test_saccade(tmp_path: Path, name: str):
    folder = tmp_path / name
    folder.mkdir()
    write_mnist(folder, "train", 5)
    write_mnist(folder, "t10k", 3)
    train = load_data(f"saccade:{folder}:train", bins=4)
    assert train.name == f"saccade:{folder}:train"
    assert train.x.shape == (5, 4, 2, 34, 34)
    assert train.labels().tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(train.x, load_data(f"saccade:{folder}:train", bins=4).x)
    part = load_data(f"saccade:{folder}:train:2-5", bins=4, limit=2)
    assert part.labels().tolist() == [2, 3]
    assert np.array_equal(part.x, train.x[2:4])
    assert load_data(f"saccade:{folder}:test", bins=4).labels().tolist() == [0, 1, 2]


def test_saccade_needs_bins(tmp_path: Path):
    with pytest.raises(SNNError, match="need the number of time bins"):
        load_data(f"saccade:{tmp_path}:test")


def test_saccade_without_files(tmp_path: Path):
    with pytest.raises(SNNError, match=r"t10k-images-idx3-ubyte: no such file, nor with \.gz"):
        load_data(f"saccade:{tmp_path}:test", bins=3)


@pytest.mark.parametrize(
    "end", ["", ":", ":tests", ":train:", ":train:5", ":train:5-", ":test:-5", ":test:1-2:3"]
)
def test_saccade_malformed(end: str):
    with pytest.raises(SNNError, match=rf"'saccade:DIR{end}' names no data set; accepted forms"):
        load_data(f"saccade:DIR{end}", bins=3)


@pytest.mark.parametrize(
    "spec", ["", "data", "data.npy", "nmnist:", "mnist:there", "nmnist", "saccade", "saccade:"]
)
def test_unknown(spec: str):
    with pytest.raises(SNNError, match=r"forms: FILE\.npz .* nmnist:DIR .* saccade:DIR:train"):
        load_data(spec)


def test_shared_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SNNIR_SHARED", str(tmp_path))
    assert shared_folder() == tmp_path
    monkeypatch.setenv("SNNIR_SHARED", str(tmp_path / "absent"))
    assert shared_folder() is None
