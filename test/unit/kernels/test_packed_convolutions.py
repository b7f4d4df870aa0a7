# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions with weights of 4 and 2 bits spike as their integer networks do."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64

from snnir.backends.targets import MPS2_AN500, TargetDescription
from snnir.dialects import qsnn, snnrt
from snnir.driver.bit_exactness import first_difference
from snnir.executors.native import NativeExecutor
from snnir.kernels.compressed_weights import WEIGHT_RANGES, fewest_bits, pack_last, unpack_last
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.support.diagnostics import SNNError
from snnir.testing.targets import SANITIZED, require_target
from snnir.testing.window_networks import expected_result, quantized_window_network
from snnir.universe import make_context


def lowered(module: ModuleOp, weight_bits: int) -> ModuleOp:
    """A planned copy of a `qsnn` module whose convolutions read bytes."""
    copy, context = module.clone(), make_context()
    ConvertQSNNToKernelsPass(kernels="scatter", weight_bits=weight_bits).apply(context, copy)
    KernelsPlanMemoryPass().apply(context, copy)
    copy.verify()
    return copy


def packed_layers(module: ModuleOp) -> set[int]:
    """Bits of the packed convolutions of a module."""
    return {
        op.bits.value.data for op in module.walk() if isinstance(op, snnrt.Conv2dScatterPackedOp)
    }


@pytest.mark.parametrize(("target", "first"), [(SANITIZED, 600), (MPS2_AN500, 610)])
def test_generated_code_agrees(target: TargetDescription, first: int) -> None:
    require_target(target)
    found: set[int] = set()
    for seed in range(first, first + 5):
        network = quantized_window_network(seed, most_bits=4)
        module = lowered(network.module, 2)
        result = NativeExecutor(module, target).run(network.x, record="all")
        assert first_difference(expected_result(network), result) is None
        found |= packed_layers(module)
    assert found == {4, 2}


def test_bits_are_those_that_weights_fit() -> None:
    weights = np.array([-1, 0, 1])
    assert [fewest_bits(weights, least) for least in (2, 4, 8)] == [2, 4, 8]
    assert [fewest_bits(3 * weights, least) for least in (2, 4, 8)] == [4, 4, 8]
    assert fewest_bits(np.array([-9]), 2) == 8


@pytest.mark.parametrize("bits", WEIGHT_RANGES)
def test_packing_is_undone(bits: int) -> None:
    low, high = WEIGHT_RANGES[bits]
    weights = np.random.default_rng(0).integers(low, high, (3, 2, 2, 21), endpoint=True)
    np.testing.assert_array_equal(unpack_last(pack_last(weights, bits), bits, 21), weights)


def test_other_bits_are_refused() -> None:
    network = quantized_window_network(1, most_bits=4)
    for op in network.module.walk():
        if isinstance(op, qsnn.Conv2dOp):
            op.attributes["weight_bits"] = IntegerAttr(3, i64)
    with pytest.raises(SNNError, match="weight_bits must be 8, 4 or 2, not 3"):
        lowered(network.module, 8)
