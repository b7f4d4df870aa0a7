# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line of `snnir`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias, get_args

from snnir import __version__
from snnir.costs.features import Presentation
from snnir.costs.goals import Goal, Metric
from snnir.dialects.snn_attributes import Compare, InputKind, Readout, Reset, ResetTiming
from snnir.driver.import_nir import DECAYS, PROFILE_NAMES
from snnir.driver.levels import LEVELS
from snnir.kernels.context import KernelChoice, NeuronChoice, Packing

Verbs: TypeAlias = "argparse._SubParsersAction[_Parser]"

_DATA_HELP = (
    "FILE.npz (keys x and y), nmnist:DIR (recordings DIR/<label>/<number>.bin), or "
    "saccade:DIR:train[:START-STOP] and :test (recordings simulated from the MNIST files in DIR)"
)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all others are."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}; {self.prog} --help lists what there is\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line, by default that of the process.

    Raises:
        SystemExit: it is wrong (status 2), or asks for help (status 0).
    """
    parser = make_parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        # What a verb takes is in the help of the verb.
        parser.prog = f"{parser.prog} {options.verb}"
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def make_parser() -> argparse.ArgumentParser:
    """Return the parser for the command line of `snnir`."""
    parser = _Parser(
        prog="snnir",
        description="Compiles spiking neural networks to C for small Arm processors, and proves "
        "that the C computes what the network did.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"snnir {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="verb", required=True)
    for add in (_add_check, _add_import, _add_compile, _add_explore, _add_run, _add_validate):
        _add_common(add(verbs))
    return parser


def _add_check(verbs: Verbs) -> argparse.ArgumentParser:
    verb = _verb(verbs, "check", "say which layers can be compiled, and why others cannot")
    verb.add_argument("source", metavar="FILE.py:FACTORY|FILE.mlir", help="what to check")
    _add_module(verb)
    verb.add_argument("--input-shape", type=shape, metavar="C,H,W", help="shape of a frame")
    verb.add_argument("--timesteps", type=positive, metavar="N", help="steps of a sample")
    _add_lowering(verb)
    return verb


def _add_import(verbs: Verbs) -> argparse.ArgumentParser:
    verb = _verb(
        verbs, "import", "turn an snnTorch module or a NIR file into a network in a .mlir file"
    )
    verb.add_argument(
        "source",
        metavar="FILE.py:FACTORY|FILE.nir",
        help="function that makes the module, or a file of the Neuromorphic Intermediate "
        "Representation",
    )
    _add_module(verb)
    verb.add_argument(
        "--input-shape", type=shape, metavar="C,H,W",
        help="shape of a frame; a NIR file may say it",
    )  # fmt: skip
    verb.add_argument("--timesteps", type=positive, metavar="N", help="steps of a sample")
    verb.add_argument(
        "--input-kind",
        choices=[kind.value for kind in InputKind],
        help="what is presented at every step (event_counts, or static_values if the module "
        "presents one frame itself)",
    )
    verb.add_argument(
        "--readout",
        choices=[readout.value for readout in Readout],
        default=Readout.SPIKE_COUNT.value,
        help="how the output becomes one score per class (spike_count)",
    )
    verb.add_argument(
        "--population", type=positive, metavar="N", help="classes, each a group of output neurons"
    )
    verb.add_argument("--name", help="name of the network (that of the output file)")
    verb.add_argument("-o", "--output", metavar="FILE.mlir", required=True, help="file to write")
    _add_discretization(verb)
    return verb


def _add_discretization(verb: argparse.ArgumentParser) -> None:
    group = verb.add_argument_group(
        "NIR files",
        "describe neurons in continuous time; how these become steps, the file does not say",
    )
    group.add_argument(
        "--profile",
        choices=PROFILE_NAMES,
        help="the framework that wrote the file, with its own default reset",
    )
    group.add_argument(
        "--dt", type=float, metavar="TIME", help="a step, in the unit of the file's time constants"
    )
    group.add_argument(
        "--decay", choices=DECAYS, help="1 - dt / tau or exp(-dt / tau) is left after a step"
    )
    group.add_argument(
        "--reset", choices=[each.value for each in Reset], help="what a spike does to a membrane"
    )
    group.add_argument(
        "--reset-timing",
        choices=[each.value for each in ResetTiming],
        help="whether it does that at the next step or in the same one",
    )
    group.add_argument(
        "--compare",
        choices=[each.value for each in Compare],
        help="whether a membrane that is just its threshold fires (ge) or not (gt)",
    )


def _add_compile(verbs: Verbs) -> argparse.ArgumentParser:
    verb = _verb(verbs, "compile", "write the C library of a network")
    verb.add_argument("network", metavar="FILE.mlir", help="network of any level")
    _add_target(verb)
    verb.add_argument("-o", "--output", metavar="DIR", help="folder (that of the network's name)")
    verb.add_argument("--name", help="prefix of all names in C (the name of the network)")
    verb.add_argument(
        "--data", metavar="DATA", help=f"measures the range of the input: {_DATA_HELP}"
    )
    _add_samples(verb)
    _add_lowering(verb)
    return verb


def _add_explore(verbs: Verbs) -> argparse.ArgumentParser:
    verb = _verb(
        verbs, "explore", "show what each goal of --optimize and less memory would give in C"
    )
    verb.epilog = (
        "Only speed is tried within less flash and less RAM: whoever has a limit wants the fastest "
        "kernels that keep to it; balanced and size give up speed for memory by themselves. "
        "--ram-limit and --flash-limit hold for all that is shown."
    )
    verb.add_argument("network", metavar="FILE.mlir", help="network of level snn or qsnn")
    _add_target(verb)
    verb.add_argument(
        "--data", metavar="DATA", help=f"activity that kernels are chosen for: {_DATA_HELP}"
    )
    _add_samples(verb)
    _add_lowering(verb)
    return verb


def _add_run(verbs: Verbs) -> argparse.ArgumentParser:
    verb = _verb(verbs, "run", "execute one level of a network on data")
    verb.add_argument("network", metavar="FILE.mlir", help="network of any level")
    verb.add_argument("--data", metavar="DATA", required=True, help=_DATA_HELP)
    _add_samples(verb)
    verb.add_argument("--level", choices=LEVELS, default="snn", help="what to execute (snn)")
    _add_presentation(verb)
    verb.add_argument("-o", "--output", metavar="FILE.npz", help="file for scores and labels")
    verb.add_argument(
        "--record", choices=("spikes", "all"),
        help="write the spikes of each layer at every step to the file, too: spikes/<layer>, "
        "(samples, steps, *shape); with all also membranes/<layer>",
    )  # fmt: skip
    _add_lowering(verb)
    return verb


def _add_validate(verbs: Verbs) -> argparse.ArgumentParser:
    verb = _verb(verbs, "validate", "run all levels of a network and compare each with the next")
    verb.add_argument("network", metavar="FILE.mlir", help="network of any level")
    verb.add_argument("--data", metavar="DATA", required=True, help=_DATA_HELP)
    _add_samples(verb)
    verb.add_argument("--module", metavar="FILE.py:FACTORY", help="the original snnTorch module")
    _add_module(verb)
    _add_target(verb)
    verb.add_argument(
        "--qemu-limit", type=positive, metavar="N", help="samples to run in the emulator (100)"
    )
    _add_presentation(verb)
    verb.add_argument("-o", "--output", metavar="FILE.json", help="file for the report")
    _add_lowering(verb)
    return verb


def _verb(verbs: Verbs, name: str, help: str) -> argparse.ArgumentParser:
    return verbs.add_parser(name, help=help, description=help, allow_abbrev=False)


def _add_common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="print the report as JSON")
    loudness = verb.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    loudness.add_argument(
        "-v", "--verbose", action="store_true", help="also print the remarks of the passes"
    )
    verb.add_argument("--debug", action="store_true", help="print tracebacks of errors")


def _add_module(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--weights", metavar="FILE.pt", help="state_dict of the module")


def _add_target(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--target",
        default="host",
        metavar="NAME",
        help="host (default), mps2-an500 (cortex-m7) or portenta-h7",
    )


def _add_samples(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--bins", type=positive, metavar="N", help="time bins of a recording (steps of the network)"
    )
    verb.add_argument(
        "--limit", type=positive, metavar="N", help="samples to take, class-balanced (all)"
    )


def _add_presentation(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--input-as",
        choices=get_args(Presentation),
        help="how C is given each step: by NAME_step, or by NAME_step_events, which --optimize "
        "chooses kernels for (frames)",
    )


def _add_lowering(verb: argparse.ArgumentParser) -> None:
    group = verb.add_argument_group("how the network becomes integers and C")
    _add_kernels(group)
    _add_integers(group)
    _add_passes(group)
    _add_resources(group)


def _add_kernels(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--kernels",
        choices=get_args(KernelChoice),
        default="event",
        help="kernels of all layers (event); with --optimize, cmsis and cmsis_s4 let CMSIS-NN be "
        "chosen, too",
    )
    group.add_argument(
        "--packing",
        choices=get_args(Packing),
        help="lanes of currents that are read window by window: two in a word, or three in a "
        "double, for targets that add doubles in hardware (pairs)",
    )
    group.add_argument(
        "--table-bytes",
        type=byte_count,
        metavar="BYTES",
        help="flash for the tables of kernel sums of each convolution, in bytes or as 64K (none)",
    )
    group.add_argument(
        "--tile-rows",
        type=positive,
        metavar="N",
        help="rows of pooling windows whose currents exist at a time (all)",
    )
    group.add_argument(
        "--neurons",
        choices=get_args(NeuronChoice),
        help="what neurons with 16-bit states behind convolutions that are not read window by "
        "window give their spikes as: bytes, or lists of indices or masks (bytes)",
    )
    group.add_argument(
        "--weight-bits",
        type=int,
        choices=(8, 4, 2),
        help="least bits of a stored weight of event-driven convolutions; 4 and 2, where weights "
        "fit, take less flash and more instructions (8)",
    )
    group.add_argument(
        "--optimize",
        choices=get_args(Goal),
        help="choose kernels by predicted instructions, flash and RAM, for the activity of "
        "--calibration or else of the data (the same kernels for all layers)",
    )
    group.add_argument(
        "--metric",
        choices=get_args(Metric),
        help="what --optimize takes for time: instructions, or cycles, an estimate (instructions)",
    )


def _add_integers(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--state",
        choices=("auto", "i16", "i32", "saturate"),
        default="auto",
        help="width of membranes",
    )
    group.add_argument("--bits", type=positive, default=8, metavar="N", help="bits of a weight (8)")
    group.add_argument(
        "--input-maximum",
        type=positive,
        metavar="N",
        help="largest event count (twice that of the data, at most 127)",
    )
    group.add_argument(
        "--input-density",
        type=positive_or_none,
        metavar="N",
        help="most events in a window of the first layer and step (1.5 times that of the data), "
        "or none",
    )


def _add_passes(group: argparse._ArgumentGroup) -> None:
    passes = group.add_mutually_exclusive_group()
    passes.add_argument(
        "--pipeline",
        metavar="PASSES",
        help="passes on the snn level, instead of the usual folding; they may go on to "
        "integers with convert-snn-to-qsnn, and to passes behind it",
    )
    passes.add_argument(
        "--compress",
        choices=("small", "medium", "large"),
        help="compress with the pipeline snn-compress; needs --calibration",
    )
    group.add_argument(
        "--load-plugin",
        action="append",
        default=[],
        metavar="FILE.py",
        help="add the passes and dialects that a Python file defines, as snn-opt does",
    )
    group.add_argument(
        "--calibration",
        metavar="DATA",
        help="what --compress and --optimize measure, no test data",
    )


def _add_resources(group: argparse._ArgumentGroup) -> None:
    for memory in ("ram", "flash"):
        group.add_argument(
            f"--{memory}-limit",
            type=byte_count,
            metavar="BYTES",
            help=f"most {'RAM' if memory == 'ram' else memory}, in bytes or as 64K (that of the "
            "target); code and stack count where they are built for one",
        )
    group.add_argument(
        "--memory-limit",
        type=memory_limit,
        action="append",
        default=[],
        metavar="NAME=BYTES",
        help="most bytes of a memory of the target that arenas may take, such as DTCMRAM=64K; 0 "
        "keeps them out of it (what the stack leaves); may be given for several",
    )
    group.add_argument(
        "--copy-constants",
        action="store_true",
        help="copy weights and tables, those that a step reads most, to what is left of the "
        "fastest memory of the target",
    )
    group.add_argument(
        "--cmsis-nn", type=Path, metavar="DIR", help="folder of the CMSIS-NN sources"
    )


def positive(text: str) -> int:
    """A whole number from 1 up."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1 up")
    return value


def positive_or_none(text: str) -> int | Literal["none"]:
    """A whole number from 1 up, or `none`."""
    return "none" if text == "none" else positive(text)


def byte_count(text: str) -> int:
    """A number of bytes such as `65536`, `64K`, `64KiB` or `2M`."""
    number = text.upper().removesuffix("B").removesuffix("I")
    unit = {"K": 1 << 10, "M": 1 << 20}.get(number[-1:], 1)
    try:
        return positive(number if unit == 1 else number[:-1]) * unit
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no number of bytes; write 65536 or 64K"
        ) from None


def memory_limit(text: str) -> str:
    """The name of a memory and a number of bytes, such as `DTCMRAM=64K`; written `NAME:BYTES`."""
    name, _, bytes = text.partition("=")
    if not name or not bytes:
        raise argparse.ArgumentTypeError(f"'{text}' is no limit of a memory; write DTCMRAM=64K")
    return f"{name}:{0 if bytes == '0' else byte_count(bytes)}"


def shape(text: str) -> tuple[int, ...]:
    """A shape such as `2,34,34`."""
    try:
        return tuple(positive(part.strip()) for part in text.split(","))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"'{text}' is no shape; write 2,34,34") from None
