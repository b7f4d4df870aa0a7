# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes `training.npz`, the training data of the lit tests: python make_training.py."""

from pathlib import Path

import numpy as np

SAMPLES, STEPS, PIXELS = 40, 8, 4


def training() -> dict[str, np.ndarray]:
    """Binary frames in which pixels 0 and 1, or 2 and 3, are mostly set, as the class says.

    x is uint8 (40, 8, 4), 0 or 1; y is int64 (40,), classes 0, 1, 0, 1 and so on.
    """
    rng = np.random.default_rng(0)
    y = np.arange(SAMPLES) % 2
    rates = np.where(np.arange(PIXELS) // 2 == y[:, None], 0.6, 0.1)
    x = (rng.random((SAMPLES, STEPS, PIXELS)) < rates[:, None]).astype(np.uint8)
    return {"x": x, "y": y}


if __name__ == "__main__":
    np.savez_compressed(Path(__file__).with_name("training.npz"), **training())
