# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""No two buffers that hold something at the same time overlap, and sharing saves memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import FunctionType, IntegerAttr, MemRefType, ModuleOp, i8, i32, i64
from xdsl.ir import Attribute, Block, Region
from xdsl.parser import Parser

from snnir.costs.model import load_table
from snnir.dialects import snnrt
from snnir.dialects.layer_shapes import int_array
from snnir.memory.lifetimes import value_bytes
from snnir.memory.residency import BufferRow, residency
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.support.diagnostics import DiagnosticEngine, SNNError
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
        block.add_op(snnrt.ValuesToHWCOp(buffers[source].result, buffers[target].result, 127))
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


def plan(network: snnrt.NetworkOp, **options: Any) -> KernelsPlanMemoryPass:
    module = network.parent_op()
    assert isinstance(module, ModuleOp)
    planner = KernelsPlanMemoryPass(**options)
    planner.apply(make_context(), module)
    module.verify()
    return planner


def placed(buffer: snnrt.BufferOp) -> range:
    assert buffer.offset is not None, f"{buffer.sym_name.data} has no place"
    begin = buffer.offset.value.data
    return range(begin, begin + value_bytes(buffer.result))


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


def test_ram_limit() -> None:
    plan(chain(6), ram_limit=136)
    with pytest.raises(SNNError) as error:
        plan(chain(6), ram_limit=130)
    assert (
        "needs 136 bytes of RAM, 6 more than the limit; largest: b0 (64 bytes, live at layer input)"
        ", b1 (64 bytes, live at layer input), scores (4 bytes, state); raise the limit"
    ) in str(error.value)


@pytest.mark.parametrize(
    ("target", "size", "text"),
    [
        ("mps2-an500", 16 << 20, "33554440 bytes of RAM, 16777216 more than mps2-an500 has: beside "
         "8 in DATA it needs 33554432 in PSRAM, where 16777216 are free; of those the largest: b0"),
        ("portenta-h7", 300_000, "600008 bytes of RAM, 75712 more than portenta-h7 has: beside "
         "8 in DTCMRAM it needs 600000 in RAM_D1, where 524288 are free; of those the largest: b0"),
    ],
)  # fmt: skip
def test_what_fits_no_memories_is_told(target, size, text) -> None:
    with pytest.raises(SNNError, match=text):
        plan(chain(2, size), target=target)
    with pytest.raises(SNNError, match="needs 600008 bytes of RAM, 100008 more than the limit"):
        plan(chain(2, 300_000), target="portenta-h7", ram_limit=500_000)


def test_what_is_missing_in_the_only_memory_that_is_left() -> None:
    text = r"70008 bytes of RAM, 10008 more than portenta-h7 has in RAM_D1; largest: b0 \(35000"
    with pytest.raises(SNNError, match=text):
        plan(chain(2, 35_000), target="portenta-h7", memory_limits=("DTCMRAM:0", "RAM_D1:60000"))


def buffers(network: snnrt.NetworkOp) -> list[snnrt.BufferOp]:
    return [op for op in network.body.block.ops if isinstance(op, snnrt.BufferOp)]


def memories(network: snnrt.NetworkOp) -> dict[str, str | None]:
    """Of each buffer the memory."""
    return {op.sym_name.data: op.memory.data if op.memory else None for op in buffers(network)}


@pytest.mark.parametrize("size", [1 << 10, 60_000])
def test_an_arena_goes_as_a_whole_to_the_fastest_memory_with_room(size) -> None:
    """Of the 128 KiB of DTCM 8 KiB are kept for the stack."""
    network = chain(3, size)
    plan(network, target="portenta-h7")
    assert set(memories(network).values()) == {"DTCMRAM"}
    assert network.arenas is None
    plan(network)
    assert set(memories(network).values()) == {None}


def test_an_arena_without_room_is_split() -> None:
    """Two buffers of 62,000 bytes are live at a time, which is more than DTCM has room for."""
    network = chain(3, 62_000)
    plan(network, target="portenta-h7")
    assert network.arenas is not None
    found = memories(network)
    assert {found["scores"], *found.values()} == {"DTCMRAM", "RAM_D1"}
    # b1 is written and read, the others only one of both.
    assert found["b1"] == "DTCMRAM"
    assert network.arena_bytes is not None
    assert sum(arena.bytes.value.data for arena in network.arenas) == network.arena_bytes.value.data
    plan(network)
    assert network.arenas is None


def test_a_limit_that_only_one_arena_keeps_to_leaves_it_whole() -> None:
    """The first and the last buffer share memory if they lie in one arena."""
    network = network_of([100, 60, 30], [(0, 1), (1, 2)], [], [4] * 3)
    limits = ("DTCMRAM:104",)
    plan(network, target="portenta-h7", memory_limits=limits)
    assert network.arenas is not None
    assert network.arena_bytes is not None
    assert network.arena_bytes.value.data == (8 + 96) + 104
    plan(network, target="portenta-h7", memory_limits=limits, ram_limit=8 + 160)
    assert network.arenas is None
    assert network.arena_bytes.value.data == 8 + 160
    assert set(memories(network).values()) == {"RAM_D1"}


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (("DTCM:64",), "no memory 'DTCM' can hold an arena; those that can are DTCMRAM and RAM_D1"),
        (("DTCMRAM",), "'DTCMRAM' is no limit of a memory; write DTCMRAM:65536"),
        (("DTCMRAM:-1",), "'DTCMRAM:-1' is no limit of a memory"),
    ],
)
def test_wrong_limits_of_memories(limits, text) -> None:
    with pytest.raises(SNNError, match=text):
        plan(chain(2), target="portenta-h7", memory_limits=limits)
    with pytest.raises(SNNError, match="memory-limits and copy-constants need a target; name one"):
        plan(chain(2), memory_limits=limits)
    with pytest.raises(SNNError, match="'host' has no memories to limit"):
        plan(chain(2), target="host", memory_limits=limits)


@settings(deadline=None, max_examples=100)
@given(networks(), st.integers(0, 160))
def test_live_buffers_do_not_overlap_in_any_arena(network, room) -> None:
    plan(network, target="portenta-h7", memory_limits=(f"DTCMRAM:{room}",))
    found = memories(network)
    fast = [op for op in buffers(network) if found[op.sym_name.data] == "DTCMRAM"]
    assert max((placed(op).stop for op in fast), default=0) <= room
    living = list(lives(network).items())
    for i, (buffer, life) in enumerate(living):
        assert placed(buffer).start % buffer.alignment.value.data == 0
        for other, other_life in living[:i]:
            together = found[buffer.sym_name.data] == found[other.sym_name.data]
            if together and overlap(life, other_life):
                assert not overlap(placed(buffer), placed(other))


def pooled(padding: int, later_use: bool = False) -> snnrt.NetworkOp:
    """Sixteen by sixteen values, pooled by two, added to themselves."""
    frame, full = MemRefType(i8, [1, 16, 16]), MemRefType(i8, [16, 16, 1])
    half = MemRefType(i8, [8 + padding, 8 + padding, 1])
    block = Block(arg_types=[frame])
    transient = snnrt.Region.TRANSIENT
    buffers = {
        name: snnrt.BufferOp(name, transient, type)
        for name, type in (("values", full), ("pooled", half), ("doubled", half))
    }
    scores = snnrt.BufferOp("scores", snnrt.Region.STATE, MemRefType(i32, [1]))
    values, small, doubled = (op.result for op in buffers.values())
    windows: dict[str, Attribute] = {
        "kernel": int_array([2, 2]), "stride": int_array([2, 2]),
        "padding": int_array([padding, padding]),
    }  # fmt: skip
    block.add_ops([*buffers.values(), scores, snnrt.ValuesToHWCOp(block.args[0], values, 127)])
    block.add_ops([snnrt.MaxPool2dOp(values, small, windows), snnrt.AddOp(small, small, doubled)])
    output = values if later_use else doubled
    block.add_op(snnrt.OutputOp(output, scores.result))
    network = snnrt.NetworkOp(
        "net",
        FunctionType.from_lists([frame], [output.type, scores.result.type]),
        Region(block),
        timesteps=1,
        input_maximum=IntegerAttr(1, i64),
    )
    ModuleOp([network])
    return network


def offsets(network: snnrt.NetworkOp) -> dict[str, int]:
    buffers = [op for op in network.body.block.ops if isinstance(op, snnrt.BufferOp)]
    return {op.sym_name.data: placed(op).start for op in buffers}


def test_what_is_made_of_a_dying_buffer_takes_its_place() -> None:
    network = pooled(padding=0)
    planner = plan(network)
    found = offsets(network)
    assert found["values"] == found["pooled"] == found["doubled"]
    assert network.arena_bytes is not None
    assert network.arena_bytes.value.data == 8 + 256
    assert planner.statistics["buffers written in place"] == 2


def test_padded_pools_and_living_inputs_are_not_overwritten() -> None:
    padded, alive = pooled(padding=1), pooled(padding=0, later_use=True)
    for network in (padded, alive):
        plan(network)
        found = offsets(network)
        assert found["values"] != found["pooled"] == found["doubled"]


def test_a_plan_tells_that_it_is_the_best() -> None:
    with DiagnosticEngine() as engine:
        planner = plan(chain(6))
    assert planner.statistics["packing gap bytes"] == 0
    assert "of transient buffers, the least possible" in engine.remarks[0].message
    assert engine.remarks[0].metrics["lower_bound"] == 128


def test_hot_weights_are_copied_to_what_is_left() -> None:
    network = generate_linear()
    constants = {op.sym_name.data: op for op in network.body.block.ops
                 if isinstance(op, snnrt.ConstantOp)}  # fmt: skip
    plan(network)
    assert network.arena_bytes is not None
    arena = network.arena_bytes.value.data
    hot, cold = constants["hot_weights"], constants["cold_weights"]
    limits = (f"DTCMRAM:{arena + value_bytes(hot.result)}",)
    plan(network, target="portenta-h7", memory_limits=limits, copy_constants=True)
    assert network.arena_bytes.value.data == arena + value_bytes(hot.result)
    assert hot.memory is not None
    assert hot.offset is not None
    assert (hot.memory.data, hot.offset.value.data) == ("DTCMRAM", arena)
    assert cold.offset is None
    assert cold.memory is not None
    assert cold.memory.data == "FLASH"
    # A limit of RAM leaves room for a stack.
    enough = arena + value_bytes(hot.result) + int(load_table().ram_bytes)
    plan(network, target="portenta-h7", ram_limit=enough - 1, copy_constants=True)
    assert hot.offset is None
    plan(network, target="portenta-h7", ram_limit=enough, copy_constants=True)
    assert hot.offset is not None
    plan(network, target="portenta-h7", copy_constants=True)
    copied = {name for name, op in constants.items() if op.offset is not None}
    # Parameters of neurons are part of the code.
    assert copied == {"hot_weights", "cold_weights"}


def test_what_is_assumed_is_told() -> None:
    for limit, told in ((200, True), (4000, False)):
        with DiagnosticEngine() as engine:
            plan(generate_linear(), target="portenta-h7", memory_limits=(f"DTCMRAM:{limit}",))
        said = [remark.message for remark in engine.remarks]
        assert any("no activity was measured" in message for message in said) is told


def generate_linear() -> snnrt.NetworkOp:
    """Two layers of which the second has more active inputs, in which a row of weights is used."""
    text = """
    snnrt.network @net(%frame: memref<64xi8>) -> (memref<8xi8>, memref<8xi32>) attributes
        {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>,
         input_maximum = 1 : i64} {
      %input = snnrt.buffer "input" transient : memref<64xi8>
      %list = snnrt.buffer "list" transient : memref<64xi16>
      %current = snnrt.buffer "current" transient : memref<8xi16>
      %membrane = snnrt.buffer "membrane" state : memref<8xi16>
      %spikes = snnrt.buffer "spikes" transient : memref<8xi8>
      %spiked = snnrt.buffer "spiked" transient : memref<8xi16>
      %sums = snnrt.buffer "sums" transient : memref<8xi16>
      %potential = snnrt.buffer "potential" state : memref<8xi16>
      %output = snnrt.buffer "output" transient : memref<8xi8>
      %scores = snnrt.buffer "scores" state : memref<8xi32>
      %cold = snnrt.constant "cold_weights" dense<1> : tensor<64x8xi8> : memref<64x8xi8>
      %hot = snnrt.constant "hot_weights" dense<1> : tensor<8x8xi8> : memref<8x8xi8>
      %leak = snnrt.constant "leak" dense<16384> : tensor<8xi32> : memref<8xi32>
      %threshold = snnrt.constant "threshold" dense<1> : tensor<8xi32> : memref<8xi32>
      snnrt.frame_to_hwc %frame, %input {maximum = 1 : i64} : memref<64xi8>, memref<64xi8>
      %n = snnrt.spike_list %input, %list : (memref<64xi8>, memref<64xi16>) -> i32
      snnrt.fill_zero %current : memref<8xi16>
      snnrt.linear_scatter %list, %n, %cold, %current : memref<64xi16>, i32, memref<64x8xi8>, memref<8xi16>
      snnrt.lif %membrane, %current, %spikes, %leak, %threshold {layer = "1", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<8xi16>, memref<8xi16>, memref<8xi8>, memref<8xi32>, memref<8xi32>
      %m = snnrt.spike_list %spikes, %spiked : (memref<8xi8>, memref<8xi16>) -> i32
      snnrt.fill_zero %sums : memref<8xi16>
      snnrt.linear_scatter %spiked, %m, %hot, %sums : memref<8xi16>, i32, memref<8x8xi8>, memref<8xi16>
      snnrt.lif %potential, %sums, %output, %leak, %threshold {layer = "2", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<8xi16>, memref<8xi16>, memref<8xi8>, memref<8xi32>, memref<8xi32>
      snnrt.count_spikes %output, %scores : memref<8xi8>, memref<8xi32>
      snnrt.output %output, %scores : memref<8xi8>, memref<8xi32>
    }
    """  # noqa: E501
    network = Parser(make_context(), text).parse_module().body.block.first_op
    assert isinstance(network, snnrt.NetworkOp)
    return network


def test_residency() -> None:
    network = network_of([10, 20, 30], [(0, 1), (1, 2)], [1], [4, 4, 4])
    plan(network, target="portenta-h7")
    rows = {row.buffer: row for row in residency(network).buffers}
    assert list(rows) == ["b1", "scores", "b0", "b2"]
    # Written once and read once.
    assert rows["b1"] == BufferRow("b1", 20, "DTCMRAM", "state", "always", "always", 0, 40)
    assert rows["b0"] == BufferRow("b0", 10, "DTCMRAM", "transient", "input", "input", 24, 10)
    assert rows["b2"].last == "readout"


def test_residency_of_several_arenas() -> None:
    network = network_of([10, 20, 30], [(0, 1), (1, 2)], [1], [4, 4, 4])
    plan(network, target="portenta-h7", memory_limits=("DTCMRAM:24",))
    found = residency(network)
    assert [(row.memory, row.bytes, row.state_bytes) for row in found.arenas] == [
        ("DTCMRAM", 24, 24), ("RAM_D1", 32, 0)
    ]  # fmt: skip
    assert [row.traffic for row in found.arenas] == [40, 10 + 30]
    assert [row.buffer for row in found.buffers] == ["b1", "scores", "b0", "b2"]
