# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A cost table is fitted from what an earlier run measured, as a whole or for some kernels."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from snnir.backends.targets import MPS2_AN500
from snnir.testing.targets import require_programs

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks" / "cortex_m7"))
calibrate: Any = pytest.importorskip("calibrate")
cost_samples: Any = pytest.importorskip("cost_samples")

PROGRAM = {"instructions": 1.0, "flash_bytes": 2, "ram_bytes": 3}
OLD = {
    "instructions": {
        "add": {"call": 1.0},
        "widen": {"call": 1.0, "row": 5.0},
        "scale": {"call": 9.0},
    },
    "cycles": {"add": {"call": 1.0}, "widen": {"call": 1.0}},
    "code": {"widen": {"call": 1.0}},
    "program": PROGRAM,
    "networks": 180,
    "calls": 5000,
    "compiler": "old",
}


def measured() -> Any:
    """Calls of `widen` and `add`, and of two calls that read the input in one measurement."""
    samples = []
    for size in (10, 100, 1000):
        widen = {"widen/call": 1.0, "widen/element": float(size)}
        add = {"add/call": 1.0, "add/element": float(size)}
        of_widen, of_add = ({"widen/call": 1.0}, 32), ({"add/call": 1.0}, 24)
        at = cost_samples.Origin("static", 0, 0, None)
        samples += [
            calibrate.Sample(at, widen, 20 + 4 * size, "widen", of_widen, 10 + 3 * size),
            calibrate.Sample(at, add, 50 + 2 * size, "add", of_add, 5 + 2 * size),
        ]
        input = {"list_hits/byte": float(size), "check_density/event": size**0.5}
        samples.append(calibrate.Sample(at, input, 5 * size + size**0.5, "input", None, 2 * size))
    return calibrate.Measured(3, samples)


def calibrated(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> dict:
    """The table after a run of the program on what is above."""
    require_programs(MPS2_AN500.compiler)
    samples, table = folder / "samples.pkl", folder / "table.json"
    samples.write_bytes(pickle.dumps(measured()))
    table.write_text(json.dumps(OLD))
    monkeypatch.setattr(calibrate, "program_costs", lambda _: {**PROGRAM, "instructions": 7.0})
    arguments = ["--refit", "--samples", str(samples), "--output", str(table), *options]
    monkeypatch.setattr(sys, "argv", ["calibrate.py", *arguments])
    calibrate.main()
    return json.loads(table.read_text())


def test_only_the_named_kernels_change(tmp_path, monkeypatch) -> None:
    table = calibrated(tmp_path, monkeypatch, "--only", "widen")
    assert table["instructions"]["widen"]["element"] == pytest.approx(4, rel=0.05)
    assert table["cycles"]["widen"]["element"] == pytest.approx(3, rel=0.05)
    assert table["code"]["widen"]["call"] == pytest.approx(32, rel=0.05)
    for name in ("add", "scale"):
        assert table["instructions"][name] == OLD["instructions"][name]
    # What it says of the whole still holds for the rest.
    assert {name: table[name] for name in ("program", "networks", "calls", "compiler")} == {
        name: OLD[name] for name in ("program", "networks", "calls", "compiler")
    }


def test_of_calls_that_are_measured_together_one_may_change(tmp_path, monkeypatch) -> None:
    table = calibrated(tmp_path, monkeypatch, "--only", "list_hits")
    assert table["instructions"]["list_hits"]["byte"] == pytest.approx(5, rel=0.05)
    assert "check_density" not in table["instructions"]
    assert table["instructions"]["widen"] == OLD["instructions"]["widen"]


def test_of_code_only_bytes_change(tmp_path, monkeypatch) -> None:
    table = calibrated(tmp_path, monkeypatch, "--code")
    assert table["code"]["add"]["call"] == pytest.approx(24, rel=0.05)
    assert {**table, "code": None} == {**OLD, "code": None}


def test_everything_is_fitted_again(tmp_path, monkeypatch) -> None:
    table = calibrated(tmp_path, monkeypatch)
    assert table["instructions"].keys() == {"widen", "add", "list_hits", "check_density"}
    assert table["instructions"]["add"]["element"] == pytest.approx(2, rel=0.05)
    assert table["instructions"]["widen"]["row"] == 5.0, "no call has rows"
    assert (table["networks"], table["calls"]) == (3, 9)
    assert table["program"]["instructions"] == 7.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--refit"], "--refit needs --samples"),
        (["--only", "widen", "--output", "none.json"], "there is none in none.json"),
    ],
)
def test_what_is_missing_is_said(arguments, message, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["calibrate.py", *arguments])
    with pytest.raises(SystemExit) as caught:
        calibrate.main()
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_samples_are_counted_anew() -> None:
    """What a fit reads of a call is found by lowering its network again; what it took stays."""
    kind, seed = "small", 0
    drawn = cost_samples.draw(kind, seed)
    lowered = cost_samples.Lowered(drawn, drawn.ways[0])
    expected = {lowered.kernel(call): lowered.amounts(call) for call in lowered.calls}
    samples = [
        calibrate.Sample(cost_samples.Origin(kind, seed, 0, index), {"x": 1.0}, 7.0, "x", None)
        for index, _ in enumerate(lowered.calls)
    ]
    around = calibrate.Sample(cost_samples.Origin(kind, seed, 0, None), {"y": 1.0}, 8.0, "y", None)
    *calls, unchanged = cost_samples.recount([*samples, around])
    assert unchanged == around
    assert {sample.kernel for sample in calls} == set(expected)
    for sample in calls:
        assert sample.instructions == 7.0
        assert sample.amounts.keys() == expected[sample.kernel].keys()


def test_a_call_that_is_unlike_the_others_hardly_changes_what_these_take() -> None:
    """Compilers make something else of one shape: of ten calls nine take 4 for each element."""
    rows = [({"add/element": float(size)}, 4.0 * size) for size in range(100, 1000, 100)]
    found = calibrate.fit([*rows, ({"add/element": 1000.0}, 12_000.0)], calibrate.SMALLEST)
    assert found["add/element"] == pytest.approx(4, rel=0.03)
