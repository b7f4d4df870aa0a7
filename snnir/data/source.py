# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Data sets by the short text that pass options and command lines name them with."""

from __future__ import annotations

from snnir.data.dataset import Dataset
from snnir.data.nmnist import load_nmnist
from snnir.data.npz import load_npz
from snnir.support.diagnostics import SNNError

ACCEPTED_FORMS = "FILE.npz (keys x and y) or nmnist:DIR (recordings DIR/<label>/<number>.bin)"


def load_data(spec: str, bins: int | None = None, limit: int | None = None) -> Dataset:
    """Return the data set that `spec` names.

    Args:
        spec: the path of a `.npz` file, see `load_npz`, or `nmnist:DIR`, see `load_nmnist`.
        bins: number of time bins for recordings of events. The samples in a `.npz` file are frames
            already and are returned as they are.
        limit: number of samples, chosen class-balanced and always alike (`balanced_subset`); None
            for all.

    Raises SNNError when `spec` has neither form, when recordings are named without `bins`, or as
    the reader of the form does.
    """
    kind, separator, folder = spec.partition(":")
    if separator and kind == "nmnist" and folder:
        if bins is None:
            raise SNNError(f"{spec}: recordings of events need the number of time bins")
        return load_nmnist(folder, bins, limit)
    if spec.endswith(".npz"):
        return load_npz(spec).take(limit)
    raise SNNError(f"{spec!r} names no data set; accepted forms: {ACCEPTED_FORMS}")
