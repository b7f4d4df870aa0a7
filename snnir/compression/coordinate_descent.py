# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Better integers for weights that were quantised greedily: cyclic coordinate descent.

Compensated rounding decides about each column once, before it knows the errors of those behind it.
Given all integers, the best one for a single column is known in closed form: with `d = scale q - w`
and the gradient `g = H d` of `1/2 d^T H d`, it is the grid point nearest to
`q_j - g_j / (scale H_jj)`. Taking it never raises the loss. After each sweep over the columns the
scale of a row is the one that fits its integers best, `q^T H w / q^T H q`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def descend(
    integers: Tensor,
    scale: Tensor,
    weight: Tensor,
    hessian: Tensor,
    *,
    limits: tuple[int, int],
    keep: Tensor,
    sweeps: int,
    refit_scale: bool = True,
) -> tuple[Tensor, Tensor, Tensor]:
    """Lower `1/2 d^T H d` of each row, one column after the other, until nothing changes.

    Args:
        integers: float64 (rows, columns), whole numbers within `limits`; zero where not `keep`.
        scale: float64 (rows,), positive float32 numbers.
        weight: float64 (rows, columns), the real weights.
        hessian: float64 (columns, columns), damped.
        limits: smallest and largest integer of the grid.
        keep: bool (rows, columns); other integers stay.
        sweeps: how often each column is visited at most.
        refit_scale: also change the scales, to float32 numbers.

    Returns:
        Integers, scales and losses (rows,).
    """
    integers, scale = integers.clone(), scale.clone()
    curvature = hessian.diagonal()
    for _ in range(sweeps):
        gradient = (integers * scale[:, None] - weight) @ hessian
        moved = False
        for column in range(integers.shape[1]):
            best = integers[:, column] - gradient[:, column] / (curvature[column] * scale)
            step = torch.round(best).clamp(*limits) - integers[:, column]
            rows = (step * keep[:, column]).nonzero()[:, 0]
            if not len(rows):
                continue
            moved = True
            integers[rows, column] += step[rows]
            gradient[rows] += (step[rows] * scale[rows])[:, None] * hessian[column]
        if refit_scale:
            scale = _refitted(integers, scale, weight, hessian)
        if not moved:
            break
    return integers, scale, _losses(integers, scale, weight, hessian)


def _losses(integers: Tensor, scale: Tensor, weight: Tensor, hessian: Tensor) -> Tensor:
    change = integers * scale[:, None] - weight
    return 0.5 * ((change @ hessian) * change).sum(dim=1)


def _refitted(integers: Tensor, scale: Tensor, weight: Tensor, hessian: Tensor) -> Tensor:
    """The best scales as float32 numbers, where they are positive and really better."""
    product = integers @ hessian
    best = (product * weight).sum(dim=1) / (product * integers).sum(dim=1)
    best = torch.where(best > 0, best, scale).to(torch.float32).to(torch.float64)
    before = _losses(integers, scale, weight, hessian)
    return torch.where(_losses(integers, best, weight, hessian) < before, best, scale)
