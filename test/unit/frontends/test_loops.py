# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules whose time steps are not the same, or that do other things, are refused by name."""

from collections.abc import Callable
from typing import Any

import pytest
import snntorch
import torch
from snntorch import spikegen
from torch import Tensor, nn

from snnir.frontends import from_snntorch
from snnir.frontends.calling import find_call
from snnir.support.diagnostics import SNNError

neurons: Any = snntorch
encodings: Any = spikegen


class Net(nn.Module):
    """Two layers whose forward is given."""

    def __init__(self, forward: Callable[..., Any]):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 4), nn.Linear(4, 4)
        self.lif1, self.lif2 = neurons.Leaky(beta=0.9), neurons.Leaky(beta=0.9)
        self.norms = neurons.BatchNormTT1d(4, 5)
        self.function = forward

    def forward(self, x: Tensor):
        return self.function(self, x)


def first_step_differs(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    for step in range(x.size(0)):
        current = self.fc1(x[step])
        if step > 0:
            current = current + spikes[-1]
        spike, mem = self.lif1(current, mem)
        spikes.append(spike)
    return torch.stack(spikes)


def factor_changes(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.fc1(x[step]) * (step + 1), mem)
        spikes.append(spike)
    return spikes


def layers_change(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.norms[step](x[step]), mem)
        spikes.append(spike)
    return spikes


def wrong_frame(self: Any, x: Tensor):
    mem = self.lif1.reset_mem()
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.fc1(x[step - 1]), mem)
    return spike  # pyright: ignore[reportPossiblyUnboundVariable]


def initial_state(self: Any, x: Tensor):
    mem = torch.ones(1, 4)
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.fc1(x[step]), mem)
    return spike  # pyright: ignore[reportPossiblyUnboundVariable]


def initial_feedback(self: Any, x: Tensor):
    mem, spike = self.lif1.reset_mem(), torch.ones(1, 4)
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.fc1(x[step]) + self.fc2(spike), mem)
    return spike


def no_memory(self: Any, x: Tensor):
    spikes = []
    for step in range(x.size(0)):
        spike, _ = self.lif1(self.fc1(x[step]), self.lif1.reset_mem())
        spikes.append(spike)
    return spikes


def changed_state(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.fc1(x[step]), mem)
        mem = mem * 0.5
        spikes.append(spike)
    return spikes


def changed_in_place(self: Any, x: Tensor):
    mem = self.lif1.reset_mem()
    for step in range(x.size(0)):
        _, mem = self.lif1(self.fc1(x[step]), mem)
        mem *= 0.5
    return mem


def looks_at_values(self: Any, x: Tensor):
    mem = self.lif1.reset_mem()
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.fc1(x[step]), mem)
        if spike.sum() > 0:
            break
    return mem


def layer_after_the_loop(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.fc1(x[step]), mem)
        spikes.append(spike)
    return self.fc2(torch.stack(spikes).mean(0))


def layer_before_the_loop(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    currents = self.fc1(x)
    for step in range(x.size(0)):
        spike, mem = self.lif1(currents[step], mem)
        spikes.append(spike)
    return spikes


def encodes(self: Any, x: Tensor):
    return loops(self, encodings.rate(x, num_steps=5))


def encodes_by_looking(self: Any, x: Tensor):
    """`latency` decides in Python on what it gets."""
    return loops(self, encodings.latency(x, num_steps=5))


def encodes_in_the_loop(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    for frame in x:
        spike, mem = self.lif1(self.fc1(encodings.rate_conv(frame)), mem)
        spikes.append(spike)
    return spikes


def loops(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    for frame in x:
        spike, mem = self.lif1(self.fc1(frame), mem)
        spikes.append(spike)
    return spikes


def stops_early(self: Any, x: Tensor):
    mem, spikes = self.lif1.reset_mem(), []
    for frame in x:
        spike, mem = self.lif1(self.fc1(frame), mem)
        spikes.append(spike)
        if len(spikes) == 3:
            break
    return spikes


def two_outputs(self: Any, x: Tensor):
    mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
    for step in range(x.size(0)):
        first, mem1 = self.lif1(self.fc1(x[step]), mem1)
        second, mem2 = self.lif2(self.fc2(x[step]), mem2)
    return first, second  # pyright: ignore[reportPossiblyUnboundVariable]


def neurons_at_different_rates(self: Any, x: Tensor):
    mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
    for step in range(x.size(0)):
        spike, mem1 = self.lif1(self.fc1(x[step]), mem1)
        if step % 2:
            spike, mem2 = self.lif2(self.fc2(spike), mem2)
    return spike  # pyright: ignore[reportPossiblyUnboundVariable]


def returns_nothing(self: Any, x: Tensor):
    mem = self.lif1.reset_mem()
    for step in range(x.size(0)):
        _, mem = self.lif1(self.fc1(x[step]), mem)


def raises(self: Any, x: Tensor):
    raise KeyError("weights")


def wrong_size(self: Any, x: Tensor):
    mem = self.lif1.reset_mem()
    for step in range(x.size(0)):
        spike, mem = self.lif1(self.fc1(x[step]), mem)
        mem = self.fc2(torch.cat([spike, spike], 1))
    return mem


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (first_step_differs, r"layer 'add' \(add\): runs 4 times in 5 time steps"),
        (factor_changes, r"layer 'mul' \(mul\): does something else in step 2 than in step 1"),
        (
            layers_change,
            r"layer 'lif1' .*'norms.1' in step 1 and 'norms.2' in step 2; .* for all steps",
        ),
        (wrong_frame, r"layer 'fc1' \(Linear\): uses the frame of step 0 in step 1"),
        (initial_state, r"layer 'lif1' \(Leaky\): starts from states that are not zero"),
        (initial_feedback, "layer 'fc2' .*does something else in the first step"),
        (no_memory, "layer 'lif1' .*starts from new states in every step, so it has no memory"),
        (changed_state, "layer 'lif1' .*gets a state that is not the one it returned"),
        (changed_in_place, r"changes a tensor in place \('mul_'\) that is the state of a neuron"),
        (looks_at_values, "control flow that depends on data cannot be imported"),
        (layer_after_the_loop, r"layer 'fc2' \(Linear\) runs outside of the time loop"),
        (layer_before_the_loop, "layer '__getitem__' .*before the time loop; only the sample"),
        (encodes, "spikegen.rate, .* no part of a network; encode the samples in the data"),
        (encodes_by_looking, "the module calls snntorch.spikegen.latency, and"),
        (encodes_in_the_loop, "the module calls snntorch.spikegen.rate_conv, and"),
        (two_outputs, "the module has two outputs, 'lif1' and 'lif2'"),
        (neurons_at_different_rates, "neuron 'lif2' runs 2 times, others 5 times"),
        (returns_nothing, "the module returns nothing that depends on the sample"),
        (raises, r"calling Net on a sample of shape \(5, 1, 4\) raised KeyError: 'weights'"),
        (wrong_size, r"shape \(5, 1, 4\): layer 'fc2' \(Linear\), given \(1, 8\), raised .*mat1"),
    ],
)
def test_refused_loop(forward: Callable[..., Any], message: str):
    with pytest.raises(SNNError, match=message) as caught:
        from_snntorch(Net(forward), torch.zeros(5, 1, 4))
    assert "\n" not in str(caught.value)


def test_parameters_of_other_types_are_named():
    message = r"parameter 'fc1.weight' has type float64, .* return module.float\(\)"
    with pytest.raises(SNNError, match=message):
        from_snntorch(Net(loops).double(), torch.zeros(5, 1, 4))


def test_compiled_modules_cannot_be_looked_into():
    net = Net(loops)
    setattr(net, "fc1", torch.jit.script(net.fc1))  # noqa: B010
    with pytest.raises(SNNError, match=r"is compiled by torch.jit, .*; import the module that"):
        from_snntorch(net, torch.zeros(5, 1, 4))


def test_a_loop_has_to_run_all_steps_of_a_sample():
    message = r"runs 3 steps on a sample of shape \(5, 1, 4\): it must run them all; if 3 are"
    with pytest.raises(SNNError, match=message):
        from_snntorch(Net(stops_early), torch.zeros(5, 1, 4), 5)


def test_the_reason_is_that_of_the_form_with_a_loop():
    """One frame for a sample, the module makes one step, from new states."""
    with pytest.raises(SNNError, match=r"layer 'add' .*runs 4 times in 5 time steps"):
        find_call(Net(first_step_differs), (4,), 5)


def test_layers_of_sequences_are_why_a_module_has_no_steps():
    net = Net(layer_before_the_loop)
    setattr(net, "fc1", nn.GRU(4, 4))  # noqa: B010
    net.function = lambda self, x: layer_before_the_loop(self, self.fc1(x)[0])
    with pytest.raises(SNNError, match=r"layer 'fc1' \(GRU\): has gates"):
        from_snntorch(net, torch.zeros(5, 1, 4))


def test_too_few_steps():
    with pytest.raises(SNNError, match="ran 2 steps: at least 3 are needed"):
        from_snntorch(Net(changed_state), torch.zeros(2, 1, 4))


def test_one_step_modules_need_a_number_of_steps():
    net = nn.Sequential(nn.Linear(4, 2), neurons.Leaky(0.5, init_hidden=True))
    with pytest.raises(SNNError, match="say how many steps a sample has"):
        from_snntorch(net, torch.zeros(1, 4))
    with pytest.raises(SNNError, match="timesteps must be positive, got 0"):
        from_snntorch(net, torch.zeros(1, 4), 0)


def test_states_must_come_back():
    class Forgetful(nn.Module):
        def __init__(self):
            super().__init__()
            self.lif = neurons.Leaky(0.5)

        def forward(self, x: Tensor, mem: Tensor):
            return self.lif(x, mem)[0]

    with pytest.raises(SNNError, match="takes the state 'mem' but does not return its new value"):
        from_snntorch(Forgetful(), torch.zeros(1, 4), 4)


def test_numbers_of_steps_need_a_default():
    class Counted(nn.Module):
        def __init__(self):
            super().__init__()
            self.lif = neurons.Leaky(0.5)

        def forward(self, x: Tensor, num_steps: int):
            return [self.lif(x)[0] for _ in range(num_steps)]

    message = r"argument 'num_steps' of forward has no default, .*; give it a default"
    with pytest.raises(SNNError, match=message):
        from_snntorch(Counted(), torch.zeros(1, 4), 4)


def test_arguments_must_be_states():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.lif = neurons.Leaky(0.5)

        def forward(self, x: Tensor, gate: Tensor):
            return self.lif(x + gate.sum())[0]

    with pytest.raises(SNNError, match="argument 'gate' of forward is used by 'sum'"):
        from_snntorch(Gated(), torch.zeros(1, 4), 4)
