# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks with an arena in each of several memories compute the same, and lie where they must."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from generated_networks import Generated, generate, run_checked

from snnir.backends.c.network import only_network
from snnir.backends.firmware import NetworkBuild
from snnir.backends.library import write_library
from snnir.backends.linker_script import linker_files
from snnir.backends.targets import HOST, MPS2_AN500, PORTENTA_H7, TargetDescription
from snnir.backends.toolchain import COMMON_FLAGS, section_sizes
from snnir.dialects import snnrt
from snnir.dialects.snn_attributes import InputKind
from snnir.driver.bit_exactness import first_difference
from snnir.executors import KernelExecutor, ReferenceExecutor
from snnir.executors.native import NativeExecutor
from snnir.kernels.context import KernelChoice
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.static_input import StaticInputPasses
from snnir.support.diagnostics import SNNError
from snnir.testing.random_networks import quantized_random_network
from snnir.testing.split_networks import split_memory
from snnir.testing.targets import SANITIZED, require_programs, require_target
from snnir.testing.window_networks import expected_result, quantized_window_network
from snnir.universe import make_context

NM = "arm-none-eabi-nm"
CHOICES = [choice for choice in get_args(KernelChoice) if not choice.startswith("cmsis")]


def split_random_network(seed: int):
    """A random network in integers and as kernels in two memories, with what it must compute."""
    try:
        if seed % 3:
            network = quantized_random_network(seed)
        else:
            network = quantized_window_network(seed, 8)
    except SNNError as error:
        if "no membrane format" in str(error):
            return split_random_network(seed + 1000)
        raise
    kernels, context = network.module.clone(), make_context()
    rng = np.random.default_rng(seed)
    choice, rows = rng.choice(CHOICES), int(rng.integers(0, 2))
    ConvertQSNNToKernelsPass(kernels=choice, tile_rows=rows).apply(context, kernels)
    StaticInputPasses().apply(context, kernels)
    copies = seed % 2 == 1
    share = rng.uniform(0.1, 2 if copies else 0.9)
    split_memory(kernels, "mps2-an500", "DATA", share, copies=copies)
    if seed % 3:
        expected = ReferenceExecutor(network.network).run(network.x, record=True)
    else:
        expected = expected_result(network)
    return kernels, network.x, expected


def assert_exact(seed: int, target: TargetDescription) -> None:
    kernels, x, expected = split_random_network(seed)
    result = NativeExecutor(kernels, target).run(x, record="all")
    assert first_difference(expected, result) is None


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_the_arena_executor_agrees(first: int) -> None:
    several = copied = 0
    for seed in range(first, first + 20):
        kernels, x, expected = split_random_network(seed)
        network = only_network(kernels)
        several += len(network.arenas) == 2
        copied += len(network.copies)
        result = KernelExecutor(network.op).run(x, record=True)
        assert first_difference(expected, result) is None
    assert several > 10
    assert copied > 5


@pytest.mark.parametrize("first", [100, 104])
def test_host_code_agrees(first: int) -> None:
    require_target(HOST)
    for seed in range(first, first + 4):
        assert_exact(seed, HOST)


def test_host_code_is_clean_under_sanitizers() -> None:
    require_target(SANITIZED)
    for seed in range(200, 202):
        assert_exact(seed, SANITIZED)


@pytest.mark.parametrize("seed", range(300, 304))
def test_target_code_agrees(seed: int) -> None:
    require_target(MPS2_AN500)
    assert_exact(seed, MPS2_AN500)


def split_network(target: str = "portenta-h7", memory: str = "DTCMRAM", **properties) -> Generated:
    network = generate("conv", **properties)
    split_memory(network.kernels, target, memory, 0.5)
    assert len(network.c_network.arenas) == 2
    return network


def symbols(executable: Path) -> dict[str, int]:
    lines = (line.split() for line in run_checked([NM, executable]).splitlines())
    return {words[2]: int(words[0], 16) for words in lines if len(words) == 3}


def memory_of(address: int, target: TargetDescription) -> str:
    assert target.memory_map is not None
    inside = [m for m in target.memory_map.memories if 0 <= address - m.origin < m.bytes]
    return inside[0].name if inside else f"nowhere ({address:#x})"


@pytest.mark.parametrize(
    ("target", "memory", "places"),
    [
        (PORTENTA_H7, "DTCMRAM", {"arena_dtcmram": "DTCMRAM", "arena_ram_d1": "RAM_D1"}),
        (MPS2_AN500, "DATA", {"arena_data": "DATA", "arena_psram": "PSRAM"}),
    ],
    ids=["portenta-h7", "mps2-an500"],
)
def test_arenas_lie_where_they_must(target, memory, places, tmp_path) -> None:
    require_programs(target.compiler, NM)
    network = split_network(target.name, memory).c_network
    build = NetworkBuild(network, target, tmp_path)
    executable, _ = build.firmware()
    found = symbols(executable)
    assert {name: memory_of(found[name], target) for name in places} == places
    footprint = build.footprint()
    assert footprint is not None
    assert network.arena_bytes <= footprint.static_ram_bytes < network.arena_bytes + 64


def test_a_whole_arena_may_lie_in_the_second_memory(tmp_path) -> None:
    require_programs(MPS2_AN500.compiler, NM)
    network = generate("conv")
    split_memory(network.kernels, "mps2-an500", "DATA", 0)
    build = NetworkBuild(network.c_network, MPS2_AN500, tmp_path)
    executable, _ = build.firmware()
    assert memory_of(symbols(executable)["arena"], MPS2_AN500) == "PSRAM"


def test_the_library_links_as_it_says(tmp_path) -> None:
    """The arenas as its README defines them, the snippet beside a board's script."""
    require_programs(PORTENTA_H7.compiler, NM)
    network = split_network()
    library, target = tmp_path / "library", PORTENTA_H7
    report = write_library(network.kernels, library, target=target)
    assert target.folder is not None
    readme = (library / "targets" / target.name / "README.md").read_text()
    definition = readme.partition("```c\n")[2].partition("```")[0]
    (library / "main.c").write_text(
        f"{definition}int main(void) {{\n  net_network network;\n"
        "  return (int)net_init(&network, arena_dtcmram, sizeof arena_dtcmram,\n"
        "                       arena_ram_d1, sizeof arena_ram_d1);\n}\n"
    )
    run_checked(
        [
            target.compiler, *target.compile_flags, *COMMON_FLAGS,
            "-I", library / "src",
            library / "main.c", target.folder / "startup.c", library / "src" / "net.c",
            "-nostartfiles", "--specs=nano.specs", "-T", target.folder / "memory.ld",
            "-L", library / "targets" / target.name, "-o", tmp_path / "image.elf",
        ]
    )  # fmt: skip
    sizes = section_sizes(tmp_path / "image.elf", target)
    arenas = network.c_network.arenas
    assert [sizes[f".snnir_{arena.name}"] for arena in arenas] == [a.bytes for a in arenas]
    manifest = json.loads((library / "manifest.json").read_text())
    assert [entry["memory"] for entry in manifest["arenas"]] == ["DTCMRAM", "RAM_D1"]
    assert sum(entry["bytes"] for entry in manifest["arenas"]) == report.arena_bytes
    text = (library / "README.md").read_text()
    assert f"| `arena_dtcmram` | DTCMRAM | {arenas[0].bytes:,} |" in text


@pytest.mark.parametrize("input", [InputKind.EVENT_COUNTS, InputKind.STATIC_VALUES])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_self_test_of_the_library_passes(compiler, input, tmp_path) -> None:
    require_programs(compiler)
    folder = split_network(input=input).write(tmp_path, golden=True)
    run_checked(
        [
            compiler, *COMMON_FLAGS, "-O1", "-I", folder / "src", folder / "test" / "self_test.c",
            folder / "src" / "net.c", "-o", tmp_path / "self_test",
        ]
    )  # fmt: skip
    assert "PASS" in run_checked([tmp_path / "self_test"])


_ERRORS = """
#include "net.h"
static union { uint8_t bytes[4096]; uint64_t alignment; } fast, slow;
#define EXPECT(expected, ...) \\
  if (net_init(__VA_ARGS__) != expected) return __LINE__
int main(void) {
  net_network network;
  const size_t a = NET_ARENA_DTCMRAM_BYTES, b = NET_ARENA_RAM_D1_BYTES;
  EXPECT(NET_ERROR_ARGUMENT, NULL, fast.bytes, a, slow.bytes, b);
  EXPECT(NET_ERROR_ARGUMENT, &network, NULL, a, slow.bytes, b);
  EXPECT(NET_ERROR_ARGUMENT, &network, fast.bytes, a, NULL, b);
  EXPECT(NET_ERROR_MEMORY, &network, fast.bytes, a - 1, slow.bytes, b);
  EXPECT(NET_ERROR_MEMORY, &network, fast.bytes, a, slow.bytes, b - 1);
  EXPECT(NET_ERROR_MEMORY, &network, fast.bytes + 1, a, slow.bytes, b);
  EXPECT(NET_ERROR_MEMORY, &network, fast.bytes, a, slow.bytes + 4, b);
  EXPECT(NET_OK, &network, fast.bytes, a, slow.bytes, b);
  return 0;
}
"""


def test_wrong_arenas_are_refused(tmp_path) -> None:
    require_programs("gcc")
    folder = split_network().write(tmp_path)
    (folder / "errors.c").write_text(_ERRORS)
    run_checked(
        [
            "gcc", *COMMON_FLAGS, "-I", folder / "src",
            folder / "errors.c", folder / "src" / "net.c", "-o", tmp_path / "errors",
        ]
    )  # fmt: skip
    assert subprocess.run([tmp_path / "errors"]).returncode == 0


@pytest.mark.parametrize("arenas", [1, 2])
def test_the_self_test_passes_with_copies_of_constants(arenas, tmp_path) -> None:
    require_programs("gcc")
    network = generate("conv")
    for share in np.linspace(3, 0.5, 26):
        split_memory(network.kernels, "portenta-h7", "DTCMRAM", share, copies=True)
        if network.c_network.copies and len(network.c_network.arenas) == arenas:
            break
    assert network.c_network.copies
    assert len(network.c_network.arenas) == arenas
    folder = network.write(tmp_path, golden=True)
    assert "of copied constants" in (folder / "src" / "net.h").read_text()
    run_checked(
        [
            "gcc", *COMMON_FLAGS, "-I", folder / "src",
            folder / "test" / "self_test.c", folder / "src" / "net.c", "-o", tmp_path / "self_test",
        ]
    )  # fmt: skip
    assert "PASS" in run_checked([tmp_path / "self_test"])


def test_what_overwrites_a_copy_is_found() -> None:
    network = generate("conv")
    lowered = split_memory(network.kernels, "portenta-h7", "DTCMRAM", 3, copies=True)
    copy = only_network(network.kernels).copies[0]
    written = next(
        op
        for op in lowered.body.block.ops
        if isinstance(op, snnrt.BufferOp) and op.region.data is snnrt.Region.TRANSIENT
    )
    assert written.offset is not None
    copy.properties["offset"] = written.offset
    with pytest.raises(SNNError, match=f"needs the buffer '{copy.sym_name.data}', but"):
        KernelExecutor(lowered).run(network.x)


def test_arenas_for_another_target_are_refused() -> None:
    network = split_network("mps2-an500", "DATA").c_network
    text = (
        "its arenas are for memories that portenta-h7 has not; run kernels-plan-memory with target="
    )
    with pytest.raises(SNNError, match=text):
        linker_files(network, PORTENTA_H7)
