# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One layer compressed, all its groups, for every structure of the zeros."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from snnir.compression.exact_obs import (
    NOfM,
    PruningOrder,
    compensate,
    loss,
    prune_groups,
    pruning_order,
)
from snnir.compression.hessian import asymmetric_target, damped
from snnir.compression.quantize import Grid, Quantized, quantize_compensated


@dataclass(frozen=True)
class Structure:
    """Where zeros may be.

    Attributes:
        rows_per_unit: consecutive rows that have their zeros in the same columns.
        pattern: how many of consecutive columns stay, or None.
        channels: whether whole input channels go.
    """

    rows_per_unit: int = 1
    pattern: NOfM | None = None
    channels: bool = False

    @classmethod
    def parse(cls, text: str) -> Structure:
        """Read `none`, `channels`, `rows:Q` or `N:M`.

        Raises:
            ValueError: it is none of these.
        """
        if text == "none":
            return cls()
        if text == "channels":
            return cls(channels=True)
        if (found := re.fullmatch(r"rows:([1-9]\d*)", text)) is not None:
            return cls(rows_per_unit=int(found[1]))
        if (found := re.fullmatch(r"([1-9]\d*):([1-9]\d*)", text)) is not None:
            kept, width = int(found[1]), int(found[2])
            if kept < width:
                return cls(pattern=NOfM(kept, width))
        raise ValueError(f"'{text}' is none of none, channels, rows:Q and N:M with N below M")


@dataclass(frozen=True, eq=False)
class LayerProblem:
    """A layer to compress, (groups, rows, columns), and what its errors cost.

    Attributes:
        weight: float64 (groups, rows, columns), the weights that would be best without a limit.
        hessian: float64 (groups, columns, columns), damped.
        silent_inputs: inputs that were always zero.
        importance: float64 (groups, rows), what the errors of a row cost when rows compete for the
            weights that stay; None where all cost the same.
    """

    weight: Tensor
    hessian: Tensor
    silent_inputs: int = 0
    importance: Tensor | None = None

    @classmethod
    def build(
        cls,
        weight: Tensor,
        hessian: Tensor,
        cross: Tensor | None = None,
        importance: Tensor | None = None,
    ) -> LayerProblem:
        """From weights float64 (groups, rows, columns) and a Hessian that is not damped.

        With `cross`, float64 (groups, columns, columns), the weights imitate those given from
        changed inputs (`asymmetric_target`). `importance` is float64 (groups, rows).
        """
        if cross is not None:
            parts = [asymmetric_target(*each) for each in zip(weight, hessian, cross, strict=True)]
            weight = torch.stack(parts)
        silent = int((hessian.diagonal(dim1=1, dim2=2) == 0).sum())
        return cls(weight, damped(hessian), silent, importance)

    def inverse(self, group: int) -> Tensor:
        """`H^-1` of a group, float64 (columns, columns)."""
        return torch.cholesky_inverse(torch.linalg.cholesky(self.hessian[group]))

    def loss(self, weight: Tensor) -> float:
        """`1/2 d^T H d` of all rows, for other weights."""
        parts = zip(weight - self.weight, self.hessian, strict=True)
        return float(sum(loss(change, hessian).sum() for change, hessian in parts))

    def _weighted(self) -> Tensor:
        """Weights whose squared errors are those of `weight` times the importance of the row."""
        if self.importance is None:
            return self.weight
        return self.weight * self.importance.sqrt()[:, :, None]

    def order(
        self,
        structure: Structure,
        block: int = 0,
        progress: Callable[[int], object] = lambda rows: None,
    ) -> PruningOrder:
        """In which order all rows of all groups lose their weights; not for whole channels.

        Losses are those of the rows times their importance.

        Args:
            block: columns of a row chosen at once; 0: 1/64 of those that remain.
            progress: told the number of rows whenever some are done.
        """
        weight = self._weighted()
        orders = [
            pruning_order(
                weight[group],
                self.inverse(group),
                block=block,
                rows_per_unit=structure.rows_per_unit,
                pattern=structure.pattern,
                progress=progress,
            )
            for group in range(len(self.weight))
        ]
        return PruningOrder(
            torch.cat([each.order for each in orders]),
            torch.cat([each.losses for each in orders]),
            structure.rows_per_unit,
        )

    def keep(self, order: PruningOrder, count: int) -> Tensor:
        """Which weights stay when the layer loses `count`, bool of the weights' shape."""
        return order.keep_mask(order.choose(count)).reshape(self.weight.shape)

    def keep_channels(self, channel_columns: Tensor, count: int) -> Tensor:
        """Which weights stay when as many whole channels go as `count` weights hold.

        Bool (1, rows, columns): only for layers of one group.

        Args:
            channel_columns: int64 (channels, size), the columns of each channel.
        """
        rows = self.weight.shape[1]
        channels = count // (rows * channel_columns.shape[1])
        return prune_groups(self._weighted()[0], self.inverse(0), channel_columns, channels)[None]

    def compensated(self, keep: Tensor) -> Tensor:
        """The best weights where `keep` is True, zero elsewhere; both (groups, rows, columns)."""
        parts = zip(self.weight, self.hessian, keep, strict=True)
        return torch.stack([compensate(*each) for each in parts])

    def quantized(
        self,
        grid: Grid,
        *,
        keep: Tensor | None = None,
        search: bool = False,
        shared: bool = False,
        sweeps: int = 0,
    ) -> Quantized:
        """All rows of all groups, one after the other, on a grid; see `quantize_compensated`.

        With `keep`, bool of the weights' shape, the weights are refitted where it is True before
        they are rounded, and the others are zero.
        """
        weight = self.weight if keep is None else self.compensated(keep)
        return quantize_compensated(
            weight, self.hessian, grid, keep=keep, search=search, shared=shared, sweeps=sweeps
        )
