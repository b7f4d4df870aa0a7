# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Step 9 of the VGG9 benchmark: the image itself as the input, and few time steps.

The first convolution gets the same image at every step instead of Poisson spikes, as in DIET-SNN
(Rathi and Roy 2020, arXiv 2008.03658, by the group of the paper). Its currents are the same at
every step, so that they are computed once, by real multiply-accumulates; compiled networks do that
too (`kernels-hoist-static-input`).

1. The dense ANN becomes a spiking network with thresholds that are a percentile of its activations,
   times what does best on validation images. Every neuron gets, over all steps, half a threshold
   more than its inputs say, by a bias of its channel: so spikes are the rounded activations, and
   not the largest whole number below these (Deng and Gu 2021, arXiv 2103.00476).
2. `snn-osbc-prune` makes weights zero, in each layer as many as validation images choose without
   their labels (`vgg9_zeros.py`). So there is energy for more steps.
3. `snn-finetune-rates` trains those that are left, with rates of whole spikes. The teacher is the
   dense ANN, as a spiking network whose thresholds are never reached.
4. The same network at other numbers of steps, among which biases are divided.
5. At the first number of steps, `snn-finetune` trains it on through time, with the same teacher.

Nothing is decided by test images, which come after all of this. Accuracies are of all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from vgg9_bench import Bench, Row
from vgg9_compose import passed
from vgg9_data import PADDING, VALIDATION, normalised
from vgg9_energy import accumulates, affine_layers, microjoules, products
from vgg9_network import LEAK, PERCENTILE, POOLED, import_snn
from vgg9_stages import ann_with, storage, weights_in
from vgg9_zeros import chosen_zeros
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import SSAValue

from snnir.calibration.activity import measure_activity
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.files import network_of
from snnir.layers.counts import count_network
from snnir.support.arrays import array_from_dense, dense_from_array

START = "direct_start"
TEACHER = "direct_teacher"
HALF = 0.5
"""What the bias adds over all steps, in thresholds."""


def direct(bench: Bench, dense: Sequence[Tensor]) -> None:
    """All networks, and then their rows on test images.

    Args:
        dense: weights of the ANN that everything starts from and is compared with.
    """
    for key, network in direct_networks(bench, dense):
        bench.figure(key, partial(on_test_images, bench, network, dense))


def direct_networks(bench: Bench, dense: Sequence[Tensor]) -> list[tuple[str, ModuleOp]]:
    """All networks with the keys of their rows; those on validation images are made here."""
    settings, networks = bench.settings, dict[str, ModuleOp]()
    steps = settings.direct_steps

    def add(key: str, network: ModuleOp) -> ModuleOp:
        count = VALIDATION
        bench.figure(f"validation {key}", lambda: row_of(bench, network, "validation", count)[0])
        networks[key] = network
        return network

    bench.network(TEACHER, lambda: teacher(bench, dense))
    network = add(START, started(bench, dense))
    zeros = chosen_zeros(bench, network, microjoules(bench.figures["ann"]))
    network = add("direct_pruned", pruned(bench, "direct_pruned", network, zeros))
    key = f"direct_sparse_{steps}"
    network = add(key, by_rates(bench, key, network))
    for each in settings.direct_other_steps:
        add(f"direct_sparse_{each}", at_steps(network, each))
    key = f"direct_tuned_{steps}"
    add(key, through_time(bench, key, network))
    return list(networks.items())


def at_steps(network: ModuleOp, steps: int) -> ModuleOp:
    """A copy that gets the image so many times.

    Biases still add half a threshold in all, and scores, which the last layer adds up, keep their
    size.
    """
    result = network.clone()
    body = network_of(result)
    assert isinstance(body, snn.NetworkOp)
    before, layers = body.timesteps.value.data, affine_layers(body)
    body.properties["timesteps"] = IntegerAttr(steps, 64)
    for layer in layers[:-1]:
        if layer.bias is not None:
            change(layer.bias, lambda values: values + np.float32(HALF / steps - HALF / before))
    change(layers[-1].weight, lambda values: values * np.float32(before / steps))
    return result


def change(constant: SSAValue, function: Callable[[NDArray[np.float32]], NDArray]) -> None:
    """Replace the values of a constant."""
    owner = constant.owner
    assert isinstance(owner, snn.WeightOp)
    values = function(array_from_dense(owner.value))
    owner.properties["value"] = dense_from_array(values.astype(np.float32))


@torch.no_grad()
def activations(weights: Sequence[Tensor], x: Tensor) -> list[Tensor]:
    """What the convolutions of the ANN put out, after the rectifier and before pools."""
    outputs = []
    for index, weight in enumerate(weights[:-1]):
        outputs.append(functional.conv2d(x, weight, padding=1).relu())
        x = functional.avg_pool2d(outputs[-1], 2) if index in POOLED else outputs[-1]
    return outputs


def with_thresholds(
    weights: Sequence[Tensor], thresholds: Sequence[float], steps: int, leak: float = LEAK,
    bias: float = 0.0,
) -> ModuleOp:  # fmt: skip
    """The spiking network with thresholds of 1: weights are multiplied by those of the layer in
    front, whose spikes stand for so much, and divided by their own.

    The last layer is divided by the number of steps that it adds up, so that its membranes are of
    the size of the ANN's scores.
    """
    before, behind = [1.0, *thresholds], [*thresholds, float(steps)]
    parts = [w * a / b for w, a, b in zip(weights, before, behind, strict=True)]
    return import_snn(
        parts, [1.0] * len(thresholds), steps, snn.InputKind.STATIC_VALUES, leak, bias
    )


def calibration(bench: Bench) -> Tensor:
    """Normalised training images for thresholds."""
    images = bench.images("calibration", bench.settings.direct_calibration)
    return torch.from_numpy(normalised(images.x))


def started(bench: Bench, dense: Sequence[Tensor]) -> ModuleOp:
    """The ANN as a spiking network, not trained."""
    settings = bench.settings
    steps = settings.direct_steps
    outputs = activations(dense, calibration(bench))
    highest = [float(np.percentile(output.numpy(), PERCENTILE)) for output in outputs]

    def scaled(scale: float) -> ModuleOp:
        thresholds = [scale * each for each in highest]
        return with_thresholds(dense, thresholds, steps, bias=HALF / steps)

    def choose() -> Row:
        count = settings.validation_samples
        scores = {
            scale: row_of(bench, scaled(scale), "validation", count)[0]["accuracy"]
            for scale in settings.direct_scales
        }
        best = max(scores, key=lambda scale: scores[scale])
        return {"scale": best, "scores": {f"{scale:g}": score for scale, score in scores.items()}}

    scale = bench.figure(f"{START}: scale", choose)["scale"]
    return bench.network(START, lambda: scaled(scale))


def teacher(bench: Bench, dense: Sequence[Tensor]) -> ModuleOp:
    """The ANN as a network whose rates are its activations: thresholds are above all of these, and
    without a leak the rate of a neuron is its current in units of the threshold."""
    outputs = activations(dense, calibration(bench))
    highest = [2 * float(output.max()) for output in outputs]
    return with_thresholds(dense, highest, bench.settings.direct_steps, leak=1.0)


def pruned(bench: Bench, key: str, network: ModuleOp, zeros: Sequence[float]) -> ModuleOp:
    """A copy without so many of the weights of each layer."""
    settings = bench.settings
    file = bench.pixels("calibration", settings.direct_calibration)
    shares = ",".join(f"{share:g}" for share in zeros)
    return passed(
        bench, key, network,
        f'snn-osbc-prune{{calibration="{file}" layer-sparsity={shares} device={settings.device}}}',
    )  # fmt: skip


def training_options(bench: Bench) -> str:
    """What both ways of training have in common."""
    settings = bench.settings
    validation = bench.pixels("validation", settings.direct_validation)
    return (
        f'data="{bench.pixels()}" validation="{validation}" '
        f'teacher="{bench.folder / TEACHER}.mlir" teacher-weight={settings.teacher_weight!r} '
        f"shift={PADDING} mirror=true reduced=true device={settings.device} seed={settings.seed}"
    )


def by_rates(bench: Bench, key: str, network: ModuleOp) -> ModuleOp:
    """A copy that was trained by rates on all images."""
    settings = bench.settings
    return passed(
        bench, key, network,
        f"snn-finetune-rates{{{training_options(bench)} whole-spikes=true "
        f"epochs={settings.direct_epochs} learning-rate={settings.direct_rate!r} "
        f"batch={settings.rates_batch}}}",
    )  # fmt: skip


def through_time(bench: Bench, key: str, network: ModuleOp) -> ModuleOp:
    """A copy that was trained through time on all images."""
    settings = bench.settings
    return passed(
        bench, key, network,
        f"snn-finetune{{{training_options(bench)} teacher-rates=true surrogate=linear "
        f"epochs={settings.direct_tuned_epochs} learning-rate={settings.direct_tuned_rate!r} "
        f"batch={settings.direct_tuned_batch}}}",
    )  # fmt: skip


def row_of(bench: Bench, module: ModuleOp, part: str, count: int) -> tuple[Row, NDArray[np.bool_]]:
    """Accuracy, size and operations of a network that gets images, and which it gets right.

    `operations` are its accumulates (`accumulates`), `input_macs` the multiply-accumulates of the
    first layer, once. `events` are accumulates if an average of pooled spikes that is not zero
    counts as one, which is more: an average of four neurons is zero less often than one of them.
    `updates` are those of membranes.
    """
    network = network_of(module)
    assert isinstance(network, snn.NetworkOp)
    steps, images = network.timesteps.value.data, bench.images(part, count)
    data = Dataset(normalised(images.x), images.y, part)
    activity = measure_activity(network, data, device=bench.settings.device, progress=True)
    weights, layers = weights_in(network), affine_layers(network)
    rates = [layer.rate for layer in activity.layers.values()][: len(layers) - 1]
    active = rates.copy()
    for index, (op, counts) in zip(POOLED, activity.pooled.items(), strict=True):
        active[index] = float(counts[1]) / math.prod(shape_of(op.results[0].type))
    counted = count_network(network)
    row = {
        "accuracy": activity.accuracy, "samples": len(images), "timesteps": steps,
        "parameters": counted.parameters, **storage(weights), "macs": counted.macs,
        "input_macs": products(network)[0], "rates": rates,
        "operations": accumulates(network, rates), "events": accumulates(network, active),
        "updates": steps * sum(math.prod(shape_of(op.result.type)) for op in layers[:-1]),
    }  # fmt: skip
    return row, activity.labels == images.y


def on_test_images(bench: Bench, module: ModuleOp, dense: Sequence[Tensor]) -> Row:
    """The row of a network on all test images, beside the ANN."""
    count = len(bench.splits.whole_test)
    row, right = row_of(bench, module, "whole_test", count)
    difference = right.astype(np.float64) - ann_right(bench, dense).astype(np.float64)
    error = float(difference.std(ddof=1) / math.sqrt(count))
    return {**row, "difference": float(difference.mean()), "error": error}


@torch.no_grad()
def ann_right(bench: Bench, dense: Sequence[Tensor]) -> NDArray[np.bool_]:
    """Which test images the dense ANN gets right."""
    ann, images = ann_with(dense).to(bench.settings.device), bench.splits.whole_test
    labels = [
        ann(torch.from_numpy(normalised(images.x[start : start + 256]))).argmax(1).numpy()
        for start in range(0, len(images), 256)
    ]
    return np.concatenate(labels) == images.y
