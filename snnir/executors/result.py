# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What every executor returns, at every level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute

from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.kernels.layout import logical_shape_of

RecordMode = Literal["none", "spikes", "all"]
"""What to keep of every neuron layer at every step: nothing, spikes, or spikes and membranes."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Every neuron layer at every step, by layer name in program order.

    Attributes:
        spikes: bool (samples, timesteps, *shape) of each layer that can spike.
        membranes: (samples, timesteps, *shape) of each layer, float32 at the `snn` level and int32
            at `qsnn` and below: the values after each step. Empty when only spikes were recorded.
    """

    spikes: dict[str, NDArray[np.bool_]]
    membranes: dict[str, NDArray]


@dataclass(frozen=True, eq=False)
class ExecutionResult:
    """What a network computed for a number of samples.

    Attributes:
        scores: (samples, classes), int64 or float64 as the readout defines (`ReadoutAccumulator`).
        labels: (samples,), the class with the highest score, the lowest such class on a tie.
        recording: the neuron layers at every step, if it was asked for.
    """

    scores: NDArray
    labels: NDArray[np.int64]
    recording: Recording | None = None

    @classmethod
    def from_scores(cls, scores: NDArray, recording: Recording | None = None) -> ExecutionResult:
        """The result with the labels that follow from the scores."""
        return cls(scores, np.argmax(scores, axis=1).astype(np.int64), recording)


def _logical_shape(type: Attribute) -> tuple[int, ...]:
    """Shape of a tensor, or of the tensor that a channels-last buffer holds."""
    shape = shape_of(type)
    return logical_shape_of(shape) if isinstance(type, MemRefType) else shape


class Recorder:
    """Fills a `Recording` from the results of neuron layers, some samples and one step at a time.

    `membrane_dtype` is float32 at the `snn` level, int32 below.
    """

    def __init__(
        self,
        network: NetworkOpBase,
        samples: int,
        mode: RecordMode,
        membrane_dtype: np.dtype | type = np.float32,
    ):
        timesteps = network.timesteps.value.data
        self._recording = Recording({}, {})
        for op, name in layer_names(network).items():
            shape = (samples, timesteps, *_logical_shape(op.membrane.type))  # type: ignore
            if mode != "none" and hasattr(op, "spikes"):
                self._recording.spikes[name] = np.zeros(shape, np.bool_)
            if mode == "all":
                self._recording.membranes[name] = np.zeros(shape, membrane_dtype)
        self._mode = mode

    def store(
        self, name: str, samples: slice | int, step: int, spikes: NDArray | None, membrane: NDArray
    ) -> None:
        """Store one layer's values of one step; spikes of any type, nonzero means a spike."""
        if name in self._recording.spikes:
            assert spikes is not None
            self._recording.spikes[name][samples, step] = spikes != 0
        if name in self._recording.membranes:
            self._recording.membranes[name][samples, step] = membrane

    @property
    def recording(self) -> Recording | None:
        """What was stored, or None if the mode is `none`."""
        return None if self._mode == "none" else self._recording
