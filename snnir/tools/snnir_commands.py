# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The verbs of `snnir`: options to arguments of the driver's functions, reports to the screen."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from xdsl.dialects.builtin import ModuleOp

from snnir.driver.check import check
from snnir.driver.compile import compile
from snnir.driver.explore import explore
from snnir.driver.files import name_from_path, write_network
from snnir.driver.import_ import import_network, summarize
from snnir.driver.import_nir import NIR_SUFFIX, import_nir
from snnir.driver.levels import LEVELS_IN_C
from snnir.driver.pipelines import LoweringOptions, compression
from snnir.driver.run import run
from snnir.driver.validate import validate
from snnir.kernels.context import CMSIS_CHOICES
from snnir.support.atomic import atomic_write, check_writable
from snnir.support.command_line import UsageError
from snnir.support.diagnostics import SNNError


class Report(Protocol):
    """What every verb returns."""

    def to_json(self) -> dict[str, Any]: ...

    def lines(self) -> list[str]: ...


def check_command(options: argparse.Namespace) -> int:
    """`snnir check`."""
    report = check(
        options.source,
        options.weights,
        input_shape=options.input_shape,
        timesteps=options.timesteps,
        options=_lowering(options),
    )
    _show(report, options)
    return 0 if report.supported else 1


def import_command(options: argparse.Namespace) -> int:
    """`snnir import`."""
    check_writable(options.output)
    is_nir = options.source.endswith(NIR_SUFFIX)
    module = (_import_nir if is_nir else _import_module)(options)
    write_network(module, options.output)
    # Without weights they may be those that training would begin with.
    origin = options.source if is_nir else f"{options.source}, without --weights"
    _show(summarize(module, options.weights or origin), options)
    return 0


_OF_NIR = ("profile", "dt", "decay", "reset", "reset_timing", "compare")
"""Options of `import` for NIR files."""


def _import_module(options: argparse.Namespace) -> ModuleOp:
    for name in _OF_NIR:
        if getattr(options, name) is not None:
            raise UsageError(
                f"--{name.replace('_', '-')} is for NIR files; a module says it itself"
            )
    if options.input_shape is None:
        raise UsageError("importing a module needs the shape of a frame: give --input-shape")
    return import_network(options.source, options.weights, **_of_network(options))


def _import_nir(options: argparse.Namespace) -> ModuleOp:
    if options.weights is not None:
        raise UsageError("--weights are those of a module; a NIR file has its own")
    rule = {name: getattr(options, name) for name in _OF_NIR}
    return import_nir(options.source, **_of_network(options), **rule)


def _of_network(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say about a network, wherever it comes from."""
    return {
        "input_shape": options.input_shape,
        "timesteps": options.timesteps,
        "input_kind": options.input_kind,
        "readout": options.readout,
        "population": options.population,
        "name": options.name or name_from_path(options.output),
    }


def compile_command(options: argparse.Namespace) -> int:
    """`snnir compile`."""
    report = compile(
        options.network,
        options.output,
        target=options.target,
        options=_lowering(options),
        data=options.data,
        bins=options.bins,
        limit=options.limit,
        name=options.name,
        cmsis_nn=options.cmsis_nn,
    )
    _show(report, options)
    return 0


def explore_command(options: argparse.Namespace) -> int:
    """`snnir explore`."""
    if options.optimize is not None:
        raise UsageError("explore tries every goal of --optimize; leave it out")
    # As with a goal: what it chooses cannot be given, and activity may be calibrated.
    lowering = _lowering(argparse.Namespace(**{**vars(options), "optimize": "balanced"}))
    report = explore(
        options.network,
        target=options.target,
        options=lowering,
        data=options.data,
        bins=options.bins,
        limit=options.limit,
        cmsis_nn=options.cmsis_nn,
    )
    _show(report, options)
    return 0


def run_command(options: argparse.Namespace) -> int:
    """`snnir run`."""
    if options.input_as is not None and options.level not in LEVELS_IN_C:
        raise UsageError(f"--input-as is for the levels {' and '.join(LEVELS_IN_C)}")
    if options.output is not None:
        check_writable(options.output)
    elif options.record is not None:
        raise UsageError("--record needs a file for what it records: -o FILE.npz")
    report = run(
        options.network,
        options.data,
        bins=options.bins,
        limit=options.limit,
        level=options.level,
        options=_lowering(options),
        cmsis_nn=options.cmsis_nn,
        input_as=options.input_as or "frames",
        record=options.record or "none",
        progress=not options.quiet,
    )
    if options.output is not None:
        report.write(options.output)
    _show(report, options)
    return 0


def validate_command(options: argparse.Namespace) -> int:
    """`snnir validate`."""
    if options.weights is not None and options.module is None:
        raise UsageError("--weights are those of --module, which is missing")
    if options.output is not None:
        check_writable(options.output)
    report = validate(
        options.network,
        options.data,
        bins=options.bins,
        limit=options.limit,
        module=_load_module(options),
        target=options.target,
        qemu_limit=options.qemu_limit,
        options=_lowering(options),
        cmsis_nn=options.cmsis_nn,
        input_as=options.input_as or "frames",
        progress=not options.quiet,
    )
    if options.output is not None:
        with atomic_write(options.output) as stream:
            stream.write(json.dumps(report.to_json(), indent=2) + "\n")
    _show(report, options)
    if report.problems:
        raise SNNError(report.problems[0])
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "check": check_command,
    "import": import_command,
    "compile": compile_command,
    "explore": explore_command,
    "run": run_command,
    "validate": validate_command,
}
"""The functions that run the verbs and return the exit status."""


_CHOOSABLE = ("event", *CMSIS_CHOICES)
"""What `--kernels` may say beside `--optimize`."""


def _lowering(options: argparse.Namespace) -> LoweringOptions:
    chosen = ("packing", "table_bytes", "tile_rows", "neurons", "weight_bits")
    given = [name for name in chosen if getattr(options, name) is not None]
    if options.optimize is not None and given:
        raise UsageError(
            f"--optimize chooses what --{given[0].replace('_', '-')} says; give one of them"
        )
    if options.optimize is not None and options.kernels not in _CHOOSABLE:
        raise UsageError(
            f"--optimize chooses what --kernels {options.kernels} says; give one of them (only "
            f"{' and '.join(CMSIS_CHOICES)} go with it)"
        )
    if options.metric is not None and options.optimize is None:
        raise UsageError("--metric is for --optimize, which is not given")
    return LoweringOptions(
        bits=options.bits,
        state=options.state,
        kernels=options.kernels,
        packing=options.packing or "pairs",
        table_bytes=options.table_bytes or 0,
        tile_rows=options.tile_rows or 0,
        neurons=options.neurons or "bytes",
        weight_bits=options.weight_bits or 8,
        input_maximum=options.input_maximum,
        input_density=options.input_density,
        pipeline=_pipeline(options),
        ram_limit=options.ram_limit,
        flash_limit=options.flash_limit,
        memory_limits=tuple(options.memory_limit),
        copy_constants=options.copy_constants,
        optimize=options.optimize,
        metric=options.metric or "instructions",
        calibration=None if options.optimize is None else options.calibration,
    )


def _pipeline(options: argparse.Namespace) -> str | None:
    """The passes on the snn level that the command line asks for; None for the usual ones."""
    if options.compress is None:
        if options.calibration is not None and options.optimize is None:
            raise UsageError("--calibration is for --compress or --optimize; neither is given")
        return options.pipeline
    if options.calibration is None:
        raise UsageError("--compress needs --calibration DATA, samples that test nothing later")
    return compression(options.compress, options.calibration)


def _load_module(options: argparse.Namespace) -> Any:
    if options.module is None:
        return None
    # Here, because torch takes seconds to import.
    from snnir.frontends import load_module

    return load_module(options.module, options.weights)


def _show(report: Report, options: argparse.Namespace) -> None:
    """Print a report: as JSON where asked for, else as tables unless quiet."""
    if options.json:
        _print([json.dumps(report.to_json(), indent=2)])
    elif not options.quiet:
        _print(report.lines())


def _print(lines: Sequence[str]) -> None:
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SNNError(f"cannot write to standard output: {error.strerror or error}") from error
