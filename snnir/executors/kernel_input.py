# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the input checks of a `snnrt.network` compute, from `snnrt/input_density.h`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snnir.dialects import snnrt
from snnir.quantization.input_density import find_excess
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call


def check_density(op: snnrt.CheckDensityOp, call: Call) -> None:
    """Refuses what the function returns false for; leaves rubbish in its scratch memory."""
    call.memory.clobber(op.cells)
    if (found := find_excess(call.read(op.frame), op.density)) is not None:
        raise error_at(
            op, f"got {found.events} events in a region of the frame, more than the maximum of "
            f"{op.density.limit}"
        )  # fmt: skip
