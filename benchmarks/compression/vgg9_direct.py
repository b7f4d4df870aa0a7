# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Step 9 of the VGG9 benchmark: the image itself as the input, and few time steps.

The first convolution gets the same image at every step instead of Poisson spikes, as in DIET-SNN
(Rathi and Roy 2020, arXiv 2008.03658, by the group of the paper). Its currents are the same at
every step, so that they are computed once, by real multiply-accumulates; compiled networks do that
too (`kernels-hoist-static-input`).

1. The dense ANN becomes a spiking network with thresholds that are a percentile of its activations,
   times what does best on validation images.
2. `snn-finetune-rates` trains it. The teacher is the dense ANN, as a spiking network whose
   thresholds are never reached.
3. From there, `snn-finetune` trains it through time at fewer steps, with the same teacher.
4. `snn-osbc-prune` makes weights of the network of the second step zero, in each layer so many:
   more where there are many weights, but unlike by LAMPS also in the first layers, which have most
   of the spikes. `snn-finetune-rates` trains those that are left.

Nothing is decided by test images. Accuracies are of all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from vgg9_bench import Bench, Row
from vgg9_compose import passed
from vgg9_data import PADDING, VALIDATION, normalised
from vgg9_network import LEAK, PERCENTILE, POOLED, import_snn
from vgg9_stages import affine_layers, ann_with, storage, weights_in
from xdsl.dialects.builtin import IntegerAttr, ModuleOp

from snnir.calibration.activity import measure_activity
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.files import network_of
from snnir.layers.counts import count_network, macs_of

START = "direct_start"
TEACHER = "direct_teacher"


def direct(bench: Bench, dense: Sequence[Tensor]) -> None:
    """All numbers of steps and ratios.

    Args:
        dense: weights of the ANN that everything starts from and is compared with.
    """
    settings = bench.settings
    bench.network(TEACHER, lambda: teacher(bench, dense))
    start = bench.network(START, lambda: started(bench, dense))
    network = by_rates(bench, f"{START}_rates", start, settings.direct_start_epochs)
    measured(bench, f"direct_{settings.direct_start_steps}", network, dense)
    for steps in settings.direct_tuned_steps:
        key = f"direct_tuned_{steps}"
        measured(bench, key, through_time(bench, key, at_steps(network, steps)), dense)
    network = pruned(bench, "direct_pruned", network)
    key = f"direct_sparse_{settings.direct_start_steps}"
    network = by_rates(bench, key, network, settings.direct_start_epochs)
    measured(bench, key, network, dense)


def at_steps(network: ModuleOp, steps: int) -> ModuleOp:
    """A copy that gets the image so many times; its scores add up so many steps."""
    result = network.clone()
    network_of(result).properties["timesteps"] = IntegerAttr(steps, 64)
    return result


@torch.no_grad()
def activations(weights: Sequence[Tensor], x: Tensor) -> list[Tensor]:
    """What the convolutions of the ANN put out, after the rectifier and before pools."""
    outputs = []
    for index, weight in enumerate(weights[:-1]):
        outputs.append(functional.conv2d(x, weight, padding=1).relu())
        x = functional.avg_pool2d(outputs[-1], 2) if index in POOLED else outputs[-1]
    return outputs


def with_thresholds(
    weights: Sequence[Tensor], thresholds: Sequence[float], steps: int, leak: float = LEAK
) -> ModuleOp:
    """The spiking network with thresholds of 1: weights are multiplied by those of the layer in
    front, whose spikes stand for so much, and divided by their own.

    The last layer is divided by the number of steps that it adds up, so that its membranes are of
    the size of the ANN's scores.
    """
    before, behind = [1.0, *thresholds], [*thresholds, float(steps)]
    parts = [w * a / b for w, a, b in zip(weights, before, behind, strict=True)]
    return import_snn(parts, [1.0] * len(thresholds), steps, snn.InputKind.STATIC_VALUES, leak)


def calibration(bench: Bench) -> Tensor:
    """Normalised training images for thresholds."""
    images = bench.images("calibration", bench.settings.direct_calibration)
    return torch.from_numpy(normalised(images.x))


def started(bench: Bench, dense: Sequence[Tensor]) -> ModuleOp:
    """The ANN as a spiking network, not trained."""
    settings = bench.settings
    steps = settings.direct_start_steps
    outputs = activations(dense, calibration(bench))
    highest = [float(np.percentile(output.numpy(), PERCENTILE)) for output in outputs]

    def scaled(scale: float) -> ModuleOp:
        return with_thresholds(dense, [scale * each for each in highest], steps)

    def choose() -> Row:
        count = settings.validation_samples
        scores = {
            scale: row_of(bench, scaled(scale), "validation", count)[0]["accuracy"]
            for scale in settings.direct_scales
        }
        best = max(scores, key=lambda scale: scores[scale])
        return {"scale": best, "scores": {f"{scale:g}": score for scale, score in scores.items()}}

    return scaled(bench.figure(f"{START}: scale", choose)["scale"])


def teacher(bench: Bench, dense: Sequence[Tensor]) -> ModuleOp:
    """The ANN as a network whose rates are its activations: thresholds are above all of these, and
    without a leak the rate of a neuron is its current in units of the threshold."""
    outputs = activations(dense, calibration(bench))
    highest = [2 * float(output.max()) for output in outputs]
    return with_thresholds(dense, highest, bench.settings.direct_start_steps, leak=1.0)


def pruned(bench: Bench, key: str, network: ModuleOp) -> ModuleOp:
    """A copy with zeros in every layer, as many as the settings say."""
    settings = bench.settings
    file = bench.pixels("calibration", settings.direct_calibration)
    shares = ",".join(f"{share:g}" for share in settings.direct_sparsity)
    return passed(
        bench, key, network,
        f'snn-osbc-prune{{calibration="{file}" layer-sparsity={shares} device={settings.device}}}',
    )  # fmt: skip


def training_options(bench: Bench, epochs: int, rate: float) -> str:
    """What both ways of training have in common."""
    settings = bench.settings
    validation = bench.pixels("validation", settings.validation_samples)
    return (
        f'data="{bench.pixels()}" validation="{validation}" '
        f'teacher="{bench.folder / TEACHER}.mlir" teacher-weight={settings.teacher_weight!r} '
        f"epochs={epochs} learning-rate={rate!r} shift={PADDING} mirror=true reduced=true "
        f"device={settings.device} seed={settings.seed}"
    )


def by_rates(bench: Bench, key: str, network: ModuleOp, epochs: int) -> ModuleOp:
    """A copy that was trained by rates on all images."""
    settings = bench.settings
    options = training_options(bench, epochs, settings.rates_rate)
    return passed(
        bench, key, network, f"snn-finetune-rates{{{options} batch={settings.rates_batch}}}"
    )


def through_time(bench: Bench, key: str, network: ModuleOp) -> ModuleOp:
    """A copy that was trained through time on all images."""
    settings = bench.settings
    options = training_options(bench, settings.direct_tuned_epochs, settings.direct_tuned_rate)
    return passed(
        bench, key, network,
        f"snn-finetune{{{options} teacher-rates=true surrogate=linear "
        f"batch={settings.direct_tuned_batch}}}",
    )  # fmt: skip


def row_of(bench: Bench, module: ModuleOp, part: str, count: int) -> tuple[Row, NDArray[np.bool_]]:
    """Accuracy, size and operations of a network that gets images, and which it gets right.

    `operations` are the accumulates behind neurons: rate of the layer that feeds, times steps,
    times multiply-accumulates with weights that are not zero; `input_macs` those of the first
    layer, once. `events` are accumulates if an average of pooled spikes that is not zero counts as
    one, which is more: an average of four neurons is zero less often than one of them.
    """
    network = network_of(module)
    assert isinstance(network, snn.NetworkOp)
    steps, images = network.timesteps.value.data, bench.images(part, count)
    data = Dataset(normalised(images.x), images.y, part)
    activity = measure_activity(network, data, device=bench.settings.device, progress=True)
    weights, layers = weights_in(network), affine_layers(network)
    products = [
        macs_of(op) * float((weight != 0).float().mean())
        for op, weight in zip(layers, weights, strict=True)
    ]
    rates = [layer.rate for layer in activity.layers.values()][: len(layers) - 1]
    active = rates.copy()
    for index, (op, counts) in zip(POOLED, activity.pooled.items(), strict=True):
        active[index] = float(counts[1]) / math.prod(shape_of(op.results[0].type))
    counted = count_network(network)
    row = {
        "accuracy": activity.accuracy, "samples": len(images), "timesteps": steps,
        "parameters": counted.parameters, **storage(weights), "macs": counted.macs,
        "input_macs": products[0], "rates": rates,
        "operations": steps * sum(r * n for r, n in zip(rates, products[1:], strict=True)),
        "events": steps * sum(r * n for r, n in zip(active, products[1:], strict=True)),
    }  # fmt: skip
    return row, activity.labels == images.y


def measured(bench: Bench, key: str, module: ModuleOp, dense: Sequence[Tensor]) -> None:
    """The rows of a network on all validation images, and on all test images beside the ANN."""

    def on_test_images() -> Row:
        count = len(bench.splits.whole_test)
        row, right = row_of(bench, module, "whole_test", count)
        difference = right.astype(np.float64) - ann_right(bench, dense).astype(np.float64)
        error = float(difference.std(ddof=1) / math.sqrt(count))
        return {**row, "difference": float(difference.mean()), "error": error}

    def on_validation_images() -> Row:
        return row_of(bench, module, "validation", VALIDATION)[0]

    bench.figure(f"validation {key}", on_validation_images)
    bench.figure(key, on_test_images)


@torch.no_grad()
def ann_right(bench: Bench, dense: Sequence[Tensor]) -> NDArray[np.bool_]:
    """Which test images the dense ANN gets right."""
    ann, images = ann_with(dense).to(bench.settings.device), bench.splits.whole_test
    labels = [
        ann(torch.from_numpy(normalised(images.x[start : start + 256]))).argmax(1).numpy()
        for start in range(0, len(images), 256)
    ]
    return np.concatenate(labels) == images.y
