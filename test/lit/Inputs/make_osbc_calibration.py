# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes `osbc_calibration.npz`, data for compression passes: python make_osbc_calibration.py."""

from pathlib import Path

import numpy as np

SAMPLES, STEPS, SHAPE = 8, 6, (2, 2, 2)


def counts() -> np.ndarray:
    """Event counts of 0 to 2, uint8 (8, 6, 2, 2, 2).

    Input (0, 0, 1) repeats input (0, 0, 0), and input (1, 1, 1) is silent.
    """
    rng = np.random.default_rng(17)
    x = rng.integers(0, 3, (SAMPLES, STEPS, *SHAPE)).astype(np.uint8)
    x[..., 0, 0, 1] = x[..., 0, 0, 0]
    x[..., 1, 1, 1] = 0
    return x


if __name__ == "__main__":
    path = Path(__file__).with_name("osbc_calibration.npz")
    np.savez_compressed(path, x=counts(), y=np.arange(SAMPLES) % 2)
