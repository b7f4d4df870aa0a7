# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the original snnTorch module, many samples at once, and records its neurons with hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from snntorch import SpikingNeuron
from torch import Tensor, nn
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER, NetworkOpBase, layer_names
from snnir.dialects.snn_attributes import InputKind
from snnir.executors.presentation import Presentation
from snnir.executors.readout import ReadoutAccumulator
from snnir.executors.result import ExecutionResult, Recorder, RecordMode
from snnir.frontends.calling import CallingForm, find_call
from snnir.frontends.errors import user_code
from snnir.frontends.recording import state_arguments
from snnir.frontends.tracer import is_leaf, state_names
from snnir.support.diagnostics import SNNError


class SNNTorchExecutor:
    """Executes the module that a network was imported from.

    The module itself runs, whether it computes one time step or loops over time; its neuron states
    and training flags are as before afterwards. Layers are known by their paths in the module,
    which are the names of the network's layers.

    Raises:
        SNNError: the module has other layers than the network, or does not run on its frames.
    """

    def __init__(self, module: nn.Module, network: NetworkOpBase):
        self.module = module
        self.network = network
        self._modules = _modules_by_layer(module)
        for op, name in layer_names(network).items():
            if not isinstance(self._modules.get(name), SpikingNeuron):
                raise SNNError(
                    f"the network has the neuron layer '{name}' ({op.name}), but "
                    f"{type(module).__name__} has no neuron there: it is another network"
                )
        self._output = self._output_layer()
        self._form = find_call(
            module,
            shape_of(network.frame.type),
            network.timesteps.value.data,
            network.input.data is InputKind.BINARY_FRAMES,
        ).form

    def run(
        self,
        x: ArrayLike,
        *,
        record: RecordMode = "none",
    ) -> ExecutionResult:
        """Run all samples as one batch.

        Args:
            x: (samples, timesteps, *shape), or (samples, *shape) for a static input.
            record: what to keep of the neuron layers.

        Raises:
            SNNError: `x` does not fit the network, or the module raises or runs a neuron another
                number of times than there are steps.
        """
        presentation = Presentation(self.network, x)
        recorder = Recorder(self.network, len(presentation), record)
        observer = _Observer(self.network, recorder, len(presentation), self._output)
        with ExitStack() as stack:
            for name, module in self._modules.items():
                handle = module.register_forward_hook(observer.hook(name))
                stack.callback(handle.remove)
            stack.enter_context(_inference(self.module))
            stack.enter_context(user_code(f"running {type(self.module).__name__}"))
            self._call(presentation)
        return ExecutionResult.from_scores(observer.scores(), recorder.recording)

    def _call(self, presentation: Presentation) -> None:
        if self._form is CallingForm.STEP:
            states = _StateArguments(self.module)
            for step in range(presentation.timesteps):
                states.call(_frames(presentation, step))
        elif self._form is CallingForm.STATIC:
            self.module(_frames(presentation, 0))
        else:
            axis = 0 if self._form is CallingForm.TIME_FIRST else 1
            steps = range(presentation.timesteps)
            self.module(torch.stack([_frames(presentation, step) for step in steps], axis))

    def _output_layer(self) -> str:
        """The layer whose result the network's readout looks at."""
        owner = self.network.outputs[0].owner
        layer = owner.attributes.get(LAYER) if isinstance(owner, Operation) else None
        if not isinstance(layer, StringAttr) or layer.data not in self._modules:
            raise SNNError(
                "the output of the network is no layer of the module, so the module's scores "
                "cannot be observed; return what a neuron or a layer gives"
            )
        return layer.data


class _Observer:
    """Takes the results of the layers from hooks, step by step."""

    def __init__(self, network: NetworkOpBase, recorder: Recorder, samples: int, output: str):
        self._recorder, self._output = recorder, output
        self._neurons = {name: op for op, name in layer_names(network).items()}
        self._timesteps: int = network.timesteps.value.data
        self._readout = ReadoutAccumulator(network, samples)
        self._reads_membrane = _is_membrane(network)
        self._steps: dict[str, int] = {}

    def hook(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        """A forward hook for one layer."""

        def observe(module: nn.Module, arguments: Any, output: Any) -> None:
            if name not in self._neurons and name != self._output:
                # A part of a recurrent neuron may run more than once in a step.
                return
            step = self._steps[name] = self._steps.get(name, -1) + 1
            if step >= self._timesteps:
                raise SNNError(f"layer '{name}' runs more than {self._timesteps} times")
            result = output[0] if isinstance(output, tuple) else output
            if name in self._neurons:
                spikes = result if hasattr(self._neurons[name], "spikes") else None
                self._store(name, step, spikes, module.mem)  # type: ignore[arg-type]
            if name == self._output:
                value: Any = module.mem if self._reads_membrane else result
                self._readout.add(value.numpy())

        return observe

    def _store(self, name: str, step: int, spikes: Tensor | None, membrane: Tensor) -> None:
        fired = None if spikes is None else spikes.numpy()
        self._recorder.store(name, slice(None), step, fired, membrane.numpy())

    def scores(self) -> NDArray:
        """The scores of all samples. Raises SNNError if a neuron ran too few times."""
        for name in (*self._neurons, self._output):
            if (count := self._steps.get(name, -1) + 1) != self._timesteps:
                raise SNNError(
                    f"layer '{name}' ran {count} times; the network has {self._timesteps} steps"
                )
        return self._readout.scores()


class _StateArguments:
    """Calls a one-step module, passing on the states that its `forward` takes.

    Which neuron an argument belongs to shows in the first step: the tensor itself arrives there.
    """

    def __init__(self, module: nn.Module):
        self._module = module
        self._states: dict[str, Tensor] = {n: torch.zeros(0) for n in state_arguments(module)}
        self._homes: dict[str, tuple[nn.Module, str]] = {}

    def call(self, frames: Tensor) -> None:
        """Run one step."""
        with ExitStack() as stack:
            for neuron in self._module.modules() if not self._homes and self._states else ():
                if isinstance(neuron, SpikingNeuron):
                    handle = neuron.register_forward_pre_hook(self._find, with_kwargs=True)
                    stack.callback(handle.remove)
            self._module(frames, **self._states)
        for name, (neuron, state) in self._homes.items():
            self._states[name] = getattr(neuron, state)

    def _find(self, neuron: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        names = state_names(neuron)
        given = dict(zip(names, args[1:], strict=False)) | kwargs
        for name, value in self._states.items():
            for state in names:
                if given.get(state) is value:
                    self._homes[name] = (neuron, state)


def _modules_by_layer(module: nn.Module) -> dict[str, nn.Module]:
    """The layers of a module under the names that the importer gives them."""
    return {
        path or type(child).__name__: child
        for path, child in module.named_modules()
        if is_leaf(child)
    }


def _is_membrane(network: NetworkOpBase) -> bool:
    """Whether the readout looks at the membrane of a neuron, and not at what a layer returns."""
    output = network.outputs[0]
    return output is getattr(output.owner, "membrane", None)


def _frames(presentation: Presentation, step: int) -> Tensor:
    return torch.from_numpy(presentation.frames(slice(None), step, np.float32))


@contextmanager
def _inference(module: nn.Module) -> Iterator[None]:
    """Evaluation mode, no gradients, unset neuron states; everything is put back afterwards."""
    training = {child: child.training for child in module.modules()}
    neurons = [child for child in module.modules() if isinstance(child, SpikingNeuron)]
    buffers = {neuron: dict(neuron._buffers) for neuron in neurons}
    try:
        module.eval()
        for neuron in neurons:
            for name in state_names(neuron):
                setattr(neuron, name, getattr(neuron, name).new_zeros(0))
        with torch.no_grad():
            yield
    finally:
        for child, flag in training.items():
            child.training = flag
        for neuron, values in buffers.items():
            neuron._buffers.update(values)
