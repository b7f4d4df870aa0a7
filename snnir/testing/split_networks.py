# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks whose memory is split over several memories of a target."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from snnir.dialects import snnrt
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.universe import make_context


def split_memory(
    module: ModuleOp, target: str, memory: str, share: float, *, copies: bool = False
) -> snnrt.NetworkOp:
    """Plan the memory of a module of kernels so that a memory has room for a share of it.

    Args:
        target: whose memories hold the arenas.
        memory: the fastest of them.
        share: of the bytes of one arena, what `memory` may hold; maybe more than all.
        copies: whether constants are copied to what is left.
    """
    context = make_context()
    KernelsPlanMemoryPass().apply(context, module)
    network = next(op for op in module.ops if isinstance(op, snnrt.NetworkOp))
    assert network.arena_bytes is not None
    room = int(share * network.arena_bytes.value.data)
    limits = (f"{memory}:{room}",)
    planner = KernelsPlanMemoryPass(target=target, memory_limits=limits, copy_constants=copies)
    planner.apply(context, module)
    module.verify()
    return network
