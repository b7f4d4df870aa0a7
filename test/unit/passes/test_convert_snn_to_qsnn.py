# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The integers that `convert-snn-to-qsnn` chooses, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    FloatAttr,
    FunctionType,
    IntegerAttr,
    ModuleOp,
    f32,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.ir import Block, Operation, Region, SSAValue

from snnir.dialects import qsnn, snn
from snnir.dialects.snn_attributes import InputKind, Readout, Reset
from snnir.executors import ReferenceExecutor, TorchExecutor
from snnir.executors.qsnn_interpreter import integers
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import SNNError
from snnir.testing.comparison import assert_same_results
from snnir.testing.random_networks import LARGEST_COUNT, RandomNetworkBuilder, random_network
from snnir.universe import make_context

WEIGHT = np.array([[0.5, -1.0, 0.25], [0.1, 0.0, -0.03]], np.float32)


def weight(values: Any) -> SSAValue:
    return snn.WeightOp(dense_from_array(np.asarray(values, np.float32))).result


def scalar(value: float) -> FloatAttr:
    return FloatAttr(value, f32)


def lif(current: SSAValue, beta: float = 0.9, threshold: float = 1.0) -> SSAValue:
    return snn.LIFOp(current, scalar(beta), scalar(threshold)).spikes


def module_of(frame: SSAValue, output: SSAValue, **properties: Any) -> ModuleOp:
    """A network of the operations that `output` depends on."""
    block = frame.owner
    assert isinstance(block, Block)

    def append(value: SSAValue) -> None:
        owner = value.owner
        if isinstance(owner, Operation) and owner.parent is None:
            for operand in owner.operands:
                append(operand)
            block.add_op(owner)

    append(output)
    block.add_op(snn.OutputOp(output))
    types = FunctionType.from_lists([frame.type], [output.type])
    module = ModuleOp([snn.NetworkOp("net", types, Region(block), timesteps=5, **properties)])
    module.verify()
    return module


def frame_of(*shape: int) -> SSAValue:
    return Block(arg_types=[snn.real_tensor(shape)]).args[0]


def converted(module: ModuleOp, **options: Any) -> qsnn.NetworkOp:
    ConvertSNNToQSNNPass(**options).apply(make_context(), module)
    module.verify()
    network = module.body.block.first_op
    assert isinstance(network, qsnn.NetworkOp)
    return network


def only(network: Operation, kind: type) -> Any:
    (found,) = [op for op in network.walk() if isinstance(op, kind)]
    return found


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_weights_are_symmetric_and_rounded_per_output(bits) -> None:
    frame = frame_of(3)
    module = module_of(frame, lif(snn.LinearOp(frame, weight(WEIGHT)).result))
    network = converted(module, bits=bits)
    op = only(network, qsnn.WeightOp)
    largest = 2 ** (bits - 1) - 1
    scale = np.abs(WEIGHT).max(axis=1, keepdims=True).astype(np.float64) / largest
    np.testing.assert_array_equal(array_from_dense(op.value), np.rint(WEIGHT / scale))
    np.testing.assert_allclose(array_from_dense(op.scale), scale.ravel(), rtol=1e-6)


def test_neuron_parameters_are_in_units_of_the_membrane() -> None:
    frame, bias = frame_of(3), np.array([0.7, -0.2], np.float32)
    current = snn.LinearOp(frame, weight(WEIGHT), weight(bias)).result
    network = converted(module_of(frame, lif(current, 0.9, 1.5)), input_maximum=3)
    op = only(network, qsnn.LIFOp)
    unit = np.abs(WEIGHT).max(axis=1).astype(np.float64) / 127 / 2**op.shift.value.data
    np.testing.assert_array_equal(integers(op.threshold), np.rint(1.5 / unit))
    np.testing.assert_array_equal(integers(op.bias), np.rint(bias / unit))
    assert op.leak.value.data == round(np.float32(0.9) * 2**15)
    np.testing.assert_allclose(array_from_dense(op.unit), unit, rtol=1e-6)


def test_batch_norm_and_scale_disappear_into_the_neuron() -> None:
    frame, eps = frame_of(3), 1e-5
    mean, variance, gamma, beta = np.array(
        [[0.1, -0.3], [1.5, 0.5], [0.8, 1.2], [0.2, -0.1]], np.float32
    )
    current = snn.LinearOp(frame, weight(WEIGHT)).result
    norm = snn.BatchNormOp(
        current, weight(mean), weight(variance), weight(gamma), weight(beta), eps
    ).result
    network = converted(module_of(frame, lif(snn.ScaleOp(norm, scalar(2.0)).result)))
    op = only(network, qsnn.LIFOp)
    factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + eps) * 2
    unit = np.abs(WEIGHT).max(axis=1) / 127 * factor / 2**op.shift.value.data
    np.testing.assert_array_equal(integers(op.threshold), np.rint(1.0 / unit))
    offset = -mean * factor + 2 * beta.astype(np.float64)
    np.testing.assert_allclose(integers(op.bias), offset / unit, atol=0.51)


def test_membrane_readouts_share_one_unit() -> None:
    frame = frame_of(3)
    output = snn.LIOp(snn.LinearOp(frame, weight(WEIGHT)).result, scalar(0.5)).membrane
    network = converted(module_of(frame, output, readout=Readout.LAST_MEMBRANE))
    scale = 1.0 / 127
    stored = array_from_dense(only(network, qsnn.WeightOp).value)
    np.testing.assert_array_equal(stored, np.rint(WEIGHT / scale))


@pytest.mark.parametrize(("inputs", "expected"), [(1, i16), (129, i16), (130, i32)])
def test_accumulators_hold_all_inputs_at_their_maximum(inputs, expected) -> None:
    """All weights are 127 and counts reach 2."""
    frame = frame_of(inputs)
    current = snn.LinearOp(frame, weight(np.ones((1, inputs)))).result
    network = converted(module_of(frame, lif(current)), input_maximum=2)
    assert only(network, qsnn.LinearOp).result.type.element_type == expected


def test_accumulators_count_partial_sums_not_only_results() -> None:
    """300 weights of each sign cancel, but not in every order."""
    frame = frame_of(600)
    current = snn.LinearOp(frame, weight([np.repeat([1.0, -1.0], 300)])).result
    network = converted(module_of(frame, lif(current)), input_maximum=1)
    assert only(network, qsnn.LinearOp).result.type.element_type == i32


@pytest.mark.parametrize(
    ("state", "beta", "width", "overflow"),
    [
        ("auto", 0.9, i16, "proven"),
        ("i16", 0.9, i16, "proven"),
        ("i32", 0.9, i32, "proven"),
        ("saturate", 0.9, i16, "saturate"),
        # Without a leak a negative input can accumulate forever.
        ("auto", 1.0, i32, "saturate"),
        ("i16", 1.0, i16, "saturate"),
        ("i32", 1.0, i32, "saturate"),
    ],
)
def test_state_policies(state, beta, width, overflow) -> None:
    frame = frame_of(3)
    current = snn.LinearOp(frame, weight(WEIGHT)).result
    network = converted(module_of(frame, lif(current, beta)), state=state, input_maximum=1)
    op = only(network, qsnn.LIFOp)
    assert op.membrane.type.element_type == width
    assert op.overflow.data.value == overflow


def test_the_finest_unit_that_fits_is_taken() -> None:
    def shift(**options: Any) -> int:
        frame = frame_of(3)
        module = module_of(frame, lif(snn.LinearOp(frame, weight(WEIGHT)).result))
        return only(converted(module, **options), qsnn.LIFOp).shift.value.data

    assert shift(input_maximum=1, maximum_shift=3) == 3
    assert 0 <= shift(input_maximum=20) < shift(input_maximum=5) <= shift(input_maximum=1)


def test_binary_frames_are_spikes_and_values_have_a_scale() -> None:
    for kind, element, maximum in (
        (InputKind.BINARY_FRAMES, "i1", 1),
        (InputKind.EVENT_COUNTS, "i8", 9),
        (InputKind.STATIC_VALUES, "i8", 127),
    ):
        frame = frame_of(3)
        module = module_of(frame, lif(snn.LinearOp(frame, weight(WEIGHT)).result), input=kind)
        network = converted(module, input_maximum=9, input_scale=0.01)
        assert str(network.frame.type) == f"tensor<3x{element}>"
        assert network.input_maximum.value.data == maximum
        assert (network.input_scale is not None) == (kind is InputKind.STATIC_VALUES)


def test_sums_of_currents_stay_wide_enough_for_a_kernel() -> None:
    """The sum would fit a byte, but no kernel narrows to one."""
    frame = frame_of(1)
    currents = [snn.LinearOp(frame, weight([[1.0]])).result for _ in range(2)]
    network = converted(module_of(frame, lif(snn.AddOp(*currents).result)), bits=2, input_maximum=1)
    assert only(network, qsnn.AddOp).result.type.element_type == i16
    assert not [op for op in network.walk() if isinstance(op, qsnn.ScaleOp)]


def test_sums_in_different_units() -> None:
    """One of them exact: the factors restore the ratio of the units to one part in 512."""
    frame = frame_of(2)
    first, second = (snn.LinearOp(frame, weight([[s, s]])).result for s in (1.0, 0.3))
    network = converted(module_of(frame, lif(snn.AddOp(first, second).result)), input_maximum=1)
    factors = [int(integers(op.factor)) for op in network.walk() if isinstance(op, qsnn.ScaleOp)]
    assert abs(factors[0] / factors[1] * 0.3 - 1) < 1 / 512


def test_spikes_add_up_in_bytes() -> None:
    frame = frame_of(1)
    spikes = [lif(snn.LinearOp(frame, weight([[1.0]])).result) for _ in range(2)]
    current = snn.LinearOp(snn.AddOp(*spikes).result, weight([[1.0]])).result
    network = converted(module_of(frame, lif(current)))
    assert only(network, qsnn.AddOp).result.type.element_type == i8


def negative_scale(frame: SSAValue) -> SSAValue:
    current = snn.LinearOp(frame, weight(WEIGHT)).result
    return lif(snn.ScaleOp(current, scalar(-1.0)).result)


def two_linears(frame: SSAValue) -> SSAValue:
    current = snn.LinearOp(frame, weight(WEIGHT)).result
    return lif(snn.LinearOp(current, weight(np.ones((2, 2)))).result)


def wide_counts(frame: SSAValue) -> SSAValue:
    """A convolution behind global average pooling of 16 x 16 spikes; linear layers may be there."""
    maps = snn.ReshapeOp(lif(frame), (1, 16, 16)).result
    pooled = snn.AvgPool2dOp(maps, (16, 16)).result
    current = snn.Conv2dOp(pooled, weight(np.ones((2, 1, 1, 1))), None).result
    return lif(snn.FlattenOp(current).result)


def offset_input(frame: SSAValue) -> SSAValue:
    ones, zeros = weight(np.ones(3)), weight(np.zeros(3))
    norm = snn.BatchNormOp(frame, ones, ones, ones, zeros, 1e-5).result
    return lif(snn.LinearOp(norm, weight(WEIGHT)).result)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (negative_scale, "a unit that is not positive .* run snn-fold-batch-norm"),
        (two_linears, "its input is a current of type .*; put a neuron between"),
        (offset_input, "its input has an offset; run snn-fold-batch-norm"),
        (wide_counts, "sums of spikes or counts between 0 and 256, .* windows of at most 127"),
    ],
)
def test_refusals(build, message) -> None:
    frame = frame_of(256 if build is wide_counts else 3)
    with pytest.raises(SNNError, match=message):
        converted(module_of(frame, build(frame)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bits": 9}, "bits must be 2 to 8, got 9"),
        ({"input_maximum": 128}, "input-maximum must be 1 to 127, got 128"),
        ({"maximum_shift": 17}, "maximum-shift must be 0 to 16, got 17"),
        ({"minimum_shift": 5, "maximum_shift": 4}, "maximum-shift must be 5 to 16, got 4"),
        ({"input_scale": 0.0}, "input-scale must be positive, got 0.0"),
    ],
)
def test_options_are_checked(options, message) -> None:
    frame = frame_of(3)
    with pytest.raises(SNNError, match=message):
        converted(module_of(frame, lif(snn.LinearOp(frame, weight(WEIGHT)).result)), **options)


def test_the_pass_may_run_twice() -> None:
    context = make_context()
    for _ in range(2):
        frame = frame_of(3)
        module = module_of(frame, lif(snn.LinearOp(frame, weight(WEIGHT)).result))
        ConvertSNNToQSNNPass().apply(context, module)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 1 << 32))
def test_proofs_hold_for_extreme_inputs(seed) -> None:
    """The interpreter raises where a membrane or sum leaves its type."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    network = random_network(rng, samples=2, timesteps=12)
    converted(network.module, input_maximum=LARGEST_COUNT)
    largest = network.network.input_maximum.value.data
    signed = network.network.input.data in (InputKind.VALUES, InputKind.STATIC_VALUES)
    x = rng.choice([-largest if signed else 0, largest], network.x.shape)
    ReferenceExecutor(network.network).run(x)


def test_a_bias_is_never_lost() -> None:
    """A neuron without input fires from its bias alone."""
    frame = frame_of(3)
    current = snn.LinearOp(frame, weight(WEIGHT * 0), weight([2.0, 0.0])).result
    network = converted(module_of(frame, lif(current)))
    scores = ReferenceExecutor(network).run(np.zeros((1, 5, 3))).scores
    assert scores[0, 0] > 0
    assert scores[0, 1] == 0


def test_integer_attributes_have_32_bits() -> None:
    frame = frame_of(3)
    network = converted(module_of(frame, lif(snn.LinearOp(frame, weight(WEIGHT)).result)))
    op = only(network, qsnn.LIFOp)
    assert isinstance(op.leak, IntegerAttr)
    assert op.leak.type == i32


def synaptic(current: SSAValue, alpha: float, beta: float, reset: Reset) -> snn.SynapticOp:
    return snn.SynapticOp(current, scalar(alpha), scalar(beta), scalar(0.5), reset=reset)


@pytest.mark.parametrize("state", ["auto", "i16", "i32", "saturate"])
@pytest.mark.parametrize("reset", [Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER])
def test_a_synaptic_neuron_is_two_neurons_in_series(state, reset) -> None:
    frame = frame_of(3)
    neurons = synaptic(snn.LinearOp(frame, weight(WEIGHT)).result, 0.875, 0.75, reset)
    network = converted(module_of(frame, neurons.spikes), state=state)
    current, membrane = only(network, qsnn.LIOp), only(network, qsnn.LIFOp)
    assert membrane.current is current.membrane
    assert integers(current.leak) == 0.875 * qsnn.LEAK_ONE
    assert integers(membrane.leak) == 0.75 * qsnn.LEAK_ONE
    assert membrane.reset.data is reset
    assert (current.shift.value.data, membrane.shift.value.data) != (0, 0)
    np.testing.assert_array_equal(array_from_dense(current.unit), array_from_dense(membrane.unit))
    names = [op.attributes["layer"].data for op in (current, membrane)]  # type: ignore[attr-defined]
    assert names == ["neuron0.synapse", "neuron0"]


def scores_of_a_pulse(**options: Any) -> tuple[NDArray, NDArray]:
    """Spikes for one event, then 400 steps of silence, as real numbers and as integers."""
    frame = frame_of(1)
    current = snn.LinearOp(frame, weight([[0.2], [0.5]])).result
    module = module_of(frame, synaptic(current, 0.96, 0.96, Reset.ZERO_AFTER).spikes)
    network = module.body.block.first_op
    assert isinstance(network, snn.NetworkOp)
    network.properties["timesteps"] = IntegerAttr(400, i64)
    x = np.zeros((1, 400, 1))
    x[:, 0] = 1
    real = ReferenceExecutor(network).run(x).scores
    return real, ReferenceExecutor(converted(module, **options)).run(x).scores


def test_a_synaptic_current_dies_out() -> None:
    """Rounded leaks hold it above zero; without fraction bits the neuron never comes to rest."""
    real, integer = scores_of_a_pulse()
    assert real.all()
    np.testing.assert_array_equal(real, integer)
    _, coarse = scores_of_a_pulse(maximum_shift=0)
    assert (coarse > 2 * real).any()


@pytest.mark.parametrize("reset", [Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER])
@pytest.mark.parametrize(("alpha", "beta"), [(0.99, 0.5), (0.5, 0.99), (0.95, 0.95)])
def test_proven_synaptic_neurons_hold_constant_extremes(alpha, beta, reset) -> None:
    """Long enough that both filters are full; the interpreter raises where one overflows."""
    frame = frame_of(3)
    neurons = synaptic(snn.LinearOp(frame, weight(WEIGHT)).result, alpha, beta, reset)
    network = converted(module_of(frame, neurons.spikes))
    network.properties["timesteps"] = IntegerAttr(600, i64)
    for op in (only(network, qsnn.LIOp), only(network, qsnn.LIFOp)):
        assert op.overflow.data is qsnn.Overflow.PROVEN
    signs = np.array([[1, 0, 1], [0, 1, 0]])
    x = np.repeat(127 * signs[:, None], 600, axis=1)
    assert_same_results(
        ReferenceExecutor(network).run(x, record=True),
        TorchExecutor(network).run(x, record="all"),
    )


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1 << 32), st.sampled_from([2, 4, 8]))
def test_input_and_feedback_have_scales_of_one_matrix(seed, bits) -> None:
    """Nothing is clipped, rounded more coarsely than the larger part, or added in other units."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    builder = RandomNetworkBuilder(rng, (5,))
    parts = [rng.normal(0, 10.0 ** rng.uniform(-2, 2), (6, inputs)) for inputs in (5, 6)]
    for part in parts:
        part *= rng.random((6, 1)) < 0.8
    type = snn.spike_tensor((6,))
    builder.add(snn.RegisterOp("r", type))
    read = builder.add(snn.ReadOp("r", type)).result
    operands = [(builder.frame, parts[0]), (read, parts[1])]
    rng.shuffle(operands)
    currents = [builder.add(snn.LinearOp(x, builder.constant(w))).result for x, w in operands]
    spikes = builder.add(lif(builder.add(snn.AddOp(*currents)).result).owner, named=True).spikes
    builder.add(snn.WriteOp("r", spikes))
    module = builder.finish(spikes, 3, InputKind.BINARY_FRAMES)
    network = converted(module, bits=bits)
    largest, units = (1 << bits - 1) - 1, []
    natural = [np.abs(w.astype(np.float32)).max(axis=1) / largest for _, w in operands]
    for op, (_, w), operand in zip(
        [op for op in network.walk() if isinstance(op, qsnn.LinearOp)][:2],
        operands,
        next(op for op in network.walk() if isinstance(op, qsnn.AddOp)).operands,
        strict=True,
    ):
        factor = integers(operand.owner.factor) if isinstance(operand.owner, qsnn.ScaleOp) else 1
        stored = op.weight.owner
        assert isinstance(stored, qsnn.WeightOp)
        assert stored.scale is not None
        q, scale = integers(stored.value), np.broadcast_to(array_from_dense(stored.scale), 6)
        assert np.abs(q).max() <= largest
        assert (np.abs(q * scale[:, None] - w) <= 0.501 * scale[:, None]).all()
        assert (scale <= np.maximum(*natural) * 1.001 + 1.001 / largest * (w == 0).all(1)).all()
        units.append(scale / factor)
    np.testing.assert_allclose(units[0], units[1], rtol=1 / 512)


def alpha(current: SSAValue, alpha: Any, beta: Any, reset: Reset) -> snn.AlphaOp:
    return snn.AlphaOp(current, alpha, beta, scalar(0.1), reset=reset)


def drawn(seed: int, steps: int) -> NDArray:
    """Counts of three inputs, now and then."""
    print(f"seed {seed}")
    return np.random.default_rng(seed).poisson(0.4, (4, steps, 3)).clip(max=LARGEST_COUNT)


@pytest.mark.parametrize("reset", [Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER])
@pytest.mark.parametrize("decays", [(0.9, 0.8), (0.5, 0.875), (0.9, 0.0), (1.0, 0.8)])
def test_alpha_neurons_spike_as_real_ones_do(decays, reset) -> None:
    """Also where `alpha` is below `beta`, so that `tau` is negative, and where nothing leaks."""
    frame = frame_of(3)
    neurons = alpha(
        snn.LinearOp(frame, weight(WEIGHT)).result, scalar(decays[0]), scalar(decays[1]), reset
    )
    module, x = module_of(frame, neurons.spikes), drawn(7, 40)
    real_network = module.body.block.first_op
    assert isinstance(real_network, snn.NetworkOp)
    real_network.properties["timesteps"] = IntegerAttr(40, i64)
    real = ReferenceExecutor(real_network).run(x, record=True)
    network = converted(module, bits=8)
    integer = ReferenceExecutor(network).run(x, record=True)
    assert_same_results(integer, TorchExecutor(network).run(x, record="all"))
    assert real.recording is not None
    assert integer.recording is not None
    (spikes,), (expected,) = integer.recording.spikes.values(), real.recording.spikes.values()
    assert expected.any()
    assert (spikes == expected).mean() > 0.95


def test_signs_of_tau_may_differ_within_a_layer() -> None:
    frame = frame_of(3)
    slow, fast = (dense_from_array(np.array(v, np.float32)) for v in ([0.9, 0.5], [0.8, 0.75]))
    current = snn.LinearOp(frame, weight(WEIGHT)).result
    network = converted(module_of(frame, alpha(current, slow, fast, Reset.SUBTRACT).spikes))
    op = only(network, qsnn.AlphaOp)
    signs = integers(only(network, qsnn.ScaleOp).factor)
    np.testing.assert_array_equal(signs, [1, -1])
    assert op.decrement is not None
    assert op.recall is not None
    np.testing.assert_array_equal(np.sign(integers(op.decrement)), signs)
    np.testing.assert_array_equal(np.sign(integers(op.recall)), signs)
    assert (integers(op.threshold) > 0).all()


@pytest.mark.parametrize("state", ["auto", "saturate"])
@pytest.mark.parametrize("reset", [Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER])
@pytest.mark.parametrize("decays", [(0.99, 0.5), (0.75, 0.95), (0.95, 0.9)])
def test_proven_alpha_neurons_hold_constant_extremes(decays, reset, state) -> None:
    """Long enough that both filters are full; the interpreter raises where one overflows."""
    frame = frame_of(3)
    neurons = alpha(
        snn.LinearOp(frame, weight(WEIGHT)).result, scalar(decays[0]), scalar(decays[1]), reset
    )
    network = converted(module_of(frame, neurons.spikes), state=state, input_maximum=127)
    network.properties["timesteps"] = IntegerAttr(600, i64)
    op = only(network, qsnn.AlphaOp)
    assert (op.overflow.data is qsnn.Overflow.SATURATE) == (state == "saturate")
    signs = np.array([[1, 0, 1], [0, 1, 0]])
    x = np.repeat(127 * signs[:, None], 600, axis=1)
    assert_same_results(
        ReferenceExecutor(network).run(x, record=True),
        TorchExecutor(network).run(x, record="all"),
    )
