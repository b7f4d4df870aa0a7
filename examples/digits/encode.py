# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turn the 8x8 grey images of scikit-learn's digits into events of a simulated event camera.

A camera that looks at a still picture sees nothing; N-MNIST therefore moved the camera in three
small straight movements (saccades) along a triangle (Orchard et al. 2015). The same is done here:
the image is shifted along a closed triangular path by fractions of a pixel, its brightness is
sampled after every move, and a pixel emits an ON (OFF) event when its brightness has risen (fallen)
by at least `CONTRAST` since the pixel's last event, or since the start. Every time step is one move
and yields one binary frame.

All arithmetic is on integers, so the frames are the same on every computer.
"""

import numpy as np

TIMESTEPS = 16
"""Number of moves along the path, hence of frames in one sample."""

FRAME_SHAPE = (2, 12, 12)
"""Polarity (0 = OFF, 1 = ON), rows, columns: the 8x8 image in the middle of a 12x12 sensor."""

CONTRAST = 32
"""Smallest change of brightness that causes an event; 256 is the range from black to white."""

_SUBPIXELS = 4
_MARGIN = 2
# Corners of the path as (row, column) in quarters of a pixel, with the number of moves to reach
# each.
_START = (-3, -5)
_CORNERS = (((4, 0), 5), ((-3, 5), 5), (_START, 6))


def _path() -> list[tuple[int, int]]:
    """Return the `TIMESTEPS + 1` positions of the image as (row, column) in quarters of a pixel."""
    positions: list[tuple[int, int]] = [_START]
    for (end_row, end_column), moves in _CORNERS:
        row, column = positions[-1]
        for move in range(1, moves + 1):
            # Rounded half up in integers; `+ moves` over `2 * moves` adds the half.
            positions.append(
                (
                    (2 * (moves * row + move * (end_row - row)) + moves) // (2 * moves),
                    (2 * (moves * column + move * (end_column - column)) + moves) // (2 * moves),
                )
            )
    return positions


def _shifted(images: np.ndarray, row: int, column: int) -> np.ndarray:
    """Return the brightness of `images` moved by (row, column) quarters of a pixel.

    `images` is int32 (samples, 12, 12) with values 0..16; the result has the same shape and values
    0..256 (bilinear interpolation, the four weights add up to 16).
    """
    whole_row, part_row = divmod(row, _SUBPIXELS)
    whole_column, part_column = divmod(column, _SUBPIXELS)
    result = np.zeros_like(images)
    for extra_row, weight_row in ((0, _SUBPIXELS - part_row), (1, part_row)):
        for extra_column, weight_column in ((0, _SUBPIXELS - part_column), (1, part_column)):
            # The margin is as wide as the longest shift, so what is rolled around the edge is
            # black.
            moved = np.roll(
                images, (whole_row + extra_row, whole_column + extra_column), axis=(1, 2)
            )
            result += weight_row * weight_column * moved
    return result


def encode(images: np.ndarray) -> np.ndarray:
    """Return the events of `images` as uint8 (samples, TIMESTEPS, 2, 12, 12) with values 0 and 1.

    `images` has the shape (samples, 8, 8) and whole values 0 (black) to 16 (white), as
    `sklearn.datasets.load_digits().images`.

    Raises ValueError when shape or values are others.
    """
    images = np.asarray(images)
    if images.ndim != 3 or images.shape[1:] != (8, 8):
        raise ValueError(f"images must have the shape (samples, 8, 8), not {images.shape}")
    levels = images.astype(np.int32)
    if (
        not np.array_equal(levels, images)
        or levels.min(initial=0) < 0
        or levels.max(initial=0) > 16
    ):
        raise ValueError("images must hold whole numbers from 0 to 16")
    scene = np.pad(levels, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)))
    start, *rest = _path()
    reference = _shifted(scene, *start)
    frames = np.zeros((len(images), TIMESTEPS, *FRAME_SHAPE), dtype=np.uint8)
    for step, position in enumerate(rest):
        change = _shifted(scene, *position) - reference
        off, on = change <= -CONTRAST, change >= CONTRAST
        frames[:, step, 0], frames[:, step, 1] = off, on
        reference = np.where(on | off, reference + change, reference)
    return frames
