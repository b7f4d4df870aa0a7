# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the installed commands call.

The programs import xDSL and numpy, for a good part of a second, in which whoever sees a slip in the
command line stops them. That shows no traceback, because this module imports next to nothing.
"""

import os
import sys
from importlib import import_module

from snnir.support.interrupts import interrupted, raise_when_terminated


def snnir() -> int:
    """The command `snnir`; returns its exit status."""
    return _run("snnir.tools.snnir")


def snn_opt() -> int:
    """The command `snn-opt`; returns its exit status."""
    return _run("snnir.tools.snn_opt")


def _run(program: str) -> int:
    raise_when_terminated()
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        # Closed (`2>&-`): Python would print errors to standard output.
        sys.stderr = open(os.devnull, "w")
    try:
        status: int = import_module(program).main()
    except KeyboardInterrupt as interrupt:
        return interrupted(interrupt)
    return status
