# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the compiler knows about a target. Targets are data: see `registry.py` for the list."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from snnir.memory.regions import MemoryMap
from snnir.support.diagnostics import SNNError


@dataclass(frozen=True)
class TargetDescription:
    """A core or board with the programs that build and run code for it.

    Attributes:
        compiler: the C compiler's command.
        archiver: the command that makes static libraries.
        compile_flags: flags for every C file, on top of `COMMON_FLAGS`.
        link_flags: flags for executables; `{folder}` stands for the target's own folder.
        folder: the target's start-up code and linker script, or None.
        emulator: the command that runs an executable, or None where it runs by itself.
            `{elf}` and `{arguments}` are replaced (semihosting takes one `arg=` for each word).
        size_tool: the command that lists the sections of an executable, or None.
        packages: Debian packages that hold these programs.
        memory_map: memories, and where arenas, constants and stack go; None where it does not
            matter.
        arena_section: section in which the bare firmware puts an arena, which the linker snippet
            of a generated library places; None for that of the memory, or else ordinary data.
        runs_as: the target to measure and validate on, for one that has no emulator.
        double_unit: whether the core adds doubles in hardware, so that currents may be triples.
    """

    name: str
    summary: str
    compiler: str
    archiver: str
    compile_flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = ()
    folder: Path | None = None
    emulator: tuple[str, ...] | None = None
    size_tool: str | None = None
    packages: tuple[str, ...] = ()
    memory_map: MemoryMap | None = None
    arena_section: str | None = None
    runs_as: str | None = None
    double_unit: bool = False

    @property
    def is_host(self) -> bool:
        """Whether executables run on this computer as they are."""
        return self.folder is None

    @property
    def is_measurable(self) -> bool:
        """Whether the size of code can be measured here."""
        return self.size_tool is not None and shutil.which(self.compiler) is not None

    def require_runnable(self) -> None:
        """Raises `SNNError` if there is neither an emulator nor this computer to run on."""
        if self.emulator is None and not self.is_host:
            raise SNNError(
                f"nothing here runs programs for '{self.name}'; use {self.runs_as}, which executes "
                "the same code"
            )
