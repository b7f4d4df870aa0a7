# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How often the neurons of a network fire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.calibration.input_activity import InputActivity, input_activity
from snnir.calibration.pooled_activity import pooled_counts, poolings_of_spikes
from snnir.data import Dataset
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.layers.activity_attributes import (
    ACTIVE_COLUMNS,
    ACTIVE_ROWS,
    POOLED_COUNTS,
    POSITION_SPIKES,
    SPIKE_COLUMNS,
    SPIKE_ROWS,
    write_floats,
    write_rates,
)
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class LayerActivity:
    """The spikes of one layer.

    Attributes:
        spikes: int64 of the layer's shape, summed over all samples and steps.
        presentations: samples times steps, the largest number of spikes that a neuron can have.
        active: int64 (height, width), how often each position had a spike; None for other ranks.
        together: int64 (channels + 1,), how often a position had 0, 1, 2, … spikes; likewise.
    """

    spikes: NDArray[np.int64]
    presentations: int
    active: NDArray[np.int64] | None = None
    together: NDArray[np.int64] | None = None

    @property
    def neuron_rates(self) -> NDArray[np.float64]:
        """Spikes per step of each neuron, 0 to 1, of the layer's shape."""
        return self.spikes / self.presentations

    @property
    def channel_rates(self) -> NDArray[np.float64]:
        """Mean rate of the neurons of each channel, or of each neuron of a layer of rank 1."""
        return self.neuron_rates.reshape(len(self.spikes), -1).mean(axis=1)

    @property
    def rate(self) -> float:
        """Mean rate of all neurons."""
        return float(self.neuron_rates.mean())

    def of_channels(self, kept: NDArray[np.bool_]) -> LayerActivity:
        """The activity of some of the channels; that of positions is exact if the others were
        silent, and too high if not.
        """
        together = None if self.together is None else self.together[: np.count_nonzero(kept) + 1]
        return LayerActivity(self.spikes[kept], self.presentations, self.active, together)


@dataclass(frozen=True, eq=False)
class Activity:
    """What a network did on a data set.

    Attributes:
        layers: by name (`layer_names`), the layers that can spike.
        samples, timesteps: how much was presented.
        labels: int64 (samples,), the classes that the network decided for.
        accuracy: fraction of right decisions; None for data without labels.
        input: what the frames look like.
        pooled: for each pooling of spikes, see `POOLED_COUNTS`.
    """

    layers: dict[str, LayerActivity]
    samples: int
    timesteps: int
    labels: NDArray[np.int64]
    accuracy: float | None
    input: InputActivity | None = None
    pooled: Mapping[Operation, NDArray[np.float64]] = field(default_factory=dict)


def torch_device(name: str, network: NetworkOpBase) -> torch.device:
    """The device that a pass option names.

    Raises:
        SNNError: at the network; torch knows no such device, or has none here.
    """
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise error_at(network, f"unknown device '{name}'; use cpu or cuda") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise error_at(network, f"device '{name}' is not available here; use cpu")
    return device


def measure_activity(
    network: NetworkOpBase, data: Dataset, *, device: str = "cpu", progress: bool = False
) -> Activity:
    """Execute a network on a data set and count the spikes of every neuron.

    Memory is bounded by one batch at one step, whatever the number of samples.

    Raises:
        SNNError: the data do not fit, an operation cannot be executed, or there is no such device.
    """
    from torch import Tensor

    from snnir.executors import TorchExecutor

    place = torch_device(device, network)
    counts: dict[str, Tensor] = {}
    active: dict[str, Tensor] = {}
    together: dict[str, Tensor] = {}

    poolings = poolings_of_spikes(network)
    pooled: dict[Operation, NDArray[np.float64]] = {}

    def count(layer: str, step: int, spikes: Tensor | None, membrane: Tensor) -> None:
        if spikes is None:
            return
        active_neurons = spikes != 0
        fired = active_neurons.sum(dim=0)
        for op in poolings.get(layer, ()):
            pooled[op] = pooled.get(op, np.zeros(3)) + pooled_counts(op, spikes)
        counts[layer] = counts[layer] + fired if layer in counts else fired
        if fired.ndim == 3:
            numbers = active_neurons.sum(dim=1)
            positions = (numbers != 0).sum(dim=0)
            times = numbers.flatten().bincount(minlength=spikes.shape[1] + 1)
            together[layer] = together[layer] + times if layer in together else times
            active[layer] = active[layer] + positions if layer in active else positions

    result = TorchExecutor(network, place).run(data.x, listener=count, progress=progress)
    timesteps = network.timesteps.value.data
    presentations = len(data) * timesteps
    layers = {
        name: LayerActivity(
            spikes.cpu().numpy(),
            presentations,
            active[name].cpu().numpy() if name in active else None,
            together[name].cpu().numpy() if name in together else None,
        )
        for name, spikes in counts.items()
    }
    accuracy = None if data.y is None else float(np.mean(result.labels == data.y))
    frames = input_activity(network, data.x)
    return Activity(layers, len(data), timesteps, result.labels, accuracy, frames,
                    {op: total / presentations for op, total in pooled.items()})  # fmt: skip


def measure_channel_rates(
    network: NetworkOpBase, layer: SpikingNeuronBase, data: Dataset, *, device: str = "cpu"
) -> NDArray[np.float64]:
    """Rates of the channels of one layer with spikes, as `LayerActivity.channel_rates`.

    What the layer does not depend on is not executed. Memory as for `measure_activity`.

    Raises:
        SNNError: the data do not fit, an operation cannot be executed, or there is no such device.
    """
    from snnir.executors import Presentation, TorchExecutor

    executor = TorchExecutor(network, torch_device(device, network), wanted=layer)
    presentation = Presentation(network, data.x)
    total = np.zeros(shape_of(layer.spikes.type), np.int64)
    for samples in presentation.batches():
        for step in executor.steps(presentation, samples):
            total += (step.values[layer.spikes] != 0).sum(dim=0).cpu().numpy()
    return LayerActivity(total, len(data) * presentation.timesteps).channel_rates


def record_activity(network: NetworkOpBase, activity: Activity) -> None:
    """Write the rates into the attributes of the neuron layers, replacing older ones.

    Raises:
        SNNError: at a layer; its shape is not the one that was measured.
    """
    for op, name in layer_names(network).items():
        if (layer := activity.layers.get(name)) is None:
            continue
        if shape_of(op.results[0].type) != layer.spikes.shape:
            raise error_at(op, f"was measured with the shape {layer.spikes.shape}")
        write_rates(op, layer.rate, layer.channel_rates, activity.samples)
        if layer.together is not None:
            shares = layer.together[1:] / max(int(layer.together[1:].sum()), 1)
            write_floats(op, POSITION_SPIKES, shares)
        if layer.active is not None:
            spikes = layer.spikes.sum(axis=0)
            for axis, active, fired in (
                (1, ACTIVE_ROWS, SPIKE_ROWS), (0, ACTIVE_COLUMNS, SPIKE_COLUMNS),
            ):  # fmt: skip
                write_floats(op, active, layer.active.sum(axis=axis) / layer.presentations)
                write_floats(op, fired, spikes.sum(axis=axis) / layer.presentations)
    for op, counts in activity.pooled.items():
        write_floats(op, POOLED_COUNTS, counts)
    if activity.input is not None:
        activity.input.record(network)
