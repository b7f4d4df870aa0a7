# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bytes of flash of the functions of CMSIS-NN that a network calls.

Functions share parts: objects of the library, and of the compiler's libraries. A table is JSON:
for each function its parts with their bytes, as the linker takes them.
`benchmarks/cortex_m7/library_code.py` measures it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from xdsl.dialects.builtin import i16
from xdsl.ir import Operation

from snnir.dialects import cmsis_nn
from snnir.dialects.kernel_bases import buffer_element

DEFAULT_TABLE = "cortex_m7_library"

Parts = frozenset[tuple[str, int]]
"""Names of parts with their bytes."""

_FUNCTIONS: dict[type[Operation], str] = {
    cmsis_nn.ConvolveWrapperS16Op: "arm_convolve_wrapper_s16",
    cmsis_nn.ConvolveWrapperS4Op: "arm_convolve_wrapper_s4",
    cmsis_nn.VecMatMulResultAccS8Op: "arm_nn_vec_mat_mul_result_acc_s8",
    cmsis_nn.MatMultNtTS8S32Op: "arm_nn_mat_mult_nt_t_s8_s32",
    cmsis_nn.FullyConnectedS4Op: "arm_fully_connected_s4",
}
_POOLS: dict[type[Operation], str] = {
    cmsis_nn.MaxPoolOp: "arm_max_pool",
    cmsis_nn.AvgPoolOp: "arm_avgpool",
}
FUNCTIONS = (
    *_FUNCTIONS.values(),
    *(f"{name}_{width}" for name in _POOLS.values() for width in ("s8", "s16")),
)
"""All functions of the library that generated code may call, by their names in version 5."""


def function_of(op: Operation) -> str | None:
    """The function of the library that an operation calls, or None."""
    if (pool := _POOLS.get(type(op))) is not None:
        return f"{pool}_{'s16' if buffer_element(op.operands[0].type) == i16 else 's8'}"
    return _FUNCTIONS.get(type(op))


@cache
def load_library(name: str = DEFAULT_TABLE) -> Mapping[str, Parts]:
    """The parts of each function on a core, from a table that comes with this package."""
    data = json.loads((files("snnir.costs") / f"{name}.json").read_text())
    return {function: frozenset(parts.items()) for function, parts in data["functions"].items()}


def library_parts(ops: Iterable[Operation]) -> Parts:
    """The parts of all functions that operations call."""
    table = load_library()
    names = {name for op in ops if (name := function_of(op)) is not None}
    return frozenset().union(*(table[name] for name in names))


def library_bytes(parts: Parts) -> int:
    """Bytes of flash of parts, each of which is linked once."""
    return sum(size for _, size in parts)
