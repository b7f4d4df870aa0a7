# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What calls that compute a layer by tiles do, from the headers of snnrt.

As `kernel_lanes`, whose currents exist as a whole here: that tiles give the same is what the
generated code is tested for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count, int_values
from snnir.dialects.snnrt_lanes import TOUCHED_BITS
from snnir.dialects.snnrt_tiles import MARK_BITS
from snnir.executors.kernel_lanes import (
    add_kernel,
    bits_of,
    list_indices,
    list_masks,
    touch_windows,
    update_windows,
    words_of,
)
from snnir.executors.kernel_memory import expect_fit
from snnir.kernels.compressed_weights import unpack_last
from snnir.kernels.layout import interleave_outputs
from snnir.support.diagnostics import error_at

if TYPE_CHECKING:
    from snnir.executors.kernel_functions import Call

Integers = NDArray[np.int64]


def mark_events(op: snnrt.MarkEventsOp, call: Call) -> None:
    """Counts hold rubbish where there are no events."""
    frame, maximum = call.read(op.frame).reshape(-1), op.maximum.value.data
    if ((frame < 0) | (frame > maximum)).any():
        raise error_at(op, f"got {frame.max()} in the frame, more than the maximum of {maximum}")
    call.memory.clobber(op.counts)
    stored = call.memory.read(op, op.counts).reshape(-1)
    call.write(op.counts, np.where(frame != 0, frame, stored))
    padded = np.pad(frame != 0, (0, -len(frame) % MARK_BITS)).reshape(-1, MARK_BITS)
    words = (padded.astype(np.int64) << np.arange(MARK_BITS)).sum(axis=1)
    call.write(op.marks, words.astype(np.uint32).view(np.int32).astype(np.int64))


def _tile_currents(op: snnrt.TileLIFBase, call: Call) -> tuple[Integers, Integers | None]:
    """Currents of all tiles `(rows, columns, lanes)`, and which windows events reach."""
    height, width, lanes = buffer_shape(op.membrane.type)
    window = int_values(op.window)
    # Lanes lie in memory like those of 16-bit kernels; the order is its own inverse.
    bits = op.weight_bits.value.data
    if bits == 8:
        kernels = interleave_outputs(call.read(op.weights))
    else:
        kernels = unpack_last(call.read(op.weights), bits, op.weight_lanes)
    current = np.zeros((height * window[0], width * window[1], kernels.shape[-1]), np.int64)
    touched = None
    if op.spikes is not None:
        for *masks, site in words_of(call, op.spikes)[: call.counts[op.spike_count]].tolist():  # type: ignore[index]
            for bit, fired in enumerate(bits_of(masks, len(kernels))):
                if fired:
                    add_kernel(op, current, kernels[bit], divmod(site, 1 << 16))
    else:
        touched = np.zeros(height, np.int64)
        for index, count in _events(op, call):
            channel, position = divmod(index, element_count(int_values(op.input_size)))
            site = divmod(position, int_values(op.input_size)[1])
            rows, columns = add_kernel(op, current, count * kernels[channel], site)
            touch_windows(touched, rows, columns, window)
    # Only the final sums must fit; lanes of quads beyond those of the neurons get nothing.
    expect_fit(op, op.current, current)
    if current[..., lanes:].any():
        raise error_at(op, "finds a current in a lane without neurons")
    return current[..., :lanes], touched if width <= TOUCHED_BITS else None


def _events(op: snnrt.TileLIFBase, call: Call) -> list[tuple[int, int]]:
    """Index and count of the marked elements."""
    assert op.counts is not None
    assert op.marks is not None
    counts = call.read(op.counts).reshape(-1)
    words = words_of(call, op.marks).reshape(-1, 1)
    marked = (words >> np.arange(MARK_BITS) & 1).reshape(-1)
    return [(int(index), int(counts[index])) for index in np.flatnonzero(marked)]


def _update(op: snnrt.TileLIFBase, call: Call) -> NDArray[np.bool_]:
    current, touched = _tile_currents(op, call)
    call.memory.clobber(op.current)
    return update_windows(op, call, current << op.current_shift.value.data, touched)


def tile_lif_masks(op: snnrt.TileLIFMasksOp, call: Call) -> None:
    list_masks(op, call, _update(op, call))


def tile_lif_list(op: snnrt.TileLIFListOp, call: Call) -> None:
    list_indices(op, call, _update(op, call))


TILE_KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    snnrt.MarkEventsOp: mark_events,
    snnrt.TileLIFMasksOp: tile_lif_masks,
    snnrt.TileLIFListOp: tile_lif_list,
}
