# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs networks on xDSL's interpreter: one sample, one time step at a time, for all levels.

This is the executor that the others are tested against. A level provides `InterpreterFunctions`
derived from `NetworkFunctions`, written to be read beside the dialect's documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.interpreter import Interpreter, InterpreterFunctions, PythonValues
from xdsl.ir import Operation

from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.dialects.registers import ReadBase, WriteBase
from snnir.executors.presentation import Presentation
from snnir.executors.readout import ReadoutAccumulator
from snnir.executors.result import ExecutionResult, Recorder
from snnir.quantization.input_density import expect_density
from snnir.support.diagnostics import error_at

LEVELS: dict[str, str] = {
    "snn": "snnir.executors.snn_interpreter:SNNFunctions",
    "qsnn": "snnir.executors.qsnn_interpreter:QSNNFunctions",
}
"""The class that interprets the operations of a dialect, as `module:class`."""


@dataclass
class SequenceState:
    """What lives from one step to the next, by operation and name; all zero at the start."""

    _current: dict[tuple[Operation, str], NDArray] = field(default_factory=dict)
    _next: dict[tuple[Operation, str], NDArray] = field(default_factory=dict)
    step: int = 0
    """The current step."""

    def load(
        self, op: Operation, name: str, shape: Sequence[int], dtype: DTypeLike = np.float32
    ) -> NDArray:
        """What the previous step stored, whatever this one has stored already."""
        return self._current.get((op, name), np.zeros(shape, dtype))

    def store(self, op: Operation, name: str, value: NDArray) -> None:
        """Set the value that the next step loads."""
        self._next[op, name] = value

    def load_register(self, op: ReadBase, dtype: DTypeLike) -> NDArray:
        """What the previous step wrote to a register."""
        return self.load(op.declaration, "value", shape_of(op.result.type), dtype)

    def store_register(self, op: WriteBase, value: NDArray) -> None:
        """Set what the next step reads from a register."""
        self.store(op.declaration, "value", value)

    def end_step(self) -> None:
        """Go on to the next step."""
        self._current.update(self._next)
        self.step += 1


class NetworkFunctions(InterpreterFunctions):
    """Base of the interpreter functions of a level.

    Attributes:
        FRAME_DTYPE: numpy type in which the input frames are presented.
        MEMBRANE_DTYPE: numpy type in which membranes are recorded.
    """

    # Instances of dtype: `register_impls` fails on class attributes that are classes.
    FRAME_DTYPE: ClassVar[np.dtype] = np.dtype(np.float32)
    MEMBRANE_DTYPE: ClassVar[np.dtype] = np.dtype(np.float32)

    @staticmethod
    def frame(network: NetworkOpBase, values: NDArray) -> NDArray:
        """The frame that the body takes, from one in `FRAME_DTYPE`."""
        return values

    @staticmethod
    def state(interpreter: Interpreter) -> SequenceState:
        """The state of the sequence that this interpreter runs."""
        return interpreter.get_data(NetworkFunctions, "state", SequenceState)


class _NeuronListener(Interpreter.Listener):
    """Records the results of the neuron layers for one sample, step by step."""

    def __init__(self, network: NetworkOpBase, recorder: Recorder, sample: int):
        self._names = layer_names(network)
        self._recorder, self._sample = recorder, sample
        self.step = 0

    def did_interpret_op(self, op: Operation, results: PythonValues) -> None:
        if op not in self._names:
            return
        by_result = dict(zip(op.results, results, strict=True))
        spikes = by_result.get(getattr(op, "spikes", None))  # type: ignore[arg-type]
        membrane = by_result[op.membrane]  # type: ignore[attr-defined]
        self._recorder.store(self._names[op], self._sample, self.step, spikes, membrane)


class ReferenceExecutor:
    """Executes a network of any level on xDSL's interpreter.

    Raises:
        SNNError: there is no interpreter for the level of the network.
    """

    def __init__(self, network: NetworkOpBase):
        self.network = network
        self._functions = _load_functions(network)
        self._module = _module_of(network)

    def run(self, x: ArrayLike, record: bool = False) -> ExecutionResult:
        """Run all samples; `record` keeps all neuron layers at all steps.

        Args:
            x: (samples, timesteps, *shape), or (samples, *shape) for a static input.

        Raises:
            SNNError: `x` does not fit the network.
        """
        presentation = Presentation(self.network, x)
        recorder = Recorder(
            self.network,
            len(presentation),
            "all" if record else "none",
            self._functions.MEMBRANE_DTYPE,
        )
        scores = [self._run(presentation, i, recorder) for i in range(len(presentation))]
        return ExecutionResult.from_scores(np.concatenate(scores), recorder.recording)

    def _run(self, presentation: Presentation, sample: int, recorder: Recorder) -> NDArray:
        """The scores of one sample, (1, classes)."""
        listener = _NeuronListener(self.network, recorder, sample)
        interpreter = Interpreter(self._module, listeners=(listener,))
        interpreter.register_implementations(self._functions())
        readout = ReadoutAccumulator(self.network, 1)
        for step in range(presentation.timesteps):
            listener.step = step
            values = presentation.frames(sample, step, self._functions.FRAME_DTYPE)
            frame = self._functions.frame(self.network, values)
            expect_density(self.network, frame[np.newaxis], sample=sample, step=step)
            outputs = interpreter.run_ssacfg_region(self.network.body, (frame,), "step")
            self._functions.state(interpreter).end_step()
            readout.add(outputs[0])
        return readout.scores()


def _load_functions(network: NetworkOpBase) -> type[NetworkFunctions]:
    level = network.name.partition(".")[0]
    if level not in LEVELS:
        raise error_at(network, "cannot be interpreted")
    module, name = LEVELS[level].split(":")
    return getattr(import_module(module), name)


def _module_of(network: NetworkOpBase) -> ModuleOp:
    """The module around the network; an empty one if it stands alone."""
    module = network.parent_op()
    return module if isinstance(module, ModuleOp) else ModuleOp([])
