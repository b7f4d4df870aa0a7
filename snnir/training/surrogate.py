# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Derivatives that stand in for that of the Heaviside function, and thresholds that use them.

The forward value is the comparison of the dialect, bit for bit; only the derivative is made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

ATAN_ALPHA = 2.0
"""Default of `snntorch.surrogate.atan`."""
PIECEWISE_LINEAR_GAMMA = 0.3
"""Height of the triangle in Bellec et al. 2018 and in the authors' code of arXiv 2104.12528."""

SurrogateName = Literal["atan", "linear"]


class Derivative(Protocol):
    """The derivatives of a spike by the membrane and, only if `both`, by the threshold."""

    def __call__(
        self, membrane: Tensor, threshold: Tensor, both: bool = True
    ) -> tuple[Tensor, Tensor | None]: ...


def atan_derivative(
    membrane: Tensor, threshold: Tensor, both: bool = True
) -> tuple[Tensor, Tensor | None]:
    """`alpha / 2 / (1 + (pi / 2 * alpha * (U - threshold))**2)`, as `snntorch.surrogate.atan`."""
    distance = torch.pi / 2 * ATAN_ALPHA * (membrane - threshold)
    by_membrane = ATAN_ALPHA / 2 / (1 + distance.pow(2))
    return by_membrane, -by_membrane if both else None


def linear_derivative(
    membrane: Tensor, threshold: Tensor, both: bool = True
) -> tuple[Tensor, Tensor | None]:
    """`dS/dz = gamma * max(0, 1 - |z|)` of `z = U / threshold - 1`, times `dz/dU`, `dz/dthreshold`.

    Thresholds near zero count as `1e-6`.
    """
    width = threshold.abs().clamp(min=1e-6)
    ratio = membrane / width
    # In place: half of the time of training convolutions on a CPU would go into temporaries.
    height = ratio.sub(1).abs_().neg_().add_(1).clamp_(min=0)
    by_membrane = height.mul_(PIECEWISE_LINEAR_GAMMA).div_(width)
    return by_membrane, -by_membrane * ratio if both else None


SURROGATES: dict[SurrogateName, Derivative] = {"atan": atan_derivative, "linear": linear_derivative}


class _Spike(torch.autograd.Function):
    """A comparison as 0.0 and 1.0 with the derivative of a surrogate."""

    @staticmethod
    def forward(
        ctx: Any, membrane: Tensor, threshold: Tensor, compare: Any, derivative: Derivative
    ) -> Tensor:
        ctx.save_for_backward(membrane, threshold)
        ctx.derivative = derivative
        return compare(membrane, threshold).to(membrane.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        membrane, threshold = ctx.saved_tensors
        by_membrane, by_threshold = ctx.derivative(membrane, threshold, ctx.needs_input_grad[1])
        (gradient,) = gradients
        of_threshold = None
        if by_threshold is not None:
            of_threshold = (gradient * by_threshold).sum_to_size(threshold.shape)
        return gradient * by_membrane, of_threshold, None, None


class SurrogateThreshold:
    """A threshold for the functions of `snnir.executors.torch_snn` whose comparison has a gradient.

    It takes part in torch's arithmetic like the tensor that it holds, through torch's protocol for
    objects that are no tensors; `torch.gt` and `torch.ge` with it give spikes, 0.0 and 1.0, whose
    derivative is the surrogate's.
    """

    def __init__(self, value: Tensor, derivative: Derivative):
        self.value = value
        self.derivative = derivative

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Tensor],
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        keywords: Mapping[str, Any] | None = None,
    ) -> Tensor:
        if function in (torch.gt, torch.ge):
            membrane, threshold = arguments
            return _Spike.apply(membrane, threshold.value, function, threshold.derivative)
        plain = [a.value if isinstance(a, SurrogateThreshold) else a for a in arguments]
        return function(*plain, **(keywords or {}))
