# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What layers that multiply all their inputs compute, from `dot_rows.h`.

As `kernel_functions`: in int64, with the guarantees of the compiler checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import int_values, spatial_output
from snnir.dialects.snnrt_dot import QUAD_VALUES, DotOpBase, dot_quads
from snnir.executors.kernel_memory import expect_fit
from snnir.executors.kernel_windows import patches
from snnir.kernels.dot_weights import LARGEST_VALUE, SUM_LIMIT, weights_of_dot
from snnir.kernels.gathered_weights import rows_of_counts
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call


def _products(op: DotOpBase, call: Call, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of products with the weights of each output, which must fit where the kernel holds them.

    Args:
        rows: the values, (positions, rows of a kernel, values of a row).
    """
    if (rows < -LARGEST_VALUE).any():
        raise error_at(op, f"got the value {rows.min()}, less than {-LARGEST_VALUE}")
    outputs = buffer_shape(op.current.type)[-1]
    weights = weights_of_dot(call.read(op.weights), outputs)
    row = rows.shape[-1]
    filled = np.pad(rows, [(0, 0), (0, 0), (0, QUAD_VALUES * dot_quads(row) - row)])
    sums = filled.reshape(len(rows), -1) @ weights.T
    if (np.abs(sums) >= SUM_LIMIT).any():
        raise error_at(op, f"a sum is {sums.max()} or {sums.min()}, beyond {SUM_LIMIT}")
    return sums


def linear_dot(op: snnrt.LinearDotOp, call: Call) -> None:
    values = call.read(op.values).reshape(1, 1, -1)
    sums = _products(op, call, values)
    call.memory.clobber(op.pairs)
    call.write(op.current, sums.reshape(-1))


def linear_counts(op: snnrt.LinearCountsOp, call: Call) -> None:
    (outputs,) = buffer_shape(op.current.type)
    call.write(op.current, call.read(op.values) @ rows_of_counts(call.read(op.weights), outputs))


def conv2d_dot(op: snnrt.Conv2dDotOp, call: Call) -> None:
    kernel = int_values(op.kernel)
    found = patches(op, call, op.values, kernel)
    sums = _products(op, call, found.reshape(len(found), kernel[0], -1))
    for scratch in (op.pairs, op.strip):
        call.memory.clobber(scratch)
    call.write(op.current, sums.reshape(buffer_shape(op.current.type)))


def conv2d_dot_pool2d(op: snnrt.Conv2dDotPool2dOp, call: Call) -> None:
    kernel, (rows, columns) = int_values(op.kernel), int_values(op.window)
    height, width, channels = buffer_shape(op.output.type)
    found = patches(op, call, op.values, kernel)
    sums = _products(op, call, found.reshape(len(found), kernel[0], -1))
    _, given = spatial_output(
        buffer_shape(op.values.type)[:2],
        *(int_values(each) for each in (op.kernel, op.stride, op.padding, op.dilation)),
    )
    current = sums.reshape(-1, given, channels)[: height * rows, : width * columns]
    expect_fit(op, op.current, current)
    windows = current.reshape(height, rows, width, columns, channels)
    for scratch in (op.pairs, op.strip, op.current):
        call.memory.clobber(scratch)
    pooled = windows.sum(axis=(1, 3)) if op.sum.value.data else windows.max(axis=(1, 3))
    call.write(op.output, pooled)


DOT_KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    snnrt.LinearDotOp: linear_dot,
    snnrt.LinearCountsOp: linear_counts,
    snnrt.Conv2dDotOp: conv2d_dot,
    snnrt.Conv2dDotPool2dOp: conv2d_dot_pool2d,
}
