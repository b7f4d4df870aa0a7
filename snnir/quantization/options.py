# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The choices that `convert-snn-to-qsnn` leaves to its user."""

from dataclasses import dataclass
from typing import Literal

from snnir.dialects.qsnn import Rounding

StatePolicy = Literal["auto", "i16", "i32", "saturate"]


@dataclass(frozen=True)
class QuantizationOptions:
    """How a network becomes integers; see the pass for what each option means."""

    weight_bits: int = 8
    state: StatePolicy = "auto"
    minimum_shift: int = 0
    maximum_shift: int = 8
    rounding: Rounding = Rounding.NEAREST
