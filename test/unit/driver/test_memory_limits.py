# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Limits for RAM and flash, and what `snnir compile` tells about memory."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from snnir.backends.targets import MPS2_AN500, PORTENTA_H7
from snnir.driver.compile import CompileReport, compile
from snnir.driver.pipelines import LoweringOptions
from snnir.driver.run import run
from snnir.driver.validate import validate
from snnir.support.diagnostics import SNNError
from snnir.testing.targets import require_programs
from snnir.tools.snnir_arguments import byte_count


def require_cross_compiler(*, emulator: bool = False) -> None:
    """Skip the test where the toolchain is not installed."""
    programs = [MPS2_AN500.compiler, *(MPS2_AN500.emulator or ())[: int(emulator)]]
    require_programs(*programs)


@pytest.fixture(scope="module")
def report(network: Path, tmp_path_factory: pytest.TempPathFactory) -> CompileReport:
    """The small network for the Portenta H7."""
    require_cross_compiler()
    return compile(network, tmp_path_factory.mktemp("lib") / "lib", target="portenta-h7")


def test_compile_reports_residency_and_stack(report: CompileReport) -> None:
    library = report.library
    assert library.stack_bytes is not None
    assert library.ram_bytes is not None
    assert 32 < library.stack_bytes < 2048
    assert "targets/portenta-h7/snnir_sections.ld" in library.files
    values = json.loads(json.dumps(report.to_json()))
    buffers = values["residency"]["buffers"]
    assert max(row["offset"] + row["bytes"] for row in buffers) <= library.arena_bytes
    assert {row["memory"] for row in buffers} == {"DTCMRAM"}
    assert {row["kind"] for row in buffers} == {"state", "transient"}
    constants = {row["layer"]: row for row in values["residency"]["constants"]}
    # A byte for each weight, or weights that are not zero with their places.
    assert constants["1"]["bytes"] >= 8 * 12
    assert constants["1"]["memory"] == "FLASH"
    text = "\n".join(report.lines())
    assert "stack, at most" in text
    assert "live at layers" in text


def needed(report: CompileReport) -> tuple[int, int]:
    """RAM with stack, and flash."""
    library = report.library
    assert library.ram_bytes is not None
    assert library.stack_bytes is not None
    assert library.flash_bytes is not None
    return library.ram_bytes + library.stack_bytes, library.flash_bytes


def test_limits_count_code_and_stack(report: CompileReport, network: Path, tmp_path: Path) -> None:
    ram, flash = needed(report)
    fits = LoweringOptions(ram_limit=ram, flash_limit=flash)
    compile(network, tmp_path / "fits", target="portenta-h7", options=fits)
    for options, text in (
        (LoweringOptions(ram_limit=ram - 1), f"{ram} bytes of RAM with data and stack, 1 more"),
        (LoweringOptions(flash_limit=flash - 3), f"{flash} bytes of flash with code, 3 more"),
    ):
        with pytest.raises(SNNError, match=text) as error:
            compile(network, tmp_path / "none", target="portenta-h7", options=options)
        assert "; largest: " in str(error.value)
        assert error.value.location is not None
    assert not (tmp_path / "none").exists()


def test_limits_hold_for_run_and_validate(network: Path, data: Path) -> None:
    require_cross_compiler(emulator=True)
    options = LoweringOptions(flash_limit=900)
    with pytest.raises(SNNError, match=r"bytes of flash with code, .* more than the limit"):
        run(network, str(data), level="qemu", options=options)
    with pytest.raises(SNNError, match=r"bytes of flash with code, .* more than the limit"):
        validate(network, str(data), target="mps2-an500", options=options)
    assert run(network, str(data), level="host", options=options).labels.size


def test_a_target_without_emulator_is_refused_before_anything_runs(network: Path) -> None:
    with pytest.raises(SNNError, match=f"for '{PORTENTA_H7.name}'; use mps2-an500"):
        validate(network, "absent.npz", target=PORTENTA_H7.name)


@pytest.mark.parametrize(
    ("text", "bytes"),
    [("7", 7), ("64K", 65536), ("64KiB", 65536), ("64kb", 65536), ("2M", 2 << 20)],
)
def test_byte_counts(text: str, bytes: int) -> None:
    assert byte_count(text) == bytes


@pytest.mark.parametrize("text", ["", "K", "-1", "0", "1.5K", "64G", "0x10"])
def test_wrong_byte_counts(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no number of bytes; write 65536 or"):
        byte_count(text)
