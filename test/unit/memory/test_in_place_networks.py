# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network with operations in place computes in C what it computes in integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from snnir.backends.targets import HOST, MPS2_AN500, TargetDescription
from snnir.driver.import_ import import_network
from snnir.driver.lowering import lower
from snnir.executors import TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.support.diagnostics import DiagnosticEngine
from snnir.testing.comparison import assert_same_results
from snnir.testing.targets import require_target

RESIDUAL = Path(__file__).resolve().parents[3] / "examples" / "residual" / "model.py"


@pytest.mark.parametrize("target", [HOST, MPS2_AN500], ids=lambda target: target.name)
def test_residual_network(target: TargetDescription) -> None:
    """A current is pooled in place, and two currents are added in place."""
    require_target(target)
    module = import_network(f"{RESIDUAL}:build", input_shape=(2, 12, 12), timesteps=16, name="net")
    with DiagnosticEngine() as engine:
        lowered = lower(module)
    planned = [remark for remark in engine.remarks if remark.pass_name == "kernels-plan-memory"]
    assert planned[-1].metrics["in_place"] >= 2
    x = np.random.default_rng(3).binomial(1, 0.2, (2, 16, 2, 12, 12))
    expected = TorchExecutor(lowered.integers).run(x, record="all")
    assert expected.recording is not None
    assert all(layer.any() for layer in expected.recording.spikes.values())
    executor = NativeExecutor(lowered.kernels, target)
    assert_same_results(expected, executor.run(x, record="all"))
