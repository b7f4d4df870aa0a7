# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""VGG9 as in arXiv 2104.12528: as an ordinary network that is trained, and as one of spikes.

Eight 3x3 convolutions without bias, average pooling, one fully connected layer, no batch
normalisation. Where the pools are was not found; they are after convolutions 1, 3, 5 and 8 here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import snntorch as snn
import torch
from numpy.typing import NDArray
from snntorch import surrogate
from torch import Tensor, nn
from torch.nn import functional
from vgg9_data import CLASSES, Images, augmented, normalised
from xdsl.dialects.builtin import ModuleOp

from snnir.dialects.snn import InputKind, Readout
from snnir.frontends.snntorch import from_snntorch

FULL_WIDTHS = (64, 128, 128, 256, 256, 512, 512, 512)
POOLED = (0, 2, 4, 7)
"""Convolutions with an average pool of 2x2 behind them."""
INPUT_SHAPE = (3, 32, 32)
LEAK = 0.9901
"""Part of a membrane potential that is left after a step (arXiv 2104.12528, IV.B)."""
PERCENTILE = 99.9


def scaled_widths(width: float) -> tuple[int, ...]:
    """Channels of the convolutions at a fraction of the full width, at least 4."""
    return tuple(max(4, round(width * channels)) for channels in FULL_WIDTHS)


def build_ann(widths: Sequence[int], dropout: float) -> nn.Sequential:
    """The network that is trained first; He initialisation, because there is nothing to scale."""
    layers: list[nn.Module] = []
    channels, size = INPUT_SHAPE[0], INPUT_SHAPE[1]
    for index, width in enumerate(widths):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.ReLU()]
        if index in POOLED:
            layers.append(nn.AvgPool2d(2))
            size //= 2
        layers.append(nn.Dropout(dropout))
        channels = width
    layers += [nn.Flatten(), nn.Linear(channels * size**2, CLASSES, bias=False)]
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
    return nn.Sequential(*layers)


def weights_of(network: nn.Sequential) -> list[Tensor]:
    """The weights of the convolutions and of the fully connected layer."""
    return [layer.weight.detach().float() for layer in _weighted(network)]


@torch.no_grad()
def set_weights(network: nn.Sequential, weights: Iterable[Tensor]) -> None:
    """Replace the weights of the convolutions and of the fully connected layer."""
    for layer, weight in zip(_weighted(network), weights, strict=True):
        layer.weight.copy_(weight)


@torch.no_grad()
def keep_zeros(network: nn.Sequential, masks: Sequence[Tensor]) -> None:
    """Set to zero what is not in the masks, one for each layer; nothing without masks."""
    for layer, mask in zip(_weighted(network), masks, strict=False):
        layer.weight.mul_(mask)


def _weighted(network: nn.Sequential) -> list[nn.Conv2d | nn.Linear]:
    return [layer for layer in network if isinstance(layer, nn.Conv2d | nn.Linear)]


@dataclass(frozen=True)
class ANNTraining:
    """SGD with momentum 0.9 on a one-cycle schedule.

    Attributes:
        learning_rate: the highest.
        reduced: compute in bfloat16 where torch does so by itself.
        teacher_weight: part of the loss that is the distance from a teacher's scores, if there is
            one (Hinton et al. 2015), at `temperature`.
    """

    epochs: int
    batch: int = 128
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    dropout: float = 0.05
    seed: int = 1
    reduced: bool = True
    teacher_weight: float = 0.0
    temperature: float = 4.0


def train_ann(
    widths: Sequence[int],
    images: Images,
    training: ANNTraining,
    device: str,
    teacher: nn.Sequential | None = None,
    start: Sequence[Tensor] | None = None,
) -> Iterator[tuple[nn.Sequential, float]]:
    """Train, yielding the network and its mean loss after every epoch.

    Args:
        teacher: whose scores are learnt as well.
        start: weights to go on from, whose zeros stay zero; drawn at random without.
    """
    torch.manual_seed(training.seed)
    rng = np.random.default_rng(training.seed)
    ann = build_ann(widths, training.dropout)
    if start is not None:
        set_weights(ann, start)
    ann.to(device)
    ann = ann.to(memory_format=torch.channels_last)
    masks = [weight != 0 for weight in weights_of(ann)] if start is not None else []
    optimiser = torch.optim.SGD(
        ann.parameters(), training.learning_rate, momentum=0.9,
        weight_decay=training.weight_decay, nesterov=True,
    )  # fmt: skip
    batches = len(images) // training.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, training.learning_rate, training.epochs * batches, pct_start=0.2
    )
    for _ in range(training.epochs):
        ann.train()
        total, order = 0.0, rng.permutation(len(images))
        for first in range(0, batches * training.batch, training.batch):
            chosen = order[first : first + training.batch]
            x = torch.from_numpy(normalised(augmented(images.x[chosen], rng)))
            x = x.to(device, memory_format=torch.channels_last)
            with torch.autocast(device, torch.bfloat16, enabled=training.reduced):
                scores = ann(x)
                with torch.no_grad():
                    wanted = None if teacher is None else teacher(x)
            labels = torch.from_numpy(images.y[chosen]).to(device)
            loss = ann_loss(scores.float(), labels, wanted, training)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(ann.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            keep_zeros(ann, masks)
            total += float(loss.detach())
        ann.eval()
        yield ann, total / batches


def ann_loss(
    scores: Tensor, labels: Tensor, wanted: Tensor | None, training: ANNTraining
) -> Tensor:
    """Cross-entropy with the labels, mixed with that with a teacher's softened scores."""
    loss = functional.cross_entropy(scores, labels)
    if wanted is None:
        return loss
    softness, weight = training.temperature, training.teacher_weight
    softened = functional.log_softmax(scores / softness, 1)
    targets = functional.softmax(wanted.float() / softness, 1)
    # The gradient of the softened part is smaller by the square of the temperature.
    distance = softness**2 * functional.kl_div(softened, targets, reduction="batchmean")
    return (1 - weight) * loss + weight * distance


@torch.no_grad()
def ann_accuracy(ann: nn.Sequential, x: NDArray[np.float32], y: NDArray[np.int64]) -> float:
    """Accuracy on normalised images, in float32."""
    device = next(ann.parameters()).device
    right = 0
    for start in range(0, len(x), 256):
        scores = ann(torch.from_numpy(x[start : start + 256]).to(device))
        right += int((scores.argmax(1).cpu().numpy() == y[start : start + 256]).sum())
    return right / len(x)


def build_snn(
    weights: Sequence[Tensor], thresholds: Sequence[float], leak: float = LEAK, bias: float = 0.0
) -> nn.Sequential:
    """The same network of leaky neurons in snnTorch, for one time step.

    The reference subtracts the threshold in the step of the spike, before the leak; snnTorch's
    default subtracts it one step later, after the leak: a difference of 1 % of the threshold for
    each spike. The last layer adds up without leak, threshold and reset.

    Args:
        bias: of every channel of every convolution; 0: they have none.
    """
    layers: list[nn.Module] = []
    for index, (weight, threshold) in enumerate(zip(weights[:-1], thresholds, strict=True)):
        convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1, bias=bool(bias))
        if convolution.bias is not None:
            nn.init.constant_(convolution.bias, bias)
        layers += [convolution, _leaky(leak, threshold)]
        if index in POOLED:
            layers.append(nn.AvgPool2d(2))
    fully = nn.Linear(weights[-1].shape[1], weights[-1].shape[0], bias=False)
    layers += [nn.Flatten(), fully, _leaky(1.0, 1.0, reset_mechanism="none", output=True)]
    network = nn.Sequential(*layers)
    set_weights(network, weights)
    return network


def _leaky(beta: float, threshold: float, **options: Any) -> snn.Leaky:
    return snn.Leaky(
        beta=beta, threshold=threshold, init_hidden=True, spike_grad=surrogate.atan(), **options
    )


def import_snn(
    weights: Sequence[Tensor], thresholds: Sequence[float], timesteps: int, kind: InputKind,
    leak: float = LEAK, bias: float = 0.0,
) -> ModuleOp:  # fmt: skip
    """The network at the `snn` level; scores are the last membranes of the last layer."""
    return from_snntorch(
        build_snn(weights, thresholds, leak, bias).eval(), torch.zeros(1, *INPUT_SHAPE), timesteps,
        name="vgg9", input=kind, readout=Readout.LAST_MEMBRANE,
    )  # fmt: skip


@torch.no_grad()
def balance_thresholds(
    weights: Sequence[Tensor], spikes: NDArray[np.int8], device: str, percentile: float = PERCENTILE
) -> list[float]:
    """Thresholds layer by layer: a percentile of the currents `W o` over samples, places and steps.

    Thresholds of earlier layers are set first and the leak is 1, as in the code of arXiv
    2104.12528's group.

    Args:
        spikes: the input (samples, timesteps, 3, 32, 32).
        device: where to compute.
    """
    frames = spikes.swapaxes(0, 1).astype(np.float32)
    steps = [torch.from_numpy(frame).to(device) for frame in frames]
    thresholds = []
    for index, weight in enumerate(weights[:-1]):
        currents = [functional.conv2d(frame, weight.to(device), padding=1) for frame in steps]
        sample = torch.cat([current.flatten()[:: max(1, len(steps) // 4)] for current in currents])
        threshold = float(np.percentile(sample.cpu().numpy(), percentile))
        thresholds.append(threshold)
        membrane = torch.zeros_like(currents[0])
        for step, current in enumerate(currents):
            membrane = membrane + current
            fired = (membrane > threshold).float()
            membrane = membrane - threshold * fired
            steps[step] = functional.avg_pool2d(fired, 2) if index in POOLED else fired
    return thresholds
