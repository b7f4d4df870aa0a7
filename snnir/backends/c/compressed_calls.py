# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C statements of fully connected layers with compressed weights, see `COMPRESSED_CALLS`."""

from collections.abc import Callable
from typing import Any

from xdsl.ir import Operation

from snnir.backends.c.call_text import CallText
from snnir.backends.c.network import CNetwork
from snnir.backends.c.syntax import call, struct_definition, suffix
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape

CompressedOp = (
    snnrt.LinearScatterPackedOp | snnrt.LinearScatterSparseOp | snnrt.LinearScatterBlocksOp
)


def _scatter(network: CNetwork, op: CompressedOp, kernel: str, *weights: str) -> list[str]:
    """Function and arguments up to the current."""
    kind = "" if op.values is None else "_values"
    values = [] if op.values is None else [network.pointer(op.values)]
    function = f"snnrt_linear_scatter_{kernel}{kind}_{suffix(op.current)}"
    listed = network.unsigned_pointer(op.list, const=True)
    return [function, listed, "count", *values, *weights, network.pointer(op.current)]


def linear_scatter_packed(
    network: CNetwork, op: snnrt.LinearScatterPackedOp, name: str
) -> CallText:
    inputs, _ = buffer_shape(op.weights.type)
    (outputs,) = buffer_shape(op.current.type)
    shape = struct_definition(
        f"{name}_shape", "snnrt_linear_shape", {"inputs": inputs, "outputs": outputs}
    )
    scatter = _scatter(
        network, op, f"packed{op.bits.value.data}", network.pointer(op.weights)
    )  # fmt: skip
    return CallText([call(*scatter, f"&{name}_shape")], [shape])


def linear_scatter_sparse(
    network: CNetwork, op: snnrt.LinearScatterSparseOp, name: str
) -> CallText:
    _, ends = buffer_shape(op.starts.type)
    (outputs,) = buffer_shape(op.current.type)
    fields = {
        "inputs": ends - 1,
        "outputs": outputs,
        "panel_outputs": op.panel_outputs.value.data,
    }
    shape = struct_definition(f"{name}_shape", "snnrt_sparse_shape", fields)
    weights = [network.unsigned_pointer(value, const=True) for value in (op.starts, op.entries)]
    scatter = _scatter(network, op, "sparse", *weights)
    return CallText([call(*scatter, f"&{name}_shape")], [shape])


def linear_scatter_blocks(
    network: CNetwork, op: snnrt.LinearScatterBlocksOp, name: str
) -> CallText:
    weights = [
        network.unsigned_pointer(op.starts, const=True),
        network.unsigned_pointer(op.blocks, const=True),
        network.pointer(op.weights),
    ]
    return CallText([call(*_scatter(network, op, "blocks", *weights))])


COMPRESSED_CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    snnrt.LinearScatterPackedOp: linear_scatter_packed,
    snnrt.LinearScatterSparseOp: linear_scatter_sparse,
    snnrt.LinearScatterBlocksOp: linear_scatter_blocks,
}
