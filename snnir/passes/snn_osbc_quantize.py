# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantises weights one column after the other; those that are still real make up for each error.

After arXiv 2506.03996 (OSBC), which is GPTQ on the Hessian of the membrane potential: the same cost
as in `snn-osbc-prune`, with its equations and its options `objective`, `sequential` and
`readout-decay`. The grid is symmetric with one scale for each output channel, or `full-range`, as
in the paper, with one more negative level. Scale and bits are recorded on the `snn.weight`;
`convert-snn-to-qsnn` takes the same integers.

`scale-search` goes beyond the paper: smaller scales are tried for each row and the one with the
smallest cost is taken, which matters at two and three bits. `sweeps` returns to each integer when
all others are known and takes the best one, and the best scale for the integers (cyclic coordinate
descent), which lowers the same cost further. `layer-bits` gives a layer that much depends on more
bits than others, such as the last one, which often is small. In a layer that was pruned the zeros
stay, and each row is quantised on the weights that it has; inputs that no output reads stay unread
in any case (`support_of`). Biases, leaks and thresholds stay.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.data import load_calibration
from snnir.calibration.layer_hessians import (
    HessianOptions,
    Objective,
    Sequential,
    check_readout_decay,
    layer_problems,
)
from snnir.compression.layer_pruning import LayerProblem
from snnir.compression.quantize import Grid, support_of
from snnir.dialects import snn
from snnir.layers.compressible import CompressibleLayer, compressible_layers
from snnir.layers.readout import layers_compared_by_readout
from snnir.layers.weight_grid import WeightGrid, bits_of_layers
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option, required_option


@dataclass(frozen=True)
class SNNOSBCQuantizePass(SNNPass):
    """Quantise by the effect on membrane potentials, with compensation.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> fold = "snn-fold-batch-norm,snn-fold-scale"
    >>> print_remarks(fold + ',snn-osbc-quantize{calibration="c.npz" bits=3}')
    snn.conv2d: quantised 45 weights to 3 bits by membrane error on 40 samples...
    snn.linear: quantised 160 weights to 3 bits by membrane error on 40 samples...
    """

    name: ClassVar[str] = "snn-osbc-quantize"

    calibration: str = required_option("calibration data: FILE.npz or nmnist:DIR")
    bits: int = option(4, "bits of a weight, 2 to 8")
    layer_bits: tuple[int, ...] = option((), "bits of each layer, instead of bits")
    samples: int | None = option(None, "how many calibration samples to use; all by default")
    objective: Objective = option("membrane", "what stays close: membrane (OSBC) or current (OBC)")
    sequential: Sequential = option(
        "none", "asymmetric: fit each layer on the quantised inputs to the original potentials"
    )
    scale_search: bool = option(False, "try smaller scales for each output channel")
    sweeps: int = option(0, "how often all integers are improved after they were chosen; 0: never")
    full_range: bool = option(False, "use all integers, also the one without a positive twin")
    readout_decay: float | None = option(
        None, "memory of the errors of layers whose spikes are counted; none: as other layers"
    )
    device: str = option("cpu", "where the network is executed: cpu or cuda")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in op.walk():
            if isinstance(network, snn.NetworkOp):
                if self.sweeps < 0:
                    raise error_at(network, f"option sweeps must be 0 or more, got {self.sweeps}")
                check_readout_decay(network, self.readout_decay)
                self._quantize(network)

    def _quantize(self, network: snn.NetworkOp) -> None:
        layers = compressible_layers(network)
        bits = bits_of_layers(network, len(layers), self.bits, self.layer_bits)
        data = load_calibration(self.calibration, network, self.samples)
        shared = layers_compared_by_readout(network)
        options = HessianOptions(self.objective, self.readout_decay, self.device, progress=True)
        problems = layer_problems(network, layers, data, options, self.sequential)
        for layer, problem, of_layer in zip(layers, problems, bits, strict=True):
            self._quantize_layer(layer, problem, of_layer, layer.op in shared, len(data))

    def _quantize_layer(
        self,
        layer: CompressibleLayer,
        problem: LayerProblem,
        bits: int,
        shared: bool,
        samples: int,
    ) -> None:
        keep = support_of(torch.from_numpy(layer.matrices))
        zeros = 1 - float(keep.double().mean())
        found = problem.quantized(
            Grid(bits, self.full_range),
            keep=keep if zeros else None,
            search=self.scale_search,
            shared=shared,
            sweeps=self.sweeps,
        )
        weight = found.weight.reshape(problem.weight.shape)
        layer.replace_weights(weight.numpy(), WeightGrid(found.scale.numpy(), bits))
        kept = f"; {zeros:.1%} of them zero as before" if zeros else ""
        total = weight.numel()
        self.statistics.add("weights", total)
        self.remark(
            layer.op,
            f"quantised {total:,} weights to {bits} bits by {self.objective} error on "
            f"{samples} samples{kept}{layer.caveat}",
            layer=layer.name, weights=total, bits=bits, samples=samples,
            zeros=int((weight == 0).sum()), loss=problem.loss(weight),
        )  # fmt: skip
