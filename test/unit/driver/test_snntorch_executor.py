# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The original module is run in whatever form it was written, with the spikes of its import."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import snntorch
import torch
from torch import nn

from snnir.dialects.snn import Readout
from snnir.driver.files import network_of
from snnir.executors import TorchExecutor
from snnir.executors.snntorch_executor import SNNTorchExecutor
from snnir.frontends import from_snntorch
from snnir.frontends.calling import CallingForm, find_call
from snnir.support.diagnostics import SNNError

STEPS, FEATURES, SAMPLES = 6, 4, 3


class Network(nn.Module):
    """Two layers; subclasses write the time loop in different ways."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.fc1 = nn.Linear(FEATURES, 8)
        self.lif1 = snntorch.Leaky(beta=0.8, threshold=0.5)
        self.fc2 = nn.Linear(8, 3)
        self.lif2 = snntorch.Leaky(beta=0.8, threshold=0.5)

    def step(self, x: Any, mem1: Any, mem2: Any) -> Any:
        spk1, mem1 = self.lif1(self.fc1(x), mem1)
        spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
        return spk2, mem1, mem2

    def loop(self, frames: Any) -> torch.Tensor:
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spikes = []
        for x in frames:
            spk2, mem1, mem2 = self.step(x, mem1, mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


class ExplicitStates(Network):
    def forward(self, x: Any, mem1: Any, mem2: Any) -> Any:
        return self.step(x, mem1, mem2)


class TimeFirst(Network):
    def forward(self, x: Any) -> Any:
        return self.loop([x[step] for step in range(x.size(0))])


class BatchFirst(Network):
    def forward(self, x: Any) -> Any:
        return self.loop([x[:, step] for step in range(x.size(1))])


class Static(Network):
    def forward(self, x: Any) -> Any:
        return self.loop([x] * STEPS)


def hidden_states() -> nn.Sequential:
    module = Network()
    lif1, lif2 = (
        snntorch.Leaky(beta=0.8, threshold=0.5, init_hidden=True, output=last)
        for last in (False, True)
    )
    return nn.Sequential(module.fc1, lif1, nn.Dropout(), module.fc2, lif2)


@pytest.mark.parametrize(
    ("make", "form"),
    [
        (hidden_states, CallingForm.STEP),
        (ExplicitStates, CallingForm.STEP),
        (TimeFirst, CallingForm.TIME_FIRST),
        (BatchFirst, CallingForm.BATCH_FIRST),
        (Static, CallingForm.STATIC),
    ],
)
@pytest.mark.parametrize("readout", [Readout.SPIKE_COUNT, Readout.MAX_MEMBRANE])
def test_equals_the_import(make: Any, form: CallingForm, readout: Readout) -> None:
    module = make()
    call = find_call(module, (FEATURES,), STEPS)
    assert call.form is form
    network = network_of(from_snntorch(module, call.sample, STEPS, readout=readout))
    frames = (FEATURES,) if form is CallingForm.STATIC else (STEPS, FEATURES)
    x = np.random.default_rng(0).integers(0, 4, (SAMPLES, *frames)).astype(np.float32)
    module.train()
    first, second = (SNNTorchExecutor(module, network).run(x, record="all") for _ in range(2))
    expected = TorchExecutor(network).run(x, record="all", batch=SAMPLES)
    assert module.training
    for result in (first, second):
        assert result.recording is not None
        assert expected.recording is not None
        assert list(result.recording.spikes) == list(expected.recording.spikes)
        for name, spikes in expected.recording.spikes.items():
            np.testing.assert_array_equal(result.recording.spikes[name], spikes)
            np.testing.assert_array_equal(
                result.recording.membranes[name], expected.recording.membranes[name]
            )
        np.testing.assert_array_equal(result.scores, expected.scores)
    assert any(spikes.any() for spikes in expected.recording.spikes.values())


@pytest.mark.parametrize("make", [TimeFirst, BatchFirst])
@pytest.mark.parametrize("steps", [1, 2])
def test_loops_over_few_steps(make: Any, steps: int) -> None:
    """One step cannot be told from no loop, so the import looks at more of them."""
    module = make()
    call = find_call(module, (FEATURES,), steps)
    readout = Readout.LAST_MEMBRANE
    network = network_of(from_snntorch(module, call.sample, steps, readout=readout))
    assert network.timesteps.value.data == steps
    x = np.random.default_rng(0).integers(0, 4, (SAMPLES, steps, FEATURES)).astype(np.float32)
    scores = SNNTorchExecutor(module, network).run(x).scores
    np.testing.assert_array_equal(scores, TorchExecutor(network).run(x).scores)
    assert scores.any()


def test_another_module_is_refused() -> None:
    network = network_of(from_snntorch(TimeFirst(), torch.zeros(STEPS, 1, FEATURES)))
    with pytest.raises(SNNError, match=r"neuron layer 'lif1' \(snn.lif\), but Sequential has no"):
        SNNTorchExecutor(hidden_states(), network)


def test_whole_samples_that_were_not_tried_are_suggested() -> None:
    """Without a number of steps the module gets one frame; what it raises then is not all."""
    with pytest.raises(SNNError, match=r"raised RuntimeError: .*; if it takes .* \(--timesteps\)"):
        find_call(BatchFirst(), (FEATURES,), None)


@pytest.mark.parametrize("steps", [None, STEPS])
def test_frames_that_the_script_flattened(steps: int | None) -> None:
    """As the training loop of snnTorch's fifth tutorial does, outside of the module."""
    with pytest.raises(SNNError, match=r"'fc1' takes the 4 values .*: give --input-shape 4, and"):
        find_call(TimeFirst(), (1, 2, 2), steps)


def test_the_error_is_that_of_the_most_promising_form() -> None:
    with pytest.raises(SNNError, match=r"layer '0' \(Linear\), given .*mat1 and mat2") as caught:
        find_call(hidden_states(), (FEATURES + 1,), STEPS)
    assert "--timesteps" not in str(caught.value)
    module = nn.Sequential(nn.Tanh(), *hidden_states())
    with pytest.raises(SNNError, match=r"layer '0' \(Tanh\)"):
        find_call(module, (FEATURES,), STEPS)
