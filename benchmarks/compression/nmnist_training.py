# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fine-tuning of the N-MNIST network on simulated recordings, in few time steps.

What `snn-reduce-timesteps` with `finetune=true` does at each stage (arXiv 2104.12528, 2110.05929:
each stage starts from the network of the stage before), on recordings that are put into the bins of
the stage at once: the pass would have to hold thousands of recordings in 300 bins.
"""

from dataclasses import dataclass

import numpy as np
from common import log
from nmnist_networks import FIRST_TRAINING_IMAGE, accuracy, as_presented, simulated, snn_network
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.snn import InputKind, InputKindAttr
from snnir.dialects.snn_neurons import NeuronBase
from snnir.layers.activity_attributes import erase_rates
from snnir.layers.affine import AFFINE_OPS
from snnir.temporal.coarsening import coarsen
from snnir.temporal.search import EXPONENTS
from snnir.training import TrainableNetwork, Training, train

LAYER_EXPONENTS = (-0.5, 0.0, 0.25, 0.5, 1.0)
EXPONENT_SAMPLES = 500
"""Simulated recordings that the exponent of the thresholds is chosen on before training."""


@dataclass(frozen=True)
class Stage:
    """Training at one number of steps, on the first `samples` simulated recordings.

    Attributes:
        binary: the network takes from now on whether a pixel had events in a step, not how many.
        quiet: spiking layers in front of others lose the biases of their currents: neurons that
            nothing reaches are silent and at rest, and event-driven kernels skip them.
    """

    steps: int
    samples: int
    epochs: int
    learning_rate: float = 1e-3
    batch: int = 32
    seed: int = 0
    work_penalty: float = 0.0
    binary: bool = False
    quiet: bool = False

    def __str__(self) -> str:
        last = FIRST_TRAINING_IMAGE + self.samples - 1
        return (
            f"{self.steps} steps: {self.epochs} epochs on simulated recordings of the MNIST "
            f"training images {FIRST_TRAINING_IMAGE} to {last}, rate {self.learning_rate:g}"
        )


def seeded(key: str, seed: int) -> str:
    """The name in the cache of what was trained with a seed; the first seed needs no mention."""
    return f"{key}_seed{seed}" if seed else key


def coarsened(module: ModuleOp, steps: int, exponents: float | tuple[float, ...]) -> ModuleOp:
    """A copy in fewer steps, without training."""
    changed = module.clone()
    coarsen(snn_network(changed), steps, exponents)
    return changed


def best_coarsened(module: ModuleOp, data: Dataset) -> tuple[ModuleOp, float]:
    """A copy in as many steps as the data have, with the best exponent for them; the exponent."""
    steps = data.x.shape[1]
    scores = {e: accuracy(coarsened(module, steps, e), data) for e in EXPONENTS}
    exponent = max(scores, key=lambda each: scores[each])
    return coarsened(module, steps, exponent), exponent


def refined(module: ModuleOp, data: Dataset) -> tuple[ModuleOp, tuple[float, ...]]:
    """As `best_coarsened`, then another exponent for one layer after the other if it is better."""
    steps = data.x.shape[1]
    candidate, exponent = best_coarsened(module, data)
    layers = sum(isinstance(op, NeuronBase) for op in snn_network(module).body.block.ops)
    best, score = (exponent,) * layers, accuracy(candidate, data)
    for layer in range(layers):
        start = best
        for own in LAYER_EXPONENTS:
            trial = (*start[:layer], own, *start[layer + 1 :])
            if (
                trial != start
                and (found := accuracy(coarsened(module, steps, trial), data)) > score
            ):
                best, score = trial, found
    return coarsened(module, steps, best), best


def remove_hidden_biases(network: snn.NetworkOp) -> None:
    """Take the biases from all layers but the last one."""
    layers = [op for op in network.body.block.ops if isinstance(op, AFFINE_OPS)]
    for op in layers[:-1]:
        if op.bias is not None:
            weight = op.bias.owner
            op.operands = [op.input, op.weight]
            if isinstance(weight, snn.WeightOp) and not weight.result.uses:
                weight.detach()
                weight.erase()


def train_stage(module: ModuleOp, stage: Stage) -> ModuleOp:
    """A copy of the network in the steps of the stage, trained. Zeros of pruned weights stay."""
    data = simulated("train", stage.steps, stage.samples)
    changed = module.clone()
    if snn_network(changed).timesteps.value.data != stage.steps:
        few = as_presented(changed, data.take(EXPONENT_SAMPLES))
        changed, _ = best_coarsened(module, few)
    if stage.binary:
        snn_network(changed).properties["input"] = InputKindAttr(InputKind.BINARY_FRAMES)
    data = as_presented(changed, data)
    if stage.quiet:
        remove_hidden_biases(snn_network(changed))
    trainable = TrainableNetwork(snn_network(changed), train_thresholds=True)
    training = Training(
        stage.epochs, stage.batch, stage.learning_rate, seed=stage.seed,
        work_penalty=stage.work_penalty,
    )  # fmt: skip
    result = train(trainable, data, training)
    held_out = np.array([score.accuracy for score in result.epochs])
    log(f"  {stage}: held out {result.before.accuracy:.3f} to {held_out.round(4).tolist()}")
    trainable.write_back(snn_network(changed))
    # What was measured before training is no longer true.
    for op in snn_network(changed).body.block.ops:
        erase_rates(op)
    return changed
