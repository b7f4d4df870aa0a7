# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The passes that take a network from one level to the next, as pipeline texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.arg_spec import ArgSpec, ParameterListType

from snnir.backends.targets import TargetDescription
from snnir.costs.goals import Goal, Metric
from snnir.costs.limits import Limits
from snnir.kernels.context import KernelChoice, NeuronChoice, Packing
from snnir.passes.static_input import StaticInputPasses
from snnir.quantization.options import StatePolicy
from snnir.support.diagnostics import SNNError
from snnir.support.pipeline import (
    PassInstrumentation,
    parse_pipeline,
    run_pipeline,
    spec_to_text,
)
from snnir.support.program import Activity, crash_barrier
from snnir.universe import active_registry

SIMPLIFICATION = "snn-fold-batch-norm,snn-fold-scale"
"""Exact rewrites of `snn` networks into what has an integer form."""

MEMORY_PLANNING = "kernels-plan-memory"

LANES = 4
"""The 16-bit kernels compute so many channels at once, and are slower for other numbers of them."""

OTHER_LANES = (3, 2)
"""Channels that windows of triples and of pairs compute at once."""


@dataclass(frozen=True)
class LoweringOptions:
    """How a network becomes integers and kernels.

    Attributes:
        bits: bits of a weight, 2 to 8.
        state: policy for the width of membranes, see `convert-snn-to-qsnn`.
        kernels: kernels of linear layers and convolutions, see `convert-qsnn-to-kernels`.
        packing, table_bytes, tile_rows: of convolutions that are read window by window, see
            `convert-qsnn-to-kernels`; `optimize` chooses them itself.
        neurons: what neurons behind other convolutions give their spikes as, see
            `convert-qsnn-to-kernels`; the same holds.
        weight_bits: least bits of a stored weight of a convolution: 8, 4 or 2; the same holds.
        input_maximum: largest event count of an input element and step; None measures it.
        input_density: most events in a window of the first layers (`#qsnn.density`); None takes 1.5
            times the largest of the data, if there are any, or 1.25 times where only that narrows a
            membrane; `none` allows any number.
        silent_multiple: remove channels that no legal input makes fire (`qsnn-prune-silent`), so
            many that a multiple of this number is left; None removes none. With `optimize` and
            the default, multiples that suit other kernels are tried, too.
        padded_multiples: add channels that never fire to layers (`qsnn-pad-channels`), until
            their number is a multiple of this one, or of these for each in order; (1,) adds none.
            None adds none, either, but with `optimize` and the default of `silent_multiple` those
            that serve the goal.
        pipeline: passes on the `snn` level to run instead of `SIMPLIFICATION`, also those of
            plug-ins (`load_plugins`).
        ram_limit: most bytes of RAM; None for what the target has.
        flash_limit: most bytes of flash; None for what the target has.
        ram_reserve, flash_reserve: bytes that predictions are known to leave out, when kernels are
            chosen within limits; negative if they count too much.
        target: whose memories hold arenas and constants; None for no target in particular.
        memory_limits: most bytes of memories of the target that arenas may take, as `NAME:BYTES`.
        copy_constants: copy weights and tables to what is left of the memory of the first arena.
        optimize: goal by which `qsnn-select-kernels` chooses kernels; None for `kernels`
            everywhere.
        metric: what time is for that: instructions, or cycles, which are estimated.
        calibration: the text that names the data whose activity that goes by, see
            `snnir.data.load_data`; None takes samples of the data that are there.
    """

    bits: int = 8
    state: StatePolicy = "auto"
    kernels: KernelChoice = "event"
    packing: Packing = "pairs"
    table_bytes: int = 0
    tile_rows: int = 0
    neurons: NeuronChoice = "bytes"
    weight_bits: int = 8
    input_maximum: int | None = None
    input_density: int | Literal["none"] | None = None
    silent_multiple: int | None = LANES
    padded_multiples: tuple[int, ...] | None = None
    pipeline: str | None = None
    ram_limit: int | None = None
    flash_limit: int | None = None
    ram_reserve: int = 0
    flash_reserve: int = 0
    target: str | None = None
    memory_limits: tuple[str, ...] = ()
    copy_constants: bool = False
    optimize: Goal | None = None
    metric: Metric = "instructions"
    calibration: str | None = None


def for_target(options: LoweringOptions | None, target: TargetDescription) -> LoweringOptions:
    """The same options, with memory planned for a target if its memories are known.

    Raises:
        SNNError: memories are limited or to be copied to that the target has not.
    """
    options = options or LoweringOptions()
    if target.memory_map is None:
        if options.memory_limits or options.copy_constants:
            raise SNNError(
                f"'{target.name}' has no memories to limit or to copy to; name another target"
            )
        return options
    target.memory_map.limited(options.memory_limits)
    return replace(options, target=target.name)


def simplification(options: LoweringOptions) -> str:
    """Passes within the `snn` level."""
    return SIMPLIFICATION if options.pipeline is None else options.pipeline


def compression(size: str, calibration: str) -> str:
    """The pipeline `snn-compress`, for `LoweringOptions.pipeline`.

    Args:
        size: `small`, `medium` or `large`.
        calibration: the text that names the data, see `snnir.data.load_data`.
    """
    options: dict[str, ParameterListType] = {"size": (size,), "calibration": (calibration,)}
    return spec_to_text(ArgSpec("snn-compress", options))


def to_integers(
    options: LoweringOptions,
    input_maximum: int,
    input_scale: float,
    input_density: int | None = None,
) -> str:
    """Passes from the `snn` to the `qsnn` level."""
    density = "" if input_density is None else f" input-density={input_density}"
    return (
        f"convert-snn-to-qsnn{{bits={options.bits} state={options.state} "
        f"input-maximum={input_maximum} input-scale={input_scale!r}{density}}}"
    )


def to_other_channels(options: LoweringOptions) -> str:
    """Passes within the `qsnn` level, which change nothing that is computed; may be none."""
    passes = []
    if options.silent_multiple is not None:
        passes.append(f"qsnn-prune-silent{{multiple={options.silent_multiple}}}")
    if options.padded_multiples is not None:
        multiples = ",".join(map(str, options.padded_multiples))
        passes.append(f"qsnn-pad-channels{{multiple={multiples}}}")
    if options.optimize is not None:
        passes.append("qsnn-sort-channels")
    return ",".join(passes)


def pads_for_goal(options: LoweringOptions) -> bool:
    """Whether the goal decides if channels are added to layers."""
    return (
        options.optimize is not None
        and options.silent_multiple == LANES
        and options.padded_multiples is None
    )


def channel_multiples(options: LoweringOptions) -> list[int | None]:
    """The multiples of channels to try; the first one is what the options name."""
    multiple = options.silent_multiple
    tried = OTHER_LANES if multiple == LANES and options.optimize is not None else ()
    return [multiple, *tried]


def to_kernels(options: LoweringOptions) -> str:
    """Passes from the `qsnn` level to calls with planned memory."""
    if options.optimize is not None:
        return f"{kernel_selection(options)},{selected_to_kernels(options)}"
    values: dict[str, int | str | None] = {
        "kernels": options.kernels,
        "packing": None if options.packing == "pairs" else options.packing,
        "table-bytes": options.table_bytes or None,
        "tile-rows": options.tile_rows or None,
        "neurons": None if options.neurons == "bytes" else options.neurons,
        "weight-bits": None if options.weight_bits == 8 else options.weight_bits,
    }
    conversion = _spec("convert-qsnn-to-kernels", values)
    return f"{conversion},{static_input(options)},{memory_planning(options)}"


def selected_to_kernels(options: LoweringOptions) -> str:
    """The passes of `to_kernels` after a kernel was chosen for each layer."""
    # Every layer has its choice then; others are what its costs were predicted with.
    return f"convert-qsnn-to-kernels,{static_input(options)},{memory_planning(options)}"


def kernel_selection(options: LoweringOptions) -> str:
    """The pass that chooses a kernel for each layer."""
    values = {"optimize": options.optimize, "metric": options.metric, **_limits(options)}
    values["kernels"] = options.kernels
    values["ram-reserve"] = options.ram_reserve or None
    values["flash-reserve"] = options.flash_reserve or None
    return _spec("qsnn-select-kernels", values)


def activity_measurement(calibration: str) -> str:
    """The pass that records what kernels are chosen by."""
    return _spec("snn-measure-activity", {"calibration": calibration})


def static_input(options: LoweringOptions) -> str:
    """The passes that compute once, or for several steps at once, what a static input allows."""
    limits = Limits(
        options.ram_limit, options.flash_limit, options.ram_reserve, options.flash_reserve
    )
    passes = StaticInputPasses.within(
        options.optimize, limits, options.target, options.memory_limits
    )
    return ",".join(map(spec_to_text, passes.elements()))


def memory_planning(options: LoweringOptions) -> str:
    """The pass that places buffers."""
    memories = options.memory_limits or None
    copies = options.copy_constants or None
    values = {**_limits(options), "memory-limits": memories, "copy-constants": copies}
    return _spec(MEMORY_PLANNING, values)


def _limits(options: LoweringOptions) -> dict[str, int | str | None]:
    return {
        "ram-limit": options.ram_limit,
        "flash-limit": options.flash_limit,
        "target": options.target,
    }


def _spec(name: str, values: Mapping[str, int | str | tuple[str, ...] | None]) -> str:
    """The text of a pass with the options that are not None."""
    given: dict[str, ParameterListType] = {
        option: value if isinstance(value, tuple) else (value,)
        for option, value in values.items()
        if value is not None
    }
    return spec_to_text(ArgSpec(name, given))


def apply_pipeline(
    module: ModuleOp, text: str, callbacks: Sequence[PassInstrumentation] = ()
) -> None:
    """Run a pipeline on a module, changing it. Remarks go to the active `DiagnosticEngine`.

    Its passes are those of snnir and, within `load_plugins`, of plug-ins.

    >>> import snnir
    >>> from snnir.support.diagnostics import DiagnosticEngine
    >>> from snnir.testing.tiny_network import tiny_module
    >>> module = tiny_module()
    >>> with DiagnosticEngine() as engine:
    ...     snnir.apply_pipeline(module, "snn-fold-batch-norm,snn-fold-scale")
    >>> print(engine.remarks[-1])
    snnir: remark: 'snn.linear' op absorbed a scale [snn-fold-scale]

    Raises:
        PipelineError: the text is wrong.
        SNNError: a pass refuses the module.
    """
    known = active_registry()
    passes = parse_pipeline(text, known.passes, known.pipelines)
    run_pipeline(known.make_context(), module, passes, callbacks)


def apply_named_passes(module: ModuleOp, text: str) -> None:
    """As `apply_pipeline`, for passes that the user named and may have written.

    Raises:
        SNNError: in the place of any exception, which is then a defect of the pass that is named.
    """
    activity = Activity(f"the pipeline '{text}'")
    with crash_barrier(lambda: activity.what):
        apply_pipeline(module, text, [activity])
