# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Event-driven calls of our kernels for convolutions, with any storage of the weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.layer_shapes import int_array, int_values, shape_of
from snnir.kernels.compressed_weights import BLOCK, kept_blocks, pack_last
from snnir.kernels.context import KernelChoice, KernelContext, layer_label, windows_of
from snnir.kernels.dot_rules import dot_rows_of, lower_conv2d_dot
from snnir.kernels.input_values import active_share
from snnir.kernels.linear_candidates import DEFAULT_RATE
from snnir.kernels.mask_rules import lower_conv2d_masks, reads_masks
from snnir.kernels.sparse_kernels import (
    ElementOrder,
    can_be_sparse,
    element_order,
    sparse_kernels,
)
from snnir.kernels.weights import layer_weights, scatter_weights

Kernels = NDArray[np.int8]
"""`(inputs, height, width, outputs / groups)`: what an input is multiplied with."""

DENSE_SHARE = 0.3
"""Share of active inputs from which on a convolution multiplies all of them, unless told else."""

SPARSE_BLOCKS: dict[KernelChoice, int] = {"sparse": 1, "blocks": BLOCK}
"""Consecutive outputs that are stored together, unless all their weights are zero."""

_INSTRUCTIONS = {1: 5.0, BLOCK: 9.5}
"""For each weight or block that is added, read off the loops."""

_DENSE_INSTRUCTIONS = 0.8
"""For each weight that is added with all others."""


def lower_conv2d_event(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """Clear the current and add what active inputs select, or multiply all inputs.

    By the kernel that was asked for where the layer can have it.
    """
    wanted = context.choice(op)
    if wanted == "masks":
        if reads_masks(op):
            lower_conv2d_masks(context, op)
            return
        context.remark(op, "it cannot read spikes as masks; uses scatter")
    if wanted == "dot" or (
        wanted == "event" and active_share(op.input, DEFAULT_RATE) >= DENSE_SHARE
    ):
        if dot_rows_of(op) is not None:
            lower_conv2d_dot(context, op)
            return
        if wanted == "dot":
            context.remark(op, "its inputs cannot be multiplied in pairs; uses event")
    kernels = kernels_by_input(op)
    block = _sparse_block(context, op, kernels, wanted)
    if block is None:
        _lower_scatter(context, op, kernels)
    else:
        _lower_sparse(context, op, kernels, block)


def _lower_scatter(context: KernelContext, op: qsnn.Conv2dOp, kernels: Kernels) -> None:
    """Weights of 8, 4 or 2 bits, zeros among them."""
    input, label = context[op.input], layer_label(op, "conv2d")
    listed, count = context.spike_list(input.buffer, op)
    current = context.sums(op.result, f"{label}_current")
    # The outputs that an input reaches in a row lie in memory like the weights that reach them.
    mirrored = kernels[:, :, ::-1]
    bits = context.stored_bits(op, mirrored)
    stored = scatter_weights(mirrored, current) if bits == 8 else pack_last(mirrored, bits)
    weights = context.constant(f"{label}_weights", stored)
    shape = _shape_of_call(op)
    if bits != 8:
        values = None if input.binary else input.buffer
        call: Operation = snnrt.Conv2dScatterPackedOp(
            [listed, count], values, weights, current, bits, shape
        )
    elif input.binary:
        call = snnrt.Conv2dScatterOp(listed, count, weights, current, shape)
    else:
        call = snnrt.Conv2dScatterValuesOp(listed, count, input.buffer, weights, current, shape)
    context.call(call, op)


def _lower_sparse(context: KernelContext, op: qsnn.Conv2dOp, kernels: Kernels, block: int) -> None:
    """Weights or blocks other than zero, of which `can_be_sparse` must hold."""
    input, label = context[op.input], layer_label(op, "conv2d")
    active = context.spike_list(input.buffer, op)
    current = context.sums(op.result, f"{label}_current")
    sparse = sparse_kernels(kernels, _element_order(op), block)
    weights: list[SSAValue] = [
        context.constant(f"{label}_starts", sparse.starts.view(np.int16)),
        context.constant(f"{label}_distances", sparse.distances.view(np.int16)),
        context.constant(f"{label}_weights", sparse.weights),
    ]
    shape = {**_shape_of_call(op), "kernel": int_array(shape_of(op.weight.type)[2:])}
    values = None if input.binary else input.buffer
    call = snnrt.Conv2dScatterSparseOp if block == 1 else snnrt.Conv2dScatterBlocksOp
    context.call(call(active, values, weights, current, shape), op)


def _sparse_block(
    context: KernelContext, op: qsnn.Conv2dOp, kernels: Kernels, wanted: KernelChoice
) -> int | None:
    """Outputs of the blocks of which only those other than zero are stored, if any are.

    As asked for; with `event` what needs fewest instructions by an estimate.
    """
    order = _element_order(op)
    if wanted in SPARSE_BLOCKS:
        if can_be_sparse(kernels, order, SPARSE_BLOCKS[wanted]):
            return SPARSE_BLOCKS[wanted]
        context.remark(op, f"its weights cannot be stored as '{wanted}'; uses scatter")
    if wanted != "event":
        return None
    costs = {
        block: _INSTRUCTIONS[block] * _kept_share(kernels, block) / block
        for block in SPARSE_BLOCKS.values()
        if can_be_sparse(kernels, order, block)
    }
    best = min(costs, key=lambda block: costs[block], default=None)
    return best if best is not None and costs[best] <= _DENSE_INSTRUCTIONS else None


def sparse_share(op: qsnn.Conv2dOp, block: int) -> float | None:
    """Share of the blocks of outputs that are not zero; None if these cannot be listed."""
    kernels = kernels_by_input(op)
    if not can_be_sparse(kernels, _element_order(op), block):
        return None
    return _kept_share(kernels, block)


def _kept_share(kernels: Kernels, block: int) -> float:
    """Share of the blocks of outputs, a multiple of their size, that are not zero."""
    return float(kept_blocks(kernels, block).mean())


def _element_order(op: qsnn.Conv2dOp) -> ElementOrder:
    channels, height, width = shape_of(op.result.type)
    kernel = shape_of(op.weight.type)[2:]
    stride, dilation = int_values(op.stride), int_values(op.dilation)
    return element_order(kernel, stride, dilation, (height, width, channels))


def _shape_of_call(op: qsnn.Conv2dOp) -> dict[str, Attribute]:
    """The properties that all scatters of convolutions have."""
    return {
        "input_size": int_array(shape_of(op.input.type)[1:]),
        **windows_of(op, "stride", "padding", "dilation", "groups"),
    }


def kernels_by_input(op: qsnn.Conv2dOp) -> Kernels:
    """The weights of a convolution in this order."""
    weights, groups = layer_weights(op), op.groups.value.data
    outputs, columns, height, width = weights.shape
    grouped = weights.reshape(groups, outputs // groups, columns, height, width)
    return grouped.transpose(0, 2, 3, 4, 1).reshape(
        groups * columns, height, width, outputs // groups
    )
