# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir`: from a trained network to C that is proved to compute the same.

Exit status: 0 on success, 1 when the input is at fault or a check fails, 2 when the command line is
wrong, 130 when interrupted, 143 when terminated. Reports go to standard output, everything else to
standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from snnir.support.diagnostics import Diagnostic, DiagnosticEngine, Severity
from snnir.support.program import crash_barrier, exit_status
from snnir.tools.snnir_arguments import parse
from snnir.tools.snnir_commands import COMMANDS
from snnir.universe import load_plugins

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `snnir` with `arguments`, by default those of the process; return the exit status.

    Raises:
        SystemExit: the command line is wrong (status 2), or asks for help (status 0).
    """
    options = parse(arguments)
    return exit_status(lambda: _run(COMMANDS[options.verb], options), debug=options.debug)


def _run(command: Command, options: argparse.Namespace) -> int:
    def show(diagnostic: Diagnostic) -> None:
        if options.verbose or diagnostic.severity is not Severity.REMARK:
            print(diagnostic, file=sys.stderr)

    plugins = getattr(options, "load_plugin", [])
    with (
        crash_barrier(lambda: f"'snnir {options.verb}'"),
        DiagnosticEngine(show) as engine,
        load_plugins(*plugins) if plugins else nullcontext(),
    ):
        status = command(options)
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
