# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks with feedback, from the snnTorch module down to C on host and target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from generated_networks import (
    Generated,
    assert_integers_agree,
    require_cmsis_nn,
)
from snntorch_networks import (
    SHAPE,
    draw_exact_weights,
    generated_from,
    neurons,
)
from torch import Tensor, nn
from xdsl.ir import Operation

from snnir.backends.targets import MPS2_AN500
from snnir.dialects import qsnn, snn, snnrt
from snnir.executors import TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.kernels.context import KernelChoice
from snnir.memory.lifetimes import root_buffer
from snnir.quantization.options import StatePolicy
from snnir.testing.comparison import assert_same_results
from snnir.testing.targets import require_target


class Recurrent(nn.Module):
    """`RLeaky` with a convolution and one to one, `RSynaptic`, and recurrence by hand."""

    def __init__(self, reset: str, delayed: bool):
        super().__init__()
        common = {"reset_mechanism": reset, "init_hidden": False}
        timing = {"reset_delay": delayed}
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.maps = neurons.RLeaky(
            beta=0.5, conv2d_channels=4, kernel_size=3, threshold=0.75, **common, **timing
        )
        self.narrow = nn.Linear(4 * 3 * 3, 9)
        self.single = neurons.RLeaky(
            beta=0.5, V=torch.zeros(9), all_to_all=False, threshold=0.75, **common, **timing
        )
        self.hidden = nn.Linear(9, 10)
        self.second = neurons.RSynaptic(alpha=0.5, beta=0.5, linear_features=10, **common)
        self.classes = nn.Linear(10, 5)
        self.back = nn.Linear(5, 5, bias=False)
        self.output = neurons.Leaky(beta=0.5, threshold=0.75, **common, **timing)

    def forward(self, x: Tensor) -> Tensor:
        maps, single = self.maps.init_rleaky(), self.single.init_rleaky()
        second, membrane = self.second.init_rsynaptic(), self.output.init_leaky()
        fired, spikes = torch.zeros(x.shape[1], 5), []
        for frame in x:
            maps = self.maps(self.conv(frame), *maps)
            pooled = nn.functional.max_pool2d(maps[0], 2).flatten(1)
            single = self.single(self.narrow(pooled), *single)
            second = self.second(self.hidden(single[0]), *second)
            fired, membrane = self.output(self.classes(second[0]) + self.back(fired), membrane)
            spikes.append(fired)
        return torch.stack(spikes)


class Convolved(nn.Module):
    """Spikes of maps come back through a convolution; another layer looks at them a step later."""

    def __init__(self, reset: str, delayed: bool):
        super().__init__()
        common = {"reset_mechanism": reset, "reset_delay": delayed, "beta": 0.5, "threshold": 0.75}
        self.conv, self.back = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 3, 5, padding=2)
        self.maps = neurons.Leaky(**common)
        self.classes = nn.Linear(2 * 3 * 7 * 6, 5)
        self.output = neurons.Leaky(**common)

    def forward(self, x: Tensor) -> Tensor:
        first, last = self.maps.init_leaky(), self.output.init_leaky()
        fired, spikes = torch.zeros(x.shape[1], 3, *SHAPE[1:]), []
        for frame in x:
            now, first = self.maps(self.conv(frame) + self.back(fired), first)
            # The old spikes are needed when the new ones are known already.
            both = torch.cat([now, fired], 1).flatten(1)
            fired = now
            out, last = self.output(self.classes(both), last)
            spikes.append(out)
        return torch.stack(spikes)


class Joined(nn.Module):
    """Layers that read input and feedback joined, in channels and in features."""

    def __init__(self, flat: bool):
        super().__init__()
        self.flat = flat
        self.layer = nn.Linear(2 * 7 * 6 + 8, 8) if flat else nn.Conv2d(2 + 3, 3, 3, padding=1)
        self.first = neurons.Leaky(beta=0.5, threshold=0.75)
        self.classes = nn.Linear(8 if flat else 3 * 7 * 6, 5)
        self.output = neurons.Leaky(beta=0.5, threshold=0.75)

    def forward(self, x: Tensor) -> Tensor:
        first, last = self.first.init_leaky(), self.output.init_leaky()
        shape = (8,) if self.flat else (3, *SHAPE[1:])
        fired, spikes = torch.zeros(x.shape[1], *shape), []
        for frame in x:
            seen = frame.flatten(1) if self.flat else frame
            fired, first = self.first(self.layer(torch.cat([fired, seen], 1)), first)
            out, last = self.output(self.classes(fired.flatten(1)), last)
            spikes.append(out)
        return torch.stack(spikes)


class Delayed(nn.Module):
    """The next layer reads the pooled spikes of a convolution a step later."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.maps = nn.Conv2d(2, 4, 3, padding=1), neurons.Leaky(0.5, threshold=0.75)
        self.classes, self.output = nn.Linear(4 * 3 * 3, 5), neurons.Leaky(0.5, threshold=0.75)

    def forward(self, x: Tensor) -> Tensor:
        first, last = self.maps.init_leaky(), self.output.init_leaky()
        fired, spikes = torch.zeros(x.shape[1], 4, *SHAPE[1:]), []
        for frame in x:
            out, last = self.output(
                self.classes(nn.functional.max_pool2d(fired, 2).flatten(1)), last
            )
            fired, first = self.maps(self.conv(frame), first)
            spikes.append(out)
        return torch.stack(spikes)


def generated(
    source: nn.Module, kernels: KernelChoice = "event", state: StatePolicy = "auto"
) -> Generated:
    """The network with exact weights as planned kernels."""
    draw_exact_weights(source, torch.Generator().manual_seed(5))
    return generated_from(source, snn.RegisterOp, kernels, state)


def without_feedback(network: Generated) -> Any:
    """The integer network with registers that are read but never written."""
    copy = network.integers.clone()
    for op in [op for op in copy.walk() if isinstance(op, qsnn.WriteOp)]:
        op.detach()
        op.erase()
    return copy.body.block.first_op


def copies_of(network: Generated) -> list[Operation]:
    """The calls that copy to registers."""
    scales = [op for op in network.kernels.walk() if isinstance(op, snnrt.ScaleOp)]
    states = [root_buffer(op.output) for op in scales]
    return [
        op
        for op, buffer in zip(scales, states, strict=True)
        if buffer is not None and buffer.region.data is snnrt.Region.STATE
    ]


@pytest.mark.parametrize(
    ("reset", "delayed"), [("subtract", True), ("subtract", False), ("zero", False), ("none", True)]
)
def test_layers_from_snntorch_to_the_target(reset, delayed) -> None:
    network = generated(Recurrent(reset, delayed))
    expected = assert_integers_agree(network)
    cut = TorchExecutor(without_feedback(network)).run(network.x, record="all")
    assert expected.recording is not None
    assert cut.recording is not None
    for name, spikes in expected.recording.spikes.items():
        assert not np.array_equal(spikes, cut.recording.spikes[name]), name
    if not delayed:
        require_target(MPS2_AN500)
        emulated = NativeExecutor(network.kernels, MPS2_AN500)
        assert_same_results(expected, emulated.run(network.x, record="all"))
    assert not copies_of(network), "neurons write the registers that only recurrent layers read"


def test_old_spikes_that_are_read_after_the_new_ones() -> None:
    network = generated(Convolved("zero", True))
    assert len(copies_of(network)) == 1
    expected = assert_integers_agree(network)
    require_target(MPS2_AN500)
    emulated = NativeExecutor(network.kernels, MPS2_AN500)
    assert_same_results(expected, emulated.run(network.x, record="all"))


def test_spikes_of_windows_are_expanded_for_registers() -> None:
    network = generated(Delayed())
    called = {op.name for op in network.kernels.walk()}
    assert {"snnrt.window_lif_masks", "snnrt.masks_to_bytes"} <= called
    assert len(copies_of(network)) == 1
    assert_integers_agree(network)


@pytest.mark.parametrize("flat", [True, False])
def test_input_joined_with_feedback(flat) -> None:
    assert_integers_agree(generated(Joined(flat)))


def test_layers_whose_names_are_numbers() -> None:
    hidden = neurons.RLeaky(beta=0.5, linear_features=9, init_hidden=True)
    output = neurons.Leaky(beta=0.5, init_hidden=True, output=True)
    first, last = nn.Linear(2 * 7 * 6, 9), nn.Linear(9, 5)
    network = generated(nn.Sequential(nn.Flatten(), first, hidden, last, output))
    assert_integers_agree(network)


@pytest.mark.parametrize(
    ("kernels", "state"), [("cmsis", "i16"), ("cmsis_s4", "i32"), ("scatter", "i32")]
)
def test_kernels_and_widths(kernels, state) -> None:
    network = generated(Recurrent("subtract", True), kernels, state)
    if network.c_network.uses_cmsis_nn:
        require_cmsis_nn()
    assert_integers_agree(network)
