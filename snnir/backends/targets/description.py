# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the compiler knows about a target. Targets are data: see `registry.py` for the list."""

from dataclasses import dataclass
from pathlib import Path


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

    @property
    def is_host(self) -> bool:
        """Whether executables run on this computer as they are."""
        return self.emulator is None
