# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the calls of CMSIS-NN compute, from the headers of the library.

As `kernel_functions`: in int64. Where the library clamps, results must fit, because currents that
were clamped would be no sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from snnir.dialects import cmsis_nn
from snnir.dialects.kernel_bases import buffer_shape
from snnir.executors.kernel_windows import max_pool2d, patches, pool_windows
from snnir.kernels.nibbles import unpack_nibbles

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call


def convolve_wrapper_s16(op: cmsis_nn.ConvolveWrapperS16Op, call: Call) -> None:
    filter = call.read(op.filter)
    outputs, *kernel, _ = filter.shape
    sums = patches(op, call, op.input, kernel) @ filter.reshape(outputs, -1).T
    call.memory.clobber(op.scratch)
    # `arm_nn_requantize_s64` with the upper half of the multiplier.
    multiplier = (call.read(op.multipliers) + (1 << 15)) >> 16
    doubled = (sums * multiplier) >> (14 - call.read(op.shifts))
    call.write(op.output, ((doubled + 1) >> 1).reshape(buffer_shape(op.output.type)))


def vec_mat_mul_result_acc_s8(op: cmsis_nn.VecMatMulResultAccS8Op, call: Call) -> None:
    """The function saturates where this one refuses."""
    product = call.read(op.filter) @ call.read(op.input) + call.read(op.bias)
    call.write(op.output, call.read(op.output) + product)


def mat_mult_nt_t_s8_s32(op: cmsis_nn.MatMultNtTS8S32Op, call: Call) -> None:
    product = call.read(op.input) @ call.read(op.filter).T
    call.write(op.output, call.read(op.output) + product.reshape(buffer_shape(op.output.type)))


def _weights_s4(call: Call, filter: SSAValue, *shape: int) -> NDArray[np.int64]:
    return unpack_nibbles(call.read(filter), shape)


def fully_connected_s4(op: cmsis_nn.FullyConnectedS4Op, call: Call) -> None:
    input = call.read(op.input)
    rows = buffer_shape(op.output.type)[0]
    call.write(op.output, _weights_s4(call, op.filter, rows, len(input)) @ input)


def convolve_wrapper_s4(op: cmsis_nn.ConvolveWrapperS4Op, call: Call) -> None:
    shape = buffer_shape(op.output.type)
    columns = patches(op, call, op.input, op.kernel_size)
    filter = _weights_s4(call, op.filter, shape[-1], columns.shape[1])
    call.memory.clobber(op.scratch)
    doubled = (columns @ filter.T * call.read(op.multipliers)) >> (30 - call.read(op.shifts))
    call.write(op.output, ((doubled + 1) >> 1).reshape(shape))


def avgpool(op: cmsis_nn.AvgPoolOp, call: Call) -> None:
    """Means of what lies inside, rounded half away from zero."""
    input = call.read(op.input)
    sums, count = (pool_windows(op, v, 0).sum(axis=(3, 4)) for v in (input, np.ones_like(input)))
    call.memory.clobber(op.scratch)
    call.write(op.output, np.sign(sums) * ((abs(sums) + count // 2) // count))


CMSIS_KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    cmsis_nn.ConvolveWrapperS16Op: convolve_wrapper_s16,
    cmsis_nn.ConvolveWrapperS4Op: convolve_wrapper_s4,
    cmsis_nn.VecMatMulResultAccS8Op: vec_mat_mul_result_acc_s8,
    cmsis_nn.MatMultNtTS8S32Op: mat_mult_nt_t_s8_s32,
    cmsis_nn.FullyConnectedS4Op: fully_connected_s4,
    cmsis_nn.MaxPoolOp: max_pool2d,
    cmsis_nn.AvgPoolOp: avgpool,
}
