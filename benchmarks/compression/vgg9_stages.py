# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The stages of the VGG9 benchmark, each cached in a folder, and the figures that they give."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from vgg9_data import Images, Splits, load_splits, normalised, poisson
from vgg9_network import (
    ANNTraining,
    ann_accuracy,
    balance_thresholds,
    build_ann,
    import_snn,
    train_ann,
    weights_of,
)
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.activity import measure_activity
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.files import network_of, read_network, write_network
from snnir.driver.pipelines import apply_pipeline
from snnir.executors.torch_executor import TorchExecutor
from snnir.layers.affine import AFFINE_OPS
from snnir.layers.counts import count_network, macs_of
from snnir.support.atomic import atomic_write
from snnir.support.diagnostics import DiagnosticEngine

Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What is done and how much of it.

    Attributes:
        width: of the layers, as a fraction of the reference's.
        retrain_epochs: for the network of the pruned sizes that is trained from nothing; 0: none.
        image_steps: training of a stage: samples times time steps of one epoch.
        validation_samples: of the training set, not trained on; all choices are made on them.
        calibration_samples: training images for thresholds and Hessians.
        component_samples: training images for principal components.
        variance: the pruned network that fine-tuning, fewer steps and bits continue with.
        final_steps: number of steps of the network that is quantised and tested with noise.
    """

    width: float = 0.25
    ann_epochs: int = 25
    retrain_epochs: int = 25
    timesteps: tuple[int, ...] = (100, 50, 25, 10, 5)
    test_samples: int = 1000
    validation_samples: int = 200
    calibration_samples: int = 64
    component_samples: int = 128
    image_steps: int = 24_000
    epochs: int = 1
    batch: int = 16
    learning_rate: float = 1e-3
    scales: tuple[float, ...] = (1.0, 0.7, 0.5, 0.35)
    variances: tuple[float, ...] = (0.999, 0.99, 0.95, 0.9)
    variance: float = 0.99
    final_steps: int = 10
    bits: tuple[int, ...] = (8, 7, 6, 5, 4, 3)
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

    def images(self, part: str, count: int) -> Images:
        """The first images of a part: `training`, `calibration` (the last of the training set),
        `validation` or `test`."""
        if part == "calibration":
            return self.splits.training.take(slice(-count, None))
        images: Images = getattr(self.splits, part)
        return images.take(slice(0, count))

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


def snn_row(
    bench: Bench, module: ModuleOp, part: str, count: int, noise: float = 0.0
) -> dict[str, Any]:
    """Accuracy, size and operations of a spiking network on the images of a part."""
    network = network_of(module)
    assert isinstance(network, snn.NetworkOp)
    steps, images = network.timesteps.value.data, bench.images(part, count)
    x = encode(images, steps, part, noise)
    activity = measure_activity(
        network, Dataset(x, images.y, part), device=bench.settings.device, progress=True
    )
    counts = count_network(network)
    rates = {name: layer.rate for name, layer in activity.layers.items()}
    hidden = list(rates.values())
    fed = [float(np.mean(x != 0)), *hidden][: len(affine_layers(network))]
    operations = sum(
        rate * steps * macs_of(op) for rate, op in zip(fed, affine_layers(network), strict=True)
    )
    return {
        "accuracy": activity.accuracy, "samples": len(images), "timesteps": steps,
        "parameters": counts.parameters, "macs": counts.macs, "operations": operations,
        "rates": fed, "channels": [shape_of(op.result.type)[0] for op in affine_layers(network)],
    }  # fmt: skip


def affine_layers(network: snn.NetworkOp) -> list[Any]:
    """Convolutions and the fully connected layer, in order."""
    return [op for op in network.body.block.ops if isinstance(op, AFFINE_OPS)]


def ann_stage(bench: Bench, name: str, widths: Sequence[int], epochs: int) -> list[torch.Tensor]:
    """Train an ordinary network; returns its weights."""
    settings = bench.settings
    path = bench.folder / f"{name}.pt"
    if not path.exists():
        log: list[float] = []
        ann: torch.nn.Sequential | None = None
        training = ANNTraining(epochs, seed=settings.seed)
        started, used = time.perf_counter(), time.process_time()
        for trained, loss in train_ann(widths, bench.splits.training, training, settings.device):
            ann = trained
            log.append(loss)
            print(f"{name}: epoch {len(log)}, loss {loss:.3f}", file=sys.stderr, flush=True)
        assert ann is not None
        layers = [weight.cpu() for weight in weights_of(ann)]
        state = {
            "weights": layers, "training": asdict(training), "losses": log,
            "seconds": time.perf_counter() - started,
            "processor_seconds": time.process_time() - used,
        }  # fmt: skip
        torch.save(state, path)
    state = torch.load(path, weights_only=True)
    weights: list[torch.Tensor] = state["weights"]

    def measure() -> Row:
        macs, parameters = ann_size(weights)
        row: Row = {
            "parameters": parameters, "macs": macs, "samples": settings.test_samples,
            "training_seconds": state["processor_seconds"], "channels": [len(w) for w in weights],
        }  # fmt: skip
        ann = ann_with(weights)
        validation = bench.splits.validation
        row["validation"] = ann_accuracy(ann, normalised(validation.x), validation.y)
        images = bench.images("test", settings.test_samples)
        for noise in settings.noise if name == "ann" else (0.0,):
            row[f"noise {noise:g}"] = ann_accuracy(ann, noisy(images, "test", noise), images.y)
        row["accuracy"] = row["noise 0"]
        return row

    bench.figure(name, measure)
    return weights


def ann_with(weights: list[torch.Tensor]) -> torch.nn.Sequential:
    """The ordinary network with given weights."""
    ann = build_ann([len(weight) for weight in weights[:-1]], 0.0).eval()
    layers = [layer for layer in ann if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)]
    for layer, weight in zip(layers, weights, strict=True):
        layer.weight.data.copy_(weight)
    return ann


def ann_size(weights: list[torch.Tensor]) -> tuple[int, int]:
    """Multiply-accumulates of one inference, positions in the padding included, and parameters."""
    network = network_of(import_snn(weights, [1.0] * (len(weights) - 1), 1, snn.InputKind.VALUES))
    assert isinstance(network, snn.NetworkOp)
    counts = count_network(network)
    return counts.macs, counts.parameters


def convert(bench: Bench, weights: list[torch.Tensor], name: str) -> ModuleOp:
    """A spiking network with balanced thresholds, all divided by what validation images choose.

    Thresholds are 1 and weights are divided by what would be thresholds, which is the same network.
    The last layer is divided so that its membranes spread as the ordinary network's scores do,
    which changes no decision, but what the cross-entropy makes of it.
    """
    settings, steps = bench.settings, bench.settings.timesteps[0]

    def scaled(thresholds: list[float], scale: float, unit: float = 1.0) -> ModuleOp:
        divisors = [scale * threshold for threshold in thresholds] + [unit]
        parts = [weight / divisor for weight, divisor in zip(weights, divisors, strict=True)]
        return import_snn(parts, [1.0] * len(thresholds), steps, snn.InputKind.VALUES)

    def choose() -> Row:
        images = bench.images("calibration", settings.calibration_samples)
        thresholds = balance_thresholds(weights, encode(images, steps, "calibration"))
        count = min(200, settings.validation_samples)
        scores = {
            scale: snn_row(bench, scaled(thresholds, scale), "validation", count)["accuracy"]
            for scale in settings.scales
        }
        best = max(scores, key=lambda scale: scores[scale])
        spikes = encode(images, steps, "calibration")
        membranes = TorchExecutor(network_of(scaled(thresholds, best))).run(spikes).scores
        logits = ann_with(weights)(torch.from_numpy(normalised(images.x))).detach().numpy()
        unit = float(np.std(membranes) / np.std(logits))
        return {
            "thresholds": thresholds, "scale": best, "unit": unit, "samples": count,
            "scores": {f"{scale:g}": score for scale, score in scores.items()},
        }  # fmt: skip

    row = bench.figure(f"{name}: thresholds", choose)
    return bench.network(name, lambda: scaled(row["thresholds"], row["scale"], row["unit"]))


def finetune(bench: Bench, module: ModuleOp, steps: int) -> ModuleOp:
    """A copy, trained at its number of steps by `snn-finetune`."""
    settings, result = bench.settings, module.clone()
    samples = settings.image_steps // steps
    bench.run(
        result,
        f'snn-finetune{{data="{bench.spikes("training", samples, steps)}" '
        f"epochs={settings.epochs} batch={settings.batch} surrogate=linear "
        f"learning-rate={settings.learning_rate!r} device={settings.device} seed={settings.seed}}}",
    )
    return result


def prune(bench: Bench, module: ModuleOp, variance: float, name: str) -> ModuleOp:
    """A copy without the channels that the principal components do not need."""
    settings = bench.settings
    file = bench.spikes("calibration", settings.component_samples, settings.timesteps[0])

    def make() -> ModuleOp:
        result = module.clone()
        bench.run(
            result,
            f'snn-prune-pca{{calibration="{file}" variance={variance!r} device={settings.device}}}',
        )
        return result

    return bench.network(name, make)


def reduce_steps(bench: Bench, module: ModuleOp, steps: int, *, train: bool) -> ModuleOp:
    """A copy at fewer steps by `snn-reduce-timesteps`, with or without training."""
    settings, result = bench.settings, module.clone()
    before = network_of(module).timesteps.value.data
    calibration = bench.spikes("validation", settings.validation_samples, before)
    options = f'calibration="{calibration}" timesteps={steps} input-code=rates'
    if train:
        samples = settings.image_steps // steps
        options += (
            f' finetune=true training="{bench.spikes("training", samples, before)}" '
            f"step-factor=0.01 epochs={settings.epochs} batch={settings.batch} surrogate=linear "
            f"learning-rate={settings.learning_rate!r} device={settings.device} "
            f"seed={settings.seed}"
        )
    bench.run(result, f"snn-reduce-timesteps{{{options}}}")
    return result
