# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The training loop: Adam, and the best epoch on data that were held out."""

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
from snnir.training.augmentation import shifted_and_mirrored
from snnir.training.loss import Loss, LossName, distillation_loss, loss_function, readout_scores
from snnir.training.module import TrainableNetwork

IMITATED = 64
"""Held-out samples on which a network that estimates is adjusted to its judge after each epoch."""


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
        teacher_weight: part of the loss that is the distance from the scores of a teacher, if there
            is one, softened by `temperature` (`distillation_loss`).
        shift, mirror: every sample of a batch is moved by up to so many positions, and every second
            one mirrored (`shifted_and_mirrored`).
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
    teacher_weight: float = 0.9
    temperature: float = 4.0
    shift: int = 0
    mirror: bool = False

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
        if not 0 <= self.teacher_weight <= 1 or self.temperature <= 0 or self.shift < 0:
            raise SNNError(
                "the weight of the teacher must be from 0 to 1, the temperature positive and the "
                f"shift 0 or more, got {self.teacher_weight}, {self.temperature} and {self.shift}"
            )


@dataclass(frozen=True)
class Score:
    """Mean loss and accuracy on the held-out samples; accuracy decides, then the loss.

    With a work penalty, which is part of the loss, the loss decides alone; then the distance from a
    teacher is a part of it as well.
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
    module: TrainableNetwork,
    data: Dataset,
    training: Training,
    *,
    judge: TrainableNetwork | None = None,
    validation: Dataset | None = None,
    teacher: TrainableNetwork | None = None,
    progress: bool = False,
) -> TrainingResult:
    """Train a network in place and leave it as it was after its best epoch.

    Data without labels teach the network its own decisions before training, which is of use after
    a change that the decisions should survive.

    Args:
        data: fit the network (`snnir.data.network_inputs.load_samples`).
        judge: epochs are compared on this one, which gets the parameters of `module` after each: a
            network with the same parameters that computes otherwise, which `module` imitates then;
            `module` by default.
        validation: epochs are compared on these samples instead of a part of the data.
        teacher: a network whose scores are learned as well; it takes what `module` takes. Its
            parameters stop to require gradients.
        progress: show a progress bar on standard error if that is a terminal.

    Raises:
        SNNError: fewer than two samples, nothing to train, or the training diverged.
    """
    judge = module if judge is None else judge
    if teacher is not None:
        # It has no gradients, but computes at the precision of the training.
        teacher.requires_grad_(False)
    taught = _labelled(judge, data)
    if validation is None:
        compared, (held_out, rest) = taught, split(taught.labels(), training.held_out)
    else:
        compared = _labelled(judge, validation)
        held_out, rest = np.arange(len(compared)), np.arange(len(taught))
    objective = Objective(module, loss_function(module.network, training.loss), training, teacher)

    def score() -> Score:
        if judge is not module:
            _restore(judge, _snapshot(module))
            module.imitate(judge, torch.from_numpy(compared.x[held_out[:IMITATED]]))
        # Where the loss decides, it is the one that is trained.
        decisive = objective.teacher if training.work_penalty else None
        return evaluate(judge, compared, held_out, objective.loss, training, decisive)

    best, best_epoch, scores = score(), 0, []
    before, kept = best, _snapshot(module)
    total = training.epochs * len(rest)
    with tqdm(total=total, unit="sample", disable=None if progress else True) as bar:
        for epoch in _epochs(objective, taught, rest, bar):
            latest = score()
            scores.append(latest)
            if latest.loss < best.loss if training.work_penalty else latest > best:
                best, best_epoch, kept = latest, epoch, _snapshot(module)
            bar.set_postfix(loss=f"{latest.loss:.3f}", accuracy=f"{latest.accuracy:.3f}")
    _restore(module, kept)
    return TrainingResult(
        before, best, best_epoch, tuple(scores), len(rest), len(held_out), data.y is not None
    )


def _labelled(module: TrainableNetwork, data: Dataset) -> Dataset:
    """The data, with what the network decides for labels if they have none."""
    if data.y is not None:
        return data
    return Dataset(data.x, decisions(module.network, data.x, module.device), data.name)


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
    teacher: TrainableNetwork | None = None,
) -> Score:
    """Mean loss, with the penalty of `training`, and accuracy of some of the samples.

    Decisions are those of the readout.

    Args:
        data: with labels.
        samples: positions in the data, (n,).
        teacher: whose distance is a part of the loss.
    """
    labels = data.labels()
    total, right = 0.0, 0
    for chosen in _batches(samples, training.batch):
        x = torch.from_numpy(data.x[chosen])
        outputs, work = module.forward_with_work(x)
        value = loss(outputs, torch.from_numpy(labels[chosen]).to(module.device))
        if teacher is not None:
            value = with_teacher(value, module, outputs, teacher, x, training)
        total += float(value + training.work_penalty * work) * len(chosen)
        readout = ReadoutAccumulator(module.network, len(chosen))
        for output in outputs.cpu().numpy():
            readout.add(output)
        right += int((readout.scores().argmax(1) == labels[chosen]).sum())
    return Score(right / len(samples), total / len(samples))


def with_teacher(
    value: Tensor,
    module: TrainableNetwork,
    outputs: Tensor,
    teacher: TrainableNetwork,
    x: Tensor,
    training: Training,
) -> Tensor:
    """A loss on labels, mixed with the distance of outputs from a teacher's on the same samples."""
    wanted = readout_scores(teacher.network, teacher(x))
    scores = readout_scores(module.network, outputs)
    distance = distillation_loss(scores, wanted, training.temperature)
    return (1 - training.teacher_weight) * value + training.teacher_weight * distance


@dataclass(frozen=True)
class Objective:
    """What one step of the optimiser lowers."""

    module: TrainableNetwork
    loss: Loss
    training: Training
    teacher: TrainableNetwork | None

    def __call__(self, x: Tensor, labels: Tensor) -> Tensor:
        """The loss on a batch, with the distance from the teacher and the penalty."""
        training, work = self.training, None
        if training.work_penalty:
            outputs, work = self.module.forward_with_work(x)
        else:
            outputs = self.module(x)
        value = self.loss(outputs, labels)
        if self.teacher is not None:
            value = with_teacher(value, self.module, outputs, self.teacher, x, training)
        return value if work is None else value + training.work_penalty * work


def _epochs(
    objective: Objective, data: Dataset, samples: NDArray[np.int64], bar: tqdm
) -> Iterator[int]:
    """Train for the epochs, yielding the number of each after it."""
    module, training = objective.module, objective.training
    labels = torch.from_numpy(data.labels())
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
            x = shifted_and_mirrored(data.x[chosen], training.shift, training.mirror, rng)
            optimiser.zero_grad(set_to_none=True)
            value = objective(torch.from_numpy(x), labels[chosen].to(module.device))
            _require_gradient(value)
            value.backward()
            norm = nn.utils.clip_grad_norm_(module.parameters(), training.gradient_norm)
            if not torch.isfinite(value) or not torch.isfinite(norm):
                raise SNNError(f"the training diverged in epoch {epoch}; lower the learning rate")
            optimiser.step()
            schedule.step()
            module.restrain()
            bar.update(len(chosen))
        yield epoch


def _require_gradient(value: Tensor) -> None:
    if not value.requires_grad:
        raise SNNError(
            "no parameter that is trained reaches the scores through operations with a derivative; "
            "let the torch_function of a plug-in's neuron give spikes with a surrogate derivative"
        )


def _batches(samples: NDArray[np.int64], batch: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(samples), batch):
        yield samples[start : start + batch]


def _snapshot(module: TrainableNetwork) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


@torch.no_grad()
def _restore(module: TrainableNetwork, values: list[Tensor]) -> None:
    for parameter, value in zip(module.parameters(), values, strict=True):
        parameter.copy_(value)
