# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The samples that calibration, validation and accuracy measurements are made on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from snnir.support.diagnostics import SNNError


def balanced_subset(labels: np.ndarray, limit: int | None) -> np.ndarray:
    """Return the ascending positions, int64 (chosen,), of a class-balanced subset of `labels`.

    The classes take turns in ascending order, each giving its next sample in data order, until
    `limit` samples are chosen: class sizes differ by one at most while no class runs out. `None`,
    or a limit not below the number of samples, chooses all. The choice depends on nothing else, and
    a smaller limit chooses a subset of what a larger one chooses.

    Raises SNNError when `limit` is below one.
    """
    if limit is None:
        return np.arange(len(labels))
    if limit < 1:
        raise SNNError(f"the number of samples must be 1 or more, not {limit}")
    # A stable sort by class, then the rank of every sample within its class.
    by_class = np.argsort(labels, kind="stable")
    _, first, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    rank = np.empty(len(labels), dtype=np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(first, counts)
    return np.sort(np.lexsort((labels, rank))[:limit])


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with or without labels.

    Attributes:
        x: (samples, timesteps, *shape), or (samples, *shape) for an input that stays the same in
            every time step; bool, integer or floating-point, finite.
        y: class labels, int64 (samples,), not negative; None when the samples have no labels.
        name: what the data are called in messages and reports, for example the path of the file.

    Raises SNNError on construction when the arrays are not as described.
    """

    x: np.ndarray
    y: np.ndarray | None
    name: str

    def __post_init__(self) -> None:
        if self.x.dtype.kind not in "buif":
            raise SNNError(
                f"{self.name}: x has the data type {self.x.dtype}; "
                "bool, integer or floating-point values are needed"
            )
        if self.x.ndim < 2:
            raise SNNError(
                f"{self.name}: x has the shape {self.x.shape}; "
                "(samples, timesteps, ...) or (samples, ...) is needed"
            )
        if self.x.size == 0:
            raise SNNError(f"{self.name}: x has the shape {self.x.shape}, which holds no value")
        # Extremes show every NaN and infinity without a temporary array as large as x.
        with np.errstate(invalid="ignore"):
            finite = self.x.dtype.kind != "f" or np.isfinite([self.x.min(), self.x.max()]).all()
        if not finite:
            sample = next(i for i, one in enumerate(self.x) if not np.isfinite(one).all())
            raise SNNError(
                f"{self.name}: x holds NaN or infinity, first in sample {sample}; "
                "remove the sample or repair its values"
            )
        if self.y is None:
            return
        if self.y.dtype != np.int64:
            raise SNNError(
                f"{self.name}: y has the data type {self.y.dtype}; int64 class numbers are needed"
            )
        if self.y.shape != (len(self.x),):
            hint = ""
            if self.y.ndim == 1 and self.x.shape[1:2] == self.y.shape:
                hint = "; samples come first in x, then time steps: store x.swapaxes(0, 1)"
            raise SNNError(
                f"{self.name}: y has the shape {self.y.shape}; one class number per sample, "
                f"({len(self.x)},), is needed{hint}"
            )
        if self.y.min() < 0:
            sample = int(np.argmax(self.y < 0))
            raise SNNError(f"{self.name}: y[{sample}] is {self.y[sample]}; classes count from 0")

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.x)

    def take(self, limit: int | None) -> Dataset:
        """Return `limit` samples in their order here, class-balanced (`balanced_subset`).

        Samples without labels count as one class: the first `limit` are taken. `None`, or a limit
        not below the number of samples, returns the data set itself.

        Raises SNNError when `limit` is below one.
        """
        labels = np.zeros(len(self), dtype=np.int64) if self.y is None else self.y
        chosen = balanced_subset(labels, limit)
        if len(chosen) == len(self):
            return self
        return Dataset(self.x[chosen], None if self.y is None else self.y[chosen], self.name)

    def labels(self) -> np.ndarray:
        """Return `y`. Raises SNNError when the samples have no labels."""
        if self.y is None:
            raise SNNError(
                f"{self.name}: the samples have no labels; "
                "an accuracy needs class numbers under the key y"
            )
        return self.y

    def is_static(self, input_shape: tuple[int, ...]) -> bool:
        """Return whether a sample is one frame of `input_shape` and not a sequence of such frames.

        Raises SNNError when it is neither.
        """
        if self.x.shape[1:] == input_shape:
            return True
        if self.x.shape[2:] == input_shape and self.x.ndim > 2:
            return False
        extents = ", ".join(map(str, input_shape))
        raise SNNError(
            f"{self.name}: a sample has the shape {self.x.shape[1:]}; the network takes frames of "
            f"{input_shape}, so {input_shape} or (timesteps, {extents}) is needed"
            + _shape_remedy(self.x.shape[1:], input_shape)
        )

    def is_counts(self) -> bool:
        """Return whether every value of `x` is a whole number and none is negative."""
        if self.x.dtype.kind in "bu":
            return True
        if self.x.min() < 0:
            return False
        return self.x.dtype.kind == "i" or all(np.array_equal(one, np.floor(one)) for one in self.x)

    def require_counts(self) -> None:
        """Raise SNNError, naming the first offending sample, unless `is_counts`."""
        if self.is_counts():
            return
        for sample, one in enumerate(self.x):
            wrong = one[(one < 0) | (one != np.floor(one))]
            if wrong.size:
                raise SNNError(
                    f"{self.name}: x holds {wrong[0]} in sample {sample}; "
                    "event counts must be whole numbers from 0 up; import the network with "
                    "--input-kind values (static_values for one image), or encode the samples as "
                    "spikes (snntorch.spikegen)"
                )


def _shape_remedy(sample: tuple[int, ...], frame: tuple[int, ...]) -> str:
    """What makes frames of `frame` of samples that have the values but another shape."""
    for steps, given in ((), sample), (("x.shape[1]",), sample[1:]):
        if not given or math.prod(given) != math.prod(frame):
            continue
        if len(given) == 1 or len(frame) == 1 or _without_ones(given) == _without_ones(frame):
            extents = ", ".join(("len(x)", *steps, *map(str, frame)))
            return f"; store x.reshape({extents})"
        if sorted(given) == sorted(frame):
            return "; store the axes in that order, with x.transpose(...)"
    return ""


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(extent for extent in shape if extent != 1)
