# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The generated C computes what the integer network computes, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from generated_networks import (
    INPUT_MAXIMUM,
    Generated,
    generate,
    lower,
    require_cmsis_nn,
)
from xdsl.dialects.builtin import i32

from snnir.backends.targets import HOST, MPS2_AN500, TargetDescription
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element
from snnir.dialects.snn_attributes import InputKind, Readout
from snnir.executors import TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.testing.comparison import assert_same_results
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import binary
from snnir.testing.random_networks import LARGEST_COUNT, random_network
from snnir.testing.targets import require_target
from snnir.universe import make_context

READOUTS = [
    (readout, population)
    for readout in Readout
    for population in (None, 3)
    if (readout, population) != (Readout.MAX_MEMBRANE, 3)
]


def assert_bit_exact(network: Generated, target: TargetDescription, events: bool = False) -> None:
    """Scores, labels, spikes and membranes of all layers and steps are those of `qsnn`."""
    require_target(target)
    if network.c_network.uses_cmsis_nn:
        require_cmsis_nn()
    expected = TorchExecutor(network.integer_network).run(network.x, record="all")
    assert expected.recording is not None
    assert all(layer.any() for layer in expected.recording.membranes.values())
    executor = NativeExecutor(network.kernels, target)
    assert_same_results(expected, executor.run(network.x, record="all", events=events))


@pytest.mark.parametrize(("readout", "population"), READOUTS)
def test_readouts(readout, population) -> None:
    assert_bit_exact(generate("linear", readout=readout, population=population), HOST)


@pytest.mark.parametrize("input", InputKind)
@pytest.mark.parametrize("kernels", ["event", "cmsis"])
def test_inputs(kernels, input) -> None:
    assert_bit_exact(generate("conv", kernels, input=input), HOST)


@pytest.mark.parametrize("target", [HOST, MPS2_AN500], ids=lambda target: target.name)
def test_values_of_groups(target) -> None:
    """Currents at the start of the arena, which the compiler must not take for no currents."""
    network = generate("grouped", bits=4, input=InputKind.STATIC_VALUES)
    assert any(op.name == "snnrt.conv2d_scatter_values" for op in network.kernels.walk())
    assert_bit_exact(network, target)


@pytest.mark.parametrize("state", ["i16", "i32"])
@pytest.mark.parametrize("kernels", ["event", "cmsis"])
def test_membrane_types(kernels, state) -> None:
    assert_bit_exact(generate("conv", kernels, state=state), HOST)


@pytest.mark.parametrize("input", InputKind)
@pytest.mark.parametrize(
    ("kernels", "operation"),
    [
        ("dense", "snnrt.linear_scatter"),
        ("packed", "snnrt.linear_scatter_packed"),
        ("sparse", "snnrt.linear_scatter_sparse"),
        ("blocks", "snnrt.linear_scatter_blocks"),
        ("gather", "snnrt.linear_gather"),
    ],
)
def test_storages_of_weights(kernels, operation, input) -> None:
    for target, bits in ((HOST, 4), (MPS2_AN500, 2)):
        network = generate("pruned", kernels, bits=bits, input=input)
        assert any(op.name.removesuffix("_values") == operation for op in network.kernels.walk())
        assert_bit_exact(network, target)


@pytest.mark.parametrize("target", [HOST, MPS2_AN500], ids=lambda target: target.name)
def test_sums_of_32_bits_are_gathered(target) -> None:
    """Some frames have more spikes than lanes of 16 bits can sum."""
    network = binary(np.random.default_rng(2009))
    assert network.x.sum(axis=-1).max() > 256
    quantized(network, "bits=8")
    generated = Generated(network.module, lower(network.module, "gather"), network.x)
    gathers = [op for op in generated.kernels.walk() if isinstance(op, snnrt.LinearGatherOp)]
    assert i32 in [buffer_element(op.current.type) for op in gathers]
    assert_bit_exact(generated, target)


@pytest.mark.parametrize("kind", ["conv", "linear"])
@pytest.mark.parametrize("bits", [2, 8])
@pytest.mark.parametrize(
    "input", [InputKind.VALUES, InputKind.STATIC_VALUES, InputKind.EVENT_COUNTS]
)
def test_products_of_all_inputs(kind, bits, input) -> None:
    network = generate(kind, "dot", bits=bits, input=input)
    names = {op.name for op in network.kernels.walk()}
    assert names & {"snnrt.conv2d_dot", "snnrt.linear_dot"}
    for target in (HOST, MPS2_AN500):
        assert_bit_exact(network, target)


@pytest.mark.parametrize("kind", ["conv", "linear"])
@pytest.mark.parametrize("input", [InputKind.EVENT_COUNTS, InputKind.BINARY_FRAMES])
def test_events_give_the_same_as_frames(kind, input) -> None:
    assert_bit_exact(generate(kind, input=input), HOST, events=True)


@pytest.mark.parametrize("kernels", ["event", "cmsis"])
def test_emulated_target(kernels) -> None:
    network = generate("conv", kernels, readout=Readout.FIRST_SPIKE, population=2)
    assert_bit_exact(network, MPS2_AN500, events=True)


def test_values_on_the_emulated_target() -> None:
    network = generate("linear", input=InputKind.VALUES, readout=Readout.MEAN_MEMBRANE)
    assert_bit_exact(network, MPS2_AN500)


def test_instruction_counts_are_reproducible() -> None:
    require_target(MPS2_AN500)
    network = generate("conv")
    executors = [NativeExecutor(network.kernels, MPS2_AN500) for _ in range(2)]
    for executor in executors:
        executor.run(network.x)
    first, second = (executor.measurements for executor in executors)
    assert first == second
    assert first.instructions is not None
    assert first.worst_step_instructions is not None
    assert 0 < first.worst_step_instructions <= first.instructions
    assert first.stack_bytes is not None
    assert first.stack_bytes > 0


@pytest.mark.parametrize("population", [None, 2, 3])
def test_a_first_spike_at_the_last_step_ties_with_silence(population) -> None:
    """As in `snntorch.functional.accuracy_temporal`; the lowest class wins a tie."""
    network = generate("linear", readout=Readout.FIRST_SPIKE, population=population)
    rng = np.random.default_rng(0)
    x = np.zeros((30, *network.x.shape[1:]), np.int64)
    x[:, -1] = rng.integers(0, INPUT_MAXIMUM + 1, x[:, -1].shape)
    expected = TorchExecutor(network.integer_network).run(x, record="all")
    assert expected.recording is not None
    spikes = expected.recording.spikes["output"][:, -1]
    assert (spikes.any(axis=1) & ~spikes[:, 0]).any(), "no sample decides the question"
    assert_same_results(expected, NativeExecutor(network.kernels, HOST).run(x, record="all"))


@pytest.mark.parametrize("seed", range(8))
def test_random_networks(seed) -> None:
    """Networks of every layer; the executors in Python are compared on many more of them."""
    rng = np.random.default_rng(seed)
    random = random_network(rng)
    conversion = ConvertSNNToQSNNPass(bits=int(rng.integers(2, 9)), input_maximum=LARGEST_COUNT)
    conversion.apply(make_context(), random.module)
    lowered = lower(random.module, "cmsis" if seed % 2 else "event")
    network = Generated(random.module, lowered, random.x)
    assert_bit_exact(network, MPS2_AN500 if seed % 4 == 0 else HOST)
