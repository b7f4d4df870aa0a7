# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training of networks of the `snn` level through time or by rates, back into the IR."""

from snnir.training.loop import Training, TrainingResult, resolve_device, train
from snnir.training.loss import LOSSES, LossName, loss_function, readout_scores
from snnir.training.module import TrainableNetwork
from snnir.training.rate_network import RateNetwork
from snnir.training.surrogate import SURROGATES, SurrogateName

__all__ = [
    "LOSSES",
    "SURROGATES",
    "LossName",
    "RateNetwork",
    "SurrogateName",
    "TrainableNetwork",
    "Training",
    "TrainingResult",
    "loss_function",
    "readout_scores",
    "resolve_device",
    "train",
]
