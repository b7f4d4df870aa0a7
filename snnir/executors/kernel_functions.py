# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the calls of a `snnrt.network` compute, written from the C headers of snnrt and CMSIS-NN.

Each function takes a `Call` and computes in int64. Where C code relies on a guarantee of the
compiler (no sum overflows, counts are below a maximum), the guarantee is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i16
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import int_values
from snnir.executors.kernel_cmsis import CMSIS_KERNELS
from snnir.executors.kernel_compressed import COMPRESSED_KERNELS, kernels_of_sparse_scatter
from snnir.executors.kernel_dot import DOT_KERNELS
from snnir.executors.kernel_gather import GATHER_KERNELS
from snnir.executors.kernel_input import check_density
from snnir.executors.kernel_lanes import LANE_KERNELS
from snnir.executors.kernel_memory import KernelMemory, expect_fit
from snnir.executors.kernel_steps import STEP_KERNELS
from snnir.executors.kernel_tiles import TILE_KERNELS
from snnir.executors.kernel_windows import max_pool2d, patches, pool_windows
from snnir.executors.lif_update import alpha_update, li_update, lif_update, per_neuron
from snnir.kernels.compressed_weights import unpack_last
from snnir.support.diagnostics import error_at

Integers = NDArray[np.int64]


@dataclass
class Call:
    """One call, with access to memory.

    Attributes:
        step: the time step, which some functions take as an argument.
        counts: what each call of this step that makes a list returned.
        spikes: (height, width, channels) of the neuron layers of this step that keep no bytes.
    """

    memory: KernelMemory
    step: int
    counts: dict[SSAValue, int] = field(default_factory=dict)
    spikes: dict[Operation, NDArray[np.bool_]] = field(default_factory=dict)
    op: Operation = field(init=False)

    def read(self, value: SSAValue) -> Integers:
        """The contents of a buffer or constant."""
        return self.memory.read(self.op, value)

    def write(self, value: SSAValue, values: NDArray) -> None:
        """Fill a buffer with values, which must fit."""
        self.memory.write(self.op, value, values)

    def write_list(self, list: SSAValue, count: SSAValue, indices: NDArray) -> None:
        """Begin a list with unsigned 16-bit indices; the rest of it is never written."""
        self.memory.clobber(list)
        stored = self.read(list)
        stored[: len(indices)] = indices.astype(np.uint16).view(np.int16)
        self.write(list, stored)
        self.counts[count] = len(indices)

    def events(self, list: SSAValue, count: SSAValue) -> list[int]:
        """The listed indices."""
        indices = self.memory.read(self.op, list, np.dtype("<u2"))
        return indices[: self.counts[count]].tolist()


def frame_to_hwc(op: snnrt.FrameToHWCOp, call: Call) -> None:
    frame, maximum = call.read(op.frame), op.maximum.value.data
    if ((frame < 0) | (frame > maximum)).any():
        raise error_at(op, f"got {frame.max()} in the frame, more than the maximum of {maximum}")
    call.write(op.output, np.moveaxis(frame, 0, -1))


def values_to_hwc(op: snnrt.ValuesToHWCOp, call: Call) -> None:
    frame, maximum = call.read(op.frame), op.maximum.value.data
    if (largest := np.abs(frame).max()) > maximum:
        raise error_at(op, f"got {largest} in the frame, more than the maximum of {maximum}")
    call.write(op.output, np.moveaxis(frame, 0, -1))


def spike_list(op: snnrt.SpikeListOp, call: Call) -> None:
    call.write_list(op.list, op.count, np.flatnonzero(call.read(op.values)))


def fill_zero(op: snnrt.FillZeroOp, call: Call) -> None:
    call.write(op.buffer, np.zeros(buffer_shape(op.buffer.type), np.int64))


def scatter_weights(call: Call, weights: SSAValue, current: SSAValue) -> Integers:
    """Weights in natural order: 16-bit kernels want `n, n+2, n+1, n+3` in every four outputs."""
    stored = call.read(weights)
    if buffer_element(current.type) == i16:
        complete = stored.shape[-1] // 4 * 4
        quadruples = stored[..., :complete].reshape(*stored.shape[:-1], -1, 4)
        natural = quadruples[..., [0, 2, 1, 3]].reshape(*stored.shape[:-1], complete)
        stored = np.concatenate([natural, stored[..., complete:]], axis=-1)
    return stored


def linear_scatter(op: snnrt.LinearScatterOp | snnrt.LinearScatterValuesOp, call: Call) -> None:
    """Adds one row of weights after the other; no sum on the way may overflow."""
    weights, current = scatter_weights(call, op.weights, op.current), call.read(op.current)
    values = None if isinstance(op, snnrt.LinearScatterOp) else call.read(op.values).reshape(-1)
    for index in call.events(op.list, op.count):
        current += weights[index] * (1 if values is None else values[index])
        expect_fit(op, op.current, current)
    call.write(op.current, current)


def taps(
    position: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int
) -> tuple[list[int], list[int]]:
    """Along one axis: the kernel elements that an input reaches outputs through, and these."""
    pairs = [
        (element, (position + padding - element * dilation) // stride)
        for element in range(kernel)
        if (position + padding - element * dilation) % stride == 0
    ]
    inside = [(element, output) for element, output in pairs if 0 <= output < outputs]
    return [element for element, _ in inside], [output for _, output in inside]


Conv2dScatter = (
    snnrt.Conv2dScatterOp
    | snnrt.Conv2dScatterValuesOp
    | snnrt.Conv2dScatterPackedOp
    | snnrt.SparseConvolutionBase
)


def _kernels(op: Conv2dScatter, call: Call) -> NDArray[np.int64]:
    """The kernels, (inputs, height, width, outputs / groups), of any storage."""
    if isinstance(op, snnrt.SparseConvolutionBase):
        return kernels_of_sparse_scatter(op, call)
    if isinstance(op, snnrt.Conv2dScatterPackedOp):
        stored = unpack_last(call.read(op.weights), op.bits.value.data, op.group_outputs())
    else:
        stored = scatter_weights(call, op.weights, op.current)
    return stored[:, :, ::-1]  # the columns of the kernel are stored in reverse


def conv2d_scatter(
    op: Conv2dScatter,
    call: Call,
) -> None:
    """Adds the kernel of one input after the other; no sum on the way may overflow."""
    current = call.read(op.current)
    weights = _kernels(op, call)
    given = getattr(op, "values", None)
    values = None if given is None else call.read(given).reshape(-1)
    inputs, *kernel, outputs = weights.shape
    per_group = inputs // op.groups.value.data
    shape = (*int_values(op.input_size), inputs)
    axes = list(
        zip(
            current.shape[:2], kernel, int_values(op.stride), int_values(op.padding),
            int_values(op.dilation), strict=True,
        )
    )  # fmt: skip
    for index in call.events(op.list, op.count):
        *position, channel = (int(i) for i in np.unravel_index(index, shape))
        (rows, output_rows), (columns, output_columns) = (
            taps(coordinate, *axis) for coordinate, axis in zip(position, axes, strict=True)
        )
        first = channel // per_group * outputs
        reached = np.ix_(output_rows, output_columns, range(first, first + outputs))
        value = 1 if values is None else values[index]
        current[reached] += value * weights[channel][np.ix_(rows, columns)]
        expect_fit(op, op.current, current[reached])
    call.write(op.current, current)


def sum_pool2d(op: snnrt.SumPool2dOp, call: Call) -> None:
    call.write(op.output, pool_windows(op, call.read(op.input), 0).sum(axis=(3, 4)))


def lif(op: snnrt.LIFOp, call: Call) -> None:
    drive = call.read(op.current)
    spikes, membrane = lif_update(op, call, call.read(op.membrane), drive)
    call.write(op.spikes, spikes.astype(np.int64))
    call.write(op.membrane, membrane)


def li(op: snnrt.LIOp, call: Call) -> None:
    membrane, current = call.read(op.membrane), call.read(op.current)
    call.write(op.membrane, li_update(op, call, op, membrane, current))


def alpha(op: snnrt.AlphaOp, call: Call) -> None:
    states = [call.read(getattr(op, name)) for name in op.UPDATES]
    spikes, updated = alpha_update(op, call, states, call.read(op.current))
    for name, values in zip(op.UPDATES, updated, strict=True):
        call.write(getattr(op, name), values)
    call.write(op.spikes, spikes.astype(np.int64))


def add(op: snnrt.AddOp, call: Call) -> None:
    call.write(op.output, call.read(op.lhs) + call.read(op.rhs))


def scale(op: snnrt.ScaleOp, call: Call) -> None:
    input = call.read(op.input)
    call.write(op.output, input * per_neuron(call, op.factor, input.shape))


def concat_channels(op: snnrt.ConcatChannelsOp, call: Call) -> None:
    call.write(op.output, np.concatenate([call.read(op.lhs), call.read(op.rhs)], axis=-1))


def widen(op: snnrt.WidenOp, call: Call) -> None:
    call.write(op.output, call.read(op.input))


def im2col(op: snnrt.Im2ColOp, call: Call) -> None:
    call.write(op.columns, patches(op, call, op.input, int_values(op.kernel)))


def count_spikes(op: snnrt.CountSpikesOp, call: Call) -> None:
    scores = call.read(op.scores)
    call.write(op.scores, scores + call.read(op.values).reshape(scores.shape))


def first_spike(op: snnrt.FirstSpikeOp, call: Call) -> None:
    first = call.read(op.scores)
    spikes = call.read(op.values).reshape(first.shape)
    call.write(op.scores, np.where((first == 0) & (spikes != 0), call.step + 1, first))


def read_membrane(op: snnrt.ReadMembraneOp, call: Call) -> None:
    scores = call.read(op.scores)
    values = call.read(op.values).reshape(scores.shape)
    if call.step > 0 and op.reduction.data == "max":
        values = np.maximum(values, scores)
    elif call.step > 0 and op.reduction.data == "sum":
        values = values + scores
    call.write(op.scores, values)


KERNELS: dict[type[Operation], Callable[[Any, Call], None]] = {
    snnrt.CheckDensityOp: check_density,
    snnrt.FrameToHWCOp: frame_to_hwc,
    snnrt.ValuesToHWCOp: values_to_hwc,
    snnrt.SpikeListOp: spike_list,
    snnrt.FillZeroOp: fill_zero,
    snnrt.Conv2dScatterOp: conv2d_scatter,
    snnrt.Conv2dScatterValuesOp: conv2d_scatter,
    snnrt.Conv2dScatterPackedOp: conv2d_scatter,
    snnrt.Conv2dScatterSparseOp: conv2d_scatter,
    snnrt.Conv2dScatterBlocksOp: conv2d_scatter,
    snnrt.LinearScatterOp: linear_scatter,
    snnrt.LinearScatterValuesOp: linear_scatter,
    snnrt.MaxPool2dOp: max_pool2d,
    snnrt.SumPool2dOp: sum_pool2d,
    snnrt.LIFOp: lif,
    snnrt.LIOp: li,
    snnrt.AlphaOp: alpha,
    snnrt.AddOp: add,
    snnrt.ScaleOp: scale,
    snnrt.ConcatChannelsOp: concat_channels,
    snnrt.WidenOp: widen,
    snnrt.Im2ColOp: im2col,
    snnrt.CountSpikesOp: count_spikes,
    snnrt.FirstSpikeOp: first_spike,
    snnrt.ReadMembraneOp: read_membrane,
    **LANE_KERNELS,
    **TILE_KERNELS,
    **STEP_KERNELS,
    **COMPRESSED_KERNELS,
    **GATHER_KERNELS,
    **DOT_KERNELS,
    **CMSIS_KERNELS,
}
