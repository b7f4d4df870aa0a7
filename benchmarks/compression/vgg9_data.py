# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CIFAR-10 for the VGG9 benchmark: images, splits, augmentation, and Poisson spikes of them.

The images of the shared folder are JPEG-recompressed (quality about 75): every figure that is made
from them has to say so.
"""

import io
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

IMAGE_NOTE = "CIFAR-10, every image JPEG-recompressed at a quality of about 75"
CLASSES = 10
VALIDATION = 5_000
"""Images of the training set that choices are made on and that nothing is trained on."""
PADDING = 4
"""Pixels around an image before it is cropped at random, as in arXiv 2104.12528."""
SPLIT_SEED, TEST_SEED = 20_211, 20_212


@dataclass(frozen=True)
class Images:
    """uint8 images (samples, 3, 32, 32) with their classes, int64 (samples,)."""

    x: NDArray[np.uint8]
    y: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.y)

    def take(self, chosen: NDArray[np.int64] | slice) -> "Images":
        """Some of the images."""
        return Images(self.x[chosen], self.y[chosen])

    def balanced(self, count: int, seed: int) -> "tuple[Images, Images]":
        """`count` images in random order, equally many of each class, and all the others."""
        order = np.random.default_rng(seed).permutation(len(self))
        # The how-manieth of its class an image is: rounds of one image of each class.
        rounds = np.empty(len(order), np.int64)
        for label in range(CLASSES):
            members = np.flatnonzero(self.y[order] == label)
            rounds[members] = np.arange(len(members))
        by_round = order[np.argsort(rounds, kind="stable")]
        rng = np.random.default_rng(seed + 1)
        return self.take(rng.permutation(by_round[:count])), self.take(by_round[count:])


@dataclass(frozen=True)
class Splits:
    """What is trained on, what choices are made on, and what figures are of.

    Attributes:
        test: a fixed, class-balanced choice of `whole_test`, for networks that take long.
    """

    training: Images
    validation: Images
    test: Images
    whole_test: Images


def read_jpegs(path: Path) -> Images:
    """Decode one of the two files of the shared folder (keys `jpeg`, `offsets`, `y`)."""
    from PIL import Image

    with np.load(path) as file:
        content, offsets, labels = file["jpeg"], file["offsets"], file["y"]
    images = np.empty((len(labels), 32, 32, 3), np.uint8)
    for index, (start, stop) in enumerate(itertools.pairwise(offsets)):
        images[index] = np.asarray(Image.open(io.BytesIO(content[start:stop].tobytes())))
    return Images(np.ascontiguousarray(images.transpose(0, 3, 1, 2)), labels.astype(np.int64))


def load_splits(shared: Path, cache: Path, test_samples: int) -> Splits:
    """The splits, decoded once into `cache`, with `test_samples` images for spiking networks."""
    cache.mkdir(parents=True, exist_ok=True)
    stored = {}
    for part in ("train", "test"):
        file = cache / f"cifar10_{part}.npz"
        if not file.exists():
            images = read_jpegs(shared / "data" / "cifar10" / f"cifar10_{part}_jpeg.npz")
            np.savez(file, x=images.x, y=images.y)
        with np.load(file) as content:
            stored[part] = Images(content["x"], content["y"])
    validation, training = stored["train"].balanced(VALIDATION, SPLIT_SEED)
    test = stored["test"].balanced(test_samples, TEST_SEED)[0]
    return Splits(training, validation, test, stored["test"])


def normalised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels from -1 to 1: mean and standard deviation 0.5, as in arXiv 2104.12528."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def augmented(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Each image shifted by up to `PADDING` pixels, and half of them mirrored.

    The border is grey, the value 0 of normalised images.
    """
    width = ((0, 0), (0, 0), (PADDING, PADDING), (PADDING, PADDING))
    padded = np.pad(images, width, constant_values=128)
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[2:], axis=(2, 3))
    rows, columns = rng.integers(0, 2 * PADDING + 1, (2, len(images)))
    shifted = windows[np.arange(len(images)), :, rows, columns]
    mirrored = rng.random(len(images)) < 0.5
    shifted[mirrored] = shifted[mirrored][..., ::-1]
    return shifted


def poisson(x: NDArray[np.float32], timesteps: int, seed: int) -> NDArray[np.int8]:
    """Signed Poisson spikes `sign(x) * [U <= |x|]`, (samples, timesteps, *shape).

    Source: the code of arXiv 2104.12528's group. Values beyond -1 and 1 spike at every step.
    """
    rng = np.random.default_rng(seed)
    signs, sizes = np.sign(x).astype(np.int8), np.abs(x)
    spikes = np.empty((len(x), timesteps, *x.shape[1:]), np.int8)
    for step in range(timesteps):
        spikes[:, step] = signs * (rng.random(x.shape, np.float32) <= sizes)
    return spikes
