# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hessians of the layers of a network on calibration data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tqdm import tqdm

from snnir.calibration.activity import torch_device
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import Readout
from snnir.layers.affine import groups_of
from snnir.layers.compressible import CompressibleLayer, compressible_layers
from snnir.layers.downstream import downstream_energy
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from torch import Tensor

    from snnir.compression.hessian import Rows
    from snnir.compression.layer_pruning import LayerProblem
    from snnir.executors import Presentation

Objective = Literal["membrane", "current"]
"""What must stay close: the membrane potential without spikes (OSBC), or the current (OBC)."""

Importance = Literal["equal", "downstream"]
"""How the rows of a layer compete: as they are, or weighted by `downstream_energy`."""

Sequential = Literal["none", "asymmetric"]
"""Whether each layer is fitted on the inputs that the changed layers before it give."""


@dataclass(frozen=True)
class HessianOptions:
    """How Hessians are measured.

    Attributes:
        readout_decay: decay of the filter of layers whose spikes the readout counts; None for the
            filter of all others, see `filter_decays`.
        device: where the network is executed, as torch names it.
        progress: whether a bar is shown on a terminal.
    """

    objective: Objective = "membrane"
    readout_decay: float | None = None
    device: str = "cpu"
    progress: bool = False


def input_rows(layer: CompressibleLayer) -> Rows:
    """How an input (batch, *shape) becomes rows (groups, batch * positions, columns): im2col."""
    from torch.nn import functional

    op, groups = layer.op, groups_of(layer.op)
    if isinstance(op, snn.LinearOp):
        return lambda x: x[None]
    kernel, dilation, padding, stride = (
        values if len(values) == 2 else (neutral, *values)
        for neutral, values in (
            (1, shape_of(op.weight.type)[2:]),
            (1, int_values(op.dilation)),
            (0, int_values(op.padding)),
            (1, int_values(op.stride)),
        )
    )

    def rows(x: Tensor) -> Tensor:
        image = x[:, :, None] if isinstance(op, snn.Conv1dOp) else x
        image = functional.pad(image, (padding[1], padding[1], padding[0], padding[0])).contiguous()
        samples, channels, *lengths = image.shape
        of_sample, of_channel, *of_position = image.stride()
        positions = [
            (length - dilated * (size - 1) - 1) // step + 1
            for length, dilated, size, step in zip(lengths, dilation, kernel, stride, strict=True)
        ]
        # One copy with all positions of a column side by side; `functional.unfold` takes three.
        windows = image.as_strided(
            (channels, *kernel, samples, *positions),
            (
                of_channel,
                *(each * dilated for each, dilated in zip(of_position, dilation, strict=True)),
                of_sample,
                *(each * step for each, step in zip(of_position, stride, strict=True)),
            ),
        )
        columns = channels * kernel[0] * kernel[1] // groups
        return windows.reshape(groups, columns, -1).mT

    return rows


def measure_hessians(
    network: NetworkOpBase,
    layers: Sequence[CompressibleLayer],
    data: Dataset,
    options: HessianOptions,
) -> list[Tensor]:
    """The Hessian (groups, columns, columns) of each layer, from one execution of the network.

    Float64, on the CPU, not damped. Memory: one Hessian for each layer and the buffers of
    `HessianAccumulator`; nothing grows with the number of samples.

    Raises:
        SNNError: the data do not fit, an operation cannot be executed, or there is no such device.
    """
    from snnir.compression.hessian import HessianAccumulator
    from snnir.executors import Presentation, TorchExecutor

    executor = TorchExecutor(network, torch_device(options.device, network))
    presentation = Presentation(network, data.x)
    accumulators = [
        HessianAccumulator(
            input_rows(layer),
            filter_decays(network, layer, options.objective, options.readout_decay),
        )
        for layer in layers
    ]
    for samples in _batches(presentation, options.progress):
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
    options: HessianOptions,
) -> tuple[Tensor, Tensor]:
    """Hessian of a layer, and `2 E[y y_reference^T]` with its inputs in another network.

    Both are (groups, columns, columns), as `measure_hessians` returns them.
    """
    from snnir.compression.hessian import HessianAccumulator
    from snnir.executors import Presentation, TorchExecutor

    place = torch_device(options.device, network)
    executors = [TorchExecutor(each, place) for each in (network, reference)]
    presentation = Presentation(network, data.x)
    decays = filter_decays(network, layer, options.objective, options.readout_decay)
    accumulator = HessianAccumulator(input_rows(layer), decays, with_reference=True)
    for samples in _batches(presentation, options.progress):
        accumulator.start(samples.stop - samples.start)
        runs = [executor.steps(presentation, samples) for executor in executors]
        for step, wanted in zip(*runs, strict=True):
            accumulator.add(step.values[layer.op.input], wanted.values[reference_layer.op.input])
    return accumulator.hessian().cpu(), accumulator.cross().cpu()


def layer_problems(
    network: NetworkOpBase,
    layers: Sequence[CompressibleLayer],
    data: Dataset,
    options: HessianOptions,
    sequential: Sequential,
    importance: Importance = "equal",
) -> Iterator[LayerProblem]:
    """What is to be compressed in each layer, in order.

    All is measured in one execution; with `sequential=asymmetric`, each layer when it is asked for,
    so that changes of the layers before it count, against the network as it is at the first.
    """
    import torch

    from snnir.compression.layer_pruning import LayerProblem

    # Before anything changes: the layers behind still have all their weights.
    shares = [_importance(network, layer, importance) for layer in layers]
    if sequential == "none":
        hessians = measure_hessians(network, layers, data, options)
        for layer, hessian, share in zip(layers, hessians, shares, strict=True):
            yield LayerProblem.build(torch.from_numpy(layer.matrices), hessian, importance=share)
        return
    reference = network.clone()
    originals = compressible_layers(reference)
    for layer, original, share in zip(layers, originals, shares, strict=True):
        hessian, cross = measure_pair(network, layer, reference, original, data, options)
        weight = torch.from_numpy(layer.matrices)
        yield LayerProblem.build(weight, hessian, cross, importance=share)


def filter_decays(
    network: NetworkOpBase,
    layer: CompressibleLayer,
    objective: Objective,
    readout_decay: float | None = None,
) -> tuple[float, ...]:
    """The decays of the filter that makes the inputs of a layer those of its Hessian.

    With `objective=membrane` they are those of the neurons, of the linear model of arXiv 2506.03996
    (OSBC); with `current` there are none (OBC). A network that decides by the number of spikes of
    its last layer does not care when they come: with `readout_decay` the errors of that layer are
    summed with the memory of that decay, for either objective. This is the Van Rossum distance of
    OSBC's later versions with the time constant of the decision instead of the membrane's.
    """
    read = layer.neuron is not None and network.outputs[0] in layer.neuron.results
    if readout_decay is not None and read and network.readout.data == Readout.SPIKE_COUNT:
        return (readout_decay,)
    return layer.decays if objective == "membrane" else ()


def check_readout_decay(network: NetworkOpBase, decay: float | None) -> None:
    """Raise SNNError, at the network, for an option `readout-decay` outside 0 to 1."""
    if decay is not None and not 0 <= decay <= 1:
        raise error_at(network, f"option readout-decay must be 0 to 1, got {decay}")


def _importance(
    network: NetworkOpBase, layer: CompressibleLayer, importance: Importance
) -> Tensor | None:
    """Importance of each row, (groups, rows)."""
    import torch

    if importance == "equal":
        return None
    energy = downstream_energy(network, layer.op)
    return torch.from_numpy(energy).reshape(layer.matrices.shape[:2])


def _batches(presentation: Presentation, progress: bool) -> Iterator[slice]:
    """Slices of samples, with a progress bar on a terminal."""
    hidden = None if progress else True
    with tqdm(total=len(presentation), desc="Hessians", unit="sample", disable=hidden) as bar:
        for samples in presentation.batches():
            yield samples
            bar.update(samples.stop - samples.start)
