# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constants of the C kernels, read from their headers, so that nothing copies them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import snnir.backends

_HEADERS = Path(snnir.backends.__file__).parent / "snnrt" / "include" / "snnrt"


@cache
def c_constant(header: str, name: str) -> int:
    """The integer that a header defines `SNNRT_<name>` as, in its first definition.

    Raises:
        LookupError: there is none.
    """
    text = (_HEADERS / header).read_text()
    found = re.search(rf"^#define SNNRT_{name} (\d+)u?$", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"{header} does not define SNNRT_{name} as an integer")
    return int(found[1])
