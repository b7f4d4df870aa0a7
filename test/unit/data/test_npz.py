# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from snnir.data import load_npz
from snnir.support.diagnostics import SNNError


@given(
    hnp.arrays(
        st.sampled_from([np.dtype(np.uint8), np.dtype(np.int32), np.dtype(np.bool_)]),
        hnp.array_shapes(min_dims=2, max_dims=4),
    )
)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, x: np.ndarray):
    path = tmp_path_factory.mktemp("npz") / "data.npz"
    y = np.arange(len(x), dtype=np.uint8)
    np.savez_compressed(path, x=x, y=y)
    data = load_npz(path)
    assert data.x.dtype == x.dtype
    assert np.array_equal(data.x, x)
    assert data.labels().dtype == np.int64
    assert np.array_equal(data.labels(), y)
    assert data.name == str(path)


def test_without_labels(tmp_path: Path):
    np.savez(tmp_path / "data.npz", x=np.zeros((2, 3)))
    assert load_npz(tmp_path / "data.npz").y is None


def test_other_keys_are_left_alone(tmp_path: Path):
    np.savez(tmp_path / "data.npz", x=np.zeros((2, 3)), y=[0, 1], names=["a", "b"])
    assert load_npz(tmp_path / "data.npz").labels().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": [0]}, "the key x is missing .keys found: y."),
        ({}, "the key x is missing .keys found: none."),
        ({"x": np.zeros((1, 2)), "labels": [0]}, "the key y is missing .keys found: labels, x."),
        ({"x": np.array([[np.nan]]), "y": [0]}, "NaN or infinity"),
        ({"x": np.zeros(3), "y": [0, 1, 2]}, r"x has the shape \(3,\)"),
        ({"x": np.zeros((2, 2)), "y": [0]}, r"y has the shape \(1,\)"),
        ({"x": np.zeros((2, 2)), "y": [0.0, 1.0]}, r"y\.astype"),
        ({"x": np.zeros((2, 2)), "y": [[0, 1], [1, 0]]}, r"y\.argmax"),
        ({"x": np.zeros((2, 2)), "y": np.eye(2)}, r"y\.argmax"),
        ({"x": np.zeros((2, 2)), "y": [[0], [1]]}, r"y\.ravel"),
        ({"x": np.zeros((2, 2)), "y": [0, -3]}, r"y\[1\] is -3"),
        ({"x": np.zeros((1, 2)), "y": np.array([2**63], np.uint64)}, "9223372036854775808"),
        (
            {"x": np.array([[{}]], dtype=object), "y": [0]},
            "the array under the key x is damaged or holds objects",
        ),
        (
            {"x": np.zeros((1, 2)), "y": np.array([{}])},
            "the array under the key y is damaged or holds objects",
        ),
    ],
)
def test_refuses_arrays(tmp_path: Path, arrays: dict[str, np.ndarray], message: str):
    path = tmp_path / "data.npz"
    np.savez(path, allow_pickle=True, **arrays)
    with pytest.raises(SNNError, match=f"data.npz: .*{message}") as caught:
        load_npz(path)
    assert "\n" not in str(caught.value)


def test_absent(tmp_path: Path):
    with pytest.raises(SNNError, match=r"data\.npz: no such file"):
        load_npz(tmp_path / "data.npz")


def test_folder(tmp_path: Path):
    with pytest.raises(SNNError, match="cannot be read"):
        load_npz(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 this is no zip", b"plain text"])
def test_not_a_zip(tmp_path: Path, content: bytes):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(SNNError, match=r"data\.npz: not a readable \.npz file") as raised:
        load_npz(path)
    assert "allow_pickle" not in str(raised.value)


def test_bare_array(tmp_path: Path):
    path = tmp_path / "data.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(SNNError, match="one bare array"):
        load_npz(path)


@given(st.data())
def test_damage_is_an_error_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    path = tmp_path_factory.mktemp("npz") / "data.npz"
    np.savez_compressed(path, x=np.arange(60, dtype=np.uint8).reshape(5, 12), y=np.arange(5))
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    # Any other exception than SNNError fails the test; a changed byte that is not checked may pass.
    message = None
    try:
        load_npz(path)
    except SNNError as error:
        message = str(error)
    assert message is None or ("data.npz" in message and "\n" not in message)
