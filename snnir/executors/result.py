# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What every executor returns, at every level."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, Operation

from snnir.dialects import snnrt
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.kernels.context import ORDER
from snnir.kernels.layout import Order, channels_last, logical_shape_of
from snnir.support.arrays import array_from_dense


def count_undecided(scores: NDArray) -> int:
    """The samples of `scores`, (samples, classes), that give all of several classes the same."""
    if scores.shape[-1] < 2:
        return 0
    return int(np.count_nonzero((scores == scores[:, :1]).all(axis=-1)))


def undecided_text(undecided: int, samples: int) -> str:
    """What to say of them."""
    return f"{undecided} of {samples} samples give every class the same score: class 0"


RecordMode = Literal["none", "spikes", "all"]
"""What to keep of every neuron layer at every step: nothing, spikes, or spikes and membranes."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Every neuron layer at every step, by layer name in program order.

    Attributes:
        spikes: bool (samples, timesteps, *shape) of each layer that can spike.
        membranes: (samples, timesteps, *shape) of each layer, float32 at the `snn` level and int32
            at `qsnn` and below: the values after each step. Empty when only spikes were recorded;
            layers whose generated code keeps another state than the membrane have none.
        computed: (*shape) of the layers of which only some neurons are computed, because nothing
            depends on the others: which.
        removed: of the layers that lost channels because they never fire: which neurons, in an
            array that broadcasts to the layer. They have no spikes, and membranes are not known.
    """

    spikes: dict[str, NDArray[np.bool_]]
    membranes: dict[str, NDArray]
    computed: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    removed: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def common(self, other: Recording) -> tuple[Recording, Recording]:
        """What both hold: spikes of the neurons and membranes of the layers that both compute."""
        return self._restricted(other), other._restricted(self)

    def _restricted(self, other: Recording) -> Recording:
        spikes = {}
        for name, values in self.spikes.items():
            for each in (self, other):
                if name in each.computed:
                    values = values & each.computed[name]
            spikes[name] = values
        # A layer that is computed window by window keeps another state than the membrane.
        packed = self.computed.keys() | other.computed.keys()
        membranes = {n: value for n, value in self.membranes.items() if n not in packed}
        for name in membranes:
            for each in (self, other):
                if name in each.removed:
                    membranes[name] = np.where(each.removed[name], 0, membranes[name])
        return Recording(spikes, membranes)


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


def logical_shape_of_layer(op: Operation) -> tuple[int, ...]:
    """Shape of a neuron layer, channels first."""
    if isinstance(op, snnrt.PackedNeuronsBase):
        return int_values(op.logical_shape)
    return _logical_shape(op.membrane.type)  # type: ignore[attr-defined]


def order_of_layer(op: Operation) -> Order:
    """The order of the buffers of a neuron layer: the one noted on it, else channels last."""
    if ORDER in op.attributes:
        return array_from_dense(op.attributes[ORDER])
    return channels_last(logical_shape_of_layer(op))


def computed_neurons(op: snnrt.PackedNeuronsBase) -> NDArray[np.bool_]:
    """Which neurons of a layer are computed, channels first."""
    computed = np.zeros(logical_shape_of_layer(op), np.bool_)
    computed.reshape(-1)[order_of_layer(op)] = True
    return computed


def computed_layers(op: snnrt.PackedNeuronsBase, name: str) -> dict[str, NDArray[np.bool_]]:
    """Which neurons are computed of the layers in a call, `name` and those that it hides."""
    return dict.fromkeys((name, *op.hidden_layers), computed_neurons(op))


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
        self._shapes: dict[str, tuple[int, ...]] = {}
        for op, name in layer_names(network).items():
            self._shapes[name] = logical_shape_of_layer(op)
            shape = (samples, timesteps, *self._shapes[name])
            packed = isinstance(op, snnrt.PackedNeuronsBase)
            if mode != "none" and (hasattr(op, "spikes") or packed):
                self._recording.spikes[name] = np.zeros(shape, np.bool_)
            if mode == "all" and not packed:
                self._recording.membranes[name] = np.zeros(shape, membrane_dtype)
            if mode != "none" and isinstance(op, snnrt.PackedNeuronsBase):
                self._recording.computed.update(computed_layers(op, name))
        self._mode = mode

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a layer, channels first."""
        return self._shapes[name]

    def store(
        self,
        name: str,
        samples: slice | int,
        step: int,
        spikes: NDArray | None,
        membrane: NDArray | None,
    ) -> None:
        """Store one layer's values of one step; spikes of any type, nonzero means a spike."""
        if name in self._recording.spikes:
            assert spikes is not None
            self._recording.spikes[name][samples, step] = spikes != 0
        if name in self._recording.membranes:
            assert membrane is not None
            self._recording.membranes[name][samples, step] = membrane

    @property
    def recording(self) -> Recording | None:
        """What was stored, or None if the mode is `none`."""
        return None if self._mode == "none" else self._recording
