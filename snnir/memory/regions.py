# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memories of a target, and where arenas and constants may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from snnir.support.diagnostics import SNNError


@dataclass(frozen=True)
class Memory:
    """One memory of a target.

    Attributes:
        name: as in linker scripts.
        title: what the data sheet calls it.
        origin: first address.
        bytes: size.
        section: the section that the target's linker script puts there and does not load, for
            memories that ordinary data do not go to; None where there is none.
    """

    name: str
    title: str
    origin: int
    bytes: int
    section: str | None = None


@dataclass(frozen=True)
class MemoryMap:
    """The memories of a target.

    Attributes:
        memories: all of them.
        arena: names of those that can hold an arena, the fastest first.
        constants: name of the one that holds weights, tables and parameters.
        stack: name of the one that holds the stack.
        stack_bytes: what is kept free for the stack there.
        limits: bytes of memories, by name, that an arena may take at most.
    """

    memories: tuple[Memory, ...]
    arena: tuple[str, ...]
    constants: str
    stack: str
    stack_bytes: int
    limits: tuple[tuple[str, int], ...] = ()

    def named(self, name: str) -> Memory:
        """The memory of a name."""
        return next(memory for memory in self.memories if memory.name == name)

    @property
    def arena_memories(self) -> Sequence[Memory]:
        """Those that can hold an arena, the fastest first."""
        return [self.named(name) for name in self.arena]

    def room(self, memory: Memory) -> int:
        """Bytes for an arena, beside the stack if that lies there too."""
        free = memory.bytes - (self.stack_bytes if memory.name == self.stack else 0)
        return min(free, dict(self.limits).get(memory.name, free))

    def arena_memory(self, arena_bytes: int) -> Memory | None:
        """The fastest memory with room for an arena; None if there is none."""
        fitting = (memory for memory in self.arena_memories if arena_bytes <= self.room(memory))
        return next(fitting, None)

    def limited(self, limits: Sequence[str]) -> MemoryMap:
        """The same memories with limits, each written `NAME:BYTES`.

        Raises:
            SNNError: a text is not of that form, or no memory of that name can hold an arena.
        """
        return replace(self, limits=tuple(map(self._limit, limits)))

    def _limit(self, text: str) -> tuple[str, int]:
        name, _, bytes = text.partition(":")
        if not bytes.isdecimal():
            raise SNNError(f"'{text}' is no limit of a memory; write {self.arena[0]}:65536")
        if name not in self.arena:
            known = " and ".join(self.arena)
            raise SNNError(f"no memory '{name}' can hold an arena; those that can are {known}")
        return name, int(bytes)
