# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks in `.mlir` files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from xdsl.dialects.builtin import (
    AnyFloat,
    DenseIntOrFPElementsAttr,
    FileLineColLoc,
    FloatAttr,
    IntAttr,
    ModuleOp,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException

from snnir.backends.c.syntax import RESERVED_NAMES
from snnir.dialects import snnrt
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.dialects.version import check_version, syntax_of_newer_versions
from snnir.support.arrays import array_from_dense
from snnir.support.atomic import PathLike, atomic_write
from snnir.support.diagnostics import SNNError, error_at
from snnir.support.input_text import read_input
from snnir.support.verify import verify_module
from snnir.support.xdsl_parsing import parse_module
from snnir.support.xdsl_printing import print_module
from snnir.universe import make_context


def read_network(path: PathLike) -> ModuleOp:
    """Return the verified module in a `.mlir` file, or of standard input for `-`.

    Raises:
        SNNError: the file cannot be read, is not valid IR, is of a newer version than this program,
            or does not hold exactly one network.
    """
    content, name = read_input(str(path))
    with syntax_of_newer_versions(content, name):
        module = parse_module(make_context(), content, name)
    if isinstance(module.location, UnknownLoc):
        # The text names no module: the whole file is one.
        module.location = FileLineColLoc(StringAttr(name), IntAttr(1), IntAttr(1))
    check_version(module)
    verify_module(module)
    _check_network(network_of(module))
    return module


def write_network(module: ModuleOp, path: PathLike) -> None:
    """Write a module to a file that appears whole or not at all.

    Raises:
        SNNError: the file cannot be written.
    """
    with atomic_write(path) as stream:
        print_module(module, stream)


def network_of(module: ModuleOp) -> NetworkOpBase:
    """Return the one network of a module, of any level.

    Raises:
        SNNError: there is none, or more than one.
    """
    networks = [op for op in module.walk() if isinstance(op, NetworkOpBase)]
    if not networks:
        raise error_at(module, "holds no network")
    if len(networks) > 1:
        raise error_at(networks[1], "is a second network; a file for this program holds one")
    return networks[0]


def kernels_of(module: ModuleOp) -> snnrt.NetworkOp:
    """Return the one network of a module, which is written as kernels.

    Raises:
        SNNError: there is none, more than one, or it is written at a higher level.
    """
    network = network_of(module)
    if not isinstance(network, snnrt.NetworkOp):
        raise error_at(network, "is not lowered to kernels; run convert-qsnn-to-kernels")
    return network


def level_of(network: NetworkOpBase) -> str:
    """Return the dialect that a network is written in: `snn`, `qsnn` or `snnrt`."""
    return network.name.partition(".")[0]


def rename_network(module: ModuleOp, name: str) -> None:
    """Give the network of a module another name, which is the prefix of all names in C.

    Raises:
        SNNError: the name is no C identifier, or is reserved.
    """
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) is None:
        raise SNNError(
            f"'{name}' is no name for a network: use letters, digits and underscores, and begin "
            "with a letter"
        )
    if name.lower() in RESERVED_NAMES:
        raise SNNError(f"'{name}' is no name for a network: names in C that begin so are taken")
    network_of(module).sym_name = StringAttr(name)


def name_from_path(path: PathLike) -> str:
    """Return a name for the network in a file: the file's name as a C identifier."""
    name = re.sub(r"\W+", "_", Path(path).stem, flags=re.ASCII).strip("_")
    usable = name[:1].isalpha() and name.lower() not in RESERVED_NAMES
    return name if usable else f"network_{name}".rstrip("_")


def _check_network(network: NetworkOpBase) -> None:
    """Refuse what the verifier accepts but nothing can run: equal names, numbers that are none."""
    try:
        layer_names(network)
    except VerifyException as error:
        raise error_at(network, str(error)) from error
    for op in network.body.block.ops:
        for name, attribute in op.properties.items():
            if _is_real(attribute) and not np.isfinite(array_from_dense(attribute)).all():
                raise error_at(op, f"has NaN or infinity in '{name}'")


def _is_real(attribute: Attribute) -> bool:
    if isinstance(attribute, FloatAttr):
        return True
    return isinstance(attribute, DenseIntOrFPElementsAttr) and isinstance(
        attribute.get_element_type(), AnyFloat
    )
