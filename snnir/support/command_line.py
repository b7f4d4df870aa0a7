# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line of `snn-opt`: mlir-opt's spellings on top of argparse."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import version
from typing import NoReturn

from snnir.support.diagnostics import SNNError
from snnir.support.input_text import DEFAULT_SPLIT_MARKER

EVERYTHING = "*"
"""The value of an option such as `--print-ir-after` that is given without one."""

_ALIASES = {"pass-pipeline-crash-reproducer": "crash-reproducer", "show-dialects": "list-dialects"}
"""Options that mlir-opt calls otherwise."""

_SHORT_OPTIONS_WITH_VALUE = ("-o", "-p", "-t")


class UsageError(SNNError):
    """The command line is wrong."""


class OptionParser(argparse.ArgumentParser):
    """An argument parser that also takes mlir-opt's spellings of options.

    Long options may be written with one dash and with the prefix `mlir-`. Options with an optional
    value take it only after `=`, so that a file name can follow. Names of passes are options too.
    """

    def __init__(self, program: str, description: str):
        super().__init__(
            prog=program,
            usage="%(prog)s [options] [--pass-name[=options] ...] [input]",
            description=description,
            allow_abbrev=False,
        )
        self._long_options: set[str] = set()
        self._with_optional_value: set[str] = set()

    def error(self, message: str) -> NoReturn:
        """Report what argparse finds wrong as everything else is.

        Raises `UsageError`.
        """
        raise UsageError(message)

    def add_flag(self, group: argparse._ArgumentGroup, name: str, help: str) -> None:
        """Declare an option without a value."""
        self._long_options.add(name)
        group.add_argument(f"--{name}", action="store_true", help=help)

    def add_value(
        self,
        group: argparse._ArgumentGroup,
        name: str,
        metavar: str,
        help: str,
        *,
        short: str | None = None,
        type: Callable[[str], int | str] = str,
        default: int | str | None = None,
        repeated: bool = False,
    ) -> None:
        """Declare an option with a value."""
        self._long_options.add(name)
        names = [f"--{name}"] if short is None else [short, f"--{name}"]
        group.add_argument(
            *names,
            metavar=metavar,
            type=type,
            default=[] if repeated else default,
            action="append" if repeated else "store",
            help=help,
        )

    def add_optional_value(
        self,
        group: argparse._ArgumentGroup,
        name: str,
        metavar: str,
        help: str,
        *,
        type: Callable[[str], int | str] = str,
        default: int | str | None = None,
    ) -> None:
        """Declare an option whose value may be left out and is then `EVERYTHING`."""
        self._with_optional_value.add(name)
        self.add_value(group, name, f"[={metavar}]", help, type=type, default=default)

    def normalise(
        self, arguments: Sequence[str], pass_names: Collection[str]
    ) -> tuple[list[str], list[str]]:
        """Return the arguments for argparse and, apart, the pipeline elements among them.

        `--canonicalize --my-pass=x=1` gives the elements `canonicalize` and `my-pass{x=1}`.

        Raises `UsageError` for an unknown option.
        """
        ordinary: list[str] = []
        elements: list[str] = []
        for index, argument in enumerate(arguments):
            if argument == "--":
                ordinary += arguments[index:]
                break
            name, equals, value = argument.lstrip("-").partition("=")
            option = self._option_name(name)
            if not argument.startswith("-") or len(argument) <= 2:
                ordinary.append(argument)
            elif option is not None:
                if not equals and option in self._with_optional_value:
                    equals, value = "=", EVERYTHING
                ordinary.append(f"--{option}{equals}{value}")
            elif name in pass_names:
                elements.append(_pipeline_element(name, value))
            elif argument.startswith(_SHORT_OPTIONS_WITH_VALUE):
                ordinary.append(argument)
            else:
                raise UsageError(self._unknown_option(argument, name, pass_names))
        return ordinary, elements

    def _option_name(self, name: str) -> str | None:
        known = {*self._long_options, "help", "version"}
        plain = name.removeprefix("mlir-")
        return next((n for n in (name, plain, _ALIASES.get(plain)) if n in known), None)

    def _unknown_option(self, argument: str, name: str, pass_names: Collection[str]) -> str:
        # Without the dashes and the prefix, which make any two options alike.
        known = [*sorted(self._long_options), *pass_names]
        close = difflib.get_close_matches(name.removeprefix("mlir-"), known, n=1, cutoff=0.75)
        hint = f"did you mean '--{close[0]}'?" if close else "--help shows all"
        return f"unknown option '{argument.partition('=')[0]}'; {hint}"


def truth(text: str) -> bool:
    """The value of a Boolean option, written as for mlir-opt; true without a value.

    Raises `ArgumentTypeError` for anything else.
    """
    values = {EVERYTHING: True, "true": True, "1": True, "false": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"expected true or false, got '{text}'")
    return values[text.lower()]


def snn_opt_parser(program: str = "snn-opt") -> OptionParser:
    """Return the parser for the command line of `snn-opt`."""
    parser = OptionParser(
        program,
        "Reads IR, runs passes on it, and prints the result. Options may also be spelled as for "
        "mlir-opt: with one dash, or with the prefix --mlir-.",
    )
    parser.add_argument("input", nargs="?", default="-", help="the input file (default: stdin)")
    parser.add_argument(
        "-v",
        "--version",
        action="version",
        version=f"{program} {version('snnir')} (xDSL {version('xdsl')})",
    )
    _add_pipeline_options(parser)
    _add_input_output_options(parser)
    _add_printing_options(parser)
    _add_report_options(parser)
    _add_checking_options(parser)
    return parser


def _add_pipeline_options(parser: OptionParser) -> None:
    group = parser.add_argument_group("passes")
    pipeline = "the passes to run, as a,b{x=1 y=2} or builtin.module(a, b{x=1})"
    parser.add_value(group, "passes", "PIPELINE", pipeline, short="-p")
    parser.add_value(group, "pass-pipeline", "PIPELINE", "the same as -p")
    parser.add_flag(group, "dump-pass-pipeline", "print the pipeline that is run to stderr")
    parser.add_value(
        group,
        "load-plugin",
        "FILE.py",
        "add the passes, dialects and targets that a Python file defines",
        repeated=True,
    )
    parser.add_optional_value(
        group,
        "list-passes",
        "REGEX",
        "list the passes with their options and exit; with REGEX, those whose name matches",
    )
    parser.add_flag(group, "list-targets", "list the output targets with their options and exit")
    parser.add_flag(group, "list-dialects", "list the dialects and exit")


def _add_input_output_options(parser: OptionParser) -> None:
    group = parser.add_argument_group("input and output")
    parser.add_value(group, "output-file", "FILE", "the output file, or - for stdout", short="-o")
    parser.add_value(
        group, "target", "TARGET{OPTIONS}", "what to print", short="-t", default="mlir"
    )
    parser.add_optional_value(
        group,
        "split-input-file",
        "MARKER",
        f"process the parts of the input between '{DEFAULT_SPLIT_MARKER}' lines one by one",
    )
    parser.add_flag(group, "allow-unregistered-dialect", "accept ops of unknown dialects")
    parser.add_flag(group, "no-implicit-module", "the input must be a builtin.module op")


def _add_printing_options(parser: OptionParser) -> None:
    group = parser.add_argument_group("printing IR")
    parser.add_flag(group, "print-op-generic", "print ops in the generic format")
    parser.add_flag(group, "print-debuginfo", "print locations")
    parser.add_value(
        group,
        "elide-elementsattrs-if-larger",
        "N",
        "leave out constants with more than N elements",
        type=int,
    )
    parser.add_optional_value(
        group, "print-ir-before", "PASSES", "print IR before these passes (default: all)"
    )
    parser.add_optional_value(
        group, "print-ir-after", "PASSES", "print IR after these passes (default: all)"
    )
    parser.add_flag(group, "print-ir-before-all", "print IR before every pass")
    parser.add_flag(group, "print-ir-after-all", "print IR after every pass")
    parser.add_flag(group, "print-ir-after-change", "leave out dumps after passes without effect")
    parser.add_flag(group, "print-ir-after-failure", "print IR after a pass that failed")
    parser.add_value(
        group, "print-ir-tree-dir", "DIR", "write the dumps to files in DIR instead of stderr"
    )


def _add_report_options(parser: OptionParser) -> None:
    group = parser.add_argument_group("reports")
    parser.add_flag(group, "timing", "report the time of every pass on stderr")
    parser.add_flag(group, "pass-statistics", "report the statistics of every pass on stderr")
    parser.add_optional_value(
        group, "remarks", "REGEX", "print the remarks, or those whose line matches REGEX, to stderr"
    )
    parser.add_value(
        group, "remarks-output", "FILE.jsonl", "write all remarks, one JSON object per line"
    )


def _add_checking_options(parser: OptionParser) -> None:
    group = parser.add_argument_group("checking and debugging")
    parser.add_flag(group, "disable-verify", "do not verify the IR after parsing and passes")
    parser.add_optional_value(
        group,
        "verify-each",
        "true|false",
        "verify the IR after each pass (default: true)",
        type=truth,
        default=True,
    )
    parser.add_flag(
        group, "verify-diagnostics", "check diagnostics against expected-error comments"
    )
    parser.add_flag(group, "verify-roundtrip", "check that the IR survives printing and parsing")
    parser.add_value(
        group, "crash-reproducer", "FILE", "write the input and the pipeline when a pass fails"
    )
    parser.add_flag(
        group,
        "run-reproducer",
        "run the pipeline that is stored in the input, a reproducer; a pass of a plug-in needs its "
        "--load-plugin again",
    )
    parser.add_flag(group, "debug", "show a Python traceback with every error")


def _pipeline_element(name: str, options: str) -> str:
    if not options:
        return name
    return f"{name}{options}" if options.startswith("{") else f"{name}{{{options}}}"
