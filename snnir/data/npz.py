# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reader of `.npz` files: samples under the key `x`, class numbers under the key `y`."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.npyio import NpzFile

from snnir.data.dataset import Dataset
from snnir.support.diagnostics import SNNError

_WRITE_HINT = "write the file with numpy.savez_compressed(path, x=..., y=...)"


def _reason(error: Exception) -> str:
    if "allow_pickle" in str(error):
        # numpy takes whatever it does not know for pickled objects, and advises to trust them.
        return "neither a zip file nor an array of numbers"
    return str(error) or type(error).__name__


def _member(archive: NpzFile, key: str, path: Path) -> np.ndarray:
    """Return the array under `key`; raises SNNError when it cannot be read."""
    try:
        value = archive[key]
    except MemoryError as error:
        raise SNNError(f"{path}: the array under the key {key} does not fit in memory") from error
    # Damaged bytes surface as a dozen types of exception out of zipfile, zlib, tokenize and numpy.
    except Exception as error:
        raise SNNError(
            f"{path}: the array under the key {key} is damaged or holds objects "
            f"({_reason(error)}); {_WRITE_HINT}"
        ) from error
    if not isinstance(value, np.ndarray):
        # numpy hands out the raw bytes of a member that does not begin as an array does.
        raise SNNError(f"{path}: what is stored under the key {key} is no array; {_WRITE_HINT}")
    return value


def load_npz(path: str | Path) -> Dataset:
    """Return the data set in the `.npz` file `path`; its name is the path.

    `x` is as `Dataset.x` describes. `y` holds whole numbers of any integer type, which become
    int64; a file with `x` alone is a data set without labels. Other keys beside `x` and `y` are not
    read. Objects that would have to be unpickled are refused.

    Raises SNNError, naming file, key and remedy, when the file cannot be read or its arrays are not
    as described.
    """
    path = Path(path)
    try:
        # numpy leaves a file that it opened itself open when it is no archive.
        with path.open("rb") as file:
            return _load(file, path)
    except FileNotFoundError as error:
        raise SNNError(f"{path}: no such file") from error
    except OSError as error:
        raise SNNError(f"{path}: cannot be read ({error.strerror or error})") from error


def _load(file: BinaryIO, path: Path) -> Dataset:
    try:
        archive = np.load(file, allow_pickle=False)
    except OSError:
        raise
    # As in `_member`: what a broken directory of a zip file raises is open-ended.
    except Exception as error:
        raise SNNError(
            f"{path}: not a readable .npz file ({_reason(error)}); {_WRITE_HINT}"
        ) from error
    if not isinstance(archive, NpzFile):
        raise SNNError(f"{path}: holds one bare array, not the keys x and y; {_WRITE_HINT}")
    with archive:
        keys = sorted(archive.files)
        found = ", ".join(keys) or "none"
        if "x" not in keys:
            raise SNNError(f"{path}: the key x is missing (keys found: {found}); {_WRITE_HINT}")
        if "y" not in keys and len(keys) > 1:
            # A file with labels under another name must not pass as one without labels.
            raise SNNError(f"{path}: the key y is missing (keys found: {found}); {_WRITE_HINT}")
        x = _member(archive, "x", path)
        y = _class_numbers(_member(archive, "y", path), path) if "y" in keys else None
    return Dataset(x, y, str(path))


def _class_numbers(y: np.ndarray, path: Path) -> np.ndarray:
    """Return `y` as int64 (samples,); raises SNNError when it does not hold class numbers."""
    if y.ndim != 1:
        remedy = "y.ravel()" if y.shape[1:] == (1,) else "one-hot labels: y.argmax(axis=1)"
        raise SNNError(
            f"{path}: the key y has the shape {y.shape}; store one class number per sample "
            f"({remedy})"
        )
    if y.dtype.kind not in "iu":
        raise SNNError(
            f"{path}: the key y has the data type {y.dtype}; "
            "store class numbers, y.astype(numpy.int64)"
        )
    if y.size and y.max() > np.iinfo(np.int64).max:
        raise SNNError(f"{path}: the key y holds {y.max()}, which is no class number")
    return y.astype(np.int64)
