# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rounds weights to the nearest point of an integer grid: the baseline of all quantisation.

Symmetric, one scale for each output channel, which its largest weight reaches:
`scale = max |w| / (2^(bits-1) - 1)` and `q = round(w / scale)`, halves to even. A weight of zero
stays zero. Scale and bits are
recorded on the `snn.weight`; `convert-snn-to-qsnn` takes the same integers. Biases, leaks and
thresholds stay. Below four bits, `snn-osbc-quantize` loses far less.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.compression.quantize import Grid, quantize_nearest
from snnir.dialects import snn
from snnir.layers.compressible import CompressibleLayer, compressible_layers
from snnir.layers.readout import layers_compared_by_readout
from snnir.layers.weight_grid import WeightGrid, bits_of_layers
from snnir.support.pass_base import SNNPass, option


@dataclass(frozen=True)
class SNNQuantizeRTNPass(SNNPass):
    """Round weights to nearest.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks("snn-quantize-rtn{bits=4}")
    snn.conv2d: rounded 45 weights to 4 bits, off by at most ...
    snn.linear: rounded 160 weights to 4 bits, off by at most ...
    """

    name: ClassVar[str] = "snn-quantize-rtn"

    bits: int = option(4, "bits of a weight, 2 to 8")
    layer_bits: tuple[int, ...] = option((), "bits of each layer, instead of bits")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in op.walk():
            if isinstance(network, snn.NetworkOp):
                layers = compressible_layers(network)
                bits = bits_of_layers(network, len(layers), self.bits, self.layer_bits)
                shared = layers_compared_by_readout(network)
                for layer, of_layer in zip(layers, bits, strict=True):
                    self._quantize(layer, of_layer, layer.op in shared)

    def _quantize(self, layer: CompressibleLayer, bits: int, shared: bool) -> None:
        weight = torch.from_numpy(layer.matrices)
        matrix = weight.flatten(end_dim=1)
        found = quantize_nearest(matrix, Grid(bits), shared=shared)
        rounded = found.weight.reshape(weight.shape)
        layer.replace_weights(rounded.numpy(), WeightGrid(found.scale.numpy(), bits))
        largest = float((found.weight - matrix).abs().max())
        self.statistics.add("weights", matrix.numel())
        self.remark(
            layer.op,
            f"rounded {matrix.numel():,} weights to {bits} bits, off by at most {largest:.3g}",
            layer=layer.name, weights=matrix.numel(), bits=bits, largest_error=largest,
            zeros=int((found.integers == 0).sum()),
        )  # fmt: skip
