# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Simulator of N-MNIST: images of digits as the events of a moving event camera.

N-MNIST (Orchard et al. 2015) shows MNIST images on a screen to an event camera that moves along a
triangle. The simulation follows a recording from the image to the events:

1. The 28x28 image is blurred by the optics, displaced by an error of registration of its own, and
   appears as a dark digit on a bright screen; a pixel sees the logarithm of the brightness,
   `log(1 + background - image)`.
2. The image moves over the 34x34 sensor in three saccades (`snnir.data.saccade_path`).
3. A pixel sends an ON (OFF) event when what it sees has risen (fallen) by its threshold since the
   level that it remembers. It is then blind for the refractory time, and remembers the level of
   its last blind moment. Thresholds differ from pixel to pixel.
4. Noise adds ON events, evenly in time and space.

The polarity is that of the recordings: 1 (ON) where the brightness of the screen rises, so where
the digit leaves. The parameters were fitted to the recordings of training items 1 to 500 and agree
with others; the jitter from sample to sample was measured on items 501 to 1000.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from snnir.data.nmnist import HEIGHT, WIDTH, Events
from snnir.data.saccade_path import DURATION_MILLISECONDS, SaccadePath
from snnir.support.diagnostics import SNNError

IMAGE_SIZE = 28
"""Rows and columns of an MNIST image."""

BLOCK = 64
"""Images that share one generator of random numbers. Another value gives other recordings."""

_MARGIN = 10
# The screen: the image in the middle of a dark margin into which the sensor may look.
_SCREEN = IMAGE_SIZE + 2 * _MARGIN
_PIXELS = HEIGHT * WIDTH
_LARGEST_POSITION_ERROR = 1.5
_LOWEST_RELATIVE_THRESHOLD = 0.3
_SHORTEST_REFRACTORY = 0.3
# No noise at the very end, and a clock that is read up to 30 microseconds late.
_NOISE_FREE_MILLISECONDS = 4
_CLOCK_MICROSECONDS = 30

Floats = NDArray[np.float32]
FlatEvents = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Flat indices into (block, 34, 34), whether ON, and times in milliseconds: (events,) each."""


@dataclass(frozen=True)
class CameraParameters:
    """Camera, screen and movement; the default values are those fitted to N-MNIST.

    Attributes:
        path: the movement of the image.
        path_step: movement after which the pixels are evaluated anew, pixels.
        blur: standard deviation of the optical blur, pixels of the sensor.
        background: brightness of the darkest pixel of the screen; the range of an image is 1.
        threshold: change of log brightness that makes an ON event.
        off_ratio: threshold of OFF events divided by that of ON events.
        threshold_mismatch: standard deviation of a pixel's threshold divided by its mean.
        refractory: time after an event for which a pixel is blind, milliseconds.
        refractory_jitter: standard deviation of that time, milliseconds.
        noise_rate: rate of noise events, hertz per pixel; measured 0.33 (ON) in empty corners, and
            0.0005 (OFF), which is left out.
        position_jitter: standard deviation of the error of registration of a recording, in either
            direction, pixels.
        gain_jitter: standard deviation of the logarithm of a recording's sensitivity.
    """

    path: SaccadePath = field(default_factory=SaccadePath)
    path_step: float = 0.1
    blur: float = 0.64
    background: float = 0.3323
    threshold: float = 0.1765
    off_ratio: float = 0.93
    threshold_mismatch: float = 0.04094
    refractory: float = 0.9308
    refractory_jitter: float = 0.005214
    noise_rate: float = 0.33
    position_jitter: float = 0.07
    gain_jitter: float = 0.015


FITTED_CAMERA = CameraParameters()


def simulate(
    images: np.ndarray,
    positions: Sequence[int] | np.ndarray | None = None,
    seed: int = 0,
    camera: CameraParameters = FITTED_CAMERA,
) -> Iterator[Events]:
    """Yield the recordings of the images at `positions`, in this order.

    A recording depends on the images of its block, its position, the seed and the camera, and on
    nothing else: the random numbers of every `BLOCK` consecutive images come from
    `numpy.random.default_rng([seed, position of the first])`, and whole blocks are simulated
    whichever of their images are wanted. Ascending positions simulate every block once.

    Args:
        images: uint8 (images, 28, 28), 0 the background and 255 the ink.
        positions: which images to show, from 0; None for all.
        seed: not negative.
        camera: what the images are recorded with.

    Raises SNNError when the images are not as described or a position is outside them.
    """
    if images.dtype != np.uint8 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise SNNError(
            f"the images to simulate are {images.dtype} {images.shape}; "
            f"uint8 (images, {IMAGE_SIZE}, {IMAGE_SIZE}) is needed"
        )
    wanted = np.arange(len(images)) if positions is None else np.asarray(positions, np.int64)
    outside = (wanted < 0) | (wanted >= len(images))
    if outside.any():
        raise SNNError(
            f"there is no image {wanted[np.argmax(outside)]} to simulate; "
            f"{len(images)} images count from 0"
        )
    return _simulate_positions(images, wanted, seed, camera)


def _simulate_positions(
    images: np.ndarray, positions: np.ndarray, seed: int, camera: CameraParameters
) -> Iterator[Events]:
    current = -1
    recordings: list[Events] = []
    for position in positions.tolist():
        first = position - position % BLOCK
        if first != current:
            generator = np.random.default_rng([seed, first])
            recordings = _simulate_block(images[first : first + BLOCK], camera, generator)
            current = first
        yield recordings[position - first]


def _simulate_block(
    images: np.ndarray, camera: CameraParameters, generator: np.random.Generator
) -> list[Events]:
    """Return the recordings of `images`, uint8 (block, 28, 28).

    All draws happen in one fixed order; a change of the order changes every recording.
    """
    scene = np.log(np.float32(1 + camera.background) - _screen(images, camera, generator))
    gain = np.exp(generator.normal(0, camera.gain_jitter, (len(images), 1, 1))).astype(np.float32)
    threshold = _thresholds(gain, camera, generator)
    # Two numbers are passed over: in the first version of the simulator they varied the length of
    # the saccades, by an amount that the fit then set to zero. Recordings made with it stay valid.
    generator.standard_normal(2)
    parts = [
        *_pixel_events(scene, threshold, camera, generator),
        _noise(len(images), camera, generator),
    ]
    where, on, time = (np.concatenate(part) for part in zip(*parts, strict=True))
    delay = generator.random(len(time)) * _CLOCK_MICROSECONDS
    return _recordings(len(images), where, on, (time * 1000 + delay).astype(np.int32))


def _screen(images: np.ndarray, camera: CameraParameters, generator: np.random.Generator) -> Floats:
    """Return the blurred, misplaced images, float32 (block, 48, 48), 0 background and 1 ink."""
    screen = np.zeros((len(images), _SCREEN, _SCREEN), np.float32)
    inside = slice(_MARGIN, _MARGIN + IMAGE_SIZE)
    screen[:, inside, inside] = images.astype(np.float32) * np.float32(1 / 255)
    blur = _blur_matrix(_SCREEN, max(camera.blur, 0.2))
    screen = np.asarray(blur @ screen @ blur.T, np.float32)
    if camera.position_jitter <= 0:
        return screen
    limit = _LARGEST_POSITION_ERROR
    error = generator.normal(0, camera.position_jitter, (len(images), 2)).clip(-limit, limit)
    return _displaced(screen, error)


def _blur_matrix(size: int, deviation: float) -> Floats:
    """Return the matrix (size, size) that blurs a column; its rows add up to 1."""
    index = np.arange(size)
    matrix = np.exp(-0.5 * ((index[:, None] - index[None, :]) / deviation) ** 2)
    return (matrix / matrix.sum(1, keepdims=True)).astype(np.float32)


def _displaced(screen: Floats, offset: np.ndarray) -> Floats:
    """Return every image of `screen` seen `offset` (block, 2) rows and columns further (bilinear).

    What lies outside the screen is as its border.
    """
    whole = np.floor(offset).astype(int)
    part = (offset - whole).astype(np.float32)
    image = np.arange(len(screen))[:, None, None]
    index = np.arange(_SCREEN)

    def corner(row: int, column: int) -> Floats:
        rows = np.clip(index[None, :, None] + whole[:, 0, None, None] + row, 0, _SCREEN - 1)
        columns = np.clip(index[None, None, :] + whole[:, 1, None, None] + column, 0, _SCREEN - 1)
        return screen[image, rows, columns]

    y, x = part[:, 0, None, None], part[:, 1, None, None]
    above = (1 - y) * (1 - x) * corner(0, 0) + (1 - y) * x * corner(0, 1)
    return np.asarray(above + y * (1 - x) * corner(1, 0) + y * x * corner(1, 1), np.float32)


def _thresholds(gain: Floats, camera: CameraParameters, generator: np.random.Generator) -> Floats:
    """Return the threshold of every pixel for ON events, float32 (block, 34, 34)."""
    mismatch = generator.standard_normal((len(gain), HEIGHT, WIDTH), dtype=np.float32)
    relative = 1 + np.float32(camera.threshold_mismatch) * mismatch
    lowest = np.float32(_LOWEST_RELATIVE_THRESHOLD)
    return np.float32(camera.threshold) * np.maximum(lowest, relative) / gain


def _look(scene: Floats, row: float, column: float, view: Floats, scratch: Floats) -> None:
    """Set `view` (block, 34, 34) to what the sensor sees of `scene` moved by `row`, `column`.

    The displacement in pixels is the same for the whole block; between pixels of the scene the
    view is bilinear. `scratch` is as large as `view` and overwritten.
    """
    first_row, first_column = _MARGIN - row, _MARGIN - column
    top, left = int(np.floor(first_row)), int(np.floor(first_column))
    y, x = np.float32(first_row - top), np.float32(first_column - left)
    np.multiply(scene[:, top : top + HEIGHT, left : left + WIDTH], (1 - y) * (1 - x), out=view)
    for down, right, weight in ((0, 1, (1 - y) * x), (1, 0, y * (1 - x)), (1, 1, y * x)):
        rows = slice(top + down, top + down + HEIGHT)
        columns = slice(left + right, left + right + WIDTH)
        np.multiply(scene[:, rows, columns], weight, out=scratch)
        view += scratch


def _pixel_events(
    scene: Floats, threshold: Floats, camera: CameraParameters, generator: np.random.Generator
) -> Iterator[FlatEvents]:
    """Yield the events that the movement causes, for every time at which the sensor is evaluated.

    `scene` is the log brightness (block, 48, 48), `threshold` that for ON events (block, 34, 34).
    """
    times = camera.path.sample_times(camera.path_step)
    reach = _MARGIN - 2
    columns, rows = (move.clip(-reach, reach) for move in camera.path.displacement(times))
    view, previous, scratch = (np.empty_like(threshold) for _ in range(3))
    _look(scene, rows[0], columns[0], view, scratch)
    # A pixel may have been anywhere on its way to the next event when the recording began.
    phase = generator.random(threshold.shape, dtype=np.float32) - np.float32(0.5)
    remembered = np.asarray(view + phase * threshold, np.float32)
    blind_until = np.zeros_like(threshold)
    lowest = threshold * min(np.float32(1), np.float32(camera.off_ratio))
    for step in range(1, len(times)):
        begin, end = times[step - 1], times[step]
        view, previous = previous, view
        _look(scene, rows[step], columns[step], view, scratch)
        np.copyto(remembered, view, where=blind_until > np.float32(end))
        np.abs(np.subtract(view, remembered, out=scratch), out=scratch)
        # The cheap test sorts out most pixels; `_crossings` decides about the others.
        candidates = np.flatnonzero(scratch > lowest)
        where, on, part = _crossings(candidates, view, previous, remembered, threshold, camera)
        if not len(where):
            continue
        ready = np.maximum(begin, np.minimum(blind_until.ravel()[where], end))
        time = ready + part * (end - ready)
        yield where, on, time
        jitter = camera.refractory_jitter * generator.standard_normal(len(where))
        blind = np.maximum(_SHORTEST_REFRACTORY, camera.refractory + jitter)
        blind_until.ravel()[where] = time + blind
        remembered.ravel()[where] = view.ravel()[where]


def _crossings(
    candidates: np.ndarray,
    view: Floats,
    previous: Floats,
    remembered: Floats,
    threshold: Floats,
    camera: CameraParameters,
) -> FlatEvents:
    """Return which of the flat indices `candidates` have crossed their threshold.

    Returns their flat indices, whether they rose, and the part of the step, 0 to 1, after which the
    brightness crossed the threshold when it changes evenly from `previous` to `view`.
    """
    change = view.ravel()[candidates] - remembered.ravel()[candidates]
    needed = threshold.ravel()[candidates]
    on = change > 0
    needed = np.where(on, needed, needed * np.float32(camera.off_ratio))
    crossed = np.abs(change) > needed
    where, change, needed, on = candidates[crossed], change[crossed], needed[crossed], on[crossed]
    before = np.sign(change) * (previous.ravel()[where] - remembered.ravel()[where])
    part = (needed - before) / np.maximum(np.abs(change) - before, 1e-6)
    return where, on, part.clip(0, 1)


def _noise(block: int, camera: CameraParameters, generator: np.random.Generator) -> FlatEvents:
    """Return the noise of `block` recordings: ON events, evenly in time and space."""
    expected = camera.noise_rate * DURATION_MILLISECONDS / 1000 * _PIXELS * block
    count = generator.poisson(expected)
    where = generator.integers(0, block * _PIXELS, count)
    time = generator.random(count) * (DURATION_MILLISECONDS - _NOISE_FREE_MILLISECONDS)
    return where, np.ones(count, dtype=bool), time


def _recordings(block: int, where: np.ndarray, on: np.ndarray, time: np.ndarray) -> list[Events]:
    """Return the events of a block, whose `time` is in microseconds, sorted into recordings."""
    recording, pixel = np.divmod(where, _PIXELS)
    order = np.lexsort((time, recording))
    cuts = np.searchsorted(recording[order], np.arange(block + 1))
    x, y = pixel % WIDTH, pixel // WIDTH
    columns = [a[order].astype(np.int64) for a in (x, y, on, time)]
    return [Events(*(column[begin:end] for column in columns)) for begin, end in pairwise(cuts)]
