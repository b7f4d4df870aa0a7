# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network of the `snn` level that computes with firing rates, in one step for all time steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.executors.torch_program import Evaluate, TorchLevel
from snnir.support.diagnostics import error_at
from snnir.training import rates
from snnir.training.module import TrainableNetwork, TrainingBuilder


class RateNetwork(TrainableNetwork):
    """A `TrainableNetwork` whose neurons are functions from their mean current to their rate.

    It has the same parameters in the same order, and costs about a `1 / timesteps` of it. The
    functions are those of `snnir.training.rates`; they have derivatives, so no surrogate is needed.

    Args:
        whole_spikes: rates are rounded to whole numbers of spikes in all time steps, and gradients
            go straight through (Bu et al. 2022, arXiv 2303.04347).

    Raises:
        SNNError: as `TrainableNetwork`, and at an operation without a known function of rates.
    """

    level: ClassVar[TorchLevel] = rates.LEVEL
    builder: ClassVar[type[TrainingBuilder]] = rates.RateBuilder

    def __init__(
        self,
        network: snn.NetworkOp,
        *,
        train_thresholds: bool = False,
        keep_zeros: bool = True,
        reduced: bool = False,
        whole_spikes: bool = False,
        device: str | torch.device = "cpu",
    ):
        super().__init__(
            network, train_thresholds=train_thresholds, keep_zeros=keep_zeros, reduced=reduced,
            device=device,
        )  # fmt: skip
        assert isinstance(self._builder, rates.RateBuilder)
        for offset in self._builder.offsets.values():
            offset.whole = whole_spikes

    def forward(self, x: Tensor) -> Tensor:
        """The first output, the same at every step: float32 (timesteps, batch, *shape).

        So what readouts and losses make of it is what they make of outputs over time.

        Args:
            x: as of `TrainableNetwork`, or means over time, (batch, *shape).
        """
        return self._at_every_step(super().forward(x))

    def forward_with_work(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, and the work at these rates."""
        outputs, work = super().forward_with_work(x)
        return self._at_every_step(outputs), work

    def steps(self, x: Tensor) -> Iterator[dict[SSAValue, Tensor]]:
        """Yields one step: the rates of spikes, the means of all else."""
        rank = len(shape_of(self.network.frame.type))
        means = x.to(self.device)
        means = means.float() if x.ndim == rank + 1 else means.mean(1, dtype=torch.float32)
        if rank == 3:
            # Convolutions for the CPU take a quarter of the time, forwards and back.
            means = means.contiguous(memory_format=torch.channels_last)
        self._start(len(x))
        yield self._step(self._known(means))

    @torch.no_grad()
    def imitate(self, other: TrainableNetwork, x: Tensor) -> None:
        """Measure the offsets of all layers (`rates.Offset`), one layer after the other."""
        assert isinstance(self._builder, rates.RateBuilder)
        offsets = self._builder.offsets
        pairs = zip(self.network.body.block.ops, other.network.body.block.ops, strict=True)
        spikes = {op: its_op.results[0] for op, its_op in pairs if op in offsets}
        totals = dict.fromkeys(spikes, 0.0)
        for values in other.steps(x):
            for op, value in spikes.items():
                totals[op] += float(values[value].mean())
        for op, offset in offsets.items():
            offset.wanted = totals[op] / self.network.timesteps.value.data
        next(self.steps(x))
        for offset in offsets.values():
            offset.wanted = None

    def _at_every_step(self, outputs: Tensor) -> Tensor:
        steps = self.network.timesteps.value.data
        return outputs.expand(steps, *outputs.shape[1:])

    def _prepare(self, op: Operation, position: int) -> Evaluate:
        if type(op) not in self.level.functions:
            raise error_at(
                op, "has no function of firing rates; use snn-finetune without teacher-rates"
            )
        return super()._prepare(op, position)

    def _spiking(self, threshold: Tensor) -> Tensor:
        return threshold
