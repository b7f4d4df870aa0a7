# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The passes that compress weights: against numpy on the same data, and down to the integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration import measure_activity
from snnir.calibration.layer_hessians import (
    HessianOptions,
    Objective,
    filter_decays,
    input_rows,
    measure_hessians,
)
from snnir.data import Dataset
from snnir.dialects import qsnn, snn
from snnir.driver.files import network_of, write_network
from snnir.driver.pipelines import apply_pipeline
from snnir.executors.windows import windows
from snnir.layers.compressible import compressible_layers
from snnir.layers.downstream import downstream_energy
from snnir.layers.weight_grid import grid_of
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import DiagnosticEngine, SNNError
from snnir.support.xdsl_parsing import parse_module
from snnir.universe import make_context

STEPS, INPUTS, HIDDEN, CLASSES = 12, 20, 16, 4
BETA = 0.75


def _dense(array: NDArray) -> str:
    shape = "x".join(map(str, array.shape))
    return f'dense<"0x{array.astype("<f4").tobytes().hex()}"> : tensor<{shape}xf32>'


def _text(first: NDArray, second: NDArray, readout: str = "spike_count") -> str:
    neuron = f"beta {BETA} : f32 threshold 1.0 : f32 reset zero_before immediate compare ge"
    output = "%u2 : tensor<4xf32>" if readout == "mean_membrane" else "%s2 : tensor<4xi1>"
    return f"""
snn.network @net(%frame: tensor<20xf32>) -> ({output.split(" : ")[1]})
    attributes {{timesteps = {STEPS} : i64, input = #snn<input event_counts>,
                 readout = #snn<readout {readout}>}} {{
  %w1 = snn.weight {_dense(first)}
  %i1 = snn.linear %frame, %w1 : (tensor<20xf32>, tensor<16x20xf32>) -> tensor<16xf32>
  %s1, %u1 = snn.lif %i1 {neuron} {{layer = "hidden"}}
      : (tensor<16xf32>) -> (tensor<16xi1>, tensor<16xf32>)
  %w2 = snn.weight {_dense(second)}
  %i2 = snn.linear %s1, %w2 : (tensor<16xi1>, tensor<4x16xf32>) -> tensor<4xf32>
  %s2, %u2 = snn.lif %i2 {neuron} {{layer = "out"}}
      : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.output {output}
}}
"""


def _parse(text: str) -> ModuleOp:
    return parse_module(make_context(), text.encode(), "net.mlir")


@pytest.fixture
def data() -> Dataset:
    rng = np.random.default_rng(2)
    x = rng.poisson(rng.uniform(0.05, 0.6, INPUTS), (30, STEPS, INPUTS)).astype(np.uint8)
    return Dataset(x, np.arange(30) % CLASSES, "random")


@pytest.fixture
def calibration(data: Dataset, tmp_path: Path) -> str:
    path = tmp_path / "calibration.npz"
    np.savez_compressed(path, x=data.x, y=data.labels())
    return f'calibration="{path}"'


@pytest.fixture
def text() -> str:
    rng = np.random.default_rng(3)
    return _text(rng.normal(0.15, 0.4, (HIDDEN, INPUTS)), rng.normal(0.1, 0.4, (CLASSES, HIDDEN)))


@pytest.fixture
def module(text: str) -> ModuleOp:
    return _parse(text)


def _weights(module: ModuleOp) -> list[NDArray]:
    return [layer.matrices[0] for layer in compressible_layers(network_of(module))]


def _numpy_hessian(x: NDArray, decay: float) -> NDArray:
    """`H` of the first layer, damped."""
    y, hessian = np.zeros((len(x), INPUTS)), np.zeros((INPUTS, INPUTS))
    for step in range(STEPS):
        y = decay * y + x[:, step]
        hessian += 2 * y.T @ y / len(x)
    return hessian + 0.01 * np.diag(hessian).mean() * np.eye(INPUTS)


@pytest.mark.parametrize(("objective", "decay"), [("membrane", BETA), ("current", 0.0)])
def test_pruned_layer_is_the_closed_form_on_its_support(
    module: ModuleOp, data: Dataset, calibration: str, objective: str, decay: float
):
    dense = _weights(module)[0]
    apply_pipeline(module, f"snn-osbc-prune{{sparsity=0.6 objective={objective} {calibration}}}")
    pruned = _weights(module)
    assert sum(int((w == 0).sum()) for w in pruned) == int(0.6 * (HIDDEN * INPUTS + 64))
    hessian = _numpy_hessian(data.x, decay)
    for before, after in zip(dense, pruned[0], strict=True):
        s = after != 0
        refit = np.linalg.solve(hessian[np.ix_(s, s)], (hessian @ before)[s])
        np.testing.assert_allclose(after[s], refit, rtol=1e-5, atol=1e-6)


def test_pruning_beats_magnitude_on_the_membrane(module: ModuleOp, data: Dataset, calibration: str):
    dense, rival = _weights(module)[0], module.clone()
    budget = "layer-sparsity=0.7,0.5"
    apply_pipeline(module, f"snn-osbc-prune{{{budget} {calibration}}}")
    apply_pipeline(rival, "snn-prune-magnitude{sparsity=0.7 budget=uniform}")
    hessian = _numpy_hessian(data.x, BETA)

    def error(weight: NDArray) -> float:
        return float(np.einsum("ri,ij,rj", weight - dense, hessian, weight - dense))

    assert error(_weights(module)[0]) < 0.5 * error(_weights(rival)[0])


def test_asymmetric_fit_changes_only_what_has_other_inputs(module: ModuleOp, calibration: str):
    plain, fitted = module.clone(), module
    apply_pipeline(plain, f"snn-osbc-prune{{sparsity=0.7 {calibration}}}")
    apply_pipeline(fitted, f"snn-osbc-prune{{sparsity=0.7 sequential=asymmetric {calibration}}}")
    np.testing.assert_allclose(_weights(plain)[0], _weights(fitted)[0], atol=1e-6)
    assert not np.allclose(_weights(plain)[1], _weights(fitted)[1])


def test_rows_that_are_read_strongly_keep_more(text: str, calibration: str):
    plain, weighted = _parse(text), _parse(text)
    for module in (plain, weighted):
        last = compressible_layers(network_of(module))[1]
        matrix = last.matrices
        matrix[:, :, 4] *= 20
        matrix[:, :, 7] = 0
        last.replace_weights(matrix)
    options = f"layer-sparsity=0.6,0 {calibration}"
    apply_pipeline(plain, f"snn-osbc-prune{{{options}}}")
    apply_pipeline(weighted, f"snn-osbc-prune{{importance=downstream {options}}}")
    before, after = ((_weights(each)[0] != 0).sum(axis=1) for each in (plain, weighted))
    assert before.sum() == after.sum()
    assert after[4] > before[4]
    # Nobody reads neuron 7, so its weights cost nothing.
    assert (before[7], after[7]) == (before[7].clip(min=1), 0)


def test_importance_is_what_the_next_layers_read():
    kernels = np.random.default_rng(4).normal(size=(4, 2, 1, 2)).astype(np.float32)
    rows = np.random.default_rng(5).normal(size=(3, 4 * 6)).astype(np.float32)
    neuron = "beta 0.5 : f32 threshold 1.0 : f32 reset zero_before immediate compare ge"
    feature = "tensor<4x2x3xi1>"
    module = _parse(f"""
snn.network @net(%frame: tensor<4x2x3xf32>) -> (tensor<3xi1>)
    attributes {{timesteps = 4 : i64, input = #snn<input event_counts>,
                 readout = #snn<readout spike_count>}} {{
  %w1 = snn.weight dense<1.0> : tensor<4x4x1x1xf32>
  %i1 = snn.conv2d %frame, %w1 : (tensor<4x2x3xf32>, tensor<4x4x1x1xf32>) -> tensor<4x2x3xf32>
  %s1, %u1 = snn.lif %i1 {neuron} : (tensor<4x2x3xf32>) -> ({feature}, tensor<4x2x3xf32>)
  %w2 = snn.weight {_dense(kernels)}
  %i2 = snn.conv2d %s1, %w2 padding [0, 1] dilation [1, 2] groups 2
      : ({feature}, tensor<4x2x1x2xf32>) -> tensor<4x2x3xf32>
  %s2, %u2 = snn.lif %i2 {neuron} : (tensor<4x2x3xf32>) -> ({feature}, tensor<4x2x3xf32>)
  %flat = snn.flatten %s2 : ({feature}) -> tensor<24xi1>
  %w3 = snn.weight {_dense(rows)}
  %i3 = snn.linear %flat, %w3 : (tensor<24xi1>, tensor<3x24xf32>) -> tensor<3xf32>
  %s3, %u3 = snn.lif %i3 {neuron} : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
  snn.output %s3 : tensor<3xi1>
}}
""")
    network = network_of(module)
    first, second, third = (
        downstream_energy(network, layer.op) for layer in compressible_layers(network)
    )
    # Outputs 0 and 1 of the grouped convolution read channels 0 and 1, the others 2 and 3.
    expected = [
        sum(float((kernels[out, channel % 2] ** 2).sum()) for out in range(4) if out // 2 == half)
        for channel, half in ((0, 0), (1, 0), (2, 1), (3, 1))
    ]
    np.testing.assert_allclose(first, expected, rtol=1e-6)
    np.testing.assert_allclose(second, (rows.reshape(3, 4, 6) ** 2).sum(axis=(0, 2)), rtol=1e-6)
    assert third.tolist() == [1, 1, 1]


@pytest.mark.parametrize("objective", ["membrane", "current"])
def test_readout_decay_filters_the_layer_that_is_counted(
    module: ModuleOp, text: str, data: Dataset, objective: Objective
):
    network = network_of(module)
    layers = compressible_layers(network)
    plain = measure_hessians(network, layers, data, HessianOptions(objective))
    counted = measure_hessians(network, layers, data, HessianOptions(objective, 0.9))
    assert torch.equal(plain[0], counted[0])
    wanted = network_of(_parse(text.replace(f"beta {BETA} : f32", "beta 0.9 : f32")))
    assert filter_decays(wanted, compressible_layers(wanted)[1], "membrane") == pytest.approx(
        filter_decays(network, layers[1], objective, 0.9)
    )
    assert not torch.allclose(plain[1], counted[1])
    # The time of the first spike depends on every potential, so their filter stays.
    first = network_of(_parse(text.replace("readout spike_count", "readout first_spike")))
    last = compressible_layers(first)[1]
    assert filter_decays(first, last, "membrane", 0.9) == pytest.approx((BETA,))


@pytest.mark.parametrize("bits", [8, 4, 3, 2])
@pytest.mark.parametrize(
    "options",
    ["", "scale-search ", "full-range sweeps=5 ", "sequential=asymmetric ", "readout-decay=0.9 ",
     "rtn"],
)  # fmt: skip
def test_conversion_takes_the_same_integers(
    module: ModuleOp, calibration: str, bits: int, options: str
):
    one = f"snn-osbc-quantize{{bits={bits} {options}{calibration}}}"
    apply_pipeline(module, f"snn-quantize-rtn{{bits={bits}}}" if options == "rtn" else one)
    ops = [op for op in module.walk() if isinstance(op, snn.WeightOp)]
    grids = [grid_of(op) for op in ops]
    real = [array_from_dense(op.value) for op in ops]
    apply_pipeline(module, "convert-snn-to-qsnn")
    converted = [op for op in module.walk() if isinstance(op, qsnn.WeightOp)]
    for op, grid, weight in zip(converted, grids, real, strict=True):
        assert grid is not None
        integers = array_from_dense(op.value)
        assert -(1 << bits - 1) <= integers.min() <= integers.max() < 1 << bits - 1
        assert op.result.type.element_type.width.data == (4 if bits == 3 else bits)  # type: ignore
        scale = grid.scale.astype(np.float32)[:, None]
        np.testing.assert_array_equal(integers.astype(np.float32) * scale, weight)


def test_zeros_of_a_pruned_layer_stay(module: ModuleOp, calibration: str):
    apply_pipeline(module, f"snn-osbc-prune{{sparsity=0.8 {calibration}}}")
    before = _weights(module)
    apply_pipeline(module, f"snn-osbc-quantize{{bits=3 scale-search {calibration}}}")
    for old, new in zip(before, _weights(module), strict=True):
        assert (new[old == 0] == 0).all()


def test_readout_of_membranes_gets_one_scale(calibration: str):
    rng = np.random.default_rng(5)
    sizes = (HIDDEN, INPUTS), (CLASSES, HIDDEN)
    first, second = (rng.normal(0.1, 0.4, size) for size in sizes)
    module = _parse(_text(first, second, "mean_membrane"))
    apply_pipeline(module, f"snn-osbc-quantize{{bits=4 scale-search {calibration}}}")
    last = [op for op in module.walk() if isinstance(op, snn.WeightOp)][-1]
    grid = grid_of(last)
    assert grid is not None
    assert len(set(grid.scale)) == 1
    with DiagnosticEngine() as engine:
        apply_pipeline(module, "convert-snn-to-qsnn")
    assert not any("quantised again" in remark.message for remark in engine.remarks)


def test_weights_off_their_grid_are_refused(module: ModuleOp):
    apply_pipeline(module, "snn-quantize-rtn{bits=4}")
    weight = next(op for op in module.walk() if isinstance(op, snn.WeightOp))
    moved = array_from_dense(weight.value) * np.float32(1.01)
    weight.properties["value"] = dense_from_array(moved)
    with pytest.raises(SNNError, match="not on the 4-bit grid"):
        apply_pipeline(module, "convert-snn-to-qsnn")


def test_magnitude_pruning_keeps_a_grid(module: ModuleOp):
    apply_pipeline(module, "snn-quantize-rtn{bits=4},snn-prune-magnitude{sparsity=0.5}")
    weights = [op for op in module.walk() if isinstance(op, snn.WeightOp)]
    assert all(grid_of(op) is not None for op in weights)
    apply_pipeline(module, "convert-snn-to-qsnn")


@pytest.mark.parametrize("recorded", [True, False])
def test_rates_come_back(
    module: ModuleOp, data: Dataset, calibration: str, tmp_path: Path, recorded: bool
):
    write_network(module, tmp_path / "dense.mlir")
    wanted = measure_activity(network_of(module), data).layers
    measure = f"snn-measure-activity{{{calibration}}}," if recorded else ""
    apply_pipeline(module, f"{measure}snn-prune-magnitude{{sparsity=0.7}}")
    before = measure_activity(network_of(module), data).layers
    reference = "" if recorded else f'reference="{tmp_path}/dense.mlir" '
    apply_pipeline(module, f"snn-match-rates{{{reference}{calibration}}}")
    after = measure_activity(network_of(module), data).layers

    def distance(layers: dict) -> float:
        return float(
            np.mean(np.abs(layers["hidden"].channel_rates - wanted["hidden"].channel_rates))
        )

    assert distance(after) < 0.3 * distance(before)


CONVOLUTIONS = [
    ("snn.conv2d", (2, 5, 6), (4, 2, 3, 3), "", 1, (1, 1), (0, 0), (1, 1)),
    ("snn.conv2d", (4, 7, 7), (6, 2, 3, 2), "stride [2, 1] padding [1, 0] dilation [1, 2] groups 2",
     2, (2, 1), (1, 0), (1, 2)),
    ("snn.conv1d", (2, 9), (4, 2, 3), "stride [2] padding [1]", 1, (2,), (1,), (1,)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shape", "kernel", "options", "groups", "stride", "padding", "dilation"), CONVOLUTIONS
)
def test_hessian_of_a_convolution_is_that_of_its_windows(
    name, shape, kernel, options, groups, stride, padding, dilation
):
    rng = np.random.default_rng(9)
    x = rng.poisson(0.5, (3, 4, *shape)).astype(np.float32)
    spatial = windows(x[0, 0], kernel[2:], stride, padding, dilation).shape[1 : len(shape)]
    types = ["x".join(map(str, s)) for s in (shape, kernel, (kernel[0], *spatial))]
    signature = f"(tensor<{types[0]}xf32>, tensor<{types[1]}xf32>) -> tensor<{types[2]}xf32>"
    module = _parse(f"""
snn.network @net(%frame: tensor<{types[0]}xf32>) -> (tensor<{types[2]}xf32>)
    attributes {{timesteps = 4 : i64, input = #snn<input event_counts>,
                 readout = #snn<readout mean_membrane>}} {{
  %w = snn.weight dense<1.0> : tensor<{types[1]}xf32>
  %i = {name} %frame, %w {options} : {signature}
  %u = snn.li %i beta 0.5 : f32 : (tensor<{types[2]}xf32>) -> tensor<{types[2]}xf32>
  snn.output %u : tensor<{types[2]}xf32>
}}
""")
    network = network_of(module)
    layers = compressible_layers(network)
    found = measure_hessians(network, layers, Dataset(x, None, "random"), HessianOptions())[0]
    columns = kernel[1] * int(np.prod(kernel[2:]))
    expected = np.zeros((groups, columns, columns))
    axes = len(spatial)
    for sample in x:
        y = np.zeros(shape)
        for frame in sample:
            y = 0.5 * y + frame
            patches = windows(y, kernel[2:], stride, padding, dilation)
            for group, part in enumerate(np.split(patches, groups)):
                order = (*range(1, 1 + axes), 0, *range(1 + axes, 1 + 2 * axes))
                rows = part.transpose(order).reshape(-1, columns)
                expected[group] += 2 * rows.T @ rows / (len(x) * len(rows))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert input_rows(layers[0])(torch.from_numpy(x[:, 0])).shape[2] == columns


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("snn-prune-magnitude{sparsity=1.5}", "sparsity must be 0 or more and below 1"),
        ("snn-quantize-rtn{bits=1}", "bits must be 2 to 8"),
        ("snn-osbc-prune{structure=4:2 CAL}", "none of none, channels"),
        ("snn-osbc-prune{layer-sparsity=0.5 CAL}", "2 values from 0 to 1"),
        ("snn-osbc-prune{block=-1 CAL}", "block must be 0 or more"),
        ("snn-osbc-prune{readout-decay=1.5 CAL}", "readout-decay must be 0 to 1"),
        ("snn-osbc-quantize{bits=9 CAL}", "bits must be 2 to 8"),
        ("snn-osbc-quantize{layer-bits=3,9 CAL}", "layer-bits must be 2 to 8, got 3, 9"),
        ("snn-osbc-quantize{layer-bits=3 CAL}", "2 values are needed, one for each layer, got 3"),
        ("snn-quantize-rtn{layer-bits=1,4}", "layer-bits must be 2 to 8, got 1, 4"),
        ("snn-osbc-quantize{sweeps=-1 CAL}", "sweeps must be 0 or more"),
        ("snn-osbc-quantize{readout-decay=-0.1 CAL}", "readout-decay must be 0 to 1"),
        ("snn-match-rates{CAL}", "records no rates"),
    ],
)
def test_what_makes_no_sense_is_refused(
    module: ModuleOp, calibration: str, pipeline: str, message: str
):
    with pytest.raises(SNNError, match=message):
        apply_pipeline(module, pipeline.replace("CAL", calibration))


def test_constants_that_layers_share_become_separate(text: str):
    module = _parse(text)
    layers = compressible_layers(network_of(module))
    clone = layers[1].op.clone()
    block = layers[1].op.parent_block()
    assert block is not None
    block.insert_op_after(clone, layers[1].op)
    layers[1].replace_weights(np.zeros((1, CLASSES, HIDDEN)))
    assert array_from_dense(clone.weight.owner.value).any()  # type: ignore[attr-defined]
    assert not _weights(module)[1].any()
