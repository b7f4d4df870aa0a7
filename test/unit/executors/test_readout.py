# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Readouts against plain numpy and against snnTorch's accuracy functions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from snntorch import functional

from snnir.dialects import snn
from snnir.dialects.snn import Readout
from snnir.executors import ExecutionResult, ReadoutAccumulator

SAMPLES, TIMESTEPS, NEURONS = 5, 7, 6


def spiking_network(builder, readout, population=None):
    net = builder(NEURONS)
    spikes = net.lif(net.frame).spikes
    return net.finish(spikes, timesteps=TIMESTEPS, readout=readout, population=population)


def real_network(builder, readout, population=None, shape=(NEURONS,)):
    net = builder(*shape)
    value = net.add(snn.LIOp(net.frame, net.parameter(0.5))).membrane
    return net.finish(value, timesteps=TIMESTEPS, readout=readout, population=population)


def graded_network(builder, readout):
    """Spikes that are numbers, as snnTorch's with `graded_spikes_factor`."""
    net = builder(NEURONS)
    spikes = net.lif(net.frame).spikes
    value = net.add(snn.ScaleOp(spikes, net.parameter(0.5))).result
    return net.finish(value, timesteps=TIMESTEPS, readout=readout)


def read(network, outputs: np.ndarray) -> np.ndarray:
    """Scores from outputs (samples, timesteps, *shape)."""
    readout = ReadoutAccumulator(network, len(outputs))
    for step in range(TIMESTEPS):
        readout.add(outputs[:, step])
    return readout.scores()


@pytest.fixture
def spikes(rng) -> np.ndarray:
    """Sparse spikes: some neurons are silent, some fire first at the last step."""
    spikes = rng.random((SAMPLES, TIMESTEPS, NEURONS)) < 0.15
    spikes[0] = False
    spikes[1, :, 2] = np.arange(TIMESTEPS) == TIMESTEPS - 1
    return spikes


@pytest.fixture
def membranes(rng) -> np.ndarray:
    """Membranes of both signs."""
    return rng.normal(size=(SAMPLES, TIMESTEPS, NEURONS)).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.bool_, np.float32, np.int32])
def test_spike_count(builder, spikes, dtype) -> None:
    scores = read(spiking_network(builder, Readout.SPIKE_COUNT), spikes.astype(dtype))
    assert scores.dtype == np.int64
    np.testing.assert_array_equal(scores, spikes.sum(axis=1))


def test_sum_of_graded_spikes(builder, membranes) -> None:
    scores = read(graded_network(builder, Readout.SPIKE_COUNT), membranes)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, membranes.astype(np.float64).sum(axis=1), rtol=1e-12)


def test_first_spike(builder, spikes) -> None:
    scores = read(spiking_network(builder, Readout.FIRST_SPIKE), spikes)
    first = np.where(spikes.any(axis=1), spikes.argmax(axis=1), TIMESTEPS - 1)
    np.testing.assert_array_equal(scores, TIMESTEPS - 1 - first)
    assert scores.dtype == np.int64


def test_first_spike_of_graded_spikes(builder) -> None:
    """A negative spike is a spike."""
    outputs = np.zeros((1, TIMESTEPS, NEURONS), np.float32)
    outputs[0, 2, 1], outputs[0, 1, 4] = 0.25, -0.5
    scores = read(graded_network(builder, Readout.FIRST_SPIKE), outputs)
    assert scores.tolist() == [[0, 4, 0, 0, 5, 0]]


def test_membranes(builder, membranes) -> None:
    def scores(readout):
        return read(real_network(builder, readout), membranes)

    np.testing.assert_array_equal(scores(Readout.LAST_MEMBRANE), membranes[:, -1])
    np.testing.assert_array_equal(scores(Readout.MAX_MEMBRANE), membranes.max(axis=1))
    means = membranes.astype(np.float64).mean(axis=1)
    np.testing.assert_allclose(scores(Readout.MEAN_MEMBRANE), means, rtol=1e-12)
    assert scores(Readout.LAST_MEMBRANE).dtype == np.float64


def test_population_groups_are_consecutive(builder, spikes, membranes) -> None:
    counts = read(spiking_network(builder, Readout.SPIKE_COUNT, 3), spikes)
    np.testing.assert_array_equal(counts, spikes.sum(axis=1).reshape(SAMPLES, 3, 2).sum(axis=2))
    grouped = membranes.astype(np.float64).reshape(SAMPLES, TIMESTEPS, 3, 2).sum(axis=3)
    highest = read(real_network(builder, Readout.MAX_MEMBRANE, 3), membranes)
    np.testing.assert_array_equal(highest, grouped.max(axis=1))
    first = read(spiking_network(builder, Readout.FIRST_SPIKE, 3), spikes)
    any_spike = spikes.reshape(SAMPLES, TIMESTEPS, 3, 2).any(axis=3)
    np.testing.assert_array_equal(
        first,
        read(spiking_network(builder, Readout.FIRST_SPIKE), np.repeat(any_spike, 2, 2))[:, ::2],
    )


def test_outputs_of_higher_rank_become_one_row_of_classes(builder, rng) -> None:
    outputs = rng.normal(size=(2, TIMESTEPS, 2, 3))
    network = real_network(builder, Readout.LAST_MEMBRANE, shape=(2, 3))
    np.testing.assert_array_equal(read(network, outputs), outputs[:, -1].reshape(2, 6))


def test_labels_are_the_lowest_of_the_best_classes() -> None:
    result = ExecutionResult.from_scores(np.array([[0, 0, 0], [1, 3, 3], [2, 5, 9]]))
    assert result.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("population", [None, 3])
def test_accuracy_rate(builder, spikes, population) -> None:
    network = spiking_network(builder, Readout.SPIKE_COUNT, population)
    labels = ExecutionResult.from_scores(read(network, spikes)).labels
    outputs = torch.from_numpy(spikes.astype(np.float32).swapaxes(0, 1))
    accuracy = functional.accuracy_rate(
        outputs, torch.from_numpy(labels), population is not None, population
    )
    assert accuracy == 1.0


def test_accuracy_temporal(builder, spikes) -> None:
    labels = ExecutionResult.from_scores(
        read(spiking_network(builder, Readout.FIRST_SPIKE), spikes)
    ).labels
    outputs = torch.from_numpy(spikes.astype(np.float32).swapaxes(0, 1))
    assert functional.accuracy_temporal(outputs, torch.from_numpy(labels)) == 1.0


def test_scores_need_all_steps(builder, spikes) -> None:
    readout = ReadoutAccumulator(spiking_network(builder, Readout.SPIKE_COUNT), SAMPLES)
    readout.add(spikes[:, 0])
    with pytest.raises(AssertionError, match="1 of 7 steps"):
        readout.scores()
