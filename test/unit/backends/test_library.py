# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The generated library compiles everywhere, tests itself, and refuses misuse."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from generated_networks import Generated, generate, require_cmsis_nn, run, run_checked

from snnir.backends.library import write_library
from snnir.backends.targets import HOST, MPS2_AN500
from snnir.backends.toolchain import (
    COMMON_FLAGS,
    SNNRT_INCLUDE,
    cmsis_nn_library,
    section_sizes,
)
from snnir.dialects.snn_attributes import InputKind, Readout
from snnir.support.diagnostics import SNNError
from snnir.testing.targets import require_programs

HERE = Path(__file__).resolve().parent
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
WARNINGS += ["-Wcast-align", "-Wcast-qual"]
CONVERSIONS = ["-Wdouble-promotion", "-Wconversion", "-Wsign-conversion"]
SANITIZERS = ["-O0", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CORTEX_M7 = ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"]
COMPILERS = {
    "gcc": ["gcc", "-O2"],
    "clang": ["clang", "-O2"],
    "arm": ["arm-none-eabi-gcc", "-O3", *CORTEX_M7],
    # Their costs of branches differ, and with them what becomes of conditions of loops.
    "cortex-m4": ["arm-none-eabi-gcc", "-O3", "-mcpu=cortex-m4", "-mthumb"],
    "cortex-m0plus": ["arm-none-eabi-gcc", "-O3", "-mcpu=cortex-m0plus", "-mthumb"],
}


def includes(*folders: Path) -> list[str | Path]:
    """Where the library's headers are."""
    flags: list[str | Path] = []
    for folder in folders:
        flags += ["-I", folder / "src"]
    return flags


def cmsis_flags(network: Generated) -> list[str | Path]:
    """The headers of CMSIS-NN, if the network needs them."""
    if not network.c_network.uses_cmsis_nn:
        return []
    return ["-isystem", require_cmsis_nn() / "Include"]


@pytest.mark.parametrize("kernels", ["event", "cmsis"])
@pytest.mark.parametrize("kind", ["conv", "linear"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_compiles_without_warnings(compiler, kind, kernels, tmp_path) -> None:
    require_programs(COMPILERS[compiler][0])
    network = generate(kind, kernels)
    assert network.c_network.uses_cmsis_nn == (kernels == "cmsis")
    folder = network.write(tmp_path)
    # The headers of CMSIS-NN convert freely, in functions that are inlined into the network.
    conversions = CONVERSIONS if kernels == "event" else []
    run_checked(
        [*COMPILERS[compiler], *WARNINGS, *conversions, "-fno-strict-aliasing",
         *includes(folder), *cmsis_flags(network), "-c", folder / "src" / "net.c",
         "-o", tmp_path / "net.o"]
    )  # fmt: skip


@pytest.mark.parametrize("compiler", COMPILERS)
def test_known_numbers_of_outputs_raise_no_warning(compiler, tmp_path) -> None:
    """A shape that the compiler sees shows it loops that end within a group of four."""
    require_programs(COMPILERS[compiler][0])
    sizes = (499, 500, 501, 502)
    source = tmp_path / "outputs.c"
    source.write_text(
        '#include "snnrt/snnrt.h"\n'
        "extern const int32_t weights[32768];\n"
        + "".join(
            f"static const snnrt_linear_shape shape_{n} = {{.inputs = 128, .outputs = {n}}};\n"
            f"void call_{n}(const uint16_t *list, uint32_t count, int16_t *current);\n"
            f"void call_{n}(const uint16_t *list, uint32_t count, int16_t *current) {{\n"
            f"  snnrt_linear_scatter_packed4_s16(list, count, weights, current, &shape_{n});\n"
            "}\n"
            for n in sizes
        )
    )
    command = [*COMPILERS[compiler], "-O3", *WARNINGS, *CONVERSIONS, "-fno-strict-aliasing"]
    run_checked([*command, "-I", SNNRT_INCLUDE, "-c", source, "-o", tmp_path / "outputs.o"])


@pytest.mark.parametrize("input", [InputKind.EVENT_COUNTS, InputKind.STATIC_VALUES])
def test_header_is_cxx(input, tmp_path) -> None:
    require_programs("g++")
    folder = generate("linear", input=input).write(tmp_path)
    program = tmp_path / "program.cpp"
    program.write_text(
        '#include "net.h"\nint main() { net_network n; return net_init(&n, nullptr, 0); }\n'
    )
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
    run_checked(["g++", *flags, *includes(folder), program])


def test_networks_of_different_names_run_side_by_side(tmp_path) -> None:
    require_programs("gcc")
    first = generate("conv").write(tmp_path / "first")
    second = generate("linear", name="other").write(tmp_path / "second")
    program = tmp_path / "program"
    run_checked(
        ["gcc", *WARNINGS, *SANITIZERS, "-fno-strict-aliasing", *includes(first, second),
         HERE / "side_by_side.c", first / "src" / "net.c", second / "src" / "other.c",
         "-o", program]
    )  # fmt: skip
    run_checked([program])


@pytest.mark.parametrize(
    ("kind", "input"),
    [
        ("conv", InputKind.EVENT_COUNTS),
        ("linear", InputKind.VALUES),
        ("linear", InputKind.STATIC_VALUES),
    ],
)
def test_the_readme_is_a_program(kind, input, tmp_path) -> None:
    """What it shows compiles, runs and passes: the example, and the command that tests."""
    require_programs("gcc", "cc")
    network = generate(kind, input=input)
    folder = tmp_path / "library"
    write_library(network.kernels, folder, target=HOST, golden=network.golden())
    readme = (folder / "README.md").read_text()
    example = re.findall(r"```c\n(.*?)```", readme, re.DOTALL)
    program = tmp_path / "program.c"
    # One image is there at every step: no more than that may be needed.
    static = input is InputKind.STATIC_VALUES
    frames, call = (1, "frames") if static else (3, "frames, 3")
    program.write_text(
        f"{example[0]}\nstatic {network.c_network.frame_type} frames[{frames} * NET_FRAME_SIZE];\n"
        f"int main(void) {{ return classify({call}) < 0; }}\n"
    )
    header = (folder / "src" / "net.h").read_text()
    assert ("steps on one frame" in header) == static
    batched = network.c_network.batch_steps is not None
    assert ("takes longer" in header) == ("takes longer" in readme) == batched
    assert static or not batched
    assert ("#define NET_INPUT_SCALE " in header) == (input is not InputKind.EVENT_COUNTS)
    run_checked(
        ["gcc", *WARNINGS, *SANITIZERS, "-fno-strict-aliasing", *includes(folder), program,
         folder / "src" / "net.c", "-o", tmp_path / "program"]
    )  # fmt: skip
    run_checked([tmp_path / "program"])
    (command,) = re.findall(r"```\n(cc .*) && ./self_test\n```", readme)
    done = run(shlex.split(command), cwd=folder)
    assert done.returncode == 0, done.stderr
    run_checked([folder / "self_test"])


@pytest.mark.parametrize("kind", ["conv", "linear"])
def test_misuse_has_a_status_and_no_effect(kind, tmp_path) -> None:
    require_programs("gcc")
    folder = generate(kind).write(tmp_path)
    program = tmp_path / "program"
    run_checked(
        ["gcc", *WARNINGS, *SANITIZERS, "-fno-strict-aliasing", *includes(folder),
         HERE / "api_errors.c", folder / "src" / "net.c", "-o", program]
    )  # fmt: skip
    done = run([program])
    assert done.returncode == 0, done.stdout + done.stderr


SELF_TESTED = [
    ("conv", "event", {}),
    ("conv", "cmsis", {}),
    ("linear", "cmsis", {"state": "i32"}),
    ("linear", "event", {"readout": Readout.FIRST_SPIKE, "population": 3}),
    ("conv", "event", {"input": InputKind.VALUES, "readout": Readout.MEAN_MEMBRANE}),
    ("linear", "event", {"input": InputKind.STATIC_VALUES, "readout": Readout.MAX_MEMBRANE}),
]


@pytest.mark.parametrize(("kind", "kernels", "properties"), SELF_TESTED)
def test_golden_vectors_pass_with_sanitizers(kind, kernels, properties, tmp_path) -> None:
    require_programs("gcc")
    network = generate(kind, kernels, **properties)
    folder = network.write(tmp_path, golden=True)
    libraries = [cmsis_nn_library(require_cmsis_nn(), HOST)] if kernels == "cmsis" else []
    program = tmp_path / "self_test"
    run_checked(
        ["gcc", *WARNINGS, *SANITIZERS, "-fno-strict-aliasing", *includes(folder),
         *cmsis_flags(network), folder / "test" / "self_test.c", folder / "src" / "net.c",
         *libraries, "-o", program]
    )  # fmt: skip
    assert run_checked([program]) == "PASS: 3 samples of 6 steps, all scores equal\n"


def test_steps_of_more_events_than_16_bits_count_are_golden_frames(tmp_path) -> None:
    require_programs("gcc")
    network = generate("wide", input_maximum=127)
    network.x[0] = 127
    folder = network.write(tmp_path, golden=True)
    assert "const uint8_t golden_data[" in (folder / "src" / "net_golden.h").read_text()
    program = tmp_path / "self_test"
    run_checked(
        ["gcc", *WARNINGS, "-fno-strict-aliasing", *includes(folder),
         folder / "test" / "self_test.c", folder / "src" / "net.c", "-o", program]
    )  # fmt: skip
    run_checked([program])


def build_and_test(library: Path, build: Path, *definitions: str) -> int:
    """Configure, build and run the self-test of a library's CMake project."""
    run_checked(["cmake", "-S", library, "-B", build, *definitions])
    run_checked(["cmake", "--build", build])
    return run(["ctest"], cwd=build).returncode


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """The folder of a whole library whose scores depend on every weight."""
    require_programs("cmake", "cc")
    network = generate("linear", input=InputKind.VALUES, readout=Readout.MEAN_MEMBRANE)
    folder = tmp_path_factory.mktemp("written") / "library"
    write_library(network.kernels, folder, target=HOST, golden=network.golden())
    return folder


def test_self_test_passes(written, tmp_path) -> None:
    assert build_and_test(written, tmp_path) == 0


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("src/net_golden.h", r"golden_scores.*\{\n  \{"),
        ("src/net_golden.h", r"golden_class.*\{\n  "),
        ("src/net.c", r"_weights\[\d+\] = \{\n  "),
    ],
    ids=["score", "class", "weight"],
)
def test_self_test_fails_when_a_value_is_changed(written, tmp_path, file, pattern) -> None:
    """The first score, class or weight that a pattern finds becomes another one."""
    library = tmp_path / "library"
    for source in written.rglob("*"):
        if source.is_file():
            target = library / source.relative_to(written)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    text = (library / file).read_text()
    changed = re.sub(rf"({pattern})(-?\d+)", lambda m: m[1] + str(_other(int(m[2]))), text, count=1)
    assert changed != text
    (library / file).write_text(changed)
    assert build_and_test(library, tmp_path / "build") != 0


def _other(value: int) -> int:
    """A value far away that still fits a byte."""
    return 120 if value < 0 else -120


def test_cmake_project_takes_cmsis_nn(tmp_path) -> None:
    """Configuring is enough here: building CMSIS-NN takes long."""
    require_programs("cmake", "cc")
    sources = require_cmsis_nn()
    network = generate("linear", "cmsis")
    write_library(network.kernels, tmp_path / "library", target=HOST, golden=network.golden())
    missing = run(["cmake", "-S", tmp_path / "library", "-B", tmp_path / "without"])
    assert missing.returncode != 0
    assert "set CMSIS_NN_PATH to the CMSIS-NN sources" in missing.stderr
    run_checked(
        ["cmake", "-S", tmp_path / "library", "-B", tmp_path / "with", f"-DCMSIS_NN_PATH={sources}"]
    )


def test_platformio_finds_all_sources(tmp_path) -> None:
    """As PlatformIO does: all files of the sources' folder, with the flags of the library."""
    require_programs("gcc")
    folder = generate("conv").write(tmp_path)
    library = json.loads((folder / "library.json").read_text())
    build = library["build"]
    sources = sorted((folder / build["srcDir"]).glob("*.c"))
    assert sources
    assert (folder / build["includeDir"] / library["headers"]).is_file()
    flags = " ".join(build["flags"]).split()
    run_checked(["gcc", "-c", *flags, "-I", build["includeDir"], *sources], cwd=folder)


ZEPHYR = """cmake_minimum_required(VERSION 3.16)
project(app C)
macro(zephyr_library_named name)
  add_library(${name} STATIC)
  set(ZEPHYR_LIBRARY ${name})
endmacro()
macro(zephyr_library_sources)
  target_sources(${ZEPHYR_LIBRARY} PRIVATE ${ARGN})
endmacro()
macro(zephyr_library_include_directories)
  target_include_directories(${ZEPHYR_LIBRARY} PRIVATE ${ARGN})
endmacro()
macro(zephyr_library_compile_options)
  target_compile_options(${ZEPHYR_LIBRARY} PRIVATE ${ARGN})
endmacro()
macro(zephyr_include_directories)
  foreach(folder ${ARGN})
    get_filename_component(path ${folder} ABSOLUTE)
    include_directories(${path})
    target_include_directories(${ZEPHYR_LIBRARY} PUBLIC ${path})
  endforeach()
endmacro()
add_subdirectory(LIBRARY/zephyr build_of_module)
"""
"""What Zephyr's functions do with a module, in plain CMake."""


def test_zephyr_module_builds(tmp_path) -> None:
    require_programs("cmake", "cc")
    folder = generate("conv").write(tmp_path)
    assert "cmake: zephyr" in (folder / "zephyr" / "module.yml").read_text()
    project = tmp_path / "project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(ZEPHYR.replace("LIBRARY", str(folder)))
    run_checked(["cmake", "-S", project, "-B", tmp_path / "build"])
    run_checked(["cmake", "--build", tmp_path / "build"])


ARDUINO = """#include <cstdio>
#include <cstdint>
#include <cstddef>
struct {
  void begin(long) {}
  void print(const char *text) { std::printf("%s", text); }
  void print(unsigned number) { std::printf("%u", number); }
  void print(float number) { std::printf("%.2f", number); }
  void println(const char *text) { std::printf("%s\\n", text); }
} Serial;
static unsigned long micros() { static unsigned long now; return now += 18; }
static void delay(unsigned long) {}
"""
"""What a sketch uses of Arduino; a sample takes 18 microseconds."""


@pytest.mark.parametrize("input", [InputKind.EVENT_COUNTS, InputKind.STATIC_VALUES])
@pytest.mark.parametrize("is_changed", [False, True])
def test_the_sketch_of_arduino_runs_golden_vectors(is_changed, input, tmp_path) -> None:
    """As Arduino does: a file of C++ with its header in front, all C files below `src`."""
    require_programs("gcc", "g++")
    folder = generate("linear", input=input).write(tmp_path / "lib", golden=True)
    properties = (folder / "library.properties").read_text().splitlines()
    assert {"name=net", "includes=net.h", "architectures=*"} <= set(properties)
    if is_changed:
        golden = folder / "src" / "net_golden.h"
        golden.write_text(re.sub(r"(golden_scores.*\n  \{)", r"\g<1>1 + ", golden.read_text()))
    (tmp_path / "Arduino.h").write_text(ARDUINO)
    main = "int main() { setup(); loop(); }"
    sketch = tmp_path / "sketch.cpp"
    text = (folder / "examples" / "SelfTest" / "SelfTest.ino").read_text()
    sketch.write_text(f'#include "Arduino.h"\n{text}\n{main}\n')
    objects = []
    for number, source in enumerate(sorted((folder / "src").rglob("*.c"))):
        objects.append(tmp_path / f"{number}.o")
        run_checked(["gcc", "-Os", "-w", "-DARDUINO=10607", "-I", folder / "src", "-c", source,
                     "-o", objects[-1]])  # fmt: skip
    run_checked(["g++", "-std=gnu++14", "-Wall", "-Wextra", "-Werror", "-DARDUINO=10607",
                 "-I", folder / "src", sketch, *objects, "-o", tmp_path / "sketch"])  # fmt: skip
    verdict = "FAIL: 2" if is_changed else "PASS: 3"
    assert run_checked([tmp_path / "sketch"]) == (
        f"{verdict} of 3 samples with equal scores, 3.00 microseconds a step\n"
    )


def test_arduino_compiles_for_speed(tmp_path) -> None:
    """Whatever its options say: the code is that of -O3."""
    require_programs("arm-none-eabi-gcc")
    folder = generate("conv").write(tmp_path)
    size = {}
    for name, flags in {"speed": ["-O3"], "arduino": ["-Os", "-DARDUINO=10607"],
                        "size": ["-Os"]}.items():  # fmt: skip
        output = tmp_path / f"{name}.o"
        run_checked([*COMPILERS["arm"][:1], *CORTEX_M7, *flags, "-fno-strict-aliasing", "-c",
                     folder / "src" / "net.c", "-o", output])  # fmt: skip
        size[name] = sum(
            bytes
            for section, bytes in section_sizes(output, MPS2_AN500).items()
            if section.startswith(".text")
        )
    assert abs(size["arduino"] - size["speed"]) < 0.05 * size["speed"]
    assert size["size"] < 0.9 * size["speed"]


def test_build_systems_that_have_no_cmsis_nn_get_no_files(tmp_path) -> None:
    network = generate("linear", "cmsis")
    folder = tmp_path / "library"
    write_library(network.kernels, folder, target=HOST, golden=network.golden())
    for name in ("library.json", "library.properties", "zephyr", "examples"):
        assert not (folder / name).exists()
    text = (folder / "README.md").read_text()
    assert "PlatformIO" not in text
    assert "Arduino" not in text


def test_manifest_describes_the_library(tmp_path) -> None:
    network = generate("conv")
    report = write_library(network.kernels, tmp_path / "library", target=HOST)
    manifest = json.loads((tmp_path / "library" / "manifest.json").read_text())
    assert manifest["input"]["shape"] == [2, 8, 8]
    assert manifest["layers"] == ["conv", "output"]
    assert manifest["arena_bytes"] == report.arena_bytes > report.state_bytes
    assert set(manifest["files"]) == set(report.files)
    assert not (tmp_path / "library" / "test").exists()
    assert "self_test" not in (tmp_path / "library" / "CMakeLists.txt").read_text()


def test_footprint_on_the_target(tmp_path) -> None:
    require_programs(MPS2_AN500.compiler)
    network = generate("conv")
    report = write_library(network.kernels, tmp_path / "library", target=MPS2_AN500)
    assert report.flash_bytes is not None
    assert report.ram_bytes is not None
    assert report.flash_bytes > 1000
    assert report.arena_bytes <= report.ram_bytes < report.arena_bytes + 1024


def test_code_that_is_not_optimised_is_not_copied(tmp_path) -> None:
    """Debuggers want -O0, which must still fit a microcontroller."""
    require_programs("arm-none-eabi-gcc")
    folder = generate("conv").write(tmp_path)
    sizes = []
    for level in ("-Os", "-O0"):
        flags = [level, *WARNINGS, "-fno-strict-aliasing", *CORTEX_M7]
        program = tmp_path / f"net{level}.o"
        run_checked(["arm-none-eabi-gcc", *flags, *includes(folder), "-c",
                     folder / "src" / "net.c", "-o", program])  # fmt: skip
        sizes.append(int(run(["arm-none-eabi-size", program]).stdout.splitlines()[1].split()[0]))
    assert sizes[1] < 10 * sizes[0]


@pytest.mark.parametrize(
    "compiler", [["gcc"], ["arm-none-eabi-gcc", *CORTEX_M7]], ids=lambda words: words[0]
)
def test_gcc_needs_no_option_for_aliasing(compiler: list[str], tmp_path) -> None:
    """Nobody who copies the files into a build of their own would know that something is wrong."""
    require_programs(compiler[0])
    folder = generate("conv").write(tmp_path)
    assembly = []
    for options in ([], ["-fno-strict-aliasing"]):
        path = tmp_path / "net.s"
        run_checked([*compiler, "-std=c99", "-O3", *options, *includes(folder), "-S",
                     folder / "src" / "net.c", "-o", path])  # fmt: skip
        assembly.append(path.read_text())
    assert assembly[0] == assembly[1]


def test_existing_folders_are_kept(tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("not to be lost")
    with pytest.raises(SNNError):
        write_library(generate("linear").kernels, tmp_path, target=HOST)
    assert (tmp_path / "thesis.txt").read_text() == "not to be lost"


def test_common_flags_are_strict() -> None:
    assert {"-Wall", "-Wextra", "-Werror", "-std=c99"} <= set(COMMON_FLAGS)
