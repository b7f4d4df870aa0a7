# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings of the VGG9 benchmark, and the folder that keeps what was computed."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vgg9_data import Images, Splits, load_splits, normalised, poisson
from xdsl.dialects.builtin import ModuleOp

from snnir.driver.files import read_network, write_network
from snnir.driver.pipelines import apply_pipeline
from snnir.support.atomic import atomic_write
from snnir.support.diagnostics import DiagnosticEngine

Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What is done and how much of it.

    Attributes:
        width: of the layers, as a fraction of the reference's.
        ann_epochs: of every ordinary network, those of the pruned sizes too.
        small_decay: weight decay of those; the reference's.
        choice_steps: a choice is made on `validation_samples` images of the training set, which
            are not trained on, or on fewer if these times the time steps are more than this.
        calibration_samples: training images for thresholds and Hessians.
        component_samples: training images for principal components.
        image_steps: training of a stage: samples times time steps of one epoch.
        longer: one more network of `variance` is trained at `final_steps`, on so many times more
            images; 0: none.
        longest: that network is trained on with `snn-finetune`, on all training images more than
            once, until it has seen so many times more images in all; 0: it is not.
        learning_rates: of the training of spiking networks, to choose from.
        scales: of all balanced thresholds, to choose from.
        variances: of `snn-prune-pca`.
        retrained: those whose sizes get a network that is trained from nothing.
        variance: of the networks that are quantised, tested with noise, taught and fine-tuned.
        teacher_weight: of the dense ANN's scores in the loss of one more network; 0: no such.
        tuned_pruning: 1: fine-tune the network that `snn-prune-pca` leaves, as a comparison.
        final_steps: number of steps of the network that is quantised and tested with noise.
        ratios: how many times fewer weights that are not zero passes are composed for.
        composed: variances of the networks from nothing that lose weights as well as the network
            of all channels; of `retrained`.
        composed_steps: to what steps they are trained.
        retrain_epochs, retrain_rate: of ANNs whose zeros are kept.
        rates_epochs, rates_rate, rates_batch: of `snn-finetune-rates`, which trains on all images.
        lean_steps, lean_epochs: one more number of steps, trained by rates for so long from the
            second of `composed_steps`, of the network of all channels; it was chosen by the
            operations at those, to need an eighth of the dense ANN's energy. 0: none.
        direct_steps: of networks that get the image itself.
        direct_other_steps: of the same network once it is trained.
        direct_scales: of its thresholds, to choose from.
        direct_calibration, direct_validation: images for its thresholds and Hessians, and for the
            comparison of epochs.
        direct_factor: how many times less energy than the dense ANN it needs at `direct_steps`,
            by weights that become zero.
        direct_zeros_samples, direct_exchanges: validation images for the choice of these, and how
            many combinations of layers are tried.
        direct_rate, direct_epochs: of its training by rates.
        direct_tuned_epochs, direct_tuned_rate, direct_tuned_batch: of that through time, at
            `direct_steps`.
    """

    width: float = 0.25
    ann_epochs: int = 40
    small_decay: float = 1e-4
    timesteps: tuple[int, ...] = (100, 30, 10, 5)
    test_samples: int = 1000
    validation_samples: int = 1000
    choice_steps: int = 50_000
    calibration_samples: int = 64
    component_samples: int = 128
    image_steps: int = 60_000
    longer: int = 5
    longest: int = 0
    epochs: int = 1
    batch: int = 16
    learning_rates: tuple[float, ...] = (1e-3, 5e-4, 2.5e-4)
    scales: tuple[float, ...] = (1.0, 0.7, 0.5)
    variances: tuple[float, ...] = (0.999, 0.99, 0.95, 0.9)
    retrained: tuple[float, ...] = (0.95, 0.99, 0.9)
    variance: float = 0.95
    teacher_weight: float = 0.9
    tuned_pruning: int = 1
    final_steps: int = 10
    ratios: tuple[float, ...] = (10.0, 14.0)
    composed: tuple[float, ...] = (0.99,)
    composed_steps: tuple[int, ...] = (100, 30, 10)
    retrain_epochs: int = 6
    retrain_rate: float = 0.03
    rates_epochs: int = 6
    rates_rate: float = 1e-3
    rates_batch: int = 128
    lean_steps: int = 22
    lean_epochs: int = 3
    direct_steps: int = 10
    direct_other_steps: tuple[int, ...] = (14,)
    direct_scales: tuple[float, ...] = (1.0, 0.85, 0.7, 0.5)
    direct_calibration: int = 256
    direct_validation: int = 2500
    direct_factor: float = 14.0
    direct_zeros_samples: int = 500
    direct_exchanges: int = 16
    direct_rate: float = 2e-3
    direct_epochs: int = 8
    direct_tuned_epochs: int = 1
    direct_tuned_rate: float = 5e-4
    direct_tuned_batch: int = 64
    bits: tuple[int, ...] = (8, 6, 5, 4, 3)
    noise: tuple[float, ...] = (0.0, 0.1, 0.2, 0.4)
    device: str = "cpu"
    seed: int = 1

    def command(self) -> str:
        """The command that makes these figures."""
        words = ["python benchmarks/compression/vgg9.py"]
        for each in fields(self):
            value = getattr(self, each.name)
            if value != each.default:
                values = value if isinstance(value, tuple) else (value,)
                words += ["--" + each.name.replace("_", "-"), *(f"{v}" for v in values)]
        return " ".join(words)


@dataclass
class Bench:
    """Images, settings, and what was computed before.

    Figures are in `figures.json`, networks in `.mlir` files; what is there is not computed again.
    """

    shared: Path
    folder: Path
    settings: Settings
    report: Callable[["Bench"], None]

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "figures.json"
        self.remarks: list[str] = []
        self.figures: dict[str, Row] = json.loads(path.read_text()) if path.exists() else {}

    @cached_property
    def splits(self) -> Splits:
        """The images, decoded when they are needed."""
        return load_splits(self.shared, self.folder.parent, self.settings.test_samples)

    def figure(self, key: str, compute: Callable[[], Mapping[str, Any]]) -> Row:
        """A row of figures, computed unless it was before; `seconds` is added to it."""
        if key not in self.figures:
            started, used = time.perf_counter(), time.process_time()
            row = dict(compute())
            row["seconds"] = time.perf_counter() - started
            row["processor_seconds"] = time.process_time() - used
            self.figures[key] = row
            with atomic_write(self.folder / "figures.json") as stream:
                json.dump(self.figures, stream, indent=1)
            print(f"{key}: {row}", file=sys.stderr, flush=True)
            self.report(self)
        return self.figures[key]

    def network(self, name: str, make: Callable[[], ModuleOp]) -> ModuleOp:
        """A network, made unless it was before."""
        path = self.folder / f"{name}.mlir"

        def write() -> Row:
            remarks: list[str] = []
            self.remarks = remarks
            write_network(make(), path)
            return {"remarks": remarks}

        if not path.exists():
            self.figures.pop(f"making {name}", None)
        self.figure(f"making {name}", write)
        return read_network(path)

    def spikes(self, part: str, count: int, timesteps: int) -> Path:
        """A file with Poisson spikes of the first `count` images of a part, as passes take them."""
        path = self.folder / f"{part}_{count}_{timesteps}.npz"
        if not path.exists():
            images = self.images(part, count)
            with atomic_write(path, binary=True) as stream:
                np.savez(stream, x=encode(images, timesteps, part), y=images.y)
        return path

    def pixels(self, part: str = "training", count: int | None = None) -> Path:
        """A file with images as the means of their Poisson spikes, pixels of -1 to 1.

        Half precision says pixels of 8 bits to a twentieth of their unit.

        Args:
            count: so many of the part; all by default.
        """
        name = f"{part}_pixels" if count is None else f"{part}_{count}_pixels"
        path = self.folder / f"{name}.npz"
        if not path.exists():
            images = getattr(self.splits, part) if count is None else self.images(part, count)
            with atomic_write(path, binary=True) as stream:
                np.savez(stream, x=normalised(images.x).astype(np.float16), y=images.y)
        return path

    def images(self, part: str, count: int) -> Images:
        """The first images of a part: `training`, `calibration` (the last of the training set),
        `validation`, `test` or `whole_test`."""
        if part == "calibration":
            return self.splits.training.take(slice(-count, None))
        images: Images = getattr(self.splits, part)
        return images.take(slice(0, count))

    def choice_samples(self, steps: int) -> int:
        """How many validation images a choice at a number of time steps is made on."""
        return min(self.settings.validation_samples, self.settings.choice_steps // steps)

    def run(self, module: ModuleOp, pipeline: str) -> None:
        """Run a pipeline on a network; what it remarks is kept with the network's figures."""
        with DiagnosticEngine() as engine:
            apply_pipeline(module, pipeline)
        self.remarks += [remark.message for remark in engine.remarks]


SEEDS = {"training": 11, "calibration": 12, "validation": 13, "test": 14}


def encode(images: Images, timesteps: int, part: str, noise: float = 0.0) -> NDArray[np.int8]:
    """Poisson spikes of images; Gaussian noise of that standard deviation on pixels of -1 to 1."""
    return poisson(noisy(images, part, noise), timesteps, SEEDS[part])


def noisy(images: Images, part: str, noise: float) -> NDArray[np.float32]:
    """Normalised pixels with Gaussian noise."""
    x = normalised(images.x)
    if noise:
        rng = np.random.default_rng(SEEDS[part] + 100)
        x += rng.normal(0, noise, x.shape).astype(np.float32)
    return x
