# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""No two buffers that hold something at the same time overlap, and sharing saves memory."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import FunctionType, IntegerAttr, MemRefType, ModuleOp, i8, i32, i64
from xdsl.ir import Block, Region

from snnir.dialects import snnrt
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass, buffer_bytes
from snnir.support.diagnostics import SNNError
from snnir.universe import make_context

ALIGNMENTS = (1, 2, 4, 8, 32)


def network_of(
    sizes: list[int], steps: list[tuple[int, int]], states: list[int], alignments: list[int]
) -> snnrt.NetworkOp:
    """Copies between buffers: each pair of `steps` says which buffer is copied into which."""
    frame = MemRefType(i8, [1])
    block = Block(arg_types=[frame])
    state, transient = snnrt.Region.STATE, snnrt.Region.TRANSIENT
    regions = [state if i in states else transient for i in range(len(sizes))]
    buffers = [
        snnrt.BufferOp(f"b{i}", region, MemRefType(i8, [size]), alignment)
        for i, (size, region, alignment) in enumerate(zip(sizes, regions, alignments, strict=True))
    ]
    scores = snnrt.BufferOp("scores", snnrt.Region.STATE, MemRefType(i32, [1]))
    block.add_ops([*buffers, scores])
    for source, target in steps:
        block.add_op(snnrt.ValuesToHWCOp(buffers[source].result, buffers[target].result))
    block.add_op(snnrt.OutputOp(buffers[steps[-1][1]].result, scores.result))
    results = [buffers[steps[-1][1]].result.type, scores.result.type]
    network = snnrt.NetworkOp(
        "net",
        FunctionType.from_lists([frame], results),
        Region(block),
        timesteps=1,
        input_maximum=IntegerAttr(1, i64),
    )
    ModuleOp([network])
    return network


def plan(network: snnrt.NetworkOp, limit: int | None = None) -> None:
    module = network.parent_op()
    assert isinstance(module, ModuleOp)
    KernelsPlanMemoryPass(limit=limit).apply(make_context(), module)
    module.verify()


def placed(buffer: snnrt.BufferOp) -> range:
    assert buffer.offset is not None, f"{buffer.sym_name.data} has no place"
    begin = buffer.offset.value.data
    return range(begin, begin + buffer_bytes(buffer))


@st.composite
def networks(draw) -> snnrt.NetworkOp:
    count = draw(st.integers(1, 8))
    index = st.integers(0, count - 1)
    steps = draw(st.lists(st.tuples(index, index), min_size=1, max_size=12))
    return network_of(
        draw(st.lists(st.integers(1, 70), min_size=count, max_size=count)),
        steps,
        draw(st.lists(index, max_size=3)),
        draw(st.lists(st.sampled_from(ALIGNMENTS), min_size=count, max_size=count)),
    )


def lives(network: snnrt.NetworkOp) -> dict[snnrt.BufferOp, range]:
    """For each buffer, the calls during which it holds something; states do always."""
    ops = list(network.body.block.ops)
    found: dict[snnrt.BufferOp, range] = {}
    for buffer in (op for op in ops if isinstance(op, snnrt.BufferOp)):
        users = [i for i, op in enumerate(ops) if buffer.result in op.operands]
        if buffer.region.data is snnrt.Region.STATE:
            found[buffer] = range(len(ops))
        elif users:
            found[buffer] = range(min(users), max(users) + 1)
    return found


def overlap(a: range, b: range) -> bool:
    return a.start < b.stop and b.start < a.stop


@settings(deadline=None, max_examples=200)
@given(networks())
def test_live_buffers_do_not_overlap(network) -> None:
    plan(network)
    assert network.arena_bytes is not None
    living = list(lives(network).items())
    for i, (buffer, life) in enumerate(living):
        assert placed(buffer).start % buffer.alignment.value.data == 0
        assert placed(buffer).stop <= network.arena_bytes.value.data
        for other, other_life in living[:i]:
            if overlap(life, other_life):
                assert not overlap(placed(buffer), placed(other))


@settings(deadline=None, max_examples=100)
@given(networks())
def test_every_buffer_has_a_place(network) -> None:
    """Also one that no call uses: executors and the C printer look at all of them."""
    plan(network)
    for op in network.body.block.ops:
        if isinstance(op, snnrt.BufferOp):
            placed(op)


def chain(count: int, size: int = 64) -> snnrt.NetworkOp:
    steps = [(i, i + 1) for i in range(count - 1)]
    return network_of([size] * count, steps, [], [4] * count)


def test_a_chain_needs_two_buffers_at_a_time() -> None:
    network = chain(6)
    plan(network)
    assert network.arena_bytes is not None
    assert network.state_bytes is not None
    assert network.state_bytes.value.data == 8
    assert network.arena_bytes.value.data == 8 + 2 * 64


def test_states_come_first() -> None:
    network = network_of([10, 20, 30], [(0, 1), (1, 2)], [1], [4, 4, 4])
    plan(network)
    every = [op for op in network.body.block.ops if isinstance(op, snnrt.BufferOp)]
    buffers = {op.sym_name.data: op for op in every}
    assert network.state_bytes is not None
    assert network.state_bytes.value.data == 24
    assert placed(buffers["b1"]).start == 0
    assert placed(buffers["b0"]).start >= 24


def test_limit() -> None:
    plan(chain(6), limit=136)
    message = r"the arena takes 136 bytes, 6 too many; largest buffers: b0 \(64\), b1 \(64\)"
    with pytest.raises(SNNError, match=message):
        plan(chain(6), limit=130)
