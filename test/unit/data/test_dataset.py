# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnir.data import Dataset, balanced_subset
from snnir.support.diagnostics import SNNError


def make(samples: int = 6, labels: list[int] | None = None) -> Dataset:
    x = np.arange(samples * 6, dtype=np.float32).reshape(samples, 2, 3)
    return Dataset(x, None if labels is None else np.array(labels, dtype=np.int64), "data")


def test_length_and_labels():
    data = make(3, [2, 0, 1])
    assert len(data) == 3
    assert data.labels().tolist() == [2, 0, 1]


def test_labels_absent():
    with pytest.raises(SNNError, match="data: the samples have no labels"):
        make(3).labels()


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.array([["a"]]), None, "data type <U1"),
        (np.zeros(3), None, r"shape \(3,\)"),
        (np.zeros((0, 3)), None, "holds no value"),
        (np.zeros((2, 3)), np.zeros(2, np.int32), "data type int32"),
        (np.zeros((2, 3)), np.zeros(3, np.int64), r"y has the shape \(3,\)"),
        (np.zeros((3, 2)), np.zeros(2, np.int64), r"samples come first .* x\.swapaxes\(0, 1\)"),
        (np.zeros((2, 3)), np.array([0, -1]), r"y\[1\] is -1"),
        (np.array([[0.0], [np.nan]]), None, "NaN or infinity, first in sample 1"),
        (np.array([[0.0], [1.0], [-np.inf]]), None, "NaN or infinity, first in sample 2"),
    ],
)
def test_refuses(x: np.ndarray, y: np.ndarray | None, message: str):
    with pytest.raises(SNNError, match=f"data: .*{message}"):
        Dataset(x, y, "data")


def test_take_takes_turns_between_classes():
    data = make(6, [1, 1, 1, 0, 0, 7])
    assert data.take(3).x[:, 0, 0].tolist() == [0, 18, 30]
    # The fourth sample is the second one of class 0, the lowest class.
    assert data.take(4).x[:, 0, 0].tolist() == [0, 18, 24, 30]


def test_take_without_labels_takes_the_first():
    assert make(6).take(2).x[:, 0, 0].tolist() == [0, 6]


def test_take_all():
    data = make(3)
    assert data.take(None) is data
    assert data.take(3) is data
    assert data.take(100) is data


@pytest.mark.parametrize("limit", [0, -1])
def test_take_refuses(limit: int):
    with pytest.raises(SNNError, match="must be 1 or more"):
        make().take(limit)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(1, 70))
def test_balanced_subset(labels: list[int], limit: int):
    array = np.array(labels, dtype=np.int64)
    chosen = balanced_subset(array, limit)
    assert len(chosen) == min(limit, len(labels))
    assert (np.diff(chosen) > 0).all()
    assert set(chosen) >= set(balanced_subset(array, max(1, limit - 1)))
    most = max(np.bincount(array[chosen]))
    for label in set(labels):
        taken = array[chosen] == label
        # A class that gave fewer than the largest one gave one fewer, or all that it has.
        assert taken.sum() >= min(most - 1, labels.count(label))
        assert chosen[taken].tolist() == np.flatnonzero(array == label)[: taken.sum()].tolist()


def test_is_static():
    data = make()
    assert data.is_static((2, 3))
    assert not data.is_static((3,))
    with pytest.raises(SNNError, match=r"takes frames of \(4,\)"):
        data.is_static((4,))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 3.0]]), True),
        (np.array([[0.5, 3.0]]), False),
        (np.array([[0.0, -1.0]]), False),
        (np.array([[0, -1]]), False),
        (np.array([[0, 4]], dtype=np.int16), True),
        (np.array([[0, 255]], dtype=np.uint8), True),
        (np.array([[True, False]]), True),
    ],
)
def test_is_counts(values: np.ndarray, expected: bool):
    data = Dataset(values, None, "data")
    assert data.is_counts() == expected
    if expected:
        data.require_counts()
    else:
        with pytest.raises(SNNError, match=r"data: x holds (0\.5|-1(\.0)?) in sample 0"):
            data.require_counts()


@pytest.mark.parametrize(
    ("sample", "frame", "remedy"),
    [
        ((28, 28), (1, 28, 28), "; store x.reshape(len(x), 1, 28, 28)"),
        ((7, 1, 20), (20,), "; store x.reshape(len(x), x.shape[1], 20)"),
        ((5, 34, 34, 2), (2, 34, 34), "; store the axes in that order, with x.transpose(...)"),
        ((5, 4, 6), (3, 8), " is needed"),
    ],
)
def test_the_shape_that_is_needed(
    sample: tuple[int, ...], frame: tuple[int, ...], remedy: str
) -> None:
    """Axes in another order are never reshaped, which would mix up values without an error."""
    with pytest.raises(SNNError, match="is needed") as caught:
        Dataset(np.zeros((2, *sample)), None, "data").is_static(frame)
    assert str(caught.value).endswith(remedy)
