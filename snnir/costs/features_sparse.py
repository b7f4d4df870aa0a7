# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What convolutions with sparse weights do in a mean step: see `conv2d_scatter_sparse.h`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from snnir.costs.additions import multiplied_share
from snnir.costs.features_conv2d import Found, axes_of, is_strided
from snnir.costs.features_linear import variant_of
from snnir.costs.reach import tap_sets
from snnir.costs.signals import Floats, Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.layer_shapes import int_values
from snnir.kernels.sparse_kernels import order_of_call
from snnir.support.arrays import array_from_dense

LONG_RUN = 18
"""Weights from which on a run is added in a loop."""


def sparse_convolution(op: snnrt.SparseConvolutionBase, signals: Signals) -> Found:
    """Inputs at one position; of each input runs of weights, one where no border cuts columns."""
    signal = signals[op.list]
    sites = max(min(signal.positions * op.groups.value.data, signal.active), 1e-9)
    products = multiplied_share(op.values, signal, 1)
    added = 1 - products
    amounts = dict.fromkeys(
        ("run", "empty_run", "odd_run", "long_run", "weight", "product_run", "product_weight"), 0.0
    )
    for share, lengths in _runs(op, signal):
        weights, runs = share @ lengths.sum(axis=1), share.sum() * lengths.shape[1]
        amounts["run"] += runs
        amounts["empty_run"] += share @ (lengths == 0).sum(axis=1)
        amounts["odd_run"] += added * (share @ (lengths % 2).sum(axis=1))
        amounts["long_run"] += added * (share @ (lengths >= LONG_RUN).sum(axis=1))
        amounts["weight"] += added * weights
        amounts["product_run"] += products * runs
        amounts["product_weight"] += products * weights
    kind = _kind(op)
    return variant_of(op, op.current), {
        "call": 1, f"{kind}_input": signal.active, f"{kind}_site": sites,
        f"{kind}_run": amounts.pop("run"), **amounts,
    }  # fmt: skip


def _kind(op: snnrt.SparseConvolutionBase) -> Literal["single", "strided", "plain"]:
    """What compilers make of the shape: kernels of which an input reaches one output are never cut,
    and without strides and dilations there is one class.
    """
    steps = zip(op.kernel_shape()[1:], int_values(op.stride), strict=True)
    if all(taps <= stride for taps, stride in steps):
        return "single"
    return "strided" if is_strided(op) else "plain"


def _runs(
    op: snnrt.SparseConvolutionBase, signal: Signal
) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    """For inputs that borders cut alike: active ones of each channel, and the weights of the runs
    of each channel, (channels, runs).
    """
    lengths, channels = _lengths(op), op.kernel_shape()[0]
    active = np.full(channels, signal.active / channels)
    if signal.rates is not None and len(signal.rates) == channels and signal.rates.sum() > 0:
        # Channels with many weights are often the busy ones.
        active = signal.active * signal.rates / signal.rates.sum()
    rows, columns = (
        tap_sets(*axis, dilation, along)
        for axis, dilation, along in zip(
            axes_of(op), int_values(op.dilation), signal.active_along, strict=True
        )
    )
    stride, dilation = int_values(op.stride)[1], int_values(op.dilation)[1]
    period, width = stride // math.gcd(stride, dilation), op.kernel_shape()[2]
    for (row_taps, row_share), (column_taps, column_share) in product(
        rows.items(), columns.items()
    ):
        if row_taps and column_taps:
            runs = lengths[:, list(row_taps)][:, :, list(column_taps)].sum(axis=2)
            if len(column_taps) == len(range(column_taps[0] % period, width, period)):
                runs = runs.sum(axis=1, keepdims=True)
            yield active * row_share * column_share, runs


def _lengths(op: snnrt.SparseConvolutionBase) -> NDArray[np.int64]:
    """How many weights each element of a kernel has, (inputs, rows, columns)."""
    assert isinstance(op.starts.owner, snnrt.ConstantOp)
    order, shape = order_of_call(op), op.kernel_shape()
    starts = array_from_dense(op.starts.owner.value).astype(np.int64) & 0xFFFF
    lengths = np.zeros(shape, np.int64)
    placed = np.diff(starts).reshape(shape[0], -1)
    lengths[:, list(order.rows), list(order.columns)] = placed
    return lengths
