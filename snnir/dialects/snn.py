# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `snn` dialect: what a spiking network means, in real numbers, one time step at a time.

```mlir
builtin.module attributes {snn.version = 1 : i64} {
  snn.network @net(%frame: tensor<4xf32>) -> (tensor<2xi1>)
      attributes {input = #snn<input event_counts>, readout = #snn<readout spike_count>,
                  timesteps = 20 : i64} {
    %w = snn.weight dense<0.5> : tensor<2x4xf32>
    %current = snn.linear %frame, %w : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
    %spikes, %membrane = snn.lif %current beta 0.9 : f32 threshold 1.0 : f32
        reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
    snn.output %spikes : tensor<2xi1>
  }
}
```
"""

from typing import ClassVar

from xdsl.dialect_interfaces.constant_materialization import ConstantMaterializationInterface
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Dialect, Operation
from xdsl.irdl import irdl_op_definition, traits_def
from xdsl.traits import HasParent, IsolatedFromAbove, IsTerminator, SymbolOpInterface

from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import (
    Compare,
    CompareAttr,
    InputKind,
    InputKindAttr,
    Readout,
    ReadoutAttr,
    Reset,
    ResetAttr,
    ResetTiming,
    ResetTimingAttr,
)
from snnir.dialects.snn_layers import (
    AddOp,
    AvgPool2dOp,
    BatchNormOp,
    ConcatOp,
    Conv1dOp,
    Conv2dOp,
    FlattenOp,
    LinearOp,
    MaxPool2dOp,
    ReshapeOp,
    ScaleOp,
    SumPool2dOp,
    WeightOp,
    real_tensor,
    spike_tensor,
)
from snnir.dialects.snn_neurons import (
    AlphaOp,
    LIFOp,
    LIOp,
    Parameter,
    ReadOp,
    RegisterOp,
    SynapticOp,
    WriteOp,
)


@irdl_op_definition
class NetworkOp(NetworkOpBase):
    """A network in real numbers. See `NetworkOpBase` for the attributes and constraints."""

    name = "snn.network"
    OUTPUT_NAME: ClassVar[str] = "snn.output"

    traits = traits_def(SymbolOpInterface(), IsolatedFromAbove())


@irdl_op_definition
class OutputOp(AbstractYieldOperation[Attribute]):
    """Ends the step; the readout of the network looks at the first operand."""

    name = "snn.output"

    traits = traits_def(IsTerminator(), HasParent(NetworkOp))


class SNNConstantMaterialization(ConstantMaterializationInterface):
    """Lets folders build `snn.weight`."""

    def materialize_constant(self, value: Attribute, type: Attribute) -> Operation | None:
        return WeightOp(value) if isinstance(value, DenseIntOrFPElementsAttr) else None


SNN = Dialect(
    "snn",
    [
        NetworkOp, OutputOp, WeightOp, LinearOp, Conv1dOp, Conv2dOp, MaxPool2dOp, AvgPool2dOp,
        SumPool2dOp, ReshapeOp, FlattenOp, BatchNormOp, ScaleOp, AddOp, ConcatOp, LIFOp, LIOp,
        SynapticOp, AlphaOp, RegisterOp, ReadOp, WriteOp,
    ],
    [ResetAttr, ResetTimingAttr, CompareAttr, InputKindAttr, ReadoutAttr],
    [SNNConstantMaterialization()],
)  # fmt: skip

__all__ = [
    "SNN", "AddOp", "AlphaOp", "AvgPool2dOp", "BatchNormOp", "Compare", "CompareAttr",
    "ConcatOp", "Conv1dOp", "Conv2dOp", "FlattenOp", "InputKind", "InputKindAttr", "LIFOp", "LIOp",
    "LinearOp", "MaxPool2dOp", "NetworkOp", "OutputOp", "Parameter", "ReadOp", "Readout",
    "ReadoutAttr", "RegisterOp", "Reset", "ResetAttr", "ResetTiming", "ResetTimingAttr",
    "ReshapeOp", "ScaleOp", "SumPool2dOp", "SynapticOp", "WeightOp", "WriteOp",
    "real_tensor", "spike_tensor",
]  # fmt: skip
