# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a module under the tracer: once if it loops over time itself, else once per time step."""

import inspect
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from snntorch import SpikingNeuron
from torch import Tensor, nn

from snnir.frontends.errors import NoTimeLoop, user_code
from snnir.frontends.tracer import (
    Call,
    Frame,
    Produced,
    Sample,
    Source,
    StateArgument,
    Tracer,
    constant_value,
    is_leaf,
    state_names,
)
from snnir.support.diagnostics import SNNError

MINIMUM_STEPS = 3
"""The first step starts from constants; that the second repeats takes a third one to see."""


@dataclass
class Recording:
    """The calls of a run over `steps` time steps, and the sources of what the module returned."""

    calls: list[Call]
    returned: list[Any]
    steps: int
    sample_shape: tuple[int, ...]
    """Shape of the whole sample."""
    loops: bool
    """Whether the module loops over time itself."""
    unchanged: set[str]
    """Paths of modules that only handed their input on, such as Dropout."""


def record(module: nn.Module, sample: Tensor, timesteps: int | None) -> Recording:
    """Run the module on the sample and record it.

    A module that calls every neuron once is one time step: it runs `timesteps` times (at least
    three), states passed along if `forward` takes them. The module is as before afterwards.

    Raises:
        SNNError: the sample is no tensor; the module cannot be looked into, raises, calls no
            neuron, loops over fewer than three steps, is one step and `timesteps` is missing, or
            takes an argument that is not a neuron's state.
    """
    if not isinstance(sample, Tensor):
        raise SNNError(f"the sample input is a torch.Tensor, got {type(sample).__name__}")
    if timesteps is not None and timesteps < 1:
        raise SNNError(f"timesteps must be positive, got {timesteps}")
    _check_readable(module)
    first_parameter = next(module.parameters(), sample)
    sample = sample.detach().to(first_parameter.device, torch.float32)
    arguments = state_arguments(module)
    with _inference(module):
        recording = _record_once(module, sample, arguments)
    if recording.loops:
        return recording
    if timesteps is None:
        raise SNNError(
            "the module computes one time step per call: say how many steps a sample has "
            "with timesteps (--timesteps)"
        )
    order = _returned_states(recording, arguments)
    states = {name: order.get(name) for name in arguments}
    with _inference(module):
        return _record_steps(module, sample, max(timesteps, MINIMUM_STEPS), states)


def _check_readable(module: nn.Module) -> None:
    """The module is Python that computes in float32."""
    if any(isinstance(child, torch.jit.ScriptModule) for child in module.modules()):
        raise SNNError(
            "the module is compiled by torch.jit, which hides its layers; import the module that "
            "it was made of"
        )
    for name, parameter in module.named_parameters():
        if parameter.is_floating_point() and parameter.dtype != torch.float32:
            type = str(parameter.dtype).removeprefix("torch.")
            raise SNNError(
                f"parameter '{name}' has type {type}, and networks compute in float32; "
                "return module.float()"
            )


def _record_once(module: nn.Module, sample: Tensor, arguments: list[str]) -> Recording:
    """Call the module once; decide whether it is one step or a loop by counting neuron calls."""
    tracer = Tracer(module)
    tracer.bind(sample, Sample())
    placeholders = {name: sample.new_zeros(0) for name in arguments}
    for name, placeholder in placeholders.items():
        tracer.bind(placeholder, StateArgument(name))
    with user_code(lambda: _call_text(module, sample, tracer)), tracer.recording():
        returned = tracer.sources_in(tracer.run(module, sample, **placeholders))
    counts = Counter(call.name for call in tracer.calls if call.is_neuron)
    if not counts:
        raise SNNError(
            f"calling {type(module).__name__} runs no snnTorch neuron: it is not spiking"
        )
    steps = max(counts.values())
    different = next((name for name, count in counts.items() if count != steps), None)
    if different is not None:
        raise SNNError(
            f"neuron '{different}' runs {counts[different]} times, others {steps} times: every "
            "neuron must run once in every time step"
        )
    if 1 < steps < MINIMUM_STEPS:
        raise NoTimeLoop(
            f"the time loop of {type(module).__name__} ran {steps} steps: at least "
            f"{MINIMUM_STEPS} are needed to prove that all steps are the same"
        )
    shape = tuple(sample.shape)
    return Recording(tracer.calls, [returned], steps, shape, steps > 1, tracer.unchanged)


def _record_steps(
    module: nn.Module, sample: Tensor, steps: int, order: dict[str, int | None]
) -> Recording:
    """Call a one-step module `steps` times.

    `order` says which result is which state argument, and None for an argument that is not used.
    """
    tracer = Tracer(module)
    returned: list[Any] = []
    states = {name: sample.new_zeros(0) for name in order}
    with user_code(lambda: _call_text(module, sample, tracer)), tracer.recording():
        for step in range(steps):
            frame = sample.clone()
            tracer.bind(frame, Frame(step))
            result = tracer.run(module, frame, **states)
            returned.append(tracer.sources_in(result))
            for name, position in order.items():
                if position is not None:
                    states[name] = result[position]
    return Recording(tracer.calls, returned, steps, tuple(sample.shape), False, tracer.unchanged)


def state_arguments(module: nn.Module) -> list[str]:
    """Arguments of `forward` after the first that have no default, or None as default.

    A neuron by itself needs none of its own: it keeps its states.
    """
    if is_leaf(module):
        return []
    parameters = list(inspect.signature(module.forward).parameters.values())[1:]
    return [
        parameter.name
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and parameter.default in (None, parameter.empty)
    ]


def _returned_states(recording: Recording, names: list[str]) -> dict[str, int]:
    """For every state argument that a neuron uses, the position of its new value in the result.

    Raises:
        SNNError: an argument goes elsewhere than into a neuron, or its new value is not returned.
    """
    order: dict[str, int] = {}
    for name in names:
        argument = StateArgument(name)
        users = [call for call in recording.calls if argument in call.sources()]
        for call in users:
            if argument not in call.states:
                raise SNNError(
                    f"argument '{name}' of forward is used by '{call.name}' ({call.kind}), which "
                    "is no neuron: only neuron states can be arguments; keep other values inside "
                    "of a module that loops over time"
                )
            source = _new_state(call, call.states.index(argument))
            order[name] = _position(recording.returned[0], source, name)
    return order


def _new_state(neuron: Call, state: int) -> Source:
    """The value after a neuron's call of its state number `state`."""
    assert neuron.module is not None
    return Produced(neuron, state_output(neuron.module, state))


def state_output(neuron: nn.Module, state: int) -> int:
    """The number of the call output that holds state number `state` after the call."""
    names = state_names(neuron)
    if names[state] == "spk":
        return 0
    return 1 + [name for name in names if name != "spk"].index(names[state])


def _position(returned: Any, source: Source, name: str) -> int:
    if isinstance(returned, tuple):
        for position, item in enumerate(returned):
            if item == source:
                return position
    raise SNNError(f"forward takes the state '{name}' but does not return its new value")


class _Snapshot:
    """The attributes and buffers of a module and its children, to be put back after running it."""

    def __init__(self, module: nn.Module):
        self._attributes = {child: dict(vars(child)) for child in module.modules()}
        self._buffers = {child: dict(child._buffers) for child in module.modules()}
        self._values = [
            (buffer, buffer._version, buffer.detach().clone()) for buffer in module.buffers()
        ]

    @torch.no_grad()
    def restore(self) -> None:
        """Put everything back: training flags, neuron states, and whatever `forward` has set."""
        for child, attributes in self._attributes.items():
            vars(child).clear()
            vars(child).update(attributes)
            child._buffers.clear()
            child._buffers.update(self._buffers[child])
        for buffer, version, value in self._values:
            if buffer._version != version:
                buffer.copy_(value)


@contextmanager
def _inference(module: nn.Module) -> Iterator[None]:
    """Evaluation mode with fresh neuron states; everything is put back afterwards."""
    snapshot = _Snapshot(module)
    try:
        module.eval()
        _reset_states(module)
        yield
    finally:
        snapshot.restore()


def _reset_states(module: nn.Module) -> None:
    """Make all neuron states of the module unset, as in a new module."""
    for neuron in module.modules():
        if isinstance(neuron, SpikingNeuron):
            for name in state_names(neuron):
                setattr(neuron, name, getattr(neuron, name).new_zeros(0))


def is_zero_state(source: Source, shape: tuple[int, ...]) -> bool:
    """Whether a neuron of this shape starts from zero; snnTorch zeroes states of other shapes."""
    value = constant_value(source)
    return value is not None and (tuple(value.shape) != shape or not bool(value.any()))


def _call_text(module: nn.Module, sample: Tensor, tracer: Tracer) -> str:
    """What was done when an exception came, in which layer if it came from one."""
    text = f"calling {type(module).__name__} on a sample of shape {tuple(sample.shape)}"
    layer = tracer.interrupted()
    return text if layer is None else f"{text}: {layer}"
