# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A plug-in with one pass on the `snn` level, for `--pipeline` of the verbs."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, ModuleOp

from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option


@dataclass(frozen=True)
class ScaleThresholdsPass(SNNPass):
    """Multiply the threshold of every neuron by a factor."""

    name = "mine-scale-thresholds"

    factor: float = option(1.0, "what thresholds are multiplied by, positive")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for neuron in op.walk():
            if not isinstance(neuron, SpikingNeuronBase):
                continue
            threshold = neuron.properties["threshold"]
            if not isinstance(threshold, FloatAttr):
                raise error_at(neuron, "has a threshold for every channel; one for all is needed")
            scaled = FloatAttr(threshold.value.data * self.factor, threshold.type)
            neuron.properties["threshold"] = scaled
            self.remark(neuron, f"threshold {scaled.value.data:g}")


@dataclass(frozen=True)
class CrashPass(SNNPass):
    """Raise an exception that is a defect of the pass."""

    name = "mine-crash"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise TypeError("a bug in the pass")


SNN_PASSES = {cls.name: cls for cls in (ScaleThresholdsPass, CrashPass)}
SNN_PIPELINES = {"mine-halve": "mine-scale-thresholds{factor=0.5},snn-fold-scale,cse"}
