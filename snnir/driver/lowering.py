# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network at every level from the one it is written in down to kernels."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.data.network_inputs import measure_input
from snnir.dialects.network import NetworkOpBase
from snnir.driver.files import level_of, network_of
from snnir.driver.pipelines import (
    MEMORY_PLANNING,
    LoweringOptions,
    apply_pipeline,
    simplification,
    to_integers,
    to_kernels,
)
from snnir.support.diagnostics import error_at


@dataclass(frozen=True)
class LoweredNetwork:
    """One network at several levels.

    Attributes:
        snn: as it was read; None if it was written at a lower level.
        qsnn: in integers; None if it was written as kernels.
        kernels: as calls of kernels on planned memory.
    """

    snn: ModuleOp | None
    qsnn: ModuleOp | None
    kernels: ModuleOp

    @property
    def network(self) -> NetworkOpBase:
        """The network as kernels, whose attributes tell name, steps and input of every level."""
        return network_of(self.kernels)

    @property
    def integers(self) -> NetworkOpBase:
        """The network in integers. Raises `SNNError` if it was written as kernels."""
        if self.qsnn is None:
            raise error_at(
                self.network, "is written as kernels, which nothing here executes but C: "
                "give the network at the snn or qsnn level"
            )  # fmt: skip
        return network_of(self.qsnn)


def lower(
    module: ModuleOp, options: LoweringOptions | None = None, data: Dataset | None = None
) -> LoweredNetwork:
    """Lower a module to kernels; the module itself does not change.

    Args:
        data: where the range of the input is measured (`measure_input`), if `options` do not tell.

    Raises:
        SNNError: a layer has no integer form or no kernel.
        PipelineError: the pipeline in `options` is wrong.
    """
    options = options or LoweringOptions()
    level = level_of(network_of(module))
    qsnn = module if level == "qsnn" else None
    if level == "snn":
        qsnn = module.clone()
        quantize(qsnn, options, data)
    kernels = module.clone() if qsnn is None else qsnn.clone()
    apply_pipeline(kernels, MEMORY_PLANNING if qsnn is None else to_kernels(options))
    return LoweredNetwork(module if level == "snn" else None, qsnn, kernels)


def quantize(module: ModuleOp, options: LoweringOptions, data: Dataset | None) -> None:
    """Change a module from the `snn` to the `qsnn` level."""
    maximum, scale = measure_input(network_of(module), data)
    if options.input_maximum is not None:
        maximum = options.input_maximum
    apply_pipeline(module, simplification(options))
    if level_of(network_of(module)) == "snn":
        apply_pipeline(module, to_integers(options, maximum, scale))
