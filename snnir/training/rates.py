# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operations of the `snn` level on firing rates, differentiable.

Every value stands for its mean over the time steps: spikes for the rate of their neuron, spikes per
step. Layers are linear, so the mean of what they give is what they give for the mean. A neuron gets
the rate that it settles to when its current is constant, with `i = current / threshold` and the
decay `beta`. What a neuron loses until it has settled, at least half a spike on average, and what
it gains because its current is not constant, are one number for each layer that is taken off `i`
(`Offset`); it is zero until it has been measured.

*Reset by subtraction.* `V' = beta V + current - threshold S` (`subtract`, delayed), averaged over
time, is `rate = i - (1 - beta) mean(V) / threshold`. A neuron that fires now and then has a `V`
between 0 and twice the threshold around the threshold, because `V' = beta V + current (-
threshold)` is a contracted rotation of the interval from `beta threshold + current - threshold` to
`beta threshold + current` (Laurent and Nogueira 2018, "Rotation number of contracted rotations").
With the threshold for the mean,

    rate = clip(i - (1 - beta), 0, 1)                  within 1 - beta of the true rate,

which is exact for `beta = 1`, `clip(i, 0, 1)` (Rueckauer et al. 2017), and has its true ends: no
spike up to `i = 1 - beta`, one at every step from `i = 2 - beta`. The true rate is a staircase
around this line. If the decay applies to what is left after the reset, `V' = beta (V - threshold S)
+ current` (`subtract_decayed`, and both if immediate), a spike takes off `beta threshold`:

    rate = clip((i - (1 - beta)) / beta, 0, 1)         as close.

*Reset to zero.* From zero, `k` steps lead to `V = current (1 - beta^k) / (1 - beta)`, so that a
neuron needs the first whole number of steps from `k = log(1 - (1 - beta) / i) / log(beta)`, or `1 /
i` for `beta = 1` (the discrete form of the rate of leaky neurons, e.g. Gerstner et al. 2014,
"Neuronal Dynamics", 1.3), on average half a step more, and one more if the input of the step of the
reset is dropped (`zero_after`, delayed):

    rate = 1 / (max(k, 1/2) + 1/2 (+ 1))               the true one has k to k + 1 for k + 1/2.

A synaptic neuron is a leaky one with the current `alpha` has summed up. Without a reset a neuron is
always silent or fires always, which has no derivative: only its membrane can be trained, which is
the input times the response to an input of 1, at the step or steps that the readout looks at. The
spikes of neurons in a window of `snn.max_pool2d` count as independent: `1 - prod(1 - rate)`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor
from xdsl.dialects.builtin import i1
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.snn import Readout, Reset, ResetTiming
from snnir.dialects.snn_neurons import NeuronBase, SpikingNeuronBase
from snnir.executors import torch_snn
from snnir.executors.torch_program import Evaluate, TorchBuilder, TorchLevel
from snnir.support.diagnostics import SNNError, error_at
from snnir.training.module import TrainingBuilder

SUBTRACTS = (Reset.SUBTRACT, Reset.SUBTRACT_DECAYED)
LEAST_DRIVE = 1.01
"""Smallest current that a neuron with a reset to zero fires for, as a multiple of the smallest that
ever lets it fire; there, the derivative of the rate is infinite."""


class Offset:
    """What is taken off the drive of a layer, so that its mean rate is the one that was measured.

    Attributes:
        value: in units of the threshold, between -1 / `timesteps` and 1 / `timesteps`: a neuron
            ends with a part of a threshold, or owing one, that became no spike.
        wanted: the mean rate that the next drive is to lead to; None if `value` is known.
        whole: rates are rounded to multiples of 1 / `timesteps`; gradients go straight through.
    """

    def __init__(self, timesteps: int):
        self.timesteps, self.value = timesteps, 0.0
        self.wanted: float | None = None
        self.whole = False

    def rate(self, function: Callable[[Tensor], Tensor], drive: Tensor) -> Tensor:
        """The rate as a function of the drive, after the value was found if one is wanted."""
        if self.wanted is not None:
            low, high = -1 / self.timesteps, 1 / self.timesteps
            for _ in range(16):
                self.value = (low + high) / 2
                above = float(function(drive - self.value).mean()) > self.wanted
                low, high = (self.value, high) if above else (low, self.value)
        rate = function(drive - self.value)
        if not self.whole:
            return rate
        return rate + ((rate * self.timesteps).round() / self.timesteps - rate).detach()


class RateBuilder(TrainingBuilder):
    """Has an offset for each layer of neurons whose spikes are used."""

    def __init__(self, device: torch.device, channels_last: bool = False):
        super().__init__(device, channels_last)
        self.offsets: dict[Operation, Offset] = {}


def subtract_rate(drive: Tensor, beta: Tensor, removed: Tensor | float) -> Tensor:
    """The rate of a neuron whose threshold is subtracted, of the shape of `drive`.

    Args:
        drive: current in units of the threshold.
        removed: part of the threshold that a spike takes off the membrane of the next step.
    """
    return ((drive - (1 - beta)) / removed).clamp(0, 1)


def zero_rate(drive: Tensor, beta: Tensor, dropped: bool) -> Tensor:
    """The rate of a neuron that is reset to zero, of the shape of `drive`.

    Args:
        drive: current in units of the threshold.
        dropped: the input of the step of the reset is lost.
    """
    least = (LEAST_DRIVE * (1 - beta)).clamp(min=1e-6)
    inside = torch.maximum(drive, least)
    # Of all decays but 1 the first is used, and both must be finite for their derivatives to be.
    leaking = torch.where(beta < 1, beta, torch.full_like(beta, 0.5))
    left = 1 - torch.where(beta < 1, (1 - beta) / inside, torch.full_like(inside, 0.5))
    steps = torch.where(beta < 1, torch.log(left.clamp(min=1e-6)) / torch.log(leaking), 1 / inside)
    rate = 1 / (steps.clamp(min=0.5) + 0.5 + dropped)
    return torch.where(drive > least, rate, torch.zeros_like(rate))


def lif(op: snn.LIFOp, build: TorchBuilder) -> Evaluate:
    """The rate and, without a reset, the membrane."""
    beta = build.constant(op.beta)
    rate, membrane = _rate(op, beta, build), _membrane(op, None, beta)
    return lambda current: (rate(current), membrane(current))


def li(op: snn.LIOp, build: TorchBuilder) -> Evaluate:
    """The membrane."""
    return _membrane(op, None, build.constant(op.beta))


def synaptic(op: snn.SynapticOp, build: TorchBuilder) -> Evaluate:
    """The rate, the synaptic current and, without a reset, the membrane."""
    alpha, beta = build.constant(op.alpha), build.constant(op.beta)
    if op.spikes.uses and bool((alpha >= 1).any()):
        raise _refused(op, "has an alpha of 1, so that no current is constant")
    rate, membrane = _rate(op, beta, build), _membrane(op, alpha, beta)
    gain = _responses(op, None, alpha).mean(0)
    return lambda x: (rate(gain * x), gain * x, membrane(x))


def max_pool2d(op: snn.MaxPool2dOp, build: TorchBuilder) -> Evaluate:
    """The maximum of real values, and the rate of the union of spikes."""
    pool = torch_snn.max_pool2d(op, build)
    if element_type_of(op.input.type) != i1:
        return pool
    places = torch_snn.windows(op)

    def union(rates: Tensor) -> Tensor:
        silent = torch.log1p(-rates.clamp(max=1 - 1e-6))
        return -torch.expm1(F.avg_pool2d(silent, **places, divisor_override=1))

    return union


def refused(op: Operation, build: TorchBuilder) -> Evaluate:
    """No function of rates is known for the operation."""
    raise _refused(op, "has no known rate as a function of its current")


def feedback(op: Operation, build: TorchBuilder) -> Evaluate:
    """A value from the step before is none of a single step."""
    raise _refused(op, "feeds back what the step before left")


LEVEL = TorchLevel(
    {
        **torch_snn.LEVEL.functions,
        snn.MaxPool2dOp: max_pool2d,
        snn.LIFOp: lif,
        snn.LIOp: li,
        snn.SynapticOp: synaptic,
        snn.AlphaOp: refused,
        snn.RegisterOp: feedback,
        snn.ReadOp: feedback,
        snn.WriteOp: feedback,
    }
)


def _refused(op: Operation, reason: str) -> SNNError:
    return error_at(op, f"{reason}; use snn-finetune without teacher-rates, which works over time")


def _rate(
    op: snn.LIFOp | snn.SynapticOp, beta: Tensor, build: TorchBuilder
) -> Callable[[Tensor], Tensor]:
    """The rate as a function of a constant current."""
    if not op.spikes.uses:
        return torch.zeros_like
    threshold = build.constant(op.threshold)
    reset, immediate = op.reset.data, op.reset_timing.data is ResetTiming.IMMEDIATE
    if not bool((threshold > 0).all()):
        raise _refused(op, "has a threshold that is not positive, and fires without a current")
    if reset is Reset.NONE:
        raise _refused(op, "has no reset, so that it is silent or fires at every step")
    removed = beta if immediate or reset is Reset.SUBTRACT_DECAYED else 1.0
    if not bool((beta > 0).all()) and (reset not in SUBTRACTS or removed is beta):
        raise _refused(op, "has a decay of 0 and this reset, so that its rate is a step")
    if reset in SUBTRACTS:
        function = partial(subtract_rate, beta=beta, removed=removed)
    else:
        dropped = reset is Reset.ZERO_AFTER and not immediate
        function = partial(zero_rate, beta=beta, dropped=dropped)
    assert isinstance(build, RateBuilder)
    offset = build.offsets[op] = Offset(_timesteps(op))
    return lambda current: offset.rate(function, current / threshold)


def _membrane(op: NeuronBase, alpha: Tensor | None, beta: Tensor) -> Callable[[Tensor], Tensor]:
    """The membrane as a function of a constant input."""
    value = op.results[-1]
    if not value.uses:
        return torch.zeros_like
    if isinstance(op, SpikingNeuronBase) and op.reset.data is not Reset.NONE:
        raise _refused(op, "has a membrane that is read and reset, which rates do not tell")
    network = op.parent_op()
    assert isinstance(network, snn.NetworkOp)
    responses = _responses(op, alpha, beta)
    if not _reaches_output(value) or network.readout.data is Readout.MEAN_MEMBRANE:
        return lambda x: responses.mean(0) * x
    if network.readout.data is Readout.MAX_MEMBRANE:
        least, largest = responses.amin(0), responses.amax(0)
        return lambda x: torch.where(x > 0, largest, least) * x
    return lambda x: responses[-1] * x


def _responses(op: NeuronBase, alpha: Tensor | None, beta: Tensor) -> Tensor:
    """A membrane without reset at each step if its input is 1: (timesteps, *shape of the decay)."""
    synapse = membrane = torch.zeros(())
    responses = []
    for _ in range(_timesteps(op)):
        synapse = torch.ones_like(beta) if alpha is None else alpha * synapse + 1
        membrane = beta * membrane + synapse
        responses.append(membrane)
    return torch.stack(responses)


def _timesteps(op: NeuronBase) -> int:
    network = op.parent_op()
    assert isinstance(network, snn.NetworkOp)
    return network.timesteps.value.data


def _reaches_output(value: SSAValue) -> bool:
    """Whether the network returns a value, or what layers without neurons make of it."""
    return any(
        isinstance(use.operation, snn.OutputOp)
        or (
            not isinstance(use.operation, NeuronBase)
            and any(map(_reaches_output, use.operation.results))
        )
        for use in value.uses
    )
