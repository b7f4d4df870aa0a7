# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which operations of a network have an integer form, and what to use instead of the others."""

from xdsl.ir import Operation

from snnir.dialects import snn
from snnir.quantization.layer_rules import LAYER_RULES
from snnir.quantization.neuron_rules import NEURON_RULES
from snnir.quantization.register_rules import REGISTER_RULES

_RULES = {**LAYER_RULES, **NEURON_RULES, **REGISTER_RULES}

_FOREIGN = "a pass of the plug-in that defines it has to turn it into operations of snn first"


def refusal_of(op: Operation) -> str | None:
    """Return why an operation cannot be written in integers, with the remedy; None if it can."""
    if isinstance(op, snn.WeightOp | snn.OutputOp) or type(op) in _RULES:
        return None
    if op.name.partition(".")[0] != snn.SNN.name:
        return f"has no integer form; {_FOREIGN}"
    supported = ", ".join(sorted(c.name for c in _RULES))
    return f"has no integer form yet; supported are {supported}"
