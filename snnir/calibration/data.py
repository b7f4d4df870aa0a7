# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calibration data as pass options name them."""

from __future__ import annotations

from snnir.data import Dataset
from snnir.data.network_inputs import load_samples
from snnir.dialects.network import NetworkOpBase
from snnir.support.diagnostics import SNNError, error_at


def load_calibration(spec: str, network: NetworkOpBase, samples: int | None = None) -> Dataset:
    """Return the data that `spec` names, checked to fit `network`.

    Args:
        spec: the path of a `.npz` file (keys `x` and, for accuracies, `y`), or recordings of events
            (`nmnist:DIR`, `saccade:DIR:train`), which get as many time bins as the network has
            steps.
        samples: how many to take, class-balanced and always the same; None for all, also when
            there are fewer.

    Raises:
        SNNError: at the network; the data cannot be read, do not fit it or are all zero. The
            message names the file and the remedy.
    """
    try:
        data = load_samples(network, spec, limit=samples)
    except SNNError as error:
        raise error_at(network, f"cannot be calibrated: {error.message}") from error
    if not data.x.any():
        raise error_at(
            network, f"cannot be calibrated: all values of '{spec}' are 0, so that nothing would "
            "fire; give recordings of what the network was trained for"
        )  # fmt: skip
    return data
