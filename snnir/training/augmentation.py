# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Samples that are changed a little every time that they are trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def shifted_and_mirrored(
    x: NDArray, shift: int, mirror: bool, rng: np.random.Generator
) -> NDArray:  # fmt: skip
    """Samples (batch, ..., rows, columns), each moved and perhaps mirrored along the last axis.

    Args:
        shift: the most positions by which a sample moves along each axis, alike at all time steps;
            zeros come in. Nothing is drawn for a shift of 0.
        mirror: mirror about half of the samples.

    >>> x = np.arange(1, 5).reshape(1, 2, 2)
    >>> shifted_and_mirrored(x, 1, True, np.random.default_rng(0))
    array([[[4, 3],
            [0, 0]]])
    """
    if shift:
        rows, columns = x.shape[-2:]
        padded = np.pad(x, ((0, 0),) * (x.ndim - 2) + ((shift, shift),) * 2)
        corners = rng.integers(0, 2 * shift + 1, (len(x), 2))
        x = np.stack(
            [
                sample[..., top : top + rows, left : left + columns]
                for sample, (top, left) in zip(padded, corners, strict=True)
            ]
        )
    if mirror:
        chosen = rng.random(len(x)) < 0.5
        x = np.where(chosen.reshape(-1, *[1] * (x.ndim - 1)), x[..., ::-1], x)
    return x
