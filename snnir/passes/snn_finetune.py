# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the weights of networks for a few epochs, usually after a pass that lost accuracy.

Gradients go back through time with surrogates in the place of the derivative of spikes (Neftci et
al. 2019), by Adam. Zeros of the weights of layers stay zero, and weights with the attributes
`scale` and `bits` stay on that grid: the optimiser moves latent weights that are rounded at every
batch, and the gradient goes straight through the rounding. So the masks and grids of compression
passes survive. Biases and the `gamma` and `beta` of batch normalisations are trained as well,
running statistics are not; thresholds and decays are on request.

A tenth of the data (`held-out`), class-balanced, is not trained on. The network becomes what it was
after the epoch with the highest accuracy on it, or stays as it is if no epoch was better: the
network never gets worse there. Data without labels teach the network its own decisions.

With a `work-penalty` neurons also learn to spike less, which makes event-driven programs faster;
the lowest loss with the penalty then decides between epochs, so accuracy may fall. Rates that were
measured before training are erased.

`loss=counts` is the cross-entropy with the readout's scores as logits
(`snntorch.functional.ce_count_loss` for spike counts), `rates`, for readouts of spikes, the mean
square of the differences between spike counts and 0.8 of the steps for the right class, 0.2 of them
for the others, divided by the steps (`snntorch.functional.mse_count_loss`). The derivative of a
spike by the membrane `U` is for `surrogate=atan` `1 / (1 + (pi (U - threshold))^2)`, as in
snnTorch, and for `linear` `0.3 max(0, 1 - |U / threshold - 1|) / threshold` (Bellec et al. 2018).

Works for every network that the torch executor can execute.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.data.network_inputs import load_samples
from snnir.dialects import snn
from snnir.layers.activity_attributes import erase_rates
from snnir.support.diagnostics import SNNError, error_at
from snnir.support.pass_base import SNNPass, option, required_option

if TYPE_CHECKING:
    from snnir.training import TrainableNetwork, TrainingResult


@dataclass(frozen=True)
class SNNFinetunePass(SNNPass):
    """Train weights with surrogate gradients; masks and grids are kept.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks('snn-finetune{data="c.npz" epochs=2}')
    snn.network: ... held-out samples...
    """

    name: ClassVar[str] = "snn-finetune"

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
    surrogate: Literal["atan", "linear"] = option("atan", "derivative of a spike")
    held_out: float = option(0.1, "part of the samples that epochs are compared on")
    device: str = option("auto", "where to train: cpu, cuda, or auto for cuda where there is one")
    seed: int = option(0, "of the order of samples")
    train_thresholds: bool = option(False, "train thresholds as well")
    train_decays: bool = option(False, "train the decays of neurons as well")
    keep_zeros: bool = option(True, "zeros of the weights of layers stay zero")
    work_penalty: float = option(
        0.0, "weight in the loss of the part of the multiplications that spikes ask for"
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snn.NetworkOp)]:
            self._finetune(network)

    def _finetune(self, network: snn.NetworkOp) -> None:
        # torch takes seconds to import, which the help of this pass need not wait for.
        from snnir.training import TrainableNetwork, Training, resolve_device, train

        try:
            training = Training(
                self.epochs, self.batch, self.learning_rate, self.loss, self.schedule,
                self.gradient_norm, self.held_out, self.seed, self.work_penalty,
            )  # fmt: skip
            data = load_samples(network, self.data, limit=self.samples)
        except SNNError as error:
            raise error_at(network, f"cannot be trained: {error.message}") from error
        module = TrainableNetwork(
            network,
            surrogate=self.surrogate,
            train_thresholds=self.train_thresholds,
            train_decays=self.train_decays,
            keep_zeros=self.keep_zeros,
            device=resolve_device(self.device, network),
        )
        if not module.parameter_count():
            self.remark(network, "kept: it has nothing to train")
            return
        try:
            result = train(module, data, training, progress=True)
        except SNNError as error:
            raise error_at(network, f"cannot be trained: {error.message}") from error
        if result.best_epoch:
            module.write_back(network)
            # What was measured before training is no longer true.
            for op in network.body.block.ops:
                erase_rates(op)
        self._report(network, module, result)

    def _report(
        self, network: snn.NetworkOp, module: "TrainableNetwork", result: "TrainingResult"
    ) -> None:
        before, after = result.before, result.after
        measure = "accuracy" if result.labelled else "agreement with its own decisions"
        figures = (
            f"{measure} {before.accuracy:.4f} to {after.accuracy:.4f} and loss {before.loss:.4f} "
            f"to {after.loss:.4f} on {result.held_out_samples} held-out samples, "
            f"trained on {result.training_samples}"
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
