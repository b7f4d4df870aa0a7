# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The passes that make use of a static input, as they run together on kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.arg_spec import ArgSpec

from snnir.costs.goals import Goal, keeps_arena
from snnir.costs.limits import Limits
from snnir.passes.kernels_batch_timesteps import KernelsBatchTimestepsPass
from snnir.passes.kernels_hoist_static_input import KernelsHoistStaticInputPass
from snnir.support.pass_base import SNNPass, element_of


@dataclass(frozen=True)
class StaticInputPasses:
    """Hoisting, then batches of steps.

    Attributes:
        keep_arena: only what hardly makes the arena larger.
        ram_limit: most bytes of all arenas.
        flash_limit: most bytes of flash, which batches take some of.
        target: the memories of this target must hold the arenas.
        memory_limits: most bytes of its memories that arenas may take, as `NAME:BYTES`.
        batched: batches are made, which take code and memory.
    """

    keep_arena: bool = False
    ram_limit: int | None = None
    flash_limit: int | None = None
    target: str | None = None
    memory_limits: tuple[str, ...] = ()
    batched: bool = True

    @classmethod
    def within(
        cls,
        goal: Goal | None,
        limits: Limits,
        target: str | None = None,
        memory_limits: tuple[str, ...] = (),
    ) -> StaticInputPasses:
        """Those of a lowering. With a goal, limits are of the whole program, as it is predicted;
        without, of the arena and of flash.
        """
        ram, flash = (
            (limits.ram, limits.flash) if goal is None else (limits.arena_bytes, limits.flash_bytes)
        )
        keep = keeps_arena(goal)
        return cls(keep, ram, flash, target, memory_limits, batched=not keep)

    def passes(self) -> Sequence[SNNPass]:
        """The passes in order."""
        hoisting = KernelsHoistStaticInputPass(
            self.keep_arena, self.ram_limit, self.target, self.memory_limits
        )
        if not self.batched:
            return [hoisting]
        batching = KernelsBatchTimestepsPass(
            ram_limit=self.ram_limit, flash_limit=self.flash_limit, target=self.target,
            memory_limits=self.memory_limits,
        )  # fmt: skip
        return [hoisting, batching]

    def elements(self) -> Sequence[ArgSpec]:
        """The passes as elements of a pipeline."""
        return [element_of(each) for each in self.passes()]

    def apply(self, context: Context, module: ModuleOp) -> None:
        """Run the passes on a module of kernels whose memory is not planned."""
        for each in self.passes():
            each.apply(context, module)
