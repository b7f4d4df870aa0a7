# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Event counts in fewer, longer time bins."""

import numpy as np
from numpy.typing import NDArray

from snnir.support.diagnostics import SNNError


def rebin(x: NDArray, timesteps: int) -> NDArray:
    """Sum event counts `(samples, steps, *shape)` into `timesteps` bins of equal length.

    Bin `b` holds the steps `t` with `t * timesteps // steps == b`, so that every event is counted
    once. The result has the type of `x`.

    Raises:
        SNNError: there are fewer steps than bins, or a sum does not fit the type.
    """
    steps = x.shape[1]
    if not 1 <= timesteps <= steps:
        raise SNNError(f"cannot put {steps} steps into {timesteps} bins")
    starts = -(-np.arange(timesteps) * steps // timesteps)
    sums = np.add.reduceat(x, starts, axis=1, dtype=np.int64 if x.dtype.kind in "biu" else None)
    if x.dtype.kind in "iu" and sums.size and sums.max() > np.iinfo(x.dtype).max:
        raise SNNError(
            f"{timesteps} bins hold up to {sums.max()} events, more than {x.dtype} can count"
        )
    return sums.astype(np.uint8 if x.dtype == np.bool_ else x.dtype)
