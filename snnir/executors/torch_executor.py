# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs networks of any level in torch: many samples at once, one time step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from tqdm import tqdm
from xdsl.ir import Operation, SSAValue

from snnir.dialects.network import NetworkOpBase, layer_names
from snnir.executors.presentation import BATCH, Presentation
from snnir.executors.readout import ReadoutAccumulator
from snnir.executors.result import ExecutionResult, Recorder, RecordMode
from snnir.executors.torch_program import TorchBuilder, TorchLevel, contributors, evaluate_step
from snnir.quantization.input_density import expect_density
from snnir.support.diagnostics import SNNError, error_at

LEVELS: dict[str, str] = {
    "snn": "snnir.executors.torch_snn",
    "qsnn": "snnir.executors.torch_qsnn",
}
"""The module whose `LEVEL` evaluates the operations of a dialect."""

Listener = Callable[[str, int, Tensor | None, Tensor], None]
"""Called as `listener(layer, step, spikes, membrane)` for each neuron layer at each step.

Tensors are (batch, *shape) on the executor's device, in the level's types; spikes are nonzero where
a neuron spikes, None for a layer that cannot. Batches follow one another in the order of samples.
"""


@dataclass(frozen=True)
class Step:
    """One time step of a batch: its index and every value that was computed in it.

    A value is a tensor (batch, *shape), or a constant without a batch.
    """

    index: int
    values: dict[SSAValue, Tensor]


class TorchExecutor:
    """Executes a network on samples in batches.

    Weights and attributes are converted when the executor is made: make a new one after a change.
    Float results depend on the order in which torch's matrix products sum, and with it on the batch
    size, the number of threads and the device; everything else is exactly defined.

    Args:
        wanted: an operation of the network; `steps` computes what its results depend on, and
            nothing else.

    Raises:
        SNNError: an operation has no implementation at this level.
    """

    def __init__(
        self,
        network: NetworkOpBase,
        device: str | torch.device = "cpu",
        *,
        wanted: Operation | None = None,
    ):
        self.network = network
        self.device = torch.device(device)
        self.layers = layer_names(network)
        self._level = _load_level(network)
        self._builder = TorchBuilder(self.device)
        operations = network.body.block.ops
        self._program = [
            (op, self._level.prepare(op, self._builder))
            for op in (operations if wanted is None else contributors(wanted))
        ]

    def run(
        self,
        x: ArrayLike,
        *,
        batch: int = BATCH,
        record: RecordMode = "none",
        listener: Listener | None = None,
        progress: bool = False,
    ) -> ExecutionResult:
        """Run all samples, `batch` of them at a time.

        Args:
            x: (samples, timesteps, *shape), or (samples, *shape) for a static input.
            record: what to keep of the neuron layers; `spikes` takes one byte for each neuron,
                step and sample, `all` takes five.
            listener: is told the values of every neuron layer at every step, which are not kept.
            progress: show a progress bar on standard error if that is a terminal.

        Raises:
            SNNError: `x` does not fit the network, or `batch` is not positive.
        """
        if batch < 1:
            raise SNNError(f"the batch size must be 1 or more, not {batch}")
        presentation = Presentation(self.network, x)
        recorder = Recorder(self.network, len(presentation), record, self._level.membrane_dtype)
        scores = []
        total = len(presentation) * presentation.timesteps
        # `disable=None` shows the bar on a terminal only.
        hidden = None if progress else True
        with tqdm(total=total, unit="step", unit_scale=True, disable=hidden) as bar:
            for samples in presentation.batches(batch):
                readout = ReadoutAccumulator(self.network, samples.stop - samples.start)
                for step in self.steps(presentation, samples):
                    readout.add(step.values[self.network.outputs[0]].cpu().numpy())
                    if listener is not None:
                        self._tell(listener, step)
                    if record != "none":
                        self._record(recorder, samples, step)
                    bar.update(samples.stop - samples.start)
                scores.append(readout.scores())
        return ExecutionResult.from_scores(np.concatenate(scores), recorder.recording)

    def steps(self, presentation: Presentation, samples: slice) -> Iterator[Step]:
        """Run a batch of samples from zero state, yielding after each step.

        The state lives in the executor: finish with one iterator before starting the next.
        """
        for cell in self._builder.cells:
            cell.reset(samples.stop - samples.start)
        for index in range(presentation.timesteps):
            frames = presentation.frames(samples, index, self._level.frame_dtype)
            expect_density(self.network, frames, sample=samples.start, step=index)
            yield Step(index, self._evaluate(torch.from_numpy(frames).to(self.device)))

    @torch.no_grad()
    def _evaluate(self, frames: Tensor) -> dict[SSAValue, Tensor]:
        return evaluate_step(self._program, self._builder, self.network.frame, frames)

    def _neurons(self, step: Step) -> Iterator[tuple[str, Tensor | None, Tensor]]:
        """Name, spikes and membrane of each neuron layer."""
        for op, name in self.layers.items():
            spikes, membrane = getattr(op, "spikes", None), op.membrane  # type: ignore
            yield name, None if spikes is None else step.values[spikes], step.values[membrane]

    def _tell(self, listener: Listener, step: Step) -> None:
        for name, spikes, membrane in self._neurons(step):
            listener(name, step.index, spikes, membrane)

    def _record(self, recorder: Recorder, samples: slice, step: Step) -> None:
        for name, spikes, membrane in self._neurons(step):
            fired = None if spikes is None else spikes.cpu().numpy()
            recorder.store(name, samples, step.index, fired, membrane.cpu().numpy())


def _load_level(network: NetworkOpBase) -> TorchLevel:
    level = network.name.partition(".")[0]
    if level not in LEVELS:
        raise error_at(network, "cannot be executed in torch")
    return import_module(LEVELS[level]).LEVEL
