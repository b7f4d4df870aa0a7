# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What passes recorded on a network follows the changes of later passes, or is forgotten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.dialects import qsnn, snn
from snnir.driver.pipelines import apply_pipeline
from snnir.layers.activity_attributes import INPUT_COUNTS, RATE
from snnir.layers.weight_grid import BITS
from snnir.support.arrays import array_from_dense
from snnir.testing.tiny_network import linear_module, remarks_of, tiny_data, tiny_module

QUANTISED = "snn-fold-batch-norm,snn-fold-scale,snn-quantize-rtn{bits=3}"


@pytest.fixture
def calibration(tmp_path: Path) -> str:
    """The option that names the data of the tiny network."""
    path = tmp_path / "c.npz"
    np.savez(path, **tiny_data())  # type: ignore[arg-type]
    return f'calibration="{path}"'


def after(pipeline: str, module: ModuleOp | None = None) -> ModuleOp:
    module = tiny_module() if module is None else module
    apply_pipeline(module, pipeline)
    return module


def integers(module: ModuleOp) -> list[NDArray]:
    """The weights of the layers, in program order."""
    apply_pipeline(module, "convert-snn-to-qsnn")
    return [array_from_dense(op.value) for op in module.walk() if isinstance(op, qsnn.WeightOp)]


def recorded(module: ModuleOp, name: str) -> int:
    return sum(name in op.attributes for op in module.walk())


def test_channels_go_from_quantised_layers(calibration: str) -> None:
    """Channel 4 of the convolution never fires."""
    hidden, readers = integers(after(QUANTISED))
    left, readers_left = integers(after(f"{QUANTISED},snn-prune-silent{{{calibration}}}"))
    np.testing.assert_array_equal(left, hidden[:4])
    np.testing.assert_array_equal(readers_left, readers.reshape(2, 5, 16)[:, :4].reshape(2, -1))


def test_compensation_leaves_the_grid(calibration: str) -> None:
    """The convolution only loses rows; the layer behind is fitted anew."""
    module = after(f"{QUANTISED},snn-prune-pca{{{calibration} variance=0.9}}")
    weights = [op for op in module.walk() if isinstance(op, snn.WeightOp)]
    on_grid = [BITS in op.attributes for op in weights if array_from_dense(op.value).ndim > 1]
    assert on_grid == [True, False]
    assert len(integers(module)) == 2


def test_folding_says_that_a_grid_is_lost() -> None:
    (remark,) = remarks_of("snn-quantize-rtn,snn-fold-batch-norm")
    assert remark.endswith("5 channels; off the 4-bit grid now, quantise again")
    (remark,) = remarks_of("snn-quantize-rtn,snn-fold-scale")
    assert remark.endswith("absorbed a scale; off the 4-bit grid now, quantise again")


def test_rates_are_those_of_the_steps(calibration: str) -> None:
    measured = f"snn-measure-activity{{{calibration}}}"
    assert recorded(after(measured), RATE) == 2
    module = after(f"{measured},snn-reduce-timesteps{{{calibration} timesteps=2}}")
    assert recorded(module, RATE) == recorded(module, INPUT_COUNTS) == 0


def test_elements_are_counted_in_the_order_of_the_frame(tmp_path: Path) -> None:
    path = tmp_path / "frames.npz"
    np.savez(path, x=np.ones((3, 8, 2, 2, 2), np.uint8))
    measured = f'snn-measure-activity{{calibration="{path}"}}'
    assert recorded(after(measured, linear_module()), INPUT_COUNTS) == 1
    module = after(f"{measured},snn-convert-layout", linear_module())
    assert not any(name.startswith("input_") for op in module.walk() for name in op.attributes)
