# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Data that fit a network, and their values as the integers that it takes."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, IntegerAttr

from snnir.data import Dataset, load_data
from snnir.data.source import RECORDING_KINDS
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import REAL_KINDS, InputKind
from snnir.support.atomic import PathLike
from snnir.support.diagnostics import SNNError

LARGEST_INPUT = 127
"""The largest value that an integer input can have."""


def load_samples(
    network: NetworkOpBase,
    source: Dataset | PathLike,
    bins: int | None = None,
    limit: int | None = None,
) -> Dataset:
    """Return data, or the data that a text names (`load_data`), checked to fit the network.

    Args:
        source: a data set; a text, as of `--data`; or the path of a `.npz` file.

    Recordings of events get as many time bins as the network has steps unless `bins` is given.

    Raises:
        SNNError: the data cannot be read, have other shapes or values than the network takes, or
            labels that it has no class for.
    """
    steps = network.timesteps.value.data
    if not isinstance(source, (Dataset, str, os.PathLike)):
        raise SNNError(
            f"data are of the type {type(source).__name__}; give a snnir.Dataset(x, y, name) or "
            "the text or path that names them"
        )
    if not isinstance(source, Dataset):
        source = os.fspath(source)
        if bins is not None and source.partition(":")[0] not in RECORDING_KINDS:
            raise SNNError(f"{source}: holds frames; --bins is for recordings of events")
        data = load_data(source, steps if bins is None else bins, limit)
    else:
        data = source.take(limit)
    _check_shape(network, data)
    _check_values(network, data)
    _check_labels(network, data)
    return data


def load_means(network: NetworkOpBase, source: str, limit: int | None = None) -> Dataset:
    """Return data that fit the network, or one frame for each sample: the mean of its time steps.

    Raises:
        SNNError: as `load_samples`.
    """
    data = load_data(source, network.timesteps.value.data, limit)
    if not data.is_static(shape_of(network.frame.type)):
        return load_samples(network, data)
    _check_labels(network, data)
    return data


def _check_labels(network: NetworkOpBase, data: Dataset) -> None:
    if data.y is not None and (largest := int(data.y.max())) >= (classes := class_count(network)):
        raise SNNError(
            f"{data.name}: y holds the class {largest}, but the network has {classes} "
            f"class{'es' * (classes > 1)}, counted from 0; leave y out if it holds no classes"
        )


def class_count(network: NetworkOpBase) -> int:
    """Return the number of classes that the readout of a network scores."""
    if network.population is not None:
        return network.population.value.data
    return element_count(shape_of(network.outputs[0].type))


def measure_input(network: NetworkOpBase, data: Dataset | None) -> tuple[int, float]:
    """Return the largest count and the scale for the integer input of a network.

    The largest count is twice that of the data, at least 1 and at most 127, so that samples not
    seen here have room; without data it is 127. The scale maps the largest magnitude of real-valued
    data to 127; without data it is 1 / 127.
    """
    if data is None:
        return LARGEST_INPUT, 1 / LARGEST_INPUT
    largest = max(abs(float(data.x.max())), abs(float(data.x.min())))
    if network.input.data in REAL_KINDS:
        # Rounded as the IR stores it, so that data and network agree on the unit.
        return LARGEST_INPUT, float(np.float32((largest or 1.0) / LARGEST_INPUT))
    return int(min(max(2 * largest, 1), LARGEST_INPUT)), 1 / LARGEST_INPUT


def integer_input(network: NetworkOpBase, x: NDArray) -> NDArray:
    """Return samples as the integers that a `qsnn` or `snnrt` network takes.

    Counts and spikes become uint8. Real values become int8: `x / input_scale`, rounded to nearest,
    halves to even, and clamped to `-input_maximum` and `input_maximum`.

    Raises:
        SNNError: a count is larger than the network was compiled for.
    """
    maximum = _attribute(network, "input_maximum", LARGEST_INPUT)
    if network.input.data in REAL_KINDS:
        scale = _attribute(network, "input_scale", 1.0)
        return rounded_values(x, scale, maximum)
    if (largest := x.max()) > maximum:
        raise SNNError(
            f"the data hold a count of {int(largest)}; the network takes up to {int(maximum)}"
            + (
                ", compile with a larger --input-maximum"
                if largest <= LARGEST_INPUT
                else "; store numpy.minimum(x, 127), or import the network with --input-kind values"
            )
        )
    return x.astype(np.uint8)


def rounded_values(x: NDArray, scale: float, maximum: int | float = LARGEST_INPUT) -> NDArray:
    """Real values as int8: `x / scale` to nearest, halves to even, clamped to the maximum."""
    return np.clip(np.rint(x / scale), -maximum, maximum).astype(np.int8)


def _attribute(network: NetworkOpBase, name: str, default: float) -> float:
    value = network.properties.get(name)
    return value.value.data if isinstance(value, IntegerAttr | FloatAttr) else default


def _check_shape(network: NetworkOpBase, data: Dataset) -> None:
    frame = shape_of(network.frame.type)
    steps = network.timesteps.value.data
    static_data = data.is_static(frame)
    if network.input.data is InputKind.STATIC_VALUES:
        if not static_data:
            raise SNNError(
                f"{data.name}: a sample has {data.x.shape[1]} frames, but the network takes one, "
                "which stays the same; import it with --input-kind event_counts or values"
            )
        return
    if static_data:
        raise SNNError(
            f"{data.name}: a sample is one frame, but the network takes {steps}; "
            "import it with --input-kind static_values to present the frame at every step"
        )
    if data.x.shape[1] != steps:
        remedy = (
            f"use --bins {steps}"
            if data.name.partition(":")[0] in RECORDING_KINDS
            else f"import the network with --timesteps {data.x.shape[1]}, or bin the data anew"
        )
        raise SNNError(
            f"{data.name}: a sample has {data.x.shape[1]} time "
            f"step{'s' if data.x.shape[1] > 1 else ''}, the network {steps}; {remedy}"
        )


def _check_values(network: NetworkOpBase, data: Dataset) -> None:
    if network.input.data in REAL_KINDS:
        return
    data.require_counts()
    if network.input.data is InputKind.BINARY_FRAMES and (largest := data.x.max()) > 1:
        raise SNNError(
            f"{data.name}: x holds the count {largest}, but the network takes binary frames; "
            "store x > 0, or import it with --input-kind event_counts"
        )
