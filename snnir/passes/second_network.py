# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads the second network that a pass needs beside the one it changes."""

from collections.abc import Callable

from snnir.dialects import snn
from snnir.driver.files import network_of, read_network
from snnir.support.diagnostics import error_at


def read_second_network(
    network: snn.NetworkOp,
    path: str,
    described: Callable[[snn.NetworkOp], str],
    *,
    can_do: str,
    can_use: str,
) -> snn.NetworkOp:
    """The network in a file, which has to take what `network` takes.

    Args:
        described: what both must have in common, behind "it takes ".
        can_do: what the network in the file is for: "teach".
        can_use: what `network` needs the file for: "learn from".

    Raises:
        SNNError: the file holds no network of the `snn` level, or one of which something differs.
    """
    second = network_of(read_network(path))
    if not isinstance(second, snn.NetworkOp):
        raise error_at(second, f"cannot {can_do}: it is not of the snn level")
    wanted, found = described(network), described(second)
    if wanted != found:
        raise error_at(network, f"cannot {can_use} {path}, which takes {found}; it takes {wanted}")
    return second
