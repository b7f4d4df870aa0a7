# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the functions that evaluate operations in torch are made of, for every level.

A level provides a `TorchLevel`: for each operation class a function that is called once for each
operation, decodes its attributes, and returns the function that computes its results from its
operands at each step. Tensors have the batch as axis 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from xdsl.ir import Attribute, Operation, SSAValue

from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.registers import ReadBase, RegisterBase, WriteBase
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import SNNError, error_at

Evaluate = Callable[..., Tensor | tuple[Tensor, ...]]
"""Computes the results of one operation from its operands, at one step."""


class Cell:
    """A value that lives from one step to the next.

    `value` is what the previous step left. A step sets `next`, which becomes `value` at its end, so
    that the order of reading and writing within a step does not matter. Neither may be
    changed in place: operations return the same tensors.
    """

    value: Tensor
    next: Tensor

    def __init__(self, initial: Tensor):
        self._initial = initial

    def reset(self, samples: int) -> None:
        """Start a sequence of `samples` samples."""
        self.value = self._initial.expand(samples, *self._initial.shape)
        self.next = self.value

    def end_step(self) -> None:
        """Make the next value the current one."""
        self.value = self.next


@dataclass
class TorchBuilder:
    """What a function needs to prepare an operation."""

    device: torch.device
    cells: list[Cell] = field(default_factory=list)
    _registers: dict[Operation, Cell] = field(default_factory=dict)

    def constant(self, attribute: Attribute) -> Tensor:
        """The values of a dense or float attribute; a scalar becomes a 0-d tensor."""
        return torch.from_numpy(np.array(array_from_dense(attribute))).to(self.device)

    def cell(
        self,
        shape: Sequence[int],
        dtype: torch.dtype = torch.float32,
        initial: Tensor | None = None,
    ) -> Cell:
        """A new cell, (samples, *shape), that is zero or `initial` at the start of a sequence."""
        if initial is None:
            initial = torch.zeros(tuple(shape), dtype=dtype, device=self.device)
        cell = Cell(initial)
        self.cells.append(cell)
        return cell

    def register_cell(
        self, register: Operation, shape: Sequence[int], dtype: torch.dtype = torch.float32
    ) -> Cell:
        """The cell of a register operation, the same for all operations that access it."""
        if register not in self._registers:
            self._registers[register] = self.cell(shape, dtype)
        return self._registers[register]


@runtime_checkable
class TorchOperation(Protocol):
    """An operation that says itself how it is evaluated, for dialects outside of the package."""

    def torch_function(self, builder: TorchBuilder) -> Evaluate:
        """What `TorchLevel.functions` does for the operations of the package."""
        ...


@dataclass(frozen=True)
class TorchLevel:
    """How to evaluate the operations of one level.

    Attributes:
        functions: for each operation class, `function(op, builder)` that returns the `Evaluate`.
        frame_dtype: numpy type in which the input frames are presented.
        membrane_dtype: numpy type in which membranes are recorded.
    """

    functions: Mapping[type[Operation], Callable[[Any, TorchBuilder], Evaluate]]
    frame_dtype: type = np.float32
    membrane_dtype: type = np.float32

    def prepare(self, op: Operation, builder: TorchBuilder) -> Evaluate:
        """The function that evaluates `op`.

        Raises:
            SNNError: there is none for this kind of operation.
        """
        if (function := self.functions.get(type(op))) is not None:
            return function(op, builder)
        if isinstance(op, TorchOperation):
            return _checked(op, builder)
        raise error_at(
            op, "has no implementation in the torch executor; one of a plug-in needs a method "
            "torch_function(self, builder)"
        )  # fmt: skip


def _checked(op: Operation, builder: TorchBuilder) -> Evaluate:
    """The function of an operation of other people, whose mistakes are located errors.

    It may give spikes as booleans; the operations of the package give and take float32.
    """
    assert isinstance(op, TorchOperation)
    with _torch_function(op):
        function = op.torch_function(builder)
    shapes = [shape_of(result.type) for result in op.results]

    def evaluate(*operands: Tensor) -> tuple[Tensor, ...]:
        with _torch_function(op):
            results = function(*operands)
            values = (results,) if isinstance(results, Tensor) else tuple(results)
            values = tuple(each.float() if each.dtype is torch.bool else each for each in values)
            got = [tuple(value.shape[1:]) for value in values]
        if got != shapes:
            raise error_at(op, f"has results of shape {shapes}, but torch_function gave {got}")
        return values

    return evaluate


@contextmanager
def _torch_function(op: Operation) -> Iterator[None]:
    try:
        yield
    except SNNError:
        raise
    except Exception as error:  # Other people's code may raise anything.
        raise error_at(
            op, f"raised {type(error).__name__} in torch_function: {error}; run with --debug for "
            "the traceback"
        ) from error  # fmt: skip


def register(op: RegisterBase, build: TorchBuilder) -> Evaluate:
    """A declaration computes nothing."""
    return lambda: ()


def read_register(op: ReadBase, build: TorchBuilder) -> Evaluate:
    """What the step before left."""
    cell = build.register_cell(op.declaration, shape_of(op.result.type))
    return lambda: cell.value


def write_register(op: WriteBase, build: TorchBuilder) -> Evaluate:
    """What the next step finds."""
    cell = build.register_cell(op.declaration, shape_of(op.value.type))

    def evaluate(value: Tensor) -> tuple[()]:
        cell.next = value
        return ()

    return evaluate


def contributors(wanted: Operation) -> list[Operation]:
    """The operations of a network that `wanted` depends on in its step or, through registers, in
    former ones, and itself; in program order.
    """
    block = wanted.parent_block()
    assert block is not None
    found: set[Operation] = set()
    open_ends = [wanted]
    while open_ends:
        op = open_ends.pop()
        if op in found:
            continue
        found.add(op)
        open_ends += [each.owner for each in op.operands if isinstance(each.owner, Operation)]
        if isinstance(op, ReadBase) and (write := op.declaration.write) is not None:
            open_ends.append(write)
    return [op for op in block.ops if op in found]


def evaluate_step(
    program: Iterable[tuple[Operation, Evaluate]], builder: TorchBuilder, frame: SSAValue, x: Tensor
) -> dict[SSAValue, Tensor]:
    """One step with `x` for the network's `frame`: the values of all SSA values."""
    return finish_step(program, builder, {frame: x})


def finish_step(
    program: Iterable[tuple[Operation, Evaluate]],
    builder: TorchBuilder,
    known: Mapping[SSAValue, Tensor],
) -> dict[SSAValue, Tensor]:
    """One step of which some values are known, the frame at least: the values of all SSA values."""
    values = evaluate_operations(program, known)
    for cell in builder.cells:
        cell.end_step()
    return values


def evaluate_operations(
    program: Iterable[tuple[Operation, Evaluate]], known: Mapping[SSAValue, Tensor]
) -> dict[SSAValue, Tensor]:
    """The known values and those of some operations, which do not end the step."""
    values = dict(known)
    for op, evaluate in program:
        results = evaluate(*[values[operand] for operand in op.operands])
        if isinstance(results, Tensor):
            results = (results,)
        values.update(zip(op.results, results, strict=True))
    return values
