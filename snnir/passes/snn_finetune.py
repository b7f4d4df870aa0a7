# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the weights of networks for a few epochs, usually after a pass that lost accuracy.

Gradients go back through time with surrogates in the place of the derivative of spikes (Neftci et
al. 2019), by Adam. Zeros of the weights of layers stay zero, and weights with the attributes
`scale` and `bits` stay on that grid: the optimiser moves latent weights that are rounded at every
batch, and the gradient goes straight through the rounding. So the masks and grids of compression
passes survive. Biases and the `gamma` and `beta` of batch normalisations are trained as well,
running statistics are not; thresholds and decays are on request.

A tenth of the data (`held-out`), class-balanced, is not trained on; `validation` names other data
for this. The network becomes what it was after the epoch with the highest accuracy on it, or stays
as it is if no epoch was better: the network never gets worse there. Data without labels teach the
network its own decisions.

With a `teacher`, such as the network before compression, the scores of the readout are learned as
well: the loss is for `teacher-weight` the divergence from the teacher's softened classes (Hinton et
al. 2015). With `teacher-rates` the teacher is executed as `snn-finetune-rates` executes networks:
at the cost of one step, so that a network for few steps can learn from one for many, or from one
that stands for an ordinary network because its thresholds are never reached.

With `reduced`, layers, those of a teacher too, compute in bfloat16 while they are trained, which
takes half of the time on processors with such instructions; membranes, weights and the comparison
of epochs stay float32.

With a `work-penalty` neurons also learn to spike less, which makes event-driven programs faster;
the lowest loss with the penalty, and with the distance from a teacher, then decides between epochs,
so accuracy may fall. Rates that were measured before training are erased.

`loss=counts` is the cross-entropy with the readout's scores as logits
(`snntorch.functional.ce_count_loss` for spike counts), `rates`, for readouts of spikes, the mean
square of the differences between spike counts and 0.8 of the steps for the right class, 0.2 of them
for the others, divided by the steps (`snntorch.functional.mse_count_loss`). The derivative of a
spike by the membrane `U` is for `surrogate=atan` `1 / (1 + (pi (U - threshold))^2)`, as in
snnTorch, and for `linear` `0.3 max(0, 1 - |U / threshold - 1|) / threshold` (Bellec et al. 2018).

Works for every network that the torch executor can execute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from snnir.data import Dataset
from snnir.data.network_inputs import load_samples
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.passes.finetuning import FinetunePass
from snnir.support.pass_base import option

if TYPE_CHECKING:
    import torch

    from snnir.training import TrainableNetwork


@dataclass(frozen=True)
class SNNFinetunePass(FinetunePass):
    """Train weights with surrogate gradients; masks and grids are kept.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks('snn-finetune{data="c.npz" epochs=2}')
    snn.network: ... held-out samples...
    """

    name: ClassVar[str] = "snn-finetune"

    surrogate: Literal["atan", "linear"] = option("atan", "derivative of a spike")
    train_decays: bool = option(False, "train the decays of neurons as well")
    teacher_rates: bool = option(
        False, "execute the teacher by firing rates, in one step for all of its own"
    )

    def trainable(self, network: snn.NetworkOp, device: torch.device) -> TrainableNetwork:
        from snnir.training import TrainableNetwork

        return TrainableNetwork(
            network, surrogate=self.surrogate, train_thresholds=self.train_thresholds,
            train_decays=self.train_decays, keep_zeros=self.keep_zeros, reduced=self.reduced,
            device=device,
        )  # fmt: skip

    def taught_by(self, teacher: snn.NetworkOp, device: torch.device) -> TrainableNetwork:
        from snnir.training import RateNetwork

        if not self.teacher_rates:
            return self.trainable(teacher, device)
        return RateNetwork(teacher, reduced=self.reduced, device=device)

    def judge(self, network: snn.NetworkOp, device: torch.device) -> TrainableNetwork | None:
        return None

    def load(self, network: snn.NetworkOp) -> Dataset:
        return load_samples(network, self.data, limit=self.samples)

    def inputs_of(self, network: snn.NetworkOp) -> str:
        if self.teacher_rates:
            return f"frames of {shape_of(network.frame.type)}"
        static = network.input.data is snn.InputKind.STATIC_VALUES
        steps = f"{network.timesteps.value.data} {'times one frame' if static else 'frames'}"
        return f"{steps} of {shape_of(network.frame.type)}"
