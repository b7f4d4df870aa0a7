# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layers of a network whose weights can be compressed, as matrices, with their neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER, NetworkOpBase
from snnir.dialects.snn_neurons import NeuronBase
from snnir.layers.affine import AFFINE_OPS, AffineOp, groups_of
from snnir.layers.weight_grid import WeightGrid, write_grid
from snnir.support.arrays import array_from_dense, dense_from_array

LINEAR_OPS = (
    snn.BatchNormOp, snn.ScaleOp, snn.AddOp, snn.ConcatOp, snn.AvgPool2dOp, snn.SumPool2dOp,
    snn.ReshapeOp, snn.FlattenOp, snn.MaxPool2dOp,
)  # fmt: skip
"""What a current may pass on its way to a neuron. All but the maximum are linear."""


@dataclass(frozen=True, eq=False)
class CompressibleLayer:
    """A linear layer or convolution with constant weights.

    Attributes:
        op: the layer.
        neuron: the neuron layer that receives its current, None for a readout of currents.
        crossed: the operations between the two.
    """

    op: AffineOp
    neuron: NeuronBase | None
    crossed: tuple[Operation, ...]

    @property
    def name(self) -> str:
        """The name of the layer or of its neurons, for messages."""
        for op in (self.neuron, self.op):
            if op is not None and isinstance(name := op.attributes.get(LAYER), StringAttr):
                return name.data
        return self.op.result.name_hint or self.op.name

    @property
    def matrices(self) -> NDArray[np.float64]:
        """The weights, (groups, rows, columns): rows are outputs, columns (channels, *kernel)."""
        owner = self.op.weight.owner
        assert isinstance(owner, snn.WeightOp)
        array = array_from_dense(owner.value).astype(np.float64)
        groups = groups_of(self.op)
        return array.reshape(groups, len(array) // groups, -1)

    @property
    def decays(self) -> tuple[float, ...]:
        """The leaks of the filter from current to membrane potential.

        Where the leak differs from neuron to neuron it is their mean, since all rows share one
        Hessian. Two for second-order neurons; none for a current that no neuron receives.
        """
        if self.neuron is None:
            return ()
        names = [name for name in ("alpha", "beta") if name in self.neuron.parameters]
        return tuple(_mean(self.neuron.parameters[name]) for name in names)

    @property
    def channel_columns(self) -> NDArray[np.int64]:
        """The columns that read one input channel, (channels, columns of each).

        Behind a flatten, the channels are those of the feature map.
        """
        columns = self.matrices.shape[2]
        size = columns // shape_of(self.op.weight.type)[1]
        source = self.op.input.owner
        if isinstance(self.op, snn.LinearOp) and isinstance(source, snn.FlattenOp):
            size = columns // shape_of(source.input.type)[0]
        return np.arange(columns).reshape(-1, size)

    @property
    def caveat(self) -> str:
        """In which way the linear model of the neuron's input is not exact, or an empty text."""
        if self.neuron is None:
            return "; no neuron behind it, so the current counts"
        if any(isinstance(op, snn.MaxPool2dOp) for op in self.crossed):
            return "; the max pooling before its neurons is taken for the identity"
        if any(isinstance(op, snn.BatchNormOp) for op in self.crossed):
            return "; run snn-fold-batch-norm first, so that rows compete by what they reach"
        return ""

    def replace_weights(self, matrices: NDArray, grid: WeightGrid | None = None) -> None:
        """Give the layer other weights (groups, rows, columns), rounded to float32.

        A constant that other layers use too stays as it is for them.
        """
        old = self.op.weight.owner
        assert isinstance(old, snn.WeightOp)
        # Adding zero turns -0.0 into 0.0, which prints and compares better.
        array = matrices.reshape(shape_of(old.result.type)).astype(np.float32) + np.float32(0)
        new = snn.WeightOp(dense_from_array(array))
        new.location = old.location
        new.result.name_hint = old.result.name_hint
        if grid is not None:
            write_grid(new, grid)
        block = old.parent_block()
        assert block is not None
        block.insert_op_after(new, old)
        self.op.operands[1] = new.result
        if not old.result.uses:
            old.detach()
            old.erase()


def _mean(parameter: Attribute) -> float:
    return float(np.mean(array_from_dense(parameter), dtype=np.float64))


def compressible_layers(network: NetworkOpBase) -> list[CompressibleLayer]:
    """All linear layers and convolutions with constant weights, in program order."""
    return [
        CompressibleLayer(op, *_receiver(op.result))
        for op in network.body.block.ops
        if isinstance(op, AFFINE_OPS) and isinstance(op.weight.owner, snn.WeightOp)
    ]


def _receiver(value: SSAValue) -> tuple[NeuronBase | None, tuple[Operation, ...]]:
    """The first neuron that a current reaches, and what lies between."""
    users = [use.operation for use in value.uses]
    for user in users:
        if isinstance(user, NeuronBase):
            return user, ()
    for user in users:
        if isinstance(user, LINEAR_OPS):
            neuron, crossed = _receiver(user.results[0])
            if neuron is not None:
                return neuron, (user, *crossed)
    return None, ()
