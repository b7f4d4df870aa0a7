# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the integer forms of all neurons share: parameters, their input and ways to hold states."""

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, i16, i32
from xdsl.ir import Attribute

from snnir.dialects import qsnn, snn
from snnir.quantization.context import QuantizationContext
from snnir.quantization.values import QuantizedValue, smallest_extent
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import error_at

BEYOND = 2.0**52

LARGEST_THRESHOLD = (1 << 31) - 1
"""What stands for all larger thresholds, of neurons whose membranes provably stay below it."""

SATURATED_THRESHOLDS = 8
"""With `state=saturate` the membrane holds at least this many thresholds before it clamps."""


def parameter_array(attribute: Attribute, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A real neuron parameter, at the smallest extent."""
    return smallest_extent(array_from_dense(attribute).astype(np.float64), shape)


def leak_factors(beta: NDArray[np.float64]) -> NDArray[np.int64]:
    """Decays as factors of 2**15."""
    return np.rint(np.clip(beta, 0.0, 1.0) * qsnn.LEAK_ONE).astype(np.int64)


def whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rounded to nearest; what is beyond any membrane stays so, and far from the ends of int64."""
    return np.rint(np.clip(values, -BEYOND, BEYOND)).astype(np.int64)


Candidate = tuple[qsnn.Overflow, IntegerType, int]
"""A way to hold a membrane: why it fits, its type, and the smallest shift."""


def candidates(context: QuantizationContext) -> list[Candidate]:
    """Ways to hold a membrane, best first."""
    least = context.options.minimum_shift
    narrow: Candidate = (qsnn.Overflow.PROVEN, i16, least)
    wide: Candidate = (qsnn.Overflow.PROVEN, i32, least)
    clamped_narrow: Candidate = (qsnn.Overflow.SATURATE, i16, 0)
    clamped_wide: Candidate = (qsnn.Overflow.SATURATE, i32, 0)
    candidates: dict[str, list[Candidate]] = {
        "auto": [narrow, wide, clamped_wide, clamped_narrow],
        "i16": [narrow, clamped_narrow],
        "i32": [wide, clamped_wide],
        "saturate": [clamped_narrow, clamped_wide],
    }
    return candidates[context.options.state]


def neuron_input(
    context: QuantizationContext, op: snn.LIFOp | snn.LIOp | snn.SynapticOp | snn.AlphaOp
) -> QuantizedValue:
    """The input of a neuron layer.

    Raises:
        SNNError: its unit is not positive.
    """
    input = context[op.current]
    if (input.scale <= 0).any():
        raise error_at(
            op,
            "its input has a unit that is not positive (a negative scale or batch-norm weight); "
            "run snn-fold-batch-norm and snn-fold-scale first",
        )
    return input
