# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether a network still computes the same after some of its neurons were removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from snnir.calibration.activity import torch_device
from snnir.data import Dataset
from snnir.dialects.network import NetworkOpBase

if TYPE_CHECKING:
    from torch import Tensor

    from snnir.executors import Step, TorchExecutor


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same data.

    Attributes:
        samples: how many there were.
        values: spikes and silences that were compared: neurons times steps times samples.
        different: how many of these differ.
        spikes_before, spikes_after: how many of these are spikes in each network.
        changed_labels: samples for which the networks decide differently.
        accuracy_before, accuracy_after: fractions of right decisions; None without labels.
    """

    samples: int
    values: int
    different: int
    changed_labels: int
    accuracy_before: float | None
    accuracy_after: float | None
    spikes_before: int
    spikes_after: int

    @property
    def agreement(self) -> float:
        """Fraction of samples for which the networks decide the same."""
        return 1 - self.changed_labels / self.samples

    @property
    def is_exact(self) -> bool:
        """Whether all spikes and decisions are equal."""
        return not self.different and not self.changed_labels


def compare_networks(
    before: NetworkOpBase,
    after: NetworkOpBase,
    kept: Mapping[str, NDArray[np.bool_]] | None,
    data: Dataset,
    *,
    device: str = "cpu",
    progress: bool = False,
) -> Comparison:
    """Execute both networks side by side and compare the spikes of the neurons that both have.

    Args:
        before, after: networks of one level whose neuron layers have the same names.
        kept: by layer, bool (channels,): the channels of `before` that `after` has, in order; None
            if it has all.

    Raises:
        SNNError: the data do not fit, an operation cannot be executed, or there is no such device.
    """
    from snnir.executors import Presentation, ReadoutAccumulator, TorchExecutor

    place = torch_device(device, before)
    executors = [TorchExecutor(network, place) for network in (before, after)]
    presentation = Presentation(before, data.x)
    labels: list[list[NDArray]] = [[], []]
    counts = np.zeros(4, np.int64)
    total = len(presentation) * presentation.timesteps
    hidden = None if progress else True
    with tqdm(total=total, unit="step", unit_scale=True, disable=hidden) as bar:
        for samples in presentation.batches():
            size = samples.stop - samples.start
            readouts = [ReadoutAccumulator(network, size) for network in (before, after)]
            runs = [executor.steps(presentation, samples) for executor in executors]
            for steps in zip(*runs, strict=True):
                for executor, readout, step in zip(executors, readouts, steps, strict=True):
                    output = step.values[executor.network.outputs[0]]
                    readout.add(output.cpu().numpy())
                counts += _count_spikes(executors, steps, kept)
                bar.update(size)
            for decided, readout in zip(labels, readouts, strict=True):
                decided.append(readout.scores().argmax(axis=1))
    decisions = [np.concatenate(decided) for decided in labels]
    accuracies = [None if data.y is None else float(np.mean(d == data.y)) for d in decisions]
    changed = int(np.count_nonzero(decisions[0] != decisions[1]))
    values, different, *spikes = counts.tolist()
    return Comparison(
        len(data), values, different, changed, accuracies[0], accuracies[1], spikes[0], spikes[1]
    )


def _count_spikes(
    executors: list[TorchExecutor],
    steps: tuple[Step, ...],
    kept: Mapping[str, NDArray[np.bool_]] | None,
) -> NDArray[np.int64]:
    """At one step: spikes and silences compared, those different, spikes before, and after."""
    import torch

    counts = np.zeros(4, np.int64)
    before, after = (_spikes(*each) for each in zip(executors, steps, strict=True))
    for name, spikes in before.items():
        fired = spikes != 0
        if kept is not None:
            fired = fired[:, torch.from_numpy(np.flatnonzero(kept[name])).to(spikes.device)]
        fires = after[name] != 0
        tensors = (fired != fires, fired, fires)
        counts += [fired.numel(), *(int(torch.count_nonzero(each)) for each in tensors)]
    return counts


def _spikes(executor: TorchExecutor, step: Step) -> dict[str, Tensor]:
    """The spikes of every layer that has any, (batch, *shape)."""
    return {
        name: step.values[op.spikes]  # type: ignore[attr-defined]
        for op, name in executor.layers.items()
        if hasattr(op, "spikes")
    }
