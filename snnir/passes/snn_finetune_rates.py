# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the weights of networks by firing rates: one pass for a sample instead of one for a step.

While it is trained, every neuron is replaced by the rate that it settles to for a constant current,
as a function that has a derivative, and the input by its mean over time; for a neuron that
integrates and subtracts its threshold this is `clip(current / threshold, 0, 1)`.
`snnir.training.rates` derives the others. In few steps neurons fire less, because they start from
zero: before every epoch one number for each layer is measured, on up to 64 held-out samples, that
gives it the mean rate of the spiking network. Training costs about `1 / timesteps` of
`snn-finetune`, so that a network at many steps can see all of its data. Where the order of spikes
matters, `snn-finetune` can go on from there. With `whole-spikes` rates are rounded to whole numbers
of spikes in all steps, through which gradients go straight (Bu et al. 2022, "Optimal ANN-SNN
conversion"), so that a network for few steps learns what these leave of its rates. Thresholds keep
their values and need no balancing afterwards, because they are part of the function;
`train-thresholds` trains them.

Epochs are compared on the spiking network, at all its steps, with held-out samples: the network
never gets worse there. Zeros and grids of weights are kept, a `teacher` (whose rates are used, so
its number of steps may be another) and a `work-penalty` work as in `snn-finetune`.

The data are those of `snn-finetune`, or frames of their means over time, (samples, *shape), for
which `validation` must name data with time steps. The mean of Poisson spikes is the image itself:
images need not be encoded to be trained on.

Refused, at the operation: neurons without a known function (`snn.alpha`; spikes of neurons without
reset, with a threshold that is not positive, or with a decay of 0 if the rate is a step then;
membranes that are reset and read), feedback through registers, operations of plug-ins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from snnir.data import Dataset
from snnir.data.network_inputs import load_means
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.passes.finetuning import FinetunePass
from snnir.support.diagnostics import SNNError
from snnir.support.pass_base import option

if TYPE_CHECKING:
    import torch

    from snnir.training import TrainableNetwork


@dataclass(frozen=True)
class SNNFinetuneRatesPass(FinetunePass):
    """Train weights by firing rates; masks and grids are kept.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks('snn-finetune-rates{data="c.npz" epochs=2}')
    snn.network: ... held-out samples...
    """

    name: ClassVar[str] = "snn-finetune-rates"
    HOW: ClassVar[str] = "trained by rates"

    whole_spikes: bool = option(
        False, "round rates to whole numbers of spikes in all steps; gradients go straight through"
    )

    def trainable(self, network: snn.NetworkOp, device: torch.device) -> TrainableNetwork:
        from snnir.training import RateNetwork

        return RateNetwork(
            network, train_thresholds=self.train_thresholds, keep_zeros=self.keep_zeros,
            reduced=self.reduced, whole_spikes=self.whole_spikes, device=device,
        )  # fmt: skip

    def taught_by(self, teacher: snn.NetworkOp, device: torch.device) -> TrainableNetwork:
        from snnir.training import RateNetwork

        return RateNetwork(teacher, reduced=self.reduced, device=device)

    def judge(self, network: snn.NetworkOp, device: torch.device) -> TrainableNetwork | None:
        from snnir.training import TrainableNetwork

        return TrainableNetwork(
            network, train_thresholds=self.train_thresholds, keep_zeros=self.keep_zeros,
            device=device,
        )  # fmt: skip

    def load(self, network: snn.NetworkOp) -> Dataset:
        data = load_means(network, self.data, self.samples)
        means = data.is_static(shape_of(network.frame.type))
        if means and network.input.data is not snn.InputKind.STATIC_VALUES:
            if self.validation is None:
                raise SNNError(
                    f"{data.name}: a sample is one frame, its mean over time, which the spiking "
                    "network cannot be compared on; name data with time steps by validation"
                )
            data.labels()
        return data

    def inputs_of(self, network: snn.NetworkOp) -> str:
        return f"frames of {shape_of(network.frame.type)}"
