# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random small `snn` networks with inputs, of everything that `convert-snn-to-qsnn` takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Operation, Region, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import LAYER
from snnir.dialects.snn_attributes import Compare, InputKind, Readout, Reset, ResetTiming
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.support.arrays import dense_from_array
from snnir.universe import make_context

LARGEST_COUNT = 5
"""Largest event count in a random input: the option `input-maximum` of `convert-snn-to-qsnn`."""

_FRAMES = ((2, 6, 6), (1, 7, 5), (3, 5, 8), (4, 9), (2, 12), (10,), (3,))
_MEMBRANES = (Readout.LAST_MEMBRANE, Readout.MAX_MEMBRANE, Readout.MEAN_MEMBRANE)


@dataclass(frozen=True)
class RandomNetwork:
    """A module with one network.

    Attributes:
        x: (samples, timesteps, *shape), or (samples, *shape) for static values. Integers, as the
            `qsnn` level takes them: counts up to `LARGEST_COUNT`, values in units of `input_scale`.
    """

    module: ModuleOp
    x: NDArray[np.int64]

    @property
    def network(self) -> Any:
        """The network, of whatever level the module is at."""
        return self.module.body.block.first_op


def random_network(
    rng: np.random.Generator, *, samples: int = 2, timesteps: int = 6
) -> RandomNetwork:
    """A verified `snn` network with one to three neuron layers, and an input for it."""
    builder = RandomNetworkBuilder(rng, _FRAMES[rng.integers(len(_FRAMES))])
    value = builder.frame
    for _ in range(rng.integers(1, 3)):
        value = builder.hidden_block(value)
    kind = rng.choice(list(InputKind))
    module = builder.finish(value, timesteps, InputKind(kind))
    leading = (samples,) if kind == InputKind.STATIC_VALUES else (samples, timesteps)
    return RandomNetwork(module, random_input(rng, InputKind(kind), (*leading, *builder.shape)))


def quantized_random_network(
    seed: int, make: Callable[[np.random.Generator], RandomNetwork] = random_network
) -> RandomNetwork:
    """Such a network in integers, of any kind. Prints the seed, for a test that fails."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    network = make(rng)
    ConvertSNNToQSNNPass(
        bits=int(rng.integers(2, 9)), state=rng.choice(["auto", "saturate"]),
        input_maximum=LARGEST_COUNT,
    ).apply(make_context(), network.module)  # fmt: skip
    network.module.verify()
    return network


def random_input(
    rng: np.random.Generator, kind: InputKind, shape: Sequence[int]
) -> NDArray[np.int64]:
    """Sparse spikes, sparse counts or dense values, as integers."""
    if kind is InputKind.BINARY_FRAMES:
        return (rng.random(shape) < 0.3).astype(np.int64)
    if kind is InputKind.EVENT_COUNTS:
        return np.minimum(rng.poisson(0.5, shape), LARGEST_COUNT)
    return rng.integers(-127, 128, shape)


class RandomNetworkBuilder:
    """Appends random layers to the body of one network.

    Args:
        shape: of a frame.
        outputs: of a layer: at least so many, and fewer than so many.
    """

    def __init__(
        self, rng: np.random.Generator, shape: tuple[int, ...], outputs: tuple[int, int] = (3, 10)
    ):
        self.rng = rng
        self.shape = shape
        self._outputs = outputs
        self.block = Block(arg_types=[snn.real_tensor(shape)])
        self.frame: SSAValue = self.block.args[0]
        self._layers = 0
        # Streams of their own: these choices leave the draws of networks without such layers alone.
        self._kinds, self._feedback, self._alphas = rng.spawn(3)

    def finish(self, value: SSAValue, timesteps: int, kind: InputKind) -> ModuleOp:
        """Append a readout layer of six neurons and return the module."""
        current = self.linear(self.flat(value), 6)
        readout = Readout(self.rng.choice(list(Readout)))
        output = self._readout_neurons(current, of_membrane=readout in _MEMBRANES)
        # The kernels cannot take the maximum of a sum of membranes.
        populations = (None,) if readout is Readout.MAX_MEMBRANE else (None, 2, 3)
        self.block.add_op(snn.OutputOp(output))
        network = snn.NetworkOp(
            "net",
            FunctionType.from_lists([self.frame.type], [output.type]),
            Region(self.block),
            timesteps=timesteps,
            input=kind,
            readout=readout,
            population=populations[self.rng.integers(len(populations))],
        )
        module = ModuleOp([network])
        module.verify()
        return module

    def _readout_neurons(self, current: SSAValue, of_membrane: bool) -> SSAValue:
        if of_membrane and self.chance(0.7):
            integrator = snn.LIOp(current, self.parameter(current, 0.0, 1.0))
            return self.add(integrator, named=True).membrane
        neurons = self.neurons(current, alpha=not of_membrane)
        return neurons.membrane if of_membrane else neurons.spikes

    def hidden_block(self, value: SSAValue) -> SSAValue:
        """Layers from spikes or counts to spikes or counts."""
        current = self.current(value)
        if self.chance(0.2):
            current = self.current_sum(current, self.current(value))
        current = self.normalised(current)
        if len(shape_of(current.type)) == 3 and self.chance(0.4):
            current = self.pooled(current, mean_without_padding=True)
        if self.chance(0.2):
            current = self.flat(current)
        spikes: SSAValue = self.neurons(current).spikes
        if self.chance(0.2):
            spikes = self.add(snn.ConcatOp([spikes, self.neurons(current).spikes])).result
        if len(shape_of(spikes.type)) == 3 and self.chance(0.4):
            spikes = self.pooled(spikes, mean_without_padding=False)
        return spikes

    def current(self, value: SSAValue) -> SSAValue:
        """A convolution or linear layer that fits the rank of `value`, of any width."""
        outputs = int(self.rng.integers(*self._outputs))
        match len(shape_of(value.type)):
            case 3:
                return self.conv2d(value, outputs)
            case 2:
                return self.conv1d(value, outputs)
            case _:
                return self.linear(value, outputs)

    def current_sum(self, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """The sum if the shapes allow it, else the first."""
        if shape_of(lhs.type) != shape_of(rhs.type):
            return lhs
        return self.add(snn.AddOp(lhs, rhs)).result

    def conv2d(self, value: SSAValue, outputs: int) -> SSAValue:
        """A convolution with any stride, padding, dilation and groups that fit."""
        channels, *size = shape_of(value.type)
        groups = channels if self.chance(0.3) else 1
        kernel = [int(k) for k in self.rng.integers(1, 4, 2)]
        dilation = [2 if self.chance(0.3) and k > 1 else 1 for k in kernel]
        extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
        padding = [
            max(int(self.rng.integers(0, 3)), extent - extent_in)
            for extent, extent_in in zip(extents, size, strict=True)
        ]
        weight, bias = self.weights((outputs * groups, channels // groups, *kernel))
        stride = [int(s) for s in self.rng.integers(1, 3, 2)]
        convolution = snn.Conv2dOp(
            value, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups
        )
        return self.add(convolution).result

    def conv1d(self, value: SSAValue, outputs: int) -> SSAValue:
        """A convolution of kernel size 3."""
        weight, bias = self.weights((outputs, shape_of(value.type)[0], 3))
        stride, padding = (int(self.rng.integers(1, 3)) for _ in range(2))
        convolution = snn.Conv1dOp(value, weight, bias, stride=[stride], padding=[padding])
        return self.add(convolution).result

    def linear(self, value: SSAValue, outputs: int) -> SSAValue:
        """A linear layer."""
        weight, bias = self.weights((outputs, shape_of(value.type)[0]))
        return self.add(snn.LinearOp(value, weight, bias)).result

    def flat(self, value: SSAValue) -> SSAValue:
        """The value with rank 1."""
        if len(shape_of(value.type)) == 1:
            return value
        return self.add(snn.FlattenOp(value)).result

    def normalised(self, value: SSAValue) -> SSAValue:
        """Batch normalisation or a positive scale, or neither."""
        channels = shape_of(value.type)[0]
        if self.chance(0.2):
            mean, beta = (self.constant(self.rng.normal(0, 0.2, channels)) for _ in range(2))
            variance, gamma = (self.constant(self.rng.uniform(0.5, 2, channels)) for _ in range(2))
            norm = snn.BatchNormOp(value, mean, variance, gamma, beta, 1e-5)
            value = self.add(norm).result
        if self.chance(0.2):
            value = self.add(snn.ScaleOp(value, self.parameter(value, 0.3, 2.0))).result
        return value

    def pooled(self, value: SSAValue, mean_without_padding: bool) -> SSAValue:
        """A pooling layer, if the input is large enough."""
        if min(shape_of(value.type)[1:]) < 2 or self._differs_within_channels(value):
            return value
        kernel = [int(k) for k in self.rng.integers(1, 3, 2)]
        stride = [int(s) for s in self.rng.integers(1, 3, 2)]
        padding = [int(self.rng.integers(0, k // 2 + 1)) for k in kernel]
        match self.rng.integers(4 if mean_without_padding else 3):
            case 0:
                pool: Operation = snn.MaxPool2dOp(value, kernel, stride, padding)
            case 1:
                pool = snn.SumPool2dOp(value, kernel, stride, padding)
            case 2:
                pool = snn.AvgPool2dOp(value, kernel, stride, padding)
            case _:
                pool = snn.AvgPool2dOp(value, kernel, stride, padding, count_include_pad=False)
        return self.add(pool).results[0]

    def neurons(
        self, current: SSAValue, *, alpha: bool = True
    ) -> snn.LIFOp | snn.SynapticOp | snn.AlphaOp:
        """A LIF layer, or sometimes one with synaptic currents, with any dynamics.

        Sometimes its spikes are fed back to its input.

        Args:
            alpha: whether the membranes may have a gain, which may differ between neurons.
        """
        if self._feedback.random() >= 0.2:
            return self._feedforward_neurons(current, alpha)
        name, type = f"register{self._layers}", snn.spike_tensor(shape_of(current.type))
        self.add(snn.RegisterOp(name, type))
        fed_back = self._fed_back(self.add(snn.ReadOp(name, type)).result)
        operands = [current, fed_back] if self._feedback.random() < 0.5 else [fed_back, current]
        neurons = self._feedforward_neurons(self.add(snn.AddOp(*operands)).result, alpha)
        self.add(snn.WriteOp(name, neurons.spikes))
        return neurons

    def _fed_back(self, spikes: SSAValue) -> SSAValue:
        """The current that a layer's spikes of the step before add to its input."""
        rng, shape = self._feedback, shape_of(spikes.type)
        if rng.random() < 0.3:
            factors = rng.normal(0, 0.5, shape).astype(np.float32)
            return self.add(snn.ScaleOp(spikes, dense_from_array(factors))).result
        size = 1 if len(shape) == 1 else 3
        weight = rng.normal(
            0, 1 / np.sqrt(shape[0]), (shape[0], shape[0], *[size] * (len(shape) - 1))
        )
        constant = self.constant(weight)
        match len(shape):
            case 3:
                return self.add(snn.Conv2dOp(spikes, constant, None, padding=[1, 1])).result
            case 2:
                return self.add(snn.Conv1dOp(spikes, constant, None, padding=[1])).result
            case _:
                return self.add(snn.LinearOp(spikes, constant)).result

    def _feedforward_neurons(
        self, current: SSAValue, alpha: bool
    ) -> snn.LIFOp | snn.SynapticOp | snn.AlphaOp:
        if self._kinds.random() < 0.15:
            return self.synaptic_neurons(current)
        if self._alphas.random() < 0.12 and alpha:
            return self.alpha_neurons(current)
        lif = snn.LIFOp(
            current,
            self.parameter(current, 0.0, 1.0),
            self.parameter(current, 0.1, 1.5),
            reset=Reset(self.rng.choice(list(Reset))),
            reset_timing=ResetTiming(self.rng.choice(list(ResetTiming))),
            compare=Compare(self.rng.choice(list(Compare))),
        )
        return self.add(lif, named=True)

    def synaptic_neurons(self, current: SSAValue) -> snn.SynapticOp:
        """A layer of second-order LIF neurons with any dynamics."""
        resets = (Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER)
        neurons = snn.SynapticOp(
            current,
            self.parameter(current, 0.0, 1.0),
            self.parameter(current, 0.0, 1.0),
            self.parameter(current, 0.1, 1.5),
            reset=resets[self.rng.integers(len(resets))],
            reset_timing=ResetTiming(self.rng.choice(list(ResetTiming))),
            compare=Compare(self.rng.choice(list(Compare))),
        )
        return self.add(neurons, named=True)

    def alpha_neurons(self, current: SSAValue) -> snn.AlphaOp:
        """A layer of neurons with an alpha-shaped synapse; sometimes `tau` is negative."""
        resets = (Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER)
        alpha, beta = self.parameter(current, 0.6, 1.0), self.parameter(current, 0.0, 0.55)
        if self.chance(0.3):
            beta, alpha = self.parameter(current, 0.6, 0.9), self.parameter(current, 0.1, 0.55)
        neurons = snn.AlphaOp(
            current, alpha, beta, self.parameter(current, 0.05, 0.5),
            reset=resets[self.rng.integers(len(resets))],
            compare=Compare(self.rng.choice(list(Compare))),
        )  # fmt: skip
        return self.add(neurons, named=True)

    def parameter(self, value: SSAValue, low: float, high: float) -> Any:
        """A parameter for the layer, per channel or per neuron; often a value at the limit."""
        shape = shape_of(value.type)
        per_channel = (shape[0], *[1] * (len(shape) - 1))
        if self.chance(0.5):
            choices = (high, (low + high) / 2, self.rng.uniform(low, high))
            return FloatAttr(float(self.rng.choice(choices)), f32)
        extent = per_channel if self.chance(0.7) else shape
        return dense_from_array(self.rng.uniform(low, high, extent).astype(np.float32))

    def weights(self, shape: tuple[int, ...]) -> tuple[SSAValue, SSAValue | None]:
        """Weights, some channels much larger than others, and perhaps a bias."""
        spread = np.exp(self.rng.normal(0, 0.5, (shape[0], *[1] * (len(shape) - 1))))
        deviation = spread * 2 / np.sqrt(element_count(shape[1:]))
        weight = self.constant(self.rng.normal(0, 1, shape) * deviation)
        if self.chance(0.5):
            return weight, None
        return weight, self.constant(self.rng.normal(0, 0.3, shape[0]))

    def constant(self, values: NDArray) -> SSAValue:
        """A `snn.weight`."""
        return self.add(snn.WeightOp(dense_from_array(values.astype(np.float32)))).result

    def add(self, op: Any, named: bool = False) -> Any:
        """Append an operation, with a layer name if it is a neuron layer."""
        if named:
            op.attributes[LAYER] = StringAttr(f"layer{self._layers}")
            self._layers += 1
        self.block.add_op(op)
        return op

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def _differs_within_channels(self, value: SSAValue) -> bool:
        """Whether `value` was scaled by a factor per neuron: pooling it is refused."""
        owner = value.owner
        if not isinstance(owner, snn.ScaleOp) or isinstance(owner.factor, FloatAttr):
            return False
        return shape_of(owner.factor.type)[1:] != (1, 1)
