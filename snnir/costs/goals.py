# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What kernels may be chosen for."""

from typing import Literal

Goal = Literal["speed", "size", "balanced"]

Metric = Literal["instructions", "cycles"]
"""What time is measured in: counted instructions, or cycles, which are estimated."""


def keeps_arena(goal: Goal | None) -> bool:
    """Whether a goal gives up instructions rather than RAM (`kernels-hoist-static-input`)."""
    return goal == "size"
