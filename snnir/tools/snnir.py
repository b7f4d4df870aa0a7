# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir`: from a trained network to C that is proved to compute the same.

Exit status: 0 on success, 1 when the input is at fault or a check fails, 2 when the command line is
wrong. Reports go to standard output, everything else to standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from snnir.support.command_line import UsageError
from snnir.support.diagnostics import Diagnostic, DiagnosticEngine, Severity, SNNError
from snnir.support.pipeline import PipelineError
from snnir.tools.snnir_arguments import make_parser
from snnir.tools.snnir_commands import COMMANDS

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `snnir` with `arguments`, by default those of the process; return the exit status.

    Raises:
        SystemExit: the command line is wrong (status 2), or asks for help (status 0).
    """
    options = make_parser().parse_args(arguments)
    try:
        return _run(COMMANDS[options.verb], options)
    except SNNError as error:
        print(error, file=sys.stderr)
        if options.debug:
            traceback.print_exception(error)
        return 2 if isinstance(error, UsageError | PipelineError) else 1
    except BrokenPipeError:
        # The reader of the output has gone; keep Python from flushing into the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _run(command: Command, options: argparse.Namespace) -> int:
    """Run a command; an exception that nobody foresaw becomes an error of one line."""

    def show(diagnostic: Diagnostic) -> None:
        if options.verbose or diagnostic.severity is not Severity.REMARK:
            print(diagnostic, file=sys.stderr)

    try:
        with DiagnosticEngine(show) as engine:
            status = command(options)
    except (SNNError, BrokenPipeError):
        raise
    except Exception as error:
        problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise SNNError(
            f"'snnir {options.verb}' crashed: {problem}; run with --debug for the traceback"
        ) from error
    _tell_of_remarks(len(engine.remarks), options)
    return status


def _tell_of_remarks(number: int, options: argparse.Namespace) -> None:
    """Say how to see the reasons, where passes were asked to choose and gave some."""
    chose = getattr(options, "optimize", None) or getattr(options, "compress", None)
    if number and chose and not options.verbose and not options.quiet:
        hint = f"{number} remarks of the passes say what was chosen and why; -v prints them"
        print(Diagnostic(Severity.NOTE, hint), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
