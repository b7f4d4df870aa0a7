# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One network pruned and quantised in many ways, with what they share computed once and kept.

The cells call what the passes `snn-osbc-prune` and `snn-osbc-quantize` call, in the same order and
with the same options, but the Hessians of the dense network and the greedy order of its rows are
those of the first call: every sparsity is a prefix of the order.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from common import cached_arrays
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.layer_hessians import (
    HessianOptions,
    Importance,
    Objective,
    Sequential,
    measure_hessians,
    measure_pair,
)
from snnir.compression.budgets import lamps
from snnir.compression.exact_obs import PruningOrder
from snnir.compression.layer_pruning import LayerProblem, Structure
from snnir.compression.quantize import Grid, support_of
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.driver.files import network_of, write_network
from snnir.driver.pipelines import apply_pipeline
from snnir.layers.compressible import CompressibleLayer, compressible_layers
from snnir.layers.downstream import downstream_energy
from snnir.layers.weight_grid import WeightGrid, bits_of_layers


@dataclass(frozen=True)
class Recipe:
    """A method with the options of the passes, by their names; `name` is that of the tables.

    Attributes:
        objective: None for what needs no data: magnitude pruning, rounding to nearest.
        match_rates: run `snn-match-rates` after it.
    """

    name: str
    objective: Objective | None
    importance: Importance = "equal"
    sequential: Sequential = "none"
    readout_decay: float | None = None
    full_range: bool = False
    scale_search: bool = False
    sweeps: int = 0
    match_rates: bool = False

    def with_options(self, name: str, **options: object) -> Recipe:
        """The same with other options, and another name."""
        return replace(self, name=name, **options)  # type: ignore[arg-type]


@dataclass
class Bench:
    """A dense network with its calibration data.

    Attributes:
        folder: where Hessians and orders are kept, for this network alone.
    """

    dense: ModuleOp
    calibration: Dataset
    folder: Path
    _problems: dict[Objective, list[LayerProblem]] = field(default_factory=dict)
    _orders: dict[tuple[Objective, int], PruningOrder] = field(default_factory=dict)

    def layers(self, module: ModuleOp) -> list[CompressibleLayer]:
        """The layers of a network."""
        network = network_of(module)
        assert isinstance(network, snn.NetworkOp)
        return compressible_layers(network)

    def problem(self, objective: Objective, index: int) -> LayerProblem:
        """The dense layer and its Hessian."""
        if objective not in self._problems:
            network, layers = network_of(self.dense), self.layers(self.dense)

            def compute() -> dict[str, np.ndarray]:
                started = time.process_time()
                options = HessianOptions(objective, progress=True)
                found = measure_hessians(network, layers, self.calibration, options)
                seconds = np.asarray(time.process_time() - started)
                return {"seconds": seconds} | {
                    f"layer{i}": each.numpy() for i, each in enumerate(found)
                }

            arrays = cached_arrays(self.folder / f"hessians_{objective}.npz", compute)
            self._problems[objective] = [
                LayerProblem.build(
                    torch.from_numpy(layer.matrices), torch.from_numpy(arrays[f"layer{i}"])
                )
                for i, layer in enumerate(layers)
            ]
        return self._problems[objective][index]

    def order(self, objective: Objective, index: int) -> PruningOrder:
        """In which order the rows of the dense layer lose their weights, for all sparsities."""
        if (objective, index) not in self._orders:
            problem = self.problem(objective, index)

            def compute() -> dict[str, np.ndarray]:
                started = time.process_time()
                found = problem.order(Structure())
                seconds = np.asarray(time.process_time() - started)
                order, losses = found.order.numpy(), found.losses.numpy()
                return {"order": order, "losses": losses, "seconds": seconds}

            arrays = cached_arrays(self.folder / f"order_{objective}_{index}.npz", compute)
            self._orders[objective, index] = PruningOrder(
                torch.from_numpy(arrays["order"]), torch.from_numpy(arrays["losses"])
            )
        return self._orders[objective, index]

    @property
    def times(self) -> dict[str, float]:
        """CPU seconds of what was computed once, by what it is."""
        found = {}
        for path in sorted(self.folder.glob("*_*.npz")):
            with np.load(path) as archive:
                if "seconds" in archive:
                    found[path.stem.replace("_", " ")] = float(archive["seconds"])
        return found

    def prune(self, recipe: Recipe, sparsity: float) -> ModuleOp:
        """A pruned copy; `sparsity` is of all weights of the dense network, silent ones too."""
        module = self.dense.clone()
        if recipe.objective is None:
            apply_pipeline(module, f"snn-prune-magnitude{{sparsity={sparsity}}}")
            return self._finished(module, recipe)
        weights = [torch.from_numpy(layer.matrices) for layer in self.layers(self.dense)]
        for index, count in enumerate(lamps(weights, sparsity)):
            layer = self.layers(module)[index]
            problem = self._problem_of(module, self.dense, recipe, index)
            if index and recipe.sequential == "asymmetric":
                order = problem.order(Structure())
            else:
                order = self._weighted_order(recipe, index)
            layer.replace_weights(problem.compensated(problem.keep(order, count)).numpy())
        return self._finished(module, recipe)

    def quantize(
        self, module: ModuleOp, recipe: Recipe, bits: int, layer_bits: Sequence[int] = ()
    ) -> ModuleOp:
        """A quantised copy of a network, dense or pruned; the zeros of a pruned one stay.

        Args:
            layer_bits: of each layer, instead of `bits`.
        """
        before, module = module, module.clone()
        if recipe.objective is None:
            apply_pipeline(module, f"snn-quantize-rtn{{bits={bits}}}")
            return self._finished(module, recipe)
        layers = self.layers(module)
        each = bits_of_layers(network_of(module), len(layers), bits, layer_bits)
        for index, (layer, of_layer) in enumerate(zip(layers, each, strict=True)):
            problem = self._problem_of(module, before, recipe, index)
            keep = support_of(torch.from_numpy(layer.matrices))
            found = problem.quantized(
                Grid(of_layer, recipe.full_range),
                keep=None if keep.all() else keep,
                search=recipe.scale_search,
                sweeps=recipe.sweeps,
            )
            grid = WeightGrid(found.scale.numpy(), of_layer)
            layer.replace_weights(found.weight.reshape(problem.weight.shape).numpy(), grid)
        return self._finished(module, recipe)

    def prune_and_quantize(
        self, first: Recipe, sparsity: float, second: Recipe, bits: int
    ) -> ModuleOp:
        """A copy that is pruned, then quantised."""
        return self.quantize(self.prune(first, sparsity), second, bits)

    def _problem_of(
        self, module: ModuleOp, reference: ModuleOp, recipe: Recipe, index: int
    ) -> LayerProblem:
        """The layer as it is in `module`, to imitate `reference` where it is asymmetric."""
        layer = self.layers(module)[index]
        assert recipe.objective is not None
        weight = torch.from_numpy(layer.matrices)
        # The first layer has the same inputs in all networks, and so the same Hessian.
        alone = recipe.sequential == "none" and recipe.readout_decay is None
        if not index or (alone and reference is self.dense):
            return replace(self.problem(recipe.objective, index), weight=weight)
        options = HessianOptions(recipe.objective, recipe.readout_decay)
        if recipe.sequential == "none":
            network, own = network_of(reference), self.layers(reference)[index]
            [hessian] = measure_hessians(network, [own], self.calibration, options)
            return LayerProblem.build(weight, hessian)
        hessian, cross = measure_pair(
            network_of(module),
            layer,
            network_of(reference),
            self.layers(reference)[index],
            self.calibration,
            options,
        )
        return LayerProblem.build(weight, hessian, cross)

    def _weighted_order(self, recipe: Recipe, index: int) -> PruningOrder:
        """The order with losses times importance, as `LayerProblem.order` would give it."""
        assert recipe.objective is not None
        order = self.order(recipe.objective, index)
        if recipe.importance == "equal":
            return order
        energy = downstream_energy(network_of(self.dense), self.layers(self.dense)[index].op)
        return PruningOrder(order.order, order.losses * torch.from_numpy(energy)[:, None])

    def _finished(self, module: ModuleOp, recipe: Recipe) -> ModuleOp:
        if recipe.match_rates:
            with tempfile.TemporaryDirectory() as folder:
                write_network(self.dense, Path(folder) / "dense.mlir")
                path = Path(folder) / "calibration.npz"
                np.savez(path, x=self.calibration.x, y=self.calibration.labels())
                apply_pipeline(
                    module,
                    f'snn-match-rates{{calibration="{path}" reference="{folder}/dense.mlir"}}',
                )
        return module
