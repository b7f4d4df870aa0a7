# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Most bytes that a program may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from snnir.costs.goals import Totals
from snnir.costs.model import NetworkCost, load_table


@dataclass(frozen=True)
class Limits:
    """Most bytes that a program may take; None for no limit.

    Attributes:
        ram_reserve, flash_reserve: bytes that predictions are known to leave out.
    """

    ram: int | None = None
    flash: int | None = None
    ram_reserve: int = 0
    flash_reserve: int = 0

    @property
    def any(self) -> bool:
        """Whether there is a limit."""
        return self.ram is not None or self.flash is not None

    @property
    def arena_bytes(self) -> int | None:
        """What the limit of RAM leaves for the arena beside the predicted stack."""
        if self.ram is None:
            return None
        return max(self.ram - self.ram_reserve - int(load_table().ram_bytes), 0)

    @property
    def flash_bytes(self) -> int | None:
        """What the limit of flash leaves for what is predicted."""
        return None if self.flash is None else max(self.flash - self.flash_reserve, 0)

    def over(self, cost: NetworkCost | Totals) -> tuple[int, int]:
        """Bytes of RAM and of flash above the limits."""
        return (
            _above(cost.ram_bytes + self.ram_reserve, self.ram),
            _above(cost.flash_bytes + self.flash_reserve, self.flash),
        )


def _above(bytes: float, limit: int | None) -> int:
    return 0 if limit is None else max(math.ceil(bytes) - limit, 0)
