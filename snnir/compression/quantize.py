# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rounding weights to a grid, each error compensated by the weights that are still real.

The columns are rounded in ascending order of the diagonal of `H^-1` (arXiv 2506.03996; the most
certain first), in the Cholesky form of GPTQ (arXiv 2210.17323), which is Optimal Brain Quantisation
with the same order in all rows. The grid is that of `convert-snn-to-qsnn`: `scale * q` with one
scale for each row and `|q| <= 2^(bits-1) - 1`, or `q >= -2^(bits-1)` on the full range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from snnir.compression.coordinate_descent import descend

SEARCH_STEPS = 16
"""Scales that the search tries, beside the one that reaches the largest weight."""

SEARCH_LEAST = 0.3
"""The smallest of them, as a part of that one."""

LAZY_COLUMNS = 64
"""Columns after which those behind them are updated (the lazy batches of GPTQ)."""

WORK_BYTES = 1 << 28
"""Memory that the factors of rows with supports of their own may take at once."""


@dataclass(frozen=True)
class Grid:
    """Integers of `bits` bits: symmetric around zero, or all of them."""

    bits: int
    full_range: bool = False

    @property
    def largest(self) -> int:
        """Largest integer."""
        return (1 << self.bits - 1) - 1

    @property
    def smallest(self) -> int:
        """Smallest integer."""
        return -self.largest - (1 if self.full_range else 0)

    def scale(self, weight: Tensor, *, shared: bool = False) -> Tensor:
        """Scale of each row of `weight` (rows, columns): all weights lie on or between grid points.

        The scales, (rows,), are float32 numbers in float64, as they are stored. Rows without
        weights get the scale of a row whose largest weight is 1. `shared` gives all rows the
        largest scale.

        The full range is fitted in the middle, at `2 max|w| / (2^bits - 1)`, where the largest
        positive weights are cut by half a step (GPTQ's symmetric quantiser).
        """
        magnitude = weight.abs().amax(dim=1)
        if shared:
            magnitude = magnitude.amax().expand_as(magnitude)
        magnitude = torch.where(magnitude > 0, magnitude, 1.0)
        steps = (2**self.bits - 1) / 2 if self.full_range else self.largest
        return (magnitude / steps).to(torch.float32).to(torch.float64)

    def round(self, weight: Tensor, scale: Tensor) -> Tensor:
        """Nearest integers, in float64; `scale` broadcasts to `weight`. Ties go to even."""
        return torch.round(weight / scale).clamp(self.smallest, self.largest)


@dataclass(frozen=True, eq=False)
class Quantized:
    """Integers with their scales.

    Attributes:
        integers: float64 (rows, columns), whole numbers.
        scale: float64 (rows,).
        losses: float64 (rows,), the increase of `1/2 d^T H d`.
    """

    integers: Tensor
    scale: Tensor
    losses: Tensor

    @property
    def weight(self) -> Tensor:
        """The real weights, float64 (rows, columns)."""
        return self.integers * self.scale[:, None]


PRUNED = 0.1
"""From this part of zeros on, the rows of a layer count as pruned, each on a support of its own."""


def support_of(weight: Tensor) -> Tensor:
    """Where weights may be after quantisation: bool (groups, rows, columns), as `weight`.

    In a layer that was pruned, that is where they are now. Zeros that all rows of a group have in
    common (inputs that never fire, channels that were removed) stay in any case, and say nothing
    about pruning, nor do rows without weights: silent neurons.
    """
    there = weight != 0
    columns = there.any(dim=1, keepdim=True)
    used = columns & there.any(dim=2, keepdim=True)
    holes = int((used & ~there).sum())
    return there if holes >= PRUNED * max(int(used.sum()), 1) else columns.expand_as(there)


def quantize_nearest(weight: Tensor, grid: Grid, *, shared: bool = False) -> Quantized:
    """Round float64 (rows, columns) to nearest, without a Hessian.

    The losses are half the squared errors. `shared`: one scale for all rows.
    """
    scale = grid.scale(weight, shared=shared)
    integers = grid.round(weight, scale[:, None])
    errors = integers * scale[:, None] - weight
    return Quantized(integers, scale, 0.5 * (errors * errors).sum(dim=1))


def quantize_compensated(
    weight: Tensor,
    hessian: Tensor,
    grid: Grid,
    *,
    keep: Tensor | None = None,
    search: bool = False,
    shared: bool = False,
    sweeps: int = 0,
) -> Quantized:
    """Round column by column and let the remaining weights of the row make up for it.

    Args:
        weight: float64 (groups, rows, columns).
        hessian: float64 (groups, columns, columns), damped.
        keep: bool (groups, rows, columns); where it is False the weight is zero and stays so.
        search: try smaller scales for each row and take the one with the smallest loss.
        shared: one scale for all rows of all groups.
        sweeps: improve the integers of the best scale so many times (`coordinate_descent`), and
            the scale with them unless it is shared.

    Returns:
        The rows of all groups, one after the other.
    """
    if keep is None:
        keep = torch.ones_like(weight, dtype=torch.bool)
    scale = grid.scale(weight.flatten(end_dim=1), shared=shared)
    factors = torch.linspace(1.0, SEARCH_LEAST, SEARCH_STEPS + 1).tolist() if search else [1.0]
    scales = [(scale * factor).to(torch.float32).to(torch.float64) for factor in factors]

    def best_of(candidates: list[Tensor]) -> Quantized:
        by_group = zip(*(each.split(weight.shape[1]) for each in candidates), strict=True)
        parts = [
            _quantize(weight[group], hessian[group], grid, keep[group], list(scales_of_rows))
            for group, scales_of_rows in enumerate(by_group)
        ]
        return Quantized(
            torch.cat([part.integers for part in parts]),
            torch.cat([part.scale for part in parts]),
            torch.cat([part.losses for part in parts]),
        )

    if shared:
        # One choice for all rows: each scale is tried on all of them.
        trials = (best_of([each]) for each in scales)
        found = min(trials, key=lambda trial: float(trial.losses.sum()))
    else:
        found = best_of(scales)
    return _improved(found, weight, hessian, grid, keep, sweeps, shared) if sweeps else found


def _improved(
    found: Quantized,
    weight: Tensor,
    hessian: Tensor,
    grid: Grid,
    keep: Tensor,
    sweeps: int,
    shared: bool,
) -> Quantized:
    """The same after coordinate descent; shapes as in `quantize_compensated`."""
    rows = weight.shape[1]
    parts = [
        descend(
            integers, scale, *problem, limits=(grid.smallest, grid.largest), keep=kept,
            sweeps=sweeps, refit_scale=not shared,
        )
        for integers, scale, kept, *problem in zip(
            found.integers.split(rows), found.scale.split(rows), keep, weight, hessian, strict=True
        )
    ]  # fmt: skip
    return Quantized(*(torch.cat(each) for each in zip(*parts, strict=True)))


def _quantize(
    weight: Tensor, hessian: Tensor, grid: Grid, keep: Tensor, scales: Sequence[Tensor]
) -> Quantized:
    """The best of several scales for each row, as many rows at once as memory allows."""
    rows = len(weight)
    result = Quantized(torch.zeros_like(weight), scales[0].clone(), weight.new_zeros(rows))
    sizes = keep.sum(dim=1)
    alike = bool((keep == keep[:1]).all())
    chunks = [torch.arange(rows)] if alike else _chunks(sizes)
    for part in chunks:
        width = int(sizes[part].max())
        if width == 0:
            continue
        names = _supports(keep[:1] if alike else keep[part])
        problem = _ColumnProblem(weight[part], hessian, names)
        best = weight.new_full((len(part),), torch.inf)
        for scale in scales:
            integers, losses = problem.round(grid, scale[part])
            better = losses < best
            chosen = part[better]
            best[better] = losses[better]
            result.integers[chosen] = integers[better]
            result.scale[chosen], result.losses[chosen] = scale[chosen], losses[better]
    return result


def _chunks(sizes: Tensor) -> list[Tensor]:
    """Rows grouped by the size of their supports, so that their factors fit `WORK_BYTES`."""
    chunks: list[list[int]] = [[]]
    for row in torch.argsort(sizes, stable=True).tolist():
        if (len(chunks[-1]) + 1) * 24 * int(sizes[row]) ** 2 > WORK_BYTES and chunks[-1]:
            chunks.append([])
        chunks[-1].append(row)
    return [torch.tensor(chunk) for chunk in chunks]


def _supports(keep: Tensor) -> Tensor:
    """The columns that each row keeps, int64 (rows, widest); -1 after the last."""
    widest = int(keep.sum(dim=1).max())
    # A stable sort of "is gone" lists the kept columns first, in order.
    order = torch.argsort(~keep, dim=1, stable=True)[:, :widest]
    return torch.where(keep.gather(1, order), order, -1)


class _ColumnProblem:
    """Rows to round on their supports.

    Args:
        weight: (rows, columns).
        hessian: (columns, columns), damped.
        names: int64 (rows, widest), or (1, widest) where all rows have the same support; -1 where a
            support is shorter.
    """

    def __init__(self, weight: Tensor, hessian: Tensor, names: Tensor):
        self._columns = weight.shape[1]
        present = names >= 0
        index = names.clamp(min=0)
        part = hessian[index[:, :, None], index[:, None, :]]
        both = present[:, :, None] & present[:, None, :]
        # Absent columns are variables of their own, without weight and without influence.
        identity = torch.eye(names.shape[1], dtype=weight.dtype)
        part = torch.where(both, part, identity)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(part))
        order = torch.argsort(inverse.diagonal(dim1=1, dim2=2), dim=1, stable=True)
        inverse = inverse.gather(1, order[:, :, None].expand_as(inverse))
        inverse = inverse.gather(2, order[:, None, :].expand_as(inverse))
        self._factor = torch.linalg.cholesky(inverse).mT.contiguous()
        self._names = names.gather(1, order).expand(len(weight), -1)
        values = weight.gather(1, self._names.clamp(min=0))
        self._weight = torch.where(self._names >= 0, values, 0.0)

    def round(self, grid: Grid, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Integers (rows, columns) and losses (rows,) at the scales (rows,)."""
        weight, factor = self._weight.clone(), self._factor
        rounded = torch.zeros_like(weight)
        losses = torch.zeros_like(scale)
        for start in range(0, weight.shape[1], LAZY_COLUMNS):
            stop = min(start + LAZY_COLUMNS, weight.shape[1])
            errors = weight.new_zeros(len(weight), stop - start)
            for column in range(start, stop):
                rounded[:, column] = grid.round(weight[:, column], scale)
                change = weight[:, column] - rounded[:, column] * scale
                error = change / factor[:, column, column]
                losses += 0.5 * error * error
                weight[:, column:stop] -= error[:, None] * factor[:, column, column:stop]
                errors[:, column - start] = error
            # The columns behind get the changes of the whole block in one product.
            behind = factor[:, start:stop, stop:]
            if len(factor) == 1:
                weight[:, stop:].addmm_(errors, behind[0], alpha=-1)
            else:
                weight[:, stop:] -= torch.bmm(errors[:, None, :], behind)[:, 0]
        integers = weight.new_zeros(len(weight), self._columns + 1)
        where = torch.where(self._names >= 0, self._names, self._columns)
        integers.scatter_(1, where, rounded)
        return integers[:, : self._columns], losses
