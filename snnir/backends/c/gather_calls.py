# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C statements of fully connected layers computed output by output, see `GATHER_CALLS`."""

from collections.abc import Callable
from typing import Any

from xdsl.ir import Operation

from snnir.backends.c.call_text import CallText
from snnir.backends.c.network import CNetwork
from snnir.backends.c.syntax import call, struct_definition, suffix
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape


def linear_gather(network: CNetwork, op: snnrt.LinearGatherBase, name: str) -> CallText:
    (outputs,) = buffer_shape(op.current.type)
    shape = struct_definition(
        f"{name}_shape", "snnrt_linear_shape", {"inputs": op.inputs(), "outputs": outputs}
    )
    packed = isinstance(op, snnrt.LinearGatherPackedOp)
    kind = ("_packed4" if packed else "") + ("" if op.values is None else "_values")
    values = [] if op.values is None else [network.pointer(op.values)]
    weights = (
        network.unsigned_pointer(op.weights, const=True) if packed else network.pointer(op.weights)
    )
    lane_rows = [] if op.lane_rows is None else [op.lane_rows.value.data]
    gather = call(
        f"snnrt_linear_gather{kind}_{suffix(op.current)}",
        network.unsigned_pointer(op.list, const=True),
        "count", *values, weights, network.pointer(op.current), *lane_rows, f"&{name}_shape",
    )  # fmt: skip
    return CallText([gather], [shape])


GATHER_CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    snnrt.LinearGatherOp: linear_gather,
    snnrt.LinearGatherPackedOp: linear_gather,
}
