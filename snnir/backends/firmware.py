# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds programs around a generated network: the verifying runner, the bare firmware."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from snnir.backends.c.arenas import definitions, init_arguments
from snnir.backends.c.network import CNetwork, only_network
from snnir.backends.c.printer import header, source
from snnir.backends.linker_script import (
    CONSTANTS_SECTION,
    SECTIONS_FILE,
    arena_section,
    linker_files,
)
from snnir.backends.stack_usage import read_call_graph
from snnir.backends.targets import TargetDescription
from snnir.backends.toolchain import (
    COMMON_FLAGS,
    SNNRT_INCLUDE,
    cmsis_nn_library,
    compile_object,
    find_cmsis_nn,
    link,
    section_sizes,
)
from snnir.dialects import snnrt
from snnir.memory.limits import check_built

RUNNER_FOLDER = Path(__file__).parent / "runner"
RESET_HANDLER = "Reset_Handler"
"""Where the start-up code of every target begins."""
MAXIMUM_EVENTS = 1 << 14
"""Events of one step that the runner can list."""


@dataclass(frozen=True)
class Footprint:
    """Memory that a network takes on a target, in bytes, from the sections of its firmware.

    `flash_bytes` is code, constants and start-up; `static_ram_bytes` is arena and data, without
    the stack. `stack_bytes` is the deepest chain of calls, from the frames that the compiler made;
    None where it has no bound.
    """

    flash_bytes: int
    static_ram_bytes: int
    stack_bytes: int | None

    @property
    def ram_bytes(self) -> int:
        """Arena, data and the stack, as far as it has a bound."""
        return self.static_ram_bytes + (self.stack_bytes or 0)

    def check(
        self, network: snnrt.NetworkOp, ram_limit: int | None, flash_limit: int | None
    ) -> None:
        """Raises `SNNError` if arena, data and stack, or code and constants, exceed a limit."""
        check_built(network, (ram_limit, flash_limit), self.ram_bytes, self.flash_bytes)


def _write_sources(network: CNetwork, target: TargetDescription, folder: Path) -> None:
    """The generated files, and `runner_network.h`, which gives them fixed names."""
    arenas, macro = network.arenas, network.macro
    sections = [arena_section(target, arena) for arena in arenas]
    arguments = " ".join(init_arguments(arenas, network.name).split())
    (folder / f"{network.name}.h").write_text(header(network))
    (folder / f"{network.name}.c").write_text(source(network))
    (folder / "runner_network.h").write_text(
        f'#include "{network.name}.h"\n'
        f"#define NETWORK(symbol) {network.name}_##symbol\n"
        f"#define NETWORK_MACRO(symbol) {macro}_##symbol\n"
        f"{definitions(arenas, macro, sections)}\n"
        f"#define NETWORK_ARENAS {arguments}\n"
    )
    (folder / "runner_trace.h").write_text(
        "#include <stdint.h>\n"
        "void runner_trace(const void *spikes, uint32_t spike_bytes, const void *membrane,\n"
        "                  uint32_t membrane_bytes);\n"
        f"#define {network.macro}_TRACE(layer, spikes, spike_bytes, membrane, membrane_bytes) \\\n"
        "  runner_trace(spikes, spike_bytes, membrane, membrane_bytes)\n"
    )


class NetworkBuild:
    """Builds of one network for one target in one folder.

    Raises:
        SNNError: the toolchain or CMSIS-NN is missing, or a file does not compile.
    """

    def __init__(
        self,
        network: CNetwork,
        target: TargetDescription,
        folder: Path,
        cmsis_nn: Path | None = None,
    ):
        self.network, self.target, self.folder = network, target, folder
        self._objects: dict[str, Path] = {}
        self._flags: list[str | Path] = [*COMMON_FLAGS, "-I", folder, "-I", SNNRT_INCLUDE]
        self.libraries: list[Path] = []
        if network.uses_cmsis_nn:
            sources = find_cmsis_nn(cmsis_nn)
            self._flags += ["-isystem", sources / "Include"]
            self.libraries = [cmsis_nn_library(sources, target)]
        _write_sources(network, target, folder)
        if (sections := linker_files(network, target).get(SECTIONS_FILE)) is not None:
            (folder / SECTIONS_FILE).write_text(sections)

    def _compile(self, source: Path, name: str, *flags: str | Path) -> Path:
        """The object of a name, compiled once: programs of one network share most of theirs."""
        if name not in self._objects:
            self._objects[name] = compile_object(
                source, self.folder / f"{name}.o", self.target, [*self._flags, *flags]
            )
        return self._objects[name]

    def _start_up(self) -> list[Path]:
        if self.target.folder is None:
            return []
        return [self._compile(file, file.stem) for file in sorted(self.target.folder.glob("*.c"))]

    def runner(self, *, traced: bool) -> Path:
        """The program that runs samples from a file; `traced` also writes every neuron layer."""
        flags: list[str | Path] = ["-I", RUNNER_FOLDER]
        if not self.network.takes_values:
            flags.append(f"-DRUNNER_EVENTS={MAXIMUM_EVENTS}")
        if self.target.folder is not None:
            flags += ["-DRUNNER_SEMIHOSTING", "-I", self.target.folder]
        trace: list[str | Path] = ["-include", self.folder / "runner_trace.h"] if traced else []
        io = "host" if self.target.folder is None else "semihosting"
        kind = "traced" if traced else "plain"
        objects = [
            self._compile(self.folder / f"{self.network.name}.c", f"network_{kind}", *trace),
            self._compile(
                RUNNER_FOLDER / "runner.c", f"runner_{kind}", *flags,
                *(["-DRUNNER_TRACED"] if traced else []),
            ),
            self._compile(RUNNER_FOLDER / f"runner_io_{io}.c", "runner_io", *flags),
            *self._start_up(),
        ]  # fmt: skip
        output = self.folder / f"runner_{kind}.elf"
        return link([*objects, *self.libraries], output, self.target)

    def firmware(self) -> tuple[Path, list[Path]]:
        """The smallest program around the network, and the objects and libraries it is made of."""
        objects = [
            self._compile(self.folder / f"{self.network.name}.c", "network_plain"),
            self._compile(RUNNER_FOLDER / "firmware.c", "firmware"),
            *self._start_up(),
            *self.libraries,
        ]
        return link(objects, self.folder / "firmware.elf", self.target), objects

    def footprint(self) -> Footprint | None:
        """Size of the smallest firmware around the network; None on the host."""
        if self.target.size_tool is None:
            return None
        executable, objects = self.firmware()
        sizes = section_sizes(executable, self.target)
        data = sizes.get(".data", 0)
        sections = {arena_section(self.target, arena) or "" for arena in self.network.arenas}
        arena = sum(sizes.get(section, 0) for section in sections)
        constant = (".text", ".rodata", ".ARM.exidx", CONSTANTS_SECTION)
        return Footprint(
            sum(sizes.get(name, 0) for name in constant) + data,
            data + sizes.get(".bss", 0) + arena,
            read_call_graph(objects).depth(RESET_HANDLER),
        )


def measure_footprint(
    module: ModuleOp, target: TargetDescription, cmsis_nn: Path | None = None
) -> Footprint | None:
    """What the network of a module takes on a target; None where that cannot be measured here."""
    if not target.is_measurable:
        return None
    with tempfile.TemporaryDirectory(prefix="snnir-") as scratch:
        return NetworkBuild(only_network(module), target, Path(scratch), cmsis_nn).footprint()
