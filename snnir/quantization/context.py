# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""State of one conversion from `snn` to `qsnn`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from xdsl.builder import Builder
from xdsl.ir import Operation, SSAValue

from snnir.quantization.options import QuantizationOptions
from snnir.quantization.values import QuantizedValue
from snnir.support.diagnostics import error_at


@dataclass
class QuantizationContext:
    """Maps values of the `snn` network to their form in the `qsnn` network being built."""

    builder: Builder
    options: QuantizationOptions
    uniform_scale: set[Operation]
    """Layers whose output channels must share one scale, because the readout compares them."""
    remark: Callable[..., None]
    """`remark(op, message, **metrics)`."""
    sum_steps: dict[Operation, int] = field(default_factory=dict[Operation, int])
    """Neurons whose membranes the readout sums in 32 bits, with the number of steps."""
    values: dict[SSAValue, QuantizedValue] = field(default_factory=dict[SSAValue, QuantizedValue])

    def __getitem__(self, value: SSAValue) -> QuantizedValue:
        if value not in self.values:
            assert isinstance(value.owner, Operation)
            raise error_at(
                value.owner, "is an operand of a layer that computes with activations; fold the "
                "operations that compute with constants"
            )  # fmt: skip
        return self.values[value]

    def insert(self, op: Operation, source: Operation) -> SSAValue:
        """Insert the operation that replaces `source`; it keeps name, location and attributes.

        Returns its first result.
        """
        self.builder.insert(op)
        op.location = source.location
        op.attributes.update(source.attributes)
        for result, original in zip(op.results, source.results, strict=False):
            result.name_hint = original.name_hint
        return op.results[0]


Rule = Callable[[QuantizationContext, Any], Any]
