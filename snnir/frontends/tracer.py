# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records what a module computes: calls of leaf modules and of torch functions, with data flow.

The module really runs; a `TorchFunctionMode` sees the functions and hooks see the leaf modules.
Neurons are leaves, so their equations are never taken apart. Functions of constants are recorded
too, with their results: a loop starts from constants, so the first step may have them in a place
where the others depend on the sample.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import torch
from snntorch import SpikingNeuron, spikegen
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils.weak import WeakTensorKeyDictionary

from snnir.support.diagnostics import SNNError


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor that does not depend on the sample."""

    tensor: Tensor


@dataclass(frozen=True)
class Sample:
    """The whole sample that the module was called with."""


@dataclass(frozen=True)
class Frame:
    """The input of one time step."""

    step: int


@dataclass(frozen=True)
class StateArgument:
    """A state that the module takes as the argument `name`."""

    name: str


@dataclass(frozen=True)
class Produced:
    """Output number `output` of a call."""

    call: Call
    output: int


Source = Constant | Sample | Frame | StateArgument | Produced
"""Where a tensor comes from."""


@dataclass(eq=False)
class Call:
    """One call of a leaf module or a torch function, with tensors replaced by their sources.

    `site` is equal for calls from the same place of the program: the module's path, or the chain of
    bytecode positions. `states` are the states of a neuron before the call; its outputs are the
    spikes and then its states after the call.
    """

    site: Hashable
    name: str
    kind: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    module: nn.Module | None = None
    states: tuple[Source, ...] = ()
    outputs: list[tuple[tuple[int, ...], torch.dtype]] = field(
        default_factory=list[tuple[tuple[int, ...], torch.dtype]]
    )
    """Shape and dtype of every output, batch dimension included."""
    results: list[Tensor] = field(default_factory=list[Tensor])
    """The outputs themselves if they do not depend on the sample."""

    def sources(self) -> Iterator[Source]:
        """The sources of all tensor arguments, states included."""
        yield from _leaves((self.args, self.kwargs, self.states))

    @property
    def is_constant(self) -> bool:
        """Whether this is a function of constants."""
        return bool(self.results)

    @property
    def is_neuron(self) -> bool:
        """Whether this is a call of an snnTorch neuron."""
        return isinstance(self.module, SpikingNeuron)


Positions = tuple[tuple[CodeType, int], ...]
"""Bytecode positions of frames, the innermost first."""

READS = {
    "__bool__", "__int__", "__float__", "__index__", "__array__", "__contains__", "item", "tolist",
    "numpy", "equal", "allclose", "is_nonzero",
}  # fmt: skip
"""Functions that hand values to Python, which may decide on them."""

ALIASES = {
    "detach", "detach_", "clone", "contiguous", "cpu", "requires_grad_", "alias", "data", "to",
    "float", "type_as",
}  # fmt: skip
"""Functions whose result is their argument, as far as an inference in float32 is concerned."""

SHAPE_ONLY = {
    "zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full",
    "new_empty", "new_tensor",
}  # fmt: skip
"""Functions whose result depends on the shape of their argument only."""


def constant_value(source: Source) -> Tensor | None:
    """The tensor itself, if it does not depend on the sample."""
    if isinstance(source, Constant):
        return source.tensor
    if isinstance(source, Produced) and source.call.is_constant:
        return source.call.results[source.output]
    return None


def function_name(function: Callable[..., Any]) -> str:
    """Short name of a torch function, without its namespace: `max_pool2d`, `add_`, `data`."""
    parts = (resolve_name(function) or str(function)).split(".")
    return parts[-2] if parts[-1] == "__get__" else parts[-1]


def is_in_place(name: str) -> bool:
    """Whether the function changes its first argument."""
    return name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))


def is_leaf(module: nn.Module) -> bool:
    """Whether the module is one call in the trace: neurons, and torch's and snnTorch's own layers.

    A class of the user is a leaf if it inherits such a layer with its `forward`.
    """
    if isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
        return False
    owner = next(cls for cls in type(module).__mro__ if "forward" in vars(cls))
    return isinstance(module, SpikingNeuron) or (
        owner is not nn.Module and owner.__module__.startswith(("torch.nn.modules.", "snntorch."))
    )


def state_names(neuron: nn.Module) -> list[str]:
    """Names of a neuron's states: buffers that `forward` also takes as arguments, in that order."""
    parameters = inspect.signature(type(neuron).forward).parameters
    return [name for name in parameters if isinstance(neuron._buffers.get(name), Tensor)]


class Tracer(TorchFunctionMode):
    """Records the calls that a module makes on the tensors that are bound to a source."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.calls: list[Call] = []
        self.unchanged: set[str] = set()
        """Paths of modules that returned their argument itself."""
        self._paths = {child: path for path, child in module.named_modules()}
        self._sources = WeakTensorKeyDictionary()
        self._pending: list[Call] = []
        self._frame_shape: tuple[int, ...] | None = None
        self._depth = 0

    def bind(self, tensor: Tensor, source: Source) -> None:
        """Say where a tensor comes from."""
        if isinstance(source, (Sample, Frame)):
            self._frame_shape = tuple(tensor.shape)
        self._sources[tensor] = source

    def source_of(self, tensor: Tensor) -> Source:
        """Where a tensor comes from."""
        source = self._sources.get(tensor)
        return Constant(tensor) if source is None else source

    def _is_tracked(self, tensor: Tensor) -> bool:
        """Whether a tensor depends on the sample."""
        source = self._sources.get(tensor)
        return source is not None and constant_value(source) is None

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record everything that runs inside."""
        with ExitStack() as stack:
            for module in filter(is_leaf, self._paths):
                for handle in (
                    module.register_forward_pre_hook(self._enter, with_kwargs=True),
                    module.register_forward_hook(self._leave, with_kwargs=True),
                ):
                    stack.callback(handle.remove)
            stack.enter_context(torch.no_grad())
            stack.enter_context(self)
            yield

    def run(self, module: nn.Module, sample: Tensor, **states: Tensor) -> Any:
        """Call the module; call sites are told apart by the frames below this one."""
        return module(sample, **states)

    def interrupted(self) -> str | None:
        """The layer whose call has not returned, with the shapes of its arguments, if there is one.

        After an exception that is the layer that raised it.
        """
        if not self._pending:
            return None
        call = self._pending[0]
        shapes = [str(shape) for shape in map(self._shape_of, _leaves(call.args)) if shape]
        given = f", given {' and '.join(shapes)}," if shapes else ""
        return f"layer '{call.name}' ({call.kind}){given}"

    def _shape_of(self, source: Any) -> tuple[int, ...] | None:
        """The shape of a tensor of which the source is known."""
        if isinstance(source, Produced):
            return source.call.outputs[source.output][0]
        if isinstance(source, Constant):
            return tuple(source.tensor.shape)
        return self._frame_shape

    def sources_in(self, value: Any) -> Any:
        """`value` with all tensors in tuples, lists and dictionaries replaced by their sources."""
        if isinstance(value, Tensor):
            return self.source_of(value)
        if isinstance(value, (list, tuple)):
            return tuple(self.sources_in(item) for item in value)
        if isinstance(value, dict):
            return {key: self.sources_in(item) for key, item in value.items()}
        return value

    def _enter(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._depth += 1
        if self._depth > 1:
            return
        path = self._paths[module]
        call = Call(
            site=("module", path),
            name=path or type(module).__name__,
            kind=type(module).__name__,
            args=self.sources_in(args),
            kwargs=self.sources_in(kwargs),
            module=module,
        )
        if isinstance(module, SpikingNeuron):
            names = state_names(module)
            given = dict(zip(["input_", *names], call.args, strict=False)) | call.kwargs
            call.states = tuple(
                self.source_of(getattr(module, name)) if given.get(name) is None else given[name]
                for name in names
            )
            call.args, call.kwargs = (given["input_"],), {}
        self._pending.append(call)

    def _leave(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> None:
        self._depth -= 1
        if self._depth:
            return
        call = self._pending.pop()
        outputs = list(_tensors(output))
        if isinstance(module, SpikingNeuron):
            states = [getattr(module, name) for name in state_names(module)]
            outputs = [outputs[0], *(state for state in states if state is not outputs[0])]
        elif any(output is argument for output in outputs for argument in _tensors(args)):
            self.unchanged.add(call.name)
            return
        self._record(call, outputs)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        arguments = list(_tensors((args, kwargs)))
        if self._depth or not arguments:
            return func(*args, **kwargs)
        name = function_name(func)
        tracked = any(map(self._is_tracked, arguments))
        changes = is_in_place(name) and name not in ALIASES
        if changes and not tracked:
            return func(*args, **kwargs)
        site = _call_site()
        if tracked and (encoding := _encoding_in(site)) is not None:
            raise SNNError(
                f"the module calls snntorch.spikegen.{encoding}, and encodings are no part of a "
                "network; encode the samples in the data, and give the module their spikes"
            )
        if tracked and name in READS:
            if isinstance(source := self.source_of(arguments[0]), StateArgument):
                raise SNNError(
                    f"argument '{source.name}' of forward has no default, so it is taken for a "
                    "neuron's state, but forward reads it as a number; give it a default"
                )
            raise SNNError(
                f"the module looks at computed values in Python ('{name}'): control flow that "
                "depends on data cannot be imported; express it with tensor operations, or take "
                "out what only logs or checks"
            )
        call = Call(
            site=("function", name, site), name=name, kind=name,
            args=self.sources_in(args), kwargs=self.sources_in(kwargs),
        )  # fmt: skip
        if changes:
            self._prepare_update(call, args[0])
            func(*args, **kwargs)
            self._record(call, [args[0]])
            return args[0]
        result = func(*args, **kwargs)
        self._record_result(call, arguments, result, tracked)
        return result

    def _record_result(
        self, call: Call, arguments: list[Tensor], result: Any, tracked: bool
    ) -> None:
        outputs = list(_tensors(result))
        if not outputs or call.kind in SHAPE_ONLY:
            return
        if any(output is argument for output in outputs for argument in arguments):
            return
        if call.kind in ALIASES and outputs[0].dtype == torch.float32:
            if (source := self._sources.get(arguments[0])) is not None:
                self.bind(outputs[0], source)
            return
        if not tracked:
            call.results = outputs
        self._record(call, outputs)

    def _record(self, call: Call, outputs: list[Tensor]) -> None:
        for number, output in enumerate(outputs):
            call.outputs.append((tuple(output.shape), output.dtype))
            self.bind(output, Produced(call, number))
        self.calls.append(call)

    def _prepare_update(self, call: Call, target: Tensor) -> None:
        """Check that only `target` sees the update, and keep the old value if it is a constant.

        Raises:
            SNNError: another tensor, or the state of a neuron, changes with it.
        """
        source = self.source_of(target)
        if constant_value(source) is not None:
            call.args = (Constant(target.clone()), *call.args[1:])
            if isinstance(source, Produced):
                source.call.results[source.output] = target.clone()
        storage = target.untyped_storage()
        shared = storage.nbytes() != target.numel() * target.itemsize or any(
            other is not target and other.untyped_storage().data_ptr() == storage.data_ptr()
            for other in self._sources
        )
        is_state = isinstance(source, Produced) and source.call.is_neuron and source.output > 0
        if shared or is_state:
            raise SNNError(
                f"the module changes a tensor in place ('{call.kind}') that is "
                f"{'the state of a neuron' if is_state else 'part of another tensor'}; "
                "write the operation without the in-place form"
            )


def _tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in nested tuples, lists and dictionaries."""
    for leaf in _leaves(value):
        if isinstance(leaf, Tensor):
            yield leaf


def _leaves(value: Any) -> Iterator[Any]:
    """All tensors and sources in nested tuples, lists and dictionaries."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        yield from _leaves(tuple(value.values()))
    elif isinstance(value, (Tensor, Source)):
        yield value


def produced_by(value: Any) -> Iterator[Produced]:
    """All values in a nested structure of sources that calls produced, without constants."""
    return (
        leaf for leaf in _leaves(value) if isinstance(leaf, Produced) and not leaf.call.is_constant
    )


def _call_site() -> Positions:
    """The bytecode positions of all frames above the torch function, the innermost first."""
    frame: FrameType | None = sys._getframe(2)
    positions: list[tuple[CodeType, int]] = []
    while frame is not None and frame.f_code is not Tracer.run.__code__:
        positions.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return tuple(positions)


def _encoding_in(site: Positions) -> str | None:
    """The function of `snntorch.spikegen` that was called, if there is one."""
    for code, _ in reversed(site):
        if code.co_filename == spikegen.__file__:
            return code.co_name
    return None
