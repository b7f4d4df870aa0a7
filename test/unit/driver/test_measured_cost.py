# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How steps are given to C that is measured, and predictions beside what was measured."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snnir.data import Dataset
from snnir.driver.files import read_network
from snnir.driver.import_ import import_network
from snnir.driver.lowering import lower
from snnir.driver.measured_cost import Cost, cost_lines, prediction
from snnir.driver.pipelines import LoweringOptions
from snnir.driver.run import run
from snnir.driver.validate import validate
from snnir.executors.native import Measurements, NativeExecutor
from snnir.support.diagnostics import SNNError
from snnir.tools.snnir import main


@pytest.mark.parametrize("way", ["frames", "events"])
def test_every_step_is_given_in_the_chosen_way(
    network: Path, data: Path, way: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    execute = NativeExecutor.run

    def spy(self: NativeExecutor, *arguments: Any, events: bool, **keywords: Any) -> Any:
        given.append(events)
        return execute(self, *arguments, events=events, **keywords)

    monkeypatch.setattr(NativeExecutor, "run", spy)
    assert validate(network, str(data), input_as=way).level("host").bit_exact is True
    run(network, str(data), level="host", input_as=way)
    # Each of both runs once recorded and once to measure.
    assert given == [way == "events"] * 4


@pytest.mark.parametrize("kind", ["values", "static_values"])
def test_values_are_no_events(model: Path, kind: str) -> None:
    module = import_network(
        f"{model}:build", input_shape=(2, 2, 2), timesteps=5, input_kind=kind, name="net"
    )
    x = Dataset(np.zeros((1, 5, 2, 2, 2)), None, "x")
    for verb in (validate, run):
        with pytest.raises(SNNError, match=f"takes {kind}, which are no events: .*frames"):
            verb(module, x, input_as="events")


def test_only_c_is_given_events(
    network: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", str(network), "--data", str(data), "--input-as", "events"]
    assert main([*arguments, "--level", "qsnn"]) == 2
    assert "--input-as is for the levels host and qemu" in capsys.readouterr().err
    assert main([*arguments, "--level", "host", "-q"]) == 0


def test_predictions_are_of_chosen_kernels(network: Path, frames: np.ndarray) -> None:
    options = LoweringOptions(optimize="speed")
    lowered = lower(read_network(network), options, Dataset(frames, None, "frames"))
    found = prediction(lowered, options)
    assert found is not None
    assert found.keys() == {"frames", "events"}
    assert prediction(lowered, LoweringOptions()) is None


def test_the_error_of_the_prediction_is_shown() -> None:
    cost = Cost(4, "frames", {"frames": 900.0, "events": 300.0})
    cost.add(Measurements(8, 64, 8000, 1200, 100, 200, 50))
    text = "\n".join(cost_lines("measured", cost.to_json()))
    assert re.search(r"instructions per step, from frames +1,000\n", text)
    assert re.search(r"predicted, from frames +900\n", text)
    assert re.search(r"error of the prediction +-10.0 %\n", text)
    assert "prediction from events, 300 instructions per step; --input-as events" in text
    cost.input_as = "events"
    text = "\n".join(cost_lines("measured", cost.to_json()))
    assert re.search(r"predicted, from events +300\n", text)
    assert "--input-as" not in text


def test_the_host_counts_no_instructions() -> None:
    cost = Cost(4, "events", {"frames": 900.0, "events": 300.0})
    cost.add(Measurements(8, 64))
    assert cost.to_json() == {"arena_bytes": 64}
