# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The sparse execution of the benchmark of OSBC's goals decides as the executor does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration import measure_activity
from snnir.data import Dataset
from snnir.driver.files import network_of
from snnir.support.arrays import dense_from_array
from snnir.support.xdsl_parsing import parse_module
from snnir.universe import make_context

STEPS, INPUTS, HIDDEN, CLASSES, SEED = 12, 20, 16, 4, 5


def _dense(array: NDArray) -> str:
    shape = "x".join(map(str, array.shape))
    return f'dense<"0x{array.astype("<f4").tobytes().hex()}"> : tensor<{shape}xf32>'


def _random_network(threshold: float, beta: float) -> tuple[ModuleOp, Dataset]:
    """A network like that of the benchmark, with frames."""
    rng = np.random.default_rng(SEED)
    # Multiples of a power of two: the order of a sum does not change it.
    first, second = (
        np.round(64 * rng.normal(0.15, 0.4, shape)) / 64
        for shape in ((HIDDEN, INPUTS), (CLASSES, HIDDEN))
    )
    x = rng.poisson(0.3, (40, STEPS, INPUTS)).astype(np.uint8)
    neuron = (
        f"beta {beta} : f32 threshold {threshold:.10f} : f32 reset zero_before immediate compare gt"
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
    return module, Dataset(x, np.zeros(len(x), np.int64), "random")


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
@pytest.mark.parametrize("matched", [False, True])
def test_decides_as_the_executor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, matched: bool
) -> None:
    """`matched`: with a threshold for each neuron, as after `snn-match-rates`."""
    folder = Path(__file__).resolve().parents[3] / "benchmarks" / "compression"
    monkeypatch.syspath_prepend(folder)
    goals = pytest.importorskip("osbc_goals")
    module, data = _random_network(goals.THRESHOLD, goals.BETA)
    before = measure_activity(network_of(module), data).labels
    bench = goals.Bench(module, data, tmp_path)
    if matched:
        rng = np.random.default_rng(SEED)
        for layer in bench.layers(module):
            # Powers of two: no weight is rounded.
            factors = 2.0 ** rng.integers(-1, 2, layer.matrices.shape[1])
            thresholds = (factors * goals.THRESHOLD).astype(np.float32)
            layer.neuron.properties["threshold"] = dense_from_array(thresholds)
    expected = measure_activity(network_of(module), data).labels
    assert len(np.unique(expected)) > 1
    assert matched == bool((expected != before).any())
    found = goals.decisions(goals.weights_of(bench, module), goals.sparse(data.x), STEPS)
    np.testing.assert_array_equal(found, expected, f"seed {SEED}")
