# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hessians of layers, from a stream of their inputs (arXiv 2506.03996, "OSBC").

A leaky neuron without threshold and reset is a linear filter, and filtering commutes with the
layer's weights: the error of the membrane potential is the error of the layer on filtered inputs,

    y[t] = beta y[t-1] + x[t],    H = 2 / (samples positions) sum_t y[t] y[t]^T.

Without a filter (`decays = ()`) this is the Hessian of the input current, that of Optimal Brain
Compression (arXiv 2208.11580).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

DAMPING = 0.01
"""Part of the mean of the diagonal that is added to it."""

CHUNK_ROWS = 1024
"""Input rows that one matrix product takes in at least: fewer would mostly move the sum."""

Rows = Callable[[Tensor], Tensor]
"""Turns an input feature map (batch, *shape) into rows (groups, n, columns): im2col."""


class LeakyFilter:
    """`y[t] = decay y[t-1] + x[t]`, for several decays one after the other.

    Two decays are the filter of a second-order neuron (synapse and membrane).
    """

    def __init__(self, decays: Sequence[float] = ()):
        self._decays = tuple(decays)
        self._state: list[Tensor | None] = [None] * len(self._decays)

    def reset(self) -> None:
        """Start new sequences."""
        self._state = [None] * len(self._decays)

    def __call__(self, x: Tensor) -> Tensor:
        """Filter the values of one step, of any shape; returns float64, never `x` changed."""
        y = x.to(torch.float64)
        for index, decay in enumerate(self._decays):
            old = self._state[index]
            y = y.clone() if old is None else y + decay * old
            self._state[index] = y
        return y


class HessianAccumulator:
    """Sums a layer's Hessian while its inputs pass by, step by step and batch by batch.

    Memory: the sum (groups, columns, columns) in float64, twice with a reference, and buffers of at
    most `CHUNK_ROWS` rows plus one step. It does not depend on the number of samples or steps.

    Args:
        rows: how an input becomes rows of the layer's matrix product.
        decays: the filter, see `LeakyFilter`.
        with_reference: also sum `2 y y_reference^T`, for `add(x, reference)`.
    """

    def __init__(self, rows: Rows, decays: Sequence[float] = (), *, with_reference: bool = False):
        self._rows = rows
        self._filters = [LeakyFilter(decays) for _ in range(1 + with_reference)]
        self._buffers: list[list[Tensor]] = [[] for _ in self._filters]
        self._sums: list[Tensor] = []
        self._presentations = 0
        self._positions = 0

    def start(self, samples: int) -> None:
        """Start a batch of sequences."""
        self._presentations += samples
        for each in self._filters:
            each.reset()

    def add(self, x: Tensor, reference: Tensor | None = None) -> None:
        """Take in the inputs (batch, *shape) of the next step of the batch.

        `reference` is the input of the same layer in the network that is to be imitated.
        """
        inputs = [x] if reference is None else [x, reference]
        for each, buffer, value in zip(self._filters, self._buffers, inputs, strict=True):
            rows = self._rows(each(value))
            self._positions = rows.shape[1] // len(value)
            buffer.append(rows)
        if sum(rows.shape[1] for rows in self._buffers[0]) >= CHUNK_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._buffers[0]:
            return
        chunks = [_joined(buffer) for buffer in self._buffers]
        for buffer in self._buffers:
            buffer.clear()
        if not self._sums:
            groups, _, columns = chunks[0].shape
            self._sums = [chunks[0].new_zeros(groups, columns, columns) for _ in chunks]
        for total, chunk in zip(self._sums, chunks, strict=True):
            torch.baddbmm(total, chunks[0].mT, chunk, out=total)

    def _mean(self, index: int) -> Tensor:
        self._flush()
        return self._sums[index] * (2.0 / (self._presentations * self._positions))

    def hessian(self) -> Tensor:
        """`H` (groups, columns, columns), without damping."""
        return self._mean(0)

    def cross(self) -> Tensor:
        """`2 E[y y_reference^T]`, (groups, columns, columns)."""
        return self._mean(1)


def _joined(buffer: list[Tensor]) -> Tensor:
    """Rows (groups, n, columns) of several steps as one tensor, not copied where it is one."""
    return buffer[0] if len(buffer) == 1 else torch.cat(buffer, dim=1)


def damped(hessian: Tensor, part: float = DAMPING) -> Tensor:
    """`H + part mean(diag H) I`, which is positive definite; the identity where `H` is zero.

    An input that never fires keeps the damping alone: its weights cost nearly nothing to remove.
    """
    level = part * hessian.diagonal(dim1=-2, dim2=-1).mean(dim=-1)
    level = torch.where(level > 0, level, torch.ones_like(level))
    identity = torch.eye(hessian.shape[-1], dtype=hessian.dtype, device=hessian.device)
    return hessian + level[..., None, None] * identity


def asymmetric_target(weight: Tensor, hessian: Tensor, cross: Tensor) -> Tensor:
    """The weights that best imitate `weight` from changed inputs, (rows, columns).

    Minimises `sum |W' y - W y_reference|^2 + lambda |W' - W|^2`, lambda being the damping:
    `w' = (H + lambda I)^-1 (2 E[y y_reference^T] + lambda I) w`. The cost of any other choice grows
    with `H + lambda I` from there, so that pruning and quantisation start from these weights as
    they would from `weight`.

    Args:
        weight: float64 (rows, columns).
        hessian: float64 (columns, columns), not damped, of the changed inputs.
        cross: float64 (columns, columns), `HessianAccumulator.cross`.
    """
    stable = damped(hessian)
    right = (cross + (stable - hessian)) @ weight.T
    return torch.cholesky_solve(right, torch.linalg.cholesky(stable)).T
