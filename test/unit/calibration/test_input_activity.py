# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The activity of a network's input, against what a small frame shows by hand."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import FloatAttr, f32

from snnir.calibration import measure_activity, record_activity
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.snn_attributes import InputKind
from snnir.driver.files import network_of
from snnir.layers.activity_attributes import INPUT_COUNTS, INPUT_VALUES, REACH_AGES, floats_of
from snnir.testing.cost_network_builder import STEPS, CostNetworkBuilder


def test_neurons_that_no_event_reached_were_not_just_left() -> None:
    """One pixel of four fires, in the second step, under a kernel of one element."""
    builder = CostNetworkBuilder(np.random.default_rng(1), (1, 2, 2))
    weight = builder.constant(np.ones((1, 1, 1, 1)))
    current = builder.add(snn.Conv2dOp(builder.frame, weight, None)).result
    neurons = builder.add(snn.LIFOp(current, FloatAttr(0.5, f32), FloatAttr(9.0, f32)), named=True)
    network = network_of(builder.complete(neurons.spikes))
    x = np.zeros((1, STEPS, 1, 2, 2), np.float32)
    x[0, 1, 0, 0, 1] = 1
    data = Dataset(x, np.zeros(1, np.int64), "one event")
    record_activity(network, measure_activity(network, data))
    ages = floats_of(next(op for op in network.walk() if isinstance(op, snn.LIFOp)), REACH_AGES)
    # Of all steps of neurons one has the event, and the one behind it is the one that it left.
    assert ages is not None
    assert ages[:2].tolist() == pytest.approx([1 / (4 * STEPS)] * 2)
    assert ages.sum() == pytest.approx(1)


@pytest.mark.parametrize("kind", [InputKind.EVENT_COUNTS, InputKind.VALUES])
def test_small_values_are_counted_and_the_others_summed_up(kind) -> None:
    """Kernels add inputs that are 1 to 4 so often, and multiply all others."""
    rng = np.random.default_rng(1)
    builder = CostNetworkBuilder(rng, (9,))
    spikes = builder.spiking(builder.connected(builder.frame, 2), halving=True)
    network = network_of(builder.complete(spikes, kind))
    x = np.zeros((1, STEPS, 9), np.float32)
    x[0, 0] = [0, 1, 1, 2, 4, 4, 5, 100, 127]
    if kind is InputKind.VALUES:
        # In units of a 127th of the largest magnitude, rounded.
        x[0, 0, 7:] *= -1
        x[0, 0, 3] = 2.4
        x *= 0.03
    data = Dataset(x, np.zeros(1, np.int64), "nine values")
    record_activity(network, measure_activity(network, data))
    values, counts = floats_of(network, INPUT_VALUES), floats_of(network, INPUT_COUNTS)
    assert values is not None
    assert counts is not None
    assert (values * STEPS).tolist() == pytest.approx([2, 1, 0, 2, 5 + 100 + 127])
    assert counts[1] * STEPS == pytest.approx(8)


def test_values_that_round_to_zero_are_no_events() -> None:
    """Also where the unit of the input is 1, as of values that were integers before."""
    builder = CostNetworkBuilder(np.random.default_rng(1), (4,))
    spikes = builder.spiking(builder.connected(builder.frame, 2), halving=True)
    network = network_of(builder.complete(spikes, InputKind.VALUES))
    x = np.zeros((1, STEPS, 4), np.float32)
    x[0, 0] = [0.4, 0.6, 2.2, 127]
    record_activity(network, measure_activity(network, Dataset(x, np.zeros(1, np.int64), "few")))
    values, counts = floats_of(network, INPUT_VALUES), floats_of(network, INPUT_COUNTS)
    assert values is not None
    assert counts is not None
    assert (values * STEPS).tolist() == pytest.approx([1, 1, 0, 0, 127])
    assert counts[1] * STEPS == pytest.approx(3)
