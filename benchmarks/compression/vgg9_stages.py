# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The stages of the VGG9 benchmark, each cached by its bench, and the figures that they give."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from vgg9_bench import Bench, Row, Settings, encode, noisy
from vgg9_data import normalised
from vgg9_energy import affine_layers
from vgg9_network import (
    ANNTraining,
    ann_accuracy,
    balance_thresholds,
    build_ann,
    import_snn,
    set_weights,
    train_ann,
    weights_of,
)
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.activity import measure_activity
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.files import network_of
from snnir.executors.torch_executor import TorchExecutor
from snnir.layers.compressible import compressible_layers
from snnir.layers.counts import count_network, macs_of
from snnir.support.arrays import array_from_dense


def snn_row(
    bench: Bench, module: ModuleOp, part: str, count: int, noise: float = 0.0
) -> dict[str, Any]:
    """Accuracy, size and operations of a spiking network on the images of a part.

    Operations are those with weights that are not zero.
    """
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
    weights = weights_in(network)
    operations = sum(
        rate * steps * macs_of(op) * float((weight != 0).float().mean())
        for rate, op, weight in zip(fed, affine_layers(network), weights, strict=True)
    )
    return {
        "accuracy": activity.accuracy, "samples": len(images), "timesteps": steps,
        "parameters": counts.parameters, **storage(weights), "macs": counts.macs,
        "operations": operations,
        "rates": fed, "channels": [shape_of(op.result.type)[0] for op in affine_layers(network)],
    }  # fmt: skip


def weights_in(module: ModuleOp | snn.NetworkOp) -> list[torch.Tensor]:
    """The weights of the convolutions and of the fully connected layer, in order."""
    network = network_of(module) if isinstance(module, ModuleOp) else module
    layers = compressible_layers(network)
    owners = [layer.op.weight.owner for layer in layers]
    return [
        torch.from_numpy(array_from_dense(owner.value).copy())
        for owner in owners
        if isinstance(owner, snn.WeightOp)
    ]


def storage(weights: Sequence[torch.Tensor]) -> dict[str, int]:
    """Weights that are not zero, and bytes of all at 8 bits in two forms that leave zeros out.

    `listed` is that of `snnrt.linear_scatter_sparse`: a byte for a weight, one for its output, and
    two for where the list of each input starts. `mapped` has a bit for each weight instead.
    """
    nonzero = sum(int((weight != 0).sum()) for weight in weights)
    starts = sum(weight[0].numel() + 1 for weight in weights)
    bits = sum(weight.numel() for weight in weights)
    return {"nonzero": nonzero, "listed": 2 * nonzero + 2 * starts, "mapped": nonzero + bits // 8}


def ann_stage(
    bench: Bench, name: str, training: ANNTraining, widths: Sequence[int],
    teacher: Sequence[torch.Tensor] | None = None, start: Sequence[torch.Tensor] | None = None,
) -> list[torch.Tensor]:  # fmt: skip
    """Train an ordinary network; returns its weights.

    Args:
        teacher: weights of a network whose scores are learnt as well.
        start: weights to go on from, whose zeros stay zero.
    """
    path, device = bench.folder / f"{name}.pt", bench.settings.device
    if not path.exists():
        log: list[float] = []
        ann: torch.nn.Sequential | None = None
        taught_by = None if teacher is None else ann_with(teacher).to(device)
        started, used = time.perf_counter(), time.process_time()
        for trained, loss in train_ann(
            widths, bench.splits.training, training, device, taught_by, start
        ):  # fmt: skip
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
    bench.figure(name, lambda: ann_row(bench, weights, state["processor_seconds"]))
    return weights


def ann_row(bench: Bench, weights: list[torch.Tensor], training_seconds: float) -> Row:
    """Accuracies of an ordinary network; those on all test images are of no noise."""
    settings, splits = bench.settings, bench.splits
    macs, parameters = ann_size(weights)
    row: Row = {
        "parameters": parameters, **storage(weights), "macs": macs,
        "samples": settings.test_samples,
        "training_seconds": training_seconds, "channels": [len(w) for w in weights],
    }  # fmt: skip
    ann = ann_with(weights).to(settings.device)
    for part, images in (("validation", splits.validation), ("whole_test", splits.whole_test)):
        row[part] = ann_accuracy(ann, normalised(images.x), images.y)
    for noise in settings.noise:
        row[f"noise {noise:g}"] = ann_accuracy(
            ann, noisy(splits.test, "test", noise), splits.test.y
        )
    row["accuracy"] = ann_accuracy(ann, normalised(splits.test.x), splits.test.y)
    return row


def ann_with(weights: Sequence[torch.Tensor]) -> torch.nn.Sequential:
    """The ordinary network with given weights."""
    ann = build_ann([len(weight) for weight in weights[:-1]], 0.0).eval()
    set_weights(ann, weights)
    return ann


def ann_size(weights: list[torch.Tensor]) -> tuple[int, int]:
    """Multiply-accumulates of one inference, positions in the padding included, and parameters."""
    network = network_of(import_snn(weights, [1.0] * (len(weights) - 1), 1, snn.InputKind.VALUES))
    assert isinstance(network, snn.NetworkOp)
    counts = count_network(network)
    return counts.macs, counts.parameters


def convert(bench: Bench, weights: list[torch.Tensor], name: str) -> ModuleOp:
    """A spiking network with balanced thresholds, all times what does best on validation images.

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
        spikes = encode(images, steps, "calibration")
        thresholds = balance_thresholds(weights, spikes, settings.device)
        count = bench.choice_samples(steps)
        chosen = bench.images("validation", count)
        x = encode(chosen, steps, "validation")

        def accuracy(scale: float) -> float:
            network = network_of(scaled(thresholds, scale))
            labels = TorchExecutor(network, settings.device).run(x, progress=True).labels
            return float((labels == chosen.y).mean())

        scores = {scale: accuracy(scale) for scale in settings.scales}
        best = max(scores, key=lambda scale: scores[scale])
        network = network_of(scaled(thresholds, best))
        membranes = TorchExecutor(network, settings.device).run(spikes).scores
        with torch.no_grad():
            logits = ann_with(weights)(torch.from_numpy(normalised(images.x))).numpy()
        unit = float(np.std(membranes) / np.std(logits))
        return {
            "thresholds": thresholds, "scale": best, "unit": unit, "samples": count,
            "scores": {f"{scale:g}": score for scale, score in scores.items()},
        }  # fmt: skip

    row = bench.figure(f"{name}: thresholds", choose)
    return bench.network(name, lambda: scaled(row["thresholds"], row["scale"], row["unit"]))


def finetune(
    bench: Bench,
    module: ModuleOp,
    steps: int,
    learning_rate: float,
    samples: int,
    epochs: int | None = None,
) -> ModuleOp:
    """A copy, trained at its number of steps by `snn-finetune`.

    Args:
        epochs: those of the settings by default.
    """
    settings, result = bench.settings, module.clone()
    bench.run(
        result,
        f'snn-finetune{{data="{bench.spikes("training", samples, steps)}" '
        f"epochs={epochs or settings.epochs} batch={settings.batch} surrogate=linear "
        f"learning-rate={learning_rate!r} device={settings.device} seed={settings.seed}}}",
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


def reduce_steps(
    bench: Bench, module: ModuleOp, steps: int, learning_rate: float | None, factor: int = 1
) -> ModuleOp:
    """A copy at fewer steps by `snn-reduce-timesteps`, trained if there is a learning rate.

    Args:
        factor: trained on so many times more images than other networks.
    """
    settings, result = bench.settings, module.clone()
    before = network_of(module).timesteps.value.data
    calibration = bench.spikes("validation", bench.choice_samples(before), before)
    options = (
        f'calibration="{calibration}" timesteps={steps} input-code=rates device={settings.device}'
    )
    if learning_rate is not None:
        samples = factor * settings.image_steps // steps
        options += (
            f' finetune=true training="{bench.spikes("training", samples, before)}" '
            f"step-factor=0.01 epochs={settings.epochs} batch={settings.batch} surrogate=linear "
            f"learning-rate={learning_rate!r} seed={settings.seed}"
        )
    bench.run(result, f"snn-reduce-timesteps{{{options}}}")
    return result


def measured(bench: Bench, key: str, module: ModuleOp, noise: float = 0.0) -> Row:
    """The row of a spiking network on the test images."""
    count = bench.settings.test_samples
    return bench.figure(key, lambda: snn_row(bench, module, "test", count, noise))


def validated(bench: Bench, key: str, module: ModuleOp) -> Row:
    """The row of a spiking network at all steps on validation images."""
    count = bench.choice_samples(bench.settings.timesteps[0])
    return bench.figure(f"validation {key}", lambda: snn_row(bench, module, "validation", count))


def small_training(settings: Settings) -> ANNTraining:
    """How networks of the pruned sizes are trained: less regularised than the dense one."""
    return ANNTraining(
        settings.ann_epochs, weight_decay=settings.small_decay, dropout=0.0, seed=settings.seed
    )


def fewer_steps(
    bench: Bench,
    prefix: str,
    network: ModuleOp,
    rate: float,
    timesteps: Sequence[int] | None = None,
) -> dict[int, ModuleOp]:
    """Fine-tune at all steps, then at fewer and fewer; returns all by their number of steps.

    Args:
        timesteps: descending; those of the settings by default.
    """
    settings, networks = bench.settings, {}
    for steps in settings.timesteps if timesteps is None else timesteps:

        def make(steps: int = steps, current: ModuleOp = network) -> ModuleOp:
            if steps == settings.timesteps[0]:
                return finetune(bench, current, steps, rate, settings.image_steps // steps)
            return reduce_steps(bench, current, steps, rate)

        key = f"{prefix}_{steps}"
        network = networks[steps] = bench.network(key, make)
        measured(bench, key, network)
    return networks
