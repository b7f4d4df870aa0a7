# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading and writing `.mlir` files."""

from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from snnir.driver.files import (
    kernels_of,
    name_from_path,
    network_of,
    read_network,
    rename_network,
    write_network,
)
from snnir.driver.lowering import lower
from snnir.support.diagnostics import SNNError
from snnir.support.xdsl_printing import module_to_text


def test_a_written_network_reads_back(imported: ModuleOp, tmp_path: Path) -> None:
    path = tmp_path / "net.mlir"
    write_network(imported, path)
    assert module_to_text(read_network(path)) == module_to_text(imported)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("builtin.module {}", "holds no network"),
        ("builtin.module attributes {snn.version = 9 : i64} {}", "newer than this program"),
        ("builtin.module attributes {snn.version = 9 : i64} { what }", "newer than this program"),
        ('builtin.module attributes {snn.version = "1"} {}', "an integer is needed"),
        ('"builtin.module"() ({}) {snn.version = 9 : i64} : () -> ()', "newer than this program"),
        ("builtin.module {", "unexpected end of the input"),
    ],
)
def test_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "net.mlir"
    path.write_text(text)
    with pytest.raises(SNNError, match=message) as error:
        read_network(path)
    assert error.value.location is not None


def test_two_networks_are_refused_at_the_second(network: Path, tmp_path: Path) -> None:
    lines = network.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if "snn.network" in line)
    body = lines[first:-1]
    path = tmp_path / "two.mlir"
    second = [line.replace("@small", "@other") for line in body]
    path.write_text("\n".join([*lines[:-1], *second, lines[-1]]))
    with pytest.raises(SNNError, match="second network") as error:
        read_network(path)
    assert error.value.location is not None
    assert error.value.location[1] == first + len(body) + 1


def test_rename(imported: ModuleOp) -> None:
    module = imported.clone()
    rename_network(module, "other")
    assert network_of(module).sym_name.data == "other"
    with pytest.raises(SNNError, match="no name for a network"):
        rename_network(module, "1st")
    with pytest.raises(SNNError, match="names in C that begin so are taken"):
        rename_network(module, "snnrt")
    assert name_from_path("golden.mlir") == "network_golden"


def test_kernels_are_told_from_other_levels(imported: ModuleOp) -> None:
    with pytest.raises(SNNError, match="is not lowered to kernels"):
        kernels_of(imported)
    assert kernels_of(lower(imported).kernels).arena_bytes is not None


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/digits.mlir", "digits"), ("n-mnist 2.mlir", "n_mnist_2"), ("1.mlir", "network_1")],
)
def test_name_from_path(path: str, name: str) -> None:
    assert name_from_path(path) == name
