# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prunes weights in one shot by what their removal costs, and lets the others make up for it.

After arXiv 2506.03996 (OSBC): the cost is the squared error of the membrane potential that a neuron
without spikes would have, on calibration data; that is a layer's Hessian on leakily filtered inputs
(`objective=membrane`), or on the inputs as they are (`current`: Optimal Brain Compression, the
paper's baseline). Each row loses its weights in the order of Optimal Brain Surgeon, the cheapest
removals of a layer are taken, and the weights that stay are refitted exactly.

With the layer's inputs `x[t]` and the leak `beta` of the neurons behind it, for each row `w`:

    y[t] = beta y[t-1] + x[t]            (objective=current: y[t] = x[t])
    H = 2 / (samples positions) sum_t y[t] y[t]^T
    cost of removing weight p:           w_p^2 / (2 [H^-1]_pp)
    change of the weights that stay:     -w_p [H^-1]_(:,p) / [H^-1]_pp

Leaks that differ within a layer count as their mean; 1 % of the mean of the diagonal is added to
`H`. `budget` says how many zeros each layer gets, `lamps` as in `snn-prune-magnitude` or `uniform`;
all its rows compete for them.

Three options go beyond the paper. `sequential=asymmetric`: layers are refitted one after the other,
on the inputs that the compressed layers before them give, to the potentials of the network as it
was. `importance=downstream`: the errors of an output count as much as the squares of the weights
that read it, so that neurons that matter keep more weights (the diagonal of the next layer's
Hessian, in which the paper's loss ends at the layer itself). `readout-decay=0.97`: a layer whose
spikes the readout counts is to have the right sum of inputs over some 1/(1 - 0.97) steps, not the
right potential at each; its errors pass a filter of that decay instead of the membrane's. What each
of them brings is measured in `benchmarks/results/osbc.md`.

`structure` says where zeros may be: anywhere (`none`), the same columns in Q rows at a time
(`rows:4`), N of each M columns (`2:4`; the budget does not count), or whole input channels
(`channels`, which a later pass can remove). A convolution counts im2col columns and its positions
are samples; a max pooling before the neurons is taken for the identity. Biases stay. Weights that
were quantised before are real numbers again, off their grid; a remark says so.

Legal for every network, but it changes what the network computes. Left alone, with a remark:
layers whose outputs are no multiple of the Q of `rows:Q`, and grouped convolutions with `channels`.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from tqdm import tqdm
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.data import load_calibration
from snnir.calibration.layer_hessians import (
    HessianOptions,
    Importance,
    Objective,
    Sequential,
    check_readout_decay,
    layer_problems,
)
from snnir.compression.budgets import Budget, weights_to_remove
from snnir.compression.layer_pruning import LayerProblem, Structure
from snnir.dialects import snn
from snnir.layers.affine import groups_of
from snnir.layers.compressible import CompressibleLayer, compressible_layers
from snnir.layers.weight_grid import lost_grid
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option, required_option


@dataclass(frozen=True)
class SNNOSBCPrunePass(SNNPass):
    """Prune by the effect on membrane potentials, with exact compensation.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> fold = "snn-fold-batch-norm,snn-fold-scale"
    >>> print_remarks(fold + ',snn-osbc-prune{calibration="c.npz" sparsity=0.5}')
    snn.conv2d: pruned ... of 45 weights by membrane error on 40 samples; ...
    snn.linear: pruned ... of 160 weights by membrane error on 40 samples; ...
    """

    name: ClassVar[str] = "snn-osbc-prune"

    calibration: str = required_option("calibration data: FILE.npz or nmnist:DIR")
    sparsity: float = option(0.97, "part of all weights that are zero afterwards, below 1")
    samples: int | None = option(None, "how many calibration samples to use; all by default")
    objective: Objective = option("membrane", "what stays close: membrane (OSBC) or current (OBC)")
    budget: Budget = option("lamps", "how layers share the zeros: lamps or uniform")
    layer_sparsity: tuple[float, ...] = option((), "sparsity of each layer, instead of a budget")
    importance: Importance = option(
        "equal", "what rows compete by: equal, or downstream: errors by how strongly they are read"
    )
    sequential: Sequential = option(
        "none", "asymmetric: fit each layer on the compressed inputs to the original potentials"
    )
    structure: str = option("none", "where zeros may be: none, rows:Q, N:M or channels")
    block: int = option(0, "weights of a row chosen at once; 0: 1/64 of those that remain")
    readout_decay: float | None = option(
        None, "memory of the errors of layers whose spikes are counted; none: as other layers"
    )
    device: str = option("cpu", "where the network is executed: cpu or cuda")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in op.walk():
            if isinstance(network, snn.NetworkOp):
                self._prune(network)

    def _prune(self, network: snn.NetworkOp) -> None:
        structure = self._checked_structure(network)
        layers = compressible_layers(network)
        weights = [torch.from_numpy(layer.matrices) for layer in layers]
        try:
            counts = weights_to_remove(weights, self.sparsity, self.budget, self.layer_sparsity)
        except ValueError as error:
            raise error_at(network, f"option layer-sparsity: {error}") from error
        data = load_calibration(self.calibration, network, self.samples)
        options = HessianOptions(self.objective, self.readout_decay, self.device, progress=True)
        problems = layer_problems(network, layers, data, options, self.sequential, self.importance)
        for layer, problem, count in zip(layers, problems, counts, strict=True):
            self._prune_layer(layer, problem, count, structure, len(data))

    def _checked_structure(self, network: snn.NetworkOp) -> Structure:
        if not 0 <= self.sparsity < 1:
            raise error_at(
                network, f"option sparsity must be 0 or more and below 1, got {self.sparsity}"
            )
        if self.block < 0:
            raise error_at(network, f"option block must be 0 or more, got {self.block}")
        check_readout_decay(network, self.readout_decay)
        try:
            return Structure.parse(self.structure)
        except ValueError as error:
            raise error_at(network, f"option structure: {error}") from error

    def _prune_layer(
        self,
        layer: CompressibleLayer,
        problem: LayerProblem,
        count: int,
        structure: Structure,
        samples: int,
    ) -> None:
        if reason := _obstacle(layer, structure):
            self.remark(layer.op, f"kept: {reason}")
            return
        if structure.channels:
            keep = problem.keep_channels(torch.from_numpy(layer.channel_columns), count)
        else:
            rows = problem.weight.shape[0] * problem.weight.shape[1]
            with tqdm(total=rows, desc=layer.name, unit="row", disable=None) as bar:
                order = problem.order(structure, self.block, bar.update)
            possible = problem.weight.numel() if structure.pattern is not None else count
            keep = problem.keep(order, possible)
        pruned = problem.compensated(keep)
        lost = lost_grid(layer.op.weight)
        layer.replace_weights(pruned.numpy())
        self._report(layer, problem, pruned, keep, samples, lost)

    def _report(
        self,
        layer: CompressibleLayer,
        problem: LayerProblem,
        pruned: torch.Tensor,
        keep: torch.Tensor,
        samples: int,
        lost: str,
    ) -> None:
        groups, rows, columns = keep.shape
        total, zeros = keep.numel(), int((~keep).sum())
        empty, silent = int((~keep).all(dim=2).sum()), problem.silent_inputs
        self.statistics.add("weights", total)
        self.statistics.add("zeros", zeros)
        self.remark(
            layer.op,
            f"pruned {zeros / total:.1%} of {total:,} weights by {self.objective} error on "
            f"{samples} samples; {empty} of {groups * rows} outputs have none left, "
            f"{silent} of {groups * columns} inputs never fired{layer.caveat}{lost}",
            layer=layer.name, weights=total, zeros=zeros, empty_outputs=empty,
            silent_inputs=silent, loss=problem.loss(pruned), samples=samples,
        )  # fmt: skip


def _obstacle(layer: CompressibleLayer, structure: Structure) -> str:
    rows = layer.matrices.shape[1]
    if rows % structure.rows_per_unit:
        return f"its {rows} outputs are no multiple of {structure.rows_per_unit}"
    if structure.channels and groups_of(layer.op) > 1:
        return "whole channels of a grouped convolution cannot go"
    return ""
