# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The event-driven kernels that can compute a fully connected layer, with bytes and instructions.

All of them compute the same currents to the bit; they differ in how the weights are stored:
`dense` (int8), `packed` (4 or 2 bits), `sparse` (weights that are not zero) and `blocks` (blocks of
four outputs that are not all zero). `gather` is as `dense`, in tiles of outputs, with 8 bits or,
where inputs are counted, 4. `dot` multiplies all inputs, active or not.

The instructions are estimates for a Cortex-M7: `setup + active * per_input`, read off the loops of
the kernels as `arm-none-eabi-gcc -O3` compiles them and checked against QEMU
(`benchmarks/cortex_m7/linear_kernels.py`). They order the kernels of a layer; no time in
microseconds follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i16

from snnir.dialects import qsnn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snnrt_dot import dot_quads
from snnir.dialects.snnrt_gather import PACKED_OUTPUTS, quads_of
from snnir.kernels.c_constants import c_constant
from snnir.kernels.compressed_weights import (
    BLOCK,
    MAXIMUM_BLOCK_OUTPUTS,
    MAXIMUM_START,
    WEIGHT_RANGES,
    kept_blocks,
    packed_shifts,
    panel_outputs_of,
)
from snnir.kernels.dot_weights import TILE_OUTPUTS, can_dot
from snnir.kernels.gathered_weights import (
    TILE_QUADS,
    can_gather,
    can_gather_packed,
    gather_tiles,
    lane_rows,
)
from snnir.kernels.input_values import (
    InputValues,
    active_share,
    has_least_byte,
    largest_of,
    values_of,
)
from snnir.kernels.weights import layer_weights

DEFAULT_RATE = 0.1
"""Share of active inputs where none was measured."""

NEARLY_EQUAL = 1.1
"""A smaller kernel is preferred to one that is faster by less than this factor."""


@dataclass(frozen=True)
class Candidate:
    """One way to compute a layer.

    Attributes:
        name: `dense`, `packed`, `sparse`, `blocks`, `gather` or `dot`.
        flash_bytes: bytes of weights and indices, without code.
        instructions: estimate for a number of active inputs in a step.
        bits: width of packed weights, else 8.
    """

    name: str
    flash_bytes: int
    instructions: Callable[[float], float]
    bits: int = 8


def candidates(op: qsnn.LinearOp) -> list[Candidate]:
    """The event-driven kernels for a layer; the first is `dense`, which always can.

    Of inputs of 16 bits it is the only one, and multiplies all of them.

    Raises:
        SNNError: the weights are not constant, or the layer has a bias.
    """
    rows = np.ascontiguousarray(layer_weights(op).T)
    if element_type_of(op.input.type) == i16:
        return [_counts(rows)]
    narrow = element_type_of(op.result.type) == i16
    found = linear_candidates(rows, values_of(op.input), narrow, largest_of(op.input))
    return [each for each in found if each.name != "dot" or not has_least_byte(op.input)]


def linear_candidates(
    rows: NDArray[np.int8], values: InputValues, narrow: bool, largest: int
) -> Iterator[Candidate]:
    """As `candidates`.

    Args:
        rows: the weights, (inputs, outputs).
        narrow: whether the current is int16 instead of int32.
        largest: magnitude of the largest input.
    """
    yield _dense(rows, values, narrow)
    for bits, (low, high) in WEIGHT_RANGES.items():
        if not rows.size or (low <= rows.min() and rows.max() <= high):
            yield _packed(rows, values, narrow, bits)
    if (panel := panel_outputs_of(rows)) is not None:
        yield _sparse(rows, values, panel)
    outputs = rows.shape[1]
    if outputs % BLOCK == 0 and outputs <= MAXIMUM_BLOCK_OUTPUTS:
        kept = int(kept_blocks(rows).sum())
        if kept <= MAXIMUM_START:
            yield _blocks(rows, values, narrow, kept)
    counted = values is not InputValues.SPIKES
    if can_gather(rows, counted):
        yield _gather(rows, values, narrow, largest)
    # Of spikes, weights of 4 bits are added faster in bytes than in lanes of 16 bits.
    if counted and can_gather_packed(rows):
        yield _packed_gather(rows, narrow, largest)
    if counted and can_dot(rows.T[:, np.newaxis]):
        yield _dot(rows)


def best(found: list[Candidate], active: float) -> Candidate:
    """The smallest of the candidates that need hardly more instructions than the fastest."""
    limit = NEARLY_EQUAL * min(candidate.instructions(active) for candidate in found)
    fast = [candidate for candidate in found if candidate.instructions(active) <= limit]
    return min(fast, key=lambda candidate: candidate.flash_bytes)


def expected_active(op: qsnn.LinearOp) -> float:
    """Active inputs of a layer in a mean step: as measured, or `DEFAULT_RATE` of all.

    Of the elements of a frame of real values all.
    """
    (inputs,) = shape_of(op.input.type)
    return inputs * active_share(op.input, DEFAULT_RATE)


def _affine(setup: float, per_input: float) -> Callable[[float], float]:
    return lambda active: setup + active * per_input


def _tiles(outputs: int, *sizes: int) -> list[int]:
    """How many tiles of each size cover the outputs, largest first, and what is left over."""
    counts = []
    for size in sizes:
        counts.append(outputs // size)
        outputs %= size
    return [*counts, outputs]


_VALUE_FACTORS = {InputValues.SPIKES: 1.0, InputValues.COUNTS: 1.2, InputValues.SIGNED: 2.2}
"""Work per active input: counts above one are added repeatedly, others are multiplied."""

_LISTING = {InputValues.SPIKES: 0.0, InputValues.COUNTS: 20.0, InputValues.SIGNED: 12.0}
"""Instructions per active input for the lists of counts, see `count_chunks.h`."""

REPEATED_OUTPUTS = {
    True: c_constant("count_chunks.h", "REPEATED_OUTPUTS"),
    False: c_constant("count_chunks.h", "REPEATED_WIDE_OUTPUTS"),
}
"""Layers with fewer outputs multiply; by whether currents are int16."""

QUAD_OUTPUTS = c_constant("linear_quads.h", "LINEAR_QUAD_OUTPUTS")
"""Outputs from which on fours of them are added in memory."""


def _dense(rows: NDArray[np.int8], values: InputValues, narrow: bool) -> Candidate:
    outputs = rows.shape[1]
    factor, listing = _VALUE_FACTORS[values], _LISTING[values]
    setup, per_input = 30.0 + (0 if narrow else 3 * outputs), 0.0
    if outputs < REPEATED_OUTPUTS[narrow] and values is not InputValues.SPIKES:
        of_8, of_4, rest = _tiles(outputs, 8, 4)
        setup += 15 * (of_8 + of_4 + bool(rest))
        per_input = (16 if narrow else 22) * of_8 + 12 * of_4 + (4 + 3 * rest) * bool(rest)
        factor, listing = 1.0, 0.0
    elif outputs >= QUAD_OUTPUTS and outputs % 4 == 0:
        per_input = 12 + 2.8 * (outputs // 4)
    else:
        whole, rest = _tiles(outputs, 16 if narrow else 12)
        setup += 22 * (whole + bool(rest)) if not narrow else 34 * whole + 13 * bool(rest) - 24
        per_input = (16 if narrow else 13) * whole
        per_input += (5 + 3 * (rest // 4) + 1.5 * (rest % 4)) * bool(rest)
    return Candidate("dense", rows.size, _affine(setup, per_input * factor + listing))


def _packed(rows: NDArray[np.int8], values: InputValues, narrow: bool, bits: int) -> Candidate:
    inputs, outputs = rows.shape
    per_word = len(packed_shifts(bits))
    flash = inputs * 4 * -(-outputs // per_word)
    widening = 1.0 if narrow else 1.5
    of_32, rest = _tiles(outputs, 32)
    words = -(-rest // per_word)
    if bits == 4:
        setup = 40 + 65 * of_32 + 15 * words
        per_input = (17 + 5.5 * widening) * of_32 + 6.5 * words + 2 * (words % 2)
    else:
        setup = 40 + 100 * of_32 + 45 * words
        per_input = 16.7 * of_32 + 10 * words
    factor = _VALUE_FACTORS[values]
    if values is InputValues.SIGNED:
        # Products overflow a byte or half a byte at once: values are added part by part.
        factor = 10.0 if bits == 4 else 30.0
    return Candidate("packed", flash, _affine(setup, per_input * factor + _LISTING[values]), bits)


def _sparse(rows: NDArray[np.int8], values: InputValues, panel: int) -> Candidate:
    inputs, outputs = rows.shape
    kept = int((rows != 0).sum())
    panels = -(-outputs // panel)
    flash = 2 * panels * (inputs + 1) + 2 * max(kept, 1)
    factor = {InputValues.SPIKES: 1.0, InputValues.COUNTS: 1.15, InputValues.SIGNED: 1.5}[values]
    of_panel = kept / max(inputs * panels, 1)
    # Entries beyond 16 of a row are added in a loop.
    per_entry = 4.6 if of_panel <= 16 else 5.4
    per_input = 17 * panels + per_entry * factor * kept / max(inputs, 1)
    return Candidate("sparse", flash, _affine(30 + 10 * panels, per_input))


def _blocks(rows: NDArray[np.int8], values: InputValues, narrow: bool, kept: int) -> Candidate:
    inputs = len(rows)
    flash = 2 * (inputs + 1) + 5 * max(kept, 1)
    factor = {InputValues.SPIKES: 1.0, InputValues.COUNTS: 1.5, InputValues.SIGNED: 2.6}[values]
    per_block = (9 if narrow else 15) * factor
    return Candidate("blocks", flash, _affine(30, 11 + per_block * kept / max(inputs, 1)))


def _gather(rows: NDArray[np.int8], values: InputValues, narrow: bool, largest: int) -> Candidate:
    inputs, outputs = rows.shape
    counted = values is not InputValues.SPIKES
    whole, rest = gather_tiles(outputs, counted)
    tiles = whole + bool(rest)
    quads = whole * TILE_QUADS[counted] + rest
    per_input = 2.0 * tiles + (5.6 if counted else 2.8) * quads
    setup = 15.0 + 22 * tiles + (0 if narrow else 8 * quads)
    if counted and not narrow:
        per_input += (10.0 * tiles + 25 * quads) / lane_rows(rows, largest)
    return Candidate("gather", 4 * inputs * quads, _affine(setup, per_input))


def _counts(rows: NDArray[np.int8]) -> Candidate:
    inputs, outputs = rows.shape
    quads = quads_of(outputs)
    instructions = 10.0 + quads * (15 + 11 * inputs)
    return Candidate("dense", 4 * quads * inputs, lambda _: instructions)


def _packed_gather(rows: NDArray[np.int8], narrow: bool, largest: int) -> Candidate:
    inputs, outputs = rows.shape
    words = -(-outputs // PACKED_OUTPUTS)
    per_input = 5.0 * words + 2 * -(-outputs // 2)
    setup = 10.0 + (35 if narrow else 65) * words
    if not narrow:
        per_input += 60.0 * words / lane_rows(rows, largest)
    return Candidate("gather", 4 * inputs * words, _affine(setup, per_input), 4)


def _dot(rows: NDArray[np.int8]) -> Candidate:
    inputs, outputs = rows.shape
    quads = dot_quads(inputs)
    whole, rest = divmod(outputs, TILE_OUTPUTS)
    instructions = 30.0 + 6 * quads + whole * (14 + 16 * quads)
    instructions += (rest > 0) * (14 + (4 + 3.5 * rest) * quads)
    return Candidate("dot", 4 * quads * outputs, lambda _: instructions)
