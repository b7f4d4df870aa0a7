# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The linker snippet that places the arena and the constants of a network on a target."""

from __future__ import annotations

from snnir.backends.c.network import CNetwork
from snnir.backends.c.printer import fill_template
from snnir.backends.targets import TargetDescription
from snnir.memory.limits import check_arena

SECTIONS_FILE = "snnir_sections.ld"
CONSTANTS_SECTION = ".snnir_constants"


def linker_files(network: CNetwork, target: TargetDescription) -> dict[str, str]:
    """Snippet and explanation by file name; nothing for a target without sections of its own.

    Raises:
        SNNError: the target has no memory with room for the arena.
    """
    memory_map, section = target.memory_map, target.arena_section
    if memory_map is None or section is None:
        return {}
    memory = check_arena(network.op, None, target.name, memory_map)
    assert memory is not None
    values: dict[str, object] = {
        "network": network.op.sym_name.data,
        "macro": network.macro,
        "name": network.name,
        "target": target.name,
        "arena_section": section,
        "arena_memory": memory.name,
        "arena_title": memory.title,
        "arena_bytes": network.arena_bytes,
        "room": memory_map.room(memory),
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
