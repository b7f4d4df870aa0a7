# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Losses by readout, against snnTorch's and against the readout of the executors."""

from __future__ import annotations

from typing import Any

import pytest
import snntorch.functional as SF
import torch
from torch import Tensor

from snnir.dialects import snn
from snnir.dialects.snn import Readout
from snnir.executors import ReadoutAccumulator
from snnir.support.diagnostics import SNNError
from snnir.training import loss_function, readout_scores

STEPS, SAMPLES, NEURONS = 6, 5, 4
LABELS = torch.tensor([0, 1, 1, 0, 1])


def network_with(builder, readout: Readout, population: int | None = None) -> snn.NetworkOp:
    net = builder(8)
    neurons = net.lif(net.linear(net.frame, 8, NEURONS))
    spikes = readout in (Readout.SPIKE_COUNT, Readout.FIRST_SPIKE)
    output = neurons.spikes if spikes else neurons.membrane
    return net.finish(output, STEPS, readout=readout, population=population)


def spikes() -> Tensor:
    generator = torch.Generator().manual_seed(4)
    return (torch.rand(STEPS, SAMPLES, NEURONS, generator=generator) < 0.4).float()


def test_counts_is_the_cross_entropy_of_snntorch(builder) -> None:
    loss = loss_function(network_with(builder, Readout.SPIKE_COUNT), "counts")
    torch.testing.assert_close(loss(spikes(), LABELS), SF.ce_count_loss()(spikes(), LABELS))


def test_rates_is_the_squared_error_of_snntorch(builder) -> None:
    loss = loss_function(network_with(builder, Readout.SPIKE_COUNT), "rates")
    rates: Any = {"correct_rate": 0.8, "incorrect_rate": 0.2}
    expected = SF.mse_count_loss(**rates)
    torch.testing.assert_close(loss(spikes(), LABELS), expected(spikes(), LABELS))


@pytest.mark.parametrize("readout", [r for r in Readout if r is not Readout.FIRST_SPIKE])
@pytest.mark.parametrize("population", [None, 2])
def test_scores_are_those_of_the_readout(builder, readout: Readout, population) -> None:
    network = network_with(builder, readout, population)
    outputs = spikes()
    if "membrane" in readout:
        outputs = outputs - torch.rand(outputs.shape, generator=torch.Generator().manual_seed(1))
    accumulator = ReadoutAccumulator(network, SAMPLES)
    for output in outputs.numpy():
        accumulator.add(output)
    expected = torch.from_numpy(accumulator.scores()).float()
    torch.testing.assert_close(readout_scores(network, outputs), expected)
    expected_loss = torch.nn.functional.cross_entropy(expected, LABELS)
    torch.testing.assert_close(loss_function(network, "counts")(outputs, LABELS), expected_loss)


def test_earlier_first_spikes_score_higher(builder) -> None:
    network = network_with(builder, Readout.FIRST_SPIKE)
    outputs = torch.zeros(STEPS, 1, NEURONS)
    for neuron, step in enumerate((3, 0, 5)):
        outputs[step, 0, neuron] = 1
    scores = readout_scores(network, outputs)[0]
    torch.testing.assert_close(scores, torch.tensor([3 / 6, 6 / 6, 1 / 6, 0]))


def test_rates_of_membranes_are_refused(builder) -> None:
    network = network_with(builder, Readout.LAST_MEMBRANE)
    with pytest.raises(SNNError, match="returns membranes, which have no rates; use loss=counts"):
        loss_function(network, "rates")
