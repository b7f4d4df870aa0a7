# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the command-line programs end: exit status, and errors of one line."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnir.support.command_line import UsageError
from snnir.support.diagnostics import SNNError
from snnir.support.interrupts import interrupted
from snnir.support.pipeline import PassInstrumentation, PipelineError


@dataclass
class Activity(PassInstrumentation):
    """What a program is doing, to name it when it crashes."""

    what: str

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        self.what = f"pass '{pass_.name}'"

    def after_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        self.what = f"the step after pass '{pass_.name}'"


def exit_status(run: Callable[[], int], *, debug: bool) -> int:
    """The status that `run` returns, or that of the error that ends it.

    An `SNNError` is printed to standard error, with its traceback if `debug`: status 2 if the
    command line or the pipeline is wrong, else 1. Signals that end the program are one line, too.
    A reader of the output that goes before its end, such as `head`, is no error.
    """
    try:
        return run()
    except SNNError as error:
        print(error, file=sys.stderr)
        if debug:
            print_traceback(error)
        return 2 if isinstance(error, UsageError | PipelineError) else 1
    except BrokenPipeError:
        # The reader has what it wanted; keep Python from flushing into the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt as interrupt:
        return interrupted(interrupt)


def standard_output() -> IO[str]:
    """The stream of reports and results.

    Raises:
        SNNError: the program was started without one (`>&-`).
    """
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise SNNError("cannot write to standard output: it is closed")
    return sys.stdout


@contextmanager
def crash_barrier(activity: Callable[[], str]) -> Generator[None]:
    """Turn an exception that nobody foresaw into an error of one line.

    Args:
        activity: says what the program is doing, when it crashes.

    Raises:
        SNNError: in the place of any other exception.
    """
    try:
        yield
    except (SNNError, BrokenPipeError):
        raise
    except Exception as error:
        problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise SNNError(
            f"{activity()} crashed: {problem}; run with --debug for the traceback"
        ) from error


def print_traceback(error: SNNError) -> None:
    """Print the traceback of an error and of what caused it to standard error."""
    current: BaseException | None = error
    while current is not None:
        # xDSL notes the text of the whole module on exceptions.
        current.__notes__ = []
        current = current.__cause__
    traceback.print_exception(error)
