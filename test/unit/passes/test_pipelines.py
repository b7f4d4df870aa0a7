# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pipelines by name: what they stand for, and that what they make runs at every level."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from snnir.calibration import measure_activity
from snnir.costs.goals import Goal
from snnir.data import Dataset
from snnir.dialects import qsnn, snn, snnrt
from snnir.driver.files import network_of
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions, apply_pipeline, compression
from snnir.driver.validate import validate
from snnir.layers.compressible import compressible_layers
from snnir.layers.weight_grid import grid_of
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import SNNError
from snnir.support.pipeline import parse_pipeline, pipeline_to_text
from snnir.testing.tiny_network import tiny_data, tiny_module
from snnir.universe import PASSES, PIPELINES


@pytest.fixture
def calibration(tmp_path: Path) -> str:
    """A file whose name needs quotes."""
    path = tmp_path / "my data, {1}.npz"
    np.savez_compressed(path, **tiny_data())  # type: ignore[arg-type]
    return str(path)


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_compress_is_what_it_stands_for(size: str, calibration: str) -> None:
    """The network after the name, after its passes as text, and after each pass alone."""
    text = compression(size, calibration)
    passes = parse_pipeline(text, PASSES, PIPELINES)
    spelled_out = pipeline_to_text(passes)
    assert "snn-compress" not in spelled_out
    modules = [tiny_module() for _ in range(3)]
    apply_pipeline(modules[0], text)
    apply_pipeline(modules[1], spelled_out)
    for each in passes:
        apply_pipeline(modules[2], pipeline_to_text([each]))
    assert str(modules[0]) == str(modules[1]) == str(modules[2])


@pytest.mark.parametrize(
    ("size", "bits", "zeros"), [("large", 8, 0.0), ("medium", 4, 0.9), ("small", 4, 0.97)]
)
def test_sizes_are_what_the_documentation_says(
    size: str, bits: int, zeros: float, calibration: str
) -> None:
    module = tiny_module()
    apply_pipeline(module, compression(size, calibration))
    assert not [op for op in module.walk() if isinstance(op, snn.BatchNormOp | snn.ScaleOp)]
    layers = compressible_layers(network_of(module))
    # The channel that never fires is gone.
    assert [layer.matrices.shape for layer in layers] == [(1, 4, 9), (1, 2, 64)]
    weights = []
    for layer in layers:
        owner = layer.op.weight.owner
        assert isinstance(owner, snn.WeightOp)
        grid = grid_of(owner)
        assert grid is not None
        assert grid.bits == bits
        weights.append(array_from_dense(owner.value).ravel())
    found = float(np.mean(np.concatenate(weights) == 0))
    assert found >= zeros - 0.01
    assert zeros or found < 0.5


def test_thresholds_restore_rates_where_weights_are_gone(calibration: str) -> None:
    """Closer to the rates before than the same passes without the last."""
    arrays = tiny_data()
    data = Dataset(arrays["x"], arrays["y"], "tiny")

    def rate(text: str) -> float:
        module = tiny_module()
        apply_pipeline(module, text)
        return measure_activity(network_of(module), data).layers["output"].rate

    passes = parse_pipeline(compression("medium", calibration), PASSES, PIPELINES)
    assert passes[-1].name == "snn-match-rates"
    wanted, without, full = (rate(pipeline_to_text(part)) for part in ([], passes[:-1], passes))
    assert abs(full - wanted) < abs(without - wanted)


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_what_is_compressed_runs_at_every_level(size: str, calibration: str) -> None:
    """Fewer channels than the network above: decisions are compared, then spikes, then bits."""
    arrays = tiny_data()
    data = Dataset(arrays["x"], arrays["y"], "tiny")
    options = LoweringOptions(pipeline=compression(size, calibration))
    report = validate(tiny_module(), data, options=options)
    assert [level.level for level in report.levels] == ["snn", "compressed", "qsnn", "host"]
    assert not report.problems
    above, compressed, integers, host = report.levels
    assert compressed.spike_agreement is None
    assert above.accuracy is not None
    assert compressed.label_agreement is not None
    assert host.bit_exact
    # The grid of the weights is that of the integers; thresholds are rounded.
    assert integers.spike_agreement is not None
    assert integers.spike_agreement > 0.99


def test_lower_is_what_the_driver_does() -> None:
    module = tiny_module()
    lowered = lower(module, LoweringOptions(bits=4, input_maximum=3))
    text = "snn-lower{bits=4 input-maximum=3}"
    apply_pipeline(module, text)
    assert isinstance(network_of(module), snnrt.NetworkOp)
    assert str(module) == str(lowered.kernels)
    assert lowered.qsnn is not None
    assert [op for op in lowered.qsnn.walk() if isinstance(op, qsnn.NetworkOp)]


def test_a_name_inside_of_a_pipeline_is_located(calibration: str) -> None:
    with pytest.raises(SNNError) as raised:
        apply_pipeline(tiny_module(), "snn-fold-scale,snn-compress{size=tiny}")
    assert str(raised.value) == (
        "<pipeline>:1:16: error: option 'size' of 'snn-compress' expects small | medium | large, "
        "got tiny"
    )


@pytest.mark.parametrize("goal", get_args(Goal))
def test_the_driver_lowers_as_the_pipeline_does(goal: Goal) -> None:
    """Both put the same options of a goal into the passes behind the selection."""
    module = tiny_module()
    maximum = 3
    options = LoweringOptions(optimize=goal, input_maximum=maximum, silent_multiple=1)
    kernels = lower(module, options).kernels
    apply_pipeline(module, f"snn-lower{{optimize={goal} input-maximum={maximum}}}")
    calls = [[op.name for op in each.walk()] for each in (kernels, module)]
    assert calls[0] == calls[1]
