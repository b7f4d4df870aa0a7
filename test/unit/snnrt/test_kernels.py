"""Compares the snnrt kernels with naive references, bit by bit.

The driver is built for the host (plain loops, optimised), for the host with
sanitizers (packed code paths in portable C) and for a Cortex-M7 in QEMU
(packed instructions). SNNIR_TEST_SEED selects other random cases.
"""

import os
import shutil
import subprocess
from pathlib import Path

import kernel_cases
import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
BACKENDS = HERE.parents[2] / "snnir" / "backends"
INCLUDE = BACKENDS / "snnrt" / "include"
TARGET = BACKENDS / "targets" / "mps2_an500"
CMSIS_NN_API = HERE.parent / "backends" / "cmsis_nn_api"
SEED = int(os.environ.get("SNNIR_TEST_SEED", "1"))

WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion"]
WARNINGS += ["-Wconversion", "-Wno-sign-conversion"]
CORTEX_M7 = ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMPILERS = {
    "gcc": ["gcc"],
    "clang": ["clang"],
    "arm": ["arm-none-eabi-gcc", *CORTEX_M7],
}
DEVICE = [
    "arm-none-eabi-gcc", *CORTEX_M7, "-O2", "-ffunction-sections", f"-I{TARGET}",
    str(TARGET / "startup.c"), str(TARGET / "semihosting.c"), "-nostartfiles",
    "--specs=nano.specs", f"-T{TARGET / 'memory.ld'}", "-Wl,--gc-sections",
]  # fmt: skip
BUILDS = {
    "host": ["gcc", "-O2"],
    # With sanitizers gcc takes twice as long to optimise.
    "sanitizers": ["gcc", "-O0", "-g", "-DSNNRT_PACKED=1", *SANITIZERS],
    "cortex-m7": DEVICE,
}
QEMU = (
    "qemu-system-arm -M mps2-an500 -display none -monitor none -serial none "
    "-icount shift=6 -chardev stdio,id=console -semihosting-config "
    "enable=on,target=native,chardev=console,arg=program"
).split()
# Upper bounds of instruction counts at -O2, a few percent above gcc 12.2.
INSTRUCTION_BUDGETS = {
    "spike_list_512": 900,
    "linear_gather_s16": 560,
    "linear_gather_s32": 590,
    "linear_gather_values_s16": 1_180,
    "linear_gather_values_s32": 1_230,
    "linear_gather_packed4_values_s16": 1_250,
    "linear_scatter_s16": 5_100,
    "linear_scatter_s32": 5_900,
    "linear_scatter_values_s16": 6_400,
    "linear_scatter_values_s32": 6_700,
    "conv2d_scatter_s16": 89_000,
    "conv2d_scatter_s32": 284_000,
    "conv2d_scatter_values_s16": 100_000,
    "lif_half": 45_500,
    "lif_factor": 58_500,
    "lif_factor_per_channel": 58_500,
    "lif_s32_s32": 71_000,
    "alpha_s32_zero": 138_500,
    "alpha_s32_subtract": 197_000,
    "max_pool2d_s8": 7_100,
    "max_pool2d_s16": 13_200,
    "sum_pool2d_s16_s16": 10_300,
    "sum_pool2d_s8_s16": 3_850,
    "stack_bytes": 420,
}


def require(*programs):
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def compile_program(build, source, program):
    require(BUILDS[build][0])
    # Shapes are not constants here: code for each of up to 16 steps would only take time.
    rolled = "-DSNNRT_UNROLL_STEPS="
    command = [*BUILDS[build], *WARNINGS, rolled, f"-I{INCLUDE}", str(source)]
    subprocess.run([*command, "-o", str(program)], check=True)


def run_quietly(command):
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


def run_qemu(program, *arguments):
    require("qemu-system-arm")
    extra = "".join(f",arg={argument}" for argument in arguments)
    return run_quietly([*QEMU[:-1], QEMU[-1] + extra, "-kernel", str(program)])


def run_program(build, program, *arguments):
    """Runs a built program; returns its console output."""
    if build == "cortex-m7":
        done = run_qemu(program, *arguments)
    else:
        done = run_quietly([program, *arguments])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def cases():
    return kernel_cases.generate(SEED)


@pytest.fixture(scope="session", params=BUILDS)
def outputs(request, cases, tmp_path_factory):
    """Results of all cases in one build: {kernel: [(result, arrays)]}."""
    folder = tmp_path_factory.mktemp(request.param)
    program = folder / "kernel_driver"
    compile_program(request.param, HERE / "kernel_driver.c", program)
    encoded = (case.encode() for group in cases.values() for case in group)
    (folder / "input").write_bytes(b"".join(encoded))
    run_program(request.param, program, folder / "input", folder / "output")
    data = (folder / "output").read_bytes()
    decoded, offset = {}, 0
    for kernel, group in cases.items():
        decoded[kernel] = []
        for case in group:
            result, arrays, offset = case.decode(data, offset)
            decoded[kernel].append((result, arrays))
    assert offset == len(data)
    return decoded


@pytest.mark.parametrize("kernel", kernel_cases.KERNELS)
def test_kernel_matches_reference(kernel, cases, outputs):
    for number, case in enumerate(cases[kernel]):
        result, arrays = outputs[kernel][number]
        where = f"seed {SEED}, {kernel} case {number}, integers {case.integers}"
        assert result == case.result, where
        for name, before in case.arrays.items():
            expected = case.expected.get(name, before)
            if expected is not None:
                np.testing.assert_array_equal(arrays[name], expected, f"{where}: {name}")


def test_specialised_kernels_stay_within_instruction_budgets(tmp_path):
    program = tmp_path / "instruction_counts"
    compile_program("cortex-m7", HERE / "instruction_counts.c", program)
    lines = run_program("cortex-m7", program).splitlines()
    counts = {name: int(count) for name, count in map(str.split, lines)}
    over = {n: counts[n] for n, most in INSTRUCTION_BUDGETS.items() if counts[n] > most}
    assert not over


MAPS = """
#include "snnrt/lif.h"
#define MAP(name, positions, reset, timing)                                   \\
  void name(int16_t *membrane, const int16_t *current, int8_t *spikes,        \\
            const int32_t *threshold);                                        \\
  void name(int16_t *membrane, const int16_t *current, int8_t *spikes,        \\
            const int32_t *threshold) {                                       \\
    static const snnrt_lif_shape shape = {                                    \\
        positions, 32, reset, timing, SNNRT_COMPARE_GT, 0, true, false,       \\
        SNNRT_EXTENT_LAYER, SNNRT_EXTENT_CHANNEL, SNNRT_EXTENT_CHANNEL, true};\\
    static const int32_t leak = 16384;                                        \\
    snnrt_lif_s16_s16(membrane, current, spikes, &leak, threshold, NULL,      \\
                      &shape);                                                \\
  }
MAP(small_by_channels, 9, SNNRT_RESET_SUBTRACT, SNNRT_RESET_DELAYED)
MAP(large_by_channels, 225, SNNRT_RESET_SUBTRACT, SNNRT_RESET_DELAYED)
MAP(small_packed, 6, SNNRT_RESET_SUBTRACT, SNNRT_RESET_IMMEDIATE)
MAP(large_packed, 225, SNNRT_RESET_SUBTRACT, SNNRT_RESET_IMMEDIATE)
"""


def test_neurons_of_small_maps_have_no_more_code_than_those_of_large_ones(tmp_path):
    """Code of its own for each position is large, and slower where constants need registers."""
    require(DEVICE[0])
    source, compiled = tmp_path / "maps.c", tmp_path / "maps.o"
    source.write_text(MAPS)
    flags = (DEVICE[0], *CORTEX_M7, *WARNINGS, "-O3", f"-I{INCLUDE}", "-c", source, "-o", compiled)
    subprocess.run(flags, check=True)
    symbols = subprocess.run(
        ["arm-none-eabi-nm", "-S", compiled], capture_output=True, text=True, check=True
    ).stdout
    found = (line.split() for line in symbols.splitlines())
    sizes = {words[3]: int(words[1], 16) for words in found if len(words) == 4}
    for kind in ("by_channels", "packed"):
        assert sizes[f"small_{kind}"] < 1.2 * sizes[f"large_{kind}"]


FAULTS = {
    "undefined_instruction": '__asm__ volatile("udf #0");',
    "unmapped_address": "*(volatile int *)0x90000000 = 1;",
}


@pytest.mark.parametrize("statement", FAULTS.values(), ids=FAULTS)
def test_fault_ends_the_simulation(statement, tmp_path):
    source = tmp_path / "fault.c"
    source.write_text(f"int main(void) {{ {statement} return 0; }}\n")
    compile_program("cortex-m7", source, tmp_path / "fault")
    done = run_qemu(tmp_path / "fault")
    assert done.returncode == 99
    assert done.stdout.startswith("fault at pc ")


@pytest.mark.parametrize("compiler", COMPILERS)
def test_headers_compile_alone(compiler, tmp_path):
    require(COMPILERS[compiler][0])
    headers = sorted((INCLUDE / "snnrt").glob("*.h"))
    assert headers
    for header in headers:
        source = tmp_path / f"{header.stem}.c"
        source.write_text(f'#include "snnrt/{header.name}"\n')
        subprocess.run(
            [*COMPILERS[compiler], *WARNINGS, "-O1", f"-I{INCLUDE}", f"-isystem{CMSIS_NN_API}",
             "-DLIBRARY_VERSION=6", "-c", str(source), "-o", str(tmp_path / "header.o")],
            check=True,
        )  # fmt: skip
