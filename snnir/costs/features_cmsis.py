# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What calls of CMSIS-NN do; that does not depend on activity."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import i16
from xdsl.ir import SSAValue

from snnir.costs.reach import counts
from snnir.costs.signals import Signals
from snnir.dialects import cmsis_nn
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values

Found = tuple[str, dict[str, float]]


def _size(value: SSAValue) -> int:
    return element_count(buffer_shape(value.type))


def _width(value: SSAValue) -> str:
    return "s16" if buffer_element(value.type) == i16 else "s8"


FAST_PATCH = 512
"""Elements of a patch from which on `arm_convolve_wrapper_s16` of version 5 is scalar, as it is
with dilations.
"""


def _taps_inside(op: cmsis_nn.ConvolveWrapperS16Op) -> list[int]:
    """Taps that do not lie in the padding, of all outputs along each axis."""
    sizes = zip(
        buffer_shape(op.input.type), op.kernel_size, buffer_shape(op.output.type),
        int_values(op.stride), int_values(op.padding), int_values(op.dilation), strict=False,
    )  # fmt: skip
    return [sum(counts(*size)) for size in sizes]


def _convolve(op: cmsis_nn.ConvolveWrapperS16Op, signals: Signals) -> Found:
    """Patches are copied tap by tap and multiplied two positions and two channels at a time."""
    height, width, channels = buffer_shape(op.output.type)
    shape = buffer_shape(op.filter.type)
    patch, taps = element_count(shape[1:]), element_count(shape[1:3])
    positions = height * width
    if patch >= FAST_PATCH or set(int_values(op.dilation)) != {1}:
        rows, columns = _taps_inside(op)
        return "scalar", {
            "call": 1, "output": positions * channels, "row": channels * rows * width,
            "tap": channels * rows * columns, "multiply": channels * rows * columns * shape[-1],
        }  # fmt: skip
    pairs = positions // 2 * 2
    return "", {
        "call": 1, "position": positions, "tap": positions * taps, "patch": positions * patch,
        "output": positions * channels, "multiply": pairs * (channels // 2 * 2) * (patch // 4 * 4),
        "odd_multiply": pairs * (channels % 2) * (patch // 4 * 4),
        "rest_multiply": pairs * channels * (patch % 4),
        "last_multiply": (positions - pairs) * channels * patch,
    }  # fmt: skip


def _accumulate(op: cmsis_nn.VecMatMulResultAccS8Op, signals: Signals) -> Found:
    outputs, inputs = buffer_shape(op.filter.type)
    vectors = _size(op.output) // outputs
    return "", {
        "call": 1, "output": vectors * outputs, "multiply": vectors * outputs * inputs,
        "input": vectors * inputs, "rest_multiply": vectors * outputs * (inputs % 4),
    }  # fmt: skip


def _product(op: cmsis_nn.MatMultNtTS8S32Op, signals: Signals) -> Found:
    """Two vectors and two inputs at a time; every sum is loaded and stored."""
    outputs, inputs = buffer_shape(op.filter.type)
    vectors = _size(op.output) // outputs
    pairs, rounds = vectors // 2, inputs // 2
    return "", {
        "call": 1, "pair": pairs * rounds, "pair_output": pairs * rounds * outputs,
        "single": (vectors % 2) * rounds, "single_output": (vectors % 2) * rounds * outputs,
        "rest_output": (inputs % 2) * vectors * outputs,
    }  # fmt: skip


def _max_pool(op: cmsis_nn.MaxPoolOp, signals: Signals) -> Found:
    height, width, channels = buffer_shape(op.output.type)
    outputs = height * width
    compared = outputs * (element_count(int_values(op.kernel)) - 1)
    words, rest = channels // 4, channels % 4
    return _width(op.output), {
        "call": 1, "output": outputs, "element": outputs * channels, "compared": compared,
        "compared_word": compared * words, "compared_rest": compared * rest,
    }  # fmt: skip


def _connected_s4(op: cmsis_nn.FullyConnectedS4Op, signals: Signals) -> Found:
    """Two outputs and four inputs at a time; what is left of either goes one by one."""
    outputs, inputs = _size(op.output), _size(op.input)
    quadruples, pairs = outputs // 4 * 4, outputs % 4
    return "", {
        "call": 1, "output": outputs, "multiply": quadruples * (inputs // 4 * 4),
        "rest_multiply": quadruples * (inputs % 4), "last_multiply": pairs * inputs,
    }  # fmt: skip


def _convolve_s4(op: cmsis_nn.ConvolveWrapperS4Op, signals: Signals) -> Found:
    """As with 16-bit inputs; weights are unpacked for every two positions."""
    height, width, channels = buffer_shape(op.output.type)
    taps = element_count(op.kernel_size)
    patch, positions = taps * buffer_shape(op.input.type)[-1], height * width
    pairs = positions // 2 * 2
    return "pointwise" if taps == 1 and not any(int_values(op.padding)) else "", {
        "call": 1, "position": positions, "tap": positions * taps, "patch": positions * patch,
        "output": positions * channels, "multiply": pairs * channels * (patch // 4 * 4),
        "rest_multiply": pairs * channels * (patch % 4),
        "last_multiply": (positions - pairs) * channels * patch,
    }  # fmt: skip


def _avgpool(op: cmsis_nn.AvgPoolOp, signals: Signals) -> Found:
    """The channels of each element of a window are added in memory, then divided."""
    height, width, channels = buffer_shape(op.output.type)
    outputs, window = height * width, element_count(int_values(op.kernel))
    return _width(op.output), {
        "call": 1, "output": outputs, "divided": outputs * channels,
        "element": outputs * window, "added": outputs * window * channels,
    }  # fmt: skip


FEATURES: dict[type, Callable[..., Found]] = {
    cmsis_nn.ConvolveWrapperS16Op: _convolve,
    cmsis_nn.ConvolveWrapperS4Op: _convolve_s4,
    cmsis_nn.VecMatMulResultAccS8Op: _accumulate,
    cmsis_nn.MatMultNtTS8S32Op: _product,
    cmsis_nn.FullyConnectedS4Op: _connected_s4,
    cmsis_nn.MaxPoolOp: _max_pool,
    cmsis_nn.AvgPoolOp: _avgpool,
}
