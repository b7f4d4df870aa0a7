# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fully connected layers that are computed output by output compute.

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
from snnir.kernels.gathered_weights import rows_of_gather, rows_of_packed_gather
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call


def linear_gather(op: snnrt.LinearGatherBase, call: Call) -> None:
    (outputs,) = buffer_shape(op.current.type)
    words = call.read(op.weights)
    if isinstance(op, snnrt.LinearGatherPackedOp):
        rows = rows_of_packed_gather(words, outputs)
    else:
        rows = rows_of_gather(words, outputs, op.values is not None)
    values = None if op.values is None else call.read(op.values).reshape(-1)
    current, lanes = np.zeros(outputs, np.int64), np.zeros(outputs, np.int64)
    lane_rows = None if op.lane_rows is None else op.lane_rows.value.data
    for number, index in enumerate(call.events(op.list, op.count)):
        product = rows[index] * (1 if values is None else values[index])
        current += product
        expect_fit(op, op.current, current)
        if lane_rows is not None:
            lanes = product if number % lane_rows == 0 else lanes + product
            _expect_lanes(op, lanes)
    call.write(op.current, current)


def _expect_lanes(op: snnrt.LinearGatherBase, lanes: NDArray[np.int64]) -> None:
    """Check that 16 bits hold what is summed at a time.

    Raises:
        SNNError: they do not.
    """
    limits = np.iinfo(np.int16)
    if lanes.min() < limits.min or lanes.max() > limits.max:
        raise error_at(op, f"lanes of 16 bits do not hold the sums of {op.lane_rows} rows")


GATHER_KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    snnrt.LinearGatherOp: linear_gather,
    snnrt.LinearGatherPackedOp: linear_gather,
}
