# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds small random networks that fire as trained ones do, and makes events for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, f32
from xdsl.ir import Region, SSAValue

from snnir.calibration import measure_activity, record_activity
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.snn_attributes import Compare, InputKind, Readout, Reset, ResetTiming
from snnir.driver.pipelines import apply_pipeline
from snnir.support.arrays import dense_from_array
from snnir.testing.random_networks import RandomNetwork, RandomNetworkBuilder

STEPS = 24
SAMPLES = 2
LARGEST_COUNT = 5
RAREST = 6
"""How many times as high thresholds may be as those that inputs often reach."""
CHANNELS = (3, 4, 6, 8, 11, 12, 16, 20, 24, 30, 32, 40, 48, 64)


class CostNetworkBuilder(RandomNetworkBuilder):
    """Appends layers of many sizes, with weights that make neurons fire now and then."""

    def weight_of(self, shape: tuple[int, ...], active: float, kept: float = 1.0) -> SSAValue:
        """Weights; `active` inputs of a neuron are expected to be active together."""
        values = self.rng.normal(0.15, 1, shape) / np.sqrt(max(active, 1.0) * kept)
        values *= self.rng.random(shape) < kept
        return self.constant(values)

    def spiking(self, current: SSAValue, halving: bool) -> SSAValue:
        """Neurons as in trained networks, or of any other kind."""
        channels, *rest = shape_of(current.type)
        threshold = self.rng.uniform(0.5, 2.0, (channels, *[1] * len(rest))).astype(np.float32)
        # A stream of its own: how rare spikes are leaves all other draws alone.
        (levels,) = self.rng.spawn(1)
        level = float(np.exp(levels.uniform(0, np.log(RAREST)))) if levels.random() < 0.5 else 1.0
        beta = 0.5 if halving else float(self.rng.choice([0.9, 0.95, 0.5, 1.0, 0.7]))
        lif = snn.LIFOp(
            current,
            FloatAttr(beta, f32),
            dense_from_array(threshold * np.float32(level)) if self.chance(0.4)
            else FloatAttr(level, f32),
            reset=Reset.SUBTRACT if halving or self.chance(0.5) else Reset.ZERO_AFTER,
            reset_timing=ResetTiming.DELAYED if halving or self.chance(0.7)
            else ResetTiming.IMMEDIATE,
            compare=Compare.GT,
        )  # fmt: skip
        return self.add(lif, named=True).spikes

    def unchained(self, current: SSAValue) -> SSAValue:
        """Neurons where the spike of a step alone does not tell the reset of the next one."""
        channels, *rest = shape_of(current.type)
        threshold = self.rng.uniform(0.5, 2.0, (channels, *[1] * len(rest))).astype(np.float32)
        immediate = self.chance(0.7)
        resets = ["subtract", "zero_after", "zero_before", "subtract_decayed"]
        lif = snn.LIFOp(
            current,
            FloatAttr(float(self.rng.choice([0.9, 0.5, 1.0])), f32),
            dense_from_array(threshold) if self.chance(0.5) else FloatAttr(1.0, f32),
            reset=Reset(self.rng.choice(resets)) if immediate else Reset.SUBTRACT_DECAYED,
            reset_timing=ResetTiming.IMMEDIATE if immediate else ResetTiming.DELAYED,
            compare=Compare.GT,
        )  # fmt: skip
        return self.add(lif, named=True).spikes

    def second_order(self, current: SSAValue, any_timing: bool = False) -> SSAValue:
        """Neurons with a synaptic current, whose leaks differ in half of the layers.

        Args:
            any_timing: resets may be immediate.
        """
        channels, *rest = shape_of(current.type)
        several = self.chance(0.5)
        alpha = self.rng.uniform(0.5, 0.95, (channels if several else 1, *[1] * len(rest)))
        neurons = snn.SynapticOp(
            current,
            dense_from_array(alpha.astype(np.float32)) if several else FloatAttr(0.9, f32),
            FloatAttr(float(self.rng.choice([0.5, 0.8, 0.9])), f32),
            FloatAttr(1.0, f32),
            reset=Reset.SUBTRACT if self.chance(0.5) else Reset.ZERO_AFTER,
            reset_timing=ResetTiming.IMMEDIATE if any_timing and self.chance(0.4)
            else ResetTiming.DELAYED,
        )  # fmt: skip
        return self.add(neurons, named=True).spikes

    def alpha(self, current: SSAValue) -> SSAValue:
        """Neurons with an alpha-shaped synapse, whose leaks differ in half of the layers."""
        channels, *rest = shape_of(current.type)
        several = self.chance(0.5)
        alpha = self.rng.uniform(0.85, 0.95, (channels if several else 1, *[1] * len(rest)))
        neurons = snn.AlphaOp(
            current,
            dense_from_array(alpha.astype(np.float32))
            if several
            else FloatAttr(float(self.rng.choice([0.9, 0.95, 1.0])), f32),
            FloatAttr(float(self.rng.choice([0.5, 0.7, 0.8])), f32),
            FloatAttr(1.0, f32),
            reset=Reset(self.rng.choice(["zero_after", "zero_after", "subtract", "none"])),
        )
        return self.add(neurons, named=True).spikes

    def learned(self, current: SSAValue, by_channel: bool = False) -> SSAValue:
        """Neurons whose leaks were trained: of each channel, or of each neuron."""
        channels, *rest = shape_of(current.type)
        each = not by_channel and self.chance(0.5)
        several = (channels, *rest) if each else (channels, *[1] * len(rest))
        threshold = self.rng.uniform(0.5, 2.0, (channels, *[1] * len(rest))).astype(np.float32)
        lif = snn.LIFOp(
            current,
            dense_from_array(self.rng.uniform(0.1, 0.98, several).astype(np.float32)),
            dense_from_array(threshold) if self.chance(0.4) else FloatAttr(1.0, f32),
            reset=Reset(self.rng.choice(["subtract", "subtract", "zero_after", "none"])),
            reset_timing=ResetTiming.DELAYED if self.chance(0.7) else ResetTiming.IMMEDIATE,
            compare=Compare.GT,
        )  # fmt: skip
        return self.add(lif, named=True).spikes

    def convolution(
        self, value: SSAValue, plain: bool, kept: float = 1.0, bias_mean: float = -0.2
    ) -> SSAValue:
        """A convolution, of stride 1 if it is `plain`, perhaps with a pooling.

        Args:
            kept: share of its weights that is not zero.
            bias_mean: of its biases, if it has some.
        """
        channels, *size = shape_of(value.type)
        taps = min(int(self.rng.choice([1, 2, 3, 3, 5, 5, 7])), *size)
        padding = int(self.rng.choice([0, 0, taps // 2]))
        stride = 1 if plain or not self.chance(0.5) else 2
        outputs = int(self.rng.choice(CHANNELS))
        weight = self.weight_of((outputs, channels, taps, taps), 2.0, kept)
        bias = self.constant(self.rng.normal(bias_mean, 0.2, outputs)) if self.chance(0.4) else None
        current = self.add(
            snn.Conv2dOp(value, weight, bias, padding=[padding] * 2, stride=[stride] * 2)
        ).result
        window = int(self.rng.choice([1, 2, 2, 2, 3]))
        if window > 1 and min(shape_of(current.type)[1:]) >= 2 * window:
            pool = snn.MaxPool2dOp if self.chance(0.75) else snn.SumPool2dOp
            current = self.add(pool(current, [window] * 2, [window] * 2)).results[0]
        return current

    def connected(self, value: SSAValue, outputs: int, kept: float = 1.0) -> SSAValue:
        """A fully connected layer in which a share of the weights is not zero."""
        (inputs,) = shape_of(value.type)
        weight = self.weight_of((outputs, inputs), max(inputs * 0.1, 1), kept)
        return self.add(snn.LinearOp(value, weight, None)).result

    def few(self, shape: tuple[int, ...], number: int) -> SSAValue:
        """Weights of which each output has some that are not zero, at most `number`."""
        outputs, *rest = shape
        values = np.zeros((outputs, element_count(rest)))
        for row in values:
            kept = self.rng.permutation(row.size)[:number]
            row[kept] = self.rng.normal(0.3, 1, len(kept))
        return self.constant(values.reshape(shape))

    def complete(self, value: SSAValue, input: InputKind = InputKind.EVENT_COUNTS) -> ModuleOp:
        """A module with the network that ends here."""
        self.block.add_op(snn.OutputOp(value))
        network = snn.NetworkOp(
            "net", FunctionType.from_lists([self.frame.type], [value.type]), Region(self.block),
            timesteps=STEPS, input=input, readout=Readout.SPIKE_COUNT,
        )  # fmt: skip
        module = ModuleOp([network])
        module.verify()
        return module


def events(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Counts (samples, timesteps, *shape): a cloud that moves, or independent events."""
    x = np.zeros((SAMPLES, STEPS, *shape), np.int64)
    mean = np.exp(rng.uniform(np.log(3), np.log(90)))
    mean = min(mean, 0.15 * element_count(shape))
    for sample in range(SAMPLES):
        for step in range(STEPS):
            number = rng.poisson(mean)
            place: tuple[NDArray, ...]
            if len(shape) == 1:
                place = (rng.integers(0, shape[0], number),)
            else:
                centre = [extent * (0.5 + 0.2 * np.sin(step / 5 + sample)) for extent in shape[1:]]
                cloud = [
                    np.clip(rng.normal(c, extent / 5, number), 0, extent - 1).astype(int)
                    for c, extent in zip(centre, shape[1:], strict=True)
                ]
                place = (rng.integers(0, shape[0], number), *cloud)
            np.add.at(x[sample, step], place, 1)
    return np.minimum(x, LARGEST_COUNT)


def quantized(network: RandomNetwork, options: str, maximum: int = LARGEST_COUNT) -> None:
    """Bring a network to the `qsnn` level and record its activity there.

    Args:
        maximum: the largest input that is proven for.
    """
    apply_pipeline(network.module, f"convert-snn-to-qsnn{{input-maximum={maximum} {options}}}")
    data = Dataset(network.x, None, "random events")
    record_activity(network.network, measure_activity(network.network, data))


def uniform_events(
    rng: np.random.Generator, shape: tuple[int, ...], least: float = 0.004
) -> NDArray[np.int64]:
    """Counts (samples, timesteps, *shape) that lie anywhere alike, `least` or more on average."""
    rate = np.exp(rng.uniform(np.log(least), np.log(0.06)))
    x = rng.poisson(rate, (SAMPLES, STEPS, *shape))
    return np.minimum(x, LARGEST_COUNT)
