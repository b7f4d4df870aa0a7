# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options of the way to integers and kernels that would do nothing, or that a pipeline decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from numpy.typing import NDArray

from snnir.data import Dataset
from snnir.driver.files import read_network
from snnir.driver.lowering import lower, without_options_of_integers
from snnir.driver.pipelines import LoweringOptions
from snnir.support.diagnostics import DiagnosticEngine, Severity, SNNError


@pytest.mark.parametrize(
    ("level", "options", "message"),
    [
        ("qsnn", LoweringOptions(bits=4), "has its integers already, so that --bits would"),
        ("qsnn", LoweringOptions(input_maximum=3), "so that --input-maximum would do nothing"),
        ("qsnn", LoweringOptions(pipeline=""), "so that --pipeline would do nothing"),
        (
            "kernels",
            LoweringOptions(optimize="size"),
            "has its kernels already, so that --opt",
        ),
        ("kernels", LoweringOptions(tile_rows=1), "so that --tile-rows would do nothing"),
    ],
)
def test_options_of_what_is_decided_are_refused(network: Path, level, options, message) -> None:
    """They would do nothing, and nobody would know."""
    lowered = lower(read_network(network), LoweringOptions(input_maximum=3))
    module = lowered.qsnn if level == "qsnn" else lowered.kernels
    assert module is not None
    with pytest.raises(SNNError, match=message):
        lower(module, options)


def test_integers_keep_the_options_of_kernels(network: Path) -> None:
    """Whoever lowers in two steps has what the first one was told in the options of the second."""
    options = LoweringOptions(bits=4, input_maximum=3, optimize="size")
    integers = lower(read_network(network), options).qsnn
    assert integers is not None
    kept = without_options_of_integers(options)
    assert kept == LoweringOptions(optimize="size")
    assert lower(integers, kept).qsnn is integers


def test_pipelines_end_before_kernels(network: Path) -> None:
    pipeline = "convert-snn-to-qsnn,convert-qsnn-to-kernels"
    with pytest.raises(SNNError, match="makes kernels of it; let it end with passes on the snn or"):
        lower(read_network(network), LoweringOptions(pipeline=pipeline))


@pytest.mark.parametrize(
    ("options", "named"), [({"bits": 4}, "bits"), ({"input_maximum": 3}, "input-maximum")]
)
def test_options_that_a_pipeline_decides_are_refused(
    network: Path, options: dict, named: str
) -> None:
    chosen = LoweringOptions(pipeline="convert-snn-to-qsnn", **options)
    message = rf"so that --{named} would do nothing; write it there, convert-snn-to-qsnn\{{{named}"
    with pytest.raises(SNNError, match=message):
        lower(read_network(network), chosen)


@pytest.mark.parametrize(("maximum", "notes"), [(127, 1), (6, 0)])
def test_pipelines_to_integers_are_told_the_range_of_data(
    network: Path, frames: NDArray, maximum: int, notes: int
) -> None:
    pipeline = f"convert-snn-to-qsnn{{input-maximum={maximum}}}"
    with DiagnosticEngine() as engine:
        lower(read_network(network), LoweringOptions(pipeline=pipeline), Dataset(frames, None, ""))
    found = [str(each) for each in engine.diagnostics if each.severity is Severity.NOTE]
    assert len(found) == notes
    assert all("the data suggest convert-snn-to-qsnn{input-maximum=6}" in each for each in found)
