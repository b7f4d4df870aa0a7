# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The linker snippet that places the arenas and the constants of a network on a target."""

from __future__ import annotations

from snnir.backends.c.arenas import CArena, section_name
from snnir.backends.c.network import CNetwork
from snnir.backends.c.template import fill_template
from snnir.backends.targets import TargetDescription
from snnir.memory.limits import room_shortage
from snnir.memory.regions import Memory, MemoryMap
from snnir.support.diagnostics import error_at

SECTIONS_FILE = "snnir_sections.ld"
CONSTANTS_SECTION = ".snnir_constants"


def arena_section(target: TargetDescription, arena: CArena) -> str | None:
    """The section in which programs built here put an arena; None for ordinary data."""
    if target.arena_section is not None:
        return section_name(target.arena_section, arena)
    if target.memory_map is None or arena.memory not in target.memory_map.arena:
        return None
    return target.memory_map.named(arena.memory).section


def linker_files(network: CNetwork, target: TargetDescription) -> dict[str, str]:
    """Snippet and explanation by file name; nothing for a target without sections of its own.

    Raises:
        SNNError: the target has no memory with room for the arena, or memory was planned for those
            of another target.
    """
    memory_map, base = target.memory_map, target.arena_section
    if memory_map is None or base is None:
        return {}
    placed = {arena: _memory_of(arena, network, target, memory_map) for arena in network.arenas}
    sections = {arena: section_name(base, arena) for arena in placed}
    values: dict[str, object] = {
        "network": network.op.sym_name.data,
        "macro": network.macro,
        "name": network.name,
        "target": target.name,
        "what": "the arena" if len(placed) == 1 else "the arenas",
        "arena_sections": "\n".join(
            _arena_section(sections[arena], memory.name) for arena, memory in placed.items()
        ),
        "arena_memories": ", ".join(memory.name for memory in placed.values()),
        "introduction": _introduction(placed, memory_map),
        "definitions": "\n\n".join(
            f'__attribute__((section("{sections[arena]}"), aligned({network.macro}_ARENA_ALIGN)))\n'
            f"static uint8_t {arena.name}[{network.macro}_{arena.bytes_macro}];"
            for arena in placed
        ),
        "is_not_loaded": "The section is not\nloaded and not cleared"
        if len(placed) == 1
        else "The sections are\nnot loaded and not cleared",
        "constants_section": CONSTANTS_SECTION,
        "constants_memory": memory_map.constants,
        "memories": "\n".join(
            f"| `{m.name}` | {m.title} | {m.origin:#010x} | {m.bytes >> 10} KiB |"
            for m in memory_map.memories
        ),
    }
    return {
        SECTIONS_FILE: fill_template("snnir_sections.ld.in", values),
        "README.md": fill_template("linker_readme.md.in", values),
    }


def _memory_of(
    arena: CArena, network: CNetwork, target: TargetDescription, memory_map: MemoryMap
) -> Memory:
    """The memory that an arena was planned for, else the fastest with room for it."""
    if arena.memory in memory_map.arena:
        return memory_map.named(arena.memory)
    if len(network.arenas) > 1:
        raise error_at(
            network.op, f"its arenas are for memories that {target.name} has not; run "
            f"kernels-plan-memory with target={target.name}"
        )  # fmt: skip
    if (memory := memory_map.arena_memory(arena.bytes)) is None:
        raise room_shortage(network.op, arena.bytes, target.name, memory_map)
    return memory


def _introduction(placed: dict[CArena, Memory], memory_map: MemoryMap) -> str:
    if len(placed) == 1:
        ((arena, memory),) = placed.items()
        values: dict[str, object] = {
            "bytes": arena.bytes,
            "memory": memory.name,
            "title": memory.title,
            "room": memory_map.room(memory),
        }
        return fill_template("linker_arena.md.in", values)
    listed = ", ".join(
        f"{arena.bytes} bytes in `{memory.name}` ({memory.title})"
        for arena, memory in placed.items()
    )
    return fill_template("linker_arenas.md.in", {"listed": listed})


def _arena_section(section: str, memory: str) -> str:
    return (
        f"  {section} (NOLOAD) : {{\n"
        "    . = ALIGN(8);\n"
        f"    *({section} {section}.*)\n"
        "    . = ALIGN(8);\n"
        f"  }} > {memory}\n"
    )
