# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Data sets by the short text that pass options and command lines name them with."""

from __future__ import annotations

import re
from typing import cast

from snnir.data.dataset import Dataset
from snnir.data.mnist import Split
from snnir.data.nmnist import load_nmnist
from snnir.data.npz import load_npz
from snnir.data.saccade_dataset import load_saccade
from snnir.support.diagnostics import SNNError

ACCEPTED_FORMS = (
    "FILE.npz (keys x and y), nmnist:DIR (recordings DIR/<label>/<number>.bin), or "
    "saccade:DIR:train[:START-STOP] and :test (recordings simulated from the MNIST files in DIR)"
)

RECORDING_KINDS = ("nmnist", "saccade")
"""The forms `KIND:...` that name recordings of events."""

# The folder may hold colons itself; part and range are what ends the text.
_SACCADE = re.compile(
    r"(?P<folder>.+?):(?P<split>train|test)(?::(?P<start>\d+)-(?P<stop>\d+))?", re.ASCII
)


def load_data(spec: str, bins: int | None = None, limit: int | None = None) -> Dataset:
    """Return the data set that `spec` names.

    Args:
        spec: one of
            the path of a `.npz` file, see `load_npz`;
            `nmnist:DIR`, recordings, see `load_nmnist`;
            `saccade:DIR:train` or `saccade:DIR:test`, recordings simulated from the training or
            test images of MNIST, always the same, see `load_saccade`; with `:START-STOP` after it
            of the images from START, counted from 0, to STOP - 1.
        bins: number of time bins for recordings of events. The samples in a `.npz` file are frames
            already and are returned as they are.
        limit: number of samples, chosen class-balanced and always alike (`balanced_subset`); None
            for all.

    Raises SNNError when `spec` has none of these forms, when recordings are named without `bins`,
    or as the reader of the form does.
    """
    kind, _, rest = spec.partition(":")
    if kind in RECORDING_KINDS and rest:
        if bins is None:
            raise SNNError(f"{spec}: recordings of events need the number of time bins")
        return _load_recordings(kind, rest, bins, limit)
    if spec.endswith(".npz"):
        return load_npz(spec).take(limit)
    raise _unknown(spec)


def _load_recordings(kind: str, rest: str, bins: int, limit: int | None) -> Dataset:
    if kind == "nmnist":
        return load_nmnist(rest, bins, limit)
    match = _SACCADE.fullmatch(rest)
    if match is None:
        raise _unknown(f"{kind}:{rest}")
    images = (int(match["start"]), int(match["stop"])) if match["start"] else None
    return load_saccade(match["folder"], cast(Split, match["split"]), bins, images, limit)


def _unknown(spec: str) -> SNNError:
    return SNNError(f"{spec!r} names no data set; accepted forms: {ACCEPTED_FORMS}")
