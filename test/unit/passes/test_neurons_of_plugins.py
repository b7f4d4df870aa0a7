# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Passes that execute networks leave neurons alone that only a plug-in knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from snnir.dialects.network import layer_names
from snnir.driver.files import network_of, read_network
from snnir.driver.pipelines import apply_pipeline
from snnir.support.diagnostics import SNNError
from snnir.universe import load_plugins

PLUGIN = """
from xdsl.dialects.builtin import TensorType, f32, i1
from xdsl.ir import Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def

@irdl_op_definition
class StepOp(IRDLOperation):
    name = "mine.step"
    input = operand_def(TensorType.constr(f32))
    spikes = result_def(TensorType.constr(i1))
    membrane = result_def(TensorType.constr(f32))
    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def torch_function(self, builder):
        return lambda value: (value > 0.5, value)

SNN_DIALECTS = {"mine": Dialect("mine", [StepOp])}
"""

NETWORK = """
snn.network @net(%x: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 8 : i64,
    input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %w = snn.weight dense<0.25> : tensor<2x4xf32>
  %c = snn.linear %x, %w : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  %s, %m = mine.step %c {layer = "n"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %s : tensor<2xi1>
}
"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Path]:
    """The network, with the plug-in loaded and calibration data beside it."""
    (tmp_path / "plugin.py").write_text(PLUGIN)
    (tmp_path / "net.mlir").write_text(NETWORK)
    x = np.random.default_rng(0).integers(0, 2, (12, 8, 4)).astype(np.uint8)
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(12) % 2)
    with load_plugins(tmp_path / "plugin.py"):
        yield tmp_path / "net.mlir"


@pytest.mark.parametrize(
    "pass_", ["snn-prune-silent{{{}}}", "snn-measure-activity{{{}}}", "snn-prune-pca{{{}}}"]
)
def test_they_are_measured_and_stay(network: Path, pass_: str) -> None:
    module = read_network(network)
    calibration = f'calibration="{network.parent / "data.npz"}"'
    apply_pipeline(module, pass_.format(calibration))
    assert list(layer_names(network_of(module)).values()) == ["n"]


def test_spikes_without_a_derivative_cannot_be_trained(network: Path) -> None:
    pass_ = f'snn-finetune{{data="{network.parent / "data.npz"}" epochs=1}}'
    with pytest.raises(SNNError, match="no parameter that is trained reaches the scores through"):
        apply_pipeline(read_network(network), pass_)
