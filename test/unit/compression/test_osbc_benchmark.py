# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The benchmark of OSBC computes what the passes compute, although it keeps what they share."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.data.npz import load_npz
from snnir.driver.files import network_of, read_network
from snnir.driver.pipelines import apply_pipeline
from snnir.layers.compressible import compressible_layers

REPOSITORY = Path(__file__).resolve().parents[3]
NETWORK = REPOSITORY / "test" / "lit" / "passes" / "snn-osbc-prune.mlir"
CALIBRATION = REPOSITORY / "test" / "lit" / "Inputs" / "osbc_calibration.npz"
SPARSITY = 0.5


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY / "benchmarks" / "compression")
    return pytest.importorskip("osbc_bench")


def _weights(module: ModuleOp) -> list[NDArray]:
    return [layer.matrices for layer in compressible_layers(network_of(module))]


def _piped(pipeline: str) -> ModuleOp:
    module = read_network(NETWORK)
    apply_pipeline(module, pipeline.replace("CAL", f'calibration="{CALIBRATION}"'))
    return module


def _assert_equal(found: ModuleOp, expected: ModuleOp) -> None:
    for first, second in zip(_weights(found), _weights(expected), strict=True):
        np.testing.assert_array_equal(first, second)


PRUNING = [
    ({"objective": "current"}, "objective=current"),
    ({"importance": "downstream"}, "importance=downstream"),
    ({"sequential": "asymmetric", "readout_decay": 0.97},
     "sequential=asymmetric readout-decay=0.97"),
]  # fmt: skip
QUANTIZATION = [
    ({"full_range": True}, "full-range"),
    ({"readout_decay": 0.9}, "readout-decay=0.9"),
    ({"sequential": "asymmetric", "scale_search": True}, "sequential=asymmetric scale-search"),
    ({"scale_search": True, "sweeps": 3}, "scale-search sweeps=3"),
]


@pytest.mark.parametrize(("options", "text"), PRUNING)
def test_pruning_is_that_of_the_pass(
    benchmark: ModuleType, tmp_path: Path, options: dict, text: str
):
    recipe = benchmark.Recipe("recipe", **({"objective": "membrane"} | options))
    expected = _piped(f"snn-osbc-prune{{sparsity={SPARSITY} {text} CAL}}")
    # The second time, Hessians and orders come from the folder.
    for _ in range(2):
        bench = benchmark.Bench(read_network(NETWORK), load_npz(CALIBRATION), tmp_path)
        _assert_equal(bench.prune(recipe, SPARSITY), expected)


@pytest.mark.parametrize(("options", "text"), QUANTIZATION)
@pytest.mark.parametrize("sparse", [False, True])
def test_quantization_is_that_of_the_pass(
    benchmark: ModuleType, tmp_path: Path, options: dict, text: str, sparse: bool
):
    recipe = benchmark.Recipe("recipe", "membrane", **options)
    first = benchmark.Recipe("first", "membrane")
    bench = benchmark.Bench(read_network(NETWORK), load_npz(CALIBRATION), tmp_path)
    pipeline = f"snn-osbc-quantize{{bits=3 {text} CAL}}"
    if sparse:
        pipeline = f"snn-osbc-prune{{sparsity={SPARSITY} CAL}},{pipeline}"
        found = bench.prune_and_quantize(first, SPARSITY, recipe, 3)
    else:
        found = bench.quantize(bench.dense, recipe, 3)
    _assert_equal(found, _piped(pipeline))
