# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Range analysis of a whole `qsnn` network: what every value can be, for any legal input.

Interval arithmetic, channel by channel, in program order: a layer sees what the neurons before it
can do, so a neuron that is proven silent counts as zero behind it. Legal inputs are those that
`input_maximum` and `input_density` of the network admit. Registers hold nothing at first, and what
is found to be written as soon as it is: the network is analysed until nothing is added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import int_values, shape_of
from snnir.dialects.snn_attributes import REAL_KINDS, Compare
from snnir.quantization.alpha_range import AlphaDynamics, alpha_ranges
from snnir.quantization.membrane_range import Interval, NeuronDynamics, membrane_range
from snnir.quantization.sum_range import sum_range
from snnir.quantization.values import smallest_extent, type_bounds
from snnir.support.arrays import array_from_dense

LIMIT = 1 << 31
"""Membranes beyond it are no longer followed: nothing is known about such a layer."""

MOST_ROUNDS = 8
"""Analyses of a network with registers; if spikes still reach new neurons then, all may spike."""


@dataclass
class NetworkRanges:
    """What is known about the values of a network.

    Attributes:
        ranges: smallest and largest value, in arrays that broadcast to the value's shape.
        silent: for each spiking layer, which channels never fire, bool (channels,).
    """

    ranges: dict[SSAValue, Interval] = field(default_factory=dict[SSAValue, Interval])
    silent: dict[qsnn.SpikingNeuronBase, NDArray[np.bool_]] = field(
        default_factory=dict[qsnn.SpikingNeuronBase, NDArray[np.bool_]]
    )
    _window_sums: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])

    def full(self, value: SSAValue) -> Interval:
        """Bounds of every element of a value."""
        low, high = self.ranges[value]
        shape = shape_of(value.type)
        return np.broadcast_to(low, shape), np.broadcast_to(high, shape)

    def per_channel(self, value: SSAValue) -> Interval:
        """Bounds of every channel of a value, (channels, 1, …)."""
        low, high = self.full(value)
        trailing = [1] * (low.ndim - 1)
        return (
            low.reshape(len(low), -1).min(axis=1).reshape(-1, *trailing),
            high.reshape(len(high), -1).max(axis=1).reshape(-1, *trailing),
        )

    def define(self, value: SSAValue, low: NDArray, high: NDArray) -> None:
        """Record the bounds of a value at the smallest extent."""
        shape = shape_of(value.type)
        self.ranges[value] = (smallest_extent(low, shape), smallest_extent(high, shape))


def network_ranges(network: qsnn.NetworkOp) -> NetworkRanges:
    """Analyse a network."""
    registers = [op for op in network.body.block.ops if isinstance(op, qsnn.RegisterOp)]
    held: dict[Operation, NDArray[np.int64]] = {
        op: np.zeros(shape_of(op.type), np.int64) for op in registers
    }
    for _ in range(MOST_ROUNDS):
        found = _analyse(network, held)
        written: dict[Operation, NDArray[np.int64]] = {
            op: np.maximum(held[op], _written(found, op)) for op in registers
        }
        if all((written[op] == held[op]).all() for op in registers):
            return found
        held = written
    return _analyse(network, {op: np.ones_like(most) for op, most in held.items()})


def _written(found: NetworkRanges, op: qsnn.RegisterOp) -> NDArray[np.int64]:
    """The most that is written to each element of a register."""
    write = op.write
    return np.zeros((), np.int64) if write is None else found.full(write.value)[1]


def _analyse(network: qsnn.NetworkOp, held: dict[Operation, NDArray[np.int64]]) -> NetworkRanges:
    """One walk through the network, with the most that each element of a register may hold."""
    found = NetworkRanges()
    maximum = np.asarray(network.input_maximum.value.data, np.int64)
    signed = network.input.data in REAL_KINDS
    found.define(network.frame, -maximum if signed else 0 * maximum, maximum)
    if network.input_density is not None:
        found._window_sums[network.frame] = network.input_density.limit
    for op in network.body.block.ops:
        if isinstance(op, qsnn.ReadOp):
            most = held[op.declaration]
            found.define(op.result, 0 * most, most)
        elif type(op) in _RULES:
            _RULES[type(op)](found, op)
    return found


def _weight(value: SSAValue) -> NDArray[np.int64] | None:
    if not isinstance(owner := value.owner, qsnn.WeightOp):
        return None
    return array_from_dense(owner.value).astype(np.int64)


def _affine(found: NetworkRanges, op: qsnn.LinearOp | qsnn.Conv2dOp) -> None:
    weight = _weight(op.weight)
    bias = np.zeros((), np.int64) if op.bias is None else _weight(op.bias)
    if weight is None or bias is None:
        _unknown(found, op.result)
        return
    groups = 1 if isinstance(op, qsnn.LinearOp) else op.groups.value.data
    bounds = [
        bound.reshape(groups, -1).repeat(len(weight) // groups, axis=0)
        for bound in found.per_channel(op.input)
    ]
    low, high = (b.reshape(*weight.shape[:2], *[1] * (weight.ndim - 2)) for b in bounds)
    sums = sum_range(weight, low, high, found._window_sums.get(op.input))
    trailing = [1] * (len(shape_of(op.result.type)) - 1)
    found.define(op.result, *((bound + bias).reshape(-1, *trailing) for bound in sums))


def _unknown(found: NetworkRanges, value: SSAValue) -> None:
    low, high = type_bounds(element_type_of(value.type))
    found.define(value, np.asarray(low, np.int64), np.asarray(high, np.int64))


def _max_pool(found: NetworkRanges, op: qsnn.MaxPool2dOp) -> None:
    found.define(op.result, *found.per_channel(op.input))


def _sum_pool(found: NetworkRanges, op: qsnn.SumPool2dOp) -> None:
    low, high = found.per_channel(op.input)
    size = int(np.prod(int_values(op.kernel)))
    found.define(op.result, np.minimum(low, 0) * size, np.maximum(high, 0) * size)


def _reshape(found: NetworkRanges, op: qsnn.ReshapeOp) -> None:
    shape = shape_of(op.result.type)
    found.define(op.result, *(bound.reshape(shape) for bound in found.full(op.input)))
    if op.input in found._window_sums:
        found._window_sums[op.result] = found._window_sums[op.input]


def _add(found: NetworkRanges, op: qsnn.AddOp) -> None:
    lhs, rhs = found.full(op.lhs), found.full(op.rhs)
    found.define(op.result, lhs[0] + rhs[0], lhs[1] + rhs[1])


def _scale(found: NetworkRanges, op: qsnn.ScaleOp) -> None:
    factor = _parameter(op.factor)
    products = [np.asarray(bound * factor) for bound in found.full(op.input)]
    found.define(op.result, np.minimum(*products), np.maximum(*products))


def _concat(found: NetworkRanges, op: qsnn.ConcatOp) -> None:
    bounds = [found.full(value) for value in op.inputs]
    found.define(op.result, *(np.concatenate([b[side] for b in bounds]) for side in (0, 1)))


def _parameter(attribute: Attribute) -> NDArray[np.int64]:
    if isinstance(attribute, IntegerAttr):
        return np.asarray(attribute.value.data, np.int64)
    assert isinstance(attribute, DenseIntOrFPElementsAttr)
    return array_from_dense(attribute).astype(np.int64)


def _drive(found: NetworkRanges, op: qsnn.NeuronBase) -> Interval:
    """Range of `x`, the input of neurons with bias and shift."""
    bias = np.zeros((), np.int64) if op.bias is None else _parameter(op.bias)
    low, high = (
        smallest_extent((bound << op.shift.value.data) + bias, shape_of(op.current.type))
        for bound in found.full(op.current)
    )
    return low, high


def _define_state(found: NetworkRanges, value: SSAValue, range: Interval) -> None:
    """Record the bounds of a state, which its type may clamp."""
    smallest, largest = type_bounds(element_type_of(value.type))
    found.define(value, *(np.clip(bound, smallest, largest) for bound in range))


def _membrane(
    found: NetworkRanges, op: qsnn.LIFOp | qsnn.LIOp, dynamics: NeuronDynamics
) -> Interval | None:
    """Range of the membrane before it is clamped, if that is finite.

    Clamping moves values towards zero, which every such range holds: it stays valid.
    """
    if (range := membrane_range(_drive(found, op), dynamics, LIMIT)) is None:
        _unknown(found, op.membrane)
        return None
    _define_state(found, op.membrane, range)
    return range


def _lif(found: NetworkRanges, op: qsnn.LIFOp) -> None:
    dynamics = NeuronDynamics(
        _parameter(op.leak), op.rounding.data, _parameter(op.threshold), op.reset.data,
        op.reset_timing.data, op.compare.data,
    )  # fmt: skip
    _spikes(found, op, _membrane(found, op, dynamics), dynamics.quiet_maximum)


def _spikes(
    found: NetworkRanges,
    op: qsnn.SpikingNeuronBase,
    range: Interval | None,
    quiet_maximum: NDArray[np.int64],
) -> None:
    """Which neurons may fire, by the range of their membranes."""
    shape = shape_of(op.current.type)
    quiet = np.zeros(shape, np.bool_)
    if range is not None:
        quiet[...] = range[1] <= quiet_maximum
    else:
        # Not all of a layer is unknown: without input a membrane stays zero.
        low, high = _drive(found, op)
        quiet[...] = (low == 0) & (high == 0) & (quiet_maximum >= 0)
    found.define(op.spikes, np.zeros((), np.int64), (~quiet).astype(np.int64))
    found.silent[op] = np.asarray(quiet.reshape(shape[0], -1).all(axis=1))


def _li(found: NetworkRanges, op: qsnn.LIOp) -> None:
    _membrane(found, op, NeuronDynamics(_parameter(op.leak), op.rounding.data, None))


def _alpha(found: NetworkRanges, op: qsnn.AlphaOp) -> None:
    zero, threshold = np.zeros((), np.int64), _parameter(op.threshold)
    dynamics = AlphaDynamics(
        _parameter(op.excitatory_leak), _parameter(op.inhibitory_leak), op.rounding.data,
        *(zero if value is None else _parameter(value) for value in (op.decrement, op.recall)),
    )  # fmt: skip
    quiet = threshold - (1 if op.compare.data is Compare.GE else 0)
    drive = _drive(found, op)
    # A neuron that does not reach its threshold without ever being reset is never reset.
    free = alpha_ranges(drive, dynamics.without_reset(np.ones((), np.bool_)), LIMIT)
    if free is not None:
        dynamics = dynamics.without_reset(free.membrane[1] <= quiet)
    ranges = alpha_ranges(drive, dynamics, LIMIT)
    for value in (op.excitatory, op.inhibitory, op.membrane):
        if ranges is None:
            _unknown(found, value)
    if ranges is not None:
        _define_state(found, op.excitatory, ranges.excitatory)
        _define_state(found, op.inhibitory, ranges.inhibitory)
        _define_state(found, op.membrane, ranges.membrane)
    _spikes(found, op, None if ranges is None else ranges.membrane, quiet)


_RULES: dict[type[Operation], Callable[..., None]] = {
    qsnn.LinearOp: _affine,
    qsnn.Conv2dOp: _affine,
    qsnn.MaxPool2dOp: _max_pool,
    qsnn.SumPool2dOp: _sum_pool,
    qsnn.ReshapeOp: _reshape,
    qsnn.AddOp: _add,
    qsnn.ScaleOp: _scale,
    qsnn.ConcatOp: _concat,
    qsnn.LIFOp: _lif,
    qsnn.LIOp: _li,
    qsnn.AlphaOp: _alpha,
}
