# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The passes that make use of a static input, as they run together on kernels."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.passes.kernels_batch_timesteps import KernelsBatchTimestepsPass
from snnir.passes.kernels_hoist_static_input import KernelsHoistStaticInputPass


@dataclass(frozen=True)
class StaticInputPasses:
    """Hoisting, then batches of steps.

    Attributes:
        keep_arena: only what hardly makes the arena larger; batches, which also take code, are left
            out.
        ram_limit: most bytes of the arena.
        flash_limit: most bytes of flash, which batches take some of.
    """

    keep_arena: bool = False
    ram_limit: int | None = None
    flash_limit: int | None = None

    def apply(self, context: Context, module: ModuleOp) -> None:
        """Run the passes on a module of kernels whose memory is not planned."""
        KernelsHoistStaticInputPass(keep_arena=self.keep_arena, ram_limit=self.ram_limit).apply(
            context, module
        )
        if not self.keep_arena:
            KernelsBatchTimestepsPass(ram_limit=self.ram_limit, flash_limit=self.flash_limit).apply(
                context, module
            )
