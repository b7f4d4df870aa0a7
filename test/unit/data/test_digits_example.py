# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The committed test data and weights of the digits example are what its scripts and README say."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from snnir.data import Dataset, load_npz
from snnir.support.diagnostics import SNNError

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "digits"


def load_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"digits_{name}", EXAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_npz(EXAMPLE / "test.npz")


def test_data_are_the_encoded_test_split(data: Dataset):
    pixels, target = load_digits(return_X_y=True)
    _, images, _, labels = train_test_split(
        pixels.reshape(-1, 8, 8), target, test_size=450, stratify=target, random_state=0
    )
    assert np.array_equal(data.x, load_module("encode").encode(images))
    assert np.array_equal(data.labels(), labels)


def test_encoding():
    encode = load_module("encode").encode
    image = np.zeros((1, 8, 8))
    assert not encode(image).any()
    image[0, 4, 4] = 16
    frames = encode(image)
    assert frames.dtype == np.uint8
    assert frames.shape == (1, 16, 2, 12, 12)
    assert set(np.unique(frames)) == {0, 1}
    # A bright dot on black: where it came from it gets darker, where it went it gets brighter.
    off, on = frames[0, :, 0], frames[0, :, 1]
    assert off.any()
    assert on.any()
    assert not (on & off).any()


@pytest.mark.parametrize(
    "images", [np.zeros((8, 8)), np.full((1, 8, 8), 17), np.full((1, 8, 8), 0.5)]
)
def test_encoding_refuses(images: np.ndarray):
    with pytest.raises(ValueError, match="images must"):
        load_module("encode").encode(images)


def test_accuracy(data: Dataset):
    model = load_module("model")
    network = model.build()
    network.load_state_dict(torch.load(EXAMPLE / "weights.pt", weights_only=True))
    assert not data.is_static(model.INPUT_SHAPE)
    assert data.x.shape[1] == model.TIMESTEPS
    assert data.is_counts()
    counts = torch.zeros(len(data), 10)
    with torch.no_grad():
        for step in range(model.TIMESTEPS):
            counts += network(torch.from_numpy(data.x[:, step]).float())[0]
    assert (counts.argmax(1).numpy() == data.labels()).mean() >= 0.97


def test_other_shapes_are_refused(data: Dataset):
    with pytest.raises(SNNError, match=r"the network takes frames of \(1, 28, 28\)"):
        data.is_static((1, 28, 28))
