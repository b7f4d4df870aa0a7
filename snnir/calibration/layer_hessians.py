# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hessians of the layers of a network on calibration data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from tqdm import tqdm

from snnir.calibration.activity import torch_device
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.network import NetworkOpBase
from snnir.layers.affine import groups_of
from snnir.layers.compressible import CompressibleLayer, compressible_layers

if TYPE_CHECKING:
    from torch import Tensor

    from snnir.compression.hessian import Rows
    from snnir.compression.layer_pruning import LayerProblem

Objective = Literal["membrane", "current"]
"""What must stay close: the membrane potential without spikes (OSBC), or the current (OBC)."""

Sequential = Literal["none", "asymmetric"]
"""Whether each layer is fitted on the inputs that the changed layers before it give."""

BATCH = 64
"""Samples that are executed together."""


def input_rows(layer: CompressibleLayer) -> Rows:
    """How an input (batch, *shape) becomes rows (groups, batch * positions, columns): im2col."""
    from torch.nn import functional

    op, groups = layer.op, groups_of(layer.op)
    if isinstance(op, snn.LinearOp):
        return lambda x: x[None]
    kernel = shape_of(op.weight.type)[2:]
    windows = [kernel, int_values(op.dilation), int_values(op.padding), int_values(op.stride)]
    if isinstance(op, snn.Conv1dOp):
        windows = [
            (neutral, *values) for neutral, values in zip((1, 1, 0, 1), windows, strict=True)
        ]

    def rows(x: Tensor) -> Tensor:
        image = x[:, :, None] if isinstance(op, snn.Conv1dOp) else x
        patches = functional.unfold(image, *windows)
        columns = patches.shape[1] // groups
        by_group = patches.reshape(len(x), groups, columns, -1)
        return by_group.permute(1, 0, 3, 2).reshape(groups, -1, columns)

    return rows


def measure_hessians(
    network: NetworkOpBase,
    layers: Sequence[CompressibleLayer],
    data: Dataset,
    objective: Objective = "membrane",
    *,
    device: str = "cpu",
    progress: bool = False,
) -> list[Tensor]:
    """The Hessian (groups, columns, columns) of each layer, from one execution of the network.

    Float64, on the CPU, not damped. Memory: one Hessian for each layer and the buffers of
    `HessianAccumulator`; nothing grows with the number of samples.

    Raises:
        SNNError: the data do not fit, an operation cannot be executed, or there is no such device.
    """
    from snnir.compression.hessian import HessianAccumulator
    from snnir.executors import Presentation, TorchExecutor

    executor = TorchExecutor(network, torch_device(device, network))
    presentation = Presentation(network, data.x)
    accumulators = [
        HessianAccumulator(input_rows(layer), _decays(layer, objective)) for layer in layers
    ]
    for samples in _batches(len(data), progress):
        for accumulator in accumulators:
            accumulator.start(samples.stop - samples.start)
        for step in executor.steps(presentation, samples):
            for layer, accumulator in zip(layers, accumulators, strict=True):
                accumulator.add(step.values[layer.op.input])
    return [accumulator.hessian().cpu() for accumulator in accumulators]


def measure_pair(
    network: NetworkOpBase,
    layer: CompressibleLayer,
    reference: NetworkOpBase,
    reference_layer: CompressibleLayer,
    data: Dataset,
    objective: Objective = "membrane",
    *,
    device: str = "cpu",
    progress: bool = False,
) -> tuple[Tensor, Tensor]:
    """Hessian of a layer, and `2 E[y y_reference^T]` with its inputs in another network.

    Both are (groups, columns, columns), as `measure_hessians` returns them.
    """
    from snnir.compression.hessian import HessianAccumulator
    from snnir.executors import Presentation, TorchExecutor

    place = torch_device(device, network)
    executors = [TorchExecutor(each, place) for each in (network, reference)]
    presentation = Presentation(network, data.x)
    accumulator = HessianAccumulator(
        input_rows(layer), _decays(layer, objective), with_reference=True
    )
    for samples in _batches(len(data), progress):
        accumulator.start(samples.stop - samples.start)
        runs = [executor.steps(presentation, samples) for executor in executors]
        for step, wanted in zip(*runs, strict=True):
            accumulator.add(step.values[layer.op.input], wanted.values[reference_layer.op.input])
    return accumulator.hessian().cpu(), accumulator.cross().cpu()


def layer_problems(
    network: NetworkOpBase,
    layers: Sequence[CompressibleLayer],
    data: Dataset,
    objective: Objective,
    sequential: Sequential,
    *,
    device: str = "cpu",
) -> Iterator[LayerProblem]:
    """What is to be compressed in each layer, in order, with progress bars.

    All is measured in one execution; with `sequential=asymmetric`, each layer when it is asked for,
    so that changes of the layers before it count, against the network as it is at the first.
    """
    import torch

    from snnir.compression.layer_pruning import LayerProblem

    if sequential == "none":
        hessians = measure_hessians(network, layers, data, objective, device=device, progress=True)
        for layer, hessian in zip(layers, hessians, strict=True):
            yield LayerProblem.build(torch.from_numpy(layer.matrices), hessian)
        return
    reference = network.clone()
    originals = compressible_layers(reference)
    for layer, original in zip(layers, originals, strict=True):
        hessian, cross = measure_pair(
            network, layer, reference, original, data, objective, device=device, progress=True
        )
        yield LayerProblem.build(torch.from_numpy(layer.matrices), hessian, cross)


def _decays(layer: CompressibleLayer, objective: Objective) -> tuple[float, ...]:
    return layer.decays if objective == "membrane" else ()


def _batches(samples: int, progress: bool) -> Iterator[slice]:
    """Slices of samples, with a progress bar on a terminal."""
    hidden = None if progress else True
    with tqdm(total=samples, desc="Hessians", unit="sample", disable=hidden) as bar:
        for start in range(0, samples, BATCH):
            stop = min(start + BATCH, samples)
            yield slice(start, stop)
            bar.update(stop - start)
