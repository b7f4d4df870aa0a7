# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir validate`: the verification ladder, each level compared with the one above it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import get_target
from snnir.costs.features import Presentation
from snnir.data import Dataset
from snnir.data.network_inputs import load_samples
from snnir.driver.files import network_of, read_network
from snnir.driver.fitting import lower_within_limits
from snnir.driver.ladder import Ladder
from snnir.driver.levels import batches, open_level
from snnir.driver.measured_cost import Cost, check_presentation, prediction
from snnir.driver.pipelines import LoweringOptions, for_target
from snnir.driver.validation_report import ValidationReport
from snnir.support.atomic import PathLike
from snnir.support.diagnostics import SNNError

if TYPE_CHECKING:
    from torch import nn

QEMU_LIMIT = 100
"""Samples that run in the emulator unless told otherwise."""


def validate(
    network: ModuleOp | PathLike,
    data: Dataset | PathLike,
    *,
    bins: int | None = None,
    limit: int | None = None,
    module: nn.Module | None = None,
    target: str = "host",
    qemu_limit: int | None = None,
    options: LoweringOptions | None = None,
    cmsis_nn: Path | None = None,
    input_as: Presentation = "frames",
    progress: bool = False,
) -> ValidationReport:
    """Run every level on the same samples and compare each with the level above it.

    The levels are snnTorch, where `module` is given, `snn`, the network after the pipeline in
    `options`, where there is one, `qsnn`, C on this computer and, where `target` is emulated, C on
    the target. Memory does not grow with the number of samples.

    Args:
        network: a module of IR, or the path of a `.mlir` file.
        data, bins, limit: as for `run`.
        module: the snnTorch module that the network was imported from, with its weights.
        target: the lowest level: `host`, or a target with an emulator.
        qemu_limit: samples to run in the emulator, class-balanced; `QEMU_LIMIT` by default.
        input_as: how C is given each step: as a frame, or as a list of events.

    Raises:
        SNNError: a level cannot be built or run, or the data do not fit the network.
    """
    description = get_target(target)
    description.require_runnable()
    ir = network if isinstance(network, ModuleOp) else read_network(network)
    op = network_of(ir)
    check_presentation(op, input_as)
    samples = load_samples(op, data, bins, limit)
    options = for_target(options, description)
    lowered = lower_within_limits(ir, options, samples, description, cmsis_nn)
    ladder = Ladder(samples)
    if lowered.snn is not None:
        ladder.add_snn(open_level("snn", lowered), network_of(lowered.snn), module)
    elif module is not None:
        raise SNNError("snnTorch is compared with the level snn, which this network does not have")
    if lowered.compressed is not None:
        ladder.add_compressed(open_level("compressed", lowered))
    ladder.add_qsnn(open_level("qsnn", lowered))
    steps = op.timesteps.value.data
    host = open_level("host", lowered, cmsis_nn=cmsis_nn, input_as=input_as)
    ladder.add_native(host, Cost(steps, input_as))
    if not description.is_host:
        emulated = open_level("qemu", lowered, description, cmsis_nn, options, input_as)
        cost = Cost(steps, input_as, prediction(lowered, options))
        ladder.add_native(emulated, cost, QEMU_LIMIT if qemu_limit is None else qemu_limit)
    for part in batches(op, len(samples), progress):
        ladder.climb_down(part)
    return ladder.report()
