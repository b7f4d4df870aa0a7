# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks of kernels compute what their integer networks compute, and memory errors are found."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64

from snnir.dialects import cmsis_nn, snn, snnrt
from snnir.dialects.snn_attributes import InputKind, Readout
from snnir.executors import KernelExecutor, ReferenceExecutor, TorchExecutor
from snnir.kernels.context import KernelChoice, NeuronChoice
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.passes.static_input import StaticInputPasses
from snnir.support.diagnostics import SNNError
from snnir.testing.comparison import assert_same_results
from snnir.testing.pooled_networks import quantized_pooled_network
from snnir.testing.random_networks import LARGEST_COUNT, RandomNetwork, random_network
from snnir.testing.window_networks import random_window_network
from snnir.universe import make_context


def quantized(seed: int) -> RandomNetwork:
    """A random network at the `qsnn` level."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    counts = network.network.input.data in (InputKind.EVENT_COUNTS, InputKind.BINARY_FRAMES)
    frames = network.x.reshape(*network.x.shape[:2], -1)
    ConvertSNNToQSNNPass(
        bits=int(rng.integers(2, 9)),
        state=rng.choice(["auto", "auto", "i32", "saturate"]),
        rounding=rng.choice(["nearest", "floor"]),
        input_maximum=LARGEST_COUNT,
        input_density=max(int(frames.sum(axis=2).max()), 1) if counts and seed % 2 else None,
    ).apply(make_context(), network.module)
    network.module.verify()
    return network


def lowered(
    module: ModuleOp,
    kernels: KernelChoice = "event",
    plan: bool = False,
    tile_rows: int = 0,
    weight_bits: int = 8,
    neurons: NeuronChoice = "bytes",
) -> snnrt.NetworkOp:
    """A copy of a `qsnn` module's network, as kernels."""
    copy, context = module.clone(), make_context()
    ConvertQSNNToKernelsPass(
        kernels=kernels, tile_rows=tile_rows, weight_bits=weight_bits, neurons=neurons
    ).apply(context, copy)
    if plan:
        StaticInputPasses().apply(context, copy)
        KernelsPlanMemoryPass().apply(context, copy)
    copy.verify()
    network = copy.body.block.first_op
    assert isinstance(network, snnrt.NetworkOp)
    return network


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 1 << 32))
def test_all_integer_executors_agree(seed) -> None:
    try:
        network = quantized(seed)
    except SNNError as error:
        # Some random networks need wider membranes than their options allow.
        assume("no membrane format" not in str(error))
        raise
    expected = ReferenceExecutor(network.network).run(network.x, record=True)
    assert_same_results(expected, TorchExecutor(network.network).run(network.x, record="all"))
    for kernels in get_args(KernelChoice):
        for plan in (False, True):
            executor = KernelExecutor(lowered(network.module, kernels, plan))
            assert_same_results(expected, executor.run(network.x, record=True))
    packed = KernelExecutor(lowered(network.module, "scatter", plan=True, weight_bits=2))
    assert_same_results(expected, packed.run(network.x, record=True))


def test_random_networks_spike_and_use_every_kernel() -> None:
    """Otherwise the test above would show little."""
    used, spikes = set(), 0
    for seed in range(60):
        network = quantized(seed)
        recording = ReferenceExecutor(network.network).run(network.x, record=True).recording
        assert recording is not None
        spikes += sum(int(layer.sum()) for layer in recording.spikes.values())
        for kernels in get_args(KernelChoice):
            used |= {op.name for op in lowered(network.module, kernels).walk()}
        used |= {op.name for op in lowered(network.module, "scatter", weight_bits=2).walk()}
        used |= {op.name for op in lowered(network.module, plan=True).walk()}
    for seed in range(20):
        network = random_window_network(np.random.default_rng(seed))
        ConvertSNNToQSNNPass(input_maximum=LARGEST_COUNT).apply(make_context(), network.module)
        for tile_rows in (0, 1):
            used |= {op.name for op in lowered(network.module, tile_rows=tile_rows).walk()}
        listing = lowered(network.module, "scatter", neurons="lists")
        used |= {op.name for op in listing.walk()}
        used |= {op.name for op in lowered(quantized_pooled_network(seed).module).walk()}
    assert spikes > 5_000
    dialects = (snnrt.SNNRT, cmsis_nn.CMSISNN)
    declared = {op.name for dialect in dialects for op in dialect.operations}
    assert declared - {snnrt.NetworkOp.name} <= used


def wide_network(inputs: int) -> ModuleOp:
    """One linear layer of binary inputs."""
    from snnir.testing.random_networks import RandomNetworkBuilder

    builder = RandomNetworkBuilder(np.random.default_rng(3), (inputs,))
    return builder.finish(builder.frame, 2, InputKind.BINARY_FRAMES)


def test_spike_lists_hold_unsigned_indices() -> None:
    module = wide_network(40_000)
    ConvertSNNToQSNNPass().apply(make_context(), module)
    x = np.zeros((1, 2, 40_000), np.int64)
    x[:, :, 39_990:] = 1
    expected = ReferenceExecutor(module.body.block.first_op).run(x, record=True)  # type: ignore
    assert_same_results(expected, KernelExecutor(lowered(module)).run(x, record=True))


def test_inputs_beyond_16_bits_need_dense_kernels() -> None:
    module = wide_network(70_000)
    ConvertSNNToQSNNPass().apply(make_context(), module)
    with pytest.raises(SNNError, match=r"its 70000 inputs cannot be listed .* use kernels=cmsis"):
        lowered(module)
    lowered(module, "cmsis")


@pytest.mark.parametrize("plan", [False, True])
def test_samples_start_from_zero_state(plan) -> None:
    network = quantized(11)
    executor = KernelExecutor(lowered(network.module, plan=plan))
    together = executor.run(network.x).scores
    for sample, scores in zip(network.x, together, strict=True):
        np.testing.assert_array_equal(executor.run(sample[None]).scores[0], scores)


def buffers(network: snnrt.NetworkOp, region: snnrt.Region) -> list[snnrt.BufferOp]:
    every = [op for op in network.body.block.ops if isinstance(op, snnrt.BufferOp)]
    return [op for op in every if op.region.data is region]


def test_overlapping_buffers_are_found() -> None:
    """The last transient buffer is moved onto the membrane that its neuron updates."""
    network = quantized(2)
    kernels = lowered(network.module, plan=True)
    membrane = buffers(kernels, snnrt.Region.STATE)[0]
    assert membrane.offset is not None
    for buffer in buffers(kernels, snnrt.Region.TRANSIENT):
        buffer.properties["offset"] = IntegerAttr(membrane.offset.value.data, i64)
    with pytest.raises(SNNError, match=r"needs the buffer '\w+', but '\w+' overwrote it"):
        KernelExecutor(kernels).run(network.x)


def test_unwritten_buffers_are_found() -> None:
    network = quantized(2)
    kernels = lowered(network.module)
    fill = next(op for op in kernels.body.block.ops if isinstance(op, snnrt.FillZeroOp))
    fill.detach()
    fill.erase()
    with pytest.raises(SNNError, match="was not written in this step"):
        KernelExecutor(kernels).run(network.x)


def test_incomplete_plans_are_refused() -> None:
    kernels = lowered(quantized(2).module, plan=True)
    del buffers(kernels, snnrt.Region.STATE)[0].properties["offset"]
    with pytest.raises(SNNError, match="only some of its buffers have an offset"):
        KernelExecutor(kernels)


def test_plans_beyond_the_arena_are_refused() -> None:
    kernels = lowered(quantized(2).module, plan=True)
    kernels.properties["arena_bytes"] = IntegerAttr(8, i64)
    with pytest.raises(SNNError, match="of an arena of 8"):
        KernelExecutor(kernels)


def test_frames_are_checked() -> None:
    network = quantized(2)
    kernels = lowered(network.module)
    x = np.full_like(network.x, 128)
    with pytest.raises(SNNError, match="got 128"):
        KernelExecutor(kernels).run(x)


def test_no_kernel_for_the_maximum_of_a_population() -> None:
    module = next(
        network.module
        for network in map(quantized, range(100))
        if network.network.readout.data is Readout.MAX_MEMBRANE
    )
    module.body.block.first_op.properties["population"] = IntegerAttr(2, i64)  # type: ignore
    with pytest.raises(SNNError, match="maximum over time of the sum of a population"):
        lowered(module)


def test_parameters_broadcast_from_the_right() -> None:
    """A parameter of shape (3,) is one for each column, also where there are three channels."""
    from xdsl.dialects.builtin import FloatAttr, FunctionType, f32
    from xdsl.ir import Block, Region

    from snnir.support.arrays import dense_from_array

    block = Block(arg_types=[snn.real_tensor((3, 2, 3))])
    threshold = dense_from_array(np.array([1.0, 2.0, 40.0], np.float32))
    lif = snn.LIFOp(block.args[0], FloatAttr(0.5, f32), threshold)
    flat = snn.FlattenOp(lif.spikes)
    weight = snn.WeightOp(dense_from_array(np.ones((2, 18), np.float32)))
    linear = snn.LinearOp(flat.result, weight.result)
    last = snn.LIFOp(linear.result, FloatAttr(0.5, f32), FloatAttr(1.0, f32))
    block.add_ops([lif, flat, weight, linear, last, snn.OutputOp(last.spikes)])
    types = FunctionType.from_lists(block.arg_types, [last.spikes.type])
    module = ModuleOp([snn.NetworkOp("net", types, Region(block), timesteps=5)])
    ConvertSNNToQSNNPass().apply(make_context(), module)
    x = np.random.default_rng(0).integers(0, 5, (2, 5, 3, 2, 3))
    expected = ReferenceExecutor(module.body.block.first_op).run(x, record=True)  # type: ignore
    assert_same_results(expected, KernelExecutor(lowered(module)).run(x, record=True))
