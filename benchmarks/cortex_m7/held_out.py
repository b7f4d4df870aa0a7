# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks on which predicted costs are checked: none of them fits the cost table.

The published convolutional network in two numbers of bins, `nmnist_fc` dense and pruned, the demo's
example, the shapes of `shapes.py`, and random networks of all kinds of `cost_kinds.py` with seeds
that `calibrate.py` does not use.
Activity is recorded on one half of the data, instructions are counted on samples of the other; the
random networks have one set of samples only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from comparison import Compared, compared
from cost_kinds import KINDS, draw
from measuring import data_file, spread, to_integers
from numpy.typing import NDArray
from published import BINS, CALIBRATION_SAMPLES, published_network, recordings
from xdsl.dialects.builtin import ModuleOp

from snnir.data.network_inputs import integer_input
from snnir.dialects import snn
from snnir.driver.files import network_of, read_network
from snnir.driver.pipelines import LANES, LoweringOptions, apply_pipeline

CONVOLUTIONS = (
    "kernels=scatter",
    "kernels=event",
    "kernels=event tile-rows=1",
    "kernels=event tile-rows=1 skip-calm=false",
    "kernels=event packing=triples",
    "kernels=event packing=triples table-bytes=40000",
    "kernels=event packing=triples table-bytes=300000",
    "kernels=event neurons=lists",
    "kernels=masks table-bytes=40000",
    "kernels=sparse",
    "kernels=cmsis",
)
PRUNED = ("kernels=sparse", "kernels=blocks", "kernels=sparse neurons=lists", "kernels=event")
CONNECTIONS = ("kernels=dense", "kernels=packed", "kernels=sparse", "kernels=blocks",
               "kernels=cmsis")  # fmt: skip
FIRST_SEED = 10001
SEEDS_PER_KIND = 3
MORE_SEEDS = {"connected": 4, "convolutional": 8, "pruned": 4, "various": 12}
"""Networks of the kinds whose layers are lowered in most ways, or differ most."""
MORE_WAYS: dict[str, tuple[str, ...]] = {
    "connected": CONNECTIONS,
    "convolutional": CONVOLUTIONS,
    "pruned": PRUNED,
}


@dataclass(frozen=True)
class Case:
    """A `qsnn` network with recorded activity, samples as it takes them, and ways to lower it."""

    name: str
    module: ModuleOp
    x: NDArray
    choices: tuple[str, ...]


def cases(samples: int, sparse: Path | None = None) -> Iterator[Case]:
    """All networks.

    Args:
        samples: that instructions are counted on, at most.
        sparse: file with `nmnist_fc` at 97 % zeros, which else is pruned here, in a minute.
    """
    for bins in BINS:
        both = recordings(bins)
        module = published_network(bins)
        calibration = both.calibration.take(CALIBRATION_SAMPLES)
        name = f"nmnist_scnn, {bins} bins"
        yield _case(Compared(name, module, calibration, both.test, LoweringOptions()), samples)
    for each in compared(None):
        yield _case(each, samples)
        if each.name.startswith("nmnist_fc"):
            few = _pruned(each) if sparse is None else read_network(sparse)
            yield _case(replace(each, name="nmnist_fc, 97 % zeros", module=few), samples)
    for kind in KINDS:
        for seed in range(FIRST_SEED, FIRST_SEED + MORE_SEEDS.get(kind, SEEDS_PER_KIND)):
            drawn = draw(kind, seed)
            name = f"random {kind.replace('_', ' ')} {seed}"
            choices = MORE_WAYS.get(kind, tuple(way.options for way in drawn.ways))
            yield Case(name, drawn.network.module, drawn.network.x, choices)


def _pruned(each: Compared) -> ModuleOp:
    module = each.module.clone()
    with data_file(each.calibration) as path:
        apply_pipeline(module, f'snn-osbc-prune{{sparsity=0.97 calibration="{path}"}}')
    return module


def _case(each: Compared, samples: int) -> Case:
    convolves = any(isinstance(op, snn.Conv1dOp | snn.Conv2dOp) for op in each.module.walk())
    integers = to_integers(each.module, each.calibration, each.options)
    apply_pipeline(integers, f"qsnn-prune-silent{{multiple={LANES}}}")
    x = integer_input(network_of(integers), spread(each.test.x, samples))
    choices = CONVOLUTIONS if convolves else CONNECTIONS
    return Case(each.name, integers, x, (*choices, "kernels=dot"))
