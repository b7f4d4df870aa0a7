# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which channels of a network can only go together, and which cannot go at all.

Every index of axis 0 of every value belongs to a *group*. Linear layers and convolutions start new
groups; everything else that works channel by channel (pooling, neurons, batch normalisation,
scales, sums, concatenation, reshapes) hands the groups of its operands on, or joins them. So the
group of a channel holds its row in the layer that produces it, its neurons and their parameters,
and its columns in the layers that read it: what has to be removed together.

A register that holds the spikes of neurons belongs to their groups: what is fed back goes with who
sent it.

A removed channel counts as zero for whoever read it. A group is *pinned*, with a reason, where that
would not hold even if none of its neurons ever fires, or where its size is fixed from outside. All
of this is the same for `snn` and `qsnn` networks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from snnir.dialects import qsnn, snn
from snnir.dialects.layer_bases import ConvolutionBase, LinearBase, Pool2dBase
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.registers import ReadBase, RegisterBase, WriteBase
from snnir.dialects.snn_neurons import NeuronBase, SpikingNeuronBase
from snnir.layers.affine import groups_of

_IN_REGISTER = "a register holds them from step to step"

Groups = NDArray[np.int64]
"""Group numbers, one for each index of axis 0 of a value."""


@dataclass
class ChannelGroups:
    """The groups of all values of a network but its constants.

    Attributes:
        count: group numbers are below it.
        pins: why a group has to stay, by group number.
    """

    network: NetworkOpBase
    count: int = 0
    pins: dict[int, str] = field(default_factory=dict[int, str])
    _groups: dict[SSAValue, Groups] = field(default_factory=dict[SSAValue, Groups])

    def of(self, value: SSAValue) -> Groups:
        """The groups of a value's channels."""
        return self._groups[value]

    def spiking_layers(self) -> list[SpikingNeuronBase]:
        """The layers of an `snn` network whose spikes decide, in program order."""
        return [op for op in self.network.body.block.ops if isinstance(op, SpikingNeuronBase)]

    def affine_layers(self) -> list[LinearBase | ConvolutionBase]:
        """The layers that start groups, in program order."""
        ops = self.network.body.block.ops
        return [op for op in ops if isinstance(op, LinearBase | ConvolutionBase)]


def find_channel_groups(network: NetworkOpBase, *, keep_registers: bool = False) -> ChannelGroups:
    """Find the groups of a network.

    Args:
        keep_registers: pin what registers hold.
    """
    finder = _Finder(keep_registers)
    finder.start(network.frame)
    finder.pin([network.frame], "they are the network's input")
    for op in network.body.block.ops:
        finder.visit(op)
    return finder.finish(network)


class _Finder:
    """Walks a network in program order. Group numbers are joined as a forest of parents."""

    def __init__(self, keep_registers: bool) -> None:
        self._keep_registers = keep_registers
        self._registers: dict[Operation, Groups] = {}
        self._parents: list[int] = []
        self._groups: dict[SSAValue, Groups] = {}
        self._pins: list[tuple[int, str]] = []
        self._zero_when_silent: set[SSAValue] = set()
        """Values that are zero where none of the neurons before them fires."""

    def finish(self, network: NetworkOpBase) -> ChannelGroups:
        """The groups with their final numbers."""
        roots = np.array([self._root(group) for group in range(len(self._parents))], np.int64)
        names, numbers = np.unique(roots, return_inverse=True)
        pins: dict[int, str] = {}
        for group, reason in self._pins:
            pins.setdefault(int(numbers[group]), reason)
        groups = {value: numbers[own] for value, own in self._groups.items()}
        return ChannelGroups(network, len(names), pins, groups)

    def visit(self, op: Operation) -> None:
        """Give groups to the results of an operation."""
        match op:
            case snn.WeightOp() | RegisterBase() | qsnn.WeightOp():
                return
            case LinearBase() | ConvolutionBase():
                self._affine(op)
            case Pool2dBase() | snn.ScaleOp() | qsnn.ScaleOp():
                self._follow(op, op.operands[0])
            case snn.BatchNormOp():
                self._batch_norm(op)
            case snn.ReshapeOp() | snn.FlattenOp() | qsnn.ReshapeOp():
                self._reshape(op, op.input, op.result)
            case snn.AddOp() | qsnn.AddOp():
                self._follow(op, op.lhs, op.rhs)
            case snn.ConcatOp() | qsnn.ConcatOp():
                self._concat(op)
            case NeuronBase() | qsnn.NeuronBase():
                self._neurons(op)
            case snn.OutputOp() | qsnn.OutputOp():
                self.pin(op.operands, "the network returns them")
            case ReadBase():
                self._read(op)
            case WriteBase():
                self._write(op)
            case _:
                self._opaque(op, f"'{op.name}' is not understood")

    def start(self, value: SSAValue) -> None:
        """Give every channel of a value a group of its own."""
        self._groups[value] = self._new_groups(shape_of(value.type)[0])

    def _new_groups(self, channels: int) -> Groups:
        first = len(self._parents)
        self._parents.extend(range(first, first + channels))
        return np.arange(first, first + channels)

    def pin(self, values: Iterable[SSAValue], reason: str) -> None:
        """Keep all channels of some values."""
        for value in values:
            self._pins.extend((int(group), reason) for group in self._of(value))

    def _of(self, value: SSAValue) -> Groups:
        """The groups of an operand; a constant that is computed with like a value gets its own."""
        if value not in self._groups:
            self.start(value)
            self.pin([value], "a constant is computed with them")
        return self._groups[value]

    def _affine(self, op: LinearBase | ConvolutionBase) -> None:
        self.start(op.result)
        if op.input not in self._zero_when_silent:
            # Also a value that passed no neuron, such as the current of another layer.
            self.pin([op.input], f"'{op.name}' reads them, and they are not zero without spikes")
        if groups_of(op) != 1:
            self.pin([op.input, op.result], "a convolution in groups connects them")
        constants = (op.weight, op.bias)
        if any(value is not None and not _is_constant(value) for value in constants):
            self.pin([op.input, op.result], f"the weights of '{op.name}' are computed")

    def _follow(self, op: Operation, *sources: SSAValue) -> None:
        """All results have the channels of the sources, and are zero where all of these are."""
        first = self._of(sources[0])
        for other in sources[1:]:
            self._join(first, self._of(other))
        for result in op.results:
            self._groups[result] = first
            if all(source in self._zero_when_silent for source in sources):
                self._zero_when_silent.add(result)

    def _batch_norm(self, op: snn.BatchNormOp) -> None:
        # It maps zero to a constant, which the layers behind it integrate.
        self._groups[op.result] = self._of(op.input)
        if not all(map(_is_constant, (op.mean, op.variance, op.gamma, op.beta))):
            self.pin([op.input], "the batch normalisation's parameters are computed")

    def _concat(self, op: snn.ConcatOp | qsnn.ConcatOp) -> None:
        self._groups[op.result] = np.concatenate([self._of(value) for value in op.inputs])
        if all(value in self._zero_when_silent for value in op.inputs):
            self._zero_when_silent.add(op.result)

    def _reshape(self, op: Operation, source: SSAValue, result: SSAValue) -> None:
        """Row-major: an index of axis 0 stands for a run of consecutive elements."""
        groups, channels = self._of(source), shape_of(result.type)[0]
        if channels % len(groups) == 0:
            self._groups[result] = groups.repeat(channels // len(groups))
        elif len(groups) % channels == 0:
            runs = groups.reshape(channels, -1)
            for column in runs.T[1:]:
                self._join(runs[:, 0], column)
            self._groups[result] = runs[:, 0]
        else:
            self._opaque(op, f"'{op.name}' mixes them")
        if source in self._zero_when_silent:
            self._zero_when_silent.add(result)

    def _neurons(self, op: NeuronBase | qsnn.NeuronBase) -> None:
        self._follow(op, op.current)
        if not isinstance(op, SpikingNeuronBase | qsnn.SpikingNeuronBase):
            self.pin([op.current], f"'{op.name}' never spikes, its membrane is read")
            return
        for result in op.results:
            self._zero_when_silent.discard(result)
            if result is not op.spikes and result.uses:
                self.pin([result], "their membranes are read, not only their spikes")
        self._zero_when_silent.add(op.spikes)

    def _read(self, op: ReadBase) -> None:
        """The groups of what will be written, as far as that is only zero without spikes."""
        register = op.declaration
        if self._keep_registers or register.write is None or not _is_spikes(register.write.value):
            self._opaque(op, _IN_REGISTER)
            return
        self._groups[op.result] = self._of_register(register)
        self._zero_when_silent.add(op.result)

    def _write(self, op: WriteBase) -> None:
        if self._keep_registers or not _is_spikes(op.value):
            self._opaque(op, _IN_REGISTER)
            return
        self._join(self._of_register(op.declaration), self._of(op.value))

    def _of_register(self, register: RegisterBase) -> Groups:
        if register not in self._registers:
            self._registers[register] = self._new_groups(shape_of(register.type)[0])
        return self._registers[register]

    def _opaque(self, op: Operation, reason: str) -> None:
        """Keep everything that goes in or comes out."""
        for result in op.results:
            self.start(result)
        self.pin([*op.operands, *op.results], reason)

    def _join(self, first: Groups, second: Groups) -> None:
        for one, other in zip(first, second, strict=True):
            self._parents[self._root(int(other))] = self._root(int(one))

    def _root(self, group: int) -> int:
        while (parent := self._parents[group]) != group:
            # Halving the path keeps later look-ups short.
            self._parents[group] = group = self._parents[parent]
        return group


def _is_spikes(value: SSAValue) -> bool:
    """Whether a value is made of the spikes of neurons alone, channel by channel."""
    match owner := value.owner:
        case SpikingNeuronBase() | qsnn.SpikingNeuronBase():
            return value is owner.spikes
        case Pool2dBase() | snn.ScaleOp() | qsnn.ScaleOp():
            return _is_spikes(owner.operands[0])
        case _:
            return False


def _is_constant(value: SSAValue) -> bool:
    return isinstance(value.owner, snn.WeightOp | qsnn.WeightOp)
