# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hoisting what only depends on a static input changes no spike, and saves the work."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.costs.model import constant_bytes, predict
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.dialects.snn_attributes import InputKind
from snnir.executors import TorchExecutor
from snnir.executors.kernel_executor import KernelExecutor
from snnir.kernels.context import KernelChoice
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.kernels_hoist_static_input import KernelsHoistStaticInputPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.testing.comparison import assert_same_results
from snnir.testing.static_network import SHAPE, TIMESTEPS, static_network
from snnir.universe import make_context


def kernels_of(module: ModuleOp, kernels: KernelChoice = "event") -> ModuleOp:
    copy = module.clone()
    ConvertQSNNToKernelsPass(kernels=kernels).apply(make_context(), copy)
    return copy


def hoisted(module: ModuleOp, **options: int | bool | str) -> snnrt.NetworkOp:
    """The network of a module after hoisting and planning, which change it."""
    KernelsHoistStaticInputPass(**options).apply(make_context(), module)  # type: ignore[arg-type]
    return planned(module)


def planned(module: ModuleOp) -> snnrt.NetworkOp:
    KernelsPlanMemoryPass().apply(make_context(), module)
    module.verify()
    network = module.body.block.first_op
    assert isinstance(network, snnrt.NetworkOp)
    return network


def once(network: snnrt.NetworkOp) -> list[str]:
    """Names of the calls that run once."""
    calls = (op for op in network.body.block.ops if isinstance(op, KernelOpBase))
    return [op.name for op in calls if op.once is not None]


def arena(network: snnrt.NetworkOp) -> int:
    assert network.arena_bytes is not None
    return network.arena_bytes.value.data


@pytest.fixture(scope="module")
def static() -> ModuleOp:
    return static_network()


@pytest.fixture(scope="module")
def x() -> NDArray:
    return np.random.default_rng(4).integers(-9, 10, (3, *SHAPE))


@pytest.mark.parametrize("kernels", get_args(KernelChoice))
def test_spikes_and_membranes_stay(static, x, kernels) -> None:
    integers = static.body.block.first_op
    expected = TorchExecutor(integers).run(x, record="all")
    assert expected.recording is not None
    assert all(layer.any() for layer in expected.recording.spikes.values())
    network = hoisted(kernels_of(static, kernels))
    assert {"snnrt.sum_pool2d", "snnrt.conv2d_dot_pool2d"} & {*once(network)}
    assert "snnrt.lif" not in once(network)
    assert_same_results(expected, KernelExecutor(network).run(x, record=True))


def test_calls_of_later_layers_run_at_every_step(static) -> None:
    network = hoisted(kernels_of(static))
    names = once(network)
    assert names.count("snnrt.conv2d_dot_pool2d") == 1
    assert not any("linear" in name for name in names)


def test_prediction_shares_the_work_among_the_steps(static) -> None:
    before, after = planned(kernels_of(static)), hoisted(kernels_of(static))
    costs = [predict(network).calls for network in (before, after)]
    for (_, whole), (op, part) in zip(costs[0].items(), costs[1].items(), strict=True):
        assert part == (whole if op.once is None else whole / TIMESTEPS)


@pytest.mark.parametrize(
    "input", [kind for kind in InputKind if kind is not InputKind.STATIC_VALUES]
)
def test_other_inputs_are_left_alone(input) -> None:
    module = kernels_of(static_network(input))
    before = str(module)
    KernelsHoistStaticInputPass().apply(make_context(), module)
    assert str(module) == before


def test_nothing_is_hoisted_above_the_limits(static) -> None:
    def lowered() -> ModuleOp:
        return kernels_of(static, "scatter")

    least, most = arena(planned(lowered())), arena(hoisted(lowered()))
    assert least < most
    for limit in ({"keep_arena": True}, {"ram_limit": most - 1}):
        with DiagnosticEngine() as engine:
            network = hoisted(lowered(), **limit)
        assert not once(network)
        assert arena(network) == least
        assert any("the arena would be too large" in remark.message for remark in engine.remarks)
    assert once(hoisted(lowered(), ram_limit=most))


@pytest.mark.parametrize("spare", [-100, 0])
def test_the_arena_may_grow_by_a_little_of_all_bytes(static, spare: int) -> None:
    def lowered(table: int) -> ModuleOp:
        module = kernels_of(static, "scatter")
        network = module.body.block.first_op
        assert isinstance(network, snnrt.NetworkOp)
        first = network.body.block.first_op
        assert first is not None
        table_op = snnrt.ConstantOp("table", dense_from_array(np.zeros(table, np.int8)))
        network.body.block.insert_op_before(table_op, first)
        return module

    least, most = arena(planned(lowered(1))), arena(hoisted(lowered(1)))
    needed = 50 * (most - least) - least - constant_bytes(planned(kernels_of(static, "scatter")))
    network = hoisted(lowered(needed + spare), keep_arena=True)
    assert bool(once(network)) == (spare == 0)


def test_planned_memory_is_refused(static) -> None:
    module = kernels_of(static)
    planned(module)
    with pytest.raises(SNNError, match="memory is planned already"):
        KernelsHoistStaticInputPass().apply(make_context(), module)


def test_calls_keep_their_mark_as_text(static) -> None:
    network = hoisted(kernels_of(static))
    assert str(network).count("once") == len(once(network)) > 0
