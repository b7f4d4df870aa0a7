# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, StringAttr, f32
from xdsl.ir import Block, Operation, Region, SSAValue

from snnir.dialects import snn
from snnir.dialects.network import LAYER
from snnir.support.arrays import dense_from_array


class NetworkBuilder:
    """Appends operations to the body of one network."""

    def __init__(self, *shape: int, seed: int = 3):
        self.rng = np.random.default_rng(seed)
        self.block = Block(arg_types=[snn.real_tensor(shape)])
        self.frame: SSAValue = self.block.args[0]
        self._layers = 0

    def add(self, op: Operation) -> Any:
        """Append an operation, named if it is a neuron layer, and return it."""
        if hasattr(op, "membrane"):
            op.attributes[LAYER] = StringAttr(f"layer{self._layers}")
            self._layers += 1
        self.block.add_op(op)
        return op

    def constant(self, values: NDArray) -> SSAValue:
        """A `snn.weight`."""
        return self.add(snn.WeightOp(dense_from_array(np.asarray(values, np.float32)))).result

    def linear(self, value: SSAValue, inputs: int, outputs: int, bias: bool = True) -> SSAValue:
        """A linear layer with normally distributed weights."""
        weight = self.constant(self.rng.normal(0, 1 / np.sqrt(inputs), (outputs, inputs)))
        offsets = self.constant(self.rng.normal(0, 0.1, outputs)) if bias else None
        return self.add(snn.LinearOp(value, weight, offsets)).result

    def lif(
        self, current: SSAValue, beta: float = 0.5, threshold: float = 1.0, **kinds: Any
    ) -> Any:
        """A LIF layer."""
        return self.add(snn.LIFOp(current, scalar(beta), scalar(threshold), **kinds))

    def finish(self, output: SSAValue, timesteps: int = 6, **properties: Any) -> snn.NetworkOp:
        """The verified network that returns a value."""
        self.block.add_op(snn.OutputOp(output))
        types = FunctionType.from_lists(self.block.arg_types, [output.type])
        region = Region(self.block)
        network = snn.NetworkOp("net", types, region, timesteps=timesteps, **properties)
        network.verify()
        return network


def scalar(value: float) -> FloatAttr:
    """A float32 attribute."""
    return FloatAttr(value, f32)


def two_layers(timesteps: int = 6, **properties: Any) -> snn.NetworkOp:
    """8 inputs, 12 hidden and 4 output neurons, all LIF."""
    net = NetworkBuilder(8)
    hidden = net.lif(net.linear(net.frame, 8, 12), threshold=0.6).spikes
    return net.finish(net.lif(net.linear(hidden, 12, 4), 0.8).spikes, timesteps, **properties)


@pytest.fixture(scope="session")
def builder() -> type[NetworkBuilder]:
    """The network builder: call it with the shape of the input frame."""
    return NetworkBuilder


@pytest.fixture
def network() -> snn.NetworkOp:
    """See `two_layers`."""
    return two_layers()


@pytest.fixture
def counts() -> NDArray[np.uint8]:
    """Event counts for `network`: uint8 (5, 6, 8)."""
    return np.random.default_rng(1).poisson(1.0, (5, 6, 8)).astype(np.uint8)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, so that results can be compared bit for bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
