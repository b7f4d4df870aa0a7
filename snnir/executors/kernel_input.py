# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the input checks of a `snnrt.network` compute, from `snnrt/input_density.h`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from snnir.dialects import snnrt
from snnir.dialects.input_density import InputDensityAttr
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.quantization.input_density import find_excess
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call


def check_density(op: snnrt.CheckDensityOp, call: Call) -> None:
    """Refuses what the function returns false for; leaves rubbish in its scratch memory."""
    expect_sparse(op, call.read(op.frame), op.density, op.cells, call)


def expect_sparse(
    op: KernelOpBase,
    frame: NDArray[np.int64],
    density: InputDensityAttr,
    cells: SSAValue,
    call: Call,
) -> None:
    """Refuse a frame that exceeds `density`, and leave rubbish in the scratch memory `cells`."""
    call.memory.clobber(cells)
    if (found := find_excess(frame, density)) is not None:
        raise error_at(
            op, f"got {found.events} events in a region of the frame, more than the maximum of "
            f"{density.limit}"
        )  # fmt: skip
