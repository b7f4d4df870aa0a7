# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pruning in the order of Optimal Brain Surgeon: ExactOBS of arXiv 2208.11580, in blocks.

For each row, removing weight p at best compensation costs `w_p^2 / (2 [H^-1]_pp)`; the others
change by `-w_p H^-1_{:,p} / [H^-1]_pp`, and `H^-1` loses p (`H^-1 -= H^-1_{:,p} H^-1_{p,:} /
[H^-1]_pp`). Taking the cheapest weight again and again is a pivoted Cholesky factorisation of
`H^-1`, and it is computed like one: columns on demand from the factor, and one matrix product for
each stage, after which what is left is stored compactly. That makes it an order faster than the
rank-one updates, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

WORK_BYTES = 1 << 29
"""Memory that the inverse Hessians of the rows in work may take."""

STAGE = 0.2
"""Part of the remaining weights that is removed before what is left is stored compactly."""

BLOCK_SHARE = 64
"""Automatic blocks: one of so many remaining weights, so that the last ones go one by one."""


@dataclass(frozen=True, eq=False)
class PruningOrder:
    """In which order weights go, and at which cost.

    Attributes:
        order: int64 (units, columns); the columns of each unit, first removed first. A unit is a
            set of `rows_per_unit` consecutive rows that lose the same columns. Columns that are
            never removed (N:M) are missing at the end, where `order` is -1.
        losses: float64 (units, columns), the increase of `1/2 d^T H d` at each removal, infinite
            where nothing is removed.
        rows_per_unit: rows that share a mask.
    """

    order: Tensor
    losses: Tensor
    rows_per_unit: int = 1

    def keep_mask(self, removals: Tensor) -> Tensor:
        """Bool (rows, columns), False for the first `removals[unit]` columns of each unit."""
        units, columns = self.order.shape
        keep = torch.ones(units, columns + 1, dtype=torch.bool)
        gone = torch.arange(columns) < removals[:, None]
        keep.scatter_(1, torch.where(gone, self.order, columns), False)
        return keep[:, :columns].repeat_interleave(self.rows_per_unit, dim=0)

    def choose(self, count: int) -> Tensor:
        """How many columns each unit loses, int64 (units,), when the layer loses `count` weights.

        The cheapest removals of all units go. A removal never goes before those that precede it in
        its unit: where losses fall along the way, the largest so far counts.
        """
        rising = self.losses.cummax(dim=1).values
        possible = int(torch.isfinite(rising).sum())
        number = min(count // self.rows_per_unit, possible)
        chosen = torch.argsort(rising.flatten(), stable=True)[:number]
        return torch.bincount(chosen // rising.shape[1], minlength=len(rising))


@dataclass(frozen=True)
class NOfM:
    """At most `kept` of `width` consecutive columns stay."""

    kept: int
    width: int


def pruning_order(
    weight: Tensor,
    inverse: Tensor,
    *,
    block: int = 0,
    rows_per_unit: int = 1,
    pattern: NOfM | None = None,
    progress: Callable[[int], object] = lambda rows: None,
) -> PruningOrder:
    """The order in which the rows of a layer lose their weights.

    Args:
        weight: float64 (rows, columns).
        inverse: float64 (columns, columns), of the damped Hessian.
        block: weights that are chosen at once (their removal is exact in any case); 0 chooses one
            of `BLOCK_SHARE` of those that remain, so that the last ones go one by one.
        rows_per_unit: consecutive rows that lose the same columns; divides the rows.
        pattern: stop when each group of columns has lost what it may.
        progress: is told the number of rows whenever some are done.

    Memory: `WORK_BYTES` beside the arguments, or the work of one unit where that is more.
    """
    rows, columns = weight.shape
    units = weight.reshape(rows // rows_per_unit, rows_per_unit, columns)
    at_once = max(1, WORK_BYTES // (24 * columns * columns))
    orders, losses = [], []
    for part in units.split(at_once):
        order, loss = _Elimination(part, inverse, block, pattern).run()
        orders.append(order)
        losses.append(loss)
        progress(len(part) * rows_per_unit)
    return PruningOrder(torch.cat(orders), torch.cat(losses), rows_per_unit)


class _Elimination:
    """Removes the columns of several units at once, each in its own order.

    Shapes: U units of Q rows; A columns remain at the start of a stage, of which m are gone.
      * `weight` (U, Q, A), `inverse` (U or 1, A, A), `names` (U, A) the original columns;
      * `factor` (U, A, capacity) with `inverse - factor factor^T` the inverse now.
    """

    def __init__(self, weight: Tensor, inverse: Tensor, block: int, pattern: NOfM | None):
        units, _, columns = weight.shape
        self.weight, self.inverse = weight.clone(), inverse[None]
        self.names = torch.arange(columns).expand(units, columns)
        self.block, self.pattern = block, pattern
        groups = 1 if pattern is None else -(-columns // pattern.width)
        self.capacity = None if pattern is None else self._capacities(units, groups, columns)
        self.order = torch.full((units, columns), -1)
        self.losses = torch.full((units, columns), torch.inf, dtype=torch.float64)
        self.done = 0
        self.total = columns if self.capacity is None else int(self.capacity[0].sum())

    def _capacities(self, units: int, groups: int, columns: int) -> Tensor:
        """Columns that each group may lose, (U, groups); a last group that is short loses fewer."""
        assert self.pattern is not None
        width = self.pattern.width
        extent = torch.full((groups,), width)
        extent[-1] = columns - width * (groups - 1)
        return (extent - self.pattern.kept).clamp(min=0).expand(units, groups).clone()

    def run(self) -> tuple[Tensor, Tensor]:
        """Order and losses, (U, columns)."""
        while self.done < self.total:
            self._stage()
        return self.order, self.losses

    def _stage(self) -> None:
        units, _, remaining = self.weight.shape
        goal = min(self.total - self.done, max(1, int(STAGE * remaining)))
        factor = self.weight.new_zeros(units, remaining, goal)
        diagonal = self.inverse.diagonal(dim1=1, dim2=2).expand(units, remaining).clone()
        alive = torch.ones(units, remaining, dtype=torch.bool)
        gone = 0
        while gone < goal:
            chosen = self._choose(diagonal, alive, goal - gone, remaining - gone)
            size = chosen.shape[1]
            column, scaled = self._eliminate(chosen, factor[:, :, :gone])
            factor[:, :, gone : gone + size] = column
            diagonal -= (column * column).sum(dim=2)
            alive.scatter_(1, chosen, False)
            self.weight -= torch.einsum("uak,uqk->uqa", column, scaled)
            self.weight.masked_fill_(~alive[:, None, :], 0.0)
            where = slice(self.done, self.done + size)
            self.order[:, where] = self.names.gather(1, chosen)
            self.losses[:, where] = 0.5 * (scaled * scaled).sum(dim=1)
            gone, self.done = gone + size, self.done + size
        self._compact(factor, alive)

    def _choose(self, diagonal: Tensor, alive: Tensor, most: int, remaining: int) -> Tensor:
        """The cheapest remaining columns, (U, k), each at its own cost of removal."""
        size = min(most, self.block or max(1, remaining // BLOCK_SHARE))
        scores = (self.weight * self.weight).sum(dim=1) / diagonal.clamp(min=1e-300)
        scores.masked_fill_(~alive, torch.inf)
        if self.capacity is None:
            return scores.topk(size, dim=1, largest=False).indices
        assert self.pattern is not None
        # One at a time: a block could take more from a group than the group may lose.
        group = self.names // self.pattern.width
        scores.masked_fill_(self.capacity.gather(1, group) == 0, torch.inf)
        chosen = scores.argmin(dim=1, keepdim=True)
        taken = group.gather(1, chosen)
        self.capacity.scatter_add_(1, taken, -torch.ones_like(taken))
        return chosen

    def _eliminate(self, chosen: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
        """The next columns (U, A, k) of the factor, and `C^-1 w_P` (U, Q, k).

        With `C C^T` the chosen part P of the inverse, the removal changes w by `-column C^-1 w_P`,
        and the squares of `C^-1 w_P` are twice the losses, one removal after the other.
        """
        units, remaining = self.names.shape
        # Rows instead of columns: the inverse is symmetric, and rows are contiguous.
        if len(self.inverse) == 1:
            part = self.inverse[0].index_select(0, chosen.flatten())
            part = part.reshape(*chosen.shape, remaining).mT
        else:
            part = self.inverse.gather(1, chosen[:, :, None].expand(units, -1, remaining)).mT
        there = chosen[:, :, None].expand(-1, -1, factor.shape[2])
        part = torch.baddbmm(part, factor, factor.gather(1, there).mT, alpha=-1)
        corner = part.gather(1, chosen[:, :, None].expand(-1, -1, chosen.shape[1]))
        root = torch.linalg.cholesky(corner)
        column = torch.linalg.solve_triangular(root, part.mT, upper=False).mT
        weight = self.weight.gather(2, chosen[:, None, :].expand(-1, self.weight.shape[1], -1))
        return column, torch.linalg.solve_triangular(root, weight.mT, upper=False).mT

    def _compact(self, factor: Tensor, alive: Tensor) -> None:
        """Store what remains without the columns that are gone."""
        units, rows, _ = self.weight.shape
        kept = alive.nonzero()[:, 1].reshape(units, -1)
        size = kept.shape[1]
        inverse = self.weight.new_empty(units, size, size)
        for unit in range(units):
            index = kept[unit]
            old = self.inverse[unit if len(self.inverse) > 1 else 0]
            root = factor[unit, index]
            inverse[unit] = old.index_select(0, index)[:, index]
            inverse[unit].addmm_(root, root.T, alpha=-1)
        self.inverse = inverse
        self.weight = self.weight.gather(2, kept[:, None, :].expand(-1, rows, -1))
        self.names = self.names.gather(1, kept)


def compensate(weight: Tensor, hessian: Tensor, keep: Tensor) -> Tensor:
    """The best weights on a given support: `w_S + H_SS^-1 H_SP w_P`, zero elsewhere.

    Rows that lose fewer weights than they keep take the form `w - [H^-1]_:P ([H^-1]_PP)^-1 w_P`.

    Args:
        weight: float64 (rows, columns).
        hessian: float64 (columns, columns), damped.
        keep: bool (rows, columns), the support S.
    """
    result = torch.zeros_like(weight)
    if len(keep) and bool((keep == keep[:1]).all()):
        # One support, one factor for all rows.
        support = keep[0].nonzero()[:, 0]
        root = torch.linalg.cholesky(hessian[support][:, support])
        result[:, support] = torch.cholesky_solve((weight @ hessian[:, support]).T, root).T
        return result
    target = weight @ hessian
    inverse: Tensor | None = None
    for row in range(len(weight)):
        support, gone = keep[row].nonzero()[:, 0], (~keep[row]).nonzero()[:, 0]
        if len(support) <= len(gone):
            # `w_S + H_SS^-1 H_SP w_P = H_SS^-1 (H w)_S`
            result[row, support] = _solve(hessian, support, target[row])
            continue
        if inverse is None:
            inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian))
        change = inverse[:, gone] @ _solve(inverse, gone, weight[row])
        result[row] = (weight[row] - change).masked_fill(~keep[row], 0.0)
    return result


def _solve(matrix: Tensor, index: Tensor, right: Tensor) -> Tensor:
    """`matrix_II^-1 right_I` for a positive definite matrix."""
    if not len(index):
        return right[index]
    root = torch.linalg.cholesky(matrix[index][:, index])
    return torch.cholesky_solve(right[index, None], root)[:, 0]


def loss(change: Tensor, hessian: Tensor) -> Tensor:
    """`1/2 d^T H d` for each row of `change`, (rows,)."""
    return 0.5 * ((change @ hessian) * change).sum(dim=1)


def prune_groups(weight: Tensor, inverse: Tensor, groups: Tensor, count: int) -> Tensor:
    """Remove `count` groups of columns from all rows: bool (rows, columns), what is kept.

    The group B that costs least goes first: `sum_rows w_B^T ([H^-1]_BB)^-1 w_B / 2`, with the
    others compensated before the next choice.

    Args:
        weight: float64 (rows, columns).
        inverse: float64 (columns, columns), of the damped Hessian.
        groups: int64 (groups, size), the columns of each group.
    """
    weight, inverse = weight.clone(), inverse.clone()
    alive = torch.ones(len(groups), dtype=torch.bool)
    keep = torch.ones(weight.shape[1], dtype=torch.bool)
    for _ in range(min(count, len(groups))):
        candidates = alive.nonzero()[:, 0]
        columns = groups[candidates]
        corners = inverse[columns[:, :, None], columns[:, None, :]]
        parts = weight[:, columns].permute(1, 2, 0)
        scores = (parts * torch.linalg.solve(corners, parts)).sum(dim=(1, 2))
        best = int(scores.argmin())
        gone = columns[best]
        solved = torch.linalg.solve(corners[best], inverse[gone])
        weight -= weight[:, gone] @ solved
        inverse -= inverse[:, gone] @ solved
        alive[candidates[best]] = False
        keep[gone] = False
    return keep.expand_as(weight).clone()
