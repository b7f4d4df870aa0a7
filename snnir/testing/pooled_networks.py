# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks whose fully connected layers read sums over whole maps, of more than a byte."""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import InputKind
from snnir.testing.random_networks import (
    RandomNetwork,
    RandomNetworkBuilder,
    quantized_random_network,
    random_input,
)


def random_pooled_network(rng: np.random.Generator) -> RandomNetwork:
    """A verified `snn` network, and an input for it: maps of a convolution, or the frame, are
    summed or averaged, perhaps in some parts, for one or two fully connected layers.
    """
    kind = InputKind(
        rng.choice([InputKind.EVENT_COUNTS, InputKind.BINARY_FRAMES, InputKind.VALUES])
    )
    builder = RandomNetworkBuilder(
        rng, (int(rng.integers(1, 4)), *(int(n) for n in rng.integers(12, 16, 2)))
    )
    value: SSAValue = builder.frame
    if builder.chance(0.7):
        convolution = snn.Conv2dOp(value, *builder.weights((5, builder.shape[0], 3, 3)))
        value = builder.neurons(builder.add(convolution).result).spikes
    height, width = shape_of(value.type)[1:]
    window = [height, width if builder.chance(0.7) else width // 2]
    pool = snn.SumPool2dOp if builder.chance(0.5) else snn.AvgPool2dOp
    value = builder.flat(builder.add(pool(value, window, window)).results[0])
    if builder.chance(0.5):
        outputs = int(rng.integers(3, 20))
        value = builder.neurons(builder.linear(value, outputs)).spikes
    module = builder.finish(value, 5, kind)
    return RandomNetwork(module, random_input(rng, kind, (2, 5, *builder.shape)))


def quantized_pooled_network(seed: int) -> RandomNetwork:
    """Such a network in integers. Prints the seed, for a test that fails."""
    return quantized_random_network(seed, random_pooled_network)
