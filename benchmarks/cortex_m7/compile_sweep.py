# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Do the kernels of convolutions compile for every shape? Assembler can run out of registers.

    python benchmarks/cortex_m7/compile_sweep.py [--channels 1-20] [--kernels 1,2,3,5,1x3]

compiles, without running it, the C of small networks: a convolution of event counts, pooled, and
one of spikes, with as many channels each; then, by the kernels whose assembly takes most registers,
those of `WIDE_SHAPES`, with more channels and other poolings. It writes
`benchmarks/results/compile_sweep.md`. Every network is compiled with the flags of the Cortex-M7; at
other levels of optimisation, which users of the library may choose, only those with
`OTHER_CHANNELS`. The exit status tells whether one failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
from xdsl.dialects.builtin import FloatAttr, FunctionType, ModuleOp, f32
from xdsl.ir import Block, Operation, Region, SSAValue

from snnir.backends.c.network import only_network
from snnir.backends.c.printer import header, source
from snnir.backends.targets import MPS2_AN500
from snnir.backends.toolchain import (
    COMMON_FLAGS,
    SNNRT_INCLUDE,
    compile_object,
    find_cmsis_nn,
    run_tool,
)
from snnir.dialects import snn
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.driver.pipelines import apply_pipeline
from snnir.kernels.context import KernelChoice
from snnir.support.arrays import dense_from_array
from snnir.support.atomic import atomic_write
from snnir.support.diagnostics import SNNError

RESULTS = Path(__file__).parents[1] / "results" / "compile_sweep.md"
SIZE = (23, 24)
OTHER_CHANNELS = (4, 12)
OTHER_LEVELS = ("-O2", "-Os")
WAYS: dict[str, int] = {
    **{f"kernels={name}": 8 for name in get_args(KernelChoice)},
    "kernels=cmsis_s4": 4,
    "kernels=event packing=triples table-bytes=8000": 8,
    "kernels=event tile-rows=1": 8,
    "kernels=event tile-rows=1 skip-calm=false": 8,
    "kernels=event tile-rows=2": 8,
    "kernels=event tile-rows=2 weight-bits=4": 4,
    "kernels=event tile-rows=2 weight-bits=2": 2,
    "kernels=masks table-bytes=8000 neurons=lists": 8,
    "kernels=scatter weight-bits=4": 4,
    "kernels=scatter weight-bits=2": 2,
}
"""Options of the kernels, and bits of the weights."""


@dataclass(frozen=True)
class Shape:
    """A network of the sweep."""

    channels: int
    kernel: tuple[int, int]
    halving: bool
    window: int = 2
    summed: bool = False

    def __str__(self) -> str:
        height, width = self.kernel
        pooled = f"{'sum' if self.summed else 'maximum'} of {self.window}x{self.window}"
        leak = "halving" if self.halving else "decaying"
        return f"{self.channels} channels, {height}x{width}, {pooled}, {leak}"


WIDE_CHANNELS = (21, 24, 26, 28, 30, 32, 33, 36, 40, 48, 64, 65, 96)
POOLINGS = ((1, False), (2, False), (2, True), (3, False), (3, True))
WIDE_SHAPES = [
    Shape(channels, kernel, halving, *pooling)
    for channels, kernel, halving, pooling in product(
        WIDE_CHANNELS, [(3, 3), (5, 5)], [True, False], POOLINGS
    )
]
WIDE_WAYS = (
    "kernels=event",
    "kernels=event packing=triples table-bytes=8000",
    "kernels=event tile-rows=1",
    "kernels=event tile-rows=1 skip-calm=false",
    "kernels=event tile-rows=2",
)
"""Layers with more neurons at a position than one mask has bits for, and all poolings."""


@dataclass
class Tally:
    """What became of the networks that were compiled in one way.

    Attributes:
        compiled: sources, all different.
        refused: networks that cannot be lowered in this way.
        failures: what the compiler said, with the shape.
    """

    compiled: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list[str])


def network(shape: Shape) -> ModuleOp:
    """Two convolutions and a readout."""
    rng = np.random.default_rng(shape.channels)
    block = Block(arg_types=[snn.real_tensor((shape.channels % 3 + 1, *SIZE))])

    def add(op: Operation) -> SSAValue:
        block.add_op(op)
        return op.results[0]

    def weights(*extents: int) -> SSAValue:
        values = rng.normal(0, 0.3, extents) * (rng.random(extents) < 0.6)
        return add(snn.WeightOp(dense_from_array(values.astype(np.float32))))

    def neurons(current: SSAValue) -> SSAValue:
        beta = 0.5 if shape.halving else 0.9
        return add(snn.LIFOp(current, FloatAttr(beta, f32), FloatAttr(1.0, f32)))

    value: SSAValue = block.args[0]
    pool = snn.SumPool2dOp if shape.summed else snn.MaxPool2dOp
    for window in (shape.window, 1):
        inputs = shape_of(value.type)[0]
        value = add(snn.Conv2dOp(value, weights(shape.channels, inputs, *shape.kernel)))
        if window > 1:
            value = add(pool(value, [window, window], [window, window]))
        value = neurons(value)
    flat = add(snn.FlattenOp(value))
    output = neurons(add(snn.LinearOp(flat, weights(3, element_count(shape_of(flat.type))))))
    block.add_op(snn.OutputOp(output))
    types = FunctionType.from_lists(block.arg_types, [output.type])
    operation = snn.NetworkOp("net", types, Region(block), timesteps=2)
    return ModuleOp([operation])


def sources(shape: Shape, way: str) -> tuple[str, str]:
    """Header and source of a network.

    Raises:
        SNNError: it cannot be lowered in this way.
    """
    module = network(shape)
    apply_pipeline(
        module,
        f"convert-snn-to-qsnn{{bits={WAYS[way]} input-maximum=5}},convert-qsnn-to-kernels{{{way}}},"
        "kernels-plan-memory",
    )
    return header(only_network(module)), source(only_network(module))


def sweep(cases: Iterable[tuple[Shape, Iterable[str]]]) -> dict[tuple[str, str], Tally]:
    """Compile each shape in its ways; keys are the way and the level of optimisation."""
    levels_used = ["", *OTHER_LEVELS]
    tallies = {(way, level): Tally() for way in WAYS for level in levels_used}
    flags: list[str | Path] = [*COMMON_FLAGS, "-I", SNNRT_INCLUDE]
    flags += ["-isystem", find_cmsis_nn() / "Include"]
    seen: set[tuple[str, str]] = set()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for shape, ways in cases:
            for way in ways:
                try:
                    texts = sources(shape, way)
                except SNNError:
                    tallies[way, ""].refused += 1
                    continue
                for level in levels(shape):
                    if (level, texts[1]) in seen:
                        continue
                    seen.add((level, texts[1]))
                    for text, ending in zip(texts, "hc", strict=True):
                        (folder / f"net.{ending}").write_text(text)
                    _compile(folder, [*flags, "-I", folder, *filter(None, [level])], shape,
                             tallies[way, level])  # fmt: skip
            print(shape, file=sys.stderr, flush=True)
    return tallies


def levels(shape: Shape) -> Iterator[str]:
    """The levels of optimisation at which a shape is compiled; "" is that of the target."""
    yield ""
    if shape.channels in OTHER_CHANNELS:
        yield from OTHER_LEVELS


def _compile(folder: Path, flags: list[str | Path], shape: Shape, tally: Tally) -> None:
    tally.compiled += 1
    try:
        compile_object(folder / "net.c", folder / "net.o", MPS2_AN500, flags)
    except SNNError as error:
        tally.failures.append(f"{shape}: {error}")
        print(tally.failures[-1], file=sys.stderr, flush=True)


def report(tallies: dict[tuple[str, str], Tally], shapes: Sequence[Shape], command: str) -> str:
    """Tables of numbers of sources, by the options of the kernels and the level of optimisation."""
    total = sum(tally.compiled for tally in tallies.values())
    failures = [
        f"`{way}` {level or 'as the target'}: {failure}"
        for (way, level), tally in tallies.items()
        for failure in tally.failures
    ]
    version = run_tool([MPS2_AN500.compiler, "--version"], MPS2_AN500, "asking for the version")
    lines = [
        "# Convolutions of all shapes through the compiler",
        "",
        f"Networks of two convolutions, of event counts and of spikes, of {_described(shapes)}; "
        f"by {len(WIDE_WAYS)} ways also {len(WIDE_SHAPES)} of 3x3 and 5x5 with "
        f"{WIDE_CHANNELS[0]} to {WIDE_CHANNELS[-1]} channels and other poolings. Neurons halve "
        "their membranes or let them decay. "
        f"Made by `{command}` with {version.splitlines()[0]}. {total:,} sources, each another one: "
        f"**{len(failures)} do not compile**. A shape that has the same source in two ways counts "
        "for the first.",
        "",
        f"| kernels | bits | {MPS2_AN500.name} | {' | '.join(OTHER_LEVELS)} | cannot be lowered |",
        f"|---|---:|---:|{'---:|' * len(OTHER_LEVELS)}---:|",
    ]
    for way, bits in WAYS.items():
        counts = [str(tallies[way, level].compiled) for level in ("", *OTHER_LEVELS)]
        lines.append(f"| `{way}` | {bits} | {' | '.join(counts)} | {tallies[way, ''].refused} |")
    return "\n".join([*lines, *(f"\n{failure}" for failure in failures)]) + "\n"


def _described(shapes: Sequence[Shape]) -> str:
    channels = [shape.channels for shape in shapes]
    kernels = dict.fromkeys(f"{height}x{width}" for height, width in (s.kernel for s in shapes))
    return f"{min(channels)} to {max(channels)} channels and kernels of {', '.join(kernels)}"


def _extents(text: str) -> list[tuple[int, int]]:
    """Kernel sizes such as `3` or `1x5`, between commas."""
    sizes = [[int(extent) for extent in size.split("x")] for size in text.split(",")]
    return [(size[0], size[-1]) for size in sizes]


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--channels", type=_range, default=range(1, 21), metavar="FIRST-LAST")
    parser.add_argument("--kernels", type=_extents, default=_extents("1,2,3,5,1x3"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    shapes = [Shape(*each) for each in product(options.channels, options.kernels, (True, False))]
    tallies = sweep([*product(shapes, [WAYS]), *product(WIDE_SHAPES, [WIDE_WAYS])])
    with atomic_write(options.results) as file:
        file.write(report(tallies, shapes, "python benchmarks/cortex_m7/compile_sweep.py"))
    return int(any(tally.failures for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
