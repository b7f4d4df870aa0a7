# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks of other shapes than the trained ones, with random weights, and random input for them.

Weights are drawn by PyTorch with a fixed seed; then each layer is scaled until its neurons fire at
about `RATE` of the steps, so that activity is that of trained networks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import snntorch
import torch
from torch import Tensor, nn
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.dialects.snn_attributes import InputKind
from snnir.driver.pipelines import LoweringOptions
from snnir.frontends.snntorch import from_snntorch

SEED = 0
RATE = 0.08
"""Spikes per neuron and step that every layer is scaled to."""
EVENTS = 0.03
"""Probability of an event at an element of the input in a step."""
ZEROS = 0.95
"""Share of the weights of a pruned layer that are zero, anywhere."""
TIMESTEPS = 20
CALIBRATION_SAMPLES, TEST_SAMPLES = 16, 20
NEURONS = (snntorch.Leaky, snntorch.RLeaky)
"""Layers that end a block of weights; those of a recurrent layer's own are left as drawn."""


@dataclass(frozen=True)
class Shape:
    """A network to be.

    Attributes:
        build: its module.
        input: shape of a frame.
        options: how it becomes integers.
        kind: of its input; real values are signals that change slowly, or one image.
    """

    name: str
    build: Callable[[], nn.Sequential]
    input: tuple[int, ...]
    options: LoweringOptions
    kind: InputKind = InputKind.EVENT_COUNTS


def _leaky(beta: float, output: bool = False) -> nn.Module:
    return snntorch.Leaky(beta=beta, init_hidden=True, output=output)


def _strided() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 16, 3, stride=2, padding=1), _leaky(0.9),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), _leaky(0.9),
        nn.Flatten(), nn.Linear(32 * 8 * 8, 10), _leaky(0.9, True),
    )  # fmt: skip


def _average() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1), _leaky(0.8), nn.AvgPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), _leaky(0.8), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(16 * 7 * 7, 10), _leaky(0.8, True),
    )  # fmt: skip


def _wide() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(700, 512), _leaky(0.95), nn.Linear(512, 512), _leaky(0.95),
        nn.Linear(512, 20), _leaky(0.95, True),
    )  # fmt: skip


def _recurrent() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(700, 256), snntorch.RLeaky(beta=0.9, linear_features=256, init_hidden=True),
        nn.Linear(256, 20), _leaky(0.9, True),
    )  # fmt: skip


def _wide_state() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 16, 3, padding=1), _leaky(0.95),
        nn.Conv2d(16, 32, 3, padding=1), _leaky(0.95), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 8 * 8, 10), _leaky(0.95, True),
    )  # fmt: skip


def _deep() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 16, 3, padding=1), nn.MaxPool2d(2), _leaky(0.5),
        nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), _leaky(0.5),
        nn.Conv2d(32, 64, 3, padding=1), _leaky(0.5),
        nn.Flatten(), nn.Linear(64 * 8 * 8, 128), _leaky(0.5),
        nn.Linear(128, 10), _leaky(0.5, True),
    )  # fmt: skip


def _pruned() -> nn.Sequential:
    module = nn.Sequential(
        nn.Conv2d(2, 32, 3, stride=2, padding=1), _leaky(0.9),
        nn.Conv2d(32, 64, 3, padding=1), _leaky(0.9),
        nn.Conv2d(64, 64, 3, stride=2, padding=1), _leaky(0.9),
        nn.Flatten(), nn.Linear(64 * 8 * 8, 10), _leaky(0.9, True),
    )  # fmt: skip
    with torch.no_grad():
        for index in (2, 4, 7):
            weight = module[index].weight
            assert isinstance(weight, Tensor)
            weight *= torch.rand_like(weight) < 1 - ZEROS
    return module


def _separable() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 16, 3, stride=2, padding=1), _leaky(0.5),
        nn.Conv2d(16, 16, 3, padding=1, groups=16), _leaky(0.5), nn.Conv2d(16, 32, 1), _leaky(0.5),
        nn.Conv2d(32, 32, 3, stride=2, padding=1, groups=32), _leaky(0.5),
        nn.Conv2d(32, 64, 1), _leaky(0.5), nn.AvgPool2d(8),
        nn.Flatten(), nn.Linear(64, 11), _leaky(0.5, True),
    )  # fmt: skip


def _features() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(40, 256), _leaky(0.9), nn.Linear(256, 256), _leaky(0.9),
        nn.Linear(256, 12), _leaky(0.9, True),
    )  # fmt: skip


def _signals() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(6, 32, 5, stride=2), _leaky(0.9), nn.Conv1d(32, 32, 5, stride=2), _leaky(0.9),
        nn.Flatten(), nn.Linear(32 * 29, 6), _leaky(0.9, True),
    )  # fmt: skip


def _image() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), _leaky(0.5), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), _leaky(0.5), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 8 * 8, 10), _leaky(0.5, True),
    )  # fmt: skip


def _tutorial() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 1000), _leaky(0.95), nn.Linear(1000, 10), _leaky(0.95, True)
    )  # fmt: skip


def _pooled_spikes() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 32, 3, padding=1), _leaky(0.5), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), _leaky(0.5), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, padding=1), _leaky(0.5), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 4 * 4, 10), _leaky(0.5, True),
    )  # fmt: skip


def _odd() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 7, 5, padding=2), _leaky(0.9), nn.Conv2d(7, 13, 3, stride=2), _leaky(0.9),
        nn.Conv2d(13, 21, 3), _leaky(0.9),
        nn.Flatten(), nn.Linear(21 * 12 * 12, 11), _leaky(0.9, True),
    )  # fmt: skip


SHAPES = (
    Shape("3x3 stride 2, padding, beta 0.9", _strided, (2, 32, 32), LoweringOptions()),
    Shape("3x3, average pooling, beta 0.8", _average, (2, 28, 28), LoweringOptions()),
    Shape("linear 700-512-512-20, beta 0.95", _wide, (1, 1, 700), LoweringOptions()),
    Shape("3x3, beta 0.95, 32-bit states", _wide_state, (2, 16, 16), LoweringOptions(state="i32")),
    Shape("linear 700-256 recurrent-20, beta 0.9", _recurrent, (1, 1, 700), LoweringOptions()),
    Shape("3x3 16-32-64, max-pooling, linear 128", _deep, (2, 32, 32), LoweringOptions()),
    Shape("3x3 depthwise and 1x1, stride 2", _separable, (2, 32, 32), LoweringOptions()),
    Shape("40 real values, linear 256-256-12, beta 0.9", _features, (1, 1, 40), LoweringOptions(),
          InputKind.VALUES),
    Shape("6 signals of 128 real values, Conv1d 32-32", _signals, (6, 128), LoweringOptions(),
          InputKind.VALUES),
    Shape("one image of real values, 3x3 16-32", _image, (3, 32, 32), LoweringOptions(),
          InputKind.STATIC_VALUES),
    Shape("one image of real values, linear 784-1000-10", _tutorial, (1, 28, 28),
          LoweringOptions(), InputKind.STATIC_VALUES),
    Shape("3x3 32-64-64, strides, 95 % of the weights zero", _pruned, (2, 32, 32),
          LoweringOptions()),
    Shape("3x3 32-64-64, max-pooling behind the neurons", _pooled_spikes, (2, 32, 32),
          LoweringOptions()),
    Shape("5x5 and 3x3, odd channels 7-13-21", _odd, (3, 29, 29), LoweringOptions()),
)  # fmt: skip


def random_input(shape: Shape, samples: int, seed: int) -> Dataset:
    """Input for a network: (samples, TIMESTEPS, *shape), or (samples, *shape) if it is static.

    Independent events, uint8, or real values between -1 and 1, float32, each of which follows the
    one of the step before.
    """
    if shape.kind is InputKind.EVENT_COUNTS:
        return random_events(shape, samples, seed)
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.3, (samples, TIMESTEPS, *shape.input))
    for step in range(1, TIMESTEPS):
        values[:, step] = 0.8 * values[:, step - 1] + 0.6 * values[:, step]
    x = np.clip(values, -1, 1).astype(np.float32)
    if shape.kind is InputKind.STATIC_VALUES:
        x = x[:, -1]
    return Dataset(x, np.zeros(samples, np.int64), shape.name)


def random_events(shape: Shape, samples: int, seed: int) -> Dataset:
    """Independent events, uint8 (samples, TIMESTEPS, *shape)."""
    rng = np.random.default_rng(seed)
    x = rng.random((samples, TIMESTEPS, *shape.input)) < EVENTS
    return Dataset(x.astype(np.uint8), np.zeros(samples, np.int64), shape.name)


def inputs(shape: Shape) -> tuple[Dataset, Dataset]:
    """Samples for calibration and for the test."""
    return (
        random_input(shape, CALIBRATION_SAMPLES, SEED + 1),
        random_input(shape, TEST_SAMPLES, SEED + 2),
    )


def scaled_module(shape: Shape) -> nn.Sequential:
    """The module with weights that give the rate."""
    torch.manual_seed(SEED)
    module = shape.build().eval()
    x = torch.from_numpy(random_input(shape, 4, SEED + 3).x).float()
    if shape.kind is InputKind.STATIC_VALUES:
        x = x[:, None].expand(-1, TIMESTEPS, *shape.input)
    value, begin = x.transpose(0, 1), 0
    with torch.no_grad():
        for end, layer in enumerate(module):
            if isinstance(layer, NEURONS):
                value = _scale(nn.Sequential(*list(module)[begin : end + 1]), value)
                begin = end + 1
    return module


def _scale(block: nn.Sequential, frames: Tensor) -> Tensor:
    """Bisect the scale of the weights of a block that ends in neurons; return its spikes."""
    weighted = next(
        layer for layer in block if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear)
    )
    assert weighted.bias is not None
    weight, bias = weighted.weight.clone(), weighted.bias.clone()
    low, high = 0.1, 100.0
    spikes = frames
    for _ in range(12):
        scale = (low * high) ** 0.5
        weighted.weight.copy_(weight * scale)
        weighted.bias.copy_(bias * min(scale, 1.0))
        spikes = _spikes(block, frames)
        low, high = (scale, high) if float(spikes.mean()) < RATE else (low, scale)
    return spikes


def _spikes(block: nn.Sequential, frames: Tensor) -> Tensor:
    """Spikes (steps, batch, ...) of a block from its first step on."""
    neurons = block[-1]
    assert isinstance(neurons, NEURONS)
    neurons.reset_mem()
    results = [block(frame) for frame in frames]
    neurons.reset_mem()
    return torch.stack([each[0] if isinstance(each, tuple) else each for each in results])


def network(shape: Shape) -> ModuleOp:
    """The network at the `snn` level."""
    sample = torch.zeros(1, *shape.input)
    module = scaled_module(shape)
    return from_snntorch(module, sample, TIMESTEPS, name="shape", input=shape.kind)
