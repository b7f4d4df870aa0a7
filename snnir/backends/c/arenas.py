# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How C says where the memory of a network is: one arena, or one for each of several memories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from snnir.backends.c.syntax import INDENT, c_identifier
from snnir.dialects import snnrt


@dataclass(frozen=True)
class CArena:
    """A block of memory of the caller.

    Attributes:
        memory: of the target; None where it does not matter.
        suffix: of names that belong to it; empty for the only one.
        bytes: size.
        state_bytes: from its start, what lives from step to step.
    """

    memory: str | None
    suffix: str
    bytes: int
    state_bytes: int

    @property
    def name(self) -> str:
        """Parameter, field or variable that points to it."""
        return f"arena{self.suffix}"

    @property
    def bytes_macro(self) -> str:
        """Macro of its size, without the prefix of the network."""
        return f"ARENA{self.suffix.upper()}_BYTES"

    @property
    def state_macro(self) -> str:
        """Macro of the size of its state, likewise."""
        return f"STATE{self.suffix.upper()}_BYTES"

    @property
    def size_parameter(self) -> str:
        """Parameter for the size of what a caller provides."""
        return f"bytes{self.suffix}"


def arenas_of(network: snnrt.NetworkOp) -> tuple[CArena, ...]:
    """The arenas of a planned network, the fastest memory first."""
    if network.arenas is None:
        assert network.arena_bytes is not None
        assert network.state_bytes is not None
        memories = {
            None if op.memory is None else op.memory.data
            for op in network.body.block.ops
            if isinstance(op, snnrt.BufferOp)
        }
        memory = memories.pop() if len(memories) == 1 else None
        sizes = network.arena_bytes.value.data, network.state_bytes.value.data
        return (CArena(memory, "", *sizes),)
    return tuple(
        CArena(
            arena.memory.data,
            f"_{c_identifier(arena.memory.data).lower()}",
            arena.bytes.value.data,
            arena.state.value.data,
        )
        for arena in network.arenas
    )


def declared(arenas: Sequence[CArena]) -> str:
    """Parameters for arenas."""
    return ", ".join(f"uint8_t *{arena.name}" for arena in arenas)


def passed(arenas: Sequence[CArena], owner: str = "") -> str:
    """Arguments for them; `owner` comes before each."""
    return ", ".join(f"{owner}{arena.name}" for arena in arenas)


def size_macros(arenas: Sequence[CArena], macro: str, copied: int) -> str:
    """Definitions of the sizes, with a comment.

    Args:
        copied: bytes of constants that are copied to the first arena.
    """
    if len(arenas) == 1:
        (arena,) = arenas
        rest = "the rest is" if not copied else f"{copied} of copied constants, the rest is"
        state = arena.state_bytes
        return (
            f"/* Memory that the caller provides: {state} bytes of state at its start,\n"
            f"   {rest} scratch memory within a step. */\n"
            f"#define {macro}_{arena.bytes_macro} {arena.bytes}u\n"
            f"#define {macro}_ARENA_ALIGN 8u\n"
            f"#define {macro}_{arena.state_macro} {arena.state_bytes}u"
        )
    total = sum(arena.bytes for arena in arenas)
    extra = f", {copied} of them of copied constants" if copied else ""
    lines = [
        "/* Memory that the caller provides, an arena in each of these memories, the most",
        "   used one first: bytes of state at its start, the rest is scratch memory within",
        f"   a step. Together {total} bytes{extra}. */",
        f"#define {macro}_ARENA_ALIGN 8u",
    ]
    for arena in arenas:
        lines += [
            f"#define {macro}_{arena.bytes_macro} {arena.bytes}u",
            f"#define {macro}_{arena.state_macro} {arena.state_bytes}u",
        ]
    return "\n".join(lines)


def init_comment(arenas: Sequence[CArena], name: str, macro: str) -> str:
    """How to call the function that takes the memory; begins a comment."""
    if len(arenas) == 1:
        return (
            f"Call {name}_init once with memory of at least {macro}_ARENA_BYTES bytes that\n"
            f"   is aligned to {macro}_ARENA_ALIGN."
        )
    listed = ",\n   ".join(f"{macro}_{arena.bytes_macro}" for arena in arenas)
    return (
        f"Call {name}_init once with an arena for each memory, of at least\n"
        f"   {listed}\n   bytes, aligned to {macro}_ARENA_ALIGN."
    )


def init_parameters(arenas: Sequence[CArena], name: str) -> str:
    """Parameters of that function behind the first one; those of several on lines of their own."""
    parameters = [f"void *{arena.name}, size_t {arena.size_parameter}" for arena in arenas]
    if len(parameters) == 1:
        return f" {parameters[0]}"
    # As wide as the type, the name of the function and the parenthesis.
    indent = " " * (2 * len(name) + len("_status _init("))
    return "".join(f"\n{indent}{parameter}," for parameter in parameters).removesuffix(",")


def checks(arenas: Sequence[CArena], macro: str) -> dict[str, str]:
    """Conditions under which that function refuses its arguments."""
    wrong = [
        f"{arena.size_parameter} < {macro}_{arena.bytes_macro} || "
        f"(uintptr_t){arena.name} % {macro}_ARENA_ALIGN != 0"
        for arena in arenas
    ]
    return {
        "arena_missing": " || ".join(f"{arena.name} == NULL" for arena in arenas),
        "arena_wrong": f" ||\n{INDENT * 3}".join(wrong),
    }


def each(arenas: Sequence[CArena], statement: Callable[[CArena], str]) -> str:
    """A statement for each arena, indented."""
    return "\n".join(INDENT + statement(arena) for arena in arenas)


def definitions(
    arenas: Sequence[CArena], macro: str, sections: Sequence[str | None] | None = None
) -> str:
    """Arenas as variables, aligned as they must be.

    Args:
        macro: prefix of all macros.
        sections: for each arena where it goes; None for ordinary data.
    """
    return "\n\n".join(
        _definition(arena, macro, section)
        for arena, section in zip(arenas, sections or [None] * len(arenas), strict=True)
    )


def _definition(arena: CArena, macro: str, section: str | None) -> str:
    placed = "" if section is None else f'__attribute__((section("{section}")))\n'
    return (
        f"{placed}static union {{\n"
        f"{INDENT}uint8_t bytes[{macro}_{arena.bytes_macro}];\n"
        f"{INDENT}uint64_t alignment;\n"
        f"}} {arena.name};"
    )


def init_arguments(arenas: Sequence[CArena], name: str) -> str:
    """What a caller passes for these variables, in a condition; see `init_parameters`."""
    arguments = [f"{arena.name}.bytes, sizeof {arena.name}" for arena in arenas]
    if len(arguments) == 1:
        return f" {arguments[0]}"
    indent = " " * (len("  if (") + len(name) + len("_init("))
    return "".join(f"\n{indent}{argument}," for argument in arguments).removesuffix(",")


def section_name(base: str, arena: CArena) -> str:
    """Section of an arena among those that begin alike."""
    return f"{base}{arena.suffix}"
