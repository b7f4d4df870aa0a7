# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The energy proxy of arXiv 2104.12528: operations times energy per operation."""

from typing import Any

MAC_PICOJOULE, AC_PICOJOULE = 4.6, 0.9
"""Energy of a float32 multiply-accumulate and of an accumulate in 45 nm (Horowitz, ISSCC 2014)."""


def microjoules(row: dict[str, Any]) -> float:
    """Operations of one inference times energy per operation: a proxy, memory is not in it.

    Spiking networks have `operations`, all accumulates; ordinary ones have multiply-accumulates.
    """
    if "operations" in row:
        return row["operations"] * AC_PICOJOULE * 1e-6
    return row["macs"] * MAC_PICOJOULE * 1e-6
