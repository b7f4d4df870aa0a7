# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network of the `snn` level as a torch module that can be trained."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from xdsl.dialects.builtin import FloatAttr, f32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.traits import Pure

from snnir.dialects import snn
from snnir.dialects.snn_neurons import DECAYS, NeuronBase, SpikingNeuronBase
from snnir.executors import torch_snn
from snnir.executors.torch_program import (
    Cell,
    Evaluate,
    TorchBuilder,
    TorchLevel,
    evaluate_operations,
    finish_step,
)
from snnir.layers.affine import AFFINE_OPS
from snnir.layers.counts import macs_of
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import error_at
from snnir.training.constraints import Constraint, RangeConstraint, weight_constraint
from snnir.training.surrogate import SURROGATES, SurrogateName, SurrogateThreshold

SMALLEST_THRESHOLD = 1e-3
"""Trained thresholds stay above this: a threshold of zero would fire without input."""


@dataclass(frozen=True)
class Trained:
    """A parameter and the property of the operation that it comes from.

    Attributes:
        position: index of the operation in the body of the network.
    """

    position: int
    property: str
    parameter: nn.Parameter
    constraint: Constraint

    def value(self) -> Tensor:
        """What the network computes with, without gradient."""
        return self.constraint.effective(self.parameter.detach())


class _ResetFlag(Cell):
    """A cell that no gradient crosses: snnTorch, too, detaches the reset from the graph."""

    def end_step(self) -> None:
        self.value = self.next.detach()


class TrainingBuilder(TorchBuilder):
    """Hands out parameters for the attributes that are trained.

    `replaced` is keyed by the identity of attributes: equal attributes of one neuron layer may be
    trained apart.

    Args:
        channels_last: states of (channels, rows, columns) have the channels last in memory.
    """

    def __init__(self, device: torch.device, channels_last: bool = False):
        super().__init__(device)
        self.channels_last = channels_last
        self.replaced: dict[int, Any] = {}

    def constant(self, attribute: Attribute) -> Tensor:
        if id(attribute) in self.replaced:
            return self.replaced[id(attribute)]
        return super().constant(attribute)

    def cell(self, shape: Any, dtype: Any = torch.float32, initial: Tensor | None = None) -> Cell:
        # Only reset flags start from a value of their own.
        if initial is None:
            initial = torch.zeros(tuple(shape), dtype=dtype, device=self.device)
            return super().cell(shape, dtype, self._laid_out(initial))
        flag = _ResetFlag(self._laid_out(initial.detach()))
        self.cells.append(flag)
        return flag

    def _laid_out(self, initial: Tensor) -> Tensor:
        """The same values; what is added to a state takes its order of axes in memory."""
        if initial.ndim != 3 or not self.channels_last:
            return initial
        return initial.permute(1, 2, 0).contiguous().permute(2, 0, 1)


class TrainableNetwork(nn.Module):
    """Any network of the `snn` level, with its weights as parameters.

    The operations are evaluated by the functions of `TorchExecutor`, so that the outputs are its
    outputs, bit for bit, until a parameter changes. Running statistics of batch normalisations are
    constants. The module stays on the device that it was made for. What depends on a static input
    alone is computed once for all steps.

    Args:
        surrogate: the derivative of spikes: `atan` as snnTorch's default, or `linear`, the triangle
            of height 0.3 that arXiv 2104.12528's authors use.
        train_thresholds: thresholds are parameters as well (only positive ones), kept positive.
        train_decays: so are the decays of LIF, LI and synaptic neurons, kept between 0 and 1.
        keep_zeros: zeros of the weights of layers stay zero.
        reduced: where gradients are wanted, layers compute in bfloat16 (states of neurons stay
            float32) and images have their channels last in memory, which takes half of the time on
            processors with such instructions. Outputs are then close to those of `TorchExecutor`,
            no longer equal; without gradients all is float32.

    Raises:
        SNNError: an operation has no implementation, or weights are not on their grid.
    """

    level: ClassVar[TorchLevel] = torch_snn.LEVEL
    """How operations are evaluated."""
    builder: ClassVar[type[TrainingBuilder]] = TrainingBuilder

    def __init__(
        self,
        network: snn.NetworkOp,
        *,
        surrogate: SurrogateName = "atan",
        train_thresholds: bool = False,
        train_decays: bool = False,
        keep_zeros: bool = True,
        reduced: bool = False,
        device: str | torch.device = "cpu",
    ):
        super().__init__()
        self.network = network.clone()
        self.device = torch.device(device)
        self.parameters_of_ir = nn.ParameterList()
        self.trained: list[Trained] = []
        self._derivative = SURROGATES[surrogate]
        self._train_thresholds, self._train_decays = train_thresholds, train_decays
        self._keep_zeros, self._reduced = keep_zeros, reduced
        self._builder = self.builder(self.device, reduced)
        self._weights: dict[Operation, Trained] = {}
        self._effective: dict[Operation, Tensor] = {}
        self._work_shares = _work_shares(self.network)
        ops = enumerate(self.network.body.block.ops)
        self._program = [(op, self._prepare(op, position)) for position, op in ops]
        once = _constant_operations(self.network)
        self._once = [(op, evaluate) for op, evaluate in self._program if op in once]
        self._repeated = [(op, evaluate) for op, evaluate in self._program if op not in once]

    def forward(self, x: Tensor) -> Tensor:
        """The first output at every step, float32 (timesteps, batch, *shape).

        Args:
            x: (batch, timesteps, *shape), or (batch, *shape) for a static input, on any device.
        """
        output = self.network.outputs[0]
        return torch.stack([values[output] for values in self.steps(x)])

    def forward_with_work(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, and the mean of `_work` over all steps, differentiable, as a scalar."""
        output = self.network.outputs[0]
        outputs, work = [], []
        for values in self.steps(x):
            outputs.append(values[output])
            work.append(self._work(values))
        return torch.stack(outputs), torch.stack(work).mean()

    def steps(self, x: Tensor) -> Iterator[dict[SSAValue, Tensor]]:
        """Run a batch from zero state and yield, after each step, the values of `network`.

        The state lives in the module: finish with one iterator before starting the next.
        """
        static = self.network.input.data is snn.InputKind.STATIC_VALUES
        self._start(len(x))
        known = self._known(x) if static else {}
        for step in range(self.network.timesteps.value.data):
            yield self._step(known if static else self._known(x[:, step]))

    def _start(self, samples: int) -> None:
        """Zero state, and weights from the parameters as they are now."""
        self._effective = {
            op: trained.constraint.effective(trained.parameter)
            for op, trained in self._weights.items()
        }
        for cell in self._builder.cells:
            cell.reset(samples)

    def _known(self, frames: Tensor) -> dict[SSAValue, Tensor]:
        """The frame, (batch, *shape), and all that can be computed from it without a state."""
        frames = frames.to(self.device, torch.float32)
        if self._is_reduced() and frames.ndim == 4:
            frames = frames.contiguous(memory_format=torch.channels_last)
        with self._precision():
            return evaluate_operations(self._once, {self.network.frame: frames})

    def _step(self, known: dict[SSAValue, Tensor]) -> dict[SSAValue, Tensor]:
        """The rest of a step."""
        with self._precision():
            return finish_step(self._repeated, self._builder, known)

    def _is_reduced(self) -> bool:
        return self._reduced and torch.is_grad_enabled()

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._is_reduced())

    def imitate(self, other: TrainableNetwork, x: Tensor) -> None:
        """Adjust what this network only estimates, which is nothing, to what another one does.

        Args:
            other: has the same parameters, with the same values.
            x: samples for `other`, as of `forward`.
        """

    def restrain(self) -> None:
        """Put parameters back into their ranges; call it after every step of an optimiser."""
        for trained in self.trained:
            trained.constraint.restrain(trained.parameter)

    def write_back(self, network: snn.NetworkOp) -> None:
        """Put the parameters into `network`, which has the operations that this was made from.

        Operations, discardable attributes and locations stay.

        Raises:
            SNNError: `network` has other operations.
        """
        ops = list(network.body.block.ops)
        if [op.name for op in ops] != [op.name for op in self.network.body.block.ops]:
            raise error_at(network, "has other operations than the network that was trained")
        for trained in self.trained:
            values = trained.value().cpu().numpy()
            op = ops[trained.position]
            op.properties[trained.property] = _attribute_like(
                op.properties[trained.property], values
            )

    def parameter_count(self) -> int:
        """Number of values that training can change; zeros that are kept do not count."""
        masks = [getattr(trained.constraint, "mask", None) for trained in self.trained]
        return sum(
            trained.parameter.numel() if mask is None else int(mask.sum())
            for trained, mask in zip(self.trained, masks, strict=True)
        )

    def kept_zeros(self) -> int:
        """Number of weights that stay zero."""
        masks = [getattr(trained.constraint, "mask", None) for trained in self.trained]
        return sum(int((mask == 0).sum()) for mask in masks if mask is not None)

    def _work(self, values: dict[SSAValue, Tensor]) -> Tensor:
        """Synaptic operations of a step behind neurons, as a fraction of the multiplications there.

        0 if no neuron spikes and 1 if all do. The input of the network, which training cannot
        change, does not count.
        """
        parts = [share * values[value].mean() for value, share in self._work_shares.items()]
        return torch.stack(parts).sum() if parts else torch.zeros((), device=self.device)

    def _prepare(self, op: Operation, position: int) -> Evaluate:
        if isinstance(op, snn.WeightOp) and _is_trainable(op):
            return self._prepare_weight(op, position)
        if isinstance(op, NeuronBase):
            self._prepare_neurons(op, position)
        # Reset flags at the start of a sequence are constants.
        with torch.no_grad():
            return self.level.prepare(op, self._builder)

    def _prepare_weight(self, op: snn.WeightOp, position: int) -> Evaluate:
        values = self._builder.constant(op.value)
        constraint = weight_constraint(op, values, self._keep_zeros)
        self._weights[op] = self._train(position, "value", values, constraint)
        return lambda: self._effective[op]

    def _prepare_neurons(self, op: NeuronBase, position: int) -> None:
        """Put parameters in the place of attributes, and surrogates into the comparisons."""
        for name in op.PARAMETER_NAMES:
            attribute = copy.copy(op.properties[name])
            op.properties[name] = attribute
            value = self._builder.constant(attribute)
            if name == "threshold" and self._train_thresholds and bool((value > 0).all()):
                constraint = RangeConstraint(min(SMALLEST_THRESHOLD, float(value.min())))
                value = self._train(position, name, value, constraint).parameter
            # The gain of an alpha neuron is computed from its decays once.
            elif name in DECAYS and self._train_decays and not isinstance(op, snn.AlphaOp):
                value = self._train(position, name, value, RangeConstraint(0.0, 1.0)).parameter
            if name == "threshold" and isinstance(op, SpikingNeuronBase):
                value = self._spiking(value)
            self._builder.replaced[id(attribute)] = value

    def _spiking(self, threshold: Tensor) -> Tensor:
        """A threshold whose comparison has a derivative."""
        return cast(Tensor, SurrogateThreshold(threshold, self._derivative))

    def _train(
        self, position: int, property: str, values: Tensor, constraint: Constraint
    ) -> Trained:
        parameter = nn.Parameter(values.clone())
        self.parameters_of_ir.append(parameter)
        trained = Trained(position, property, parameter, constraint)
        self.trained.append(trained)
        return trained


def _work_shares(network: snn.NetworkOp) -> dict[SSAValue, float]:
    """The values of spikes that layers read, with their shares of the multiplications there."""
    readers = [
        op
        for op in network.body.block.ops
        if isinstance(op, AFFINE_OPS) and _holds_spikes(op.input)
    ]
    total = sum(map(macs_of, readers))
    shares: dict[SSAValue, float] = {}
    for op in readers:
        shares[op.input] = shares.get(op.input, 0.0) + macs_of(op) / total
    return shares


def _constant_operations(network: snn.NetworkOp) -> set[Operation]:
    """The operations whose results depend on the frame and on weights alone."""
    values, ops = {network.frame}, set[Operation]()
    for op in network.body.block.ops:
        if op.has_trait(Pure) and values.issuperset(op.operands):
            values.update(op.results)
            ops.add(op)
    return ops


def _holds_spikes(value: SSAValue) -> bool:
    """Whether a value is made of spikes, perhaps pooled or reshaped."""
    owner = value.owner
    if not isinstance(owner, Operation) or isinstance(owner, (*AFFINE_OPS, snn.WeightOp)):
        return False
    if isinstance(owner, NeuronBase):
        return isinstance(owner, SpikingNeuronBase) and value is owner.spikes
    return any(map(_holds_spikes, owner.operands))


def _is_trainable(op: snn.WeightOp) -> bool:
    """Whether a constant is used, and never as running statistics of a batch normalisation."""
    statistics = [
        isinstance(use.operation, snn.BatchNormOp) and use.index in (1, 2) for use in op.result.uses
    ]
    return bool(statistics) and not any(statistics)


def _attribute_like(old: Attribute, values: np.ndarray) -> Attribute:
    """The values as an attribute of the kind of `old`, which is returned if nothing changed."""
    if np.array_equal(array_from_dense(old), values):
        return old
    if isinstance(old, FloatAttr):
        return FloatAttr(float(values), f32)
    return dense_from_array(values.astype(np.float32))
