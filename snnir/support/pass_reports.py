# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports about the passes that ran: time and statistics."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import IO

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnir.support.pass_base import SNNPass
from snnir.support.pipeline import PassInstrumentation

_RULE = "===" + "-" * 73 + "==="


class PassTiming(PassInstrumentation):
    """Measures the wall-clock time of every pass, with its verification, and of other phases."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._pass_started = 0.0
        self.seconds: list[tuple[str, float]] = []

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        self._pass_started = time.perf_counter()

    def after_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        self.seconds.append((pass_.name, time.perf_counter() - self._pass_started))

    def after_pass_failed(self, pass_: ModulePass, module: ModuleOp) -> None:
        self.after_pass(pass_, module)

    @contextmanager
    def measure(self, phase: str) -> Generator[None]:
        """Measure the time of the `with` block as the phase `phase`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds.append((phase, time.perf_counter() - started))

    def report(self, stream: IO[str]) -> None:
        """Write a table of all times and their total to `stream`."""
        total = time.perf_counter() - self._started
        rest = total - sum(seconds for _, seconds in self.seconds)
        _write_title(stream, "Execution time report")
        stream.write(f"  Total Execution Time: {total:.4f} seconds\n\n")
        stream.write("  ----Wall Time----  ----Name----\n")
        for name, seconds in [*self.seconds, ("Rest", rest), ("Total", total)]:
            share = 100 * seconds / total if total else 0.0
            stream.write(f"  {seconds:8.4f} ({share:5.1f}%)  {name}\n")


def report_statistics(passes: Iterable[ModulePass], stream: IO[str]) -> None:
    """Write the statistics of all passes that collect any to `stream`."""
    _write_title(stream, "Pass statistics report")
    for pass_ in passes:
        stream.write(f"{pass_.name}\n")
        if isinstance(pass_, SNNPass):
            for name, value in pass_.statistics.values.items():
                stream.write(f"  (S) {value:10} {name}\n")


def _write_title(stream: IO[str], title: str) -> None:
    stream.write(f"{_RULE}\n{f'... {title} ...':^79}".rstrip() + f"\n{_RULE}\n")
