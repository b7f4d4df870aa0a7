# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the passes that train have in common: options, checks, and what they report."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.data.network_inputs import class_count, load_samples
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.layers.activity_attributes import erase_rates
from snnir.passes.second_network import read_second_network
from snnir.support.diagnostics import SNNError, error_at
from snnir.support.pass_base import SNNPass, option, required_option

if TYPE_CHECKING:
    import torch

    from snnir.training import TrainableNetwork, Training, TrainingResult


@dataclass(frozen=True)
class FinetunePass(SNNPass, ABC):
    """Trains every network of a module and keeps the best epoch."""

    HOW: ClassVar[str] = "trained"
    """What was done to the network, in remarks."""

    data: str = required_option("training data: FILE.npz (keys x, y) or nmnist:DIR with recordings")
    samples: int | None = option(None, "samples to use, class-balanced; all by default")
    epochs: int = option(5, "how often every sample is presented")
    batch: int = option(32, "samples per step of the optimiser")
    learning_rate: float = option(1e-3, "of Adam, at the start")
    schedule: Literal["cosine", "constant"] = option("cosine", "of the learning rate")
    gradient_norm: float = option(1.0, "larger gradients are shortened to this norm")
    loss: Literal["counts", "rates"] = option(
        "counts",
        "cross-entropy on the readout's scores, or squared distance of spike counts from targets",
    )
    held_out: float = option(0.1, "part of the samples that epochs are compared on")
    validation: str | None = option(
        None, "data that epochs are compared on instead of a part of the samples"
    )
    teacher: str | None = option(
        None, "FILE.mlir with a network whose scores are learned, as the one before compression"
    )
    teacher_weight: float = option(0.9, "part of the loss that is the distance from the teacher")
    temperature: float = option(4.0, "scores of teacher and network are divided by it")
    shift: int = option(0, "move images by up to so many rows and columns, anew in each epoch")
    mirror: bool = option(False, "mirror half of the images, anew in each epoch")
    device: str = option("auto", "where to train: cpu, cuda, or auto for cuda where there is one")
    seed: int = option(0, "of the order of samples, of shift and of mirror")
    train_thresholds: bool = option(False, "train thresholds as well")
    keep_zeros: bool = option(True, "zeros of the weights of layers stay zero")
    reduced: bool = option(
        False, "layers compute in bfloat16 while they are trained; epochs are compared in float32"
    )
    work_penalty: float = option(
        0.0, "weight in the loss of the part of the multiplications that spikes ask for"
    )

    @abstractmethod
    def trainable(self, network: snn.NetworkOp, device: torch.device) -> TrainableNetwork:
        """The network as it is trained."""

    @abstractmethod
    def judge(self, network: snn.NetworkOp, device: torch.device) -> TrainableNetwork | None:
        """The network as epochs are compared; None if that is how it is trained."""

    @abstractmethod
    def load(self, network: snn.NetworkOp) -> Dataset:
        """The training data.

        Raises:
            SNNError: they do not fit the network.
        """

    @abstractmethod
    def inputs_of(self, network: snn.NetworkOp) -> str:
        """What a network takes; that of the teacher must be the same."""

    def taught_by(self, teacher: snn.NetworkOp, device: torch.device) -> TrainableNetwork:
        """The teacher as it is executed: like the network by default."""
        return self.trainable(teacher, device)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snn.NetworkOp)]:
            self._finetune(network)

    def _finetune(self, network: snn.NetworkOp) -> None:
        # torch takes seconds to import, which the help of this pass need not wait for.
        from snnir.training import resolve_device, train

        try:
            training = self._training(network)
            data = self.load(network)
            validation = None
            if self.validation is not None:
                validation = load_samples(network, self.validation)
        except SNNError as error:
            raise error_at(network, f"cannot be trained: {error.message}") from error
        device = resolve_device(self.device, network)
        module = self.trainable(network, device)
        if not module.parameter_count():
            self.remark(network, "kept: it has nothing to train")
            return
        teacher = self._teacher(network, device)
        try:
            result = train(
                module, data, training, judge=self.judge(network, device), validation=validation,
                teacher=teacher, progress=True,
            )  # fmt: skip
        except SNNError as error:
            raise error_at(network, f"cannot be trained: {error.message}") from error
        if result.best_epoch:
            module.write_back(network)
            # What was measured before training is no longer true.
            for op in network.body.block.ops:
                erase_rates(op)
        self._report(network, module, result)

    def _training(self, network: snn.NetworkOp) -> Training:
        from snnir.training import Training

        if (self.shift or self.mirror) and len(shape_of(network.frame.type)) < 3:
            raise SNNError("shift and mirror need frames of (channels, height, width)")
        return Training(
            self.epochs, self.batch, self.learning_rate, self.loss, self.schedule,
            self.gradient_norm, self.held_out, self.seed, self.work_penalty, self.teacher_weight,
            self.temperature, self.shift, self.mirror,
        )  # fmt: skip

    def _teacher(self, network: snn.NetworkOp, device: torch.device) -> TrainableNetwork | None:
        if self.teacher is None:
            return None
        teacher = read_second_network(
            network, self.teacher,
            lambda each: f"{self.inputs_of(each)} and has {class_count(each)} classes",
            can_do="teach", can_use="learn from",
        )  # fmt: skip
        return self.taught_by(teacher, device)

    def _report(
        self, network: snn.NetworkOp, module: TrainableNetwork, result: TrainingResult
    ) -> None:
        before, after = result.before, result.after
        measure = "accuracy" if result.labelled else "agreement with its own decisions"
        figures = (
            f"{measure} {before.accuracy:.4f} to {after.accuracy:.4f} and loss {before.loss:.4f} "
            f"to {after.loss:.4f} on {result.held_out_samples} held-out samples, "
            f"{self.HOW} on {result.training_samples}"
        )
        if not result.best_epoch:
            figures = (
                f"kept as it was: none of {self.epochs} epochs was better than {measure} "
                f"{before.accuracy:.4f} and loss {before.loss:.4f} on "
                f"{result.held_out_samples} held-out samples"
            )
        else:
            figures += f", epoch {result.best_epoch} of {self.epochs} kept"
            self.statistics.add("parameters trained", module.parameter_count())
            self.statistics.add("zeros kept", module.kept_zeros())
        self.remark(
            network,
            f"{figures}; {module.parameter_count():,} parameters, "
            f"{module.kept_zeros():,} zeros kept",
            accuracy_before=before.accuracy, accuracy_after=after.accuracy,
            loss_before=before.loss, loss_after=after.loss, best_epoch=result.best_epoch,
            held_out_samples=result.held_out_samples, training_samples=result.training_samples,
            parameters=module.parameter_count(), zeros_kept=module.kept_zeros(),
            labelled=result.labelled,
        )  # fmt: skip
