# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constants of the kernels are those of their headers."""

import pytest

from snnir.dialects import snnrt_tiles
from snnir.kernels.c_constants import c_constant


def test_the_compiler_and_the_kernels_agree() -> None:
    assert c_constant("byte_rows.h", "QUAD_LANES") == snnrt_tiles.QUAD_LANES
    # With a suffix.
    assert c_constant("fill.h", "LONG_FILL") == 64


def test_what_no_header_defines_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"fill\.h does not define SNNRT_QUAD_LANES"):
        c_constant("fill.h", "QUAD_LANES")
