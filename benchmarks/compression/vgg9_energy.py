# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The energy proxy of arXiv 2104.12528: operations times energy per operation."""

from typing import Any

MAC_PICOJOULE, AC_PICOJOULE = 4.6, 0.9
"""Energy of a float32 multiply-accumulate and of an accumulate in 45 nm (Horowitz, ISSCC 2014)."""


def microjoules(row: dict[str, Any], operations: str = "operations") -> float:
    """Operations of one inference times energy per operation: a proxy, memory is not in it.

    Spiking networks have accumulates, and `input_macs` if they get real values, of which products
    are made once; ordinary ones have multiply-accumulates.

    Args:
        operations: the key of the accumulates.
    """
    if operations in row:
        products = row.get("input_macs", 0.0) * MAC_PICOJOULE
        return (row[operations] * AC_PICOJOULE + products) * 1e-6
    return row["macs"] * MAC_PICOJOULE * 1e-6
