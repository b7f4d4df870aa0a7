# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generated code works with the interfaces that CMSIS-NN had in versions 5 to 7.

Set-up fetches version 5; no package index has a later one. For those the headers in
`cmsis_nn_api` declare what generated code uses, with plain loops behind it that abort where they
get what the library would misread. Version 5 has to agree with these declarations, and so have
checkouts of the library that `SNNIR_CMSIS_NN_TREES` names; generated code is run with those, too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from generated_networks import (
    Generated,
    cmsis_nn_trees,
    generate,
    lower,
    require_cmsis_nn,
    run,
)

from snnir.backends.firmware import SNNRT_INCLUDE
from snnir.backends.targets import HOST, MPS2_AN500
from snnir.executors import TorchExecutor
from snnir.executors.native import NativeExecutor
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.testing.comparison import assert_same_results
from snnir.testing.random_networks import LARGEST_COUNT, random_network
from snnir.testing.targets import require_programs, require_target
from snnir.universe import make_context

API = Path(__file__).parent / "cmsis_nn_api"
VERSIONS = {"5": 5, "6 and 7": 6}
"""What generated code uses did not change from version 6 to 7."""


def library(folder: Path, version: int) -> Path:
    """The sources of a library with the interface of a version."""
    for path in ("Include", "Source/Reference"):
        (folder / path).mkdir(parents=True)
    for file in API.iterdir():
        place = "Include" if file.suffix == ".h" else "Source/Reference"
        text = f"#define LIBRARY_VERSION {version}\n" if file.stem == "arm_nn_types" else ""
        (folder / place / file.name).write_text(text + file.read_text())
    return folder


def detected(include: Path, folder: Path) -> int:
    """The version that generated code takes a library for."""
    require_programs("gcc")
    program = folder / "version.c"
    program.write_text(
        '#include "snnrt/cmsis_nn.h"\nint main(void) { return SNNRT_CMSIS_NN_VERSION; }\n'
    )
    flags: list[str | Path] = [
        "-std=c99",
        "-isystem",
        include,
        "-I",
        SNNRT_INCLUDE,
        "-o",
        folder / "version",
    ]
    built = run(["gcc", *flags, program])
    assert built.returncode == 0, built.stderr
    return run([folder / "version"]).returncode


NETWORKS = [
    ("conv", "cmsis", 8, 5, {"convolve_wrapper_s16", "max_pool", "vec_mat_mul_result_acc_s8"}),
    ("conv", "cmsis", 8, 127, {"mat_mult_nt_t_s8_s32"}),
    ("average", "cmsis_s4", 4, 1, {"convolve_wrapper_s4", "avgpool", "fully_connected_s4"}),
    ("average currents", "cmsis_s4", 4, 1, {"convolve_wrapper_s4", "avgpool"}),
    ("row", "cmsis_s4", 4, 1, {"convolve_wrapper_s4"}),
]
"""Kind, kernels, bits of a weight, largest input, and calls that the network has."""


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
@pytest.mark.parametrize(("kind", "kernels", "bits", "maximum", "calls"), NETWORKS)
def test_results_do_not_depend_on_the_version(
    version, kind, kernels, bits, maximum, calls, tmp_path, monkeypatch
) -> None:
    require_programs(HOST.compiler)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sources = library(tmp_path / "library", version)
    assert detected(sources / "Include", tmp_path) == version
    network = generate(kind, kernels, bits=bits, input_maximum=maximum)
    assert calls <= {op.name.removeprefix("cmsis_nn.") for op in network.kernels.walk()}
    x = np.minimum(network.x, maximum)
    expected = TorchExecutor(network.integer_network).run(x, record="all")
    executor = NativeExecutor(network.kernels, HOST, cmsis_nn=sources)
    assert_same_results(expected, executor.run(x, record="all"))


def test_the_library_of_set_up_is_told_apart(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("CMSIS_NN_PATH", raising=False)
    assert detected(require_cmsis_nn() / "Include", tmp_path) == 5


REDECLARED = """
#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"
#include "snnrt/cmsis_nn.h"
#ifndef LIBRARY_VERSION
#define LIBRARY_VERSION SNNRT_CMSIS_NN_VERSION
#endif
#undef ARM_NNFUNCTIONS_H
#undef ARM_NNSUPPORTFUNCTIONS_H
#include "{api}/arm_nnfunctions.h"
#include "{api}/arm_nnsupportfunctions.h"
"""
"""The declarations of a library, then ours on its types: C refuses them where they differ."""


def assert_declared_alike(include: Path, folder: Path) -> None:
    require_programs("gcc")
    source = folder / "redeclared.c"
    source.write_text(REDECLARED.format(api=API))
    # Not as system headers, in which redefined macros are no error.
    flags: list[str | Path] = [
        "-std=c99",
        "-Werror",
        "-I",
        include,
        "-I",
        SNNRT_INCLUDE,
        "-fsyntax-only",
    ]
    checked = run(["gcc", *flags, source])
    assert checked.returncode == 0, checked.stderr


def test_our_declarations_are_those_of_the_library_of_set_up(tmp_path) -> None:
    assert_declared_alike(require_cmsis_nn() / "Include", tmp_path)


def test_other_declarations_are_refused(tmp_path) -> None:
    include = library(tmp_path / "library", 6) / "Include"
    assert_declared_alike(include, tmp_path)
    header = include / "arm_nnsupportfunctions.h"
    header.write_text(header.read_text().replace("int16_t *dst,", "int32_t *dst,"))
    with pytest.raises(AssertionError, match="conflicting types"):
        assert_declared_alike(include, tmp_path)


@pytest.mark.parametrize("tree", cmsis_nn_trees())
def test_our_declarations_are_those_of_other_versions(tree, tmp_path) -> None:
    assert_declared_alike(tree / "Include", tmp_path)


def assert_exact(network: Generated, tree: Path) -> None:
    """A network has the results of `qsnn` with a checkout of CMSIS-NN, on host and target."""
    expected = TorchExecutor(network.integer_network).run(network.x, record="all")
    for target in (HOST, MPS2_AN500):
        require_target(target)
        executor = NativeExecutor(network.kernels, target, cmsis_nn=tree)
        assert_same_results(expected, executor.run(network.x, record="all"))


@pytest.mark.parametrize("tree", cmsis_nn_trees())
@pytest.mark.parametrize(("kind", "kernels", "bits", "maximum", "calls"), NETWORKS)
def test_generated_code_is_exact_with_other_versions(
    tree, kind, kernels, bits, maximum, calls
) -> None:
    network = generate(kind, kernels, bits=bits, input_maximum=maximum)
    assert calls <= {op.name.removeprefix("cmsis_nn.") for op in network.kernels.walk()}
    x = np.minimum(network.x, maximum)
    assert_exact(Generated(network.integers, network.kernels, x), tree)


@pytest.mark.parametrize("tree", cmsis_nn_trees())
@pytest.mark.parametrize("seed", range(12))
def test_random_networks_are_exact_with_other_versions(tree, seed) -> None:
    rng = np.random.default_rng(seed)
    random = random_network(rng)
    bits = 4 if seed % 2 else 8
    conversion = ConvertSNNToQSNNPass(bits=bits, input_maximum=LARGEST_COUNT)
    conversion.apply(make_context(), random.module)
    kernels = lower(random.module, "cmsis_s4" if seed % 2 else "cmsis")
    assert_exact(Generated(random.module, kernels, random.x), tree)


def test_a_version_can_be_named(tmp_path) -> None:
    """Where a copy of the library does not look like what it is."""
    sources = library(tmp_path / "library", 6)
    header = sources / "Include" / "arm_nnsupportfunctions.h"
    header.write_text(header.read_text().replace("#define MAX_COL_COUNT (512)", ""))
    assert detected(sources / "Include", tmp_path) == 5
    types = sources / "Include" / "arm_nn_types.h"
    types.write_text("#define SNNRT_CMSIS_NN_VERSION 6\n" + types.read_text())
    assert detected(sources / "Include", tmp_path) == 6
