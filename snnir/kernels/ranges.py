# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ranges of currents of integer networks."""

import numpy as np

from snnir.dialects import qsnn
from snnir.kernels.windows import WindowBlock, is_binary
from snnir.quantization.membrane_range import Interval
from snnir.quantization.sum_range import sum_range
from snnir.support.arrays import array_from_dense


def current_range(network: qsnn.NetworkOp, block: WindowBlock) -> Interval:
    """Range of what the neurons of a block receive, one value for each channel."""
    op = block.convolution
    owner = op.weight.owner
    assert isinstance(owner, qsnn.WeightOp)
    weight = array_from_dense(owner.value).astype(np.int64)
    maximum, total = 1, None
    if not is_binary(op.input):
        maximum = network.input_maximum.value.data if op.input is network.frame else 127
    if op.input is network.frame and network.input_density is not None:
        total = network.input_density.limit
    zero, most = np.zeros((), np.int64), np.array(maximum, np.int64)
    low, high = sum_range(weight, zero, most, total)
    if isinstance(block.pool, qsnn.SumPool2dOp):
        size = block.window[0] * block.window[1]
        return low * size, high * size
    return low, high
