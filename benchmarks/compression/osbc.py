# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""OSBC on the fully connected N-MNIST network: accuracy against sparsity, bits and both.

    python benchmarks/compression/osbc.py [--name osbc] [--only pruning quantization both options]
    python benchmarks/compression/osbc.py --name osbc_beta09 --weights WEIGHTS.pt \
        --model examples/nmnist_fc/model.py

writes `benchmarks/results/NAME.csv`, `.md` and plots. Calibration is on 1,000 simulated recordings
of MNIST training images, without their labels; the tests are 2,000 simulated recordings of MNIST
test images and the real recordings. Options were chosen on other simulated recordings (`--choose`
prints the same cells for those). Cells that are known (`--cache`) are not computed again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from common import (
    REPOSITORY,
    RESULTS,
    TEST_IMAGES,
    Recordings,
    Records,
    joined,
    measure,
    require_shared,
)
from numpy.typing import NDArray
from osbc_bench import Bench, Recipe
from osbc_report import GOALS, Cell, Large, write_report
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.driver.validate import validate
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch

TIMESTEPS, INPUT_SHAPE = 100, (2, 34, 34)
SPARSITIES = (0.97, 0.99, 0.98, 0.95, 0.9, 0.8)
BITS = (2, 3, 4, 8)
ALL_TEST_IMAGES, CHUNK = 10000, 2000
EMULATED = 10
"""Recordings that run in the emulator of a Cortex-M7."""

MAGNITUDE, ROUNDING = Recipe("magnitude", None), Recipe("RTN", None)
OBC, OSBC = Recipe("OBC", "current"), Recipe("OSBC", "membrane")
PRUNING_OPTIONS = {
    "importance": "downstream", "sequential": "asymmetric", "readout_decay": 0.97
}  # fmt: skip
OSBC_EXTENDED = OSBC.with_options("OSBC extended", **PRUNING_OPTIONS)
OBC_EXTENDED = OBC.with_options("OBC extended", **PRUNING_OPTIONS)

PAPER_GRID = {"full_range": True}
"""2 max|w| / (2^bits - 1), with one more negative level."""
QUANTIZATION_OPTIONS = {
    "full_range": True, "scale_search": True, "sequential": "asymmetric", "readout_decay": 0.97
}  # fmt: skip
OBC_GRID, OSBC_GRID = (each.with_options(each.name, **PAPER_GRID) for each in (OBC, OSBC))
OSBC_QUANTIZED = OSBC.with_options("OSBC extended", **QUANTIZATION_OPTIONS)

PRUNING = (OSBC_EXTENDED, OSBC, OBC, MAGNITUDE)
QUANTIZATION = (OSBC_QUANTIZED, OSBC_GRID, OBC_GRID, ROUNDING)
PRUNING_STUDY = (
    OSBC.with_options("OSBC, downstream", importance="downstream"),
    OSBC.with_options("OSBC, asymmetric", sequential="asymmetric"),
    OSBC.with_options("OSBC, asymmetric, readout decay", sequential="asymmetric",
                      readout_decay=0.97),
    OSBC.with_options("OSBC, downstream, asymmetric", importance="downstream",
                      sequential="asymmetric"),
    OBC_EXTENDED,
    OSBC.with_options("OSBC, rates matched", match_rates=True),
    OSBC_EXTENDED.with_options("OSBC extended, rates matched", match_rates=True),
    OBC.with_options("OBC, rates matched", match_rates=True),
)  # fmt: skip
QUANTIZATION_STUDY = (
    OSBC.with_options("OSBC, symmetric grid"),
    OSBC.with_options("OSBC, symmetric grid, scale search", scale_search=True),
    OSBC.with_options("OSBC, scale search", full_range=True, scale_search=True),
    OSBC.with_options(
        "OSBC, scale search, asymmetric",
        full_range=True,
        scale_search=True,
        sequential="asymmetric",
    ),
    OBC.with_options("OBC extended", **QUANTIZATION_OPTIONS),
    OSBC_QUANTIZED.with_options("OSBC extended, rates matched", match_rates=True),
)


def unpacked(text: str, size: int) -> NDArray[np.bool_]:
    """The flags that `numpy.packbits` packed, of their hexadecimal text."""
    flags = np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8))
    return flags[:size].astype(bool)


@dataclass
class Table:
    """The cells of one network, each computed once and known ever after.

    Attributes:
        data, sizes: the test data, loaded when they are needed, and the samples of each set in it.
        missing: whether cells that are not known are computed, or left out.
        methods: those whose cells are computed; empty for all.
    """

    bench: Bench
    records: Records
    data: Callable[[], Dataset]
    sizes: tuple[int, ...]
    recordings: Recordings
    cells: list[Cell] = field(default_factory=list)
    large: Large = field(default_factory=dict)
    ladder: dict | None = None
    missing: bool = True
    methods: tuple[str, ...] = ()
    _loaded: Dataset | None = None

    def add(
        self,
        kind: str,
        name: str,
        sparsity: float,
        bits: int | None,
        build: Callable[[], ModuleOp],
    ) -> None:
        """Measure the network that `build` makes, unless that is known."""

        def compute() -> dict:
            started = time.perf_counter()
            module = build()
            seconds = time.perf_counter() - started
            if self._loaded is None:
                self._loaded = self.data()
            found = measure(module, self._loaded, self.sizes)
            correct = found.decisions == self._loaded.labels()
            return {
                "right": found.right, "rate": found.rates[0], "seconds": seconds,
                "correct": np.packbits(correct).tobytes().hex(),
            }  # fmt: skip

        key = f"{kind}, {name}, {sparsity}, {bits}"
        wanted = self.missing and (not self.methods or name in self.methods)
        if not wanted and self.records.known(key) is None:
            return
        known = self.records.get(key, compute)
        cell = Cell(
            kind, name, sparsity, bits, unpacked(known["correct"], sum(self.sizes)), self.sizes,
            known["rate"], known["seconds"],
        )  # fmt: skip
        self.cells.append(cell)
        print(cell, file=sys.stderr, flush=True)


def pruning(table: Table, recipes: tuple[Recipe, ...], kind: str, sparsities=SPARSITIES) -> None:
    """Sparsities by methods."""
    for sparsity in sparsities:
        for recipe in recipes:
            table.add(
                kind,
                recipe.name,
                sparsity,
                None,
                partial(table.bench.prune, recipe, sparsity),
            )


def quantization(table: Table, recipes: tuple[Recipe, ...], kind: str, numbers=BITS) -> None:
    """Bits by methods."""
    bench = table.bench
    for bits in numbers:
        for recipe in recipes:
            table.add(
                kind,
                recipe.name,
                0.0,
                bits,
                partial(bench.quantize, bench.dense, recipe, bits),
            )


def both(table: Table) -> None:
    """Pruned, then quantised on what is left."""
    bench = table.bench
    pairs = ((OSBC_EXTENDED, OSBC_QUANTIZED), (OSBC, OSBC_GRID), (OBC, OBC_GRID))
    for sparsity, numbers in ((0.97, (4, 3, 2)), (0.99, (4,)), (0.95, (4, 2))):
        for first, second in pairs:
            for bits in numbers:
                table.add(
                    "both", first.name, sparsity, bits,
                    partial(bench.prune_and_quantize, first, sparsity, second, bits),
                )  # fmt: skip


def options(table: Table) -> None:
    """What each option brings."""
    pruning(table, PRUNING_STUDY, "pruning, options", (0.99, 0.97))
    quantization(table, QUANTIZATION_STUDY, "quantization, options", (2,))


def goals(table: Table) -> None:
    """The networks of the goals on the other 8,000 simulated test recordings too."""
    bench = table.bench
    built: dict[str, ModuleOp] = {}
    cells = [("dense", 0.0, None), *(goal[:3] for goal in GOALS)]

    def build(kind: str, sparsity: float, bits: int | None) -> ModuleOp:
        name = f"{kind}, {sparsity}, {bits}"
        if name not in built:
            module = bench.prune(OSBC_EXTENDED, sparsity) if sparsity else bench.dense
            built[name] = bench.quantize(module, OSBC_QUANTIZED, bits) if bits else module
        return built[name]

    for start in range(TEST_IMAGES[1], ALL_TEST_IMAGES, CHUNK):
        loaded: list[Dataset] = []

        def correct(
            kind: str, sparsity: float, bits: int | None, start: int, loaded: list[Dataset]
        ) -> str:
            if not loaded:
                loaded.append(table.recordings.test_images(start, start + CHUNK))
            found = measure(build(kind, sparsity, bits), loaded[0], [CHUNK])
            return np.packbits(found.decisions == loaded[0].labels()).tobytes().hex()

        found: Large = {}
        for kind, sparsity, bits in cells:
            name = f"large, {kind}, {sparsity}, {bits}, {start}"
            compute = partial(correct, kind, sparsity, bits, start, loaded)
            text = table.records.get(name, compute) if table.missing else table.records.known(name)
            if text is not None:
                found[kind, sparsity, bits] = [unpacked(text, CHUNK)]
        # Only recordings on which all networks were measured, so that they can be compared.
        if len(found) == len(cells):
            for key, flags in found.items():
                table.large[key] = table.large.get(key, []) + flags


def lowered(table: Table) -> None:
    """97 % sparse with 4 bits down to C: every level on real recordings, a few in the emulator."""
    bench = table.bench

    def compute() -> dict:
        module = bench.prune_and_quantize(OSBC_EXTENDED, 0.97, OSBC_QUANTIZED, 4)
        recordings = table.recordings.real_test()
        report = validate(module, recordings, target="mps2-an500", qemu_limit=EMULATED)
        if report.problems:
            raise RuntimeError(f"the levels disagree: {report.problems}")
        return report.to_json()

    key = "lowered, 0.97, 4"
    table.ladder = table.records.get(key, compute) if table.missing else table.records.known(key)


PARTS: dict[str, Callable[[Table], None]] = {
    "pruning": lambda table: pruning(table, PRUNING, "pruning"),
    "quantization": lambda table: quantization(table, QUANTIZATION, "quantization"),
    "both": both,
    "lowered": lowered,
    "goals": goals,
    "options": options,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--name", default="osbc", help="of the result files")
    parser.add_argument("--model", type=Path, help="FILE.py with build(); default: the shared one")
    parser.add_argument("--weights", type=Path, help="its state_dict")
    parser.add_argument(
        "--only",
        nargs="*",
        choices=PARTS,
        default=list(PARTS),
        help="parts to compute; of the others, what is known is shown",
    )
    parser.add_argument("--methods", nargs="*", default=[], help="methods to compute; all")
    parser.add_argument("--choose", action="store_true", help="measure on validation recordings")
    parser.add_argument("--cache", type=Path, default=REPOSITORY / "build" / "osbc")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder = require_shared() / "models" / "nmnist_fc"
    module = load_module(
        f"{arguments.model or folder / 'model.py'}:build",
        arguments.weights or folder / "weights.pt",
    )
    dense = from_snntorch(module, torch.zeros(1, *INPUT_SHAPE), TIMESTEPS, name="nmnist_fc")
    recordings = Recordings(TIMESTEPS, arguments.cache)
    cache = arguments.cache / arguments.name
    bench = Bench(dense, recordings.calibration(), cache)
    if arguments.choose:
        table = Table(
            bench, Records(cache / "validation"), recordings.validation, (2000,), recordings
        )  # fmt: skip
    else:
        table = Table(
            bench, Records(cache / "cells"),
            lambda: joined([recordings.simulated_test(), recordings.real_test()]), (2000, 700),
            recordings,
        )  # fmt: skip
    table.add("dense", "dense", 0.0, None, lambda: dense)
    table.methods = tuple(arguments.methods)
    # The known cells of all parts are in the report, whichever are computed now.
    for part, add_cells in PARTS.items():
        table.missing = part in arguments.only
        add_cells(table)
    if not arguments.choose:
        write_report(table.cells, arguments.name, bench.times, RESULTS, table.ladder, table.large)


if __name__ == "__main__":
    main()
