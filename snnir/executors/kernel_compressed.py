# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What layers with compressed weights compute, from the headers of snnrt.

As `kernel_functions`: in int64, and no sum on the way may leave the type of the current.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.executors.kernel_memory import expect_fit
from snnir.kernels.compressed_weights import (
    BlockWeights,
    SparseWeights,
    rows_of_blocks,
    rows_of_sparse,
    unpack_rows,
)
from snnir.kernels.sparse_kernels import SparseKernels, kernels_of_sparse, order_of_call

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call

CompressedOp = (
    snnrt.LinearScatterPackedOp | snnrt.LinearScatterSparseOp | snnrt.LinearScatterBlocksOp
)


def _add_rows(op: CompressedOp, call: Call, rows: NDArray[np.int64]) -> None:
    """Add one row of weights, (inputs, outputs), after the other."""
    current = call.read(op.current)
    values = None if op.values is None else call.read(op.values).reshape(-1)
    for index in call.events(op.list, op.count):
        current += rows[index] * (1 if values is None else values[index])
        expect_fit(op, op.current, current)
    call.write(op.current, current)


def _outputs(op: CompressedOp) -> int:
    (outputs,) = buffer_shape(op.current.type)
    return outputs


def linear_scatter_packed(op: snnrt.LinearScatterPackedOp, call: Call) -> None:
    words = call.read(op.weights)
    _add_rows(op, call, unpack_rows(words, op.bits.value.data, _outputs(op)))


def linear_scatter_sparse(op: snnrt.LinearScatterSparseOp, call: Call) -> None:
    starts, entries = (call.read(value).astype(np.uint16) for value in (op.starts, op.entries))
    sparse = SparseWeights(starts, entries, op.panel_outputs.value.data)
    _add_rows(op, call, rows_of_sparse(sparse, _outputs(op)))


def linear_scatter_blocks(op: snnrt.LinearScatterBlocksOp, call: Call) -> None:
    sparse = BlockWeights(
        call.read(op.starts).astype(np.uint16),
        call.read(op.blocks).astype(np.uint8),
        call.read(op.weights).astype(np.int32),
    )
    _add_rows(op, call, rows_of_blocks(sparse, _outputs(op)))


def kernels_of_sparse_scatter(op: snnrt.SparseConvolutionBase, call: Call) -> NDArray[np.int64]:
    """The kernels of a convolution, (inputs, height, width, outputs / groups)."""
    sparse = SparseKernels(
        call.read(op.starts).astype(np.uint16),
        call.read(op.distances).astype(np.uint16),
        call.read(op.weights).astype(np.dtype(f"i{op.WEIGHT.width.data // 8}")),
    )
    shape = *op.kernel_shape(), op.group_outputs()
    return kernels_of_sparse(sparse, shape, order_of_call(op))


COMPRESSED_KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    snnrt.LinearScatterPackedOp: linear_scatter_packed,
    snnrt.LinearScatterSparseOp: linear_scatter_sparse,
    snnrt.LinearScatterBlocksOp: linear_scatter_blocks,
}
