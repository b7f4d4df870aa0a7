# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many instructions each call of a generated step takes in the emulator.

The generated C is built with a reading of the timer after each call. What a reading takes itself is
measured by two readings in a row and subtracted, so that figures are exact to an instruction per
call, apart from registers that the compiler allots otherwise in the function around the calls.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
from measuring import Compiled, CountingExecutor
from numpy.typing import NDArray

from snnir.backends.targets import MPS2_AN500

INPUT, AROUND = "input", "around"

_CALL = re.compile(r"^ +(?:const uint32_t \w+ = )?call_\d+_(\w+)\(.*\);$")

_MARKS = """
#include "{semihosting}"
static uint32_t profile_last;
static uint64_t profile_totals[{marks}];

__attribute__((noinline)) static void profile_mark(uint32_t number) {{
  const uint32_t now = snn_timer_instructions();
  profile_totals[number] += now - profile_last;
  profile_last = now;
}}

static void profile_write(void) {{
  const int32_t file = snn_open("profile", SNN_OPEN_WRITE);
  (void)snn_write(file, profile_totals, sizeof profile_totals);
  (void)snn_close(file);
}}
"""


class ProfilingExecutor(CountingExecutor):
    """Runs samples with a reading of the timer after each call.

    Attributes:
        names: of the marks, in order: the input, each call, and two readings in a row.
        totals: instructions up to each mark from the one before, over all steps of all runs.
    """

    def __init__(self, compiled: Compiled):
        super().__init__(compiled.kernels, MPS2_AN500)
        name = self.network.name
        path = self._folder / f"{name}.c"
        text, self.names = marked(path.read_text(), name)
        path.write_text(text)
        self.totals: NDArray[np.int64] = np.zeros(len(self.names), np.int64)
        self._lock = threading.Lock()

    def _execute(self, runner: Path, arguments: list[str], folder: Path) -> None:
        super()._execute(runner, arguments, folder)
        totals = np.fromfile(folder / "profile", np.int64)
        with self._lock:
            self.totals += totals

    def per_step(self) -> dict[str, float]:
        """Instructions of each call in a mean step, without the readings."""
        steps = self.measurements.steps
        means = self.totals / steps
        reading = means[-1]
        return {
            name: float(mean - reading)
            for name, mean in zip(self.names[:-1], means[:-1], strict=True)
        }


def marked(text: str, name: str) -> tuple[str, list[str]]:
    """The generated C with readings of the timer, and what they are called."""
    assert MPS2_AN500.folder is not None
    names, lines, inside = [INPUT], [], False
    for line in text.splitlines():
        lines.append(line)
        if " void compute(" in line:
            inside = True
            # Reading the input began with the timer at zero.
            lines += ["  profile_last = 0;", "  profile_mark(0);"]
        elif inside and (call := _CALL.match(line)):
            lines.append(f"  profile_mark({len(names)});")
            names.append(f"{len(names)} {call[1]}")
        elif inside and line == "}":
            inside = False
            lines.insert(-1, f"  profile_mark({len(names)});")
            names.append(AROUND)
        elif line.startswith(f"int32_t {name}_readout("):
            lines.append("  profile_write();")
    assert len(names) > 1, "no calls found"
    marks = _MARKS.format(semihosting=MPS2_AN500.folder / "semihosting.h", marks=len(names))
    body = "\n".join(lines)
    include = f'#include "{name}.h"\n'
    return body.replace(include, include + marks, 1), names
