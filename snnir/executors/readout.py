# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the first output of a network over all steps becomes one score per class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import AnyFloat

from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import Readout


class ReadoutAccumulator:
    """Accumulates the readout of a batch; `add` takes the outputs of all steps in order.

    With `population` classes, the output neurons form that many consecutive groups of equal size,
    and a class has, at each step, the sum of its group (`first_spike`: whether any of its group
    spikes). Without it, each neuron is a class. On the values `v[t]` of a class the score is

    * `spike_count`: the sum of all `v[t]`: the number of spikes, or the sum of graded spikes
      (`snntorch.functional.accuracy_rate`);
    * `first_spike`: `T - 1 - t` for the first `t` with a spike, and 0 for a class without spikes,
      which so ties with one that spikes at the last step
      (`snntorch.functional.accuracy_temporal`);
    * `last_membrane`, `max_membrane`: `v[T - 1]`, the largest `v[t]`;
    * `mean_membrane`: the sum of all `v[t]`, divided by `T`.

    Scores are int64 where the network returns spikes or integers (but float64 for `mean_membrane`),
    and float64, summed as such, where it returns real values.
    """

    def __init__(self, network: NetworkOpBase, samples: int):
        output = network.outputs[0].type
        self._readout = network.readout.data
        self._dtype = np.float64 if isinstance(element_type_of(output), AnyFloat) else np.int64
        self._timesteps: int = network.timesteps.value.data
        neurons = element_count(shape_of(output))
        population = network.population
        self._classes: int = neurons if population is None else population.value.data
        self._samples = samples
        self._step = 0
        self._scores: NDArray | None = None

    def add(self, output: NDArray) -> None:
        """Account for the outputs of the next step, (samples, *shape) of any numeric type."""
        values = self._class_values(output)
        if self._readout is Readout.FIRST_SPIKE:
            # A class keeps the score of its first spike, which is its highest.
            values = values * (self._timesteps - 1 - self._step)
        if self._scores is None or self._readout is Readout.LAST_MEMBRANE:
            self._scores = values
        elif self._readout in (Readout.MAX_MEMBRANE, Readout.FIRST_SPIKE):
            self._scores = np.maximum(self._scores, values)
        else:
            self._scores = self._scores + values
        self._step += 1

    def scores(self) -> NDArray:
        """(samples, classes), int64 or float64. All steps must have been added."""
        assert self._scores is not None, "no step was added"
        assert self._step == self._timesteps, f"{self._step} of {self._timesteps} steps were added"
        if self._readout is Readout.MEAN_MEMBRANE:
            return self._scores / self._timesteps
        return self._scores

    def _class_values(self, output: NDArray) -> NDArray:
        """(samples, classes), int64 or float64."""
        groups = output.reshape(self._samples, self._classes, -1)
        if self._readout is Readout.FIRST_SPIKE:
            return (groups != 0).any(axis=2).astype(np.int64)
        return groups.astype(self._dtype).sum(axis=2)
