# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `qsnn` dialect: the network in integers, exact, with every width and rounding spelled out.

A linear layer on spikes needs no requantisation: with weights `q * s` the current in units of `s`
is an integer sum, and the scale disappears into threshold and bias of the neuron that receives it.
Only neurons round, in their leak. Tensors are `(channels, height, width)` or
`(features,)`; spikes are `i1`, counts and quantised inputs `i8`, currents `i16` or `i32`.
"""

from typing import ClassVar

from xdsl.dialect_interfaces.constant_materialization import ConstantMaterializationInterface
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    i1,
    i8,
)
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Dialect, Operation
from xdsl.irdl import (
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.traits import (
    HasParent,
    IsolatedFromAbove,
    IsTerminator,
    SymbolOpInterface,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.input_density import InputDensityAttr, verify_density
from snnir.dialects.layer_bases import (
    element_type_of,
    expect_elements,
)
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import NetworkOpBase, verify_output_scale
from snnir.dialects.qsnn_layers import (
    LEAK_ONE,
    AddOp,
    ConcatOp,
    Conv2dOp,
    LinearOp,
    MaxPool2dOp,
    Parameter,
    ReshapeOp,
    ScaleOp,
    SumPool2dOp,
    WeightOp,
)
from snnir.dialects.qsnn_neurons import (
    RECALL_LIMIT,
    AlphaOp,
    LIFOp,
    LIOp,
    NeuronBase,
    Overflow,
    OverflowAttr,
    ReadOp,
    RegisterOp,
    Rounding,
    RoundingAttr,
    SpikingNeuronBase,
    WriteOp,
)


@irdl_op_definition
class NetworkOp(NetworkOpBase):
    """A network in integers.

    `input_maximum` is the largest value that an element of the frame may have; the smallest is 0
    for counts and spikes and `-input_maximum` for quantised real values, whose unit is
    `input_scale`, or 1. `input_density`, for counts and spikes only, bounds how many events lie
    close together. Executors and generated code check both, because membrane types rely on them.
    `output_scale` is the real value of one unit of the output, where that is a membrane.

    Constraints: those of `NetworkOpBase`; (C6) the frame is `i1` or `i8`; (C7) `input_maximum` is
    between 1 and 127, and 1 for `i1`; (C8) `input_density` fits kind and shape of the frame; (C9)
    `output_scale` is positive.
    """

    name = "qsnn.network"
    OUTPUT_NAME: ClassVar[str] = "qsnn.output"

    input_maximum = prop_def(IntegerAttr)
    input_scale = opt_prop_def(FloatAttr)
    input_density = opt_prop_def(InputDensityAttr)
    output_scale = opt_prop_def(FloatAttr)

    traits = traits_def(SymbolOpInterface(), IsolatedFromAbove())

    def verify_(self) -> None:
        super().verify_()
        expect_elements("the frame", self.frame.type, i1, i8)  # C6
        maximum = self.input_maximum.value.data
        limit = 1 if element_type_of(self.frame.type) == i1 else 127
        if not 1 <= maximum <= limit:  # C7
            raise VerifyException(f"input_maximum must be between 1 and {limit}, got {maximum}")
        verify_density(self.input_density, self.input.data, shape_of(self.frame.type))  # C8
        verify_output_scale(self.output_scale)  # C9


@irdl_op_definition
class OutputOp(AbstractYieldOperation[Attribute]):
    """Ends the step; the readout of the network looks at the first operand."""

    name = "qsnn.output"

    traits = traits_def(IsTerminator(), HasParent(NetworkOp))


class QSNNConstantMaterialization(ConstantMaterializationInterface):
    """Lets folders build `qsnn.weight`."""

    def materialize_constant(self, value: Attribute, type: Attribute) -> Operation | None:
        return WeightOp(value) if isinstance(value, DenseIntOrFPElementsAttr) else None


QSNN = Dialect(
    "qsnn",
    [
        NetworkOp, OutputOp, WeightOp, LinearOp, Conv2dOp, MaxPool2dOp, SumPool2dOp, ReshapeOp,
        AddOp, ScaleOp, ConcatOp, LIFOp, LIOp, AlphaOp, RegisterOp, ReadOp, WriteOp,
    ],
    [OverflowAttr, RoundingAttr, InputDensityAttr],
    [QSNNConstantMaterialization()],
)  # fmt: skip

__all__ = [
    "LEAK_ONE",
    "QSNN",
    "RECALL_LIMIT",
    "AddOp",
    "AlphaOp",
    "ConcatOp",
    "Conv2dOp",
    "InputDensityAttr",
    "LIFOp",
    "LIOp",
    "LinearOp",
    "MaxPool2dOp",
    "NetworkOp",
    "NeuronBase",
    "OutputOp",
    "Overflow",
    "OverflowAttr",
    "Parameter",
    "QSNNConstantMaterialization",
    "ReadOp",
    "RegisterOp",
    "ReshapeOp",
    "Rounding",
    "RoundingAttr",
    "ScaleOp",
    "SpikingNeuronBase",
    "SumPool2dOp",
    "WeightOp",
    "WriteOp",
]
