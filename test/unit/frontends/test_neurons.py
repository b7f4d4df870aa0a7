# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every snnTorch neuron that can be imported spikes as before, with every option."""

from itertools import product
from typing import Any

import pytest
import snntorch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snntorch_comparison import STEPS, assert_same, counts, network_of
from torch import nn

from snnir.dialects import snn
from snnir.frontends import from_snntorch
from snnir.support.diagnostics import SNNError

neurons: Any = snntorch
"""snnTorch, whose annotations leave out most types that its neurons take."""

SHAPE = (4, 3, 2)
EXTENTS = {"scalar": (), "channel": (4, 1, 1), "neuron": SHAPE, "batched": (1, *SHAPE)}


def currents(seed: int = 0) -> torch.Tensor:
    """Input currents (3, STEPS, *SHAPE), often above threshold and often exactly at it."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, STEPS, *SHAPE, generator=generator) * 0.8 + 0.4
    x[:, ::2] = (x[:, ::2] * 4).round() / 4
    return x


def values(extent: str, low: float, high: float) -> torch.Tensor:
    """Random parameters of a neuron."""
    return torch.rand(EXTENTS[extent]) * (high - low) + low


def check(neuron: nn.Module, **options: Any) -> snn.NetworkOp:
    """Import a neuron alone and compare it with snnTorch; the network."""
    imported = from_snntorch(neuron, torch.zeros(1, *SHAPE), STEPS)
    assert_same(neuron, imported, currents(), **options)
    network = network_of(imported)
    assert isinstance(network, snn.NetworkOp)
    return network


@pytest.mark.parametrize(
    ("reset", "delay", "beta", "threshold", "factor"),
    list(
        product(
            ["subtract", "zero", "none"], [True, False], ["scalar", "channel", "neuron"],
            ["scalar", "channel"], [1.0, 0.3],
        )
    ),
)  # fmt: skip
def test_leaky(reset: str, delay: bool, beta: str, threshold: str, factor: float):
    neuron = neurons.Leaky(
        beta=values(beta, 0.3, 1.0), threshold=values(threshold, 0.5, 1.5), reset_mechanism=reset,
        reset_delay=delay, graded_spikes_factor=factor, init_hidden=True,
    )  # fmt: skip
    network = check(neuron)
    assert (snn.ScaleOp in map(type, network.body.block.ops)) == (factor != 1)


@settings(max_examples=25, deadline=None)
@given(
    beta=st.floats(-0.5, 1.5, width=32),
    threshold=st.floats(0.0625, 3.0, width=32),
    reset=st.sampled_from(["subtract", "zero", "none"]),
    delay=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_leaky_of_any_parameters(beta: float, threshold: float, reset: str, delay: bool, seed: int):
    neuron = neurons.Leaky(
        beta=beta, threshold=threshold, reset_mechanism=reset, reset_delay=delay, init_hidden=True
    )
    x = currents(seed)
    x[0, 0, 0, 0, 0] = 9.0  # A spike, and a membrane far above the threshold.
    imported = from_snntorch(neuron, torch.zeros(1, *SHAPE), STEPS)
    assert_same(neuron, imported, x)


def test_parameters_may_have_a_batch_dimension_and_one_element():
    neuron = neurons.Leaky(
        beta=values("batched", 0.5, 0.9), threshold=torch.tensor([0.75]), init_hidden=True
    )
    network = check(neuron)
    assert "threshold 7.500000e-01 : f32" in str(network)


def test_thresholds_may_be_integers():
    check(neurons.Leaky(beta=0.5, threshold=1, init_hidden=True))


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("extent", ["scalar", "neuron"])
def test_synaptic(reset: str, delay: bool, extent: str):
    check(
        neurons.Synaptic(
            alpha=values(extent, 0.2, 0.9), beta=values(extent, 0.2, 0.9), reset_mechanism=reset,
            reset_delay=delay, init_hidden=True,
        )
    )  # fmt: skip


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_alpha(reset: str):
    # torch and numpy may take the logarithms of the decays with a last bit of difference.
    check(
        neurons.Alpha(alpha=0.9, beta=0.75, threshold=0.8, reset_mechanism=reset, init_hidden=True),
        exact=False,
    )


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"beta": 0.8},
        {"R": 5.1, "C": 0.3},
        {"R": 2, "C": 1.7, "time_step": 0.7},
        {"beta": 0.7, "R": 1.3},
        {"beta": 0.9, "C": 2.5},
    ],
)
def test_lapicque_is_a_lif_with_a_gain(parameters: dict[str, float], reset: str):
    neuron = neurons.Lapicque(**parameters, threshold=0.4, reset_mechanism=reset, init_hidden=True)
    assert isinstance(check(neuron).body.block.ops.last, snn.OutputOp)


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize("delay", [True, False])
def test_recurrent_leaky(reset: str, delay: bool):
    options = {"beta": 0.5, "reset_mechanism": reset, "reset_delay": delay, "init_hidden": True}
    check(neurons.RLeaky(all_to_all=False, V=0.5, **options), exact=False)
    check(neurons.RLeaky(conv2d_channels=4, kernel_size=3, **options), exact=False)
    module = nn.Sequential(nn.Linear(6, 5), neurons.RLeaky(linear_features=5, **options))
    assert_same(
        module, from_snntorch(module, torch.zeros(1, 6), STEPS), counts(3, STEPS, 6), exact=False
    )


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_recurrent_synaptic(reset: str):
    neuron = neurons.RSynaptic(
        alpha=0.5, beta=0.5, all_to_all=False, V=-0.5, reset_mechanism=reset, init_hidden=True
    )
    imported = from_snntorch(neuron, torch.zeros(1, *SHAPE), STEPS)
    neuron.spk = torch.zeros(0)  # reset_mem() of snnTorch forgets it.
    assert_same(neuron, imported, currents(), exact=False)


class LeakySubclass(neurons.Leaky):
    """A neuron of the user's own."""


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Leaky", {"beta": 0.5, "inhibition": True}, "only one neuron of the layer fire"),
        ("Leaky", {"beta": 0.5, "state_quant": lambda state: state}, "state_quant rounds"),
        ("Leaky", {"beta": 0.5, "graded_spikes_factor": 0.0}, "graded_spikes_factor is zero"),
        ("Leaky", {"beta": NAN}, "beta has NaN"),
        ("Leaky", {"beta": 0.5, "threshold": INFINITY}, "threshold has an infinite value"),
        ("Leaky", {"beta": torch.full((4,), 0.5).double()}, "beta is float64; convert the module"),
        ("SLSTM", {"input_size": 4, "hidden_size": 4}, "has gates with sigmoid and tanh"),
        ("DeltaLeaky", {"delta_threshold": 0.1, "beta": 0.5}, "fires on changes"),
        ("StateLeaky", {"beta": 0.5, "channels": 4}, "processes a whole sequence at once"),
        ("LeakyParallel", {"input_size": 4, "hidden_size": 4}, "at once; use snntorch.Leaky"),
        (
            "RSynaptic",
            {"alpha": 0.5, "beta": 0.5, "all_to_all": False, "reset_delay": False},
            "reset_delay=False does not work",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Inhibition")
def test_refused(name: str, options: dict[str, Any], message: str):
    module = nn.Sequential(nn.Linear(4, 4), getattr(neurons, name)(**options))
    with pytest.raises(SNNError, match=rf"layer '1' \({name}\): .*{message}"):
        from_snntorch(module, torch.zeros(1, 4), 4)


def test_subclasses_are_refused():
    module = nn.Sequential(LeakySubclass(0.5, init_hidden=True))
    message = "is a subclass of Leaky and may compute something else; use Leaky itself"
    with pytest.raises(SNNError, match=message):
        from_snntorch(module, torch.zeros(1, 4), 4)


def test_reset_that_differs_from_the_checkpoint_is_refused():
    module = nn.Sequential(neurons.Leaky(0.5, reset_mechanism="zero", init_hidden=True))
    saved = nn.Sequential(neurons.Leaky(0.5, init_hidden=True)).state_dict()
    module.load_state_dict(saved)
    message = "built with reset_mechanism='zero', but reset_mechanism_val says 'subtract'"
    with pytest.raises(SNNError, match=message):
        from_snntorch(module, torch.zeros(1, 4), 4)
