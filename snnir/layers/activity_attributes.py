# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Discardable attributes of spiking neuron layers that say how often they fire.

`snn-measure-activity` and passes that measure write them; passes that choose kernels or budgets by
activity read them; passes that change a layer erase them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, f32, i64
from xdsl.ir import Operation

from snnir.support.arrays import array_from_dense, dense_from_array

RATE = "rate"
"""Spikes per neuron and step, `f32`."""
CHANNEL_RATES = "channel_rates"
"""The same for each index of axis 0, `dense<…> : tensor<channels x f32>`."""
RATE_SAMPLES = "rate_samples"
"""The number of samples that both were measured on, `i64`."""


def write_rates(op: Operation, rate: float, channel_rates: NDArray, samples: int) -> None:
    """Record the rates of a layer, replacing older ones."""
    op.attributes[RATE] = FloatAttr(float(np.float32(rate)), f32)
    op.attributes[CHANNEL_RATES] = dense_from_array(channel_rates.astype(np.float32))
    op.attributes[RATE_SAMPLES] = IntegerAttr(samples, i64)


def erase_rates(op: Operation) -> None:
    """Forget the rates of a layer that no longer has them."""
    for name in (RATE, CHANNEL_RATES, RATE_SAMPLES):
        op.attributes.pop(name, None)


def rate_of(op: Operation) -> float | None:
    """The recorded rate of a layer, or None."""
    value = op.attributes.get(RATE)
    return value.value.data if isinstance(value, FloatAttr) else None


def channel_rates_of(op: Operation) -> NDArray[np.float32] | None:
    """The recorded rates of a layer's channels, (channels,), or None."""
    value = op.attributes.get(CHANNEL_RATES)
    return array_from_dense(value) if isinstance(value, DenseIntOrFPElementsAttr) else None
