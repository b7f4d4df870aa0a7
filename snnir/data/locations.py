# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the recordings and images for development are, which are no part of the repository."""

from __future__ import annotations

import os
from pathlib import Path


def shared_folder() -> Path | None:
    """Return the folder with data for development and evaluation, or None where there is none.

    It is the folder named by the environment variable SNNIR_SHARED, or else the folder `shared`
    beside the repository. Tests and benchmarks that need it skip without it.
    """
    named = os.environ.get("SNNIR_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[3] / "shared"
    return folder if folder.is_dir() else None
