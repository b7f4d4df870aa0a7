# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules as users write them import with every spike: sequential, with loops, with states."""

from typing import Any

import pytest
import snntorch
import torch
import torch.nn.functional as F
from snntorch import utils
from snntorch_comparison import (
    BATCH,
    STEPS,
    assert_same,
    counts,
    network_of,
    run_loop,
    run_steps,
    snap,
)
from torch import Tensor, nn
from xdsl.dialects.builtin import ModuleOp, StringAttr

from snnir.dialects import snn
from snnir.dialects.snn import InputKind, Readout
from snnir.frontends import from_snntorch
from snnir.support.diagnostics import SNNError

neurons: Any = snntorch


def hidden(beta: float = 0.8, **options: Any) -> nn.Module:
    return neurons.Leaky(beta=beta, threshold=0.5, init_hidden=True, **options)


def convolutional(*layers: nn.Module) -> nn.Module:
    """A convolutional network on (2, 8, 8) with `layers` between its convolutions."""
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding="same"), hidden(), *layers, nn.Conv2d(4, 6, 3, stride=2),
        hidden(), nn.Flatten(), nn.Linear(6 * 3 * 3 if not layers else 6, 5), nn.Dropout(0.3),
        hidden(output=True),
    )  # fmt: skip
    return snap(net)


@pytest.mark.parametrize("layers", [[], [nn.MaxPool2d(2)], [nn.AvgPool2d(2)]])
def test_sequential(layers: list[nn.Module]):
    net = convolutional(*layers)
    imported = from_snntorch(net, torch.zeros(1, 2, 8, 8), STEPS)
    assert_same(net, imported, counts(BATCH, STEPS, 2, 8, 8))
    network = network_of(imported)
    assert network.timesteps.value.data == STEPS
    assert network.input.data is InputKind.EVENT_COUNTS
    assert network.outputs[0].type == snn.spike_tensor([5])


def test_names_are_paths_and_states_and_flags_stay():
    neuron: Any = hidden()
    inner = nn.Sequential(nn.Linear(4, 4), neuron)
    net = nn.Sequential(inner, nn.Linear(4, 2), hidden())
    net.train()
    inner.eval()
    net(torch.ones(2, 4))
    membrane, attributes = neuron.mem, set(vars(neuron))
    imported = from_snntorch(net, torch.zeros(1, 4), 5)
    assert net.training
    assert not inner.training
    assert neuron.mem is membrane
    assert set(vars(neuron)) == attributes
    assert layer_names(imported) == ["0.0"] * 3 + ["0.1"] + ["1"] * 3 + ["2"]


def layer_names(imported: ModuleOp) -> list[str]:
    """The attribute `layer` of all operations, without the terminator, which has none."""
    *ops, _ = network_of(imported).body.block.ops
    attributes = [op.attributes["layer"] for op in ops]
    return [attribute.data for attribute in attributes if isinstance(attribute, StringAttr)]


class StaticLoop(nn.Module):
    """The network of snnTorch's tutorial 5."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 10)
        self.lif1 = neurons.Leaky(beta=0.9)
        self.fc2 = nn.Linear(10, 4)
        self.lif2 = neurons.Leaky(beta=0.9)

    def forward(self, x: Tensor):
        mem1 = self.lif1.init_leaky()
        mem2 = self.lif2.init_leaky()
        spk2_rec, mem2_rec = [], []
        for _ in range(STEPS):
            cur1 = self.fc1(x)
            spk1, mem1 = self.lif1(cur1, mem1)
            cur2 = self.fc2(spk1)
            spk2, mem2 = self.lif2(cur2, mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec, dim=0), torch.stack(mem2_rec, dim=0)


def test_static_loop():
    net = snap(StaticLoop())
    imported = from_snntorch(net, torch.zeros(1, 12))
    network = network_of(imported)
    assert network.timesteps.value.data == STEPS
    assert network.input.data is InputKind.STATIC_VALUES
    assert_same(net, imported, counts(BATCH, 12), lambda module, x: module(x))


def test_static_loop_has_its_own_number_of_steps():
    with pytest.raises(SNNError, match=f"time loop runs {STEPS} steps, but timesteps=10"):
        from_snntorch(StaticLoop(), torch.zeros(1, 12), 10)


@pytest.mark.parametrize(
    ("readout", "membrane"), [(Readout.FIRST_SPIKE, False), (Readout.MAX_MEMBRANE, True)]
)
def test_readout_chooses_the_output(readout: Readout, membrane: bool):
    network = network_of(
        from_snntorch(StaticLoop(), torch.zeros(1, 12), readout=readout, population=2, name="n")
    )
    lif = [op for op in network.body.block.ops if isinstance(op, snn.LIFOp)][-1]
    assert network.outputs[0] is (lif.membrane if membrane else lif.spikes)
    assert str(network.readout.data) == readout
    assert network.sym_name.data == "n"


class IndexedLoop(nn.Module):
    """The convolutional network of tutorial 6, over a recording."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 5)
        self.lif1 = neurons.Leaky(beta=0.9)
        self.conv2 = nn.Conv2d(4, 6, 3)
        self.lif2 = neurons.Leaky(beta=0.9)
        self.fc1 = nn.Linear(6 * 2 * 2, 10)
        self.lif3 = neurons.Leaky(beta=0.9)

    def forward(self, x: Tensor):
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        mem3 = self.lif3.reset_mem()
        spk3_rec = []
        for step in range(x.size(0)):
            cur1 = F.max_pool2d(self.conv1(x[step]), 2)
            spk1, mem1 = self.lif1(cur1, mem1)
            cur2 = F.avg_pool2d(self.conv2(spk1), 2)
            spk2, mem2 = self.lif2(cur2, mem2)
            cur3 = self.fc1(spk2.view(x.size(1), -1))
            spk3, mem3 = self.lif3(cur3, mem3)
            spk3_rec.append(spk3)
        return torch.stack(spk3_rec)


@pytest.mark.parametrize("batch", [1, 2])
def test_indexed_loop(batch: int):
    net = snap(IndexedLoop())
    imported = from_snntorch(net, torch.zeros(4, batch, 1, 16, 16), STEPS)
    assert_same(net, imported, counts(BATCH, STEPS, 1, 16, 16), run_loop)
    functions = [name for name in layer_names(imported) if "_" in name]
    assert functions == ["max_pool2d_1", "avg_pool2d_1", "view_1"]


class OneStep(nn.Module):
    """States go in and come out, as in the example of snnTorch's documentation."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 10)
        self.lif1 = neurons.Leaky(beta=0.9)
        self.fc2 = nn.Linear(10, 4)
        self.lif2 = neurons.Synaptic(alpha=0.5, beta=0.9)

    def forward(self, x: Tensor, mem1: Tensor, spk1: Tensor, syn2: Tensor, mem2: Any = None):
        spk1, mem1 = self.lif1(self.fc1(x), mem1)
        spk2, syn2, mem2 = self.lif2(self.fc2(spk1), syn2, mem2)
        return mem1, spk1, syn2, mem2, spk2


def run_one_step(net: nn.Module, frames: Tensor) -> None:
    mem1 = syn2 = mem2 = torch.zeros(0)
    for step in range(frames.shape[1]):
        mem1, _, syn2, mem2, _ = net(frames[:, step], mem1, mem1, syn2, mem2)


def test_one_step_with_states():
    net = snap(OneStep())
    imported = from_snntorch(net, torch.zeros(1, 12), STEPS)
    assert_same(net, imported, counts(BATCH, STEPS, 12), run_one_step)


class Recurrent(nn.Module):
    """Residual additions, feedback through a layer, a scale, a concatenation, in-place sums."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 12)
        self.lif1 = neurons.Leaky(beta=0.5)
        self.back = nn.Linear(12, 12)
        self.fc2 = nn.Linear(24, 5)
        self.lif2 = neurons.Leaky(beta=0.5, reset_mechanism="zero")
        self.gain = nn.Parameter(torch.full((12,), 0.25))

    def forward(self, x: Tensor):
        mem1, mem2 = 0.5 * torch.zeros(x.shape[1], 12), self.lif2.reset_mem()
        feedback = torch.zeros(x.shape[1], 12)
        total = torch.zeros(x.shape[1], 5)
        for frame in x:
            current = torch.add(self.fc1(frame), feedback)
            current += frame
            spikes, mem1 = self.lif1(current, mem1)
            feedback = self.back(spikes) * self.gain
            both = torch.cat([spikes, 0.5 * frame - spikes / 2], dim=1)
            out, mem2 = self.lif2(self.fc2(F.dropout(both, 0.5, self.training)), mem2)
            total += out
        return total / len(x)


def test_recurrence_and_arithmetic():
    net = snap(Recurrent())
    imported = from_snntorch(net, torch.zeros(3, 2, 12), STEPS)
    assert "snn.write @mul_1" in str(imported)
    assert_same(net, imported, counts(BATCH, STEPS, 12), run_loop)


class SpikeFeedback(nn.Module):
    """Spikes of the last step, not yet weighted, are what is carried, and are pooled before."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.lif = neurons.Leaky(beta=0.5, threshold=0.25)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.back = nn.Conv2d(2, 2, 1, groups=2)

    def forward(self, x: Tensor):
        mem, wide = self.lif.reset_mem(), torch.zeros_like(x[0])
        outputs = torch.zeros(*x.shape)
        for step in range(x.shape[0]):
            spikes, mem = self.lif(self.conv(x[step]) + self.back(wide), mem)
            wide = self.pool(spikes)
            outputs[step] = spikes
        return outputs, mem


def test_carried_spikes_stay_spikes():
    net = snap(SpikeFeedback())
    imported = from_snntorch(net, torch.zeros(3, 1, 2, 6, 6), STEPS)
    assert 'snn.register @pool {layer = "pool"} : tensor<2x6x6xi1>' in str(imported)
    assert_same(net, imported, counts(BATCH, STEPS, 2, 6, 6), run_loop)


class Residual(nn.Module):
    """A one-step module with hidden states, a residual block called twice, and batch first."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])

    def forward(self, x: Tensor):
        utils.reset(self)
        outputs = []
        for step in range(x.shape[1]):
            value = x[:, step]
            for block in self.blocks:
                value = block(value)
            outputs.append(value)
        return outputs


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.norm = nn.BatchNorm2d(2)
        self.lif = hidden()

    def forward(self, x: Tensor):
        return F.max_pool2d(self.lif(self.norm(self.conv(x))), 1) + x


def test_blocks_and_batch_first():
    net = snap(Residual())
    for block in net.blocks:  # pyright: ignore[reportGeneralTypeIssues]
        block.norm.running_mean.uniform_(-0.5, 0.5)
        block.norm.running_var.uniform_(0.5, 1.5)
    imported = from_snntorch(net, torch.zeros(1, 3, 2, 6, 6), STEPS, readout=Readout.MEAN_MEMBRANE)
    run = lambda module, x: module(x)  # noqa: E731
    assert_same(net, imported, counts(BATCH, STEPS, 2, 6, 6), run, exact=False)
    network = network_of(imported)
    assert sum(isinstance(op, snn.BatchNormOp) for op in network.body.block.ops) == 2
    assert isinstance(network.outputs[0].owner, snn.AddOp)


def test_membrane_only_output():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(12, 3)
            self.li = neurons.Leaky(beta=0.9, reset_mechanism="none")

        def forward(self, x: Tensor):
            mem = self.li.reset_mem()
            for step in range(x.size(0)):
                _, mem = self.li(self.fc(x[step]), mem)
            return mem

    net = snap(Net())
    sample = torch.zeros(4, 1, 12)
    with pytest.raises(SNNError, match="needs spikes, but the module returns only real values"):
        from_snntorch(net, sample)
    imported = from_snntorch(net, sample, STEPS, readout=Readout.LAST_MEMBRANE)
    assert_same(net, imported, counts(BATCH, STEPS, 12), run_loop)


def test_bool_samples_make_spike_frames():
    net = nn.Sequential(nn.Linear(4, 2), hidden())
    network = network_of(from_snntorch(net, torch.zeros(1, 4, dtype=torch.bool), 4))
    assert network.frame.type == snn.spike_tensor([4])
    assert network.input.data is InputKind.BINARY_FRAMES


def test_graded_output():
    net = snap(nn.Sequential(nn.Linear(6, 4), hidden(graded_spikes_factor=0.5)))
    imported = from_snntorch(net, torch.zeros(1, 6), STEPS)
    assert isinstance(network_of(imported).outputs[0].owner, snn.ScaleOp)
    assert_same(net, imported, counts(BATCH, STEPS, 6), run_steps)


def test_hidden_spikes_may_be_returned_and_unused_neurons_vanish():
    net = StaticLoop()

    def forward(x: Tensor):
        spikes = []
        mem1, mem2 = net.lif1.reset_mem(), net.lif2.reset_mem()
        for _ in range(4):
            spk1, mem1 = net.lif1(net.fc1(x), mem1)
            _, mem2 = net.lif2(net.fc2(spk1), mem2)
            spikes.append(spk1)
        return spikes

    net.forward = forward  # type: ignore[method-assign, assignment] # pyright: ignore[reportAttributeAccessIssue]
    network = network_of(from_snntorch(net, torch.zeros(1, 12)))
    assert [op.name for op in network.body.block.ops].count("snn.lif") == 1


class ExplicitRecurrent(nn.Module):
    """Recurrent neurons with explicit states, and a sample with the batch first, then swapped."""

    def __init__(self):
        super().__init__()
        self.lif1 = neurons.RLeaky(beta=0.5, linear_features=12)
        self.lif2 = neurons.RSynaptic(alpha=0.5, beta=0.5, linear_features=12)
        snap(self.lif1)
        snap(self.lif2)

    def forward(self, x: Tensor):
        spk1, mem1 = self.lif1.reset_mem()
        spk2, syn2, mem2 = self.lif2.reset_mem()
        x = x.permute(1, 0, 2)
        for step in range(x.size(0)):
            spk1, mem1 = self.lif1(x[step, :], spk1, mem1)
            spk2, syn2, mem2 = self.lif2(spk1, spk2, syn2, mem2)
        return spk2


def test_explicit_recurrent_neurons():
    net = ExplicitRecurrent()
    imported = from_snntorch(net, torch.zeros(1, 3, 12), STEPS)
    x = counts(BATCH, STEPS, 12)
    assert_same(net, imported, x, lambda module, x: module(x), exact=False)


class OwnState(nn.Module):
    """A leaky trace of the spikes that the user keeps in a buffer, and feeds back."""

    def __init__(self, start: float = 0.0):
        super().__init__()
        self.register_buffer("trace", torch.full((1, 6), start))
        self.fc = nn.Linear(6, 6)
        self.lif = hidden()

    def forward(self, x: Tensor):
        spikes = self.lif(self.fc(x) - 0.25 * self.trace)
        self.trace = self.trace * 0.5 + spikes
        return spikes


def run_own_state(net: nn.Module, frames: Tensor) -> None:
    net.trace = torch.zeros(1, 6)
    run_steps(net, frames)


def test_buffers_of_the_user_become_registers():
    net = snap(OwnState())
    imported = from_snntorch(net, torch.ones(1, 6), STEPS)
    assert not net.trace.any()  # pyright: ignore[reportCallIssue]
    assert "snn.register @add_1" in str(imported)
    assert_same(net, imported, counts(BATCH, STEPS, 6), run_own_state)


def test_buffers_that_do_not_start_at_zero_are_refused():
    with pytest.raises(SNNError, match="values of the step before must be zero"):
        from_snntorch(OwnState(1.0), torch.ones(1, 6), STEPS)


def test_names_are_unique():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.add_1 = hidden()

        def forward(self, x: Tensor):
            return self.add_1(self.fc(self.fc(x)) + x)

    names = layer_names(from_snntorch(Net(), torch.zeros(1, 4), 4))
    assert list(dict.fromkeys(names)) == ["fc", "fc_2", "add_2", "add_1"]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_time_may_be_any_axis(axis: int):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lif = hidden()

        def forward(self, x: Tensor):
            steps = [x[t] if axis == 0 else x[:, t] if axis == 1 else x[..., t] for t in range(4)]
            return torch.stack([self.lif(step) for step in steps])

    shape = [1, 3]
    shape.insert(axis, 4)
    assert network_of(from_snntorch(Net(), torch.zeros(shape))).frame.type == snn.real_tensor([3])


def test_constants_that_are_computed_in_the_loop():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(5, 6).round())
            self.mask = torch.ones(5, 6)
            self.mask[2] = 0
            self.lif = hidden()

        def forward(self, x: Tensor):
            return self.lif(F.linear(x, self.weight * self.mask))

    net = Net()
    imported = from_snntorch(net, torch.zeros(1, 6), STEPS)
    assert "snn.scale" not in str(imported)
    assert_same(net, imported, counts(BATCH, STEPS, 6))


def test_enumerations_may_be_given_by_name():
    net = convolutional()
    imported = from_snntorch(
        net, torch.zeros(1, 2, 8, 8), STEPS, input="values", readout="first_spike"
    )
    network = network_of(imported)
    assert network.input.data is InputKind.VALUES
    assert network.readout.data is Readout.FIRST_SPIKE


@pytest.mark.parametrize(
    ("sample", "options", "message"),
    [
        (torch.zeros(1, 2, 8, 8), {"readout": "foo"}, "there is no readout 'foo'; choose spike_c"),
        (torch.zeros(1, 2, 8, 8), {"input": "bar"}, "there is no input kind 'bar'; choose "),
        ((1, 2, 8, 8), {}, "the sample input is a torch.Tensor, got tuple"),
    ],
)
def test_arguments_of_other_kinds_are_refused(sample: Any, options: dict[str, Any], message: str):
    with pytest.raises(SNNError, match=message):
        from_snntorch(convolutional(), sample, STEPS, **options)
