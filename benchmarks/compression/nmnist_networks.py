# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the benchmarks of the convolutional N-MNIST network share: data and networks.

The network is that of arXiv 2511.12136 with the weights that its authors published: 12C5-MP2-LIF-
32C5-MP2-LIF-FC10, 300 time bins. Its data:

* real recordings, ordered by class and name: every other one for calibration and validation, the
  rest for the test;
* simulated recordings (`snnir.data.saccade`) of MNIST training images from index 1000 on, for
  training (the real recordings are those of images 0 to 999), and of MNIST test images.

Networks that take long to make, and the events of the simulation, are kept in `build/nmnist/`;
delete that folder to make them anew.
"""

import gzip
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from common import REPOSITORY, cached_arrays, log, require_shared
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset, load_nmnist
from snnir.data.nmnist import Events
from snnir.data.saccade import simulate
from snnir.dialects import snn
from snnir.driver.files import network_of, read_network, write_network
from snnir.driver.pipelines import apply_pipeline
from snnir.executors.torch_executor import TorchExecutor
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch

CACHE = REPOSITORY / "build" / "nmnist"
TIMESTEPS = 300
INPUT_SHAPE = (2, 34, 34)
PIXELS = int(np.prod(INPUT_SHAPE))
FIRST_TRAINING_IMAGE = 1000
SIMULATED_SAMPLES, SIMULATED_TEST_SAMPLES = 11_000, 500
SEEDS = {"train": 1, "t10k": 2}
DENSE = "dense_300"

Split = Literal["train", "t10k"]


# Data


@cache
def real_recordings(bins: int) -> tuple[Dataset, Dataset]:
    """Calibration half and test half of the real recordings, uint8 (350, bins, 2, 34, 34)."""
    data = load_nmnist(require_shared() / "data" / "NMNIST" / "Train", bins)
    calibration, test = (
        Dataset(data.x[first::2], data.labels()[first::2], f"{name} half of {data.name}")
        for first, name in ((0, "calibration"), (1, "test"))
    )
    return calibration, test


def calibration_file(bins: int) -> Path:
    """The calibration half as a file that pass options can name."""
    path = CACHE / f"calibration_{bins}.npz"
    if not path.exists():
        data = real_recordings(bins)[0]
        cached_arrays(path, lambda: {"x": data.x, "y": data.labels()})
    return path


def simulated(split: Split, bins: int, samples: int, first: int = 0) -> Dataset:
    """Simulated recordings from the one at `first` on, uint8 (samples, bins, 2, 34, 34).

    They are in the order of the images.
    """
    events = _simulated_events(split)
    x = np.zeros((samples, bins * PIXELS), np.uint8)
    for sample in range(samples):
        part = slice(events["offsets"][first + sample], events["offsets"][first + sample + 1])
        time = events["time"][part].astype(np.int64)
        # As `snnir.data.nmnist.bin_events`.
        index = np.minimum(time * bins // max(1, int(time[-1])), bins - 1)
        flat = index * PIXELS + events["element"][part]
        x[sample] = np.bincount(flat, minlength=bins * PIXELS)
    labels = events["labels"][first : first + samples]
    return Dataset(x.reshape(samples, bins, *INPUT_SHAPE), labels, f"simulated {split}")


@cache
def _simulated_events(split: Split) -> dict[str, NDArray]:
    """Events of the simulated recordings of one split of MNIST, one after the other.

    `element`: index into (2, 34, 34); `time`: microseconds from the first event; `offsets` of the
    recordings; `labels` int64.
    """

    def record() -> dict[str, NDArray]:
        first = FIRST_TRAINING_IMAGE if split == "train" else 0
        count = SIMULATED_SAMPLES if split == "train" else SIMULATED_TEST_SAMPLES
        positions = np.arange(first, first + count)
        images = _idx(f"{split}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
        recordings = list(simulate(images, positions, SEEDS[split]))
        return {
            "element": np.concatenate([_elements(events) for events in recordings]),
            "time": np.concatenate([e.time - e.time[0] for e in recordings]).astype(np.uint32),
            "offsets": np.cumsum([0, *map(len, recordings)]),
            "labels": _idx(f"{split}-labels-idx1-ubyte.gz", 8)[positions].astype(np.int64),
        }

    return cached_arrays(CACHE / f"simulated_{split}.npz", record)


def _elements(events: Events) -> NDArray[np.uint16]:
    place = (events.polarity, events.y, events.x)
    return np.ravel_multi_index(place, INPUT_SHAPE).astype(np.uint16)


def _idx(name: str, header: int) -> NDArray[np.uint8]:
    """The values of a file of MNIST, flat."""
    content = gzip.decompress((require_shared() / "data" / "mnist" / name).read_bytes())
    return np.frombuffer(content, np.uint8, offset=header)


# Networks


def dense_network(steps: int = TIMESTEPS) -> ModuleOp:
    """The network as published; with other steps than 300 it is the same in longer bins."""
    folder = require_shared() / "models" / "nmnist_scnn"
    module = load_module(f"{folder / 'model.py'}:build", folder / "weights.pt")
    return from_snntorch(module, torch.zeros(1, *INPUT_SHAPE), steps, name="nmnist_scnn")


def snn_network(module: ModuleOp) -> snn.NetworkOp:
    """The network of a module, which must be at the level of real numbers."""
    network = network_of(module)
    assert isinstance(network, snn.NetworkOp)
    return network


def cached(name: str, make: Callable[[], ModuleOp]) -> ModuleOp:
    """The network of that name, made only where it is not there yet."""
    path = CACHE / f"{name}.mlir"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        log(f"making {name}")
        write_network(make(), path)
    return read_network(path)


def passed(module: ModuleOp, pipeline: str) -> ModuleOp:
    """A copy of a module with a pipeline run on it."""
    changed = module.clone()
    apply_pipeline(changed, pipeline)
    return changed


def as_presented(module: ModuleOp, data: Dataset) -> Dataset:
    """Recordings as the network takes them: counts, or 1 where there was any event."""
    if network_of(module).input.data is not snn.InputKind.BINARY_FRAMES:
        return data
    return Dataset(np.minimum(data.x, 1), data.y, data.name)


# Measurements


def accuracy(module: ModuleOp, data: Dataset) -> float:
    """Accuracy in real numbers."""
    labels = TorchExecutor(network_of(module)).run(as_presented(module, data).x).labels
    return float(np.mean(labels == data.labels()))
