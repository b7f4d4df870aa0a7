# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The targets."""

from pathlib import Path

from snnir.backends.targets.description import TargetDescription
from snnir.memory.regions import Memory, MemoryMap
from snnir.support.diagnostics import SNNError

_FOLDER = Path(__file__).parent

_CORTEX_M7_FLAGS = (
    "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard", "-O3",
    "-ffunction-sections", "-fdata-sections",
)  # fmt: skip
_BARE_METAL_LINK_FLAGS = (
    "-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-T", "{folder}/memory.ld",
)  # fmt: skip
_CROSS_PACKAGES = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi")

HOST = TargetDescription(
    name="host",
    summary="this computer, with its C compiler",
    compiler="cc",
    archiver="ar",
    compile_flags=("-O3",),
    packages=("gcc",),
)

MPS2_AN500 = TargetDescription(
    name="mps2-an500",
    summary="Arm Cortex-M7 of the MPS2+ AN500 image, in QEMU with exact instruction counts",
    compiler="arm-none-eabi-gcc",
    archiver="arm-none-eabi-ar",
    compile_flags=_CORTEX_M7_FLAGS,
    link_flags=_BARE_METAL_LINK_FLAGS,
    folder=_FOLDER / "mps2_an500",
    emulator=(
        "qemu-system-arm", "-M", "mps2-an500", "-display", "none", "-monitor", "none", "-serial",
        "none", "-semihosting-config", "enable=on,target=native,arg=runner{arguments}", "-icount",
        "shift=6",
        "-kernel", "{elf}",
    ),
    size_tool="arm-none-eabi-size",
    packages=(*_CROSS_PACKAGES, "qemu-system-arm"),
    double_unit=True,
    memory_map=MemoryMap(
        memories=(
            Memory("CODE", "SSRAM1", 0x00000000, 4 << 20),
            Memory("DATA", "SSRAM2 and SSRAM3", 0x20000000, 4 << 20),
            Memory("PSRAM", "PSRAM", 0x60000000, 16 << 20, section=".psram"),
        ),
        arena=("DATA", "PSRAM"),
        constants="CODE",
        stack="DATA",
        stack_bytes=64 << 10,
    ),
)  # fmt: skip

PORTENTA_H7 = TargetDescription(
    name="portenta-h7",
    summary="Arduino Portenta H7: the Cortex-M7 of an STM32H747XI at 480 MHz, built but not run",
    compiler="arm-none-eabi-gcc",
    archiver="arm-none-eabi-ar",
    compile_flags=_CORTEX_M7_FLAGS,
    link_flags=(*_BARE_METAL_LINK_FLAGS, "-L", "{build}"),
    folder=_FOLDER / "portenta_h7",
    size_tool="arm-none-eabi-size",
    packages=_CROSS_PACKAGES,
    # Names as in the linker scripts of STM32CubeIDE; sizes from RM0399, section 2.3.
    memory_map=MemoryMap(
        memories=(
            Memory("ITCMRAM", "ITCM", 0x00000000, 64 << 10),
            Memory("FLASH", "flash", 0x08000000, 2 << 20),
            Memory("DTCMRAM", "DTCM", 0x20000000, 128 << 10),
            Memory("RAM_D1", "AXI SRAM", 0x24000000, 512 << 10),
        ),
        arena=("DTCMRAM", "RAM_D1"),
        constants="FLASH",
        stack="DTCMRAM",
        stack_bytes=8 << 10,
    ),
    arena_section=".snnir_arena",
    runs_as="mps2-an500",
    double_unit=True,
)

TARGETS = {target.name: target for target in (HOST, MPS2_AN500, PORTENTA_H7)}
ALIASES = {"cortex-m7": "mps2-an500"}


def get_target(name: str) -> TargetDescription:
    """The target of a name or alias.

    Raises:
        SNNError: there is none.
    """
    target = TARGETS.get(ALIASES.get(name, name))
    if target is None:
        known = ", ".join([*TARGETS, *ALIASES])
        raise SNNError(f"unknown target '{name}'; known targets are {known}")
    return target
