# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The verbs as Python functions, down to C on this computer."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

import snnir
from snnir.costs.goals import Goal
from snnir.data import Dataset
from snnir.dialects import qsnn, snn
from snnir.driver.check import check
from snnir.driver.compile import compile
from snnir.driver.files import level_of, network_of, read_network, write_network
from snnir.driver.import_ import import_network, summarize
from snnir.driver.levels import Level, Record, open_level
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions
from snnir.driver.run import run
from snnir.driver.validate import validate
from snnir.executors.result import ExecutionResult, RecordMode
from snnir.frontends import load_module
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import SNNError


def test_import_summary(imported: ModuleOp) -> None:
    summary = summarize(imported)
    assert summary.neurons == {"2": 12, "4": 3}
    assert summary.parameters == 8 * 12 + 12 + 12 * 3 + 3
    assert (summary.name, summary.timesteps, summary.input_shape) == ("small", 5, (2, 2, 2))


def test_import_input_kinds(model: Path) -> None:
    for kind, element in (("binary_frames", "i1"), ("values", "f32"), ("static_values", "f32")):
        module = import_network(
            f"{model}:build", input_shape=(2, 2, 2), timesteps=5, input_kind=kind
        )
        network = network_of(module)
        assert str(network.input.data) == kind
        assert str(network.frame.type) == f"tensor<2x2x2x{element}>"


def test_check_of_a_module(model: Path) -> None:
    arguments = {"input_shape": (2, 2, 2), "timesteps": 5}
    assert check(f"{model}:build", **arguments).supported
    report = check(f"{model}:with_tanh", **arguments)
    refused = [(layer.name, layer.kind) for layer in report.layers if not layer.supported]
    assert refused == [("0", "Tanh")]


def test_check_of_a_module_goes_down_to_kernels(model: Path) -> None:
    # Neither number of steps nor a readout of spikes is needed.
    refusals = (
        ("trace", "Leaky", 5, "in integers only spikes are fed back, as snntorch.RLeaky does"),
    )
    for factory, kind, timesteps, reason in refusals:
        report = check(f"{model}:{factory}", input_shape=(2, 2, 2), timesteps=timesteps)
        refused = [layer for layer in report.layers if not layer.supported]
        assert [layer.kind for layer in refused] == [kind]
        assert reason in str(refused[0].reason)
    for factory in ("membranes", "recurrent", "alpha"):
        assert check(f"{model}:{factory}", input_shape=(2, 2, 2)).supported


def test_check_of_a_module_with_its_own_loop(model: Path) -> None:
    assert check(f"{model}:looping", input_shape=(8,)).supported
    report = check(f"{model}:looping", input_shape=(8,), timesteps=4)
    assert report.layers[-1].reason == "the module's time loop runs 6 steps, but timesteps=4"
    assert not report.supported
    assert report.lines()[-1] == f"Looping is not supported: {report.layers[-1].reason}"
    # The reason is the same as that of an import, and no row of the table.
    report = check(f"{model}:looping", input_shape=(9,))
    (line,) = report.lines()
    assert re.match(r"Looping is not supported: calling .*: layer 'linear' \(Linear\), given", line)
    with pytest.raises(SNNError) as caught:
        import_network(f"{model}:looping", input_shape=(9,))
    assert caught.value.message == report.layers[0].reason


def test_check_of_a_file(model: Path, network: Path, tmp_path: Path) -> None:
    assert check(network).supported
    module = import_network(f"{model}:trace", input_shape=(2, 2, 2), timesteps=5)
    write_network(module, tmp_path / "trace.mlir")
    report = check(tmp_path / "trace.mlir")
    refused = [layer for layer in report.layers if not layer.supported]
    assert [layer.kind for layer in refused] == ["snn.register"]
    assert str(refused[0].reason).endswith("only spikes are fed back, as snntorch.RLeaky does")
    assert len(report.layers) > 1


def test_lowering_keeps_every_level(imported: ModuleOp) -> None:
    lowered = lower(imported)
    assert lowered.snn is imported
    assert level_of(network_of(imported)) == "snn"
    assert level_of(lowered.integers) == "qsnn"
    assert level_of(lowered.network) == "snnrt"
    below = lower(lowered.kernels)
    assert (below.snn, below.qsnn) == (None, None)
    with pytest.raises(SNNError, match="written as kernels"):
        _ = below.integers


def test_compile(network: Path, data: Path, tmp_path: Path) -> None:
    report = compile(network, tmp_path / "lib", data=str(data), name="other")
    assert report.input_maximum == 6
    assert report.input_scale is None
    assert not report.input_is_assumed
    assert (tmp_path / "lib" / "src" / "other.h").is_file()
    layers = {row.layer: row for row in report.layers if row.layer}
    assert layers["1"].weights == "i8"
    assert layers["1"].weight_count == layers["1"].constant_bytes == 8 * 12
    assert "linear_scatter" in layers["3"].kernels
    assert layers["2"].membrane == "i16, proven"
    assert layers["2"].state_bytes == 24
    manifest = json.loads((tmp_path / "lib" / "manifest.json").read_text())
    assert manifest["input"]["maximum"] == 6
    again = compile(network, tmp_path / "lib", data=str(data), name="other")
    assert again == report


def test_compile_says_what_it_assumes_of_the_input(network: Path, tmp_path: Path) -> None:
    assumed = "input up to 127, which is assumed: --data measures it"
    report = compile(network, tmp_path)
    assert assumed in report.lines()
    integers = lower(read_network(network)).qsnn
    assert integers is not None
    for source, options in ((network, LoweringOptions(input_maximum=127)), (integers, None)):
        report = compile(source, tmp_path, options=options)
        assert "input up to 127" in report.lines()


def test_compile_says_what_is_stored(model: Path, network: Path, tmp_path: Path) -> None:
    options = LoweringOptions(kernels="sparse")
    report = compile(network, tmp_path / "sparse", options=options)
    sparse = next(row for row in report.layers if row.layer == "1")
    integers = lower(read_network(network), options).integers
    weights = next(op for op in integers.walk() if isinstance(op, qsnn.WeightOp))
    kept = np.count_nonzero(weights.value.get_values())
    assert "linear_scatter_sparse" in sparse.kernels
    assert sparse.weight_count == 8 * 12
    # An entry for each weight that is not zero, and where those of each input start.
    assert sparse.constant_bytes == 2 * kept + 2 * (8 + 1)
    # Of a layer with feedback, one of its operations has all.
    module = import_network(f"{model}:recurrent", input_shape=(2, 2, 2), timesteps=5)
    report = compile(module, tmp_path / "recurrent")
    neurons = [row for row in report.layers if row.layer == "2"]
    assert [row.operation for row in neurons if row.kernels] == ["linear"]
    stored = sum(row.constant_bytes or 0 for row in report.layers)
    assert stored == sum(row.bytes for row in report.residency.constants)


def test_layers_that_others_compute_name_them(model: Path, tmp_path: Path) -> None:
    module = import_network(f"{model}:signals", input_shape=(2, 14), timesteps=5)
    report = compile(module, tmp_path / "signals", options=LoweringOptions(optimize="size"))
    shared = [row for row in report.layers if row.kernels.startswith("with ")]
    assert shared
    for row in shared:
        user = next(other for other in report.layers if row.kernels == f"with {other.layer}")
        assert row.constant_bytes is None
        assert report.layers.index(user) > report.layers.index(row)
        assert user.kernels


def test_the_library_of_another_network_is_kept(network: Path, tmp_path: Path) -> None:
    compile(network, tmp_path, name="first")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(SNNError, match="holds the library of 'first', not of 'second'; name ano"):
        compile(network, tmp_path, name="second")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    compile(network, tmp_path, name="first")
    for foreign in ("{}", "[1]", "no JSON"):
        (tmp_path / "manifest.json").write_text(foreign)
        with pytest.raises(SNNError, match="is not that of a library"):
            compile(network, tmp_path, name="first")


def test_compile_at_every_level(imported: ModuleOp, tmp_path: Path) -> None:
    lowered = lower(imported)
    assert lowered.qsnn is not None
    reports = [
        compile(module, tmp_path / str(number))
        for number, module in enumerate((imported, lowered.qsnn, lowered.kernels))
    ]
    source = [(tmp_path / str(number) / "src" / "small.c").read_text() for number in range(3)]
    assert source[0] == source[1] == source[2]
    assert reports[0].library.arena_bytes == reports[2].library.arena_bytes


@pytest.mark.parametrize("kernels", ["event", "cmsis"])
def test_validate(model: Path, network: Path, data: Path, kernels: str) -> None:
    module = load_module(f"{model}:build")
    options = LoweringOptions(kernels=kernels)  # type: ignore[arg-type]
    report = validate(network, str(data), module=module, options=options)
    assert report.problems == []
    values = report.to_json()
    assert list(values) == ["samples", "levels"]
    assert [level["level"] for level in values["levels"]] == ["torch", "snn", "qsnn", "host"]
    assert report.level("snn").spike_agreement == 1.0
    assert (report.level("snn").ties, report.level("snn").unexplained) == (0, 0)
    assert report.level("qsnn").spike_agreement is not None
    assert report.level("host").bit_exact is True
    assert report.level("host").cost["arena_bytes"] > 0
    json.dumps(values)


def test_validate_recurrent_network(model: Path, frames: NDArray) -> None:
    module = import_network(f"{model}:recurrent", input_shape=(2, 2, 2), timesteps=5)
    data, original = Dataset(frames, None, "frames"), load_module(f"{model}:recurrent")
    options = LoweringOptions(optimize="speed")
    report = validate(module, data, module=original, options=options)
    assert report.problems == []
    assert report.level("host").bit_exact is True


def test_unlabelled_data_have_no_accuracy(network: Path, frames: NDArray) -> None:
    report = validate(network, Dataset(frames, None, "frames"))
    assert all("accuracy" not in level for level in report.to_json()["levels"])
    assert run(network, Dataset(frames, None, "frames"), level="qsnn").accuracy is None


def test_static_and_real_inputs_are_bit_exact(model: Path) -> None:
    generator = np.random.default_rng(0)
    for kind, shape in (("static_values", (4, 2, 2, 2)), ("values", (4, 5, 2, 2, 2))):
        module = import_network(
            f"{model}:build", input_shape=(2, 2, 2), timesteps=5, input_kind=kind
        )
        x = generator.normal(size=shape).astype(np.float32)
        original = load_module(f"{model}:build")
        report = validate(module, Dataset(x, None, "x"), module=original)
        assert report.problems == []
        assert report.level("snn").spike_agreement == 1.0
        assert report.level("qsnn").spike_agreement > 0.9  # type: ignore[operator]


def test_pooling_of_signals_is_bit_exact(model: Path) -> None:
    module = import_network(f"{model}:signals", input_shape=(2, 14), timesteps=5)
    x = np.random.default_rng(0).integers(0, 3, (4, 5, 2, 14)).astype(np.uint8)
    report = validate(module, Dataset(x, None, "x"), module=load_module(f"{model}:signals"))
    assert report.problems == []
    assert report.level("snn").spike_agreement == 1.0
    assert report.level("host").bit_exact is True


@pytest.mark.parametrize("readout", ["last_membrane", "mean_membrane"])
def test_scores_of_membranes_have_a_unit(model: Path, tmp_path: Path, readout: str) -> None:
    """Integer scores times the unit in the header are the real membranes, but for rounding."""
    module = import_network(
        f"{model}:membranes", input_shape=(2, 2, 2), timesteps=5, readout=readout
    )
    x = np.random.default_rng(0).integers(0, 3, (6, 5, 2, 2, 2)).astype(np.uint8)
    real, whole = (run(module, Dataset(x, None, "x"), level=level) for level in ("snn", "qsnn"))
    compile(module, tmp_path / "lib", data=Dataset(x, None, "x"), name="net")
    header = (tmp_path / "lib" / "src" / "net.h").read_text()
    (unit,) = re.findall(r"#define NET_SCORE_UNIT (\S+)f\n", header)
    difference = np.abs(whole.scores * float(unit) - real.scores)
    assert difference.max() < 0.02 * np.abs(real.scores).max()


def test_a_difference_is_found(network: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that is off by one in one place is caught and located."""

    def open_broken(name: str, *arguments: object, **keywords: object) -> Level:
        level = open_level(name, *arguments, **keywords)  # type: ignore[arg-type]
        if name != "host":
            return level

        def broken(x: NDArray, record: Record) -> ExecutionResult:
            result = level.run(x, record)
            if result.recording is not None:
                result.recording.membranes["2"][4, 3, 11] += 1
            return result

        return Level(name, broken, level.native)

    monkeypatch.setattr("snnir.driver.validate.open_level", open_broken)
    report = validate(network, str(data))
    assert report.level("host").bit_exact is False
    difference = report.level("host").first_difference
    assert difference is not None
    assert (difference.sample, difference.step, difference.layer) == (4, 3, "2")
    assert difference.got == difference.expected + 1
    assert "host differs from qsnn: sample 4, step 3, layer '2'" in report.problems[0]
    json.dumps(report.to_json())


def test_another_network_than_the_module_is_found(
    imported: ModuleOp, model: Path, data: Path
) -> None:
    module = load_module(f"{model}:build")
    module.get_parameter("3.bias").data += 0.3
    report = validate(imported, str(data), module=module)
    assert report.level("snn").unexplained
    assert "snn differs from snnTorch in" in report.problems[0]
    assert "that was imported, with the same --weights" in report.problems[0]


@pytest.mark.parametrize("level", ["snn", "qsnn", "kernels", "host"])
def test_run(network: Path, data: Path, level: str, tmp_path: Path) -> None:
    report = run(network, str(data), level=level, limit=6)  # type: ignore[arg-type]
    assert report.scores.shape == (6, 3)
    assert set(report.spike_rates) == {"2", "4"}
    assert report.accuracy is not None
    report.write(tmp_path / "scores.npz")
    with np.load(tmp_path / "scores.npz") as archive:
        assert np.array_equal(archive["scores"], report.scores)
        assert np.array_equal(archive["labels"], report.labels)


@pytest.mark.parametrize("record", ["spikes", "all"])
def test_run_records_layers(network: Path, data: Path, record: RecordMode, tmp_path: Path) -> None:
    """What generated C does at every step, as the executor of its level says."""
    report = run(network, str(data), level="host", limit=6, record=record)
    report.write(tmp_path / "run.npz")
    below = run(network, str(data), level="qsnn", limit=6, record="all").recording
    with np.load(tmp_path / "run.npz") as archive:
        names = {name for name in archive.files if "/" in name}
        assert below is not None
        expected = {f"spikes/{layer}": each for layer, each in below.spikes.items()}
        if record == "all":
            expected |= {f"membranes/{layer}": each for layer, each in below.membranes.items()}
        assert names == expected.keys()
        assert expected
        for name in names:
            assert np.array_equal(archive[name], expected[name]), name
    assert run(network, str(data), level="host", limit=6).recording is None


def test_scores_that_decide_nothing_are_told(imported: ModuleOp, frames: NDArray) -> None:
    """Levels agree on networks that do nothing, which is no news."""
    module = imported.clone()
    for op in network_of(module).body.block.ops:
        if isinstance(op, snn.WeightOp):
            op.properties["value"] = dense_from_array(0 * array_from_dense(op.value))
    text = "7 of 7 samples give every class the same score: class 0"
    data = Dataset(frames, None, "frames")
    assert any(line.endswith(text) for line in run(module, data).lines())
    assert f"at level host, {text}" in validate(module, data).lines()
    assert not any("every class" in line for line in run(imported, data).lines())


def test_levels_below_qsnn_agree(network: Path, data: Path) -> None:
    reports = [run(network, str(data), level=level) for level in ("qsnn", "kernels", "host")]  # type: ignore[arg-type]
    for report in reports[1:]:
        assert np.array_equal(report.scores, reports[0].scores)
        assert report.spike_rates == reports[0].spike_rates


@pytest.mark.parametrize("optimize", [None, "size"])
def test_networks_written_as_kernels_run(model: Path, optimize: Goal | None) -> None:
    module = import_network(f"{model}:signals", input_shape=(2, 14), timesteps=5)
    x = np.random.default_rng(3).integers(0, 2, (6, 5, 2, 14)).astype(np.uint8)
    data = Dataset(x, None, "random")
    lowered = lower(module, LoweringOptions(optimize=optimize, silent_multiple=None), data)
    expected = run(module, data, level="qsnn", options=LoweringOptions(silent_multiple=None))
    for level in ("kernels", "host"):
        report = run(lowered.kernels, data, level=level)
        assert np.array_equal(report.scores, expected.scores)
        assert report.spike_rates == expected.spike_rates
    with pytest.raises(SNNError, match="is written as kernels and has no level above"):
        run(lowered.kernels, data, level="qsnn")
    with pytest.raises(SNNError, match="no level snn; run the level kernels, host or qemu"):
        run(lowered.kernels, data)
    assert lowered.qsnn is not None
    with pytest.raises(SNNError, match="no level snn; run the level qsnn, kernels, host or qemu"):
        run(lowered.qsnn, data)


def test_networks_without_neurons_validate(tmp_path: Path) -> None:
    """Only their scores are there to compare."""
    path = tmp_path / "sums.mlir"
    path.write_text(
        "snn.network @sums(%x: tensor<4xf32>) -> tensor<2xf32> attributes {timesteps = 3 : i64, "
        "input = #snn<input event_counts>, readout = #snn<readout mean_membrane>} {\n"
        "  %w = snn.weight dense<[[1.0, 2.0, 0.5, -1.0], [0.25, 1.0, 1.0, 2.0]]> : tensor<2x4xf32>"
        "\n  %c = snn.linear %x, %w : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>\n"
        "  snn.output %c : tensor<2xf32>\n}\n"
    )
    x = np.random.default_rng(0).integers(0, 3, (4, 3, 4)).astype(np.uint8)
    report = validate(path, data=Dataset(x, np.zeros(4, np.int64), "random"))
    assert report.level("host").bit_exact
    assert not report.problems


def test_data_are_a_data_set_or_name_one(network: Path, data: Path) -> None:
    with np.load(data) as archive:
        given = snnir.Dataset(archive["x"], archive["y"], "given")
        reports = [run(network, each, level="qsnn") for each in (given, data, str(data))]
        assert all(np.array_equal(each.scores, reports[0].scores) for each in reports)
        with pytest.raises(SNNError, match=r"type ndarray; give a snnir.Dataset\(x, y, name\) or"):
            run(network, archive["x"])  # type: ignore[arg-type]
    with pytest.raises(SNNError, match="there is no level 'emulator'; levels are snn, compressed"):
        run(network, data, level="emulator")  # type: ignore[arg-type]


def test_public_names() -> None:
    assert snnir.validate is validate
    assert snnir.compile is compile
    assert all(callable(getattr(snnir, name)) for name in snnir.__all__ if name[0] != "_")


def test_importing_snnir_or_its_parser_does_not_import_torch() -> None:
    code = (
        "import sys, snnir, snnir.tools.snnir; snnir.validate, snnir.compile; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
