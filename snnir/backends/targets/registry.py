# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The targets."""

from pathlib import Path

from snnir.backends.targets.description import TargetDescription
from snnir.support.diagnostics import SNNError

_FOLDER = Path(__file__).parent

HOST = TargetDescription(
    name="host",
    summary="this computer, with its C compiler",
    compiler="cc",
    archiver="ar",
    compile_flags=("-O2",),
    packages=("gcc",),
)

MPS2_AN500 = TargetDescription(
    name="mps2-an500",
    summary="Arm Cortex-M7 of the MPS2+ AN500 image, in QEMU with exact instruction counts",
    compiler="arm-none-eabi-gcc",
    archiver="arm-none-eabi-ar",
    compile_flags=(
        "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard", "-O3",
        "-ffunction-sections", "-fdata-sections",
    ),
    link_flags=(
        "-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-T", "{folder}/memory.ld",
    ),
    folder=_FOLDER / "mps2_an500",
    emulator=(
        "qemu-system-arm", "-M", "mps2-an500", "-display", "none", "-monitor", "none", "-serial",
        "none", "-semihosting-config", "enable=on,target=native,arg=runner{arguments}", "-icount",
        "shift=6",
        "-kernel", "{elf}",
    ),
    size_tool="arm-none-eabi-size",
    packages=("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"),
)  # fmt: skip

TARGETS = {target.name: target for target in (HOST, MPS2_AN500)}
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
