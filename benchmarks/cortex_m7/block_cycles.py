# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Estimates cycles of a Cortex-M7 from executed blocks: an estimate, no measurement.

A block takes what `llvm-mca` finds in the steady state of repeating it, and what it leaves out:
LDM, STM, VLDM, VSTM, PUSH and POP move eight bytes a cycle and nothing is issued beside a further
transfer, but the scheduling model counts one slot however many registers there are. Memory without
wait states (TCM); mispredicted branches are not counted.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

MCA = os.environ.get("LLVM_MCA", "llvm-mca")
OBJDUMP = os.environ.get("LLVM_OBJDUMP", "llvm-objdump")
ITERATIONS = 100
TRANSFER_BYTES = 8
PLUGIN_SOURCE = Path(__file__).with_name("block_counts.c")
LIST_TRANSFERS = ("ldm", "stm", "vldm", "vstm", "vldmia", "vstmia", "vldmdb", "vstmdb", "ldmdb",
                  "stmdb", "ldmia", "stmia", "push", "pop", "vpush", "vpop")  # fmt: skip
_OPPOSITE = {
    "eq": "ne", "hs": "lo", "cs": "cc", "mi": "pl", "vs": "vc", "hi": "ls", "ge": "lt", "gt": "le",
}  # fmt: skip
OPPOSITE = _OPPOSITE | {b: a for a, b in _OPPOSITE.items()}

Block = tuple[int, int]
"""Address and number of instructions."""
Counts = dict[int, dict[Block, int]]
"""By part of a program, how often each block ran."""
Instruction = tuple[str, str]


def missing_tools() -> list[str]:
    """Programs that an estimate needs and that are not there."""
    return [tool for tool in (MCA, OBJDUMP, "cc") if shutil.which(tool) is None]


def build_plugin(folder: Path) -> Path:
    """Compile the plugin for QEMU."""
    plugin = folder / "block_counts.so"
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", plugin, PLUGIN_SOURCE]
    subprocess.run([str(word) for word in command], check=True)
    return plugin


def read_counts(path: Path) -> Counts:
    """What the plugin wrote."""
    counts: Counts = defaultdict(lambda: defaultdict(int))
    for line in path.read_text().splitlines():
        part, address, length, count = line.split()
        counts[int(part)][int(address, 16), int(length)] += int(count)
    return counts


def disassemble(executable: Path) -> dict[int, Instruction]:
    """Mnemonic and operands by address."""
    command = [OBJDUMP, "-d", "--no-show-raw-insn", "--mcpu=cortex-m7",
               "--triple=thumbv7em-none-eabihf", str(executable)]  # fmt: skip
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[int, Instruction] = {}
    for line in text.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)$", line)
        if match:
            operands = match[3].split("@")[0].split("<")[0].strip()
            found[int(match[1], 16)] = match[2], operands
    return found


def block_text(block: Block, code: dict[int, Instruction], following: dict[int, int]) -> list[str]:
    """The instructions as `llvm-mca` takes them: without IT and the conditions below it."""
    lines: list[str] = []
    at: int | None
    at, length = block
    conditional, conditions = 0, ("", "")
    for _ in range(length):
        if at is None or at not in code:
            break
        name, operands = code[at]
        at = following.get(at)
        if re.fullmatch(r"it[te]*", name):
            conditional, conditions = len(name) - 1, (operands, OPPOSITE.get(operands, operands))
            continue
        if conditional:
            conditional -= 1
            base, dot, suffix = name.partition(".")
            base = base[:-2] if base[-2:] in conditions else base
            name = base + dot + suffix
            name = "bne" if name in ("b", "b.n", "b.w") else name
        if re.fullmatch(r"(b|bl|b[a-z]{2}|cbn?z)(\.[wn])?", name) and not name.startswith("bx"):
            operands = re.sub(r"(#?-?\w+|0x[0-9a-f]+)$", ".Lblock", operands)
            # The model knows no calls and takes them for a hundred cycles.
            name = "b" if name.startswith("bl") and len(name.partition(".")[0]) == 2 else name
        elif name == "blx":
            name = "bx"
        lines.append(f"\t{name}\t{operands}")
    return lines


def further_transfers(lines: Iterable[str]) -> int:
    """Cycles of register lists beyond the first transfer of each."""
    total = 0
    for line in lines:
        name, _, operands = line.strip().partition("\t")
        if re.split(r"[.]", name)[0] in LIST_TRANSFERS and "{" in operands:
            listed = operands[operands.index("{") + 1 : operands.rindex("}")]
            total += -(-_bytes(listed) // TRANSFER_BYTES) - 1
    return total


def _bytes(listed: str) -> int:
    total = 0
    for name in listed.split(","):
        size = 8 if name.strip().startswith("d") else 4
        first, _, last = name.strip().partition("-")
        total += size * (int(last[1:]) - int(first[1:]) + 1 if last else 1)
    return total


@cache
def steady_cycles(blocks: tuple[tuple[str, ...], ...]) -> dict[tuple[str, ...], float]:
    """Cycles of blocks of text by `llvm-mca`; those it does not understand are missing."""
    source = [".syntax unified", ".thumb", ".Lblock:"]
    for index, block in enumerate(blocks):
        source += [f"@ LLVM-MCA-BEGIN {index}", *block, f"@ LLVM-MCA-END {index}"]
    command = [MCA, "-mtriple=thumbv7em-none-eabihf", "-mcpu=cortex-m7",
               f"-iterations={ITERATIONS}", "-instruction-info=0",
               "-resource-pressure=0", "-"]  # fmt: skip
    done = subprocess.run(command, input="\n".join(source) + "\n", capture_output=True, text=True)
    cycles: dict[tuple[str, ...], float] = {}
    current = None
    for line in done.stdout.splitlines():
        if match := re.match(r"\[\d+\] Code Region - (\d+)", line):
            current = blocks[int(match[1])]
        elif (match := re.match(r"Total Cycles:\s+(\d+)", line)) and current is not None:
            cycles[current] = int(match[1]) / ITERATIONS
    if not cycles and len(blocks) > 1:
        # One instruction that is not understood spoils a whole file.
        half = len(blocks) // 2
        return steady_cycles(blocks[:half]) | steady_cycles(blocks[half:])
    return cycles


def cycles_by_part(counts: Counts, executable: Path, excluded: list[range]) -> dict[int, float]:
    """Estimated cycles of each part; blocks that begin in an excluded range do not count.

    A block that `llvm-mca` does not understand takes a cycle for each instruction.
    """
    code = disassemble(executable)
    addresses = sorted(code)
    following = dict(pairwise(addresses))
    executed = {block for part in counts.values() for block in part}
    texts = {block: tuple(block_text(block, code, following)) for block in executed}
    cycles = steady_cycles(tuple(sorted({text for text in texts.values() if text})))
    each = {
        block: cycles.get(text, float(len(text))) + further_transfers(text)
        for block, text in texts.items()
    }
    return {
        part: sum(
            number * each[block]
            for block, number in blocks.items()
            if not any(block[0] in addresses for addresses in excluded)
        )
        for part, blocks in counts.items()
    }
