# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Other networks, each as the compiler makes it, with CMSIS-NN, and as a naive loop in C."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from goals import Goal, pipeline_of, simplification_of
from measuring import (
    Compiled,
    count,
    open_executor,
    presented,
    reference,
    spread,
    to_integers,
    to_kernels,
    traced_difference,
    unequal_score,
    verdict,
)
from naive import NaiveExecutor
from published import log, recordings, shared
from report import Row
from shapes import SHAPES, inputs, network
from synaptic_operations import synaptic_operations
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import MPS2_AN500
from snnir.data import Dataset
from snnir.data.source import load_data
from snnir.dialects import snn
from snnir.dialects.snn_attributes import REAL_KINDS
from snnir.driver.files import network_of, read_network
from snnir.driver.pipelines import LANES, SIMPLIFICATION, LoweringOptions, apply_pipeline
from snnir.executors.torch_executor import TorchExecutor
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch
from snnir.support.diagnostics import SNNError

REPOSITORY = Path(__file__).resolve().parents[2]
TRACED_SAMPLES = 3
FULL_WIDTH = f"qsnn-prune-silent{{multiple={LANES}}}"


@dataclass(frozen=True)
class Compared:
    """A network at the `snn` level, with data."""

    name: str
    module: ModuleOp
    calibration: Dataset
    test: Dataset
    options: LoweringOptions


def _digits() -> Compared:
    folder = REPOSITORY / "examples" / "digits"
    module = load_module(f"{folder / 'model.py'}:build", folder / "weights.pt")
    data = load_data(str(folder / "test.npz"), 16)
    labels = data.labels()
    calibration = Dataset(data.x[0::2], labels[0::2], data.name)
    test = Dataset(data.x[1::2], labels[1::2], data.name)
    imported = from_snntorch(module, torch.zeros(1, 2, 12, 12), 16, name="digits")
    return Compared("digits, the demo's example", imported, calibration, test, LoweringOptions())


def _fully_connected(name: str, module: ModuleOp) -> Compared:
    both = recordings(network_of(module).timesteps.value.data)
    return Compared(name, module, both.calibration.take(100), both.test, LoweringOptions())


def compared(sparse: Path | None) -> Iterator[Compared]:
    """All networks."""
    yield _digits()
    folder = shared() / "models" / "nmnist_fc"
    module = load_module(f"{folder / 'model.py'}:build", folder / "weights.pt")
    dense = from_snntorch(module, torch.zeros(1, 2, 34, 34), 100, name="nmnist_fc")
    yield _fully_connected("nmnist_fc, dense", dense)
    if sparse is not None:
        yield _fully_connected("nmnist_fc, 97 % zeros", read_network(sparse))
    for shape in SHAPES:
        yield Compared(shape.name, network(shape), *inputs(shape), shape.options)


def comparison_rows(samples: int, sparse: Path | None) -> Iterator[Row]:
    """Rows of all networks."""
    for each in compared(sparse):
        yield from _rows(each, each.test.take(samples))


def ways(integers: ModuleOp) -> list[tuple[Goal | None, str, str]]:
    """How a network is compiled: goals, or None for CMSIS-NN, passes to kernels, and passes before
    these.
    """
    goals: tuple[Goal, ...] = ("speed", "size")
    return [
        *((goal, pipeline_of(goal), simplification_of(goal, integers)) for goal in goals),
        (None, "convert-qsnn-to-kernels{kernels=cmsis}", FULL_WIDTH),
    ]


def _rows(each: Compared, test: Dataset) -> Iterator[Row]:
    simplified = each.module.clone()
    apply_pipeline(simplified, SIMPLIFICATION)
    recorded = spread(test.x, 10)
    events = network_of(simplified).input.data not in REAL_KINDS
    floats = TorchExecutor(network_of(simplified)).run(recorded, record="spikes").recording
    assert floats is not None
    operations = synaptic_operations(network_of(simplified), recorded, floats)
    rates = {name: float(spikes.mean()) for name, spikes in floats.spikes.items()}
    shown = ", ".join(f"{name} {rate:.1%}" for name, rate in rates.items())
    log(f"{each.name}: input {np.mean(recorded != 0):.1%}, {shown}; operations {operations}")
    integers = to_integers(each.module, each.calibration, each.options)
    expected, synapses = reference(integers, simplified, test.x)
    compiled = None
    for goal, pipeline, simplification in ways(integers):
        compiled = to_kernels(integers, pipeline, simplification, goal)
        executor = open_executor(compiled)
        traced = spread(test.x, TRACED_SAMPLES)
        difference = traced_difference(compiled, executor, traced, events=events)
        result, counts = count(executor, presented(compiled, test.x), events=events)
        exact = verdict([difference, unequal_score(expected, result)])
        code = "kernels=cmsis" if goal is None else f"optimize={goal}"
        row = Row(
            "shapes", each.name, code, "events" if events else "frames", counts,
            synapses=synapses, bit_exact=exact, pipeline=pipeline,
        )  # fmt: skip
        log(f"{each.name}: {row.summary()}")
        yield row
    assert compiled is not None
    try:
        yield _naive(each.name, simplified, compiled, test, synapses)
    except SNNError as error:
        log(f"{each.name}: {error}")


def _naive(
    name: str, simplified: ModuleOp, compiled: Compiled, test: Dataset, synapses: float
) -> Row:
    """The naive loop; its scores are compared with those of the float network."""
    floats = network_of(simplified)
    assert isinstance(floats, snn.NetworkOp)
    executor = NaiveExecutor(compiled.kernels, floats, MPS2_AN500)
    events = floats.input.data not in REAL_KINDS
    x = presented(compiled, test.x)
    result, counts = count(executor, x, events=events)
    expected = TorchExecutor(floats).run(x if events else x * np.float32(executor.unit))
    equal = np.mean((expected.scores == result.scores).all(axis=1))
    row = Row(
        "shapes", name, "naive float loop", "events" if events else "frames", counts,
        synapses=synapses, bit_exact=f"{equal:.0%} of samples",
    )  # fmt: skip
    log(f"{name}: {row.summary()}")
    return row
