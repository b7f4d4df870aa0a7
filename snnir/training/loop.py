# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The training loop: Adam on a surrogate loss, and the best epoch on data that were held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from snnir.calibration.activity import torch_device
from snnir.data import Dataset
from snnir.data.dataset import balanced_subset
from snnir.dialects.network import NetworkOpBase
from snnir.executors.readout import ReadoutAccumulator
from snnir.executors.torch_executor import TorchExecutor
from snnir.support.diagnostics import SNNError
from snnir.training.loss import Loss, LossName, loss_function
from snnir.training.module import TrainableNetwork


@dataclass(frozen=True)
class Training:
    """How to train.

    Attributes:
        learning_rate: of Adam, at the first batch.
        schedule: `cosine` lowers the learning rate to zero over all epochs.
        gradient_norm: gradients of a batch with a larger norm are shortened to it.
        held_out: fraction of the samples, class-balanced, that epochs are compared on.
        work_penalty: weight in the loss of the fraction of multiplications behind neurons that
            their spikes ask for (`TrainableNetwork.forward_with_work`); an event-driven program is
            the faster, the fewer these are.
        seed: of the order of samples; on the CPU, equal seeds and thread counts give equal results.
    """

    epochs: int = 5
    batch: int = 32
    learning_rate: float = 1e-3
    loss: LossName = "counts"
    schedule: Literal["cosine", "constant"] = "cosine"
    gradient_norm: float = 1.0
    held_out: float = 0.1
    seed: int = 0
    work_penalty: float = 0.0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1:
            raise SNNError(
                f"epochs and batch must be 1 or more, got {self.epochs} and {self.batch}"
            )
        if self.work_penalty < 0:
            raise SNNError(f"the work penalty must not be negative, got {self.work_penalty}")
        if self.learning_rate <= 0 or self.gradient_norm <= 0 or not 0 < self.held_out < 1:
            raise SNNError(
                "learning rate and gradient norm must be positive and the held-out part between 0 "
                f"and 1, got {self.learning_rate}, {self.gradient_norm} and {self.held_out}"
            )


@dataclass(frozen=True)
class Score:
    """Mean loss and accuracy on the held-out samples; accuracy decides, then the loss.

    With a work penalty, which is part of the loss, the loss decides alone.
    """

    accuracy: float
    loss: float

    def __gt__(self, other: Score) -> bool:
        return (self.accuracy, -self.loss) > (other.accuracy, -other.loss)


@dataclass(frozen=True)
class TrainingResult:
    """What training did.

    Attributes:
        before, after: of the held-out samples; after the best epoch.
        best_epoch: 1 for the first; 0 if no epoch was better than the start, which then is kept.
        epochs: of the held-out samples after each epoch.
        labelled: whether the data had labels; otherwise the network's own decisions before training
            were taken, and accuracies are agreements with them.
    """

    before: Score
    after: Score
    best_epoch: int
    epochs: tuple[Score, ...]
    training_samples: int
    held_out_samples: int
    labelled: bool


def resolve_device(name: str, network: NetworkOpBase) -> torch.device:
    """The device that a pass option names; `auto` is CUDA where there is some, else the CPU.

    Raises:
        SNNError: at the network; there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch_device(name, network)


def train(
    module: TrainableNetwork, data: Dataset, training: Training, *, progress: bool = False
) -> TrainingResult:
    """Train a network in place and leave it as it was after its best epoch.

    Data without labels teach the network its own decisions before training, which is of use after
    a change that the decisions should survive: train a changed network on `decisions` of the
    original to distil that one.

    Args:
        data: fit the network (`snnir.data.network_inputs.load_samples`).
        progress: show a progress bar on standard error if that is a terminal.

    Raises:
        SNNError: fewer than two samples, or the training diverged.
    """
    labels = decisions(module.network, data.x, module.device) if data.y is None else data.y
    taught = Dataset(data.x, labels, data.name)
    held_out, rest = split(labels, training.held_out)
    loss = loss_function(module.network, training.loss)
    before = evaluate(module, taught, held_out, loss, training)
    best, best_epoch, scores = before, 0, []
    kept = _snapshot(module)
    with tqdm(total=training.epochs, unit="epoch", disable=None if progress else True) as bar:
        for epoch in _epochs(module, taught, rest, loss, training):
            score = evaluate(module, taught, held_out, loss, training)
            scores.append(score)
            if score.loss < best.loss if training.work_penalty else score > best:
                best, best_epoch, kept = score, epoch, _snapshot(module)
            bar.set_postfix(loss=f"{score.loss:.3f}", accuracy=f"{score.accuracy:.3f}")
            bar.update()
    _restore(module, kept)
    return TrainingResult(
        before, best, best_epoch, tuple(scores), len(rest), len(held_out), data.y is not None
    )


def decisions(
    network: NetworkOpBase, x: NDArray, device: str | torch.device = "cpu"
) -> NDArray[np.int64]:
    """The classes that a network decides for, int64 (samples,)."""
    return TorchExecutor(network, device).run(x).labels


def split(labels: NDArray[np.int64], held_out: float) -> tuple[NDArray[np.int64], ...]:
    """Positions of the held-out samples, class-balanced, and of the others; at least one each.

    Raises:
        SNNError: there are fewer than two samples.
    """
    if len(labels) < 2:
        raise SNNError("training needs at least two samples, one of them to compare epochs on")
    count = min(max(round(held_out * len(labels)), 1), len(labels) - 1)
    chosen = balanced_subset(labels, count)
    return chosen, np.setdiff1d(np.arange(len(labels)), chosen)


@torch.no_grad()
def evaluate(
    module: TrainableNetwork,
    data: Dataset,
    samples: NDArray[np.int64],
    loss: Loss,
    training: Training,
) -> Score:
    """Mean loss, with the penalty of `training`, and accuracy of some of the samples.

    Decisions are those of the readout.

    Args:
        data: with labels.
        samples: positions in the data, (n,).
    """
    labels = data.labels()
    total, right = 0.0, 0
    for chosen in _batches(samples, training.batch):
        outputs, work = module.forward_with_work(torch.from_numpy(data.x[chosen]))
        wanted = torch.from_numpy(labels[chosen]).to(module.device)
        total += float(loss(outputs, wanted) + training.work_penalty * work) * len(chosen)
        readout = ReadoutAccumulator(module.network, len(chosen))
        for output in outputs.cpu().numpy():
            readout.add(output)
        right += int((readout.scores().argmax(1) == labels[chosen]).sum())
    return Score(right / len(samples), total / len(samples))


def _epochs(
    module: TrainableNetwork,
    data: Dataset,
    samples: NDArray[np.int64],
    loss: Loss,
    training: Training,
) -> Iterator[int]:
    """Train for the epochs, yielding the number of each after it."""
    x, labels = data.x, data.labels()
    rng = np.random.default_rng(training.seed)
    optimiser = torch.optim.Adam(module.parameters(), lr=training.learning_rate)
    steps = training.epochs * -(-len(samples) // training.batch)
    schedule = (
        torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        if training.schedule == "cosine"
        else torch.optim.lr_scheduler.ConstantLR(optimiser, 1.0)
    )
    for epoch in range(1, training.epochs + 1):
        for chosen in _batches(rng.permutation(samples), training.batch):
            optimiser.zero_grad(set_to_none=True)
            value = _batch_loss(module, x[chosen], labels[chosen], loss, training.work_penalty)
            value.backward()
            norm = nn.utils.clip_grad_norm_(module.parameters(), training.gradient_norm)
            if not torch.isfinite(value) or not torch.isfinite(norm):
                raise SNNError(f"the training diverged in epoch {epoch}; lower the learning rate")
            optimiser.step()
            schedule.step()
            module.restrain()
        yield epoch


def _batch_loss(
    module: TrainableNetwork, x: NDArray, labels: NDArray[np.int64], loss: Loss, penalty: float
) -> Tensor:
    """What one step of the optimiser lowers."""
    wanted = torch.from_numpy(labels).to(module.device)
    if not penalty:
        return loss(module(torch.from_numpy(x)), wanted)
    outputs, work = module.forward_with_work(torch.from_numpy(x))
    return loss(outputs, wanted) + penalty * work


def _batches(samples: NDArray[np.int64], batch: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(samples), batch):
        yield samples[start : start + batch]


def _snapshot(module: TrainableNetwork) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


@torch.no_grad()
def _restore(module: TrainableNetwork, values: list[Tensor]) -> None:
    for parameter, value in zip(module.parameters(), values, strict=True):
        parameter.copy_(value)
