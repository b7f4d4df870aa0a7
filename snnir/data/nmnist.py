# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reader of N-MNIST recordings in their original format (Orchard et al. 2015).

A recording is a file `<label>/<number>.bin` of records of 5 bytes: x, y, then 24 bits, most
significant byte first, of which bit 23 is the polarity and bits 22 to 0 are the time in
microseconds. A record with y = 240 is no event: it says that the clock ran over, and 2**13
microseconds are added to all later times.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from snnir.data.dataset import Dataset, balanced_subset
from snnir.support.diagnostics import SNNError

HEIGHT = 34
WIDTH = 34
POLARITIES = 2
RECORD_BYTES = 5
OVERFLOW_Y = 240
OVERFLOW_MICROSECONDS = 2**13
_MAXIMUM_COUNT = np.iinfo(np.uint8).max


@dataclass(frozen=True, eq=False)
class Events:
    """The events of one recording in order of time, one array element per event.

    Attributes:
        x: column, int64 (events,), 0..33.
        y: row, int64 (events,), 0..33.
        polarity: int64 (events,), 0 or 1.
        time: int64 (events,), microseconds, not decreasing.
    """

    x: np.ndarray
    y: np.ndarray
    polarity: np.ndarray
    time: np.ndarray

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.time)


def _first_offset(wrong: np.ndarray) -> int:
    """Return the byte offset of the first record for which `wrong`, bool (records,), is set."""
    return RECORD_BYTES * int(np.argmax(wrong))


def read_recording(path: str | Path) -> Events:
    """Return the events of the recording `path`.

    Raises SNNError, naming the file and the byte offset, when the size is no multiple of 5, an
    event lies outside the 34x34 sensor, the time decreases, or there is no event.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise SNNError(f"{path}: no such file") from error
    except OSError as error:
        raise SNNError(f"{path}: cannot be read ({error.strerror or error})") from error
    if len(raw) % RECORD_BYTES:
        whole = len(raw) - len(raw) % RECORD_BYTES
        raise SNNError(
            f"{path}: byte {whole}: the last record is cut short; "
            f"{len(raw)} bytes are no multiple of {RECORD_BYTES}"
        )
    records = np.frombuffer(raw, dtype=np.uint8).reshape(-1, RECORD_BYTES).astype(np.int64)
    x, y = records[:, 0], records[:, 1]
    time = (records[:, 2] & 0x7F) << 16 | records[:, 3] << 8 | records[:, 4]
    overflow = y == OVERFLOW_Y
    event = ~overflow
    if not event.any():
        raise SNNError(f"{path}: byte {len(raw)}: the recording holds no event")
    outside = event & ((x >= WIDTH) | (y >= HEIGHT))
    if outside.any():
        offset = _first_offset(outside)
        record = offset // RECORD_BYTES
        raise SNNError(
            f"{path}: byte {offset}: event at column {x[record]}, row {y[record]} "
            f"is outside the {WIDTH}x{HEIGHT} sensor"
        )
    time = time + OVERFLOW_MICROSECONDS * np.cumsum(overflow)
    positions = np.flatnonzero(event)
    time = time[positions]
    backward = np.flatnonzero(np.diff(time) < 0)
    if len(backward):
        index = int(backward[0])
        raise SNNError(
            f"{path}: byte {RECORD_BYTES * positions[index + 1]}: "
            f"the time goes back from {time[index]} to {time[index + 1]} microseconds"
        )
    return Events(x[positions], y[positions], records[positions, 2] >> 7, time)


def _check_bins(bins: int) -> None:
    if bins < 1:
        raise SNNError(f"the number of time bins must be 1 or more, not {bins}")


def bin_events(events: Events, bins: int, name: str) -> np.ndarray:
    """Return the events per time bin, polarity, row and column as uint8 (bins, 2, 34, 34).

    The time from the first to the last event is cut into `bins` equal parts: an event at time t
    falls into bin `min((t - first) * bins // max(1, last - first), bins - 1)`.

    Raises SNNError, naming the recording `name`, when it holds no event, a count is above 255 or
    `bins` is below one.
    """
    _check_bins(bins)
    if not len(events):
        raise SNNError(f"{name}: the recording holds no event")
    since_first = events.time - events.time[0]
    index = np.minimum(since_first * bins // max(1, since_first[-1]), bins - 1)
    shape = (bins, POLARITIES, HEIGHT, WIDTH)
    flat = np.ravel_multi_index((index, events.polarity, events.y, events.x), shape)
    counts = np.bincount(flat, minlength=int(np.prod(shape)))
    if counts.max() > _MAXIMUM_COUNT:
        where = np.unravel_index(int(counts.argmax()), shape)
        raise SNNError(
            f"{name}: {counts.max()} events in bin {where[0]} at polarity {where[1]}, row "
            f"{where[2]}, column {where[3]}; a frame holds up to {_MAXIMUM_COUNT}, "
            "use more time bins"
        )
    return counts.astype(np.uint8).reshape(shape)


def list_recordings(folder: str | Path) -> list[tuple[Path, int]]:
    """Return (file, label) of every `<label>/<number>.bin` in `folder`, by label, then name.

    Raises SNNError when there are none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SNNError(f"{folder}: no such folder")
    classes = sorted(
        (int(entry.name), entry)
        for entry in folder.iterdir()
        if entry.is_dir() and entry.name.isascii() and entry.name.isdecimal()
    )
    recordings = [(file, label) for label, entry in classes for file in sorted(entry.glob("*.bin"))]
    if not recordings:
        raise SNNError(
            f"{folder}: no recordings <label>/<number>.bin; "
            "give the folder that holds the class folders 0 to 9, for example Train"
        )
    return recordings


def dataset_of(
    recordings: Iterable[tuple[str, Events]], labels: np.ndarray, bins: int, name: str
) -> Dataset:
    """Return named recordings as the data set `name` with x uint8 (samples, bins, 2, 34, 34).

    Args:
        recordings: name and events of as many recordings as there are labels.
        labels: int64 (samples,).
        bins: number of time bins of every recording, see `bin_events`.
        name: what the data set is called.

    Raises SNNError as `bin_events` does, and when the frames do not fit in memory.
    """
    _check_bins(bins)
    try:
        x = np.empty((len(labels), bins, POLARITIES, HEIGHT, WIDTH), dtype=np.uint8)
    except (MemoryError, ValueError) as error:
        raise SNNError(
            f"{name}: {len(labels)} recordings in {bins} bins do not fit in memory; "
            "use fewer bins or a limit"
        ) from error
    silent = not sys.stderr.isatty()
    progress = tqdm(recordings, "recordings", len(labels), unit="recording", disable=silent)
    for position, (recording, events) in enumerate(progress):
        x[position] = bin_events(events, bins, recording)
    return Dataset(x, labels, name)


def load_nmnist(
    folder: str | Path, bins: int, limit: int | None = None, seed: int | None = None
) -> Dataset:
    """Return the recordings of `folder` as a data set with x uint8 (samples, bins, 2, 34, 34).

    Args:
        folder: holds one folder per class, named by its number.
        bins: number of time bins of every recording, see `bin_events`.
        limit: number of recordings to load, class-balanced as `balanced_subset` describes; None
            loads all.
        seed: the order is by label and name, or, with a seed, that order permuted by
            `numpy.random.default_rng(seed)`; `limit` chooses after the permutation.

    Only the chosen files are read. Raises SNNError as `read_recording` and `bin_events` do.
    """
    _check_bins(bins)
    recordings = list_recordings(folder)
    if seed is not None:
        order = np.random.default_rng(seed).permutation(len(recordings))
        recordings = [recordings[i] for i in order]
    labels = np.array([label for _, label in recordings], dtype=np.int64)
    chosen = balanced_subset(labels, limit)
    named = ((str(file), read_recording(file)) for file, _ in (recordings[i] for i in chosen))
    return dataset_of(named, labels[chosen], bins, f"nmnist:{folder}")
