# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The network operation, shared by the levels: a symbol whose body is one time step."""

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from xdsl.dialects.builtin import (
    FloatAttr,
    FunctionType,
    IntegerAttr,
    MemRefType,
    StringAttr,
    TensorType,
    i1,
    i64,
)
from xdsl.dialects.utils import parse_func_op_like, print_func_op_like
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import IRDLOperation, opt_prop_def, prop_def, region_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.snn_attributes import (
    SPIKE_READOUTS,
    InputKind,
    InputKindAttr,
    Readout,
    ReadoutAttr,
)

_SIGNATURE = ("sym_name", "function_type")


class NetworkOpBase(IRDLOperation, ABC):
    """A network whose body computes one time step from one input frame.

    Constraints:
      * (C1) the body has one block, whose arguments have the types of the signature;
      * (C2) `timesteps` is positive;
      * (C3) there is exactly one input frame, a tensor of static shape;
      * (C4) the terminator's operand types are the result types of the signature;
      * (C5) `population` divides the number of elements of the first result;
      * (C6) the attribute `layer` is a string, and no two neuron layers have the same;
      * (C7) the first result has elements, and fits the readout: spikes, `i1`, are not read out as
        membranes, nor a neuron's membrane as spikes.
    """

    OUTPUT_NAME: ClassVar[str]
    """Name of the terminator operation of this level."""

    sym_name = prop_def(StringAttr)
    function_type = prop_def(FunctionType)
    timesteps = prop_def(IntegerAttr)
    input = prop_def(InputKindAttr)
    readout = prop_def(ReadoutAttr)
    population = opt_prop_def(IntegerAttr)
    body = region_def("single_block")

    def __init__(
        self,
        name: str,
        function_type: FunctionType,
        body: Region | None = None,
        *,
        timesteps: int,
        input: InputKind = InputKind.EVENT_COUNTS,
        readout: Readout = Readout.SPIKE_COUNT,
        population: int | None = None,
        **properties: Attribute | None,
    ):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "function_type": function_type,
                "timesteps": IntegerAttr(timesteps, i64),
                "input": InputKindAttr(input),
                "readout": ReadoutAttr(readout),
                "population": None if population is None else IntegerAttr(population, i64),
                **properties,
            },
            regions=[body or Region(Block(arg_types=function_type.inputs.data))],
        )

    @property
    def frame(self) -> SSAValue:
        """The input frame of one time step."""
        return self.body.block.args[0]

    @property
    def outputs(self) -> Sequence[SSAValue]:
        """The values that the terminator returns; the readout looks at the first."""
        terminator = self.body.block.last_op
        assert terminator is not None
        return terminator.operands

    def verify_(self) -> None:
        inputs, results = self.function_type.inputs.data, self.function_type.outputs.data
        block = self.body.block
        if tuple(inputs) != tuple(block.arg_types):  # C1
            raise VerifyException("body arguments differ from the inputs of the signature")
        if self.timesteps.value.data < 1:  # C2
            raise VerifyException(f"timesteps must be positive, got {self.timesteps.value.data}")
        if len(inputs) != 1 or not isinstance(inputs[0], TensorType | MemRefType):  # C3
            raise VerifyException(f"expected one input frame; got {len(inputs)} inputs")
        if min(shape_of(inputs[0]), default=1) < 1:
            raise VerifyException(
                f"the input frame must have a static shape and elements, got {inputs[0]}"
            )
        last = block.last_op
        if last is None or last.name != self.OUTPUT_NAME:  # C4
            raise VerifyException(f"body must end with '{self.OUTPUT_NAME}'")
        if (returned := tuple(last.operand_types)) != tuple(results):
            raise VerifyException(
                f"'{self.OUTPUT_NAME}' returns ({', '.join(map(str, returned))}), "
                f"the signature says ({', '.join(map(str, results))})"
            )
        if not results:
            raise VerifyException("a network must return at least one value")
        neurons = element_count(shape_of(results[0]))
        if neurons < 1:  # C7
            raise VerifyException(f"the first output must have elements, got {results[0]}")
        self._verify_readout()
        self._verify_population(neurons)
        layer_names(self)  # C6

    def _verify_readout(self) -> None:
        readout, output = self.readout.data, self.outputs[0]
        if readout in SPIKE_READOUTS:
            fits = getattr(output.owner, "membrane", None) is not output
            wanted, others = "spikes", "last_membrane, max_membrane or mean_membrane"
        else:
            fits = not (isinstance(output.type, TensorType) and output.type.element_type == i1)
            wanted, others = "membranes", "spike_count or first_spike"
        if not fits:  # C7
            raise VerifyException(
                f"readout {readout.value} needs {wanted} as the first output, got "
                f"{'spikes' if wanted == 'membranes' else 'a membrane'} of type {output.type}; "
                f"choose {others}, or another output"
            )

    def _verify_population(self, neurons: int) -> None:
        if self.population is None:
            return
        classes = self.population.value.data
        if classes < 1 or neurons % classes:  # C5
            raise VerifyException(f"population {classes} does not divide {neurons} output neurons")

    def print(self, printer: Printer) -> None:
        print_func_op_like(
            printer,
            self.sym_name,
            self.function_type,
            self.body,
            {**self.properties, **self.attributes},
            reserved_attr_names=_SIGNATURE,
        )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        start = parser.pos
        name, inputs, outputs, region, extra, arg_attrs, _ = parse_func_op_like(
            parser, reserved_attr_names=_SIGNATURE
        )
        if arg_attrs is not None:
            parser.raise_error(f"'{cls.name}' takes no argument attributes", start)
        attributes = dict(extra.data) if extra is not None else {}
        declared = set(cls.get_irdl_definition().properties)
        op = cls.create(
            properties={
                "sym_name": StringAttr(name),
                "function_type": FunctionType.from_lists(inputs, outputs),
                **{key: value for key, value in attributes.items() if key in declared},
            },
            attributes={key: value for key, value in attributes.items() if key not in declared},
            regions=[region],
        )
        for key in ("timesteps", "input", "readout"):
            if key not in op.properties:
                parser.raise_error(f"'{cls.name}' needs the attribute '{key}'", start)
        return op


def enclosing_network(op: Operation) -> NetworkOpBase | None:
    """The network that `op` belongs to."""
    parent: Operation | None = op
    while parent is not None and not isinstance(parent, NetworkOpBase):
        parent = parent.parent_op()
    return parent


def verify_output_scale(scale: FloatAttr | None) -> None:
    """Raise `VerifyException` unless the real value of one unit of the output is positive."""
    if scale is not None and not (np.isfinite(scale.value.data) and scale.value.data > 0):
        raise VerifyException(f"output_scale must be positive, got {scale.value.data}")


def replace_network(
    source: NetworkOpBase,
    body: Block,
    network_class: type[NetworkOpBase],
    **properties: Attribute | None,
) -> None:
    """Replace a network by one of another level that presents and reads out its input alike.

    `body` is complete, with the terminator of the new level; `properties` are those that only the
    new level has. Name, location and attributes are kept.
    """
    last = body.last_op
    assert last is not None
    population = source.population
    converted = network_class(
        source.sym_name.data,
        FunctionType.from_lists(body.arg_types, last.operand_types),
        Region(body),
        timesteps=source.timesteps.value.data,
        input=source.input.data,
        readout=source.readout.data,
        population=None if population is None else population.value.data,
        **properties,
    )
    converted.location = source.location
    converted.attributes.update(source.attributes)
    parent = source.parent_block()
    assert parent is not None
    parent.insert_op_before(converted, source)
    source.detach()
    source.erase()


LAYER = "layer"
"""Discardable attribute with the name of a layer in the source framework, kept by all lowerings."""


def layer_names(network: NetworkOpBase) -> dict[Operation, str]:
    """A unique name for each neuron layer (operation with a `membrane` result), in program order.

    The name is the attribute `layer`, or the operation's position among the neurons.

    Raises:
        VerifyException: two layers have the same name, or one of any kind has none although it has
            the attribute.
    """
    names: dict[Operation, str] = {}
    for op in network.body.block.ops:
        attribute = op.attributes.get(LAYER)
        if attribute is not None and not (isinstance(attribute, StringAttr) and attribute.data):
            raise VerifyException(
                f"the name of a layer must be a string that is not empty, got {attribute}"
            )
        if not hasattr(op, "membrane"):
            continue
        name = f"neuron{len(names)}" if attribute is None else attribute.data
        if name in names.values():
            raise VerifyException(f"two neuron layers are named '{name}'")
        names[op] = name
    return names
