# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random snnTorch modules, written as people write them, with the input that each is called with.

Layers, neurons and their options are random, and so is how they are put together: a step for each
call with hidden states, or a loop over time with explicit states, over the first or the second
axis, or over the same image again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import snntorch
import torch
from torch import Tensor, nn
from torch.nn import functional

from snnir.frontends import from_snntorch
from snnir.passes.snn_fold_batch_norm import SNNFoldBatchNormPass
from snnir.passes.snn_fold_scale import SNNFoldScalePass
from snnir.testing.random_networks import RandomNetwork
from snnir.universe import make_context

SHAPES = ((2, 8, 8), (1, 9, 7), (3, 6, 6), (2, 12), (4, 9), (12,), (5,))
"""Shapes of frames."""

RETURNED = ("spikes", "sum", "lists", "spikes and membranes")
"""What loops return of the last neurons: tensors with an axis of steps, their sum, or lists."""

neurons: Any = snntorch
"""snnTorch, whose annotations leave out most types that its neurons take."""

States = dict[int, tuple[Tensor, ...]]
Step = Callable[[list[Tensor], States], Tensor]
"""Computes a value from those before it in the same time step."""


class Style(Enum):
    """How a module meets time."""

    STEP = "a step for each call, hidden states"
    TIME_FIRST = "a loop over the first axis, explicit states"
    BATCH_FIRST = "a loop over the second axis, explicit states"
    STATIC = "a loop that presents one frame, explicit states"


class RandomModule(nn.Module):
    """Layers and neurons, and what is done with them in each time step.

    Attributes:
        style: what `forward` is called with.
        steps: time steps of a sample.
        returned: what a `forward` with a loop returns, one of `RETURNED`.
        layers: all parts with parameters, the neurons that put out the result last.
        plan: what a step computes, one value after the other; the last one is the output.
    """

    def __init__(self, style: Style, steps: int, returned: str):
        super().__init__()
        self.style, self.steps, self.returned = style, steps, returned
        self.layers = nn.ModuleList()
        self.plan: list[Step] = []

    def step(self, x: Tensor, states: States) -> Tensor:
        """The output of one time step; states change."""
        values = [x]
        for compute in self.plan:
            values.append(compute(values, states))
        return values[-1]

    def initial_states(self) -> States:
        """What snnTorch says that states begin with."""
        states: States = {}
        for number, layer in enumerate(self.layers):
            if isinstance(layer, snntorch.SpikingNeuron):
                state: Any = layer.reset_mem()  # pyright: ignore[reportCallIssue]
                states[number] = state if isinstance(state, tuple) else (state,)
        return states

    def forward(self, x: Tensor) -> Any:
        """See `style`."""
        if self.style is Style.STEP:
            return self.step(x, {})
        states = self.initial_states()
        spikes, membranes = [], []
        for step in range(self.steps):
            if self.style is Style.TIME_FIRST:
                frame = x[step]
            elif self.style is Style.BATCH_FIRST:
                frame = x[:, step]
            else:
                frame = x
            spikes.append(self.step(frame, states))
            membranes.append(states[len(self.layers) - 1][-1])
        match self.returned:
            case "spikes":
                return torch.stack(spikes, dim=0)
            case "sum":
                return torch.stack(spikes).sum(0)
            case "lists":
                return spikes, membranes
            case _:
                return torch.stack(spikes), torch.stack(membranes)


@dataclass(frozen=True)
class RandomCase:
    """A module and its input.

    Attributes:
        frames: (batch, steps, *shape), event counts; for static modules (batch, *shape).
    """

    module: RandomModule
    frames: Tensor

    def arguments(self, frames: Tensor) -> list[Tensor]:
        """What `forward` is called with, one after the other, for frames like those of the case."""
        match self.module.style:
            case Style.STEP:
                return list(frames.unbind(1))
            case Style.TIME_FIRST:
                return [frames.transpose(0, 1)]
            case _:
                return [frames]

    @property
    def sample(self) -> Tensor:
        """What `forward` is called with to import the module."""
        return self.arguments(torch.zeros_like(self.frames[:1]))[0]

    @property
    def timesteps(self) -> int | None:
        """The number of steps, unless the module knows it."""
        return self.module.steps if self.module.style is Style.STEP else None

    @property
    def feeds_back(self) -> bool:
        """Whether neurons are recurrent, so that sums are rounded otherwise than in snnTorch."""
        recurrent = (snntorch.RLeaky, snntorch.RSynaptic)
        return any(isinstance(layer, recurrent) for layer in self.module.layers)

    def run(self, frames: Tensor) -> None:
        """Compute a sample from the initial states on."""
        for layer in self.module.layers:
            if isinstance(layer, snntorch.SpikingNeuron):
                layer.reset_mem()  # pyright: ignore[reportCallIssue]
        for argument in self.arguments(frames):
            self.module(argument)


def random_case(rng: np.random.Generator, *, batch: int = 2, steps: int = 7) -> RandomCase:
    """A module in inference mode with one to three layers of neurons, and its input."""
    style = list(Style)[rng.integers(len(Style))]
    shape = SHAPES[rng.integers(len(SHAPES))]
    module = RandomModule(style, steps, str(rng.choice(RETURNED)))
    builder = _Builder(rng, module, shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(1 << 31)))
        for _ in range(rng.integers(0, 3)):
            builder.block(last=False)
        builder.block(last=True)
    leading = (batch,) if style is Style.STATIC else (batch, steps)
    frames = rng.poisson(0.6, (*leading, *shape)).clip(max=3)
    return RandomCase(module.eval(), torch.from_numpy(frames).float())


def imported_network(rng: np.random.Generator) -> RandomNetwork:
    """A module as a network whose batch normalisation and scales are folded, with its input."""
    case = random_case(rng)
    imported = from_snntorch(case.module, case.sample, case.timesteps)
    for folding in (SNNFoldBatchNormPass(), SNNFoldScalePass()):
        folding.apply(make_context(), imported)
    return RandomNetwork(imported, case.frames.numpy().astype(np.int64))


class _Builder:
    """Appends layers to a module; `value` is the number of the value that the next one takes."""

    def __init__(self, rng: np.random.Generator, module: RandomModule, shape: Sequence[int]):
        self.rng, self.module = rng, module
        self.shapes = [tuple(shape)]
        self.value = 0

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def choice(self, values: Sequence[Any]) -> Any:
        return values[int(self.rng.integers(len(values)))]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value, without batch."""
        return self.shapes[self.value]

    def append(self, step: Step, shape: Sequence[int]) -> None:
        """Compute a value of a shape."""
        self.module.plan.append(step)
        self.shapes.append(tuple(shape))
        self.value = len(self.shapes) - 1

    def layer(self, layer: nn.Module) -> None:
        """Compute a value by a layer of torch."""
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            snap(layer)
        source = self.value
        with torch.no_grad():
            result = layer.eval()(torch.zeros(1, *self.shape))
        self.module.layers.append(layer)
        self.append(lambda values, _: layer(values[source]), result.shape[1:])

    def block(self, last: bool) -> None:
        """Connections, perhaps normalised and pooled, and neurons."""
        entered = self.value
        if last or len(self.shape) == 1 or self.chance(0.3):
            self.linear(classes=last)
        else:
            self.convolution()
        if self.chance(0.3):
            self.normalisation()
        if self.chance(0.3):
            self.residual(entered)
        if len(self.shape) > 1 and not last and self.chance(0.4):
            self.pooling()
        self.neurons()
        if not last and self.chance(0.2):
            self.layer(nn.Dropout(0.3))
        if not last and len(self.shape) > 1 and self.chance(0.2):
            self.pooling()

    def linear(self, classes: bool) -> None:
        if len(self.shape) > 1:
            self.flatten()
        inputs = int(np.prod(self.shape))
        outputs = int(self.rng.integers(2, 6 if classes else 12))
        self.layer(nn.Linear(inputs, outputs, bias=self.chance(0.7)))

    def flatten(self) -> None:
        source = self.value
        size = int(np.prod(self.shape))
        ways: list[Step] = [
            lambda values, _: values[source].flatten(1),
            lambda values, _: torch.flatten(values[source], start_dim=1),
            lambda values, _: values[source].view(values[source].size(0), -1),
            lambda values, _: values[source].reshape(-1, size),
        ]
        if self.chance(0.3):
            self.layer(nn.Flatten())
        else:
            self.append(self.choice(ways), (size,))

    def convolution(self) -> None:
        channels, *size = self.shape
        groups = int(self.choice([1, 1, 1, channels]))
        kernel = [int(self.rng.integers(1, min(extent, 3) + 1)) for extent in size]
        dilation = 2 if self.chance(0.15) and min(size) >= 5 else 1
        convolution = nn.Conv2d if len(size) == 2 else nn.Conv1d
        self.layer(
            convolution(
                channels,
                groups * int(self.rng.integers(1, 5)),
                tuple(kernel),  # type: ignore[arg-type]
                stride=int(self.choice([1, 1, 2])),
                padding=int(self.choice([0, 1, 1])) if dilation == 1 else 2,
                dilation=dilation,
                groups=groups,
                bias=self.chance(0.7),
            )
        )

    def normalisation(self) -> None:
        channels = self.shape[0]
        norm = (nn.BatchNorm2d if len(self.shape) == 3 else nn.BatchNorm1d)(channels)
        with torch.no_grad():
            for tensor in (norm.weight, norm.running_var):
                assert tensor is not None
                tensor.copy_(torch.from_numpy(self.rng.uniform(0.3, 2.0, channels)))
            for tensor in (norm.bias, norm.running_mean):
                assert tensor is not None
                tensor.copy_(torch.from_numpy(self.rng.uniform(-0.5, 0.5, channels)))
        self.layer(norm)

    def residual(self, source: int) -> None:
        """Add a value from before, or put its channels behind these, if its shape allows it."""
        value = self.value
        if self.shapes[source] == self.shape:
            self.append(lambda values, _: values[value] + values[source], self.shape)
        elif len(self.shape) > 1 and self.shapes[source][1:] == self.shape[1:]:
            channels = self.shape[0] + self.shapes[source][0]
            self.append(
                lambda values, _: torch.cat([values[value], values[source]], dim=1),
                (channels, *self.shape[1:]),
            )

    def pooling(self) -> None:
        size = self.shape[1:]
        window = 2 if min(size) >= 2 else 1
        overlap = self.chance(0.2) and min(size) >= 3
        options = {"kernel_size": 3, "stride": 2, "padding": 1} if overlap else {}
        options = options or {"kernel_size": window}
        dimensions = len(size)
        source = self.value
        maximum = self.chance(0.6)
        if self.chance(0.5):
            name = f"{'Max' if maximum else 'Avg'}Pool{dimensions}d"
            self.layer(getattr(nn, name)(**options))
            return
        function = getattr(functional, f"{'max' if maximum else 'avg'}_pool{dimensions}d")
        with torch.no_grad():
            result = function(torch.zeros(1, *self.shape), **options)
        self.append(lambda values, _: function(values[source], **options), result.shape[1:])

    def neurons(self) -> None:
        """A layer of neurons of any class and options."""
        hidden = self.module.style is Style.STEP
        neuron = self.neuron(init_hidden=hidden)
        source, number = self.value, len(self.module.layers)
        self.module.layers.append(neuron)

        def with_states(values: list[Tensor], states: States) -> Tensor:
            spikes, *rest = neuron(values[source], *states[number])
            # Recurrent neurons take their spikes as a state, too.
            recurrent = isinstance(neuron, (snntorch.RLeaky, snntorch.RSynaptic))
            states[number] = (spikes, *rest) if recurrent else tuple(rest)
            return spikes

        step: Step = (lambda values, _: neuron(values[source])) if hidden else with_states
        self.append(step, self.shape)

    def neuron(self, init_hidden: bool) -> Any:
        """A layer of neurons for the value."""
        options: dict[str, Any] = {
            "init_hidden": init_hidden,
            "threshold": self.parameter(0.5, 2.0),
            "reset_mechanism": self.choice(["subtract", "subtract", "zero", "none"]),
        }
        for name in ("learn_beta", "learn_threshold"):
            options[name] = self.chance(0.3)
        kind = self.choice(["Leaky"] * 6 + ["Lapicque", "Synaptic", "Alpha", "RLeaky", "RSynaptic"])
        if kind == "Lapicque":
            return neurons.Lapicque(beta=float(self.choice([0.5, 0.9])), **options)
        if kind == "Alpha":
            beta = float(self.choice([0.5, 0.7]))
            return neurons.Alpha(alpha=beta + 0.2, beta=beta, **options)
        options["beta"] = self.parameter(0.3, 1.0)
        if kind in ("Synaptic", "RSynaptic"):
            options["alpha"] = self.parameter(0.3, 0.9)
        if kind in ("Leaky", "Synaptic", "RLeaky") and self.chance(0.3):
            options["reset_delay"] = False
        if kind == "Leaky" and self.chance(0.15):
            options["graded_spikes_factor"] = float(self.choice([0.5, 2.0]))
        if kind in ("RLeaky", "RSynaptic"):
            options.update(self.feedback())
        neuron = getattr(neurons, kind)(**options)
        for layer in neuron.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                snap(layer)
        return neuron

    def feedback(self) -> dict[str, Any]:
        """Options of recurrent neurons."""
        if len(self.shape) == 1 and self.chance(0.7):
            return {"linear_features": self.shape[0]}
        if len(self.shape) == 3 and self.chance(0.7):
            return {"conv2d_channels": self.shape[0], "kernel_size": int(self.choice([1, 3]))}
        return {"all_to_all": False, "V": float(self.choice([-1.0, 0.5, 1.0]))}

    def parameter(self, low: float, high: float) -> Any:
        """A number, or one for each channel or neuron."""
        extents = [(), (), (self.shape[0], *(1 for _ in self.shape[1:])), self.shape]
        extent = self.choice(extents)
        values = self.rng.uniform(low, high, extent).astype(np.float32)
        return float(values) if extent == () else torch.from_numpy(values)


def snap(layer: nn.Module) -> None:
    """Multiples of 1/64, whose products with counts add up exactly in any order; 2.5 times what
    torch begins with, so that neurons spike.
    """
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_((parameter * 160).round() / 64)
