# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Code of CMSIS-NN counts in predicted flash, once for all layers that call it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.c.network import only_network
from snnir.backends.firmware import NetworkBuild
from snnir.backends.targets import MPS2_AN500
from snnir.backends.toolchain import find_cmsis_nn
from snnir.costs.library import FUNCTIONS, function_of, library_bytes, library_parts, load_library
from snnir.costs.model import predict
from snnir.dialects import cmsis_nn, snnrt
from snnir.driver.pipelines import apply_pipeline
from snnir.support.diagnostics import SNNError
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import connected, convolutional, narrow
from snnir.testing.random_networks import RandomNetwork
from snnir.testing.targets import require_programs

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks" / "cortex_m7"))
library_code: Any = pytest.importorskip("library_code")

TOLERANCE = 0.1

MAP = """
Discarded input sections

 .text.unused   0x00000000       0x40 /cache/cmsis-nn.a(arm_pool.o)

Linker script and memory map

 .text.main     0x00000100       0x20 /build/main.o
 .text.pool     0x00000120       0x10 /cache/cmsis-nn.a(arm_pool.o)
 .text.clamp_of_a_long_name
                0x00000130        0x8 /cache/cmsis-nn.a(arm_pool.o)
 .rodata        0x00000138        0x4 /cache/cmsis-nn.a(arm_table.o)
 .bss           0x20000000       0x80 /cache/cmsis-nn.a(arm_pool.o)
 .text          0x0000013c        0x0 /usr/lib/libc_nano.a(memset.o)
"""


def test_parts_are_read_from_the_linkers_map() -> None:
    assert library_code.linked_parts(MAP) == {"arm_pool.o": 0x18, "arm_table.o": 4}


def require_library() -> Path:
    """Folder of the sources of CMSIS-NN; skips the test without them or the compiler."""
    require_programs(MPS2_AN500.compiler)
    try:
        return find_cmsis_nn()
    except SNNError:
        pytest.skip("the CMSIS-NN sources are not installed; run 'make setup'")


def quantized_network(kind: str) -> RandomNetwork:
    """A random network of a kind, with seeds that no calibration uses."""
    if kind == "convolutional":
        network = convolutional(np.random.default_rng(2002), True)
    elif kind == "narrow":
        network = narrow(np.random.default_rng([2001, 4]))
    else:
        network = connected(np.random.default_rng(2003))
    quantized(network, "bits=4" if kind == "narrow" else "bits=8")
    return network


def with_library(network: RandomNetwork, kernels: str) -> tuple[ModuleOp, snnrt.NetworkOp]:
    """A copy that calls CMSIS-NN."""
    module = network.module.clone()
    apply_pipeline(module, f"convert-qsnn-to-kernels{{kernels={kernels}}},kernels-plan-memory")
    return module, next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp))


def test_every_call_has_a_function_in_the_table() -> None:
    names: set[str] = set()
    for kind, kernels in (("convolutional", "cmsis"), ("narrow", "cmsis_s4")):
        calls = with_library(quantized_network(kind), kernels)[1].walk()
        found = [function_of(op) for op in calls if op.name.startswith("cmsis_nn.")]
        assert None not in found
        names |= {name for name in found if name is not None}
    assert {"arm_convolve_wrapper_s16", "arm_convolve_wrapper_s4"} < names <= set(FUNCTIONS)
    # For each operation one, and one more for each with a variant for wider values.
    assert len(FUNCTIONS) == len(list(cmsis_nn.CMSISNN.operations)) + 2
    table = load_library()
    assert set(table) == set(FUNCTIONS)
    assert all(library_bytes(parts) > 0 for parts in table.values())


def test_layers_share_the_library() -> None:
    _, network = with_library(quantized_network("narrow"), "cmsis_s4")
    calls = [op for op in network.walk() if function_of(op) is not None]
    assert len(calls) > len({function_of(op) for op in calls}) > 0
    alone = [library_bytes(library_parts([op])) for op in calls]
    assert library_bytes(library_parts(calls)) < sum(alone)
    assert library_parts(calls) == library_parts(reversed(calls))


@pytest.mark.parametrize(("kind", "kernels"), [("convolutional", "cmsis"), ("narrow", "cmsis_s4")])
def test_flash_is_predicted_with_the_library(kind, kernels, tmp_path) -> None:
    sources = require_library()
    module, network = with_library(quantized_network(kind), kernels)
    footprint = NetworkBuild(only_network(module), MPS2_AN500, tmp_path, sources).footprint()
    assert footprint is not None
    predicted, measured = predict(network).flash_bytes, footprint.flash_bytes
    print(f"predicted {predicted:.0f}, measured {measured}")
    assert abs(predicted / measured - 1) <= TOLERANCE
    without = predicted - library_bytes(library_parts(network.walk()))
    assert abs(without / measured - 1) > TOLERANCE


def test_a_flash_limit_holds_for_the_library_too() -> None:
    network = quantized_network("connected")
    kernels = with_library(network, "cmsis")[1]
    library = library_bytes(library_parts(kernels.walk()))
    # What calls of the library would fit if its functions took nothing, and nothing else does.
    limit = int(predict(kernels).flash_bytes) - library + 1
    module = network.module.clone()
    with pytest.raises(SNNError, match="bytes of flash are missing"):
        apply_pipeline(
            module,
            "qsnn-select-kernels{target=mps2-an500 optimize=size kernels=cmsis "
            f"flash-limit={limit}}}",
        )
