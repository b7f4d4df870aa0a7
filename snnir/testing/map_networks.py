# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks of convolutions of any kind, behind which neurons list their spikes."""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import InputKind
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.testing.random_networks import LARGEST_COUNT, RandomNetwork, random_input
from snnir.testing.window_networks import WindowNetworkBuilder
from snnir.universe import make_context


class MapNetworkBuilder(WindowNetworkBuilder):
    """Appends blocks whose convolutions may have strides and groups."""

    def block_of(self, value: SSAValue) -> SSAValue:
        """Half of the time a block of windows, else any convolution and neurons."""
        if self.chance(0.4):
            return super().block_of(value)
        channels, *size = shape_of(value.type)
        depthwise = channels > 1 and self.chance(0.4)
        groups = channels if depthwise else 2 if channels % 2 == 0 and self.chance(0.3) else 1
        outputs = channels if depthwise else groups * int(self.rng.choice([1, 2, 3, 4, 6, 17]))
        kernel = [min(int(k), extent) for k, extent in zip(self.rng.integers(1, 4, 2), size,
                                                           strict=True)]  # fmt: skip
        weight, bias = self.weights((outputs, channels // groups, *kernel))
        convolution = snn.Conv2dOp(
            value, weight, bias, groups=groups,
            padding=[int(self.rng.integers(0, 2))] * 2, stride=self.rng.integers(1, 3, 2).tolist(),
        )  # fmt: skip
        return self._neurons(self.add(convolution).result)


def random_map_network(rng: np.random.Generator) -> RandomNetwork:
    """A verified `snn` network of two or three such blocks, and an input for it."""
    kind = InputKind(rng.choice([InputKind.EVENT_COUNTS, InputKind.VALUES]))
    frames = ((1, 9, 8), (2, 8, 6), (4, 7, 9))
    builder = MapNetworkBuilder(rng, frames[rng.integers(len(frames))])
    value = builder.frame
    for _ in range(rng.integers(2, 4)):
        value = builder.block_of(value)
    module = builder.finish(value, 12, kind)
    x = random_input(rng, kind, (2, 12, *builder.shape))
    x = x // 8 if kind is InputKind.VALUES else x * (rng.random(x.shape) < 0.3)
    return RandomNetwork(module, x)


def quantized_map_network(seed: int) -> RandomNetwork:
    """Such a network in integers. Prints the seed, for a test that fails."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    network = random_map_network(rng)
    ConvertSNNToQSNNPass(
        bits=int(rng.integers(2, 6)),
        rounding=rng.choice(["nearest", "floor"]),
        input_maximum=LARGEST_COUNT,
    ).apply(make_context(), network.module)
    network.module.verify()
    return network
