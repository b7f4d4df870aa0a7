# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fully connected kernels do in a mean step, by storage of the weights.

The tiles are those of `linear_candidates`, whose estimates order the storages of one layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from xdsl.dialects.builtin import i16
from xdsl.ir import SSAValue

from snnir.costs.additions import magnitudes_beyond, multiplied_share, repetitions
from snnir.costs.signals import Floats, Signal, Signals
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.kernels.c_constants import c_constant
from snnir.kernels.gathered_weights import TILE_QUADS, gather_tiles
from snnir.kernels.linear_candidates import QUAD_OUTPUTS, REPEATED_OUTPUTS
from snnir.support.arrays import array_from_dense

Found = tuple[str, dict[str, float]]


def tiles(outputs: int, *sizes: int) -> list[int]:
    """How many tiles of each size cover the outputs, largest first, and what is left over."""
    counts = []
    for size in sizes:
        counts.append(outputs // size)
        outputs %= size
    return [*counts, outputs]


def _size(value: SSAValue) -> int:
    return element_count(buffer_shape(value.type))


def variant_of(op: object, current: SSAValue) -> str:
    """Width of the currents and what is added."""
    width = "s16" if buffer_element(current.type) == i16 else "s32"
    return width if getattr(op, "values", None) is None else f"{width}.values"


def _tiled(active: float, counts: Mapping[str, float]) -> dict[str, float]:
    amounts: dict[str, float] = {"call": 1}
    for name, count in counts.items():
        amounts[name] = count * expected_batches(active)
        amounts[f"{name}_input"] = count * active
    return amounts


WIDE_BLOCK = c_constant("linear_wide.h", "WIDE_BLOCK")
"""Outputs whose int16 sums are added to int32 currents together."""
WIDE_ROWS = c_constant("linear_wide.h", "WIDE_ROWS")
REPEATED_COUNT = c_constant("count_chunks.h", "REPEATED_COUNT")
"""The largest count of an input whose row is added as often; larger ones are multiplied."""
QUAD_COUNT = c_constant("conv2d_quads.h", "QUAD_COUNT")
"""The same where rows are added two at a time."""
OTHERS = c_constant("linear_quads.h", "LINEAR_OTHERS")
"""Inputs that are multiplied together."""
REPEATED_CAPACITY = c_constant("count_chunks.h", "REPEATED_CAPACITY")
BLOCK_QUADS = c_constant("linear_quads.h", "LINEAR_BLOCK_QUADS")


def _dense(op: snnrt.LinearScatterOp | snnrt.LinearScatterValuesOp, signals: Signals) -> Found:
    """Rows are multiplied, added in registers, or added two at a time."""
    outputs, variant = _size(op.current), variant_of(op, op.current)
    narrow, signal = variant.startswith("s16"), signals[op.list]
    counted = isinstance(op, snnrt.LinearScatterValuesOp)
    amounts: dict[str, float] = {"call": 1, "input": signal.active}
    if counted and outputs < REPEATED_OUTPUTS[narrow]:
        # All inputs are multiplied.
        of_8, of_4, rest = tiles(outputs, 8, 4)
        counts = {"of_8": of_8, "of_4": of_4, "rest": int(rest > 0), "rest_output": rest}
        return f"{variant}.few", _tiled(signal.active, counts)
    quads = outputs // 4 if outputs % 4 == 0 else 0
    in_quads = narrow and quads >= QUAD_OUTPUTS // 4
    kernels = signal.active
    if counted:
        kernels, others = repetitions(signal, QUAD_COUNT if in_quads else REPEATED_COUNT)
        amounts |= _multiplied(outputs, others)
    if in_quads:
        loops, rest = quads // BLOCK_QUADS, quads % BLOCK_QUADS
        chunks = loops * transfers(BLOCK_QUADS) + transfers(rest)
        return f"{variant}.quads", {**amounts, **_in_twos(kernels, quads, chunks, loops)}
    if narrow:
        of_16, rest = tiles(outputs, 16)
        rounds = expected_batches(kernels)
        return f"{variant}.tiles", {
            **amounts, "of_16": of_16 * rounds, "of_16_input": of_16 * kernels,
            **_rest(rest, kernels, rounds),
        }  # fmt: skip
    rounds = expected_batches(kernels, REPEATED_CAPACITY if counted else WIDE_ROWS)
    blocks, rest = tiles(outputs if quads else 0, WIDE_BLOCK)
    whole, rest = (blocks, rest) if quads else tiles(outputs, 12)
    if quads and rest >= QUAD_OUTPUTS:
        chunks = blocks * transfers(WIDE_BLOCK // 4) + transfers(rest // 4)
        whole, rest = blocks + 1, 0
        amounts |= _in_twos(kernels, quads, chunks, whole)
    elif quads:
        amounts |= _in_twos(kernels, blocks * WIDE_BLOCK // 4, 4 * blocks, blocks)
        of_12, rest = tiles(rest, 12)
        amounts |= {"of_12": of_12 * rounds, "of_12_input": of_12 * kernels}
    else:
        amounts |= {"of_12": whole * rounds, "of_12_input": whole * kernels}
    return variant, {**amounts, "widened": outputs * rounds, **_rest(rest, kernels, rounds)}


def _multiplied(outputs: int, inputs: float) -> dict[str, float]:
    """Inputs whose rows are multiplied beside others that are added, some at a time."""
    of_8, of_4, rest = tiles(outputs, 8, 4)
    batches = expected_batches(inputs, OTHERS)
    return {
        "other": inputs, "other_of_8": of_8 * batches, "other_of_8_input": of_8 * inputs,
        "other_of_4": of_4 * batches, "other_of_4_input": of_4 * inputs,
        "other_rest_output": rest * batches, "other_rest_output_input": rest * inputs,
    }  # fmt: skip


def _in_twos(kernels: float, quads: int, chunks: int, loops: int) -> dict[str, float]:
    """Kernels that are added two at a time, which leaves one over every other time."""
    twos = kernels / 2
    return {
        "two": twos, "two_loop": twos * loops, "two_chunk": twos * chunks, "two_quad": twos * quads
    }  # fmt: skip


def _rest(outputs: int, kernels: float, rounds: float) -> dict[str, float]:
    """Outputs that are less than a tile."""
    some = outputs > 0
    return {
        "rest": some * rounds,
        "rest_input": some * kernels,
        "rest_quad_input": outputs // 4 * kernels,
        "rest_output_input": outputs % 4 * kernels,
    }


def transfers(quads: int) -> int:
    """Transfers of several registers for so many quads in a row, see `snnrt_add_quads`."""
    whole = max(quads - 2, 0) // 3
    return whole + {0: 0, 3: 1, 4: 2}.get(quads - 3 * whole, 1)


PRODUCT_OUTPUTS = 16
"""Outputs whose products with packed weights are summed together."""
PRODUCT_BATCH = {
    4: c_constant("packed4_rows.h", "PACKED4_VALUE_BATCH"),
    2: c_constant("packed2_rows.h", "PACKED2_BATCH"),
}
"""By bits of the weights, what the magnitudes of a batch of values sum up to at most."""


def _packed(op: snnrt.LinearScatterPackedOp, signals: Signals) -> Found:
    """Rows are added in batches that cannot overflow; the sums of each are unpacked."""
    bits, outputs, signal = op.bits.value.data, _size(op.current), signals[op.list]
    rows = signal.active if op.values is None else repetitions(signal, REPEATED_COUNT)[0]
    of_32, rest = tiles(outputs, 32)
    per_word = 8 if bits == 4 else 16
    words = -(-rest // per_word)
    of_16, of_8 = tiles(words, 2) if bits == 4 else (words, 0)
    batches = expected_batches(rows, 16 if bits == 4 else 112)
    amounts: dict[str, float] = {
        "call": 1, "input": signal.active, "partial": (outputs % 4 > 0) * batches,
        "partial_output": outputs % 4 * batches,
        **({} if op.values is None else _packed_products(bits, outputs, signal)),
    }  # fmt: skip
    for name, count in {"of_32": of_32, "of_16": of_16, "of_8": of_8}.items():
        amounts |= {name: count, f"{name}_batch": count * batches, f"{name}_input": count * rows}
        if bits == 2:
            amounts[f"{name}_widened"] = count * expected_batches(rows, 7)
    return f"{variant_of(op, op.current)}.bits{bits}", amounts


def _packed_products(bits: int, outputs: int, signal: Signal) -> dict[str, float]:
    """Values that are multiplied, in parts with which batches cannot overflow."""
    _, others = repetitions(signal, REPEATED_COUNT)
    batches = magnitudes_beyond(signal, REPEATED_COUNT) / PRODUCT_BATCH[bits]
    groups = -(-outputs // PRODUCT_OUTPUTS)
    return {
        "other": others, "other_part": groups * (others + batches),
        "other_batch": groups * (expected_batches(others, OTHERS) + batches),
    }  # fmt: skip


def expected_batches(rows: float, size: float = math.inf) -> float:
    """Batches of up to `size` rows in a mean step; none in a step without rows.

    Rows of a step are taken to be independent, so that their number has a Poisson distribution.
    """
    if size == math.inf:
        return 1 - math.exp(-rows)
    if rows > 10 * size:
        return rows / size + 0.5
    most = int(rows + 8 * math.sqrt(rows) + 8)
    numbers = np.arange(1, most + 1)
    chances = np.exp(numbers * math.log(max(rows, 1e-9)) - rows - np.cumsum(np.log(numbers)))
    return float(np.sum(chances * np.ceil(numbers / size)))


def _row_lengths(starts: SSAValue, panels: int) -> Floats:
    """How many entries each input has, (panels, inputs)."""
    assert isinstance(starts.owner, snnrt.ConstantOp)
    values = array_from_dense(starts.owner.value).astype(np.int64).reshape(panels, -1)
    return np.diff(values & 0xFFFF, axis=1)


def _chances(signal: Signal, inputs: int) -> Floats:
    """How often each input is active: those with many entries are often the busy ones."""
    if signal.elements is not None and len(signal.elements) == inputs:
        return signal.elements
    return np.full(inputs, signal.active / inputs)


def _sparse(op: snnrt.LinearScatterSparseOp, signals: Signals) -> Found:
    panels = -(-_size(op.current) // op.panel_outputs.value.data)
    lengths, signal = _row_lengths(op.starts, panels), signals[op.list]
    chances = _chances(signal, lengths.shape[1])
    products = multiplied_share(op.values, signal, 1)
    added, entries = (1 - products) * chances, float((lengths @ chances).sum())
    return variant_of(op, op.current), {
        "call": 1, "panel": panels, "panel_input": panels * float(chances.sum()),
        "entry": (1 - products) * entries,
        "odd": float(((lengths % 2) @ added).sum()),
        "long": float(((lengths > 17) @ added).sum()),
        "product": products * panels * float(chances.sum()), "product_entry": products * entries,
    }  # fmt: skip


def _blocks(op: snnrt.LinearScatterBlocksOp, signals: Signals) -> Found:
    lengths, signal = _row_lengths(op.starts, 1), signals[op.list]
    chances = _chances(signal, lengths.shape[1])
    products = multiplied_share(op.values, signal, 1)
    blocks = float((lengths @ chances).sum())
    return variant_of(op, op.current), {
        "call": 1, "input": float(chances.sum()), "block": (1 - products) * blocks,
        "product": products * float(chances.sum()), "product_block": products * blocks,
    }  # fmt: skip


LANE_ROWS = c_constant("linear_gather.h", "GATHER_LANE_ROWS")
"""Rows whose sums lanes of 16 bits hold."""


def _gather(op: snnrt.LinearGatherOp, signals: Signals) -> Found:
    """Tiles of outputs, each over the whole list."""
    counted, active = op.values is not None, signals[op.list].active
    whole, rest = gather_tiles(_size(op.current), counted)
    quads = whole * TILE_QUADS[counted] + rest
    amounts: dict[str, float] = {"call": 1, "tile": whole + (rest > 0), "quad": quads}
    if op.lane_rows is not None:
        rounds = expected_batches(active, op.lane_rows.value.data)
        amounts |= {"tile_round": amounts["tile"] * rounds, "quad_round": quads * rounds}
    elif buffer_element(op.current.type) != i16:
        # Lanes are widened as often as they are full.
        amounts["added_quad"] = quads * (active // LANE_ROWS)
    for size in range(1, TILE_QUADS[counted] + 1):
        tiles = whole * (size == TILE_QUADS[counted]) + (size == rest)
        amounts[f"of_{4 * size}_input"] = tiles * active
    return variant_of(op, op.current), amounts


def _packed_gather(op: snnrt.LinearGatherPackedOp, signals: Signals) -> Found:
    """Words of eight outputs, each over the whole list."""
    outputs, active = _size(op.current), signals[op.list].active
    amounts: dict[str, float] = {
        "call": 1, "word": op.words(), "pair": -(-outputs // 2),
        "word_input": op.words() * active, "pair_input": -(-outputs // 2) * active,
    }  # fmt: skip
    if op.lane_rows is not None:
        rounds = expected_batches(active, op.lane_rows.value.data)
        amounts |= {"word_round": op.words() * rounds, "output_round": outputs * rounds}
    return variant_of(op, op.current), amounts


FEATURES: dict[type, Callable[..., Found]] = {
    snnrt.LinearScatterOp: _dense,
    snnrt.LinearScatterValuesOp: _dense,
    snnrt.LinearScatterPackedOp: _packed,
    snnrt.LinearScatterSparseOp: _sparse,
    snnrt.LinearScatterBlocksOp: _blocks,
    snnrt.LinearGatherOp: _gather,
    snnrt.LinearGatherPackedOp: _packed_gather,
}
