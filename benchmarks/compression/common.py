# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the benchmarks of compression share: data, measurements and results that are continued.

Everything that takes long is kept in a folder (`--cache`), one file for each thing, so that a
benchmark that is stopped goes on where it was. A result is known by the names of what made it;
delete the folder after a change of the passes.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.activity import measure_activity
from snnir.data import Dataset, load_nmnist
from snnir.data.locations import shared_folder
from snnir.data.mnist import Split
from snnir.data.saccade_dataset import load_saccade
from snnir.driver.files import network_of

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "benchmarks" / "results"

CALIBRATION_IMAGES = (30000, 31000)
"""MNIST training images of the calibration recordings; no network here was trained on them."""

VALIDATION_IMAGES = (31000, 33000)
"""Those of the recordings on which options are chosen. No table shows them."""

TEST_IMAGES = (0, 2000)
"""MNIST test images of the simulated test recordings."""

SEED = 0
"""Of the simulation."""


@dataclass(frozen=True)
class Recordings:
    """N-MNIST recordings, real and simulated, in `timesteps` time bins; loaded when asked for."""

    timesteps: int
    cache: Path

    def calibration(self) -> Dataset:
        """1,000 simulated recordings of training images."""
        return self._simulated("calibration", "train", CALIBRATION_IMAGES)

    def validation(self) -> Dataset:
        """2,000 simulated recordings of other training images."""
        return self._simulated("validation", "train", VALIDATION_IMAGES)

    def simulated_test(self) -> Dataset:
        """2,000 simulated recordings of test images."""
        return self._simulated("test", "test", TEST_IMAGES)

    def test_images(self, start: int, stop: int) -> Dataset:
        """Simulated recordings of other test images, which are not kept."""
        folder = require_shared() / "data" / "mnist"
        return load_saccade(folder, "test", self.timesteps, (start, stop), seed=SEED)

    def real_test(self) -> Dataset:
        """The real recordings."""
        return load_nmnist(require_shared() / "data" / "NMNIST" / "Train", self.timesteps)

    def _simulated(self, name: str, split: Split, images: tuple[int, int]) -> Dataset:
        def simulate() -> dict[str, NDArray]:
            folder = require_shared() / "data" / "mnist"
            data = load_saccade(folder, split, self.timesteps, images, seed=SEED)
            return {"x": data.x, "y": data.labels()}

        arrays = cached_arrays(self.cache / f"recordings_{name}_{self.timesteps}.npz", simulate)
        return Dataset(arrays["x"], arrays["y"], f"simulated {name} recordings")


def require_shared() -> Path:
    """The folder with networks and recordings; ends the program with a message without it."""
    shared = shared_folder()
    if shared is None:
        sys.exit("the folder with networks and recordings is missing; set SNNIR_SHARED")
    return shared


def cached_arrays(path: Path, compute: Callable[[], Mapping[str, NDArray]]) -> dict[str, NDArray]:
    """The arrays in a `.npz` file, which is written first where it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (FileNotFoundError, zipfile.BadZipFile, ValueError, EOFError):
        arrays = dict(compute())
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(path)
    return arrays


class Records:
    """Results by name, each in a file of its own, so that several programs can add to them."""

    def __init__(self, folder: Path):
        self._folder = folder

    def known(self, name: str) -> Any | None:
        """The result called `name`, or None."""
        try:
            return json.loads(self._path(name).read_text())
        except FileNotFoundError:
            return None

    def get(self, name: str, compute: Callable[[], Any]) -> Any:
        """The result called `name`: the known one, or what `compute` returns (JSON, not None)."""
        result = self.known(name)
        if result is None:
            result = compute()
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(result))
            partial.replace(path)
        return result

    def _path(self, name: str) -> Path:
        return self._folder / f"{re.sub('[^A-Za-z0-9.]+', '_', name)}.json"


@dataclass(frozen=True, eq=False)
class Measured:
    """What a network does on several data sets.

    Attributes:
        decisions: int64, the classes it decided for, all data sets one after the other.
        right: correct decisions of each data set.
        rates: mean firing rate of each layer over all data.
    """

    decisions: NDArray[np.int64]
    right: list[int]
    rates: list[float]


def measure(module: ModuleOp, data: Dataset, sizes: Sequence[int]) -> Measured:
    """Execute a network (float32, PyTorch) on data sets of `sizes` that are one after the other."""
    activity = measure_activity(network_of(module), data)
    correct = activity.labels == data.labels()
    parts = np.split(correct, np.cumsum(sizes)[:-1])
    rates = [layer.rate for layer in activity.layers.values()]
    return Measured(activity.labels, [int(part.sum()) for part in parts], rates)


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Data sets one after the other."""
    x, y = np.concatenate([part.x for part in parts]), [part.labels() for part in parts]
    return Dataset(x, np.concatenate(y), ", ".join(part.name for part in parts))


def uncertainty(accuracy: float, samples: int) -> float:
    """One standard deviation of an accuracy measured on so many samples, in points."""
    return 100 * (accuracy * (1 - accuracy) / samples) ** 0.5


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def write_csv(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """A CSV file with the columns of the first record; its folder is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(records[0]))
        writer.writeheader()
        writer.writerows(records)


def log(text: object) -> None:
    """Say how far the benchmark has come."""
    print(text, file=sys.stderr, flush=True)
