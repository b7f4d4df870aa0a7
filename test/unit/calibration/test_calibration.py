# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calibration data, firing rates and comparisons, against the numpy interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import FunctionType

from snnir.calibration import (
    compare_networks,
    load_calibration,
    measure_activity,
    measure_channel_rates,
    record_activity,
)
from snnir.data import Dataset, list_recordings
from snnir.data.locations import shared_folder
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import layer_names
from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.executors import ReferenceExecutor
from snnir.layers.activity_attributes import channel_rates_of, erase_rates, rate_of
from snnir.layers.counts import count_network, macs_of
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import SNNError
from snnir.testing.random_networks import random_network


def example(seed: int, samples: int = 3) -> tuple[Any, Dataset]:
    """A random network whose sums are exact in any order, and data for it."""
    random = random_network(np.random.default_rng(seed), samples=samples)
    for op in random.module.walk():
        if isinstance(op, snn.WeightOp):
            op.value = dense_from_array(np.round(array_from_dense(op.value) * 64) / 64 + 0)
    return random.network, Dataset(random.x, np.arange(samples) % 2, "random")


@pytest.mark.parametrize("seed", range(8))
def test_spikes_are_counted_over_samples_steps_and_batches(seed: int) -> None:
    """70 samples are two batches."""
    network, data = example(seed, samples=70)
    activity = measure_activity(network, data)
    result = ReferenceExecutor(network).run(data.x, record=True)
    assert result.recording is not None
    assert list(activity.layers) == list(result.recording.spikes)
    assert (activity.samples, activity.timesteps) == (70, network.timesteps.value.data)
    for name, spikes in result.recording.spikes.items():
        layer = activity.layers[name]
        np.testing.assert_array_equal(layer.spikes, spikes.sum(axis=(0, 1)), strict=True)
        np.testing.assert_allclose(layer.neuron_rates, spikes.mean(axis=(0, 1)))
        others = tuple(axis for axis in range(spikes.ndim) if axis != 2)
        np.testing.assert_allclose(layer.channel_rates, spikes.mean(axis=others))
        assert layer.rate == pytest.approx(spikes.mean())
    np.testing.assert_array_equal(activity.labels, result.labels)
    assert activity.accuracy == pytest.approx(np.mean(result.labels == data.y))


def test_rates_of_one_layer_are_those_of_the_whole_network() -> None:
    """Seeds 0 to 19, of which several feed spikes back."""
    fed_back = 0
    for seed in range(20):
        network, data = example(seed, samples=70)
        fed_back += any(isinstance(op, snn.WriteOp) for op in network.walk())
        activity = measure_activity(network, data)
        for op, name in layer_names(network).items():
            if isinstance(op, SpikingNeuronBase):
                rates = measure_channel_rates(network, op, data)
                np.testing.assert_array_equal(rates, activity.layers[name].channel_rates)
    assert fed_back >= 3


def test_rates_are_attributes_of_spiking_layers() -> None:
    network, data = example(2)
    activity = measure_activity(network, data)
    record_activity(network, activity)
    network.verify()
    for op, name in layer_names(network).items():
        if name not in activity.layers:
            assert rate_of(op) is None
            continue
        layer = activity.layers[name]
        assert rate_of(op) == pytest.approx(layer.rate, rel=1e-6)
        rates = channel_rates_of(op)
        assert rates is not None
        np.testing.assert_allclose(rates, layer.channel_rates, rtol=1e-6)
        erase_rates(op)
        assert rate_of(op) is None
        assert channel_rates_of(op) is None


def test_activity_of_another_network_is_not_recorded() -> None:
    network, data = example(2)
    activity = measure_activity(network, data)
    for name, layer in activity.layers.items():
        activity.layers[name] = layer.of_channels(np.arange(len(layer.spikes)) == 0)
    with pytest.raises(SNNError, match="was measured with the shape"):
        record_activity(network, activity)


def test_comparison_counts_every_difference() -> None:
    """One layer's threshold is out of reach in the second network."""
    network, data = example(3, samples=66)
    other = network.clone()
    layers = layer_names(other)
    last = next(op for op in reversed(layers) if isinstance(op, SpikingNeuronBase))
    last.threshold = dense_from_array(np.full(shape_of(last.current.type), 1e9, np.float32))
    kept = {name: np.ones(shape_of(op.results[0].type)[0], bool) for op, name in layers.items()}
    same = compare_networks(network, network.clone(), kept, data)
    assert same.is_exact
    different = compare_networks(network, other, kept, data)
    runs = [ReferenceExecutor(each).run(data.x, record=True) for each in (network, other)]
    spikes = [run.recording.spikes for run in runs if run.recording is not None]
    unequal = sum(np.count_nonzero(spikes[0][name] != spikes[1][name]) for name in spikes[0])
    assert different.different == unequal > 0
    assert different.values == sum(each.size for each in spikes[0].values())
    assert different.changed_labels == np.count_nonzero(runs[0].labels != runs[1].labels)
    accuracies = [float(np.mean(run.labels == data.y)) for run in runs]
    assert [different.accuracy_before, different.accuracy_after] == accuracies


def test_data_are_limited_and_checked(tmp_path: Path) -> None:
    network, data = example(3)
    path = tmp_path / "c.npz"
    np.savez(path, x=data.x, y=data.labels())
    assert len(load_calibration(str(path), network)) == 3
    assert len(load_calibration(str(path), network, 2)) == 2
    with pytest.raises(SNNError, match=r"cannot be calibrated: .*missing\.npz: no such file"):
        load_calibration(str(tmp_path / "missing.npz"), network)
    with pytest.raises(SNNError, match="names no data set; accepted forms"):
        load_calibration("c.csv", network)
    np.savez(path, x=data.x[:, 1:])
    with pytest.raises(SNNError, match="cannot be calibrated"):
        load_calibration(str(path), network)


def test_devices() -> None:
    network, data = example(3)
    with pytest.raises(SNNError, match="unknown device 'gpu'; use cpu or cuda"):
        measure_activity(network, data, device="gpu")


def test_counts() -> None:
    """12C5-MP2-32C5-FC10 without pooling: sizes by hand."""
    weight = snn.WeightOp(dense_from_array(np.zeros((12, 2, 5, 5), np.float32)))
    frame = snn.WeightOp(dense_from_array(np.zeros((2, 34, 34), np.float32)))
    assert macs_of(snn.Conv2dOp(frame, weight)) == 12 * 30 * 30 * 2 * 25
    rows = snn.WeightOp(dense_from_array(np.zeros((10, 800), np.float32)))
    features = snn.WeightOp(dense_from_array(np.zeros(800, np.float32)))
    assert macs_of(snn.LinearOp(features, rows)) == 8000
    assert macs_of(rows) == 0
    network, _ = example(3)
    ops = list(network.body.block.ops)
    counts = count_network(network)
    assert counts.macs == sum(map(macs_of, ops))
    weights = [array_from_dense(op.value) for op in ops if isinstance(op, snn.WeightOp)]
    assert counts.parameters == sum(each.size for each in weights)


@pytest.mark.skipif(shared_folder() is None, reason="needs the recordings named by SNNIR_SHARED")
def test_recordings_get_the_steps_of_the_network() -> None:
    shared = shared_folder()
    assert shared is not None
    folder = shared / "data" / "NMNIST" / "Train"
    assert list_recordings(folder)
    frame = snn.real_tensor((2, 34, 34))
    network = snn.NetworkOp("net", FunctionType.from_lists([frame], [frame]), timesteps=7)
    network.body.block.add_op(snn.OutputOp(network.frame))
    data = load_calibration(f"nmnist:{folder}", network, 10)
    assert data.x.shape == (10, 7, 2, 34, 34)
