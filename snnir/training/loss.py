# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Losses on the outputs of a network over time, by its readout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from snnir.data.network_inputs import class_count
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import Readout
from snnir.support.diagnostics import error_at

CORRECT_RATE = 0.8
INCORRECT_RATE = 0.2
"""Spikes per neuron and step that the loss `rates` asks of the right class and of the others."""

LossName = Literal["counts", "rates"]
LOSSES: tuple[LossName, ...] = get_args(LossName)
Loss = Callable[[Tensor, Tensor], Tensor]
"""From outputs (timesteps, batch, *shape) and classes int64 (batch,) to the mean loss."""

MEMBRANES = (Readout.LAST_MEMBRANE, Readout.MAX_MEMBRANE, Readout.MEAN_MEMBRANE)


def class_values(network: NetworkOpBase, outputs: Tensor) -> Tensor:
    """The outputs of each class, summed over its population: (timesteps, batch, classes)."""
    return outputs.reshape(*outputs.shape[:2], class_count(network), -1).sum(-1)


def readout_scores(network: NetworkOpBase, outputs: Tensor) -> Tensor:
    """Differentiable scores (batch, classes) whose order is that of the readout.

    They are those of `ReadoutAccumulator`, but for `first_spike`: the score of a class is the sum
    of its spikes, each weighted by the part of the time that is left, because the time of the first
    spike has no gradient.
    """
    values = class_values(network, outputs)
    readout = network.readout.data
    if readout is Readout.LAST_MEMBRANE:
        return values[-1]
    if readout is Readout.MAX_MEMBRANE:
        return values.amax(0)
    if readout is Readout.MEAN_MEMBRANE:
        return values.mean(0)
    if readout is Readout.FIRST_SPIKE:
        left = torch.linspace(1, 1 / len(values), len(values), device=values.device)
        return (values * left.reshape(-1, 1, 1)).sum(0)
    return values.sum(0)


def loss_function(network: NetworkOpBase, name: LossName) -> Loss:
    """The loss of a name.

    * `counts`: cross-entropy with the scores of the readout as logits: spike counts
      (`snntorch.functional.ce_count_loss`) or membranes;
    * `rates`: squared difference of the spike counts from 0.8 T for the right class and 0.2 T for
      the others, divided by T (`snntorch.functional.mse_count_loss`).

    Raises:
        SNNError: `rates` of a network that returns membranes.
    """
    if name == "counts":
        return lambda outputs, labels: F.cross_entropy(readout_scores(network, outputs), labels)
    if network.readout.data in MEMBRANES:
        raise error_at(network, "returns membranes, which have no rates; use loss=counts")
    return lambda outputs, labels: _rate_loss(network, outputs, labels)


def distillation_loss(scores: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """The Kullback-Leibler divergence of softened classes from a teacher's (Hinton et al. 2015).

    Args:
        scores, wanted: of the network and of its teacher, (batch, classes).
        temperature: both are divided by it, and the divergence is multiplied by its square, so that
            the gradient has the size that it has without.
    """
    softened = F.log_softmax(scores / temperature, 1)
    targets = F.softmax(wanted / temperature, 1)
    return temperature**2 * F.kl_div(softened, targets, reduction="batchmean")


def _rate_loss(network: NetworkOpBase, outputs: Tensor, labels: Tensor) -> Tensor:
    steps = len(outputs)
    counts = class_values(network, outputs).sum(0)
    population = outputs[0, 0].numel() // counts.shape[1]
    # snnTorch, too, asks for whole numbers of spikes.
    correct = int(steps * CORRECT_RATE * population)
    incorrect = int(steps * INCORRECT_RATE * population)
    right = F.one_hot(labels, counts.shape[1]).to(counts.dtype)
    return F.mse_loss(counts, incorrect + (correct - incorrect) * right) / steps
