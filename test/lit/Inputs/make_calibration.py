# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes `calibration.npz`, the calibration data of the lit tests: python make_calibration.py."""

from pathlib import Path

import numpy as np

SAMPLES, STEPS, SHAPE = 4, 4, (1, 4, 4)


def calibration() -> dict[str, np.ndarray]:
    """Event counts that are 1 everywhere, in the first step and in as many more as the class says.

    x is uint8 (4, 4, 1, 4, 4); y is int64 (4,), classes 0, 1, 0, 1.
    """
    y = np.arange(SAMPLES) % 2
    x = np.zeros((SAMPLES, STEPS, *SHAPE), np.uint8)
    x[:, 0] = 1
    x[y == 1] = 1
    return {"x": x, "y": y}


if __name__ == "__main__":
    data = calibration()
    np.savez_compressed(Path(__file__).with_name("calibration.npz"), x=data["x"], y=data["y"])
