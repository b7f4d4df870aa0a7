# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ways to compress the N-MNIST network: which passes, in which order, with which options.

    python benchmarks/compression/nmnist_recipes.py [--seed N] [KEY ...]

makes the networks that are not in `build/nmnist/` yet, of the given keys or all, and compiles
nothing.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from common import log
from nmnist_networks import CACHE, cached, dense_network, passed, simulated
from nmnist_training import Stage, best_coarsened, seeded, train_stage
from timesteps import fine_tuned
from xdsl.dialects.builtin import ModuleOp

from snnir.driver.files import network_of
from snnir.driver.pipelines import LoweringOptions

CALIBRATION_FRAMES = 50_000
"""Frames of simulated recordings, the first of those that stages train on, that calibrate passes;
at most 1,000 recordings."""

UNTRAINED_STEPS = (150, 100)
OSBC_STEPS = 150
OSBC_KEYS = ("tuned_50_3_12_4_quiet",)
"""Networks that OSBC compresses further, after training."""

Channels = tuple[int, int]


@dataclass(frozen=True)
class Recipe:
    """One way to compress the network.

    Attributes:
        key: name in the cache.
        text: what is done, in order.
        trained: whether weights were trained.
    """

    key: str
    text: str
    trained: bool
    make: Callable[[], ModuleOp]
    options: LoweringOptions | None = None

    def network(self) -> ModuleOp:
        """The compressed network, from the cache where it is there."""
        return cached(self.key, self.make)


DENSE = Recipe("dense_300", "as published", False, dense_network)


def steps_of(recipe: Recipe) -> int:
    """Time steps of its network."""
    return network_of(recipe.network()).timesteps.value.data


def calibration_samples(steps: int) -> int:
    """Simulated recordings that passes are calibrated on."""
    return min(1_000, CALIBRATION_FRAMES // steps)


def calibration(steps: int) -> str:
    """The option of a pass that names simulated recordings to be calibrated on."""
    path = CACHE / f"simulated_calibration_{steps}.npz"
    if not path.exists():
        data = simulated("train", steps, calibration_samples(steps))
        np.savez(path, x=data.x, y=data.labels())
    return f'calibration="{path}"'


def final(steps: int, penalty: float, **options: bool) -> Stage:
    """The last training of a network that lost channels."""
    return Stage(steps, 8_000, 4, 2e-3, work_penalty=penalty, **options)


TRAINED: tuple[tuple[Stage, Channels], ...] = (
    (final(50, 2.0), (6, 12)),
    (final(50, 4.0), (6, 12)),
    (final(50, 4.0, quiet=True, binary=True), (6, 12)),
    (final(50, 4.0, quiet=True), (3, 12)),
    (final(50, 6.0, quiet=True), (3, 9)),
)
"""The last training in 50 steps, and how many channels are left for it."""

CARRIED: tuple[tuple[str, Stage], ...] = (
    ("tuned_50_3_12_4_quiet", Stage(300, 3_000, 2, 1e-3, batch=16, work_penalty=4.0)),
    ("tuned_50_3_12_4_quiet", Stage(10, 8_000, 4, 2e-3, work_penalty=4.0)),
    ("tuned_50_6_12_4_binary_quiet", Stage(20, 8_000, 3, 2e-3, work_penalty=4.0)),
    ("tuned_50_6_12_4_binary_quiet", Stage(10, 8_000, 4, 2e-3, work_penalty=4.0)),
    ("tuned_50_3_12_4_quiet", Stage(20, 8_000, 3, 2e-3, work_penalty=4.0, binary=True)),
)
"""Keys of networks that are brought to other steps, and their training there."""


def trained(stage: Stage, channels: Channels, seed: int = 0) -> Recipe:
    """Fine-tuned in few steps, fewer channels, fine-tuned again with a penalty on its work."""
    stage = replace(stage, seed=seed)

    def make() -> ModuleOp:
        wanted = ",".join(map(str, channels))
        pipeline = f"snn-prune-pca{{{calibration(stage.steps)} channels={wanted}}}"
        return train_stage(passed(fine_tuned(stage.steps, seed), pipeline), stage)

    binary = ", binary frames" if stage.binary else ""
    quiet = ", no hidden biases" if stage.quiet else ""
    text = (
        f"fine-tuned to {stage.steps} steps, PCA to {channels[0]} and {channels[1]} channels"
        f"{binary}{quiet}, fine-tuned with work penalty {stage.work_penalty:g}"
    )
    key = f"tuned_{stage.steps}_{channels[0]}_{channels[1]}_{stage.work_penalty:g}"
    key += ("_binary" if stage.binary else "") + ("_quiet" if stage.quiet else "")
    return Recipe(seeded(key, seed), text, True, make)


def carried(before: Recipe, stage: Stage) -> Recipe:
    """A recipe whose network is then brought to other steps and fine-tuned there."""
    binary = ", binary frames" if stage.binary else ""
    text = f"{before.text}, {stage.steps} steps{binary}, fine-tuned"
    key = f"{before.key}_at_{stage.steps}" + ("_binary" if stage.binary else "")
    return Recipe(key, text, True, lambda: train_stage(before.network(), stage))


def untrained_recipes() -> Iterator[Recipe]:
    """The network as published, then what passes do to it without training."""
    yield DENSE
    silent = Recipe(
        "free_silent_300", "silent channels removed", False,
        lambda: passed(dense_network(), f"snn-prune-silent{{{calibration(300)}}}"),
    )  # fmt: skip
    yield silent
    for steps in UNTRAINED_STEPS:
        fewer = coarser(silent, steps)
        yield fewer
        if steps == OSBC_STEPS:
            yield pruned(fewer, 0.5)
            yield quantized(fewer, 4)


def coarser(before: Recipe, steps: int) -> Recipe:
    """In longer steps, with the best exponent on simulated recordings."""

    def make() -> ModuleOp:
        data = simulated("train", steps, calibration_samples(steps))
        return best_coarsened(before.network(), data)[0]

    return Recipe(f"{before.key}_{steps}", f"{before.text}, {steps} steps", False, make)


def _by_osbc(before: Recipe, name: str, option: str, key: str, text: str) -> Recipe:
    """With weights changed and made up for by OSBC, and the rates restored."""

    def make() -> ModuleOp:
        data = calibration(steps_of(before))
        pipeline = (
            f"snn-measure-activity{{{data}}},snn-osbc-{name}{{{data} {option}}},"
            f"snn-match-rates{{{data}}}"
        )
        return passed(before.network(), pipeline)

    return Recipe(f"{before.key}_{key}", f"{before.text}, OSBC {text}", before.trained, make)


def pruned(before: Recipe, sparsity: float) -> Recipe:
    """With zeros among the weights."""
    return _by_osbc(
        before, "prune", f"sparsity={sparsity}", f"sparse{sparsity:g}", f"{sparsity:.0%} zeros"
    )


def quantized(before: Recipe, bits: int) -> Recipe:
    """With weights of fewer bits."""
    return _by_osbc(before, "quantize", f"bits={bits}", f"{bits}bits", f"{bits} bits")


def trained_recipes(seed: int = 0) -> Iterator[Recipe]:
    """Trained candidates, all of their trainings with one seed."""
    at_50 = {recipe.key: recipe for recipe in (trained(*each, seed) for each in TRAINED)}
    yield from at_50.values()
    for key, stage in CARRIED:
        yield carried(at_50[seeded(key, seed)], replace(stage, seed=seed))


def osbc_recipes(seed: int = 0) -> Iterator[Recipe]:
    """Trained candidates that OSBC compresses further."""
    keys = [seeded(key, seed) for key in OSBC_KEYS]
    for before in trained_recipes(seed):
        if before.key in keys:
            yield pruned(before, 0.5)
            yield quantized(before, 4)
            yield quantized(pruned(before, 0.5), 4)


def repeated(recipe: Recipe, seed: int) -> Recipe:
    """The same trained recipe with another seed."""
    same = (*trained_recipes(seed), *osbc_recipes(seed))
    return next(each for each in same if each.text == recipe.text)


def main() -> None:
    """Make networks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("keys", nargs="*", help="as with seed 0; by default all")
    parser.add_argument("--seed", type=int, default=0, help="of all trainings")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for recipe in (*untrained_recipes(), *trained_recipes(), *osbc_recipes()):
        if not arguments.keys or recipe.key in arguments.keys:
            made = repeated(recipe, arguments.seed) if recipe.trained else recipe
            log(f"{made.key}: {made.text}")
            made.network()


if __name__ == "__main__":
    main()
