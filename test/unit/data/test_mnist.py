# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import gzip
from pathlib import Path

import numpy as np
import pytest

from snnir.data.locations import shared_folder
from snnir.data.mnist import load_mnist, read_idx
from snnir.support.diagnostics import SNNError

LABELS = np.array([7, 2, 1], np.uint8)
IMAGES = np.arange(3 * 28 * 28, dtype=np.uint32).reshape(3, 28, 28).astype(np.uint8)


def idx(values: np.ndarray) -> bytes:
    """Return `values` as an idx file of unsigned bytes."""
    shape = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes((0, 0, 8, values.ndim)) + shape + values.astype(np.uint8).tobytes()


def write_mnist(folder: Path, images: bytes, labels: bytes, prefix: str = "t10k") -> None:
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(images)
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(labels)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(("split", "prefix"), [("train", "train"), ("test", "t10k")])
def test_load(tmp_path: Path, compressed: bool, split, prefix: str):
    for kind, values in (("images-idx3", IMAGES), ("labels-idx1", LABELS)):
        raw = idx(values)
        name = f"{prefix}-{kind}-ubyte" + ".gz" * compressed
        (tmp_path / name).write_bytes(gzip.compress(raw) if compressed else raw)
    data = load_mnist(tmp_path, split)
    assert np.array_equal(data.x, IMAGES)
    assert data.labels().tolist() == [7, 2, 1]
    assert data.name == f"mnist:{tmp_path}:{split}"


@pytest.mark.parametrize("size", [0, 3, 15])
def test_cut_header(tmp_path: Path, size: int):
    path = tmp_path / "images"
    path.write_bytes(idx(IMAGES)[:size])
    with pytest.raises(SNNError, match=rf"images: the file ends at byte {size}, within its header"):
        read_idx(path, 3)


def test_cut_values(tmp_path: Path):
    path = tmp_path / "images"
    path.write_bytes(idx(IMAGES)[:-1])
    with pytest.raises(SNNError, match=r"is cut short: 2351 bytes .* 2352 .* \(3, 28, 28\)"):
        read_idx(path, 3)


def test_too_long(tmp_path: Path):
    path = tmp_path / "labels"
    path.write_bytes(idx(LABELS) + b"\0")
    with pytest.raises(SNNError, match="labels: the file is too long: 4 bytes"):
        read_idx(path, 1)


def test_absurd_dimensions(tmp_path: Path):
    path = tmp_path / "images"
    path.write_bytes(bytes((0, 0, 8, 3)) + b"\xff" * 12)
    with pytest.raises(SNNError, match="is cut short: 0 bytes"):
        read_idx(path, 3)


def test_wrong_magic(tmp_path: Path):
    write_mnist(tmp_path, images=idx(np.zeros((4, 4))), labels=idx(LABELS))
    with pytest.raises(SNNError, match=r"images-idx3-ubyte: .* magic number is 2050, not 2051"):
        load_mnist(tmp_path, "test")


def test_exchanged_files(tmp_path: Path):
    write_mnist(tmp_path, images=idx(IMAGES), labels=idx(IMAGES))
    with pytest.raises(SNNError, match=r"labels-idx1-ubyte: .* 2051, not 2049 .*exchanged"):
        load_mnist(tmp_path, "test")


def test_counts_differ(tmp_path: Path):
    write_mnist(tmp_path, images=idx(IMAGES), labels=idx(LABELS[:2]))
    with pytest.raises(SNNError, match=r"labels-idx1-ubyte: holds 2 labels for the 3 images"):
        load_mnist(tmp_path, "test")


def test_no_digit(tmp_path: Path):
    write_mnist(tmp_path, images=idx(IMAGES), labels=idx(np.array([0, 10, 9])))
    with pytest.raises(SNNError, match="label 1 is 10, not a digit"):
        load_mnist(tmp_path, "test")


def test_missing(tmp_path: Path):
    with pytest.raises(SNNError, match=r"train-images-idx3-ubyte: no such file, nor with \.gz"):
        load_mnist(tmp_path, "train")
    with pytest.raises(SNNError, match="absent: no such file"):
        read_idx(tmp_path / "absent", 1)


def test_folder_in_place_of_file(tmp_path: Path):
    with pytest.raises(SNNError, match="cannot be read"):
        read_idx(tmp_path, 1)


@pytest.mark.parametrize("damage", ["no gzip", "cut", "flipped"])
def test_damaged_gzip(tmp_path: Path, damage: str):
    raw = bytearray(gzip.compress(idx(IMAGES)))
    if damage == "no gzip":
        raw = bytearray(idx(IMAGES))
    elif damage == "cut":
        del raw[-20:]
    else:
        raw[len(raw) // 2] ^= 0xFF
    path = tmp_path / "images.gz"
    path.write_bytes(raw)
    with pytest.raises(SNNError, match=r"images\.gz: the compressed data are damaged"):
        read_idx(path, 3)


def test_original_files():
    shared = shared_folder()
    if shared is None or not (shared / "data" / "mnist").is_dir():
        pytest.skip("the original files of MNIST are absent")
    test = load_mnist(shared / "data" / "mnist", "test")
    assert test.x.shape == (10000, 28, 28)
    assert test.labels()[:5].tolist() == [7, 2, 1, 0, 4]
    train = load_mnist(shared / "data" / "mnist", "train")
    assert len(train) == 60000
    # The first training image is a five; its darkest background is 0 and its ink 255.
    assert (train.labels()[0], train.x[0].min(), train.x[0].max()) == (5, 0, 255)
