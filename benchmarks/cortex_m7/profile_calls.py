# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the instructions of every call of a generated network in the emulator.

The generated C is compiled as it is but for a timer around each call, whose own instructions are
measured and taken off. Every call is a function of its own, so that nothing else changes. Where
`llvm-mca` is installed, cycles are estimated from the blocks that ran (`block_cycles.py`).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from block_cycles import build_plugin, cycles_by_part, missing_tools, read_counts
from code_bytes import call_bytes
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.c.network import CNetwork, only_network
from snnir.backends.c.printer import header, source
from snnir.backends.c.syntax import array_definition
from snnir.backends.targets import MPS2_AN500
from snnir.backends.toolchain import (
    COMMON_FLAGS,
    SNNRT_INCLUDE,
    cmsis_nn_library,
    compile_object,
    find_cmsis_nn,
    link,
)
from snnir.costs.features import Presentation
from snnir.dialects.kernel_bases import KernelOpBase

PROLOGUE = """
#include "semihosting.h"
static uint64_t profile[{slots}];
{marks}
#define PROFILE_START(slot) (profile_mark_##slot(), snn_timer_start())
#define PROFILE_STOP(slot) \\
  (profile[slot] += snn_timer_instructions(), profile_mark_end())
"""

MARK = """__attribute__((noinline)) static void profile_mark_{name}(void) {{
  __asm__ volatile("@ mark {name}" ::: "memory");
}}"""
TIMERS = ("snn_timer_start", "snn_timer_instructions")

MAIN = """
static union {{ uint8_t bytes[{macro}_ARENA_BYTES]; uint64_t alignment; }} arena;
{data}
int main(void) {{
  {name}_network network;
  {name}_init(&network, arena.bytes, sizeof arena);
  PROFILE_START({last});
  PROFILE_STOP({last});
  for (int32_t sample = 0; sample < {samples}; ++sample) {{
    {name}_reset(&network);
    for (int32_t step = 0; step < {steps}; ++step) {{
      const int32_t at = sample * {steps} + step;
      if ({step} != 0) {{
        snn_exit(1);
      }}
    }}
  }}
  for (int32_t slot = 0; slot < {slots}; ++slot) {{
    snn_write_unsigned((uint32_t)(profile[slot] / {steps_in_all}));
    snn_write0(" ");
    snn_write_unsigned((uint32_t)(profile[slot] % {steps_in_all}));
    snn_write0("\\n");
  }}
  return 0;
}}
"""


@dataclass(frozen=True)
class Profile:
    """Instructions of a mean step; the calls that read the input are one.

    Attributes:
        input: the calls of the input.
        code: bytes of code of each call but those of the input; timers do not change them.
        cycles, input_cycles: estimates; None without `llvm-mca`.
    """

    calls: dict[KernelOpBase, float]
    input: tuple[tuple[KernelOpBase, ...], float]
    code: dict[KernelOpBase, int]
    cycles: dict[KernelOpBase, float] | None = None
    input_cycles: float | None = None


def _instrument(network: CNetwork) -> tuple[str, dict[KernelOpBase, int]]:
    """The C text with timers, and the slot of each call; slot 0 is the input."""
    slots_of: dict[KernelOpBase, int] = {}
    lines = []
    for line in source(network).splitlines():
        found = re.match(r" +(?:const uint32_t \w+ = )?call_(\d+)_\w+\(.*\);$", line)
        if found:
            slot = int(found[1]) + 1
            slots_of[network.calls[int(found[1])]] = slot
            lines += [f"  PROFILE_START({slot});", line, f"  PROFILE_STOP({slot});"]
            continue
        found = re.match(
            r"  if \((network->step == 0 && )?!(read_(?:frame|events)\(network.*\))\) \{$", line
        )
        if found:
            before = "" if found[1] is None else "network->step != 0 || "
            lines += ["  PROFILE_START(0);", f"  const bool profile_read = {before}{found[2]};",
                      "  PROFILE_STOP(0);", "  if (!profile_read) {"]  # fmt: skip
            continue
        lines.append(line)
    return "\n".join(lines), slots_of


def _data(network: CNetwork, x: NDArray, presentation: Presentation) -> tuple[str, str]:
    """C arrays of all steps, and the call that presents step `at`."""
    name = network.name
    frames = x.reshape(x.shape[0] * x.shape[1], -1)
    if presentation == "frames":
        kind = network.frame_type
        text = array_definition("frames", kind, frames.reshape(-1).tolist(), "static const")
        return text, f"{name}_step(&network, frames + at * {frames.shape[1]})"
    listed = [np.repeat(np.arange(frame.size), frame) for frame in frames]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in listed])])
    events = np.concatenate([*listed, np.zeros(1, np.int64)])
    text = "\n".join([
        array_definition("events", "uint16_t", events.tolist(), "static const"),
        array_definition("starts", "uint32_t", starts.tolist(), "static const"),
    ])  # fmt: skip
    return text, (f"{name}_step_events(&network, events + starts[at], starts[at + 1] - starts[at])")


def profile_calls(
    module: ModuleOp, x: NDArray[np.int64], presentation: Presentation, cmsis_nn: Path | None = None
) -> Profile:
    """Run samples (samples, timesteps, *shape) and count instructions.

    Raises:
        SystemExit: the program fails.
    """
    network = only_network(module)
    text, slots_of = _instrument(network)
    slots = len(network.calls) + 2
    steps = x.shape[0] * x.shape[1]
    data, step = _data(network, x, presentation)
    include = f'#include "{network.name}.h"'
    used = sorted({0, slots - 1, *slots_of.values()})
    marks = "\n".join(MARK.format(name=name) for name in (*used, "end"))
    text = text.replace(include, include + PROLOGUE.format(slots=slots, marks=marks), 1)
    text += MAIN.format(
        macro=network.macro, name=network.name, data=data, step=step, slots=slots, last=slots - 1,
        samples=x.shape[0], steps=x.shape[1], steps_in_all=steps,
    )  # fmt: skip
    counts, cycles, symbols = _run(network, text, cmsis_nn, used)
    means = [whole + rest / steps for whole, rest in counts]
    own = means[-1] * steps
    calls = {op: means[slot] - own for op, slot in slots_of.items()}
    inputs = tuple(network.input_calls), means[0] - own
    code = call_bytes(network, symbols)
    if cycles is None:
        return Profile(calls, inputs, code)
    around = cycles.get(slots - 1, 0.0)
    found = {slot: cycles.get(slot, 0.0) / steps - around for slot in used}
    by_call = {op: found[slot] for op, slot in slots_of.items()}
    return Profile(calls, inputs, code, by_call, found[0])


def _run(
    network: CNetwork, text: str, cmsis_nn: Path | None, used: list[int]
) -> tuple[list[tuple[int, int]], dict[int, float] | None, str]:
    """What the program prints, estimated cycles by slot, and the symbols by `nm`."""
    target = MPS2_AN500
    assert target.folder is not None
    assert target.emulator is not None
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / f"{network.name}.h").write_text(header(network))
        main = folder / f"{network.name}.c"
        main.write_text(text)
        flags: list[str | Path] = [*COMMON_FLAGS, "-I", folder, "-I", SNNRT_INCLUDE, "-I",
                                   target.folder]  # fmt: skip
        libraries = []
        if network.uses_cmsis_nn:
            sources = find_cmsis_nn(cmsis_nn)
            flags += ["-isystem", sources / "Include"]
            libraries.append(cmsis_nn_library(sources, target))
        files = (main, target.folder / "startup.c", target.folder / "semihosting.c")
        objects = [compile_object(f, folder / f"{f.stem}.o", target, flags) for f in files]
        executable = link([*objects, *libraries], folder / "profile.elf", target)
        symbols = subprocess.run(
            ["arm-none-eabi-nm", "-S", executable], capture_output=True, text=True, check=True
        )
        places = _places(symbols.stdout)
        command = [w.format(elf=executable, arguments="") for w in target.emulator]
        estimates = not missing_tools()
        if estimates:
            marks = [places[f"profile_mark_{name}"].start for name in (*used, "end")]
            (folder / "marks").write_text("\n".join(f"{mark:x}" for mark in marks))
            arguments = f"out={folder / 'blocks'},marks={folder / 'marks'}"
            command += ["-plugin", f"{build_plugin(folder)},{arguments}"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        cycles = None
        if estimates and done.returncode == 0:
            timers = [places[name] for name in TIMERS]
            parts = cycles_by_part(read_counts(folder / "blocks"), executable, timers)
            cycles = {used[part]: number for part, number in parts.items()}
    if done.returncode != 0:
        raise SystemExit(f"the profile failed: {done.stdout}{done.stderr}")
    numbers = [int(word) for word in (done.stdout + done.stderr).split()]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    return pairs, cycles, symbols.stdout


def _places(symbols: str) -> dict[str, range]:
    """Where each function lies, by what `nm` prints."""
    found = {}
    for line in symbols.splitlines():
        match line.split():
            case [address, size, _, name]:
                first = int(address, 16) & ~1
                found[name] = range(first, first + int(size, 16))
    return found
