# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs networks of kernels: the calls of each step in order, on an arena of bytes.

Exact and slow, for small networks. What it returns is what the generated C computes, in the logical
order of the levels above.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.ir import Operation, SSAValue

from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import layer_names
from snnir.dialects.snn_attributes import Readout
from snnir.executors.kernel_functions import KERNELS, Call
from snnir.executors.kernel_memory import KernelMemory
from snnir.executors.kernel_steps import step_spikes
from snnir.executors.presentation import Presentation
from snnir.executors.qsnn_interpreter import integer_frame
from snnir.executors.result import (
    ExecutionResult,
    Recorder,
    RecordMode,
    order_of_layer,
)
from snnir.kernels.layout import logical_shape_of, to_logical
from snnir.quantization.input_density import expect_density
from snnir.support.diagnostics import error_at


class KernelExecutor:
    """Executes a `snnrt.network`, before or after its memory is planned.

    Raises:
        SNNError: a call has no implementation, or the plan is incomplete or leaves the arena.
    """

    def __init__(self, network: snnrt.NetworkOp):
        self.network = network
        self._layers = layer_names(network)
        self._calls = [op for op in network.body.block.ops if isinstance(op, KernelOpBase)]
        self._memory = KernelMemory(network)
        for op in self._calls:
            if type(op) not in KERNELS:
                raise error_at(op, "has no implementation in the kernel executor")

    def run(self, x: ArrayLike, record: bool = False) -> ExecutionResult:
        """Run all samples; `record` keeps all neuron layers at all steps, channels first.

        Args:
            x: (samples, timesteps, *shape), or (samples, *shape) for a static input; integers.

        Raises:
            SNNError: `x` does not fit the network, a value does not fit its type, or a call reads
                memory that does not hold what it needs.
        """
        presentation = Presentation(self.network, x)
        mode: RecordMode = "all" if record else "none"
        recorder = Recorder(self.network, len(presentation), mode, np.int32)
        scores = [self._run(presentation, i, recorder) for i in range(len(presentation))]
        return ExecutionResult.from_scores(np.stack(scores), recorder.recording)

    def _run(self, presentation: Presentation, sample: int, recorder: Recorder) -> NDArray:
        """The scores of one sample, (classes,)."""
        self._memory.start_sequence()
        maximum = self.network.input_maximum.value.data
        for step in range(presentation.timesteps):
            values = presentation.frames(sample, step, np.float64)
            frame = integer_frame(self.network, values, maximum)
            expect_density(self.network, frame[np.newaxis], sample=sample, step=step)
            self._memory.start_step(frame)
            call = Call(self._memory, step)
            for op in self._calls:
                if op.runs_in(step):
                    self._execute(op, call)
                if op in self._layers:
                    self._record(op, call, recorder, sample, step)
        return class_scores(self.network, self._memory.read(self.network, self.network.outputs[-1]))

    def _execute(self, op: KernelOpBase, call: Call) -> None:
        call.op = op
        KERNELS[type(op)](op, call)
        replaced = [
            getattr(op, read)
            for read, written in op.in_place()
            if self._memory.is_same_place(getattr(op, read), getattr(op, written))
        ]
        for value in op.buffers((*op.READS, *op.WRITES, *op.UPDATES)):
            # A call must not write over its own operands, but where its output may replace one.
            if value not in replaced:
                self._memory.expect_intact(op, value)

    def _record(
        self, op: Operation, call: Call, recorder: Recorder, sample: int, step: int
    ) -> None:
        if isinstance(op, snnrt.PackedNeuronsBase):
            if isinstance(op, snnrt.MultiStepBase):
                bits = self._memory.read(op, op.bits)
                packed = step_spikes(bits, step, element_count(op.spikes_shape))
            else:
                packed = call.spikes[op]
            spiked = to_logical(packed, order_of_layer(op), recorder.shape(self._layers[op]))
            recorder.store(self._layers[op], sample, step, spiked, None)
            return
        spikes = getattr(op, "spikes", None)
        fired = None if spikes is None else self._logical(op, spikes)
        membrane = self._logical(op, op.membrane)  # type: ignore[attr-defined]
        recorder.store(self._layers[op], sample, step, fired, membrane)

    def _logical(self, op: Operation, value: SSAValue) -> NDArray:
        """A buffer of a neuron layer, channels first."""
        shape = logical_shape_of(shape_of(value.type))
        return to_logical(self._memory.read(op, value), order_of_layer(op), shape)


def class_scores(network: snnrt.NetworkOp, scores: NDArray) -> NDArray:
    """The scores of the classes, (classes,), as `ReadoutAccumulator` defines them.

    Args:
        scores: what the kernels of the readout left, for each output neuron.
    """
    readout, timesteps = network.readout.data, network.timesteps.value.data
    classes = scores.size if network.population is None else network.population.value.data
    groups = scores.reshape(classes, -1)
    if readout is Readout.FIRST_SPIKE:
        # The kernel notes the step counted from 1, and 0 for a silent neuron.
        return np.where(groups > 0, timesteps - groups, 0).max(axis=1)
    if readout is Readout.MEAN_MEMBRANE:
        return groups.sum(axis=1) / timesteps
    return groups.sum(axis=1)
