# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network at every level from the one it is written in down to kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp

from snnir.data import Dataset, balanced_subset
from snnir.data.network_inputs import measure_input
from snnir.dialects import qsnn, snn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.driver.channel_counts import choose_channels, with_chosen_channels
from snnir.driver.files import level_of, network_of
from snnir.driver.pipelines import (
    LoweringOptions,
    activity_measurement,
    apply_named_passes,
    apply_pipeline,
    memory_planning,
    simplification,
    to_integers,
    to_kernels,
)
from snnir.driver.removed_channels import Kept, kept_channels
from snnir.layers.activity_attributes import has_rates
from snnir.quantization.input_density import (
    density_cell,
    expect_density,
    measure_density,
    possible_contracts,
)
from snnir.quantization.values import type_bounds
from snnir.support.diagnostics import DiagnosticEngine, emit_note, error_at

ACTIVITY_SAMPLES = 32
"""Samples of the data whose activity kernels are chosen by where there are no calibration data."""


@dataclass(frozen=True)
class LoweredNetwork:
    """One network at several levels.

    Attributes:
        snn: as it was read; None if it was written at a lower level.
        qsnn: in integers; None if it was written as kernels.
        kernels: as calls of kernels on planned memory.
        simplified: `qsnn` without channels that never fire, or with more of them, which computes
            the same; None where `qsnn` is.
        compressed: after the passes that the options name; None if they name none, or go below
            `snn` themselves.
    """

    snn: ModuleOp | None
    qsnn: ModuleOp | None
    kernels: ModuleOp
    compressed: ModuleOp | None = None
    simplified: ModuleOp | None = None

    @property
    def network(self) -> NetworkOpBase:
        """The network as kernels, whose attributes tell name, steps and input of every level."""
        return network_of(self.kernels)

    @property
    def integers(self) -> NetworkOpBase:
        """The network in integers. Raises `SNNError` if it was written as kernels."""
        if self.qsnn is None:
            raise error_at(
                self.network, "is written as kernels and has no level above, to compare with or "
                "to run: give the network at the snn or qsnn level, or run the level kernels, host "
                "or qemu"
            )  # fmt: skip
        return network_of(self.qsnn)

    @cached_property
    def kept_channels(self) -> Kept:
        """For each layer that lost or gained channels on the way to kernels, where those are."""
        if self.qsnn is None or self.simplified is None:
            return {}
        return kept_channels(network_of(self.qsnn), network_of(self.simplified))


OF_INTEGERS = ("bits", "state", "input_maximum", "pipeline")
"""Options that say how a network becomes integers."""
OF_KERNELS = (
    "optimize",
    "kernels",
    "packing",
    "table_bytes",
    "tile_rows",
    "neurons",
    "weight_bits",
)
"""Options that say which kernels a network of integers gets."""


def lower(
    module: ModuleOp, options: LoweringOptions | None = None, data: Dataset | None = None
) -> LoweredNetwork:
    """Lower a module to kernels; the module itself does not change.

    Args:
        data: where range and density of the input are measured (`measure_input`,
            `measure_density`), if `options` do not tell.

    Raises:
        SNNError: a layer has no integer form or no kernel, or events of the data lie closer
            together than the options or the network allow.
        PipelineError: the pipeline in `options` is wrong.
    """
    options = options or LoweringOptions()
    level = level_of(network_of(module))
    qsnn, compressed = to_integer_level(module, options, data)
    if qsnn is None:
        kernels = module.clone()
        apply_pipeline(kernels, memory_planning(options))
        return LoweredNetwork(None, None, kernels)
    if data is not None:
        expect_density(network_of(qsnn), data.x)
    options = choose_channels(qsnn, options)
    simplified = with_chosen_channels(qsnn, options)
    kernels = simplified.clone()
    apply_pipeline(kernels, to_kernels(options))
    return LoweredNetwork(module if level == "snn" else None, qsnn, kernels, compressed, simplified)


def to_integer_level(
    module: ModuleOp, options: LoweringOptions, data: Dataset | None
) -> tuple[ModuleOp | None, ModuleOp | None]:
    """A module in integers and, where the options name passes, what they made of it.

    Returns:
        the module itself if it is in integers already; None if it was written as kernels.
    """
    level = level_of(network_of(module))
    if level != "snn":
        _refuse_what_is_decided(module, options)
        return (module if level == "qsnn" else None), None
    integers, compressed = module.clone(), None
    if options.pipeline is not None:
        compressed = compress(integers, options.pipeline)
        if level_of(network_of(integers)) == "snnrt":
            raise error_at(
                network_of(integers), "the pipeline makes kernels of it; let it end with passes on "
                "the snn or qsnn level, and choose kernels with --kernels or --optimize"
            )  # fmt: skip
        options = replace(options, pipeline="")
        if level_of(network_of(integers)) == "qsnn":
            _refuse_what_the_pipeline_decides(network_of(integers), options, data)
    quantize(integers, options, data)
    return integers, compressed


def without_options_of_integers(options: LoweringOptions) -> LoweringOptions:
    """The options for a network that has become integers by them."""
    defaults = LoweringOptions()
    return replace(options, **{name: getattr(defaults, name) for name in OF_INTEGERS})


def _refuse_what_is_decided(module: ModuleOp, options: LoweringOptions) -> None:
    """Refuse options that say how a network becomes integers, or kernels, when it is that already.

    Raises:
        SNNError: an option has no effect.
    """
    network, defaults = network_of(module), LoweringOptions()
    is_kernels = level_of(network) == "snnrt"
    for name in (*OF_INTEGERS, *(OF_KERNELS if is_kernels else ())):
        if getattr(options, name) != getattr(defaults, name):
            raise error_at(
                network, f"has its {'kernels' if is_kernels else 'integers'} already, so that "
                f"--{name.replace('_', '-')} would do nothing; leave it out, or take the network "
                "as it was before"
            )  # fmt: skip


def _refuse_what_the_pipeline_decides(
    network: NetworkOpBase, options: LoweringOptions, data: Dataset | None
) -> None:
    """Refuse options that a pipeline down to integers leaves nothing to; note the range of data.

    Raises:
        SNNError: an option has no effect.
    """
    defaults = LoweringOptions()
    for name in OF_INTEGERS:
        if name != "pipeline" and getattr(options, name) != getattr(defaults, name):
            option = name.replace("_", "-")
            raise error_at(
                network, f"is in integers at the end of the pipeline, so that --{option} would do "
                f"nothing; write it there, convert-snn-to-qsnn{{{option}=...}}"
            )  # fmt: skip
    if data is not None:
        _note_range_of_data(network, data)


def _note_range_of_data(network: NetworkOpBase, data: Dataset) -> None:
    """Say what `convert-snn-to-qsnn` would have been told, if a pipeline told it something else."""
    largest, scale = measure_input(network, data)
    name, measured = "input-maximum", f"{largest}"
    if network.input.data in REAL_KINDS:
        name, measured = "input-scale", f"{scale!r}"
    attribute = network.properties.get(name.replace("-", "_"))
    assert isinstance(attribute, IntegerAttr | FloatAttr)
    if f"{attribute.value.data!r}" != measured:
        emit_note(
            network, f"is in integers at the end of the pipeline, for an {name} of "
            f"{attribute.value.data!r}; the data suggest convert-snn-to-qsnn{{{name}={measured}}}"
        )  # fmt: skip


def compress(module: ModuleOp, pipeline: str) -> ModuleOp | None:
    """Run the passes that a user names on a module, which changes.

    Returns:
        a copy of what it is then; None if that is below the `snn` level.
    """
    apply_named_passes(module, pipeline)
    return module.clone() if level_of(network_of(module)) == "snn" else None


def quantize(module: ModuleOp, options: LoweringOptions, data: Dataset | None) -> None:
    """Change a module from the `snn` to the `qsnn` level."""
    maximum, scale = measure_input(network_of(module), data)
    if options.input_maximum is not None:
        maximum = options.input_maximum
    apply_pipeline(module, simplification(options))
    _record_activity(module, options, data)
    if level_of(network_of(module)) == "snn":
        bounds = _densities(network_of(module), options, data, maximum)
        pipelines = [to_integers(options, maximum, scale, bound) for bound in bounds]
        apply_pipeline(module, _narrowest(module, pipelines))


def _record_activity(module: ModuleOp, options: LoweringOptions, data: Dataset | None) -> None:
    """Record what kernels are chosen by: of the calibration data, else of samples of the data."""
    network = network_of(module)
    if options.optimize is None or level_of(network) != "snn":
        return
    if options.calibration is not None:
        apply_pipeline(module, activity_measurement(options.calibration))
    elif data is not None and not has_rates(network):
        # Here, because executing networks needs torch.
        from snnir.calibration import measure_activity, record_activity

        labels = np.zeros(len(data), np.int64) if data.y is None else data.y
        chosen = balanced_subset(labels, min(ACTIVITY_SAMPLES, len(data)))
        part = Dataset(data.x[chosen], None if data.y is None else data.y[chosen], data.name)
        record_activity(network, measure_activity(network, part))


def _narrowest(module: ModuleOp, pipelines: list[str]) -> str:
    """The first of the pipelines to integers that gives the narrowest membranes."""

    def bits(pipeline: str) -> int:
        copy = module.clone()
        # Nobody wants remarks on what may not be chosen.
        with DiagnosticEngine():
            apply_pipeline(copy, pipeline)
        neurons = [op for op in copy.walk() if isinstance(op, qsnn.NeuronBase)]
        return sum(
            type_bounds(element_type_of(op.results[-1].type))[1].bit_length() for op in neurons
        )

    return pipelines[0] if len(pipelines) == 1 else min(pipelines, key=bits)


def _densities(
    network: NetworkOpBase, options: LoweringOptions, data: Dataset | None, input_maximum: int
) -> list[int | None]:
    """Bounds on events that lie close together, the best first: as told, or measured."""
    if options.input_density is not None:
        return [None if options.input_density == "none" else options.input_density]
    if data is None or network.input.data in REAL_KINDS:
        return [None]
    assert isinstance(network, snn.NetworkOp)
    if (cell := density_cell(network)) is None:
        return [None]
    measured = measure_density(data.x, cell)
    return [*possible_contracts(network, cell, measured, input_maximum)] or [None]
