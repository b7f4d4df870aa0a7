# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scratch memory that the compiler plans is what CMSIS-NN asks for on a Cortex-M7."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from generated_networks import cmsis_nn_trees, require_cmsis_nn, run

from snnir.backends.targets import MPS2_AN500
from snnir.backends.toolchain import cmsis_nn_library, compile_object, link
from snnir.dialects.cmsis_nn import avgpool_scratch_bytes, convolve_scratch_bytes
from snnir.testing.targets import require_target

# Below and above 512 columns, from where the library's version 5 uses no buffer; odd numbers,
# because it reads columns in pairs and fours.
KERNELS = [(1, 1), (1, 5), (3, 3), (5, 5), (7, 3)]
CHANNELS = [1, 2, 3, 5, 16, 33, 64, 512]
WINDOWS = [(1, 1, 0), (2, 1, 1), (1, 2, 2)]
CASES = list(itertools.product(KERNELS, CHANNELS, WINDOWS))

PROGRAM = """
#include "arm_nnfunctions.h"
#include "semihosting.h"

static const int32_t cases[][6] = {{{cases}}};

int main(void) {{
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; ++i) {{
    const int32_t *c = cases[i];
    const cmsis_nn_dims input = {{1, 16, 16, c[2]}}, filter = {{4, c[0], c[1], c[2]}};
    const int32_t height = (16 + 2 * c[5] - c[4] * (c[0] - 1) - 1) / c[3] + 1;
    const int32_t width = (16 + 2 * c[5] - c[4] * (c[1] - 1) - 1) / c[3] + 1;
    const cmsis_nn_dims output = {{1, height, width, 4}};
    cmsis_nn_conv_params p = {{0}};
    p.stride.h = p.stride.w = c[3];
    p.dilation.h = p.dilation.w = c[4];
    p.padding.h = p.padding.w = c[5];
    p.activation.min = INT16_MIN;
    p.activation.max = INT16_MAX;
    const int32_t sizes[] = {{
        arm_convolve_wrapper_s16_get_buffer_size(&p, &input, &filter, &output),
        arm_convolve_wrapper_s4_get_buffer_size(&p, &input, &filter, &output),
        arm_avgpool_s8_get_buffer_size(width, c[2]), arm_avgpool_s16_get_buffer_size(width, c[2]),
    }};
    for (unsigned k = 0; k < 4; ++k) {{
      snn_write_unsigned((uint32_t)sizes[k]);
      snn_write0("\\n");
    }}
  }}
  return 0;
}}
"""


def library_sizes(sources: Path, folder: Path) -> list[int]:
    """What the library answers for every case and function, in the emulator."""
    target = MPS2_AN500
    require_target(target)
    assert target.folder is not None
    rows = (f"{{{k[0]}, {k[1]}, {c}, {', '.join(map(str, w))}}}" for k, c, w in CASES)
    source = folder / "sizes.c"
    source.write_text(PROGRAM.format(cases=", ".join(rows)))
    flags: list[str | Path] = ["-std=c99", "-isystem", sources / "Include", "-I", target.folder]
    files = [source, *sorted(target.folder.glob("*.c"))]
    objects = [compile_object(f, folder / f"{f.stem}.o", target, flags) for f in files]
    program = link([*objects, cmsis_nn_library(sources, target)], folder / "sizes.elf", target)
    done = run(
        ["qemu-system-arm", "-M", "mps2-an500", "-display", "none", "-monitor", "none", "-serial",
         "none", "-chardev", "stdio,id=console", "-semihosting-config",
         "enable=on,target=native,chardev=console", "-kernel", program]
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [int(number) for number in re.findall(r"\d+", done.stdout)]


def assert_enough(sources: Path, folder: Path) -> None:
    """The compiler plans what the library asks for, which is exactly this, or nothing."""
    wanted = np.reshape(library_sizes(sources, folder), (len(CASES), 4))
    assert wanted.any(axis=0).all(), "the library asks for nothing; this is not its DSP build"
    for (kernel, channels, windows), sizes in zip(CASES, wanted, strict=True):
        case = f"kernel {kernel}, {channels} channels, windows {windows}"
        convolutions = convolve_scratch_bytes(kernel, channels)
        assert set(sizes[:2]) <= {0, convolutions}, case
        assert set(sizes[2:]) == {avgpool_scratch_bytes(channels)}, case


def test_planned_scratch_is_enough(tmp_path) -> None:
    assert_enough(require_cmsis_nn(), tmp_path)


@pytest.mark.parametrize("tree", cmsis_nn_trees())
def test_planned_scratch_is_enough_for_other_versions(tree, tmp_path) -> None:
    assert_enough(tree, tmp_path)
