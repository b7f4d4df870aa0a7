# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many weights of each layer become zero, in the network that gets the image itself.

The paper's proxy of the energy says what a zero saves; what it costs is what it does to the
decisions of the network, on validation images and without their labels.

1. Each layer by itself loses weights by OSBC, as `snn-osbc-prune` does it, at each of the `LEVELS`.
   The damage is the mean divergence (Kullback and Leibler) of the classes' probabilities from those
   of the network with all weights.
2. Greedily, from no zeros on: of all higher levels of all layers, the one that saves the most
   energy for what it adds to the damage comes next, until the network as a whole, executed, needs
   no more energy than the budget. That the damages of layers add up is an assumption.
3. Which is why combinations are executed: as long as one does less damage within the budget, with
   one layer a level lower and another one at most a level higher, it takes the place.

`snn-osbc-prune` fits each layer to the inputs that all weights give, so that a fitted layer is the
same in all combinations.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from vgg9_bench import Bench, Row
from vgg9_data import normalised
from vgg9_energy import accumulates, microjoules, products
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.data import load_calibration
from snnir.calibration.layer_hessians import HessianOptions, layer_problems
from snnir.compression.budgets import weights_to_remove
from snnir.compression.layer_pruning import Structure
from snnir.dialects import snn
from snnir.driver.files import network_of
from snnir.executors import TorchExecutor
from snnir.layers.compressible import compressible_layers
from snnir.support.atomic import atomic_write

LEVELS = (0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9)
"""Parts of a layer's weights that may be zero."""

Choice = tuple[int, ...]
"""The level of each layer, as an index of `LEVELS`."""

Table = Sequence[Sequence[float]]
"""Of each layer, a value for each of the levels."""


def chosen_zeros(bench: Bench, network: ModuleOp, dense_microjoules: float) -> tuple[float, ...]:
    """The part of each layer's weights that becomes zero.

    Args:
        network: with all its weights.
        dense_microjoules: energy of the dense ANN; the budget is so many times less as the settings
            say.
    """
    trials = Trials(bench, network)
    damages, energies = trials.tables()
    budget = dense_microjoules / bench.settings.direct_factor
    allocated = next(
        (each for each in greedy(damages, energies) if trials.row(each)["energy"] <= budget), None
    )
    if allocated is None:
        sys.exit(f"no zeros bring the network to {budget:.2f} µJ; lower --direct-factor")
    chosen = exchanged(trials, allocated, damages, energies, budget)

    def result() -> Row:
        return {
            "allocated": [LEVELS[level] for level in allocated],
            "zeros": [LEVELS[level] for level in chosen],
            "budget": budget,
            "start": trials.row(no_zeros(damages)),
            "before": trials.row(allocated),
            "after": trials.row(chosen),
            "damages": damages,
            "energies": energies,
        }

    return tuple(bench.figure("direct zeros", result)["zeros"])


def no_zeros(table: Table) -> Choice:
    """The choice of all weights."""
    return (0,) * len(table)


def greedy(damages: Table, energies: Table) -> Iterator[Choice]:
    """Choices of more and more zeros, by the energy that is saved for each unit of damage."""
    chosen = list(no_zeros(damages))
    while True:
        yield tuple(chosen)
        steps = [
            (saved(energies[layer], now, level) / added(damages[layer], now, level), layer, level)
            for layer, now in enumerate(chosen)
            for level in range(now + 1, len(damages[layer]))
        ]
        if not steps:
            return
        _, layer, level = max(steps)
        chosen[layer] = level


def saved(energies: Sequence[float], now: int, level: int) -> float:
    """What another level of a layer saves."""
    return energies[now] - energies[level]


def added(damages: Sequence[float], now: int, level: int) -> float:
    """What another level of a layer adds to the damage; more than nothing."""
    return max(damages[level] - damages[now], 1e-9)


def neighbours(
    chosen: Choice, damages: Table, energies: Table, left: float
) -> Iterator[tuple[float, Choice]]:
    """Choices with one layer a level lower, and another one a level higher or not, with the damage
    that they should add.

    Args:
        left: energy that they may need more.
    """
    layers = range(len(chosen))
    for lower, higher in itertools.product(layers, (None, *layers)):
        if chosen[lower] == 0 or higher == lower:
            continue
        levels = list(chosen)
        levels[lower] -= 1
        if higher is not None:
            if chosen[higher] + 1 == len(damages[higher]):
                continue
            levels[higher] += 1
        if total(energies, levels) - total(energies, chosen) <= left:
            yield total(damages, levels) - total(damages, chosen), tuple(levels)


def total(table: Table, levels: Sequence[int]) -> float:
    """The sum of all layers at their levels."""
    return sum(values[level] for values, level in zip(table, levels, strict=True))


def exchanged(
    trials: Trials, chosen: Choice, damages: Table, energies: Table, budget: float
) -> Choice:
    """The choice, improved by its neighbours as long as one does less damage within the budget.

    Those come first that should do the least damage, and so many are tried as the settings say.
    """
    tried = {chosen}
    while True:
        now = trials.row(chosen)
        candidates = sorted(neighbours(chosen, damages, energies, budget - now["energy"]))
        for _, candidate in candidates:
            if candidate in tried:
                continue
            if len(tried) > trials.bench.settings.direct_exchanges:
                return chosen
            tried.add(candidate)
            row = trials.row(candidate)
            if row["energy"] <= budget and row["damage"] < now["damage"]:
                chosen = candidate
                break
        else:
            return chosen


@dataclass
class Trials:
    """Executions of a network whose layers have zeros; each is kept by the bench.

    Attributes:
        network: with all its weights.
    """

    bench: Bench
    network: ModuleOp

    @cached_property
    def layers(self) -> list[list[Tensor]]:
        """Of each layer, its weights (groups, rows, columns) at each of the levels, float32."""
        path = self.bench.folder / "direct_zeros.pt"
        if not path.exists():
            settings = self.bench.settings
            file = self.bench.pixels("calibration", settings.direct_calibration)
            layers = fitted(self.network, file, settings.device)
            with atomic_write(path, binary=True) as stream:
                torch.save(layers, stream)
        return torch.load(path, weights_only=True)

    @cached_property
    def x(self) -> NDArray[np.float32]:
        """Validation images, float32 (samples, 3, 32, 32)."""
        count = self.bench.settings.direct_zeros_samples
        return normalised(self.bench.images("validation", count).x)

    @cached_property
    def reference(self) -> Tensor:
        """Log-probabilities (samples, classes) of the network with all its weights."""
        return log_probabilities(self.bench, self.network, self.x)[0]

    def tables(self) -> tuple[Table, Table]:
        """The damage that each layer does by itself, and its energy in µJ by the rates of all
        weights."""
        none = (0,) * len(self.layers)
        choices = [
            [(*none[:layer], level, *none[layer + 1 :]) for level in range(len(LEVELS))]
            for layer in range(len(none))
        ]
        rates = self.row(none)["rates"]
        damages = [[self.row(choice)["damage"] for choice in each] for each in choices]
        energies = [
            [energy_of(self.with_zeros(choice), rates) for choice in each] for each in choices
        ]
        return damages, energies

    def row(self, choice: Choice) -> Row:
        """Damage, rates and energy of a combination, in µJ; and its accuracy, for the report."""
        shares = " ".join(f"{LEVELS[level]:g}" for level in choice)
        return self.bench.figure(f"direct zeros {shares}", lambda: self.executed(choice))

    def executed(self, choice: Choice) -> Row:
        """The same, not kept."""
        module = self.with_zeros(choice)
        found, rates = log_probabilities(self.bench, module, self.x)
        damage = functional.kl_div(found, self.reference, reduction="batchmean", log_target=True)
        labels = self.bench.images("validation", len(self.x)).y
        return {
            "damage": float(damage), "rates": rates, "energy": energy_of(module, rates),
            "accuracy": float((found.argmax(1).numpy() == labels).mean()),
        }  # fmt: skip

    def with_zeros(self, choice: Choice) -> ModuleOp:
        """A copy whose layers have the zeros of their levels."""
        result = self.network.clone()
        layers = compressible_layers(network_of(result))
        for layer, level, matrices in zip(layers, choice, self.layers, strict=True):
            if level:
                layer.replace_weights(matrices[level].numpy())
        return result


def fitted(module: ModuleOp, calibration: Path, device: str) -> list[list[Tensor]]:
    """Of each layer, its weights (groups, rows, columns) at each of the levels, float32.

    Args:
        calibration: images for the Hessians, as `snn-osbc-prune` takes them.
    """
    network = network_of(module)
    layers = compressible_layers(network)
    data = load_calibration(str(calibration), network)
    parts = []
    for problem in layer_problems(network, layers, data, HessianOptions(device=device), "none"):
        order = problem.order(Structure())
        counts = [weights_to_remove([problem.weight], 0, "uniform", (p,))[0] for p in LEVELS]
        fits = [problem.compensated(problem.keep(order, count)) for count in counts]
        parts.append([fit.float() for fit in fits])
    return parts


def log_probabilities(
    bench: Bench, module: ModuleOp, x: NDArray[np.float32]
) -> tuple[Tensor, list[float]]:
    """Logarithms of the classes' probabilities, (samples, classes), and the mean rates of the
    neurons of each layer but the last."""
    network = network_of(module)
    spikes: dict[str, float] = {}
    sizes: dict[str, int] = {}

    def count(layer: str, step: int, fired: Tensor | None, membrane: Tensor) -> None:
        if fired is not None:
            spikes[layer] = spikes.get(layer, 0.0) + float(torch.count_nonzero(fired))
            sizes[layer] = membrane[0].numel()

    scores = TorchExecutor(network, bench.settings.device).run(x, listener=count).scores
    presentations = len(x) * network.timesteps.value.data
    rates = [spikes[layer] / (sizes[layer] * presentations) for layer in spikes]
    hidden = len(compressible_layers(network)) - 1
    return torch.from_numpy(scores).float().log_softmax(1), rates[:hidden]


def energy_of(module: ModuleOp, rates: Sequence[float]) -> float:
    """Energy of an inference in µJ, if the neurons of layers fire at these rates."""
    network = network_of(module)
    assert isinstance(network, snn.NetworkOp)
    row = {"operations": accumulates(network, rates), "input_macs": products(network)[0]}
    return microjoules(row)
