# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constants of neurons that halve their membrane: three instructions for two neurons.

See `snnrt/window_lif.h`. With membrane `V` before the spike, threshold `theta` and bias `b` the
state after a step is `z = theta - b - leak(V) + S * theta`, and the next step computes
`d = z - I = theta - V`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from snnir.dialects import qsnn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.qsnn import LEAK_ONE, Rounding
from snnir.dialects.snn_attributes import Compare, Reset, ResetTiming
from snnir.kernels.context import parameter_values
from snnir.kernels.layout import channels_last
from snnir.quantization.membrane_range import Interval, NeuronDynamics, membrane_range

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class HalvingResets:
    """`z` at the start, and what is added to `d` before it is halved, without and with a spike.

    Each holds one value, or one for each channel.
    """

    initial: Integers
    silent: Integers
    fired: Integers


def _fits(*arrays: Integers) -> bool:
    return all(-(1 << 15) <= array.min() and array.max() < 1 << 15 for array in arrays)


def halving_resets(op: qsnn.LIFOp, current: Interval, offset: int = 0) -> HalvingResets | None:
    """The constants, or None where the neurons are of another kind or need more than 16 bits.

    Args:
        current: range of the layer's input without bias and shift, one value for each channel.
        offset: what is added to every current, shift included.
    """
    shape = shape_of(op.membrane.type)
    order = channels_last(shape)
    leak = parameter_values(op.leak, shape, order).astype(np.int64)
    delayed_subtraction = op.reset.data is Reset.SUBTRACT and (
        op.reset_timing.data is ResetTiming.DELAYED
    )
    if not delayed_subtraction or leak.size != 1 or int(leak[0]) != LEAK_ONE // 2:
        return None
    threshold = parameter_values(op.threshold, shape, order).astype(np.int64)
    zero = np.zeros(1, np.int64)
    bias = zero if op.bias is None else parameter_values(op.bias, shape, order).astype(np.int64)
    low, high = (bound << op.shift.value.data for bound in current)
    dynamics = NeuronDynamics(
        leak, op.rounding.data, threshold, op.reset.data, op.reset_timing.data, op.compare.data
    )
    found = membrane_range((low + bias, high + bias), dynamics, 1 << 16)
    if found is None:
        return None
    # The spike is the sign of d: above theta with `gt`, above theta - 1 with `ge`.
    level = threshold - (1 if op.compare.data is Compare.GE else 0)
    half = 0 if op.rounding.data is Rounding.NEAREST else 1
    # z' = level - b - leak(V) + S * theta with V = level - d and leak(V) = (V + 1 - half) >> 1,
    # so z' = (d + 2 * (level - b + S * theta) - level + half) >> 1.
    # An offset of the current is part of z, and twice in what is halved.
    silent = level - 2 * bias + half + 2 * offset
    fired = silent + 2 * threshold
    initial = level - bias + offset + np.where(level < 0, threshold, 0)
    difference = level - found[1], level - found[0]
    quiet, firing = np.maximum(difference[1], 0), np.minimum(difference[0], 0)
    states = [(quiet + silent) >> 1, silent >> 1, (firing + fired) >> 1, fired >> 1]
    # Lanes without a channel have threshold 1 and no bias.
    unused = np.array([1 + 2 * offset], np.int64)
    if not _fits(unused, silent, fired, initial, *difference, *states, low + offset, high + offset):
        return None
    return HalvingResets(initial, silent, fired)
