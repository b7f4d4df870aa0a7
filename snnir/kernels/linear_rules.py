# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Event-driven calls for fully connected layers, with any storage of the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i16, i32
from xdsl.ir import Operation, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.layer_bases import element_type_of
from snnir.kernels.compressed_weights import (
    block_rows,
    pack_rows,
    panel_outputs_of,
    sparse_rows,
)
from snnir.kernels.context import KernelContext, layer_label, stored_type
from snnir.kernels.dot_rules import lower_linear_counts, lower_linear_dot
from snnir.kernels.gathered_weights import gather_rows, lane_rows, packed_gather_rows
from snnir.kernels.input_values import largest_of
from snnir.kernels.linear_candidates import Candidate, best, candidates, expected_active
from snnir.kernels.weights import scatter_weights


@dataclass(frozen=True)
class _Scatter:
    """What all event-driven calls of a layer take.

    Attributes:
        active: list and count of the active inputs.
        values: the inputs, where they are not all 0 or 1.
        rows: the weights by input in the order of the buffer, (inputs, outputs).
        largest: magnitude of the largest input.
    """

    context: KernelContext
    label: str
    active: Sequence[SSAValue]
    values: SSAValue | None
    current: SSAValue
    rows: NDArray[np.int8]
    largest: int

    def constant(self, name: str, array: NDArray) -> SSAValue:
        """A constant array of the layer; unsigned 8- and 16-bit numbers have signed types."""
        stored = array.view(f"i{array.itemsize}")
        return self.context.constant(f"{self.label}_{name}", stored)


def lower_linear_event(context: KernelContext, op: qsnn.LinearOp) -> None:
    """Clear the current, unless the kernel sets it, and add the weight row of every active input,
    or multiply all inputs.

    The candidate that was asked for is taken if there is one, else the best by its estimate.
    """
    found = candidates(op)
    wanted = context.choice(op)
    named = [candidate for candidate in found if candidate.name == wanted]
    if not named and wanted != "event":
        context.remark(op, f"its weights cannot be stored as '{wanted}'; uses event")
    chosen = best(named or found, expected_active(op))
    if element_type_of(op.input.type) == i16:
        lower_linear_counts(context, op)
        return
    if chosen.name == "dot":
        lower_linear_dot(context, op)
        return
    input, label = context[op.input], layer_label(op, "linear")
    active = context.spike_list(input.buffer, op)
    place = context.define if chosen.name == "gather" else context.sums
    current = place(op.result, f"{label}_current")
    rows = np.ascontiguousarray(context.linear_rows(op).T)
    values = None if input.binary else input.buffer
    scatter = _Scatter(context, label, active, values, current, rows, largest_of(op.input))
    context.call(_CALLS[chosen.name](scatter, chosen), op)


def _dense(scatter: _Scatter, _: Candidate) -> Operation:
    weights = scatter.constant("weights", scatter_weights(scatter.rows, scatter.current))
    listed, count = scatter.active
    if scatter.values is None:
        return snnrt.LinearScatterOp(listed, count, weights, scatter.current)
    return snnrt.LinearScatterValuesOp(listed, count, scatter.values, weights, scatter.current)


def _packed(scatter: _Scatter, chosen: Candidate) -> Operation:
    weights = scatter.constant("weights", pack_rows(scatter.rows, chosen.bits))
    return snnrt.LinearScatterPackedOp(
        scatter.active, scatter.values, weights, scatter.current, chosen.bits
    )


def _sparse(scatter: _Scatter, _: Candidate) -> Operation:
    panel = panel_outputs_of(scatter.rows)
    assert panel is not None, "otherwise this is no candidate"
    sparse = sparse_rows(scatter.rows, panel)
    weights = [
        scatter.constant("starts", sparse.starts),
        scatter.constant("entries", sparse.entries),
    ]
    return snnrt.LinearScatterSparseOp(
        scatter.active, scatter.values, weights, scatter.current, panel
    )


def _blocks(scatter: _Scatter, _: Candidate) -> Operation:
    sparse = block_rows(scatter.rows)
    weights = [
        scatter.constant("starts", sparse.starts),
        scatter.constant("blocks", sparse.blocks),
        scatter.constant("weights", sparse.weights),
    ]
    return snnrt.LinearScatterBlocksOp(scatter.active, scatter.values, weights, scatter.current)


def _gather(scatter: _Scatter, chosen: Candidate) -> Operation:
    counted, wide = scatter.values is not None, stored_type(scatter.current) == i32
    rows = lane_rows(scatter.rows, scatter.largest) if counted and wide else None
    packed = chosen.bits == 4
    words = packed_gather_rows(scatter.rows) if packed else gather_rows(scatter.rows, counted)
    call = snnrt.LinearGatherPackedOp if packed else snnrt.LinearGatherOp
    weights = scatter.constant("weights", words)
    return call(scatter.active, scatter.values, weights, scatter.current, rows)


_CALLS: dict[str, Callable[[_Scatter, Candidate], Operation]] = {
    "dense": _dense,
    "packed": _packed,
    "sparse": _sparse,
    "blocks": _blocks,
    "gather": _gather,
}
