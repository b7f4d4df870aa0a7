# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What signals that end a program do. Imports nothing that takes time to load."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, as an exception: what was begun is cleaned up as after an interrupt."""


def raise_when_terminated() -> None:
    """Let SIGTERM raise `Terminated` in the main thread, in which this is called."""

    def terminate(signal_number: int, frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)


def interrupted(interrupt: KeyboardInterrupt) -> int:
    """Say on standard error how the program was ended, and return its status, as shells give it."""
    terminated = isinstance(interrupt, Terminated)
    print(f"snnir: {'terminated' if terminated else 'interrupted'}", file=sys.stderr)
    return 128 + (signal.SIGTERM if terminated else signal.SIGINT)


@contextmanager
def interrupts_deferred() -> Generator[None]:
    """Run the block to its end: a signal that comes meanwhile is raised behind it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
