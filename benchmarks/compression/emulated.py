# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `benchmarks/cortex_m7` has to count instructions with, and its goals."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "cortex_m7"))

from call_profile import ProfilingExecutor
from goals import COMPRESSED_GOALS, INFERENCE_GOAL
from measuring import (
    Compiled,
    count,
    host_labels,
    open_executor,
    presented,
    spread,
    traced_difference,
    verdict,
)

__all__ = [
    "COMPRESSED_GOALS",
    "INFERENCE_GOAL",
    "Compiled",
    "ProfilingExecutor",
    "count",
    "host_labels",
    "open_executor",
    "presented",
    "spread",
    "traced_difference",
    "verdict",
]
