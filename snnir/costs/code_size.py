# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the code of a call grows with.

Shapes are constants in generated code, so that compilers unroll short loops: up to
`UNROLLED` iterations, or as often as a kernel says itself. Longer ones have one body. Tables of
constants beside the code are counted exactly.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import i16
from xdsl.ir import SSAValue

from snnir.costs.features import LONG_FILL
from snnir.costs.features_conv2d import DEPTHWISE_STRIDE, is_depthwise
from snnir.costs.features_lanes import (
    UNROLLED_GROUPS,
    Amounts,
    chunks,
    elements_of,
    packing_of,
)
from snnir.costs.features_neurons import (
    FEW_POSITIONS,
    UNROLLED,
    bits_of,
    is_unrolled_alpha,
    lif_kind,
)
from snnir.costs.features_steps import alpha_steps_kind, steps_kind, synaptic_steps_kind
from snnir.costs.features_tiles import quads_of
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values, shape_of
from snnir.dialects.snn_attributes import Reset, ResetTiming
from snnir.dialects.snnrt_gather import PACKED_OUTPUTS, QUAD_OUTPUTS
from snnir.dialects.snnrt_lanes import MASK_LANES, mask_count
from snnir.dialects.snnrt_steps import BITS_OF_WORD
from snnir.kernels.c_constants import c_constant
from snnir.kernels.dot_weights import TILE_OUTPUTS
from snnir.kernels.gathered_weights import TILE_QUADS, gather_tiles
from snnir.memory.lifetimes import value_bytes

QUAD_ROW = c_constant("conv2d_quads.h", "UNROLLED_ROW_QUADS")
"""Quads of a row of a kernel up to which the row has code of its own."""

SITE_BYTES = 16
"""Of each row and each column of the input: `snnrt_site`."""


def code_amounts(op: KernelOpBase) -> Amounts:
    """What the bytes of a call's code grow with."""
    found = _AMOUNTS.get(type(op))
    return {"call": 1, **({} if found is None else found(op))}


def table_bytes(op: KernelOpBase) -> int:
    """Bytes of constants that belong to the code of a call."""
    if not isinstance(op, snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp):
        return 0
    height, width = int_values(op.input_size)
    channels = op.channels if isinstance(op, snnrt.LaneConv2dHitsOp) else 1
    return SITE_BYTES * (channels * height + width)


def initial_states(network: snnrt.NetworkOp) -> dict[snnrt.BufferOp, int]:
    """States that do not start at zero, each with the bytes of the constant it starts with."""
    return {
        op: element_count(shape_of(op.initial.type)) * element_bytes(op.result)
        for op in network.body.block.ops
        if isinstance(op, snnrt.BufferOp) and op.initial is not None
    }


def element_bytes(value: SSAValue) -> int:
    """Bytes of an element of a buffer."""
    return value_bytes(value) // element_count(buffer_shape(value.type))


def _lanes(op: snnrt.LaneConv2dHitsOp | snnrt.MaskConv2dOp) -> Amounts:
    """Code for each number of columns that an input reaches."""
    kernels = op.kernels if isinstance(op, snnrt.LaneConv2dHitsOp) else op.tables
    width, elements, packing = buffer_shape(kernels.type)[2], elements_of(op), packing_of(op)
    widths = range(1, width + 1) if width <= 8 else [1]
    transfers = sum(chunks(n * elements, packing) for n in widths)
    found: Amounts = {"chunk": transfers, "width": len(widths)}
    if isinstance(op, snnrt.MaskConv2dOp):
        bits = int_values(op.group_bits)
        # One group brings no second kernel to add at the same time.
        found["two_chunk"] = transfers * (len(bits) > 1)
        found["group"] = min(len(bits), UNROLLED_GROUPS) * (max(bits) > 1 and len(bits) > 2)
    return found


def _window(op: snnrt.WindowLIFBase) -> Amounts:
    """Each word of a window has code of its own, once more where windows may be calm."""
    words = min(buffer_shape(op.membrane.type)[2] // 2, MASK_LANES // 2)
    reads = words * element_count(int_values(op.window))
    neurons = "lif" if op.resets is None else "halving"
    kind = "calm" if op.calm is not None else "reached" if op.touched is not None else "plain"
    return {
        kind: 1,
        f"{kind}_{neurons}_word": words,
        "read": reads,
        "sum_read": reads * bool(op.sum.value.data),
    }


def _tile(op: snnrt.TileLIFBase) -> Amounts:
    return {**_window(op), "quad": quads_of(op)}


def _quads(op: snnrt.Conv2dScatterOp) -> Amounts:
    """Rows of a kernel that are short have code of their own."""
    if is_depthwise(op):
        _, *taps, outputs = buffer_shape(op.weights.type)
        strides = int_values(op.stride)
        phases = element_count(strides) if max(strides) <= DEPTHWISE_STRIDE else 0
        return {"inside_tap": element_count(taps) * outputs * bool(phases), "inside_phase": phases}
    width = buffer_shape(op.weights.type)[2]
    quads = buffer_shape(op.current.type)[2] // 4
    row = width * quads
    padded = any(int_values(op.padding))
    short = row <= QUAD_ROW
    values = getattr(op, "values", None) is not None
    return {
        "quad": min(quads, QUAD_ROW),
        "values": values,
        "values_quad": values * min(quads, QUAD_ROW),
        "row_quad": row * short,
        "padded_row_quad": row * short * padded,
        "short": short,
        "padded": short * padded,
    }


def _sparse(op: snnrt.SparseConvolutionBase) -> Amounts:
    """One copy of the code for runs, whatever the shape."""
    steps = (*int_values(op.stride), *int_values(op.dilation))
    return {"values": op.values is not None, "strided": set(steps) != {1}}


def _linear(op: snnrt.LinearScatterOp) -> Amounts:
    (outputs,) = buffer_shape(op.current.type)
    return {
        "quad": min(outputs // 4, UNROLLED),
        "rest": outputs % 4,
        "sixteen": outputs >= 16,
    }


def _gather(op: snnrt.LinearGatherOp) -> Amounts:
    """Code for the whole tiles, however many, and for the last."""
    (outputs,) = buffer_shape(op.current.type)
    counted = op.values is not None
    whole, rest = gather_tiles(outputs, counted)
    if buffer_element(op.current.type) == i16:
        return {"quad": (whole > 0) * TILE_QUADS[counted] + rest}
    # A last tile of 13 to 15 outputs is no whole one.
    whole, left = divmod(outputs, QUAD_OUTPUTS * TILE_QUADS[counted])
    tiles = (whole > 0) + (left > 0)
    return {"tile": tiles, "quad": (whole > 0) * TILE_QUADS[counted] + -(-left // QUAD_OUTPUTS)}


def _packed_gather(op: snnrt.LinearGatherPackedOp) -> Amounts:
    """Code for the whole words, however many, and for the last."""
    whole, rest = divmod(element_count(buffer_shape(op.current.type)), PACKED_OUTPUTS)
    outputs = (whole > 0) * PACKED_OUTPUTS + rest
    return {"word": (whole > 0) + (rest > 0), "output": outputs}


def _dot(op: snnrt.LinearDotOp | snnrt.Conv2dDotOp | snnrt.Conv2dDotPool2dOp) -> Amounts:
    """Code for the whole tiles, however many, and for the last; short loops are unrolled."""
    (whole, rest), quads = divmod(buffer_shape(op.current.type)[-1], TILE_OUTPUTS), op.quads()
    unrolled = quads // 2 <= UNROLLED // 2
    return {
        "tile": whole > 0, "rest": rest > 0, "rest_output": rest, "looped": whole > UNROLLED,
        "unrolled": unrolled, "tile_quad": (whole > 0) * quads * unrolled,
        "rest_quad": rest * quads * unrolled,
        "pair": quads if quads <= UNROLLED else 1,
    }  # fmt: skip


def _counts(op: snnrt.LinearCountsOp) -> Amounts:
    """Code for the whole words, however many, and for the last."""
    whole, rest = divmod(buffer_shape(op.current.type)[0], QUAD_OUTPUTS)
    return {"whole": whole > 0, "rest": rest > 0, "rest_output": rest}


def _list_hits(op: snnrt.ListHitsOp) -> Amounts:
    return {"checked": op.density is not None}


def _pool(op: snnrt.MaxPool2dOp | snnrt.SumPool2dOp) -> Amounts:
    channels, taps = buffer_shape(op.input.type)[2], element_count(int_values(op.kernel))
    lanes = 32 // bits_of(op.input)
    words, rest = divmod(channels, lanes)
    most = UNROLLED if isinstance(op, snnrt.SumPool2dOp) else UNROLLED - 1
    copies = (words if words <= most else 1) + rest
    return {"copy": copies, "tap": copies * taps}


def _pool_masks(op: snnrt.MaxPoolMasksOp) -> Amounts:
    """A position of several masks has code for each; sizes that are no power of two divide."""
    masks, window = mask_count(op.lanes.value.data), int_values(op.window)
    return {"mask": masks - 1, "divided": sum(extent & (extent - 1) > 0 for extent in window)}


def _lif(op: snnrt.LIFOp) -> Amounts:
    """Few neurons, or few positions, have code of their own."""
    *positions, channels = buffer_shape(op.membrane.type)
    places, size = element_count(positions), element_count(positions) * channels
    # Where neurons are packed, the loop over positions is kept, but for the fewest.
    unrolled = {"channels": FEW_POSITIONS, "packed": 1}.get(lif_kind(op), UNROLLED)
    immediate = op.reset_timing.data is ResetTiming.IMMEDIATE
    zero = op.reset.data is not Reset.SUBTRACT
    words = size // 2
    return {
        "immediate": immediate,
        "zero": zero,
        "rest": size % 4,
        "odd": size % 2,
        "place": places * (1 < places <= unrolled),
        "place_channel": places * min(channels, 4) * (1 < places <= unrolled),
        "word": words * (words < UNROLLED) * (not immediate),
        "neuron": channels * (channels <= 10) * (not immediate) * (not zero),
    }


def _lif_multi_step(op: snnrt.LIFMultiStepOp) -> Amounts:
    """Each step of a neuron, or of a pair, has code of its own where a loop over steps would cost
    more; twice where neurons have leaks of their own (`snnrt_leak_wide`).
    """
    kind, steps, neurons = steps_kind(op), op.period, element_count(op.spikes_shape)
    own_leaks = element_count(buffer_shape(op.leak.type)) > 1
    return {
        f"step_{kind}": steps,
        f"step_{kind}_own_leaks": steps * own_leaks,
        "step_odd": steps * (kind == "packed" and neurons % 2 > 0),
        "incomplete": neurons % BITS_OF_WORD > 0,
    }


def _alpha_multi_step(op: snnrt.AlphaMultiStepOp) -> Amounts:
    """Each step of a neuron that is not clamped has code of its own."""
    steps = op.period if alpha_steps_kind(op) == "plain" else 1
    leaks = (op.excitatory_leak, op.inhibitory_leak)
    own_leaks = any(element_count(buffer_shape(leak.type)) > 1 for leak in leaks)
    return {
        f"step_{op.reset.data.value}": steps,
        "step_own_leaks": steps * own_leaks,
        "saturating": alpha_steps_kind(op) == "saturating",
    }


def _synaptic_multi_step(op: snnrt.SynapticMultiStepOp) -> Amounts:
    """Each step of a neuron whose steps chain has code of its own."""
    kind = synaptic_steps_kind(op)
    saturating = any(each.data.value != "proven" for each in (op.overflow, op.synapse_overflow))
    steps = op.period if kind == "chained" else 1
    own_leaks = [element_count(buffer_shape(leak.type)) > 1 for leak in (op.leak, op.synapse_leak)]
    subtracts = op.reset.data is Reset.SUBTRACT
    return {
        f"step_{kind}": steps,
        f"step_{kind}_subtract": steps * subtracts,
        f"step_{kind}_own_leaks": steps * any(own_leaks),
        f"step_{kind}_saturating": steps * saturating,
        "saturating": saturating,
    }


def _bits_to_bytes(op: snnrt.BitsToBytesOp) -> Amounts:
    elements = element_count(buffer_shape(op.spikes.type))
    return {"word": elements >= BITS_OF_WORD, "rest": elements % BITS_OF_WORD > 0}


def _alpha(op: snnrt.AlphaOp) -> Amounts:
    """Each channel of few has code of its own."""
    copies = buffer_shape(op.membrane.type)[-1] if is_unrolled_alpha(op) else 1
    return {f"copy_{op.reset.data.value}": copies}


def _check_density(op: snnrt.CheckDensityOp) -> Amounts:
    shape, cell = buffer_shape(op.frame.type), op.density.extents
    cells = len(cell) > 0
    return {
        "cells": cells,
        "wide": cells and cell[-1] > 1,
        "edge": cells and shape[-1] % cell[-1] > 0,
        "channels": cells and shape[0] > 1,
        "rest": element_count(shape) % 16,
    }


def _spike_list(op: snnrt.SpikeListOp) -> Amounts:
    size = element_count(buffer_shape(op.values.type))
    return {"block": size >= UNROLLED, "rest": size % UNROLLED}


def _count(op: snnrt.CountSpikesOp) -> Amounts:
    size = element_count(buffer_shape(op.operands[0].type))
    return {"element": size * (size <= UNROLLED + 2)}


def _fill(op: snnrt.FillZeroOp) -> Amounts:
    size = element_count(buffer_shape(op.buffer.type)) * bits_of(op.buffer) // 8
    return {"byte": min(size, LONG_FILL)}


def _scale(op: snnrt.ScaleOp) -> Amounts:
    channels = buffer_shape(op.operands[-1].type)[-1]
    return {"channel": channels * (channels <= UNROLLED)}


_AMOUNTS: dict[type, Callable[..., Amounts]] = {
    snnrt.LaneConv2dHitsOp: _lanes,
    snnrt.MaskConv2dOp: _lanes,
    snnrt.WindowLIFMasksOp: _window,
    snnrt.WindowLIFListOp: _window,
    snnrt.MapLIFMasksOp: _window,
    snnrt.MapLIFListOp: _window,
    snnrt.TileLIFMasksOp: _tile,
    snnrt.TileLIFListOp: _tile,
    snnrt.Conv2dScatterOp: _quads,
    snnrt.Conv2dScatterValuesOp: _quads,
    snnrt.Conv2dScatterPackedOp: _quads,
    snnrt.Conv2dScatterSparseOp: _sparse,
    snnrt.Conv2dScatterBlocksOp: _sparse,
    snnrt.LinearScatterOp: _linear,
    snnrt.LinearScatterValuesOp: _linear,
    snnrt.LinearScatterPackedOp: _linear,
    snnrt.LinearGatherOp: _gather,
    snnrt.LinearGatherPackedOp: _packed_gather,
    snnrt.LinearDotOp: _dot,
    snnrt.LinearCountsOp: _counts,
    snnrt.Conv2dDotOp: _dot,
    snnrt.Conv2dDotPool2dOp: _dot,
    snnrt.MaxPool2dOp: _pool,
    snnrt.SumPool2dOp: _pool,
    snnrt.MaxPoolMasksOp: _pool_masks,
    snnrt.LIFOp: _lif,
    snnrt.LIFMultiStepOp: _lif_multi_step,
    snnrt.AlphaMultiStepOp: _alpha_multi_step,
    snnrt.SynapticMultiStepOp: _synaptic_multi_step,
    snnrt.BitsToBytesOp: _bits_to_bytes,
    snnrt.AlphaOp: _alpha,
    snnrt.CheckDensityOp: _check_density,
    snnrt.ListHitsOp: _list_hits,
    snnrt.SpikeListOp: _spike_list,
    snnrt.CountSpikesOp: _count,
    snnrt.FillZeroOp: _fill,
    snnrt.ScaleOp: _scale,
}
