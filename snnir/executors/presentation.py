# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the samples of an array are presented to a network, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import InputKind
from snnir.support.diagnostics import SNNError

BATCH = 64
"""Samples that are executed together where nothing else is said."""


class Presentation:
    """The input of one run.

    Args:
        x: bool, integer or floating-point. (samples, timesteps, *shape), or (samples, *shape) where
            the network's input kind is `static_values`. It is never converted as a whole.

    Raises:
        SNNError: `x` has another shape or type, another number of steps than the network, or no
            samples.
    """

    def __init__(self, network: NetworkOpBase, x: ArrayLike):
        self._x = np.asarray(x)
        self.timesteps: int = network.timesteps.value.data
        self.is_static = network.input.data is InputKind.STATIC_VALUES
        frame = shape_of(network.frame.type)
        expected = frame if self.is_static else (self.timesteps, *frame)
        if self._x.dtype.kind not in "buif":
            raise SNNError(f"the input has the data type {self._x.dtype}; numbers are needed")
        if self._x.shape[1:] != expected or self._x.ndim == 0:
            raise SNNError(
                f"the input has the shape {self._x.shape}; '@{network.sym_name.data}' takes "
                f"(samples, {', '.join(map(str, expected))})"
            )
        if len(self._x) == 0:
            raise SNNError("the input has no samples")

    def __len__(self) -> int:
        """Number of samples."""
        return len(self._x)

    def batches(self, size: int = BATCH) -> Iterator[slice]:
        """All samples in order, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield slice(start, min(start + size, len(self)))

    def frames(self, samples: slice | int, step: int, dtype: np.dtype | type) -> NDArray:
        """The frames of one step, (*samples, *shape) of the given type; a fresh array."""
        chosen = self._x[samples] if self.is_static else self._x[samples, step]
        return np.array(chosen, dtype, order="C")
