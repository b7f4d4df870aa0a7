# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bounds on events that lie close together: what they prove, and that every level checks them."""

from __future__ import annotations

import ctypes
import itertools
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, f32, i16
from xdsl.ir import Block, Region

import snnir.backends
from snnir.backends.c.network import only_network
from snnir.backends.c.printer import header
from snnir.backends.targets import get_target
from snnir.data import Dataset
from snnir.data.locations import shared_folder
from snnir.dialects import qsnn, snn, snnrt
from snnir.dialects.input_density import LARGEST_DENSITY, InputDensityAttr
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import window_extent
from snnir.dialects.snn_attributes import InputKind
from snnir.driver.files import network_of
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions, apply_pipeline, to_kernels
from snnir.executors import KernelExecutor, ReferenceExecutor, TorchExecutor
from snnir.quantization.input_density import (
    density_cell,
    find_excess,
    measure_density,
    neighbourhood_sums,
    possible_contracts,
)
from snnir.quantization.sum_range import sum_range
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import SNNError
from snnir.testing.random_networks import LARGEST_COUNT, random_network

CHANNELS, SIZE, STEPS = 2, 9, 4
INCLUDE = Path(snnir.backends.__file__).parent / "snnrt" / "include"


def convolution(kernel: int = 3, dilation: int = 1, kind: InputKind = InputKind.EVENT_COUNTS):
    """A convolution of a frame, and output neurons behind it."""
    rng = np.random.default_rng(3)
    block = Block(arg_types=[snn.real_tensor((CHANNELS, SIZE, SIZE))])

    def weight(*shape: int) -> Any:
        values = rng.normal(size=shape).astype(np.float32)
        return block.add_op(snn.WeightOp(dense_from_array(values))) or block.last_op

    def add(op: Any) -> Any:
        block.add_op(op)
        return op

    def lif(current: Any) -> Any:
        return add(snn.LIFOp(current, FloatAttr(0.9, f32), FloatAttr(1.0, f32))).spikes

    current = add(
        snn.Conv2dOp(
            block.args[0], weight(4, CHANNELS, kernel, kernel), dilation=(dilation, dilation)
        )
    )
    flat = add(snn.FlattenOp(lif(current.result)))
    inputs = 4 * (SIZE - window_extent(kernel, dilation) + 1) ** 2
    output = lif(add(snn.LinearOp(flat.result, weight(3, inputs))).result)
    block.add_op(snn.OutputOp(output))
    types = FunctionType.from_lists([block.args[0].type], [output.type])
    module = ModuleOp([snn.NetworkOp("net", types, Region(block), timesteps=STEPS, input=kind)])
    module.verify()
    return module


def quantized(module: ModuleOp, density: int | None, maximum: int = 6) -> ModuleOp:
    option = "" if density is None else f" input-density={density}"
    apply_pipeline(module, f"convert-snn-to-qsnn{{input-maximum={maximum}{option}}}")
    return module


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=5),
    st.data(),
    st.integers(1, 12),
)
def test_the_bound_of_a_sum_is_reached_and_never_exceeded(weights, data, total) -> None:
    most = data.draw(st.lists(st.integers(0, 3), min_size=len(weights), max_size=len(weights)))
    weight, high = np.array([weights], np.int64), np.array([most], np.int64)
    inputs = [x for x in itertools.product(*(range(top + 1) for top in most)) if sum(x) <= total]
    sums = [int(np.dot(weights, x)) for x in inputs]
    low, top = sum_range(weight, np.zeros_like(high), high, total)
    assert (int(low[0]), int(top[0])) == (min(sums), max(sums))


def test_a_bound_on_the_total_is_ignored_for_signed_inputs() -> None:
    weight, one = np.array([[3, -2]], np.int64), np.ones((1, 2), np.int64)
    assert sum_range(weight, -one, one, 1) == sum_range(weight, -one, one)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 1 << 32), st.integers(1, 6), st.integers(1, 3))
def test_no_window_holds_more_than_neighbouring_cells(seed, kernel, dilation) -> None:
    rng = np.random.default_rng(seed)
    extent = window_extent(kernel, dilation)
    size = tuple(int(n) for n in rng.integers(extent, extent + 12, 2))
    frame = rng.poisson(0.4, (2, *size))
    cell = (max(extent - 1, 1),) * 2
    windows = np.lib.stride_tricks.sliding_window_view(frame.sum(axis=0), (extent, extent))
    assert windows.sum(axis=(2, 3)).max() <= neighbourhood_sums(frame, cell).max()


@pytest.mark.parametrize(("kernel", "dilation", "cell"), [(1, 1, 1), (3, 1, 2), (3, 2, 4)])
def test_the_cell_follows_the_first_kernel(kernel, dilation, cell) -> None:
    network = network_of(convolution(kernel, dilation))
    assert isinstance(network, snn.NetworkOp)
    assert density_cell(network) == (cell, cell)


def test_a_reshape_makes_the_frame_one_cell_and_a_pool_none() -> None:
    for op, cell in (
        (lambda frame: snn.FlattenOp(frame), (SIZE, SIZE)),
        (lambda frame: snn.MaxPool2dOp(frame, (2, 2)), None),
    ):
        block = Block(arg_types=[snn.real_tensor((CHANNELS, SIZE, SIZE))])
        block.add_op(reader := op(block.args[0]))
        block.add_op(snn.OutputOp(reader.result))
        types = FunctionType.from_lists([block.args[0].type], [reader.result.type])
        assert density_cell(snn.NetworkOp("net", types, Region(block), timesteps=1)) == cell


def test_a_contract_leaves_room_and_must_say_something() -> None:
    network = network_of(convolution())
    most = 4 * 4 * CHANNELS * 6
    assert possible_contracts(network, (2, 2), 11, 6) == [17, 14]
    assert possible_contracts(network, (2, 2), 0, 6) == [1, 1]
    assert possible_contracts(network, (2, 2), most * 2 // 3, 6) == [most * 5 // 6]
    assert possible_contracts(network, (2, 2), most, 6) == []
    assert possible_contracts(network, (9, 9), 20_400, 127) == []


def test_measuring_finds_the_densest_region_of_all_frames() -> None:
    rng = np.random.default_rng(5)
    x = rng.poisson(0.3, (4, 6, CHANNELS, SIZE, SIZE))
    assert measure_density(x, (2, 3)) == neighbourhood_sums(x, (2, 3)).max()
    assert measure_density(np.zeros_like(x), (2, 3)) == 0
    assert measure_density(x.reshape(4, 6, -1), ()) == x.sum(axis=(2, 3, 4)).max()


def test_the_bound_narrows_sums_and_membranes() -> None:
    remarks = {}
    for density in (None, 12):
        network = network_of(quantized(convolution(5), density, maximum=127))
        assert isinstance(network, qsnn.NetworkOp)
        (first, *_) = [op for op in network.body.block.ops if isinstance(op, qsnn.LIFOp)]
        remarks[density] = element_type_of(first.membrane.type)
    assert (remarks[None] != i16, remarks[12] == i16) == (True, True)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1 << 32))
def test_ranges_hold_for_all_inputs_that_keep_the_contract(seed) -> None:
    """The interpreter refuses sums and proven membranes that leave their types."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    counts = network.network.input.data in (InputKind.EVENT_COUNTS, InputKind.BINARY_FRAMES)
    cell = density_cell(network.network)
    if not counts or cell is None:
        return
    bound = max(measure_density(network.x, cell), 1)
    quantized(network.module, bound, LARGEST_COUNT)
    assert network.network.input_density == InputDensityAttr.make(cell, bound)
    ReferenceExecutor(network.network).run(network.x)


def violation() -> np.ndarray:
    """The last sample but one breaks a bound of 5 in cells of 2 x 2, at step 2, and only there."""
    x = np.zeros((3, STEPS, CHANNELS, SIZE, SIZE), np.uint8)
    x[:, :, 0, ::4, ::4] = 1
    x[1, 2, 0, 3:5, 4] = 2
    x[1, 2, 1, 5, 5] = 2
    return x


def test_every_executor_names_the_place_of_a_violation() -> None:
    module = quantized(convolution(), 5)
    kernels = module.clone()
    apply_pipeline(kernels, to_kernels(LoweringOptions()))
    place = r"got 6 events in rows 2 to 5, columns 2 to 5 of sample 1, step 2, more than the 5"
    network, below = network_of(module), network_of(kernels)
    assert isinstance(below, snnrt.NetworkOp)
    for executor in (ReferenceExecutor(network), TorchExecutor(network), KernelExecutor(below)):
        executor.run(violation()[[0, 2]])
        with pytest.raises(SNNError, match=place):
            executor.run(violation())


def test_calls_check_what_the_network_does_not_promise() -> None:
    """The call itself refuses, too: it is what stands for the generated code."""
    kernels = quantized(convolution(), 5)
    apply_pipeline(kernels, to_kernels(LoweringOptions()))
    network = network_of(kernels)
    assert isinstance(network, snnrt.NetworkOp)
    del network.properties["input_density"]
    with pytest.raises(SNNError, match=r"list_hits.*got 6 events in a region of the frame"):
        KernelExecutor(network).run(violation())


@pytest.mark.parametrize("events", [False, True])
def test_generated_code_refuses_a_violation(events) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    from snnir.executors.native import NativeExecutor

    module = quantized(convolution(), 5)
    apply_pipeline(module, to_kernels(LoweringOptions()))
    executor = NativeExecutor(module, get_target("host"))
    executor.run(violation()[[0, 2]], events=events)
    with pytest.raises(SNNError, match="refused an input"):
        executor.run(violation(), events=events)


def test_lowering_measures_the_density_of_data_and_checks_what_it_is_told() -> None:
    data = Dataset(violation(), None, "test")

    def density(option: Any) -> InputDensityAttr | None:
        options = LoweringOptions(input_maximum=6, input_density=option)
        network = lower(convolution(), options, data).integers
        assert isinstance(network, qsnn.NetworkOp)
        return network.input_density

    assert density(None) == InputDensityAttr.make((2, 2), 9)
    assert density(6) == InputDensityAttr.make((2, 2), 6)
    assert density("none") is None
    with pytest.raises(SNNError, match=r"got 6 events .* of sample 1, step 2, more than the 5 of"):
        density(5)
    assert lower(convolution(), LoweringOptions()).network.properties.get("input_density") is None


def test_the_header_says_what_inputs_are_accepted() -> None:
    module = quantized(convolution(), 5)
    apply_pipeline(module, to_kernels(LoweringOptions()))
    text = " ".join(header(only_network(module)).split())
    assert (
        "event counts up to 6. With cells of 2 x 2 positions, the first at index 0, the sum over "
        "any 2 x 2 neighbouring cells and all channels is at most 5. */" in text
    )


WRAPPER = """
#include "snnrt/input_density.h"
bool frame_ok(const uint8_t *f, uint16_t *c, const snnrt_density *d) {
  return snnrt_frame_is_sparse_u8(f, c, d);
}
bool events_ok(const uint16_t *e, uint32_t n, uint16_t *c, const snnrt_density *d) {
  return snnrt_events_are_sparse(e, n, c, d);
}
uint32_t frame_hits(const uint8_t *f, uint32_t size, uint8_t m, uint8_t *counts, uint16_t *hits,
                    uint16_t *c, const snnrt_density *d) {
  return snnrt_sparse_hits(snnrt_list_frame(f, size, m, counts, hits), hits, counts, c, d);
}
uint32_t event_hits(const uint16_t *e, uint32_t n, uint32_t size, uint8_t m, uint8_t *counts,
                    uint16_t *hits, uint16_t *c, const snnrt_density *d) {
  return snnrt_sparse_hits(snnrt_list_events(e, n, size, m, counts, hits), hits, counts, c, d);
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The C functions, with all checks that the compiler has."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("density")
    (folder / "wrapper.c").write_text(WRAPPER)
    flags = "-std=c99 -O2 -Wall -Wextra -Werror -Wconversion -Wno-sign-conversion -shared -fPIC"
    result = folder / "wrapper.so"
    command = ["gcc", *flags.split(), f"-I{INCLUDE}", str(folder / "wrapper.c"), "-o", str(result)]
    subprocess.run(command, check=True)
    loaded = ctypes.CDLL(str(result))
    for name in ("frame_ok", "events_ok"):
        getattr(loaded, name).restype = ctypes.c_bool
    for name in ("frame_hits", "event_hits"):
        getattr(loaded, name).restype = ctypes.c_uint32
    return loaded


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 1 << 32))
def test_the_c_functions_decide_as_numpy_does(library, seed) -> None:
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 4)), *(int(n) for n in rng.integers(1, 40, 2)))
    cell = tuple(int(rng.integers(1, size + 1)) for size in shape[1:])
    cells = [math.ceil(size / extent) for size, extent in zip(shape[1:], cell, strict=True)]
    frame = rng.poisson(rng.choice([0.02, 0.3]), shape).astype(np.uint8)
    if rng.random() < 0.1:
        frame[:] = 255
    densest = int(neighbourhood_sums(frame, cell).max())
    for maximum in {min(max(densest + d, 1), LARGEST_DENSITY) for d in (-1, 0, 1)}:
        expected = find_excess(frame, InputDensityAttr.make(cell, maximum)) is None
        fields = np.array([*shape, *cell, *cells, maximum], np.int32)
        scratch = np.full((cells[0] * cells[1] + 1), 0xA5A5, np.uint16)
        indices = np.repeat(np.arange(frame.size), frame.reshape(-1)).astype(np.uint16)
        rng.shuffle(indices)
        pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (frame, indices, scratch, fields)]
        assert library.frame_ok(pointers[0], pointers[2], pointers[3]) == expected
        assert library.events_ok(pointers[1], len(indices), pointers[2], pointers[3]) == expected
        assert scratch[-1] == 0xA5A5


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 1 << 32))
def test_hits_are_listed_or_dropped_as_numpy_decides(library, seed) -> None:
    """Frames at any address, events in any order; values and densities around their limits."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 4)), *(int(n) for n in rng.integers(1, 40, 2)))
    cell = tuple(int(rng.integers(1, size + 1)) for size in shape[1:])
    cells = [math.ceil(size / extent) for size, extent in zip(shape[1:], cell, strict=True)]
    offset = int(rng.integers(4))
    memory = np.zeros(math.prod(shape) + offset, np.uint8)
    frame = memory[offset:]
    frame[:] = rng.poisson(rng.choice([0.02, 0.3]), frame.size)
    highest = max(int(frame.max()) + int(rng.integers(-1, 2)), 1)
    densest = int(neighbourhood_sums(frame.reshape(shape), cell).max())
    indices = np.repeat(np.arange(frame.size), frame).astype(np.uint16)
    rng.shuffle(indices)
    for maximum in {min(max(densest + d, 1), LARGEST_DENSITY) for d in (-1, 0, 1)}:
        density = InputDensityAttr.make(cell, maximum)
        fields = np.array([*shape, *cell, *cells, maximum], np.int32)
        legal = frame.max() <= highest and find_excess(frame.reshape(shape), density) is None
        for source, size in ((frame, ()), (indices, (len(indices),))):
            counts, hits = np.zeros(frame.size, np.uint8), np.zeros(frame.size, np.uint16)
            scratch = np.zeros(cells[0] * cells[1], np.uint16)
            function = library.event_hits if size else library.frame_hits
            pointers = [
                a.ctypes.data_as(ctypes.c_void_p) for a in (source, counts, hits, scratch, fields)
            ]
            found = function(pointers[0], *size, frame.size, highest, *pointers[1:])
            if not legal:
                assert found == 0xFFFFFFFF
                assert not counts.any()
                continue
            np.testing.assert_array_equal(np.sort(hits[:found]), np.flatnonzero(frame))
            np.testing.assert_array_equal(counts, frame)


@pytest.mark.parametrize("bins", [50, 300])
def test_the_published_network_has_16_bit_membranes(bins) -> None:
    if (folder := shared_folder()) is None:
        pytest.skip("there is no folder with trained networks and recordings")
    torch = pytest.importorskip("torch")
    from snnir.data import load_data
    from snnir.frontends.loading import load_module
    from snnir.frontends.snntorch import from_snntorch

    model = folder / "models" / "nmnist_scnn"
    module = load_module(f"{model}/model.py:build", model / "weights.pt")
    network = from_snntorch(module, torch.zeros(1, 2, 34, 34), timesteps=bins)
    data = load_data(f"nmnist:{folder}/data/NMNIST/Train", bins, 40)
    if bins == 50:
        # As dense as all 700 recordings at most are: 1.5 times it would be too much for 16 bits.
        data.x[0, 0] = 0
        data.x[0, 0, :, 9:15, 9:13] = 2
        data.x[0, 0, 0, 9:11, 9:13] = 3
    widths, kept = {}, {}
    for density in (None, "none"):
        options = LoweringOptions(input_maximum=6, input_density=density, silent_multiple=1)  # type: ignore[arg-type]
        lowered = lower(network, options, data)
        neurons = [op for op in lowered.integers.body.block.ops if isinstance(op, qsnn.LIFOp)]
        widths[density] = [element_type_of(op.membrane.type) for op in neurons]
        kept[density] = {n: int((places >= 0).sum()) for n, places in lowered.kept_channels.items()}
    assert widths[None] == [i16] * 3
    assert widths["none"] != [i16] * 3
    assert kept[None] == {"2": 11, "5": 30}
