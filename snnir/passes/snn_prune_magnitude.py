# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sets the weights of smallest magnitude to zero: the baseline of all pruning.

`budget=lamps` (arXiv 2010.07611) gives each layer the part of the weights that layer-adaptive
magnitudes choose: in ascending order of magnitude within its layer, weight `i` scores
`w_i^2 / sum_(j >= i) w_j^2`, and the smallest scores of all layers go. `uniform` gives all layers
the same part. Biases stay. Weights that lie on an integer grid stay on
it. The zeros take no memory until a kernel for sparse weights is chosen; `snn-osbc-prune` loses far
less accuracy for the same number.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.compression.budgets import Budget, weights_to_remove
from snnir.dialects import snn
from snnir.layers.compressible import CompressibleLayer, compressible_layers
from snnir.layers.weight_grid import grid_of
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option


@dataclass(frozen=True)
class SNNPruneMagnitudePass(SNNPass):
    """Set the smallest weights to zero.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks("snn-prune-magnitude{sparsity=0.5}")
    snn.conv2d: pruned ... of 45 weights by magnitude
    snn.linear: pruned ... of 160 weights by magnitude
    """

    name: ClassVar[str] = "snn-prune-magnitude"

    sparsity: float = option(0.9, "part of all weights that are zero afterwards, below 1")
    budget: Budget = option("lamps", "how layers share it: lamps, or uniform for equal parts")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in op.walk():
            if isinstance(network, snn.NetworkOp):
                if not 0 <= self.sparsity < 1:
                    raise error_at(
                        network,
                        f"option sparsity must be 0 or more and below 1, got {self.sparsity}",
                    )
                self._prune(network)

    def _prune(self, network: snn.NetworkOp) -> None:
        layers = compressible_layers(network)
        weights = [torch.from_numpy(layer.matrices) for layer in layers]
        counts = weights_to_remove(weights, self.sparsity, self.budget)
        for layer, weight, count in zip(layers, weights, counts, strict=True):
            self._prune_layer(layer, weight, count)

    def _prune_layer(self, layer: CompressibleLayer, weight: torch.Tensor, count: int) -> None:
        # Stable, so that equal magnitudes go in the same order on every machine.
        chosen = torch.argsort(weight.abs().flatten(), stable=True)[:count]
        pruned = weight.flatten().clone()
        pruned[chosen] = 0
        owner = layer.op.weight.owner
        assert isinstance(owner, snn.WeightOp)
        layer.replace_weights(pruned.reshape(weight.shape).numpy(), grid_of(owner))
        zeros = int((pruned == 0).sum())
        self.statistics.add("weights", pruned.numel())
        self.statistics.add("zeros", zeros)
        self.remark(
            layer.op,
            f"pruned {zeros / pruned.numel():.1%} of {pruned.numel():,} weights by magnitude",
            layer=layer.name, weights=pruned.numel(), zeros=zeros,
        )  # fmt: skip
