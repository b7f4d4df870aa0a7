# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random small convolutional networks of the kind that is computed window by window."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import FloatAttr, f32
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import Compare, InputKind, Reset, ResetTiming
from snnir.executors import TorchExecutor
from snnir.executors.result import ExecutionResult
from snnir.layers.activity_attributes import write_rates
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.support.arrays import dense_from_array
from snnir.testing.random_networks import (
    LARGEST_COUNT,
    RandomNetwork,
    RandomNetworkBuilder,
    random_input,
)
from snnir.universe import make_context


class WindowNetworkBuilder(RandomNetworkBuilder):
    """Appends blocks of convolution, pooling and neurons with parameters of layers or channels."""

    def block_of(self, value: SSAValue) -> SSAValue:
        """A convolution of stride 1, perhaps a pooling without overlap, and neurons."""
        channels, *size = shape_of(value.type)
        outputs = int(self.rng.choice([1, 2, 3, 5, 6, 9, 12, 17, 33]))
        kernel = [int(k) for k in self.rng.integers(1, 4, 2)]
        padding = [
            max(int(self.rng.integers(0, 3)), k - extent)
            for k, extent in zip(kernel, size, strict=True)
        ]
        weight, bias = self.weights((outputs, channels, *kernel))
        current = self.add(snn.Conv2dOp(value, weight, bias, padding=padding)).result
        window = [int(w) for w in self.rng.integers(1, 4, 2)]
        fits = all(
            w <= extent for w, extent in zip(window, shape_of(current.type)[1:], strict=True)
        )
        if fits and self.chance(0.7):
            pool = snn.MaxPool2dOp if self.chance(0.6) else snn.SumPool2dOp
            current = self.add(pool(current, window, window)).results[0]
        spikes = self._neurons(current)
        if min(shape_of(spikes.type)[1:]) >= 2 and self.chance(0.2):
            # Pooled masks, or bytes, which need all neurons and channels in their own order.
            window = [[2, 2], [2, 2], [2, 1], [1, 2]][self.rng.integers(4)]
            spikes = self.add(snn.MaxPool2dOp(spikes, window, window)).results[0]
        return spikes

    def _neurons(self, current: SSAValue) -> SSAValue:
        """Neurons; most halve their membrane and subtract the threshold with a delay."""
        halving = self.chance(0.7)
        shape = shape_of(current.type)
        threshold = self.rng.uniform(0.1, 1.5, (shape[0], 1, 1)).astype(np.float32)
        lif = snn.LIFOp(
            current,
            FloatAttr(0.5 if halving else float(self.rng.uniform(0.3, 0.95)), f32),
            dense_from_array(threshold) if self.chance(0.5) else FloatAttr(1.0, f32),
            reset=Reset.SUBTRACT if halving else Reset(self.rng.choice(list(Reset))),
            reset_timing=ResetTiming.DELAYED
            if halving
            else ResetTiming(self.rng.choice(list(ResetTiming))),
            compare=Compare(self.rng.choice(list(Compare))),
        )
        if self.chance(0.5):
            write_rates(lif, 0.1, self.rng.random(shape[0]), 1)
        return self.add(lif, named=True).spikes


def random_window_network(
    rng: np.random.Generator, *, samples: int = 2, timesteps: int = 24
) -> RandomNetwork:
    """A verified `snn` network of one or two such blocks, and a sparse input with pauses.

    Pauses let windows come to rest.
    """
    frames = ((1, 7, 9), (2, 8, 6), (3, 5, 40))
    builder = WindowNetworkBuilder(rng, frames[rng.integers(len(frames))])
    value = builder.frame
    for _ in range(rng.integers(1, 3)):
        value = builder.block_of(value)
    module = builder.finish(value, timesteps, InputKind.EVENT_COUNTS)
    x = random_input(rng, InputKind.EVENT_COUNTS, (samples, timesteps, *builder.shape))
    x *= rng.random(x.shape) < 0.1
    x[:, 3:] *= (rng.random((samples, timesteps - 3, *[1] * (x.ndim - 2))) < 0.2).astype(x.dtype)
    return RandomNetwork(module, x)


def quantized_window_network(seed: int, most_bits: int) -> RandomNetwork:
    """A network of `random_window_network` in integers, whose states mostly have 16 bits.

    Prints the seed, for a test that fails.
    """
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    network = random_window_network(rng)
    ConvertSNNToQSNNPass(
        bits=int(rng.integers(2, most_bits + 1)),
        rounding=rng.choice(["nearest", "floor"]),
        input_maximum=LARGEST_COUNT,
    ).apply(make_context(), network.module)
    network.module.verify()
    return network


def expected_result(network: RandomNetwork) -> ExecutionResult:
    """What an integer network computes for its input, all layers and steps recorded."""
    return TorchExecutor(network.network).run(network.x, record="all")
