# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""C functions that may write over their input compute the same there as elsewhere.

`KernelOpBase.in_place` names these functions. Random values and shapes come from the seed that a
failing test names.
"""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from snnir.backends.toolchain import COMMON_FLAGS, SNNRT_INCLUDE
from snnir.dialects.layer_shapes import spatial_output
from snnir.testing.targets import require_programs

SOURCE = Path(__file__).parent / "in_place.c"
BUILDS = [(compiler, level, packed) for compiler in ("gcc", "clang")
          for level in ("-O0", "-O3") for packed in (0, 1)]  # fmt: skip
BITS = (8, 16, 32)
CASES = 60


@pytest.fixture(scope="module", params=BUILDS, ids=lambda build: "-".join(map(str, build)))
def kernels(request, tmp_path_factory) -> ctypes.CDLL:
    compiler, level, packed = request.param
    require_programs(compiler)
    library = tmp_path_factory.mktemp("in_place") / "in_place.so"
    command = [compiler, *COMMON_FLAGS, level, f"-DSNNRT_PACKED={packed}", "-shared", "-fPIC"]
    subprocess.run([*command, "-I", SNNRT_INCLUDE, SOURCE, "-o", library], check=True)
    return ctypes.CDLL(str(library))


def pointer(values: NDArray) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)


def random_values(rng: np.random.Generator, bits: int, *shape: int) -> NDArray:
    """Values small enough that sums of windows fit."""
    return rng.integers(-7, 8, shape).astype(f"<i{bits // 8}")


def random_pool(rng: np.random.Generator) -> tuple[tuple[int, int, int], list[int], int]:
    """Input shape, fields of the C shape, and the number of outputs."""
    kernel = [int(n) for n in rng.integers(1, 4, 2)]
    stride = [int(n) for n in rng.integers(1, 4, 2)]
    size = [int(rng.integers(k, k + 7)) for k in kernel]
    channels = int(rng.integers(1, 11))
    rows, columns = spatial_output(size, kernel, stride, [0, 0])
    fields = [*size, channels, rows, columns, *kernel, *stride, 0, 0]
    return (size[0], size[1], channels), fields, rows * columns * channels


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("kind", ["max", "sum"])
def test_pools(kernels, kind, bits) -> None:
    pool = getattr(kernels, f"{kind}_pool_{bits}")
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        shape, fields, outputs = random_pool(rng)
        c_shape = (ctypes.c_int32 * len(fields))(*fields)
        values = random_values(rng, bits, *shape)
        apart = np.empty(outputs, values.dtype)
        pool(pointer(values), pointer(apart), c_shape)
        pool(pointer(values), pointer(values), c_shape)
        assert np.array_equal(values.reshape(-1)[:outputs], apart), f"seed {seed}: {fields}"


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("over", ["a", "b", "both"])
def test_add(kernels, over, bits) -> None:
    add = getattr(kernels, f"add_{bits}")
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 40))
        a, b = random_values(rng, bits, 2, n)
        if over == "both":
            b = a
        expected = a + b
        output = b if over == "b" else a
        add(pointer(a), pointer(b), pointer(output), n)
        assert np.array_equal(output, expected), f"seed {seed}"


@pytest.mark.parametrize("bits", BITS[1:])
@pytest.mark.parametrize("extent", range(3), ids=["layer", "channel", "neuron"])
def test_scale(kernels, extent, bits) -> None:
    scale = getattr(kernels, f"scale_{bits}")
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        positions, channels = (int(n) for n in rng.integers(1, 9, 2))
        values = random_values(rng, bits, positions, channels)
        factor_shape = [(1, 1), (1, channels), (positions, channels)][extent]
        factor = rng.integers(-9, 10, factor_shape).astype(np.int32)
        expected = values * factor
        scale(pointer(values), pointer(values), pointer(factor), extent, positions, channels)
        assert np.array_equal(values, expected), f"seed {seed}"
