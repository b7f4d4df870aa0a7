# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What trained parameters must keep: zeros of pruned weights, grids of quantised ones, ranges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from snnir.dialects import snn
from snnir.layers.weight_grid import BITS, SCALE, grid_of, integers_on
from snnir.support.diagnostics import error_at


@dataclass(frozen=True)
class Grid:
    """The values `scale * q` for the integers `lowest <= q <= largest`.

    Attributes:
        scale: float32, positive, (channels, 1, …) to broadcast to the weights.
    """

    scale: Tensor
    lowest: int
    largest: int

    def nearest(self, values: Tensor) -> Tensor:
        """The closest value of the grid, halves to even."""
        return torch.round(values / self.scale).clamp(self.lowest, self.largest) * self.scale

    def limit(self, values: Tensor) -> Tensor:
        """`values` within the ends of the grid."""
        return torch.maximum(
            torch.minimum(values, self.largest * self.scale), self.lowest * self.scale
        )


@dataclass(frozen=True)
class WeightConstraint:
    """Keeps zeros and the grid of weights; the parameter is latent, off the grid."""

    mask: Tensor | None = None
    grid: Grid | None = None

    def effective(self, latent: Tensor) -> Tensor:
        """The weights that the network computes with; differentiable.

        The gradient goes straight through the rounding (Bengio et al. 2013).
        """
        value = latent
        if self.grid is not None:
            # In this order the sum is exact: what is added is zero.
            value = self.grid.nearest(latent).detach() + (latent - latent.detach())
        return value if self.mask is None else value * self.mask

    @torch.no_grad()
    def restrain(self, latent: Tensor) -> None:
        """Keep the latent weights, in place, from wandering beyond the ends of the grid."""
        if self.grid is not None:
            latent.copy_(self.grid.limit(latent))


@dataclass(frozen=True)
class RangeConstraint:
    """Keeps a parameter of neurons between two limits."""

    lowest: float
    largest: float | None = None

    def effective(self, latent: Tensor) -> Tensor:
        """The parameter itself."""
        return latent

    @torch.no_grad()
    def restrain(self, latent: Tensor) -> None:
        """Put the parameter, in place, within the limits."""
        latent.clamp_(self.lowest, self.largest)


Constraint = WeightConstraint | RangeConstraint


def weight_constraint(op: snn.WeightOp, values: Tensor, keep_zeros: bool) -> WeightConstraint:
    """What the trained weights of `op` must keep.

    Zeros count as pruned in weights of layers; those of biases and batch normalisations (rank 1)
    are values like others.

    Raises:
        SNNError: the weights are not on the grid that their attributes describe.
    """
    zeros = (values == 0) if keep_zeros and values.ndim > 1 else torch.zeros_like(values).bool()
    mask = (~zeros).to(values.dtype) if bool(zeros.any()) else None
    return WeightConstraint(mask, _grid_of(op, values))


def _grid_of(op: snn.WeightOp, values: Tensor) -> Grid | None:
    if (recorded := grid_of(op)) is None:
        return None
    integers = integers_on(recorded, values.cpu().numpy())
    if integers is None:
        raise error_at(op, f"holds weights that are not on the grid of '{SCALE}' and '{BITS}'")
    scale = recorded.scale.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    largest = (1 << recorded.bits - 1) - 1
    # The lowest code of all, which symmetric grids lack, is used only where it was before.
    lowest = min(-largest, int(integers.min(initial=0)))
    return Grid(torch.from_numpy(scale).to(values.device), lowest, largest)
