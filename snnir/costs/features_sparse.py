# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What convolutions with sparse weights do in a mean step: see `conv2d_scatter_sparse.h`."""

from __future__ import annotations

import numpy as np

from snnir.costs.features_conv2d import Found, axes_of, reaches_of
from snnir.costs.features_linear import variant_of
from snnir.costs.reach import tap_shares
from snnir.costs.signals import Floats, Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.layer_shapes import int_values
from snnir.kernels.sparse_kernels import order_of_call
from snnir.support.arrays import array_from_dense

LONG_ROW = 18
"""Entries from which on a row is added in a loop."""


def conv2d_scatter_sparse(op: snnrt.Conv2dScatterSparseOp, signals: Signals) -> Found:
    """Runs of inputs at one position; of each input the rows of its kernel, entry by entry."""
    signal = signals[op.list]
    lengths, order = _lengths(op), order_of_call(op)
    shares = [
        tap_shares(*axis, dilation, along)
        for axis, dilation, along in zip(
            axes_of(op), int_values(op.dilation), (signal.rows, signal.columns), strict=True
        )
    ]
    rows, placed = shares[0], shares[1][list(order.columns)]
    _, columns = reaches_of(op, (signal.rows, signal.columns))
    channels = _active_channels(signal, len(lengths))
    # A row of a kernel is cut into panels by the phases of strides, and where it is wide.
    starts = [place for place, offset in enumerate(order.offsets) if offset == 0]
    panels = np.add.reduceat(lengths, starts, axis=2)
    whole = np.add.reduceat(placed, starts) / np.diff([*starts, len(placed)])
    reached = np.einsum("c,r,p->crp", channels, rows, whole)
    runs = max(min(signal.positions * op.groups.value.data, signal.active), 1e-9)
    steps = (*int_values(op.stride), *int_values(op.dilation))
    return variant_of(op, op.current, signal), {
        "call": 1, "input": signal.active, "run": runs, "strided_run": runs * (set(steps) != {1}),
        "row": signal.active * rows.sum() * columns.chance * max(len(starts) / _phases(op), 1),
        "entry": float(np.einsum("c,r,p,crp", channels, rows, placed, lengths)),
        "odd": float((reached * (panels % 2)).sum()),
        "long": float((reached * (panels >= LONG_ROW)).sum()),
    }  # fmt: skip


def _phases(op: snnrt.Conv2dScatterSparseOp) -> int:
    """Classes of columns, of which an input reaches one."""
    stride, dilation = int_values(op.stride)[1], int_values(op.dilation)[1]
    return min(stride // int(np.gcd(stride, dilation)), op.kernel_shape()[2])


def _lengths(op: snnrt.Conv2dScatterSparseOp) -> Floats:
    """How many entries each place has, (inputs, rows, places)."""
    assert isinstance(op.starts.owner, snnrt.ConstantOp)
    starts = array_from_dense(op.starts.owner.value).astype(np.int64) & 0xFFFF
    return np.diff(starts).reshape(op.kernel_shape())


def _active_channels(signal: Signal, channels: int) -> Floats:
    """Active inputs of each channel: those with many entries are often the busy ones."""
    if signal.rates is None or len(signal.rates) != channels or signal.rates.sum() <= 0:
        return np.full(channels, signal.active / channels)
    return signal.active * signal.rates / signal.rates.sum()
