# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The target `snn-c` of `snn-opt`: the header or the source of a planned network on one stream."""

from dataclasses import dataclass
from typing import IO, ClassVar, Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.target import Target

from snnir.backends.c.network import only_network
from snnir.backends.c.printer import header, source
from snnir.support.pass_base import option


@dataclass(frozen=True)
class CTarget(Target):
    """C99 of a planned snnrt.network."""

    name: ClassVar[str] = "snn-c"

    file: Literal["both", "header", "source"] = option("both", "which file to print")

    def emit(self, ctx: Context, module: ModuleOp, output: IO[str]) -> None:
        network = only_network(module)
        if self.file in ("both", "header"):
            output.write(header(network))
        if self.file in ("both", "source"):
            output.write(source(network))
