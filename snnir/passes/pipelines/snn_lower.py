# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes a network from the `snn` level to calls of kernels on planned memory.

What `snnir compile` does between reading a network and printing C, with the same options, for those
who work with `snn-opt`: `snn-opt net.mlir -p 'snn-lower{bits=4}' -t snn-c`. Weights that a pass put
on a grid keep the bits of their grid. Unlike `snnir compile`, it sees no data: `input-maximum`,
`input-density` and `input-scale` say what the input can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.utils.arg_spec import ArgSpec

from snnir.costs.goals import Goal
from snnir.costs.limits import Limits
from snnir.kernels.context import KernelChoice
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.passes.static_input import StaticInputPasses
from snnir.quantization.options import StatePolicy
from snnir.support.pass_base import PassPipeline, element, element_of, option


@dataclass(frozen=True)
class SNNLowerPipeline(PassPipeline):
    """Lower a network to kernels with planned memory."""

    name: ClassVar[str] = "snn-lower"
    EXAMPLES: ClassVar[tuple[str, ...]] = ("snn-lower", "snn-lower{bits=4 kernels=cmsis}")

    bits: int | None = option(None, "bits of a weight, 2 to 8; that of convert-snn-to-qsnn")
    state: StatePolicy | None = option(None, "width of membranes; that of convert-snn-to-qsnn")
    input_maximum: int | None = option(None, "largest event count of an input element and step")
    input_density: int | None = option(
        None, "most events in any window of the layers that read the input"
    )
    input_scale: float | None = option(None, "real value of one unit of a real-valued input")
    kernels: KernelChoice | None = option(
        None, "kernels of layers; those of convert-qsnn-to-kernels"
    )
    optimize: Goal | None = option(
        None, "goal by which qsnn-select-kernels chooses: speed, size or balanced"
    )
    target: str | None = option(None, "target that runs the network")
    ram_limit: int | None = option(None, "most bytes of RAM")
    flash_limit: int | None = option(None, "most bytes of flash")
    memory_limits: tuple[str, ...] = option(
        (), "most bytes of memories of the target that arenas may take, as NAME:BYTES"
    )

    def elements(self) -> Sequence[ArgSpec]:
        """See the base class."""
        memory: dict[str, int | str | None] = {
            "ram_limit": self.ram_limit, "flash_limit": self.flash_limit, "target": self.target,
        }  # fmt: skip
        selection = (
            []
            if self.optimize is None
            else [element("qsnn-select-kernels", optimize=self.optimize, **memory)]
        )
        limits = Limits(self.ram_limit, self.flash_limit)
        static_input = StaticInputPasses.within(
            self.optimize, limits, self.target, self.memory_limits
        )
        planning = KernelsPlanMemoryPass(
            self.ram_limit, self.flash_limit, self.target, self.memory_limits
        )
        return [
            element("snn-fold-batch-norm"),
            element("snn-fold-scale"),
            element(
                "convert-snn-to-qsnn",
                bits=self.bits,
                state=self.state,
                input_maximum=self.input_maximum,
                input_density=self.input_density,
                input_scale=self.input_scale,
            ),
            element("qsnn-prune-silent"),
            *selection,
            element("convert-qsnn-to-kernels", kernels=self.kernels),
            *static_input.elements(),
            element_of(planning),
        ]
