# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Data that fit a network, and data that do not."""

from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, f32, i64

from snnir.data import Dataset
from snnir.data.network_inputs import class_count, integer_input, load_samples, measure_input
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn import InputKind, InputKindAttr
from snnir.driver.compile import compile
from snnir.driver.files import network_of
from snnir.driver.run import run
from snnir.support.diagnostics import SNNError


def of_kind(imported: ModuleOp, kind: InputKind) -> NetworkOpBase:
    """A copy of the small network with another kind of input."""
    network = network_of(imported.clone())
    network.input = InputKindAttr(kind)
    return network


def samples(x: np.ndarray, y: np.ndarray | None = None) -> Dataset:
    return Dataset(x, y, "data")


@pytest.mark.parametrize(("largest", "maximum"), [(0, 1), (1, 2), (3, 6), (63, 126), (100, 127)])
def test_counts_get_room_for_twice_the_maximum(
    imported: ModuleOp, largest: int, maximum: int
) -> None:
    network = of_kind(imported, InputKind.EVENT_COUNTS)
    assert measure_input(network, samples(np.full((1, 5, 2, 2, 2), largest)))[0] == maximum
    assert measure_input(network, None)[0] == 127


def test_real_values_fill_the_range(imported: ModuleOp) -> None:
    network = of_kind(imported, InputKind.VALUES)
    x = np.array([-0.5, 0.0, 0.3, 0.1, 0, 0, 0, 0], np.float32).reshape(1, 1, 2, 2, 2)
    maximum, scale = measure_input(network, samples(x))
    assert (maximum, scale) == (127, float(np.float32(0.5 / 127)))
    network.properties["input_maximum"] = IntegerAttr(maximum, i64)
    network.properties["input_scale"] = FloatAttr(scale, f32)
    integers = integer_input(network, x)
    assert integers.dtype == np.int8
    assert integers.reshape(-1)[:4].tolist() == [-127, 0, 76, 25]
    assert integer_input(network, 10 * x).min() == -127


def test_counts_above_the_maximum_are_refused(imported: ModuleOp, frames: np.ndarray) -> None:
    network = of_kind(imported, InputKind.EVENT_COUNTS)
    network.properties["input_maximum"] = IntegerAttr(2, i64)
    with pytest.raises(SNNError, match=r"a count of 3; the network takes up to 2, compile with"):
        integer_input(network, frames)
    with pytest.raises(SNNError, match=r"a count of 1000000; .* numpy.minimum\(x, 127\), or"):
        integer_input(network, np.full((1, 5, 2, 2, 2), 1e6))


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        (InputKind.EVENT_COUNTS, (4, 9, 2, 2, 2), "9 time steps, the network 5; import the"),
        (InputKind.EVENT_COUNTS, (4, 2, 2, 2), "--input-kind static_values"),
        (InputKind.EVENT_COUNTS, (4, 5, 3, 2, 2), r"takes frames of \(2, 2, 2\)"),
        (InputKind.EVENT_COUNTS, (4, 5, 8), r"; store x.reshape\(len\(x\), x.shape\[1\], 2, 2, 2"),
        (InputKind.EVENT_COUNTS, (4, 8), r"; store x.reshape\(len\(x\), 2, 2, 2\)"),
        (InputKind.EVENT_COUNTS, (4, 1, 2, 2, 2), "1 time step, the network 5; import the"),
        (InputKind.STATIC_VALUES, (4, 5, 2, 2, 2), "a sample has 5 frames, but the network takes"),
    ],
)
def test_wrong_shapes(
    imported: ModuleOp, kind: InputKind, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(SNNError, match=message):
        load_samples(of_kind(imported, kind), samples(np.zeros(shape)))


def test_wrong_bins_name_the_option(imported: ModuleOp) -> None:
    data = Dataset(np.zeros((1, 9, 2, 2, 2)), None, "nmnist:folder")
    with pytest.raises(SNNError, match="use --bins 5"):
        load_samples(network_of(imported), data)


def test_wrong_values(imported: ModuleOp, frames: np.ndarray) -> None:
    with pytest.raises(SNNError, match="whole numbers"):
        load_samples(network_of(imported), samples(frames * 0.5))
    with pytest.raises(SNNError, match="takes binary frames"):
        load_samples(of_kind(imported, InputKind.BINARY_FRAMES), samples(frames))


def test_bins_are_for_recordings(network: Path, data: Path) -> None:
    with pytest.raises(SNNError, match="holds frames; --bins is for recordings of events"):
        run(network, str(data), bins=4)


def test_a_python_file_is_no_network(model: Path) -> None:
    for path in (model, f"{model}:build"):
        with pytest.raises(SNNError, match="is Python; `snnir import` makes a network of a module"):
            compile(path)


def test_labels_beyond_the_classes(imported: ModuleOp, frames: np.ndarray) -> None:
    network = network_of(imported)
    assert class_count(network) == 3
    with pytest.raises(SNNError, match="the network has 3 classes, counted from 0"):
        load_samples(network, samples(frames, np.full(len(frames), 3)))
