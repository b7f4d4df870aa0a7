# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reader of MNIST in its original files (LeCun et al. 1998), compressed with gzip or not.

An idx file begins with two zero bytes, the type of its values (8: unsigned bytes) and the number of
its dimensions; then follow the dimensions, 4 bytes each with the most significant byte first, and
the values.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from snnir.data.dataset import Dataset
from snnir.support.diagnostics import SNNError

Split = Literal["train", "test"]

_PREFIXES: dict[Split, str] = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTES = 8
_DIMENSION_BYTES = 4
_CLASSES = 10


def read_idx(path: str | Path, dimensions: int) -> np.ndarray:
    """Return the values of the idx file `path` as uint8 with `dimensions` dimensions, read-only.

    A file whose name ends in `.gz` is decompressed.

    Raises SNNError, naming the file, when it cannot be read, is no idx file of unsigned bytes with
    so many dimensions, or holds fewer or more values than its header says.
    """
    path = Path(path)
    raw = _read(path)
    header = 4 + _DIMENSION_BYTES * dimensions
    magic = _UNSIGNED_BYTES << 8 | dimensions
    if len(raw) < header:
        raise SNNError(
            f"{path}: the file ends at byte {len(raw)}, within its header of {header} bytes; "
            "copy or download it anew"
        )
    if (found := int.from_bytes(raw[:4], "big")) != magic:
        raise SNNError(
            f"{path}: byte 0: the magic number is {found}, not {magic} (idx, unsigned bytes, "
            f"{dimensions} dimension{'s' * (dimensions > 1)}); images and labels may be exchanged"
        )
    shape = tuple(np.frombuffer(raw, ">u4", dimensions, offset=4).tolist())
    if len(raw) - header != math.prod(shape):
        problem = "is cut short" if len(raw) - header < math.prod(shape) else "is too long"
        raise SNNError(
            f"{path}: the file {problem}: {len(raw) - header} bytes follow the header, "
            f"{math.prod(shape)} are needed for {shape}; copy or download it anew"
        )
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)


def load_mnist(folder: str | Path, split: Split) -> Dataset:
    """Return the images of a part of MNIST: x uint8 (images, rows, columns), 0 to 255.

    Args:
        folder: holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same with
            `t10k`, with or without `.gz`.
        split: which part.

    Raises SNNError, naming the file, as `read_idx` does, when a file is missing, and when images
    and labels do not fit together.
    """
    prefix = _PREFIXES[split]
    image_file = _find(Path(folder), f"{prefix}-images-idx3-ubyte")
    label_file = _find(Path(folder), f"{prefix}-labels-idx1-ubyte")
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if len(images) != len(labels):
        raise SNNError(
            f"{label_file}: holds {len(labels)} labels for the {len(images)} images of "
            f"{image_file.name}; the files belong to different sets"
        )
    wrong = labels >= _CLASSES
    if wrong.any():
        first = int(np.argmax(wrong))
        raise SNNError(f"{label_file}: label {first} is {labels[first]}, not a digit from 0 to 9")
    return Dataset(images, labels.astype(np.int64), f"mnist:{folder}:{split}")


def _find(folder: Path, name: str) -> Path:
    candidates = (folder / f"{name}.gz", folder / name)
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise SNNError(
        f"{candidates[1]}: no such file, nor with .gz; give the folder with the files of MNIST"
    )


def _read(path: Path) -> bytes:
    """Return the content of `path`, decompressed; raises SNNError when that fails."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except FileNotFoundError as error:
        raise SNNError(f"{path}: no such file") from error
    # `BadGzipFile` is an `OSError` without a reason of the system.
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SNNError(
            f"{path}: the compressed data are damaged ({error}); copy or download it anew"
        ) from error
    except OSError as error:
        raise SNNError(f"{path}: cannot be read ({error.strerror or error})") from error
