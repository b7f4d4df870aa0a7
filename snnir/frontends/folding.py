# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Folds a recording over many time steps into one step, and proves that all steps are the same.

The calls of one site are dealt out to the steps in order: the k-th share belongs to step k. Then
every argument of every call must be the same in all steps: the same constant, the frame of the
step, a value of the same step, or a value of the step before (loop-carried), which in the first
step is zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from snnir.frontends.errors import NoTimeLoop
from snnir.frontends.recording import Recording, is_zero_state, state_output
from snnir.frontends.tracer import (
    Call,
    Constant,
    Frame,
    Produced,
    Sample,
    StateArgument,
)
from snnir.support.diagnostics import SNNError


@dataclass(frozen=True)
class FrameInput:
    """The frame of the current step."""


@dataclass(frozen=True)
class Reference:
    """Output `output` of `node`, of this step or, if `previous`, of the step before."""

    node: Node
    output: int
    previous: bool = False


@dataclass(eq=False)
class Node:
    """One operation of the folded step: `calls` has its call in every step.

    In `args`, `kwargs` and `states` the tensors are `FrameInput`, `Reference` or `Constant`.
    A node with `invariant` runs before the loop, once.
    """

    calls: list[Call]
    invariant: bool = False
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict[str, Any])
    states: tuple[Any, ...] = ()

    @property
    def call(self) -> Call:
        """A call of this operation; not the first, which may have constants of other shapes."""
        return self.calls[-1]

    @property
    def is_constant(self) -> bool:
        """Whether the operation is one of constants in all steps."""
        return all(call.is_constant for call in self.calls)

    def references(self) -> Iterator[Reference]:
        """All values of other nodes, and of this one, that the operation uses."""
        yield from _references((self.args, self.kwargs, self.states))


@dataclass
class LoopBody:
    """One time step: nodes in order of execution."""

    nodes: list[Node]
    frame_shape: tuple[int, ...]
    """Shape of one frame, batch dimension included."""
    batch: int
    static: bool
    """Whether the same frame is presented at every step."""


class Timeline:
    """Which step, and which node, every call of a recording belongs to."""

    def __init__(self, recording: Recording):
        self.recording = recording
        self.steps = recording.steps
        self.time_axis: int | None = None
        self.static = False
        self.position: dict[Call, tuple[Node, int]] = {}
        sites: dict[Hashable, list[Call]] = defaultdict(list)
        for call in recording.calls:
            sites[call.site].append(call)
        for calls in sites.values():
            self._deal(calls)

    def _deal(self, calls: list[Call]) -> None:
        """Deal the calls of one site out to the steps."""
        share, rest = divmod(len(calls), self.steps)
        if rest:
            node = Node(calls, invariant=True)
            self.position.update((call, (node, 0)) for call in calls)
            return
        for ordinal in range(share):
            node = Node(calls[ordinal::share])
            self.position.update((call, (node, step)) for step, call in enumerate(node.calls))

    def frame_number(self, source: Produced) -> int | None:
        """The step whose frame this value is, if it is one that was cut out of the sample.

        `x[step]`, `x[:, step]`, `x.select(…)`, `x.unbind()` and iteration over `x` are known, also
        after axes were swapped.
        """
        call = source.call
        axes = self._sample_axes(call.args[0]) if call.args else None
        cut = _cut(source) if axes is not None else None
        if axes is None or cut is None:
            return None
        position, step = cut
        axis = axes[position]
        others = [other for other in axes if other != axis]
        if self.time_axis not in (None, axis) or others != sorted(others):
            raise SNNError(
                "the sample is indexed in different ways: only one axis can be time, and the "
                "others must keep their order"
            )
        self.time_axis = axis
        return step % self.recording.sample_shape[axis]

    def _sample_axes(self, source: Any) -> tuple[int, ...] | None:
        """The axes of the sample in the order that a value has them, if it is the sample."""
        if isinstance(source, Sample):
            return tuple(range(len(self.recording.sample_shape)))
        if not isinstance(source, Produced) or source.call.kind not in ("permute", "transpose"):
            return None
        call = source.call
        axes = self._sample_axes(call.args[0])
        if axes is None or call.kwargs:
            return None
        if call.kind == "permute":
            order = call.args[1] if isinstance(call.args[1], tuple) else call.args[1:]
            return tuple(axes[axis] for axis in order)
        swapped = list(axes)
        first, second = call.args[1:]
        swapped[first], swapped[second] = axes[second], axes[first]
        return tuple(swapped)


def _cut(source: Produced) -> tuple[int, int] | None:
    """Axis and index of a value that is one slice of another, if it is."""
    call = source.call
    match call.kind, call.args[1:]:
        case "__getitem__", (index,):
            items = index if isinstance(index, tuple) else (index,)
            numbers = [position for position, item in enumerate(items) if isinstance(item, int)]
            if len(numbers) != 1 or any(
                item not in (Ellipsis, slice(None)) for item in items if not isinstance(item, int)
            ):
                return None
            position = numbers[0]
            from_end = Ellipsis in items[:position]
            return position - len(items) if from_end else position, items[position]
        case "select", (int(axis), int(index)):
            return axis, index
        case "unbind", rest:
            return call.kwargs.get("dim", rest[0] if rest else 0), source.output
        case _:
            return None


def fold(timeline: Timeline, roots: list[Produced]) -> LoopBody:
    """The loop body that computes all neurons and `roots`.

    Raises:
        SNNError: the steps are not the same; the message names the operation.
    """
    wanted = [call for call in timeline.recording.calls if call.is_neuron]
    pending = [*wanted, *(root.call for root in roots)]
    nodes: dict[Node, None] = {}
    while pending:
        node = timeline.position[pending.pop()][0]
        if node in nodes:
            continue
        nodes[node] = None
        _fold_node(timeline, node)
        pending.extend(reference.node.call for reference in node.references())
    order = {call: number for number, call in enumerate(timeline.recording.calls)}
    # In the last step everything ran, and ran after what it uses of that step.
    ordered = sorted(nodes, key=lambda node: (not node.invariant, order[node.calls[-1]]))
    shape = list(timeline.recording.sample_shape)
    if timeline.time_axis is not None:
        if timeline.static:
            raise SNNError("the module uses the sample both whole and by time step")
        del shape[timeline.time_axis]
    if not shape:
        raise SNNError("sample_input needs a batch dimension: (1, ...) or (steps, 1, ...)")
    return LoopBody(ordered, tuple(shape), shape[0], timeline.static)


def _fold_node(timeline: Timeline, node: Node) -> None:
    """Fill in the arguments of a node, and prove that they are the same in all steps."""
    if node.invariant:
        node.args, node.kwargs = _pattern(timeline, node, (node.call.args, node.call.kwargs), None)
        return
    first, second, *others = node.calls
    expected = _pattern(timeline, node, (second.args, second.kwargs, second.states), 1)
    node.args, node.kwargs, node.states = expected
    for step, call in enumerate(others, start=2):
        found = _pattern(timeline, node, (call.args, call.kwargs, call.states), step)
        if not _same(found, expected):
            raise _error(node, _difference(node, found, step))
    if node.call.is_neuron:
        _check_states(node)
        found = _pattern(timeline, node, first.args, 0)
        expected = node.args
    else:
        found = _pattern(timeline, node, (first.args, first.kwargs), 0)
        expected = (node.args, node.kwargs)
    if not _same(found, expected, first_step=True):
        raise _error(
            node,
            "does something else in the first step; values of the step before must be zero there",
        )


def _difference(node: Node, found: Any, step: int) -> str:
    """What to say about a node whose arguments in `step` are not those of step 1."""
    if node.call.kind in ("__getitem__", "select"):
        return (
            "cuts the values of each step out of something that was computed before the time loop; "
            "only the sample may be cut up, so move that computation into the loop or the data"
        )
    for there, here in zip(node.references(), _references(found), strict=False):
        if there.node is not here.node:
            names = there.node.call.name, here.node.call.name
            return (
                f"uses '{names[0]}' in step 1 and '{names[1]}' in step {step}; a network is one "
                "step, the same at all times: use one layer for all steps (BatchNorm, not "
                "BatchNormTT)"
            )
    return f"does something else in step {step} than in step 1"


def _check_states(node: Node) -> None:
    """A neuron's states are zero at first, and then what the neuron left at the step before."""
    neuron = node.call.module
    assert neuron is not None
    for number, state in enumerate(node.states):
        if isinstance(state, Constant):
            raise _error(
                node,
                "starts from new states in every step, so it has no memory; make "
                "them before the loop over time, and give timesteps (--timesteps) if forward loops "
                "over the steps of a sample",
                NoTimeLoop,
            )
        if state != Reference(node, state_output(neuron, number), previous=True):
            raise _error(node, "gets a state that is not the one it returned at the step before")
    shape = node.call.outputs[0][0]
    if not all(is_zero_state(state, shape) for state in node.calls[0].states):
        raise _error(node, "starts from states that are not zero")


def _pattern(timeline: Timeline, node: Node, value: Any, step: int | None) -> Any:
    """`value` with all sources relative to the step; `step` is None before the loop."""
    if isinstance(value, tuple):
        return tuple(_pattern(timeline, node, item, step) for item in value)
    if isinstance(value, dict):
        return {key: _pattern(timeline, node, item, step) for key, item in value.items()}
    if isinstance(value, Sample):
        timeline.static = True
        return FrameInput()
    if isinstance(value, Frame):
        return _frame(node, value.step, step)
    if isinstance(value, StateArgument):
        raise _error(node, f"uses the argument '{value.name}' of forward")
    if not isinstance(value, Produced):
        return value
    if (number := timeline.frame_number(value)) is not None:
        return _frame(node, number, step)
    producer, other_step = timeline.position[value.call]
    if producer.is_constant:
        return Constant(value.call.results[value.output])
    if producer.invariant:
        if len(producer.calls) > 1:
            raise _error(
                producer,
                f"runs {len(producer.calls)} times in {timeline.steps} time steps: every step must "
                "do the same",
            )
        return Reference(producer, value.output)
    if step is None or step - other_step not in (0, 1):
        raise _error(
            node,
            f"uses a value of '{value.call.name}' that is neither of the same time step nor of the "
            "one before",
        )
    return Reference(producer, value.output, previous=step != other_step)


def _frame(node: Node, number: int, step: int | None) -> FrameInput:
    if number != step:
        where = "before the time loop" if step is None else f"in step {step}"
        raise _error(node, f"uses the frame of step {number} {where}")
    return FrameInput()


def _same(found: Any, expected: Any, first_step: bool = False) -> bool:
    """Whether two patterns are equal; in the first step, zero stands for the step before."""
    if first_step and isinstance(expected, Reference) and expected.previous:
        return _is_zero(found)
    if isinstance(expected, tuple):
        return (
            isinstance(found, tuple)
            and len(found) == len(expected)
            and all(_same(*pair, first_step) for pair in zip(found, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(_same(found[key], expected[key], first_step) for key in expected)
        )
    if isinstance(expected, Constant):
        return isinstance(found, Constant) and _equal_tensors(found.tensor, expected.tensor)
    return type(found) is type(expected) and found == expected


def _equal_tensors(first: torch.Tensor, second: torch.Tensor) -> bool:
    return first is second or (first.dtype == second.dtype and torch.equal(first, second))


def _is_zero(value: Any) -> bool:
    if isinstance(value, Constant):
        return not bool(value.tensor.any())
    return isinstance(value, (int, float)) and value == 0


def _references(value: Any) -> Iterator[Reference]:
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        yield from _references(tuple(value.values()))
    elif isinstance(value, Reference):
        yield value


def _error(node: Node, reason: str, kind: type[SNNError] = SNNError) -> SNNError:
    return kind(f"layer '{node.call.name}' ({node.call.kind}): {reason}")
