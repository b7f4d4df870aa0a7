# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The sparse execution of the benchmark of OSBC's goals decides as the executor does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from snnir.calibration import measure_activity
from snnir.data import Dataset
from snnir.driver.files import network_of
from snnir.support.xdsl_compat import parse_module
from snnir.universe import make_context

STEPS, INPUTS, HIDDEN, CLASSES, SEED = 12, 20, 16, 4, 5


def _dense(array: NDArray) -> str:
    shape = "x".join(map(str, array.shape))
    return f'dense<"0x{array.astype("<f4").tobytes().hex()}"> : tensor<{shape}xf32>'


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
def test_decides_as_the_executor(monkeypatch: pytest.MonkeyPatch):
    folder = Path(__file__).resolve().parents[3] / "benchmarks" / "compression"
    monkeypatch.syspath_prepend(folder)
    goals = pytest.importorskip("osbc_goals")
    rng = np.random.default_rng(SEED)
    # Multiples of a power of two: the order of a sum does not change it.
    first, second = (
        np.round(64 * rng.normal(0.15, 0.4, shape)) / 64
        for shape in ((HIDDEN, INPUTS), (CLASSES, HIDDEN))
    )
    x = rng.poisson(0.3, (40, STEPS, INPUTS)).astype(np.uint8)
    neuron = (
        f"beta {goals.BETA} : f32 threshold {goals.THRESHOLD:.10f} : f32 "
        "reset zero_before immediate compare gt"
    )
    text = f"""
snn.network @net(%frame: tensor<20xf32>) -> (tensor<4xi1>)
    attributes {{timesteps = {STEPS} : i64, input = #snn<input event_counts>,
                 readout = #snn<readout spike_count>}} {{
  %w1 = snn.weight {_dense(first)}
  %i1 = snn.linear %frame, %w1 : (tensor<20xf32>, tensor<16x20xf32>) -> tensor<16xf32>
  %s1, %u1 = snn.lif %i1 {neuron} : (tensor<16xf32>) -> (tensor<16xi1>, tensor<16xf32>)
  %w2 = snn.weight {_dense(second)}
  %i2 = snn.linear %s1, %w2 : (tensor<16xi1>, tensor<4x16xf32>) -> tensor<4xf32>
  %s2, %u2 = snn.lif %i2 {neuron} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.output %s2 : tensor<4xi1>
}}
"""
    module = parse_module(make_context(), text.encode(), "net.mlir")
    data = Dataset(x, np.zeros(len(x), np.int64), "random")
    expected = measure_activity(network_of(module), data).labels
    assert len(np.unique(expected)) > 1
    weights = tuple(torch.from_numpy(each).float() for each in (first, second))
    found = goals.decisions(weights, goals.sparse(x), STEPS)
    np.testing.assert_array_equal(found, expected, f"seed {SEED}")
