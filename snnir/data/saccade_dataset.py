# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MNIST images as simulated N-MNIST recordings in time bins."""

from __future__ import annotations

from pathlib import Path

from snnir.data.dataset import Dataset, balanced_subset
from snnir.data.mnist import Split, load_mnist
from snnir.data.nmnist import dataset_of
from snnir.data.saccade import IMAGE_SIZE, simulate
from snnir.support.diagnostics import SNNError


def load_saccade(
    folder: str | Path,
    split: Split,
    bins: int,
    images: tuple[int, int] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Dataset:
    """Return simulated recordings of MNIST images: x uint8 (samples, bins, 2, 34, 34).

    An image has the same recording whichever others are chosen. Real N-MNIST recordings go through
    the same function into the same bins.

    Args:
        folder: holds the files of MNIST, see `load_mnist`.
        split: the training or the test images.
        bins: number of time bins of every recording, see `bin_events`.
        images: the first image, counted from 0, and the one after the last; None for all.
        limit: number of recordings, class-balanced as `balanced_subset` describes; None for all.
        seed: of the simulation, see `simulate`.

    Raises SNNError when the range is empty or outside the images, the images are not 28x28 pixels,
    or as `load_mnist`, `balanced_subset` and `dataset_of` do.
    """
    mnist = load_mnist(folder, split)
    if mnist.x.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise SNNError(
            f"{mnist.name}: the images have {mnist.x.shape[1:]} pixels; "
            f"{(IMAGE_SIZE, IMAGE_SIZE)} are simulated"
        )
    start, stop = images or (0, len(mnist))
    name = f"saccade:{folder}:{split}" + (f":{start}-{stop}" if images else "")
    if not 0 <= start < stop <= len(mnist):
        raise SNNError(
            f"{name}: no such images; START-STOP names the images from START to STOP - 1, "
            f"and the {split} images are 0-{len(mnist)}"
        )
    chosen = start + balanced_subset(mnist.labels()[start:stop], limit)
    recordings = zip(
        (f"{name}, image {image}" for image in chosen),
        simulate(mnist.x, chosen, seed),
        strict=True,
    )
    return dataset_of(recordings, mnist.labels()[chosen], bins, name)
