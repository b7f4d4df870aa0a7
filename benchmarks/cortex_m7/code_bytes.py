# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bytes of code of every call of a generated network, and of the program around the calls.

From the symbols of the smallest firmware around the network, the one whose size is reported: all
that a call's function became, with its tables, begins with the call's name.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from snnir.backends.c.network import CNetwork, only_network
from snnir.backends.firmware import NetworkBuild
from snnir.backends.targets import MPS2_AN500
from snnir.backends.toolchain import run_tool
from snnir.costs.code_size import code_amounts, initial_states, table_bytes
from snnir.costs.library import library_bytes, library_parts
from snnir.costs.model import constant_bytes
from snnir.dialects.kernel_bases import KernelOpBase

SYMBOL = re.compile(r"^[0-9a-f]+ ([0-9a-f]+) [tTrR] call_(\d+)_", re.MULTILINE)
"""Size and number of the call in what `nm -S` prints."""


@dataclass(frozen=True)
class CodeBytes:
    """Bytes of code.

    Attributes:
        calls: of each call without its tables; not of those that read the input, which are part of
            the program.
        input: the calls that read the input.
        program: everything but calls, constants and functions of CMSIS-NN.
        initial: number of states that do not start at zero; their constants are not in `program`.
    """

    calls: dict[KernelOpBase, int]
    input: tuple[KernelOpBase, ...]
    program: int
    initial: int


def measure_code(module: ModuleOp, cmsis_nn: Path | None = None) -> CodeBytes:
    """Build the firmware of a network with planned memory and read its symbols."""
    network = only_network(module)
    with tempfile.TemporaryDirectory() as scratch:
        build = NetworkBuild(network, MPS2_AN500, Path(scratch), cmsis_nn)
        executable, _ = build.firmware()
        symbols = run_tool(["arm-none-eabi-nm", "-S", executable], MPS2_AN500, "reading symbols")
        footprint = build.footprint()
    assert footprint is not None
    found = _symbol_bytes(network, symbols)
    initial = initial_states(network.op)
    known = sum(found.values()) + constant_bytes(network.op) + sum(initial.values())
    program = footprint.flash_bytes - known - library_bytes(library_parts(network.calls))
    calls = call_bytes(network, symbols)
    return CodeBytes(calls, tuple(network.input_calls), program, len(initial))


def call_bytes(network: CNetwork, symbols: str) -> dict[KernelOpBase, int]:
    """Bytes of code of each call without its tables, but for those that read the input.

    Args:
        symbols: what `nm -S` prints of a program with the network.
    """
    return {
        op: size - table_bytes(op)
        for op, size in _symbol_bytes(network, symbols).items()
        if op not in network.input_calls
    }


def _symbol_bytes(network: CNetwork, symbols: str) -> dict[KernelOpBase, int]:
    found = dict.fromkeys(network.calls, 0)
    for size, number in SYMBOL.findall(symbols):
        found[network.calls[int(number)]] += int(size, 16)
    return found


def program_amounts(code: CodeBytes) -> dict[str, float]:
    """What the bytes of the program around the calls grow with."""
    amounts = {"program/flash_bytes": 1.0, "program/initial_bytes": float(code.initial)}
    for op in code.input:
        kernel = op.name.partition(".")[2]
        amounts |= {f"{kernel}/{name}": float(n) for name, n in code_amounts(op).items()}
    return amounts
