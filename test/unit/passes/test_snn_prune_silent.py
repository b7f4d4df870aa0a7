# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Silent pruning: networks executed before and after in numpy, and what must not go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.data.locations import shared_folder
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER, layer_names
from snnir.dialects.snn_attributes import Compare, InputKind, Readout, Reset
from snnir.executors import ReferenceExecutor
from snnir.frontends import from_snntorch, load_module
from snnir.layers.activity_attributes import channel_rates_of, rate_of
from snnir.layers.channel_groups import ChannelGroups, find_channel_groups
from snnir.passes import snn_prune_silent
from snnir.passes.snn_prune_silent import SNNPruneSilentPass
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import DiagnosticEngine, Remark
from snnir.testing.random_networks import random_network
from snnir.universe import make_context

NEVER = 1e9
"""A threshold that no membrane here reaches."""


class Builder:
    """Appends layers to a network; weights are multiples of 1/8, so that all sums are exact."""

    def __init__(self, *shape: int):
        self.rng = np.random.default_rng(7)
        self.block = Block(arg_types=[snn.real_tensor(shape)])
        self.frame: SSAValue = self.block.args[0]

    def add(self, op: Any) -> SSAValue:
        """Append an operation and return its first result."""
        self.block.add_op(op)
        return op.results[0]

    def constant(self, values: Any) -> SSAValue:
        """A `snn.weight`."""
        return self.add(snn.WeightOp(dense_from_array(np.asarray(values, np.float32))))

    def weight(self, *shape: int) -> SSAValue:
        """Random weights, rather positive."""
        return self.constant(self.rng.integers(-4, 9, shape) / 8)

    def conv(self, value: SSAValue, outputs: int, groups: int = 1) -> SSAValue:
        """A padded convolution of 3 x 3 with bias."""
        weight = self.weight(outputs, shape_of(value.type)[0] // groups, 3, 3)
        bias = self.weight(outputs)
        return self.add(snn.Conv2dOp(value, weight, bias, padding=[1, 1], groups=groups))

    def linear(self, value: SSAValue, outputs: int) -> SSAValue:
        """A linear layer, of the flattened value if it needs that."""
        if len(shape_of(value.type)) > 1:
            value = self.add(snn.FlattenOp(value))
        weight = self.weight(outputs, shape_of(value.type)[0])
        return self.add(snn.LinearOp(value, weight))

    def neurons(self, current: SSAValue, silent: tuple[int, ...] = ()) -> SSAValue:
        """A spiking layer, named by its position, whose channels `silent` never fire."""
        channels, *spatial = shape_of(current.type)
        threshold = np.full((channels, *[1] * len(spatial)), 0.5, np.float32)
        threshold[list(silent)] = NEVER
        op = snn.LIFOp(
            current, FloatAttr(0.5, f32), dense_from_array(threshold),
            reset=Reset.ZERO_AFTER, compare=Compare.GE,
        )  # fmt: skip
        return self.add(op)

    def finish(self, *outputs: SSAValue, readout: Readout = Readout.SPIKE_COUNT) -> ModuleOp:
        """The module; each neuron layer is named `n` and its position among them."""
        self.block.add_op(snn.OutputOp(*outputs))
        types = FunctionType.from_lists(self.block.arg_types, [value.type for value in outputs])
        network = snn.NetworkOp("net", types, Region(self.block), timesteps=5, readout=readout)
        module = ModuleOp([network])
        for index, op in enumerate(layer_names(network)):
            op.attributes[LAYER] = StringAttr(f"n{index}")
        module.verify()
        return module


def network_of(module: ModuleOp) -> Any:
    """The one network of a module."""
    return module.body.block.first_op


def counts_for(module: ModuleOp, samples: int = 3) -> NDArray:
    """Random event counts for a network."""
    network = network_of(module)
    shape = (samples, network.timesteps.value.data, *shape_of(network.frame.type))
    return np.random.default_rng(3).poisson(1.0, shape)


def prune(module: ModuleOp, x: NDArray, folder: Path, **options: Any):
    """A copy after the pass, the remarks, and by layer the channels that were kept."""
    path = folder / "calibration.npz"
    np.savez(path, x=x)
    pruned = module.clone()
    with DiagnosticEngine() as engine:
        SNNPruneSilentPass(calibration=str(path), **options).apply(make_context(), pruned)
    pruned.verify()
    layers = layer_names(network_of(module))
    kept = {name: np.ones(shape_of(op.results[0].type)[0], bool) for op, name in layers.items()}
    for remark in engine.remarks:
        if "layer" in remark.metrics and "removed" in remark.metrics:
            kept[remark.metrics["layer"]][remark.metrics["removed"]] = False
    assert channels_left(pruned) == [int(channels.sum()) for channels in kept.values()]
    return pruned, engine.remarks, kept


def spikes_of(module: ModuleOp, x: NDArray) -> tuple[NDArray, dict[str, NDArray]]:
    """Scores and all spikes from the reference interpreter."""
    result = ReferenceExecutor(network_of(module)).run(x, record=True)
    assert result.recording is not None
    return result.scores, result.recording.spikes


def assert_same_on_kept(module: ModuleOp, pruned: ModuleOp, x: NDArray, kept: Any) -> None:
    """Scores and spikes of the remaining neurons are equal."""
    scores, spikes = spikes_of(module, x)
    pruned_scores, pruned_spikes = spikes_of(pruned, x)
    np.testing.assert_array_equal(pruned_scores, scores)
    for name, own in spikes.items():
        np.testing.assert_array_equal(pruned_spikes[name], own[:, :, kept[name]], name)


def channels_left(module: ModuleOp) -> list[int]:
    """Axis 0 of every neuron layer."""
    return [shape_of(op.results[0].type)[0] for op in layer_names(network_of(module))]


def messages(remarks: list[Remark]) -> str:
    """All remarks as text."""
    return "\n".join(str(remark) for remark in remarks)


def test_exactly_the_silent_channels_of_a_chain_go(tmp_path: Path) -> None:
    """Against the definition: a channel stays if any of its neurons fires on any sample."""
    build = Builder(2, 6, 6)
    first = build.neurons(build.conv(build.frame, 6), silent=(1, 4))
    pooled = build.add(snn.MaxPool2dOp(first, [2, 2]))
    second = build.neurons(build.linear(pooled, 12), silent=(0, 3, 11))
    module = build.finish(build.neurons(build.linear(second, 3)))
    x = counts_for(module)
    pruned, remarks, kept = prune(module, x, tmp_path)
    _, spikes = spikes_of(module, x)
    for name in ("n0", "n1"):
        fires = spikes[name].any(axis=(0, 1)).reshape(len(kept[name]), -1).any(axis=1)
        np.testing.assert_array_equal(kept[name], fires)
    assert not kept["n0"].all()
    assert not kept["n1"].all()
    assert_same_on_kept(module, pruned, x, kept)
    rows = [shape_of(op.result.type) for op in pruned.walk() if isinstance(op, snn.WeightOp)]
    left, hidden, _ = channels_left(pruned)
    assert rows == [(left, 2, 3, 3), (left,), (hidden, left * 9), (3, hidden)]
    assert "exact on 3 samples" in messages(remarks)
    again, remarks, _ = prune(pruned, x, tmp_path)
    assert str(again) == str(pruned)
    assert "nothing removed" in messages(remarks)


def silence_channels(module: ModuleOp, rng: np.random.Generator) -> None:
    """Round all weights to multiples of 1/64, and make some channels of each layer unreachable."""
    for op in module.walk():
        if isinstance(op, snn.WeightOp):
            op.value = dense_from_array(np.round(array_from_dense(op.value) * 64) / 64 + 0)
        elif isinstance(op, snn.LIFOp):
            shape = shape_of(op.current.type)
            threshold = np.broadcast_to(array_from_dense(op.threshold), shape).copy()
            threshold[rng.random(shape[0]) < 0.4] = NEVER
            op.threshold = dense_from_array(threshold)


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_compute_the_same(seed: int, tmp_path: Path) -> None:
    """Sums, concatenations, pools, groups, per-neuron parameters, every reset."""
    rng = np.random.default_rng(seed)
    random = random_network(rng, samples=3)
    silence_channels(random.module, rng)
    pruned, remarks, kept = prune(random.module, random.x, tmp_path)
    assert_same_on_kept(random.module, pruned, random.x, kept)
    text = messages(remarks)
    assert "exact on 3 samples" in text or "nothing removed" in text


def test_random_networks_do_shrink(tmp_path: Path) -> None:
    """The test above is about networks that lose channels."""
    shrunk = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        random = random_network(rng, samples=3)
        silence_channels(random.module, rng)
        pruned, _, _ = prune(random.module, random.x, tmp_path)
        shrunk += channels_left(pruned) != channels_left(random.module)
    assert shrunk >= 5


def test_sums_remove_channels_together_or_not_at_all(tmp_path: Path) -> None:
    build = Builder(2, 4, 4)
    first = build.neurons(build.conv(build.frame, 4), silent=(0, 1))
    second = build.neurons(build.conv(first, 4), silent=(1, 2))
    summed = build.add(snn.AddOp(first, second))
    module = build.finish(build.neurons(build.linear(summed, 3)))
    x = counts_for(module)
    pruned, remarks, kept = prune(module, x, tmp_path)
    assert kept["n0"].tolist() == kept["n1"].tolist() == [True, False, True, True]
    assert_same_on_kept(module, pruned, x, kept)
    assert "connects them with channels that fire" in messages(remarks)


def test_concatenations_shift_the_columns(tmp_path: Path) -> None:
    build = Builder(2, 4, 4)
    first = build.neurons(build.conv(build.frame, 3), silent=(1,))
    second = build.neurons(build.conv(build.frame, 2), silent=(0,))
    both = build.add(snn.ConcatOp([first, second]))
    module = build.finish(build.neurons(build.linear(build.add(snn.AvgPool2dOp(both, [2, 2])), 3)))
    x = counts_for(module)
    pruned, _, kept = prune(module, x, tmp_path)
    assert [channels.sum() for channels in kept.values()] == [2, 1, 3]
    assert_same_on_kept(module, pruned, x, kept)


def test_reshapes_join_or_split_channels(tmp_path: Path) -> None:
    """Channels 0, 1 and 2, 3 become rows of one channel each."""
    build = Builder(1, 2, 2)
    first = build.neurons(build.conv(build.frame, 4), silent=(0, 2, 3))
    joined = build.add(
        snn.ReshapeOp.create(operands=[first], result_types=[snn.spike_tensor((2, 4, 2))])
    )
    module = build.finish(build.neurons(build.linear(joined, 3)))
    x = counts_for(module)
    pruned, _, kept = prune(module, x, tmp_path)
    assert kept["n0"].tolist() == [True, True, False, False]
    assert_same_on_kept(module, pruned, x, kept)


def biased_norm_of_spikes(build: Builder, spikes: SSAValue) -> SSAValue:
    one = build.constant(np.ones(3))
    return build.linear(build.add(snn.BatchNormOp(spikes, one, one, one, one, 1e-5)), 2)


def leaky_integrator_behind(build: Builder, spikes: SSAValue) -> SSAValue:
    return build.linear(build.add(snn.LIOp(spikes, FloatAttr(0.5, f32))), 2)


def membrane_read(build: Builder, spikes: SSAValue) -> SSAValue:
    return build.linear(spikes.owner.membrane, 2)  # type: ignore


def grouped(build: Builder, spikes: SSAValue) -> SSAValue:
    return build.linear(build.neurons(build.conv(spikes, 3, groups=3)), 2)


def current_read(build: Builder, spikes: SSAValue) -> SSAValue:
    current = spikes.owner.current  # type: ignore
    return build.add(snn.AddOp(build.linear(spikes, 2), build.linear(current, 2)))


@pytest.mark.parametrize(
    ("behind", "reason"),
    [
        (biased_norm_of_spikes, "not zero without spikes"),
        (leaky_integrator_behind, "'snn.li' never spikes"),
        (membrane_read, "membranes are read"),
        (grouped, "a convolution in groups"),
        (current_read, "not zero without spikes"),
    ],
)
def test_silent_channels_that_something_else_reads_stay(behind, reason, tmp_path: Path) -> None:
    build = Builder(2, 4, 4)
    spikes = build.neurons(build.conv(build.frame, 3), silent=(1,))
    module = build.finish(build.neurons(behind(build, spikes)))
    pruned, remarks, kept = prune(module, counts_for(module), tmp_path)
    assert kept["n0"].all()
    assert channels_left(pruned)[0] == 3
    assert reason in messages(remarks)


@pytest.mark.parametrize("behind", [current_read, membrane_read])
def test_what_a_silent_channel_drives_would_be_noticed(behind, tmp_path: Path, monkeypatch) -> None:
    """The report of exactness is measured: without the pins it says what dropping them does.

    A channel that never fires still drives others by its bias, through its current or membrane.
    """

    def unpinned(network: snn.NetworkOp) -> ChannelGroups:
        groups = find_channel_groups(network)
        output = set(groups.of(network.outputs[0]).tolist())
        groups.pins = {group: why for group, why in groups.pins.items() if group in output}
        return groups

    build = Builder(2, 4, 4)
    spikes = build.neurons(build.conv(build.frame, 3), silent=(1,))
    module = build.finish(build.neurons(behind(build, spikes), silent=(0, 1)))
    x = counts_for(module, samples=8)
    # Half of the time near the threshold, so that what is missing shows in spikes.
    recording = ReferenceExecutor(network_of(module)).run(x, record=True).recording
    assert recording is not None
    median = np.median(recording.membranes["n1"], axis=(0, 1)).astype(np.float32)
    network_of(module).outputs[0].owner.properties["threshold"] = dense_from_array(median)
    _, remarks, kept = prune(module, x, tmp_path)
    assert kept["n0"].all()
    monkeypatch.setattr(snn_prune_silent, "find_channel_groups", unpinned)
    pruned, remarks, kept = prune(module, x, tmp_path)
    assert kept["n0"].tolist() == [True, False, True]
    assert "exact on" not in messages(remarks)
    assert remarks[-1].metrics["different_spikes"] > 0
    before, after = spikes_of(module, x)[1]["n1"], spikes_of(pruned, x)[1]["n1"]
    assert (before != after).any()


def recurrent(of_current: bool = False) -> ModuleOp:
    """A layer whose spikes, or whose input, are fed back; the third of its neurons is silent."""
    build = Builder(3)
    type = snn.real_tensor((4,)) if of_current else snn.spike_tensor((4,))
    build.block.add_op(snn.RegisterOp("r", type))
    fed_back = build.add(snn.ReadOp("r", type))
    current = build.add(snn.AddOp(build.linear(build.frame, 4), build.linear(fed_back, 4)))
    spikes = build.neurons(current, silent=(2,))
    build.block.add_op(snn.WriteOp("r", current if of_current else spikes))
    return build.finish(build.neurons(build.linear(spikes, 2)))


def test_registers_of_spikes_shrink_with_their_neurons(tmp_path: Path) -> None:
    module = recurrent()
    x = counts_for(module)
    pruned, remarks, kept = prune(module, x, tmp_path)
    assert kept["n0"].tolist() == [True, True, False, True]
    assert "exact on" in messages(remarks)
    (register,) = (op for op in pruned.walk() if isinstance(op, snn.RegisterOp))
    assert register.type == snn.spike_tensor((3,))
    before, after = (spikes_of(each, x)[1] for each in (module, pruned))
    np.testing.assert_array_equal(before["n0"][:, :, kept["n0"]], after["n0"])
    np.testing.assert_array_equal(before["n1"], after["n1"])


def test_registers_of_other_values_keep_their_channels(tmp_path: Path) -> None:
    module = recurrent(of_current=True)
    _, remarks, kept = prune(module, counts_for(module), tmp_path)
    assert kept["n0"].all()
    assert "a register holds them" in messages(remarks)


def test_batch_norm_and_scale_before_neurons_shrink(tmp_path: Path) -> None:
    build = Builder(2, 4, 4)
    current = build.conv(build.frame, 3)
    mean, variance, gamma, beta = (
        build.constant(values) for values in ([0, 1, 2], [1, 1, 4], [2, 1, 1], [0, 1, 0])
    )
    norm = build.add(snn.BatchNormOp(current, mean, variance, gamma, beta, 1e-5))
    factor = dense_from_array(np.array([[[1]], [[2]], [[4]]], np.float32))
    spikes = build.neurons(build.add(snn.ScaleOp(norm, factor)), silent=(1,))
    module = build.finish(build.neurons(build.linear(spikes, 2)))
    x = counts_for(module)
    pruned, _, kept = prune(module, x, tmp_path)
    assert kept["n0"].tolist() == [True, False, True]
    assert_same_on_kept(module, pruned, x, kept)
    (scale,) = [op for op in pruned.walk() if isinstance(op, snn.ScaleOp)]
    assert array_from_dense(scale.factor).ravel().tolist() == [1, 4]
    (norm_op,) = [op for op in pruned.walk() if isinstance(op, snn.BatchNormOp)]
    assert array_from_dense(norm_op.variance.owner.value).tolist() == [1, 4]  # type: ignore


def test_a_threshold_is_a_rate_that_everything_left_exceeds(tmp_path: Path) -> None:
    """Removing drivers silences others, so pruning is repeated; it ends where nothing changes."""
    build = Builder(2, 6, 6)
    first = build.neurons(build.conv(build.frame, 8))
    second = build.neurons(build.conv(first, 8))
    module = build.finish(build.neurons(build.linear(second, 3)))
    x = (counts_for(module) > 2).astype(np.int64)
    _, spikes = spikes_of(module, x)
    rates = spikes["n0"].mean(axis=(0, 1, 3, 4))
    threshold = float(np.sort(rates)[3])
    pruned, remarks, kept = prune(module, x, tmp_path, threshold=threshold)
    np.testing.assert_array_equal(kept["n0"], rates > threshold)
    assert "changed" in messages(remarks) or "exact" in messages(remarks)
    _, left = spikes_of(pruned, x)
    for op, name in list(layer_names(network_of(pruned)).items())[:2]:
        measured = left[name].mean(axis=(0, 1, 3, 4))
        assert len(measured) == 1 or (measured > threshold).all()
        rates = channel_rates_of(op)
        assert rates is not None
        np.testing.assert_allclose(rates, measured, rtol=1e-6)
        assert rate_of(op) == pytest.approx(left[name].mean(), rel=1e-6)


def test_inputs_with_values_and_static_frames(tmp_path: Path) -> None:
    build = Builder(3)
    spikes = build.neurons(build.linear(build.frame, 5), silent=(0,))
    module = build.finish(build.neurons(build.linear(spikes, 2)))
    network_of(module).properties["input"] = snn.InputKindAttr(InputKind.STATIC_VALUES)
    x = np.random.default_rng(1).normal(1, 1, (4, 3))
    pruned, _, kept = prune(module, x, tmp_path)
    assert channels_left(pruned)[0] == kept["n0"].sum() < 5


def published_network() -> tuple[ModuleOp, Path]:
    """The network of arXiv 2511.12136 as its authors trained it, and recordings; or skip."""
    shared = shared_folder()
    model = None if shared is None else shared / "models" / "nmnist_scnn"
    if shared is None or model is None or not model.is_dir():
        pytest.skip("the trained network is not here (SNNIR_SHARED names its folder)")
    net = load_module(f"{model}/model.py:build", model / "weights.pt")
    module = from_snntorch(net, torch.zeros(1, 2, 34, 34), 300, name="nmnist")
    return module, shared / "data" / "NMNIST" / "Train"


def test_published_network_shrinks_as_published() -> None:
    """4 of 12 and 13 of 32 channels never fire; half of the operations are left."""
    module, recordings = published_network()
    pruning = SNNPruneSilentPass(calibration=f"nmnist:{recordings}", samples=20)
    with DiagnosticEngine() as engine:
        pruning.apply(make_context(), module)
    module.verify()
    assert channels_left(module) == [8, 19, 10]
    metrics = engine.remarks[-1].metrics
    assert metrics["macs"] == [1_709_600, 824_550]
    # Nothing is exact but the decisions: convolutions of another size may round differently.
    assert metrics["different_spikes"] <= 1e-6 * metrics["compared_spikes"]
    assert metrics["changed_labels"] == 0
