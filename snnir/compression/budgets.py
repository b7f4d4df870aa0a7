# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many weights each layer of a network loses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Budget = Literal["lamps", "uniform"]
"""How the layers of a network share the weights to remove."""


def weights_to_remove(
    weights: Sequence[Tensor],
    sparsity: float,
    budget: Budget = "lamps",
    layer_sparsity: Sequence[float] = (),
) -> list[int]:
    """Weights to remove per layer; `layer_sparsity`, one part per layer, overrides the rest.

    Raises:
        ValueError: `layer_sparsity` has not one value from 0 to 1 for each layer.
    """
    if layer_sparsity:
        if len(layer_sparsity) != len(weights) or not all(0 <= p <= 1 for p in layer_sparsity):
            given = ", ".join(f"{part:g}" for part in layer_sparsity)
            raise ValueError(
                f"{len(weights)} values from 0 to 1 are needed, one for each layer, got {given}"
            )
        parts = zip(layer_sparsity, weights, strict=True)
        return [int(part * weight.numel()) for part, weight in parts]
    if not weights:
        return []
    return lamps(weights, sparsity) if budget == "lamps" else uniform(weights, sparsity)


def uniform(weights: Sequence[Tensor], sparsity: float) -> list[int]:
    """The same part of every layer: weights to remove per layer."""
    return [int(sparsity * weight.numel()) for weight in weights]


def lamps(weights: Sequence[Tensor], sparsity: float, power: float = 2.0) -> list[int]:
    """Layer-adaptive magnitudes (arXiv 2010.07611): weights to remove per layer.

    In each layer, ascending by magnitude, weight i scores `|w_i|^p / sum_{j >= i} |w_j|^p`; the
    smallest scores of all layers go. The last weight of a layer scores 1 and goes last.
    """
    scores = [_lamps_scores(weight, power) for weight in weights]
    every = torch.cat(scores)
    layer = torch.repeat_interleave(
        torch.arange(len(scores)), torch.tensor([len(score) for score in scores])
    )
    # Stable, so that equal scores fall to the same layer on every machine.
    chosen = torch.argsort(every, stable=True)[: int(sparsity * len(every))]
    return torch.bincount(layer[chosen], minlength=len(scores)).tolist()


def _lamps_scores(weight: Tensor, power: float) -> Tensor:
    """Scores in ascending order of magnitude; zeros score zero."""
    powers = weight.abs().to(torch.float64).flatten().sort().values ** power
    rest = powers.flip(0).cumsum(0).flip(0)
    return torch.where(rest > 0, powers / torch.where(rest > 0, rest, 1.0), 0.0)
