# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Computing several steps of neurons at once changes no spike of any step."""

from __future__ import annotations

import math
from itertools import cycle, product
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import HOST, MPS2_AN500
from snnir.costs.model import predict
from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.dialects.network import layer_names
from snnir.dialects.snn_attributes import InputKind, Reset, ResetTiming
from snnir.executors import TorchExecutor
from snnir.executors.kernel_executor import KernelExecutor
from snnir.executors.native import NativeExecutor
from snnir.kernels.context import KernelChoice
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.kernels_batch_timesteps import KernelsBatchTimestepsPass, steps_of_batch
from snnir.passes.kernels_hoist_static_input import KernelsHoistStaticInputPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.testing.comparison import assert_same_results
from snnir.testing.static_network import SHAPE, TIMESTEPS, static_network
from snnir.testing.targets import require_target
from snnir.universe import make_context


def hoisted(module: ModuleOp, kernels: KernelChoice = "scatter") -> ModuleOp:
    """A copy of integers as kernels, whose currents are hoisted."""
    copy = module.clone()
    ConvertQSNNToKernelsPass(kernels=kernels).apply(make_context(), copy)
    KernelsHoistStaticInputPass().apply(make_context(), copy)
    return copy


def batched(module: ModuleOp, **options: int) -> snnrt.NetworkOp:
    """The network of a module of kernels after batching and planning, which change it."""
    KernelsBatchTimestepsPass(**options).apply(make_context(), module)  # type: ignore[arg-type]
    KernelsPlanMemoryPass().apply(make_context(), module)
    module.verify()
    return network_of(module)


def network_of(module: ModuleOp) -> snnrt.NetworkOp:
    network = module.body.block.first_op
    assert isinstance(network, snnrt.NetworkOp)
    return network


def calls(network: snnrt.NetworkOp) -> list[str]:
    return [op.name for op in network.body.block.ops if isinstance(op, KernelOpBase)]


def period(network: snnrt.NetworkOp) -> int | None:
    """Steps of a batch; None if there are no batches."""
    periods = [op.period for op in network.walk() if isinstance(op, snnrt.MultiStepBase)]
    return periods[0] if periods else None


def arena(network: snnrt.NetworkOp) -> int:
    assert network.arena_bytes is not None
    return network.arena_bytes.value.data


@pytest.fixture(scope="module")
def x() -> NDArray:
    return np.random.default_rng(4).integers(-9, 10, (3, *SHAPE))


def assert_all_executors_agree(integers: ModuleOp, network: snnrt.NetworkOp, x: NDArray) -> None:
    qsnn_network = integers.body.block.first_op
    assert isinstance(qsnn_network, qsnn.NetworkOp)
    expected = TorchExecutor(qsnn_network).run(x, record="all")
    assert expected.recording is not None
    assert all(layer.any() for layer in expected.recording.spikes.values())
    assert_same_results(expected, KernelExecutor(network).run(x, record=True))
    module = network.parent_op()
    assert isinstance(module, ModuleOp)
    assert_same_results(expected, NativeExecutor(module, HOST).run(x, record="all"))


@pytest.mark.parametrize("kernels", get_args(KernelChoice))
def test_spikes_stay(x, kernels) -> None:
    integers = static_network()
    network = batched(hoisted(integers, kernels))
    assert period(network) == TIMESTEPS
    assert_all_executors_agree(integers, network, x)


KINDS = [
    (reset, timing, state)
    for (reset, timing), state in zip(
        product(Reset, ResetTiming), cycle(("auto", "i32", "saturate")), strict=False
    )
]


@pytest.mark.parametrize(("reset", "timing", "state"), KINDS)
def test_spikes_stay_with_any_neurons(x, reset, timing, state) -> None:
    integers = static_network(timesteps=7, reset=reset, reset_timing=timing, state=state)
    network = batched(hoisted(integers), steps=3)
    assert period(network) == 3
    assert_all_executors_agree(integers, network, x)


def test_calls_are_counted_as_they_are_made() -> None:
    network = batched(hoisted(static_network(timesteps=7)), steps=3)
    made = [op for op in network.body.block.ops if isinstance(op, KernelOpBase)]
    assert {op.runs_in_steps(7) for op in made} == {1, 3, 7}
    for op, steps in product(made, range(9)):
        assert op.runs_in_steps(steps) == sum(map(op.runs_in, range(steps)))


SECOND_ORDER = [
    ("synaptic", reset, timing, state)
    for (reset, timing), state in zip(
        product((Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER), ResetTiming),
        cycle(("auto", "i32", "saturate", "auto", "i16")),
        strict=False,
    )
] + [
    ("alpha", reset, ResetTiming.DELAYED, state)
    for reset, state in product(
        (Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER), ("auto", "i32", "saturate")
    )
]


@pytest.mark.parametrize(("kind", "reset", "timing", "state"), SECOND_ORDER)
def test_spikes_stay_of_neurons_with_several_states(x, kind, reset, timing, state) -> None:
    integers = static_network(timesteps=7, reset=reset, reset_timing=timing, state=state, kind=kind)
    network = batched(hoisted(integers), steps=3)
    assert f"snnrt.{kind}_multi_step" in calls(network)
    assert not {"snnrt.alpha", "snnrt.li"} & set(calls(network))
    assert_all_executors_agree(integers, network, x)


@pytest.mark.parametrize("kind", ["synaptic", "alpha"])
def test_spikes_stay_on_the_target(x, kind) -> None:
    require_target(MPS2_AN500)
    integers = static_network(kind=kind, pooled_spikes=True)
    network = batched(hoisted(integers))
    module, qsnn_network = network.parent_op(), integers.body.block.first_op
    assert isinstance(module, ModuleOp)
    assert isinstance(qsnn_network, qsnn.NetworkOp)
    expected = TorchExecutor(qsnn_network).run(x, record="all")
    assert_same_results(expected, NativeExecutor(module, MPS2_AN500).run(x, record="all"))


def test_layers_keep_their_names_where_two_become_one(x) -> None:
    integers = static_network(kind="synaptic")
    names = list(layer_names(integers.body.block.first_op).values())  # type: ignore[arg-type]
    network = batched(hoisted(integers))
    (op,) = [op for op in network.walk() if isinstance(op, snnrt.SynapticMultiStepOp)]
    assert [*op.hidden_layers, *layer_names(network).values()] == names


def test_spikes_become_lists_without_bytes() -> None:
    network = batched(hoisted(static_network()))
    assert "snnrt.list_bits" in calls(network)
    assert "snnrt.bits_to_bytes" not in calls(network)
    buffers = [op.sym_name.data for op in network.walk() if isinstance(op, snnrt.BufferOp)]
    assert "lif_spikes_bits" in buffers
    assert "lif_spikes" not in buffers


def test_spikes_that_are_pooled_become_bytes(x) -> None:
    integers = static_network(pooled_spikes=True)
    network = batched(hoisted(integers))
    assert "snnrt.bits_to_bytes" in calls(network)
    assert "snnrt.list_bits" not in calls(network)
    assert_all_executors_agree(integers, network, x)


def test_currents_that_change_are_left_alone() -> None:
    module = static_network().clone()
    ConvertQSNNToKernelsPass(kernels="scatter").apply(make_context(), module)
    before = str(module)
    KernelsBatchTimestepsPass().apply(make_context(), module)
    assert str(module) == before
    events = hoisted(static_network(InputKind.VALUES))
    assert period(batched(events)) is None


@pytest.mark.parametrize(
    ("timesteps", "most", "expected"),
    [(5, 16, 5), (16, 16, 16), (17, 16, 9), (25, 16, 13), (100, 16, 15), (7, 3, 3), (1, 16, 1)],
)
def test_batches_divide_a_sequence_evenly(timesteps, most, expected) -> None:
    assert steps_of_batch(timesteps, most) == expected


def test_batches_become_smaller_within_a_limit() -> None:
    def network(**options: int) -> snnrt.NetworkOp:
        return batched(hoisted(static_network(timesteps=16)), **options)

    without = hoisted(static_network(timesteps=16))
    KernelsPlanMemoryPass().apply(make_context(), without)
    sizes = {steps: arena(network(steps=steps)) for steps in (2, 4, 8, 16)}
    assert arena(network_of(without)) < sizes[2] < sizes[4] < sizes[8] < sizes[16]
    for steps, most in sizes.items():
        assert period(network(ram_limit=most)) == steps
    with DiagnosticEngine() as engine:
        assert period(network(ram_limit=sizes[2] - 1)) is None
    assert any("would be too large" in remark.message for remark in engine.remarks)


def test_batches_become_smaller_within_a_limit_of_flash() -> None:
    def network(**options: int) -> snnrt.NetworkOp:
        return batched(hoisted(static_network(timesteps=16)), **options)

    sizes = {steps: predict(network(steps=steps)).flash_bytes for steps in (2, 4, 8, 16)}
    assert sizes[2] < sizes[4] < sizes[8] < sizes[16]
    for steps, most in sizes.items():
        assert period(network(flash_limit=math.ceil(most))) == steps
    assert period(network(flash_limit=int(sizes[2]) - 1)) is None


def test_prediction_shares_a_batch_among_its_steps() -> None:
    network = batched(hoisted(static_network(timesteps=7)), steps=4)
    op = next(op for op in network.walk() if isinstance(op, snnrt.LIFMultiStepOp))
    whole = batched(hoisted(static_network(timesteps=4)), steps=4)
    each = next(op for op in whole.walk() if isinstance(op, snnrt.LIFMultiStepOp))
    assert predict(network).calls[op] == pytest.approx(predict(whole).calls[each] * 4 * 2 / 7)


def test_steps_out_of_range_are_refused() -> None:
    for steps in (1, 17):
        with pytest.raises(SNNError, match=f"steps={steps} is no size of a batch; use 2 to 16"):
            batched(hoisted(static_network()), steps=steps)


def test_planned_memory_is_refused() -> None:
    module = hoisted(static_network())
    KernelsPlanMemoryPass().apply(make_context(), module)
    with pytest.raises(SNNError, match="memory is planned already"):
        KernelsBatchTimestepsPass().apply(make_context(), module)
