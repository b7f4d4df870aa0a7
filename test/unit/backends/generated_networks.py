# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small networks, from `snn` down to written libraries, for the tests of the generated C."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.backends.c.network import CNetwork, only_network
from snnir.backends.library import library_files
from snnir.backends.targets import HOST
from snnir.backends.toolchain import find_cmsis_nn
from snnir.dialects import snn, snnrt
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import LAYER
from snnir.dialects.snn_attributes import InputKind, Readout
from snnir.executors import KernelExecutor, ReferenceExecutor, TorchExecutor
from snnir.executors.golden import GoldenVectors, golden_vectors
from snnir.executors.native import NativeExecutor
from snnir.executors.result import ExecutionResult
from snnir.kernels.context import KernelChoice
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.passes.static_input import StaticInputPasses
from snnir.quantization.options import StatePolicy
from snnir.support.arrays import dense_from_array
from snnir.support.diagnostics import SNNError
from snnir.testing.comparison import assert_same_results
from snnir.testing.random_networks import random_input
from snnir.testing.targets import require_programs
from snnir.universe import make_context

INPUT_MAXIMUM = 5
TIMESTEPS = 6
SAMPLES = 3
SHAPES = {
    "conv": (2, 8, 8),
    "average": (2, 7, 7),
    "average currents": (2, 7, 7),
    "row": (4, 1, 9),
    "grouped": (2, 6, 6),
    "linear": (12,),
    "wide": (600,),
    "pruned": (60,),
}
CMSIS_NN_TREES = "SNNIR_CMSIS_NN_TREES"
"""Environment variable with checkouts of CMSIS-NN of any version to test generated code with."""
_MEMBRANES = (Readout.LAST_MEMBRANE, Readout.MAX_MEMBRANE, Readout.MEAN_MEMBRANE)


def require_cmsis_nn() -> Path:
    """Folder of the CMSIS-NN sources; skips the test where there are none."""
    try:
        return find_cmsis_nn()
    except SNNError:
        pytest.skip("the CMSIS-NN sources are not installed; run 'make setup'")


def cmsis_nn_trees() -> list[Any]:
    """Values of a test's parameter: the checkouts of CMSIS-NN that the environment names.

    Without any the test is skipped.
    """
    names = [name for name in os.environ.get(CMSIS_NN_TREES, "").split(os.pathsep) if name]
    if not names:
        reason = f"{CMSIS_NN_TREES} names no checkouts of CMSIS-NN (as in PATH)"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="none")]
    return [pytest.param(Path(name), id=Path(name).name) for name in names]


class _Body:
    """Appends layers with random weights to the body of a network."""

    def __init__(self, shape: tuple[int, ...]):
        self.rng = np.random.default_rng(7)
        self.block = Block(arg_types=[snn.real_tensor(shape)])

    def add(self, op: Any) -> Any:
        self.block.add_op(op)
        return op

    def weight(self, *shape: int) -> SSAValue:
        values = self.rng.normal(0, 2 / np.sqrt(element_count(shape[1:])), shape)
        return self.add(snn.WeightOp(dense_from_array(values.astype(np.float32)))).result

    def neurons(self, current: SSAValue, name: str, of_membrane: bool = False) -> SSAValue:
        leak = FloatAttr(0.5, f32)
        if of_membrane:
            op = self.add(snn.LIOp(current, leak))
        else:
            op = self.add(snn.LIFOp(current, leak, FloatAttr(0.75, f32)))
        op.attributes[LAYER] = StringAttr(name)
        return op.membrane if of_membrane else op.spikes

    def conv(self, value: SSAValue) -> SSAValue:
        """Convolution, neurons, pooling, flatten."""
        convolution = snn.Conv2dOp(value, self.weight(4, 2, 3, 3), None, padding=[1, 1])
        spikes = self.neurons(self.add(convolution).result, "conv")
        pooled = self.add(snn.MaxPool2dOp(spikes, [2, 2], [2, 2])).result
        return self.add(snn.FlattenOp(pooled)).result

    def averaged(self, value: SSAValue, currents: bool) -> SSAValue:
        """Convolution, neurons, pooling to means of spikes or of currents, a linear layer."""
        value = self.add(snn.Conv2dOp(value, self.weight(5, 2, 3, 3), None)).result
        if not currents:
            value = self.neurons(value, "conv")
        value = self.add(snn.AvgPool2dOp(value, [2, 2], [2, 2])).result
        if currents:
            value = self.neurons(value, "conv")
        flat = self.add(snn.FlattenOp(value)).result
        return self.neurons(self.linear(flat, 7), "hidden")

    def row(self, value: SSAValue) -> SSAValue:
        """Convolution of one row, for which CMSIS-NN has kernels of its own; neurons, flatten."""
        current = self.add(snn.Conv2dOp(value, self.weight(5, 4, 1, 3), None)).result
        return self.add(snn.FlattenOp(self.neurons(current, "conv"))).result

    def grouped(self, value: SSAValue) -> SSAValue:
        """Convolution of every channel by itself, neurons, flatten."""
        weight = self.weight(16, 1, 2, 2)
        current = self.add(snn.Conv2dOp(value, weight, None, padding=[1, 0], groups=2)).result
        return self.add(snn.FlattenOp(self.neurons(current, "conv"))).result

    def pruned(self, value: SSAValue, outputs: int) -> SSAValue:
        """A linear layer of which most blocks of four outputs of an input are zero."""
        inputs = shape_of(value.type)[0]
        kept = np.repeat(self.rng.random((outputs // 4, inputs)) < 0.3, 4, axis=0)
        values = np.where(kept, self.rng.normal(0, 0.5, kept.shape), 0)
        weight = self.add(snn.WeightOp(dense_from_array(values.astype(np.float32)))).result
        return self.add(snn.LinearOp(value, weight)).result

    def linear(self, value: SSAValue, outputs: int) -> SSAValue:
        weight = self.weight(outputs, shape_of(value.type)[0])
        return self.add(snn.LinearOp(value, weight)).result


def snn_module(
    kind: str,
    *,
    name: str = "net",
    input: InputKind = InputKind.EVENT_COUNTS,
    readout: Readout = Readout.SPIKE_COUNT,
    population: int | None = None,
) -> ModuleOp:
    """A module with the network of a kind of `SHAPES` and six output neurons."""
    body = _Body(SHAPES[kind])
    frame: SSAValue = body.block.args[0]
    if kind == "conv":
        features = body.conv(frame)
    elif kind == "row":
        features = body.row(frame)
    elif kind == "grouped":
        features = body.grouped(frame)
    elif kind.startswith("average"):
        features = body.averaged(frame, kind == "average currents")
    elif kind == "pruned":
        features = body.neurons(body.pruned(frame, 44), "hidden")
    else:
        features = body.neurons(body.linear(frame, 10), "hidden")
    output = body.neurons(body.linear(features, 6), "output", readout in _MEMBRANES)
    body.add(snn.OutputOp(output))
    network = snn.NetworkOp(
        name,
        FunctionType.from_lists([frame.type], [output.type]),
        Region(body.block),
        timesteps=TIMESTEPS,
        input=input,
        readout=readout,
        population=population,
    )
    return ModuleOp([network])


@dataclass(frozen=True)
class Generated:
    """A network as integers and as planned kernels, with inputs.

    Attributes:
        x: integers as `Presentation` takes them.
    """

    integers: ModuleOp
    kernels: ModuleOp
    x: NDArray[np.int64]

    @property
    def integer_network(self) -> Any:
        """The `qsnn.network`."""
        return self.integers.body.block.first_op

    @property
    def c_network(self) -> CNetwork:
        """The `snnrt.network` as the printer sees it."""
        return only_network(self.kernels)

    def golden(self) -> GoldenVectors:
        """What the library must compute for `x`."""
        return golden_vectors(self.integer_network, self.x)

    def write(self, folder: Path, *, golden: bool = False) -> Path:
        """Write the library's files to a folder, without measuring them."""
        vectors = self.golden() if golden else None
        for path, text in library_files(self.c_network, vectors).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder


def assert_integers_agree(network: Generated) -> ExecutionResult:
    """Every executor in Python and the C on the host; returns what they compute."""
    require_programs("gcc")
    expected = ReferenceExecutor(network.integer_network).run(network.x, record=True)
    assert_same_results(
        expected, TorchExecutor(network.integer_network).run(network.x, record="all")
    )
    kernels = network.kernels.body.block.first_op
    assert isinstance(kernels, snnrt.NetworkOp)
    assert_same_results(expected, KernelExecutor(kernels).run(network.x, record=True))
    native = NativeExecutor(network.kernels, HOST)
    assert_same_results(expected, native.run(network.x, record="all"))
    return expected


def lower(module: ModuleOp, kernels: KernelChoice) -> ModuleOp:
    """A copy of a module of `qsnn` as kernels with planned memory."""
    lowered, context = module.clone(), make_context()
    ConvertQSNNToKernelsPass(kernels=kernels).apply(context, lowered)
    StaticInputPasses().apply(context, lowered)
    KernelsPlanMemoryPass().apply(context, lowered)
    lowered.verify()
    return lowered


def generate(
    kind: str,
    kernels: KernelChoice = "event",
    *,
    state: StatePolicy = "auto",
    input_maximum: int = INPUT_MAXIMUM,
    bits: int = 8,
    **properties: Any,
) -> Generated:
    """Lower the network of `snn_module` to kernels; `properties` are its keywords."""
    module, context = snn_module(kind, **properties), make_context()
    ConvertSNNToQSNNPass(state=state, bits=bits, input_maximum=input_maximum).apply(context, module)
    input = properties.get("input", InputKind.EVENT_COUNTS)
    static = input is InputKind.STATIC_VALUES
    leading = (SAMPLES,) if static else (SAMPLES, TIMESTEPS)
    x = random_input(np.random.default_rng(1), input, (*leading, *SHAPES[kind]))
    return Generated(module, lower(module, kernels), x)


def run(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program with captured output; the test decides what its status means."""
    words = [str(word) for word in command]
    return subprocess.run(
        words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, **options
    )


def run_checked(command: Sequence[str | Path], **options: Any) -> str:
    """Run a program that must succeed and return what it prints."""
    done = run(command, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout
