# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Event-driven calls of our kernels for convolutions, with any storage of the weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects import qsnn, snnrt
from snnir.dialects.layer_shapes import int_array, int_values, shape_of
from snnir.kernels.compressed_weights import pack_last
from snnir.kernels.context import KernelContext, layer_label, windows_of
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

DENSE_SHARE = 0.3
"""Share of active inputs from which on a convolution multiplies all of them, unless told else."""

SPARSE_SHARE = 0.15
"""Share of weights other than zero up to which only they are stored, unless told else."""


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
    if wanted == "sparse" or (wanted == "event" and kept_share(op) <= SPARSE_SHARE):
        if stores_sparse(op):
            _lower_sparse(context, op)
            return
        if wanted == "sparse":
            context.remark(op, "its weights cannot be stored as 'sparse'; uses scatter")
    _lower_scatter(context, op)


def _lower_scatter(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """Weights of 8, 4 or 2 bits, zeros among them."""
    input, label = context[op.input], layer_label(op, "conv2d")
    listed, count = context.spike_list(input.buffer, op)
    current = context.sums(op.result, f"{label}_current")
    # The outputs that an input reaches in a row lie in memory like the weights that reach them.
    kernels = kernels_by_input(op)[:, :, ::-1]
    bits = context.stored_bits(op, kernels)
    stored = scatter_weights(kernels, current) if bits == 8 else pack_last(kernels, bits)
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


def _lower_sparse(context: KernelContext, op: qsnn.Conv2dOp) -> None:
    """Weights other than zero; the layer must have `stores_sparse`."""
    input, label = context[op.input], layer_label(op, "conv2d")
    active = context.spike_list(input.buffer, op)
    current = context.sums(op.result, f"{label}_current")
    sparse = sparse_kernels(kernels_by_input(op), _element_order(op))
    weights: list[SSAValue] = [
        context.constant(f"{label}_starts", sparse.starts.view(np.int16)),
        context.constant(f"{label}_distances", sparse.distances.view(np.int16)),
        context.constant(f"{label}_weights", sparse.weights),
    ]
    shape = {**_shape_of_call(op), "kernel": int_array(shape_of(op.weight.type)[2:])}
    values = None if input.binary else input.buffer
    context.call(snnrt.Conv2dScatterSparseOp(active, values, weights, current, shape), op)


def stores_sparse(op: qsnn.Conv2dOp) -> bool:
    """Whether the weights of a convolution that are not zero can be listed."""
    return can_be_sparse(kernels_by_input(op), _element_order(op))


def kept_share(op: qsnn.Conv2dOp) -> float:
    """Share of the weights of a convolution that are not zero."""
    weights = layer_weights(op)
    return np.count_nonzero(weights) / weights.size


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


def kernels_by_input(op: qsnn.Conv2dOp) -> NDArray[np.int8]:
    """`(inputs, height, width, outputs / groups)`: what an input is multiplied with."""
    weights, groups = layer_weights(op), op.groups.value.data
    outputs, columns, height, width = weights.shape
    grouped = weights.reshape(groups, outputs // groups, columns, height, width)
    return grouped.transpose(0, 2, 3, 4, 1).reshape(
        groups * columns, height, width, outputs // groups
    )
