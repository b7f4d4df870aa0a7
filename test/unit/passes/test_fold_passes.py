# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The folding passes: weights compared with their formula, networks executed before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER
from snnir.dialects.snn_attributes import InputKind, Readout
from snnir.executors import ReferenceExecutor
from snnir.passes.snn_fold_batch_norm import SNNFoldBatchNormPass
from snnir.passes.snn_fold_scale import SNNFoldScalePass
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.support.pass_base import SNNPass
from snnir.universe import make_context

TIMESTEPS = 5
EPSILON = 1e-5


class Builder:
    """Appends layers to the body of one network; constants are drawn from a fixed generator."""

    def __init__(self, *shape: int):
        self.rng = np.random.default_rng(4)
        self.block = Block(arg_types=[snn.real_tensor(shape)])
        self.frame: SSAValue = self.block.args[0]
        self._outputs = 0

    def add(self, op: Any) -> SSAValue:
        """Append an operation and return its first result."""
        self.block.add_op(op)
        return op.results[0]

    def constant(self, values: NDArray) -> SSAValue:
        """A `snn.weight`."""
        return self.add(snn.WeightOp(dense_from_array(values.astype(np.float32))))

    def weight(self, *shape: int) -> SSAValue:
        """Normally distributed weights."""
        return self.constant(self.rng.standard_normal(shape))

    def batch_norm(self, value: SSAValue) -> SSAValue:
        """Batch normalisation, a gamma of both signs included."""
        channels = shape_of(value.type)[0]
        variance = self.constant(self.rng.uniform(0.5, 2, channels))
        mean, gamma, beta = (self.weight(channels) for _ in range(3))
        return self.add(snn.BatchNormOp(value, mean, variance, gamma, beta, EPSILON))

    def scale(self, value: SSAValue, factor: float | NDArray) -> SSAValue:
        """Multiplication with a constant."""
        if isinstance(factor, np.ndarray):
            return self.add(snn.ScaleOp(value, dense_from_array(factor.astype(np.float32))))
        return self.add(snn.ScaleOp(value, FloatAttr(factor, f32)))

    def conv(self, value: SSAValue, outputs: int, *, bias: bool = True, groups: int = 1):
        """A convolution with a kernel of 3 x 3, padded."""
        weight = self.weight(outputs, shape_of(value.type)[0] // groups, 3, 3)
        offsets = self.weight(outputs) if bias else None
        return self.add(snn.Conv2dOp(value, weight, offsets, padding=[1, 1], groups=groups))

    def linear(self, value: SSAValue, outputs: int) -> SSAValue:
        """A linear layer with bias."""
        weight, bias = self.weight(outputs, shape_of(value.type)[0]), self.weight(outputs)
        return self.add(snn.LinearOp(value, weight, bias))

    def neurons(self, current: SSAValue) -> SSAValue:
        """A leaky integrator: its membrane shows every difference of its input."""
        op = snn.LIOp(current, FloatAttr(0.5, f32))
        op.attributes[LAYER] = StringAttr(f"layer{self._outputs}")
        self._outputs += 1
        return self.add(op)

    def finish(self, *outputs: SSAValue) -> ModuleOp:
        """The module with the network that returns these values."""
        self.block.add_op(snn.OutputOp(*outputs))
        types = FunctionType.from_lists(self.block.arg_types, [value.type for value in outputs])
        network = snn.NetworkOp(
            "net", types, Region(self.block), timesteps=TIMESTEPS,
            input=InputKind.VALUES, readout=Readout.LAST_MEMBRANE,
        )  # fmt: skip
        module = ModuleOp([network])
        module.verify()
        return module


def network_of(module: ModuleOp) -> Any:
    """The one network of a module."""
    return module.body.block.first_op


def ops(module: ModuleOp, kind: type) -> list[Any]:
    """All operations of a kind."""
    return [op for op in module.walk() if isinstance(op, kind)]


def constant_of(value: SSAValue | None) -> NDArray[np.float64]:
    """The values of a `snn.weight`."""
    assert value is not None
    assert isinstance(value.owner, snn.WeightOp)
    return array_from_dense(value.owner.value).astype(np.float64)


def fold(module: ModuleOp, pass_: SNNPass) -> tuple[ModuleOp, list[str]]:
    """A copy after the pass, and the remarks."""
    folded = module.clone()
    with DiagnosticEngine() as engine:
        pass_.apply(make_context(), folded)
    folded.verify()
    assert not any(op.result.uses.get_length() == 0 for op in ops(folded, snn.WeightOp))
    return folded, [remark.message for remark in engine.remarks]


def assert_same_function(before: ModuleOp, after: ModuleOp) -> None:
    """Membranes of all layers and steps are equal up to float32 rounding."""
    shape = shape_of(network_of(before).frame.type)
    x = np.random.default_rng(9).normal(0, 1, (2, TIMESTEPS, *shape)).astype(np.float32)
    results = [ReferenceExecutor(network_of(m)).run(x, record=True) for m in (before, after)]
    expected, actual = (result.recording for result in results)
    assert expected is not None
    assert actual is not None
    assert list(expected.membranes) == list(actual.membranes)
    for name, membrane in expected.membranes.items():
        np.testing.assert_allclose(actual.membranes[name], membrane, rtol=1e-4, atol=1e-4)


def normalised(bias: bool, groups: int) -> ModuleOp:
    builder = Builder(4, 5, 5)
    current = builder.conv(builder.frame, 6, bias=bias, groups=groups)
    return builder.finish(builder.neurons(builder.batch_norm(current)))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("groups", [1, 2])
def test_batch_norm_goes_into_the_convolution(bias, groups) -> None:
    before = normalised(bias, groups)
    after, remarks = fold(before, SNNFoldBatchNormPass())
    assert not ops(after, snn.BatchNormOp)
    assert remarks == ["'snn.conv2d' op absorbed the batch normalisation of 6 channels"]
    (old,), (new,), (norm,) = (
        ops(before, snn.Conv2dOp), ops(after, snn.Conv2dOp), ops(before, snn.BatchNormOp)
    )  # fmt: skip
    mean, variance, gamma, beta = map(
        constant_of, (norm.mean, norm.variance, norm.gamma, norm.beta)
    )
    factor = gamma / np.sqrt(variance + EPSILON)
    offset = constant_of(old.bias) if bias else 0
    np.testing.assert_allclose(
        constant_of(new.weight), constant_of(old.weight) * factor[:, None, None, None], rtol=1e-6
    )
    np.testing.assert_allclose(
        constant_of(new.bias), (offset - mean) * factor + beta, rtol=1e-5, atol=1e-6
    )
    assert new.groups == old.groups
    assert new.padding == old.padding
    assert_same_function(before, after)


def test_batch_norm_goes_into_linear_layers_one_after_the_other() -> None:
    builder = Builder(5)
    once = builder.batch_norm(builder.linear(builder.frame, 4))
    before = builder.finish(builder.neurons(builder.batch_norm(once)))
    after, remarks = fold(before, SNNFoldBatchNormPass())
    assert not ops(after, snn.BatchNormOp)
    assert len(remarks) == 2
    assert_same_function(before, after)


def test_batch_norm_of_a_layer_with_other_users_is_kept() -> None:
    builder = Builder(4, 5, 5)
    current = builder.conv(builder.frame, 3)
    first = builder.neurons(builder.batch_norm(current))
    before = builder.finish(first, builder.neurons(current))
    after, remarks = fold(before, SNNFoldBatchNormPass())
    assert str(after) == str(before)
    assert remarks == [
        "'snn.batch_norm' op kept: its input is not a linear layer or convolution of its own"
    ]


def test_constants_shared_with_the_batch_norm_are_folded() -> None:
    """The bias of the layer is also the beta of its normalisation."""
    builder = Builder(5)
    weight, shared, variance = (
        builder.weight(4, 5), builder.weight(4), builder.constant(np.ones(4))
    )  # fmt: skip
    current = builder.add(snn.LinearOp(builder.frame, weight, shared))
    norm = snn.BatchNormOp(current, shared, variance, variance, shared, EPSILON)
    before = builder.finish(builder.neurons(builder.add(norm)))
    after, _ = fold(before, SNNFoldBatchNormPass())
    assert not ops(after, snn.BatchNormOp)
    assert_same_function(before, after)


def test_computed_weights_are_refused() -> None:
    builder = Builder(5)
    weight = builder.scale(builder.weight(4, 5), 2.0)
    current = builder.add(snn.LinearOp(builder.frame, weight))
    module = builder.finish(builder.neurons(builder.batch_norm(current)))
    with pytest.raises(SNNError, match="op needs constant weights"):
        fold(module, SNNFoldBatchNormPass())


FACTORS: Sequence[float | NDArray] = (
    -0.75,
    np.array([0.5, -2.0, 3.0, 0.25, 1.0, -1.0]).reshape(6, 1, 1),
)


@pytest.mark.parametrize("factor", FACTORS, ids=["layer", "channel"])
@pytest.mark.parametrize("bias", [False, True])
def test_scale_goes_into_the_rows_before_it(bias, factor) -> None:
    builder = Builder(4, 5, 5)
    current = builder.conv(builder.frame, 6, bias=bias, groups=2)
    before = builder.finish(builder.neurons(builder.scale(current, factor)))
    after, remarks = fold(before, SNNFoldScalePass())
    assert not ops(after, snn.ScaleOp)
    assert remarks == ["'snn.conv2d' op absorbed a scale"]
    (old,), (new,) = ops(before, snn.Conv2dOp), ops(after, snn.Conv2dOp)
    rows = np.broadcast_to(np.reshape(factor, -1), 6)
    np.testing.assert_allclose(
        constant_of(new.weight), constant_of(old.weight) * rows[:, None, None, None], rtol=1e-6
    )
    if bias:
        np.testing.assert_allclose(constant_of(new.bias), constant_of(old.bias) * rows, rtol=1e-6)
    else:
        assert new.bias is None
    assert_same_function(before, after)


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_scale_goes_into_the_columns_behind_it(groups) -> None:
    """Column `j` of output `o` reads input channel `j + columns * group(o)`."""
    factor = np.array([0.5, -2.0, 3.0, 0.25, 1.0, -1.0])
    builder = Builder(6, 5, 5)
    scaled = builder.scale(builder.frame, factor.reshape(6, 1, 1))
    before = builder.finish(builder.neurons(builder.conv(scaled, 12, groups=groups)))
    after, _ = fold(before, SNNFoldScalePass())
    assert not ops(after, snn.ScaleOp)
    old, new = (constant_of(ops(m, snn.Conv2dOp)[0].weight) for m in (before, after))
    columns = 6 // groups
    for output in range(12):
        first = output // (12 // groups) * columns
        for column in range(columns):
            np.testing.assert_allclose(
                new[output, column], old[output, column] * factor[first + column], rtol=1e-6
            )
    assert_same_function(before, after)


def test_scale_goes_into_every_layer_behind_it() -> None:
    builder = Builder(5)
    scaled = builder.scale(builder.frame, 0.5)
    outputs = [builder.neurons(builder.linear(scaled, n)) for n in (2, 3)]
    before = builder.finish(*outputs)
    after, remarks = fold(before, SNNFoldScalePass())
    assert not ops(after, snn.ScaleOp)
    assert len(remarks) == 2
    assert_same_function(before, after)


def used_twice(builder: Builder) -> list[SSAValue]:
    current = builder.linear(builder.frame, 3)
    return [builder.neurons(builder.scale(current, 2.0)), builder.neurons(current)]


def varying_within_a_channel(builder: Builder) -> list[SSAValue]:
    current = builder.conv(builder.frame, 3)
    return [builder.neurons(builder.scale(current, np.arange(1.0, 76.0).reshape(3, 5, 5)))]


def without_layer(builder: Builder) -> list[SSAValue]:
    return [builder.neurons(builder.scale(builder.frame, 2.0))]


@pytest.mark.parametrize(
    ("shape", "layers"),
    [((5,), used_twice), ((4, 5, 5), varying_within_a_channel), ((5,), without_layer)],
)
def test_scales_without_a_layer_of_their_own_are_kept(
    shape: tuple[int, ...], layers: Callable[[Builder], list[SSAValue]]
) -> None:
    builder = Builder(*shape)
    before = builder.finish(*layers(builder))
    after, remarks = fold(before, SNNFoldScalePass())
    assert str(after) == str(before)
    assert remarks == ["'snn.scale' op kept: no linear layer or convolution takes its factor"]


def test_folding_again_changes_nothing() -> None:
    for pass_, module in (
        (SNNFoldBatchNormPass(), normalised(True, 1)),
        (SNNFoldScalePass(), normalised(True, 1)),
    ):
        once, _ = fold(module, pass_)
        twice, _ = fold(once, type(pass_)())
        assert str(twice) == str(once)
