# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Windows of feature maps, for the calls that pool or convolve them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from snnir.dialects import cmsis_nn, snnrt
from snnir.dialects.layer_shapes import int_values, window_extent

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call

Integers = NDArray[np.int64]

LOWEST = np.iinfo(np.int64).min


def pool_windows(op: Any, values: Integers, fill: int) -> Integers:
    """Windows of a feature map with `fill` as padding, (height, width, channels, *kernel)."""
    kernel, stride, padding = (int_values(a) for a in (op.kernel, op.stride, op.padding))
    pads = [*((size, size) for size in padding), (0, 0)]
    padded = np.pad(values, pads, constant_values=fill)
    every = np.lib.stride_tricks.sliding_window_view(padded, kernel, (0, 1))
    return every[:: stride[0], :: stride[1]]


def max_pool2d(op: snnrt.MaxPool2dOp | cmsis_nn.MaxPoolOp, call: Call) -> None:
    call.write(op.output, pool_windows(op, call.read(op.input), LOWEST).max(axis=(3, 4)))


def patches(
    op: snnrt.Im2ColOp | snnrt.Conv2dDotOp | snnrt.Conv2dDotPool2dOp | cmsis_nn.ConvolveWrapperBase,
    call: Call,
    input: SSAValue,
    kernel: Sequence[int],
) -> Integers:
    """(positions, kernel height * kernel width * channels), zeros as padding."""
    padding, stride, dilation = (int_values(a) for a in (op.padding, op.stride, op.dilation))
    padded = np.pad(call.read(input), [*((size, size) for size in padding), (0, 0)])
    extents = [window_extent(*axis) for axis in zip(kernel, dilation, strict=True)]
    every = np.lib.stride_tricks.sliding_window_view(padded, extents, (0, 1))
    taken = every[:: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]
    height, width = taken.shape[:2]
    return taken.transpose(0, 1, 3, 4, 2).reshape(height * width, -1)
