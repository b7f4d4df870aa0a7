# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memories of a target, and where arena and constants go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """One memory of a target.

    Attributes:
        name: as in linker scripts.
        title: what the data sheet calls it.
        origin: first address.
        bytes: size.
    """

    name: str
    title: str
    origin: int
    bytes: int


@dataclass(frozen=True)
class MemoryMap:
    """The memories of a target.

    Attributes:
        memories: all of them.
        arena: names of those that can hold the arena, the fastest first.
        constants: name of the one that holds weights, tables and parameters.
        stack: name of the one that holds the stack.
        stack_bytes: what is kept free for the stack there.
    """

    memories: tuple[Memory, ...]
    arena: tuple[str, ...]
    constants: str
    stack: str
    stack_bytes: int

    def named(self, name: str) -> Memory:
        """The memory of a name."""
        return next(memory for memory in self.memories if memory.name == name)

    def room(self, memory: Memory) -> int:
        """Bytes for an arena, beside the stack if that lies there too."""
        return memory.bytes - (self.stack_bytes if memory.name == self.stack else 0)

    def arena_memory(self, arena_bytes: int) -> Memory | None:
        """The fastest memory with room for an arena; None if there is none."""
        memories = map(self.named, self.arena)
        return next((memory for memory in memories if arena_bytes <= self.room(memory)), None)

    @property
    def largest(self) -> Memory:
        """The memory with most room for an arena."""
        return max(map(self.named, self.arena), key=self.room)
