# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fully connected layers that are computed output by output compute.

As `kernel_functions`: in int64, and no sum on the way may leave the type of the current.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.ir import Operation

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.executors.kernel_memory import expect_fit
from snnir.kernels.gathered_weights import rows_of_gather

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call


def linear_gather(op: snnrt.LinearGatherOp, call: Call) -> None:
    (outputs,) = buffer_shape(op.current.type)
    rows = rows_of_gather(call.read(op.weights), outputs, op.values is not None)
    values = None if op.values is None else call.read(op.values).reshape(-1)
    current = np.zeros(outputs, np.int64)
    for index in call.events(op.list, op.count):
        current += rows[index] * (1 if values is None else values[index])
        expect_fit(op, op.current, current)
    call.write(op.current, current)


GATHER_KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    snnrt.LinearGatherOp: linear_gather,
}
