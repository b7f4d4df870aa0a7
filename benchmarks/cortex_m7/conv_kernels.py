# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions alone: instructions per synaptic operation, by density of the active inputs.

Each is measured within a network of one step that the compiler makes: neurons which repeat the
input give the convolution its spikes in the form that it reads, and the timer is read before and
after its call. Making lists or masks of spikes, clearing currents and updating neurons is not part
of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from call_profile import ProfilingExecutor
from measuring import presented, to_integers, to_kernels, traced_difference, verdict
from numpy.typing import NDArray
from published import log
from report import Row
from synaptic_operations import synaptic_operations
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, StringAttr, f32
from xdsl.ir import Block, Region, SSAValue

from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.network import LAYER
from snnir.driver.files import network_of
from snnir.driver.pipelines import LANES, LoweringOptions
from snnir.executors.torch_executor import TorchExecutor
from snnir.support.arrays import dense_from_array

DENSITIES = (0.01, 0.05, 0.10, 0.25, 0.50)
SAMPLES = 8
TABLE_BYTES = 300_000
SEED = 0


@dataclass(frozen=True)
class Convolution:
    """A convolution; `of_events` reads the input frame itself."""

    input: tuple[int, int, int]
    outputs: int
    kernel: int
    padding: int
    of_events: bool = False

    @property
    def name(self) -> str:
        """What the tables call it."""
        channels, height, width = self.input
        source = "events" if self.of_events else "spikes"
        return (
            f"{channels}->{self.outputs}, {self.kernel}x{self.kernel}, {height}x{width}, "
            f"padding {self.padding}, {source}"
        )


CONVOLUTIONS = (
    Convolution((2, 34, 34), 12, 5, 0, of_events=True),
    Convolution((12, 15, 15), 32, 5, 0),
    Convolution((16, 14, 14), 32, 3, 1),
    Convolution((32, 7, 7), 64, 3, 1),
)

WAYS = {
    "scatter": "kernels=scatter",
    "pairs": "packing=pairs",
    "pairs, tables": f"packing=pairs table-bytes={TABLE_BYTES}",
    "triples": "packing=triples",
    "triples, tables": f"packing=triples table-bytes={TABLE_BYTES}",
}

PACKED_WAYS = {
    4: {"scatter, int4": "kernels=scatter weight-bits=4"},
    2: {"scatter, int2": "kernels=scatter weight-bits=2"},
}
"""By the bits of a weight."""

ZEROS = (0.8, 0.9, 0.95, 0.98)
"""Shares of the weights that are zero where only the others are stored."""

REFERENCE = {
    "hand-written scatter, SXTAB16": (26_136, 94_314, 178_372, 429_678, 843_430),
    "hand-written gather": (52_903, 99_000, 151_707, 302_892, 558_133),
    "naive scatter, int32": (81_906, 312_108, 598_947, 1_457_637, 2_890_005),
    "CMSIS-NN, int8, dense": (1_857_310,) * 5,
}
"""The reference's loops on 16->32, 3x3, 14x14, padding 1: instructions with the list, per density;
its active inputs are others of the same number."""


def _network(convolution: Convolution, zeros: float = 0.0) -> ModuleOp:
    """Neurons that repeat the frame, unless `of_events`; the convolution; neurons; a readout.

    A share of the weights of the convolution is zero.
    """
    rng = np.random.default_rng(SEED)
    block = Block(arg_types=[snn.real_tensor(convolution.input)])

    def add(op: object) -> SSAValue:
        block.add_op(op)  # type: ignore[arg-type]
        return op.results[0]  # type: ignore[attr-defined]

    def weight(values: NDArray) -> SSAValue:
        return add(snn.WeightOp(dense_from_array(values.astype(np.float32))))

    def neurons(current: SSAValue, layer: str) -> SSAValue:
        lif = snn.LIFOp(current, FloatAttr(0.5, f32), FloatAttr(1.0, f32))
        lif.attributes[LAYER] = StringAttr(layer)
        return add(lif)

    channels = convolution.input[0]
    value: SSAValue = block.args[0]
    if not convolution.of_events:
        identity = 1.5 * np.eye(channels)[:, :, None, None]
        value = neurons(add(snn.Conv2dOp(value, weight(identity))), "repeated")
    extent = (convolution.kernel, convolution.kernel)
    kernels = rng.normal(0, 0.2, (convolution.outputs, channels, *extent))
    kernels.reshape(-1)[rng.permutation(kernels.size)[: round(zeros * kernels.size)]] = 0
    padding = [convolution.padding] * 2
    hidden = neurons(add(snn.Conv2dOp(value, weight(kernels), padding=padding)), "hidden")
    flat = add(snn.FlattenOp(hidden))
    readers = rng.normal(0, 0.1, (2, flat.type.get_shape()[0]))  # type: ignore[attr-defined]
    out = neurons(add(snn.LinearOp(flat, weight(readers))), "output")
    block.add_op(snn.OutputOp(out))
    types = FunctionType.from_lists(block.arg_types, [out.type])
    return ModuleOp([snn.NetworkOp("kernel", types, Region(block), timesteps=1)])


def _frames(convolution: Convolution, density: float) -> Dataset:
    """Exactly this share of elements is 1, uint8 (SAMPLES, 1, *shape)."""
    rng = np.random.default_rng(SEED + 1)
    size = int(np.prod(convolution.input))
    x = np.zeros((SAMPLES, size), np.uint8)
    for row in x:
        row[rng.choice(size, max(1, round(size * density)), replace=False)] = 1
    shape = (SAMPLES, 1, *convolution.input)
    return Dataset(x.reshape(shape), np.zeros(SAMPLES, np.int64), convolution.name)


def kernel_rows() -> Iterator[Row]:
    """All convolutions, ways and densities, then the loops of the reference."""
    for convolution in CONVOLUTIONS:
        module = _network(convolution)
        for bits, ways in {8: WAYS, **PACKED_WAYS}.items():
            options = LoweringOptions(bits=bits, input_maximum=1, input_density="none")
            integers = to_integers(module, _frames(convolution, 0.1), options)
            for way, choice in ways.items():
                yield from _rows(convolution, module, integers, way, choice)
        for zeros in () if convolution.of_events else ZEROS:
            pruned = _network(convolution, zeros)
            options = LoweringOptions(input_maximum=1, input_density="none")
            integers = to_integers(pruned, _frames(convolution, 0.1), options)
            way = f"sparse, {zeros:.0%} of the weights zero"
            yield from _rows(convolution, pruned, integers, way, "kernels=sparse")
    referred = CONVOLUTIONS[2]
    for name, totals in REFERENCE.items():
        for density, instructions in zip(DENSITIES, totals, strict=True):
            synapses = _synapses(_network(referred), _frames(referred, density))
            yield Row(
                "kernels", referred.name, f"reference: {name}", "", None, synapses=synapses,
                density=density, instructions=instructions,
            )  # fmt: skip


def _synapses(module: ModuleOp, data: Dataset) -> float:
    """Synaptic operations of the convolution in a mean sample."""
    recording = TorchExecutor(network_of(module)).run(data.x, record="spikes").recording
    assert recording is not None
    operations = synaptic_operations(network_of(module), data.x, recording)
    return [count for name, count in operations.items() if name.startswith("conv2d")][-1]


def _rows(
    convolution: Convolution, module: ModuleOp, integers: ModuleOp, way: str, choice: str
) -> Iterator[Row]:
    """What a way, which is a `choice` of kernels, takes at every density."""
    pipeline = f"convert-qsnn-to-kernels{{{choice}}}"
    compiled = to_kernels(integers, pipeline, f"qsnn-prune-silent{{multiple={LANES}}}")
    executor = ProfilingExecutor(compiled)
    densest = _frames(convolution, DENSITIES[-1])
    exact = verdict([traced_difference(compiled, executor, densest.x, events=True)])
    for density in DENSITIES:
        data = _frames(convolution, density)
        executor.totals[:] = 0
        executor.run(presented(compiled, data.x), events=True)
        calls = [
            (call, instructions)
            for call, instructions in executor.per_step().items()
            if "conv2d" in call
        ]
        call, instructions = calls[-1]
        row = Row(
            "kernels", convolution.name, way, "", None, call=call, bit_exact=exact,
            synapses=_synapses(module, data), density=density, steps=1, samples=SAMPLES,
            instructions=instructions, pipeline=pipeline,
        )  # fmt: skip
        log(f"{convolution.name}, {way}, {density:.0%}: {row.per_synapse:.3f} {call} {exact}")
        yield row
