# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a network as the C that one writes by hand without tuning, see `naive.h`.

Float, event-driven: each layer lists its active inputs, then adds the weights of each of them. It
has the interface of the generated C, so that the same program runs and counts both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measuring import CountingExecutor
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, ModuleOp
from xdsl.ir import Operation, SSAValue

from snnir.backends.targets import TargetDescription
from snnir.dialects import snn
from snnir.dialects.layer_shapes import element_count, int_values, shape_of
from snnir.dialects.registers import RegisterBase
from snnir.dialects.snn import Compare, Reset, ResetTiming
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import error_at

HEADER = Path(__file__).parent / "naive.h"

API = """
{name}_status {name}_init({name}_network *network, void *arena, size_t bytes) {{
  (void)bytes;
  network->arena = arena;
  {name}_reset(network);
  return {macro}_OK;
}}

void {name}_reset({name}_network *network) {{
{reset}
  network->step = 0;
}}

{name}_status {name}_step({name}_network *network, const {byte} *frame) {{
  for (int i = 0; i < {size}; i++) {{
    input[i % {pixels} * {channels} + i / {pixels}] = frame[i]{unit};
  }}
  ++network->step;
  compute();
  return {macro}_OK;
}}
const int32_t *{name}_scores(const {name}_network *network) {{
  (void)network;
  return scores;
}}

int32_t {name}_readout(const {name}_network *network) {{
  int32_t best = 0;
  (void)network;
  for (int32_t i = 1; i < {outputs}; i++) {{
    best = scores[i] > scores[best] ? i : best;
  }}
  return best;
}}
"""


EVENTS = """
{name}_status {name}_step_events({name}_network *network, const uint16_t *indices, size_t count) {{
  memset(input, 0, sizeof input);
  for (size_t i = 0; i < count; i++) {{
    input[indices[i] % {pixels} * {channels} + indices[i] / {pixels}] += 1.0f;
  }}
  ++network->step;
  compute();
  return {macro}_OK;
}}
"""


class NaiveExecutor(CountingExecutor):
    """Runs the naive C of a network in the place of its generated C.

    Args:
        kernels: the network as kernels, which tells interface and input.
        network: the same at the `snn` level, simplified (`snn-fold-batch-norm`, `snn-fold-scale`).

    Attributes:
        unit: what an integer of the frame stands for.
    """

    def __init__(self, kernels: ModuleOp, network: snn.NetworkOp, target: TargetDescription):
        super().__init__(kernels, target)
        name = self.network.name
        header = self._folder / f"{name}.h"
        text = re.sub(r"(_(ARENA|STATE)_BYTES) \d+u", r"\1 8u", header.read_text())
        header.write_text(text)
        scale = self.network.op.input_scale
        self.unit = 1.0 if scale is None else float(scale.value.data)
        (self._folder / f"{name}.c").write_text(NaiveProgram(network, self.unit).text(name))


class NaiveProgram:
    """The C of one network. Raises `SNNError` for what `naive.h` has no loop for.

    Args:
        unit: what an integer of the frame stands for, where frames hold real values.
    """

    def __init__(self, network: snn.NetworkOp, unit: float = 1.0):
        self.unit = unit
        self.network = network
        self.declarations: list[str] = []
        self.statements: list[str] = []
        self.states: list[str] = []
        self.names: dict[SSAValue, str] = {network.frame: "input"}
        self.maps: dict[SSAValue, tuple[int, ...]] = {network.frame: shape_of(network.frame.type)}

    def text(self, name: str) -> str:
        """The file."""
        shape = shape_of(self.network.frame.type)
        size = element_count(shape)
        self._array("input", size)
        for op in self.network.body.block.ops:
            self._layer(op)
        outputs = element_count(shape_of(self.network.outputs[0].type))
        largest = max(element_count(shape_of(value.type)) for value in self.names)
        real = self.network.input.data in REAL_KINDS
        api = (API if real else API + EVENTS).format(
            byte="int8_t" if real else "uint8_t",
            unit=f" * {self.unit!r}f" if real else "",
            name=name, macro=name.upper(), size=size, channels=shape[0], pixels=size // shape[0],
            outputs=outputs,
            reset="\n".join(f"  memset({n}, 0, sizeof {n});" for n in [*self.states, "scores"]),
        )  # fmt: skip
        return "\n".join([
            f'#include "{name}.h"', f'#include "{HEADER}"', "", *self.declarations,
            f"static uint16_t list[{largest}];", f"static int32_t scores[{outputs}];", "",
            "static void compute(void) {", "  int count;", *self.statements, "}", api,
        ])  # fmt: skip

    def _array(self, name: str, size: int) -> None:
        self.declarations.append(f"static float {name}[{size}];")

    def _constant(self, name: str, values: NDArray) -> None:
        numbers = ", ".join(f"{float(v)!r}f" for v in values.astype(np.float32).reshape(-1))
        self.declarations.append(f"static const float {name}[{values.size}] = {{{numbers}}};")

    def _new(self, value: SSAValue, given: SSAValue | None = None) -> str:
        name = f"value_{len(self.names)}"
        self.names[value] = name
        self.maps[value] = shape_of(value.type) if given is None else self.maps[given]
        self._array(name, element_count(shape_of(value.type)))
        return name

    def _layer(self, op: Operation) -> None:
        match op:
            case snn.WeightOp():
                return
            case snn.RegisterOp():
                self._array(_register_name(op), element_count(shape_of(op.type)))
                self.states.append(_register_name(op))
            case snn.ReadOp():
                self.names[op.result] = _register_name(op.declaration)
                self.maps[op.result] = shape_of(op.result.type)
            case snn.WriteOp():
                name = _register_name(op.declaration)
                self.statements.append(f"  memcpy({name}, {self.names[op.value]}, sizeof {name});")
            case snn.AddOp():
                self._add(op)
            case snn.FlattenOp() | snn.ReshapeOp():
                self.names[op.results[0]] = self.names[op.operands[0]]
                self.maps[op.results[0]] = self.maps[op.operands[0]]
            case snn.Conv1dOp() | snn.Conv2dOp():
                self._convolution(op)
            case snn.LinearOp():
                self._linear(op)
            case snn.MaxPool2dOp() | snn.AvgPool2dOp() | snn.SumPool2dOp():
                self._pool(op)
            case snn.LIFOp():
                self._neurons(op)
            case snn.OutputOp():
                spikes = self.names[op.operands[0]]
                size = element_count(shape_of(op.operands[0].type))
                loop = f"for (int i = 0; i < {size}; i++) scores[i] += {spikes}[i] != 0.0f;"
                self.statements.append(f"  {loop}")
            case _:
                raise error_at(op, "has no naive loop")

    def _add(self, op: snn.AddOp) -> None:
        """The second current is added to the first."""
        if not all(value.has_one_use() for value in op.operands):
            raise error_at(op, "has no naive loop: a sum of what is used elsewhere")
        first, second = self.names[op.lhs], self.names[op.rhs]
        self.names[op.result], self.maps[op.result] = first, self.maps[op.lhs]
        size = element_count(shape_of(op.result.type))
        self.statements.append(f"  for (int i = 0; i < {size}; i++) {first}[i] += {second}[i];")

    def _list(self, value: SSAValue) -> str:
        name = self.names[value]
        size = element_count(shape_of(value.type))
        self.statements.append(f"  count = naive_list({name}, {size}, list);")
        return name

    def _affine(self, op: Any, weights: NDArray, channels: int) -> tuple[str, str, str]:
        """Names of input, weights and current, which holds the bias."""
        given = self._list(op.operands[0])
        current = self._new(op.results[0])
        size = element_count(shape_of(op.results[0].type))
        self._constant(f"weights_{current}", weights)
        if op.bias is None:
            self.statements.append(f"  memset({current}, 0, sizeof {current});")
        else:
            self._constant(f"bias_{current}", array_from_dense(op.bias.owner.value))
            arguments = f"{current}, bias_{current}, {size // channels}, {channels}"
            self.statements.append(f"  naive_bias({arguments});")
        return given, f"weights_{current}", current

    def _convolution(self, op: snn.Conv1dOp | snn.Conv2dOp) -> None:
        """A signal is an image of height 1."""
        if op.groups.value.data != 1 or set(int_values(op.dilation)) != {1}:
            raise error_at(op, "has no naive loop: groups or dilation")
        weights = array_from_dense(op.weight.owner.value)  # type: ignore[union-attr]
        outputs, channels, *kernel = weights.shape
        _, *size = shape_of(op.operands[0].type)
        _, *out = shape_of(op.result.type)
        stride, padding = list(int_values(op.stride)), list(int_values(op.padding))
        if isinstance(op, snn.Conv1dOp):
            kernel, size, out, stride, padding = (
                [neutral, *values]
                for neutral, values in ((1, kernel), (1, size), (1, out), (1, stride), (0, padding))
            )
        by_tap = weights.reshape(outputs, channels, *kernel).transpose(1, 2, 3, 0)
        given, constant, current = self._affine(op, by_tap, outputs)
        numbers = (*size, channels, *out, outputs, *kernel, *stride, *padding)
        self._call("convolve", "convolution", numbers, f"list, count, {given}, {constant}, "
                   f"{current}")  # fmt: skip

    def _linear(self, op: snn.LinearOp) -> None:
        weights = array_from_dense(op.weight.owner.value)  # type: ignore[union-attr]
        outputs = weights.shape[0]
        shape = self.maps[op.operands[0]]
        if len(shape) > 1:
            weights = np.moveaxis(weights.reshape(outputs, *shape), 1, -1)
        rows = weights.reshape(outputs, -1).T
        given, constant, current = self._affine(op, rows, outputs)
        self.statements.append(
            f"  naive_multiply(list, count, {given}, {constant}, {current}, {outputs});"
        )

    def _pool(self, op: Any) -> None:
        if any(int_values(op.padding)):
            raise error_at(op, "has no naive loop: padding")
        given, result = self.names[op.operands[0]], self._new(op.results[0])
        channels, *size = shape_of(op.operands[0].type)
        _, *out = shape_of(op.results[0].type)
        kernel = int_values(op.kernel)
        maximum = isinstance(op, snn.MaxPool2dOp)
        factor = 1 / (kernel[0] * kernel[1]) if isinstance(op, snn.AvgPool2dOp) else 1.0
        numbers = (*size, channels, *out, *kernel, *int_values(op.stride))
        arguments = f"{given}, {result}, {str(maximum).lower()}, {factor!r}f"
        self._call("pool", "pooling", numbers, arguments)

    def _call(self, function: str, kind: str, numbers: Sequence[int], arguments: str) -> None:
        shape = f"shape_{len(self.declarations)}"
        values = ", ".join(map(str, numbers))
        self.declarations.append(f"static const naive_{kind} {shape} = {{{values}}};")
        self.statements.append(f"  naive_{function}({arguments}, &{shape});")

    def _neurons(self, op: snn.LIFOp) -> None:
        zero = op.reset.data in (Reset.ZERO_AFTER, Reset.ZERO_BEFORE)
        expected = ResetTiming.IMMEDIATE if zero else ResetTiming.DELAYED
        plain = op.reset.data is Reset.SUBTRACT or zero
        if not plain or op.reset_timing.data is not expected or op.compare.data is not Compare.GT:
            raise error_at(op, "has no naive loop: dynamics")
        parameters = [op.beta, op.threshold]
        if not all(isinstance(each, FloatAttr) for each in parameters):
            raise error_at(op, "has no naive loop: parameters that differ")
        beta, threshold = (f"{each.value.data!r}f" for each in parameters)  # type: ignore[union-attr]
        given, spikes = self.names[op.current], self._new(op.spikes, op.current)
        membrane = f"membrane_{spikes}"
        size = element_count(shape_of(op.spikes.type))
        self._array(membrane, size)
        self.states.append(membrane)
        arguments = f"{given}, {membrane}, {spikes}, {size}, {beta}, {threshold}"
        self.statements.append(f"  naive_leaky({arguments}, {str(zero).lower()});")


def _register_name(op: RegisterBase) -> str:
    return f"register_{op.sym_name.data}"
