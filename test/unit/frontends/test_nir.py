# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""NIR graphs become networks that do what the framework that wrote them does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import nir
import numpy as np
import pytest
import snntorch
import torch
from numpy.typing import NDArray
from snntorch.export_nir import export_to_nir
from snntorch_comparison import assert_same, counts, network_of, record_neurons, run_steps, snap
from torch import nn

from snnir.dialects import snn
from snnir.executors.torch_executor import TorchExecutor
from snnir.frontends.nir import from_nir
from snnir.frontends.nir_profiles import PROFILES, Discretization
from snnir.support.diagnostics import SNNError

neurons: Any = snntorch
nodes: Any = nir
"""The package, whose annotations leave out types that its nodes take."""

STEPS = 12
SNNTORCH = PROFILES["snntorch"]


def full(value: float, *shape: int) -> torch.Tensor:
    """A parameter of every neuron, as NIR has them."""
    return torch.full(shape, value)


def exported(module: nn.Module, *shape: int) -> Any:
    """What snnTorch writes."""
    return export_to_nir(module, torch.zeros(1, *shape), ignore_dims=[0])


def lif(shape: Sequence[int], tau: float = 3e-4, r: float = 1.0, threshold: float = 0.5) -> nir.LIF:
    zeros = np.zeros(shape)
    return nodes.LIF(zeros + tau, zeros + r, zeros, zeros + threshold, zeros)


def chain(shape: Sequence[int], *layers: nir.NIRNode) -> nir.NIRGraph:
    """Layers one after the other, between an input and an output."""
    names = [f"n{number}" for number in range(len(layers))]
    ends = {"input": nodes.Input(np.array(shape)), "output": nodes.Output(np.array(shape))}
    path = ["input", *names, "output"]
    edges = list(pairwise(path))
    named = dict(zip(names, layers, strict=True))
    return nir.NIRGraph({**ends, **named}, edges, type_check=False)


def spikes_of(module: Any, x: NDArray) -> NDArray[np.bool_]:
    """Spikes of the last neurons."""
    recording = TorchExecutor(network_of(module)).run(x, record="all").recording
    assert recording is not None
    return list(recording.spikes.values())[-1]


def operations(module: Any) -> list[str]:
    """Names of the operations, without constants."""
    names = [op.name for op in network_of(module).body.block.ops]
    return [name for name in names if name not in ("snn.weight", "snn.output")]


def test_snntorch(tmp_path) -> None:
    """Convolutions, pools and neurons of both orders, by way of a file."""
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, stride=2, bias=False),
        neurons.Leaky(beta=full(0.9, 4, 4, 4), threshold=full(0.3, 4, 4, 4), init_hidden=True),
        nn.AvgPool2d(2, 2), nn.Flatten(), nn.Linear(16, 8),
        neurons.Leaky(beta=torch.rand(8), threshold=full(0.1, 8), init_hidden=True),
        nn.Linear(8, 5),
        neurons.Synaptic(
            alpha=full(0.8, 5), beta=full(0.5, 5), threshold=full(0.2, 5), init_hidden=True,
            output=True,
        ),
    )  # fmt: skip
    nir.write(tmp_path / "net.nir", exported(module, 2, 8, 8))
    imported = from_nir(tmp_path / "net.nir", STEPS, SNNTORCH)
    x = counts(3, STEPS, 2, 8, 8)
    # Decays that are not the same number again after 1 - dt / tau.
    spikes, membranes = record_neurons(module, run_steps, x)
    recording = TorchExecutor(network_of(imported)).run(x.numpy(), record="all").recording
    assert recording is not None
    for layer, expected in spikes.items():
        assert expected.any()
        np.testing.assert_array_equal(recording.spikes[layer], expected)
        np.testing.assert_allclose(recording.membranes[layer], membranes[layer], atol=1e-5)
    assert "snn.scale" not in operations(imported)


@pytest.mark.parametrize("delay", [True, False])
def test_resets_that_a_file_does_not_have(delay: bool) -> None:
    neuron = neurons.Leaky(
        beta=full(0.9, 8), threshold=full(0.25, 8), reset_mechanism="zero", reset_delay=delay,
        init_hidden=True, output=True,
    )  # fmt: skip
    module = snap(nn.Sequential(nn.Linear(6, 8), neuron))
    timing = snn.ResetTiming.DELAYED if delay else snn.ResetTiming.IMMEDIATE
    rule = replace(SNNTORCH, reset=snn.Reset.ZERO_BEFORE, reset_timing=timing)
    imported = from_nir(exported(module, 6), 24, rule)
    assert_same(module, imported, counts(3, 24, 6))


def test_nested_graphs_are_dissolved() -> None:
    """A recurrent layer with a bias, whose feedback is there in the first step already."""
    ends = {"in": nodes.Input(np.array([2])), "out": nodes.Output(np.array([2]))}
    neuron = nodes.IF(np.full(2, 1e4), np.full(2, 1.5))
    inner = nir.NIRGraph(
        {**ends, "lif": neuron, "back": nodes.Affine(-2 * np.eye(2), np.ones(2))},
        [("in", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "out")],
        type_check=False,
    )
    outer = nir.NIRGraph(
        {**ends, "cell": inner}, [("in", "cell"), ("cell", "out")], type_check=False
    )
    imported = from_nir(outer, 4, PROFILES["spikingjelly"])
    x = np.ones((1, 4, 2), np.float32)
    # 1 + 1 fires; then 1 + 1 - 2 is nothing, and so on.
    assert spikes_of(imported, x)[0, :, 0].tolist() == [True, False, True, False]
    layers = {str(op.attributes.get("layer")) for op in network_of(imported).walk()}
    assert layers >= {'"cell.lif"', '"cell.back"'}


def test_feedback_comes_one_step_later() -> None:
    """Of recurrent neurons, whose parts snnTorch writes as nodes."""
    module = nn.Sequential(
        nn.Linear(6, 8),
        neurons.RLeaky(
            beta=full(0.5, 8), threshold=full(0.5, 8), linear_features=8, init_hidden=True
        ),
        nn.Linear(8, 5),
        neurons.Leaky(beta=full(0.9, 5), threshold=full(0.2, 5), init_hidden=True, output=True),
    )
    imported = from_nir(exported(module, 6), STEPS, SNNTORCH)
    assert operations(imported).count("snn.register") == 1
    x = counts(3, STEPS, 6)
    spikes, _ = record_neurons(module, run_steps, x)
    recording = TorchExecutor(network_of(imported)).run(x.numpy(), record="all").recording
    assert recording is not None
    np.testing.assert_array_equal(recording.spikes["1.lif"], spikes["1"])
    np.testing.assert_array_equal(recording.spikes["3"], spikes["3"])
    assert spikes["3"].any()


def test_registers_of_similar_names() -> None:
    """Two neurons that are fed back, whose names differ in what symbols cannot have."""
    ends = {"input": nodes.Input(np.array([2])), "output": nodes.Output(np.array([2]))}
    named = {**ends, "a.b": lif([2]), "a_b": lif([2])}
    edges = [("input", "a.b"), ("a.b", "a.b"), ("a.b", "a_b"), ("a_b", "a_b"), ("a_b", "output")]
    imported = from_nir(nir.NIRGraph(named, edges, type_check=False), 4, SNNTORCH)
    registers = [op for op in network_of(imported).walk() if isinstance(op, snn.RegisterOp)]
    assert [op.sym_name.data for op in registers] == ["a_b", "a_b_2"]


def hard_reset(x: NDArray, decay: float, gain: float, threshold: float) -> NDArray[np.bool_]:
    """SpikingJelly's charge, fire and reset, of (samples, steps, neurons)."""
    membrane, spikes = np.zeros_like(x[:, 0]), []
    for step in range(x.shape[1]):
        membrane = decay * membrane + gain * x[:, step]
        spikes.append(membrane >= threshold)
        membrane = np.where(spikes[-1], 0, membrane)
    return np.stack(spikes, 1)


@pytest.mark.parametrize(
    ("node", "rule", "decay", "gain", "threshold"),
    [
        (lif([5], 2e-4, 1.0, 0.5), PROFILES["spikingjelly"], 0.5, 0.5, 0.5),
        (lif([5], 4e-4, 4.0, 1.5), PROFILES["spikingjelly"], 0.75, 1.0, 1.5),
        (nodes.IF(np.full(5, 1e4), np.full(5, 2.0)), PROFILES["spikingjelly"], 1.0, 1.0, 2.0),
        (
            lif([5], 1.0, 1.0, 0.3), replace(PROFILES["spikingjelly"], dt=0.5, decay="exponential"),
            np.exp(-0.5), 1 - np.exp(-0.5), 0.3,
        ),
    ],
)  # fmt: skip
def test_hard_resets(
    node: nir.NIRNode, rule: Discretization, decay: float, gain: float, threshold: float
) -> None:
    x = counts(3, 30, 5).numpy()
    imported = from_nir(chain([5], node), 30, rule)
    expected = hard_reset(x, decay, gain, threshold)
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(spikes_of(imported, x), expected)


def test_layers() -> None:
    """Each kind of node becomes the operation of its name, with its shapes."""
    weight = np.ones((4, 2, 3, 3), np.float32)
    conv = nodes.Conv2d(None, weight, 1, "same", 1, 1, np.zeros(4))
    pool = nodes.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
    channels = np.repeat([0.5, 1.0, 2.0, 4.0], 9).reshape(4, 3, 3)
    flat = nodes.Flatten({"input": np.array([4, 3, 3])}, 0, -1)
    graph = chain(
        [2, 6, 6], conv, pool, nodes.Scale(channels), lif([4, 3, 3]), flat,
        nodes.Affine(np.ones((3, 36)), np.ones(3)), nodes.LI(*np.full((2, 3), 1.0), np.zeros(3)),
    )  # fmt: skip
    imported = from_nir(graph, 4, SNNTORCH, readout=snn.Readout.LAST_MEMBRANE)
    assert operations(imported) == [
        "snn.conv2d", "snn.sum_pool2d", "snn.scale", "snn.scale", "snn.lif", "snn.flatten",
        "snn.linear", "snn.scale", "snn.li",
    ]  # fmt: skip
    text = str(imported)
    assert "padding [1, 1]" in text
    # One number for each channel, or for all.
    assert "by dense<[[[5.000000e-01]], [[1.000000e+00]]" in text
    assert "threshold 5.000000e-01 : f32" in text
    signals = nodes.Conv1d(None, np.ones((3, 2, 4), np.float32), 2, "valid", 1, 1, np.ones(3))
    assert "tensor<3x4xf32>" in str(from_nir(chain([2, 10], signals, lif([3, 4])), 4, SNNTORCH))


def test_edges_into_one_node_are_added() -> None:
    named = {
        "input": nodes.Input(np.array([3])), "double": nodes.Scale(np.full(3, 2.0)),
        "lif": nodes.IF(np.full(3, 1e4), np.full(3, 2.5)), "output": nodes.Output(np.array([3])),
    }  # fmt: skip
    edges = [("input", "double"), ("double", "lif"), ("input", "lif"), ("lif", "output")]
    graph = nir.NIRGraph(named, edges, type_check=False)
    x = np.ones((1, 2, 3), np.float32)
    assert spikes_of(from_nir(graph, 2, PROFILES["spikingjelly"]), x).all()
    graph.edges.remove(("input", "lif"))
    assert not spikes_of(from_nir(graph, 2, PROFILES["spikingjelly"]), x)[:, 0].any()


def test_synaptic_currents_that_come_later_are_refused() -> None:
    ones = np.ones(3)
    node = nodes.CubaLIF(1e-5 * ones, 1e-5 * ones, ones, 0 * ones, ones, 0 * ones)
    with pytest.raises(SNNError, match="one step later in the framework of this profile"):
        from_nir(chain([3], node), STEPS, PROFILES["norse"])


def loop_without_neurons() -> nir.NIRGraph:
    named = {
        "input": nodes.Input(np.array([3])), "a": nodes.Scale(np.ones(3)),
        "b": nodes.Scale(np.ones(3)), "lif": lif([3]), "output": nodes.Output(np.array([3])),
    }  # fmt: skip
    edges = [("input", "a"), ("a", "b"), ("b", "a"), ("a", "lif"), ("lif", "output")]
    return nir.NIRGraph(named, edges, type_check=False)


def two_outputs() -> nir.NIRGraph:
    graph = chain([3], lif([3]))
    graph.nodes["other"] = nodes.Output(np.array([3]))
    graph.edges.append(("n0", "other"))
    return graph


def nested_with_two_inputs() -> nir.NIRGraph:
    inner = chain([3], lif([3]))
    inner.nodes["other"] = nodes.Input(np.array([3]))
    inner.edges.append(("other", "n0"))
    return chain([3], inner)


def with_parameter(name: str, value: float) -> Callable[[], nir.NIRGraph]:
    def make() -> nir.NIRGraph:
        node = lif([3])
        setattr(node, name, np.full(3, value))
        return chain([3], node)

    return make


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (lambda: chain([3], nodes.Threshold(np.ones(3))), r"node 'n0' \(Threshold\): is not supp"),
        (with_parameter("tau", np.inf), r"node 'n0' \(LIF\): has a tau that is not finite"),
        (with_parameter("v_leak", 0.1), r"has a v_leak other than 0"),
        (with_parameter("v_reset", -1.0), r"has a v_reset other than 0"),
        (with_parameter("tau", 1e-5), r"beta must be between 0 and 1"),
        (lambda: chain([3, 2], nodes.Linear(np.ones((4, 2)))), "put a Flatten before it"),
        (lambda: chain([4], nodes.Linear(np.ones((2, 3))), lif([2])), r"node 'n0' \(Linear\)"),
        (lambda: chain([3], lif([4])), r"has a v_reset of shape \(4,\), expected \(3,\)"),
        (lambda: chain([3], nodes.Scale(np.ones(3))), r"spike_count needs spikes, .* 'n0'"),
        (loop_without_neurons, "loop through 'b' and 'a' cannot be cut"),
        (two_outputs, "the graph needs one Output node, and has output, other"),
        (nested_with_two_inputs, "nested graph 'n0' needs one Input node, and has input, other"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported(graph: Callable[[], nir.NIRGraph], message: str) -> None:
    with pytest.raises(SNNError, match=message):
        from_nir(graph(), STEPS, SNNTORCH)
