# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snn-compress` in its three sizes, on both N-MNIST networks, down to the Cortex-M7.

    python benchmarks/compression/compress_sizes.py [--emulated N]

writes `benchmarks/results/compress_sizes.csv` and `.md`: accuracy of the integer programs on the
test half of the real recordings and on simulated recordings, and what they cost, compiled for
size. Networks are kept in `build/nmnist/`: running it again only compiles and measures.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import get_args

import torch
from common import RESULTS, log, markdown_table, require_shared, write_csv
from nmnist_candidates import right_on_test, use_one_thread
from nmnist_measurements import (
    Binary,
    Size,
    compile_network,
    measure_binary,
    right_decisions,
    size_of,
)
from nmnist_networks import (
    INPUT_SHAPE,
    SIMULATED_TEST_SAMPLES,
    passed,
    real_recordings,
    simulated,
    snn_network,
)
from nmnist_pool import Paired, paired_loss, points
from nmnist_recipes import DENSE, Recipe, calibration, calibration_samples
from xdsl.dialects.builtin import ModuleOp

from snnir.costs.goals import Goal
from snnir.frontends.loading import load_module
from snnir.frontends.snntorch import from_snntorch
from snnir.layers.affine import AFFINE_OPS, constant
from snnir.passes.pipelines.snn_compress import Size as CompressedSize

LINEAR_STEPS = 100
GOAL: Goal = "size"


def linear_network() -> ModuleOp:
    """The fully connected network 2312-256-10."""
    folder = require_shared() / "models" / "nmnist_fc"
    module = load_module(f"{folder / 'model.py'}:build", folder / "weights.pt")
    return from_snntorch(module, torch.zeros(1, *INPUT_SHAPE), LINEAR_STEPS, name="nmnist_fc")


NETWORKS = {
    "nmnist_scnn": (DENSE, 300),
    "nmnist_fc": (Recipe("fc_100", "uncompressed", False, linear_network), LINEAR_STEPS),
}
"""Recipes of the networks by name, and their time steps."""


def compressed(name: str, size: CompressedSize) -> Recipe:
    """A network through `snn-compress`."""
    dense, steps = NETWORKS[name]

    def make() -> ModuleOp:
        return passed(dense.network(), f"snn-compress{{size={size} {calibration(steps)}}}")

    return Recipe(f"compress_{name}_{size}", size, False, make)


@dataclass(frozen=True)
class Row:
    """One network in one size.

    Attributes:
        simulated: accuracy on simulated recordings of MNIST test images.
        lost, lost_simulated: accuracy against the uncompressed network, both in integers.
    """

    network: str
    size: str
    measured: Size
    zeros: float
    binary: Binary
    simulated: float
    lost: Paired
    lost_simulated: Paired


def rows(emulated: int) -> Iterator[Row]:
    """Uncompressed and in all sizes."""
    for name, (dense, steps) in NETWORKS.items():
        reference = None
        sizes = [compressed(name, size) for size in reversed(get_args(CompressedSize))]
        for recipe in (dense, *sizes):
            module = recipe.network()
            compiled = compile_network(module, GOAL)
            test = real_recordings(steps)[1]
            binary = measure_binary(compiled, test, emulated)
            real = right_on_test(recipe, module, compiled.integers).real
            right = right_decisions(
                compiled.integers, "simulated test",
                lambda steps=steps: [simulated("t10k", steps, SIMULATED_TEST_SAMPLES)],
            )  # fmt: skip
            reference = reference or (real, right)
            size = "uncompressed" if recipe is dense else recipe.text
            yield Row(
                name, size, size_of(module, test), zeros_of(module), binary, float(right.mean()),
                paired_loss(reference[0], real), paired_loss(reference[1], right),
            )  # fmt: skip


def zeros_of(module: ModuleOp) -> float:
    """Share of the weights of layers that are zero."""
    weights = [
        constant(op.weight, op)
        for op in snn_network(module).body.block.ops
        if isinstance(op, AFFINE_OPS)
    ]
    return sum(int((each == 0).sum()) for each in weights) / sum(each.size for each in weights)


def table(found: Sequence[Row]) -> list[str]:
    """Markdown."""
    titles = (
        "network", "size", "channels", "parameters", "zeros", "accuracy, real test half",
        "loss there, points", "accuracy, simulated", "loss there, points", "instructions per step",
        "per inference", "flash", "RAM with stack", "bit-exact",
    )  # fmt: skip
    lines = [
        (
            row.network, row.size, row.measured.channels, f"{row.measured.parameters:,}",
            f"{row.zeros:.1%}", f"{row.binary.accuracy:.1%}", points(row.lost),
            f"{row.simulated:.1%}", points(row.lost_simulated), f"{row.binary.instructions:,.0f}",
            f"{row.binary.inference:,.0f}", f"{row.binary.flash:,}", f"{row.binary.ram:,}",
            "yes" if row.binary.exact else "NO",
        )
        for row in found
    ]  # fmt: skip
    return markdown_table(titles, lines)


def write_results(found: Sequence[Row]) -> None:
    """CSV and Markdown."""
    records = [
        {"network": row.network, "size": row.size, "zeros": row.zeros, "simulated": row.simulated}
        | {"lost": row.lost.loss, "lost_simulated": row.lost_simulated.loss}
        | asdict(row.measured) | asdict(row.binary)
        for row in found
    ]  # fmt: skip
    write_csv(RESULTS / "compress_sizes.csv", records)
    first = found[0].binary
    samples = {name: calibration_samples(steps) for name, (_, steps) in NETWORKS.items()}
    lines = [
        "# `snn-compress` in three sizes",
        "",
        "Made by `python benchmarks/compression/compress_sizes.py`, without training. Calibrated "
        "on simulated recordings of MNIST training images ("
        + ", ".join(f"{count} for {name}" for name, count in samples.items())
        + "). Accuracies of the "
        f"integer programs on the test half of the real recordings (n = {first.samples}) and on "
        f"simulated recordings of MNIST test images (n = {SIMULATED_TEST_SAMPLES}); ±: one "
        "standard error of the loss, in pairs; negative: a gain. Parameters: of the layers that "
        "are left, zeros among them included. Instructions are exact, for the Cortex-M7 in QEMU "
        f"(mps2-an500), `optimize={GOAL}`, on {first.emulated} recordings as lists of events, "
        "where the program equals the integer network bit for bit.",
        "",
        *table(found),
        "",
        "The sizes are made for networks with far more weights than they need, of which the "
        "convolutional one, with so few parameters, is none: compare the losses of both.",
    ]
    (RESULTS / "compress_sizes.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Make what is not in the cache, compile, measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--emulated", type=int, default=20, help="recordings in the emulator")
    arguments = parser.parse_args()
    use_one_thread()
    found: list[Row] = []
    for row in rows(arguments.emulated):
        log(f"{row.network}, {row.size}: {row.binary}, simulated {row.simulated:.3f}")
        found.append(row)
        write_results(found)


if __name__ == "__main__":
    main()
