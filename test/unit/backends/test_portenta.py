# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Libraries for the Portenta H7 compile, link and lie where they must; nothing here runs them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from generated_networks import Generated, generate, require_cmsis_nn, run_checked

from snnir.backends.firmware import Footprint, NetworkBuild
from snnir.backends.library import write_library
from snnir.backends.linker_script import linker_files
from snnir.backends.targets import HOST, MPS2_AN500, PORTENTA_H7
from snnir.backends.toolchain import COMMON_FLAGS, section_sizes
from snnir.executors.native import NativeExecutor
from snnir.memory.regions import MemoryMap
from snnir.support.diagnostics import SNNError
from snnir.testing.targets import require_programs

NM = "arm-none-eabi-nm"


def memory_map() -> MemoryMap:
    assert PORTENTA_H7.memory_map is not None
    return PORTENTA_H7.memory_map


def memory_of(address: int) -> str:
    """Name of the memory in which an address lies."""
    inside = [m.name for m in memory_map().memories if 0 <= address - m.origin < m.bytes]
    return inside[0] if inside else f"nowhere ({address:#x})"


def symbols(executable: Path) -> dict[str, int]:
    lines = (line.split() for line in run_checked([NM, executable]).splitlines())
    return {words[2]: int(words[0], 16) for words in lines if len(words) == 3}


@pytest.mark.parametrize("kernels", ["event", "cmsis"])
@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_the_image_lies_where_it_must(kind, kernels, tmp_path) -> None:
    require_programs(PORTENTA_H7.compiler, NM)
    if kernels == "cmsis":
        require_cmsis_nn()
    build = NetworkBuild(generate(kind, kernels).c_network, PORTENTA_H7, tmp_path)
    executable, _ = build.firmware()
    found = {name: memory_of(address) for name, address in symbols(executable).items()}
    assert found["arena"] == "DTCMRAM"
    assert found["__stack_limit"] == "DTCMRAM"
    assert found["net_step"] == found["Reset_Handler"] == "FLASH"
    assert found["firmware_class"] == "RAM_D1"
    assert symbols(executable)["vectors"] == memory_map().named("FLASH").origin


def test_the_footprint_counts_the_section_of_the_arena(tmp_path) -> None:
    require_programs(PORTENTA_H7.compiler)
    network = generate("conv").c_network
    footprint = NetworkBuild(network, PORTENTA_H7, tmp_path).footprint()
    assert isinstance(footprint, Footprint)
    assert network.arena_bytes <= footprint.static_ram_bytes < network.arena_bytes + 64
    assert footprint.stack_bytes is not None
    assert 32 < footprint.stack_bytes < 1024


def with_dtcm(bytes: int) -> MemoryMap:
    """The memory map with another size of the DTCM."""
    memories = tuple(
        replace(memory, bytes=bytes) if memory.name == "DTCMRAM" else memory
        for memory in memory_map().memories
    )
    return replace(memory_map(), memories=memories)


def test_an_arena_without_room_in_dtcm_goes_to_axi_sram(tmp_path) -> None:
    require_programs(PORTENTA_H7.compiler, NM)
    network = generate("conv").c_network
    small = replace(PORTENTA_H7, memory_map=with_dtcm(8 << 10))
    executable, _ = NetworkBuild(network, small, tmp_path).firmware()
    assert memory_of(symbols(executable)["arena"]) == "RAM_D1"
    assert "RAM_D1" in linker_files(network, small)["README.md"]


def add_board(library: Path) -> None:
    """What the user of a library has: a board's linker script, start-up code and a main program."""
    assert PORTENTA_H7.folder is not None
    script = (PORTENTA_H7.folder / "memory.ld").read_text()
    assert script.endswith("\nINCLUDE snnir_sections.ld\n")
    (library / "board.ld").write_text(script)
    shutil.copy(PORTENTA_H7.folder / "startup.c", library)
    readme = (library / "targets" / PORTENTA_H7.name / "README.md").read_text()
    definition = readme.partition("```c\n")[2].partition("```")[0]
    (library / "main.c").write_text(
        definition + "int main(void) {\n  net_network network;\n"
        "  return (int)net_init(&network, arena, sizeof arena);\n}\n"
    )


def test_the_instructions_of_the_library_link(generated: Generated, tmp_path) -> None:
    """The snippet beside a board's script, the arena as described, constants in their section."""
    require_programs(PORTENTA_H7.compiler, NM)
    library = tmp_path / "library"
    write_library(generated.kernels, library, target=PORTENTA_H7)
    add_board(library)
    readme = (library / "targets" / PORTENTA_H7.name / "README.md").read_text()
    constants = readme.partition("-D'")[2].partition("'\n")[0]
    run_checked(
        [
            PORTENTA_H7.compiler, *PORTENTA_H7.compile_flags, *COMMON_FLAGS, f"-D{constants}",
            "-I", library / "src",
            *(library / name for name in ("main.c", "startup.c", "src/net.c")),
            "-nostartfiles", "--specs=nano.specs", "-T", library / "board.ld",
            "-L", library / "targets" / PORTENTA_H7.name,
            "-o", tmp_path / "image.elf",
        ]
    )  # fmt: skip
    sizes = section_sizes(tmp_path / "image.elf", PORTENTA_H7)
    assert sizes[".snnir_arena"] == generated.c_network.arena_bytes
    assert sizes[".snnir_constants"] > 0
    found = symbols(tmp_path / "image.elf")
    assert memory_of(found["arena"]) == "DTCMRAM"
    weights = next(name for name in found if name.endswith("_weights"))
    assert memory_of(found[weights]) == "FLASH"


@pytest.fixture
def generated() -> Generated:
    return generate("linear")


def test_an_arena_that_fits_nowhere_does_not_link(tmp_path) -> None:
    """The linker script holds the sizes of the memories, too."""
    require_programs(PORTENTA_H7.compiler)
    network = generate("linear").c_network
    build = NetworkBuild(network, PORTENTA_H7, tmp_path)
    header = tmp_path / "net.h"
    text = header.read_text()
    huge = text.replace(f"ARENA_BYTES {network.arena_bytes}u", f"ARENA_BYTES {128 << 10}u")
    assert huge != text
    header.write_text(huge)
    with pytest.raises(SNNError, match=r"arena' will not fit in region `DTCMRAM'"):
        build.firmware()


def test_it_cannot_run() -> None:
    with pytest.raises(SNNError, match="nothing here runs programs for 'portenta-h7'; use mps2-"):
        NativeExecutor(generate("linear").kernels, PORTENTA_H7)


def test_other_targets_have_no_snippet() -> None:
    network = generate("linear").c_network
    assert linker_files(network, HOST) == linker_files(network, MPS2_AN500) == {}


def test_linker_scripts_agree_with_the_records() -> None:
    """Origins and sizes are in the target's record and in its linker script."""
    for target in (MPS2_AN500, PORTENTA_H7):
        assert target.folder is not None
        assert target.memory_map is not None
        script = " ".join((target.folder / "memory.ld").read_text().split())
        for memory in target.memory_map.memories:
            unit, suffix = (1 << 20, "M") if memory.bytes >= 1 << 20 else (1 << 10, "K")
            origin, size = f"ORIGIN = {memory.origin:#010x}", f"LENGTH = {memory.bytes // unit}"
            entry = script.partition(f" {memory.name} (")[2].partition(")")[2][:90]
            assert origin.lower() in entry.lower(), memory
            assert f"{size}{suffix}" in entry, memory


def test_without_the_snippet_nothing_links(tmp_path) -> None:
    """Else the arena would be an orphan that the linker puts anywhere."""
    require_programs(PORTENTA_H7.compiler)
    build = NetworkBuild(generate("linear").c_network, PORTENTA_H7, tmp_path)
    build.firmware()
    (tmp_path / "snnir_sections.ld").unlink()
    with pytest.raises(SNNError, match=r"cannot open linker script file snnir_sections\.ld"):
        build.firmware()
