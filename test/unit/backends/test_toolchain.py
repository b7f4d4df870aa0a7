# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a user is told when a tool is missing or fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from generated_networks import generate

from snnir.backends.library import write_library
from snnir.backends.targets import HOST, MPS2_AN500, get_target
from snnir.backends.toolchain import (
    CMSIS_NN_HEADER,
    CMSIS_NN_SUPPORT,
    SINCE_CMSIS_NN_5,
    cmsis_nn_library,
    compile_object,
    find_cmsis_nn,
)
from snnir.dialects.snn_attributes import InputKind
from snnir.executors.native import NativeExecutor
from snnir.support.diagnostics import SNNError
from snnir.testing.targets import require_programs

ABSENT = "no-such-compiler-of-snnir"


def message_of(error: pytest.ExceptionInfo[SNNError]) -> str:
    """The text of an error, which is one line."""
    text = str(error.value)
    assert "\n" not in text
    return text


def test_missing_compiler_names_the_packages() -> None:
    network = generate("linear")
    executor = NativeExecutor(network.kernels, replace(MPS2_AN500, compiler=ABSENT))
    with pytest.raises(SNNError) as error:
        executor.run(network.x)
    text = message_of(error)
    assert f"'{ABSENT}' is not installed" in text
    assert "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi" in text


def test_missing_emulator_names_the_packages() -> None:
    require_programs(MPS2_AN500.compiler)
    network = generate("linear")
    target = replace(MPS2_AN500, emulator=(ABSENT, "{elf}"))
    executor = NativeExecutor(network.kernels, target)
    with pytest.raises(SNNError) as error:
        executor.run(network.x)
    assert f"'{ABSENT}' is not installed" in message_of(error)
    assert "qemu-system-arm" in message_of(error)


def test_a_library_is_written_without_the_compiler(tmp_path) -> None:
    """The size of the firmware is then unknown."""
    target = replace(MPS2_AN500, compiler=ABSENT)
    report = write_library(generate("linear").kernels, tmp_path / "library", target=target)
    assert report.flash_bytes is None
    assert (tmp_path / "library" / "src" / "net.c").is_file()


@pytest.mark.parametrize("by_environment", [False, True])
def test_missing_cmsis_nn_names_the_remedy(by_environment, tmp_path, monkeypatch) -> None:
    require_programs(HOST.compiler)
    network = generate("linear", "cmsis")
    if by_environment:
        monkeypatch.setenv("CMSIS_NN_PATH", str(tmp_path))
    with pytest.raises(SNNError) as error:
        NativeExecutor(network.kernels, HOST, cmsis_nn=None if by_environment else tmp_path)
    text = message_of(error)
    assert f"no CMSIS-NN sources in {tmp_path}" in text
    assert "run 'make setup'" in text
    assert "CMSIS_NN_PATH" in text


def headers(folder: Path, support: str = SINCE_CMSIS_NN_5) -> Path:
    """A folder with what is looked for in the headers of CMSIS-NN."""
    for name, text in ((CMSIS_NN_HEADER, ""), (CMSIS_NN_SUPPORT, support)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_cmsis_nn_is_found_by_its_header(tmp_path) -> None:
    assert find_cmsis_nn(headers(tmp_path)) == tmp_path


def test_an_old_cmsis_nn_is_refused(tmp_path) -> None:
    with pytest.raises(SNNError) as error:
        find_cmsis_nn(headers(tmp_path, "arm_nn_mat_mult_nt_t_s8"))
    assert f"the CMSIS-NN sources in {tmp_path} are older than version 5" in message_of(error)
    assert "name a checkout of version 5 to 7" in message_of(error)


def test_headers_of_cmsis_nn_alone_are_refused(tmp_path) -> None:
    with pytest.raises(SNNError) as error:
        cmsis_nn_library(headers(tmp_path), HOST)
    text = message_of(error)
    assert f"no C files of CMSIS-NN in {tmp_path / 'Source'}" in text
    assert "name a whole checkout" in text


def test_floating_point_of_cmsis_nn_is_left_out(tmp_path, monkeypatch) -> None:
    """Releases after version 7 have such files, which do not compile for every target."""
    require_programs(HOST.compiler)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sources = headers(tmp_path) / "Source" / "Functions"
    sources.mkdir(parents=True)
    (sources / "arm_sum_s8.c").write_text("int arm_sum_s8;\n")
    for suffix in ("f16", "f32", "flt"):
        (sources / f"arm_sum_{suffix}.c").write_text("#error not for this target\n")
    assert cmsis_nn_library(tmp_path, HOST).is_file()


def test_failing_compiler_shows_its_first_error(tmp_path) -> None:
    require_programs(HOST.compiler)
    source = tmp_path / "broken.c"
    source.write_text("int f(void) { return missing; }\n")
    with pytest.raises(SNNError, match=r"compiling broken\.c: cc failed with status 1: .*missing"):
        compile_object(source, tmp_path / "broken.o", HOST, [])


def test_unplanned_networks_are_refused() -> None:
    network = generate("linear")
    with pytest.raises(SNNError, match="found 0; run convert-snn-to-qsnn"):
        NativeExecutor(network.integers, HOST)
    del network.c_network.op.properties["arena_bytes"]
    with pytest.raises(SNNError, match="memory is not planned; run kernels-plan-memory first"):
        NativeExecutor(network.kernels, HOST)


def test_input_above_the_maximum_is_refused() -> None:
    require_programs(HOST.compiler)
    network = generate("linear")
    executor = NativeExecutor(network.kernels, HOST)
    network.x[0, 0, 0] = 6
    with pytest.raises(SNNError, match="refused an input: a value is above"):
        executor.run(network.x)
    network.x[0, 0, 0] = 300
    with pytest.raises(SNNError, match="takes integers from 0 to 255"):
        executor.run(network.x)


def test_inputs_that_cannot_be_events_are_refused() -> None:
    require_programs(HOST.compiler)
    wide = generate("wide", input_maximum=127)
    wide.x[0, 0] = 127
    with pytest.raises(SNNError, match=r"has 76200 events, but .* lists at most 16384"):
        NativeExecutor(wide.kernels, HOST).run(wide.x, events=True)
    values = generate("linear", input=InputKind.VALUES)
    with pytest.raises(SNNError, match="'@net' takes values, not events"):
        NativeExecutor(values.kernels, HOST).run(values.x, events=True)


def test_targets_have_aliases() -> None:
    assert get_target("cortex-m7") is MPS2_AN500
    with pytest.raises(SNNError, match="unknown target 'cortex-m8'; known targets are host, "):
        get_target("cortex-m8")
