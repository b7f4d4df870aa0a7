# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Chosen kernels compute what the integer network does, keep to limits and cost what is said."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from snnir.backends.targets import MPS2_AN500
from snnir.backends.toolchain import find_cmsis_nn
from snnir.calibration import measure_activity, record_activity
from snnir.costs.candidates import Layer
from snnir.costs.goals import Goal
from snnir.costs.model import NetworkCost, predict
from snnir.costs.signals import ASSUMED_INPUT_RATE
from snnir.data import Dataset
from snnir.dialects import qsnn, snn, snnrt
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import InputKind
from snnir.driver.bit_exactness import first_difference
from snnir.driver.files import kernels_of
from snnir.driver.pipelines import LoweringOptions, apply_pipeline, to_kernels
from snnir.executors import KernelExecutor, TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.layers.activity_attributes import erase_input_activity, erase_rates
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.testing.cost_network_builder import CostNetworkBuilder, quantized
from snnir.testing.cost_networks import (
    binary,
    connected,
    convolutional,
    narrow,
    recurrent,
    spikes_pooled,
    synaptic,
    trained_leaks,
)
from snnir.testing.random_networks import LARGEST_COUNT, RandomNetwork
from snnir.testing.targets import require_target
from snnir.testing.window_networks import random_window_network
from snnir.universe import make_context

GOALS = get_args(Goal)
LINEAR = "snnrt.linear_scatter"


def window_network(seed: int) -> RandomNetwork:
    """A random network of the `qsnn` level."""
    print(f"seed {seed}")
    network = random_window_network(np.random.default_rng(seed))
    ConvertSNNToQSNNPass(bits=4, input_maximum=LARGEST_COUNT).apply(make_context(), network.module)
    return network


def lowered(module: ModuleOp, options: str) -> tuple[snnrt.NetworkOp, NetworkCost]:
    """A copy as kernels chosen with these options, and its predicted cost."""
    copy = module.clone()
    apply_pipeline(
        copy,
        f"qsnn-select-kernels{{target=mps2-an500 {options}}},convert-qsnn-to-kernels,"
        "kernels-plan-memory",
    )
    network = next(op for op in copy.walk() if isinstance(op, snnrt.NetworkOp))
    return network, predict(network)


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 1 << 32), st.sampled_from(GOALS))
def test_chosen_kernels_are_exact(seed, goal) -> None:
    network = window_network(seed)
    kernels, _ = lowered(network.module, f"optimize={goal}")
    expected = TorchExecutor(network.network).run(network.x, record="all")
    result = KernelExecutor(kernels).run(network.x, record=True)
    assert first_difference(expected, result) is None


@pytest.mark.parametrize("goal", GOALS)
def test_kernels_are_chosen_where_nothing_is_ever_active(goal) -> None:
    network = window_network(0)
    silence = Dataset(0 * network.x, None, "silence")
    record_activity(network.network, measure_activity(network.network, silence))
    _, cost = lowered(network.module, f"optimize={goal}")
    assert 0 < cost.time("instructions") < np.inf


@pytest.fixture(scope="module")
def measured_network() -> RandomNetwork:
    network = convolutional(np.random.default_rng(2001), True)
    quantized(network, "bits=8")
    return network


def test_goals_are_met(measured_network) -> None:
    costs = {goal: lowered(measured_network.module, f"optimize={goal}")[1] for goal in GOALS}
    sizes = {goal: cost.flash_bytes + cost.ram_bytes for goal, cost in costs.items()}
    products = {goal: costs[goal].instructions * sizes[goal] for goal in GOALS}
    # What layers share makes sums of layers a little wrong.
    assert costs["speed"].instructions <= 1.01 * min(c.instructions for c in costs.values())
    assert sizes["size"] <= 1.03 * min(sizes.values())
    # Tiles, which `size` takes here, are no candidates for `balanced`.
    assert products["balanced"] <= 1.03 * products["speed"]
    assert costs["speed"].instructions < costs["size"].instructions
    assert sizes["size"] < sizes["speed"]


def test_limits_are_kept(measured_network) -> None:
    """Between what two goals take, a limit excludes the one and is met by the other."""
    module = measured_network.module
    fast, small = (lowered(module, f"optimize={goal}")[1] for goal in ("speed", "size"))
    for name, large, little in (
        ("ram", fast.ram_bytes, small.ram_bytes), ("flash", fast.flash_bytes, least_flash(module)),
    ):  # fmt: skip
        assert little < large
        limit = int((large + little) / 2)
        _, cost = lowered(module, f"optimize=speed {name}-limit={limit}")
        assert getattr(cost, f"{name}_bytes") <= limit < large
        assert cost.instructions > fast.instructions


def least_flash(module: ModuleOp) -> float:
    """What an impossible limit says is possible, which is then met."""
    with pytest.raises(SNNError) as caught:
        lowered(module, "optimize=speed flash-limit=1")
    found = re.search(r"the least of any kernels is ([\d,]+)", str(caught.value))
    assert found
    least = int(found[1].replace(",", ""))
    _, cost = lowered(module, f"optimize=speed flash-limit={least}")
    assert cost.flash_bytes <= least
    return least


def test_reserves_count_as_bytes(measured_network) -> None:
    module = measured_network.module
    _, fast = lowered(module, "optimize=speed")
    limit = math.ceil(fast.flash_bytes)
    _, same = lowered(module, f"optimize=speed flash-limit={limit}")
    assert same.flash_bytes == fast.flash_bytes
    _, other = lowered(module, f"optimize=speed flash-limit={limit} flash-reserve=1")
    assert other.flash_bytes + 1 <= limit


def tiled(module: ModuleOp, options: str) -> bool:
    network, _ = lowered(module, options)
    return any(isinstance(op, snnrt.TileLIFBase) for op in network.walk())


@pytest.mark.parametrize("goal", ["speed", "balanced"])
def test_tiles_are_for_little_memory(measured_network, goal) -> None:
    module = measured_network.module
    assert tiled(module, "optimize=size")
    assert not tiled(module, f"optimize={goal}")
    _, cost = lowered(module, f"optimize={goal}")
    assert not tiled(module, f"optimize={goal} ram-limit={math.ceil(cost.ram_bytes)}")
    # No other kernels need so little.
    _, small = lowered(module, "optimize=size")
    assert tiled(module, f"optimize={goal} ram-limit={math.ceil(small.ram_bytes)}")


def test_size_keeps_nothing_about_calm_windows() -> None:
    """What tells calm windows from others takes more bytes than it saves."""
    network = spikes_pooled(np.random.default_rng([5002, 7]))
    quantized(network, "bits=8")
    given = network.module.clone()
    apply_pipeline(given, "convert-qsnn-to-kernels{tile-rows=1},kernels-plan-memory")
    chosen, cost = lowered(network.module, "optimize=size")
    first, *_ = (op for op in chosen.walk() if isinstance(op, snnrt.TileLIFBase))
    assert first.resets is not None
    assert first.calm is None
    assert any(isinstance(op, snnrt.TileLIFBase) and op.calm is not None for op in given.walk())
    assert cost.ram_bytes < predict(kernels_of(given)).ram_bytes


def test_remarks_say_what_was_next_and_what_limits_exclude(measured_network) -> None:
    module = measured_network.module
    _, fast = lowered(module, "optimize=speed")
    with DiagnosticEngine() as engine:
        _, cost = lowered(module, f"optimize=speed ram-limit={int(fast.ram_bytes) - 1}")
    texts = [remark.message.partition(" op ")[2] for remark in engine.remarks]
    assert any(re.match(r"next best: .* with .* for layer \d", text) for text in texts)
    above = math.ceil(fast.ram_bytes) - int(fast.ram_bytes) + 1
    excluded = f"the limits exclude {fast.instructions:,.0f} instructions per step, "
    found = [text for text in texts if text.startswith(excluded)]
    assert [text.endswith(f" {above} bytes of RAM above the limit") for text in found] == [True]
    # What costs the same is told once.
    candidates = [text for text in texts if text.startswith("candidate")]
    assert len(candidates) == len({text.partition(":")[2] for text in candidates}) > 1
    assert cost.ram_bytes < fast.ram_bytes


def test_what_does_not_fit_says_what_is_missing(measured_network) -> None:
    with pytest.raises(SNNError) as caught:
        lowered(measured_network.module, "optimize=size ram-limit=1000")
    message = str(caught.value)
    found = re.search(
        r"([\d,]+) bytes of RAM are missing: it needs ([\d,]+), the limit is 1,000, and the least "
        r"of any kernels is ([\d,]+): raise the limit, .* or make the network smaller",
        message,
    )
    assert found
    missing, needed, least = (int(text.replace(",", "")) for text in found.groups())
    assert needed - missing == 1000
    assert least == needed
    assert "\n" not in message


def test_hosts_get_no_triples(measured_network) -> None:
    copy = measured_network.module.clone()
    apply_pipeline(copy, "qsnn-select-kernels{optimize=speed target=host}")
    packings = [op.attributes.get("packing") for op in copy.walk()]
    assert not any(getattr(packing, "data", None) == "triples" for packing in packings)
    assert all("kernel" in op.attributes for op in copy.walk() if isinstance(op, qsnn.Conv2dOp))


TOLERANCE = 0.15
FLASH_TOLERANCE, SMALL_FLASH_TOLERANCE = 0.05, 1200


def require_cmsis_nn() -> None:
    try:
        find_cmsis_nn()
    except SNNError:
        pytest.skip("the CMSIS-NN sources are not installed; run 'make setup'")


def test_weights_of_4_bits_of_the_library_are_a_candidate() -> None:
    """With predictions that hold, for layers whose sums fit 8 bits."""
    network = narrow(np.random.default_rng([2001, 4]))
    quantized(network, "bits=4")
    with DiagnosticEngine() as engine:
        chosen, _ = lowered(network.module, "optimize=size kernels=cmsis")
    candidates = [remark.message for remark in engine.remarks if "_s4" in remark.message]
    assert len(candidates) == sum(isinstance(op, Layer) for op in network.network.walk())
    expected = TorchExecutor(network.network).run(network.x, record="all")
    assert first_difference(expected, KernelExecutor(chosen).run(network.x, record=True)) is None
    require_target(MPS2_AN500)
    require_cmsis_nn()
    module = network.module.clone()
    apply_pipeline(module, "convert-qsnn-to-kernels{kernels=cmsis_s4},kernels-plan-memory")
    assert_predicted(module, network)


@pytest.mark.parametrize(
    "make",
    ["convolutional", "connected", "synaptic", "alpha", "recurrent", "binary", "trained_leaks"],
)
def test_predictions_hold_on_networks_outside_of_the_fit(make) -> None:
    require_target(MPS2_AN500)
    # Seeds that the calibration does not use.
    if make == "convolutional":
        network = convolutional(np.random.default_rng(2002), True)
    elif make == "synaptic":
        network = synaptic(np.random.default_rng(2006))
    elif make == "alpha":
        network = synaptic(np.random.default_rng(2008), alpha=True)
    elif make == "binary":
        network = binary(np.random.default_rng(2010))
    elif make == "recurrent":
        network = recurrent(np.random.default_rng(2007))
    elif make == "trained_leaks":
        network = trained_leaks(np.random.default_rng(2033))
    else:
        network = connected(np.random.default_rng(2004))
    quantized(network, "bits=8")
    kernels, _ = lowered(network.module, "optimize=balanced")
    assert_predicted(ModuleOp([kernels.clone()]), network)


def assert_predicted(module: ModuleOp, network: RandomNetwork) -> None:
    """A network of kernels takes the instructions and the flash that are predicted for it."""
    cost = predict(next(op for op in module.walk() if isinstance(op, snnrt.NetworkOp)))
    assert not cost.unknown
    executor = NativeExecutor(module, MPS2_AN500)
    executor.run(network.x, events=True)
    measured = executor.measurements.instructions_per_step
    assert measured is not None
    print(f"predicted {cost.instructions:.0f}, measured {measured:.0f}")
    assert abs(cost.instructions / measured - 1) <= TOLERANCE
    flash = executor.measurements.flash_bytes
    assert flash is not None
    print(f"predicted {cost.flash_bytes:.0f} bytes of flash, measured {flash}")
    assert abs(cost.flash_bytes - flash) <= max(FLASH_TOLERANCE * flash, SMALL_FLASH_TOLERANCE)


def test_without_activity_events_of_the_assumed_rate_are_predicted() -> None:
    """The layer that reads the input costs what it would if the assumption had been measured."""
    rng = np.random.default_rng(2005)
    network = connected(rng)
    x = (rng.random(network.x.shape) < ASSUMED_INPUT_RATE).astype(np.int64)
    quantized(replace(network, x=x), "bits=8")
    unknown = network.module.clone()
    for op in unknown.walk():
        erase_rates(op)
        if isinstance(op, qsnn.NetworkOp):
            erase_input_activity(op)
    predictions = []
    for module in (network.module, unknown):
        with DiagnosticEngine() as engine:
            kernels, cost = lowered(module, "optimize=speed")
        predictions.append(next(t for op, t in cost.calls.items() if op.name.startswith(LINEAR)))
        assumed = any("activity was not measured" in remark.message for remark in engine.remarks)
        assert assumed == (module is unknown)
        expected = TorchExecutor(network.network).run(x, record="all")
        assert first_difference(expected, KernelExecutor(kernels).run(x, record=True)) is None
    print("measured and assumed:", *predictions)
    assert abs(predictions[1] / predictions[0] - 1) <= TOLERANCE


@pytest.fixture(scope="module")
def image_network() -> ModuleOp:
    """Two convolutions of one image for all steps."""
    builder = CostNetworkBuilder(np.random.default_rng(2031), (1, 28, 28))
    kernel = builder.weight_of((4, 1, 5, 5), 4.0)
    current = builder.add(snn.Conv2dOp(builder.frame, kernel, None)).result
    current = builder.add(snn.MaxPool2dOp(current, [2, 2], [2, 2])).result
    kernel = builder.weight_of((40, 4, 5, 5), 4.0)
    current = builder.add(snn.Conv2dOp(builder.spiking(current, False), kernel, None)).result
    current = builder.add(snn.MaxPool2dOp(current, [2, 2], [2, 2])).result
    current = builder.connected(builder.flat(builder.spiking(current, False)), 10)
    module = builder.complete(builder.spiking(current, False), InputKind.STATIC_VALUES)
    apply_pipeline(module, "convert-snn-to-qsnn{input-maximum=127}")
    return module


def cost_within(
    module: ModuleOp, *, ram: int | None = None, flash: int | None = None
) -> NetworkCost:
    """What the fastest kernels within limits are predicted to cost."""
    copy = module.clone()
    options = LoweringOptions(optimize="speed", ram_limit=ram, flash_limit=flash)
    apply_pipeline(copy, to_kernels(options))
    return predict(next(op for op in copy.walk() if isinstance(op, snnrt.NetworkOp)))


def test_a_limit_that_kernels_keep_to_leaves_them() -> None:
    """Also where their layers were measured beside others that need more memory at a time."""
    network = recurrent(np.random.default_rng(2041))
    quantized(network, "bits=8")
    flash = int(cost_within(network.module).flash_bytes) - 1
    chosen = cost_within(network.module, flash=flash)
    within = cost_within(network.module, flash=flash, ram=math.ceil(chosen.ram_bytes))
    assert within.instructions <= 1.01 * chosen.instructions


def test_currents_of_an_image_are_kept_where_other_kernels_make_room(image_network) -> None:
    fast = cost_within(image_network)
    # The fastest kernels of the second layer would fit if the first were computed at every step.
    kept, lost = (int(share * fast.ram_bytes) for share in (0.85, 0.65))
    within = cost_within(image_network, ram=kept)
    assert within.ram_bytes <= kept
    assert within.instructions < 1.5 * fast.instructions
    within = cost_within(image_network, ram=lost)
    assert within.ram_bytes <= lost
    assert within.instructions > 3 * fast.instructions


def test_the_smallest_kernels_keep_currents_of_an_image_beside_tiles() -> None:
    """Tiles of the second layer leave room for the currents of the first, which then run once."""
    builder = CostNetworkBuilder(np.random.default_rng(2032), (3, 16, 16))
    value: SSAValue = builder.frame
    for channels in (16, 32):
        kernel = builder.weight_of((channels, shape_of(value.type)[0], 3, 3), 8.0)
        current = builder.add(snn.Conv2dOp(value, kernel, None, padding=[1, 1])).result
        spikes = builder.spiking(current, False)
        value = builder.add(snn.MaxPool2dOp(spikes, [2, 2], [2, 2])).results[0]
    current = builder.connected(builder.flat(value), 10)
    module = builder.complete(builder.spiking(current, False), InputKind.STATIC_VALUES)
    apply_pipeline(module, "convert-snn-to-qsnn{input-maximum=127}")
    apply_pipeline(module, to_kernels(LoweringOptions(optimize="size")))
    kernels = kernels_of(module)
    ways = {op.name: op.properties.get("once") for op in kernels.body.block.ops}
    assert ways["snnrt.conv2d_dot"] is not None, ways
