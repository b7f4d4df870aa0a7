# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether a network fits into what a target or a user gives it, and what is to blame if not."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from snnir.dialects import snnrt
from snnir.memory.lifetimes import buffers_of, layer_labels, lifetimes, value_bytes
from snnir.memory.plan import Plan
from snnir.memory.regions import Memory, MemoryMap
from snnir.support.diagnostics import SNNError, error_at

BLAMED = 3
"""How many buffers or constants an error names."""


def check_arena(network: snnrt.NetworkOp, arena: int, limit: int | None) -> None:
    """Raises `SNNError` if an arena, or all of them together, has more bytes than a limit."""
    if limit is not None and arena > limit:
        text = _shortage("RAM", arena, limit, "the limit")
        raise error_at(network, f"{text}; {_blame_arena(network)}")


def arena_shortage(network: snnrt.NetworkOp, plan: Plan, target: str, room: int) -> SNNError:
    """What is missing where the last arena of a plan does not fit its memory.

    Args:
        room: of that memory, in bytes.
    """
    *others, last = plan.arenas
    assert last.memory is not None
    blame = _blame_arena(network, last.layout.offsets)
    text = _shortage("RAM", plan.bytes, plan.bytes - plan.missing, f"{target} has")
    if not others:
        return error_at(network, f"{text} in {last.memory.name}; {blame}")
    held = " and ".join(f"{each.layout.bytes} in {each.memory.name}" for each in others
                        if each.memory is not None)  # fmt: skip
    return error_at(
        network, f"{text}: beside {held} it needs {last.layout.bytes} in {last.memory.name}, where "
        f"{room} are free; of those the {blame}"
    )  # fmt: skip


def room_shortage(
    network: snnrt.NetworkOp, arena: int, target: str, memory_map: MemoryMap
) -> SNNError:
    """What is missing where no memory has room for a whole arena."""
    largest = max(memory_map.arena_memories, key=memory_map.room)
    whose = f"{target} has in {largest.name}"
    text = _shortage("RAM", arena, memory_map.room(largest), whose)
    return error_at(network, f"{text}; {_blame_arena(network)}")


def check_constants(
    network: snnrt.NetworkOp, limit: int | None, target: str, memory_map: MemoryMap | None
) -> Memory | None:
    """The memory for constants; None without a map.

    Raises:
        SNNError: the constants alone are above the limit or the size of the memory.
    """
    memory = None if memory_map is None else memory_map.named(memory_map.constants)
    taken = sum(value_bytes(op.result) for op in _constants(network))
    allowed, whose = limit, "the limit"
    if memory is not None and (limit is None or memory.bytes < limit):
        allowed, whose = memory.bytes, f"{target} has in {memory.name}"
    if allowed is not None and taken > allowed:
        raise error_at(
            network, f"{_shortage('flash for constants alone', taken, allowed, whose)}; "
            f"{_blame_constants(network)}"
        )  # fmt: skip
    return memory


def check_built(
    network: snnrt.NetworkOp,
    limits: tuple[int | None, int | None],
    ram_bytes: int,
    flash_bytes: int,
) -> None:
    """Check what a firmware really takes.

    Args:
        limits: for RAM and flash, in bytes; None for no limit.
        ram_bytes: arena, data and stack.
        flash_bytes: code, constants and start-up.

    Raises:
        SNNError: one of them is above its limit.
    """
    ram_limit, flash_limit = limits
    if ram_limit is not None and ram_bytes > ram_limit:
        text = _shortage("RAM with data and stack", ram_bytes, ram_limit, "the limit")
        raise error_at(network, f"{text}; {_blame_arena(network)}")
    if flash_limit is not None and flash_bytes > flash_limit:
        text = _shortage("flash with code", flash_bytes, flash_limit, "the limit")
        raise error_at(network, f"{text}; {_blame_constants(network)}")


def _shortage(what: str, taken: int, allowed: int, whose: str) -> str:
    """How many bytes are missing."""
    return f"needs {taken} bytes of {what}, {taken - allowed} more than {whose}"


def _constants(network: snnrt.NetworkOp) -> list[snnrt.ConstantOp]:
    return [op for op in network.body.block.ops if isinstance(op, snnrt.ConstantOp)]


def _blame_arena(network: snnrt.NetworkOp, buffers: Container[snnrt.BufferOp] | None = None) -> str:
    """The largest of the states and of what is live when most is, maybe of some buffers alone."""
    labels = layer_labels(network)
    lives = [life for life in lifetimes(network) if buffers is None or life.buffer in buffers]
    moments = [life.first for life in lives if life.last >= 0]
    demand = {
        moment: sum(life.bytes for life in lives if life.first <= moment <= life.last)
        for moment in moments
    }
    peak = max(demand, key=lambda moment: demand[moment], default=0)
    found = [
        (value_bytes(op.result), op.sym_name.data, "state")
        for op in buffers_of(network, snnrt.Region.STATE)
        if buffers is None or op in buffers
    ]
    for life in lives:
        if life.first <= peak <= life.last:
            span = _span_text(labels[life.first], labels[life.last])
            found.append((life.bytes, life.buffer.sym_name.data, f"live at {span}"))
    return _largest(found)


def _span_text(first: str, last: str) -> str:
    """The layers from one to another."""
    return f"layer {first}" if first == last else f"layers {first} to {last}"


def _blame_constants(network: snnrt.NetworkOp) -> str:
    """The largest constants, with the layers that use them."""
    users = constant_layers(network)
    return _largest(
        (value_bytes(op.result), op.sym_name.data, f"layer {users[op]}")
        for op in _constants(network)
    )


def constant_layers(network: snnrt.NetworkOp) -> dict[snnrt.ConstantOp, str]:
    """Of each constant the first layer that uses it; `-` for an unused one."""
    labels = dict(zip(network.body.block.ops, layer_labels(network), strict=True))
    return {
        op: next((labels[use.operation] for use in op.result.uses), "-")
        for op in _constants(network)
    }


_REMEDY = (
    "raise the limit, let kernels be chosen that keep to it (--optimize), or make the network "
    "smaller (snn-compress)"
)


def _largest(found: Iterable[tuple[int, str, str]]) -> str:
    ordered: Sequence[tuple[int, str, str]] = sorted(found, key=lambda entry: -entry[0])[:BLAMED]
    blamed = ", ".join(f"{name} ({size} bytes, {why})" for size, name, why in ordered)
    return f"largest: {blamed}; {_REMEDY}"
