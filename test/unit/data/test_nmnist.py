# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnir.data import Events, bin_events, list_recordings, load_nmnist, read_recording
from snnir.data.locations import shared_folder
from snnir.support.diagnostics import SNNError

Record = tuple[int, int, int, int]
"""Column, row, polarity and time in microseconds."""

OVERFLOW = 2**13


def encode(records: list[Record]) -> bytes:
    """Return the 5-byte records, as they are: markers and times included."""
    return b"".join(bytes((x, y)) + (p << 23 | t).to_bytes(3, "big") for x, y, p, t in records)


def encode_with_markers(records: list[Record]) -> bytes:
    """Return the records as a sensor with a 13-bit clock writes them: a marker whenever it runs
    over."""
    raw: list[Record] = []
    periods = 0
    for x, y, p, t in records:
        while t // OVERFLOW > periods:
            raw.append((0, 240, 0, 0))
            periods += 1
        raw.append((x, y, p, t % OVERFLOW))
    return encode(raw)


def decode(tmp_path: Path, raw: bytes) -> Events:
    path = tmp_path / "00001.bin"
    path.write_bytes(raw)
    return read_recording(path)


def records_of(events: Events) -> list[Record]:
    columns = (events.x, events.y, events.polarity, events.time)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def recordings(latest: int) -> st.SearchStrategy[list[Record]]:
    event = st.tuples(
        st.integers(0, 33), st.integers(0, 33), st.integers(0, 1), st.integers(0, latest)
    )
    return st.lists(event, min_size=1, max_size=40).map(lambda r: sorted(r, key=lambda e: e[3]))


@given(recordings(2**23 - 1))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, records: list[Record]):
    assert records_of(decode(tmp_path_factory.mktemp("raw"), encode(records))) == records


@given(recordings(20 * OVERFLOW))
def test_round_trip_with_markers(tmp_path_factory: pytest.TempPathFactory, records: list[Record]):
    raw = encode_with_markers(records)
    assert records_of(decode(tmp_path_factory.mktemp("raw"), raw)) == records


@given(recordings(400_000), st.integers(1, 50))
def test_bins_follow_the_definition(records: list[Record], bins: int):
    events = Events(*np.array(records, dtype=np.int64).T)
    expected = np.zeros((bins, 2, 34, 34), dtype=np.uint8)
    first, last = records[0][3], records[-1][3]
    for x, y, p, t in records:
        expected[min((t - first) * bins // max(1, last - first), bins - 1), p, y, x] += 1
    frames = bin_events(events, bins, "synthetic")
    assert frames.dtype == np.uint8
    assert np.array_equal(frames, expected)


def test_all_events_at_once(tmp_path: Path):
    events = decode(tmp_path, encode([(1, 2, 1, 500)] * 3))
    frames = bin_events(events, 4, "synthetic")
    assert frames[0, 1, 2, 1] == 3
    assert frames.sum() == 3


def test_count_above_255(tmp_path: Path):
    events = decode(tmp_path, encode([(3, 5, 0, 10)] * 256))
    message = r"some\.bin: 256 events in bin 0 at polarity 0, row 5, column 3"
    with pytest.raises(SNNError, match=message):
        bin_events(events, 1, "some.bin")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "byte 0: the recording holds no event"),
        (encode([(0, 240, 0, 0)]), "byte 5: the recording holds no event"),
        (encode([(0, 0, 0, 1)]) + b"\0\0", "byte 5: the last record is cut short; 7 bytes"),
        (encode([(0, 0, 0, 1), (34, 0, 0, 1)]), "byte 5: event at column 34, row 0"),
        (
            encode([(0, 0, 0, 1), (0, 240, 0, 1), (9, 34, 0, 1)]),
            "byte 10: event at column 9, row 34",
        ),
        (encode([(0, 0, 0, 5), (0, 240, 0, 5), (0, 0, 0, 4)]), None),
        (
            encode([(0, 0, 0, 5), (0, 0, 0, 5), (0, 0, 0, 4)]),
            "byte 10: the time goes back from 5 to 4",
        ),
        (
            encode([(0, 240, 0, 0), (0, 0, 0, 9), (0, 0, 0, 1)]),
            "byte 10: the time goes back from 8201 to 8193",
        ),
    ],
)
def test_damaged(tmp_path: Path, raw: bytes, message: str | None):
    if message is None:
        assert decode(tmp_path, raw).time.tolist() == [5, 4 + OVERFLOW]
        return
    with pytest.raises(SNNError, match=f"00001.bin: {message}"):
        decode(tmp_path, raw)


def test_absent(tmp_path: Path):
    with pytest.raises(SNNError, match="no such file"):
        read_recording(tmp_path / "00001.bin")
    with pytest.raises(SNNError, match="cannot be read"):
        read_recording(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes with four recordings each; the column of the only ON event tells them apart."""
    for label in (0, 2, 10):
        (tmp_path / str(label)).mkdir()
        for number in range(4):
            records = [(label, number, 1, 0), (0, 0, 0, 100)]
            (tmp_path / str(label) / f"{number:05}.bin").write_bytes(encode(records))
    (tmp_path / "readme").mkdir()
    return tmp_path


def test_order(folder: Path):
    data = load_nmnist(folder, 2)
    assert data.x.shape == (12, 2, 2, 34, 34)
    assert data.x.dtype == np.uint8
    assert data.labels().tolist() == [0] * 4 + [2] * 4 + [10] * 4
    _, rows, columns = np.nonzero(data.x[:, 0, 1])
    assert columns.tolist() == data.labels().tolist()
    assert rows.tolist() == [0, 1, 2, 3] * 3


def test_seed_permutes(folder: Path):
    plain, permuted = load_nmnist(folder, 2), load_nmnist(folder, 2, seed=3)
    order = np.random.default_rng(3).permutation(12)
    assert np.array_equal(permuted.x, plain.x[order])
    assert np.array_equal(permuted.labels(), plain.labels()[order])


def test_limit_is_balanced(folder: Path):
    data = load_nmnist(folder, 2, limit=6)
    assert data.labels().tolist() == [0, 0, 2, 2, 10, 10]
    assert np.array_equal(data.x, load_nmnist(folder, 2).take(6).x)


def test_only_chosen_files_are_read(folder: Path):
    (folder / "0" / "00003.bin").write_bytes(b"damaged")
    assert len(load_nmnist(folder, 2, limit=3)) == 3
    with pytest.raises(SNNError, match=r"00003\.bin: byte 5"):
        load_nmnist(folder, 2)


def test_refuses(folder: Path, tmp_path: Path):
    with pytest.raises(SNNError, match="no such folder"):
        load_nmnist(tmp_path / "absent", 2)
    with pytest.raises(SNNError, match="class folders 0 to 9"):
        load_nmnist(folder / "0", 2)
    with pytest.raises(SNNError, match="number of time bins must be 1 or more, not 0"):
        load_nmnist(folder, 0)


def test_real_recordings():
    shared = shared_folder()
    train = None if shared is None else shared / "data" / "NMNIST" / "Train"
    if train is None or not train.is_dir():
        pytest.skip("no N-MNIST recordings: set SNNIR_SHARED to the folder that holds data/NMNIST")
    files = list_recordings(train)
    data = load_nmnist(train, 100, limit=20)
    assert np.bincount(data.labels()).tolist() == [2] * 10
    first = dict((label, file) for file, label in reversed(files))
    for label, file in first.items():
        events = read_recording(file)
        frames = data.x[data.labels() == label][0]
        assert frames.sum() == len(events)
        # A recording takes about 300 milliseconds (Orchard et al. 2015).
        assert 250_000 < events.time[-1] < 350_000
