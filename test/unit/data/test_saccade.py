# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from snnir.data.locations import shared_folder
from snnir.data.mnist import load_mnist
from snnir.data.nmnist import Events, bin_events, list_recordings, read_recording
from snnir.data.saccade import BLOCK, FITTED_CAMERA, simulate
from snnir.data.saccade_dataset import load_saccade
from snnir.data.saccade_path import DURATION_MILLISECONDS, MEASURED_SACCADES, SaccadePath
from snnir.support.diagnostics import SNNError

STILL = SaccadePath(saccades=())


def strokes(count: int) -> np.ndarray:
    """Return `count` images (count, 28, 28) of a bar, each elsewhere."""
    images = np.zeros((count, 28, 28), np.uint8)
    for number in range(count):
        left = 6 + number % 12
        images[number, 5 + number % 7 : 20, left : left + 3] = 255
    return images


def shared_data(*parts: str) -> Path:
    shared = shared_folder()
    path = shared.joinpath("data", *parts) if shared else None
    if path is None or not path.exists():
        pytest.skip(f"the shared {'/'.join(parts)} is absent")
    return path


def equal(a: Events, b: Events) -> bool:
    pairs = ((a.x, b.x), (a.y, b.y), (a.polarity, b.polarity), (a.time, b.time))
    return all(np.array_equal(one, other) for one, other in pairs)


def test_form():
    for events in simulate(strokes(3)):
        assert len(events) > 500
        columns = (events.x, events.y, events.polarity, events.time)
        assert all(column.dtype == np.int64 for column in columns)
        assert 0 <= events.x.min() <= events.x.max() < 34
        assert 0 <= events.y.min() <= events.y.max() < 34
        assert set(np.unique(events.polarity)) == {0, 1}
        assert events.time[0] >= 0
        assert (np.diff(events.time) >= 0).all()
        assert events.time[-1] <= 1000 * DURATION_MILLISECONDS + 40


def test_polarity():
    """A digit, dark on the screen, that moves to the right darkens the pixels right of it."""
    moving = replace(MEASURED_SACCADES[0], columns=6.0, rows=0.0)
    camera = replace(
        FITTED_CAMERA, path=SaccadePath((0.0, 0.0), (moving,)), noise_rate=0.0, position_jitter=0.0
    )
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 5:23, 10:13] = 255
    (events,) = simulate(image, camera=camera)
    on, off = events.x[events.polarity == 1], events.x[events.polarity == 0]
    # The bar goes from columns 10..12 to 16..18, and the blur reaches one column further. It can
    # only leave the first columns, and only come to the last ones.
    assert (on.min(), off.max()) == (9, 19)
    assert (off.min(), on.max()) == (12, 16)


def test_only_noise_without_movement():
    camera = replace(FITTED_CAMERA, path=STILL)
    recordings = list(simulate(strokes(BLOCK), camera=camera))
    assert all((events.polarity == 1).all() for events in recordings)
    expected = 0.33 * 0.312 * 34 * 34 * BLOCK
    found = sum(map(len, recordings))
    # Poisson: five standard deviations.
    assert abs(found - expected) < 5 * np.sqrt(expected)
    silent = list(simulate(strokes(2), camera=replace(camera, noise_rate=0.0)))
    assert [len(events) for events in silent] == [0, 0]
    with pytest.raises(SNNError, match="silent: the recording holds no event"):
        bin_events(silent[0], 10, "silent")


def test_refractory_time():
    camera = replace(FITTED_CAMERA, refractory=20.0, refractory_jitter=0.0, noise_rate=0.0)
    for events in simulate(strokes(4), camera=camera):
        pixel = events.y * 34 + events.x
        for one in np.unique(pixel):
            # Times are read up to 30 microseconds late, and cut to whole microseconds.
            assert (np.diff(events.time[pixel == one]) >= 20_000 - 31).all()


def test_threshold_sets_the_number_of_events():
    few = simulate(strokes(4), camera=replace(FITTED_CAMERA, threshold=0.5))
    many = simulate(strokes(4))
    assert sum(map(len, few)) < 0.6 * sum(map(len, many))


def test_does_not_depend_on_what_else_is_wanted():
    images = strokes(2 * BLOCK + 5)
    whole = list(simulate(images, seed=4))
    wanted = [2 * BLOCK + 4, 3, BLOCK, BLOCK + 1, 0]
    some = list(simulate(images, wanted, seed=4))
    assert all(equal(whole[i], one) for i, one in zip(wanted, some, strict=True))
    # Whole blocks do not depend on what follows them either.
    first = simulate(images[:BLOCK], seed=4)
    assert all(equal(a, b) for a, b in zip(whole[:BLOCK], first, strict=True))


def test_seed():
    one, same, other = (next(simulate(strokes(1), seed=seed)) for seed in (1, 1, 2))
    assert equal(one, same)
    assert not equal(one, other)


def test_refuses():
    with pytest.raises(SNNError, match=r"are float64 \(2, 28, 28\); uint8"):
        simulate(np.zeros((2, 28, 28)))
    with pytest.raises(SNNError, match=r"uint8 \(2, 8, 8\); uint8 \(images, 28, 28\)"):
        simulate(np.zeros((2, 8, 8), np.uint8))
    with pytest.raises(SNNError, match="no image 2 to simulate; 2 images count from 0"):
        simulate(strokes(2), [0, 2])
    with pytest.raises(SNNError, match="no image -1 to simulate"):
        simulate(strokes(2), [-1])


def test_path_closes_the_triangle():
    path = SaccadePath()
    columns, rows = path.displacement(np.array([0.0, 105.0, 210.0, 312.0]))
    # Where a saccade begins, the one before has ended; the corners are the sums of the movements.
    expected_columns = 0.3581 + np.array([0, 1.779, 1.779 + 3.858, 1.779 + 3.858 - 5.717])
    expected_rows = 0.32 + np.array([0, 6.711, 6.711 - 5.878, 6.711 - 5.878 + 0.0579])
    assert np.abs(columns - expected_columns).max() < 0.25
    assert np.abs(rows - expected_rows).max() < 0.25
    times = path.sample_times(0.1)
    assert (times[0], times[-1]) == (0, DURATION_MILLISECONDS)
    assert np.diff(times).min() > 0
    assert np.diff(times).max() <= 4
    moved = np.hypot(*(np.diff(move) for move in path.displacement(times)))
    # One step of the grid of 0.25 ms may come on top of a tenth of a pixel.
    assert moved.max() < 0.1 + 0.06


def test_equals_the_prototype():
    file = shared_data("saccade.py")
    specification = importlib.util.spec_from_file_location("saccade_prototype", file)
    assert specification is not None
    assert specification.loader is not None
    prototype = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(prototype)
    images = load_mnist(shared_data("mnist"), "test").x[: 2 * BLOCK + 3]
    expected = prototype.simulate(images, seed=5)
    for (x, y, polarity, time), events in zip(expected, simulate(images, seed=5), strict=True):
        assert equal(events, Events(x, y, polarity, time))


def test_resembles_real_recordings():
    """Real and simulated recordings of the same images agree in number of events and in place."""
    files = list_recordings(shared_data("NMNIST", "Train"))[::70]
    images = load_mnist(shared_data("mnist"), "train").x
    numbers = [int(file.stem) - 1 for file, _ in files]
    simulated = simulate(images, numbers)
    ratios, similarities = [], []
    for (file, _), events in zip(files, simulated, strict=True):
        frames = [bin_events(e, 3, str(file)).astype(float) for e in (read_recording(file), events)]
        ratios.append(frames[1].sum() / frames[0].sum())
        similarities.append(np.corrcoef(frames[0].ravel(), frames[1].ravel())[0, 1])
    assert len(ratios) == 10
    assert 0.85 < np.mean(ratios) < 1.15, ratios
    assert min(similarities) > 0.6, similarities


def write_mnist(folder: Path, images: np.ndarray, labels: list[int]) -> None:
    for name, values in (("images-idx3", images), ("labels-idx1", np.array(labels))):
        shape = b"".join(size.to_bytes(4, "big") for size in values.shape)
        raw = bytes((0, 0, 8, values.ndim)) + shape + values.astype(np.uint8).tobytes()
        (folder / f"t10k-{name}-ubyte").write_bytes(raw)


def test_dataset(tmp_path: Path):
    images = strokes(BLOCK + 2)
    write_mnist(tmp_path, images, [i % 10 for i in range(len(images))])
    data = load_saccade(tmp_path, "test", bins=7, images=(BLOCK - 3, BLOCK + 2), limit=4)
    assert data.name == f"saccade:{tmp_path}:test:61-66"
    assert data.x.shape == (4, 7, 2, 34, 34)
    assert data.labels().tolist() == [1, 2, 3, 4]
    for number, events in enumerate(simulate(images, range(BLOCK - 3, BLOCK + 1))):
        assert np.array_equal(data.x[number], bin_events(events, 7, "simulated"))


@pytest.mark.parametrize("images", [(0, 4), (2, 2), (3, 1)])
def test_dataset_range(tmp_path: Path, images: tuple[int, int]):
    write_mnist(tmp_path, strokes(3), [0, 1, 2])
    with pytest.raises(SNNError, match=r"no such images; .* the test images are 0-3"):
        load_saccade(tmp_path, "test", bins=7, images=images)


def test_dataset_image_size(tmp_path: Path):
    write_mnist(tmp_path, np.zeros((2, 8, 8)), [0, 1])
    with pytest.raises(SNNError, match=r"have \(8, 8\) pixels; \(28, 28\)"):
        load_saccade(tmp_path, "test", bins=7)
