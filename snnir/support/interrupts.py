# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What an interrupt from the keyboard does. Imports nothing that takes time to load."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager

INTERRUPTED = 130
"""Status of a program that SIGINT ended, as shells give it."""


def interrupted() -> int:
    """Say on standard error that the program was interrupted, and return its status."""
    print("snnir: interrupted", file=sys.stderr)
    return INTERRUPTED


@contextmanager
def interrupts_deferred() -> Generator[None]:
    """Run the block to its end: an interrupt that comes meanwhile is raised behind it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
