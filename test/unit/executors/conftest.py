# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks for the tests of the executors, built with the dialect's constructors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, StringAttr, f32
from xdsl.ir import Block, Operation, Region, SSAValue

from snnir.dialects import snn
from snnir.dialects.network import LAYER
from snnir.support.arrays import dense_from_array


class NetworkBuilder:
    """Appends operations to the body of one network."""

    def __init__(self, *shape: int):
        self.block = Block(arg_types=[snn.real_tensor(shape)])
        self.frame: SSAValue = self.block.args[0]

    def add(self, op: Operation, layer: str | None = None) -> Any:
        """Append an operation, named if it is a neuron layer, and return it."""
        if layer is not None:
            op.attributes[LAYER] = StringAttr(layer)
        self.block.add_op(op)
        return op

    def weight(self, values: NDArray) -> SSAValue:
        """A constant of float32 values."""
        return self.add(snn.WeightOp(dense_from_array(np.asarray(values, np.float32)))).result

    @staticmethod
    def parameter(value: float | NDArray) -> Any:
        """A neuron parameter of the dialect."""
        if isinstance(value, np.ndarray):
            return dense_from_array(value.astype(np.float32))
        return FloatAttr(value, f32)

    def lif(self, current: SSAValue, beta: Any = 0.5, threshold: Any = 1.0, **dynamics: Any) -> Any:
        """Append a LIF layer; `layer` among the keywords names it."""
        layer = dynamics.pop("layer", None)
        parameters = self.parameter(beta), self.parameter(threshold)
        return self.add(snn.LIFOp(current, *parameters, **dynamics), layer)

    def finish(self, *outputs: SSAValue, timesteps: int, **properties: Any) -> snn.NetworkOp:
        """The verified network that returns these values."""
        self.block.add_op(snn.OutputOp(*outputs))
        types = FunctionType.from_lists(self.block.arg_types, [value.type for value in outputs])
        body = Region(self.block)
        network = snn.NetworkOp("net", types, body, timesteps=timesteps, **properties)
        network.verify()
        return network


@pytest.fixture(scope="session")
def builder() -> type[NetworkBuilder]:
    """The network builder: call it with the shape of the input frame."""
    return NetworkBuilder


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20)
