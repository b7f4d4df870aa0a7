# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Second-order statistics of channels, streamed over samples and steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from snnir.calibration.activity import torch_device
from snnir.data import Dataset
from snnir.dialects.network import NetworkOpBase
from snnir.layers.affine import AffineOp

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 16
"""Samples that are executed together: currents of all layers are held for them."""


class Moments:
    """Sums of observations (n, channels) and of their products, in float64."""

    def __init__(self, channels: int):
        self.count = 0
        self._sum = np.zeros(channels)
        self._products = np.zeros((channels, channels))

    def add(self, values: Tensor) -> None:
        """Add observations, (batch, channels, *positions): each position of each sample is one."""
        rows = values.transpose(0, 1).reshape(values.shape[1], -1).double()
        self.count += rows.shape[1]
        self._sum += rows.sum(dim=1).cpu().numpy()
        self._products += (rows @ rows.T).cpu().numpy()

    @property
    def covariance(self) -> NDArray[np.float64]:
        """(channels, channels), about the mean."""
        mean = self._sum / self.count
        return self._products / self.count - np.outer(mean, mean)

    @property
    def second_moment(self) -> NDArray[np.float64]:
        """(channels, channels), about zero."""
        return self._products / self.count


@dataclass(frozen=True, eq=False)
class Reader:
    """A layer that reads the channels of another.

    Attributes:
        columns: int64 (channels, n): the indices of axis 0 of its input that come from each
            channel, position by position.
        decays: the leaks of the filter that turns its input into what its neurons' membranes see
            of it (`CompressibleLayer.decays`); none for the input as it is.
    """

    layer: AffineOp
    columns: NDArray[np.int64]
    decays: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class LayerMoments:
    """What is measured of one layer.

    Attributes:
        potentials: of the average accumulated membrane potential, `sum over t of (W x_t + b) / T`
            without leak and reset; every position of every sample is an observation.
        inputs: of what each reader of the layer gets at every step, leakily filtered.
    """

    potentials: Moments
    inputs: tuple[Moments, ...]


def measure_potentials(
    network: NetworkOpBase,
    layers: Sequence[tuple[AffineOp, Sequence[Reader]]],
    data: Dataset,
    *,
    device: str = "cpu",
    progress: bool = False,
) -> list[LayerMoments]:
    """Measure the channels of some layers, given with their readers, in one execution.

    Raises:
        SNNError: the data do not fit, an operation cannot be executed, or there is no such device.
    """
    import torch

    from snnir.compression.hessian import LeakyFilter
    from snnir.executors import Presentation, TorchExecutor

    executor = TorchExecutor(network, torch_device(device, network))
    presentation = Presentation(network, data.x)
    results = [_empty_moments(layer, readers) for layer, readers in layers]
    total = len(presentation) * presentation.timesteps
    with tqdm(total=total, unit="step", unit_scale=True, disable=None if progress else True) as bar:
        for samples in presentation.batches(BATCH):
            sums: list[Tensor | float] = [0.0] * len(layers)
            filters = [[LeakyFilter(reader.decays) for reader in each] for _, each in layers]
            for step in executor.steps(presentation, samples):
                for index, (layer, readers) in enumerate(layers):
                    sums[index] = sums[index] + step.values[layer.result]
                    parts = zip(readers, filters[index], results[index].inputs, strict=True)
                    for reader, filtered, moments in parts:
                        columns = torch.from_numpy(reader.columns).to(executor.device)
                        moments.add(filtered(step.values[reader.layer.input])[:, columns])
                bar.update(samples.stop - samples.start)
            for accumulated, result in zip(sums, results, strict=True):
                assert isinstance(accumulated, torch.Tensor)
                result.potentials.add(accumulated / presentation.timesteps)
    return results


def _empty_moments(layer: AffineOp, readers: Sequence[Reader]) -> LayerMoments:
    channels = layer.result.type.get_shape()[0]
    return LayerMoments(Moments(channels), tuple(Moments(channels) for _ in readers))
